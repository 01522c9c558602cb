"""Kinds of channels: whom each finds, what it costs, who talks, and when it is open."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.agents.ledger import ACQUISITION_COST
from tenure.agents.offer import US
from tenure.agents.person import NOBODY
from tenure.agents.rules.reach import word_of_mouth
from tenure.experiments.listing.listing import entries
from tenure.experiments.verification.cases.diffusion import bass
from tenure.experiments.verification.cases.rows import market
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.institution import CHANNEL_KINDS, ChannelSettings
from tenure.simulation.settings.market import market_from
from tests.markets import LIVELY, first_difference, small_market

EVERY_MONTH = {"contacts_per_person_per_month": 1.0, "once_a_month": True, "cost_per_contact": 1.0}
"""Whoever can be found is reached, each month, once."""
NOBODY_READS = {**LIVELY, "reach": {"read_share": 0.0}}


def reaching(channel: Mapping[str, Any], people: int = 600, rules: Any = LIVELY, **changes: Any) -> LifecycleModel:
    """Return a lively market in which we have one channel and the rival has none."""
    config = small_market(people=people, rules=rules, rivals={"bigbank": {"share": "35%", "quality": 0}}, **changes)
    config["us"]["acquisition"] = {"way": dict(channel)}
    return LifecycleModel(config, seed=4)


def quiet(channel: Mapping[str, Any], people: int = 20_000, changes: Mapping[str, Any] = {}) -> LifecycleModel:
    """Return a market of strangers who are only moved by our one channel: whoever it reaches joins."""
    return LifecycleModel(
        market("bass", {"people": people, "us.acquisition": {"way": dict(channel)}, **changes}), seed=4
    )


def same_months(one: LifecycleModel, two: LifecycleModel, months: int) -> str:
    """Let both live, and return the first difference of people or books, '' if there is none."""
    for month in range(months):
        one.step()
        two.step()
        if not np.array_equal(one.totals.ledger, two.totals.ledger):
            return f"books of month {month}"
        if found := first_difference(one.people, two.people):
            return f"month {month}: {found}"
    return ""


def test_referrals_of_which_nobody_tells_are_a_broadcast() -> None:
    plain = {"contacts_per_person_per_month": 0.6, "cost_per_contact": 1.0}
    silent = {"word_of_mouth": 0.0, "once_a_month": False, "cost_per_joiner": 0.0}
    assert same_months(reaching(plain), reaching({"kind": "referral", **plain, **silent}), 4) == ""


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_a_closed_channel_and_one_by_which_nobody_can_be_reached_change_nothing(kind: str) -> None:
    closed = {"contacts_per_person_per_month": 0.0, "word_of_mouth": 0.0}
    unreachable = {"contacts_per_person_per_month": 0.9, "reachable": 0.0, "cost_per_month": 0.0}
    none = {"contacts_per_person_per_month": 0.0}
    for channel in (closed, unreachable):
        assert same_months(reaching(none), reaching({"kind": kind, **channel}), 3) == ""


def test_a_channel_that_looks_for_needs_finds_just_those_who_have_one() -> None:
    model = reaching({**EVERY_MONTH, "audience": "in_need"}, rules=NOBODY_READS)
    for _ in range(4):
        model.step()
        strangers = (model.signals["before"] >= NOBODY) & (model.signals["before"] != US)
        in_need = strangers & (model.people["episode_months"] > 0)
        assert model.totals.tally.tolist() == [np.count_nonzero(in_need)] and in_need.any()


@pytest.mark.parametrize(("search", "everybody"), [(40.0, True), (-40.0, False)])
def test_a_comparison_site_is_found_by_who_looks(search: float, everybody: bool) -> None:
    rules = {**NOBODY_READS, "choice": {"search": search}, "needs": {"episodes_per_year": 0.0}}
    model = reaching({"kind": "search_and_comparison", **EVERY_MONTH}, rules=rules)
    model.step()
    strangers = (model.signals["before"] >= NOBODY) & (model.signals["before"] != US)
    assert model.totals.tally.tolist() == [np.count_nonzero(strangers) if everybody else 0]


def test_who_joins_by_a_comparison_site_is_paid_for_and_put_down_to_it() -> None:
    site = {"kind": "search_and_comparison", "cost_per_joiner": 60.0, **EVERY_MONTH, "cost_per_contact": 0.0}
    model = reaching(site, rules={**LIVELY, "choice": {"search": 40.0}})
    came = 0
    for _ in range(3):
        model.step()
        joined = int(model.totals.counts["joiners_by_channel"][0])
        assert model.totals.counts["joiners"][US].tolist() == [0, 0, 0, joined]
        assert model.totals.ledger[US, ACQUISITION_COST] == 6000 * joined
        came += joined
    assert came > 20


def test_the_same_people_can_be_reached_for_good() -> None:
    model = quiet({**EVERY_MONTH, "reachable": 0.4}, changes={"rules.reach": {"read_share": 0.0}})
    reached = []
    for _ in range(3):
        model.step()
        reached.append(int(model.totals.tally[0]))
    assert len(set(reached)) == 1
    assert abs(reached[0] - 8000) <= 4.0 * np.sqrt(20_000 * 0.4 * 0.6)
    joins = quiet({**EVERY_MONTH, "reachable": 0.4})
    for _ in range(3):
        joins.step()
        assert np.count_nonzero(joins.people["provider"] == US) == reached[0]  # all at once, and nobody later


@pytest.mark.parametrize("selection", [0.0, 0.5, -0.5])
def test_whom_a_channel_selects_by_risk(selection: float) -> None:
    """Contacts in proportion to e^(s r): of a normal risk with deviation 1, those reached lie s above the mean."""
    channel = {"contacts_per_person_per_month": 0.02, "cost_per_contact": 1.0, "risk_selection": selection}
    model = quiet(
        channel, 50_000, {"traits.risk_sd": 1.0, "traits.risk_mean": -4.8, "rules.credit": {"average_risk": -4.8}}
    )
    model.step()
    risk = model.people["risk_trait"][model.people["provider"] == US] + 4.8
    assert len(risk) > 500
    assert abs(risk.mean() - selection) <= 4.0 / np.sqrt(len(risk)) + 0.03  # e^(s r) is a little less than linear


@given(st.floats(0, 10), st.floats(0, 1), st.floats(-3, 3), st.floats(0, 10))
def test_word_of_mouth_is_that_of_bass_and_rises_with_satisfaction(
    force: float, share: float, satisfaction: float, weight: float
) -> None:
    assert word_of_mouth(force, share, satisfaction, 0.0) == force * share
    assert word_of_mouth(force, share, 0.0, weight) == force * share
    assert (
        0.0
        <= word_of_mouth(force, share, satisfaction, weight)
        <= word_of_mouth(force, share, satisfaction + 0.5, weight)
    )
    assert word_of_mouth(force, share, satisfaction, weight) == pytest.approx(
        2.0 * word_of_mouth(force, share / 2.0, satisfaction, weight)
    )


def test_contented_customers_bring_more() -> None:
    came = []
    for satisfaction in (-2.0, 0.0, 2.0):
        model = reaching({"kind": "referral", "word_of_mouth": 0.6}, people=4000)
        model.customers.select(provider="us").set("satisfaction", satisfaction)
        model.step()
        came.append(int(model.totals.tally[0]))
    assert came[0] == 0 < came[1] < came[2]
    assert abs(came[2] / came[1] - 2.0) < 0.2  # 1 + 0.5 x 2, less what some have heard already


def test_the_share_who_adopt_is_that_of_bass_and_two_draws_are_not() -> None:
    assert all(row.ok for row in bass(20_000))
    apart: dict[str, Any] = {
        "advertising": {"contacts_per_person_per_month": 0.03, "once_a_month": True},
        "talk": {"kind": "referral", "word_of_mouth": 0.38, "word_of_mouth_satisfaction": 0.0},
    }
    assert any(not row.ok for row in bass(200_000, changes={"us.acquisition": apart}))


def spent(model: LifecycleModel, months: int) -> tuple[float, float]:
    """Return what the recording tells that our channels cost, and what the books do, EUR."""
    model.start_recording()
    booked = 0.0
    for _ in range(months):
        model.step()
        booked += float(model.totals.ledger[US, ACQUISITION_COST]) / 100.0
    rows = model.recording().query("measure == 'reach' and b == 'spend_eur' and institution == 'us'")
    return float(rows["value"].sum()), booked


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_what_a_channel_is_said_to_cost_is_what_the_books_say(kind: str) -> None:
    channel = {"kind": kind, "contacts_per_person_per_month": 0.5}
    told, booked = spent(reaching(channel), 4)
    assert told == pytest.approx(booked) and (booked > 0.0 or kind == "referral")


def test_a_branch_costs_what_it_costs_while_it_is_open() -> None:
    """In the money of a real market of which each simulated person is ten people."""
    branch = {"kind": "branch", "cost_per_month": 3000, "contacts_per_person_per_month": {"0": 0.2, "2": 0.0, "4": 0.2}}
    model = reaching(branch, people=300, stands_for=3000)
    costs = []
    for _ in range(6):
        model.step()
        costs.append(int(model.totals.ledger[US, ACQUISITION_COST]))
    assert costs == [30000, 30000, 0, 0, 30000, 30000]


def test_a_channel_that_opens_later_is_not_there_before() -> None:
    opens = {"kind": "cross_line", "contacts_per_person_per_month": {"0": 0.0, "3": 0.8}}
    without, later = reaching({"contacts_per_person_per_month": 0.0}), reaching(opens)
    assert same_months(without, later, 3) == ""
    assert same_months(without, later, 1) != ""
    budget = {"budget_per_month": {"0": 0, "3": 300, "6": 0}, "cost_per_contact": 1.0}
    without, later = reaching({"contacts_per_person_per_month": 0.0}), reaching(budget)
    assert same_months(without, later, 3) == ""
    reached = []
    for _ in range(6):
        later.step()
        reached.append(int(later.totals.tally[0]))
    assert min(reached[:3]) > 100 and reached[3:] == [0, 0, 0]


def test_a_budget_that_is_paid_by_joiners_is_kept_to() -> None:
    channel = {"cost_per_contact": 0.0, "cost_per_joiner": 20.0, "budget_per_month": 300}
    told, booked = spent(reaching(channel, people=6000), 40)
    assert told == pytest.approx(booked) and booked / 40.0 == pytest.approx(300.0, rel=0.1)


def test_both_engines_know_every_kind() -> None:
    config = small_market(people=120, rules=LIVELY)
    config["us"]["acquisition"] = {kind: {"kind": kind, "contacts_per_person_per_month": 0.3} for kind in CHANNEL_KINDS}
    one, two = (LifecycleModel(config, seed=4, engine=engine) for engine in ("compiled", "objects"))
    assert same_months(one, two, 3) == ""
    assert np.count_nonzero(one.totals.tally) > 3


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_what_is_written_of_a_channel_takes_the_place_of_what_is_usual(kind: str) -> None:
    usual = CHANNEL_KINDS[kind].usual
    made = ChannelSettings.model_validate({"kind": kind, "contacts_per_person_per_month": 0.25, "precision": 0.75})
    assert made.contacts_per_person_per_month == 0.25 and made.precision == 0.75
    for name, value in usual.items():
        if name not in ("contacts_per_person_per_month", "precision"):
            assert getattr(made, name) == value
    assert ChannelSettings.model_validate(made.model_dump()) == made
    if "contacts_per_person_per_month" in usual:
        assert ChannelSettings.model_validate({"kind": kind}).budget_per_month is None
    if "word_of_mouth" not in usual and kind != "branch":
        bought = ChannelSettings.model_validate({"kind": kind, "budget_per_month": 300})
        assert bought.contacts_per_person_per_month is None


def test_kinds_are_listed_with_their_numbers_and_sources() -> None:
    listed = {one.name: one for one in entries("channels")}
    assert list(listed) == list(CHANNEL_KINDS)
    for name, kind in CHANNEL_KINDS.items():
        assert kind.usual.keys() <= listed[name].facts.keys() and listed[name].facts["source"]
        assert kind.usual.keys() <= ChannelSettings.model_fields.keys()


@pytest.mark.parametrize(
    ("channel", "us", "message"),
    [
        ({"kind": "carrier_pigeon"}, {}, "kind"),
        ({"kind": "referral", "budget_per_month": 300}, {}, "what customers tell each other has no budget"),
        ({"kind": "branch", "budget_per_month": 300}, {}, "a channel with a budget needs a cost of a contact"),
        ({"kind": "recommendation"}, {}, "give either budget_per_month or contacts_per_person_per_month"),
        (
            {"kind": "recommendation", "budget_per_month": 300},
            {"information": {"browsing": False}},
            "channel 'way' would find nobody",
        ),
        ({"kind": "branch", "reachable": 1.2}, {}, "reachable"),
        ({"kind": "referral", "word_of_mouth": -0.1}, {}, "word_of_mouth"),
        ({"budget_per_month": 300, "audience": "the rich"}, {}, "audience"),
        ({"budget_per_month": 300, "risk_selection": 7}, {}, "risk_selection"),
    ],
)
def test_a_channel_that_cannot_be_is_told(channel: dict[str, Any], us: dict[str, Any], message: str) -> None:
    config = small_market()
    config["us"] |= {"acquisition": {"way": channel}, **us}
    with pytest.raises(ValidationError, match=message):
        market_from(config)

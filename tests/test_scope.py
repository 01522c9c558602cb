"""Scope: who counts as an existing customer and for how long; files that keep their place; invitations to others."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, BROWSING, OPEN, SCOPES, SETTLED
from tenure.agents.declaring import MAX_PRODUCTS
from tenure.agents.ledger import TREATMENT
from tenure.agents.offer import US
from tenure.agents.signal import INVITED, SIGNAL
from tenure.simulation.engines.engine import Totals
from tenure.simulation.institutions.files import Files, ScopeRule, scope_rule
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.counting import counted
from tenure.simulation.settings.market import market_from
from tests.markets import LIVELY, first_difference, small_market

RIVAL = 2
GONE, NOBODY = -1, 0
EVERY_PRODUCT = (1, 1, 1) + (0,) * (MAX_PRODUCTS - 3)
CARD_ONLY = (0, 1) + (0,) * (MAX_PRODUCTS - 2)
NARROW = ScopeRule(1, 0, 0, 0, 0, EVERY_PRODUCT)
WIDE = ScopeRule(1, 1, 2, 3, 2, CARD_ONLY)


class Seen(NamedTuple):
    """What one person's month showed."""

    provider: int = NOBODY
    held: tuple[int, ...] = ()
    """products held with the provider"""
    met: int = 0
    trace: int = -1


def signals_of(people: list[tuple[int, Seen]]) -> NDArray[Any]:
    """Return the rows that show this, in this order, from pairs of id and month."""
    rows = np.zeros(len(people), SIGNAL)
    for row, (who, seen) in zip(rows, people, strict=True):
        row["person_id"], row["provider"], row["met"], row["trace"] = who, seen.provider, seen.met, seen.trace
        row["held"][list(seen.held)] = 1
    return rows


def told(files: Files, rows: NDArray[Any], month: int, rule: ScopeRule, sees: int = 1) -> dict[int, str]:
    """Return person -> scope after one more month; a new record is signed, as observing does."""
    files.update(rows, US, sees, month, rule)
    files.records["person_id"][files.places] = rows["person_id"][files.at]
    return {int(who): SCOPES[code] for who, code in zip(rows["person_id"][files.at], files.scopes, strict=True)}


LOAN, CARD = Seen(US, (0,)), Seen(US, (1,))
OURS, AWAY, LEFT = Seen(US, (0, 1)), Seen(RIVAL, (1,)), Seen(GONE)
MET, SEEN = AWAY._replace(met=1 << US), AWAY._replace(trace=0)
CASES: dict[str, tuple[ScopeRule, list[Seen], list[str | None]]] = {
    "customers alone": (NARROW, [OURS, LOAN, MET, SEEN, OURS, LEFT], ["open", "open", None, None, "open", None]),
    "who holds nothing yet": (WIDE, [Seen(US), LOAN], ["open", "other_lines"]),
    "another line": (WIDE, [LOAN, CARD, OURS, LOAN], ["other_lines", "open", "open", "other_lines"]),
    "another line never counts as settled": (WIDE, [LOAN, AWAY], ["other_lines", None]),
    "settled for two months": (WIDE, [OURS, AWAY, AWAY, AWAY], ["open", "settled", "settled", None]),
    "two months from the last one": (
        WIDE,
        [CARD, AWAY, CARD, AWAY, AWAY, AWAY],
        ["open", "settled", "open", "settled", "settled", None],
    ),
    "in contact for three months": (WIDE, [MET, AWAY, AWAY, AWAY], ["contacted"] * 3 + [None]),
    "a further contact": (WIDE, [MET, AWAY, MET, AWAY, AWAY, AWAY], ["contacted"] * 5 + [None]),
    "browsing for two months": (WIDE, [SEEN, AWAY, AWAY], ["browsing", "browsing", None]),
    "browsing by somebody without provider": (WIDE, [Seen(trace=3), Seen()], ["browsing", "browsing"]),
    "settled before all else": (
        WIDE,
        [OURS, SEEN._replace(met=1 << US), SEEN, SEEN, SEEN],
        ["open", "settled", "settled", "contacted", "browsing"],
    ),
    "a contact of another's": (WIDE, [AWAY._replace(met=1 << RIVAL), AWAY], [None, None]),
    "gone for good": (WIDE, [OURS._replace(met=1 << US, trace=1), LEFT, LEFT], ["open", None, None]),
    "a customer met and browsing": (WIDE, [OURS._replace(met=1 << US, trace=1)], ["open"]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("start", [0, -40])
def test_scope_month_by_month_by_hand(case: str, start: int) -> None:
    rule, months, expected = CASES[case]
    files = Files()
    assert [told(files, signals_of([(5, seen)]), m, rule).get(5) for m, seen in enumerate(months, start)] == expected


def test_traces_are_for_those_who_see_them() -> None:
    files = Files()
    assert [told(files, signals_of([(5, SEEN)]), month, WIDE, sees=0) for month in range(3)] == [{}, {}, {}]


def test_a_setting_becomes_the_rule_that_it_says() -> None:
    us = {
        "existing_customers": ["settled", "browsing"],
        "settled_counts_for_months": 7,
        "business_line": ["card"],
        "browsing_counts_for_months": 4,
    }
    market = market_from(small_market(us=us))
    assert scope_rule(market.us, tuple(market.products)) == ScopeRule(0, 0, 7, 0, 4, CARD_ONLY)
    assert scope_rule(market.rivals["bigbank"], tuple(market.products)) == ScopeRule(1, 1, 0, 0, 0, EVERY_PRODUCT)


class Slow:
    """The same by memory: whole lives are kept, and every month asks them again."""

    def __init__(self, rule: ScopeRule, sees: int) -> None:
        self.rule, self.sees = rule, sees
        self.lives: dict[int, list[Seen]] = {}

    def scope(self, who: int, seen: Seen) -> str | None:
        """Return the scope of somebody after one more month."""
        life = self.lives.setdefault(who, [])
        life.insert(0, seen)  # newest first
        rule = self.rule

        def of_line(month: Seen) -> bool:
            return month.provider == US and (not month.held or any(rule.line[k] for k in month.held))

        if seen.provider == GONE:
            return None
        if seen.provider == US:
            relation = "open" if of_line(seen) else "other_lines"
            return relation if (rule.open if of_line(seen) else rule.other_lines) else None
        if any(of_line(month) for month in life[: rule.settled_months + 1]):
            return "settled"
        if any(month.met >> US & 1 for month in life[: rule.contacted_months]):
            return "contacted"
        if self.sees and any(month.trace >= 0 for month in life[: rule.browsing_months]):
            return "browsing"
        return None


@st.composite
def rules(draw: st.DrawFn) -> ScopeRule:
    """Any scope; without the other lines, the line is all products."""
    months, other = st.integers(0, 4), draw(st.integers(0, 1))
    line = tuple(draw(st.lists(st.integers(0, 1), min_size=3, max_size=3))) + (0,) * (MAX_PRODUCTS - 3)
    wide = (draw(months), draw(months), draw(months))
    return ScopeRule(draw(st.integers(0, 1)), other, *wide, line if other else EVERY_PRODUCT)


def lived(luck: np.random.Generator, before: Seen | None) -> Seen:
    """Return somebody's next month at random; who is gone stays away, and providers change now and then."""
    if before is not None and before.provider == GONE:
        return LEFT
    provider = int(luck.choice([GONE, NOBODY, US, US, RIVAL]))
    if before is not None and luck.random() < 0.6:
        provider = before.provider
    held = tuple(np.flatnonzero(luck.random(3) < 0.4).tolist()) if provider > NOBODY else ()
    met = int(luck.choice([0, 0, 0, 1 << US, 1 << RIVAL, 6]))
    return LEFT if provider == GONE else Seen(provider, held, met, int(luck.choice([-1, -1, -1, 0, 2])))


@settings(max_examples=120)
@given(rules(), st.integers(0, 1), st.integers(0, 10**6), st.integers(-30, 2))
def test_files_are_those_of_a_slow_model_that_remembers_everything(
    rule: ScopeRule, sees: int, seed: int, start: int
) -> None:
    luck, files, slow = np.random.default_rng(seed), Files(), Slow(rule, sees)
    now: dict[int, Seen | None] = dict.fromkeys(range(1, int(luck.integers(2, 9))))
    scopes: dict[int, str] = {}
    places: dict[int, int] = {}
    for month in range(start, start + 12):
        now |= dict.fromkeys(range(100 * month + 5000, 100 * month + 5000 + int(luck.integers(0, 3))))  # newcomers
        now = {who: lived(luck, seen) for who, seen in now.items()}
        rows = signals_of([(who, seen) for who, seen in now.items() if seen is not None])
        before, scopes = scopes, {}
        for who, seen in now.items():
            scope = slow.scope(who, seen or LEFT)
            scopes |= {who: scope} if scope else {}
        assert told(files, rows, month, rule, sees) == scopes
        ids = rows["person_id"]
        assert set(files.left.tolist()) == before.keys() - scopes.keys()
        assert set(ids[files.at[files.joined]].tolist()) == scopes.keys() - before.keys()
        taken = dict(zip(ids[files.at].tolist(), files.places.tolist(), strict=True))
        assert len(set(taken.values())) == len(taken)
        assert all(taken[who] == places[who] for who in before.keys() & scopes.keys())
        places = taken
        filed = files.records["person_id"]
        assert sorted(filed[filed != -1].tolist()) == sorted(scopes)
        assert files.beliefs["person_id"].tolist() == ids[files.at].tolist()
        if luck.random() < 0.15:  # store, forget who is gone, and go on
            here = rows["provider"] >= 0
            files = Files.of(files.kept(here))
            now = {who: seen for who, seen in now.items() if seen is not None and seen.provider >= 0}
            places = dict(zip(ids[here][files.at].tolist(), files.places.tolist(), strict=True))
            assert places.keys() == scopes.keys()


def test_what_is_kept_comes_back() -> None:
    files = Files()
    for month, months in enumerate([(OURS, AWAY, MET, OURS, SEEN), (OURS, SEEN, AWAY, LEFT, AWAY)]):
        told(files, signals_of(list(enumerate(months, 11))), month, WIDE)
    files.records["risk_mean"][files.places] = np.arange(len(files.at)) - 5.5
    again = Files.of(files.kept(np.array([True, True, True, False, True])))
    assert again.at.tolist() == [0, 1, 2, 3] and again.scopes.tolist() == files.scopes.tolist()
    assert first_difference(again.beliefs, files.beliefs) == "" and again.records.dtype == BELIEF
    assert np.array_equal(again.register, files.register[[0, 1, 2, 4]])
    whole = Files.of(files.kept(np.ones(5, np.bool_)))
    assert np.array_equal(whole.at, files.at) and first_difference(whole.beliefs, files.beliefs) == ""


# Invitations -------------------------------------------------------------------------------------------------------

CONTACT_CENTS = 100
SCOPE = {"win_back": ["open", "settled"], "preferential_offer": ["open", "contacted", "browsing"]}
QUIET_READING = {**LIVELY, "reach": {"read_share": 0.6, "read_invitation": 0.9}}


def market(treatment: str | None, amount: float | None = None, **changes: Any) -> dict[str, Any]:
    """Return a lively market in which we invite everybody whom we know and who is no customer, or nobody."""
    config = small_market(**{"people": 4000, "rules": QUIET_READING, "guards": {"budget_per_month": 1e9}, **changes})
    nobody_spared = {"rules": {"opted_out": "off", "hardship": "off"}}
    config["us"] |= {"existing_customers": ["open", "settled", "contacted", "browsing"], "guards": nobody_spared}
    if treatment is not None:
        config["us"]["policy"] = {"policy": "uniform", "treatment": treatment, "amount": amount}
        config["us"]["existing_customers"] = SCOPE[treatment]
    return config


@pytest.fixture(scope="module")
def state() -> dict[str, NDArray[Any]]:
    """Return the market after ten months without treatments."""
    model = LifecycleModel(market(None), seed=4)
    for _ in range(10):
        model.step()
    return model.state()


class Lived(NamedTuple):
    """One month after the ten: its model, its postings, and whom we invited."""

    model: LifecycleModel
    totals: Totals
    invited: NDArray[np.bool_]
    came: NDArray[np.bool_]
    """who became our customer"""


def month_after(state: dict[str, NDArray[Any]], config: dict[str, Any]) -> Lived:
    """Live one month from the state, phase by phase, so that its postings can be read."""
    model = LifecycleModel(config, seed=4)
    model.restore(state)
    ours = model.people["id"][model.people["provider"] == US]
    model.step()
    contacted = model.people["id"][model.dispatch.contacts["row"]]
    assert not np.isin(contacted, ours).any()
    s = model.signals
    came = (s["joined"] == 1) & (s["provider"] == US)
    return Lived(model, model.totals, s["invited"] >> US & 1 == 1, came)


@pytest.mark.parametrize("treatment", SCOPE)
def test_an_invitation_reaches_those_in_scope_alone_and_costs_to_the_cent(
    state: dict[str, NDArray[Any]], treatment: str
) -> None:
    month = month_after(state, market(treatment))
    s, files = month.model.signals, month.model.us.files
    scopes = np.full(len(s), -1)
    scopes[files.at] = files.scopes
    assert month.invited.sum() > 100
    assert np.array_equal(month.invited, scopes == SETTLED if treatment == "win_back" else scopes > SETTLED)
    assert (scopes[s["before"] == US] == OPEN).all() and not month.invited[s["before"] == US].any()
    by_invitation = month.came & (s["source"] == INVITED)
    assert by_invitation.sum() > 10 and month.invited[by_invitation].all()
    assert month.totals.ledger[US, TREATMENT] == month.invited.sum() * CONTACT_CENTS + by_invitation.sum() * 5000
    joiners = counted(month.model.people, s)[0]["joiners"]
    assert joiners[US, INVITED] == by_invitation.sum() and joiners[RIVAL, INVITED] == 0


@pytest.mark.parametrize("treatment", SCOPE)
def test_more_money_brings_more_people_and_loses_none(state: dict[str, NDArray[Any]], treatment: str) -> None:
    """The logit is drawn by one uniform of the person, and our part of it only widens with what we add to our offer."""
    months = [month_after(state, market(None)), *(month_after(state, market(treatment, x)) for x in (0, 50, 300))]
    for less, more in pairwise(months):
        assert not (less.came & ~more.came).any()
        assert more.came.sum() > less.came.sum()
    strangers = ~months[1].invited
    assert all((month.came == months[0].came)[strangers].all() for month in months)
    # a reward of 0 costs no more than the contact
    assert months[1].totals.ledger[US, TREATMENT] == months[1].invited.sum() * CONTACT_CENTS


@pytest.mark.parametrize("treatment", SCOPE)
def test_an_invitation_that_is_not_read_changes_nobody(state: dict[str, NDArray[Any]], treatment: str) -> None:
    unread = {"rules": {**LIVELY, "reach": {"read_share": 0.6, "read_invitation": 0.0}}}
    without, sent = month_after(state, market(None)), month_after(state, market(treatment, 500.0, **unread))
    assert sent.invited.sum() > 100 and not (sent.model.signals["source"] == INVITED).any()
    assert first_difference(without.model.people, sent.model.people) == ""
    assert sent.totals.ledger[US, TREATMENT] == sent.invited.sum() * CONTACT_CENTS


def test_what_a_customer_gets_is_no_invitation(state: dict[str, NDArray[Any]]) -> None:
    config = market(None)
    config["us"]["policy"] = {"policy": "uniform", "treatment": "loyalty_reward"}
    model = LifecycleModel(config, seed=4)
    model.restore(state)
    model.step()
    assert (model.signals["treatment"] > 0).sum() > 100 and not model.signals["invited"].any()


def test_former_customers_come_back_more_often_over_a_year(state: dict[str, NDArray[Any]]) -> None:
    came = []
    for treatment in (None, "win_back"):
        model = LifecycleModel(market(treatment), seed=4)
        model.restore(state)
        came.append(0)
        for _ in range(12):
            known = {int(who) for who in model.people["id"][model.us.files.at[model.us.files.scopes == SETTLED]]}
            model.step()
            s = model.signals
            new = s["person_id"][(s["joined"] == 1) & (s["provider"] == US)].tolist()
            came[-1] += len(known.intersection(new))
    assert came[1] > 1.3 * came[0] > 0


def test_who_is_a_customer_of_another_line_is_not_won_back() -> None:
    config = market("win_back", rivals={})
    config["us"] |= {"share": 1.0, "business_line": ["loan"]}
    model = LifecycleModel(config, seed=4)
    for _ in range(6):
        model.step()
        treated = (model.signals["treatment"] > 0) & (model.signals["before"] == US)
        assert not treated.any()


def test_who_never_looks_for_a_product_is_not_seen_browsing() -> None:
    config = market(None, world={"newcomers_per_year": 1.0}, rules={"needs": {"episodes_per_year": 0.0}})
    model = LifecycleModel(config, seed=0)
    for _ in range(3):
        model.step()
        assert not (model.us.files.scopes == BROWSING).any()


def test_invitations_are_recorded_as_contacts(state: dict[str, NDArray[Any]]) -> None:
    model = LifecycleModel(market("win_back"), seed=4)
    model.restore(state)
    model.start_recording()
    model.step()
    rows = model.recording()
    rows = rows[(rows["measure"] == "treatments") & (rows["a"] == "win_back")].set_index("b")["value"]
    invited = (model.signals["invited"] >> US & 1).sum()
    came = (model.signals["source"] == INVITED) & (model.signals["provider"] == US)
    assert rows.get("contacted") == invited > 0
    assert rows.get("taken") == came.sum() > 0

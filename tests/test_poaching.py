"""Poaching offers: who gets them, what they cost whom, and what they do; and the controls in which they do nothing."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from tenure.agents.ledger import FEES, INTEREST, TREATMENT
from tenure.agents.person import POACHED
from tenure.agents.rules.choice import off_first_year
from tenure.agents.rules.relationship import Relationship, draw_of_money
from tenure.experiments.verification.cases.rows import market
from tenure.experiments.verification.contract.answers import answer_of
from tenure.policies.guard.costs import fit_poaching
from tenure.policies.plan import OfferChange, Plan, PoachingOffer, as_plan
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.poaching import came_from_others
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from
from tests.markets import LIVELY, differences, small_market

US, RIVAL = 1, 2
OFFER = {"points": 4, "months": 5, "money": 120}


def lively(poaching: dict[str, Any] | None = None, people: int = 400, **changes: Any) -> dict[str, Any]:
    """Return a market in which many compare; its rival offers this to who comes from another."""
    made = small_market(people=people, rules=LIVELY, **changes)
    if poaching is not None:
        made["rivals"]["bigbank"]["poaching"] = poaching
    return made


def lived(config: dict[str, Any], months: int = 12, engine: str = "compiled", seed: int = 3) -> LifecycleModel:
    model = LifecycleModel(config, seed=seed, engine=engine)
    for _ in range(months):
        model.step()
    return model


def poached_by(config: dict[str, Any], institution: int, months: int = 12) -> int:
    """Return how many came to an institution from another."""
    model, came = LifecycleModel(config, seed=3), 0
    for _ in range(months):
        model.step()
        came += int(came_from_others(model.signals, institution).sum())
    return came


# What is offered, and to whom -----------------------------------------------------------------------------------------


def test_both_engines_give_the_same_bits() -> None:
    one, other = (lived(lively(OFFER, people=150), 8, engine) for engine in ("compiled", "objects"))
    assert differences(one, other) == []
    assert came_from_others(one.signals, RIVAL).any() or poached_by(lively(OFFER, people=150), RIVAL, 8)


def test_an_offer_of_nothing_changes_no_byte() -> None:
    plain, nothing = lived(lively()), lived(lively({"points": 0, "months": 60, "money": 0}))
    assert differences(plain, nothing) == []
    assert plain.people.tobytes() == nothing.people.tobytes() and plain.signals.tobytes() == nothing.signals.tobytes()


@pytest.mark.parametrize("what", ["money", "points"])
def test_the_more_is_offered_the_more_come(what: str) -> None:
    came = [poached_by(lively({what: much}), RIVAL) for much in (0, 20, 90)]
    assert came[0] < came[1] < came[2]


def test_money_goes_to_those_alone_who_come_from_another() -> None:
    """Month by month its books have the treatments' money, and nobody else's have any of it."""
    model, others = LifecycleModel(lively(OFFER), seed=3), 0
    for _ in range(18):
        model.step()
        came = came_from_others(model.signals, RIVAL)
        joined = (model.signals["joined"] == 1) & (model.signals["provider"] == RIVAL)
        others += int((joined & ~came).sum())
        assert (model.signals["before"][came] == US).all()
        assert model.totals.ledger[RIVAL, TREATMENT] == 12_000 * came.sum()
        assert model.totals.ledger[US, TREATMENT] == 0
        people = model.people
        assert (people["price_cut"][came] == 4.0).all() and not people["price_cut"][joined & ~came].any()
    assert others, "some came who had been nobody's customers"


@given(st.integers(1, 6))
@settings(max_examples=6, deadline=None)
def test_the_price_holds_for_its_months(months: int) -> None:
    """Who came pays 6 - 2 points on 2,000 EUR as long as it lasts, and 6 points from then on."""
    offer = {"points": 2, "months": months}
    changes: dict[str, Any] = {
        "people": 60,
        "us.share": "100%",
        "rivals.other.share": "0%",
        "rivals.other.poaching": offer,
    }
    model = LifecycleModel(market("poaching", changes), seed=1)
    paid = []
    for month in range(months + 3):
        if month == 1:
            model.world["rules"]["choice"]["search"] = -40.0  # they looked around once
        model.step()
        here = model.people["provider"] == RIVAL
        assert here.all()
        owed = model.people["balance_cents"][here].sum()
        paid.append(round(1200.0 * float(-model.totals.ledger[RIVAL, INTEREST]) / float(owed), 2))
    assert model.totals.ledger[RIVAL, FEES] == 0
    assert [abs(one) for one in paid[1:]] == [4.0] * months + [6.0] * 2


def test_dates_hold_as_for_other_numbers() -> None:
    dated = lively()
    dated["rivals"]["bigbank"]["poaching"] = {"money": {"0": 0, "6": 120}, "points": {"0": 0, "6": 4}, "months": 5}
    plain, always = lived(lively(), 6), lived(lively(OFFER), 6)
    now = lived(dated, 6)
    assert now.people.tobytes() == plain.people.tobytes() != always.people.tobytes()
    now.step()
    assert now.offers["poaching_cents"].tolist() == [0, 0, 12_000]
    assert lived(dated, 12).people.tobytes() != lived(lively(), 12).people.tobytes()


@given(points=st.floats(0, 100), months=st.integers(1, 240), more=st.floats(0, 10))
def test_a_price_counts_for_as_much_of_the_first_year_as_it_lasts(points: float, months: int, more: float) -> None:
    assert off_first_year(points, months) == pytest.approx(points * min(months / 12.0, 1.0))
    assert off_first_year(points + more, months) >= off_first_year(points, months)


def test_money_draws_as_what_a_known_sender_pays() -> None:
    """As the catalogue's win_back: 30 EUR are half a unit of utility, and 4 times as many twice as much."""
    assert draw_of_money(30.0, Relationship()) == pytest.approx(0.5)
    assert draw_of_money(120.0, Relationship()) == pytest.approx(1.0)


def test_who_is_won_back_has_the_money_in_the_own_account() -> None:
    """The recording counts it among the rewards, person by person, of those who were our customers at the start."""
    ours = lively(OFFER)
    ours["us"]["poaching"] = {"money": 120}
    model = LifecycleModel(ours, seed=3)
    model.start_recording()
    start, came = np.flatnonzero(model.people["provider"] == US), 0
    for _ in range(18):
        model.step()
        came += int(came_from_others(model.signals[start], US).sum())
    rows = model.recording()
    paid = rows.loc[rows["measure"] == "person/rewards", "value"]
    assert came > 0 and float(paid.sum()) == 120.0 * came


# Plans ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Poaches:
    """Offers this to other institutions' customers."""

    name = "poaches"
    offer: PoachingOffer | None

    def decide(self, view: InstitutionView) -> Plan:
        """Return the offer alone."""
        return Plan(offer=OfferChange(poaching=self.offer))


def planned(offer: PoachingOffer | None, budget: float, months: int, config: dict[str, Any] | None = None) -> Any:
    """Return a model whose rival plans an offer with so much money a month, and what it paid month by month, EUR."""
    made = copy.deepcopy(lively() if config is None else config)
    made["guards"]["budget_per_month"] = budget
    model, paid = LifecycleModel(made, seed=3), []
    model.set_policy("bigbank", Poaches(offer))
    for _ in range(months):
        model.step()
        paid.append(float(model.totals.ledger[RIVAL, TREATMENT]) / 100.0)
    return model, np.array(paid)


def test_a_plan_offers_what_settings_could() -> None:
    model, _ = planned(PoachingOffer(4.0, 5, 120.0), 1e9, 12)
    assert model.people.tobytes() == lived(lively(OFFER)).people.tobytes()


def test_a_plan_stands_in_for_what_settings_say_in_its_month() -> None:
    model, _ = planned(PoachingOffer(), 1e9, 12, lively(OFFER))
    assert model.people.tobytes() == lived(lively()).people.tobytes()
    model, _ = planned(None, 1e9, 12, lively(OFFER))
    assert model.people.tobytes() == lived(lively(OFFER)).people.tobytes()


@pytest.mark.parametrize("budget", [0.0, 60.0, 150.0, 400.0])
def test_money_is_the_budget_s_in_the_long_run(budget: float) -> None:
    """A month may cost more than it was thought to; the next ones pay for it, so that no more is owed than that."""
    model, paid = planned(PoachingOffer(0.0, 12, 300.0), budget, 36)
    owed = next(one for one in model.institutions if one.index == RIVAL).purse.owed_eur
    assert paid.sum() - owed <= 36 * budget + 1e-6
    if budget == 0.0:
        assert not paid.any()
    else:
        assert paid.any() and paid[:12].sum() < planned(PoachingOffer(0.0, 12, 300.0), 1e9, 12)[1].sum()


def test_what_settings_promise_asks_nobody_s_leave_and_takes_no_money_from_plans() -> None:
    poor = lively(OFFER)
    poor["guards"]["budget_per_month"] = 0
    model = lived(poor)
    assert model.people.tobytes() == lived(lively(OFFER)).people.tobytes()
    assert all(one.purse.owed_eur == 0.0 for one in model.institutions)


def test_a_cut_offer_is_counted_as_a_refusal_by_the_budget() -> None:
    model, _ = planned(PoachingOffer(5.0, 12, 300.0), 1.0, 2)
    assert model.institution("bigbank").allowed.refused["budget"] == {"offer_poaching": 1}


@given(
    points=st.floats(0, 100),
    months=st.integers(1, 240),
    money=st.floats(0, 1e5),
    left=st.floats(-100, 1e6),
    came=st.integers(0, 1000),
    balance=st.floats(0, 1e5),
)
def test_what_is_offered_fits_the_money(
    points: float, months: int, money: float, left: float, came: int, balance: float
) -> None:
    asked = PoachingOffer(points, months, money)
    offer, kept_back, is_cut = fit_poaching(asked, left, came, balance)
    expected = max(came, 1)
    cost = expected * (offer.money + offer.points / 100.0 * months / 12.0 * balance)
    assert cost <= max(left, 0.0) * (1 + 1e-9) + 1e-9
    assert kept_back == pytest.approx(expected * offer.money)
    assert offer.points <= points and offer.money <= money
    assert is_cut == (offer != asked) or cost == 0.0
    assert offer.points * money == pytest.approx(offer.money * points), "both are cut alike"


def test_what_is_owed_comes_off_the_money_of_later_months() -> None:
    """By hand: 100 a month, 40 kept back, 190 paid: 150 are owed, so that one month has nothing and the next 50."""
    purse = LifecycleModel(lively(), seed=1).us.purse
    purse.treatments_eur = 100.0
    purse.set_aside(40.0)
    purse.pay(190.0)
    assert (purse.available_eur, purse.owed_eur) == (0.0, 150.0)
    purse.set_aside(0.0)
    purse.pay(0.0)
    assert (purse.available_eur, purse.owed_eur) == (50.0, 50.0)
    purse.set_aside(20.0)
    assert purse.owed_eur == 0.0


def test_a_run_goes_on_from_its_state() -> None:
    model, _ = planned(PoachingOffer(1.0, 12, 300.0), 150.0, 9)
    other = LifecycleModel(model.settings, seed=3, state=model.state())
    other.set_policy("bigbank", Poaches(PoachingOffer(1.0, 12, 300.0)))
    for _ in range(6):
        model.step()
        other.step()
    assert model.state()["people"].tobytes() == other.state()["people"].tobytes()
    assert model.institution("bigbank").purse.owed_eur == other.institution("bigbank").purse.owed_eur


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"points": -1.0}, "points of a poaching offer"),
        ({"points": 101.0}, "from 0 to 100"),
        ({"months": 0}, "months of a poaching offer"),
        ({"months": 2.5}, "whole number"),
        ({"money": float("nan")}, "money of a poaching offer"),
        ({"money": True}, "money of a poaching offer"),
    ],
)
def test_an_offer_that_is_none_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        PoachingOffer(**wrong)


def test_a_plan_is_checked_anew() -> None:
    offer = PoachingOffer(1.0)
    plan = as_plan(Plan(offer=OfferChange(poaching=offer)))
    object.__setattr__(offer, "points", 500.0)
    assert plan.offer is not None and plan.offer.poaching == PoachingOffer(1.0)
    with pytest.raises(ValueError, match="points of a poaching offer"):
        as_plan(Plan(offer=OfferChange(poaching=offer)))
    with pytest.raises(ValueError, match="poaching is a PoachingOffer"):
        OfferChange(poaching={"points": 1})  # type: ignore[arg-type]  # on purpose


def test_a_trial_tells_poaching_offers_apart() -> None:
    """A policy that offers now this, now that is found to do so, as with prices."""
    view = lived(lively(), 1).us.view
    offers = (None, PoachingOffer(1.0), PoachingOffer(1.0, 6), PoachingOffer(1.0, money=5.0))
    answers = [answer_of(Plan(offer=OfferChange(poaching=one)), view) for one in offers]
    assert len({one.key for one in answers}) == len({one.columns for one in answers}) == len(offers)
    assert answers[1].alike(answers[1]) and not answers[1].alike(answers[2])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"points": -1}, "is negative"),
        ({"months": 0}, "below 1"),
        ({"money": "many"}, "not a number"),
        ({"euros": 5}, "euros"),
    ],
)
def test_settings_that_are_wrong_are_told(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        market_from(lively(wrong))


# Negative controls ----------------------------------------------------------------------------------------------------


def switched(model: LifecycleModel, months: int) -> NDArray[np.bool_]:
    """Return in which months anybody changed the provider for another."""
    found = []
    for _ in range(months):
        model.step()
        found.append(bool((model.signals["cause"] == POACHED).any()))
    return np.array(found)


def test_without_rivals_nobody_is_poached() -> None:
    alone = lively(us={"poaching": OFFER}, rivals={})
    assert not switched(LifecycleModel(alone, seed=3), 18).any()
    assert switched(LifecycleModel(lively(), seed=3), 18).any(), "with one some are"


def test_nobody_switches_if_all_are_hard_core_loyal() -> None:
    loyal = lively(OFFER, traits={"loyal_share": "100%"}, world={"newcomers_per_year": "0%"})
    model = LifecycleModel(loyal, seed=3)
    born, first = model.people["loyal_to"].copy(), model.people["provider"].copy()
    assert (born == first).all()
    for _ in range(18):
        before = model.people["provider"].copy()
        model.step()
        now = model.people["provider"]
        assert not ((now != before) & (before > 0) & (now > 0) & (before == born)).any()


def test_a_rival_that_nobody_can_see_changes_nothing() -> None:
    """It is not found, writes to nobody and has no customers, whatever it would offer to those who came."""
    unseen = {"share": "0%", "quality": 5.0, "visible": False, "service": 3.0, "poaching": OFFER, "apr": {"card": "1%"}}
    plain, with_it = lively(OFFER), lively(OFFER)
    with_it["rivals"]["hidden"] = unseen
    one, other = LifecycleModel(plain, seed=3), LifecycleModel(with_it, seed=3)
    for _ in range(18):
        one.step()
        other.step()
        assert one.people.tobytes() == other.people.tobytes() and one.signals.tobytes() == other.signals.tobytes()
        assert np.array_equal(one.totals.ledger, other.totals.ledger[: len(one.names)])
        assert not other.totals.ledger[len(one.names) :].any()
    with_it["rivals"]["hidden"]["visible"] = True
    assert lived(with_it, 6).people.tobytes() != lived(plain, 6).people.tobytes()

"""Contacts: fatigue with a bound, messages that remind, what amounts are worth, clutter, lists that rest people."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.ledger import ACQUISITION_COST
from tenure.agents.offer import US
from tenure.agents.rules.lifecycle import Lifecycle, leaves_within_year
from tenure.agents.rules.reach import Reach, reads, turn_on_list, unmet_share
from tenure.agents.rules.relationship import (
    Relationship,
    amount_felt,
    appeal_of_money,
    fatigue_next,
    takes_offer,
)
from tenure.agents.signal import BY_CHANNEL
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, first_difference, small_market

EUR = st.floats(0.01, 1e5)
FREE = {"budget_per_month": 1e9, "contacts_at_most": 32, "contacts_in_months": 1}
USUAL = Relationship()


def after(config: Mapping[str, Any], months: int, seed: int = 6) -> LifecycleModel:
    model = LifecycleModel(config, seed=seed)
    for _ in range(months):
        model.step()
    return model


def treating(treatment: str, treatments: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a market in which we send everybody one treatment, every month."""
    return small_market(
        people=3000,
        us={"policy": {"policy": "uniform", "treatment": treatment}},
        guards=FREE,
        treatments=dict(treatments or {}),
        **changes,
    )


# Fatigue -----------------------------------------------------------------------------------------------------


@given(st.floats(0, 1e3), st.floats(0, 50), st.floats(0, 50), st.floats(0.1, 100))
def test_fatigue_rises_with_contacts_and_has_a_bound(fatigue: float, one: float, other: float, most: float) -> None:
    group = Relationship(fatigue_most=most)
    few, many = sorted((one, other))
    left = fatigue_next(fatigue, 0.0, group)
    assert left == group.fatigue_kept * fatigue
    if left <= most:
        assert left <= fatigue_next(fatigue, few, group) <= fatigue_next(fatigue, many, group) <= most * (1 + 1e-12)


@given(st.floats(0, 100), st.floats(0.01, 30))
def test_each_contact_adds_less_than_the_one_before_and_never_more_than_one(fatigue: float, contacts: float) -> None:
    left, once, twice = (fatigue_next(fatigue, n * contacts, USUAL) for n in (0, 1, 2))
    assert abs(twice - once) <= abs(once - left) + 1e-9 and once - left <= contacts + 1e-9


@given(st.floats(0, 100), st.floats(0, 30))
def test_without_a_bound_a_contact_adds_one(fatigue: float, contacts: float) -> None:
    far = Relationship(fatigue_most=1e12)
    assert fatigue_next(fatigue, contacts, far) == pytest.approx(far.fatigue_kept * fatigue + contacts, rel=1e-9)


def test_a_message_a_month_costs_less_than_half_a_standard_deviation_of_satisfaction() -> None:
    note = {"note": {"extends": "line_increase", "line_factor": 1, "eligible": "ending == no"}}
    quiet = {"relationship": {"opt_out": -40, "opt_out_fatigue": 0}}
    alone = after(small_market(people=3000, rules=quiet), 12).people
    told = after(treating("note", note, rules=quiet), 12).people
    n = min(len(alone), len(told))
    stayed = (alone["provider"][:n] == US) & (told["provider"][:n] == US) & (told["tenure_months"][:n] >= 12)
    lost = (alone["satisfaction"][:n] - told["satisfaction"][:n])[stayed]
    assert stayed.sum() > 500 and 0.0 < lost.mean() < 0.5 * alone["satisfaction"][:n][stayed].std()


# What an amount is worth --------------------------------------------------------------------------------------


@given(st.floats(0.01, 1.0), st.floats(0.01, 100), st.floats(-8, 8), EUR, EUR)
def test_take_up_rises_with_the_amount_and_is_concave(
    response_amount: float, scale: float, benefit: float, one: float, other: float
) -> None:
    group = Relationship(response_amount=response_amount, response_scale=scale)
    p = [
        takes_offer(0.5, benefit + appeal_of_money(eur, group), 0.0, 0.0, group)
        for eur in (min(one, other), (one + other) / 2.0, max(one, other))
    ]
    assert p[0] <= p[1] <= p[2] and p[1] >= (p[0] + p[2]) / 2.0 - 1e-12


@given(EUR)
def test_an_amount_that_does_not_count_and_no_amount_are_worth_exactly_nothing(eur: float) -> None:
    assert appeal_of_money(eur, Relationship(response_amount=0.0)) == 0.0 == appeal_of_money(0.0, USUAL)
    assert appeal_of_money(eur, USUAL) > 0.0


@given(st.floats(0.01, 0.99), EUR, EUR)
def test_what_a_reward_does_rises_with_it_and_is_concave(bend: float, one: float, other: float) -> None:
    group = Relationship(reward_bend=bend)
    low, middle, high = sorted((one, (one + other) / 2.0, other))
    felt = [amount_felt(eur, eur, group) for eur in (low, middle, high)]
    assert felt[0] <= felt[1] * (1 + 1e-9) and felt[1] <= felt[2] * (1 + 1e-9)
    assert felt[1] >= (felt[0] + felt[2]) / 2.0 * (1 - 1e-9)


@given(EUR, EUR)
def test_what_pays_nothing_and_the_usual_reward_are_felt_as_they_are(amount: float, reward: float) -> None:
    assert amount_felt(amount, 0.0, USUAL) == amount == amount_felt(amount, USUAL.reward_usual, USUAL)
    assert amount_felt(amount, reward, Relationship(reward_bend=1.0)) == amount
    assert amount_felt(0.0, 0.0, USUAL) == 0.0


def taken(amount: float, **relationship: Any) -> float:
    """Return the share of our customers who take a reward of this amount in the first month."""
    rules = {"relationship": relationship}
    model = after(treating("loyalty_reward", {"loyalty_reward": {"amount": amount}}, rules=rules), 1)
    asked = model.signals["treatment"] > 0
    return float((model.signals["taken"][asked] == 1).mean())


def test_more_is_taken_by_more_and_the_amount_counts_only_if_it_may() -> None:
    shares = [taken(amount) for amount in (1.0, 30.0, 300.0)]
    assert shares[0] < shares[1] < shares[2]
    assert (shares[1] - shares[0]) / 29.0 > (shares[2] - shares[1]) / 270.0
    assert len({taken(amount, response_amount=0.0) for amount in (1.0, 300.0)}) == 1


# Messages that remind -----------------------------------------------------------------------------------------


@given(st.floats(1e-6, 1 - 1e-6), st.integers(0, 8), st.floats(0, 5), st.floats(0, 5))
def test_who_is_reminded_leaves_more_readily(theta: float, held: int, one: float, other: float) -> None:
    few, many = (leaves_within_year(theta, held, 0.0, 1, 0.0, more, Lifecycle()) for more in sorted((one, other)))
    assert few <= many
    odds = leaves_within_year(theta, 1, 0.0, 1, 0.0, one, Lifecycle())
    assert odds / (1 - odds) == pytest.approx(theta / (1 - theta) * np.exp(one), rel=1e-9)
    assert leaves_within_year(theta, 1, 0.0, 1, 0.0, 0.0, Lifecycle()) == theta


def test_a_reminder_wears_off_and_many_are_no_worse_than_one() -> None:
    note = {"note": {"extends": "line_increase", "line_factor": 1, "eligible": "ending == no", "reminds": 0.9}}
    model = after(treating("note", note), 3)
    long_here = (model.people["provider"] == US) & (model.people["tenure_months"] >= 3)
    now = model.signals["treatment"] > 0
    assert (long_here & now).sum() > 500 and set(model.people["reminded"][long_here & now].tolist()) == {0.9}
    once = USUAL.reminded_kept * np.float64(0.9)
    worn = set(model.people["reminded"][long_here & ~now].tolist())
    assert worn <= {0.0, once, USUAL.reminded_kept * once} and len(worn) > 1
    assert not model.people["reminded"][model.people["provider"] != US].any()


def leaving(reminds: float) -> NDArray[np.bool_]:
    """Return who of our first customers has left within three months in which all got a message that reminds."""
    note = {"note": {"extends": "line_increase", "line_factor": 1, "eligible": "ending == no", "reminds": reminds}}
    model = after(treating("note", note), 3)
    first = LifecycleModel(treating("note", note), seed=6).people["provider"] == US
    return np.asarray(first & (model.people["provider"][: len(first)] != US))


def test_messages_that_remind_make_more_leave() -> None:
    without, with_them = leaving(0.0), leaving(2.0)
    assert with_them.sum() > 1.5 * without.sum() > 0


def test_without_reminding_nobody_is_reminded() -> None:
    assert not after(treating("needs_review"), 4).people["reminded"].any()


# Clutter and lists --------------------------------------------------------------------------------------------


@given(st.floats(0.1, 1e6), st.integers(1, 100), st.integers(1, 100))
def test_clutter_takes_from_reading_and_boundless_attention_has_none(attention: float, one: int, other: int) -> None:
    few, many = sorted((one, other))
    assert reads(attention, few, Reach()) >= reads(attention, many, Reach())
    assert reads(1e12, many, Reach()) == pytest.approx(Reach().read_share, rel=1e-9)
    assert reads(float(one), one, Reach()) == pytest.approx(Reach().read_share / 2.0)


@given(st.integers(1, 24), st.integers(0, 2**40), st.integers(-600, 600), st.integers(0, 2**25))
def test_a_list_comes_to_everybody_once_in_its_months(rest: int, person: int, month: int, place: int) -> None:
    reach = Reach(rest_months=rest)
    turns = [turn_on_list(person, month + later, place, reach) for later in range(rest)]
    assert sorted(turns) == [0.0] * (rest - 1) + [float(rest)]


@settings(max_examples=20)
@given(st.integers(2, 6), st.integers(0, 2**25), st.integers(0, 2**25), st.integers(0, 2**40))
def test_two_lists_come_to_a_person_in_the_same_month_by_chance_alone(
    rest: int, one: int, two: int, first: int
) -> None:
    assume(one != two)
    reach, people = Reach(rest_months=rest), 4000
    turns = np.array([[turn_on_list(first + p, 0, place, reach) > 0.0 for p in range(people)] for place in (one, two)])
    for share, expected in ((turns[0].mean(), 1.0 / rest), ((turns[0] & turns[1]).mean(), 1.0 / rest**2)):
        assert abs(share - expected) <= 5.0 * np.sqrt(expected * (1.0 - expected) / people)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_unmet_is_what_is_sold_and_not_held(need: list[float], held: list[int]) -> None:
    everything, nothing = [1] * 4, [0] * 4
    total = sum(need)
    assert unmet_share(need, nothing, everything, 4) == (1.0 if total > 0 else 0.0)
    assert unmet_share(need, everything, everything, 4) == 0.0 == unmet_share(need, held, nothing, 4)
    other = [1 - one for one in held]
    assert unmet_share(need, held, everything, 4) + unmet_share(need, other, everything, 4) == pytest.approx(
        1.0 if total > 0 else 0.0
    )


def reaching(precision: float, rate: float = 0.5, **reach: Any) -> LifecycleModel:
    """Return a market that lived, in which nobody but us reaches out."""
    channel = {"contacts_per_person_per_month": rate, "cost_per_contact": 1.0, "precision": precision}
    rivals = {"bigbank": {"share": "35%", "quality": 0}}
    config = small_market(people=2000, rivals=rivals, rules={**LIVELY, "reach": {"read_share": 0.6, **reach}})
    config["us"]["acquisition"] = {"mail": channel}
    return after(config, 6)


def test_a_broadcast_knows_neither_score_nor_list() -> None:
    usual = reaching(0.0)
    for other in ({"rest_months": 0}, {"rest_months": 7}, {"score_unmet": -4, "score_episode": 5, "score_risk": 3}):
        assert first_difference(usual.people, reaching(0.0, **other).people) == ""
    assert first_difference(usual.people, reaching(1.0).people) != ""


def contacts_in_three_months(rest: int) -> float:
    """Return contacts for each person in three months of a channel that spends whatever it takes."""
    model = reaching(1.0, 50.0, rest_months=rest)
    contacts = 0
    for _ in range(3):
        model.step()
        contacts += int(model.totals.tally[0])
    return contacts / len(model.people)


def test_a_list_contacts_nobody_twice_before_its_months_are_over() -> None:
    """More than a third of all are our own customers, or gone."""
    assert 0.3 < contacts_in_three_months(3) <= 1.0
    assert 1.0 < contacts_in_three_months(1) <= 3.0 < contacts_in_three_months(0)


def cost_of_new(precision: float) -> float:
    """Return what a customer costs who was found by our channels, in a market where all reach out."""
    channel = {"budget_per_month": 900, "cost_per_contact": 1.0, "precision": precision}
    config = small_market(people=6000, rules={"reach": {"read_share": 0.4}})
    config["us"]["acquisition"] = {"mail": channel}
    model = LifecycleModel(config, seed=6)
    spent, joined = 0.0, 0
    for month in range(36):
        model.step()
        if month >= 6:
            spent += float(model.totals.ledger[US, ACQUISITION_COST]) / 100.0
            s = model.signals
            joined += int(((s["joined"] == 1) & (s["provider"] == US) & (s["source"] >= BY_CHANNEL)).sum())
    return spent / joined


def test_a_channel_that_targets_finds_customers_at_a_lower_cost() -> None:
    broadcast, some, much = (cost_of_new(precision) for precision in (0.0, 1.0, 3.0))
    assert some < 0.85 * broadcast and much < some
    assert broadcast - some > some - much  # with diminishing gain

"""The book with which a market begins: made by the rules that people live by, from then on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents import chance
from tenure.agents.month.accounts import bank
from tenure.agents.month.debts import draw_on_line, want_of, wanted_on_line
from tenure.agents.month.first import apply, begin
from tenure.agents.month.reading import application_score, luck, risk_above
from tenure.agents.person import PERSON, Person
from tenure.agents.rules import accounts
from tenure.agents.rules.credit import drawn_for_want
from tenure.agents.rules.rulebook import Rulebook, World
from tenure.agents.signal import SIGNAL, Signal
from tenure.simulation.engines.objects import as_object, as_row, as_world
from tenure.simulation.market.population import BEFORE_ALL, depths_at_opening
from tenure.simulation.model import LifecycleModel
from tests.markets import CARD, first_difference, markets, small_market


def opened(people: int = 200, **changes: Any) -> LifecycleModel:
    """Return a market before its first month."""
    us = {"premium_per_risk": 1.0, **changes.pop("us", {})}
    return LifecycleModel(small_market(people=people, us=us, **changes), seed=5)


def world_before(model: LifecycleModel) -> World:
    """Return what people met before the first month, as an object."""
    row = model.world.copy()
    row["now"]["month"] = BEFORE_ALL
    return as_world(row)


@settings(max_examples=15, deadline=None)
@given(markets(), st.integers(0, 99))
def test_one_person_s_book_by_plain_python_has_the_bits_of_everybody_s(config: dict[str, Any], seed: int) -> None:
    model = LifecycleModel(config, seed=seed)
    world, people = world_before(model), model.people.copy()
    signals = np.zeros(len(people), SIGNAL)
    bare = (
        "held",
        "balance_cents",
        "months_left",
        "line_cents",
        "first_line_cents",
        "premium",
        "depth",
        "stage",
        "tenure_months",
    )
    others, depths = 0, depths_at_opening(model.world)
    for row in range(0, len(people), 7):
        person = as_object(people[row], Person)
        years = (person.tenure_months + 0.5) / 12.0  # the part of a month tells only in who holds a further product
        if person.provider > 0:
            for name in bare:
                setattr(person, name, [0] * len(person.held) if PERSON[name].shape else 0)
            begin(person, years, depths, world)
        signal = as_object(signals[row], Signal)
        apply(person, signal, world)
        if person.held == people[row]["held"].tolist():
            people[row], signals[row] = as_row(person, PERSON), as_row(signal, SIGNAL)
            assert first_difference(people[row : row + 1], model.people[row : row + 1]) == ""
            assert first_difference(signals[row : row + 1], model.signals[row : row + 1]) == ""
        else:
            others += 1
    assert others <= 2


def test_balances_are_where_the_rules_would_take_them() -> None:
    """Who begins with what is wanted draws nothing in the first month and keeps the deposit, but for rounding.

    Want of liquidity was read before there were payments due on the card: with them it may draw a little more.
    """
    model = opened()
    world, moved, without = world_before(model), 0, 0
    for row in np.flatnonzero(model.people["provider"] > 0):
        person, before = as_object(model.people[row], Person), model.people["balance_cents"][row].tolist()
        if person.held[1]:
            for_want = drawn_for_want(want_of(person, world), 0, model.rules.credit)
            wanted = 100.0 * wanted_on_line(person, 1, for_want, world)
            assert 0 <= person.balance_cents[1] <= min(person.line_cents, wanted + 1)
            if for_want == 0.0:
                assert person.balance_cents[1] == pytest.approx(wanted, abs=1)
                draw_on_line(person, 0.0, world)
                without += 1
        assert person.balance_cents == pytest.approx(before, abs=1)
        if person.held[2]:
            person.episode_product, world.now = -1, world.now
            bank(person, as_object(model.signals[row], Signal), luck(person.id, chance.USE, world), world)
            moved += 1
            assert person.balance_cents[2] == pytest.approx(before[2], abs=1)
    assert moved > 20 and without > 20


def test_first_balances_depend_on_price_and_income_as_later_ones_do() -> None:
    """The first market's card debts once read neither."""
    dear = small_market()["products"] | {"card": CARD | {"apr": "25%"}}
    alone = {"draw_want": 0.0}  # want of liquidity draws whatever the price
    usual, dearer = opened(rules={"credit": alone}), opened(rules={"credit": alone}, products=dear)
    blind = opened(rules={"credit": {**alone, "utilisation_income": 0.0}})
    card = usual.people["balance_cents"][:, 1]
    drawn = card > 0
    assert drawn.sum() > 20
    ratio = dearer.people["balance_cents"][drawn, 1] / card[drawn]
    uncapped = blind.people["balance_cents"][:, 1] < blind.people["line_cents"]
    # a rate of 25 points instead of 19 and what each pays for risk, at most
    elasticity = usual.rules.credit.rate_elasticity
    assert (ratio <= 1.0).all() and ratio.min() > (25.0 / 19.0) ** elasticity - 0.01
    rich = usual.people["income"] > usual.rules.accounts.income_median
    less, more = drawn & rich & uncapped, drawn & ~rich & uncapped
    assert (card[less] < blind.people["balance_cents"][less, 1]).all()
    assert (card[more] >= blind.people["balance_cents"][more, 1]).all()


def test_lines_loans_and_premiums_are_what_is_granted() -> None:
    model = opened()
    world, group = world_before(model), model.rules.accounts
    old = 0
    for row in np.flatnonzero(model.people["provider"] > 0):
        person = as_object(model.people[row], Person)
        size = [accounts.typical_size(world.products[k].amount, person.income, group) for k in range(2)]
        if person.held[1]:
            line = accounts.granted(size[1], risk_above(person, world), group)
            assert person.line_cents == person.first_line_cents == pytest.approx(100.0 * line, abs=1)
        if person.held[0]:
            assert 1 <= person.months_left[0] <= 60
            assert 0 < person.balance_cents[0] <= 100.0 * size[0] * 1.5 * group.lent_most + 1
            old += person.months_left[0] < 12
        if person.held[0] or person.held[1]:
            score = application_score(person, person.provider, world)
            per_risk = world.offers[person.provider].premium_per_risk
            assert person.premium == accounts.price_for_risk(per_risk, score - model.rules.credit.average_risk, group)
    assert old > 5


def test_who_has_no_provider_has_no_book() -> None:
    model = opened()
    nobody = model.people[model.people["provider"] == 0]
    assert len(nobody) > 20
    for name in ("held", "balance_cents", "months_left", "line_cents", "premium", "depth", "tenure_months", "stage"):
        assert not nobody[name].any(), name


def test_every_customer_holds_something_that_the_provider_sells() -> None:
    us = {"products": ["card", "savings"]}
    model = opened(us=us)
    ours = model.people[model.people["provider"] == 1]
    assert (ours["held"].sum(axis=1) >= 1).all() and not ours["held"][:, 0].any()


def test_the_longer_with_a_provider_the_deeper_and_the_more_products() -> None:
    model = opened(people=3000)
    people = model.people[model.people["provider"] > 0]
    years = people["tenure_months"] / 12.0
    young, old = people[years < 1.0], people[years > 8.0]
    assert young["held"].sum(axis=1).mean() + 0.3 < old["held"].sum(axis=1).mean()
    assert young["depth"].mean() + 0.05 < old["depth"].mean()
    # nobody is deeper than products allow at a satisfaction of 0, nor shallower than at the start
    group = Rulebook().relationship
    held = people["held"].sum(axis=1)
    potential = 1.0 / (1.0 + np.exp(-(group.potential + group.potential_per_product * held)))
    assert (people["depth"] <= np.maximum(potential, group.depth_start) + 1e-12).all()
    assert (people["depth"] >= group.depth_start - 1e-12).all()


def test_stages_follow_the_tenure() -> None:
    people = opened(people=1000, rules={"opening": {"acquisition_months": 12, "growth_months": 36}}).people
    own = people["provider"] > 0
    tenure = people["tenure_months"][own]
    assert np.array_equal(people["stage"][own], np.select([tenure < 12, tenure < 36], [0, 1], 2))

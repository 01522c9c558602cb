"""Before the first month: the customers with whom the market begins, made by the rules that they will live by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents import chance
from tenure.agents.compiling import compiled
from tenure.agents.declaring import rule
from tenure.agents.mathematics.formulas import cents
from tenure.agents.month.accounts import open_product
from tenure.agents.month.birth import born, luck_at_birth
from tenure.agents.month.choosing import enter, first_product
from tenure.agents.month.debts import pay_level, want_of, wanted_on_line
from tenure.agents.month.live import show_accounts
from tenure.agents.month.reading import held_products, luck
from tenure.agents.offer import Product
from tenure.agents.person import GROWTH, NOBODY, Person
from tenure.agents.rules import accounts, credit, relationship
from tenure.agents.rules.population import (
    LONGEST_YEARS,
    Birth,
    holds_at_opening,
    provider_at_opening,
    stage_at_opening,
    stayed_at_opening,
    years_at_opening,
)
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import Signal


@rule
def begin(person: Person, years: float, depths: Sequence[Sequence[float]], world: World) -> None:
    """A customer of so many years' standing: products, lines, balances, depth and stage."""
    if person.provider == NOBODY:
        return
    enter(person, person.provider, world)
    person.tenure_months = int(12.0 * years)
    u, _, _, _ = luck(person.id, chance.ORIGIN, world, 0, 1)
    first = first_product(person, person.provider, u, world)
    for k in range(world.product_count):
        u, v, term, lived = luck(person.id, chance.ORIGIN, world, 0, 2 + k)
        further = world.offers[person.provider].sells[k] == 1 and u < holds_at_opening(
            person.need[k], years, person.attachment, world.rules.opening
        )
        if k == first or further:
            open_product(person, k, term, v, world)
            run_off(person, k, lived, world)
    deepen(person, depths, world)
    for k in range(world.product_count):
        if person.held[k] == 1 and world.products[k].draws == 1:
            for_want = credit.drawn_for_want(want_of(person, world), 0, world.rules.credit)
            person.balance_cents[k] = cents(wanted_on_line(person, k, for_want, world))
        elif person.held[k] == 1 and world.products[k].keeps_deposits == 1:
            amount = world.products[k].amount
            person.balance_cents[k] = cents(
                accounts.deposit_wanted(amount, person.income, person.depth, world.rules.accounts)
            )


@rule
def run_off(person: Person, k: int, lived: float, world: World) -> None:
    """A loan is somewhere in its term, and was paid back until then; it is no older than the relationship."""
    if world.products[k].amortises == 1:
        for _ in range(min(int(lived * person.months_left[k]), person.tenure_months)):
            pay_level(person, k)


@rule
def deepen(person: Person, depths: Sequence[Sequence[float]], world: World) -> None:
    """Share of wallet and stage after the months with the provider; `depths` by products held and months."""
    person.depth = depths[held_products(person)][person.tenure_months]
    person.stage = stage_at_opening(person.tenure_months, world.rules.opening)


@rule
def depth_after(depth: float, months: int, held: int, world: World) -> float:
    """Share of wallet a month later, of a customer of so many months with so many products, at a satisfaction of 0."""
    group = world.rules.relationship
    potential = relationship.depth_potential(held, 0.0, group)
    growing = stage_at_opening(months, world.rules.opening) == GROWTH
    return relationship.depth_next(depth, potential, growing, False, group)


@rule
def apply(person: Person, signal: Signal, world: World) -> None:
    """What institutions see before the first month: everybody's application and accounts."""
    signal.person_id, signal.trace = person.id, -1
    signal.provider, signal.before = person.provider, person.provider
    signal.tenure_months = person.tenure_months
    if person.provider > NOBODY:
        signal.joined = 1
        show_accounts(person, signal, world)


@rule
def first_person(
    person: Person,
    shares_up_to: Sequence[float],
    tenures_up_to: Sequence[float],
    depths: Sequence[Sequence[float]],
    products: Sequence[Product],
    birth: Birth,
    world: World,
) -> None:
    """A person with whom the market begins: main provider by share, tenure, traits, and the book of such a customer."""
    u, v, w, _ = luck_at_birth(person, chance.ORIGIN, 0, birth)
    provider = provider_at_opening(u, shares_up_to)
    years = years_at_opening(v, tenures_up_to) if provider > NOBODY else 0.0
    born(person, years, products, birth)
    person.provider, person.months_since_use = provider, 1
    if w < birth.traits.loyal_share:
        person.loyal_to = provider
    begin(person, years, depths, world)


@compiled
def first_each(
    people: NDArray[np.void],
    first_id: int,
    shares_up_to: Sequence[float],
    tenures_up_to: Sequence[float],
    depths: Sequence[Sequence[float]],
    products: Sequence[Product],
    births: Sequence[Birth],
    worlds: Sequence[World],
) -> None:
    """Make the people with whom the market begins, with ids one after the other."""
    for row in range(len(people)):
        people[row].id = first_id + row
        first_person(people[row], shares_up_to, tenures_up_to, depths, products, births[0], worlds[0])


@compiled
def add_up_tenures(up_to: NDArray[np.float64], births: Sequence[Birth]) -> None:
    """Write which share of a steady book has been there up to each of equally distant tenures: trapezoids."""
    steps, stayed = len(up_to) - 1, 1.0
    up_to[0] = 0.0
    for i in range(1, steps + 1):
        before, stayed = stayed, stayed_at_opening(i * (LONGEST_YEARS / steps), births[0])
        up_to[i] = up_to[i - 1] + 0.5 * (before + stayed)
    for i in range(1, steps + 1):
        up_to[i] /= up_to[steps]


@compiled
def add_up_depths(depths: NDArray[np.float64], worlds: Sequence[World]) -> None:
    """Write the share of wallet by products held and months with the provider, month by month."""
    for held in range(depths.shape[0]):
        depths[held, 0] = worlds[0].rules.relationship.depth_start
        for months in range(1, depths.shape[1]):
            depths[held, months] = depth_after(depths[held, months - 1], months - 1, held, worlds[0])


@compiled
def apply_each(people: NDArray[np.void], signals: NDArray[np.void], worlds: Sequence[World]) -> None:
    """Make everybody's first signal."""
    for row in range(len(people)):
        apply(people[row], signals[row], worlds[0])

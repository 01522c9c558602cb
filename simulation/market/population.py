"""People at the start of burn-in, and cohorts of newcomers: the same people under every policy."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tenure.agents.month.birth import born_each
from tenure.agents.month.first import add_up_depths, add_up_tenures, apply_each, first_each
from tenure.agents.offer import Now, Product
from tenure.agents.person import PERSON
from tenure.agents.rules.population import LONGEST_YEARS, Birth, Traits
from tenure.agents.rules.rulebook import Rulebook, World, dtype_like
from tenure.agents.signal import SIGNAL
from tenure.simulation.market.growing import rows_with_capacity
from tenure.simulation.market.rows import life_events
from tenure.simulation.settings.market import MarketSettings

COHORT_OF_MONTH_0 = 1_000_000
TENURES = 501
"""Tenures, from none to the longest, between which the share of a first book is taken to grow evenly."""
BEFORE_ALL = -1_000_000
"""Month of the luck by which the first people's past is drawn: no month that is lived comes near."""
BIRTH = dtype_like(Birth(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, Traits()))
Rows = NDArray[np.void]
InChunks = Callable[[int, Callable[[slice], None]], object]
"""Does work for so many rows, chunk by chunk, on as many threads as there are."""


def newcomers(
    settings: MarketSettings,
    rules: Rulebook,
    products: Rows,
    month: int,
    seed: int,
    replication: int,
) -> Rows:
    """Return the cohort that enters the market this month; how many depends on the month alone."""
    per_month = settings.world.newcomers_per_year * settings.people / 12.0
    count = int(np.floor(per_month * (month + 10_000) + 0.5) - np.floor(per_month * (month + 9_999) + 0.5))
    people = np.zeros(count, PERSON)
    first_id = (month + COHORT_OF_MONTH_0) << 32
    born_each(people, first_id, cast(Sequence[Product], products), _birth(settings, rules, seed, replication))
    return people


def first_people(
    settings: MarketSettings,
    rules: Rulebook,
    world: np.void,
    seed: int,
    replication: int,
    in_chunks: InChunks,
) -> Rows:
    """Return the market before burn-in: providers by share, tenures of a book in which unlikely leavers have stayed.

    Their products, lines, balances, depth and stage are what the rules of the month make of such a tenure.
    """
    people, births = rows_with_capacity(settings.people, PERSON), _birth(settings, rules, seed, replication)
    products = cast(Sequence[Product], world["products"][: world["product_count"]])
    shares, up_to = cast(Sequence[float], _shares_up_to(settings)), np.empty(TENURES)
    add_up_tenures(up_to, births)
    tenures, depths = cast(Sequence[float], up_to), depths_at_opening(world)

    def work(part: slice) -> None:
        worlds = _before_all(world, seed, replication)
        first_each(people[part], part.start + 1, shares, tenures, depths, products, births, worlds)

    in_chunks(len(people), work)
    return people


def depths_at_opening(world: np.void) -> Sequence[Sequence[float]]:
    """Return the share of wallet of first customers, by products held and whole months with the provider."""
    depths = np.empty((int(world["product_count"]) + 1, int(12.0 * LONGEST_YEARS) + 1))
    add_up_depths(depths, cast(Sequence[World], np.repeat(np.asarray(world), 1)))
    return cast(Sequence[Sequence[float]], depths)


def first_signals(people: Rows, world: np.void, seed: int, replication: int, in_chunks: InChunks) -> Rows:
    """Return what institutions see before the first month: everybody's application and accounts."""
    signals = rows_with_capacity(len(people), SIGNAL)

    def work(part: slice) -> None:
        apply_each(people[part], signals[part], _before_all(world, seed, replication))

    in_chunks(len(people), work)
    return signals


def _birth(settings: MarketSettings, rules: Rulebook, seed: int, replication: int) -> Sequence[Birth]:
    """Return what people are born under, as one row for compiled rules."""
    alpha, beta, events = rules.lifecycle.leave_alpha, rules.lifecycle.leave_beta, life_events(rules)
    births = np.zeros(1, BIRTH)
    spread = (rules.needs.event_sd, events.coming_sd, events.correlation)
    births[0] = Birth(seed, replication, alpha, beta, *spread, settings.population())
    return cast(Sequence[Birth], births)


def _before_all(world: np.void, seed: int, replication: int) -> Sequence[World]:
    """Return what people met before the first month, as one row: the market as it is, in no month that is lived."""
    worlds = np.repeat(np.asarray(world), 1)
    worlds[0]["now"] = Now(seed, replication, BEFORE_ALL, 0.0, 0.0, 0.0, 0.0, 0.0)
    return cast(Sequence[World], worlds)


def _shares_up_to(settings: MarketSettings) -> NDArray[np.float64]:
    """Return the shares of institutions at the start, added up."""
    bounds = np.cumsum([one.share for one in settings.institutions().values()])
    if bounds[-1] > 1.0 - 1e-9:
        bounds[-1] = 1.0
    return np.asarray(bounds, np.float64)

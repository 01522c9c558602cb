"""People at the start of burn-in, and cohorts of newcomers: the same people under every policy."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tenure.agents.chance import ORIGIN, address, draw4_each
from tenure.agents.month.first import apply_each, begin_each
from tenure.agents.offer import Now
from tenure.agents.person import PERSON
from tenure.agents.rules.population import born
from tenure.agents.rules.rulebook import Rulebook, World
from tenure.agents.signal import SIGNAL
from tenure.simulation.market.growing import room_for
from tenure.simulation.settings.market import MarketSettings

COHORT_OF_MONTH_0 = 1_000_000
LONGEST_TENURE_YEARS = 25.0
BEFORE_ALL = -1_000_000
"""Month of the luck by which the first people's past is drawn: no month that is lived comes near."""
Rows = NDArray[np.void]


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
    ids = ((month + COHORT_OF_MONTH_0) << 32) | np.arange(count, dtype=np.int64)
    leave = (rules.lifecycle.leave_alpha, rules.lifecycle.leave_beta)
    return born(ids, seed, replication, settings.population(), leave, products, rules.needs.event_sd)


def first_people(
    settings: MarketSettings,
    rules: Rulebook,
    world: np.void,
    seed: int,
    replication: int,
) -> Rows:
    """Return the market before burn-in: providers by share, tenures of a book in which unlikely leavers have stayed.

    Their products, lines, balances, depth and stage are what the rules of the month make of such a tenure.
    """
    ids = np.arange(1, settings.people + 1, dtype=np.int64)
    u = draw4_each(seed, replication, ids, 0, address(ORIGIN))
    provider = _providers(settings, u[0])
    alpha, beta = rules.lifecycle.leave_alpha, rules.lifecycle.leave_beta
    years = np.where(provider > 0, _tenures(u[1], alpha, beta), 0.0)
    population = settings.population()
    products = world["products"][: world["product_count"]]
    people = room_for(len(ids), PERSON)
    people[:] = born(ids, seed, replication, population, (alpha, beta), products, rules.needs.event_sd, years)
    people["provider"], people["months_since_use"] = provider, 1
    people["loyal_to"] = np.where((u[2] < population.loyal_share) & (provider > 0), provider, 0)
    begin_each(people, years, _before_all(world, seed, replication))
    return people


def first_signals(people: Rows, world: np.void, seed: int, replication: int) -> Rows:
    """Return what institutions see before the first month: everybody's application and accounts."""
    signals = room_for(len(people), SIGNAL)
    apply_each(people, signals, _before_all(world, seed, replication))
    return signals


def _before_all(world: np.void, seed: int, replication: int) -> World:
    """Return what people met before the first month: the market as it is, in no month that is lived."""
    made = world.copy()
    made["now"] = Now(seed, replication, BEFORE_ALL, 0.0, 0.0, 0.0, 0.0, 0.0)
    return cast(World, made)  # a row, which compiled rules read by the names of its fields


def _providers(settings: MarketSettings, u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Who banks where at the start: by inverse distribution function of the shares."""
    shares = [one.share for one in settings.institutions().values()]
    bounds = np.cumsum(shares)
    if bounds[-1] > 1.0 - 1e-9:
        bounds[-1] = 1.0
    at = np.searchsorted(bounds, u, side="right") + 1
    return np.where(at > len(shares), 0, at).astype(np.int64)


def _tenures(u: NDArray[np.float64], alpha: float, beta: float) -> NDArray[np.float64]:
    """Years with the provider in a steady book: density in proportion to shifted-beta-geometric survival."""
    grid = np.linspace(0.0, LONGEST_TENURE_YEARS, 501)
    survival = np.exp(special.betaln(alpha, beta + grid) - special.betaln(alpha, beta))
    cumulative = np.concatenate([[0.0], np.cumsum((survival[1:] + survival[:-1]) / 2.0)])
    return np.asarray(np.interp(u, cumulative / cumulative[-1], grid))

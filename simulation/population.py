"""People at the start of burn-in, and cohorts of newcomers: the same people under every policy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agents.belief import SIGNAL
from agents.chance import APPLICATION, ORIGIN, address, draw4_each
from agents.market import DEPOSIT, INSTALMENT, REVOLVING
from agents.month_accounts import MEDIAN_INCOME
from agents.person import ACQUISITION, GROWTH, MATURITY
from agents.rulebook import Rulebook
from agents.traits import born
from simulation.settings import MarketSettings

COHORT_OF_MONTH_0 = 1_000_000
LONGEST_TENURE_YEARS = 25.0


def newcomers(
    settings: MarketSettings,
    rules: Rulebook,
    kinds: NDArray[np.int64],
    month: int,
    seed: int,
    replication: int,
) -> NDArray[Any]:
    """Return the cohort that enters the market this month; how many depends on the month alone."""
    per_month = settings.world.newcomers_per_year * settings.people / 12.0
    count = int(np.floor(per_month * (month + 10_000) + 0.5) - np.floor(per_month * (month + 9_999) + 0.5))
    ids = ((month + COHORT_OF_MONTH_0) << 32) | np.arange(count, dtype=np.int64)
    leave = (rules.lifecycle.leave_alpha, rules.lifecycle.leave_beta)
    return born(ids, seed, replication, settings.population(), leave, kinds, rules.needs.event_sd)


def first_people(
    settings: MarketSettings,
    rules: Rulebook,
    offers: NDArray[Any],
    products: NDArray[Any],
    seed: int,
    replication: int,
) -> NDArray[Any]:
    """Return the market before burn-in: providers by share, tenures of a book in which unlikely leavers have stayed."""
    ids = np.arange(1, settings.people + 1, dtype=np.int64)
    u = draw4_each(seed, replication, ids, 0, address(ORIGIN))
    provider = _providers(settings, u[0])
    alpha, beta = rules.lifecycle.leave_alpha, rules.lifecycle.leave_beta
    years = np.where(provider > 0, _tenures(u[1], alpha, beta), 0.0)
    people = born(ids, seed, replication, settings.population(), (alpha, beta), products["kind"],
                  rules.needs.event_sd, years)  # fmt: skip
    people["provider"] = provider
    people["tenure_months"] = np.floor(12.0 * years).astype(np.int64)
    people["stage"] = np.select([years < 0.25, years < 1.5], [ACQUISITION, GROWTH], MATURITY)
    people["stage"][provider == 0] = ACQUISITION
    people["depth"] = np.where(provider > 0, np.clip(rules.relationship.depth_start + 0.08 * years, 0.0, 0.6), 0.0)
    people["expectation"] = np.where(provider > 0, offers["service"][provider], 0.0)
    people["months_since_use"] = 1
    loyal = settings.population().loyal_share
    people["loyal_to"] = np.where((u[2] < loyal) & (provider > 0), provider, 0)
    _hold_products(people, years, offers, products, rules, seed, replication)
    return people


def extended(rows: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Return rows followed by more; room is kept at the end, so that few months copy everything."""
    n, whole = len(rows), rows.base
    if not (isinstance(whole, np.ndarray) and whole.dtype == rows.dtype and len(whole) >= n + len(more)):
        whole = np.empty(n + max(len(more), n // 8), rows.dtype)
        whole[:n] = rows
    whole[n : n + len(more)] = more
    return np.asarray(whole[: n + len(more)])


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


def _hold_products(
    people: NDArray[Any], years: NDArray[np.float64], offers: NDArray[Any], products: NDArray[Any],
    rules: Rulebook, seed: int, replication: int,
) -> None:  # fmt: skip
    """Products, lines and balances at the start: one by need, further ones the likelier the longer the tenure."""
    n, ids = len(products), people["id"]
    customer = people["provider"] > 0
    sells = offers["sells"][people["provider"]][:, :n] * customer[:, None]
    weight = people["need"][:, :n] * sells
    luck = draw4_each(seed, replication, ids, 1, address(ORIGIN))
    bounds = np.cumsum(weight, axis=1)
    first = (luck[0][:, None] * bounds[:, -1:] >= bounds).sum(axis=1)
    more = 0.65 * (1.0 - np.exp(-years / 6.0))
    size = np.clip(people["income"] / MEDIAN_INCOME, 0.3, 3.0)
    for k in range(n):
        u = draw4_each(seed, replication, ids, 2 + k, address(ORIGIN))
        held = (sells[:, k] == 1) & ((first == k) | (u[0] < more * people["need"][:, k]))
        people["held"][:, k] = held
        amount = products[k]["amount"] * size
        if products[k]["kind"] == REVOLVING:
            above = people["risk_trait"] + people["risk_event"] - rules.credit.average_risk
            line = np.floor(100.0 * amount * np.clip(1.0 - 0.25 * above, 0.3, 1.5)).astype(np.int64)
            people["line_cents"] = people["first_line_cents"] = np.where(held, line, 0)
            wanted = np.clip(rules.credit.utilisation + rules.credit.utilisation_need * people["need"][:, k], 0.0, 1.0)
            balance = np.minimum(np.floor(line * wanted), line).astype(np.int64)
        elif products[k]["kind"] == INSTALMENT:
            term = products[k]["longest_months"]
            people["months_left"][:, k] = np.where(held, 1 + np.floor(u[1] * term), 0)
            balance = np.floor(100.0 * amount * u[1]).astype(np.int64) + 1
        elif products[k]["kind"] == DEPOSIT:
            balance = np.floor(100.0 * products[k]["amount"] * people["income"] / MEDIAN_INCOME * 2.0 * people["depth"])
        else:
            balance = np.zeros(len(people))
        people["balance_cents"][:, k] = np.where(held, balance, 0)


def first_signals(
    people: NDArray[Any], offers: NDArray[Any], products: NDArray[Any], seed: int, replication: int
) -> NDArray[Any]:
    """What institutions see before the first month: everybody's application and accounts."""
    signals = np.zeros(len(people), SIGNAL)
    signals["person_id"], signals["provider"] = people["id"], people["provider"]
    signals["before"], signals["joined"] = people["provider"], (people["provider"] > 0).astype(np.int64)
    signals["trace"] = -1
    for name in ("tenure_months", "age_years", "income", "held", "line_cents", "months_past_due", "vulnerable"):
        signals[name] = people[name]
    n = len(products)
    credit = np.isin(products["kind"], (INSTALMENT, REVOLVING))
    balances = people["balance_cents"][:, :n]
    signals["credit_cents"] = balances[:, credit].sum(axis=1)
    signals["deposit_cents"] = balances[:, ~credit].sum(axis=1)
    signals["revolving_cents"] = balances[:, products["kind"] == REVOLVING].sum(axis=1)
    for j in range(1, len(offers)):
        own = people["provider"] == j
        word = (APPLICATION << 25) | int(offers[j]["word"])
        z = special.ndtri(draw4_each(seed, replication, people["id"][own], 0, word)[0])
        signals["application_score"][own] = (
            people["risk_trait"][own] + people["risk_event"][own] + offers[j]["score_noise"] * z
        )
    return signals

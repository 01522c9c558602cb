"""Patterns of leaving: satisfaction, idleness, products held, what keeps a customer, and what a year brings."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import ACQUISITION_COST
from tenure.agents.person import CHARGED_OFF, NOBODY
from tenure.experiments.evidence.patterns.lives import (
    Figures,
    Lives,
    Measure,
    Sends,
    Start,
    by_group,
    log_odds,
    of_base,
    quantile_groups,
    ratio,
)
from tenure.simulation.model import LifecycleModel

STARTS = (0, 12, 24, 36, 48)
"""Months at which customers are looked at for the twelve months ahead."""
LONG_IDLE = 6
"""Months without use that count as long."""


def by_satisfaction(lives: Lives) -> Figures:
    """Return the share leaving by choice within twelve months, by fifth of satisfaction at the start."""
    shares = []
    for first in STARTS:
        there = np.flatnonzero(lives.customers(first))
        fifth = quantile_groups(lives["satisfaction"][first][there], 5)
        shares.append(by_group(lives.leaving(first, 12)[there], fifth, 5))
    mean = np.mean(shares, axis=0)
    found = {f"leaving_fifth_{one + 1}": float(mean[one]) for one in range(5)}
    found["leaving_bottom_over_top"] = ratio(float(mean[0]), float(mean[4]))
    found["leaving_least_step"] = min(ratio(float(mean[0]), float(mean[2])), ratio(float(mean[2]), float(mean[4])))
    return found


def by_idleness(lives: Lives) -> Figures:
    """Return how many times as many of the idle leave by choice within twelve months as of the active."""
    idle, active = [], []
    for first in STARTS:
        there, leaves = lives.customers(first), lives.leaving(first, 12)
        months = lives["idle"][first]
        idle.append(leaves[there & (months > LONG_IDLE)])
        active.append(leaves[there & (months <= 1)])
    left = [float(np.mean(np.concatenate(group))) for group in (idle, active)]
    return {"leaving_idle": left[0], "leaving_active": left[1], "leaving_idle_over_active": ratio(left[0], left[1])}


def by_products(lives: Lives) -> Figures:
    """Return leavers a year by products held the month before, all ways out, and the cross-section's slope.

    The slope is that of the log-odds of leaving by choice within 24 months, from one product to four or more.
    """
    there = lives["before"][1:] > NOBODY
    held = np.minimum(lives["products_before"][1:], 4)[there].astype(np.int64)
    rates = 12.0 * by_group((lives["cause"][1:] > 0)[there], held, 5)
    found = {f"attrition_{k}_products": float(rates[k]) for k in range(1, 5)}
    leaves, there_now = lives.leaving(0, 24), lives.customers(0)
    held_now = np.minimum(lives["products"][0], 4)[there_now].astype(np.int64)
    shares = by_group(leaves[there_now], held_now, 5)
    return found | {"products_slope": (log_odds(float(shares[4])) - log_odds(float(shares[1]))) / 3.0}


def forced_cross_sell(start: Start) -> Figures:
    """Return what one further product does to leaving, given to everybody who lacks one, against the cross-section.

    A product that neither lends nor asks a decision (an account, savings) is opened for every customer of at most
    three products who lacks it; leaving by choice within 24 months against the world without it, as log-odds.
    """
    base = start.twin
    free = [k for k, one in enumerate(start.settings.products.values()) if one.kind in ("fee", "deposit")]
    given: list[NDArray[np.int64]] = []
    other = start.lives(24, touch=give_product(free, given))
    if not given or not len(given[0]):
        return {"products_effect": float("nan"), "products_effect_share": float("nan")}
    rows = given[0]
    with_it, without = (float(one.leaving(0, 24)[rows].mean()) for one in (other, base))
    effect = log_odds(with_it) - log_odds(without)
    cross = by_products(base)["products_slope"]
    return {"products_effect": effect, "products_effect_share": ratio(effect, cross)}


def give_product(products: list[int], given: list[NDArray[np.int64]]) -> Callable[[LifecycleModel], None]:
    """Return what opens the first of these products that somebody lacks; it notes the rows of who got one."""

    def touch(model: LifecycleModel) -> None:
        people = model.people
        held = people["held"][:, : len(model.products)]
        may = (people["provider"] > NOBODY) & (people["ending"] == 0) & (held.sum(axis=1) > 0)
        got = np.zeros(len(people), np.bool_)
        for k in products:
            sold = model.offers["sells"][np.maximum(people["provider"], 0), k] == 1
            rows = np.flatnonzero(may & ~got & (held[:, k] == 0) & sold)
            people["held"][rows, k] = 1
            got[rows] = True
        given.append(np.flatnonzero(got))

    return touch


SAVING_AMOUNTS = (10.0, 30.0, 100.0, 300.0)
"""EUR of a reward for staying."""


def save_rates(start: Start) -> Figures:
    """Return the save rate of offers to stay, by amount, and the best of them.

    Of those who would leave by choice within three months in the world without an offer, and accept the offer, the
    share who are there after twelve months.
    """
    base, found = start.twin, Figures()
    would = base.leaving(0, 3)
    for amount in SAVING_AMOUNTS:
        other = start.lives(12, Sends("loyalty_reward", (0,), amount))
        accepted = would & (other["taken"][1] == 1)
        saved = other.stayed(0, 12)
        found[f"accepted_{amount:g}"] = ratio(float(accepted.sum()), float(would.sum()))
        found[f"save_rate_{amount:g}"] = ratio(float((accepted & saved).sum()), float(accepted.sum()))
    rates = [found[f"save_rate_{amount:g}"] for amount in SAVING_AMOUNTS]
    return found | {"save_rate_best": max(rates)}


YEARS = 5
LOSS_GIVEN_DEFAULT = 0.85
"""Part of a charged-off balance that is lost (Basel's LGD of a qualifying revolving exposure)."""


def profit_by_year(start: Start) -> Figures:
    """Return profit of a card customer by year: what acquiring one costs, then margin less charge-offs, EUR.

    Those who join in the first twelve months and have a card are followed; each year is an average over those who
    are there when it begins. Before the first year stands the channels' cost of a new customer.
    """
    base = start.base
    joined = (base["joined"][1:13] == 1) & (base["provider"][1:13] > NOBODY)
    month = np.where(joined.any(axis=0), joined.argmax(axis=0) + 1, 0)
    rows = np.flatnonzero(month > 0)
    cost = -base.postings[:12, 1:, ACQUISITION_COST].sum()
    found = {"profit_year_0": -ratio(float(cost), float(joined.sum()))}
    lost = np.where(base["cause"][1:] == CHARGED_OFF, LOSS_GIVEN_DEFAULT * base["credit"][:-1], 0.0)
    gained = base["margin"][1:] - lost
    years: list[list[float]] = [[] for _ in range(YEARS)]
    for row in rows:
        first, provider = month[row], base["provider"][month[row], row]
        if base["line"][first : first + 2, row].max() <= 0:
            continue
        for year in range(YEARS):
            at = first + 12 * year
            if at >= base.months or base["provider"][at, row] != provider:
                break
            ours = base["before"][at + 1 : at + 13, row] == provider
            years[year].append(float(gained[at : at + 12, row][ours].sum()))
    for year, sums in enumerate(years, start=1):
        found[f"profit_year_{year}"] = float(np.mean(sums)) if sums else float("nan")
    return found


def later_profit(means: Figures) -> Figures:
    """Return, of figures averaged over replications, profit of the last year followed over that of the first."""
    return {"profit_last_over_first": ratio(means[f"profit_year_{YEARS}"], means["profit_year_1"])}


def unprofitable_cross_buyers(start: Start) -> Figures:
    """Return the share of those who buy a further product whose margin less charge-offs is below 0 in three years."""
    base = start.base
    more = (base["products"][1:25] > base["products_before"][1:25]) & (base["products_before"][1:25] > 0)
    more &= base["before"][1:25] == base["provider"][1:25]
    month = np.where(more.any(axis=0), more.argmax(axis=0) + 1, 0)
    rows = np.flatnonzero(month > 0)
    lost = np.where(base["cause"][1:] == CHARGED_OFF, LOSS_GIVEN_DEFAULT * base["credit"][:-1], 0.0)
    gained = base["margin"][1:] - lost
    sums = []
    for row in rows:
        first, provider = month[row], base["provider"][month[row], row]
        window = slice(first, first + 36)
        sums.append(float(gained[window, row][base["before"][1:][window, row] == provider].sum()))
    return {"unprofitable_cross_buyers": float(np.mean(np.array(sums) < 0.0)) if sums else float("nan")}


def shares_of_ways_out(lives: Lives) -> Figures:
    """Return how much of leaving is by choice, and the largest relative change of an institution in five years."""
    out = lives["cause"][1:]
    left = (out > 0).sum()
    chosen = sum(int(lives.leaving(first, 12).sum()) for first in STARTS)
    providers = range(1, lives.postings.shape[1])
    sizes = [[float((lives["provider"][m] == j).sum()) for j in providers] for m in (0, 60)]
    change = max(abs(ratio(after, before) - 1.0) for before, after in zip(*sizes, strict=True))
    alive = [float((lives["provider"][m] >= NOBODY).sum()) for m in (0, 60)]
    shares = [ratio(b, alive[1]) - ratio(a, alive[0]) for a, b in zip(*sizes, strict=True)]
    return {
        "left_in_all": float(left),
        "left_by_choice_per_year": chosen / sum(float(lives.customers(first).sum()) for first in STARTS),
        "largest_change": change,
        "largest_change_of_share": max(map(abs, shares)),
    }


MEASURES: tuple[Measure, ...] = (
    of_base(by_satisfaction),
    of_base(by_idleness),
    of_base(by_products),
    of_base(shares_of_ways_out),
    forced_cross_sell,
    save_rates,
    profit_by_year,
    unprofitable_cross_buyers,
)
"""All of this family."""

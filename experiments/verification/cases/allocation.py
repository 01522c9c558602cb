"""Known answers about dividing money: between prospects, between segments, and between customers under a budget."""

import gc
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import CREDIT_LOSS
from tenure.agents.offer import US
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.letting_go import CONTACT, PURCHASE
from tenure.experiments.verification.cases.rows import Row, compare, market, recorded, series
from tenure.policies.structure.program import Program, Resource, Structure, solve
from tenure.simulation.model import LifecycleModel

Numbers = NDArray[np.float64]

# What to spend on a prospect --------------------------------------------------------------------------------

CEILING, EUR_PER_CONTACT, MARGIN = 0.4, 20.0, 200.0
BEST_SPEND = 27.7259
"""ln(c k m) / k with c = .4, k = 1/20, m = 200: 20 ln 4 (Blattberg & Deighton 1996)."""
SPENDS = (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6)
"""Tried, as parts of the best spend."""


def acquisition(people: int = 50_000, seed: int = 1) -> list[Row]:
    """Share acquired by spend, c (1 - exp(-k A)); the best spend found by search; what its last EUR earns.

    The margin of a customer is the fee that the books of the month after joining tell, the cost what they tell of
    the month before; everybody keeps the same luck while the spend is tried.
    """
    rows, profits = [], {}
    for part in SPENDS:
        spend = part * BEST_SPEND
        acquired, profit = _campaign(spend, people, seed)
        a = CEILING * -math.expm1(-spend / EUR_PER_CONTACT)
        error = math.sqrt(a * (1.0 - a) / people)
        rows.append(compare("acquisition", f"share acquired at {spend:.2f} EUR", a, acquired, error))
        profits[spend] = profit
    best = max(profits, key=lambda spend: profits[spend])
    rows.append(compare("acquisition", "best of the spends tried, EUR", BEST_SPEND, best, 0.0, 0.0001))
    step = 0.15 * BEST_SPEND
    below, above = profits[SPENDS[2] * BEST_SPEND], profits[SPENDS[4] * BEST_SPEND]
    fewer = math.exp(-step / EUR_PER_CONTACT)
    at_best = MARGIN * CEILING * math.exp(-BEST_SPEND / EUR_PER_CONTACT)  # = EUR_PER_CONTACT
    slope = (at_best * (1.0 / fewer - fewer) - 2.0 * step) / (2.0 * step)
    more = CEILING * (math.exp(-0.85 * BEST_SPEND / EUR_PER_CONTACT) - math.exp(-1.15 * BEST_SPEND / EUR_PER_CONTACT))
    contacts = 2.0 * step / EUR_PER_CONTACT
    error = math.sqrt((MARGIN**2 * more + EUR_PER_CONTACT**2 * contacts) / people) / (2.0 * step)
    rows.append(compare("acquisition", "net of the last EUR there", slope, (above - below) / (2.0 * step), error))
    return rows


def _campaign(spend: float, people: int, seed: int) -> tuple[float, float]:
    """Return the share acquired and the profit of a prospect, EUR."""
    changes = {"people": people, "us.acquisition.mail.contacts_per_person_per_month": spend / EUR_PER_CONTACT}
    model = LifecycleModel(market("acquisition", changes), seed=seed)
    record = recorded(model, 2)
    acquired = float(series(record, "joiners")[0]) / people
    paid = -float(series(record, "ledger", a="acquisition")[0])
    earned = float(series(record, "ledger", a="fees")[1])
    return acquired, (earned - paid) / people


# Between two segments ---------------------------------------------------------------------------------------

STEADY, RISKY = 210, 10
"""People in each segment: the loss rate of few varies more, and less of what it does is common to both."""
BEST_SHARE = 0.9545
"""(s2^2 - r s1 s2) / (s1^2 + s2^2 - 2 r s1 s2) with s1 : s2 = 1 : 3 and r = .2 (Markowitz 1952)."""
EXPOSURE_CENTS = 100_000_000


def two_segments(periods: int = 6_000, seed: int = 1) -> list[Row]:
    """Standard deviations of the segments' loss rates, their correlation, and the mix whose loss varies least.

    Each mix is lived: the balances are divided between the segments, and the books tell what is lost. The variance
    is a parabola in the share, so three mixes tell where it is least; errors are from 30 blocks of periods left out.
    """
    lost = {share: _losses(share, periods, seed) for share in (0.0, 0.5, 1.0)}

    def found(keep: NDArray[np.bool_]) -> Numbers:
        v0, v1, v2 = (float(lost[share][keep].var()) for share in (0.0, 0.5, 1.0))
        bend, slope = 2.0 * (v0 - 2.0 * v1 + v2), -3.0 * v0 + 4.0 * v1 - v2
        together = float(np.corrcoef(lost[1.0][keep], lost[0.0][keep])[0, 1])
        return np.array([math.sqrt(v0 / v2), together, -slope / (2.0 * bend)])

    blocks = np.arange(periods) * 30 // periods
    whole = found(np.ones(periods, np.bool_))
    without = np.array([found(blocks != block) for block in range(30)])
    errors = np.sqrt(29.0 / 30.0 * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    expected = (3.0, 0.2, BEST_SHARE)
    words = ("ratio of standard deviations", "correlation", "share of the steady segment that varies least")
    return [compare("two_segments", *row) for row in zip(words, expected, whole.tolist(), errors.tolist(), strict=True)]


def _losses(steady_share: float, periods: int, seed: int) -> Numbers:
    """Return the share of all balances that is lost, period by period, each from the same start."""
    model = LifecycleModel(market("two_segments"), seed=seed)
    for share, rows in ((steady_share, slice(0, STEADY)), (1.0 - steady_share, slice(STEADY, STEADY + RISKY))):
        each = round(EXPOSURE_CENTS * share / (rows.stop - rows.start))
        model.people["balance_cents"][rows, 0] = model.signals["credit_cents"][rows] = each
    start = model.state()
    owed = float(model.signals["credit_cents"].sum())
    lost = np.zeros(periods)
    for period in range(periods):
        model.restore({**start, "month": np.array(period)})
        model.step()
        lost[period] = model.totals.ledger[US, CREDIT_LOSS] / owed
    return lost


# Between customers, under a budget --------------------------------------------------------------------------

BUYS = np.array([0.30, 0.20, 0.15, 0.05])
PER_MONTH = 500
"""Newcomers."""
BUDGET = 6_800.0
"""EUR a month: enough for all of recency 1 and 2 and for some of recency 3."""


class LongRun(NamedTuple):
    """What a long run came to, per month, and its standard errors."""

    people: Numbers
    """By recency, shape (4,)."""
    contacts: Numbers
    value: float
    people_error: Numbers
    contacts_error: Numbers
    value_error: float
    values: Numbers
    """EUR of each month."""


def program(budget: float = BUDGET) -> Program:
    """Return the customers as a constrained Markov decision process; what is bought is paid in the month of contact."""
    ageing = np.eye(4, k=1)
    contacted = (1.0 - BUYS)[:, None] * ageing
    contacted[:, 0] += BUYS
    money = Resource("budget", np.array([np.zeros(4), np.full(4, CONTACT)]), budget)
    reward = np.array([np.zeros(4), PURCHASE * BUYS - CONTACT])
    return Program(
        np.array([ageing, contacted]), reward, np.array([PER_MONTH, 0.0, 0.0, 0.0]), np.zeros(4), 0.0, (money,)
    )


def scarce_contacts(months: int = 320, seed: int = 1, batches: int = 20) -> list[Row]:
    """Long run under a budget against the linear program: customers, contacts, value; and the price of the budget.

    The policy is the program's: recency 1 first, then 2, then 3, never 4; the guard ends it where the money ends.
    """
    best = solve(program())
    lived = _long_run(BUDGET, months, seed, batches, best)
    rows = []
    for recency in range(4):
        people, contacts = best.occupancy.sum(axis=0)[recency], best.occupancy[1, recency]
        what = f"recency {recency + 1}"
        rows.append(
            compare(
                "scarce_contacts", f"customers at {what}", people, lived.people[recency], lived.people_error[recency]
            )
        )
        rows.append(
            compare(
                "scarce_contacts",
                f"contacts at {what}",
                contacts,
                lived.contacts[recency],
                lived.contacts_error[recency],
                1e-6,
            )
        )
    rows.append(compare("scarce_contacts", "EUR a month", best.value_per_month, lived.value, lived.value_error))
    more = 100.0
    richer = _long_run(BUDGET + more, months, seed, batches, best)
    gain = (richer.values - lived.values) / more
    error = _batched(gain[:, None], batches)[1][0]
    rows.append(
        compare("scarce_contacts", "price of the budget, EUR per EUR", best.prices["budget"], gain.mean(), error)
    )
    return rows


def _long_run(budget: float, months: int, seed: int, batches: int, best: Structure) -> LongRun:
    """Live by the program's order of contacts under this budget; the first tenth of the months is not counted."""
    order = [recency for recency in range(1, 5) if best.policy[recency - 1, 1] > 1e-9]
    table: list[Value] = [{"when": f"months_since_use == {recency}", "do": "reminder"} for recency in order]
    changes: dict[str, Value] = {"guards.budget_per_month": budget, "us.policy": {"policy": "rules", "rules": table}}
    model = LifecycleModel(market("scarce_contacts", changes), seed=seed)
    for _ in range(months // 10):
        model.step()
    seen = np.zeros((months, 9))
    for month in range(months):
        recency = np.where(model.people["provider"] == US, model.people["months_since_use"], 0)
        model.step()
        here, s = recency[: len(model.signals)], model.signals[: len(recency)]
        contacted = s["treatment"] > 0
        seen[month, :4] = np.bincount(here, minlength=5)[1:5]
        seen[month, 4:8] = np.bincount(here[contacted], minlength=5)[1:5]
        seen[month, 8] = PURCHASE * (s["used"] == 1).sum() - CONTACT * contacted.sum()
    del model
    gc.collect()  # a model refers to itself in circles, and this one is large
    mean, error = _batched(seen, batches)
    return LongRun(mean[:4], mean[4:8], mean[8], error[:4], error[4:8], error[8], seen[:, 8])


def _batched(series_by_month: Numbers, batches: int) -> tuple[Numbers, Numbers]:
    """Return means over months and their standard errors from batches of months, shape (columns,)."""
    parts: Sequence[Numbers] = np.array_split(series_by_month, batches)
    means = np.array([part.mean(axis=0) for part in parts])
    return series_by_month.mean(axis=0), means.std(axis=0, ddof=1) / math.sqrt(batches)

"""Known answers about the relationship: retention, staying, lifecycle stages, the value of being kept."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import POACHED
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import Row, compare, market, recorded, series
from tenure.simulation.model import LifecycleModel

SURVIVAL = {
    "high_end": (0.8507, 0.7469, 0.6698, 0.6099, 0.5618, 0.5222, 0.4889, 0.4604, 0.4358, 0.4142, 0.3951, 0.3780),
    "regular": (0.6267, 0.4738, 0.3880, 0.3321, 0.2923, 0.2625, 0.2390, 0.2201, 0.2044, 0.1912, 0.1799, 0.1700),
}
"""Printed projections of years 1 to 12 (Fader & Hardie 2007, refitted on years 1 to 7)."""
BETA = {"high_end": (0.6681, 3.8061), "regular": (0.7041, 1.1820)}


def retention(segment: str, people: int = 50_000, seed: int = 1) -> list[Row]:
    """Survival by year, and the yearly retention rate (b + t - 1) / (a + b + t - 1), which rises with tenure.

    Everybody joins in month 0; theta is a yearly probability, a month has 1 - (1 - theta)^(1/12).
    """
    case = f"retention_{segment}"
    model = LifecycleModel(market(case, {"people": people}), seed=seed)
    model.step()
    customers = series(recorded(model, 144), "customers")
    joined = float(people)
    counts = [joined, *(float(customers[12 * year - 1]) for year in range(1, 13))]
    rows = [
        compare(case, f"survival, year {year}", s, counts[year] / joined, math.sqrt(s * (1.0 - s) / joined))
        for year, s in enumerate(SURVIVAL[segment], start=1)
    ]
    a, b = BETA[segment]
    for year, (before, after) in enumerate(pairwise(counts), start=1):
        r = (b + year - 1.0) / (a + b + year - 1.0)
        error = math.sqrt(r * (1.0 - r) / before)
        rows.append(compare(case, f"retention rate, year {year}", r, after / before, error))
    return rows


RESIDUAL_LIFETIME = (5.415, 5.902, 6.294, 6.620, 6.897, 7.136, 7.345, 7.530)
"""Printed discounted expected residual lifetime, high end, in periods 1 to 8, at 10% a year."""


def residual_lifetime(people: int = 20_000, years: int = 80, seed: int = 1) -> list[Row]:
    """Renewals still to come of a customer in period n, the next one undiscounted, 10% a year.

    That is the sum over k >= n of S(k) / S(n - 1) / 1.1^(k - n); who is in period n has renewed n - 1 times.
    """
    model = LifecycleModel(market("retention_high_end", {"people": people}), seed=seed)
    model.step()
    counts = [float(people)]
    for _ in range(years):
        for _ in range(12):
            model.step()
        counts.append(float((model.signals["provider"] == 1).sum()))
    a, b = BETA["high_end"]
    ahead = np.arange(1.0, 1000.0)
    survival = np.concatenate([[1.0], np.cumprod((b + ahead - 1.0) / (a + b + ahead - 1.0))])
    rows = []
    for n, printed in enumerate(RESIDUAL_LIFETIME, start=1):
        lived = sum(counts[k] / counts[n - 1] / 1.1 ** (k - n) for k in range(n, years + 1))
        renewals = np.arange(len(survival) - n)
        chance = -np.diff(survival[n - 1 :]) / survival[n - 1]
        value = (1.0 - 1.1 ** -renewals.astype(float)) / (1.0 - 1.0 / 1.1)
        variance = float(chance @ value**2 - (chance @ value) ** 2)
        error = math.sqrt(variance / counts[n - 1])
        rows.append(compare("residual_lifetime", f"discounted renewals, period {n}", printed, lived, error))
    return rows


# Staying ----------------------------------------------------------------------------------------------------

STAYING = {
    2: {0.0: (0.5, 2.0), 0.5: (0.6225, 2.65), 1.0: (0.7311, 3.72), 2.0: (0.8808, 8.39), 3.0: (0.9526, 21.09)},
}
"""Printed P(stay) and mean relationship, by number of institutions and switching cost."""


def staying(people: int = 2_000, months: int = 300, seed: int = 1) -> list[Row]:
    """P(stay) = e^k / (e^k + n - 1), and the mean number of choices until one leaves, 1 / (1 - P)."""
    rows = []
    for n in (2, 3):
        for k in (0.0, 0.5, 1.0, 2.0, 3.0):
            p = math.exp(k) / (math.exp(k) + n - 1.0)
            expected, mean = STAYING.get(n, {}).get(k, (p, 1.0 / (1.0 - p)))
            choices, moves, lengths = _spells(k, n, people, months, seed)
            what, size = f"n={n} k={k:g}", len(lengths)
            error = math.sqrt(p * (1.0 - p) / choices)
            rows.append(compare("staying", f"P(stay), {what}", expected, 1.0 - moves / choices, error))
            error = math.sqrt(p / size) / (1.0 - p)
            rows.append(compare("staying", f"mean relationship, {what}", mean, float(lengths.mean()), error))
    return rows


def _spells(k: float, n: int, people: int, months: int, seed: int) -> tuple[int, int, NDArray[np.float64]]:
    """Choices made, moves among them, and each person's number of choices up to the first move."""
    changes: dict[str, Value] = {"people": people, "world.switching_cost": k}
    if n == 3:
        third = {"score_noise": 0, "premium_per_risk": 0}
        changes |= {"us.share": "34%", "rivals.other.share": "33%", "rivals.third": {"share": "33%", **third}}
    model = LifecycleModel(market("staying", changes), seed=seed)
    choices = moves = 0
    first = np.zeros(people)
    for month in range(1, months + 1):
        model.step()
        s = model.signals
        moved = s["cause"] == POACHED
        choices, moves = choices + int((s["before"] > 0).sum()), moves + int(moved.sum())
        first[moved & (first == 0)] = month
    return choices, moves, first[first > 0]


# Lifecycle stages and the margin multiple -------------------------------------------------------------------

STAGES = ("acquisition", "growth", "maturity", "decline")
STAGE_CHAIN: NDArray[np.float64] = np.array(
    [
        [1 / 2, 1 / 2, 0, 0],
        [0, 9 / 10, 1 / 10, 0],
        [0, 0, 9 / 10, 1 / 10 * 3 / 4],
        [0, 1 / 5, 0, 4 / 5 * 3 / 4],
    ]
)
"""From month end to month end. In a month the stage moves first, and whoever is then in decline leaves with 1/4:
a mature customer stays and declines with 1/10 x 3/4, one in decline stays in it with 4/5 x 3/4; the saved are safe."""
MONTHS_IN_STAGE = (2.0, 16.0, 16.0, 3.0)
"""By hand: acquisition lasts 1/(1/2) = 2 months, each visit of growth 10, of maturity 10, of decline 1/(1 - 3/5) = 5/2.
Maturity ends in decline with 3/4, decline in growth with (1/5)/(2/5) = 1/2: a cycle closes with 3/8, so growth is
visited 1/(1 - 3/8) = 8/5 times, decline 8/5 x 3/4 = 6/5 times."""


def stages(people: int = 50_000, months: int = 480, seed: int = 1) -> list[Row]:
    """Months in each stage (fundamental matrix of the chain, month ends counted from joining) and survival."""
    model = LifecycleModel(market("stages", {"people": people}), seed=seed)
    model.step()
    record = recorded(model, months)
    q, fundamental = STAGE_CHAIN, np.linalg.inv(np.eye(4) - STAGE_CHAIN)
    rows = []
    for i, stage in enumerate(STAGES):
        lived = float(series(record, "customers_by_cell", a=stage).sum()) / people
        variance = fundamental[0, i] * (2.0 * fundamental[i, i] - 1.0) - fundamental[0, i] ** 2
        error = math.sqrt(variance / people)
        rows.append(compare("stages", f"months in {stage}", MONTHS_IN_STAGE[i], lived, error))
    customers = series(record, "customers")
    for month in (1, 3, 6, 12, 24, 36, 48, 60, 90, 120):
        s = float(np.linalg.matrix_power(q, month)[0].sum())
        left = float(customers[month - 1]) / people
        rows.append(compare("stages", f"survival, month {month}", s, left, math.sqrt(s * (1.0 - s) / people)))
    return rows


MULTIPLE = {0.6: 1.15, 0.7: 1.67, 0.8: 2.50, 0.9: 4.09}
"""Margin multiple r / (1 + i - r) at i = 12%, as printed (Gupta, Lehmann & Stuart 2004)."""


def margin_multiple(people: int = 50_000, years: int = 80, seed: int = 1) -> list[Row]:
    """Discounted margin of one euro a year kept with probability r, and the multiple in the closing value.

    All reach decline in period 3 and leave with 1 - r in it and in every later one; the margin is posted before
    anybody leaves, so that of period 3 + t comes from those who stayed t times.
    """
    rows = []
    v = 1.0 / 1.12
    for r, printed in MULTIPLE.items():
        changes = {"people": people, "rules.lifecycle.decline_gone": 1.0 - r}
        model = LifecycleModel(market("margin_multiple", changes), seed=seed)
        for _ in range(3):
            model.step()
        fees = series(recorded(model, years), "ledger", a="fees").to_numpy()
        value = sum(fee * v**t for t, fee in enumerate(fees)) / fees[0] - 1.0
        once, twice = (1.0 - r) / (1.0 - r * v), (1.0 - r) / (1.0 - r * v * v)
        error = v / (1.0 - v) * math.sqrt((twice - once * once) / people)
        exact = r / (1.12 - r)
        rows.append(compare("margin_multiple", f"discounted margin, r={r:g}", exact, value, error))
        rows.append(
            compare("margin_multiple", f"closing value, r={r:g}", printed, _closing_multiple(r, seed), 0.0, 0.005)
        )
    return rows


def _closing_multiple(r: float, seed: int) -> float:
    """Closing value of a customer over yearly margin, when the yearly chance of staying is r."""
    changes = {"people": 500, "rules.learning.leave_otherwise": 1.0 - r}
    model = LifecycleModel(market("margin_multiple", changes), seed=seed)
    model.step()
    record = recorded(model, 4)
    last = record[record["month"] == 3]
    margin = float(last.loc[last["measure"] == "plane_return", "value"].mean())
    closing = float(series(last, "closing_value", a="future_margin").iloc[0])
    return closing / (margin * float(series(last, "customers").iloc[0]))

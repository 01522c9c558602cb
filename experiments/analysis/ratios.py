"""What comes back for each unit of money spent: a ratio of two averages on shared luck, with its interval."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.statistics import FloatArray, check_runs, paired_values, t_critical, t_half_widths

if TYPE_CHECKING:
    import pandas as pd

LEAST_SPEND = 1.0
"""What must be spent more per customer, in units of the currency, for a return on it to be given: assumption."""


class Ratio(NamedTuple):
    """A ratio of two averages with its interval, which need not be symmetric.

    The interval is nan below two pairs, and where it would have no bounds.
    """

    value: float
    low: float
    high: float
    n: int


def return_on_treatment(
    profit_difference: npt.ArrayLike,
    spend: npt.ArrayLike,
    champion_spend: npt.ArrayLike,
    confidence: float = 0.95,
    least_spend: float = LEAST_SPEND,
) -> Ratio | None:
    """Give what comes back per extra unit of money spent on treatment: (profit difference + extra spend) / extra spend.

    Profit is after treatment, so 1 means that the money just came back.

    Parameters
    ----------
    profit_difference, spend, champion_spend : array, shape (n,)
        Money per customer by replication: profit of the arm less the champion's, and the treatment of the two;
        unequal shapes or values that are not finite raise ValueError.
    confidence, least_spend : float
        Of the interval; and what the average extra spend per customer must exceed for an answer.

    Returns
    -------
    Ratio or None
        Ratio of the averages with Fieller's interval (1954, J. Royal Statistical Society B 16), which has no bounds
        if chance alone could explain the extra spend. None if that is not over `least_spend`.

    >>> return_on_treatment([2.0, 4.0], [3.0, 3.0], [0.0, 0.0]).value
    2.0
    """
    before, after = paired_values(champion_spend, spend)
    gain, paid = paired_values(profit_difference, after - before)
    n, extra = paid.size, float(paid.mean()) if paid.size else math.nan
    half_width = float(t_half_widths(paid, confidence))
    if not extra > least_spend:
        return None
    ratio = float(gain.mean()) / extra
    if n < 2 or half_width >= extra:
        return Ratio(1.0 + ratio, math.nan, math.nan, n)
    low, high = _fieller(gain, paid, t_critical(n - 1, confidence))
    return Ratio(1.0 + ratio, 1.0 + low, 1.0 + high, n)


def returns_on_treatment(
    runs: "pd.DataFrame", champion: str, confidence: float = 0.95, spend: str = "treatment_spend_per_customer"
) -> dict[str, Ratio | None]:
    """Give every other arm's `return_on_treatment`, or on what else is spent; None where so much is not spent.

    `runs` and `champion` are as for `compare`; the metrics profit_per_customer and `spend` are read. Each interval
    stands alone.
    """
    check_runs(runs, champion)
    profit = "profit_per_customer"
    table = runs[runs["metric"].isin([profit, spend])].pivot(
        index="replication", columns=["metric", "arm"], values="value"
    )
    answer: dict[str, Ratio | None] = {}
    for arm in (str(arm) for arm in runs["arm"].unique() if arm != champion):
        wanted = [(profit, champion), (profit, arm), (spend, champion), (spend, arm)]
        answer[arm] = None
        if all(column in table.columns for column in wanted):
            base, value, base_spend, arm_spend = table[wanted].dropna().to_numpy(dtype=np.float64).T
            answer[arm] = return_on_treatment(value - base, arm_spend, base_spend, confidence)
    return answer


def _fieller(top: FloatArray, bottom: FloatArray, critical: float) -> tuple[float, float]:
    """Interval of mean(top) / mean(bottom); the mean of `bottom` must differ from 0 at this level."""
    a, b = float(top.mean()), float(bottom.mean())
    square = critical**2 / top.size
    (v_aa, v_ab), (_, v_bb) = square * np.cov(top, bottom, ddof=1)
    lead = b * b - v_bb
    middle = a * b - v_ab
    root = float(np.sqrt(max(middle * middle - lead * (a * a - v_aa), 0.0)))
    return (middle - root) / lead, (middle + root) / lead

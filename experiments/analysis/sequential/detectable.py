"""What an experiment can find: how wide its intervals will be, and which difference it would not miss."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.sequential.looks import confidence_at, looks
from tenure.experiments.analysis.statistics import t_critical

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.80
MOST = 100_000
"""Replications beyond which nobody goes."""


class Detectable(NamedTuple):
    """What replications will show of an arm's difference from the champion, in the metric's stored unit.

    Attributes
    ----------
    arm : str
    pairs : int
        Stored, from which the rest is worked out.
    deviation : float
        Standard deviation of the paired differences.
    half_width : float
        Of the interval, as expected at the replications asked for.
    smallest : float
        True difference that is found, its interval on one side of 0, with a chance of `POWER`.
    needed : int
        Replications until the interval is as narrow as wanted, `MOST` if that is not enough.
    """

    arm: str
    pairs: int
    deviation: float
    half_width: float
    smallest: float
    needed: int


def detectable(
    runs: "pd.DataFrame", champion: str, arm: str, arms: int, replications: int, wanted: float, looked: bool = False
) -> Detectable | None:
    """Return what so many replications will show, judged by those that are there; None with fewer than two pairs.

    Parameters
    ----------
    runs : DataFrame
        Columns arm, replication, value, of one metric.
    champion, arm : str
        Of which the differences are.
    arms : int
        Arms whose intervals are to hold together.
    replications : int
        Asked for.
    wanted : float
        Half the interval that is wanted.
    looked : bool
        Whether somebody looks in between, which makes intervals wider.
    """
    wide = runs.pivot(index="replication", columns="arm", values="value").reindex(columns=[champion, arm])
    apart = (wide[arm] - wide[champion]).dropna().to_numpy(dtype=np.float64)
    if len(apart) < 2:
        return None
    deviation = float(apart.std(ddof=1))
    return Detectable(
        arm,
        len(apart),
        deviation,
        expected_half_width(deviation, replications, arms, looked),
        smallest_difference(deviation, replications, arms, looked),
        replications_for(deviation, wanted, arms, looked),
    )


def expected_half_width(deviation: float, replications: int, arms: int = 1, looked: bool = False) -> float:
    """Return half the 95% interval to be expected, nan with one replication: see `detectable`.

    >>> round(expected_half_width(10.0, 10), 2), round(expected_half_width(10.0, 10, looked=True), 2)
    (7.15, 11.62)
    """
    return _critical(replications, arms, looked) * deviation / math.sqrt(replications)


def smallest_difference(deviation: float, replications: int, arms: int = 1, looked: bool = False) -> float:
    """Return the true difference that is found with a chance of `POWER`, by Student's noncentral t.

    >>> round(smallest_difference(10.0, 10), 2)
    9.96
    """
    from scipy.optimize import brentq
    from scipy.special import nctdtr

    critical, df = _critical(replications, arms, looked), replications - 1
    if not math.isfinite(critical) or deviation == 0.0:
        return critical * deviation

    def lacking(shift: float) -> float:
        return 1.0 - float(nctdtr(df, shift, critical)) - POWER

    return float(brentq(lacking, 0.0, 2.0 * critical + 3.0)) * deviation / math.sqrt(replications)


def replications_for(deviation: float, wanted: float, arms: int = 1, looked: bool = False) -> int:
    """Return after how many replications half the interval is expected to be as narrow as wanted, `MOST` at most."""
    if looked:
        some = (look for look in looks())
        return next((n for n in some if n >= MOST or expected_half_width(deviation, n, arms, True) <= wanted), MOST)
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if expected_half_width(deviation, middle, arms) <= wanted else (middle, high)
    return high


def deviation_factors(pairs: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return by which factors a standard deviation of so many normal values may be wrong.

    >>> [round(one, 1) for one in deviation_factors(5)]
    [0.6, 2.9]
    """
    from scipy.special import chdtri

    df = pairs - 1
    ends: npt.NDArray[np.float64] = np.sqrt(df / chdtri(df, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]))
    return float(ends[0]), float(ends[1])


def _critical(replications: int, arms: int, looked: bool) -> float:
    """Return the critical value of an interval that holds for all arms; of the look before, where there are looks."""
    wrong = 0.05 / arms
    if not looked:
        return t_critical(replications - 1, 1.0 - wrong)
    look = next((n for n in looks() if n >= replications), replications)
    return t_critical(replications - 1, confidence_at(look, 1.0 - wrong))

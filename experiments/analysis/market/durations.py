"""How long something lasts where not everything has ended: product-limit curves, and what ends it.

Time is counted in whole months. What is still going on when one stops looking is censored: it is known to have lasted
so long, and no more. Of those who end and those who are censored in the same month, the former end first.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.analysis.recorded_run import FloatArray


class Durations(NamedTuple):
    """Durations that ended, by cause, and those that had not, counted by month.

    Attributes
    ----------
    ended : array, shape (causes, months + 1)
        How many ended after so many months, from 0 on.
    censored : array, shape (months + 1,)
        How many had lasted so long when one stopped looking.
    """

    ended: FloatArray
    censored: FloatArray

    @property
    def at_risk(self) -> FloatArray:
        """How many had neither ended nor been censored before each month, shape (months + 1,)."""
        leaves = self.ended.sum(axis=0) + self.censored
        return np.asarray(leaves[::-1].cumsum()[::-1], np.float64)

    @property
    def followed(self) -> int:
        """Months up to which anybody was still looked at; -1 if there is nobody."""
        months: NDArray[np.intp] = np.flatnonzero(self.at_risk > 0.0)
        return int(months[-1]) if len(months) else -1


def still_going(durations: Durations) -> FloatArray:
    """Return the share that lasts longer than each month: the product-limit estimate.

    Kaplan & Meier (1958), Journal of the American Statistical Association 53:457-481.

    Returns
    -------
    array, shape (months + 1,)
        nan beyond the last month in which anybody was looked at, unless all had ended by then.

    >>> still_going(Durations(np.array([[0.0, 1.0, 1.0]]), np.array([0.0, 1.0, 0.0]))).round(3).tolist()
    [1.0, 0.667, 0.0]
    """
    risk = durations.at_risk
    ended = durations.ended.sum(axis=0)
    hazards = np.divide(ended, risk, out=np.zeros_like(risk), where=risk > 0.0)
    share = np.cumprod(1.0 - hazards)
    if durations.followed < 0 or share[durations.followed] > 0.0:
        share[durations.followed + 1 :] = np.nan
    return np.asarray(share, np.float64)


def ended_within(durations: Durations, months: int) -> float:
    """Return the share that has ended after so many months; nan where nobody was looked at so long.

    >>> ended_within(Durations(np.array([[0.0, 1.0, 0.0]]), np.array([0.0, 0.0, 3.0])), 2)
    0.25
    """
    share = still_going(durations)
    return 1.0 - float(share[months]) if months < len(share) else math.nan


def ended_by(durations: Durations) -> FloatArray:
    """Return the share that has ended from each cause by each month, where any of them may come first.

    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5:141-150. With what is still going on the causes add
    up to 1. The product-limit estimate of one cause alone, which counts the others as censored, would be larger.

    Returns
    -------
    array, shape (causes, months + 1)
        nan where `still_going` is.

    >>> ended_by(Durations(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0.0, 2.0]))).tolist()
    [[0.0, 0.25], [0.0, 0.25]]
    """
    risk, share = durations.at_risk, still_going(durations)
    before = np.concatenate([[1.0], np.nan_to_num(share[:-1])])
    hazards = np.divide(durations.ended, risk, out=np.zeros_like(durations.ended), where=risk > 0.0)
    chances = np.cumsum(before * hazards, axis=1)
    chances[:, np.isnan(share)] = np.nan
    return np.asarray(chances, np.float64)


def months_until(share: FloatArray, ended: float = 0.5) -> float:
    """Return the first month by which at least this share has ended, nan if that was not seen.

    Parameters
    ----------
    share : array
        As `still_going` gives it.
    ended : float
        One half asks for the median.

    >>> months_until(np.array([1.0, 0.8, 0.5, 0.4])), months_until(np.array([1.0, 0.8]))
    (2.0, nan)
    """
    rounding = 1e-12
    months = np.flatnonzero(share <= 1.0 - ended + rounding)
    return float(months[0]) if len(months) else math.nan

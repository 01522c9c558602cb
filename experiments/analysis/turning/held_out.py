"""Points that a rule has not seen, and whether following it is better there than the same arm everywhere."""

import hashlib
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.paired.skewed import mean_intervals
from tenure.experiments.analysis.statistics import clopper_pearson, t_critical
from tenure.experiments.analysis.turning.answers import Answers
from tenure.experiments.analysis.turning.points import BoolArray

HELD_OUT = 0.4
"""Share of draws that no rule learns from."""
_LARGEST = float(1 << 64)
NO_LEAD = Average.even(math.nan, math.nan)
"""Where a rule says nothing else than what is best on average."""


class Check(NamedTuple):
    """How a rule does on points that it has not seen.

    Attributes
    ----------
    points : int
        Whose answers are told from chance.
    right, usual_right : int
        At how many of those the rule, and the arm that is best on average, is right.
    said : int
        Draws, or what else points share, at which the rule says something else, told from chance or not.
    lead : Average
        By how much the arm that the rule says leads the one best on average there, in the unit of the differences, with
        its 95% interval; an average over those draws.
    """

    points: int
    right: int
    usual_right: int
    said: int
    lead: Average

    @property
    def accuracy(self) -> tuple[float, float]:
        """The 95% interval of the share of points at which the rule is right."""
        return share_interval(self.right, self.points)

    @property
    def holds(self) -> bool:
        """Whether following the rule is better than the same arm everywhere, beyond chance."""
        return self.lead.low > 0.0


def held_out(units: npt.ArrayLike) -> BoolArray:
    """Return which rows are held out, all of the same unit together.

    Parameters
    ----------
    units : array of int, shape (rows,)
        Numbers of draws, or of what else rows share. A unit is held out by its own number, whatever others there are.
    """
    codes = np.asarray(units)
    found = {}
    for code in np.unique(codes).tolist():
        digest = hashlib.sha256(f"held out:{code}".encode()).digest()
        found[code] = int.from_bytes(digest[:8], "big") / _LARGEST < HELD_OUT
    return np.array([found[code] for code in codes.tolist()], dtype=np.bool_)


def checked(
    said: npt.NDArray[np.str_], usual: str, answers: Answers, held: BoolArray, units: npt.NDArray[np.int64]
) -> Check:
    """Compare a rule with the same arm everywhere, at the points held out.

    Parameters
    ----------
    said : array of str, shape (points,)
        What the rule says at each.
    usual : str
        The arm that is best on average.
    answers : Answers
        Of all points.
    held : array of bool, shape (points,)
        Which were held out.
    units : array of int, shape (points,)
        What points share; their leads are averaged first.
    """
    counts = held & answers.told
    right = int((said == answers.best)[counts].sum()), int((answers.best == usual)[counts].sum())
    other = held & (said != usual)
    leads = answers.value_of(said) - answers.value_of(np.full(len(said), usual))
    each = np.array([leads[other & (units == unit)].mean() for unit in np.unique(units[other])])
    lead = NO_LEAD if not len(each) else Average.even(float(each.mean()), math.nan)
    if len(each) > 1:
        low, high = mean_intervals(each[:, np.newaxis], t_critical(len(each) - 1, 0.95))
        lead = Average(lead.mean, float(low[0]), float(high[0]))
    return Check(int(counts.sum()), *right, len(each), lead)


def share_interval(happened: int, of: int) -> tuple[float, float]:
    """Return the exact 95% interval of a share; (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    low, high = clopper_pearson([happened], [of])
    return float(low[0]), float(high[0])

"""Chance and ignorance apart: how well an average is known, and where the cases lie that nobody can tell apart.

A *case* is one scenario and one draw of what is uncertain. Replications of a case differ by luck alone.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import Direction
from tenure.experiments.analysis.statistics import t_critical

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST = 0.95
"""Share of the cases that a range is to hold."""


class Cases(NamedTuple):
    """Where an arm's differences from the champion lie over all cases, in the metric's stored unit.

    Attributes
    ----------
    low, high : float
        Between which `holds` of the cases lie; more replications do not bring them together.
    holds : float
        0.95, or less where there are too few cases for it.
    better : float
        Share of the cases in which the arm is better than the champion; nan where neither way is better.
    n : int
        Cases.
    chance : float
        Half the width of the range in which luck alone moves a difference in one case; nan where each draw was met
        once.
    ignorance : Average or None
        Share of the variance between runs of a scenario that is of what is uncertain, the rest is chance; None where
        each draw was met once.
    """

    low: float
    high: float
    holds: float
    better: float
    n: int
    chance: float = math.nan
    ignorance: Average | None = None


class Components(NamedTuple):
    """Variance components of differences: of luck alone, and of what is uncertain; and the latter's share.

    `share` has an exact interval if both are normal (Searle 1971, Linear Models, ch. 9: by quantiles of F).
    """

    chance: float
    ignorance: float
    share: Average
    df: int


def cases(differences: npt.ArrayLike, draw: npt.ArrayLike, better: Direction = "higher") -> Cases:
    """Return where differences lie over all scenarios and draws.

    Parameters
    ----------
    differences : array, shape (scenarios, replications)
        Arm less champion; nan where there is no pair.
    draw : array of whole numbers, shape (replications,)
        Which draw each replication met.
    better : {'higher', 'lower', 'none'}
        Which way is better.

    Raises
    ------
    ValueError
        If shapes do not fit, or there is no pair at all.

    Notes
    -----
    Each case counts once, and scenarios count alike. With two or more replications per draw the averages of the cases
    are drawn towards their scenario's mean so far that their variance is what the variance components say is left
    without chance; with one, chance is in the range, and it is a little too wide rather than too narrow. Ends are
    quantiles of the cases at (n + 1) p (Weibull); of fewer than 39 cases these are the least and the most, which hold
    (n - 1) / (n + 1) of further cases on average.

    >>> cases([[1.0, 2.0, 3.0]], [0, 1, 2])[:4]
    (1.0, 3.0, 0.5, 1.0)
    """
    rows, of_draw = np.atleast_2d(np.asarray(differences, np.float64)), np.asarray(draw, np.int64)
    if rows.ndim != 2 or rows.shape[1:] != of_draw.shape:
        raise ValueError(f"differences of shape {rows.shape} do not fit {of_draw.shape} draws")
    found, split = [], _split(rows, of_draw)
    for row in rows:
        averages, counts = _by_draw(row, of_draw)
        if not averages.size:
            continue
        if split is not None and averages.size > 1:
            spread = float(averages.var(ddof=1))
            left = max(spread - split.chance * float((1.0 / counts).mean()), 0.0)
            middle = float(averages.mean())
            averages = middle + (averages - middle) * math.sqrt(left / spread if spread > 0.0 else 0.0)
        found.append(averages)
    if not found:
        raise ValueError("there is no case: no replication has both arms")
    pooled = np.concatenate(found)
    n = pooled.size
    tail = (1.0 - MOST) / 2.0
    low, high = np.quantile(pooled, [tail, 1.0 - tail], method="weibull")
    sign = {"higher": 1.0, "lower": -1.0, "none": math.nan}[better]
    return Cases(
        low=float(low),
        high=float(high),
        holds=min(MOST, (n - 1) / (n + 1)),
        better=float((sign * pooled > 0.0).mean()) if better != "none" else math.nan,
        n=n,
        chance=math.nan if split is None else t_critical(split.df, MOST) * math.sqrt(split.chance),
        ignorance=None if split is None else split.share,
    )


def components(differences: npt.ArrayLike, draw: npt.ArrayLike, confidence: float = 0.95) -> Components | None:
    """Return the variance components of one scenario's differences; None where each draw was met once.

    Parameters
    ----------
    differences : array, shape (replications,)
        Arm less champion; nan where there is no pair.
    draw : array of whole numbers, shape (replications,)
        Which draw each replication met.
    confidence : float
        Of the interval of the share.

    Notes
    -----
    Analysis of variance with draws as groups. Where they were met unequally often the effective number is used (Swiger
    and others 1964, Biometrics 20), and the interval is near, not exact.
    """
    values, of_draw = np.asarray(differences, np.float64), np.asarray(draw, np.int64)
    there = ~np.isnan(values)
    values, of_draw = values[there], of_draw[there]
    averages, counts = _by_draw(values, of_draw)
    groups, n = averages.size, values.size
    if groups < 2 or n == groups:
        return None
    _, place = np.unique(of_draw, return_inverse=True)
    within = float(np.square(values - averages[place]).sum()) / (n - groups)
    between = float((counts * np.square(averages - values.mean())).sum()) / (groups - 1)
    each = (n - float(np.square(counts).sum()) / n) / (groups - 1)
    found = max((between - within) / each, 0.0)
    if within <= 0.0:
        whole = 1.0 if between > 0.0 else 0.0
        return Components(0.0, found, Average(whole, whole, whole), n - groups)
    from scipy.special import fdtri

    tail = (1.0 - confidence) / 2.0
    ratio = between / within
    ends = [max((ratio / float(fdtri(groups - 1, n - groups, p)) - 1.0) / each, 0.0) for p in (1.0 - tail, tail)]
    low, high = (end / (1.0 + end) for end in ends)
    return Components(within, found, Average(found / (found + within), low, high), n - groups)


def _split(rows: FloatArray, draw: IntArray) -> Components | None:
    """Return the variance components over scenarios: their average chance, and the share of the first."""
    each = [one for one in (components(row, draw) for row in rows) if one is not None]
    if not each:
        return None
    chance = float(np.mean([one.chance for one in each]))
    return Components(chance, float(np.mean([one.ignorance for one in each])), each[0].share, each[0].df)


def _by_draw(values: FloatArray, draw: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the average of each draw that has a value, and of how many."""
    there = ~np.isnan(values)
    if not there.any():
        return np.zeros(0), np.zeros(0)
    _, place = np.unique(draw[there], return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    return np.bincount(place, values[there]) / counts, counts

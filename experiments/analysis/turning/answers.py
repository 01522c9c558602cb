"""Which arm is best at each point of an experiment, and how sure that is, luck considered."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.turning.expansion import fit
from tenure.experiments.analysis.turning.points import LuckSpread, VariedPoints, spread_within

SURE = 0.95
"""A point is evidence where its answer is as probable as that; less sure ones count less, or not at all."""


class Answers(NamedTuple):
    """The answer at each point.

    Attributes
    ----------
    names : tuple of str
        The champion, and the other arms.
    values : array, shape (points, arms)
        How far ahead of the champion each arm is there; the champion itself by what matters, so that another must be
        further ahead.
    best : array of str, shape (points,)
        Arm that is furthest ahead there.
    sure : array of float, shape (points,)
        Probability that luck has not made it so, .5 for a toss of a coin; nan where nothing says how far luck goes.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float64]
    best: npt.NDArray[np.str_]
    sure: npt.NDArray[np.float64]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """What a point counts when a rule is learnt: by how much its best arm leads the next, in parts of the average.

        What luck adds to a lead is as often to one arm as to another, so that it cancels where points are many; a
        point whose arms are level counts nothing.
        """
        leads = np.diff(np.sort(self.values, axis=1)[:, -2:], axis=1)[:, 0]
        return np.asarray(leads / max(float(leads.mean()), 1e-300))

    @property
    def told(self) -> npt.NDArray[np.bool_]:
        """Whether a point's answer is told from chance."""
        return np.asarray(np.isnan(self.sure) | (self.sure >= SURE))

    def usual(self) -> str:
        """Return the arm that is best on average over the points, which luck favours no arm in."""
        return self.names[int(self.values.mean(axis=0).argmax())]

    def value_of(self, arms: npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
        """Return how far ahead an arm is at each point, another one at each."""
        column = {name: k for k, name in enumerate(self.names)}
        return self.values[np.arange(len(arms)), [column[arm] for arm in arms.tolist()]]


def chance_of(points: VariedPoints) -> LuckSpread | None:
    """Return how far luck moves a point: by its replications, or else by what a smooth function leaves unexplained."""
    within = spread_within(points)
    if within is not None or points.n < 2:
        return within
    counts = np.bincount(points.point, minlength=points.n).astype(np.float64)
    residuals, freedom = [], float(len(points.point))
    for arm in points.arms:
        values = points.ahead[arm].to_numpy(np.float64)
        fitted = fit(points.inputs, values)
        residuals.append(values - values.mean() if fitted is None else fitted.residuals)
        freedom = min(freedom, len(values) - (1 if fitted is None else fitted.terms))
    apart = np.column_stack(residuals)
    return LuckSpread(apart.T @ apart / max(freedom, 1.0), counts, "smooth function")


def answers_of(points: VariedPoints, champion: str, matters: float, chance: LuckSpread | None) -> Answers:
    """Return which arm is best at each point.

    Parameters
    ----------
    points : VariedPoints
        A row per point (`at_points`).
    champion : str
        The arm that the others are compared with.
    matters : float
        By how much an arm must be ahead of the champion to be better; 0 or more, in the unit of the differences.
    chance : LuckSpread or None
        Of the points. An answer is as sure as the least sure of its comparisons: with the champion, by `matters`, and
        with each other arm.
    """
    from scipy.special import ndtr

    values = points.ahead.to_numpy(np.float64)
    names = np.array([champion, *points.arms])
    whole = np.column_stack([np.full(len(values), matters), values])
    best = whole.argmax(axis=1)
    if chance is None:
        return Answers(tuple(names.tolist()), whole, names[best], np.full(len(values), np.nan))
    size = len(names)
    spread = np.zeros((size, size))
    spread[1:, 1:] = chance.covariance
    rows = np.arange(len(values))
    sure = np.ones(len(values))
    for other in range(size):
        variance = spread[best, best] + spread[other, other] - 2.0 * spread[best, other]
        error = np.sqrt(np.maximum(variance, 0.0) / chance.replications)
        gap = whole[rows, best] - whole[:, other]
        with np.errstate(divide="ignore", invalid="ignore"):
            ahead = np.where(error > 0.0, ndtr(gap / error), np.where(gap > 0.0, 1.0, 0.5))
        sure = np.where(best == other, sure, np.minimum(sure, ahead))
    return Answers(tuple(names.tolist()), whole, names[best], sure)

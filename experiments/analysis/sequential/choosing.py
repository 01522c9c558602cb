"""Choose the best of several arms: those that are beaten are dropped while replications are still being made.

Kim & Nelson (2001), ACM Transactions on Modeling and Computer Simulation 11:251-273: a fully sequential procedure with
an indifference zone, for arms that share their luck. If the best arm leads by the zone or more it is chosen at least as
surely as asked, for normal values of any variances and any dependence between arms.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

FIRST = 10
"""Replications from which the variances of differences are estimated."""
ROUND = 5
"""Replications between two looks."""


class Selection(NamedTuple):
    """What is known of the best arm so far.

    Attributes
    ----------
    left : tuple of str
        Arms that nobody has beaten, in the order given.
    dropped : mapping
        Arm that was beaten -> replications after which.
    at : int
        Replications of the last look, 0 before the first.
    best : str
        Of those left, the one with the best average by the last look; empty before the first.
    """

    left: tuple[str, ...]
    dropped: Mapping[str, int]
    at: int
    best: str

    @property
    def chosen(self) -> str:
        """The one arm that is left, empty while there are several."""
        return self.best if len(self.left) == 1 else ""

    @property
    def next_look(self) -> int:
        """Replications of the look after the last one."""
        return self.at + ROUND if self.at else FIRST


def continuation(arms: int, confidence: float, first: int = FIRST) -> float:
    """Return h squared, which says how far an arm may lie behind and stay.

    >>> round(continuation(10, 0.95), 2)
    15.46
    """
    return float((2.0 * (1.0 - confidence) / (arms - 1)) ** (-2.0 / (first - 1)) - 1.0) * (first - 1)


def variances_of_differences(values: npt.ArrayLike) -> FloatArray:
    """Return the variance of every difference of two arms: (..., replications, arms) -> (..., arms, arms)."""
    rows = np.asarray(values, dtype=np.float64)
    apart = rows - rows.mean(axis=-2, keepdims=True)
    covariance = np.swapaxes(apart, -1, -2) @ apart / (rows.shape[-2] - 1)
    own = np.diagonal(covariance, axis1=-2, axis2=-1)
    return np.asarray(own[..., :, None] + own[..., None, :] - 2.0 * covariance, dtype=np.float64)


def allowance(variances: FloatArray, at: int, zone: float, h_squared: float) -> FloatArray:
    """Return how far an arm may lie behind another after `at` replications and stay; 0 in the end. See `beaten`."""
    return np.maximum(h_squared * np.maximum(variances, 0.0) / (2.0 * zone * at) - zone / 2.0, 0.0)


def beaten(
    means: FloatArray, variances: FloatArray, left: BoolArray, at: int, zone: float, h_squared: float
) -> BoolArray:
    """Return which arms lie too far behind another one that is left; larger is better.

    Parameters
    ----------
    means : array, shape (..., arms)
        Averages over the first `at` replications.
    variances : array, shape (..., arms, arms)
        Of differences, by the first `FIRST` replications.
    left : array of bool, shape (..., arms)
        Who is still there.
    at : int
        Replications.
    zone, h_squared : float
        The smallest lead that matters, and see `continuation`.
    """
    behind = means[..., None, :] - means[..., :, None] > allowance(variances, at, zone, h_squared)
    return np.asarray(left & (behind & left[..., None, :]).any(axis=-1), dtype=np.bool_)


def select(
    values: npt.ArrayLike,
    arms: Sequence[str],
    reached: Sequence[int],
    zone: float,
    confidence: float = 0.95,
    most: int | None = None,
    larger_is_better: bool = True,
) -> Selection:
    """Replay the procedure over the replications that are there.

    Parameters
    ----------
    values : array, shape (replications, arms)
        nan where an arm has none; a replication that one of the arms left lacks is left out.
    arms : sequence of str
        Names.
    reached : sequence of int
        Up to which replication each arm has all that were tried.
    zone : float
        The smallest lead that matters; above 0, else ValueError.
    confidence : float
        Between 1 / arms and 1, else ValueError.
    most : int, optional
        Replications after which nobody looks any more.
    larger_is_better : bool
        Whether arms with larger values are better.
    """
    if zone <= 0.0:
        raise ValueError(f"the smallest lead that matters must be above 0, got {zone}")
    if not 1.0 / len(arms) < confidence < 1.0:
        raise ValueError(f"confidence must lie between 1/{len(arms)} and 1, got {confidence}; write 0.95 for 95%")
    rows = np.asarray(values, dtype=np.float64) * (1.0 if larger_is_better else -1.0)
    left, dropped, at, best = list(range(len(arms))), dict[str, int](), 0, ""
    h_squared = continuation(len(arms), confidence) if len(arms) > 1 else 0.0
    look = FIRST
    while look <= min([reached[one] for one in left] + ([] if most is None else [most])):
        early, here = (_whole(rows[:some, left]) for some in (FIRST, look))
        if len(early) < 2:
            break
        means, variances = here.mean(axis=0), variances_of_differences(early)
        out = beaten(means, variances, np.ones(len(left), np.bool_), len(here), zone, h_squared)
        ahead = int(np.argmax(means))
        if not allowance(variances, len(here), zone, h_squared).any():  # it is over, and what is left is alike
            out = np.arange(len(left)) != ahead
        at, best = look, arms[left[ahead]]
        dropped |= {arms[one]: look for one, is_out in zip(left, out.tolist(), strict=True) if is_out}
        left = [one for one, is_out in zip(left, out.tolist(), strict=True) if not is_out]
        if len(left) == 1:
            break
        look += ROUND
    return Selection(tuple(arms[one] for one in left), dropped, at, best)


def _whole(rows: FloatArray) -> FloatArray:
    """Return the replications that every arm has."""
    return rows[~np.isnan(rows).any(axis=1)]

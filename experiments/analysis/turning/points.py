"""Points at which an experiment was asked: what was assumed there, and how far ahead of the champion each arm was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LEAST_SPREAD_KNOWN = 10
"""Degrees of freedom from which the spread of replications at the same point is trusted."""


@dataclass(frozen=True)
class VariedPoints:
    """Rows of an experiment in which something was varied, and the points that they belong to.

    A point is a scenario with everything that was varied at one value; its rows are its replications, which differ by
    luck alone.

    Attributes
    ----------
    inputs : DataFrame, a row per row
        What was varied, a column per path: numbers in the unit shown, or words (a scenario, a policy).
    ahead : DataFrame, a row per row
        Column per arm other than the champion: its paired difference from the champion, in the metric's stored unit,
        turned round where less is better, so that more is better.
    point : array of int, shape (rows,)
        Which point each row belongs to, from 0 without gaps.
    unit : array of int, shape (rows,)
        Rows with the same number share a draw, or their luck: they are left out, or drawn anew, together.
    """

    inputs: "pd.DataFrame"
    ahead: "pd.DataFrame"
    point: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms beside the champion."""
        return tuple(str(arm) for arm in self.ahead.columns)

    @property
    def paths(self) -> tuple[str, ...]:
        """What was varied."""
        return tuple(str(path) for path in self.inputs.columns)

    @property
    def n(self) -> int:
        """How many points there are."""
        return int(self.point.max()) + 1 if len(self.point) else 0

    def at_points(self) -> "VariedPoints":
        """Return a row per point, averaged over its replications."""
        first = np.unique(self.point, return_index=True)[1]
        mean = self.ahead.groupby(self.point).mean().reset_index(drop=True)
        return replace(
            self,
            inputs=self.inputs.iloc[first].reset_index(drop=True),
            ahead=mean,
            point=np.arange(len(first)),
            unit=self.unit[first],
        )

    def only(self, arms: Sequence[str]) -> "VariedPoints":
        """Return the same with these arms alone."""
        return replace(self, ahead=self.ahead[list(arms)])


@dataclass(frozen=True)
class LuckSpread:
    """How far luck alone moves what a point shows.

    Attributes
    ----------
    covariance : array, shape (arms, arms)
        Of one replication, in the square of the metric's stored unit.
    replications : array, shape (points,)
        Over which each point is averaged.
    known_by : {'replications', 'smooth function'}
        Whether replications at the same point say so, or what a smooth function of the inputs leaves unexplained. The
        second counts all that is not smooth as luck, so that it errs on the side of caution.
    """

    covariance: FloatArray
    replications: FloatArray
    known_by: Literal["replications", "smooth function"]


def varied_points(table: "pd.DataFrame", inputs: Sequence[str], arms: Sequence[str], unit: str) -> VariedPoints:
    """Return the points of a table with a row per scenario, level and replication.

    Parameters
    ----------
    table : DataFrame
        Columns `inputs`, `arms` and `unit`. Rows in which an arm has no value are left out.
    inputs : sequence of str
        What was varied; what has one value alone is left out.
    arms : sequence of str
        Columns of paired differences, of which more is better.
    unit : str
        Column of what rows share by its number, a draw or their luck.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    missing = [name for name in (*inputs, *arms, unit) if name not in table.columns]
    if missing:
        raise ValueError(f"the table of points lacks the columns {missing}")
    whole = table.dropna(subset=list(arms)).reset_index(drop=True)
    shown = whole[[name for name in inputs if whole[name].nunique() > 1]]
    point = shown.groupby(list(shown.columns), sort=False).ngroup() if len(shown.columns) else shown.index * 0
    ahead = whole[list(arms)].astype(np.float64)
    return VariedPoints(shown, ahead, np.asarray(point, dtype=np.int64), whole[unit].to_numpy(np.int64))


def spread_within(points: VariedPoints) -> LuckSpread | None:
    """Return how far luck moves a replication, from replications at the same point; None where there are too few."""
    counts = np.bincount(points.point, minlength=points.n).astype(np.float64)
    freedom = float((counts - 1.0).sum())
    if freedom < LEAST_SPREAD_KNOWN:
        return None
    values = points.ahead.to_numpy(np.float64)
    means = points.ahead.groupby(points.point).transform("mean").to_numpy(np.float64)
    apart = values - means
    return LuckSpread(apart.T @ apart / freedom, counts, "replications")

"""What changes between two scenarios or levels: with the same people and luck in both, it is paired, too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.statistics import family_intervals

if TYPE_CHECKING:
    import pandas as pd


class Change(NamedTuple):
    """How an arm changes from one scenario or level to another, in the metric's stored unit.

    Attributes
    ----------
    own : Average
        By how much its own level is higher in the second: what one more call, or one more unit of money, is worth for
        it.
    apart : Average or None
        By how much its difference from the champion is larger in the second; None of the champion.
    n : int
        Replications that all arms have in both.
    """

    own: Average
    apart: Average | None
    n: int


def changes_of_runs(
    before: "pd.DataFrame", after: "pd.DataFrame", metric: str, champion: str, arms: Sequence[str]
) -> dict[str, Change]:
    """Return how each arm changes on a metric, of runs as `compare` takes them; ValueError if none has that metric.

    Columns arm, replication, metric, value; otherwise as `changes`.
    """
    wide = []
    for table in (before, after):
        own = table[table["metric"] == metric]
        if own.empty:
            known = ", ".join(sorted(table["metric"].unique()))
            raise ValueError(f"no run has the metric '{metric}'. Known: {known}.")
        wide.append(own.pivot(index="replication", columns="arm", values="value"))
    first, last = wide
    return changes(first, last, champion, arms)


def changes(before: "pd.DataFrame", after: "pd.DataFrame", champion: str, arms: Sequence[str]) -> dict[str, Change]:
    """Return how each arm changes, the champion first.

    Parameters
    ----------
    before, after : DataFrame, shape (replications, arms)
        A metric's values in the two; a replication is the same luck in both.
    champion : str
        One of the columns.
    arms : sequence of str
        The others; those without a value in one of the two are left out.

    Returns
    -------
    dict
        Empty where no replication has all arms in both. The intervals of the own changes of the other arms hold at
        once, those of their differences from the champion hold at once, and the champion's own holds alone.

    Notes
    -----
    Both are differences within a replication, of one arm between two worlds or of two arms between two worlds, so that
    luck that is shared drops out of them; `tenure.experiments.analysis.statistics.family_intervals` gives the ends.
    """
    names = [champion, *(arm for arm in arms if arm != champion)]
    moved = (after.reindex(columns=names) - before.reindex(columns=names)).dropna(axis=1, how="all").dropna()
    if champion not in moved or not len(moved):
        return {}
    others = [arm for arm in names[1:] if arm in moved]
    level = _averages(moved, [champion])
    own = level | _averages(moved, others)
    apart = _averages(moved[others].sub(moved[champion], axis=0), others)
    return {arm: Change(own[arm], apart.get(arm), len(moved)) for arm in (champion, *others)}


def _averages(table: "pd.DataFrame", arms: Sequence[str]) -> dict[str, Average]:
    """Return the averages of some columns with intervals that hold at once."""
    if not arms:
        return {}
    values = table[list(arms)].to_numpy(dtype=np.float64)
    found = zip(arms, values.mean(axis=0), *family_intervals(values), strict=True)
    return {arm: Average(float(mean), float(low), float(high)) for arm, mean, low, high in found}

"""Arms against the champion where somebody has looked in between: the intervals of planned looks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

from tenure.experiments.analysis.sequential.looks import confidence_at, last_look
from tenure.experiments.analysis.statistics import Comparison, check_runs, compare

if TYPE_CHECKING:
    import pandas as pd

Failed = Collection[tuple[str, int]]
"""Arms and replications that were tried and gave nothing."""


def compare_looked(
    runs: "pd.DataFrame",
    champion: str,
    failed: Failed = frozenset(),
    most: int | None = None,
    matters: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    families: Sequence[Sequence[str]] = (),
) -> list[Comparison]:
    """Compare every arm with the champion as of the last look that both have reached.

    The intervals of all looks and all arms hold together, so that it does not matter when and why somebody stopped.

    Parameters
    ----------
    runs, champion, matters, confidence, families
        As in `tenure.experiments.analysis.statistics.compare`; arms may have different replications.
    failed : collection of (arm, replication)
        What was tried and gave nothing: a look does not wait for it.
    most : int, optional
        Replications from this one on are left out.

    Returns
    -------
    list of Comparison
        Metrics and arms in the order of their first row. Half widths are nan before the first look.
    """
    check_runs(runs, champion)
    runs = runs if most is None else runs[runs["replication"] < most]
    arms = [str(arm) for arm in runs["arm"].unique() if arm != champion]
    found: dict[tuple[str, str], Comparison] = {}
    for arm in arms:
        look = last_look(min(reached(runs, one, failed) for one in (champion, arm)))
        found |= {
            (one.metric, arm): one
            for one in compare_at(runs, champion, arm, look, len(arms), matters, confidence, families)
        }
    names = [str(name) for name in runs["metric"].unique()]
    return [found[name, arm] for name in names for arm in arms if (name, arm) in found]


def compare_at(
    runs: "pd.DataFrame",
    champion: str,
    arm: str,
    look: int,
    arms: int,
    matters: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    families: Sequence[Sequence[str]] = (),
) -> list[Comparison]:
    """Compare one arm with the champion as of a look, every metric; look 0 is before the first.

    Parameters
    ----------
    runs, champion, matters, confidence, families
        As in `compare_looked`.
    arm : str
        The one.
    look : int
        Replications of the look; later ones are left out.
    arms : int
        Arms whose intervals are to hold together (Bonferroni: they may have stopped at different looks).
    """
    of_two = runs[runs["arm"].isin((champion, arm))]
    if not look:
        return [
            replace(one, low=nan, high=nan, low_alone=nan, high_alone=nan, verdict="undecided")
            for one in compare(of_two, champion, matters)
        ]
    alone = confidence_at(look, 1.0 - (1.0 - confidence) / arms)
    return compare(of_two[of_two["replication"] < look], champion, matters, alone, families)


def reached(runs: "pd.DataFrame", arm: str, failed: Failed = frozenset()) -> int:
    """Return up to which replication an arm has all that were tried, from the first on."""
    there = {int(one) for one in runs.loc[runs["arm"] == arm, "replication"].unique()}
    there |= {replication for of, replication in failed if of == arm}
    return next(n for n in range(len(there) + 1) if n not in there)

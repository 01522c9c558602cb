"""From acquisition to decline or leaving, cohort by cohort: what is recorded of new customers, as durations."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import CAUSES
from tenure.experiments.analysis.market.durations import Durations
from tenure.experiments.analysis.recorded_run import FloatArray, RecordedRun
from tenure.simulation.recording.measures import DECLINED, LEFT, LEFT_DECLINED, STILL, STILL_DECLINED

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Until = Literal["decline or leaving", "leaving"]
"""What ends a cycle. Of the first, decline is one of the causes, and what comes after it is not looked at."""
LEAVING = CAUSES[1:]
ENDS: Mapping[Until, Mapping[str, tuple[str, ...]]] = {
    "decline or leaving": {"declined": (DECLINED,), **{cause: (LEFT.format(cause=cause),) for cause in LEAVING}},
    "leaving": {cause: (LEFT.format(cause=cause), LEFT_DECLINED.format(cause=cause)) for cause in LEAVING},
}
"""What ends a cycle -> cause -> the recorded events that are it."""
CENSORED: Mapping[Until, tuple[str, ...]] = {"decline or leaving": (STILL,), "leaving": (STILL, STILL_DECLINED)}


class Cohort(NamedTuple):
    """Customers who joined us in one year of one run."""

    arm: str
    replication: int
    year: int
    durations: Durations


def cohorts(cycle: "pd.DataFrame", until: Until) -> Iterator[Cohort]:
    """Give the cohorts of runs, each with how long it took from joining until the end.

    Parameters
    ----------
    cycle : DataFrame
        Rows of the measure ``cycle``: arm, replication, a, b, value.
    until : str
        What ends it; causes are in the order of `ENDS`.
    """
    place, year, months = _read(cycle["a"].to_numpy(), cycle["b"].to_numpy(), until)
    keys = [cycle["arm"].astype(str).to_numpy(), cycle["replication"].to_numpy(), year]
    value = cycle["value"].to_numpy(np.float64)
    for (arm, replication, of_year), rows in cycle.groupby(keys, sort=True).indices.items():
        durations = _counted(place[rows], months[rows], value[rows], until, int(months.max()))
        yield Cohort(str(arm), int(replication), int(of_year), durations)


def durations_of(run: RecordedRun, until: Until) -> dict[int, Durations]:
    """Return how long new customers of one run took until the end, by year of joining; empty if none were recorded."""
    rows = run.rows("cycle")
    if not len(rows.value):
        return {}
    place, year, months = _read(rows.a, rows.b, until)
    found = {}
    for one in np.unique(year).tolist():
        own = year == one
        found[one] = _counted(place[own], months[own], rows.value[own], until, int(months.max()))
    return found


def pooled(durations: Iterable[Durations]) -> Durations:
    """Return durations of several cohorts as those of one."""
    ended, censored = zip(*durations, strict=True)
    return Durations(np.sum(ended, axis=0), np.sum(censored, axis=0))


def _read(a: NDArray[np.object_], b: NDArray[np.object_], until: Until) -> tuple[Ints, Ints, Ints]:
    """Return of each row which cause it is, one more if censored, two more if it is no end; and its two numbers."""
    ends = [*ENDS[until].values(), CENSORED[until]]
    which = {event: number for number, events in enumerate(ends) for event in events}
    when = np.array([str(one).split("/") for one in a], np.int64).reshape(-1, 2)
    return np.array([which.get(str(event), len(ends)) for event in b], np.int64), when[:, 0], when[:, 1]


def _counted(place: Ints, months: Ints, value: FloatArray, until: Until, last: int) -> Durations:
    counted = np.zeros((len(ENDS[until]) + 2, last + 1))
    np.add.at(counted, (place, months), value)
    return Durations(counted[:-2], counted[-2])

"""From acquisition to decline or leaving, cohort by cohort: what is recorded of new customers, as durations."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from tenure.agents.person import CAUSES
from tenure.experiments.analysis.market.durations import Durations
from tenure.simulation.recording.measures import DECLINED, LEFT, LEFT_DECLINED, STILL, STILL_DECLINED

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


def cohorts(cycle: pd.DataFrame, until: Until) -> Iterator[Cohort]:
    """Give the cohorts of runs, each with how long it took from joining until the end.

    Parameters
    ----------
    cycle : DataFrame
        Rows of the measure ``cycle``: arm, replication, a, b, value.
    until : str
        What ends it; causes are in the order of `ENDS`.
    """
    when = cycle["a"].astype(str).str.split("/", expand=True).astype(int)
    months, value, event = when[1].to_numpy(), cycle["value"].to_numpy(np.float64), cycle["b"].astype(str).to_numpy()
    ends = [*ENDS[until].values(), CENSORED[until]]
    place = np.full(len(cycle), len(ends))
    for number, events in enumerate(ends):
        place[np.isin(event, events)] = number
    keys = [cycle["arm"].astype(str).to_numpy(), cycle["replication"].to_numpy(), when[0].to_numpy()]
    for (arm, replication, year), rows in cycle.groupby(keys, sort=True).indices.items():
        counted = np.zeros((len(ends) + 1, int(months.max()) + 1))
        np.add.at(counted, (place[rows], months[rows]), value[rows])
        yield Cohort(str(arm), int(replication), int(year), Durations(counted[:-2], counted[-2]))

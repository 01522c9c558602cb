"""What those pay who fare worst under an arm, each beside the same person under the champion."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tenure.experiments.analysis.gains import common
from tenure.experiments.analysis.intervals import interval_text
from tenure.experiments.analysis.risk.tails import worst_average
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.life.to_follow import people_of_run
from tenure.experiments.store.results import Results

WORST_SHARE = 0.05
"""Of the customers at month 0."""


class WorstOff(NamedTuple):
    """The customers who fare worst under an arm.

    Attributes
    ----------
    arm : str
    more : float
        What each pays more over the run than under the champion, charges less rewards, on average; in the market's
        currency.
    half_width : float
        Of its 95% interval over replications, nan with one.
    replications : int
        Over which it is the average.
    """

    arm: str
    more: float
    half_width: float
    replications: int


def worst_off(results: Results, share: float = WORST_SHARE) -> list[WorstOff]:
    """Return by how much more the worst-off share of customers pay under each arm; results of one scenario."""
    names = {(one.arm, one.replication): name for name, one in results.known.items()}
    more: dict[str, list[float]] = {arm: [] for arm in results.arms if arm != results.champion}
    for replication in sorted({number for arm, number in names if arm == results.champion}):
        champion = people_of_run(results, names[results.champion, replication])
        for arm, found in more.items():
            if (arm, replication) in names:
                before, own = common(champion, people_of_run(results, names[arm, replication]))
                dearer = (own.charged - own.rewards) - (before.charged - before.rewards)
                found += [worst_average(dearer, share, larger_is_worse=True)] if len(dearer) else []
    return [
        WorstOff(arm, float(np.mean(found)), float(t_half_widths(np.array(found))), len(found))
        for arm, found in more.items()
        if found
    ]


def worst_off_lines(results: Results, found: Sequence[WorstOff]) -> Iterator[str]:
    """Yield a line for each arm, and what it is over."""
    if not found:
        return
    beside = f"more than the same people under '{results.champion}', {results.currency} over the run"
    yield f"The {100 * WORST_SHARE:g}% of the customers at month 0 who fare worst pay on average, {beside}"
    for one in found:
        yield f"  {one.arm}: {interval_text(one.more, one.half_width, 1, signed=True)}"
    counts = sorted({one.replications for one in found})
    over = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    yield f"  of each run's people; ± is over {over} replications. Who is told to go or charged off pays less."


def worst_off_json(found: Sequence[WorstOff]) -> list[dict[str, object]]:
    """Return the same as plain data."""
    return [one._asdict() for one in found]

"""Results too good to be true: found by what no policy should be able to do, whatever its merit."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.ratios import Ratio
from tenure.experiments.analysis.statistics import Comparison

NEVER_VARIES = 1e9
"""A variance reduction over which luck has no part in a difference: the best aimed policies reach some thousands."""
MOST_BACK = 20.0
"""Units of money back per unit of treatment money, surely more than which is not believed: assumption, four times what
campaigns are proud of."""
FEWEST = 3
"""Replications without which nothing is suspected."""


class Suspicion(NamedTuple):
    """What is too good to be true: of an arm and a metric, why, and what to look at."""

    arm: str
    metric: str
    why: str


def suspicions(comparisons: Iterable[Comparison], returns: Mapping[str, Ratio | None]) -> Iterator[Suspicion]:
    """Yield what is too good to be true of arms in one scenario.

    Parameters
    ----------
    comparisons : iterable of Comparison
        Of any metrics; those by which arms are not judged are passed over.
    returns : mapping
        Arm -> what comes back per extra unit of treatment money.

    Notes
    -----
    Three things are sober enough to be asked of every result: that luck has a part in a difference (a cost left out,
    or a sum added afterwards, is the same in each replication), that treatment money does not come back many times
    over, and that an arm does not surely earn more on top than the champion earns in all.
    """
    for one in comparisons:
        known = METRICS.get(one.metric)
        if known is None or not known.has_verdict or known.is_of_a_pair or one.n < FEWEST:
            continue
        if one.variance_reduction > NEVER_VARIES and abs(one.difference) > known.matters_from:
            yield Suspicion(
                one.arm,
                one.metric,
                f"differs by the same in each of {one.n} replications, as if luck had no part in it",
            )
        elif one.metric == "profit_per_customer" and one.low > one.champion_level > 0.0:
            yield Suspicion(one.arm, one.metric, f"surely earns more on top than '{one.champion}' earns in all")
    for arm, ratio in returns.items():
        if ratio is not None and ratio.n >= FEWEST and ratio.low > MOST_BACK:
            why = f"surely brings back over {MOST_BACK:g} times what it spends on treatment"
            yield Suspicion(arm, "return_on_treatment", why)

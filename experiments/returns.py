"""What comes back per unit of money, and where that cannot be said: the reason stands in the place of the number."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments.metrics import Metric
from experiments.sections import listed
from experiments.statistics import LEAST_SPEND, Ratio

DOES_NOTHING = "do_nothing"
"""The policy beside which all that an arm does is what its money does, so that a return is always given."""


class Return(NamedTuple):
    """What comes back per extra unit spent, or why that is not said."""

    ratio: Ratio | None
    why_not: str = ""


def returns_told(
    ratios: Mapping[str, Ratio | None], also: Mapping[str, Sequence[str]], currency: str
) -> dict[str, Return]:
    """Return what may be said of each arm.

    Parameters
    ----------
    ratios : mapping
        Arm to its return, from `experiments.statistics.returns_on_treatment`; None where so much is not spent.
    also : mapping
        Arm to what it does beside spending the money, from `experiments.acts.also_does`; empty if the champion does
        nothing, beside which that makes no difference.
    currency : str
        What money is named in.
    """
    told = {}
    for arm, ratio in ratios.items():
        more = list(also.get(arm, ()))
        if ratio is None:
            told[arm] = Return(None, f"is not found to spend over {LEAST_SPEND:.0f} {currency} a customer more")
        elif more:
            told[arm] = Return(None, not_the_only_difference(more))
        else:
            told[arm] = Return(ratio)
    return told


def not_the_only_difference(acts: Sequence[str]) -> str:
    """Say what else an arm does.

    >>> not_the_only_difference(["ends relationships", "changes lines"])
    'also ends relationships and changes lines, so that money is not the only difference'
    """
    return f"also {listed(list(acts))}, so that money is not the only difference"


def why_not_lines(metric: Metric, told: Mapping[str, Return]) -> list[str]:
    """Say why there is no number in the column of a metric, the arms with the same reason together."""
    arms: dict[str, list[str]] = {}
    for arm, one in told.items():
        if one.why_not:
            arms.setdefault(one.why_not, []).append(arm)
    head = " ".join(metric.headline)
    return [f"- {head}: {'each of ' * (len(some) > 1)}{listed(some)} {why}." for why, some in arms.items()]

"""What comes back per unit of money, and where that cannot be said: the reason stands in the place of the number."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.ratios import LEAST_SPEND, Ratio, returns_on_treatment
from tenure.experiments.report.labels import listed

if TYPE_CHECKING:
    import pandas as pd


class Return(NamedTuple):
    """What comes back per extra unit spent, or why that is not said."""

    ratio: Ratio | None
    why_not: str = ""


def returns_reported(
    values: "pd.DataFrame | None",
    champion: str,
    others: Sequence[str],
    spend: str,
    also: Mapping[str, Sequence[str]],
    currency: str,
) -> dict[str, Return]:
    """Return what may be said of each other arm.

    Parameters
    ----------
    values : DataFrame or None
        Metrics of the runs: arm, replication, metric, value; None if they were not worked out.
    champion, others : str, sequence of str
        The arm that the others are compared with, and these.
    spend : str
        The metric that is spent.
    also : mapping
        Arm to what it does beside spending the money, from `tenure.experiments.analysis.acts.also_does`.
    currency : str
        What money is named in.
    """
    if values is None or not {"profit_per_customer", spend} <= set(values["metric"]):
        return dict.fromkeys(others, Return(None, "has no record of what is spent"))
    if champion not in set(values["arm"]):
        return dict.fromkeys(others, Return(None, "has no run of the champion beside it"))
    ratios = returns_on_treatment(values, champion, spend=spend)
    return {arm: return_reported(ratios.get(arm), list(also.get(arm, ())), currency) for arm in others}


def return_reported(ratio: Ratio | None, also: Sequence[str], currency: str) -> Return:
    """Return what may be said of an arm's return, given what else the arm does."""
    if ratio is None:
        return Return(None, f"is not found to spend over {LEAST_SPEND:.0f} {currency} a customer more")
    return Return(None, not_the_only_difference(also)) if also else Return(ratio)


def not_the_only_difference(acts: Sequence[str]) -> str:
    """Say what else an arm does.

    >>> not_the_only_difference(["ends relationships", "changes lines"])
    'also ends relationships and changes lines, so that money is not the only difference'
    """
    return f"also {listed(list(acts))}, so that money is not the only difference"


def why_not_lines(metric: Metric, reported: Mapping[str, Return]) -> list[str]:
    """Say why there is no number in the column of a metric, the arms with the same reason together."""
    arms: dict[str, list[str]] = {}
    for arm, one in reported.items():
        if one.why_not:
            arms.setdefault(one.why_not, []).append(arm)
    head = " ".join(metric.headline)
    return [f"- {head}: {'each of ' * (len(some) > 1)}{listed(some)} {why}." for why, some in arms.items()]

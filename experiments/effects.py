"""The cells of a table of effects, and the sentences below it: one home for terminal and report."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from experiments.metrics import METRICS, OF_A_PAIR, RETURNS, Metric, difference_text, level_text, shown_times
from experiments.sections import listed
from experiments.statistics import SIGNS, WARN_PAIRING_BELOW, Comparison

MANY_TIMES = 1000


class Cell(NamedTuple):
    """One cell of the table of effects: its text, its verdict sign and what the sign means."""

    text: str
    sign: str = ""
    meaning: str = ""


def level_cell(metric: Metric, levels: Mapping[str, float]) -> Cell:
    """Return the champion's level of a metric, ``-`` where there is none."""
    known = metric.name not in OF_A_PAIR and metric.name in levels
    return Cell(level_text(metric, float(levels[metric.name])) if known else "-")


def difference_cell(metric: Metric, row: Comparison | None) -> Cell:
    """Return an arm's difference from the champion, with its verdict where one way is better."""
    if row is None or math.isnan(row.difference):
        return Cell("-")
    text = difference_text(metric, row.difference, row.half_width) + (" pt" if metric.unit == "%" else "")
    return Cell(text) if metric.better == "none" else Cell(text, SIGNS[row.verdict], row.verdict)


def pairing_text(comparisons: Sequence[Comparison], metrics: Collection[str]) -> str:
    """Say what pairing was worth: from the least, and whose it is, to the most, over all arms and the metrics shown.

    Metrics that are of a pair by themselves, or of which neither way is better, have no part. Empty where it is not
    known.
    """
    worth = {(one.metric, one.arm): one.variance_reduction for one in comparisons
             if one.metric in metrics and has_verdict(METRICS[one.metric]) and one.metric not in OF_A_PAIR
             and math.isfinite(one.variance_reduction) and one.half_width_alone > 0.0}  # fmt: skip
    if not worth:
        return ""
    (metric, arm), least = min(worth.items(), key=lambda item: item[1])
    few, many = _times(least), _times(max(worth.values()))
    weak = f"; under {WARN_PAIRING_BELOW:g} it hardly helps" if least < WARN_PAIRING_BELOW else ""
    return (
        f"pairing made the runs worth {few if few == many else f'{few} to {many}'} times as many, least for {metric} "
        f"of {arm}{weak}"
    )


def _times(value: float) -> str:
    if value >= MANY_TIMES:
        return f"over {MANY_TIMES:,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def has_verdict(metric: Metric) -> bool:
    """Return whether arms are judged by a metric: one way is better, and it is a number of its own, not a return."""
    return metric.better != "none" and metric.name not in RETURNS


def matters_text(metrics: Sequence[Metric]) -> str:
    """Say from which difference on each metric matters, those with the same together; empty where none is judged."""
    by: dict[str, list[str]] = {}
    for metric in metrics:
        if has_verdict(metric):
            unit = "points" if metric.unit == "%" else metric.unit
            size = f"{metric.matters_from * shown_times(metric):g} {unit} ({metric.matters_source})"
            by.setdefault(size, []).append(metric.name)
    if not by:
        return ""
    parts = [f"for {listed(names)} {size}" for size, names in by.items()]
    return f"{SIGNS['equal']} equal: the whole interval lies within what matters: {'; '.join(parts)}."

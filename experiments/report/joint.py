"""All scenarios beside each other: what every arm is worth in each, on one metric."""

from typing import NamedTuple

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.report.effects import Cell, difference_cell, level_cell
from tenure.experiments.report.labels import listed
from tenure.experiments.store.results import Results


class JointRow(NamedTuple):
    """An arm: its cell in each scenario, and in how many of them it is better or worse than the champion."""

    arm: str
    cells: tuple[Cell, ...]
    verdicts: str = ""


class JointTable(NamedTuple):
    """Arms by scenarios, on one metric; the champion's row comes first and holds its levels.

    Attributes
    ----------
    metric : Metric
        In the market's currency.
    scenarios : tuple of str
        The columns, in the order of the file.
    rows : tuple of JointRow
        The arms.
    sentences : tuple of str
        What is found in it.
    """

    metric: Metric
    scenarios: tuple[str, ...]
    rows: tuple[JointRow, ...]
    sentences: tuple[str, ...]


def joint_table(results: Results) -> JointTable | None:
    """Return all scenarios beside each other, on the first metric that is shown; None where there are not two."""
    metric = _metric(results)
    if len(results.scenarios) < 2 or metric is None:
        return None
    others = [arm for arm in results.arms if arm != results.champion]
    levels, by_arm = [], {arm: list[Cell]() for arm in others}
    leading = {}
    for scenario in results.scenarios:
        one = results.under(scenario)
        table = one.metrics()
        own = table[(table["arm"] == one.champion) & (table["metric"] == metric.name)]["value"]
        levels.append(level_cell(metric, {metric.name: float(own.mean())} if len(own) else {}))
        found = {row.arm: row for row in one.comparisons() if row.metric == metric.name}
        for arm in others:
            by_arm[arm].append(difference_cell(metric, found.get(arm)))
        better = [row for row in found.values() if row.verdict == "better"]
        sign = -1.0 if metric.better == "lower" else 1.0
        leading[scenario] = max(better, key=lambda row: sign * row.difference).arm if better else ""
    rows = [JointRow(results.champion, tuple(levels))]
    rows += [
        JointRow(arm, tuple(cells), _verdicts(cells) if metric.has_verdict else "") for arm, cells in by_arm.items()
    ]
    sentences = tuple(_sentences(leading, results.champion)) if others and metric.has_verdict else ()
    return JointTable(metric, results.scenarios, tuple(rows), sentences)


def _metric(results: Results) -> Metric | None:
    """Return the first metric that is shown and of which arms have a difference."""
    known = metrics_in(results.currency)
    shown = (known[name] for name in results.about["metrics"] if name in known)
    return next((one for one in shown if not one.is_of_a_pair), None)


def _verdicts(cells: list[Cell]) -> str:
    """Say in how many scenarios an arm is better, and in how many worse.

    >>> _verdicts([Cell("", "", "better"), Cell("", "", "worse"), Cell("", "", "better")])
    'better in 2 of 3, worse in 1'
    """
    better, worse = (sum(cell.meaning == word for cell in cells) for word in ("better", "worse"))
    told = f"better in {better} of {len(cells)}"
    return f"{told}, worse in {worse}" if worse else told


def _sentences(leading: dict[str, str], champion: str) -> list[str]:
    """Say which arm is furthest ahead of the champion in which scenario, the scenarios with the same arm together."""
    told = []
    for arm in dict.fromkeys(leading.values()):
        where = listed([scenario for scenario, one in leading.items() if one == arm])
        told.append(
            f"Furthest ahead of '{champion}' in {where}: {arm}."
            if arm
            else f"No arm is better than '{champion}' in {where}."
        )
    if len({one for one in leading.values() if one}) > 1:
        told.append("Which arm is furthest ahead depends on the scenario; arms are not tested against each other.")
    return told

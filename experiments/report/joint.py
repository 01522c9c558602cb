"""The same arms in several circumstances beside each other, scenarios or folders: what each is worth, and its rank."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import Metric, difference_text, shown_times
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.analysis.paired.families import matters_of
from tenure.experiments.analysis.statistics import Comparison
from tenure.experiments.config.reading import suggest
from tenure.experiments.report.beside.circumstances import (
    Circumstance,
    changes_between,
    circumstances_of,
    uncertain_in,
    unlike,
)
from tenure.experiments.report.beside.lying import cases_of, leading_two, lies, what_intervals_are_over
from tenure.experiments.report.effects import Cell, difference_cell, level_cell
from tenure.experiments.report.labels import listed
from tenure.experiments.store.results import Results

NOT_RUN = "-"
"""The cell of an arm without a difference."""
PLACES_TOLD = 4
"""Of so many arms that change places it is told which they have; of more the table shows it."""


class JointRow(NamedTuple):
    """An arm in each circumstance.

    Attributes
    ----------
    arm : str
    cells : tuple of Cell
        Its level, of the champion, or its difference from the champion there.
    ranks : tuple of int
        Its place there among all arms by average, 1 is the best; 0 where it has none. Arms with the same share it.
    verdicts : str
        In how many it is better and worse than the champion.
    change : Average or None
        By how much its difference is larger in the last circumstance than in the first, replications paired.
    everywhere : str
        Where its differences lie in all cases together, and in how many it is better; empty of the champion.
    """

    arm: str
    cells: tuple[Cell, ...]
    ranks: tuple[int, ...]
    verdicts: str = ""
    change: Average | None = None
    everywhere: str = ""


class JointTable(NamedTuple):
    """Arms by circumstances, on one metric; the champion's row comes first and holds its levels.

    Attributes
    ----------
    metric : Metric
        In the market's currency.
    circumstances : tuple of str
        The columns.
    rows : tuple of JointRow
        The arms.
    sentences : tuple of str
        What is found in it, and what is to be known of it.
    everywhere : str
        The heading of the column of all cases.
    matters : str
        The smallest difference that matters, with its unit; empty of a metric by which arms are not judged.
    """

    metric: Metric
    circumstances: tuple[str, ...]
    rows: tuple[JointRow, ...]
    sentences: tuple[str, ...]
    everywhere: str = ""
    matters: str = ""

    @property
    def has_changes(self) -> bool:
        """Whether there are two circumstances of the same replications, so that one may be taken from the other."""
        return any(row.change is not None for row in self.rows)

    def change_text(self, row: JointRow) -> str:
        """Write a row's change with its interval, ``-`` where there is none."""
        return "-" if row.change is None else difference_text(self.metric, row.change)


def joint_table(results: Results, metric: str = "") -> JointTable | None:
    """Return all scenarios beside each other, by default on the metric decided on; None where there is one case."""
    if len(results.scenarios) < 2 and not len(results.draws().columns):
        return None
    return joint_table_of(circumstances_of([results]), metric)


def joint_table_of(circumstances: Sequence[Circumstance], metric: str = "") -> JointTable | None:
    """Return circumstances beside each other, on a metric; by default the first that is shown.

    Raises
    ------
    ValueError
        If there is no metric of that name, or arms have no difference of it.
    """
    chosen = _metric(circumstances[0].results, metric)
    if chosen is None:
        return None
    champion = circumstances[0].results.champion
    arms = list(dict.fromkeys(arm for one in circumstances for arm in one.results.arms if arm != champion))
    found = [_comparisons(one.results, chosen) for one in circumstances]
    ranks = [ranks_of(chosen, champion, some) for some in found]
    levels = [_level(one.results, chosen) for one in circumstances]
    changed = changes_between(circumstances[0], circumstances[-1], chosen, arms) if len(circumstances) == 2 else {}
    places = tuple(some.get(champion, 0) for some in ranks)
    rows = [JointRow(champion, tuple(levels), places, "", changed.get(champion))]
    together, names = cases_of(circumstances, chosen, arms), uncertain_in(circumstances)
    for arm in arms:
        cells = tuple(difference_cell(chosen, some.get(arm)) for some in found)
        said = _verdicts(cells) if chosen.has_verdict else ""
        where = said
        if arm in together:
            better = together[arm].better
            in_cases = said if not names or np.isnan(better) else f"better in {better:.0%}"
            where = lies(chosen, together[arm], in_cases)
        rows.append(JointRow(arm, cells, tuple(some.get(arm, 0) for some in ranks), said, changed.get(arm), where))
    labels = [one.label for one in circumstances]
    sentences = [*what_intervals_are_over(circumstances, chosen, together, len(arms)), *unlike(circumstances)]
    if arms and chosen.has_verdict:
        leading = dict(zip(labels, (_leading(chosen, some) for some in found), strict=True))
        said_of_two = leading_two(circumstances, chosen, arms)
        many = len(circumstances) > 1
        order = _order(rows, labels, len(arms)) if many else iter(())
        sentences = [*_sentences(leading, champion), *order, *said_of_two, *sentences]
    what = ["all settings"] * bool(names) + ["all scenarios"] * (len(circumstances) > 1)
    heading = " and ".join(what).replace("and all", "and") if together else ""
    return JointTable(
        chosen, tuple(labels), tuple(rows), tuple(sentences), heading, _matters(circumstances[0].results, chosen)
    )


def ranks_of(metric: Metric, champion: str, found: Mapping[str, Comparison]) -> dict[str, int]:
    """Return the place of each arm by its average difference, the champion's is 0; none of a metric without a better.

    Arms with the same difference have the same place.
    """
    if not metric.has_verdict or not found:
        return {}
    sign = 1.0 if metric.better == "lower" else -1.0
    worth = {champion: 0.0} | {arm: sign * one.difference for arm, one in found.items()}
    worth = {arm: value for arm, value in worth.items() if not np.isnan(value)}
    return {arm: 1 + sum(other < value for other in worth.values()) for arm, value in worth.items()}


def _matters(results: Results, metric: Metric) -> str:
    """Write the smallest difference that matters, with its unit."""
    if not metric.has_verdict:
        return ""
    unit = "points" if metric.unit == "%" else metric.unit
    return f"{matters_of(results.about)[metric.name] * shown_times(metric):g} {unit}"


def _comparisons(results: Results, metric: Metric) -> dict[str, Comparison]:
    return {row.arm: row for row in results.comparisons() if row.metric == metric.name}


def _level(results: Results, metric: Metric) -> Cell:
    table = results.metrics()
    own = table[(table["arm"] == results.champion) & (table["metric"] == metric.name)]["value"]
    return level_cell(metric, {metric.name: float(own.mean())} if len(own) else {})


def _metric(results: Results, name: str) -> Metric | None:
    """Return the metric of a name, or the first that is shown and of which arms have a difference."""
    known = metrics_in(results.currency)
    able = {one.name: one for one in known.values() if not one.is_of_a_pair}
    if not name:
        return next((able[one] for one in results.about["metrics"] if one in able), None)
    if name not in able:
        what = "is of pairs of runs, not of circumstances" if name in known else "is no metric"
        raise ValueError(f"--metric: '{name}' {what}. {suggest(name, able)}")
    return able[name]


def _leading(metric: Metric, found: Mapping[str, Comparison]) -> str:
    """Return the arm that is furthest ahead of the champion beyond chance; empty if none is better."""
    better = [row for row in found.values() if row.verdict == "better"]
    sign = -1.0 if metric.better == "lower" else 1.0
    return max(better, key=lambda row: sign * row.difference).arm if better else ""


def _verdicts(cells: Sequence[Cell]) -> str:
    """Say in how many of the circumstances in which it was run an arm is better, and in how many worse.

    >>> _verdicts([Cell("1", "", "better"), Cell("1", "", "worse"), Cell("1", "", "better"), Cell("-")])
    'better in 2 of 3, worse in 1'
    """
    better, worse = (sum(cell.meaning == word for cell in cells) for word in ("better", "worse"))
    told = f"better in {better} of {sum(cell.text != NOT_RUN for cell in cells)}"
    return f"{told}, worse in {worse}" if worse else told


def _sentences(leading: Mapping[str, str], champion: str) -> Iterator[str]:
    """Say which arm is furthest ahead of the champion where, the circumstances with the same arm together."""
    for arm in dict.fromkeys(leading.values()):
        labels = [label for label, one in leading.items() if one == arm]
        where = f" in {listed(labels)}" if any(labels) else ""
        yield f"Furthest ahead of '{champion}'{where}: {arm}." if arm else f"No arm is better than '{champion}'{where}."
    if len({one for one in leading.values() if one}) > 1:
        yield "Which arm is furthest ahead depends on the circumstances."


def _order(rows: Sequence[JointRow], labels: Sequence[str], others: int) -> Iterator[str]:
    """Say whether arms have the same order everywhere, and which change their places; `others` are not the champion."""
    moving = [row for row in rows if 0 not in row.ranks and len({*row.ranks}) > 1]
    if any(0 in row.ranks for row in rows):
        yield "Not every arm was run everywhere, so that places are among those that were."
    elif not moving:
        yield f"The order of the {len(rows)} arms is the same in {listed(list(labels))}."
    if len(moving) > PLACES_TOLD:
        yield f"{len(moving)} of {len(rows)} arms do not have the same place in {listed(list(labels))}."
    for row in moving if len(moving) <= PLACES_TOLD else ():
        places = [f"{place} in {label}" for place, label in zip(row.ranks, labels, strict=True)]
        yield f"The place of {row.arm} is {listed(places)}."
    tested = ", and of the others only the two best against each other" if others > 1 else ""
    yield f"Places go by averages; each arm is tested against '{rows[0].arm}'{tested}."

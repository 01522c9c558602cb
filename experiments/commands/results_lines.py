"""Results on the terminal, scenario by scenario, and all scenarios beside each other."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.metric import difference_text, shown_times
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.analysis.risk.tails import worst
from tenure.experiments.analysis.sequential.asked import decided_on
from tenure.experiments.analysis.sequential.chosen import choice_sentences
from tenure.experiments.commands import terminal
from tenure.experiments.commands.folder_words import command_text, failed_lines, folder_command, hash_line, next_lines
from tenure.experiments.config.advice.rules_apart import rules_apart_in
from tenure.experiments.config.printable import printable_line
from tenure.experiments.report.designs.factorial import (
    MOST_LEVELS_TOLD,
    effect_tables,
    factor_sentences,
    has_design,
    level_table,
)
from tenure.experiments.report.joint import JointTable, joint_table
from tenure.experiments.report.turning.found import varied
from tenure.experiments.report.turning.words import turning_sentences
from tenure.experiments.store.results import Results


def joint_lines(results: Results, metric: str = "") -> Iterator[str]:
    """Yield all scenarios beside each other, by default on the first metric; nothing where there are not two."""
    if has_design(results):
        yield from design_lines(results, metric)
        return
    table = joint_table(results, metric)
    if table is not None:
        yield from table_of_circumstances(table, results.oracles, "scenarios")


def design_lines(results: Results, metric: str = "") -> Iterator[str]:
    """Yield all levels of a design below each other, and what each factor changes."""
    found = level_table(results, metric)
    if found is None:
        return
    shown, levels = found
    yield printable_line(f"{len(levels.rows)} levels, {len(results.arms)} arms: {shown.name} ({shown.unit}).")
    yield printable_line(f"Levels of '{results.champion}', and differences from it in the same line, 95% intervals.")
    yield ""
    yield from terminal.table_lines(levels.heads, levels.rows[:MOST_LEVELS_TOLD])
    left = len(levels.rows) - MOST_LEVELS_TOLD
    if left > 0:
        yield from terminal.wrapped(f"and {left} more: {folder_command('compare', results.folder)} --csv levels.csv")
    told = False
    for scenario, table in effect_tables(results, shown):
        where = f" in the scenario '{scenario}'" if scenario else ""
        yield ""
        yield printable_line(f"What each factor changes{where}: {shown.name} ({shown.unit}).")
        yield ""
        yield from terminal.table_lines(table.heads, table.rows)
        told = True
    yield ""
    for sentence in factor_sentences(results) if told else ():
        yield from terminal.wrapped(sentence)
    first = command_text([*folder_command("compare", results.folder).split(), "--scenario", results.scenarios[0]])
    yield from terminal.wrapped(f"A level in full: {first}")
    yield ""


def table_of_circumstances(
    table: JointTable, oracles: Sequence[str] = (), what: str = "circumstances"
) -> Iterator[str]:
    """Yield the lines of a table of arms by circumstances, and what is found in it."""
    metric, champion = table.metric, table.rows[0].arm
    count = len(table.circumstances)
    where = f"{count} {what if count > 1 else what.removesuffix('s')}, " if any(table.circumstances) else ""
    matters = f"; {table.matters} matters" if table.matters else ""
    yield printable_line(f"{where}{len(table.rows)} arms: {metric.name} ({metric.unit}){matters}.")
    yield printable_line(f"Levels of '{champion}', and differences from it in the same column, 95% intervals.")
    yield ""
    changes = [f"{table.circumstances[-1]} less"] if table.has_changes else []
    heads = [["", *(label or "as written" for label in table.circumstances), *changes, table.everywhere]]
    heads.append(["", *[""] * len(table.circumstances), *([table.circumstances[0]] if changes else []), ""])
    rows = []
    for row in table.rows:
        cells = [
            cell.shown + (f" ({rank})" if rank and count > 1 else "")
            for cell, rank in zip(row.cells, row.ranks, strict=True)
        ]
        change = [table.change_text(row)] if changes else []
        rows.append([row.arm, *cells, *change, row.everywhere or row.verdicts])
    yield from terminal.table_lines(heads, rows, oracles)
    yield ""
    if count > 1 and any(rank for row in table.rows for rank in row.ranks):
        yield from terminal.wrapped("(1) is the place among all arms by average, 1 the best.")
    for sentence in table.sentences:
        yield from terminal.wrapped(sentence)
    yield ""


def changes_lines(results: Results, before: str, after: str, metric: str = "") -> Iterator[str]:
    """Yield how each arm changes from one scenario or level to another, on the metric decided on by default."""
    found = results.changes_between(before, after, metric)
    known = metrics_in(results.currency)[metric or results.about["metrics"][0]]
    yield printable_line(
        f"From {before} to {after}: {known.name} ({known.unit}), 95% intervals, the same luck in both."
    )
    yield ""
    heads = [["", "changes by", f"less {results.champion}"], ["", "", "changes by"]]
    rows = [
        [arm, difference_text(known, one.own), "-" if one.apart is None else difference_text(known, one.apart)]
        for arm, one in found.items()
    ]
    yield from terminal.table_lines(heads, rows, results.oracles)
    yield ""
    yield from terminal.wrapped(
        "Each is a difference within a replication. Intervals of the arms beside the champion hold at once in a column."
    )


def turning_lines(results: Results) -> Iterator[str]:
    """Yield when the verdict turns, and what the answer leans on most; nothing where nothing was varied."""
    found = varied(results)
    if found is None:
        return
    for sentence in turning_sentences(found):
        yield from terminal.wrapped(sentence)
    yield ""


def each_lines(results: Results) -> Iterator[str]:
    """Yield the table of effects and what belongs to it, of each scenario; not of each level of a design.

    What holds for the tables of all scenarios alike, such as what the signs mean, is said below the first.
    """
    if has_design(results):
        return
    told: set[str] = set()
    for place, scenario in enumerate(results.scenarios):
        one = results.under(scenario)
        if scenario:
            yield from [""] * bool(place)
            yield printable_line(f"In the scenario '{scenario}':")
        yield from terminal.effects_lines(one, told)
        choice = one.choice()
        for sentence in () if choice is None else choice_sentences(choice, one.champion):
            yield from terminal.wrapped(sentence)
        yield from tail_lines(one)
        yield terminal.spent_line(one)
        yield from terminal.harm_lines(one)
        yield from terminal.stated_lines_of(one)
    for note in rules_apart_in(results.about["arms"], results.champion):
        yield from terminal.wrapped(f"note: {note}")


def tail_lines(results: Results) -> Iterator[str]:
    """Yield how bad it gets for each arm, on the metric decided on; nothing while too few replications tell."""
    metric = metrics_in(results.currency).get(decided_on(results.about["metrics"]))
    if metric is None or not metric.has_verdict or not results.decided:
        return
    table = results.metrics()
    wide = table[table["metric"] == metric.name].pivot(index="replication", columns="arm", values="value")
    parts = []
    for arm in (arm for arm in results.arms if arm != results.champion and arm in wide):
        apart = (wide[arm] - wide[results.champion]).dropna()
        found = worst(apart.to_numpy(float), larger_is_worse=metric.better == "lower")
        if math.isfinite(found.low):
            times = shown_times(metric)
            ends = f"{number(found.low * times, metric.decimals)} to {number(found.high * times, metric.decimals)}"
            shown = number(found.average * times, metric.decimals, signed=True)
            parts.append(f"{arm} {shown} ({ends}; {found.values} replications)")
    if parts:
        unit = "pt" if metric.unit == "%" else metric.unit
        yield from terminal.wrapped(
            f"In the worst 5% of replications differences of {metric.name} from '{results.champion}' average, in "
            f"{unit}: {', '.join(parts)}."
        )


def results_lines(results: Results, report_path: Path | None, words: list[str]) -> Iterator[str]:
    """Give what a run has found, where it is, and what to do next; `words` is the command that does it again."""
    steps = [(folder_command("compare", results.folder), "these tables again")]
    if report_path is not None:
        yield ""
        yield from joint_lines(results)
        yield from turning_lines(results)
        yield from each_lines(results)
        key, value = _narrower(results)
        again = command_text([*_unset(words, key), "--set", f"{key}={value:g}"])
        steps = [(again, "narrower intervals; these runs are kept")]
    yield from failed_lines(results)
    yield ""
    made = f"{results.made} runs made in {terminal.seconds_text(results.seconds)}, " if results.made else ""
    most = f"at most {len(results.about['runs'])}" if results.is_looked_at else f"{len(results.about['runs'])}"
    yield printable_line(f"Runs     {made}{len(results.names)} of {most} are in {results.folder}")
    yield hash_line(results)
    if report_path is not None:
        yield printable_line(f"Report   {report_path}")
    yield from next_lines(steps)


def _narrower(results: Results) -> tuple[str, float]:
    """Return what to set for narrower intervals: half the width, or twice as many replications."""
    precision, choose = results.about.get("precision"), results.about.get("choose")
    if precision is not None:
        return "precision.half_width", precision["half_width"] / 2.0
    if choose is not None:
        return "choose.scored_on", 2 * choose["scored_on"]
    return "replications", 2 * results.about["replications"]


def _unset(words: list[str], key: str) -> list[str]:
    """Return a command without what it sets one key to."""
    sets = [k for k in range(1, len(words)) if words[k - 1] == "--set" and words[k].startswith(f"{key}=")]
    return [word for k, word in enumerate(words) if k not in sets and k + 1 not in sets]

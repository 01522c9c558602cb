"""Results on the terminal, scenario by scenario, and all scenarios beside each other."""

from collections.abc import Iterator
from pathlib import Path

from tenure.experiments.commands import terminal
from tenure.experiments.commands.folder_words import command_text, failed_lines, folder_command, hash_line, next_lines
from tenure.experiments.config.printable import printable_line
from tenure.experiments.report.joint import joint_table
from tenure.experiments.store.results import Results


def joint_lines(results: Results) -> Iterator[str]:
    """Yield all scenarios beside each other; nothing where there are not two."""
    table = joint_table(results)
    if table is None:
        return
    metric = table.metric
    yield printable_line(f"{len(table.scenarios)} scenarios, {len(results.arms)} arms: {metric.name} ({metric.unit}).")
    yield printable_line(
        f"Levels of '{results.champion}', and differences from it in the same scenario, 95% intervals."
    )
    yield ""
    heads = [["", *table.scenarios, ""]]
    rows = [[row.arm, *(f"{cell.text} {cell.sign}".rstrip() for cell in row.cells), row.verdicts] for row in table.rows]
    yield from terminal.table_lines([*heads, [""] * len(heads[0])], rows, results.oracles)
    yield ""
    for sentence in table.sentences:
        yield from terminal.wrapped(sentence)
    yield ""


def each_lines(results: Results) -> Iterator[str]:
    """Yield the table of effects and what belongs to it, of each scenario."""
    for place, scenario in enumerate(results.scenarios):
        one = results.under(scenario)
        if scenario:
            yield from [""] * bool(place)
            yield printable_line(f"In the scenario '{scenario}':")
        yield from terminal.effects_lines(one)
        yield terminal.spent_line(one)
        yield from terminal.harm_lines(one)
        yield from terminal.stated_lines_of(one)


def results_lines(results: Results, report_path: Path | None, words: list[str]) -> Iterator[str]:
    """Give what a run has found, where it is, and what to do next; `words` is the command that does it again."""
    steps = [(folder_command("compare", results.folder), "these tables again")]
    if report_path is not None:
        yield ""
        yield from joint_lines(results)
        yield from each_lines(results)
        more = 2 * results.about["replications"]
        again = command_text([*_unset(words, "replications"), "--set", f"replications={more}"])
        steps = [(again, "narrower intervals; these runs are kept")]
    yield from failed_lines(results)
    yield ""
    made = f"{results.made} runs made in {terminal.seconds_text(results.seconds)}, " if results.made else ""
    yield printable_line(f"Runs     {made}{len(results.names)} of {len(results.about['runs'])} are in {results.folder}")
    yield hash_line(results)
    if report_path is not None:
        yield printable_line(f"Report   {report_path}")
    yield from next_lines(steps)


def _unset(words: list[str], key: str) -> list[str]:
    """Return a command without what it sets one key to."""
    sets = [k for k in range(1, len(words)) if words[k - 1] == "--set" and words[k].startswith(f"{key}=")]
    return [word for k, word in enumerate(words) if k not in sets and k + 1 not in sets]

"""The commands about a folder of results: what is there, what it says, whether it is whole, what may go."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.command_line import Folder, Json, PolicyFiles, answering, app, print_json, say, say_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from experiments.results import Results

TOLD_OF_FAILURES = ("arm", "replication", "seed", "error", "policy", "month", "file", "line", "trace", "damaged")
"""Entries of the record of a failure that are told; it may hold anything else, commands too, if others made it."""


@app.command()
def status(folder: Folder, json: Json = False) -> None:
    """Say how many runs of each arm are there, missing, damaged or failed; under each circumstance if there are any."""
    with answering(json):
        _under_each(folder, json, _status)


def _status(folder: Path, json: bool) -> dict[str, Any]:
    from experiments.folder_words import failed_lines, folder_command, next_lines, reading_bar
    from experiments.results import open_results, remarks

    with reading_bar(json) as tell:
        results = open_results(folder, progress=tell)
    wanted = results.about["runs"]
    count = {arm: {"wanted": 0, "there": 0, "damaged": 0, "failed": 0} for arm in results.arms}
    for name, (arm, _) in wanted.items():
        count[arm]["wanted"] += 1
        count[arm]["there"] += name in results.known
        count[arm]["damaged"] += name in results.damaged
        count[arm]["failed"] += name in results.failed
    told = list(remarks(results))
    if json:
        failed = {name: {key: one[key] for key in TOLD_OF_FAILURES if key in one}
                  for name, one in results.failed.items()}  # fmt: skip
        return {"folder": str(folder), "arms": count, "failed": failed, "remarks": told}
    say(f"{results.about['question']}\n{len(results.names)} of {len(wanted)} runs are there")
    for arm, one in count.items():
        parts = [f"{one[what]} {what}" for what in ("damaged", "failed") if one[what]]
        say(f"  {arm:<20} {one['there']:>5} of {one['wanted']}   {', '.join(parts)}".rstrip())
    say_lines(f"  note: {one}" for one in told)
    say_lines(failed_lines(results))
    step = (folder_command("compare", folder), "the effects of every arm")
    if len(results.names) < len(wanted):
        step = (folder_command("run", folder), "makes the runs that are missing")
    say_lines(next_lines([step]))
    return {}


@app.command()
def compare(
    folder: Folder,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file, for a spreadsheet.")] = None,
    people: Annotated[bool, typer.Option("--people", help="Name people whom an arm harms or benefits most.")] = False,
    replication: Annotated[int, typer.Option(min=0, help="Whose people.")] = 0,
    json: Json = False,
) -> None:
    """Print the effect of every arm against the champion; under each circumstance if there are any."""
    with answering(json):
        if csv is not None:
            _under_each(folder, json, lambda one, as_data: _write_csv(one, csv, folder, as_data))
        elif people:
            _under_each(folder, json, lambda one, as_data: _people(one, replication, as_data))
        else:
            _under_each(folder, json, _compare)


def _write_csv(folder: Path, path: Path, whole: Path, json: bool) -> dict[str, Any]:
    from experiments.effects_csv import write_effects_csv

    own = path if folder == whole else path.with_name(f"{path.stem}-{folder.name}{path.suffix}")
    write_effects_csv(_worked_out(folder, json), own)
    if not json:
        say(f"Table    {own}")
    return {"folder": str(folder), "csv": str(own)}


def _people(folder: Path, replication: int, json: bool) -> dict[str, Any]:
    from experiments.folder_words import command_text, next_lines
    from experiments.to_follow import follow_json, follow_lines, to_follow

    results = _worked_out(folder, json)
    found = to_follow(results, replication)
    if json:
        return {"folder": str(folder), "currency": results.currency, "people": follow_json(found)}
    say_lines(follow_lines(results, found, replication))
    config, sets = str(results.about["config"]["name"]), [w for one in results.about["sets"] for w in ("--set", one)]
    for one in found[:1]:
        words = ["tenure", "explain", config, "--person", str(one.person), "--arm", one.arm]
        words += ["--replication", str(replication), *sets]
        say_lines(next_lines([(command_text(words), "that life, month by month")]))
    return {}


def _compare(folder: Path, json: bool) -> dict[str, Any]:
    from experiments import terminal
    from experiments.results import comparisons_json, remarks

    results = _worked_out(folder, json)
    if json:
        return comparisons_json(results)
    say(results.about["question"] + "\n")
    say_lines(terminal.effects_lines(results))
    harmed, told = terminal.harm_lines(results), terminal.told_lines(results)
    say_lines([terminal.spent_line(results), *harmed, *told, *terminal.failed_lines(results), ""])
    say_lines(f"  note: {one}" for one in remarks(results))
    say(terminal.hash_line(results))
    step = (terminal.folder_command("report", folder), "figures: quadrants, stages, leaving, profit")
    say_lines(terminal.next_lines([step]))
    return {}


def _under_each(folder: Path, json: bool, tell: "Callable[[Path, bool], dict[str, Any]]") -> None:
    """Tell of a folder, or of each of those within it that hold the same experiment under a circumstance."""
    from experiments.record import ABOUT

    inner = [] if (folder / ABOUT).exists() else sorted(path.parent for path in folder.glob(f"*/{ABOUT}"))
    if not inner:
        answer = tell(folder, json)
        if json:
            print_json(answer)
        return
    answers: list[dict[str, Any]] = []
    wrong = False
    for one in inner:
        if not json:
            say_lines([""] * bool(answers))
            say(f"Under the circumstances '{one.name}':")
        try:
            if one.is_symlink():  # what is worked out is kept in the folder, and so would be written elsewhere
                raise ValueError(f"{one}: this is a link, and left out. Name the folder it leads to.")
            answers.append(tell(one, json))
        except (ValueError, FileNotFoundError) as error:
            wrong = True
            answers.append({"folder": str(one), "message": str(error)})
            if not json:
                say(str(error))
    if json:
        print_json(answers)
    if wrong:
        raise typer.Exit(2)


@app.command()
def report(
    folder: Folder,
    figure: Annotated[str, typer.Option(help="Write only this figure of the report, as PNG beside it.")] = "",
    json: Json = False,
) -> None:
    """Write the report of results that are there: one HTML file that opens offline."""
    with answering(json):
        from experiments import terminal
        from experiments.plots_names import undrawn_notes
        from experiments.summary import figure_of, report_of

        results = _worked_out(folder, json)
        path = figure_of(results, figure) if figure else report_of(results)
        if json:
            print_json({"figure" if figure else "report": str(path)})
            return
        say_lines(undrawn_notes(results.arms))
        if figure:
            say(f"Figure   {path}")
            return
        say(f"Report   {path}")
        say_lines(terminal.next_lines([(terminal.folder_command("compare", folder), "the same effects, here")]))


@app.command()
def audit(
    folder: Folder,
    rerun: Annotated[int, typer.Option(min=0, help="Make so many runs again and compare every bit.")] = 0,
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """Verify every file of a folder of results; with --rerun make some runs again and compare them bit by bit."""
    with answering(json):
        from experiments.auditing import audit_folder, audit_lines

        found = audit_folder(folder, rerun, policies or [], quiet=json)
        if json:
            print_json(found._asdict())
        else:
            say_lines(audit_lines(found, folder))
        if found.damaged or found.differing:
            raise typer.Exit(1)


@app.command()
def tidy(folder: Folder, json: Json = False) -> None:
    """Remove runs that no arm uses any more, states that nothing needs, and what killed processes left."""
    with answering(json):
        from experiments.auditing import tidy_folder

        removed = tidy_folder(folder)
        if json:
            print_json(removed)
            return
        say_lines(f"removed  {count:>6} {what}" for what, count in removed.items() if count)
        if not any(removed.values()):
            say("Nothing to remove.")


def _worked_out(folder: Path, quiet: bool) -> "Results":
    """Return results with metrics and pairs worked out, or stop where there is nothing to compare with."""
    from experiments.folder_words import folder_command, reading_bar
    from experiments.results import open_results

    with reading_bar(quiet) as tell:
        results = open_results(folder, progress=tell)
        if results.champion not in {one.arm for one in results.known.values()}:
            raise ValueError(
                f"{results.folder}: there is no run of the champion '{results.champion}' yet. "
                f"Make it: {folder_command('run', results.folder)}"
            )
        results.work_out(tell)
    return results

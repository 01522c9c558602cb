"""The commands about a folder of results: what is there, what it says, whether it is whole, what may go."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import Folder, Json, PolicyFiles, answering, app, print_json, say, say_lines, stop

if TYPE_CHECKING:
    from experiments.results import Results

TOLD_OF_FAILURES = ("arm", "replication", "seed", "error", "policy", "month", "file", "line", "trace", "damaged")
"""Entries of the record of a failure that are told; it may hold anything else, commands too, if others made it."""


@app.command()
def status(folder: Folder, json: Json = False) -> None:
    """Say how many runs of each arm are there, missing, damaged or failed."""
    with answering(json):
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
            print_json({"folder": str(folder), "arms": count, "failed": failed, "remarks": told})
            return
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


@app.command()
def compare(folder: Folder, json: Json = False) -> None:
    """Print the effect of every arm against the champion."""
    with answering(json):
        from experiments import terminal
        from experiments.results import comparisons_json, remarks

        results = _worked_out(folder, json)
        if json:
            print_json(comparisons_json(results))
            return
        say(results.about["question"] + "\n")
        say_lines(terminal.effects_lines(results))
        harmed = terminal.harm_lines(results)
        say_lines([terminal.spent_line(results), *harmed, *terminal.failed_lines(results), ""])
        say_lines(f"  note: {one}" for one in remarks(results))
        say(terminal.hash_line(results))
        step = (terminal.folder_command("report", folder), "figures: quadrants, stages, leaving, profit")
        say_lines(terminal.next_lines([step]))


@app.command()
def report(
    folder: Folder,
    figure: Annotated[str, typer.Option(help="Write only this figure of the report, as PNG beside it.")] = "",
    json: Json = False,
) -> None:
    """Write the report of results that are there: one HTML file that opens offline."""
    with answering(json):
        from experiments import terminal
        from experiments.summary import figure_of, report_of

        results = _worked_out(folder, json)
        if figure:
            path = figure_of(results, figure)
            if json:
                print_json({"figure": str(path)})
            else:
                say(f"Figure   {path}")
            return
        path = report_of(results)
        if json:
            print_json({"report": str(path)})
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
    from experiments.folder_words import reading_bar
    from experiments.results import open_results

    with reading_bar(quiet) as tell:
        results = open_results(folder, progress=tell)
        if results.champion not in {one.arm for one in results.known.values()}:
            stop(
                f"{results.folder}: there is no run of the champion '{results.champion}' yet. "
                f"Make it: tenure run {results.folder}", 2,
            )  # fmt: skip
        results.work_out(tell)
    return results

"""The commands about a folder of results: what is there, what it says, whether it is whole, what may go."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenure.experiments.commands.command_line import (
    Folder,
    Json,
    PolicyFiles,
    answering,
    app,
    print_json,
    say,
    say_lines,
)

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

TOLD_OF_FAILURES = (
    "scenario",
    "arm",
    "replication",
    "seed",
    "error",
    "policy",
    "month",
    "file",
    "line",
    "trace",
    "damaged",
)
"""Entries of the record of a failure that are told; it may hold anything else, commands too, if others made it."""


@app.command()
def status(folder: Folder, json: Json = False) -> None:
    """Say how many runs of each arm are there, missing, damaged or failed, scenario by scenario if there are any."""
    with answering(json):
        from tenure.experiments.commands.folder_words import failed_lines, folder_command, next_lines, reading_bar
        from tenure.experiments.running.claims import at_work
        from tenure.experiments.running.stages import lacking_in
        from tenure.experiments.store.remarks import remarks
        from tenure.experiments.store.results import open_results

        with reading_bar(json) as tell:
            results = open_results(folder, progress=tell)
        lacking = lacking_in(results)
        count, told = _counted(results, lacking), list(remarks(results))
        if json:
            failed = {
                name: {key: one[key] for key in TOLD_OF_FAILURES if one.get(key, "") != ""}
                for name, one in results.failed.items()
            }
            data = {"folder": str(folder), "failed": failed, "remarks": told, "at_work": sorted(at_work(folder))}
            own: dict[str, object] = {"scenarios": count} if results.scenarios[0] else {"arms": count[""]}
            print_json({**data, **own})
            return
        wanted = sum(one["wanted"] for arms in count.values() for one in arms.values())
        most = f", of at most {len(results.about['runs'])}" if results.is_looked_at else ""
        say(f"{results.about['question']}\n{len(results.names)} of {wanted} runs are there{most}")
        for scenario, arms in count.items():
            if scenario:
                say(f"In the scenario '{scenario}':")
            for arm, one in arms.items():
                parts = [f"{one[what]} {what}" for what in ("damaged", "failed") if one[what]]
                say(f"  {arm:<20} {one['there']:>5} of {one['wanted']}   {', '.join(parts)}".rstrip())
        say_lines(f"  note: {one}" for one in told if not one.startswith("not finished"))  # as the counts say
        say_lines(failed_lines(results))
        step = (folder_command("compare", folder), "the effects of every arm")
        making = at_work(folder)
        if making:
            say("A process of this machine is making runs here")
            step = (folder_command("status", folder), "how far it is")
        elif len(results.names) < wanted:
            step = (folder_command("run", folder), "makes the runs that are missing")
        say_lines(next_lines([step]))


def _counted(results: "Results", lacking: Collection[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Return scenario -> arm -> how many runs are wanted, there, damaged and failed."""
    none = {"wanted": 0, "there": 0, "damaged": 0, "failed": 0}
    count = {scenario: {arm: dict(none) for arm in results.arms} for scenario in results.scenarios}
    for name in results.about["runs"]:
        point = results.point(name)
        one = count[point.scenario][point.arm]
        one["wanted"] += name in lacking or name in results.known or name in results.failed
        one["there"] += name in results.known
        one["damaged"] += name in results.damaged
        one["failed"] += name in results.failed
    return count


@app.command()
def compare(
    folders: Annotated[list[Path], typer.Argument(help="Folder of results; of several, one table of all arms.")],
    scenario: Annotated[str, typer.Option("--scenario", help="Compare in this scenario alone.")] = "",
    metric: Annotated[
        str, typer.Option("--metric", help="The metric on which circumstances stand beside each other.")
    ] = "",
    before: Annotated[str, typer.Option("--from", help="Tell changes from this scenario or level.")] = "",
    after: Annotated[str, typer.Option("--to", help="Tell changes to this scenario or level.")] = "",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file, for a spreadsheet.")] = None,
    people: Annotated[bool, typer.Option("--people", help="Name people whom an arm harms or benefits most.")] = False,
    replication: Annotated[int, typer.Option(min=0, help="The replication whose people are named.")] = 0,
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """Print the effect of every arm against the champion, in all scenarios or folders beside each other and in each."""
    with answering(json):
        from tenure.experiments.commands.results_json import comparisons_json

        if bool(before) != bool(after):
            raise ValueError("compare: --from and --to go together: from which scenario or level, and to which")
        if len(folders) > 1:
            options = (("--csv", csv), ("--people", people), ("--from", before))
            given = [name for name, one in options if one]
            if given:
                raise ValueError(f"compare: {given[0]} is for one folder. Leave it out, or name one folder")
            _circumstances([_worked_out(one, json, scenario, policies) for one in folders], metric, json)
            return
        results = _worked_out(folders[0], json, scenario, policies)
        if before:
            _changes(results, before, after, metric, json)
            return
        if metric and len(results.scenarios) < 2:
            raise ValueError(
                "compare: --metric is for several circumstances beside each other, and there is one. Name more folders"
            )
        if csv is not None:
            _write_csv(results, csv, json)
        elif people:
            _people(results, replication, json)
        elif metric:
            _circumstances([results], metric, json)
        elif json:
            print_json(comparisons_json(results))
        else:
            _compare(results)


@app.command("why")
def why_command(
    folder: Folder,
    arm: Annotated[str, typer.Argument(help="Beside the champion.")],
    scenario: Annotated[str, typer.Option("--scenario", help="The scenario; by default the first.")] = "",
    person: Annotated[int | None, typer.Option(help="Tell this person's two lives beside each other.")] = None,
    replication: Annotated[int, typer.Option(min=0, help="The replication of these lives.")] = 0,
    every: Annotated[bool, typer.Option("--every", help="Tell months without change, too.")] = False,
    by: Annotated[
        str, typer.Option("--by", help="Tell every part by line, year, month, quadrant, treatment or ending.")
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="Switch this off and run again: a mechanism, 'rule 1' of the arm, or all."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one for each processor.")] = 0,
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """Say what the difference between an arm and the champion is made of: lines, years, people, treatments, endings."""
    with answering(json):
        from tenure.experiments.commands.why.answer import two_lives_asked, why_asked

        given = [name for name, one in (("--by", by), ("--person", person is not None), ("--without", without)) if one]
        if len(given) > 1:
            raise ValueError(f"why: {' and '.join(given)} are answers of their own. Ask for one at a time")
        if without:
            from tenure.experiments.commands.why.without import ToSwitchOff, without_asked

            own = ToSwitchOff(folder, arm, scenario, tuple(without), tuple(policies or ()), workers)
            found = without_asked(own, json)
        elif person is None:
            found = why_asked(folder, arm, scenario, json, by)
        else:
            found = two_lives_asked(folder, arm, scenario, (person, replication), every, policies or [], json)
        if json:
            print_json(found)


def _circumstances(folders: "list[Results]", metric: str, json: bool) -> None:
    """Print the same arms in all scenarios of all folders."""
    from tenure.experiments.commands.folder_words import folder_command, next_lines
    from tenure.experiments.commands.results_json import circumstances_json
    from tenure.experiments.commands.results_lines import table_of_circumstances
    from tenure.experiments.report.beside.circumstances import circumstances_of
    from tenure.experiments.report.joint import joint_table_of

    table = joint_table_of(circumstances_of(folders), metric)
    if table is None:
        raise ValueError("compare: no metric that is shown has a difference between arms. Name one by --metric")
    if json:
        print_json(circumstances_json(folders, table))
        return
    say(f"{folders[0].about['question']}\n")
    say_lines(table_of_circumstances(table, folders[0].oracles))
    say_lines(next_lines([(folder_command("compare", folders[0].folder), "all metrics of one folder")]))


def _changes(results: "Results", before: str, after: str, metric: str, json: bool) -> None:
    """Print how each arm changes from one scenario or level to another."""
    from tenure.experiments.commands.results_json import changes_json
    from tenure.experiments.commands.results_lines import changes_lines

    if json:
        print_json(changes_json(results, before, after, metric))
        return
    say(f"{results.about['question']}\n")
    say_lines(changes_lines(results, before, after, metric))


def _write_csv(results: "Results", path: Path, json: bool) -> None:
    from tenure.experiments.export.comparisons import write_comparisons_csv

    write_comparisons_csv(results, path)
    if json:
        print_json({"folder": str(results.folder), "csv": str(path)})
    else:
        say(f"Table    {path}")


def _people(results: "Results", replication: int, json: bool) -> None:
    from tenure.experiments.commands.folder_words import command_text, next_lines
    from tenure.experiments.life.to_follow import follow_json, follow_lines, to_follow
    from tenure.experiments.life.worst_off import worst_off, worst_off_json, worst_off_lines

    each = {scenario: results.under(scenario) for scenario in results.scenarios}
    found = {scenario: to_follow(one, replication) for scenario, one in each.items()}
    worst = {scenario: worst_off(one) for scenario, one in each.items()}
    if json:
        people = [
            {**({"scenario": scenario} if scenario else {}), **one}
            for scenario, some in found.items()
            for one in follow_json(some)
        ]
        fare = [
            {**({"scenario": scenario} if scenario else {}), **one}
            for scenario, some in worst.items()
            for one in worst_off_json(some)
        ]
        common: dict[str, object] = {"folder": str(results.folder), "currency": results.currency}
        print_json({**common, "people": people, "worst_off": fare})
        return
    config, sets = results.about["config"]["name"], [w for one in results.about["sets"] for w in ("--set", one)]
    for scenario, some in found.items():
        if scenario:
            say(f"In the scenario '{scenario}':")
        say_lines(follow_lines(each[scenario], some, replication))
        say_lines(worst_off_lines(each[scenario], worst[scenario]))
        for one in some[:1]:
            words = ["tenure", "explain", config, "--person", str(one.person), "--arm", one.arm]
            words += ["--scenario", scenario] if scenario else []
            words += ["--replication", str(replication), *sets]
            say_lines(next_lines([(command_text(words), "that life, month by month")]))


def _compare(results: "Results") -> None:
    from tenure.experiments.commands import terminal
    from tenure.experiments.commands.results_lines import each_lines, joint_lines, turning_lines
    from tenure.experiments.running.stages import lacking_in
    from tenure.experiments.store.remarks import remarks

    say(results.about["question"] + "\n")
    say_lines(joint_lines(results))
    say_lines(turning_lines(results))
    say_lines(each_lines(results))
    say_lines([*terminal.failed_lines(results), ""])
    say_lines(f"  note: {one}" for one in remarks(results))
    say(terminal.hash_line(results))
    step = (terminal.folder_command("report", results.folder), "figures: quadrants, stages, leaving, profit")
    if any(lacking_in(results)):
        step = (terminal.folder_command("run", results.folder), "makes the runs that are missing")
    say_lines(terminal.next_lines([step]))


@app.command()
def report(
    folder: Folder,
    figure: Annotated[str, typer.Option(help="Write only this figure of the report, as PNG beside it.")] = "",
    scenario: Annotated[str, typer.Option("--scenario", help="The scenario of the figure; by default the first.")] = "",
    files: Annotated[
        bool, typer.Option("--files", help="Write each figure as SVG and PNG, each table as CSV, too.")
    ] = False,
    one_page: Annotated[bool, typer.Option("--one-page", help="Write the page for a committee: an A4 sheet.")] = False,
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """Write the report of results that are there: one HTML file that opens offline."""
    with answering(json):
        from tenure.experiments.commands import terminal
        from tenure.experiments.commands.folder_words import writing_bar
        from tenure.experiments.report.figures.names import undrawn_notes
        from tenure.experiments.report.files.files import FOLDER
        from tenure.experiments.report.summary import figure_of, report_of, steps_of

        results = _worked_out(folder, json, own=policies)
        if one_page:
            from tenure.experiments.report.one_page.page import write_one_page

            path = write_one_page(results)
            if json:
                print_json({"one_page": str(path)})
            else:
                say(f"One page {path}   print it from a browser, as paper or as PDF: one A4 sheet")
            return
        shown = scenario or results.scenarios[0]
        if figure:
            path = figure_of(results.under(shown), figure)
        else:
            with writing_bar(json, steps_of(results)) as tell:
                path = report_of(results, files, tell)
        if json:
            print_json({"figure" if figure else "report": str(path)})
            return
        say_lines(undrawn_notes(results.arms))
        if figure:
            say(f"Figure   {path}")
            return
        say(f"Report   {path}")
        if files:
            say(f"Files    {path.parent / FOLDER}   SVG, PNG and CSV")
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
        from tenure.experiments.store.auditing import audit_folder, audit_lines

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
        from tenure.experiments.store.auditing import tidy_folder

        removed = tidy_folder(folder)
        if json:
            print_json(removed)
            return
        say_lines(f"removed  {count:>6} {what}" for what, count in removed.items() if count)
        if not any(removed.values()):
            say("Nothing to remove.")


def _worked_out(folder: Path, quiet: bool, scenario: str = "", own: list[Path] | None = None) -> "Results":
    """Return results with metrics and pairs worked out, or stop where there is nothing to compare with."""
    from tenure.experiments.commands.folder_words import folder_command, reading_bar
    from tenure.experiments.store.results import open_results

    with reading_bar(quiet) as tell:
        results = open_results(folder, progress=tell, policies=own or ())
        results = results.under(scenario) if scenario else results
        for one in map(results.under, results.scenarios):
            if one.champion not in {run.arm for run in one.known.values()}:
                where = f" in the scenario '{one.scenario}'" if one.scenario else ""
                raise ValueError(
                    f"{results.folder}: there is no run of the champion '{results.champion}'{where} yet. "
                    f"Make it: {folder_command('run', results.folder)}"
                )
        results.work_out(tell)
    return results

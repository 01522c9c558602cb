"""The command `tenure`. Heavy imports wait until a command needs them, so that `tenure --help` is quick."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tenure.experiments.commands import folders
from tenure.experiments.commands.command_line import (
    Config,
    Json,
    PolicyFiles,
    Sets,
    Vary,
    Workers,
    answering,
    app,
    print_json,
    say,
    say_lines,
    sets_of,
    stop,
)
from tenure.experiments.export import command as export
from tenure.experiments.observing import command as observing
from tenure.experiments.panel import command as panel

__all__ = ["app", "export", "folders", "main", "observing", "panel"]


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="Experiments, *.market.yaml, *.scenario.yaml or policy files.")],
    sets: Sets = None,
    vary: Vary = None,
    policies: PolicyFiles = None,
    workers: Workers = 0,
    resolved: Annotated[bool, typer.Option("--resolved", help="Print every value and where it came from.")] = False,
    pilot: Annotated[
        bool, typer.Option("--pilot", help="Make five replications first; they count when it is run.")
    ] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder of the results.")] = None,
    json: Json = False,
) -> None:
    """Find every error of a file at once; with none, say what running it takes, and what it can find."""
    with answering(json):
        from tenure.experiments.commands import checking

        laid, wishes = sets_of(sets, vary), checking.Wishes(resolved, pilot, out, json)
        found = [checking.check_file(name, laid, policies or [], workers, wishes) for name in files]
        if json:
            print_json([one.data for one in found])
        else:
            say("\n\n".join("\n".join(one.lines) for one in found))
        if any(one.faulty for one in found):
            raise typer.Exit(2)


@app.command()
def run(
    config: Config,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder of the results.")] = None,
    workers: Workers = 0,
    engine: Annotated[
        str, typer.Option(help="How rules are run: compiled, or objects, the same results slowly.")
    ] = "compiled",
    policies: PolicyFiles = None,
    sets: Sets = None,
    vary: Vary = None,
    only: Annotated[str, typer.Option(help="Make this run alone: [SCENARIO/]ARM/REPLICATION.")] = "",
    month_limit: Annotated[float, typer.Option(min=0.1, help="Seconds that a month of a run may take.")] = 60.0,
    memory_gb: Annotated[
        float, typer.Option(min=0, help="Memory that a worker may take; 0: what is free, shared.")
    ] = 0.0,
    json: Json = False,
) -> None:
    """Make the runs that are missing, compare the arms, and write the report."""
    with answering(json):
        from tenure.experiments.commands import run as running
        from tenure.experiments.running.workers import Limits

        if engine not in ("compiled", "objects"):
            stop(f"--engine: there is no engine '{engine}'. Write compiled or objects.", 2)
        limits = Limits(month_limit, int(memory_gb * 1e9))
        how = running.How(workers, engine, limits, running.point_asked(only), json)
        found = running.run_asked(running.Asked(config, out, tuple(sets_of(sets, vary)), tuple(policies or ())), how)
        if json:
            print_json(found)
        if found["failed"]:
            raise typer.Exit(1)


@app.command()
def verify(
    case: Annotated[
        str, typer.Argument(help="A known answer, such as staying, patterns, or coverage; by default all.")
    ] = "",
    slow: Annotated[
        bool, typer.Option("--slow", help="Make more replications, and the bands: a quarter of an hour.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the page of patterns, or of coverage, there.")
    ] = None,
    json: Json = False,
) -> None:
    """Reproduce published results with the running simulator: known answers, and patterns beside what is published."""
    with answering(json):
        from tenure.experiments.commands.verifying import verify_asked

        found = verify_asked(case, slow, page, json)
        if json:
            print_json(found.as_data())
        if found.wrong:
            raise typer.Exit(1)


class _OfOneOption(TyperCommand):
    """A command that takes an option by itself as the word that is asked about: `tenure explain --vary`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        alone = len(args) == 1 and args[0].startswith("--") and args[0] not in ("--help", "--json")
        return super().parse_args(ctx, ["--", *args] if alone else args)


@app.command(cls=_OfOneOption)
def explain(
    word: Annotated[list[str] | None, typer.Argument(help="Of a config or a table; with --person a config.")] = None,
    policies: PolicyFiles = None,
    person: Annotated[int | None, typer.Option(help="Tell this person's months, true and believed.")] = None,
    arm: Annotated[str, typer.Option(help="The arm of that life; by default the champion.")] = "",
    replication: Annotated[int, typer.Option(min=0, help="The replication of that life.")] = 0,
    months: Annotated[
        int, typer.Option(min=0, help="Months of that life to live; 0: as many as the experiment has.")
    ] = 0,
    scenario: Annotated[str, typer.Option(help="The scenario of that life; by default the first.")] = "",
    every: Annotated[bool, typer.Option("--every", help="Tell months without change, too.")] = False,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Explain any word of configs, tables and reports; alone: the month by phases; with --person: one life."""
    with answering(json):
        name = " ".join(word or ())
        if person is not None:
            from tenure.experiments.life.table import explain_person

            config = name or "quickstart.yaml"
            life = explain_person(
                config, person, arm, replication, months, sets or [], policies or [], every, json, scenario
            )
            if json:
                print_json(life)
            return
        from tenure.experiments.listing.listing import called, entries, known_to
        from tenure.experiments.listing.listing import explain as look_up
        from tenure.experiments.listing.text import entry_lines

        known = known_to(policies)
        files = policies or []
        found = look_up(name, known, files, app) if name else list(entries("phases"))
        if json:
            print_json([one._asdict() for one in found])
            return
        if not name:
            say("A month, in order:\n")
        say_lines(entry_lines(found, name, as_text=bool(name) and not called(name, known, files, app)))
        say("Next     " + ("tenure list words" if name else "tenure explain quadrant_rules"))


@app.command("list")
def list_kind(
    kind: Annotated[str, typer.Argument(help="policies, metrics, view, settings, words, ...")] = "",
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """List what there is of a kind; alone: the kinds."""
    with answering(json):
        from tenure.experiments.listing.listing import entries, kinds, known_to
        from tenure.experiments.listing.text import list_lines

        found = list(entries(kind, known_to(policies), policies or [], app) if kind else kinds())
        if not found:
            raise ValueError(f"there are no {kind}: name the file that has some by --policies")
        if json:
            print_json([one._asdict() for one in found])
            return
        say_lines(list_lines(found))
        verb = {"": "list", "examples": "run"}.get(kind, "explain")
        example = next((one.name for one in found if one.name.replace("_", "").isalnum()), found[0].name)
        say(f"\nNext     tenure {verb} {example}")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ± shows something else, and goes on
    app()


if __name__ == "__main__":
    main()

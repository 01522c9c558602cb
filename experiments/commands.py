"""The command `tenure`. Heavy imports wait until a command needs them, so that `tenure --help` is quick."""

import json as json_format
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from experiments.config import Experiment
    from experiments.listing import Entry
    from experiments.runner import Results

app = typer.Typer(
    name="tenure", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Compare policies for the customers of a financial institution in a simulated market. "
    "Start with: tenure run quickstart.yaml",
)  # fmt: skip

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE laid over the file; repeat it.")]
PolicyFiles = Annotated[list[Path] | None, typer.Option("--policies", help="Python file with policies; repeat it.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one for each processor.")]
Folder = Annotated[Path, typer.Argument(help="Folder of results, such as results/quickstart.")]
Config = Annotated[str, typer.Argument(help="Experiment, or the name of a shipped one.")]


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="Experiments, *.market.yaml files or policy files.")],
    sets: Sets = None,
    policies: PolicyFiles = None,
    workers: Workers = 0,
    resolved: Annotated[bool, typer.Option("--resolved", help="Print every value and where it came from.")] = False,
    json: Json = False,
) -> None:
    """Find every error of a file at once; with none, say what running it takes."""
    with _answering(json):
        from experiments import checking

        found = [checking.check_file(name, sets or [], policies or [], workers, resolved) for name in files]
        if json:
            _print_json([one.data for one in found])
        else:
            typer.echo("\n\n".join("\n".join(one.lines) for one in found))
        if any(one.faulty for one in found):
            raise typer.Exit(2)


@app.command()
def run(
    config: Config,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder of the results.")] = None,
    workers: Workers = 0,
    engine: Annotated[str, typer.Option(help="compiled, or objects: the same results, slowly.")] = "compiled",
    policies: PolicyFiles = None,
    sets: Sets = None,
    only: Annotated[str, typer.Option(help="ARM/REPLICATION: make this run alone.")] = "",
    json: Json = False,
) -> None:
    """Make the runs that are missing, compare the arms, and write the report."""
    with _answering(json):
        from experiments import terminal
        from experiments.config import circumstances, find_config, load_experiment
        from experiments.runner import comparisons_json, estimate, run_experiment

        if Path(config).is_dir():
            config, out, sets, policies = _again(Path(config), out, sets, policies)
        for name, extra in circumstances(config, sets or []).items():
            typer.echo("" if json else f"\nUnder the circumstances '{name}': {', '.join(extra) or 'as written'}")
            folder = (out or Path("results") / Path(config).stem) / name
            run(config, folder, workers, engine, policies, [*(sets or []), *extra, "circumstances={}"], only, json)
        if circumstances(config, sets or []):
            return
        if engine not in ("compiled", "objects"):
            _stop(f"--engine: there is no engine '{engine}'. Write compiled or objects.", 2)
        single = _arm_and_replication(only)
        experiment = load_experiment(config, sets or [], policies or [])
        path, shipped = find_config(config)
        folder = out or Path("results") / experiment.name
        screen = terminal.console()
        if not json:
            if shipped:
                typer.echo(f"{config} is not in this folder: this is the shipped example, {path}")
            screen.print(experiment.settings.question, markup=False)
            takes = estimate(experiment, workers or os.cpu_count() or 1)
            screen.print(terminal.plan_line(experiment, takes), markup=False)
        words = _command(config, out, sets, policies)
        with terminal.RunBars(screen) as bars:
            try:
                results = run_experiment(
                    experiment, folder, workers or None, engine, None if json else bars, single,
                    terminal.command_text(words),
                )  # fmt: skip
            except KeyboardInterrupt:
                bars.bars.stop()
                _stopped(folder)
        report_path = _report(results, experiment, engine) if single is None else None
        if json:
            _print_json({**comparisons_json(results), "report": None if report_path is None else str(report_path)})
        else:
            _echo_lines(terminal.results_lines(results, report_path, words))
        if results.failed:
            raise typer.Exit(1)


@app.command()
def status(folder: Folder, json: Json = False) -> None:
    """Say how many runs of each arm are there, missing or failed."""
    with _answering(json):
        from experiments import terminal
        from experiments.runner import open_results

        results = open_results(folder)
        wanted = results.about["runs"]
        count = {
            arm: {
                "wanted": sum(a == arm for a, _ in wanted.values()),
                "there": sum(wanted[name][0] == arm for name in results.names),
                "failed": sum(one["arm"] == arm for one in results.failed.values()),
            }
            for arm in results.arms
        }
        if json:
            _print_json({"folder": str(folder), "arms": count, "failed": dict(results.failed)})
            return
        typer.echo(f"{results.about['question']}\n{len(results.names)} of {len(wanted)} runs are there")
        for arm, one in count.items():
            failed = f"   {one['failed']} failed" if one["failed"] else ""
            typer.echo(f"  {arm:<20} {one['there']:>5} of {one['wanted']}{failed}")
        for line in terminal.failed_lines(results):
            typer.echo(line)
        step = (f"tenure compare {folder}", "the effects of every arm")
        if len(results.names) < len(wanted):
            step = (f"tenure run {folder}", "makes the runs that are missing")
        _echo_lines(terminal.next_lines([step]))


@app.command()
def compare(folder: Folder, json: Json = False) -> None:
    """Print the effect of every arm against the champion."""
    with _answering(json):
        from experiments import terminal
        from experiments.runner import comparisons_json, open_results

        results = open_results(folder)
        _need_runs(results)
        if json:
            _print_json(comparisons_json(results))
            return
        typer.echo(results.about["question"] + "\n")
        _echo_lines(terminal.effects_lines(results))
        harmed = terminal.harm_lines(results)
        _echo_lines([terminal.spent_line(results), *harmed, *terminal.failed_lines(results), ""])
        _echo_lines(terminal.next_lines([(f"tenure report {folder}", "figures: quadrants, stages, leaving, profit")]))


@app.command()
def report(
    folder: Folder,
    figure: Annotated[str, typer.Option(help="Write only this figure of the report, as PNG beside it.")] = "",
    json: Json = False,
) -> None:
    """Write the report of results that are there: one HTML file that opens offline."""
    with _answering(json):
        from experiments import terminal
        from experiments.runner import open_results
        from experiments.summary import figure_of, report_of

        results = open_results(folder)
        _need_runs(results)
        if figure:
            typer.echo(f"Figure   {figure_of(results, figure)}")
            return
        path = report_of(results)
        if json:
            _print_json({"report": str(path)})
            return
        typer.echo(f"Report   {path}")
        _echo_lines(terminal.next_lines([(f"tenure compare {folder}", "the same effects, here")]))


@app.command()
def verify(
    case: Annotated[str, typer.Argument(help="One case, such as staying; by default all (about two minutes).")] = "",
    json: Json = False,
) -> None:
    """Reproduce published results with the running simulator: expected, simulated, standard errors apart."""
    with _answering(json):
        from experiments.known_answers import CASES
        from experiments.reading import suggest
        from experiments.terminal import verification_lines

        if case and case not in CASES:
            raise ValueError(f"there is no case '{case}'. {suggest(case, CASES)}")
        rows = []
        for name in [case] if case else CASES:
            found = CASES[name]()
            rows += found
            if not json:
                _echo_lines(verification_lines(name, found))
        if json:
            _print_json([row._asdict() for row in rows])
        else:
            wrong = sum(not row.ok for row in rows)
            typer.echo(f"{len(rows) - wrong} of {len(rows)} comparisons lie within four standard errors.")
        if any(not row.ok for row in rows):
            raise typer.Exit(1)


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="Parameter, metric ...; with --person an experiment.")] = "",
    policies: PolicyFiles = None,
    person: Annotated[int | None, typer.Option(help="Tell this person's months, true and believed.")] = None,
    arm: Annotated[str, typer.Option(help="Of that life; by default the champion.")] = "",
    replication: Annotated[int, typer.Option(min=0, help="Of that life.")] = 0,
    months: Annotated[int, typer.Option(min=0, help="Of that life; 0: as the experiment has.")] = 0,
    every: Annotated[bool, typer.Option("--every", help="Tell months without change, too.")] = False,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Explain anything that has a name; alone: the month, phase by phase; with --person: one life."""
    with _answering(json):
        if person is not None:
            from experiments.life_table import explain_person

            config = name or "quickstart.yaml"
            life = explain_person(config, person, arm, replication, months, sets or [], policies or [], every, json)
            if json:
                _print_json(life)
            return
        from experiments.listing import entries
        from experiments.listing import explain as look_up
        from experiments.plugins import known_policies

        known = known_policies(policies or [])
        found = look_up(name, known) if name else list(entries("phases"))
        if json:
            _print_json([one._asdict() for one in found])
            return
        if not name:
            typer.echo("A month, in order:\n")
        for one in found:
            typer.echo(f"{one.name}  ({one.kind})\n  " + one.line.replace("\n", "\n  "))
            for label, text in one.facts.items():
                typer.echo(f"  {label:<24} {text}")
            typer.echo("")
        typer.echo("Next     " + ("tenure list parameters" if name else "tenure explain quadrant_rules"))


@app.command("list")
def list_kind(
    kind: Annotated[str, typer.Argument(help="policies, treatments, products, metrics, view, parameters, ...")] = "",
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """List what there is of a kind."""
    with _answering(json):
        from experiments.listing import KINDS, entries
        from experiments.plugins import known_policies

        if not kind:
            _stop(f"Say what to list: {', '.join(KINDS)}.", 2)
        found = list(entries(kind, known_policies(policies or [])))
        if json:
            _print_json([one._asdict() for one in found])
            return
        width = max((len(one.name) for one in found), default=0)
        for one in found:
            typer.echo(f"{one.name:<{width}}   {one.line}")
        example = _an_example(found)
        typer.echo(f"\nNext     tenure {'run' if kind == 'examples' else 'explain'} {example}")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ± shows something else, and goes on
    app()


@contextmanager
def _answering(json: bool) -> Iterator[None]:
    """Tell expected faults in words, never as a traceback: exit code 2 for a config, 1 for the rest, 130 for ^C."""
    try:
        yield
    except KeyboardInterrupt:
        _stop("^C stopped.", 130)
    except (ValueError, FileNotFoundError) as error:
        from experiments.reading import ConfigError

        problems = error.problems if isinstance(error, ConfigError) else None
        if json:
            told = [one._asdict() for one in problems] if problems else [{"message": str(error)}]
            _print_json({"problems": told})
            raise typer.Exit(2) from None
        many = f"\n{len(problems)} problems" if problems and len(problems) > 1 else ""
        _stop(f"{error}{many}", 2)
    except BrokenPipeError:
        raise  # whoever reads has enough, as `head` does: the command line ends without a word
    except OSError as error:
        _stop(f"{error.filename or 'the disk'}: {error.strerror or error}", 1)


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _stopped(folder: Path) -> NoReturn:
    from experiments.store import run_names

    kept = len(run_names(folder))
    _stop(f"^C stopped; {kept} runs are kept. The same command goes on from here.", 130)


def _print_json(data: Any) -> None:
    from experiments.summary import without_nan

    typer.echo(json_format.dumps(without_nan(data), indent=1, ensure_ascii=False))


def _echo_lines(lines: Any) -> None:
    for line in lines:
        typer.echo(line)


def _an_example(found: "list[Entry]") -> str:
    return next((one.name for one in found if "<" not in one.name), "")


def _need_runs(results: "Results") -> None:
    there = {results.about["runs"][name][0] for name in results.names}
    if results.champion not in there:
        _stop(
            f"{results.folder}: there is no run of the champion '{results.champion}' yet. "
            f"Make it: tenure run {results.folder}", 2,
        )  # fmt: skip


def _again(
    folder: Path, out: Path | None, sets: list[str] | None, policies: list[Path] | None
) -> tuple[str, Path, list[str], list[Path]]:
    """Return config, folder, settings and policy files of results that are there, to go on with them."""
    from experiments.runner import open_results

    about = open_results(folder).about
    own = [Path(one) for one in about["plugins"]]
    return about["config"], out or folder, [*about["sets"], *(sets or [])], policies or own


def _arm_and_replication(only: str) -> tuple[str, int] | None:
    if not only:
        return None
    arm, slash, replication = only.rpartition("/")
    if not slash or not replication.isdecimal():
        _stop(f"--only {only}: write it as ARM/REPLICATION, such as book/3.", 2)
    return arm, int(replication)


def _command(config: str, out: Path | None, sets: list[str] | None, policies: list[Path] | None) -> list[str]:
    """Return the words of the command that does the same again."""
    options = [word for one in policies or [] for word in ("--policies", str(one))]
    options += [word for one in sets or [] for word in ("--set", one)]
    return ["tenure", "run", config, *(["-o", str(out)] if out else []), *options]


def _report(results: "Results", experiment: "Experiment", engine: str) -> Path | None:
    from experiments.summary import report_of

    there = {results.about["runs"][name][0] for name in results.names}
    return report_of(results) if there == set(experiment.arms) else None


if __name__ == "__main__":
    main()

"""The command `tenure run`: of a config, or of a folder that is there already."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from tenure.experiments.commands import terminal
from tenure.experiments.commands.command_line import say, say_lines, stop
from tenure.experiments.commands.holding import experiment_held
from tenure.experiments.config.advice.notes import note_lines, notes_under
from tenure.experiments.config.experiment import Experiment, find_config, load_experiment, load_recorded
from tenure.experiments.config.printable import printable_line
from tenure.experiments.design.eras.told import era_lines
from tenure.experiments.design.estimating import estimate
from tenure.experiments.design.point import Point, labelled
from tenure.experiments.design.points import Design, points_of
from tenure.experiments.design.varied.told import varied_lines
from tenure.experiments.plugins.known import parts_of
from tenure.experiments.plugins.own_policies import PolicySource, snapshot
from tenure.experiments.running.runner import Event, Progress, run_experiment
from tenure.experiments.running.workers import Limits, processors
from tenure.experiments.shipped import policy_file
from tenure.experiments.store.folders import folder_of
from tenure.experiments.store.record import ABOUT, config_path, place_of, read_about, recorded_points
from tenure.experiments.store.record_shape import About, OwnPoliciesRecord
from tenure.experiments.store.results import Results
from tenure.simulation.values.schedule import values_of

RUNS_NEED = frozenset(("policies", "rules"))
"""Parts of a user's own that are in the names of runs; others may come at any time."""


class Asked(NamedTuple):
    """What is to be run: the words of the command."""

    config: str
    out: Path | None
    sets: tuple[str, ...]
    policies: tuple[Path, ...]
    arms: tuple[str, ...] | None = None
    """Arms to run alone, where the files of the others' policies were not given."""


class How(NamedTuple):
    """How it is to be run."""

    workers: int
    engine: str
    limits: Limits
    only: Point | None
    json: bool


def run_asked(asked: Asked, how: How) -> dict[str, object]:
    """Run an experiment and tell of it; return what it gave as plain data."""
    design: Design = points_of
    if Path(asked.config).is_dir():
        design = design_of(Path(asked.config), asked.sets)
        asked, experiment = again(asked, how)
    else:
        experiment = load_experiment(asked.config, asked.sets, asked.policies)
    experiment, told = experiment_held(experiment, how.json)
    screen = terminal.console()
    reports, workers = how.only is None and asked.arms is None, how.workers or processors()
    notes = [*told, *notes_under({one.name: experiment.under(one.name) for one in experiment.scenarios})]
    if not how.json:
        if experiment.shipped and not Path(asked.config).is_dir():
            say(f"{asked.config} is not in this folder: this is the shipped example, {experiment.path}")
        for one in asked.policies:
            if not one.is_file():
                say(f"{one} is not in this folder: this is that of the shipped example, {policy_file(one)}")
        say(experiment.settings.question)
        say(terminal.plan_line(experiment, estimate(experiment, workers)))
        say_lines(varied_lines(experiment))
        say_lines(era_lines(experiment.eras, terminal.WIDEST))
        say_lines(note_lines(notes))
    with terminal.RunBars(screen, *terminal.wanted_words(experiment)) as bars:
        shown: Progress = _unseen if how.json else bars
        try:
            results = run_experiment(
                experiment,
                asked.out,
                how.workers or None,
                how.engine,
                _loading_ahead(shown, workers) if reports else shown,
                how.only,
                how.limits,
                asked.arms,
                design,
            )
        except KeyboardInterrupt:
            bars.bars.stop()
            _stopped(folder_of(experiment, asked.out)[0])
    from tenure.experiments.commands.results_json import comparisons_json
    from tenure.experiments.commands.results_lines import results_lines

    report_path = _report(results, experiment, how.json) if reports else None
    if not how.json:
        if report_path is not None:
            from tenure.experiments.report.figures.names import undrawn_notes

            say_lines(undrawn_notes(results.arms))
        say_lines(results_lines(results, report_path, command_words(asked)))
    report = None if report_path is None else str(report_path)
    return {**comparisons_json(results), "notes": notes, "report": report}


def design_of(folder: Path, sets: Sequence[str]) -> Design:
    """Return the design that a folder was made by: where another than its file's did, the points of its record.

    With settings laid over them its file makes the points.
    """
    about = read_about(folder).about

    def recorded(experiment: Experiment) -> Iterable[Point]:
        points = list(recorded_points(about, [arm for arm in about["arms"] if arm not in experiment.arms]))
        own = list(points_of(experiment))
        return own if set(points) <= set(own) else points

    return points_of if sets else recorded


def again(asked: Asked, how: How) -> tuple[Asked, Experiment]:
    """Return the experiment that a folder records, to go on with it.

    Policies of a user's own are never taken from the folder: their files must be given, and be the recorded ones.
    """
    folder = Path(asked.config)
    about = read_about(folder).about
    given = [snapshot(policy_file(path)) for path in asked.policies]
    recorded = about["own_policies"]
    _refuse_others(folder, about, recorded, given)
    missing = [one for one in recorded if one["sha256"] not in {source.digest for source in given}]
    without = arms_without(about, missing)
    command = full_command(folder, recorded)
    if without and len(without) == len(about["arms"]):
        stop(
            f"{folder}: every arm needs a policy or a rule of a user's own, whose recorded source is for reading only. "
            f"Give its file again: {command}",
            2,
        )
    shipped = bool(about["config"].get("shipped"))
    experiment = load_recorded(
        about["written"],
        folder / ABOUT,
        asked.sets,
        asked.policies,
        without,
        where_config_is(about, folder, shipped),
        [*about["sets"], *asked.sets],
        shipped,
    )
    if not how.json:
        if without:
            say(f"Without its policy file, arm {', '.join(without)} is left as it is. For all arms: {command}")
        _say_if_edited(about, folder, experiment, asked)
    arms = tuple(experiment.arms) if without else None
    return asked._replace(out=asked.out or folder, arms=arms), experiment


def full_command(folder: Path, recorded: Sequence[OwnPoliciesRecord]) -> str:
    """Return the command that goes on with all arms of a folder, made anew from what the record says."""
    words = ["tenure", "run", str(folder)]
    for one in recorded:
        path = place_of(one, folder)
        came_along = path is not None and folder.resolve() in path.parents  # and is recommended to nobody
        words += ["--policies", Path(one["name"]).name if path is None or came_along else str(path)]
    return printable_line(terminal.command_text(words))


def point_asked(only: str) -> Point | None:
    """Read ``ARM/REPLICATION``, with a scenario in front where there are any; None if it is empty."""
    found = labelled(only) if only else None
    if only and found is None:
        stop(f"--only {only}: write ARM/REPLICATION, such as book/3, or SCENARIO/ARM/REPLICATION.", 2)
    return found


def command_words(asked: Asked) -> list[str]:
    """Return the words of the command that does the same again."""
    options = [word for one in asked.policies for word in ("--policies", str(one))]
    options += [word for one in asked.sets for word in ("--set", one)]
    out = ["-o", str(asked.out)] if asked.out and str(asked.out) != asked.config else []
    return ["tenure", "run", asked.config, *out, *options]


def _refuse_others(
    folder: Path, about: About, recorded: Sequence[OwnPoliciesRecord], given: Sequence[PolicySource]
) -> None:
    """Stop if a file that was given is none of those that the folder was made with."""
    known = {one["sha256"] for one in recorded}
    for source in given:
        if source.digest in known or not RUNS_NEED & parts_of(source).names().keys():
            continue
        config = config_path(about, folder)
        words = ["tenure", "run", str(config or about["config"]["name"]), "--policies", source.path]
        take = terminal.command_text([*words, "-o", str(folder)])
        told = next((one["sha256"] for one in recorded if one["name"] == Path(source.path).name), "none")
        stop(
            f"{source.path}: not the file that {folder} was made with (recorded {told[:12]}, this "
            f"{source.digest[:12]}, with what it imports and reads). To take the edit: {take}",
            2,
        )


def arms_without(about: About, missing: Sequence[OwnPoliciesRecord]) -> list[str]:
    """Return the arms that cannot be run without some policy files."""
    absent = {name for one in missing for name in one["policies"]}
    markets = [about["market"], *(one["market"] for one in about["scenarios"].values())]
    everywhere = {
        about["arms"][about["champion"]]["policy"],
        *(
            policy["policy"]
            for market in markets
            for one in market["rivals"].values()
            for policy in values_of(one["policy"])
        ),
    }
    lived_by = about.get("behaviour", {}).keys()
    if any(lived_by & set(one.get("parts", {}).get("rules", [])) for one in missing):
        return list(about["arms"])
    return [arm for arm, one in about["arms"].items() if absent & ({one["policy"]} | everywhere)]


def where_config_is(about: About, folder: Path, shipped: bool) -> Path:
    """Return where the config of a record is, or was."""
    name = about["config"]["name"]
    if shipped:
        return find_config(Path(name).name)[0]
    return config_path(about, folder) or Path(about["config"].get("path") or name)


def _say_if_edited(about: About, folder: Path, recorded: Experiment, asked: Asked) -> None:
    """Say that the config is no longer what the folder records."""
    path = config_path(about, folder)
    if path is None:
        return
    written: object = None
    with suppress(ValueError):
        written = load_experiment(path, about["sets"], asked.policies).written
    if written is not None and written != about["written"]:
        take = terminal.command_text(["tenure", "run", str(path), "-o", str(folder)])
        say(f"{path.name} has changed since; this goes on with what the folder records. To take the edit: {take}")


def _unseen(event: Event) -> None:
    """Show an event to nobody."""


def _loading_ahead(shown: Progress, workers: int) -> Progress:
    """Show events; as soon as a worker has nothing left to do, load what the report needs beside the last runs."""
    ahead = Thread(target=import_module, args=("tenure.experiments.report.summary",), daemon=True)

    def told(event: Event) -> None:
        shown(event)
        if event.kind == "run" and event.total - event.done < workers and ahead.ident is None:
            ahead.start()

    return told


def _stopped(folder: Path) -> None:
    from tenure.experiments.store.store import run_names

    kept = len(run_names(folder))
    stop(f"^C stopped; {kept} runs are kept. The same command goes on from here.", 130)


def _report(results: Results, experiment: Experiment, hidden: bool) -> Path | None:
    from tenure.experiments.commands.folder_words import writing_bar
    from tenure.experiments.report.summary import report_of, steps_of

    if {one.arm for one in results.known.values()} != set(experiment.arms):
        return None
    with writing_bar(hidden, steps_of(results)) as tell:
        return report_of(results, progress=tell)

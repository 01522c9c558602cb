"""Run an experiment: what is missing is made, what is there is kept, and the results are read."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from tenure.agents.compiling import cache_folder
from tenure.experiments.commands.folder_words import folder_command
from tenure.experiments.config.documents import Value
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.arms import laid_over
from tenure.experiments.design.estimating import Timed, remember
from tenure.experiments.design.held_shares import hold_shares
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.design.points import Design, points_of
from tenure.experiments.design.tasks import Done, Order, Task
from tenure.experiments.plugins.own_rules import live_by
from tenure.experiments.running.batch import Queue, run_batch
from tenure.experiments.running.needs import needed_files
from tenure.experiments.running.stages import AllAtOnce, ArmsStanding, Stages, stages_of
from tenure.experiments.running.starts import start_is_whole
from tenure.experiments.running.workers import HASH_SEED, USUAL_LIMITS, JobStoppedError, Limits, ask_once, processors
from tenure.experiments.store import store
from tenure.experiments.store.folders import clear_damaged, clear_unused, folder_of, told_of_edits, write_record
from tenure.experiments.store.record import JustTakenError
from tenure.experiments.store.results import Results, open_results
from tenure.experiments.store.sealing import clear_temporary
from tenure.experiments.store.unused import refuse_links
from tenure.experiments.store.verified import Runs
from tenure.simulation.shares.held import told_lines


class Event(NamedTuple):
    """Something that happened while an experiment runs."""

    kind: Literal["compiling", "compiled", "note", "begin", "start", "run", "failed", "stage"]
    text: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    point: Point | None = None
    """Of a run."""
    standing: Mapping[str, ArmsStanding] = MappingProxyType({})
    """Of a stage: by scenario."""


Progress = Callable[[Event], None]


def run_experiment(
    experiment: Experiment,
    out: Path | str | None = None,
    workers: int | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    only: Point | None = None,
    limits: Limits = USUAL_LIMITS,
    arms: Sequence[str] | None = None,
    design: Design = points_of,
    first: int | None = None,
) -> Results:
    """Make the runs of an experiment that are missing, and return its results.

    Parameters
    ----------
    experiment : Experiment
        From `tenure.experiments.config.experiment.load_experiment`.
    out : path, optional
        Folder of the results; by default ``results/<name>``, or ``results/<name>-2`` and so on where that holds the
        results of another config.
    workers : int, optional
        Processes; by default one for each processor that this process may use. The results do not depend on it.
    engine : {"compiled", "objects"}
        The results do not depend on it.
    progress : callable, optional
        Told of every `Event`.
    only : Point, optional
        Make the run of this scenario, arm and replication alone.
    limits : Limits
        Time and memory that a month of a run may take before that run has failed.
    arms : sequence of str, optional
        Make the runs of these arms alone; the record of the folder, which has all, stays as it is.
    design : callable
        Makes the points of the experiment; by default every arm in every scenario, replication by replication.
    first : int, optional
        Make the runs of the first replications alone, such as those of a pilot; they count later.

    Raises
    ------
    ValueError
        If the engine or the run asked for does not exist, or the folder holds something else.
    OSError
        If the disk refuses.
    WorkerError
        If no worker process can begin.
    KeyboardInterrupt
        When stopped; whole runs are kept and the next call goes on.
    """
    if engine not in ("compiled", "objects"):
        raise ValueError(f"engine is 'compiled' or 'objects', not {engine!r}")
    tell = progress or (lambda event: None)
    began = time.perf_counter()
    experiment, held = hold_shares(experiment)
    if held is not None and held.missed:
        tell(Event("note", " ".join(told_lines(held))))
    while True:
        folder, told = folder_of(experiment, out)
        refuse_links(folder)
        planned = plan_tasks(experiment, folder, engine, design)
        try:
            of_record, changed = write_record(planned, folder, arms is not None)
            break
        except JustTakenError:  # it was free a moment ago; another is free now
            if out is not None:
                raise
    told += of_record
    runs = [task for task in planned.runs if arms is None or task.point.arm in arms]
    if only is not None and only not in {_address(task) for task in runs}:
        raise ValueError(f"there is no run {only.label}: see {folder_command('status', folder)}")
    for part in ("", "runs", "starts", "cache"):
        clear_temporary(folder / part)
    if arms is None:
        told += clear_unused(folder, planned)
    there = Runs(folder)
    there.look((task.name for task in runs), all_anew=True)
    told += clear_damaged(folder, there)
    tried: set[str] = set()

    def lacking(some: Sequence[Task]) -> list[Task]:
        done = (there.known, there.damaged, tried)
        return [task for task in some if not any(task.name in one for one in done)]

    def read() -> Results:
        there.save()
        return open_results(folder, policies=experiment.plugins)

    stages = _stages(experiment, runs, only, first)
    stage = stages.next(lacking, read)
    told += told_of_edits(changed, [*stage.runs, *(task for task in runs if task.name in there.known)], stage.runs)
    for text in told:
        tell(Event("note", text))
    if stage.runs and planned.order.behaviour:
        compile_apart(planned.order, tell)
    elif stage.runs and engine == "compiled":
        compile_rules(planned.order.market, tell)
    count = {"run": len(runs) - len(lacking(runs)) if only is None else 0, "start": 0}
    coming = {"run": count["run"], "start": 0}
    made: list[Task] = []
    lived: list[Timed] = []

    def states_for(wanted: Sequence[Task]) -> list[Task]:
        names = {task.start for task in wanted}
        some = [task for task in planned.starts if task.name in names and not start_is_whole(folder, task.name)]
        coming["run"], coming["start"] = coming["run"] + len(wanted), coming["start"] + len(some)
        return some

    needed = states_for(stage.runs)
    tell(Event("begin", done=count["run"], total=coming["run"] + stage.later))
    tell(Event("stage", done=count["run"], total=coming["run"] + stage.later, standing=stage.standing))

    def report(task: Task, done: Done) -> None:
        tried.add(task.name)
        if done.error and task.is_run:
            store.write_failure(folder, task.name, done.error, {**_own(planned.order, task), **(done.details or {})})
            tell(Event("failed", f"{task.point.label}: {done.error}"))
        elif task.is_run:
            there.look([task.name])
            made.extend([] if done.elsewhere else [task])
        if done.seconds and not done.error:
            lived.append(_lived(experiment, task, done.cpu_seconds))
        kind: Literal["run", "start"] = "run" if task.is_run else "start"
        count[kind] += 1
        total = coming[kind] + (stage.later if task.is_run else 0)
        tell(Event(kind, task.point.arm, count[kind], total, done.seconds, task.point if task.is_run else None))

    def more() -> tuple[list[Task], list[Task]]:
        nonlocal stage
        stage = stages.next(lacking, read)
        starts = states_for(stage.runs)
        tell(Event("stage", done=count["run"], total=coming["run"] + stage.later, standing=stage.standing))
        return starts, stage.runs

    most = max(1, min(workers or processors(), len(stage.runs) + len(needed)))
    queue, is_there = Queue(needed, stage.runs), lambda task: _is_there(folder, task)
    begun = run_batch(planned.order, queue, most, report, limits, is_there, more)
    if engine == "compiled":
        remember(lived, begun)
    _live_one_again(planned.order, [task for task in made if needed_files(planned.order, task)], there, limits, tell)
    there.save()
    seconds = time.perf_counter() - began
    return open_results(folder, made=len(made), seconds=seconds, changes=told, policies=experiment.plugins)


def compile_apart(order: Order, tell: Progress) -> None:
    """Compile the rules with those of the user's own among them, in a process that lives by them."""
    tell(Event("compiling"))
    began = time.perf_counter()
    with suppress(JobStoppedError):  # what fails here fails in every run, and is recorded there
        home = "tenure.experiments.running"
        ask_once(f"{home}.runner:compile_here", (order,), f"{home}.work", Limits(1200.0).over(1), HASH_SEED)
    tell(Event("compiled", seconds=time.perf_counter() - began))


def compile_here(order: Order, phase: Callable[[str], None]) -> None:
    """Compile the rules of an order in this process, which lives by them from now on."""
    phase("compiling")
    live_by(order.own, order.behaviour)
    compile_rules(order.market, lambda event: None)


def _stages(experiment: Experiment, runs: Sequence[Task], only: Point | None, first: int | None) -> Stages:
    """Return how the runs of an experiment follow each other: one alone, those of a pilot, or as it asks."""
    if only is not None:
        return AllAtOnce([task for task in runs if _address(task) == only])
    if first is not None:
        return AllAtOnce(runs, first)
    asked = experiment.settings
    return stages_of(asked.metrics.names, asked.champion, asked.precision, asked.choose, runs)


def compile_rules(market: Mapping[str, object], tell: Progress) -> None:
    """Compile the rules in this process, unless this machine has them, so that workers need not."""
    done = cache_folder() / "all"
    if done.exists():
        return
    tell(Event("compiling"))
    began = time.perf_counter()
    with suppress(Exception):  # what fails here fails in every run, and is recorded there
        from tenure.simulation.model import LifecycleModel

        us = laid_over(market, {"us": {"policy": "do_nothing", "quality": 0}})["us"]
        model = LifecycleModel({**market, "us": us, "rivals": {}, "people": 50}, seed=0)
        model.start_recording()
        model.step()
        model.recording()
        done.touch(mode=0o600)
    tell(Event("compiled", seconds=time.perf_counter() - began))


def _address(task: Task) -> Point:
    """Return where a task stands among arms, scenarios and replications."""
    return task.point._replace(over=())


def _own(order: Order, task: Task) -> dict[str, Value]:
    """Return what the record of a failure says of the run."""
    scenario, arm, replication, _ = task.point
    return {"scenario": scenario, "arm": arm, "replication": replication, "seed": order.seed}


def _lived(experiment: Experiment, task: Task, seconds: float) -> Timed:
    """Return what was lived, and how long it took."""
    market, settings = experiment.market, experiment.settings
    if not task.is_run:
        return Timed(market.people, market.burn_in_months + settings.warm_up_months, seconds)
    return Timed(market.people, settings.months, seconds, experiment.arms[task.point.arm].policy)


def _is_there(folder: Path, task: Task) -> bool:
    """Return whether another process has made a task's file."""
    return store.run_path(folder, task.name).is_file() if task.is_run else start_is_whole(folder, task.name)


def _live_one_again(order: Order, made: Sequence[Task], there: Runs, limits: Limits, tell: Progress) -> None:
    """Live one run of a user's own policy again in a new process: its bits must be the same."""
    if not made:
        return
    by_name = sorted(made, key=lambda task: task.name)
    drawn = hashlib.sha256(f"{order.seed} {' '.join(task.name for task in by_name)}".encode()).digest()
    task = by_name[int.from_bytes(drawn[:8], "big") % len(by_name)]
    first = there.known.get(task.name)
    if first is None:
        return
    try:
        again = ask_once(
            "tenure.experiments.running.work:lived_again",
            (order, task),
            "tenure.experiments.running.work",
            limits.over(1),
            HASH_SEED,
        )
    except JobStoppedError as error:
        again = error.what
    if again == first.checksum:
        return
    folder = Path(order.folder)
    policy = order.arm_at(task.point).policy
    text = (
        f"policy '{policy}': made again in a new process, this run came out otherwise: the policy depends on something "
        "that is neither its view nor its settings, and no run of this arm can be trusted"
    )
    store.run_path(folder, task.name).unlink(missing_ok=True)
    there.look([task.name])
    store.write_failure(folder, task.name, text, {**_own(order, task), "policy": policy})
    tell(Event("failed", f"{task.point.label}: {text}"))

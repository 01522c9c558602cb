"""Run an experiment: what is missing is made, what is there is kept, and the results are read."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

import agents
import policies
import simulation
from agents.compiling import cache_folder
from experiments import store
from experiments.batch import Queue, run_batch
from experiments.config import Experiment
from experiments.gains import PERSON_MEASURES, all_pairs, harmed_metric
from experiments.plugins import known_policies, policies_of
from experiments.statistics import Comparison, Ratio, compare, returns_on_treatment
from experiments.work import Done, Order, Task, start_path
from simulation.institution_settings import PolicySettings
from simulation.model import LifecycleModel

SECONDS_PER_PERSON_MONTH = 1.6e-6
"""On one core of a usual machine, recording included; for the estimate before a run."""
BYTES_PER_RUN_MONTH = 2_000
BYTES_PER_PERSON = 220
"""Of a stored state."""
BYTES_PER_PERSON_RUN = 6
"""Of a recording, by person of the market: a quarter of them are ours and have rows of 23 bytes in all."""
ABOUT = "experiment.json"
_ENTRY_POINTS = {"live_rows", "observe_rows", "appraise_rows"}


class Event(NamedTuple):
    """Something that happened while an experiment runs."""

    kind: Literal["compiling", "compiled", "begin", "start", "run", "failed"]
    text: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0


Progress = Callable[[Event], None]


class Estimate(NamedTuple):
    """What running an experiment takes: runs, seconds on the workers, bytes of disk."""

    runs: int
    seconds: float
    disk: int


@dataclass(frozen=True)
class Results:
    """What an experiment gave, as stored in its folder.

    Attributes
    ----------
    folder : Path
        Of the experiment.
    about : mapping
        Question, champion, arms, months, replications, metrics, the resolved market and more.
    names : tuple of str
        Runs that are there, replication by replication.
    failed : mapping
        Run that failed -> its record with ``error`` and ``command``.
    made, seconds : int, float
        Runs made now, and the time that it took; 0 when only read.
    """

    folder: Path
    about: Mapping[str, Any]
    names: tuple[str, ...]
    failed: Mapping[str, Mapping[str, Any]]
    made: int = 0
    seconds: float = 0.0

    @property
    def champion(self) -> str:
        """The arm that the others are compared with."""
        return str(self.about["champion"])

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms in the order of the file."""
        return tuple(self.about["arms"])

    def rows(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the recorded rows of all runs: arm, replication, measure, month, institution, a, b, value."""
        return store.read_measures(self.folder, self.names, measures)

    @property
    def oracles(self) -> tuple[str, ...]:
        """Arms whose policy is shown the truth."""
        return tuple(self.about.get("oracles", ()))

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Return who gains and who is harmed beside the champion, arm by arm (`experiments.gains.all_pairs`)."""
        runs = {name: (str(arm), int(replication)) for name, (arm, replication) in self.about["runs"].items()}
        there = {name: runs[name] for name in self.names}
        return all_pairs(there, self.champion, lambda name: store.read_run(self.folder, name, PERSON_MEASURES).table)

    @cached_property
    def _metrics(self) -> pd.DataFrame:
        table = self.rows(["metric"]).rename(columns={"a": "metric"})
        return table[["arm", "replication", "metric", "value"]]

    def metrics(self) -> pd.DataFrame:
        """Return a row per run and metric: arm, replication, metric, value; of a pair's only if it is to be shown."""
        table = self._metrics
        if "share_harmed" in self.about["metrics"]:
            table = pd.concat([table, harmed_metric(self.pairs)], ignore_index=True)
        order = {arm: place for place, arm in enumerate(self.arms)}
        return table.sort_values(
            ["arm", "replication"], key=lambda c: c.map(order) if c.name == "arm" else c, kind="stable"
        ).reset_index(drop=True)

    def comparisons(self) -> list[Comparison]:
        """Return every arm against the champion on every metric."""
        return compare(self.metrics(), self.champion, {})

    def returns(self, spend: str = "treatment_spend_per_customer") -> dict[str, Ratio | None]:
        """Return EUR back per extra EUR of treatment (or of what else is spent) by arm, None without an answer."""
        return returns_on_treatment(self.metrics(), self.champion, spend=spend)


def run_experiment(
    experiment: Experiment,
    out: Path | str | None = None,
    workers: int | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    only: tuple[str, int] | None = None,
    command: str = "",
) -> Results:
    """Make the runs of an experiment that are missing, and return its results.

    Parameters
    ----------
    experiment : Experiment
        From `experiments.config.load_experiment`.
    out : path, optional
        Folder of the results; by default ``results/<name>``.
    workers : int, optional
        Processes; by default one for each processor. The results do not depend on it. A script that uses more
        than one must guard its own start with ``if __name__ == "__main__":``.
    engine : {"compiled", "objects"}
        The results do not depend on it.
    progress : callable, optional
        Told of every `Event`.
    only : (arm, replication), optional
        Make this run alone.
    command : str
        What repeats this experiment, for the record of a run that failed.

    Raises
    ------
    ValueError
        If the engine or the run asked for does not exist.
    OSError
        If the disk refuses.
    KeyboardInterrupt
        When stopped; whole runs are kept and the next call goes on.
    """
    if engine not in ("compiled", "objects"):
        raise ValueError(f"engine is 'compiled' or 'objects', not {engine!r}")
    tell = progress or (lambda event: None)
    folder = Path(out) if out is not None else Path("results") / experiment.name
    began = time.perf_counter()
    order, starts, runs = plan_tasks(experiment, folder, engine)
    write_about(folder, experiment, order, runs)
    present = store.runs_present(folder)
    missing = [task for task in runs if task.name not in present and only in (None, (task.arm, task.replication))]
    if only is not None and only not in {(task.arm, task.replication) for task in runs}:
        raise ValueError(f"there is no run of arm {only[0]!r}, replication {only[1]}: see 'tenure status {folder}'")
    wanted = {task.start for task in missing}
    needed = [task for task in starts if task.name in wanted and not start_path(folder, task.name).is_file()]
    if missing and engine == "compiled":
        compile_rules(order, tell)
    kept = len(runs) - len(missing) if only is None else 0
    total = len(missing) + kept
    count = {"run": kept, "start": 0}
    tell(Event("begin", done=kept, total=total))

    def report(task: Task, done: Done) -> None:
        if done.error and task.arm:
            repeat = f"{command or 'tenure run ' + experiment.name} --only {task.arm}/{task.replication}"
            own = {"arm": task.arm, "replication": task.replication, "seed": order.seed}
            store.write_failure(folder, task.name, done.error, repeat, own)
            tell(Event("failed", f"{task.arm}/{task.replication}: {done.error.strip().splitlines()[-1]}"))
        kind: Literal["run", "start"] = "run" if task.arm else "start"
        count[kind] += 1
        tell(Event(kind, task.arm, count[kind], total if task.arm else len(needed), done.seconds))

    most = len(missing) + len(needed)
    run_batch(order, Queue(needed, missing), max(1, min(workers or os.cpu_count() or 1, most)), report)
    return open_results(folder, made=len(missing), seconds=time.perf_counter() - began)


def open_results(folder: Path | str, made: int = 0, seconds: float = 0.0) -> Results:
    """Read what is there of an experiment.

    Raises
    ------
    FileNotFoundError
        If the folder holds no experiment.
    """
    folder = Path(folder)
    path = folder / ABOUT
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: there is no experiment in this folder; name one that 'tenure run' made")
    about = json.loads(path.read_text(encoding="utf-8"))
    present = store.runs_present(folder)
    names = tuple(name for name in about["runs"] if name in present)
    failed = {name: record for name, record in store.failures(folder).items() if name in about["runs"]}
    return Results(folder, about, names, failed, made, seconds)


def plan_tasks(experiment: Experiment, folder: Path, engine: str) -> tuple[Order, list[Task], list[Task]]:
    """Return what all tasks share, the states to live first, and the runs, interleaved across arms."""
    settings, market = experiment.settings, experiment.market
    resolved = market.model_dump(mode="json", by_alias=True)
    chosen = {arm: (one.policy, one.settings) for arm, one in experiment.arms.items()}
    champion = experiment.arms[settings.champion]
    before = {"market": resolved, "warm_up_months": settings.warm_up_months}
    rivals = [one.policy for one in market.rivals.values()]
    starts, runs = [], []
    for replication in range(settings.replications):
        sources = _sources(experiment, [champion, *rivals])
        start = store.run_name(before, "(start)", settings.seed, replication, sources)
        starts.append(Task(start, "", replication, ""))
        for arm, policy in experiment.arms.items():
            own = {**before, "months": settings.months, "policy": policy.policy, "settings": policy.settings,
                   "us": policy.us}  # fmt: skip
            sources = _sources(experiment, [policy, champion, *rivals])
            name = store.run_name(own, arm, settings.seed, replication, sources)
            runs.append(Task(name, arm, replication, start))
    record = {
        "experiment": settings.model_dump(mode="json", exclude={"market"}), "market": resolved,
        "config": experiment.path.name, "sets": list(experiment.sets), "tenure": metadata_version(),
        "sources": _sources(experiment, [*experiment.arms.values(), *rivals]),
    }  # fmt: skip
    order = Order(
        folder=str(folder), market=experiment.market_data, policies=chosen,
        us={arm: one.us for arm, one in experiment.arms.items()}, months=settings.months,
        warm_up_months=settings.warm_up_months, burn_in_months=market.burn_in_months, seed=settings.seed,
        engine=engine, plugins=tuple(map(str, experiment.plugins)), record=record,
    )  # fmt: skip
    return order, starts, runs


def metadata_version() -> str:
    """Return the version of the installed program, or that it is not installed."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version("tenure")
    return "not installed"


def _sources(experiment: Experiment, used: Sequence[PolicySettings]) -> str:
    """Return the hash of all that the result depends on; a user's file only where one of its policies is used."""
    own = policies_of(experiment.plugins)
    plugins = tuple(experiment.plugins) if own & {one.policy for one in used} else ()
    return _sources_of(plugins)


def _sources_of(plugins: tuple[Path, ...]) -> str:
    packages = [Path(str(package.__file__)).parent for package in (agents, policies, simulation)]
    data = [path for package in packages for path in sorted(package.rglob("*.yaml"))]
    return store.sources_hash(packages, [*data, *plugins])


def write_about(folder: Path, experiment: Experiment, order: Order, runs: Sequence[Task]) -> None:
    """Write what the folder holds: the experiment, resolved, and the name of every run."""
    known = known_policies(experiment.plugins)
    about = {
        **order.record["experiment"],
        "arms": {arm: {"policy": policy, **settings, **({"us": order.us[arm]} if order.us[arm] else {})}
                 for arm, (policy, settings) in order.policies.items()},
        "market": order.record["market"],
        "oracles": [arm for arm, (policy, _) in order.policies.items() if getattr(known[policy], "needs_truth", False)],
        "runs": {task.name: [task.arm, task.replication] for task in runs},
        "config": str(experiment.path.resolve()), "sets": list(experiment.sets), "plugins": list(order.plugins),
        "tenure": order.record["tenure"], "sources": order.record["sources"],
    }  # fmt: skip
    store.write_whole(folder / ABOUT, json.dumps(about, indent=1, ensure_ascii=False).encode())


def compile_rules(order: Order, tell: Progress) -> None:
    """Compile the rules in this process, unless this machine has them, so that workers need not."""
    compiled = {path.name.split("-")[0].rpartition(".")[2] for path in cache_folder().rglob("*.nbc")}
    if compiled >= _ENTRY_POINTS:
        return
    tell(Event("compiling"))
    began = time.perf_counter()
    with suppress(Exception):  # what fails here fails in every run, and is recorded there
        model = LifecycleModel({**order.market, "us": {**order.market["us"], "policy": "do_nothing"}, "people": 50})
        model.start_recording()
        model.step()
    tell(Event("compiled", seconds=time.perf_counter() - began))


def estimate(experiment: Experiment, workers: int) -> Estimate:
    """Return roughly what running the whole experiment takes."""
    settings, people = experiment.settings, experiment.market.people
    runs = len(experiment.arms) * settings.replications
    before = (experiment.market.burn_in_months + settings.warm_up_months) * settings.replications
    months = before + runs * settings.months
    seconds = months * people * SECONDS_PER_PERSON_MONTH / max(1, min(workers, runs))
    disk = runs * settings.months * BYTES_PER_RUN_MONTH + settings.replications * people * BYTES_PER_PERSON
    disk += runs * people * BYTES_PER_PERSON_RUN
    return Estimate(runs, seconds, disk)


def comparisons_json(results: Results) -> dict[str, Any]:
    """Return the comparisons as plain data for ``--json``."""
    returns = {arm: None if one is None else one._asdict() for arm, one in results.returns().items()}
    return {
        "folder": str(results.folder), "question": results.about["question"], "champion": results.champion,
        "arms": list(results.arms), "runs": len(results.names), "made": results.made,
        "failed": {name: {"error": one["error"], "command": one["command"]} for name, one in results.failed.items()},
        "comparisons": [asdict(one) for one in results.comparisons()], "return_on_treatment": returns,
    }  # fmt: skip

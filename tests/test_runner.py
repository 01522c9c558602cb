"""Running: the same tables for any number of workers, resuming, failures, killed workers, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.point import Point
from tenure.experiments.design.tasks import Done, Task
from tenure.experiments.running.batch import Queue
from tenure.experiments.running.runner import Event, run_experiment
from tenure.experiments.running.starts import start_is_whole, start_path
from tenure.experiments.running.workers import Limits, WorkerError
from tenure.experiments.store import store
from tenure.experiments.store.results import open_results
from tests.folders import no_workers

__all__ = ["no_workers"]  # a fixture

SMALL = """
question: Does a reward pay?
market: {extends: default, people: 300, burn_in_months: 3}
months: 6
warm_up_months: 2
budget_per_month: 100
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 2
"""
FAILS = """
from dataclasses import dataclass
from tenure.policies.plan import Treatments


@dataclass(frozen=True)
class Fails:
    name = "fails"
    fault: str = ""

    def decide(self, view):
        if self.fault and view.month == 2:
            exec(self.fault)
        return Treatments.none()
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def checksums(folder: Path) -> dict[str, str]:
    return {name: one.checksum for name, one in open_results(folder).known.items()}


def test_the_number_of_workers_and_the_engine_change_no_byte(config: Path, tmp_path: Path) -> None:
    experiment = load_experiment(config)
    alone = run_experiment(experiment, tmp_path / "one", workers=1)
    many = run_experiment(experiment, tmp_path / "three", workers=3)
    objects = run_experiment(experiment, tmp_path / "objects", workers=1, engine="objects")
    assert checksums(tmp_path / "one") == checksums(tmp_path / "three") == checksums(tmp_path / "objects")
    assert len(alone.names) == 4 and alone.names == many.names == objects.names
    assert alone.metrics().to_numpy().tobytes is not None
    values = [one.metrics()["value"].to_numpy().tobytes() for one in (alone, many, objects)]
    assert values[0] == values[1] == values[2]


@pytest.mark.usefixtures("no_workers")
def test_an_arm_like_the_champion_differs_by_nothing_at_all(config: Path, tmp_path: Path) -> None:
    config.write_text(SMALL.replace("{policy: uniform, treatment: loyalty_reward}", "do_nothing"))
    results = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    known = [one for one in results.comparisons() if one.n > 1]  # of a loss there is no swing over profit
    assert len(known) > 10 and {(one.difference, one.verdict) for one in known} == {(0.0, "equal")}


@pytest.mark.usefixtures("no_workers")
def test_a_second_time_makes_nothing_and_more_replications_only_the_new(config: Path, tmp_path: Path) -> None:
    first = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert (first.made, again.made) == (4, 0) and first.names == again.names
    more = run_experiment(load_experiment(config, ["replications=3"]), tmp_path / "out", workers=1)
    assert more.made == 2 and set(first.names) < set(more.names)


@pytest.mark.usefixtures("no_workers")
def test_an_edit_of_one_arm_runs_that_arm_only(config: Path, tmp_path: Path) -> None:
    run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    events: list[Event] = []
    changed = load_experiment(config, ["arms.uniform.amount=10"])
    results = run_experiment(changed, tmp_path / "out", workers=1, progress=events.append)
    assert results.made == 2
    assert [event.text for event in events if event.kind == "run"] == ["uniform", "uniform"]
    assert not [event for event in events if event.kind == "start"]
    budget = run_experiment(load_experiment(config, ["budget_per_month=200"]), tmp_path / "out", workers=1)
    assert budget.made == 4


PATCH = "import tenure.simulation.model as m; f = m.dispatched; m.dispatched = lambda *a, f=f: f(*a)"
FAULTS = {
    "raise RuntimeError('this policy has a fault')": "RuntimeError: this policy has a fault",
    "import sys; sys.exit(3)": "it ends the program (SystemExit: 3)",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise OSError(28, 'No space left on device')": "OSError: [Errno 28] No space left on device",
    "open('/nowhere/there')": "FileNotFoundError",
    "import numpy; numpy.ones(10**12)": "it needs more memory",
    "while True: pass": "it took more than 3 seconds",
    "import os; os._exit(5)": "the worker process ended with exit code 5 3 times",
    "import os; os.kill(os.getpid(), 9)": "the worker process was killed by signal 9 3 times",
    PATCH: "tenure.simulation.model.dispatched was replaced",
    "import numpy; numpy.random.rand()": "NumPy's global generator was used",
    "import numpy; numpy.seterr(all='ignore')": "NumPy's error state was changed",
    "import os; os.environ['X'] = 'y'": "the environment was changed",
    "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()": "left running",
}
"""What a policy does in month 2 -> what is told of it."""


def test_whatever_a_policy_does_fails_its_own_run_alone(config: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "fails.py"
    plugin.write_text(FAILS)
    arms = [f"  bad{k}: {{policy: fails, fault: {json.dumps(fault)}}}" for k, fault in enumerate(FAULTS)]
    lines = "\n".join([*arms, "  good: {policy: fails, fault: pass}", "  uniform"])
    config.write_text(SMALL.replace("  uniform", lines).replace("replications: 2", "replications: 1"))
    limits = Limits(seconds_a_month=3.0, memory_bytes=4_000_000_000)
    results = run_experiment(load_experiment(config, plugins=[plugin]), tmp_path / "out", workers=2, limits=limits)
    assert sorted(one.arm for one in results.known.values()) == ["good", "nothing", "uniform"]
    told = {record["arm"]: record for record in results.failed.values()}
    for k, what in enumerate(FAULTS.values()):
        record = told[f"bad{k}"]
        assert what in record["error"] and "policy 'fails'" in record["error"], record["error"]
        if "was" not in what and "exit code" not in what and "left" not in what:  # something stopped it at a line
            assert "month 2" in record["error"] and "fails.py:1" in record["error"], record["error"]
            assert record["month"] == "2" and record["file"].endswith("fails.py") and record["line"] > 9
    plain = load_experiment(config, [f"arms.bad{k}.fault=pass" for k in range(len(FAULTS))], [plugin])
    assert len(run_experiment(plain, tmp_path / "out", workers=2).names) == len(FAULTS) + 3


def test_workers_that_cannot_begin_are_told_from_such_that_were_killed(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'this python is broken' >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(WorkerError, match=r"could not begin: this python is broken .*exit code 7"):
        run_experiment(load_experiment(config), tmp_path / "out", workers=2)
    monkeypatch.undo()
    assert len(run_experiment(load_experiment(config), tmp_path / "out", workers=2).names) == 4


def test_results_without_runs_answer_in_words(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.experiments.running.runner.run_batch", lambda *_: None)
    results = run_experiment(load_experiment(config), tmp_path / "out")
    assert results.names == () and results.comparisons() == [] and len(results.metrics()) == 0
    assert results.returns() == {"uniform": None}


@pytest.mark.usefixtures("no_workers")
def test_one_run_alone_can_be_made(config: Path, tmp_path: Path) -> None:
    one = run_experiment(load_experiment(config), tmp_path / "out", workers=1, only=Point("", "uniform", 1))
    assert one.made == 1 and len(one.names) == 1
    with pytest.raises(ValueError, match="no run zebra/0"):
        run_experiment(load_experiment(config), tmp_path / "out", workers=1, only=Point("", "zebra", 0))


@pytest.mark.usefixtures("no_workers")
def test_a_damaged_run_is_made_anew(config: Path, tmp_path: Path) -> None:
    first = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    before = checksums(tmp_path / "out")
    (tmp_path / "out" / "runs" / f"{first.names[0]}.parquet").write_bytes(b"torn")
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert again.made == 1 and checksums(tmp_path / "out") == before


@pytest.mark.usefixtures("no_workers")
def test_a_damaged_state_is_made_anew(config: Path, tmp_path: Path) -> None:
    one = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    before = checksums(one.folder)
    record = store.read_run(one.folder, one.names[0]).metadata
    start_path(one.folder, record["start"]).write_bytes(b"torn")
    (one.folder / "runs" / f"{one.names[0]}.parquet").unlink()
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert not again.failed and checksums(one.folder) == before
    assert start_is_whole(one.folder, record["start"])


def test_a_state_comes_before_its_runs_and_runs_before_the_next_state() -> None:
    starts = [Task(f"s{i}", Point("", "", i), "") for i in (0, 1)]
    runs = [Task(f"{arm}{i}", Point("", arm, i), f"s{i}") for i in (0, 1) for arm in "ab"]
    queue = Queue(starts, runs)
    order = []
    while (task := queue.next()) is not None:
        order.append(task.name)
        queue.finished(task, Done(0.0))
    assert order == ["s0", "a0", "b0", "s1", "a1", "b1"]


def test_runs_of_a_state_that_failed_are_handed_back() -> None:
    runs = [Task(f"{arm}0", Point("", arm, 0), "s0") for arm in "ab"]
    queue = Queue([Task("s0", Point("", "", 0), "")], runs)
    task = queue.next()
    assert task is not None
    assert queue.finished(task, Done(0.0, "fault")) == runs and queue.next() is None


def test_a_lost_task_is_done_again_first() -> None:
    runs = [Task(name, Point("", name, 0), "there") for name in "ab"]
    queue = Queue([], runs)
    task = queue.next()
    assert task is not None
    queue.again(task)
    assert queue.next() == task


def command(folder: Path, config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "tenure.experiments.commands.app", "run", str(config), "-o", str(folder), *more]


def wait_for(path: Path, pattern: str, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + 60
    while not list(path.glob(pattern)) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)


def heeds_ctrl_c() -> None:
    """As in a terminal, even if these tests run in the background, where a shell has Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_leaves_whole_files_and_the_same_command_goes_on(config: Path, tmp_path: Path, workers: str) -> None:
    config.write_text(SMALL.replace("replications: 2", "replications: 200"))
    folder = tmp_path / "out"
    process = subprocess.Popen(
        command(folder, config, "--workers", workers),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=heeds_ctrl_c,
    )
    wait_for(folder / "runs", "*.parquet", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and b"The same command goes on from here." in told and b"Traceback" not in told
    assert not list(folder.rglob("*.tmp"))
    names = store.run_names(folder)
    assert names and all(store.damage(folder, name) is None for name in names)
    config.write_text(SMALL)
    results = run_experiment(load_experiment(config), folder, workers=1)
    assert results.made < 4 and len(results.names) == 4


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the worker in /proc")
def test_a_killed_worker_is_replaced(config: Path, tmp_path: Path) -> None:
    config.write_text(SMALL.replace("replications: 2", "replications: 6"))
    folder = tmp_path / "out"
    process = subprocess.Popen(command(folder, config, "--workers", "2"), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(folder / "runs", "*.parquet", process)
    busiest = children(process.pid)[-1]
    os.kill(busiest, signal.SIGKILL)
    assert process.wait(timeout=120) == 0
    results = open_results(folder)
    assert len(results.names) == 12 and not results.failed


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_killing_everything_at_once_loses_nothing_that_was_done(config: Path, tmp_path: Path) -> None:
    config.write_text(SMALL.replace("replications: 2", "replications: 100"))
    folder = tmp_path / "out"
    process = subprocess.Popen(command(folder, config, "--workers", "2"), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(folder / "runs", "*.parquet", process)
    workers = children(process.pid)
    process.kill()
    process.wait()
    names = store.run_names(folder)
    assert names and all(store.damage(folder, name) is None for name in names)
    limit = time.monotonic() + 20
    while any(Path(f"/proc/{one}").exists() for one in workers) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{one}").exists() for one in workers)  # no worker outlives its parent

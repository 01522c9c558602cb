"""Running: the same tables for any number of workers, resuming, failures, killed workers, Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import store
from experiments.batch import Queue
from experiments.config import load_experiment
from experiments.runner import Event, estimate, open_results, run_experiment
from experiments.work import Done, Task, start_path

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
from policies.plan import Treatments


@dataclass(frozen=True)
class Fails:
    name = "fails"

    def decide(self, view):
        if view.uniform("x").sum() >= 0 and BROKEN:
            raise RuntimeError("this policy has a fault")
        return Treatments.none()


BROKEN = True
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def checksums(folder: Path) -> dict[str, str]:
    return {name: str(record["checksum"]) for name, record in store.runs_present(folder).items()}


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


def test_an_arm_like_the_champion_differs_by_nothing_at_all(config: Path, tmp_path: Path) -> None:
    config.write_text(SMALL.replace("{policy: uniform, treatment: loyalty_reward}", "do_nothing"))
    results = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    known = [one for one in results.comparisons() if one.n]  # of a loss there is no swing over profit
    assert len(known) > 10 and {(one.difference, one.verdict) for one in known} == {(0.0, "equal")}


def test_a_second_time_makes_nothing_and_more_replications_only_the_new(config: Path, tmp_path: Path) -> None:
    first = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert (first.made, again.made) == (4, 0) and first.names == again.names
    more = run_experiment(load_experiment(config, ["replications=3"]), tmp_path / "out", workers=1)
    assert more.made == 2 and set(first.names) < set(more.names)


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


def test_a_failing_policy_sinks_only_its_own_runs(config: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "fails.py"
    plugin.write_text(FAILS)
    config.write_text(SMALL.replace("  uniform", "  bad: fails\n  uniform"))
    experiment = load_experiment(config, plugins=[plugin])
    results = run_experiment(experiment, tmp_path / "out", workers=1, command="tenure run small.yaml")
    assert len(results.names) == 4 and len(results.failed) == 2
    for record in results.failed.values():
        assert record["arm"] == "bad" and "this policy has a fault" in record["error"]
        assert record["command"] == f"tenure run small.yaml --only bad/{record['replication']}"


def test_one_run_alone_can_be_made(config: Path, tmp_path: Path) -> None:
    one = run_experiment(load_experiment(config), tmp_path / "out", workers=1, only=("uniform", 1))
    assert one.made == 1 and len(one.names) == 1
    with pytest.raises(ValueError, match="no run of arm 'zebra'"):
        run_experiment(load_experiment(config), tmp_path / "out", workers=1, only=("zebra", 0))


def test_a_damaged_run_is_made_anew(config: Path, tmp_path: Path) -> None:
    first = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    before = checksums(tmp_path / "out")
    (tmp_path / "out" / "runs" / f"{first.names[0]}.parquet").write_bytes(b"torn")
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert again.made == 1 and checksums(tmp_path / "out") == before


def test_a_damaged_state_is_a_recorded_failure(config: Path, tmp_path: Path) -> None:
    one = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    record = store.read_run(one.folder, one.names[0]).metadata
    start_path(one.folder, record["start"]).write_bytes(b"torn")
    (one.folder / "runs" / f"{one.names[0]}.parquet").unlink()
    again = run_experiment(load_experiment(config), tmp_path / "out", workers=1)
    assert "delete it and run again" in again.failed[one.names[0]]["error"]


def test_a_state_comes_before_its_runs_and_runs_before_the_next_state() -> None:
    starts = [Task("s0", "", 0, ""), Task("s1", "", 1, "")]
    runs = [Task(f"{arm}{i}", arm, i, f"s{i}") for i in (0, 1) for arm in "ab"]
    queue = Queue(starts, runs)
    order = []
    while (task := queue.next()) is not None:
        order.append(task.name)
        queue.finished(task, Done(0.0))
    assert order == ["s0", "a0", "b0", "s1", "a1", "b1"]


def test_runs_of_a_state_that_failed_are_handed_back() -> None:
    runs = [Task(f"{arm}0", arm, 0, "s0") for arm in "ab"]
    queue = Queue([Task("s0", "", 0, "")], runs)
    task = queue.next()
    assert task is not None
    assert queue.finished(task, Done(0.0, "fault")) == runs and queue.next() is None


def test_a_lost_task_is_done_again_first() -> None:
    runs = [Task(name, name, 0, "there") for name in "ab"]
    queue = Queue([], runs)
    task = queue.next()
    assert task is not None
    queue.again(task)
    assert queue.next() == task


def test_the_estimate_grows_with_people_and_shrinks_with_workers() -> None:
    few, many = (load_experiment("quickstart.yaml", [f"market.people={n}"]) for n in (1000, 10000))
    assert estimate(many, 1).seconds == pytest.approx(10 * estimate(few, 1).seconds)
    assert estimate(few, 4).seconds == pytest.approx(estimate(few, 1).seconds / 4)
    assert estimate(few, 1).runs == 40


def command(folder: Path, config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "experiments.commands", "run", str(config), "-o", str(folder), *more]


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
        command(folder, config, "--workers", workers), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=heeds_ctrl_c,
    )  # fmt: skip
    wait_for(folder / "runs", "*.parquet", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and b"The same command goes on from here." in told and b"Traceback" not in told
    assert not list(folder.rglob("*.tmp"))
    names = store.run_names(folder)
    assert names and all(store.verify_checksum(folder, name) is None for name in names)
    config.write_text(SMALL)
    results = run_experiment(load_experiment(config), folder, workers=1)
    assert results.made < 4 and len(results.names) == 4


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the worker in /proc")
def test_a_killed_worker_is_replaced(config: Path, tmp_path: Path) -> None:
    config.write_text(SMALL.replace("replications: 2", "replications: 12"))
    folder = tmp_path / "out"
    process = subprocess.Popen(command(folder, config, "--workers", "2"), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(folder / "runs", "*.parquet", process)
    busiest = children(process.pid)[-1]
    os.kill(busiest, signal.SIGKILL)
    assert process.wait(timeout=120) == 0
    results = open_results(folder)
    assert len(results.names) == 24 and not results.failed


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
    assert names and all(store.verify_checksum(folder, name) is None for name in names)
    limit = time.monotonic() + 20
    while any(Path(f"/proc/{one}").exists() for one in workers) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{one}").exists() for one in workers)  # no worker outlives its parent

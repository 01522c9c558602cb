"""A small folder of results to damage, move and copy, and ways to ask about it without starting a process each time."""

import contextlib
import io
import json
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.tasks import Order, Task
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.work import perform
from tenure.experiments.running.workers import Limits
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import json_sealed

SMALL = """
question: Does a reward pay?
market: {extends: default, people: 200, burn_in_months: 2}
months: 2
warm_up_months: 1
budget_per_month: 100
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 2
"""
OWN = SMALL.replace("champion:", "  own: mine\nchampion:")
POLICY = """
from dataclasses import dataclass
from pathlib import Path

from tenure import Treatments

from beside import amount

print("loaded")


@dataclass(frozen=True)
class Mine:
    name = "mine"
    inputs = ("rate.csv",)

    def decide(self, view):
        print("decides")
        return Treatments.none()
"""


def serially(
    order: Order,
    tasks: Any,
    workers: int,
    report: Callable[..., None],
    limits: Limits,
    there: Callable[[Task], bool],
    more: Callable[[], Any],
) -> None:
    """Do all tasks in this process: `running.batch.run_batch` for tests of what comes before and after it."""
    while True:
        task = tasks.next()
        if task is None:
            starts, runs = more()
            if not (starts or runs):
                return
            tasks.add(starts, runs)
            continue
        with contextlib.redirect_stdout(io.StringIO()):  # what a policy prints goes to a worker's log
            done = perform(order, task, lambda phase: None)
        report(task, done)
        for lost in tasks.finished(task, done):
            report(lost, done)


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs be made in this process."""
    _make_runs_here(monkeypatch)


@contextlib.contextmanager
def without_workers() -> Iterator[None]:
    """Let runs be made in this process, for fixtures that outlive a test: one of their own takes two seconds more."""
    with pytest.MonkeyPatch.context() as patch:
        _make_runs_here(patch)
        yield


def _make_runs_here(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tenure.experiments.running.runner.run_batch", serially)
    patch.setattr("tenure.experiments.running.runner._live_one_again", lambda *given: None)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `tenure run` write no report, which takes a second."""
    monkeypatch.setattr("tenure.experiments.commands.run._report", lambda *given: None)


def make(folder: Path, config: Path, sets: tuple[str, ...] = (), **more: Any) -> Results:
    """Run a config into a folder."""
    return run_experiment(load_experiment(config, sets), folder, workers=1, **more)


def made_here(config: Path, folder: Path, sets: tuple[str, ...] = (), **more: Any) -> Results:
    """Run a config into a folder, in this process."""
    with without_workers():
        return make(folder, config, sets, **more)


def tenure(*words: object) -> tuple[int, str]:
    """Give a command; return its exit code and all that it said, which may be no traceback and steer no terminal."""
    result = _given(words)
    return result.exit_code, result.output


def answer(*words: object) -> Any:
    """Give a command with --json, and return what it answers."""
    result = _given((*words, "--json"))
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def _given(words: Sequence[object]) -> Any:
    result = CliRunner().invoke(app, [str(one) for one in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{words}: {''.join(traceback.format_exception(result.exception))}")
    assert "Traceback" not in result.output and "\x1b" not in result.output, words
    return result


def record_of(folder: Path) -> dict[str, Any]:
    """Read what a folder's record holds, without its seal."""
    record: dict[str, Any] = json.loads((folder / "experiment.json").read_bytes())
    record.pop("seal")
    return record


def put_record(folder: Path, record: dict[str, Any]) -> None:
    """Write a folder's record, sealed as if it were right, and its copy."""
    data = json_sealed(record)
    for path in (folder / "experiment.json", folder / "runs" / "experiment.json"):
        path.write_bytes(data)


def flipped(path: Path, at: int, bit: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)

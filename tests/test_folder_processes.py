"""Several processes at one folder, those that have ended, and scripts that start workers of their own."""

import json
import os
import queue
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tenure.experiments.running import batch, claims, workers
from tenure.experiments.running.claims import Claims, at_work
from tenure.experiments.store import folders, sealing, store
from tenure.experiments.store.results import open_results
from tenure.experiments.store.sealing import HOST
from tests.folders import SMALL, answer, make, no_report, no_workers, record_of
from tests.small_folder import ROOT, out, pristine, started

__all__ = ["no_report", "no_workers", "out", "pristine"]

# two processes in one folder


def test_claims_of_a_stopped_process_wait_for_a_while_and_no_longer(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, names = open_results(out).hash, open_results(out).names
    monkeypatch.setattr(claims, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(batch, "PATIENCE_SECONDS", 1.0)
    (out / "claims").mkdir()
    told = {"host": sealing.HOST, "pid": os.getppid(), "count": 7, "names": list(names)}  # lives, and never moves
    (out / "claims" / "stopped.json").write_text(json.dumps(told))
    (out / "claims" / "torn.json").write_text('{"host": "x", "na')
    (out / "claims" / "absurd.json").write_text('{"host": 1, "pid": [], "names": 5}')
    gone = out / "claims" / f"{sealing.HOST}-{2**22 + 1}-000000000000.json"
    gone.write_text(json.dumps({**told, "pid": 2**22 + 1}))
    for name in names:
        store.run_path(out, name).unlink()
    began = time.monotonic()
    results = make(out, out.parent / "small.yaml")
    assert (results.made, results.hash) == (4, right) and time.monotonic() - began < 60
    assert not gone.exists()


def test_two_that_run_one_folder_share_the_work(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL.replace("replications: 2", "replications: 15"))
    words = started("run", tmp_path / "small.yaml", "-o", tmp_path / "out", "--workers", 1, "--json")
    both = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(one.communicate(timeout=180)[0]) for one in both]
    assert told[0]["hash"] == told[1]["hash"] and [one["runs"] for one in told] == [30, 30]
    made = [one["made"] for one in told]
    assert 30 <= sum(made) <= 40 and all(made), made
    assert not (tmp_path / "out" / "claims").exists() and not list((tmp_path / "out").rglob("*.tmp"))


def test_what_a_killed_process_left_is_gone_after_the_next_run(out: Path) -> None:
    gone = f"{sealing.HOST}-{2**22 + 1}-000000000000"
    (out / "claims").mkdir()
    left = [out / "claims" / f"{gone}.json", out / "claims" / f"{gone}.new"]
    left += [out / part / f".x.{gone}.00000000.tmp" for part in ("", "runs", "starts", "cache")]
    for path in left:
        path.write_text("{")
    assert make(out, out.parent / "small.yaml").made == 0
    assert not [path for path in left if path.exists()] and not (out / "claims").exists()


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_that_another_takes_at_the_same_moment_is_left_to_it(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(out.parent)
    (out.parent / "other.yaml").write_text(SMALL.replace("Does a reward pay?", "Another?"))
    claim = folders.claim_folder

    def late(folder: Path, about: dict[str, Any]) -> bool:
        if folder.name == "other" and not (folder / "runs").exists():
            shutil.copytree(out, folder, dirs_exist_ok=True)
            return False
        return claim(folder, about)

    monkeypatch.setattr(folders, "claim_folder", late)
    told = answer("run", "other.yaml")
    assert (told["folder"], told["question"], told["made"]) == ("results/other-2", "Another?", 4)
    assert record_of(Path("results/other"))["question"] == "Does a reward pay?"


# workers, scripts, processors


def test_a_worker_that_speaks_no_more_and_lives_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LAST_SECONDS", 0.1)
    worker = workers.Worker(queue.Queue(), "os")
    assert worker.exit_code() == -9


SCRIPT = """
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.running.runner import run_experiment
results = run_experiment(load_experiment("small.yaml"), "script", workers=2)
print(len(results.names), "runs,", len(results.failed), "failed", results.hash, len(results.comparisons()) > 0)
"""


@pytest.mark.parametrize("by_name", [True, False])
def test_a_script_without_a_guard_works_with_several_workers(out: Path, by_name: bool) -> None:
    (out.parent / "unguarded.py").write_text(SCRIPT)
    words = [sys.executable, "unguarded.py"] if by_name else [sys.executable, "-"]
    given = None if by_name else SCRIPT
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "3" if by_name else "random"}
    told = subprocess.run(
        words, input=given, cwd=out.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout == f"4 runs, 0 failed {open_results(out).hash} True\n", told.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
def test_only_processors_that_may_be_used_are_counted() -> None:
    one = min(os.sched_getaffinity(0))
    processors = "from tenure.experiments.running.workers import processors as p"
    code = f"import os; os.sched_setaffinity(0, {{{one}}}); {processors}; print(p())"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"


def test_who_is_at_work_is_told_by_living_processes_and_asking_writes_nothing(tmp_path: Path) -> None:
    mine = Claims(tmp_path)
    mine.take("run1")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / "claims" / f"{HOST}-{gone.pid}-x.json"
    left.write_text(json.dumps({"host": HOST, "pid": gone.pid, "count": 1, "names": ["run2"]}), encoding="utf-8")
    (tmp_path / "claims" / "torn.json").write_text("{", encoding="utf-8")
    assert at_work(tmp_path) == {"run1"} and left.exists()
    mine.close()
    assert at_work(tmp_path) == frozenset() == at_work(tmp_path / "nowhere")

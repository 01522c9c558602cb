"""Keep runs: one Parquet file each, whole or not there, sealed, with the record that repeats it.

Layout of an experiment's folder::

    experiment.json            what the folder holds (`tenure.experiments.store.record`), sealed; a copy lies in runs/
    runs/<name>.parquet        table of the run; its record (JSON) in the file's own metadata
    runs/<name>.failed.json    a run that failed: its error, and where it happened
    starts/<name>.npy.zst      a state before month 0 (`tenure.experiments.running.starts`)
    unused/<name>.parquet      runs that no arm uses any more; `tenure tidy` removes them
    cache/, claims/            what was verified and worked out already; who works on what: may be removed
    */.<name>.<process>.tmp    being written; never read

A file appears under its name only when it is whole: a process may be killed at any moment, and several may write.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.experiments.config.documents import Value
from tenure.experiments.design.hashing import canonical_json, content_checksum, plain_table
from tenure.experiments.store.sealing import (
    MARK,
    ZEROS,
    DamagedError,
    json_sealed,
    json_unsealed,
    read_plain,
    seal_of,
    sealed,
    write_whole,
)

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 4
"""Version of the file layout; files of a later one are refused."""
PEOPLE = ("person/", "life/")
"""How the measures of single people begin; the rows of each kind lie together at the end of a run."""
OF_A_RUN = (
    "scenario",
    "over",
    "arm",
    "replication",
    "seed",
    "start",
    "own_policies",
    "engine",
    "seconds",
    "environment",
)
"""Keys of a record that are a run's own."""
KEYS_IN_FRONT = ("scenario", "arm", "replication")
"""Columns that stand in front of what was recorded; the first only where there are scenarios."""
LARGEST_RUN = 8_000_000_000
"""Bytes of the largest run that is read."""
RUNS, UNUSED = "runs", "unused"
_RECORD = b"tenure.record"
_OWN = b"tenure.run"
"""What of the record is this run's own once more; short, so that who wants it alone reads little."""
_SEAL = b"tenure.seal"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class DamagedRunError(DamagedError):
    """A stored run that cannot be read, or is not what was written."""


class LaterFormatError(ValueError):
    """A file that a later version of the program wrote."""


class StoredRun(NamedTuple):
    """A run as stored: its table, and the record that was written with it."""

    table: pa.Table
    metadata: dict[str, object]


class Verified(NamedTuple):
    """A run file whose seal was found right, and what its record says of this run alone (`OF_A_RUN` and more)."""

    seal: str
    own: dict[str, object]


def write_run(folder: Path, name: str, table: "pa.Table | pd.DataFrame", metadata: Mapping[str, object]) -> Path:
    """Store a run so that readers see all of it or nothing, also after a power cut.

    Parameters
    ----------
    folder : Path
        The experiment's folder; made if missing.
    name : str
        The run's name, see `run_name`. A run or failure of that name is replaced.
    table : pyarrow.Table or DataFrame
        Columns of text, numbers or truth values. A DataFrame's index is not kept; its nan become missing. The arm
        and the replication are put in front of it, and the scenario where the run has one, so that many files can be
        read as one table.
    metadata : mapping
        What JSON can hold: the resolved config, seeds, versions; `arm` and `replication` must be there. Added
        here: `name`, `format`, `rows` and `checksum`, the SHA-256 of the table's content.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If the name is no file name, `arm` or `replication` is missing, or the metadata is not JSON.
    TypeError
        If a column holds something else.
    OSError
        If the disk is full or refuses; nothing is left behind.
    """
    path = run_path(folder, name)
    lacking = [key for key in ("arm", "replication") if key not in metadata]
    if lacking:
        raise ValueError(f"run {name}: the metadata lack {lacking}; a run has an arm and a replication")
    plain = plain_table(table)
    added = {"name": name, "format": FORMAT, "rows": plain.num_rows, "checksum": content_checksum(plain)}
    own = canonical_json({key: metadata[key] for key in OF_A_RUN if key in metadata} | added).encode()
    record = canonical_json({**metadata, **added}).encode()
    scenario, arm = str(metadata.get("scenario", "")), str(metadata["arm"])
    whole = _with_keys(plain, scenario, arm, whole_number(metadata["replication"]))
    sink = pa.BufferOutputStream()
    # without Arrow's own copy of the schema, the record and the seal stand in the file once and as they are
    layout: dict[str, str | bool] = {"compression": "zstd", "store_schema": False, "write_page_checksum": True}
    with pq.ParquetWriter(sink, whole.schema, **layout) as writer:
        for start, end in _groups(plain):
            writer.write_table(whole.slice(start, end - start))
        writer.add_key_value_metadata({_RECORD: record, _OWN: own, _SEAL: MARK + ZEROS})
    write_whole(path, sealed(sink.getvalue().to_pybytes()), folder)
    failure_path(folder, name).unlink(missing_ok=True)
    return path


def whole_number(value: object) -> int:
    """Return a number of a record; ValueError if it is no whole one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value


def write_failure(folder: Path, name: str, error: str, metadata: Mapping[str, object]) -> Path:
    """Store that a run failed: `error` (its text) and its `metadata`.

    Raises
    ------
    ValueError, OSError
        As `write_run`.
    """
    run_path(folder, name)
    path = failure_path(folder, name)
    write_whole(path, json_sealed({**metadata, "name": name, "format": FORMAT, "error": error}), folder)
    return path


def read_run(folder: Path, name: str, measures: Sequence[str] | None = None) -> StoredRun:
    """Read a run, its pages checked as they are read; only the rows of some measures if they are given.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    DamagedRunError
        If the file cannot be read.
    LaterFormatError
        If a later version of the program wrote it.
    """
    path = run_path(folder, name)
    with _damage_named(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        record = _record(path, file.metadata.metadata)
        table = file.read_row_groups(_wanted_groups(file, measures))
    if measures is not None:
        table = table.filter(pc.is_in(table["measure"], value_set=pa.array(list(measures), pa.string())))
    return StoredRun(table.replace_schema_metadata(None), record)


def read_rows(folder: Path, name: str, measures: Sequence[str] | None, columns: Sequence[str]) -> pa.Table:
    """Read some columns of a run's rows, `measure` among them; errors are those of `read_run`.

    `measures` are those to read; None stands for all but those of single people.
    """
    path = run_path(folder, name)
    with _damage_named(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        groups = _groups_before_people(file) if measures is None else _wanted_groups(file, measures)
        table = file.read_row_groups(groups, columns=list(columns), use_threads=False)
    if measures is None:
        return table.filter(pc.invert(_of_people(table["measure"])))
    return table.filter(pc.is_in(table["measure"], value_set=pa.array(list(measures), pa.string())))


def read_record(folder: Path, name: str) -> dict[str, Any]:  # JSON, as deep as it was written
    """Read what was written beside a run's table, without the table; errors are those of `read_run`."""
    path = run_path(folder, name)
    with _damage_named(path):
        return _record(path, pq.read_metadata(path).metadata)


def verified_run(folder: Path, name: str) -> Verified:
    """Read a run file whole and return its seal, and what it says of itself.

    Any changed bit of the file is found: the file holds the SHA-256 of itself with that field set to zeros.

    Raises
    ------
    FileNotFoundError, DamagedRunError, LaterFormatError
        As `read_run`; `DamagedRunError` if the seal differs, or the file holds a run of another name, too.
    """
    path = run_path(folder, name)
    with _damage_named(path):
        data = read_plain(path, LARGEST_RUN)
        seal = seal_of(data)
        if seal is None:
            raise DamagedRunError(f"{path}: the file is not what was written (its seal differs); run it again")
        own = _own(path, pq.read_metadata(pa.BufferReader(data)).metadata)
    if own.get("name") != name:
        raise DamagedRunError(f"{path}: holds the run {own.get('name')}; give the file that name again")
    return Verified(seal, own)


def damage(folder: Path, name: str) -> str | None:
    """Say what is wrong with a stored run, None if nothing is; FileNotFoundError if there is none.

    Beside the seal the table's own checksums are worked out again.
    """
    try:
        record = verified_run(folder, name).own
        table = without_keys(read_run(folder, name).table)
    except FileNotFoundError:
        raise
    except (DamagedRunError, LaterFormatError, OSError) as error:
        return str(error)
    if content_checksum(table) != record["checksum"]:
        return f"{run_path(folder, name)}: the table is not what was recorded (its checksum differs); run it again"
    return None


def without_keys(table: pa.Table) -> pa.Table:
    """Return a run's table as it was recorded: without the scenario, the arm and the replication in front."""
    return table.drop_columns([key for key in KEYS_IN_FRONT if key in table.column_names])


def _with_keys(table: pa.Table, scenario: str, arm: str, replication: int) -> pa.Table:
    rows, texts = table.num_rows, [("scenario", scenario)] * bool(scenario) + [("arm", arm)]
    keys = [*((name, pa.scalar(text)) for name, text in texts), ("replication", pa.scalar(replication, pa.int32()))]
    for place, (name, value) in enumerate(keys):
        table = table.add_column(place, name, pa.repeat(value, rows))
    return table


def run_names(folder: Path, part: str = RUNS) -> list[str]:
    """Give the names of all stored runs, the damaged ones too, sorted."""
    names = (path.name.removesuffix(".parquet") for path in (folder / part).glob("*.parquet"))
    return sorted(name for name in names if _NAME.fullmatch(name))


def failures(folder: Path) -> dict[str, dict[str, Value]]:
    """Give the record of every failed run by name: its metadata and `error`; of a damaged one what ails it."""
    failed: dict[str, dict[str, Value]] = {}
    for path in sorted((folder / RUNS).glob("*.failed.json")):
        name = path.name.removesuffix(".failed.json")
        if not _NAME.fullmatch(name):
            continue
        try:
            record = json_unsealed(path)
            _refuse_later(path, record)
            failed[name] = {**record, "error": str(record.get("error", ""))}
        except FileNotFoundError:
            continue  # another process made the run meanwhile
        except LaterFormatError as error:
            failed[name] = {"error": str(error)}
        except (DamagedError, OSError) as error:
            failed[name] = {"error": f"{error}; run it again", "damaged": True}
    return failed


def read_measures(
    folder: Path, names: Sequence[str], measures: Sequence[str] | None = None, coded: bool = False
) -> "pd.DataFrame":
    """Read rows of several runs as one table; the columns of `KEYS_IN_FRONT` come first.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    names : sequence of str
        Runs, in the order wanted. Errors are those of `read_run`.
    measures : sequence of str, optional
        Values of the column `measure` to keep; all if None.
    coded : bool
        Whether words are categories, which takes a fifth of the memory.
    """
    parts = [_words_as(coded, read_run(folder, name, measures).table) for name in names]
    empty = pa.schema([("arm", pa.string()), ("replication", pa.int32())])
    return (pa.concat_tables(parts) if parts else empty.empty_table()).to_pandas()


def _words_as(coded: bool, table: pa.Table) -> pa.Table:
    words = [one.dictionary_encode() if coded and one.type == "string" else one for one in table.columns]
    return pa.table(words, table.column_names)


def run_path(folder: Path, name: str, part: str = RUNS) -> Path:
    """Return the file of a run; ValueError if that is no run's name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no run name; use letters, digits, '-' and '_'")
    return folder / part / f"{name}.parquet"


def failure_path(folder: Path, name: str) -> Path:
    """Return the file that tells that a run failed."""
    return folder / RUNS / f"{name}.failed.json"


def _groups(table: pa.Table) -> list[tuple[int, int]]:
    """Cut a table where the rows of single people begin, so that who wants these, or the others, reads no more."""
    if "measure" not in table.column_names or not table.num_rows:
        return [(0, table.num_rows)]
    measure = table["measure"].combine_chunks()
    begin = (pc.index(pc.starts_with(measure, kind), True).as_py() for kind in PEOPLE)
    return list(pairwise(sorted({0, *(max(row, 0) for row in begin), table.num_rows})))


def _of_people(measure: pa.Array) -> pa.Array:
    """Return which rows are of single people."""
    found = [pc.starts_with(measure, kind) for kind in PEOPLE]
    return reduce(pc.or_, found)


def _wanted_groups(file: pq.ParquetFile, measures: Sequence[str] | None) -> list[int]:
    """Return the row groups that may hold some of the measures, by the least and the greatest that each holds."""
    groups = list(range(file.num_row_groups))
    if measures is None or "measure" not in file.schema_arrow.names:
        return groups
    column = file.schema_arrow.names.index("measure")
    spans = [file.metadata.row_group(i).column(column).statistics for i in groups]
    if any(span is None or not span.has_min_max for span in spans):
        return groups
    return [i for i in groups if any(spans[i].min <= one <= spans[i].max for one in measures)]


def _groups_before_people(file: pq.ParquetFile) -> list[int]:
    """Return the row groups that hold other rows than those of single people, see `_groups`."""
    column = file.schema_arrow.names.index("measure")
    spans = [file.metadata.row_group(i).column(column).statistics for i in range(file.num_row_groups)]
    known = [span is not None and span.has_min_max for span in spans]
    return [
        i
        for i, span in enumerate(spans)
        if not (known[i] and any(span.min.startswith(kind) and span.max.startswith(kind) for kind in PEOPLE))
    ]


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such run; `tenure status` lists those there are") from None
    except (PermissionError, DamagedRunError, LaterFormatError):
        raise
    except DamagedError as error:
        raise DamagedRunError(f"{error}; run it again") from error
    except (pa.ArrowException, OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DamagedRunError(f"{path}: cannot be read ({error}); run it again") from error


def _record(path: Path, stored: Mapping[bytes, bytes] | None) -> dict[str, object]:
    _own(path, stored)
    record: dict[str, object] = json.loads((stored or {})[_RECORD])
    return record


def _own(path: Path, stored: Mapping[bytes, bytes] | None) -> dict[str, object]:
    own: dict[str, object] = json.loads((stored or {})[_OWN])
    _refuse_later(path, own)
    return own


def _refuse_later(path: Path, record: Mapping[str, object]) -> None:
    """Raise if a later version wrote a file; `DamagedError` if its record does not say which did."""
    version = record.get("format")
    if not isinstance(version, int):
        raise DamagedError(f"{path}: does not say by which version it was written")
    if version > FORMAT:
        raise LaterFormatError(f"{path}: written by a later version (format {version}); update tenure")

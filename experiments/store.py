"""Keep runs: one Parquet file each, whole or not there, with the record that repeats it.

Layout of an experiment's folder::

    runs/<name>.parquet        table of the run; its record (JSON) in the file's own metadata
    runs/<name>.failed.json    a run that failed: its error and the command that repeats it
    runs/.<name>.*.tmp         being written; never read

A file appears under its name only when all of it is on the disk, so a process may be killed at any moment and
several may write at once. Nothing needs to be unlocked.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FORMAT = 1
"""Version of the file layout; files of a later one are refused."""
PEOPLE = "person/"
"""How the measures of single people begin; their rows lie together at the end of a run."""
_RECORD = b"tenure.record"
_SEAL = b"tenure.seal"
_SEAL_MARK = b"sha256 of this file with zeros here: "
_ZEROS = b"0" * 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_IMPORTED = time.time()
_GRACE = 60.0  # seconds; a temporary file this much older than the process belongs to nobody alive


class DamagedRunError(ValueError):
    """A stored run that cannot be read, or is not what was written."""


class StoredRun(NamedTuple):
    """A run as stored: its table, and the record that was written with it."""

    table: pa.Table
    metadata: dict[str, Any]


def write_run(folder: Path, name: str, table: pa.Table | pd.DataFrame, metadata: Mapping[str, Any]) -> Path:
    """Store a run so that readers see all of it or nothing, also after a power cut.

    Parameters
    ----------
    folder : Path
        The experiment's folder; made if missing.
    name : str
        The run's name, see `run_name`. A run or failure of that name is replaced.
    table : pyarrow.Table or DataFrame
        Columns of text, numbers or truth values. A DataFrame's index is not kept; its nan become missing.
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
    path = _path(folder, name)
    lacking = [key for key in ("arm", "replication") if key not in metadata]
    if lacking:
        raise ValueError(f"run {name}: the metadata lack {lacking}; a run has an arm and a replication")
    plain = _plain(table)
    added = {"name": name, "format": FORMAT, "rows": plain.num_rows, "checksum": content_checksum(plain)}
    record = canonical_json({**metadata, **added}).encode()
    sink = pa.BufferOutputStream()
    # without Arrow's own copy of the schema, the record and the seal stand in the file once and as they are
    layout: dict[str, Any] = {"compression": "zstd", "store_schema": False, "write_page_checksum": True}
    with pq.ParquetWriter(sink, plain.schema, **layout) as writer:
        for start, end in _groups(plain):
            writer.write_table(plain.slice(start, end - start))
        writer.add_key_value_metadata({_RECORD: record, _SEAL: _SEAL_MARK + _ZEROS})
    write_whole(path, _sealed(sink.getvalue().to_pybytes()))
    _failure_path(folder, name).unlink(missing_ok=True)
    return path


def write_failure(folder: Path, name: str, error: str, command: str, metadata: Mapping[str, Any]) -> Path:
    """Store that a run failed: `error` (its text), the `command` that repeats it, and its `metadata`.

    Raises
    ------
    ValueError, OSError
        As `write_run`.
    """
    _path(folder, name)
    path = _failure_path(folder, name)
    record = {**metadata, "name": name, "format": FORMAT, "error": error, "command": command}
    write_whole(path, json.dumps(json.loads(canonical_json(record)), indent=1, ensure_ascii=False).encode())
    return path


def read_run(folder: Path, name: str, measures: Sequence[str] | None = None) -> StoredRun:
    """Read a run, its pages checked as they are read; only the rows of some measures if they are given.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    DamagedRunError
        If the file cannot be read.
    ValueError
        If a later version of the program wrote it.
    """
    path = _path(folder, name)
    record = _record(path)
    with _damage_named(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        table = file.read_row_groups(_wanted_groups(file, measures))
    if measures is not None:
        table = table.filter(pc.is_in(table["measure"], value_set=pa.array(list(measures), pa.string())))
    return StoredRun(table.replace_schema_metadata(None), record)


def runs_present(folder: Path) -> dict[str, dict[str, Any]]:
    """Give the record of every whole run by name, in the order of names.

    Damaged files are left out, so that whoever resumes writes them anew; `verify_checksum` tells what ails
    them.
    Temporary files that a killed process left are removed, if older than this process by a minute.
    """
    _clear_stale(folder / "runs")
    present: dict[str, dict[str, Any]] = {}
    for name in run_names(folder):
        with contextlib.suppress(DamagedRunError, FileNotFoundError):
            present[name] = _record(_path(folder, name))
    return present


def run_names(folder: Path) -> list[str]:
    """Give the names of all stored runs, the damaged ones too, sorted."""
    names = (path.name.removesuffix(".parquet") for path in (folder / "runs").glob("*.parquet"))
    return sorted(name for name in names if _NAME.fullmatch(name))


def failures(folder: Path) -> dict[str, dict[str, Any]]:
    """Give the record of every failed run by name: its metadata, `error` and `command`."""
    failed: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "runs").glob("*.failed.json")):
        name = path.name.removesuffix(".failed.json")
        if _NAME.fullmatch(name):
            failed[name] = json.loads(path.read_text(encoding="utf-8"))
    return failed


def verify_checksum(folder: Path, name: str) -> str | None:
    """Say what is wrong with a stored run, None if nothing is; FileNotFoundError if there is none.

    Any changed bit of the file is found: the file holds the SHA-256 of itself with that field set to zeros.
    The table's own checksum and the name are compared as well.
    """
    path = _path(folder, name)
    with _damage_named(path):
        data = path.read_bytes()
    start = _seal_start(data)
    if start is None or _seal(data, start) != data[start : start + 64]:
        return f"{path}: the file is not what was written (its seal differs); run it again"
    table, record = read_run(folder, name)
    if record["name"] != name:
        return f"{path}: holds the run {record['name']}; give the file that name again"
    if content_checksum(table) != record["checksum"]:
        return f"{path}: the table is not what was recorded (its checksum differs); run it again"
    return None


def read_measures(folder: Path, names: Sequence[str], measures: Sequence[str] | None = None) -> pd.DataFrame:
    """Read rows of several runs as one table with the columns arm and replication in front.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    names : sequence of str
        Runs, in the order wanted. Errors are those of `read_run`.
    measures : sequence of str, optional
        Values of the column `measure` to keep; all if None.
    """
    parts: list[pa.Table] = []
    for name in names:
        table, record = read_run(folder, name, measures)
        arm = pa.array([record["arm"]] * table.num_rows, pa.string())
        replication = pa.array([record["replication"]] * table.num_rows, pa.int64())
        parts.append(table.add_column(0, "arm", arm).add_column(1, "replication", replication))
    empty = pa.schema([("arm", pa.string()), ("replication", pa.int64())]).empty_table()
    return (pa.concat_tables(parts) if parts else empty).to_pandas()


def content_checksum(table: pa.Table | pd.DataFrame) -> str:
    """Give the SHA-256 (hex) of a table's names, types and values, however it is cut into chunks."""
    digest = hashlib.sha256()
    for field, column in zip((plain := _plain(table)).schema, plain.columns, strict=True):
        values = column.combine_chunks()
        digest.update(canonical_json([field.name, str(field.type), len(values)]).encode())
        digest.update(np.asarray(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
        if pa.types.is_string(field.type):
            coded = values.dictionary_encode()
            digest.update(canonical_json(coded.dictionary.to_pylist()).encode())
            values = coded.indices
        filled = values.fill_null(False if pa.types.is_boolean(values.type) else 0)
        flat = filled.to_numpy(zero_copy_only=False)
        digest.update(flat.astype(flat.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def run_name(settings: Mapping[str, Any], arm: str, seed: int, replication: int, sources_hash: str) -> str:
    """Name a run by what its result depends on: 16 hex digits.

    Parameters
    ----------
    settings : mapping
        The resolved settings of the arm; ValueError if JSON cannot hold them.
    arm : str
        Its name.
    seed, replication : int
        Of its luck.
    sources_hash : str
        See `sources_hash`.
    """
    whole = [settings, arm, seed, replication, sources_hash]
    return hashlib.sha256(canonical_json(whole).encode()).hexdigest()[:16]


def sources_hash(packages: Sequence[Path], extra: Sequence[Path] = ()) -> str:
    """Give the SHA-256 (hex) of all Python sources of some packages, and of single files such as plug-ins.

    Where the folders lie and the order in which they are given do not matter; names and every byte do.

    Raises
    ------
    FileNotFoundError
        If a folder has no Python source, or a file is not there.
    """
    sources: list[tuple[str, Path]] = [(f"extra:{path.name}", path) for path in extra]
    for package in packages:
        found = [path for path in package.rglob("*.py") if path.is_file()]
        if not found:
            raise FileNotFoundError(f"{package}: no Python source there; name the folder of a package")
        sources.extend((f"{package.name}/{path.relative_to(package).as_posix()}", path) for path in found)
    hashed = sorted([name, hashlib.sha256(path.read_bytes()).hexdigest()] for name, path in sources)
    return hashlib.sha256(canonical_json(hashed).encode()).hexdigest()


def canonical_json(value: object) -> str:
    """Write a value as JSON in one fixed way: keys sorted, no spaces, no nan; else ValueError."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be stored as JSON: {error}; use text, finite numbers, lists and maps") from error


def _path(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no run name; use letters, digits, '-' and '_'")
    return folder / "runs" / f"{name}.parquet"


def _failure_path(folder: Path, name: str) -> Path:
    return folder / "runs" / f"{name}.failed.json"


def _plain(table: pa.Table | pd.DataFrame) -> pa.Table:
    """As an Arrow table of plain text, numbers and truth values without metadata."""
    arrow = pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table
    fields: list[pa.Field] = []
    for field in arrow.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_large_string(kind) or pa.types.is_null(kind):
            kind = pa.string()
        number = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
        if not (number or pa.types.is_string(kind) or pa.types.is_boolean(kind)):
            raise TypeError(f"column {field.name!r} holds {kind}; a run keeps text, numbers and truth values")
        fields.append(pa.field(field.name, kind))
    return arrow.replace_schema_metadata(None).cast(pa.schema(fields))


def _groups(table: pa.Table) -> list[tuple[int, int]]:
    """Cut a table where the rows of single people begin, so that who does not want them need not read them."""
    if "measure" not in table.column_names or not table.num_rows:
        return [(0, table.num_rows)]
    people = pc.starts_with(table["measure"].combine_chunks(), PEOPLE)
    start = pc.index(people, True).as_py()
    return [(0, table.num_rows)] if start <= 0 else [(0, start), (start, table.num_rows)]


def _wanted_groups(file: pq.ParquetFile, measures: Sequence[str] | None) -> list[int]:
    """Return the row groups that may hold some of the measures, by the least and the greatest that each holds."""
    groups = list(range(file.num_row_groups))
    if measures is None or "measure" not in file.schema_arrow.names:
        return groups
    column = file.schema_arrow.names.index("measure")
    spans = [file.metadata.row_group(i).column(column).statistics for i in groups]
    return [
        i for i, span in zip(groups, spans, strict=True)
        if span is None or not span.has_min_max or any(span.min <= one <= span.max for one in measures)
    ]  # fmt: skip


def _seal_start(data: bytes) -> int | None:
    at = data.rfind(_SEAL_MARK)
    return None if at < 0 else at + len(_SEAL_MARK)


def _seal(data: bytes, start: int) -> bytes:
    return hashlib.sha256(data[:start] + _ZEROS + data[start + 64 :]).hexdigest().encode()


def _sealed(data: bytes) -> bytes:
    start = _seal_start(data)
    assert start is not None and data[start : start + 64] == _ZEROS
    return data[:start] + _seal(data, start) + data[start + 64 :]


def write_whole(path: Path, data: bytes) -> None:
    """Write under another name, make sure that it is on the disk, then give it its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        for folder in (path.parent, path.parent.parent):
            _sync_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"the disk is full: {path.name} needs {len(data):,} bytes and was not stored; make room and "
                "give the same command again, finished runs are kept",
                str(path.parent),
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # a folder cannot be opened there; the system keeps its own journal
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_stale(folder: Path) -> None:
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < _IMPORTED - _GRACE:
                path.unlink()


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such run; `runs_present` lists those there are") from None
    except PermissionError:
        raise
    except (pa.ArrowException, OSError, LookupError, TypeError, ValueError) as error:
        raise DamagedRunError(f"{path}: cannot be read ({error}); run it again") from error


def _record(path: Path) -> dict[str, Any]:
    with _damage_named(path):
        stored = pq.read_metadata(path).metadata or {}
        record: dict[str, Any] = json.loads(stored[_RECORD])
        version = int(record["format"])
    if version > FORMAT:
        raise ValueError(f"{path}: written by a later version (format {version}); update tenure")
    return record

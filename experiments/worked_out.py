"""Metrics, pairs and acts of stored runs, worked out once and kept, each value under the seals of its runs.

They lie in the folder's cache, sealed; what is missing or damaged there is worked out again.
"""

import contextlib
import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments import acts, gains
from experiments.acts import ACT_COLUMNS, ACT_MEASURES, acts_of
from experiments.gains import COUNTED, KEYS, MONEY, PERSON_MEASURES, pair_off, people_of
from experiments.hashing import METRIC
from experiments.sealing import MARK, ZEROS, seal_of, sealed, write_whole
from experiments.store import DamagedRunError, read_rows, run_path
from experiments.verified import Known
from experiments.workers import processors

METRICS_KEPT, PAIRS_KEPT = Path("cache") / "metrics.parquet", Path("cache") / "pairs.parquet"
ACTS_KEPT = Path("cache") / "acts.parquet"
_MEASURES, _COLUMNS = (METRIC, *PERSON_MEASURES), ("measure", "a", "b", "value")
_METRIC_COLUMNS = ("metric", "value")
_PAIR_COLUMNS = (*KEYS, *COUNTED, *MONEY)
_ACT_COLUMNS = ("act", "value")
_WORDS = frozenset((*KEYS, "metric", "act"))
_MOST_PARTS = 500
_TEXT = b"tenure.text"
_KEYS = b"tenure.keys"
_SEAL = b"tenure.seal"


def figures(
    folder: Path, champion: str, known: Mapping[str, Known], afresh: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return the metrics of all runs, and who gains and is harmed beside the champion.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    champion : str
        The arm that the others are compared with.
    known : mapping
        Run to what is known of its file, all of them whole.
    afresh : bool
        Whether nothing that was kept is used, and nothing is kept.
    progress : callable
        Told of each run that was read.

    Raises
    ------
    DamagedRunError
        If the table of a run is not as runs are recorded.

    Returns
    -------
    metrics, pairs : DataFrame
        Columns arm, replication, metric, value; and arm, replication, `KEYS`, `COUNTED`, `MONEY`, no row
        where there is no pair: see `experiments.gains.pair_off`.
    """
    metrics = _Kept.read(folder / METRICS_KEPT, "", _METRIC_COLUMNS, afresh)
    pairs = _Kept.read(folder / PAIRS_KEPT, _text(gains), _PAIR_COLUMNS, afresh)
    bases = {one.replication: name for name, one in known.items() if one.arm == champion}
    wanted = {name: f"{known[bases[one.replication]].seal} {one.seal}" for name, one in known.items()
              if one.replication in bases}  # fmt: skip
    by_replication: dict[int, list[str]] = {}
    for name, one in known.items():
        if one.seal not in metrics.keys or (name in wanted and wanted[name] not in pairs.keys):
            by_replication.setdefault(one.replication, []).append(name)
    with ThreadPoolExecutor(processors()) as pool:
        jobs = ((folder, bases.get(replication), names) for replication, names in by_replication.items())
        for made in pool.map(lambda job: _worked_out(*job), jobs):
            for name, its_metrics, its_pairs in made:
                progress()
                metrics.add(known[name].seal, its_metrics)
                if its_pairs is not None and name in wanted:
                    pairs.add(wanted[name], its_pairs)
    if by_replication and not afresh:
        metrics.write(folder / METRICS_KEPT, "", {one.seal for one in known.values()})
        pairs.write(folder / PAIRS_KEPT, _text(gains), set(wanted.values()))
    return (
        metrics.frame({one.seal: name for name, one in known.items()}, known),
        pairs.frame({key: name for name, key in wanted.items()}, known),
    )


def what_arms_did(folder: Path, known: Mapping[str, Known]) -> pd.DataFrame:
    """Return what was done in all runs: columns arm, replication, act, value; see `experiments.acts.acts_of`.

    `DamagedRunError` if the table of a run is not as runs are recorded.
    """
    kept = _Kept.read(folder / ACTS_KEPT, _text(acts), _ACT_COLUMNS, afresh=False)
    missing = [name for name, one in known.items() if one.seal not in kept.keys]
    with ThreadPoolExecutor(processors()) as pool:
        for name, found in zip(missing, pool.map(lambda name: _acts_of_run(folder, name), missing), strict=True):
            kept.add(known[name].seal, found)
    if missing:
        kept.write(folder / ACTS_KEPT, _text(acts), {one.seal for one in known.values()})
    return kept.frame({one.seal: name for name, one in known.items()}, known)


def _acts_of_run(folder: Path, name: str) -> pa.Table:
    try:
        found = acts_of(read_rows(folder, name, ACT_MEASURES, ACT_COLUMNS))
    except (pa.ArrowException, LookupError, TypeError, AttributeError) as error:
        raise _not_as_recorded(folder, [name], error) from error
    return pa.table({"act": pa.array(list(found), pa.string()), "value": pa.array(list(found.values()), pa.float64())})


class _Kept:
    """Rows that belong to keys: a table with a number for the key in each row, and the keys."""

    def __init__(self, columns: tuple[str, ...], table: pa.Table, keys: Sequence[str]) -> None:
        self.columns, self.parts, self.keys = columns, [table], {key: number for number, key in enumerate(keys)}

    @classmethod
    def read(cls, path: Path, text: str, columns: tuple[str, ...], afresh: bool) -> "_Kept":
        """Return what was kept; nothing if it is missing, damaged, or was worked out by another text."""
        kinds = [(name, pa.string() if name in _WORDS else pa.float64()) for name in columns]
        schema = pa.schema([*kinds, ("key", pa.int32())])
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError, pa.ArrowException):
            data = b"" if afresh else path.read_bytes()
            if data and seal_of(data) is not None:
                stored: Any = pq.read_metadata(pa.BufferReader(data)).metadata
                table = pq.read_table(pa.BufferReader(data)).replace_schema_metadata(None)
                keys = [str(key) for key in json.loads(stored[_KEYS])]
                inside = not table.num_rows or 0 <= pc.min(table["key"]).as_py() <= pc.max(table["key"]).as_py() < len(
                    keys
                )
                if stored[_TEXT].decode() == text and table.schema.equals(schema) and inside:
                    return cls(columns, table, keys)
        return cls(columns, schema.empty_table(), [])

    def add(self, key: str, rows: pa.Table) -> None:
        """Take in the rows of a key, unless it has some."""
        if key in self.keys:
            return
        number = self.keys[key] = len(self.keys)
        self.parts.append(rows.append_column("key", pa.array(np.full(rows.num_rows, number, np.int32))))
        if len(self.parts) > _MOST_PARTS:
            self.parts = [pa.concat_tables(self.parts).combine_chunks()]

    def write(self, path: Path, text: str, wanted: set[str]) -> None:
        """Keep the rows of keys that are still wanted; a folder that cannot be written is left as it is."""
        left = [key for key in self.keys if key in wanted]
        numbers = np.full(len(self.keys), -1, np.int32)
        numbers[[self.keys[key] for key in left]] = np.arange(len(left))
        table = pa.concat_tables(self.parts)
        keys = numbers[table["key"].to_numpy()]
        rows = table.set_column(len(self.columns), "key", pa.array(keys)).filter(pa.array(keys >= 0))
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, rows.schema, compression="zstd", store_schema=False) as writer:
            writer.write_table(rows)
            writer.add_key_value_metadata({_TEXT: text.encode(), _KEYS: json.dumps(left).encode(), _SEAL: MARK + ZEROS})
        with contextlib.suppress(OSError):
            write_whole(path, sealed(sink.getvalue().to_pybytes()), path.parent.parent)

    def frame(self, names: Mapping[str, str], known: Mapping[str, Known]) -> pd.DataFrame:
        """Return the rows of wanted keys with arm and replication in front, in the order of the runs."""
        table = pa.concat_tables(self.parts)
        order = {name: place for place, name in enumerate(known)}
        place_of = np.full(len(self.keys) + 1, -1)
        for key, number in self.keys.items():
            if key in names:
                place_of[number] = order[names[key]]
        places = place_of[table["key"].to_numpy()]
        rows = np.argsort(places, kind="stable")
        rows = rows[places[rows] >= 0]
        runs = list(known.values())
        arms = pd.Categorical([one.arm for one in runs])
        replications = np.array([one.replication for one in runs], np.int64)
        frame: pd.DataFrame = table.select(self.columns).take(rows).to_pandas(strings_to_categorical=True)
        frame.insert(0, "arm", pd.Categorical.from_codes(arms.codes[places[rows]], arms.categories))
        frame.insert(1, "replication", replications[places[rows]])
        return frame


def _worked_out(folder: Path, base: str | None, names: Iterable[str]) -> list[tuple[str, pa.Table, pa.Table | None]]:
    """Read the runs of one replication; return metrics and pairs of each."""
    try:
        return list(_each_worked_out(folder, base, names))
    except (pa.ArrowException, LookupError, TypeError, AttributeError) as error:
        raise _not_as_recorded(folder, names, error) from error


def _not_as_recorded(folder: Path, names: Iterable[str], error: Exception) -> DamagedRunError:
    which = " or ".join(str(run_path(folder, name)) for name in names)
    return DamagedRunError(f"{which}: its table is not as runs are recorded ({error}); run it again")


def _each_worked_out(
    folder: Path, base: str | None, names: Iterable[str]
) -> Iterator[tuple[str, pa.Table, pa.Table | None]]:  # fmt: skip
    base_rows = None if base is None else read_rows(folder, base, _MEASURES, _COLUMNS)
    champion = None if base_rows is None or not _has_people(base_rows) else people_of(base_rows)
    for name in names:
        rows = base_rows if name == base and base_rows is not None else read_rows(folder, name, _MEASURES, _COLUMNS)
        of_metrics = rows.filter(pc.equal(rows["measure"], METRIC)).select(["a", "value"])
        pairs = None
        if champion is not None:
            columns = pair_off(champion, champion if name == base else people_of(rows))
            pairs = pa.table({key: pa.array(columns[key], pa.string() if key in KEYS else pa.float64())
                              for key in _PAIR_COLUMNS})  # fmt: skip
        yield name, of_metrics.rename_columns(["metric", "value"]), pairs


def _has_people(rows: pa.Table) -> bool:
    return bool(pc.any(pc.equal(rows["measure"], PERSON_MEASURES[0])).as_py())


@cache
def _text(module: ModuleType) -> str:
    """Return a hash of the text that something is worked out by."""
    return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()

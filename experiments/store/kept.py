"""Values worked out of runs and kept in the folder's cache: rows that belong to keys, in one sealed file.

What is missing or damaged there is worked out again.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tenure.experiments.store.sealing import MARK, ZEROS, seal_of, sealed, write_whole
from tenure.experiments.store.verified import Known

_MOST_PARTS = 500
_TEXT = b"tenure.text"
_KEYS = b"tenure.keys"
_SEAL = b"tenure.seal"


class Kept:
    """Rows that belong to keys: a table with a number for the key in each row, and the keys.

    Attributes
    ----------
    words, numbers : tuple of str
        Columns of text, and those of numbers.
    keys : dict of str to int
        Key to its number.
    """

    def __init__(self, words: Sequence[str], numbers: Sequence[str]) -> None:
        self.words, self.numbers, self.keys = tuple(words), tuple(numbers), dict[str, int]()
        kinds = [*((name, pa.string()) for name in words), *((name, pa.float64()) for name in numbers)]
        self._parts = [pa.schema([*kinds, ("key", pa.int32())]).empty_table()]

    @property
    def table(self) -> pa.Table:
        """All rows, with the number of the key of each in the column ``key``."""
        if len(self._parts) > 1:
            self._parts = [pa.concat_tables(self._parts).combine_chunks()]
        return self._parts[0]

    def read(self, path: Path, text: str) -> None:
        """Take what was kept; nothing if it is missing, damaged, or was worked out by another text."""
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError, pa.ArrowException):
            data = path.read_bytes()
            if seal_of(data) is None:
                return
            stored: Mapping[bytes, bytes] = pq.read_metadata(pa.BufferReader(data)).metadata
            table = pq.read_table(pa.BufferReader(data)).replace_schema_metadata(None)
            keys = [str(key) for key in json.loads(stored[_KEYS])]
            numbers = table["key"].to_numpy()
            inside = not len(numbers) or 0 <= numbers.min() <= numbers.max() < len(keys)
            if stored[_TEXT].decode() == text and table.schema.equals(self.table.schema) and inside:
                self._parts, self.keys = [table], {key: number for number, key in enumerate(keys)}

    def only(self, column: str, wanted: Iterable[str]) -> None:
        """Leave out rows whose text in a column is none of those wanted; keys stay."""
        self._parts = [self.table.filter(pc.is_in(self.table[column], value_set=pa.array(list(wanted), pa.string())))]

    def add(self, key: str, rows: Mapping[str, Sequence[str] | Sequence[float] | NDArray[np.generic]]) -> None:
        """Add rows, column by column, to those of a key."""
        number = self.keys.setdefault(key, len(self.keys))
        kinds = {**dict.fromkeys(self.words, pa.string()), **dict.fromkeys(self.numbers, pa.float64())}
        columns = {name: pa.array(rows[name], kind) for name, kind in kinds.items()}
        count = len(columns[next(iter(columns))])
        self._parts.append(pa.table({**columns, "key": pa.array(np.full(count, number, np.int32))}))
        if len(self._parts) > _MOST_PARTS:
            self._parts = [self.table]

    def write(self, path: Path, text: str, wanted: Iterable[str]) -> None:
        """Keep the rows of keys that are still wanted; a folder that cannot be written is left as it is."""
        some = set(wanted)
        left = [key for key in self.keys if key in some]
        numbers = np.full(len(self.keys), -1, np.int32)
        numbers[[self.keys[key] for key in left]] = np.arange(len(left))
        keys = numbers[self.table["key"].to_numpy()]
        place = self.table.column_names.index("key")
        rows = self.table.set_column(place, "key", pa.array(keys)).filter(pa.array(keys >= 0))
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, rows.schema, compression="zstd", store_schema=False) as writer:
            writer.write_table(rows)
            writer.add_key_value_metadata({_TEXT: text.encode(), _KEYS: json.dumps(left).encode(), _SEAL: MARK + ZEROS})
        with contextlib.suppress(OSError):
            write_whole(path, sealed(sink.getvalue().to_pybytes()), path.parent.parent)

    def frame(self, names: Mapping[str, str], known: Mapping[str, Known], columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of the rows of some keys, with arm and replication in front, in the order of the runs.

        Parameters
        ----------
        names : mapping
            Key to its run; rows of other keys are left out.
        known : mapping
            Run to what is known of it, in the order wanted.
        columns : sequence of str
            Columns to give.
        """
        order = {name: place for place, name in enumerate(known)}
        place_of = np.full(len(self.keys) + 1, -1)
        for key, number in self.keys.items():
            if key in names:
                place_of[number] = order[names[key]]
        places = place_of[self.table["key"].to_numpy()]
        rows = np.argsort(places, kind="stable")
        rows = rows[places[rows] >= 0]
        runs = list(known.values())
        arms = pd.Categorical([one.arm for one in runs])
        replications = np.array([one.replication for one in runs], np.int64)
        frame: pd.DataFrame = self.table.select(list(columns)).take(rows).to_pandas(strings_to_categorical=True)
        frame.insert(0, "arm", pd.Categorical.from_codes(arms.codes[places[rows]], arms.categories))
        frame.insert(1, "replication", replications[places[rows]])
        return frame

"""What a run is called, and what its content comes to: hashes that do not depend on where or how it is stored."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def content_checksum(table: "pa.Table | pd.DataFrame") -> str:
    """Give the SHA-256 (hex) of a table's names, types and values, however it is cut into chunks."""
    import pyarrow as pa

    digest = hashlib.sha256()
    for field, column in zip((plain := plain_table(table)).schema, plain.columns, strict=True):
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


def run_name(settings: Mapping[str, object], arm: str, seed: int, replication: int, sources_hash: str) -> str:
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
        Of all sources that the result depends on, see `tenure.experiments.design.planning`.
    """
    whole = [settings, arm, seed, replication, sources_hash]
    return hashlib.sha256(canonical_json(whole).encode()).hexdigest()[:16]


def canonical_json(value: object) -> str:
    """Write a value as JSON in one fixed way: keys sorted, no spaces, no nan; else ValueError."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be stored as JSON: {error}; use text, finite numbers, lists and maps") from error


def plain_table(table: "pa.Table | pd.DataFrame") -> "pa.Table":
    """Return an Arrow table of plain text, numbers and truth values without metadata."""
    import pyarrow as pa

    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
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

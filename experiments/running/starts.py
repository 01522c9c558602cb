"""States before month 0, as stored: sealed, read with a bound on their size."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.experiments.store.sealing import MARK, ZEROS, DamagedError, read_plain, seal_of, sealed, write_whole

LARGEST_STATE = 32_000_000_000
"""Bytes of an unpacked state beyond which nothing is read: 10 million people with eight institutions need less."""
BYTES_PER_PERSON = 4_000
"""Of an unpacked state, by person of the market and with room to spare: see `largest`."""
State = Mapping[str, NDArray[np.generic]]
"""What a model's `state` gives and its `restore` takes: arrays by name."""
_UNPACKS_TO = b"\n%020d bytes unpacked, "
"""What stands between the packed state and the seal."""
_DIGITS = 21
_TAIL = len(_UNPACKS_TO % 0) + len(MARK) + len(ZEROS)
_ALIGNED = 64
"""Bytes of which each array begins at a multiple, as NumPy's format has it: rows that lie crooked are read slowly."""
_LONGEST_HEADER = 65_535
"""Bytes by which NumPy's format tells the fields of an array."""


def largest(people: int) -> int:
    """Return the most bytes that the state of a market of so many people may unpack to."""
    return min(LARGEST_STATE, 64_000_000 + BYTES_PER_PERSON * people)


def start_path(folder: Path, name: str) -> Path:
    """Return where the state before month 0 of a replication is kept."""
    return folder / "starts" / f"{name}.npy.zst"


def write_start(folder: Path, name: str, state: State) -> None:
    """Store a state; OSError if the disk is full or refuses."""
    buffer = io.BytesIO()
    for values in (np.array([*state], np.str_), *state.values()):
        buffer.seek(-(-buffer.tell() // _ALIGNED) * _ALIGNED)
        np.lib.format.write_array(buffer, np.asarray(values), allow_pickle=False)
    whole = buffer.getvalue()
    packed = pa.Codec("zstd").compress(whole, asbytes=True)
    data = sealed(b"".join((packed, _UNPACKS_TO % len(whole), MARK, ZEROS)))
    write_whole(start_path(folder, name), data, folder)


def start_is_whole(folder: Path, name: str) -> bool:
    """Return whether a state is there and its seal is right."""
    try:
        return seal_of(read_plain(start_path(folder, name), LARGEST_STATE)) is not None
    except (OSError, DamagedError):
        return False


def read_start(folder: Path, name: str, most: int = LARGEST_STATE) -> State:
    """Read a stored state.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    name : str
        Of the state.
    most : int
        Bytes that it may unpack to; nothing more is read.

    Raises
    ------
    DamagedError
        If the file is missing, damaged, or unpacks to more.
    """
    path = start_path(folder, name)
    try:
        data = read_plain(path, most)
        if seal_of(data) is None:
            raise DamagedError("its seal differs")
        size = int(data[-_TAIL:][1:_DIGITS])
        if size > most:
            raise DamagedError(f"it unpacks to more than {most:,} bytes")
        return _arrays(pa.Codec("zstd").decompress(data[:-_TAIL], size, asbytes=True))  # an error if it is another size
    except Exception as error:
        raise DamagedError(f"{path}: the state cannot be read ({error})") from error


def _arrays(unpacked: bytes) -> State:
    """Return the arrays that lie one behind the other, the first of them their names; nobody can write them."""
    stream = io.BytesIO(unpacked)
    names = _next(unpacked, stream)
    return {str(name): _next(unpacked, stream) for name in names}


def _next(unpacked: bytes, stream: io.BytesIO) -> NDArray[np.generic]:
    """Return the next array where it lies, and go on behind it."""
    stream.seek(-(-stream.tell() // _ALIGNED) * _ALIGNED)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise DamagedError("it is of another version of NumPy's format")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=_LONGEST_HEADER)
    if dtype.hasobject:  # whose bytes NumPy would take for addresses
        raise DamagedError("it holds Python objects")
    if min(shape, default=0) < 0:
        raise DamagedError("it has fewer than no rows")
    values = np.ndarray(shape, dtype, unpacked, stream.tell(), order="F" if by_columns else "C")
    stream.seek(values.nbytes, io.SEEK_CUR)
    return values

"""States before month 0, as stored: sealed, read with a bound on their size."""

import io
import zipfile
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
_TAIL = len(MARK) + len(ZEROS) + 1


def largest(people: int) -> int:
    """Return the most bytes that the state of a market of so many people may unpack to."""
    return min(LARGEST_STATE, 64_000_000 + BYTES_PER_PERSON * people)


def start_path(folder: Path, name: str) -> Path:
    """Return where the state before month 0 of a replication is kept."""
    return folder / "starts" / f"{name}.npz.zst"


def write_start(folder: Path, name: str, state: State) -> None:
    """Store a state; OSError if the disk is full or refuses."""
    buffer, packed = io.BytesIO(), pa.BufferOutputStream()
    np.savez(buffer, allow_pickle=False, **state)
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(buffer.getvalue())
    data = sealed(packed.getvalue().to_pybytes() + b"\n" + MARK + ZEROS)
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
        with pa.CompressedInputStream(pa.BufferReader(data[:-_TAIL]), "zstd") as stream:
            unpacked = stream.read(most + 1)
        if len(unpacked) > most:
            raise DamagedError(f"it unpacks to more than {most:,} bytes")
        with zipfile.ZipFile(io.BytesIO(unpacked)) as inner:
            if sum(one.file_size for one in inner.infolist()) > most:
                raise DamagedError(f"it unpacks to more than {most:,} bytes")
        with np.load(io.BytesIO(unpacked), allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except Exception as error:
        raise DamagedError(f"{path}: the state cannot be read ({error})") from error

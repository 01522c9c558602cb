"""States before month 0 come back from the disk as they were, bit by bit."""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from tenure.experiments.running.starts import read_start, start_is_whole, start_path, write_start
from tenure.experiments.store.sealing import DamagedError

ROWS = np.dtype([("id", "<i8"), ("share", "<f4"), ("flags", "i1", (3,)), ("inner", [("x", "<f8"), ("y", "?")])])
PLAIN = [arrays_of.integer_dtypes(), arrays_of.floating_dtypes(), arrays_of.boolean_dtypes(), st.just(ROWS)]
NAMES = st.text("abcdefghijklmnopqrstuvwxyz:._é", min_size=1, max_size=20)
VALUES = arrays_of.arrays(st.one_of(PLAIN), arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.booleans())
def test_a_state_comes_back_bit_by_bit(state: dict[str, np.ndarray[Any, Any]], by_columns: bool) -> None:
    if by_columns:
        state = {name: np.asfortranarray(values) if values.ndim else values for name, values in state.items()}
    with tempfile.TemporaryDirectory() as folder:
        write_start(Path(folder), "one", state)
        assert start_is_whole(Path(folder), "one")
        back = read_start(Path(folder), "one")
    assert list(back) == list(state)
    for name, values in state.items():
        assert back[name].dtype == values.dtype and back[name].shape == values.shape
        assert back[name].tobytes() == values.tobytes()


def test_nobody_writes_into_what_was_read(tmp_path: Path) -> None:
    write_start(tmp_path, "one", {"people": np.zeros(3, ROWS)})
    with pytest.raises(ValueError, match="read-only"):
        read_start(tmp_path, "one")["people"]["id"] = 1


def test_objects_are_never_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        write_start(tmp_path, "one", {"people": np.array([{}], object)})
    assert not start_path(tmp_path, "one").exists()


@pytest.mark.parametrize("values", [np.arange(3), np.zeros(3, ROWS)], ids=["numbers", "rows"])
@pytest.mark.parametrize(("told", "lied"), [(b"'<i8'", b"'|O' "), (b"(3,), ", b"(-3,),")], ids=["objects", "shape"])
def test_what_no_state_can_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: np.ndarray[Any, Any], told: bytes, lied: bytes
) -> None:
    """Numbers that a file calls Python objects would be taken for addresses."""

    def lie(stream: io.BytesIO, written: np.ndarray[Any, Any], allow_pickle: bool) -> None:
        plain = io.BytesIO()
        write(plain, written, allow_pickle=allow_pickle)
        stream.write(plain.getvalue().replace(told, lied))

    write = np.lib.format.write_array
    monkeypatch.setattr(np.lib.format, "write_array", lie)
    write_start(tmp_path, "one", {"people": values})
    assert start_is_whole(tmp_path, "one")
    with pytest.raises(DamagedError, match="cannot be read"):
        read_start(tmp_path, "one")


@given(st.integers(0), st.integers(0, 7))
def test_any_bit_that_differs_is_found(place: int, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_start(Path(folder), "one", {"people": np.arange(50), "month": np.array(3)})
        path = start_path(Path(folder), "one")
        data = bytearray(path.read_bytes())
        data[place % len(data)] ^= 1 << bit
        path.write_bytes(data)
        assert not start_is_whole(Path(folder), "one")
        with pytest.raises(DamagedError):
            read_start(Path(folder), "one")

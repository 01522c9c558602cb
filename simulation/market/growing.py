"""Rows that grow month by month: room is kept behind them, so that few months copy everybody."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]


def room_for(count: int, dtype: np.dtype[np.void]) -> Rows:
    """Return so many rows of zeros with room for half as many more; memory is taken when it is written to."""
    return np.zeros(count + count // 2, dtype)[:count]


def copied(rows: NDArray[np.generic], dtype: np.dtype[np.void]) -> Rows:
    """Return a copy of rows, with room behind them; of this dtype, which may be another as to the alignment alone."""
    made = room_for(len(rows), dtype)
    _put(made, rows)
    return made


def extended(rows: Rows, more: Rows) -> Rows:
    """Return rows followed by more, in the room behind the first if there is enough, else in a copy that has some."""
    n, both, whole = len(rows), len(rows) + len(more), _with_room(rows)
    if len(whole) < both:
        whole = _with_room(room_for(both, rows.dtype))
        _put(whole[:n], rows)
    _put(whole[n:both], more)
    return whole[:both]


def _put(into: Rows, rows: NDArray[np.generic]) -> None:
    """Write rows over others as bytes: field by field, as NumPy does it, takes six times as long."""
    into.view(np.uint8)[:] = np.ascontiguousarray(rows, into.dtype).view(np.uint8)


def _with_room(rows: Rows) -> Rows:
    """Return these rows with the room behind them, if they have any."""
    whole = rows.base
    if not isinstance(whole, np.ndarray) or whole.dtype != rows.dtype or whole.ndim != 1:
        return rows
    first, start = (array.__array_interface__["data"][0] for array in (whole, rows))
    return whole if first == start else rows

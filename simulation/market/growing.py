"""Rows that grow month by month, with spare capacity behind them, so that few months copy everybody."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]


def rows_with_capacity(count: int, dtype: np.dtype[np.void]) -> Rows:
    """Return so many rows of zeros with capacity for half as many more; memory is taken when it is written to."""
    return np.zeros(count + count // 2, dtype)[:count]


def copied(rows: NDArray[np.generic], dtype: np.dtype[np.void]) -> Rows:
    """Return a copy of rows, with capacity for more; its dtype may differ from that of the rows in alignment."""
    made = rows_with_capacity(len(rows), dtype)
    _put(made, rows)
    return made


def extended(rows: Rows, more: Rows) -> Rows:
    """Return rows followed by more: behind the first in their capacity if that is enough, else in a copy."""
    n, both, whole = len(rows), len(rows) + len(more), _whole_capacity(rows)
    if len(whole) < both:
        whole = _whole_capacity(rows_with_capacity(both, rows.dtype))
        _put(whole[:n], rows)
    _put(whole[n:both], more)
    return whole[:both]


def _put(into: Rows, rows: NDArray[np.generic]) -> None:
    """Write rows over others as bytes: field by field, as NumPy does it, takes six times as long."""
    into.view(np.uint8)[:] = np.ascontiguousarray(rows, into.dtype).view(np.uint8)


def _whole_capacity(rows: Rows) -> Rows:
    """Return these rows with the capacity behind them, if there is any."""
    whole = rows.base
    if not isinstance(whole, np.ndarray) or whole.dtype != rows.dtype or whole.ndim != 1:
        return rows
    first, start = (array.__array_interface__["data"][0] for array in (whole, rows))
    return whole if first == start else rows

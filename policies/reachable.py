"""Which conditions of a list can be reached: what no case fits, or earlier ones always take, is a slip."""

from collections.abc import Collection, Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from policies.conditions import AllOf, AnyOf, Comparison, Condition, Fields, Not, Tree

MOST_CASES = 200_000


def comparisons(tree: Tree) -> list[Comparison]:
    """Return all comparisons of a condition."""
    match tree:
        case Comparison():
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
    shares: Collection[str] = (),
    counts: Collection[str] = (),
) -> list[int]:
    """Return the indexes of conditions that no case reaches first.

    Truth only changes at the constants that conditions name, so one case below, at and above each of them, and each
    word, are all the cases there are. Where fields and constants make more than `MOST_CASES`, each condition is
    tried with those before it that share a field with it, and one that is too large is taken to be reached.

    Parameters
    ----------
    conditions : sequence of Condition
        The first that fits wins.
    fields : mapping
        Field -> its words, None for a number.
    shares, counts : collections of str
        Fields that lie between 0 and 1; fields that are whole numbers from 0.
    """
    values: dict[str, set[float]] = {}
    for one in [one for condition in conditions for one in comparisons(condition.tree)]:
        if fields.get(one.field) is None:
            values.setdefault(one.field, set()).update(float(v) for v in one.values if not isinstance(v, str))
    named = {field for condition in conditions for field in condition.fields}
    cases = {name: _cases(fields.get(name), values.get(name, set()), name in shares, name in counts) for name in named}
    if prod(len(one) for one in cases.values()) <= MOST_CASES:
        return _never_first(conditions, range(len(conditions)), cases, fields)
    lost = []
    for index, condition in enumerate(conditions):
        near = [k for k in range(index) if conditions[k].fields <= condition.fields]
        some = {name: cases[name] for name in condition.fields}
        small = prod(len(one) for one in some.values()) <= MOST_CASES
        if small and _never_first([*(conditions[k] for k in near), condition], [len(near)], some, fields):
            lost.append(index)
    return lost


def _cases(words: tuple[str, ...] | None, values: set[float], share: bool, count: bool) -> NDArray[np.float64]:
    """Return every value of a field that conditions can tell apart; words as their codes."""
    if words is not None:
        return np.arange(len(words), dtype=np.float64)
    at = np.array(sorted(values))
    if count:
        near = np.concatenate([np.floor(at) - 1, np.floor(at), np.floor(at) + 1, np.ceil(at) + 1])
        return np.unique(near[near >= 0]) if bool((near >= 0).any()) else np.zeros(1)
    between = (at[1:] + at[:-1]) / 2.0
    every = np.concatenate([at[:1] - 1.0, at, between, at[-1:] + 1.0])
    if share:
        every = np.concatenate([every, [0.0, 1.0], at[:1] / 2.0, (at[-1:] + 1.0) / 2.0])
        every = every[(every >= 0.0) & (every <= 1.0)]
    return np.unique(every)


def _never_first(
    conditions: Sequence[Condition],
    asked: Sequence[int],
    cases: Mapping[str, NDArray[np.float64]],
    fields: Fields,
) -> list[int]:
    """Return which of the conditions asked about no combination of cases reaches first."""
    names = list(cases)
    grid = np.meshgrid(*cases.values(), indexing="ij") if names else [np.zeros(1)]
    columns = {name: axis.ravel() for name, axis in zip(names, grid, strict=False)}
    size = grid[0].size
    codes = {name: words for name, words in fields.items() if words is not None}
    free = np.ones(size, np.bool_)
    first = []
    for condition in conditions:
        fits = condition.evaluate(columns.__getitem__, codes, size)
        first.append(bool((free & fits).any()))
        free &= ~fits
    return [index for index in asked if not first[index]]

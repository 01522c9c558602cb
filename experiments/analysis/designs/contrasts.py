"""Main effects and interactions of a factorial design: contrasts within replications, so that luck cancels out.

All levels share people and luck. An effect is worked out within each replication and averaged over them; its interval
is that of paired differences, and covers what is uncertain and drawn by replication as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.statistics import family_intervals

MOST_OF_A_PAIR = 12
"""Interactions of two factors that are told; of more, only that between their first and their last values."""
Values = Mapping[str, Sequence[object]]
"""Factor -> its values, in the order of the design."""


class FactorEffect(NamedTuple):
    """What it changes to set one factor, or two together, to other values than their first.

    Attributes
    ----------
    arm : str
        Of the champion its level changes, of another arm its difference from the champion.
    factors : tuple of str
        One: a main effect. Two: an interaction, by how much the effect of the one is larger at the other's value.
    first, then : tuple
        The values from which, and to which.
    change : Average
        In the metric's unit, averaged over the values of all other factors. The intervals of an arm's effects of the
        same factors hold at once.
    replications : int
        Over how many.
    """

    arm: str
    factors: tuple[str, ...]
    first: tuple[object, ...]
    then: tuple[object, ...]
    change: Average
    replications: int


def values_of_grid(factors: pd.DataFrame) -> Values | None:
    """Return the values of each factor, if the levels are a grid, each combination of values once; else None.

    Parameters
    ----------
    factors : pandas.DataFrame
        A row per level, a column per factor.

    >>> values_of_grid(pd.DataFrame({"a": [1, 1, 2, 2], "b": [3, 4, 3, 4]}))
    {'a': [1, 2], 'b': [3, 4]}
    >>> values_of_grid(pd.DataFrame({"a": [1, 2], "b": [3, 4]})) is None
    True
    """
    found = {str(name): list(dict.fromkeys(factors[name])) for name in factors.columns}
    rows = list(factors.itertuples(index=False, name=None))
    whole = set(product(*found.values()))
    return found if found and len(rows) == len(whole) and set(rows) == whole else None


def factor_effects(
    values: pd.DataFrame, factors: pd.DataFrame, champion: str, arms: Sequence[str]
) -> Iterator[FactorEffect]:
    """Yield main effects and two-factor interactions, arm by arm, the champion first.

    Parameters
    ----------
    values : pandas.DataFrame
        Of one metric: scenario (name of the level), arm, replication, value.
    factors : pandas.DataFrame
        A row per level, its name the index, a column per factor: a grid, else ValueError.
    champion : str
        The arm from which the others' differences are taken.
    arms : sequence of str
        All arms.
    """
    grid = values_of_grid(factors)
    if grid is None:
        raise ValueError("main effects and interactions are those of a grid: each combination of values once")
    wide = values.pivot(index="replication", columns=["arm", "scenario"], values="value").dropna()
    for arm in (champion, *(one for one in arms if one != champion)):
        if any((one, level) not in wide.columns for level in factors.index for one in (arm, champion)):
            continue
        own = wide[arm][list(factors.index)].to_numpy(np.float64)
        if arm != champion:
            own = own - wide[champion][list(factors.index)].to_numpy(np.float64)
        for name in grid:
            yield from _effects(arm, own, factors, grid, (name,))
        for pair in combinations(grid, 2):
            yield from _effects(arm, own, factors, grid, pair)


def _effects(
    arm: str, own: npt.NDArray[np.float64], factors: pd.DataFrame, grid: Values, names: tuple[str, ...]
) -> Iterator[FactorEffect]:
    """Yield the effects of one factor, or the interactions of two."""
    first = tuple(grid[name][0] for name in names)
    others = list(product(*(grid[name][1:] for name in names)))
    if len(names) > 1 and len(others) > MOST_OF_A_PAIR:
        others = others[-1:]
    if not others:
        return
    apart = np.column_stack([own @ _weights(factors, names, first, then) for then in others])
    ends = zip(apart.mean(axis=0), *family_intervals(apart), strict=True)
    for then, one in zip(others, ends, strict=True):
        yield FactorEffect(arm, names, first, then, Average(*map(float, one)), len(apart))


def _weights(
    factors: pd.DataFrame, names: Sequence[str], first: Sequence[object], then: Sequence[object]
) -> npt.NDArray[np.float64]:
    """Return what each level counts for in a contrast: averages at `then` less those at `first`, factor by factor."""
    weights = np.ones(len(factors))
    for name, before, after in zip(names, first, then, strict=True):
        at = factors[name].to_list()
        weights = weights * np.array([float(one == after) - float(one == before) for one in at])
    share = np.abs(weights).sum() / 2.0 ** len(names)
    return np.asarray(weights / share, dtype=np.float64)

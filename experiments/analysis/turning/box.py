"""A box in which the verdict turns, by the patient rule induction method: so much of what turns, so pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.turning.points import BoolArray
from tenure.experiments.analysis.turning.regions import Clause, Region, readable, spans_of

if TYPE_CHECKING:
    import pandas as pd

PEELED = 0.05
"""Share of a box that one step takes off, or puts back: patience."""
SMALLEST = 0.05
"""Share of all points below which nothing is peeled any more."""
MOST_INPUTS = 3
"""Restricted at most, so that a person can read it."""


class Purity(NamedTuple):
    """How well a box does on some points.

    Attributes
    ----------
    turned : int
        Points where the verdict turns.
    inside : int
        Points in the box.
    both : int
        Points in the box where it turns.
    """

    turned: int
    inside: int
    both: int

    @property
    def coverage(self) -> float:
        """Share of what turns that is in the box; nan where nothing turns."""
        return self.both / self.turned if self.turned else float("nan")

    @property
    def density(self) -> float:
        """Share of the box that turns; nan of an empty one."""
        return self.both / self.inside if self.inside else float("nan")


def purity(region: Region, inputs: "pd.DataFrame", turned: BoolArray, counts: BoolArray) -> Purity:
    """Return how well a box does at the points that count."""
    inside = region.holds(inputs) & counts
    return Purity(int((turned & counts).sum()), int(inside.sum()), int((inside & turned).sum()))


def box_where(inputs: "pd.DataFrame", turned: BoolArray, weights: npt.NDArray[np.float64]) -> Region | None:
    """Find a box in which the verdict turns; None where it turns nowhere, or everywhere.

    Parameters
    ----------
    inputs : DataFrame, shape (points, inputs)
        Numbers or words.
    turned : array of bool, shape (points,)
        Where it does.
    weights : array, shape (points,)
        What each point counts.

    Notes
    -----
    Friedman & Fisher (1999), Statistics and Computing 9:123-143: peeling, then pasting. Of the boxes on the way the one
    with the largest harmonic mean of coverage and density is taken; a limit without which that is no smaller is dropped
    (Bryant & Lempert 2010, Technological Forecasting & Social Change 77:34-49, drop what adds nothing, too), then
    limits of all but three inputs, and what is left is moved to readable numbers.
    """
    y = turned & (weights > 0.0)
    if not y.any() or not (weights[~turned] > 0.0).any():
        return None
    best = max(_peeled(inputs, y, weights), key=lambda region: _merit(region, inputs, y, weights))
    best = _pasted(best, inputs, y, weights)
    found = _read(_dropped(best, inputs, y, weights), inputs)
    return found if found.clauses else None


def _merit(region: Region, inputs: "pd.DataFrame", y: BoolArray, weights: npt.NDArray[np.float64]) -> float:
    """Return the harmonic mean of coverage and density."""
    inside = region.holds(inputs)
    both = float(weights[inside & y].sum())
    return 2.0 * both / max(float(weights[inside].sum() + weights[y].sum()), 1e-300)


def _mean(inside: BoolArray, y: BoolArray, weights: npt.NDArray[np.float64]) -> float:
    whole = float(weights[inside].sum())
    return float(weights[inside & y].sum()) / whole if whole > 0.0 else -1.0


def _peeled(inputs: "pd.DataFrame", y: BoolArray, weights: npt.NDArray[np.float64]) -> Iterator[Region]:
    """Yield boxes, each the one before without the share of it that turns least."""
    region = Region(())
    inside = np.ones(len(inputs), dtype=np.bool_)
    while True:
        yield region
        steps = []
        for clause in _peels(inputs, inside):
            smaller = Region((*region.clauses, clause)).simplified()
            within = inside & clause.holds(inputs)
            if SMALLEST * len(inputs) <= within.sum() < inside.sum():
                steps.append((_mean(within, y, weights), int(within.sum()), smaller, within))
        if not steps:
            return
        _, _, region, inside = max(steps, key=lambda step: step[:2])


def _peels(inputs: "pd.DataFrame", inside: BoolArray) -> Iterator[Clause]:
    """Yield the conditions that take a little off a box: off either end of a number, or one word."""
    numbers = spans_of(inputs)
    for path in map(str, inputs.columns):
        if path not in numbers:
            for word in sorted(inputs[path].astype(str)[inside].unique()):
                yield Clause(path, False, word)
            continue
        values = np.unique(inputs[path].to_numpy(np.float64)[inside])
        if len(values) < 2:
            continue
        whole = inputs[path].to_numpy(np.float64)[inside]
        low, high = np.quantile(whole, PEELED), np.quantile(whole, 1.0 - PEELED)
        after, before = values[values > low].min(), values[values < high].max()
        yield Clause(path, True, _between(values[values < after].max(), after))
        yield Clause(path, False, _between(before, values[values > before].min()))


def _between(low: float, high: float) -> float:
    return float(low + (high - low) / 2.0)


def _pasted(region: Region, inputs: "pd.DataFrame", y: BoolArray, weights: npt.NDArray[np.float64]) -> Region:
    """Return a box put wider again, step by step, while that makes it better."""
    better = True
    while better:
        better = False
        merit = _merit(region, inputs, y, weights)
        for clause in region.clauses:
            if isinstance(clause.limit, str):
                continue
            others = tuple(one for one in region.clauses if one != clause)
            column = inputs[clause.path].to_numpy(np.float64)[Region(others).holds(inputs)]
            outside = np.sort(column[column < clause.limit] if clause.above else column[column >= clause.limit])
            step = max(1, int(PEELED * len(column)))
            if len(outside) <= step:
                wider = Region(others)
            else:
                place = len(outside) - step if clause.above else step
                limit = _between(outside[place - 1], outside[place])
                wider = Region((*others, Clause(clause.path, clause.above, limit)))
            if _merit(wider, inputs, y, weights) > merit + 1e-12:
                region, better = wider.simplified(), True
                break
    return region


def _dropped(region: Region, inputs: "pd.DataFrame", y: BoolArray, weights: npt.NDArray[np.float64]) -> Region:
    """Return a box without conditions that add nothing, and with few enough inputs."""
    while region.clauses:
        without = [Region(tuple(one for one in region.clauses if one != clause)) for clause in region.clauses]
        best = max(without, key=lambda one: _merit(one, inputs, y, weights))
        many = len({clause.path for clause in region.clauses}) > MOST_INPUTS
        if not many and _merit(best, inputs, y, weights) < _merit(region, inputs, y, weights):
            break
        region = best
    return region


def _read(region: Region, inputs: "pd.DataFrame") -> Region:
    """Return a box with limits that a person would write."""
    spans = spans_of(inputs)
    clauses = [
        clause if isinstance(clause.limit, str) else clause._replace(limit=readable(clause.limit, spans, clause.path))
        for clause in region.clauses
    ]
    return Region(tuple(clauses)).simplified().said_of(inputs)

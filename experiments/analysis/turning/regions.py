"""Conditions on what was varied that a person can read, and regions in which several of them hold."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tenure.experiments.analysis.turning.points import BoolArray

if TYPE_CHECKING:
    import pandas as pd

READABLE_WITHIN = 0.025
"""A limit is moved by at most that share of its input's range to a number that a person would write."""


class Clause(NamedTuple):
    """A condition on one input: ``path < limit``, ``path >= limit``, or that it is, or is not, a word."""

    path: str
    above: bool
    limit: float | str

    def holds(self, inputs: "pd.DataFrame") -> BoolArray:
        """Return in which rows it holds."""
        column = inputs[self.path]
        if isinstance(self.limit, str):
            return np.asarray((column.astype(str) == self.limit) == self.above)
        return np.asarray((column.to_numpy(np.float64) >= self.limit) == self.above)

    def text(self, number: "Callable[[str, float], str] | None" = None) -> str:
        """Write it as a person would; `number` writes a limit of a path.

        >>> Clause("switching_cost", False, 0.8).text(), Clause("scenario", True, "crisis").text()
        ('switching_cost < 0.8', 'scenario is crisis')
        """
        if isinstance(self.limit, str):
            return f"{self.path} {'is' if self.above else 'is not'} {self.limit}"
        shown = f"{self.limit:g}" if number is None else number(self.path, self.limit)
        return f"{self.path} {'>=' if self.above else '<'} {shown}"


class Region(NamedTuple):
    """Where all of some conditions hold; everywhere without any."""

    clauses: tuple[Clause, ...]

    def holds(self, inputs: "pd.DataFrame") -> BoolArray:
        """Return in which rows all hold."""
        found = np.ones(len(inputs), dtype=np.bool_)
        for clause in self.clauses:
            found &= clause.holds(inputs)
        return found

    def text(self, number: "Callable[[str, float], str] | None" = None) -> str:
        """Write it as a person would.

        >>> Region((Clause("a", True, 2.0), Clause("a", False, 3.0), Clause("b", False, 0.5))).text()
        '2 <= a < 3 and b < 0.5'
        """
        written: dict[str, str] = {}
        for clause in self.clauses:
            before = written.get(clause.path, "")
            if before and clause.above is False and not isinstance(clause.limit, str) and ">=" in before:
                low = before.partition(" >= ")[2]
                written[clause.path] = f"{low} <= {clause.text(number)}"
            else:
                written[clause.path] = f"{before} and {clause.text(number)}" if before else clause.text(number)
        return " and ".join(written.values())

    def simplified(self) -> "Region":
        """Return the same region with one limit from below and one from above for each input."""
        low: dict[str, Clause] = {}
        high: dict[str, Clause] = {}
        words: dict[Clause, None] = {}
        for clause in self.clauses:
            if isinstance(clause.limit, str):
                words[clause] = None
                continue
            side = low if clause.above else high
            before = side.get(clause.path)
            if before is None or (float(before.limit) < clause.limit) == clause.above:
                side[clause.path] = clause
        paths = dict.fromkeys(clause.path for clause in self.clauses)
        kept = [side[path] for path in paths for side in (low, high) if path in side]
        positive = {clause.path for clause in words if clause.above}
        kept += [clause for clause in words if clause.above or clause.path not in positive]
        return Region(tuple(kept))

    def said_of(self, inputs: "pd.DataFrame") -> "Region":
        """Return the same region with ``is WORD`` where all other words of an input are excluded."""
        clauses = list(self.clauses)
        for path in dict.fromkeys(clause.path for clause in clauses if isinstance(clause.limit, str)):
            words = sorted(inputs[path].astype(str).unique())
            excluded = {one.limit for one in clauses if one.path == path and not one.above}
            left = [word for word in words if word not in excluded]
            if excluded and len(left) == 1:
                place = next(k for k, one in enumerate(clauses) if one.path == path)
                clauses[place] = Clause(path, True, left[0])
                clauses = [one for k, one in enumerate(clauses) if k == place or one.path != path]
        return Region(tuple(clauses))


def readable(limit: float, spans: Mapping[str, tuple[float, float]], path: str) -> float:
    """Return the number with fewest digits near a limit of an input, see `READABLE_WITHIN`.

    >>> readable(0.6183, {"a": (0.5, 1.5)}, "a"), readable(3.98, {"a": (2.0, 8.0)}, "a")
    (0.6, 4.0)
    """
    low, high = spans[path]
    return _fewest_digits(limit, READABLE_WITHIN * (high - low))


def _fewest_digits(value: float, within: float) -> float:
    """Return the number with fewest digits that is no further from a value; of several the nearest."""
    if not within > 0.0:
        return value
    for place in range(math.ceil(math.log10(max(abs(value), within))), -16, -1):
        step = 10.0**place
        for unit in (step, step / 2.0):
            near = round(round(value / unit) * unit, max(0, 1 - place))
            if abs(near - value) <= within:
                return near
    return value


def spans_of(inputs: "pd.DataFrame") -> dict[str, tuple[float, float]]:
    """Return the least and the largest value of each input that is a number."""
    import pandas as pd

    return {
        str(path): (float(inputs[path].min()), float(inputs[path].max()))
        for path in inputs.columns
        if pd.api.types.is_numeric_dtype(inputs[path])
    }

"""The elementary functions of the rules beside the C library's, in loops that vectorise and that do not.

Run it alone with ``python -m benchmarks.bench_elementary``.
"""

import math
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled, rule
from tenure.agents.mathematics.elementary import erf_, exp_, expm1_, log1p_, log_, power_

VALUES, TIMES, REPETITIONS = 4096, 50, 5
"""Values of a column that stays in the cache, passes over it, and repetitions of these."""
EXPONENT = 0.7
TINY = 1e-300
"""So much of a value is added to the next, which it does not change."""
Floats = NDArray[np.float64]


@rule
def own_power(x: float) -> float:
    """Return x to a fixed exponent."""
    return power_(x, EXPONENT)


@rule
def library_power(x: float) -> float:
    """Return x to a fixed exponent by the C library."""
    return math.pow(x, EXPONENT)


FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float], float, float]] = {
    "exp": (exp_, math.exp, -20.0, 3.0),
    "expm1": (expm1_, math.expm1, -2.0, 2.0),
    "log": (log_, math.log, 1e-3, 1e3),
    "log1p": (log1p_, math.log1p, -0.9, 10.0),
    "power": (own_power, library_power, 1e-2, 10.0),
    "erf": (erf_, math.erf, -3.0, 3.0),
}
"""Function -> ours, the library's, and the range of values."""


class Loops(NamedTuple):
    """Nanoseconds a value."""

    column: float
    """written to a column: the compiler may take several values at once"""
    one_by_one: float
    """into a sum, whose order keeps values apart"""
    waiting: float
    """each begun when the one before is done, as a person's month waits for a chance before it goes on"""


def loops_over(function: Callable[[float], float], values: Floats, times: int = TIMES) -> Loops:
    """Return what a function costs in each kind of loop."""

    @compiled
    def column(x: Floats, y: Floats, times: int) -> None:
        for _ in range(times):
            for i in range(len(x)):
                y[i] = function(x[i])

    @compiled
    def one_by_one(x: Floats, y: Floats, times: int) -> None:
        for _ in range(times):
            total = 0.0
            for i in range(len(x)):
                total += function(x[i])
            y[0] = total

    @compiled
    def waiting(x: Floats, y: Floats, times: int) -> None:
        for _ in range(times):
            last = 0.0
            for i in range(len(x)):
                last = function(x[i] + last * TINY)
            y[0] = last

    def ns(loop: Callable[[Floats, Floats, int], None]) -> float:
        made, taken = np.empty_like(values), []
        loop(values, made, 1)  # compiles
        for _ in range(REPETITIONS):
            began = time.thread_time_ns()
            loop(values, made, times)
            taken.append((time.thread_time_ns() - began) / times / len(values))
        return median(taken)

    return Loops(ns(column), ns(one_by_one), ns(waiting))


def elementary(values: int = VALUES, times: int = TIMES) -> dict[str, tuple[Loops, Loops]]:
    """Return function -> what ours costs, and the library's."""
    found = {}
    for name, (ours, theirs, low, high) in FUNCTIONS.items():
        x = np.random.default_rng(1).uniform(low, high, values)
        found[name] = (loops_over(ours, x, times), loops_over(theirs, x, times))
    return found


def lines(found: dict[str, tuple[Loops, Loops]]) -> list[str]:
    """Return the table."""
    table = [
        f"{'ns a value':<44}{'rule, column':>14}{'one by one':>12}{'waiting':>10}"
        f"{'C library, column':>20}{'one by one':>12}{'waiting':>10}"
    ]
    for name, (ours, theirs) in found.items():
        table.append(
            f"{name:<44}{ours.column:>14.2f}{ours.one_by_one:>12.2f}{ours.waiting:>10.2f}"
            f"{theirs.column:>20.2f}{theirs.one_by_one:>12.2f}{theirs.waiting:>10.2f}"
        )
    return table


if __name__ == "__main__":
    print("\n".join(lines(elementary())))

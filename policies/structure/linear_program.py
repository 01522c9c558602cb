"""Linear programs, solved by HiGHS (Huangfu & Hall 2018, Mathematical Programming Computation 10:119-142)."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

SOLVED, IMPOSSIBLE = 0, 2
"""What `linprog` calls a program that it has solved, and one that no point satisfies."""
TOLERANCE = 1e-10
"""Of the program in its own units (one person joins, no coefficient of a limit above 1): the least that HiGHS takes."""


USUAL_TOLERANCE = 1e-7
"""The one that HiGHS takes by itself; asked for only where it gives up on the finer one in every way."""
Floats = NDArray[np.float64]


class Constraints(TypedDict, total=False):
    """What a solution must keep, in the words of `scipy.optimize.linprog`."""

    A_ub: Floats | None
    b_ub: Floats | None
    A_eq: Floats | None
    b_eq: Floats | None
    bounds: Floats | Sequence[tuple[float, float | None]]


class Solution(NamedTuple):
    """The best point of a linear program, and what its limits cost."""

    x: Floats
    cost: float
    at_most: Floats
    """What the cost changes by if an upper bound of `A_ub` rises by 1."""
    equal: Floats
    """What the cost changes by if a right-hand side of `A_eq` rises by 1."""


def solved(cost: Floats, constraints: Constraints) -> Solution | None:
    """Return the point of least cost by HiGHS, None where no point keeps the constraints.

    It is asked in another way where it gives up on a program that is hardly one.

    Raises
    ------
    RuntimeError
        If it gives up in every way.
    """
    from scipy.optimize import linprog

    ways = product((TOLERANCE, USUAL_TOLERANCE), (("highs", True), ("highs-ds", False), ("highs-ipm", False)))
    for tolerance, (method, presolve) in ways:
        options = {"primal_feasibility_tolerance": tolerance, "dual_feasibility_tolerance": tolerance}
        found = linprog(cost, **constraints, method=method, options={**options, "presolve": presolve})
        if found.status == IMPOSSIBLE:
            return None
        if found.status == SOLVED:
            return Solution(found.x, float(found.fun), found.ineqlin.marginals, found.eqlin.marginals)
    raise RuntimeError(f"structure: HiGHS failed: {found.message}")

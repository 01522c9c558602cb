"""Linear programs, solved by HiGHS (Huangfu & Hall 2018, Mathematical Programming Computation 10:119-142)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-10
"""Of the program in its own units (one person joins, no coefficient of a limit above 1): the least that HiGHS takes."""


def solved(gain: NDArray[np.float64], **program: Any) -> Any:
    """Return the answer of HiGHS; asked in another way where it gives up on a program that is hardly one.

    Raises
    ------
    RuntimeError
        If it gives up in every way.
    """
    from scipy.optimize import linprog

    options = {"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE}
    for method, presolve in (("highs", True), ("highs-ds", False), ("highs-ipm", False)):
        found = linprog(gain, **program, method=method, options={**options, "presolve": presolve})
        if found.status in (0, 2):
            return found
    raise RuntimeError(f"structure: HiGHS failed: {found.message}")

"""How beliefs are compared with the truth: which tags, by which groups of people, in which bins of probability."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import OTHER_LINES, QUADRANTS, SCOPES
from tenure.agents.person import STAGES
from tenure.policies.schemes import RETURN_BANDS, RISK_GRADES

Found = tuple[str, str, str, float]
"""What a comparison found: name of a measure, a, b, value."""
COMPARED: Mapping[str, tuple[str, ...]] = {
    "quadrant": QUADRANTS,
    "stage": STAGES,
    "risk_grade": RISK_GRADES,
    "return_band": RETURN_BANDS,
}
"""Schemes whose tags are true or false: those that say what is believed of risk, return and stage."""
KINDS = ("true", "believed")
DEFAULT, LEAVE = "default_per_year", "leave_per_year"
"""Scores: probabilities within 12 months that can be compared with what happened."""
BIN_EDGES = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Edges of the bins of predicted probability, near even on a logarithmic scale, where defaults lie; assumption."""
BINS = tuple(f"{low * 100:g}% to {high * 100:g}%" for low, high in pairwise(BIN_EDGES))
EVERYBODY = "all"
TENURE_MONTHS = {"tenure <1": (0, 12), "tenure 1-2": (12, 36), "tenure 3-5": (36, 72), "tenure 6+": (72, 1 << 30)}
"""Tenure groups in years -> months from and below; assumption."""
PRODUCTS = {"products 1": (1, 2), "products 2": (2, 3), "products 3+": (3, 1 << 30)}
"""Groups by products held -> from and below; assumption."""
SCOPE_GROUPS = tuple(f"scope {word}" for word in SCOPES)


def groups(tenure_months: NDArray[np.integer], scope: NDArray[np.integer]) -> dict[str, NDArray[np.bool_]]:
    """Return group -> who is in it, shape (people,): all, tenure of customers, scope; groups without people left out.

    Parameters
    ----------
    tenure_months : int array, shape (people,)
    scope : int array, shape (people,)
        Index into SCOPES.
    """
    found = {EVERYBODY: np.ones(len(scope), np.bool_)}
    customer = scope <= OTHER_LINES
    for name, (low, below) in TENURE_MONTHS.items():
        found[name] = customer & (tenure_months >= low) & (tenure_months < below)
    found |= {name: scope == code for code, name in enumerate(SCOPE_GROUPS)}
    return {name: there for name, there in found.items() if there.any()}

"""Errors of belief: tags and estimates against the truth, as rows (measure, a, b, value) of the recording.

Tenure groups count customers alone: who is not one has no tenure.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.recording import measures
from tenure.simulation.recording.beliefs.groups import EVERYBODY, PRODUCTS, TENURE_MONTHS, Found, groups

Ints = NDArray[np.integer]
Floats = NDArray[np.float64]


def tag_errors(believed: Mapping[str, Ints], true: Mapping[str, Ints], tenure_months: Ints, scope: Ints) -> list[Found]:
    """Return the share of tags that are wrong, and of how many people, by scheme and group.

    Parameters
    ----------
    believed, true : mapping
        Scheme -> codes of the tags, shape (people,).
    tenure_months : int array, shape (people,)
    scope : int array, shape (people,)
        Index into SCOPES.

    Returns
    -------
    list of rows
        `tag_error` (share wrong) and `tag_error_people`, with a = scheme, b = group.

    Raises
    ------
    ValueError
        If the two do not hold the same schemes.
    """
    if set(believed) != set(true):
        raise ValueError(f"believed tags are {sorted(believed)}, true tags {sorted(true)}: give the same schemes")
    found: list[Found] = []
    inside = groups(tenure_months, scope)
    for scheme, tags in believed.items():
        wrong = tags != true[scheme]
        for group, there in inside.items():
            found.append((measures.TAG_ERROR.name, scheme, group, float(wrong[there].mean())))
            found.append((measures.TAG_ERROR_PEOPLE.name, scheme, group, float(there.sum())))
    return found


def belief_error(
    mean: Floats, precision: Floats, truth: Floats, tenure_months: Ints, products_held: Ints
) -> list[Found]:
    """Return how far estimates of risk lie from the truth, and how far the updating formula says they lie.

    The precision of a conjugate normal estimate is the inverse of its mean squared error (DeGroot 1970, section
    9.5), so that the two agree where the institution's model is right.

    Parameters
    ----------
    mean, truth : array, shape (people,)
        Estimated and true log-odds of a missed payment in a month.
    precision : array, shape (people,)
        Of the estimate, 1 / log-odds^2.
    tenure_months, products_held : int array, shape (people,)
        Of customers; `products_held` below 1 belongs to no group of products.

    Returns
    -------
    list of rows
        `risk_error` (root mean squared error), `risk_error_expected` (root of the mean of 1 / precision), both in
        log-odds, and `risk_error_people`, with a = "risk_mean", b = group; groups without people left out.

    Raises
    ------
    ValueError
        If a precision is not above 0.
    """
    if not np.all(precision > 0.0):
        raise ValueError("precision must be above 0")
    squared, expected = (mean - truth) ** 2, 1.0 / precision
    inside = {EVERYBODY: np.ones(len(mean), np.bool_)}
    for limits, column in ((TENURE_MONTHS, tenure_months), (PRODUCTS, products_held)):
        inside |= {name: (column >= low) & (column < below) for name, (low, below) in limits.items()}
    found: list[Found] = []
    for group, there in inside.items():
        if there.any():
            found.append((measures.RISK_ERROR.name, "risk_mean", group, float(np.sqrt(squared[there].mean()))))
            found.append(
                (measures.RISK_ERROR_EXPECTED.name, "risk_mean", group, float(np.sqrt(expected[there].mean())))
            )
            found.append((measures.RISK_ERROR_PEOPLE.name, "risk_mean", group, float(there.sum())))
    return found

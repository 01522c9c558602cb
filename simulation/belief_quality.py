"""Quality of belief: predictions against what then happened, tags and estimates against the truth.

Every function returns rows (measure, a, b, value), as the recording keeps them. Tenure groups count customers alone:
who is not one has no tenure.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from agents.belief import OTHER_LINES, SCOPES
from policies.lookalike import auc

Row = tuple[str, str, str, float]
Ints = NDArray[np.integer]
Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

DEFAULT, LEAVE = "default_per_year", "leave_per_year"
BIN_EDGES = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Edges of the bins of predicted probability, near even on a logarithmic scale, where defaults lie; assumption."""
BINS = tuple(f"{low * 100:g}% to {high * 100:g}%" for low, high in pairwise(BIN_EDGES))
TENURE_MONTHS = {"tenure <1": (0, 12), "tenure 1-2": (12, 36), "tenure 3-5": (36, 72), "tenure 6+": (72, 1 << 30)}
"""Tenure groups in years -> months from and below; assumption."""
PRODUCTS = {"products 1": (1, 2), "products 2": (2, 3), "products 3+": (3, 1 << 30)}


class _Cohort(NamedTuple):
    """Those marked, ids ascending, and what has happened to them so far."""

    month: int
    persons: Ints
    predicted: Mapping[str, Floats]
    tenure_months: Ints
    scope: Ints
    defaulted: Rows
    left: Rows
    months_seen: Ints


class BeliefQuality:
    """Keeps one cohort's predictions until its twelve months are over, then judges them.

    **Censoring.** Whether somebody who left would have defaulted later cannot be seen. Who left before defaulting
    after m months counts in the default score with the probability of those months, 1 - (1 - p)^(m / 12), as if
    default came evenly over the year, and as left in the other; who defaulted before or in the month of leaving
    counts in both.

    Parameters
    ----------
    scores : tuple of str
        Scores to judge, of `default_per_year` and `leave_per_year`.

    Raises
    ------
    ValueError
        If another score is named.
    """

    def __init__(self, scores: tuple[str, ...] = (DEFAULT, LEAVE)) -> None:
        unknown = set(scores) - {DEFAULT, LEAVE}
        if unknown:
            raise ValueError(f"nothing that happens is compared with {sorted(unknown)}: write {DEFAULT} or {LEAVE}")
        self.scores = scores
        self._cohort: _Cohort | None = None
        self._months = 0

    @property
    def month(self) -> int | None:
        """Month in which the open cohort was marked; None while none is open."""
        return None if self._cohort is None else self._cohort.month

    def mark(
        self, month: int, persons: Ints, predicted: Mapping[str, Floats], tenure_months: Ints, scope: Ints,
        in_default: Rows | None = None,
    ) -> None:  # fmt: skip
        """Open a cohort.

        Parameters
        ----------
        month : int
        persons : int array, shape (people,)
            Ids, ascending.
        predicted : mapping
            Score -> probability within the next 12 months, shape (people,).
        tenure_months : int array, shape (people,)
        scope : int array, shape (people,)
            Index into SCOPES.
        in_default : bool array, shape (people,), optional
            Who is in default already, of whom nothing else can be predicted.

        Raises
        ------
        ValueError
            If a cohort is open, ids do not ascend, shapes differ, or a prediction is no probability.
        """
        if self._cohort is not None:
            raise ValueError(f"the cohort of month {self.month} is still open: close it first")
        if np.any(np.diff(persons) <= 0):
            raise ValueError("persons must ascend and not repeat")
        told = {score: np.array(predicted[score], np.float64) for score in self.scores}
        for name, column in {**told, "tenure_months": tenure_months, "scope": scope}.items():
            if np.shape(column) != persons.shape:
                raise ValueError(f"{name} has shape {np.shape(column)}, persons {persons.shape}")
        for score, p in told.items():
            if not np.all((p >= 0.0) & (p <= 1.0)):
                raise ValueError(f"{score} must be probabilities, 0 to 1")
        nobody, self._months = np.zeros(len(persons), np.bool_), 0
        self._cohort = _Cohort(
            month,
            persons.copy(),
            told,
            tenure_months.copy(),
            scope.copy(),
            nobody.copy() if in_default is None else in_default.copy(),
            nobody,
            np.zeros(len(persons), np.int64),
        )

    def note(self, persons_defaulted: Ints, persons_left: Ints) -> None:
        """Note to whom it happened in this month; who is not in the open cohort is ignored, and each counts once.

        Parameters
        ----------
        persons_defaulted : int array
            Ids of those with three or more missed payments at the month's end.
        persons_left : int array
            Ids of those who left or whose relationship ended.
        """
        cohort = self._cohort
        if cohort is not None:
            self._months += 1
            cohort.months_seen[~cohort.left] += 1
            cohort.defaulted[np.isin(cohort.persons, persons_defaulted) & ~cohort.left] = True
            cohort.left[np.isin(cohort.persons, persons_left)] = True

    def close(self) -> list[Row]:
        """Judge the open cohort and make room for the next.

        Returns
        -------
        list of rows
            `reliability_people`, `reliability_predicted`, `reliability_happened` (sums) with a = score, b = bin of
            predicted probability; `score_people`, `score_brier` (Brier 1950, Mon. Weather Rev. 78), `score_auc` with
            a = score, b = group. Bins and groups without people leave no row, nor does an AUC where all had or all
            had not.

        Raises
        ------
        ValueError
            If no cohort is open.
        """
        cohort = self._cohort
        if cohort is None:
            raise ValueError("no cohort is open: mark one first")
        self._cohort = None
        inside = groups(cohort.tenure_months, cohort.scope)
        found: list[Row] = []
        for score, predicted in cohort.predicted.items():
            p, y = predicted, cohort.left
            if score == DEFAULT:
                share = np.where(cohort.defaulted, 1.0, cohort.months_seen / max(1, self._months))
                within = 1.0 - (1.0 - predicted) ** share
                p, y = np.where(share < 1.0, within, predicted), cohort.defaulted
            found += _reliability(score, p, y)
            for group, there in inside.items():
                found.append(("score_people", score, group, float(there.sum())))
                found.append(("score_brier", score, group, float(np.mean((p[there] - y[there]) ** 2))))
                area = auc(p[there], y[there])
                if not np.isnan(area):
                    found.append(("score_auc", score, group, area))
        return found


def _reliability(score: str, predicted: Floats, happened: Rows) -> list[Row]:
    """Return people, predicted and happened by bin; a probability on an edge belongs above it, 1 to the last bin."""
    at = np.minimum(np.searchsorted(BIN_EDGES, predicted, side="right") - 1, len(BINS) - 1)
    people = np.bincount(at, minlength=len(BINS))
    sums = {
        "reliability_people": people.astype(np.float64),
        "reliability_predicted": np.bincount(at, predicted, minlength=len(BINS)),
        "reliability_happened": np.bincount(at, happened, minlength=len(BINS)),
    }
    return [
        (measure, score, BINS[k], float(values[k])) for measure, values in sums.items() for k in np.flatnonzero(people)
    ]


def groups(tenure_months: Ints, scope: Ints) -> dict[str, Rows]:
    """Return group -> who is in it, shape (people,): all, tenure of customers, scope; groups without people left out.

    Parameters
    ----------
    tenure_months : int array, shape (people,)
    scope : int array, shape (people,)
        Index into SCOPES.
    """
    found = {"all": np.ones(len(scope), np.bool_)}
    customer = scope <= OTHER_LINES
    for name, (low, below) in TENURE_MONTHS.items():
        found[name] = customer & (tenure_months >= low) & (tenure_months < below)
    found |= {f"scope {word}": scope == code for code, word in enumerate(SCOPES)}
    return {name: there for name, there in found.items() if there.any()}


def tag_errors(believed: Mapping[str, Ints], true: Mapping[str, Ints], tenure_months: Ints, scope: Ints) -> list[Row]:
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
    found: list[Row] = []
    inside = groups(tenure_months, scope)
    for scheme, tags in believed.items():
        wrong = tags != true[scheme]
        for group, there in inside.items():
            found.append(("tag_error", scheme, group, float(wrong[there].mean())))
            found.append(("tag_error_people", scheme, group, float(there.sum())))
    return found


def belief_error(mean: Floats, precision: Floats, truth: Floats, tenure_months: Ints, products_held: Ints) -> list[Row]:
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
    inside = {"all": np.ones(len(mean), np.bool_)}
    for limits, column in ((TENURE_MONTHS, tenure_months), (PRODUCTS, products_held)):
        inside |= {name: (column >= low) & (column < below) for name, (low, below) in limits.items()}
    found: list[Row] = []
    for group, there in inside.items():
        if there.any():
            found.append(("risk_error", "risk_mean", group, float(np.sqrt(squared[there].mean()))))
            found.append(("risk_error_expected", "risk_mean", group, float(np.sqrt(expected[there].mean()))))
            found.append(("risk_error_people", "risk_mean", group, float(there.sum())))
    return found


def standard_errors_off(people: Floats, predicted: Floats, happened: Floats) -> Floats:
    """Return by how many standard errors more happened than was predicted, bin by bin; below 0 if less.

    The standard error is the root of the sum of p (1 - p), taken at the bin's mean p: never too small, since p (1 - p)
    is concave, and hardly too large in a narrow bin. Where few events are expected they are not normal, so that
    (happened - predicted) / standard error would condemn a bin that expects a twentieth of an event at the first one;
    what is returned is the normal score of the binomial tail, which is the same where many are expected.

    Parameters
    ----------
    people, predicted, happened : array, shape (bins,)
        Counts, and sums over the people of a bin, as `BeliefQuality.close` gives them. People are taken as independent.
    """
    n, expected, y = (np.asarray(column, np.float64) for column in (people, predicted, happened))
    p = np.clip(expected / np.maximum(n, 1.0), 0.0, 1.0)
    more = np.maximum(stats.norm.isf(stats.binom.sf(y - 1.0, n, p)), 0.0)
    less = np.minimum(stats.norm.ppf(stats.binom.cdf(y, n, p)), 0.0)
    return np.where(y > expected, more, np.where(y < expected, less, 0.0))


def reliability_is_calibrated(
    people: Floats, predicted: Floats, happened: Floats, standard_errors: float = 4.0
) -> bool:
    """Tell whether in every bin what happened lies within so many standard errors of what was predicted.

    The error is that of `standard_errors_off`: |happened - predicted| <= 4 root of the sum of p (1 - p), with an exact
    tail where few events are expected.

    Parameters
    ----------
    people, predicted, happened : array, shape (bins,)
        Counts, and sums over the people of a bin.
    standard_errors : float
        Four by default: by chance in at most 6 of 100,000 bins.
    """
    return bool(np.all(np.abs(standard_errors_off(people, predicted, happened)) <= standard_errors))

"""Quality of belief: predictions against what then happened.

Rows (measure, a, b, value) are as the recording keeps them. Tenure groups count customers alone: who is not one has
no tenure.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.mathematics.elementary import power_
from tenure.policies.learning.lookalike import auc
from tenure.simulation.recording import measures
from tenure.simulation.recording.beliefs.groups import BIN_EDGES, BINS, DEFAULT, LEAVE, Found, groups

Ints = NDArray[np.integer]
Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


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
        self,
        month: int,
        persons: Ints,
        predicted: Mapping[str, Floats],
        tenure_months: Ints,
        scope: Ints,
        in_default: Rows | None = None,
    ) -> None:
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
        scores = {score: np.array(predicted[score], np.float64) for score in self.scores}
        for name, column in {**scores, "tenure_months": tenure_months, "scope": scope}.items():
            if np.shape(column) != persons.shape:
                raise ValueError(f"{name} has shape {np.shape(column)}, persons {persons.shape}")
        for score, p in scores.items():
            if not np.all((p >= 0.0) & (p <= 1.0)):
                raise ValueError(f"{score} must be probabilities, 0 to 1")
        nobody, self._months = np.zeros(len(persons), np.bool_), 0
        self._cohort = _Cohort(
            month,
            persons.copy(),
            scores,
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
            cohort.months_seen[:] += ~cohort.left
            defaulted = _places(cohort.persons, persons_defaulted)
            cohort.defaulted[defaulted[~cohort.left[defaulted]]] = True
            cohort.left[_places(cohort.persons, persons_left)] = True

    def close(self) -> list[Found]:
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
        found: list[Found] = []
        for score, predicted in cohort.predicted.items():
            p, y = predicted, cohort.left
            if score == DEFAULT:
                share = np.where(cohort.defaulted, 1.0, cohort.months_seen / max(1, self._months))
                p, y = predicted.copy(), cohort.defaulted
                part = np.flatnonzero(share < 1.0)
                p[part] = 1.0 - powers(1.0 - predicted[part], share[part])
            found += _reliability(score, p, y)
            for group, there in inside.items():
                found.append((measures.SCORE_PEOPLE.name, score, group, float(there.sum())))
                found.append((measures.SCORE_BRIER.name, score, group, float(np.mean((p[there] - y[there]) ** 2))))
                area = auc(p[there], y[there])
                if not np.isnan(area):
                    found.append((measures.SCORE_AUC.name, score, group, area))
        return found


@compiled
def power_rows(bases: Floats, exponents: Floats, made: Floats) -> None:
    """Write each base to the power of its exponent."""
    for i in range(bases.shape[0]):
        made[i] = power_(bases[i], exponents[i])


def powers(bases: Floats, exponents: Floats) -> Floats:
    """Return each base to the power of its exponent, by the rule: NumPy's own has other bits on other processors."""
    made = np.empty_like(bases)
    power_rows(bases, exponents, made)
    return made


def _places(persons: Ints, ids: Ints) -> Ints:
    """Return where these ids stand among persons, ascending; who is not there is left out."""
    at = np.searchsorted(persons, ids)
    there = at < len(persons)
    there[there] = persons[at[there]] == ids[there]
    return at[there]


def _reliability(score: str, predicted: Floats, happened: Rows) -> list[Found]:
    """Return people, predicted and happened by bin; a probability on an edge belongs above it, 1 to the last bin."""
    at = np.minimum(np.searchsorted(BIN_EDGES, predicted, side="right") - 1, len(BINS) - 1)
    people = np.bincount(at, minlength=len(BINS))
    sums = {
        measures.RELIABILITY_PEOPLE.name: people.astype(np.float64),
        measures.RELIABILITY_PREDICTED.name: np.bincount(at, predicted, minlength=len(BINS)),
        measures.RELIABILITY_HAPPENED.name: np.bincount(at, happened, minlength=len(BINS)),
    }
    return [
        (measure, score, BINS[k], float(values[k])) for measure, values in sums.items() for k in np.flatnonzero(people)
    ]

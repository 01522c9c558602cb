"""Schemes of classification: how an institution sorts the people in its files, by what it believes of them.

Quadrant, stage and scope are tags of the belief itself; the others are made here from columns of the view, so that
another one is a function and a line in `InstitutionView`. Segments are written as conditions by the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS, SCOPES
from tenure.agents.month.tags import Bounds, reached_by_each, rfm_of_each
from tenure.agents.person import STAGES

TIERS = ("bronze", "silver", "gold", "platinum")
RFM = tuple(f"r{r}f{f}m{m}" for r, f, m in product((1, 2, 3), repeat=3))
"""Recency, frequency, money value, each from 1 (worst) to 3 (Hughes 1994, three classes in place of five)."""
RISK_GRADES = ("A", "B", "C", "D", "E")
RETURN_BANDS = ("loss", "low", "middle", "high")
SEGMENT = "segment"
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "scope": SCOPES,
    "quadrant": QUADRANTS,
    "stage": STAGES,
    "risk_grade": RISK_GRADES,
    "return_band": RETURN_BANDS,
    "value_tier": TIERS,
    "rfm": RFM,
}
"""Scheme -> its tags, in the order of their codes; beside them there is `segment`, in the user's own words."""


@dataclass(frozen=True)
class Schemes:
    """Where the schemes divide, and the user's segments.

    Parameters
    ----------
    risk_grades : four shares, ascending
        Default in 12 months, between A | B | C | D | E; assumption.
    return_bands : three numbers, ascending
        Margin, EUR a year, between loss | low | middle | high; assumption.
    value_tiers : three numbers, ascending
        EUR of expected margin over the years expected; assumption.
    rfm_recency_months : two numbers, descending
        Months since the last product was taken, for 1 | 2 | 3; assumption.
    rfm_frequency : two numbers, ascending
        Products taken with us; assumption.
    rfm_money : two numbers, ascending
        Believed margin, EUR a year; assumption.
    segments : pairs of name and condition
        The first that fits is the segment.
    """

    risk_grades: tuple[float, ...] = (0.005, 0.02, 0.05, 0.15)
    return_bands: tuple[float, ...] = (0.0, 100.0, 300.0)
    value_tiers: tuple[float, ...] = (150.0, 600.0, 2000.0)
    rfm_recency_months: tuple[float, ...] = (36.0, 12.0)
    rfm_frequency: tuple[float, ...] = (2.0, 4.0)
    rfm_money: tuple[float, ...] = (60.0, 300.0)
    segments: tuple[tuple[str, str], ...] = ()

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the segments, in order."""
        return tuple(name for name, _ in self.segments)

    @property
    def bounds(self) -> Bounds:
        """Where the schemes divide, as rules read it."""
        return Bounds(*(tuple(float(bound) for bound in getattr(self, name)) for name in Bounds._fields))

    def words(self) -> dict[str, tuple[str, ...]]:
        """Return scheme -> tags in the order of their codes; `segment` only where there are any."""
        own = {SEGMENT: self.segment_names} if self.segments else {}
        return {**SCHEMES, **own}

    def risk_grade(self, default_per_year: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index into RISK_GRADES, shape as given."""
        return _graded(default_per_year, self.risk_grades)

    def return_band(self, margin_per_year: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index into RETURN_BANDS, shape as given."""
        return _graded(margin_per_year, self.return_bands)

    def value_tier(self, margin_per_year: NDArray[np.float64], years: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the tier of expected value, shape as given."""
        return _graded(margin_per_year * years, self.value_tiers)

    def rfm(
        self, months_since_purchase: NDArray[np.int64], purchases: NDArray[np.int64], margin: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the index into RFM, shape as given."""
        codes = np.empty(len(margin), np.int64)
        rfm_of_each(_floats(months_since_purchase), _floats(purchases), _floats(margin), self.bounds, codes)
        return codes


def _graded(values: NDArray[np.float64], bounds: Sequence[float]) -> NDArray[np.int64]:
    """Return how many of the bounds each value reaches, shape (values,)."""
    codes = np.empty(len(values), np.int64)
    reached_by_each(_floats(values), np.array(bounds, np.float64), codes)
    return codes


def _floats(values: NDArray[np.number]) -> NDArray[np.float64]:
    """Return a copy as compiled loops take it, of whatever numbers, strides and rights to write."""
    return np.array(values, np.float64, order="C")


STANDARD_SCHEMES = Schemes()


def first_that_fits(fits: Sequence[NDArray[np.bool_]], people: int) -> NDArray[np.int64]:
    """Return for each person the index of the first condition that holds; -1 where none does.

    >>> first_that_fits([np.array([False, True]), np.array([False, True])], 2).tolist()
    [-1, 0]
    """
    codes = np.full(people, -1)
    for index, fit in reversed(list(enumerate(fits))):
        codes[fit] = index
    return codes

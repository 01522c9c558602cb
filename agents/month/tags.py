"""Tags: what the shipped schemes of classification say of a belief, by bounds that an institution sets."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import Belief
from tenure.agents.compiling import compiled
from tenure.agents.declaring import rule

RFM_STEPS = 3
"""Into so many steps recency, frequency and money value are each divided."""


class Bounds(NamedTuple):
    """Where the schemes divide, as rules read it; see `tenure.policies.schemes.Schemes`."""

    risk_grades: tuple[float, ...]
    return_bands: tuple[float, ...]
    value_tiers: tuple[float, ...]
    rfm_recency_months: tuple[float, ...]
    rfm_frequency: tuple[float, ...]
    rfm_money: tuple[float, ...]


@rule
def reached(value: float, bounds: Sequence[float] | NDArray[np.float64]) -> int:
    """How many of some ascending bounds a value reaches; what is unknown reaches all."""
    count = 0
    for k in range(len(bounds)):
        count += 0 if value < bounds[k] else 1
    return count


@rule
def rfm_class(months_since_purchase: float, purchases: float, margin: float, bounds: Bounds) -> int:
    """Index into RFM of `tenure.policies.schemes`: recency, frequency and money value."""
    recency = len(bounds.rfm_recency_months)
    for k in range(len(bounds.rfm_recency_months)):
        recency -= 0 if months_since_purchase < bounds.rfm_recency_months[k] else 1
    rank = RFM_STEPS * recency + reached(purchases, bounds.rfm_frequency)
    return RFM_STEPS * rank + reached(margin, bounds.rfm_money)


@rule
def write_tags(belief: Belief, codes: NDArray[np.int8], bounds: Bounds) -> None:
    """Write what each of the shipped schemes says of one belief, in their order."""
    codes[0], codes[1], codes[2] = belief.scope, belief.quadrant, belief.stage
    codes[3] = reached(belief.default_per_year, bounds.risk_grades)
    codes[4] = reached(belief.margin_per_year, bounds.return_bands)
    codes[5] = reached(belief.margin_per_year * belief.years_expected, bounds.value_tiers)
    codes[6] = rfm_class(belief.months_since_purchase, belief.purchases, belief.margin_per_year, bounds)


@compiled
def reached_by_each(values: NDArray[np.float64], bounds: NDArray[np.float64], codes: NDArray[np.int64]) -> None:
    """Write how many bounds each value reaches."""
    for i in range(values.shape[0]):
        codes[i] = reached(values[i], bounds)


@compiled
def rfm_of_each(
    months_since_purchase: NDArray[np.float64],
    purchases: NDArray[np.float64],
    margin: NDArray[np.float64],
    bounds: Bounds,
    codes: NDArray[np.int64],
) -> None:
    """Write the index into RFM of each."""
    for i in range(margin.shape[0]):
        codes[i] = rfm_class(months_since_purchase[i], purchases[i], margin[i], bounds)

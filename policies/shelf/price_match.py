"""Price match: post the price of the cheapest rival."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class PriceMatch:
    """Go down to the cheapest rival, product by product; nobody is treated by himself.

    It compares with our list price, so a rival who goes back up takes us back up with him.
    """

    name = "price_match"
    at_most_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 3.0
    """Most points a year off our list price."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return the cuts that match the cheapest rival, within the limit."""
        return Plan(offer=OfferChange(cuts_to_match(view, self.at_most_points)))


def cuts_to_match(view: InstitutionView, at_most_points: float) -> NDArray[np.float64]:
    """Return points off each list price to meet the cheapest rival, 0 where we are cheaper or alone."""
    rivals = np.delete(view.prices, view.me, axis=0)
    cheapest = np.min(np.where(np.isnan(rivals), np.inf, rivals), axis=0, initial=np.inf)
    above = np.nan_to_num(view.list_prices - cheapest, nan=0.0, neginf=0.0)
    within: NDArray[np.float64] = np.minimum(np.maximum(above, 0.0), at_most_points)
    return within

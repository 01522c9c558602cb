"""Price war: undercut the cheapest rival, product by product."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.rivalry.pricing import cheapest_other, cost_points
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class PriceWar:
    """Post prices below the cheapest rival's; nobody is treated by himself. The first era of competition.

    Rivals that do the same go down with us, a step a month, until the limits stop all.
    """

    name = "price_war"
    undercut_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 0.5
    """Points a year below the cheapest rival."""
    at_most_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 5.0
    """Most points a year off our list price."""
    floor_points: Annotated[float, Parameter("points", -MOST_POINTS, MOST_POINTS, "the user's own")] | None = None
    """Price below which nothing goes, points a year; a deposit's price is minus its rate. Without it, no floor."""
    above_funding_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "the user's own")] | None = None
    """How far prices stay above what money costs us, points a year; without it they may fall below."""
    months: Annotated[int, Parameter("months", 1, 1200, "the user's own")] | None = None
    """How long the war lasts, from when the policy is first followed; then list prices hold. Without it, for ever."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return cuts to below the cheapest rival, within the limits; where no rival sells, and after the war, none."""
        wanted = np.nan_to_num(view.list_prices - cheapest_other(view) + self.undercut_points, nan=0.0, neginf=0.0)
        most = np.full(len(view.products), self.at_most_points)
        if self.floor_points is not None:
            most = np.minimum(most, np.nan_to_num(view.list_prices) - self.floor_points)
        if self.above_funding_points is not None:
            floor = cost_points(view) + self.above_funding_points
            most = np.minimum(most, np.nan_to_num(view.list_prices) - floor)
        if self.months is not None and view.months_followed >= self.months:
            most[:] = 0.0
        return Plan(offer=OfferChange(np.clip(wanted, 0.0, np.maximum(most, 0.0))))

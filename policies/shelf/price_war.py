"""Price war: undercut the cheapest rival, product by product."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
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

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return cuts to below the cheapest rival, within the limit; where no rival sells, none."""
        rivals = np.delete(view.prices, view.me, axis=0)
        cheapest = np.min(np.where(np.isnan(rivals), np.inf, rivals), axis=0, initial=np.inf)
        wanted = np.nan_to_num(view.list_prices - cheapest + self.undercut_points, nan=0.0, neginf=0.0)
        return Plan(offer=OfferChange(np.clip(wanted, 0.0, self.at_most_points)))

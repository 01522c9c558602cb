"""Price match: post the price of the cheapest rival."""

from dataclasses import dataclass
from typing import Annotated

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.rivalry.pricing import cuts_to_meet
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
        return Plan(offer=OfferChange(cuts_to_meet(view, self.at_most_points)))

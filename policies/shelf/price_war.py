"""Price war: undercut the cheapest rival, product by product."""

from dataclasses import dataclass

import numpy as np

from policies.faults import range_faults
from policies.plan import MOST_POINTS, OfferChange, Plan
from policies.policy import SettingsError
from policies.view import InstitutionView


@dataclass(frozen=True)
class PriceWar:
    """Post prices below the cheapest rival's; nobody is treated by himself. The first era of competition.

    Rivals that do the same go down with us, a step a month, until the limits stop all.
    """

    name = "price_war"
    undercut_points: float = 0.5  # points a year below the cheapest rival; assumption
    at_most_points: float = 5.0  # most points a year off our list price; assumption

    def __post_init__(self) -> None:
        faults = [
            fault
            for key in ("undercut_points", "at_most_points")
            for fault in range_faults(key, getattr(self, key), 0.0, MOST_POINTS, "points")
        ]
        if faults:
            raise SettingsError(self.name, faults)

    def decide(self, view: InstitutionView) -> Plan:
        """Return cuts to below the cheapest rival, within the limit; where no rival sells, none."""
        rivals = np.delete(view.prices, view.me, axis=0)
        cheapest = np.min(np.where(np.isnan(rivals), np.inf, rivals), axis=0, initial=np.inf)
        wanted = np.nan_to_num(view.list_prices - cheapest + self.undercut_points, nan=0.0, neginf=0.0)
        return Plan(offer=OfferChange(np.clip(wanted, 0.0, self.at_most_points)))

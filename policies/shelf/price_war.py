"""Price war: undercut the cheapest rival, product by product."""

from dataclasses import dataclass

import numpy as np

from policies.plan import OfferChange, Plan
from policies.policy import SettingsError
from policies.view import InstitutionView


@dataclass(frozen=True)
class PriceWar:
    """Post prices below the cheapest rival's; nobody is treated by himself. The first era of competition.

    Rivals that do the same go down with us, a step a month, until the limits stop all.
    """

    name = "price_war"
    undercut_points: float = 0.5  # points a year below the cheapest rival; assumption
    at_most_points: float = 5.0  # points a year off our list price; assumption

    def __post_init__(self) -> None:
        problems = [
            (key, f"0 or more points, got {getattr(self, key)!r}")
            for key in ("undercut_points", "at_most_points")
            if not 0.0 <= getattr(self, key) < np.inf
        ]
        if problems:
            raise SettingsError(self.name, problems)

    def decide(self, view: InstitutionView) -> Plan:
        """Return cuts to below the cheapest rival, within the limit; where no rival sells, none."""
        rivals = np.delete(view.prices, view.me, axis=0)
        cheapest = np.min(np.where(np.isnan(rivals), np.inf, rivals), axis=0, initial=np.inf)
        wanted = np.nan_to_num(view.list_prices - cheapest + self.undercut_points, nan=0.0, neginf=0.0)
        return Plan(offer=OfferChange(np.clip(wanted, 0.0, self.at_most_points)))

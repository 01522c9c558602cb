"""Imitator: do what the institution does whose share grows most."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.rivalry.following import as_others_did
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class Imitator:
    """Copy the winner: the prices and the treatments of whoever's share of people grew most, if not ours.

    Seen are posted prices, and how many of its customers got what last month; not whom it chose or why.
    """

    name = "imitator"
    needs_news = True
    over_months: Annotated[int, Parameter("months", 1, 23, "assumption: a year")] = 12
    """Months over which growth is compared."""
    at_most_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 3.0
    """Most points a year off our list price."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return the winner's prices, where they are below our list prices, and its treatments."""
        now, before = view.published(1), view.published(1 + self.over_months)
        nothing = Plan(offer=OfferChange(np.zeros(len(view.products))))
        if now is None or before is None:
            return nothing
        grown = now.shares - before.shares
        grown[0] = -np.inf  # nobody is no institution
        winner = int(grown.argmax())
        if winner == view.me or grown[winner] <= 0.0:
            return nothing
        alone = np.zeros(len(grown))
        alone[winner] = 1.0
        names = [name for name, share in zip(view.treatments, now.sent[winner], strict=True) if share > 0.0]
        treatments = as_others_did(view, now, alone, names, f"{view.institutions[winner]} grows most")
        cuts = np.nan_to_num(view.list_prices - now.prices[winner])
        return Plan(treatments, offer=OfferChange(np.clip(cuts, 0.0, self.at_most_points)))

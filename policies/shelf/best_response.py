"""Best response: post the prices that earn most against the demand that one faces."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter
from tenure.agents.offer import KINDS
from tenure.policies.plan import MOST_POINTS, OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.rivalry.pricing import best_margin, cost_points
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class BestResponse:
    """Move all prices, every few months, toward the margin that earns most in a logit market (Bertrand competition).

    The demand is estimated from our own share of people and the prices at which we had it, as if everybody chose anew
    every month; where few compare it asks for far too much, so a step has a limit and list prices are a cap.
    """

    name = "best_response"
    needs_news = True
    price_sensitivity: Annotated[
        float, Parameter("utility/point", 0.001, 2.0, "Gross & Souleles 2002: .05 to .10, as of people")
    ] = 0.1
    """Utility that people are taken to lose by a point of price a year."""
    every_months: Annotated[int, Parameter("months", 1, 120, "assumption: a quarter")] = 3
    """How often prices are set anew; in between they stay."""
    most_step_points: Annotated[float, Parameter("points", 0.01, MOST_POINTS, "assumption")] = 1.0
    """Most points a year by which prices move at once."""
    at_most_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 5.0
    """Most points a year off our list prices."""
    price_cap_points: Annotated[float, Parameter("points", -MOST_POINTS, MOST_POINTS, "the user's own")] | None = None
    """Price above which nothing goes, points a year, where that is below the list price; without it the list price."""
    other_cost_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption: losses and servicing")] = 5.0
    """What lending costs beside funding, points of the balance a year."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return the cuts that post the best prices, or the present ones in between."""
        cuts = np.nan_to_num(view.list_prices - view.prices[view.me])
        last = view.published(1)
        if last is not None and view.month % self.every_months == 0:
            priced = np.array([bool(KINDS[kind].sheet) for kind in view.kinds]) & ~np.isnan(last.prices[view.me])
            share = float(last.shares[view.me])
            if priced.any() and 0.0 < share < 1.0:
                price = last.prices[view.me]
                step = self._step(view, price, priced, share)
                cuts = np.where(priced, np.nan_to_num(view.list_prices - price) - step, 0.0)
        least = np.zeros(len(cuts))
        if self.price_cap_points is not None:
            least = np.clip(np.nan_to_num(view.list_prices) - self.price_cap_points, 0.0, self.at_most_points)
        return Plan(offer=OfferChange(np.clip(cuts, least, self.at_most_points)))

    def _step(
        self, view: InstitutionView, price: NDArray[np.float64], priced: NDArray[np.bool_], share: float
    ) -> float:
        """Return by how many points all prices are to move; margins count by balances, evenly where there are none."""
        lends = np.array([KINDS[kind].lends for kind in view.kinds])
        margin = price - cost_points(view) - self.other_cost_points * lends
        balance = np.array([view.balance_of(name).sum() for name in view.products])
        weight = balance[priced] if balance[priced].sum() > 0.0 else np.ones(int(priced.sum()))
        mean = float((weight * margin[priced]).sum() / weight.sum())
        wanted = best_margin(share, mean, self.price_sensitivity) - mean
        return min(max(wanted, -self.most_step_points), self.most_step_points)

"""Return on investment: of all treatments for all customers, those that bring most for the budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.epochs import Floats
from policies.shelf.learning import Choice, EpochLearner
from policies.view import InstitutionView

STEPS = 50
"""Halvings of the price of money: enough for 15 digits."""


@dataclass(frozen=True, eq=False)
class RoiKnapsack(EpochLearner):
    """Each customer gets what brings most beyond a price of money, and that price makes the budget fit.

    The effect of a treatment is net of what it cost; a price of money of 0 spends on whatever pays.
    """

    name = "roi_knapsack"

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> Choice:
        """Return the best treatment of each at the price at which the money lasts, best return on cost first."""
        cost = np.stack([np.zeros(len(view)), *(view.cost_eur(name) for name in self.treatments)], axis=1)
        return at_price_of_money(self.net_effect(view, allowed), cost, view.budget)


def at_price_of_money(effect: Floats, cost: Floats, budget: float) -> Choice:
    """Return for each customer the arm of greatest effect less price x cost, at the least price that fits the budget.

    Parameters
    ----------
    effect, cost : array, shape (customers, arms)
        EUR; the first arm is nothing and costs nothing; an effect of -inf is not allowed.
    budget : float
        EUR.

    Notes
    -----
    The Lagrangian of a multiple-choice knapsack (Sinha & Zoltners 1979): at most one customer's cost away from the
    best that money can buy.
    """

    def chosen(price: float) -> tuple[NDArray[np.int64], float]:
        arm = (effect - price * cost).argmax(axis=1)
        return arm, float(np.take_along_axis(cost, arm[:, None], axis=1).sum())

    low, high = 0.0, 1.0
    arm, spent = chosen(0.0)
    if spent > budget:
        while chosen(high)[1] > budget and high < 1e9:
            high *= 2.0
        for _ in range(STEPS):
            middle = (low + high) / 2.0
            low, high = (middle, high) if chosen(middle)[1] > budget else (low, middle)
        arm, _ = chosen(high)
    own = np.arange(len(arm))
    return Choice(arm, effect[own, arm] / np.maximum(cost[own, arm], 1e-9))

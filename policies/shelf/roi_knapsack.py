"""Return on investment: of all treatments for all customers, those that bring most for the budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.policies.learning.epochs import Floats, Ints
from tenure.policies.learning.learner import BestArms, EpochLearner
from tenure.policies.view import InstitutionView

DEAREST = 1e9
"""EUR of effect asked for one EUR of cost at most: at such a price nothing is bought."""
STEPS = 50
"""Halvings of the price of money: enough for 15 digits."""


@dataclass(frozen=True, eq=False)
class RoiKnapsack(EpochLearner):
    """Each customer gets what brings most beyond a price of money, and that price makes the budget fit.

    The effect of a treatment is net of what it cost; a price of money of 0 spends on whatever pays.
    """

    name = "roi_knapsack"

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> BestArms:
        """Return the best treatment of each at the price at which the money lasts, best return on cost first."""
        cost = np.stack([np.zeros(len(view)), *(view.cost_eur(name) for name in self.treatments)], axis=1)
        return at_price_of_money(self.net_effect(view, allowed), cost, view.budget)


def at_price_of_money(effect: Floats, cost: Floats, budget: float) -> BestArms:
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
    own = np.arange(len(effect))
    arm = effect.argmax(axis=1)
    paid = cost[own, arm]
    if paid.sum() > budget:
        buying = np.flatnonzero(paid > 0.0)  # who is best left with what costs nothing is so at any price
        effect_of_buying, cost_of_buying = effect[buying], cost[buying]
        price = _price_of_money(effect_of_buying, cost_of_buying, budget, paid, buying)
        arm[buying] = _best_at(price, effect_of_buying, cost_of_buying)
    return BestArms(arm, effect[own, arm] / np.maximum(cost[own, arm], 1e-9))


def _best_at(price: float, effect: Floats, cost: Floats) -> Ints:
    """Return the arm of greatest effect less price x cost, the first of equals, shape (customers,)."""
    return np.asarray((effect - price * cost).argmax(axis=1))


def _price_of_money(effect: Floats, cost: Floats, budget: float, paid: Floats, place: Ints) -> float:
    """Return the least price at which the spending fits the budget, by halving.

    A dearer price only ever moves a customer to a cheaper arm: who does the same at both ends of what is left
    of the prices does so at all between, and is not asked again.

    Parameters
    ----------
    effect, cost : array, shape (buying, arms)
        Of those whom a price can move.
    budget : float
    paid : array, shape (customers,)
        What is spent on each at a price of 0; written over.
    place : int array, shape (buying,)
        Where in `paid` they are.
    """

    def too_dear(arm: Ints) -> bool:
        """Return whether all spend too much together if those still asked get these arms."""
        paid[place] = cost[np.arange(len(arm)), arm]
        return bool(paid.sum() > budget)

    low, high = 0.0, 1.0
    at_low, at_high = _best_at(low, effect, cost), _best_at(high, effect, cost)
    while too_dear(at_high) and high < DEAREST:
        high *= 2.0
        at_high = _best_at(high, effect, cost)
    for _ in range(STEPS):
        moved = at_low != at_high
        if not moved.all():
            effect, cost, place, at_low, at_high = (
                effect[moved],
                cost[moved],
                place[moved],
                at_low[moved],
                at_high[moved],
            )
        middle = (low + high) / 2.0
        arm = _best_at(middle, effect, cost)
        if too_dear(arm):
            low, at_low = middle, arm
        else:
            high, at_high = middle, arm
    return high

"""Prices that answer others' prices: the cheapest of them, what a product costs, and the margin that earns most."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.mathematics.elementary import exp_, log_
from tenure.agents.offer import KINDS
from tenure.policies.view import InstitutionView

NEWTON_STEPS = 60
"""Enough from any start: the function is convex, and the first guess lies above its root."""


def cheapest_other(view: InstitutionView, prices: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the lowest price that another institution posts, shape (products,); infinite where none sells.

    `prices` are those of some month, shape (institutions, products); by default what is posted now.
    """
    others = np.delete(view.prices if prices is None else prices, view.me, axis=0)
    lowest: NDArray[np.float64] = np.min(np.where(np.isnan(others), np.inf, others), axis=0, initial=np.inf)
    return lowest


def cuts_to_meet(
    view: InstitutionView, at_most_points: float, prices: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return points off each list price to meet the cheapest other, 0 where we are cheaper or alone; see there."""
    above = np.nan_to_num(view.list_prices - cheapest_other(view, prices), nan=0.0, neginf=0.0)
    within: NDArray[np.float64] = np.minimum(np.maximum(above, 0.0), at_most_points)
    return within


def cost_points(view: InstitutionView) -> NDArray[np.float64]:
    """Return what money costs us in each product, points a year, beside its price, shape (products,).

    What is lent has to be funded; what is deposited saves funding, so a deposit's cost is below zero, as is its price.
    """
    sign = [1.0 if KINDS[kind].lends else -1.0 if KINDS[kind].keeps_deposits else 0.0 for kind in view.kinds]
    return np.array(sign) * view.funding_points


def best_margin(share: float, margin: float, price_sensitivity: float) -> float:
    """Return the margin that earns most in a logit market in which this share is had at this margin.

    Parameters
    ----------
    share : float
        Of those who choose, between 0 and 1.
    margin : float
        Price less cost, points.
    price_sensitivity : float
        b, utility that a point takes away.

    Notes
    -----
    Earned is m s(m), with odds s / (1 - s) that fall by exp(-b) a point. At the best m, m = 1 / (b (1 - s)) (Anderson,
    de Palma & Thisse 1992), which is m = (1 + y) / b where y, the odds there, solves y + log y = z.

    >>> round(best_margin(0.5, 2.0, 1.0), 9)
    2.0
    """
    z = log_(share / (1.0 - share)) + price_sensitivity * margin - 1.0
    t = log_(z) if z >= 1.0 else z
    for _ in range(NEWTON_STEPS):
        t -= (exp_(t) + t - z) / (exp_(t) + 1.0)
    return (1.0 + exp_(t)) / price_sensitivity

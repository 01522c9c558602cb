"""Known answers about rivals who pay customers to switch: prices for own and for other institutions' customers."""

import math
from typing import NamedTuple

import numpy as np

from tenure.agents.person import POACHED
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import Row, compare, market
from tenure.simulation.model import LifecycleModel

COST = 4.0
"""Points a year that money lent costs both."""
THETAS = (4.0, 2.0)
"""Largest switching cost, points."""
ROUNDS = 6
"""Rounds of best responses: each takes off three quarters of the distance to what they settle at."""


class Prices(NamedTuple):
    """What both ask, points a year."""

    own: float
    """Of those who stay."""
    others: float
    """Of those who come from the other."""


def poaching(people: int = 5_000, seed: int = 1) -> list[Row]:
    """Switching costs are uniform from 0 to theta, and two rivals price own and each other's customers apart.

    Of the customers whom one has, those go who save more than switching costs them: D = (p - q) / theta. Who has them
    asks what makes (p - c)(1 - D) largest, p = (c + q + theta) / 2; the other what makes (q - c) D largest,
    q = (c + p) / 2. Both together: p = c + 2 theta / 3, q = c + theta / 3, and a third goes (Chen 1997).

    The last rows hold the prices of the larger theta while switching costs halve: twice as many go. Once rivals answer,
    as many go as before, and what has fallen is prices (Fudenberg & Tirole 2000 have the same of tastes).
    """
    case, rows, settled, errors = "poaching", [], {}, {}
    for theta in THETAS:
        demand = Demand(theta, people, seed)
        prices = settled[theta] = best_responses(demand)
        slope = demand.error * math.sqrt(2.0) / (2.0 * demand.step)
        for what, k, found in (("price for others", 1.0, prices.others), ("own price", 2.0, prices.own)):
            errors[theta] = math.hypot(theta / 3.0 * demand.error, k / 3.0 * theta**2 * slope)
            rows.append(compare(case, f"{what}, theta {theta:g}", COST + k * theta / 3.0, found, errors[theta]))
        gone = demand.gone(prices)
        rows.append(compare(case, f"share that switches, theta {theta:g}", 1.0 / 3.0, gone, demand.error))
    before, after = THETAS
    easier, held = Demand(after, people, seed), Prices(COST + 2.0 * before / 3.0, COST + before / 3.0)
    found = easier.gone(held)
    what = "switching costs halve, prices stay: share that switches"
    rows.append(compare(case, what, before / (3.0 * after), found, easier.error))
    what, found = "switching costs halve, rivals answer: share that switches", easier.gone(settled[after])
    rows.append(compare(case, what, 1.0 / 3.0, found, easier.error))
    what, found = "switching costs halve, rivals answer: fall of own price", settled[before].own - settled[after].own
    error = math.hypot(errors[before], errors[after])
    rows.append(compare(case, what, 2.0 * (before - after) / 3.0, found, error))
    return rows


class Demand:
    """How many go at which prices, as the market lives it: everybody has a switching cost, evenly from 0 to theta.

    Parameters
    ----------
    theta : float
        Largest switching cost, points.
    people, seed : int
    """

    def __init__(self, theta: float, people: int, seed: int) -> None:
        self.theta, self.people, self.seed = theta, people, seed
        self.step = theta / 6.0
        """Distance of prices within which demand is taken to be a straight line."""
        noise = LifecycleModel(market("poaching", {"people": 1}), seed=seed).rules.choice.noise
        self.error = math.sqrt(noise / theta / people)
        """Standard error of the share that goes: of noise alone, for switching costs are laid out evenly."""

    def gone(self, prices: Prices) -> float:
        """Return the share of customers who go to the other one in a month at these prices of both."""
        off = max(prices.own - prices.others, 0.0)
        changes: dict[str, Value] = {"people": self.people, "products.account.apr": prices.own / 100.0}
        changes |= {f"{one}.poaching.points": off for one in ("us", "rivals.other")}
        model = LifecycleModel(market("poaching", changes), seed=self.seed)
        model.people["inertia"] = self.theta * (np.arange(self.people) + 0.5) / self.people
        model.step()
        return float((model.signals["cause"] == POACHED).mean())

    def slope(self, prices: Prices) -> float:
        """Return by how much the share grows with each point that they lie further apart."""
        wider, nearer = (self.gone(prices._replace(own=prices.own + step)) for step in (self.step, -self.step))
        return (wider - nearer) / (2.0 * self.step)


def best_responses(demand: Demand) -> Prices:
    """Return the prices at which each answers the other's best: own price, then price for others, round by round.

    With demand a straight line through the present point, D + m (p' - p), what makes (p' - c)(1 - D) largest is
    (c + p + (1 - D) / m) / 2; of the price for others it is (c + q + D / m) / 2.
    """
    prices = Prices(COST + demand.theta, COST + demand.theta / 2.0)
    for _ in range(ROUNDS):
        gone, slope = demand.gone(prices), demand.slope(prices)
        prices = prices._replace(own=(COST + prices.own + (1.0 - gone) / slope) / 2.0)
        gone, slope = demand.gone(prices), demand.slope(prices)
        prices = prices._replace(others=(COST + prices.others + gone / slope) / 2.0)
    return prices

"""Known answers about prices: firms that answer each other's prices settle where nobody gains by another price."""

import math

import numpy as np

from tenure.agents.offer import US
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import Row, compare, market
from tenure.simulation.model import LifecycleModel

SETTLED = 3.0
"""Two firms, none who buys nothing, b = 1, c = 1: p = c + 1 / (b (1 - 1/2)) (Anderson, de Palma & Thisse 1992)."""
QUALITY, COST = 2.0, 1.0
NO_OPTION = -40.0
"""Utility of having no provider at which nobody chooses it."""
TRIED = ((2, NO_OPTION), (4, NO_OPTION), (2, 0.0), (3, 1.0))
"""Number of firms, and utility of having none of them."""


def settled_price(firms: int, outside: float) -> float:
    """Return the price at which p - c = 1 / (b (1 - share)) for equal firms, b = 1, by its own iteration."""
    price = COST
    for _ in range(500):
        share = 1.0 / (firms + math.exp(outside - QUALITY + price))
        price += 0.5 * (COST + 1.0 / (1.0 - share) - price)
    return price


def price_competition(
    people: int = 1_000, months: int = 26, runs: int = 8, seed: int = 1, believed: float = 1.0
) -> list[Row]:
    """Our mean posted price once prices have settled, where every firm follows `best_response`; errors between runs.

    `believed` is the price sensitivity that they reckon with; that of people is 1.
    """
    rows = []
    for firms, outside in TRIED:
        expected = SETTLED if (firms, outside) == TRIED[0] else settled_price(firms, outside)
        means = np.array([_posted(firms, outside, people, months, seed + run, believed) for run in range(runs)])
        error = float(means.std(ddof=1)) / math.sqrt(runs)
        what = f"price, {firms} firms" + ("" if outside == NO_OPTION else f", none of them is worth {outside:g}")
        rows.append(compare("price_competition", what, expected, float(means.mean()), error))
    return rows


def _posted(firms: int, outside: float, people: int, months: int, seed: int, believed: float) -> float:
    """Return the mean of our posted price over the second half of the months."""
    changes: dict[str, Value] = {"people": people, "rules.choice.nobody": outside, "us.share": 1.0 / firms}
    data = market("price_competition", changes)
    first = _settings(_settings(data["rivals"])["second"])
    policy = {**_settings(first["policy"]), "price_sensitivity": believed}
    second = {**first, "share": 1.0 / firms, "policy": policy}
    data["us"] = {**_settings(data["us"]), "policy": policy}
    data["rivals"] = {f"firm_{number}": second for number in range(2, firms + 1)}
    model = LifecycleModel(data, seed=seed)
    prices = []
    for month in range(months):
        model.step()
        if month >= months // 2:
            prices.append(float(model.offers["price"][US, 0]))
    return float(np.mean(prices))


def _settings(part: Value) -> dict[str, Value]:
    if not isinstance(part, dict):
        raise TypeError(f"settings were expected, not {part!r}")
    return part

"""Known answers about repeat buying: how often a category is bought, and the two laws of brands in it."""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import STANDARD_ERRORS, Row, compare, market
from tenure.simulation.model import LifecycleModel

WEEKS = 24
DUPLICATION, JEOPARDY = 0.15, 0.10
"""By how much a pair, or a brand, may be off the law: it holds exactly nowhere, and here tastes are not Dirichlet."""
NODES = 60
"""Points of the quadrature over people's rates."""


def dirichlet(people: int = 20_000, seed: int = 1, changes: Mapping[str, Value] | None = None) -> list[Row]:
    """Category rates are exact; of brands, duplication D and double jeopardy w(1 - b) are about the same for all.

    b is the share of people who buy a brand, w how often its buyers do; who buys one brand buys another D times as
    often as people in general (Goodhardt, Ehrenberg & Chatfield 1984).
    """
    bought = purchases(people, seed, changes or {})
    mean, never = category()
    each = bought.sum(axis=1)
    rows = [
        compare("dirichlet", "purchases a person", mean, float(each.mean()), float(each.std()) / math.sqrt(people)),
        compare(
            "dirichlet",
            "share who never buy",
            never,
            float((each == 0).mean()),
            math.sqrt(never * (1.0 - never) / people),
        ),
    ]
    b = (bought > 0).mean(axis=0)
    w = bought.sum(axis=0) / (bought > 0).sum(axis=0)
    brands = range(bought.shape[1])
    pairs = {
        (i, j): float(((bought[:, i] > 0) & (bought[:, j] > 0)).mean() / (b[i] * b[j]))
        for i, j in combinations(brands, 2)
    }
    law = float(np.mean(list(pairs.values())))
    for (i, j), found in pairs.items():
        what = f"duplication of brands {i + 1} and {j + 1}"
        rows.append(compare("dirichlet", what, law, found, law * DUPLICATION / STANDARD_ERRORS))
    law = float(np.mean(w * (1.0 - b)))
    for j in brands:
        what, found = f"double jeopardy, w(1 - b) of brand {j + 1}", float(w[j] * (1.0 - b[j]))
        rows.append(compare("dirichlet", what, law, found, law * JEOPARDY / STANDARD_ERRORS))
    return rows


def purchases(people: int, seed: int, changes: Mapping[str, Value]) -> NDArray[np.int64]:
    """Return how often each person bought each brand, shape (people, brands)."""
    model = LifecycleModel(market("dirichlet", {"people": people, **changes}), seed=seed)
    bought = np.zeros((people, len(model.names)), np.int64)
    for _ in range(WEEKS):
        model.step()
        buyers = np.flatnonzero(model.signals["met"])
        bought[buyers, model.signals["provider"][buyers]] += 1
    return bought[:, US:]


def category() -> tuple[float, float]:
    """Return mean purchases and the share of people with none, over a rate a week that is logit-normal."""
    choice = LifecycleModel(market("dirichlet", {"people": 1}), seed=1).rules.choice
    z, weight = np.polynomial.hermite_e.hermegauss(NODES)
    p = 1.0 / (1.0 + np.exp(-(choice.search + choice.search_spread * z)))
    weight /= weight.sum()
    return float(WEEKS * weight @ p), float(weight @ (1.0 - p) ** WEEKS)

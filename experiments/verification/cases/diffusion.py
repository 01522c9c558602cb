"""A known answer about word of mouth: the discrete model of Bass."""

import math
from collections.abc import Mapping

from tenure.agents.person import NOBODY
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import Row, compare, market
from tenure.simulation.model import LifecycleModel

INNOVATION, IMITATION = 0.03, 0.38
"""p and q: the means of a meta-analysis (Sultan, Farley & Lehmann 1990)."""
PERIODS = 11


def bass(people: int = 50_000, seed: int = 1, changes: Mapping[str, Value] | None = None) -> list[Row]:
    """Who has not adopted does so with probability p + q F in each period, F the share who had when it began."""
    model = LifecycleModel(market("bass", {"people": people, **(changes or {})}), seed=seed)
    rows, adopted, variance = [], 0.0, 0.0
    for period in range(1, PERIODS + 1):
        hazard = INNOVATION + IMITATION * adopted
        passed_on = 1.0 + IMITATION * (1.0 - adopted) - hazard
        variance = variance * passed_on**2 + (1.0 - adopted) * hazard * (1.0 - hazard) / people
        adopted += (1.0 - adopted) * hazard
        model.step()
        simulated = float((model.people["provider"] > NOBODY).mean())
        rows.append(compare("bass", f"adopted by period {period}", adopted, simulated, math.sqrt(variance)))
    return rows

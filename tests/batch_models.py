"""A user's model for Mesa's batch runner, in a file of its own because its processes import it."""

from typing import Any

import mesa

from tenure.simulation.market.people import PersonAgent
from tenure.simulation.model import LifecycleModel


class Collecting(LifecycleModel):
    """Collects a month's figures; without an __init__ of its own it takes whatever a model takes."""

    def __init__(self, config: Any, months: int = 3, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.months = months
        people = {PersonAgent: {"mood": "satisfaction"}} if self.engine.name == "objects" else None
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "seed": "seed",
                "ours": lambda model: len(model.customers.select(provider="us")),
                "satisfaction": lambda model: float(model.customers.agg("satisfaction", sum)),
            },
            agenttype_reporters=people,
        )
        self.datacollector.collect(self)

    def step(self) -> None:
        """Live a month and collect."""
        super().step()
        self.datacollector.collect(self)
        self.running = self.month < self.months


class WithSeed(Collecting):
    """The same, with `seed` among its own parameters, which later versions of Mesa look for."""

    def __init__(self, config: Any, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(config, seed=seed, **kwargs)

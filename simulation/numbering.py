"""A Mesa model that numbers its agents itself."""

import mesa


class NumberedModel(mesa.Model):  # type: ignore[misc]  # mesa has no type stubs
    """A model whose agents, of whatever class, have numbers from 1.

    Until Mesa 3.5 a counter of the class `mesa.Agent` numbers the agents of all models, and keeps every model alive
    that ever had one.
    """

    agents_made = 0

    def register_agent(self, agent: mesa.Agent) -> None:
        """Number an agent and take it in."""
        of_all_models = getattr(mesa.Agent, "_ids", None)
        if of_all_models is not None:
            of_all_models.pop(self, None)
            self.agents_made += 1
            agent.unique_id = self.agents_made
        super().register_agent(agent)

"""An institution among the model's agents."""

from typing import Any

import mesa

from policies.policy import Policy


class InstitutionAgent(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """An institution in the model's agents: its name, its policy, and how many customers it has."""

    def __init__(self, model: Any, index: int, name: str, policy: Policy) -> None:
        super().__init__(model)
        self.index, self.name, self.policy = index, name, policy

    @property
    def customers(self) -> int:
        """Number of people whose main provider it is."""
        return int((self.model.people["provider"] == self.index).sum())

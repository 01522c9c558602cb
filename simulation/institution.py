"""An institution among the model's agents."""

from collections.abc import Sequence
from typing import Any

import mesa

from policies.policy import Policy
from policies.suggest import did_you_mean


class InstitutionAgent(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """An institution in the model's agents: its name, its policy, and how many customers it has."""

    def __init__(self, model: Any, index: int, name: str, policy: Policy) -> None:
        super().__init__(model)
        self.index, self.name, self.policy = index, name, policy

    @property
    def customers(self) -> int:
        """Number of people whose main provider it is."""
        return int((self.model.people["provider"] == self.index).sum())

    def remove(self) -> None:
        """Refuse: the market's institutions are set by its configuration."""
        raise RuntimeError(f"{self.name} cannot be taken out of a running market: make a model without it")


def named(institutions: Sequence[InstitutionAgent], name: str) -> InstitutionAgent:
    """Return the institution of a name; ValueError, with the names there are, if none has it."""
    found = next((one for one in institutions if one.name == name), None)
    if found is None:
        names = [one.name for one in institutions]
        raise ValueError(f"there is no institution '{name}' in this market.{did_you_mean(name, names)}")
    return found

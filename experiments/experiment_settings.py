"""An experiment as its file writes it: the question, the arms, and how often it is asked."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from experiments.metrics import STANDARD_METRICS
from simulation.guard_settings import HouseGuards
from simulation.institution_settings import PolicyChoice, Settings
from simulation.units import Count, Money, Months


class ContactRule(Settings):
    """How often a customer may be contacted."""

    at_most: Count = 2
    in_months: Months = 3


class ExperimentGuards(HouseGuards):
    """Rules that hold in every arm, for us."""

    contacts: ContactRule | None = None


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ExperimentSettings(Settings):
    """An experiment: the question, the arms, and how often it is asked."""

    question: str
    months: Months
    warm_up_months: Months = 24
    budget_per_month: Money | None = None
    guards: ExperimentGuards = ExperimentGuards()
    arms: dict[str, PolicyChoice]
    champion: str
    replications: Count = 10
    seed: Count = 1
    metrics: Annotated[tuple[str, ...], BeforeValidator(_names)] = STANDARD_METRICS
    market: Any = None
    circumstances: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """name -> KEY=VALUE laid over all else: `tenure run` asks the question under each of them"""

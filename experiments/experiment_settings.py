"""An experiment as its file writes it: the question, the arms, and how often it is asked."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agents.declaring import parameters_of
from experiments.metrics import STANDARD_METRICS
from policies.guards import Guards
from simulation.guard_settings import HouseGuards
from simulation.institution_settings import Budget, PolicyChoice, Settings
from simulation.units import Seed, whole

HELD_TO = parameters_of(Guards)
LONGEST_RUN = 1200  # months
MOST_REPLICATIONS = 100_000


class ContactRule(Settings):
    """How often a customer may be contacted."""

    at_most: Annotated[int, whole(*HELD_TO["contacts_at_most"][2][:3])] = 2
    """Contacts that a customer gets at most within `in_months`; assumption: a usual house rule."""
    in_months: Annotated[int, whole(*HELD_TO["contacts_in_months"][2][:3])] = 3
    """Months within which contacts are counted; assumption: a usual house rule."""


class ExperimentGuards(HouseGuards):
    """Rules that hold in every arm, for us."""

    contacts: ContactRule | None = None
    """How often a customer may be contacted, in place of the market's rule."""


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ExperimentSettings(Settings):
    """An experiment: the question, the arms, and how often it is asked."""

    question: str
    """What the experiment asks: the first line of the table and of the report."""
    months: Annotated[int, whole("months", 1, LONGEST_RUN)]
    """Length of every run, from month 0."""
    warm_up_months: Annotated[int, whole("months", 0, LONGEST_RUN)] = 24
    """Months simulated under the champion's policy before month 0, in every arm alike; assumption."""
    budget_per_month: Budget | None = None
    """Money a month for existing customers, the same ceiling for every arm; else the market's."""
    guards: ExperimentGuards = ExperimentGuards()
    """Rules that hold for us in every arm."""
    arms: dict[str, PolicyChoice]
    """What is compared: a name and a policy, with its settings and what is different about us."""
    champion: str
    """The arm that all others are compared with."""
    replications: Annotated[int, whole("replications", 1, MOST_REPLICATIONS)] = 10
    """How often every arm is run, each time with other luck that all arms share; assumption."""
    seed: Seed = 1
    """Number from which all luck is drawn; another one is another series of replications."""
    metrics: Annotated[tuple[str, ...], BeforeValidator(_names)] = STANDARD_METRICS
    """What the table shows, in the order of its columns; by default the standard five."""
    market: Any = None
    """The market: a name or a file, or a mapping of `extends` and what is different."""
    circumstances: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name -> KEY=VALUE laid over all else: `tenure run` asks the question under each of them."""

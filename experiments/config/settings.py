"""An experiment as its file writes it: the question, the arms, and how often it is asked."""

from typing import Annotated

from pydantic import Field

from tenure.agents.declaring import Parameter, parameters_of
from tenure.experiments.analysis.sequential.asked import Choose, Precision
from tenure.experiments.config.metrics_asked import STANDARD, Metrics
from tenure.policies.guard.guard import Guards
from tenure.simulation.settings.base import Settings
from tenure.simulation.settings.guards import InstitutionGuards
from tenure.simulation.settings.institution import Budget, PolicyChoice
from tenure.simulation.values.units import LARGEST_SEED

HELD_TO = parameters_of(Guards)
LONGEST_RUN = 1200  # months
MOST_REPLICATIONS = 100_000


class ContactRule(Settings):
    """How often a customer may be contacted."""

    at_most: Annotated[int, HELD_TO["contacts_at_most"][2]] = 2
    """Contacts that a customer gets at most within `in_months`."""
    in_months: Annotated[int, HELD_TO["contacts_in_months"][2]] = 3
    """Months within which contacts are counted."""


class ExperimentGuards(InstitutionGuards):
    """Rules that hold in every arm, for us."""

    contacts: ContactRule | None = None
    """How often a customer may be contacted, in place of the market's rule."""


class ExperimentSettings(Settings):
    """An experiment: the question, the arms, and how often it is asked."""

    question: str
    """What the experiment asks: the first line of the table and of the report."""
    months: Annotated[int, Parameter("months", 1, LONGEST_RUN, "the user's own")]
    """Length of every run, from month 0."""
    warm_up_months: Annotated[int, Parameter("months", 0, LONGEST_RUN, "assumption")] = 24
    """Months simulated under the champion's policy before month 0, in every arm alike."""
    budget_per_month: Budget | None = None
    """Money a month for existing customers, the same ceiling for every arm; else the market's."""
    guards: ExperimentGuards = ExperimentGuards()
    """Rules that hold for us in every arm."""
    rule_tables: dict[str, object] = Field(default_factory=dict)
    """Tables of rules by name, each rows {when: condition, do: treatment}: whichever arm writes `first: [name]` follows
    them before its policy."""
    arms: dict[str, PolicyChoice]
    """What is compared: a name and a policy, with its settings and what is different about us."""
    champion: str
    """The arm that all others are compared with."""
    replications: Annotated[int, Parameter("replications", 1, MOST_REPLICATIONS, "assumption")] = 10
    """How often every arm is run, each time with other luck that all arms share."""
    replications_per_draw: Annotated[int, Parameter("replications", 1, MOST_REPLICATIONS, "assumption")] = 1
    """Replications, with other luck each, of one draw of what is uncertain; 2 tell chance and ignorance apart."""
    precision: Precision | None = None
    """In place of `replications`: as many as it takes to know every difference well enough."""
    choose: Choose | None = None
    """In place of `replications`: as many as it takes to find the best arm."""
    seed: Annotated[int, Parameter("1", 0, LARGEST_SEED, "by definition: any number is as good")] = 1
    """Number from which all luck is drawn; another one is another series of replications."""
    metrics: Metrics = STANDARD
    """What arms are compared by, in the order of the columns: a list, of which the first is decided on, or in full."""
    behaviour: object = None
    """Behavioural rules of one's own by which people live, by name, each with numbers of its own where it has any."""
    market: object = None
    """The market: a name or a file, or a mapping of `extends` and what is different."""
    scenarios: dict[str, object] = Field(default_factory=dict)
    """What the world does, by name, and every arm meets each: a shipped scenario, a file, or what is different."""
    eras: tuple[object, ...] = ()
    """Titled changes of the world and of rivals from dates on, in every arm: shipped ones, or what is different."""
    uncertain: dict[str, object] = Field(default_factory=dict)
    """What nobody knows, drawn once per replication and the same in all arms: {switching_cost: x0.5 .. x1.5}."""
    design: dict[str, object] = Field(default_factory=dict)
    """What is set otherwise, level by level, for all arms: {grid: {switching_cost: [x0.5, x1]}}, or a sample."""

"""What an experiment asks for in the place of a number of replications: a precision, or the best of its arms."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator

from tenure.agents.declaring import Parameter
from tenure.simulation.settings.base import Settings

MOST_LOOKED = 100_000
FEWEST = 10
"""Replications before the first look."""


def decided_on(metrics: Sequence[str]) -> str:
    """Return the metric that an experiment is decided on: the first that it shows."""
    return metrics[0]


def _fraction(value: object) -> object:
    """Return what is written with a percent sign as a fraction; anything else as it is, for whoever reads it next."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return float(text[:-1]) / 100.0 if text.endswith("%") else value
    except ValueError:
        return value


class Precision(Settings):
    """Replications are made until every difference from the champion is known well enough."""

    half_width: Annotated[float, Parameter("EUR", 1e-9, 1e12, "the user's own"), BeforeValidator(_fraction)]
    """Half the interval that every difference from the champion shall have, in the unit of the metric decided on."""
    at_least: Annotated[int, Parameter("replications", FEWEST, MOST_LOOKED, "assumption")] = FEWEST
    """Replications before the first look."""
    at_most: Annotated[int, Parameter("replications", FEWEST, MOST_LOOKED, "assumption")] = 120
    """Replications after which nothing more is made, however wide the intervals are."""


class Choose(Settings):
    """Replications are made until the best arm is found: others are dropped as soon as they are beaten."""

    zone: Annotated[float, Parameter("EUR", 1e-9, 1e12, "the user's own"), BeforeValidator(_fraction)]
    """The smallest lead that matters, in the unit of the metric decided on: a nearer arm may be taken for the best."""
    confidence: Annotated[float, Parameter("share", 0.5, 0.999, "by convention: 95%")] = 0.95
    """How surely the best arm is found if it leads by `zone` or more."""
    at_most: Annotated[int, Parameter("replications", FEWEST, MOST_LOOKED, "assumption")] = 120
    """Replications after which nothing more is made, whoever is left."""
    scored_on: Annotated[int, Parameter("replications", 2, MOST_LOOKED, "assumption")] = 20
    """Fresh replications on which the chosen arm and the champion are compared: those that chose it flatter it."""

"""What an experiment compares its arms by: the metric decided on, what matters of it, and what is shown beside it."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from tenure.agents.declaring import Parameter
from tenure.experiments.analysis.metrics import STANDARD_METRICS
from tenure.simulation.settings.base import Settings
from tenure.simulation.values.units import parse_share

LARGEST_DIFFERENCE = 1e12


def _fraction(value: object) -> object:
    return parse_share(value) if isinstance(value, str) and value.strip().endswith("%") else value


Smallest = Annotated[float, Parameter("1", 0, LARGEST_DIFFERENCE, "the user's own"), BeforeValidator(_fraction)]
"""The smallest difference that matters, in the metric's unit; of a share a fraction, or with ``%``."""


class MetricsAsked(Settings):
    """What arms are compared by: the metric decided on, and those beside it."""

    decide_on: str = STANDARD_METRICS[0]
    """The metric by which to choose. Its verdicts hold together over all arms."""
    matters_from: dict[str, Smallest] = Field(default_factory=dict)
    """The smallest difference that matters, of the metric decided on, or by metric; smaller ones count as equal."""
    also: tuple[str, ...] = ()
    """Metrics shown beside it. Their verdicts hold together over all of them and all arms."""

    @property
    def names(self) -> tuple[str, ...]:
        """All metrics in the order of their columns, the one decided on first."""
        return (self.decide_on, *self.also)


def _as_mapping(value: object) -> object:
    """Return what is written short, a name or a list of names, as it is written in full; other values as they are."""
    if isinstance(value, str):
        return {"decide_on": value}
    if isinstance(value, list | tuple):
        first, *also = value or [""]
        return {"decide_on": first, "also": also}
    if not isinstance(value, Mapping):
        return value
    written = dict(value)
    if isinstance(written.get("also"), str):
        written["also"] = [written["also"]]
    decide_on = written.get("decide_on", STANDARD_METRICS[0])
    if isinstance(decide_on, str) and not isinstance(written.get("matters_from", {}), Mapping):
        written["matters_from"] = {decide_on: written["matters_from"]}
    return written


def metrics_named(written: object) -> Iterator[str]:
    """Yield the metrics that are named, in whatever form, right or wrong; none where none are."""
    found = _as_mapping(written)
    if isinstance(found, Mapping):
        also = found.get("also")
        yield from map(str, [found.get("decide_on"), *(also if isinstance(also, list | tuple) else [])])


def _written(asked: MetricsAsked) -> object:
    """Return it as short as it can be written: a list where the first is decided on and nothing else is said."""
    if not asked.matters_from:
        return [*asked.names]
    return {"decide_on": asked.decide_on, "matters_from": dict(asked.matters_from), "also": [*asked.also]}


Metrics = Annotated[MetricsAsked, BeforeValidator(_as_mapping), PlainSerializer(_written)]
STANDARD = MetricsAsked(decide_on=STANDARD_METRICS[0], also=STANDARD_METRICS[1:])
"""The standard five, where a config names none."""

"""Settings of classification: the plane of risk and return, the other schemes, and segments of one's own."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, field_validator

from tenure.agents.declaring import Parameter
from tenure.policies.columns import view_condition
from tenure.policies.conditions.names import products_named
from tenure.policies.settings.faults import Fault, FaultyError, told
from tenure.simulation.settings.base import Settings

Risk = Annotated[float, Parameter("share", 0, 1, "assumption")]
PerYear = Annotated[float, Parameter("EUR/year", -1e9, 1e9, "assumption")]
Recency = Annotated[float, Parameter("months", 0, 999, "assumption")]
Frequency = Annotated[float, Parameter("products", 0, 1000, "assumption")]


class RiskSplit(Settings):
    """Division of the risk axis."""

    measure: Literal["default_per_year"] = "default_per_year"
    """What the risk axis shows: the probability of default within twelve months."""
    split: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.02
    """Probability of default a year from which risk counts as high; assumption."""


class ReturnSplit(Settings):
    """Division of the return axis, EUR a year per customer, before credit loss and treatment."""

    measure: Literal["margin_per_year"] = "margin_per_year"
    """What the return axis shows: the margin a year, before credit loss and treatment."""
    split: PerYear = 300.0
    """Margin a year per customer from which return counts as high; assumption."""


class QuadrantSettings(Settings):
    """The plane of risk and return and its four quadrants."""

    risk: RiskSplit = RiskSplit()
    """Where the plane is divided into low and high risk."""
    return_: ReturnSplit = Field(default=ReturnSplit(), alias="return")
    """Where the plane is divided into low and high return."""


def _condition(value: object) -> str:
    if not isinstance(value, str):
        mend = "write one such as default_per_year < 2%, or otherwise"
        raise FaultyError(Fault(f"a segment is a condition, got {told(value)}", mend))
    view_condition(value, products_named(value))
    return value


def _from_list(value: object) -> object:
    """Return segments by name of a list of one each, as `_in_order` writes them."""
    if not isinstance(value, list) or not all(isinstance(one, dict) and len(one) == 1 for one in value):
        return value
    return {name: condition for one in value for name, condition in one.items()}


def _in_order(segments: dict[str, str]) -> object:
    """Return segments so that what is stored, and the names of runs, keep their order: the first that fits counts.

    >>> _in_order({"b": "line > 0", "a": "otherwise"})
    [{'b': 'line > 0'}, {'a': 'otherwise'}]
    """
    return [{name: condition} for name, condition in segments.items()] if len(segments) > 1 else segments


Segments = Annotated[
    dict[str, Annotated[str, BeforeValidator(_condition)]],
    BeforeValidator(_from_list),
    PlainSerializer(_in_order, when_used="json"),
]


class SchemeSettings(Settings):
    """Where the schemes of classification divide; each in the order of its classes, so that all can be reached."""

    risk_grades: tuple[Risk, Risk, Risk, Risk] = (0.005, 0.02, 0.05, 0.15)
    """Probabilities of default a year that part the grades A, B, C, D and E; assumption."""
    return_bands: tuple[PerYear, PerYear, PerYear] = (0.0, 100.0, 300.0)
    """Margins a year that part the bands loss, low, middle and high; assumption."""
    value_tiers: tuple[PerYear, PerYear, PerYear] = (150.0, 600.0, 2000.0)
    """Margins over the years expected that part bronze, silver, gold and platinum; assumption."""
    rfm_recency_months: tuple[Recency, Recency] = (36.0, 12.0)
    """Months since a product was last taken that part the recencies 1, 2 and 3; assumption."""
    rfm_frequency: tuple[Frequency, Frequency] = (2.0, 4.0)
    """Numbers of products taken with us that part the frequencies 1, 2 and 3; assumption."""
    rfm_money: tuple[PerYear, PerYear] = (60.0, 300.0)
    """Margins a year that part the money values 1, 2 and 3; assumption."""

    @field_validator("*")
    @classmethod
    def _every_class_can_be_reached(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        falls = info.field_name == "rfm_recency_months"
        if not all(b < a if falls else b > a for a, b in pairwise(value)):
            order = "falling: the fewer months, the better" if falls else "rising"
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers that are {order}")
        if info.field_name in ("risk_grades", "rfm_recency_months", "rfm_frequency") and min(value) <= 0:
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers above 0")
        return value

"""What is published of customers like those of the shipped market: each pattern a range of one figure, with its source.

The patterns themselves are `patterns.yaml`. A source was read as far as `read` says; where that is nothing, the pattern
is unconfirmed: told, and never a test.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from ruamel.yaml import YAML

ANY = float("inf")
FILE = Path(__file__).with_name("patterns.yaml")
UNITS = {
    "share": "{:.1%}",
    "points": "{:+z.2%}",
    "times": "{:.2f}",
    "EUR": "{:,.0f}",
    "EUR per EUR": "{:+z.3f}",
    "months": "{:.0f}",
    "a year": "{:.0f}",
    "log-odds": "{:+z.2f}",
    "elasticity": "{:+z.2f}",
    "sd": "{:+z.2f}",
    "per EUR": "{:+z.4%}",
}
"""Unit -> how a number of it is written."""


YES_OR_NO = "yes or no"
"""Unit of a figure that is 1 or 0."""


class Pattern(NamedTuple):
    """A published range of one figure; a range of everything is information only."""

    family: str
    figure: str
    pattern: str
    about: str
    """Whether it is a pattern of people or of the market."""
    unit: str
    low: float = -ANY
    high: float = ANY
    published: str = ""
    source: str = ""
    read: str = ""
    """How far the source was read: abstract, whole, by design; empty if not at all."""
    measured: str = ""

    @property
    def is_range(self) -> bool:
        """Whether there is anything to lie inside of."""
        return self.low != -ANY or self.high != ANY


class Found(NamedTuple):
    """A pattern and what the market gave: mean and standard error over replications."""

    pattern: Pattern
    value: float
    error: float

    @property
    def inside(self) -> bool:
        """Whether the value lies in the range; what was not measured lies nowhere."""
        return bool(self.pattern.low <= self.value <= self.pattern.high)

    @property
    def verdict(self) -> str:
        """Say inside or outside, and whether the source confirms that this is to be asked."""
        if not self.pattern.is_range:
            return "information"
        said = "inside" if self.inside else "OUTSIDE"
        return said if self.pattern.read else f"unconfirmed, {said.lower()}"


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return all patterns, in the order of the page."""
    data = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    return tuple(
        Pattern(family=family, figure=figure, **entry)
        for family, entries in data.items()
        for figure, entry in entries.items()
    )


def beside(measured: pd.DataFrame) -> list[Found]:
    """Return every pattern beside its figure; those of families that were not measured are left out.

    Parameters
    ----------
    measured : DataFrame
        Columns mean and se, by figure.
    """
    return [
        Found(one, float(measured.at[one.figure, "mean"]), float(measured.at[one.figure, "se"]))
        for one in patterns()
        if one.figure in measured.index
    ]


def number(value: float, unit: str) -> str:
    """Return a number as its unit is written; a dash for what is none."""
    if value != value or abs(value) == ANY:
        return "-"
    return ("no", "yes")[value == 1.0] if unit == YES_OR_NO else UNITS[unit].format(value)


def range_of(one: Pattern) -> str:
    """Return the range in words."""
    if not one.is_range:
        return ""
    low, high = (number(value, one.unit) for value in (one.low, one.high))
    if one.low == one.high:
        return low
    return f"at most {high}" if one.low == -ANY else f"at least {low}" if one.high == ANY else f"{low} to {high}"

"""The figure of the page for a committee: each arm's money beside the champion's, drawn as a line of text can be."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tenure.experiments.report.one_page.facts import ArmEffect, Scale

WIDTH, ROW, LETTER, GAP = 640.0, 26.0, 6.9, 14.0
"""Of the figure, of a row, of a letter beside it, and between the letters and the figure, in units of the drawing."""
LONGEST_NAME = 26
"""Letters of a name; the page cuts a longer one."""
LEAST_SPAN = 1e-9
"""Money below which all of it lies at one place."""
MARKS = 5
"""Numbers below the axis, about."""


class PlottedRow(NamedTuple):
    """One arm: where its range, its interval and its average lie across, and what stands beside."""

    name: str
    middle: float
    range_ends: tuple[float, float]
    interval_ends: tuple[float, float]
    average: float
    value: str


class Plot(NamedTuple):
    """The figure, ready for the page."""

    width: float
    height: float
    zero: float
    rows: tuple[PlottedRow, ...]
    marks: tuple[tuple[float, str], ...]
    unit: str
    alternative: str


def plot_of(effects: Sequence[ArmEffect], scale: Scale, champion: str) -> Plot:
    """Return where everything lies; the axis holds 0 and all ranges."""
    money = [scale.book(end) for one in effects for end in (one.least, one.most)]
    low, high = min(0.0, *money), max(0.0, *money)
    span = high - low if high - low > LEAST_SPAN else 1.0
    values = [
        f"{scale.number(one.average.mean)} ({scale.number(one.least)} to {scale.number(one.most)})" for one in effects
    ]
    left = LETTER * min(max(len(one.arm) for one in effects), LONGEST_NAME) + GAP
    across = WIDTH - left - LETTER * max(map(len, values)) - GAP

    def place(value: float) -> float:
        return left + (value - low) / span * across

    rows = []
    for number, one in enumerate(effects):
        mean, low_end, high_end = (scale.book(end) for end in one.average)
        rows.append(
            PlottedRow(
                one.arm,
                ROW * (number + 0.7),
                (place(scale.book(one.least)), place(scale.book(one.most))),
                (place(low_end), place(high_end)),
                place(mean),
                values[number],
            )
        )
    step = _round_step(span / MARKS)
    first = int(low / step) - 1
    marks = [step * k for k in range(first, first + 4 * MARKS) if low - 1e-9 * span <= step * k <= high + 1e-9 * span]
    told = "; ".join(f"{row.name} {row.value}" for row in rows)
    return Plot(
        WIDTH,
        ROW * len(rows) + 40.0,
        place(0.0),
        tuple(rows),
        tuple((place(mark), f"{mark:,g}") for mark in marks),
        scale.unit,
        f"Profit beside {champion}, {scale.unit}: {told}",
    )


def _round_step(step: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(times * size for times in (1.0, 2.0, 5.0, 10.0) if times * size >= step * (1.0 - 1e-9))

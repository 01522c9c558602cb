"""Labels beside points, moved until they touch neither each other nor the points: the same picture every time."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from experiments.plots_style import GREY, text_width

HEIGHT = 1.25  # of a line of text, in sizes of its letters
DISTANCES = (6.0, 12.0, 20.0, 30.0, 42.0, 56.0, 72.0, 90.0, 110.0, 135.0)  # points from dot to label
DIRECTIONS = 16


class Box(NamedTuple):
    """A rectangle, in points of the figure."""

    left: float
    low: float
    right: float
    high: float

    def overlap(self, other: "Box") -> float:
        """Return the area in both.

        >>> Box(0, 0, 2, 2).overlap(Box(1, 1, 3, 3))
        1
        """
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.high, other.high) - max(self.low, other.low)
        return max(wide, 0) * max(high, 0)


class Label(NamedTuple):
    """Where a label lies, and whether it is so far from its dot that a line must lead there."""

    box: Box
    far: bool


def placed(
    dots: Mapping[str, tuple[float, float]], sizes: Mapping[str, tuple[float, float]], inside: Box,
    busy: Sequence[Box] = (),
) -> dict[str, Label]:  # fmt: skip
    """Find a place for each label: near its dot, off all other labels and dots, inside; off lines where it can be.

    Parameters
    ----------
    dots : mapping
        Name to the place of its dot, in points; the first named choose first.
    sizes : mapping
        Name to width and height of its label.
    inside : Box
        No label leaves it.
    busy : sequence of Box
        Lines: to be avoided, but not at any price.
    """
    marks = [Box(x - 4.0, y - 4.0, x + 4.0, y + 4.0) for x, y in dots.values()]
    found: dict[str, Label] = {}
    for name, (x, y) in dots.items():
        wide, high = sizes[name]
        best, least = Label(Box(x, y, x + wide, y + high), False), np.inf
        for far, turn in product(DISTANCES, range(DIRECTIONS)):
            angle = 2.0 * np.pi * turn / DIRECTIONS
            across, up = float(np.cos(angle)), float(np.sin(angle))
            middle_x, middle_y = x + across * (far + wide / 2.0), y + up * (far + high / 2.0)
            box = Box(middle_x - wide / 2.0, middle_y - high / 2.0, middle_x + wide / 2.0, middle_y + high / 2.0)
            cost = far + 1e4 * (wide * high - box.overlap(inside) > 1e-6)
            cost += sum(20.0 * box.overlap(label.box) for label in found.values())
            cost += sum(10.0 * box.overlap(mark) for mark in marks) + sum(0.6 * box.overlap(line) for line in busy)
            own = _apart(box, x, y)
            cost += 15.0 * sum(_apart(box, *other) < own + 3.0 for who, other in dots.items() if who != name)
            if cost < least:
                best, least = Label(box, far > DISTANCES[2]), cost
        found[name] = best
    return found


def _apart(box: Box, x: float, y: float) -> float:
    """Return how far a point is from a box; 0 inside."""
    return float(np.hypot(max(box.left - x, x - box.right, 0.0), max(box.low - y, y - box.high, 0.0)))


def label_dots(
    ax: Axes, dots: Mapping[str, tuple[float, float]], texts: Mapping[str, str], colours: Mapping[str, str],
    bold: frozenset[str] = frozenset(), lines: Sequence[tuple[float, float, float, float]] = (), size: float = 8.0,
) -> None:  # fmt: skip
    """Write a label beside each dot of a panel whose limits are final.

    Parameters
    ----------
    dots, texts, colours : mapping
        Name to place in data, text and colour; the first named choose first.
    bold : frozenset
        Names in bold.
    lines : sequence
        Lines of the panel to keep off, each from (x, y) to (x, y) in data, level or upright.
    """
    figure = ax.figure
    scale = 72.0 / figure.dpi

    def points_of(x: float, y: float) -> tuple[float, float]:
        across, up = ax.transData.transform((x, y)) * scale
        return float(across), float(up)

    corner, far = (ax.transAxes.transform(place) * scale for place in ((0, 0), (1, 1)))
    inside = Box(float(corner[0]) + 2.0, float(corner[1]) + 2.0, float(far[0]), float(far[1]))
    at = {name: points_of(*dots[name]) for name in dots}
    sizes = {name: (72.0 * text_width([texts[name]], size, name in bold) + 3.0, HEIGHT * size) for name in dots}
    busy = []
    for x0, y0, x1, y1 in lines:
        (left, low), (right, high) = points_of(x0, y0), points_of(x1, y1)
        busy.append(Box(min(left, right) - 1.5, min(low, high) - 1.5, max(left, right) + 1.5, max(low, high) + 1.5))
    for name, label in placed(at, sizes, inside, busy).items():
        box, (x, y) = label.box, at[name]
        middle = ((box.left + box.right) / 2.0, (box.low + box.high) / 2.0)
        if label.far:
            end = (float(np.clip(x, box.left, box.right)), float(np.clip(y, box.low, box.high)))
            from_, to = (ax.transData.inverted().transform((px / scale, py / scale)) for px, py in ((x, y), end))
            ax.plot([from_[0], to[0]], [from_[1], to[1]], color=GREY, linewidth=0.6, zorder=2)
        ax.annotate(
            texts[name], dots[name], xytext=(middle[0] - x, middle[1] - y), textcoords="offset points", ha="center",
            va="center", fontsize=size, color=colours[name], fontweight="bold" if name in bold else "normal", zorder=6,
        )  # fmt: skip

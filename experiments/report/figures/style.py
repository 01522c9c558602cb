"""The look that all figures share: colours, panels, direct labels; no global figure is ever made."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from tenure.experiments.report.labels import clusters

COLOURS: dict[str, str] = {
    "low_risk_high_return": "#009E73",
    "low_risk_low_return": "#56B4E9",
    "high_risk_high_return": "#E69F00",
    "high_risk_low_return": "#D55E00",
    "acquisition": "#F0E442",
    "growth": "#CC79A7",
    "maturity": "#0072B2",
    "decline": "#555555",
}
"""Quadrants and stages, each the same in every figure. Okabe & Ito (2008), told apart by the colour-blind."""

TEXT_COLOURS: dict[str, str] = {
    "low_risk_high_return": "#00664A",
    "low_risk_low_return": "#1B6FA3",
    "high_risk_high_return": "#8A5F00",
    "high_risk_low_return": "#A84A00",
    "acquisition": "#7A7200",
    "growth": "#9C4276",
    "maturity": "#00568A",
    "decline": "#444444",
}
"""Darker shades of the same hues, legible as text on white."""

INK, GREY, FAINT = "#222222", "#6B6B6B", "#D9D9D9"
GAIN, LOSS = "#0072B2", "#D55E00"
HEAD_SIZE, HEAD_LINE = 9.5, 0.16
"""Of a panel's heading: size in points, and inches from line to line."""
_PARTS = re.compile(r"[^_.-]*[_.-]+|[^_.-]+")
"""Of a long name."""
TITLE_SIZE = 12
WIDTH = 10.5
"""Width of every figure, inches."""
COLUMNS = 4
"""Most panels side by side."""
BEHIND = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6}
"""Of a label that lies on lines or dots: a white ground, which weighs less than letters with a halo."""


class Drawing(NamedTuple):
    """A finished figure.

    Attributes
    ----------
    name : str
        What it shows, as `save_figure` calls it.
    finding : str
        The sentence that is its title and begins its alternative text.
    note : str
        How to read it: unit, and what an interval is over.
    figure : Figure
        Without a title; the page sets it as text.
    """

    name: str
    finding: str
    note: str
    figure: Figure


class Margins(NamedTuple):
    """Inches left free for text around the panels of a figure, and between them."""

    left: float
    right: float = 0.12
    top: float = 0.3
    bottom: float = 0.45
    across: float = 0.15
    down: float = 0.75


def text_width(texts: Iterable[str], size: float, bold: bool = False) -> float:
    """Measure the widest of some lines of text, in inches."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return max(float(text_to_path.get_text_width_height_descent(text, font, False)[0]) for text in texts) / 72.0


def wrapped(text: str, inches: float, size: float, bold: bool = False) -> list[str]:
    """Break a text into lines that are no wider: between words where it can be, else within a name."""

    def fits(line: str) -> bool:
        return text_width([line], size, bold) <= inches

    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            if fits(f"{line} {word}".strip()):
                line = f"{line} {word}".strip()
                continue
            lines += [line] if line else []
            line = ""
            for part in _PARTS.findall(word) if fits(max(_PARTS.findall(word), key=len)) else clusters(word):
                if line and not fits(line + part):
                    lines.append(line)
                    line = ""
                line += part
        lines.append(line)
    return lines


def panels(
    rows: int,
    columns: int,
    height: float,
    around: Margins,
    sharex: bool = False,
    sharey: bool = False,
    heads: Sequence[str] = (),
    after_first: float = 0.0,
    ratios: Sequence[float] = (),
) -> tuple[Figure, list[list[Axes]]]:
    """Make a grid of bare axes, `height` inches in all and more where a heading takes more than a line.

    What text needs is given: a layout engine would measure every text of the figure twice to find it.

    Parameters
    ----------
    heads : sequence of str
        Of the panels, row by row; an empty one has none. What is wider than its panel is wrapped.
    after_first : float
        Inches right of the first column beyond what is free between all, more than that; 0 for none.
    ratios : sequence of float
        Of the heights of the rows, all alike by default.
    """
    spare = after_first if columns > 1 else 0.0
    wide = (WIDTH - around.left - around.right - (columns - 1) * around.across - spare) / columns
    lines = [wrapped(head, wide, HEAD_SIZE, bold=True) for head in heads]
    above = HEAD_LINE * max((len(one) - 1 for one in lines[:columns]), default=0)
    between = HEAD_LINE * max((len(one) - 1 for one in lines[columns:]), default=0)
    around = around._replace(top=around.top + above, down=around.down + between)
    height += above + (rows - 1) * between
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    figure.subplots_adjust(
        around.left / WIDTH, around.bottom / height, 1 - around.right / WIDTH, 1 - around.top / height
    )
    high = (height - around.top - around.bottom - (rows - 1) * around.down) / rows
    widths, places = [wide] * columns, [*range(columns)]
    if spare:  # a column of nothing, with a gap on both sides
        widths.insert(1, spare - around.across)
        places = [0, *range(2, columns + 1)]
    figure.subplots_adjust(wspace=around.across * len(widths) / sum(widths), hspace=around.down / high)
    parts = {"width_ratios": widths, "height_ratios": ratios or [1.0] * rows}
    grid = figure.subplots(rows, len(widths), squeeze=False, sharex=sharex, sharey=sharey, gridspec_kw=parts)
    for ax in grid[:, 1] if spare else ():
        ax.remove()
    axes = [[grid[i, j] for j in places] for i in range(rows)]
    for ax in (ax for row in axes for ax in row):
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(GREY)
        ax.tick_params(labelsize=8, colors=GREY, length=3)
    for ax, head in zip((ax for row in axes for ax in row), lines, strict=False):
        ax.set_title("\n".join(head), loc="left", y=1.0, fontsize=HEAD_SIZE, color=INK, fontweight="bold")
    return figure, axes


def axis_label(ax: Axes, x: str = "", y: str = "") -> None:
    """Label the axes of a panel; what is longer than its axis is wrapped."""
    for text, pixels, put in ((x, ax.bbox.width, ax.set_xlabel), (y, ax.bbox.height, ax.set_ylabel)):
        put("\n".join(wrapped(text, pixels / ax.figure.dpi, 8)), fontsize=8, color=GREY)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move places apart until neighbours are at least `gap` from each other, in the same order.

    >>> spread([1.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    order = np.argsort(places, kind="stable")
    groups: list[list[int]] = []
    centres: list[float] = []
    for i in order:
        groups.append([int(i)])
        centres.append(float(places[i]))
        while len(groups) > 1 and centres[-1] - centres[-2] < gap * (len(groups[-1]) + len(groups[-2])) / 2:
            merged = groups[-2] + groups[-1]
            groups[-2:] = [merged]
            centres[-2:] = [float(np.mean([places[k] for k in merged]))]
    out = [0.0] * len(places)
    for group, centre in zip(groups, centres, strict=True):
        for rank, i in enumerate(group):
            out[i] = centre + gap * (rank - (len(group) - 1) / 2)
    return out


def end_labels(ax: Axes, x: float, values: Mapping[str, float], texts: Mapping[str, str], gap: float) -> None:
    """Write a label right of the end of each line, moved apart where they would touch."""
    names = list(values)
    for name, y in zip(names, spread([values[n] for n in names], gap), strict=True):
        ax.annotate(
            texts[name],
            (x, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=TEXT_COLOURS.get(name, INK),
            annotation_clip=False,
        )


def whisker(ax: Axes, low: float, value: float, high: float, y: float, colour: str = INK, size: float = 6.0) -> None:
    """Draw a dot with its interval; no interval where it is not known (nan)."""
    if np.isfinite(low) and np.isfinite(high):
        ax.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
    ax.plot([value], [y], marker="o", markersize=size, color=colour, markeredgecolor="white", zorder=4)


def add_title(figure: Figure, lines: Sequence[str]) -> None:
    """Write a title above the panels, on a figure made higher by as much."""
    before, extra = figure.get_figheight(), 0.1 + 0.2 * len(lines)
    kept = before / (before + extra)
    figure.set_figheight(before + extra)
    figure.subplots_adjust(bottom=figure.subplotpars.bottom * kept, top=figure.subplotpars.top * kept)
    top = 1.0 - 0.06 / figure.get_figheight()
    figure.suptitle(
        "\n".join(lines), x=0.01, y=top, va="top", ha="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK
    )


def hide(axes: Sequence[Axes]) -> None:
    """Blank the panels that a grid has too many of."""
    for ax in axes:
        ax.set_visible(False)

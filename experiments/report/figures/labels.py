"""Labels beside points, placed by textalloc clear of each other and of the points; the same every time."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tenure.experiments.report.figures.style import GREY

DIRECTIONS = ["east", "west", "northeast", "northwest", "southeast", "southwest", "north", "south"]
"""Where a label is tried first: to the right, as one reads."""
CANDIDATES = 400
"""Places tried for each label."""
NEAREST, FARTHEST, MARGIN = 0.012, 0.4, 0.004
"""Distance of a label from its dot and from all others, in widths of the panel."""
LEADER_POINTS = 12.0
"""A label nearer to its dot than this needs no line that leads there, in points."""


def label_dots(
    ax: Axes,
    dots: Mapping[str, tuple[float, float]],
    texts: Mapping[str, str],
    colours: Mapping[str, str],
    bold: frozenset[str] = frozenset(),
    lines: Sequence[tuple[float, float, float, float]] = (),
    size: float = 8.0,
) -> None:
    """Write a label beside each dot of a panel whose limits are final; a line leads from a distant one to its dot.

    Parameters
    ----------
    dots, texts, colours : mapping
        Name to place in data, text and colour; the first named choose first.
    bold : frozenset
        Names in bold.
    lines : sequence
        Lines of the panel to keep off where possible, each from (x, y) to (x, y) in data.
    size : float
        Of the letters, in points.
    """
    from textalloc import allocate

    names = list(dots)
    x, y = np.array([dots[name] for name in names], np.float64).T
    _, _, _, leaders = allocate(
        ax,
        x,
        y,
        [texts[name] for name in names],
        x_scatter=x,
        y_scatter=y,
        x_lines=[[x0, x1] for x0, _, x1, _ in lines],
        y_lines=[[y0, y1] for _, y0, _, y1 in lines],
        textsize=size,
        fontweight=["bold" if name in bold else "normal" for name in names],
        textcolor=[colours[name] for name in names],
        linecolor=GREY,
        linewidth=0.6,
        direction=DIRECTIONS,
        nbr_candidates=CANDIDATES,
        min_distance=NEAREST,
        max_distance=FARTHEST,
        margin=MARGIN,
        zorder=6,
    )
    for leader in leaders:
        if isinstance(leader, Line2D) and _points(ax, leader) < LEADER_POINTS:
            leader.remove()


def _points(ax: Axes, line: Line2D) -> float:
    """Return how long a straight line of a panel is, in points."""
    (x0, y0), (x1, y1) = ax.transData.transform(line.get_xydata())
    return float(np.hypot(x1 - x0, y1 - y0)) * 72.0 / ax.figure.dpi

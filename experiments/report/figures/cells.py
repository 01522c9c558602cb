"""Figure of where an arm's extra treatment money goes, by stage and quadrant at month 0, and what comes back of it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from tenure.experiments.analysis.intervals import number
from tenure.experiments.report.figures.names import names_in_figures
from tenure.experiments.report.figures.style import COLUMNS, GREY, INK, TEXT_COLOURS, Drawing, Margins, hide, panels
from tenure.experiments.report.recordings import QUADRANTS, STAGES, NotRecordedError, Recordings
from tenure.experiments.report.sections.cells import CellMoney, cells_finding, money_by_cell
from tenure.experiments.report.sentences import words


def treatment_by_cell(recordings: Recordings) -> Drawing:
    """Draw a panel per arm: the darker a cell, the more extra money per customer; below, what comes back of it.

    Raises
    ------
    NotRecordedError
        If no people were paired, or no other arm was run.
    """
    cells = money_by_cell(recordings)
    if not cells:
        raise NotRecordedError("no people were paired with the champion's: there is one arm, or old recordings")
    arms = recordings.others
    columns = min(len(arms), COLUMNS)
    rows = -(-len(arms) // columns)
    labels = names_in_figures(recordings.arms).labels
    heads = [labels[arm] + " (sees the truth)" * (arm in recordings.oracles) for arm in arms]
    figure, axes = panels(rows, columns, 2.3 * rows + 0.55, Margins(0.85, bottom=0.55, down=0.42), True, True, heads)
    flat = [ax for row in axes for ax in row]
    most = max(one.extra.mean for one in cells)
    for ax, arm in zip(flat, arms, strict=False):
        _heat(ax, [one for one in cells if one.arm == arm], max(most, 0.01))
    hide(flat[len(arms) :])
    for k, ax in enumerate(flat[: len(arms)]):
        ax.set_xticks(range(4), [words(name).replace(" ", "\n").replace("-", " ") for name in QUADRANTS])
        ax.set_yticks(range(4), STAGES)
        ax.tick_params(length=0, labelsize=7, labelbottom=k + columns >= len(arms), labelleft=k % columns == 0)
        for tick, name in [
            *zip(ax.get_xticklabels(), QUADRANTS, strict=False),
            *zip(ax.get_yticklabels(), STAGES, strict=False),
        ]:  # inner panels hide theirs
            tick.set_color(TEXT_COLOURS[name])
    note = (
        f"Customers at month 0 by stage and true quadrant. Above: {recordings.currency} of treatment per customer of "
        "the cell over the whole run, not discounted, more than under the champion; below: "
        f"{recordings.currency} that each of them brought back, bold where its 95% interval leaves 1 out, - where "
        "there is no extra money or chance could explain it. Averages over replications, each cell alone; without "
        "closing value."
    )
    return Drawing("treatment_by_cell", cells_finding(cells), note, figure)


def _heat(ax: Axes, cells: list[CellMoney], most: float) -> None:
    table = np.full((len(STAGES), len(QUADRANTS)), np.nan)
    for one in cells:
        table[STAGES.index(one.stage), QUADRANTS.index(one.quadrant)] = max(one.extra.mean, 0.0)
    edges = np.arange(5) - 0.5
    scale = PowerNorm(0.5, 0.0, 1.3 * most)
    ax.pcolormesh(edges, edges, table, cmap="Blues", norm=scale, edgecolors="white", linewidth=1.2)
    ax.set_ylim(3.5, -0.5)
    for one in cells:
        i, j = STAGES.index(one.stage), QUADRANTS.index(one.quadrant)
        dark = float(scale(max(one.extra.mean, 0.0))) > 0.62
        colour = "white" if dark else INK
        ax.text(j, i - 0.2, number(one.extra.mean, 1), ha="center", va="center", fontsize=6.5, color=colour)
        sure = one.back is not None and (one.back.low > 1.0 or one.back.high < 1.0)
        text = "-" if one.back is None else number(one.back.value, 2 if abs(one.back.value) < 10 else 0)
        ax.text(
            j,
            i + 0.2,
            text,
            ha="center",
            va="center",
            fontsize=7,
            color=colour if dark or sure else GREY,
            fontweight="bold" if sure else "normal",
        )

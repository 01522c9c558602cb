"""Figures of what an institution believes: its predictions against what happened, movement believed and true."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.experiments.analysis.statistics import clopper_pearson
from tenure.experiments.report.figures.style import FAINT, GREY, INK, TEXT_COLOURS, Drawing, Margins, axis_label, panels
from tenure.experiments.report.recordings import QUADRANTS as SHOWN
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.report.sections.beliefs import pooled_moves
from tenure.experiments.report.sentences import percent, words
from tenure.experiments.report.tables import months_apart
from tenure.simulation.recording.beliefs.calibration import bins_off
from tenure.simulation.recording.beliefs.groups import BIN_EDGES, DEFAULT, LEAVE
from tenure.simulation.recording.beliefs.migration import rates

Floats = NDArray[np.float64]
SCORES = {DEFAULT: "default", LEAVE: "leaving"}
LEAST_SHARE = 1e-5
"""Shares below this are drawn at the foot: the axes are logarithmic."""
DECADES = (1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0)
FRACTIONS = {
    0.1: "a tenth",
    0.2: "a fifth",
    0.25: "a quarter",
    0.333: "a third",
    0.4: "two fifths",
    0.5: "half",
    0.6: "three fifths",
    0.667: "two thirds",
    0.75: "three quarters",
    0.9: "nine tenths",
}
HALO = [patheffects.withStroke(linewidth=2.5, foreground="white")]


class Reliability(NamedTuple):
    """Bins of one score that have people, in the order of what was predicted; columns of shape (bins,)."""

    label: NDArray[np.str_]
    people: Floats
    predicted: Floats
    happened: Floats


def reliability(table: pd.DataFrame) -> dict[str, Reliability]:
    """Pool the reliability rows of all runs and cohorts, score by score.

    Parameters
    ----------
    table : DataFrame
        Columns run, measure, a, b, value of one arm, as
        `tenure.simulation.recording.beliefs.quality.BeliefQuality.close` gives them.

    Raises
    ------
    NotRecordedError
        If there are no such rows.
    """
    found = {}
    for score in SCORES:
        own = table[(table["a"] == score) & table["measure"].str.startswith("reliability_")]
        if len(own):
            sums = own.pivot_table(index="b", columns="measure", values="value", aggfunc="sum")
            people, predicted, happened = (
                sums[f"reliability_{name}"].to_numpy(np.float64) for name in ("people", "predicted", "happened")
            )
            order = np.argsort(predicted / people)
            label = sums.index.to_numpy(np.str_)
            found[score] = Reliability(label[order], people[order], predicted[order], happened[order])
    if not found:
        raise NotRecordedError("the recordings have no rows of 'reliability_people'")
    return found


def reliability_figure(table: pd.DataFrame) -> Drawing:
    """Draw what happened against what was believed, bin by bin, a panel for each score.

    Parameters
    ----------
    table : DataFrame
        As `reliability` reads it.

    Raises
    ------
    NotRecordedError
        If there are no rows to draw.
    """
    found = reliability(table)
    heads = [f"{SCORES[score]} within 12 months" for score in found]
    figure, axes = panels(1, len(found), 4.6, Margins(0.75, right=0.3, across=0.75), heads=heads)
    for ax, bins in zip(axes[0], found.values(), strict=True):
        _reliability_panel(ax, bins)
        axis_label(ax, "believed probability, average of the bin", "share to whom it happened")
    note = (
        "Customers grouped by what the institution believed, all runs and years pooled; beside each dot its people. "
        "Lines are 95% intervals (Clopper & Pearson 1934) that take people as independent: luck shared by all of a run "
        "is not in them. On the slope, as much happened as was believed; an arrow at the foot: it happened to nobody. "
        "Who left before defaulting counts with the probability of the months until then."
    )
    return Drawing("reliability", _reliability_finding(found), note, figure)


def reliability_of(recordings: Recordings) -> Drawing:
    """Draw the champion's reliability, all years and runs pooled."""
    parts = [recordings.of(f"reliability_{what}") for what in ("people", "predicted", "happened")]
    rows = pd.concat(parts)
    return reliability_figure(rows[rows["arm"] == recordings.champion])


def believed_migration(recordings: Recordings) -> Drawing:
    """Draw the champion's migration between quadrants, true and believed, all years and runs pooled."""
    apart = months_apart(recordings.of("migration/quadrant/true/heads"))
    return migration_figure(pooled_moves(recordings, "true"), pooled_moves(recordings, "believed"), apart)


def _reliability_panel(ax: Axes, bins: Reliability) -> None:
    """Draw one score; what lies below the decade of the lowest share is drawn at the foot."""
    x, y = bins.predicted / bins.people, bins.happened / bins.people
    low, high = clopper_pearson(np.rint(bins.happened), np.rint(bins.people))
    smallest = min(share for share in (*x, *y, 0.1) if share > 0.0)
    least, most = 10.0 ** np.floor(np.log10(max(LEAST_SHARE, smallest))), min(1.0, 1.6 * max(x.max(), high.max()))
    for place, share, below, above, people in zip(np.maximum(x, least), y, low, high, bins.people, strict=True):
        some = share >= least
        at = max(share, least)
        ax.plot([place, place], [max(below, least), above], color=INK, linewidth=1.4, solid_capstyle="butt", zorder=3)
        ax.plot(
            [place],
            [at],
            "o" if some else "v",
            color=INK,
            markersize=6,
            markeredgecolor="white",
            zorder=4,
            clip_on=False,
        )
        ax.annotate(
            f"{people:.0f}" if people < 1000 else f"{people / 1000:,.{1 if people < 10_000 else 0}f}k",
            (place, at),
            xytext=(5, -3 if some else 5),
            textcoords="offset points",
            va="top" if some else "bottom",
            fontsize=7.5,
            color=INK,
            path_effects=HALO,
            zorder=5,
        )
    ax.plot([least, most], [least, most], color=GREY, linewidth=1.0, zorder=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g}%"))
        axis.set_major_locator(FixedLocator(BIN_EDGES[1:] if least >= 0.001 else DECADES))
        axis.set_minor_locator(NullLocator())
    ax.set_xlim(least, most)
    ax.set_ylim(least, most)
    for across, up, text in ((0.02, 0.97, "more happened"), (0.77, 0.06, "less happened")):
        ax.text(across, up, text, transform=ax.transAxes, va="top", fontsize=8, color=GREY, path_effects=HALO)


def _reliability_finding(found: dict[str, Reliability]) -> str:
    """Say which scores are calibrated, and of the others by how much and for whom they misjudge most people."""
    sentence = "; ".join(f"believed {SCORES[score]} is {_misjudged(bins)}" for score, bins in found.items())
    return sentence[0].upper() + sentence[1:]


def _misjudged(bins: Reliability) -> str:
    """Judge each bin and all together."""
    people, predicted, happened = (np.append(column, column.sum()) for column in bins[1:])
    wrong = bins_off(people, predicted, happened)
    worst = int(np.argmax(np.where(wrong, np.abs(happened - predicted), 0.0))) if wrong.any() else len(bins.people)
    among = f"among those put at {bins.label[worst]} " if worst < len(bins.people) else ""
    believed, truly = predicted[worst] / people[worst], happened[worst] / people[worst]
    how = _how_far(believed, truly) if wrong.any() else "calibrated within chance"
    return f"{how} {among}({percent(believed)} believed, {percent(truly)} happened)"


def _how_far(believed: float, happened: float) -> str:
    """Say by which share of what happened a belief is too low or too high.

    >>> _how_far(0.02, 0.03), _how_far(0.03, 0.02), _how_far(0.06, 0.02), _how_far(0.02, 0.0)
    ('too low by a third', 'too high by half', '3.0 times too high', 'too high')
    """
    if happened == 0.0:
        return "too high"
    if believed > 2.0 * happened:
        return f"{believed / happened:.1f} times too high"
    off = abs(believed / happened - 1.0)
    nearest = FRACTIONS[min(FRACTIONS, key=lambda fraction: abs(fraction - off))] if off > 0.05 else percent(off)
    return f"too {'low' if believed < happened else 'high'} by {nearest}"


def migration_figure(true_matrix: Floats, believed_matrix: Floats, months: int = 12) -> Drawing:
    """Draw who moved between quadrants in some months, in truth and as the institution believes.

    Parameters
    ----------
    true_matrix, believed_matrix : array, shape (5, 5)
        People by quadrant at the start and end, in the order of `tenure.agents.belief.QUADRANTS`, the last row new
        and the last column gone, as `tenure.simulation.recording.beliefs.migration.migration_matrix` gives them.
    months : int
        From start to end.

    Raises
    ------
    ValueError
        If a shape is another.
    NotRecordedError
        If nobody is there at both ends.
    """
    size = len(QUADRANTS) + 1
    for name, matrix in (("true_matrix", true_matrix), ("believed_matrix", believed_matrix)):
        if matrix.shape != (size, size):
            raise ValueError(f"{name} has shape {matrix.shape}, not {(size, size)}")
        if matrix[:-1, :-1].sum() == 0:
            raise NotRecordedError(f"{name}: nobody is there at both ends")
    both = {"true": true_matrix, "believed": believed_matrix}
    heads = [f"{name}: {percent(1.0 - _moved(matrix))} stay in their quadrant" for name, matrix in both.items()]
    figure, axes = panels(1, 2, 4.3, Margins(1.0, bottom=0.65, across=0.35), heads=heads)
    for ax, (name, matrix) in zip(axes[0], both.items(), strict=True):
        _heat_map(ax, matrix[:-1, :-1])
        axis_label(ax, f"quadrant {months} months on", "quadrant at the start" if name == "true" else "")
    axes[0][1].tick_params(labelleft=False)
    note = (
        "Share of the customers of each quadrant (row) who are in each quadrant later (column), in % of the "
        "row; those who left or came meanwhile are left out. All years and runs pooled, in the champion's arm."
    )
    return Drawing("believed_migration", _migration_finding(true_matrix, believed_matrix, months), note, figure)


def _moved(matrix: Floats) -> float:
    """Share of those there at both ends who are in another quadrant."""
    return 1.0 - rates(matrix, range(len(matrix) - 1)).persistence


def _migration_finding(true_matrix: Floats, believed_matrix: Floats, months: int) -> str:
    """Compare how many move; within 1.96 standard errors the two are called alike.

    The standard error is that of independent counts. They are of the same people, which makes it too wide: it errs
    towards calling them alike.
    """
    true, believed = _moved(true_matrix), _moved(believed_matrix)
    people = [matrix[:-1, :-1].sum() for matrix in (true_matrix, believed_matrix)]
    error = np.sqrt(sum(p * (1.0 - p) / n for p, n in zip((true, believed), people, strict=True)))
    time = "a year" if months == 12 else f"{months} months"
    says = f"The institution believes that {believed:.0%} of customers change quadrant in {time}; truly {true:.0%} do"
    if abs(believed - true) <= 1.96 * error:
        return f"{says}: alike, within chance"
    return f"{says}: {'noise looks like movement' if believed > true else 'movement goes unseen'}"


def _heat_map(ax: Axes, moves: Floats) -> None:
    """Draw the rows as shares, in the order in which all figures show quadrants; the diagonal is framed."""
    order = [QUADRANTS.index(name) for name in SHOWN]
    moves = moves[np.ix_(order, order)]
    people = moves.sum(axis=1, keepdims=True)
    share = np.divide(moves, people, out=np.full(moves.shape, np.nan), where=people > 0)
    edges = np.arange(len(SHOWN) + 1) - 0.5
    ax.pcolormesh(edges, edges, share, cmap="Blues", vmin=0.0, vmax=1.15, edgecolors="white", linewidth=1.5)
    ax.invert_yaxis()
    for (i, j), value in np.ndenumerate(share):
        text, colour = "-" if np.isnan(value) else f"{value * 100:.1f}", "white" if value > 0.6 else INK
        weight = "bold" if i == j else "normal"
        ax.text(j, i, text, ha="center", va="center", fontsize=9, color=colour, fontweight=weight)
    short = [words(name).replace(" ", "\n").replace("-", " ") for name in SHOWN]
    ax.set_yticks(range(len(SHOWN)), short)
    ax.set_xticks(range(len(SHOWN)), short)
    ax.spines[:].set_color(FAINT)
    for ticks in (ax.get_yticklabels(), ax.get_xticklabels()):
        for tick, name in zip(ticks, SHOWN, strict=True):
            tick.set_color(TEXT_COLOURS[name])
            tick.set_fontsize(7.5)

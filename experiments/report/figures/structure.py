"""Figures of the customer structure: composition over time, risk-return plane, migration."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from tenure.experiments.report import sentences
from tenure.experiments.report.figures.eras import eras_note, mark_eras
from tenure.experiments.report.figures.names import names_in_figures
from tenure.experiments.report.figures.style import (
    BEHIND,
    COLOURS,
    COLUMNS,
    FAINT,
    GREY,
    INK,
    TEXT_COLOURS,
    Drawing,
    Margins,
    axis_label,
    end_labels,
    hide,
    panels,
    text_width,
)
from tenure.experiments.report.recordings import QUADRANTS, STAGES, Recordings
from tenure.experiments.report.tables import average, migration, months_apart, paired, shares_over_time

FOCUS = {"stage": "maturity", "quadrant": "low_risk_high_return"}
"""The category that the title of a composition figure speaks of."""

DASHES = ("-", (0, (6, 1.2)), (0, (3, 1.2)), (0, (1, 1)))
"""Of the four stages or quadrants in their order: told apart without colour."""

MOST_BLOCKS = 2
"""Rows of arms in which a composition figure has credit balances, too."""

LEAST_RISK = 1e-4
"""Chances of default below this are drawn at it: the axis is logarithmic."""

FloatArray = npt.NDArray[np.float64]


def composition_by_stage(recordings: Recordings) -> Drawing:
    """Draw the share of each lifecycle stage over time."""
    return _composition(recordings, "stage")


def composition_by_quadrant(recordings: Recordings) -> Drawing:
    """Draw the share of each quadrant over time."""
    return _composition(recordings, "quadrant")


def _composition(recordings: Recordings, by: Literal["stage", "quadrant"]) -> Drawing:
    """Draw the champion's shares and each arm's difference from them, customers above credit balances.

    Of more than `MOST_BLOCKS` rows of arms customers alone: with both they would not fit a sheet of paper.
    """
    customers = shares_over_time(recordings, "customers_by_cell", by)
    balances = shares_over_time(recordings, "credit_balance_by_cell", by)
    names = STAGES if by == "stage" else QUADRANTS
    columns = min(len(recordings.arms), COLUMNS)
    blocks = -(-len(recordings.arms) // columns)
    named_width = 0.1 + text_width([f"88%  {sentences.words(name)}" for name in names], 8)
    right = named_width if columns == 1 else 0.45
    around = Margins(0.6, right, across=0.75, down=0.15 if blocks == 1 else 0.75)
    first, *others = names_in_figures(recordings.arms).labels.values()
    named = [f"{first} (champion)", *(f"{label} less {first}, points" for label in others)]
    named += [""] * (blocks * columns - len(recordings.arms))
    parts = [(customers, "customers"), (balances, "credit balances")][: 2 if blocks <= MOST_BLOCKS else 1]
    each = len(parts)
    heads = [
        head
        for block in range(blocks)
        for head in (*named[block * columns : (block + 1) * columns], *[""] * columns * (each - 1))
    ]
    high = 2.5 * each * blocks
    figure, axes = panels(each * blocks, columns, high, around, sharex=True, heads=heads, after_first=named_width)
    level = [average(tables[recordings.champion]) for tables, _ in parts]
    apart = [
        {arm: paired(tables[recordings.champion], tables[arm]) * 100 for arm in recordings.others}
        for tables, _ in parts
    ]
    top = 1.08 * max(float(one["mean"].max()) for one in level) or 1.0
    ends = [one["mean"].abs() + one["half_width"].fillna(0.0) for tables in apart for one in tables.values()]
    reach = 1.08 * max([float(one.max()) for one in ends], default=0.0) or 1.0
    for i, (_, whole) in enumerate(parts):
        for k, arm in enumerate(recordings.arms):
            ax = axes[each * (k // columns) + i][k % columns]
            if arm == recordings.champion:
                _lines(ax, level[i], names, True, (0.0, top), lambda share: f"{share * 100:.0f}%")
                ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            else:
                _lines(ax, apart[i][arm], names, False, (-reach, reach), _points_text)
                ax.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
                ax.yaxis.set_major_formatter(FuncFormatter(lambda points, _: sentences.signed(points, "{:g}".format)))
                ax.tick_params(labelleft=k == 1 or k % columns == 0)
            mark_eras(ax, recordings.eras)
            axis_label(
                ax, "" if i < each - 1 else "months from the start", f"share of {whole}" if k % columns == 0 else ""
            )
    for i in range(each):
        hide(axes[each * (blocks - 1) + i][(len(recordings.arms) - 1) % columns + 1 :])
    finding = sentences.composition_finding(recordings, customers, FOCUS[by])
    note = (
        f"Share of each {by} in all customers"
        f"{' (above) and in all credit balances (below)' if each == 2 else ''} at the end of each month: the "
        "champion's, then how far each other arm's is from it, in points, paired and on one scale. "
        "Average over replications; the light band is its 95% interval."
    )
    note = f"{note} {eras_note(recordings.eras)}".rstrip()
    return Drawing(f"composition_by_{by}", finding, note, figure)


def _points_text(points: float) -> str:
    return sentences.signed(points, "{:.1f}".format)


def _lines(
    ax: Axes,
    averages: pd.DataFrame,
    names: tuple[str, ...],
    name_them: bool,
    limits: tuple[float, float],
    written: Callable[[float], str],
) -> None:
    """Draw a line per stage or quadrant with its interval; its last value is `written` at its end."""
    ends: dict[str, float] = {}
    for name, dashes in zip(names, DASHES, strict=True):
        part = averages.loc[name]
        x = part.index.to_numpy(dtype=np.float64) + 1.0
        mean, half_width = part["mean"].to_numpy(), part["half_width"].to_numpy()
        edge = [patheffects.withStroke(linewidth=3.0, foreground="#8A8200")] if name == "acquisition" else []
        ax.plot(x, mean, color=COLOURS[name], linewidth=2.0, linestyle=dashes, path_effects=edge)
        if np.isfinite(half_width).all():
            band = np.concatenate([mean - half_width, (mean + half_width)[::-1]])
            ax.fill(np.concatenate([x, x[::-1]]), band, color=COLOURS[name], alpha=0.25, linewidth=0)
        ends[name] = float(mean[-1])
    texts = {name: written(end) + (f"  {sentences.words(name)}" if name_them else "") for name, end in ends.items()}
    end_labels(ax, float(x[-1]), ends, texts, gap=0.085 * (limits[1] - limits[0]))
    ax.set_xlim(0.0, float(x[-1]))
    ax.set_ylim(*limits)
    ax.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(12 if x[-1] <= 72 else 24))


class _Points(NamedTuple):
    """People on the plane: true risk, true return, recorded quadrant."""

    risk: FloatArray
    margin: FloatArray
    quadrant: npt.NDArray[np.str_]


def risk_return_plane(recordings: Recordings) -> Drawing:
    """Draw a sample of customers by risk and return: at the start, at the end, and at the end of the furthest arm."""
    customers = shares_over_time(recordings, "customers_by_cell", "quadrant")
    champion = recordings.champion
    arm = sentences.furthest(sentences.plane_differences(recordings, customers), sentences.points)
    shown = [champion, *([arm] if arm else [])]
    views = [(champion, -1), *((arm, 1) for arm in shown)]
    points = [_points(recordings, arm, when) for arm, when in views]
    splits = recordings.splits or _splits(points)
    margins = np.concatenate([part.margin for part in points])
    low, high = np.quantile(margins, [0.005, 0.985])
    beyond = 0.12 * (high - low)
    labels = names_in_figures(recordings.arms).labels
    ends = [f"at the end, {labels[arm]}{' (champion)' * (arm == champion)}" for arm in shown]
    figure, (row,) = panels(1, len(views), 3.4, Margins(0.7), True, True, ["at the start", *ends])
    shares = {arm: average(customers[arm])["mean"] for arm in shown}
    for ax, (arm, when), part in zip(row, views, points, strict=True):
        _scatter(ax, part, splits)
        money = f"margin before loss, {recordings.currency} a year"
        axis_label(ax, "chance of default in 12 months, log scale", money if ax is row[0] else "")
        ax.set_ylim(low - beyond, high + beyond)
        months = shares[arm].index.get_level_values(1)
        for name in QUADRANTS:
            start, now = float(shares[arm][(name, -1)]), float(shares[arm][(name, months.max())])
            _corner(ax, name, start if when == -1 else now, None if when == -1 else now - start)
    outside = float(np.mean((margins < low - beyond) | (margins > high + beyond)))
    across = float(np.mean(np.concatenate([_other_side(part, splits) for part in points])))
    note = (
        "Each point is a customer of one replication (a sample): true risk and return, coloured by recorded "
        "quadrant. Lines are the splits"
        + ("" if recordings.splits else ", placed where they part the recorded quadrants best")
        + f"; {across:.0%} of the points lie across a line from their quadrant, {outside:.1%} outside "
        "the picture. Shares are of all customers, averaged over replications; in brackets the change from "
        "the start in points."
    )
    return Drawing("risk_return_plane", sentences.plane_finding(recordings, customers), note, figure)


def _points(recordings: Recordings, arm: str, when: int) -> _Points:
    """Take the sample of an arm's first replication, at the start (-1) or at the end (1)."""
    parts = []
    for measure in ("plane_risk", "plane_return"):
        rows = recordings.of(measure)
        rows = rows[(rows["arm"] == arm)]
        rows = rows[rows["replication"] == rows["replication"].min()]
        month = rows["month"].min() if when == -1 else rows["month"].max()
        parts.append(rows[rows["month"] == month].set_index("a")[["b", "value"]])
    both = parts[0].join(parts[1]["value"].rename("margin"), how="inner")
    risk = np.maximum(both["value"].to_numpy(dtype=np.float64), LEAST_RISK)
    return _Points(risk, both["margin"].to_numpy(dtype=np.float64), both["b"].to_numpy(dtype=np.str_))


def _splits(points: list[_Points]) -> tuple[float, float]:
    """Find the two lines that part the recorded quadrants with the fewest points across."""
    risk = np.concatenate([part.risk for part in points])
    margin = np.concatenate([part.margin for part in points])
    quadrant = np.concatenate([part.quadrant for part in points])
    return (
        _threshold(risk, np.char.startswith(quadrant, "high_risk")),
        _threshold(margin, np.char.endswith(quadrant, "high_return")),
    )


def _threshold(values: FloatArray, is_high: npt.NDArray[np.bool_]) -> float:
    """Threshold with the fewest high ones below and low ones above it, midway between two values."""
    order = np.argsort(values, kind="stable")
    ordered, high = values[order], is_high[order]
    wrong = np.concatenate([[0], np.cumsum(high)]) + np.concatenate([np.cumsum(~high[::-1])[::-1], [0]])
    best = int(np.argmin(wrong))
    return float(ordered[max(best - 1, 0) : best + 1].mean())


def _other_side(part: _Points, splits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    risky = np.char.startswith(part.quadrant, "high_risk")
    rich = np.char.endswith(part.quadrant, "high_return")
    across: npt.NDArray[np.bool_] = ((part.risk >= splits[0]) != risky) | ((part.margin >= splits[1]) != rich)
    return across


def _scatter(ax: Axes, part: _Points, splits: tuple[float, float]) -> None:
    for name in QUADRANTS:
        here = part.quadrant == name
        ax.plot(
            part.risk[here],
            part.margin[here],
            "o",
            color=COLOURS[name],
            markersize=2.4,
            markeredgewidth=0,
            alpha=0.6,
            rasterized=True,
        )
    ax.axvline(splits[0], color=INK, linewidth=0.9)
    ax.axhline(splits[1], color=INK, linewidth=0.9)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g}%"))
    ax.xaxis.set_minor_locator(NullLocator())


def _corner(ax: Axes, name: str, share: float, change: float | None) -> None:
    """Write a quadrant's name and share in its corner of the panel."""
    right, up = name.startswith("high_risk"), name.endswith("high_return")
    moved = "" if change is None else f" ({sentences.signed(change, lambda value: f'{value * 100:.1f}')})"
    ax.text(
        0.985 if right else 0.015,
        0.985 if up else 0.015,
        f"{sentences.words(name)}\n{share * 100:.1f}%{moved}",
        transform=ax.transAxes,
        ha="right" if right else "left",
        va="top" if up else "bottom",
        fontsize=7.5,
        fontweight="bold",
        color=TEXT_COLOURS[name],
        bbox=BEHIND,
    )


def migration_matrix(recordings: Recordings) -> Drawing:
    """Draw where customers are 12 months on: the champion's matrix, then each arm's difference from it."""
    chances = migration(recordings)
    apart = months_apart(recordings.of("migration/quadrant/true/heads"))
    champion = recordings.champion
    level = average(chances[champion])
    differences = {arm: paired(chances[champion], chances[arm]) for arm in recordings.others}
    columns = 2 if len(recordings.arms) in (2, 4) else min(len(recordings.arms), 3)
    rows = -(-len(recordings.arms) // columns)
    first, *others = names_in_figures(recordings.arms).labels.values()
    heads = [f"{first} (champion), % of the row", *(f"{label}, difference in points" for label in others)]
    figure, axes = panels(
        rows, columns, min(3.1, 14.6 / rows) * rows, Margins(1.0, bottom=0.65, down=0.95), heads=heads
    )
    flat = [ax for row in axes for ax in row]
    reach = max([float(np.nanmax(np.abs(d["mean"].to_numpy()))) for d in differences.values()] or [0.0]) or 1.0
    for k, arm in enumerate(recordings.arms):
        ax = flat[k]
        if arm == champion:
            _matrix(ax, level, None)
        else:
            _matrix(ax, differences[arm], reach)
        ax.tick_params(labelleft=k % columns == 0)
        axis_label(ax, f"quadrant {apart} months on", "quadrant today" if k % columns == 0 else "")
    hide(flat[len(recordings.arms) :])
    note = (
        "Share of the customers of each quadrant (row) who are in each quadrant later (column), "
        "years pooled, average over replications. Differences within chance (95% interval covers 0) are grey."
    )
    return Drawing("migration_matrix", sentences.migration_finding(recordings, chances, apart=apart), note, figure)


def _matrix(ax: Axes, averages: pd.DataFrame, reach: float | None) -> None:
    """Draw one matrix; `reach` is the end of the colour scale of differences, None for levels."""
    origins, targets = [*QUADRANTS, "new"], [*QUADRANTS, "left"]
    mean = averages["mean"].unstack().reindex(index=origins, columns=targets).to_numpy(dtype=np.float64)
    half_width = averages["half_width"].unstack().reindex(index=origins, columns=targets).to_numpy(dtype=np.float64)
    scale = Normalize(0.0, 1.15) if reach is None else TwoSlopeNorm(0.0, -1.6 * reach, 1.6 * reach)
    edges = np.arange(len(origins) + 1) - 0.5
    ax.pcolormesh(
        edges, edges, mean, cmap="Blues" if reach is None else "PuOr_r", norm=scale, edgecolors="white", linewidth=1.5
    )
    ax.invert_yaxis()
    for (i, j), value in np.ndenumerate(mean):
        text = f"{value * 100:.1f}" if reach is None else sentences.signed(value, lambda v: f"{v * 100:.1f}")
        sure = reach is None or (abs(value) > half_width[i, j] and text != "0.0")
        colour = "white" if reach is None and value > 0.6 else (INK if sure else GREY)
        ax.text(
            j,
            i,
            "-" if np.isnan(value) else text,
            ha="center",
            va="center",
            fontsize=8,
            color=colour,
            fontweight="bold" if sure and reach is not None else "normal",
        )
    short = [_short(name) for name in origins]
    ax.set_yticks(range(len(origins)), short)
    ax.set_xticks(range(len(targets)), [_short(name) for name in targets])
    ax.spines[:].set_color(FAINT)
    for tick, name in [
        *zip(ax.get_yticklabels(), origins, strict=True),
        *zip(ax.get_xticklabels(), targets, strict=True),
    ]:
        tick.set_color(TEXT_COLOURS.get(name, INK))
        tick.set_fontsize(7.5)


def _short(name: str) -> str:
    return sentences.words(name).replace(" ", "\n").replace("new\ncustomers", "new").replace("-", " ")

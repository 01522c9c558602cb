"""Figures of what the arms do: months in each stage, attrition by cause, profit by line, effects."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tenure.experiments.analysis.intervals import Average, interval_text, number
from tenure.experiments.analysis.metric import difference_text, shown_times
from tenure.experiments.analysis.metrics import RETURNS, metrics_in
from tenure.experiments.analysis.returns import Return
from tenure.experiments.analysis.statistics import Comparison
from tenure.experiments.report import sentences
from tenure.experiments.report.effects import difference_cell, returns_of
from tenure.experiments.report.figures.names import names_in_figures
from tenure.experiments.report.figures.style import (
    BEHIND,
    COLOURS,
    COLUMNS,
    FAINT,
    GAIN,
    GREY,
    INK,
    LOSS,
    TEXT_COLOURS,
    Drawing,
    Margins,
    axis_label,
    hide,
    panels,
    spread,
    text_width,
    whisker,
)
from tenure.experiments.report.recordings import CAUSES, LINES, STAGES, Recordings
from tenure.experiments.report.tables import Tables, attrition, average, paired, profit_by_line, stage_months

MOST_METRICS = 4
"""Side by side: the numbers of more would run into those beside them."""


def months_in_stage(recordings: Recordings) -> Drawing:
    """Draw how long a new customer can expect to be in each stage, a bar per arm."""
    months = stage_months(recordings)
    arms = recordings.arms
    figure, ((ax,),) = panels(1, 1, 1.0 + 0.42 * len(arms), Margins(arms_width(recordings, arms), top=0.05))
    totals = {arm: average(table.sum(axis=1).to_frame("total")).loc["total"] for arm, table in months.items()}
    longest = max(float(total["mean"]) for total in totals.values())
    for k, arm in enumerate(arms):
        left = 0.0
        for stage in STAGES:
            width = float(months[arm][stage].mean())
            ax.barh(k, width, left=left, height=0.66, color=COLOURS[stage], edgecolor="white", linewidth=1.2)
            if width > 0.035 * longest:
                dark = stage in ("maturity", "decline")
                ax.text(
                    left + width / 2,
                    k,
                    f"{width:.1f}",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if dark else INK,
                )
            left += width
        text = interval_text(left, float(totals[arm]["half_width"]), 1)
        ax.text(left + 0.008 * longest, k, text, va="center", fontsize=8.5, color=INK)
    _stage_names(ax, months[arms[0]], longest)
    arm_ticks(ax, recordings, arms)
    ax.set_xlim(0.0, longest * 1.12)
    axis_label(ax, "expected months of a new customer")
    note = (
        "From the monthly chances of moving between stages and of leaving, all months pooled (fundamental "
        "matrix of the Markov chain). Average over replications; ± is half its 95% interval."
    )
    return Drawing("months_in_stage", sentences.stage_months_finding(recordings, months), note, figure)


def _stage_names(ax: Axes, first: pd.DataFrame, longest: float) -> None:
    """Name the stages above the segments of the first bar, moved apart where they would touch."""
    widths = [float(first[stage].mean()) for stage in STAGES]
    middles = [sum(widths[:k]) + widths[k] / 2 for k in range(len(STAGES))]
    places = spread(middles, 0.075 * longest)
    shift = max(0.0, 0.05 * longest - places[0])
    for stage, x in zip(STAGES, places, strict=True):
        ax.text(
            x + shift,
            -0.5,
            stage,
            ha="center",
            va="bottom",
            fontsize=8.5,
            fontweight="bold",
            color=TEXT_COLOURS[stage],
        )


def attrition_by_cause(recordings: Recordings) -> Drawing:
    """Draw which share of customers leaves in a year, in all and by cause, a dot per arm."""
    rates = attrition(recordings)
    wide = {arm: table.assign(all=table.sum(axis=1))[["all", *CAUSES]] * 100 for arm, table in rates.items()}
    around = Margins(arms_width(recordings, recordings.arms))
    heads = ["all causes", *map(sentences.words, CAUSES)]
    figure, axes = panels(1, len(heads), 0.9 + 0.36 * len(recordings.arms), around, sharey=True, heads=heads)
    top = max(float((table.mean() + 0.0).max()) for table in wide.values())
    for ax, cause in zip(axes[0], ["all", *CAUSES], strict=True):
        for k, arm in enumerate(recordings.arms):
            mean, half_width = average(wide[arm]).loc[cause]
            whisker(ax, mean - half_width, mean, mean + half_width, k)
            side, across = (8, "left") if mean < 0.6 * top else (-8, "right")
            ax.annotate(
                f"{mean:.1f}",
                (mean, k),
                xytext=(side, 0),
                textcoords="offset points",
                va="center",
                ha=across,
                fontsize=8.5,
                color=INK,
            )
        ax.axvline(
            float(wide[recordings.champion][cause].mean()),
            color=GREY,
            linewidth=0.8,
            linestyle=(0, (3, 3)),
            zorder=1,
        )
        ax.set_xlim(0.0, top * 1.08)
        axis_label(ax, "% a year")
    arm_ticks(axes[0][0], recordings, recordings.arms)
    note = (
        "Customers who leave in a year as a share of the customers at risk, whole run. Dots are averages "
        "over replications, lines their 95% intervals (often shorter than the dot); dashed is the champion."
    )
    return Drawing("attrition_by_cause", sentences.attrition_finding(recordings, rates), note, figure)


def profit_and_loss(recordings: Recordings) -> Drawing:
    """Draw profit by ledger line: the champion's level, then each arm's difference from it."""
    lines = profit_by_line(recordings)
    names = [*LINES, "closing_value", "profit"]
    whole: Tables = {arm: table.assign(profit=table.sum(axis=1))[names] for arm, table in lines.items()}
    champion = recordings.champion
    columns = min(len(recordings.arms), COLUMNS)
    rows = -(-len(recordings.arms) // columns)
    labels = [sentences.words(name) for name in names]
    first, *others = names_in_figures(recordings.arms).labels.values()
    heads = [f"{first} (champion)", *(f"{label} less {first}" for label in others)]
    around = Margins(0.1 + text_width(labels, 8.5, bold=True), bottom=0.62)
    high = rows * min(4.4, 14.0 / rows)  # of many, all on a sheet of paper
    figure, axes = panels(rows, columns, high, around, sharey=True, heads=heads)
    flat = [ax for row in axes for ax in row]
    places = [float(k) + 0.5 * (name == "closing_value") + 1.0 * (name == "profit") for k, name in enumerate(names)]
    _bars(flat[0], average(whole[champion]), places, None)
    axis_label(flat[0], f"{recordings.currency} per customer at the start, discounted")
    differences = {arm: paired(whole[champion], whole[arm]) for arm in recordings.others}
    reach = max([float((d["mean"].abs() + d["half_width"].fillna(0.0)).max()) for d in differences.values()] or [0.0])
    for ax, arm in zip(flat[1:], recordings.others, strict=False):
        _bars(ax, differences[arm], places, reach or 1.0)
        axis_label(ax, f"{recordings.currency}, difference")
    hide(flat[len(recordings.arms) :])
    flat[0].set_yticks(places, labels)
    flat[0].set_ylim(max(places) + 0.6, -0.6)
    for left in (row[0] for row in axes):
        left.tick_params(axis="y", labelsize=8.5, length=0)
        for label in left.get_yticklabels():
            label.set_color(INK)
            label.set_fontweight("bold" if label.get_text() == "profit" else "normal")
    note = (
        f"Whole run, discounted, {recordings.currency} per customer at the start, signed from the institution's view. "
        "The closing value (expected loss and future margin of those who remain) is a bar of its own. Whiskers are "
        "95% intervals, each alone; the bars add up to profit."
    )
    return Drawing("profit_and_loss", sentences.profit_finding(recordings, lines), note, figure)


def _bars(ax: Axes, averages: pd.DataFrame, places: Sequence[float], reach: float | None) -> None:
    """Draw a bar per line; `reach` is the end of a shared scale of differences, None for its own."""
    means, half_widths = averages["mean"].to_numpy(), averages["half_width"].to_numpy()
    extent = reach if reach is not None else float(np.abs(means).max()) or 1.0
    for name, mean, half_width, y in zip(averages.index, means, half_widths, places, strict=True):
        colour = GAIN if mean >= 0 else LOSS
        look = "////" if name == "closing_value" else ""
        ax.barh(
            y,
            mean,
            height=0.7,
            color="white" if look else colour,
            edgecolor=colour,
            hatch=look,
            linewidth=1.0,
        )
        edge = mean
        if reach is not None and np.isfinite(half_width):
            ax.plot([mean - half_width, mean + half_width], [y, y], color=INK, linewidth=1.2)
            edge = mean + np.sign(mean) * half_width
        text = sentences.signed(mean, lambda v: f"{v:,.1f}") if reach is not None else number(mean, 1)
        ax.annotate(
            text,
            (edge, y),
            xytext=(4 if mean >= 0 else -4, 0),
            textcoords="offset points",
            va="center",
            ha="left" if mean >= 0 else "right",
            fontsize=8,
            color=INK,
            fontweight="bold" if name == "profit" else "normal",
        )
    ax.axvline(0.0, color=INK, linewidth=0.8)
    ax.axhline(float(places[-2]) - 0.75, color=FAINT, linewidth=0.8)
    ax.axhline(float(places[-1]) - 0.75, color=FAINT, linewidth=0.8)
    if reach is None:
        ax.set_xlim(min(float(means.min()), 0.0) - 0.6 * extent, max(float(means.max()), 0.0) + 0.5 * extent)
    else:
        ax.set_xlim(-2.0 * extent, 2.0 * extent)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, prune="both"))  # numbers of neighbours must not touch


def effects(recordings: Recordings) -> Drawing:
    """Draw each metric's difference from the champion with its interval and verdict, a dot per arm."""
    shown = [name for name in recordings.metrics if name in RETURNS or _rows(recordings, name)]
    metrics = metrics_in(recordings.currency)
    heads = ["\n".join(line for line in metrics[name].headline if line != metrics[name].unit) for name in shown]
    around = Margins(arms_width(recordings, recordings.others))
    rows = -(-len(shown) // MOST_METRICS) or 1
    columns = -(-len(shown) // rows)
    around = around._replace(down=0.85, across=0.3)
    high = rows * (0.3 + 0.46 * max(len(recordings.others), 1)) + (rows - 1) * around.down + 0.75
    figure, axes = panels(rows, columns, high, around, sharey=True, heads=heads)
    flat = [ax for row in axes for ax in row]
    for ax, name in zip(flat, shown, strict=False):
        metric = metrics[name]
        if name in RETURNS:
            _returns_panel(ax, recordings, returns_of(recordings, metric))
            continue
        times = shown_times(metric)
        rows_of = {apart.arm: apart for apart in _rows(recordings, name)}
        texts = {
            arm: f"{difference_text(metric, apart.apart)}  {difference_cell(metric, apart).sign}".rstrip()
            for arm, apart in rows_of.items()
        }
        arm_dots(ax, recordings.others, {arm: one.apart.times(times) for arm, one in rows_of.items()}, texts)
        axis_label(ax, f"difference, {'points' if metric.unit == '%' else metric.unit}")
    hide(flat[len(shown) :])
    for row in axes:
        arm_ticks(row[0], recordings, recordings.others)
    note = (
        f"Difference from {recordings.champion}, average over paired replications; lines are 95% intervals "
        f"that hold for all arms at once ({recordings.currency} back per {recordings.currency}: for each arm alone, 1 "
        "means that the money just came back; - where that is not said). ▲ better  ▼ worse  ≈ equal  ? undecided."
    )
    return Drawing("effects", sentences.effects_title(recordings), note, figure)


def _rows(recordings: Recordings, metric: str) -> list[Comparison]:
    return [c for c in recordings.comparisons if c.metric == metric and c.arm in recordings.others]


def _returns_panel(ax: Axes, recordings: Recordings, returns: dict[str, Return]) -> None:
    known = {arm: one.ratio for arm, one in returns.items() if one.ratio is not None}
    texts = {arm: number(known[arm].value, 2) if arm in known else "-" for arm in recordings.others}
    values = {arm: Average(one.value, one.low, one.high) for arm, one in known.items()}
    arm_dots(ax, recordings.others, values, texts, around=1.0)
    axis_label(ax, f"{recordings.currency} per extra {recordings.currency}")


def arm_dots(
    ax: Axes, arms: Sequence[str], values: Mapping[str, Average], texts: Mapping[str, str], around: float = 0.0
) -> None:
    """Draw a dot with its interval for each arm, downwards, its text above it, and the line of no difference.

    Parameters
    ----------
    values : mapping
        Arm to where its dot lies; one without has its text alone, on the line.
    around : float
        Where the line of no difference lies.
    """
    for k, arm in enumerate(arms):
        value = values.get(arm, Average(np.nan, np.nan, np.nan))
        if np.isfinite(value.mean):
            whisker(ax, value.low, value.mean, value.high, k)
        if arm in texts:
            _above(ax, texts[arm], value.mean if np.isfinite(value.mean) else around, k)
    ax.axvline(around, color=INK, linewidth=0.9, zorder=1)
    _widen(ax, around, text_width(texts.values(), 8.5) if texts else 0.0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, prune="both"))  # numbers of neighbours must not touch


def _above(ax: Axes, text: str, x: float, y: float) -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
        color=INK,
        bbox=BEHIND,
    )


def _widen(ax: Axes, around: float, inches: float) -> None:
    """Leave space for labels so wide above the outermost dots, and keep the line of no difference in sight."""
    ax.margins(0.0)
    low, high = ax.get_xlim()
    low, high = min(low, around), max(high, around)
    each, wide = inches / 2 + 0.06, ax.bbox.width / ax.figure.dpi
    margin = each / max(wide - 2 * each, 0.25 * wide) * ((high - low) or 1.0)
    ax.set_xlim(low - margin, high + margin)


def _arm_names(recordings: Recordings, arms: Sequence[str]) -> list[str]:
    labels = names_in_figures(recordings.arms).labels
    return [labels[arm] + " (champion)" * (arm == recordings.champion) for arm in arms]


def arms_width(recordings: Recordings, arms: Sequence[str]) -> float:
    """Inches that `arm_ticks` needs left of the axis."""
    return 0.2 + text_width(_arm_names(recordings, arms) or [""], 9)


def arm_ticks(ax: Axes, recordings: Recordings, arms: Sequence[str]) -> None:
    """List the arms downwards on the y axis."""
    ax.set_yticks(range(len(arms)), _arm_names(recordings, arms))
    ax.set_ylim(len(arms) - 0.45, -0.85)
    ax.tick_params(axis="y", labelsize=9, length=0)
    for label in ax.get_yticklabels():
        label.set_color(INK)

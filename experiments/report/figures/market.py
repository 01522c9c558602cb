"""Figures of the market: who has what over time, who takes whom from whom, and how long new customers stay.

Each draws the champion's market as it is, and beside it what every other arm alters of our place.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import FuncFormatter, MultipleLocator, PercentFormatter

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.market.standing import products_entered
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.report.figures.effects import arm_dots, arm_ticks, arms_width
from tenure.experiments.report.figures.eras import eras_note, mark_eras
from tenure.experiments.report.figures.names import Names, drawn_in, key_of, names_in_figures
from tenure.experiments.report.figures.style import (
    BEHIND,
    GREY,
    INK,
    Drawing,
    Margins,
    axis_label,
    end_labels,
    panels,
    text_width,
)
from tenure.experiments.report.labels import told_apart
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.report.sections.arms.place import (
    NOBODY,
    PER,
    Beside,
    followed,
    moves_of,
    our_place,
    places_in,
    taken_finding,
)
from tenure.experiments.report.sections.cycles import CohortCurve, curves_of, cycle_finding, horizon_of
from tenure.experiments.report.sections.market import shares_finding
from tenure.experiments.report.tables import average

RIVALS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
"""Colours of rivals in their order, ours is that of the text: Okabe & Ito (2008), told apart by the colour-blind."""
DASHES = ((0, (6, 1.2)), (0, (3, 1.2)), (0, (1, 1)), (0, (6, 1.2, 1, 1.2)), (0, (3, 1, 1, 1, 1, 1)), (0, (9, 3)))
"""Of rivals in their order, ours is drawn through: told apart without colour."""
Dashes = str | tuple[int, tuple[float, ...]]
COHORTS: tuple[tuple[str, Dashes], ...] = ((INK, "-"), ("#0072B2", (0, (3, 1.2))))
"""Look of the first and of the last year of joining."""
FLAT = 0.5
"""An axis begins above 0 where all values are more than this share of the largest."""
MOST_LETTERS = 14
"""Of an institution beside its line."""
HIGH = 0.36
"""Inches for the dot of an arm and its text."""


def market_over_time(recordings: Recordings) -> Drawing:
    """Draw shares of customers, what customers pay and what new ones cost under the champion; below, arms beside it.

    Raises
    ------
    NotRecordedError
        If the market was not recorded.
    """
    champion, names, things = recordings.champion, _names(recordings), followed(recordings.currency)
    apart = {one.name: one for one in our_place(recordings)}
    cut = dict(zip(names.labels, told_apart(names.labels.values(), MOST_LETTERS).values(), strict=True))
    right = 0.15 + text_width([f"1,000  {label}" for label in cut.values()], 8)
    rows = 2 if apart else 1
    highs = [2.1, HIGH * len(recordings.others) + 0.2][:rows]
    left = max(0.6, arms_width(recordings, recordings.others)) if apart else 0.6
    around = Margins(left, right, across=right + 0.35, down=0.85)
    high = sum(highs) + around.top + around.bottom + around.down * (rows - 1)
    heads = [*(one.label for one in things), *(f"ours, less {_champion(recordings)}" for _ in things)]
    with _in_fonts(recordings, names):
        figure, axes = panels(rows, len(things), high, around, heads=heads[: rows * len(things)], ratios=highs)
        for ax, one in zip(axes[0], things, strict=True):
            table = one.by_month(recordings, champion) * one.times
            _lines(ax, table, cut, "%" if one.times != 1.0 else "")
            mark_eras(ax, recordings.eras)
            if ax is axes[0][0]:
                _mark_entries(ax, recordings, names)
            axis_label(ax, "months from the start")
        if apart:
            _dots(axes[1], recordings, [apart[one.name] for one in things])
    note = (
        f"Above, under {champion}: share of each institution in all customers at the end of each month; interest, fees "
        "and margin on deposits per customer, and money for channels per customer who joined, over the twelve months "
        "before; averages over replications, light bands are 95% intervals."
    )
    note += _below("at the end of the run", "Below") if apart else ""
    note = f"{note} {key_of(names, ' '.join(names.labels.values()))}".rstrip()
    note = f"{note} {_entries_note(recordings)}{eras_note(recordings.eras)}"
    return Drawing("market_over_time", shares_finding(recordings), note.rstrip(), figure)


def who_takes_whom(recordings: Recordings) -> Drawing:
    """Draw from whom (rows) customers go to whom (columns) under the champion; beside it, what arms alter for us.

    Raises
    ------
    NotRecordedError
        If the market was not recorded.
    """
    names, places = _names(recordings), places_in(recordings)
    labels = [*(names.labels[name] for name in recordings.institutions), NOBODY]
    apart = [one for one in our_place(recordings) if one.name in ("lost", "won")]
    table = average(moves_of(recordings, recordings.champion))["mean"].unstack().reindex(index=places, columns=places)
    left = 0.35 + text_width(labels, 8)
    spare = arms_width(recordings, recordings.others) if apart else 0.0
    high = max(0.42 * len(places), HIGH * len(recordings.others) + 0.2) + 1.15
    heads = [f"{_champion(recordings)} (champion)", *(f"{one.head[0]}, less {_champion(recordings)}" for one in apart)]
    with _in_fonts(recordings, names):
        around = Margins(left, right=0.2, bottom=0.85, across=0.3)
        figure, axes = panels(1, 1 + len(apart), high, around, heads=heads, after_first=spare)
        ax = axes[0][0]
        _heat(ax, table.to_numpy(np.float64))
        ax.set_xticks(range(len(places)), labels, rotation=30, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(places)), labels)
        ax.tick_params(length=0, labelsize=8)
        axis_label(ax, "to", "from")
        _dots(axes[0][1:], recordings, apart)
    note = (
        f"People a year per {PER:,.0f} customers of all institutions under {recordings.champion}, from (rows) and to "
        "(columns) each of them. Nobody: who is without a provider, or has just entered the market. Those who leave "
        "for good are not shown. Averages over replications."
    )
    note += _below("of 100 customers of ours a year", "Right") if apart else ""
    note = f"{note} {key_of(names, ' '.join(labels))}"
    return Drawing("who_takes_whom", taken_finding(recordings), note.rstrip(), figure)


def cycle_by_cohort(recordings: Recordings) -> Drawing:
    """Draw how long it takes from joining to decline or leaving, of the first and the last year; beside it, the arms.

    Raises
    ------
    NotRecordedError
        If no cohorts were recorded, or nobody joined.
    """
    every = curves_of(recordings)
    curves = [one for one in every if one.followed > 0]
    own = [one for one in curves if one.arm == recordings.champion]
    if not own:
        raise NotRecordedError("nobody who joined was followed for a month")
    horizon = horizon_of(curves)
    compared = [one for one in own if horizon is not None and one.followed >= horizon] or own
    drawn = [compared[0], compared[-1]] if len(compared) > 1 else compared
    apart = [one for one in our_place(recordings) if one.name == "cycle"]
    spare = arms_width(recordings, recordings.others) if apart else 0.0
    high = max(3.1, HIGH * len(recordings.others) + 1.0)
    heads = [f"{_champion(recordings)} (champion)"]
    heads += [f"declined or left by month {horizon}, less {_champion(recordings)}" for _ in apart]
    around = Margins(0.7, 0.2 if apart else 0.8, across=0.7)
    figure, axes = panels(1, 1 + len(apart), high, around, heads=heads, after_first=spare + 0.7 if apart else 0.0)
    ax = axes[0][0]
    for one, look in zip(drawn, COHORTS, strict=False):
        _curve(ax, one, *look)
    ax.set_ylim(0.0, 1.02)
    ax.set_xlim(0.0, max(one.followed for one in drawn))
    ends = {f"{one.year}": float(one.still[:, one.followed].mean()) for one in drawn}
    for (year, y), one in zip(ends.items(), drawn, strict=True):
        first = one is drawn[0]
        ax.annotate(
            f"year {year}",
            (one.followed, y),
            xytext=(5, 0) if first else (-4, -5),
            textcoords="offset points",
            ha="left" if first else "right",
            va="center" if first else "top",
            fontsize=8,
            color=COHORTS[0 if first else 1][0],
            bbox=BEHIND,
            annotation_clip=False,
        )
    if horizon is not None:
        ax.axvline(horizon, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.xaxis.set_major_locator(MultipleLocator(12))
    axis_label(ax, "months since joining", "neither declined nor left")
    _dots(axes[0][1:], recordings, apart)
    note = (
        f"Share of new customers who have neither declined nor left so long after joining, under "
        f"{recordings.champion}, by year of joining: product-limit estimate (Kaplan-Meier) of each run, average over "
        "replications; light bands are 95% intervals. Each line ends where its last customer was last seen in some run"
        f"{f'; the years are compared at {horizon} months' if horizon is not None else ''}."
    )
    note += _below(f"of those who joined in year {drawn[-1].year}", "Right") if apart else ""
    return Drawing("cycle_by_cohort", cycle_finding(recordings, every), note, figure)


def _below(when: str, where: str) -> str:
    return f" {where}, {when}, each other arm's difference, paired; lines are 95% intervals for all arms at once."


def _dots(row: Sequence[Axes], recordings: Recordings, apart: Sequence[Beside]) -> None:
    """Draw what arms alter, a panel each; the arms are named beside the first."""
    for ax, one in zip(row, apart, strict=True):
        arm_dots(ax, recordings.others, one.apart, {arm: one.text(arm) for arm in recordings.others})
        arm_ticks(ax, recordings, recordings.others)
        ax.tick_params(labelleft=ax is row[0])
        axis_label(ax, f"difference, {one.unit}")


def _champion(recordings: Recordings) -> str:
    return names_in_figures(recordings.arms).labels[recordings.champion]


def _names(recordings: Recordings) -> Names:
    """Return how institutions are written; `NotRecordedError` if the market was not recorded."""
    for measure in ("customers", "ledger", "joiners", "flows"):
        recordings.of_all(measure)
    return names_in_figures(recordings.institutions, "institution")


@contextmanager
def _in_fonts(recordings: Recordings, names: Names) -> Iterator[None]:
    """Within it, arms and institutions are drawn in fonts that have the letters of both."""
    fonts = [*names_in_figures(recordings.arms).fonts, *names.fonts]
    with drawn_in(list(dict.fromkeys(fonts))):
        yield


def _lines(ax: Axes, table: pd.DataFrame, labels: dict[str, str], sign: str) -> None:
    """Draw a line per institution with its interval, its last value and its name at its end."""
    ends: dict[str, float] = {}
    low, high = np.inf, -np.inf
    end = float(table.index.get_level_values("month").max()) + 1.0
    for place, name in enumerate(labels):
        if name not in table.columns:
            continue
        wide = table[name].unstack("month")
        x, values = wide.columns.to_numpy(np.float64) + 1.0, wide.to_numpy(np.float64)
        mean, half_width = values.mean(axis=0), t_half_widths(values)
        colour, dashes = _look(place)
        ax.plot(x, mean, color=colour, linewidth=2.2 if place == 0 else 1.7, linestyle=dashes)
        known = np.isfinite(mean)
        band = known & np.isfinite(half_width)
        ax.fill_between(
            x[band], (mean - half_width)[band], (mean + half_width)[band], color=colour, alpha=0.15, linewidth=0
        )
        if known.any():
            reach = np.nan_to_num(half_width)
            low, high = min(low, float(np.nanmin(mean - reach))), max(high, float(np.nanmax(mean + reach)))
        if known[-1]:
            ends[name] = float(mean[-1])
    texts = {name: f"{number(y, 0)}{sign}  {labels[name]}" for name, y in ends.items()}
    bottom, top = (0.95 * low if low > FLAT * high else 0.0, 1.05 * high) if high > 0.0 else (0.0, 1.0)
    ax.set_ylim(bottom, top)
    ax.set_xlim(0.0, end)
    if ends:
        end_labels(ax, end, ends, texts, gap=0.085 * (top - bottom))
    ax.xaxis.set_major_locator(MultipleLocator(12 if end <= 72 else 24))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}{sign}"))


def _mark_entries(ax: Axes, recordings: Recordings, names: Names) -> None:
    """Mark on the axis of months when an institution brings a product into its offer, on average over replications."""
    low, _ = ax.get_ylim()
    for (name, _), month in _entries(recordings).items():
        colour, _ = _look(list(names.labels).index(name))
        ax.plot(month, low, marker="^", markersize=6, color=colour, clip_on=False, zorder=4, linestyle="")


def _entries(recordings: Recordings) -> dict[tuple[str, str], float]:
    """Return institution and product -> month in which it enters the champion's market, average over replications."""
    if "posted_price" not in recordings.market:
        return {}
    keys = ["arm", "institution", "product"]
    months = products_entered(recordings.of_all("posted_price")).groupby(keys, observed=True)["month"].mean()
    return {
        (str(name), str(product)): float(month)
        for (arm, name, product), month in months.items()
        if arm == recordings.champion
    }


def _entries_note(recordings: Recordings) -> str:
    """Say what the triangles of a figure stand for; nothing where no product enters."""
    which = ", ".join(f"{product} of {name}" for name, product in _entries(recordings))
    return (
        f"Triangles mark when a product enters the offer, in the colour of its institution: {which}. " if which else ""
    )


def _look(place: int) -> tuple[str, Dashes]:
    """Return colour and dashes of an institution; ours stands first."""
    if place == 0:
        return INK, "-"
    return RIVALS[(place - 1) % len(RIVALS)], DASHES[(place - 1 + (place - 1) // len(RIVALS)) % len(DASHES)]


def _heat(ax: Axes, table: np.ndarray) -> None:
    most = max(float(np.nanmax(table)), 1e-9)
    edges, scale = np.arange(len(table) + 1) - 0.5, PowerNorm(0.5, 0.0, 1.3 * most)
    ax.pcolormesh(edges, edges, table, cmap="Blues", norm=scale, edgecolors="white", linewidth=1.2)
    ax.set_ylim(len(table) - 0.5, -0.5)
    for i, j in zip(*np.nonzero(np.isfinite(table)), strict=True):
        dark = float(scale(table[i, j])) > 0.62
        colour = "white" if dark else INK
        ax.text(j, i, number(float(table[i, j]), 1), ha="center", va="center", fontsize=8, color=colour)


def _curve(ax: Axes, one: CohortCurve, colour: str, dashes: Dashes) -> None:
    x, values = np.arange(one.followed + 1), one.still[:, : one.followed + 1]
    mean, half_width = values.mean(axis=0), t_half_widths(values)
    ax.plot(x, mean, color=colour, linewidth=1.8, linestyle=dashes)
    if np.isfinite(half_width).all():
        ax.fill_between(x, mean - half_width, mean + half_width, color=colour, alpha=0.15, linewidth=0)

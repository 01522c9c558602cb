"""Figures of the market: who has what over time, who takes whom from whom, and how long new customers stay."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import FuncFormatter, MultipleLocator, PercentFormatter

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.market.standing import (
    MONTHS,
    NOT_INSTITUTIONS,
    PAID,
    flows_between,
    market_shares,
    products_entered,
)
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.report.figures.eras import eras_note, mark_eras
from tenure.experiments.report.figures.names import Names, drawn_in, key_of, names_in_figures
from tenure.experiments.report.figures.style import (
    COLUMNS,
    GREY,
    INK,
    Drawing,
    Margins,
    axis_label,
    end_labels,
    panels,
    text_width,
)
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.report.sections.cycles import CohortCurve, curves_of, cycle_finding, horizon_of
from tenure.experiments.report.sections.market import cost_finding, flows_finding, shares_finding

RIVALS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
"""Colours of rivals in their order, ours is that of the text: Okabe & Ito (2008), told apart by the colour-blind."""
DASHES = ("-", "--", ":")
"""Of rivals beyond as many as there are colours."""
SHADES = "viridis"
"""From which lines of cohorts take their colours, the first year the darkest."""
NOBODY = "nobody"
FLAT = 0.5
"""An axis begins above 0 where all values are more than this share of the largest."""


def market_over_time(recordings: Recordings) -> Drawing:
    """Draw shares of customers, what customers pay and what new ones cost, a column per arm, a line per institution.

    Raises
    ------
    NotRecordedError
        If the market was not recorded.
    """
    arms, names = recordings.arms[:COLUMNS], _names(recordings)
    parts: list[tuple[str, Callable[[Recordings, str], pd.DataFrame], float]] = [
        ("share of customers", _shares, 100.0),
        (f"customers pay, {recordings.currency} a year", _paid, 1.0),
        (f"a new customer costs, {recordings.currency}", _costs, 1.0),
    ]
    found = [{arm: of_month(recordings, arm) for arm in arms} for _, of_month, _ in parts]
    right = 0.1 + text_width([f"1,000  {label}" for label in names.labels.values()], 8)
    around = Margins(0.75, right, across=0.5, down=0.2)
    with _in_fonts(recordings, names):
        figure, axes = panels(len(parts), len(arms), 2.1 * len(parts) + 0.6, around, True, False, _heads(recordings))
        for row, (label, _, times), tables in zip(axes, parts, found, strict=True):
            low, high = _limits([times * table for table in tables.values()])
            for k, (ax, arm) in enumerate(zip(row, arms, strict=True)):
                percent = "%" if times != 1.0 else ""
                _lines(ax, tables[arm] * times, names, (low, high), percent, k == len(arms) - 1)
                mark_eras(ax, recordings.eras)
                if row is axes[0]:
                    _mark_entries(ax, recordings, arm, names)
                axis_label(ax, "months from the start" if row is axes[-1] else "", label if k == 0 else "")
                ax.tick_params(labelleft=k == 0)
                ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _, sign=percent: f"{value:,.0f}{sign}"))
    note = (
        "Ours in black. Above: share of each institution in all customers at the end of each month. Middle and below: "
        "interest, fees and margin on deposits per customer, and money for channels per customer who joined, over the "
        f"twelve months before. Averages over replications; light bands are 95% intervals.{_left_out(recordings)} "
        f"{key_of(names, ' '.join(names.labels.values()))}"
    )
    note = f"{note.rstrip()} {_entries_note(recordings)}{eras_note(recordings.eras)}"
    finding = f"{shares_finding(recordings)}. {cost_finding(recordings)}"
    return Drawing("market_over_time", finding, note.rstrip(), figure)


def who_takes_whom(recordings: Recordings) -> Drawing:
    """Draw a panel per arm: from whom (rows) customers go to whom (columns); the darker, the more.

    Raises
    ------
    NotRecordedError
        If the market was not recorded.
    """
    arms, names = recordings.arms[:COLUMNS], _names(recordings)
    places = [*recordings.institutions, NOBODY]
    labels = [*(names.labels[name] for name in recordings.institutions), NOBODY]
    tables = {arm: _matrix(recordings, arm, places) for arm in arms}
    most = max(float(np.nanmax(table)) for table in tables.values())
    left = 0.25 + text_width(labels, 8)
    with _in_fonts(recordings, names):
        high = 0.42 * len(places) + 1.15
        figure, axes = panels(1, len(arms), high, Margins(left, bottom=0.75), True, True, _heads(recordings))
        for k, (ax, table) in enumerate(zip(axes[0], tables.values(), strict=True)):
            _heat(ax, table, max(most, 1e-9))
            ax.set_xticks(range(len(places)), labels, rotation=30, ha="right", rotation_mode="anchor")
            ax.set_yticks(range(len(places)), labels)
            ax.tick_params(length=0, labelsize=8, labelleft=k == 0)
            axis_label(ax, "to", "from" if k == 0 else "")
    note = (
        "People a year per 1,000 customers of all institutions, from (rows) and to (columns) each of them. Nobody: "
        "who is without a provider, or has just entered the market. Those who leave for good are not shown. Averages "
        f"over replications.{_left_out(recordings)} {key_of(names, ' '.join(labels))}"
    )
    return Drawing("who_takes_whom", flows_finding(recordings), note.rstrip(), figure)


def cycle_by_cohort(recordings: Recordings) -> Drawing:
    """Draw a panel per arm: how long it takes from joining to decline or leaving, a line per year of joining.

    Raises
    ------
    NotRecordedError
        If no cohorts were recorded, or nobody joined.
    """
    curves = [one for one in curves_of(recordings) if one.followed > 0]
    if not curves:
        raise NotRecordedError("nobody who joined was followed for a month")
    arms = recordings.arms[:COLUMNS]
    years = sorted({one.year for one in curves})
    ends = colormaps[SHADES](np.linspace(0.0, 0.7, max(len(years), 2)))
    colours = dict(zip(years, ends, strict=False))
    right = 0.2 + text_width(["year 10"], 8)
    figure, axes = panels(1, len(arms), 3.1, Margins(0.6, right, across=0.6), True, True, _heads(recordings))
    horizon = horizon_of(curves)
    for k, (ax, arm) in enumerate(zip(axes[0], arms, strict=True)):
        own = [one for one in curves if one.arm == arm]
        compared = [one.year for one in own if horizon is not None and one.followed >= horizon]
        banded = {compared[0], compared[-1]} if compared else {one.year for one in own}
        for one in own:
            _curve(ax, one, colours[one.year], one.year in banded)
        ax.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
        ax.set_ylim(0.0, 1.02)
        ax.set_xlim(0.0, max(one.followed for one in curves))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.xaxis.set_major_locator(MultipleLocator(12))
        axis_label(ax, "months since joining", "neither declined nor left" if k == 0 else "")
        for one in own:
            y = float(one.still[:, one.followed].mean())
            last = one.year == own[0].year
            ax.annotate(
                f"year {one.year}",
                (one.followed, y),
                xytext=(4, 0) if last else (-3, -4),
                textcoords="offset points",
                ha="left" if last else "right",
                va="center" if last else "top",
                fontsize=8,
                color=INK if one.year == own[0].year else colours[one.year],
                annotation_clip=False,
            )
    note = (
        "Share of new customers who have neither declined nor left so long after joining, by year of joining: "
        "product-limit estimate (Kaplan-Meier) of each run, average over replications; light bands are 95% intervals, "
        "of the first and the last year that are compared. "
        f"Each line ends where its last customer was last seen in some run.{_left_out(recordings)}"
    )
    return Drawing("cycle_by_cohort", cycle_finding(recordings, curves_of(recordings)), note, figure)


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


def _heads(recordings: Recordings) -> list[str]:
    labels = [names_in_figures(recordings.arms).labels[arm] for arm in recordings.arms[:COLUMNS]]
    return [f"{labels[0]} (champion)", *labels[1:]]


def _left_out(recordings: Recordings) -> str:
    more = len(recordings.arms) - COLUMNS
    return f" {more} more arms are in the tables of the market." if more > 0 else ""


def _shares(recordings: Recordings, arm: str) -> pd.DataFrame:
    customers = recordings.of_all("customers")
    return market_shares(customers[customers["arm"] == arm]).xs(arm, level="arm")


def _paid(recordings: Recordings, arm: str) -> pd.DataFrame:
    ledger, customers = recordings.of_all("ledger"), recordings.of_all("customers")
    money = _of_twelve(ledger[ledger["a"].isin(PAID)], arm)
    began = customers[customers["month"] < customers["month"].max()]
    heads = _of_twelve(began.assign(month=began["month"] + 1), arm)
    return MONTHS * money / heads.reindex_like(money).replace(0.0, np.nan)


def _costs(recordings: Recordings, arm: str) -> pd.DataFrame:
    ledger = recordings.of_all("ledger")
    spent = -_of_twelve(ledger[ledger["a"] == "acquisition"], arm)
    came = _of_twelve(recordings.of_all("joiners"), arm)
    return spent / came.reindex_like(spent).replace(0.0, np.nan)


def _of_twelve(rows: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Add up an arm's values over the twelve months up to each, rows (replication, month), a column per institution."""
    own = rows[(rows["arm"] == arm) & ~rows["institution"].isin(NOT_INSTITUTIONS)]
    keys = ["month", "replication", "institution"]
    table = own.groupby(keys, observed=True)["value"].sum().unstack(["replication", "institution"]).fillna(0.0)
    window = min(MONTHS, len(table))
    sums = table.rolling(window).sum().iloc[window - 1 :]
    return sums.stack("replication", future_stack=True).swaplevel().sort_index()


def _limits(tables: list[pd.DataFrame]) -> tuple[float, float]:
    """Return between which values the bands of all panels of a row lie: from 0 unless that would flatten them."""
    low, high = np.inf, -np.inf
    for wide in (table[name].unstack("month") for table in tables for name in table.columns):
        values = wide.to_numpy(np.float64)
        mean, half_width = values.mean(axis=0), np.nan_to_num(t_half_widths(values))
        if np.isfinite(mean).any():
            low, high = min(low, float(np.nanmin(mean - half_width))), max(high, float(np.nanmax(mean + half_width)))
    if not high > 0.0 or not np.isfinite(low):
        return 0.0, 1.0
    return (0.95 * low if low > FLAT * high else 0.0), 1.05 * high


def _lines(
    ax: Axes, table: pd.DataFrame, names: Names, limits: tuple[float, float], sign: str, name_them: bool
) -> None:
    ends: dict[str, float] = {}
    end = float(table.index.get_level_values("month").max()) + 1.0
    for place, name in enumerate(names.labels):
        if name not in table.columns:
            continue
        wide = table[name].unstack("month")
        x, values = wide.columns.to_numpy(np.float64) + 1.0, wide.to_numpy(np.float64)
        mean, half_width = values.mean(axis=0), t_half_widths(values)
        colour, dashes = _look(place)
        ax.plot(x, mean, color=colour, linewidth=2.2 if place == 0 else 1.7, linestyle=dashes)
        known = np.isfinite(mean) & np.isfinite(half_width)
        low, high = (mean - half_width)[known], (mean + half_width)[known]
        ax.fill_between(x[known], low, high, color=colour, alpha=0.15, linewidth=0)
        if np.isfinite(mean[-1]):
            ends[name] = float(mean[-1])
    texts = {name: number(y, 0) + sign + (f"  {names.labels[name]}" if name_them else "") for name, y in ends.items()}
    ax.set_ylim(*limits)
    ax.set_xlim(0.0, end)
    if ends:
        end_labels(ax, end, ends, texts, gap=0.085 * (limits[1] - limits[0]))
    ax.xaxis.set_major_locator(MultipleLocator(12))


def _mark_entries(ax: Axes, recordings: Recordings, arm: str, names: Names) -> None:
    """Mark on the axis of months when an institution brings a product into its offer, on average over replications."""
    entered = _entries(recordings)
    low, _ = ax.get_ylim()
    for (name, _), month in entered[arm].items() if arm in entered else ():
        colour, _ = _look(list(names.labels).index(name))
        ax.plot(month, low, marker="^", markersize=6, color=colour, clip_on=False, zorder=4, linestyle="")


def _entries(recordings: Recordings) -> dict[str, dict[tuple[str, str], float]]:
    """Return arm -> institution and product -> month in which it enters the offer, on average over replications."""
    found: dict[str, dict[tuple[str, str], float]] = {}
    if "posted_price" in recordings.market:
        keys = ["arm", "institution", "product"]
        months = products_entered(recordings.of_all("posted_price")).groupby(keys, observed=True)["month"].mean()
        for (arm, name, product), month in months.items():
            found.setdefault(str(arm), {})[(str(name), str(product))] = float(month)
    return found


def _entries_note(recordings: Recordings) -> str:
    """Say what the triangles of a figure stand for; nothing where no product enters."""
    told = [key for entered in _entries(recordings).values() for key in entered]
    which = ", ".join(f"{product} of {name}" for name, product in dict.fromkeys(told))
    return (
        f"Triangles mark when a product enters the offer, in the colour of its institution: {which}. " if told else ""
    )


def _look(place: int) -> tuple[str, str]:
    """Return colour and dashes of an institution; ours stands first."""
    if place == 0:
        return INK, "-"
    return RIVALS[(place - 1) % len(RIVALS)], DASHES[(place - 1) // len(RIVALS) % len(DASHES)]


def _matrix(recordings: Recordings, arm: str, places: list[str]) -> np.ndarray:
    """Return people a year per 1,000 customers, from rows to columns; nan where one cannot go."""
    flows, customers = recordings.of_all("flows"), recordings.of_all("customers")
    own = flows[flows["arm"] == arm]
    served = customers[(customers["arm"] == arm) & ~customers["institution"].isin(NOT_INSTITUTIONS)]
    years = served[served["month"] < served["month"].max()]["value"].sum() / MONTHS
    sums = flows_between(own).groupby(level=["from", "to"]).sum()
    table = np.full((len(places), len(places)), np.nan)
    for i, origin in enumerate(places):
        for j, to in enumerate(places):
            if i != j:
                table[i, j] = 1000.0 * float(sums.get((origin, to), 0.0)) / max(years, 1e-9)
    return table


def _heat(ax: Axes, table: np.ndarray, most: float) -> None:
    edges, scale = np.arange(len(table) + 1) - 0.5, PowerNorm(0.5, 0.0, 1.3 * most)
    ax.pcolormesh(edges, edges, table, cmap="Blues", norm=scale, edgecolors="white", linewidth=1.2)
    ax.set_ylim(len(table) - 0.5, -0.5)
    for i, j in zip(*np.nonzero(np.isfinite(table)), strict=True):
        dark = float(scale(table[i, j])) > 0.62
        ax.text(
            j, i, number(float(table[i, j]), 1), ha="center", va="center", fontsize=8, color="white" if dark else INK
        )


def _curve(ax: Axes, one: CohortCurve, colour: np.ndarray, banded: bool) -> None:
    x, values = np.arange(one.followed + 1), one.still[:, : one.followed + 1]
    mean, half_width = values.mean(axis=0), t_half_widths(values)
    ax.plot(x, mean, color=colour, linewidth=1.8, drawstyle="steps-post")
    if banded and np.isfinite(half_width).all():
        ax.fill_between(x, mean - half_width, mean + half_width, color=colour, alpha=0.18, lw=0, step="post")

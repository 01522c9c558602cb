"""The efficient frontier over all arms: return against risk, and value against the money spent on treatment."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.report.figures.labels import label_dots
from tenure.experiments.report.figures.names import names_in_figures
from tenure.experiments.report.figures.style import COLOURS, FAINT, GREY, INK, Drawing, Margins, axis_label, panels
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.report.sentences import few
from tenure.experiments.report.tables import against_champion, average, average_of, metric_values

RETURN, RISK, SPEND = "profit_per_customer", "volatility_of_profit", "treatment_spend_per_customer"
BEST = COLOURS["maturity"]
DOMINATED = "#9A9A9A"


class ArmPoint(NamedTuple):
    """Where an arm lies: what it takes (risk or money), and what it gives (profit)."""

    takes: Average
    gives: Average


def efficient(places: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return who is not beaten: nobody takes as little and gives as much, and less or more in one of the two.

    Parameters
    ----------
    places : mapping
        Name to what it takes (less is better) and what it gives (more is better).

    Returns
    -------
    list of str
        From the one that takes least.

    >>> efficient({"a": (0.0, 0.0), "b": (1.0, 2.0), "c": (2.0, 1.0), "d": (1.0, 1.5)})
    ['a', 'b']
    """
    kept = [
        name
        for name, (takes, gives) in places.items()
        if not any(
            other_takes <= takes and other_gives >= gives and (other_takes, other_gives) != (takes, gives)
            for other_takes, other_gives in places.values()
        )
    ]
    return sorted(kept, key=lambda name: places[name])


def efficient_beyond_chance(recordings: Recordings, takes: str) -> list[str]:
    """Return who is efficient on the averages and not beaten beyond chance; who sees the truth competes with nobody.

    One arm beats another beyond chance that takes less or gives more by more than the 95% interval of their paired
    difference, where the other does neither. So an arm is not efficient for being ahead by what chance may give.

    Parameters
    ----------
    recordings : Recordings
        The experiment; the champion is an arm like all others.
    takes : str
        Metric of what it takes: risk or money.

    Returns
    -------
    list of str
        From the one that takes least; with one replication, in which chance is not known, as on the averages.
    """
    able = [arm for arm in recordings.arms if arm not in recordings.oracles]
    table = _metrics_by_arm(recordings, (takes, RETURN))[able]
    taken, given = (table.xs(name, level="metric").to_numpy(np.float64) for name in (takes, RETURN))
    ahead = _surely_less(taken) | _surely_less(-given)  # [one, other]: in one of the two
    beaten: NDArray[np.bool_] = np.any(ahead & ~ahead.T, axis=0)
    best = efficient({arm: (taken[:, k].mean(), given[:, k].mean()) for k, arm in enumerate(able)})
    return [arm for arm in best if not beaten[able.index(arm)]]


def _surely_less(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return who is less than whom beyond chance, shape (arms, arms), of values by replication and arm."""
    apart = values[:, :, None] - values[:, None, :]
    less: NDArray[np.bool_] = apart.mean(axis=0) < -t_half_widths(apart)
    return less


def _metrics_by_arm(recordings: Recordings, names: tuple[str, str]) -> pd.DataFrame:
    """Return a column per arm, with rows (metric, replication) for the replications that all arms have.

    Raises
    ------
    NotRecordedError
        If a metric is not in the recordings, or no replication has all arms.
    """
    values = metric_values(recordings)
    for name in names:
        if name not in values.columns:
            raise NotRecordedError(f"the recordings have no metric {name!r}")
    parts = {name: values[name].unstack("arm").dropna() for name in names}
    if any(part.empty for part in parts.values()):
        raise NotRecordedError("no replication was run of all arms")
    return pd.concat(parts, names=["metric"])


def places_of(recordings: Recordings, takes: str, less_champion: bool) -> dict[str, ArmPoint]:
    """Return where each arm lies: profit as the paired difference from the champion, what it takes so or as a level.

    Raises
    ------
    NotRecordedError
        If a metric is not in the recordings.
    """
    table = _metrics_by_arm(recordings, (takes, RETURN))
    apart = table.sub(table[recordings.champion], axis=0)
    taken = average((apart if less_champion else table).xs(takes, level="metric"))
    given = average(apart.xs(RETURN, level="metric"))
    return {arm: ArmPoint(average_of(taken, arm), average_of(given, arm)) for arm in recordings.arms}


def frontier(recordings: Recordings) -> Drawing:
    """Draw all arms on two panels, the efficient ones joined; who sees the truth is shown and never efficient."""
    heads = ("return against risk", "value against budget spent")
    figure, axes = panels(1, 2, 5.75, Margins(0.75, right=0.15, bottom=0.65, top=0.3, across=0.7), heads=heads)
    less, per = (
        f"less {names_in_figures(recordings.arms).labels[recordings.champion]}",
        f"{recordings.currency} per customer",
    )
    risk = places_of(recordings, RISK, less_champion=True)
    money = places_of(recordings, SPEND, less_champion=False)
    best = [efficient_beyond_chance(recordings, takes) for takes in (RISK, SPEND)]
    for ax, places, kept, label in (
        (axes[0][0], risk, best[0], f"std dev of monthly profit, {per}, {less}"),
        (axes[0][1], money, best[1], f"spent on treatment, discounted, {per} at the start"),
    ):
        _panel(ax, places, kept, recordings)
        axis_label(ax, label, f"discounted profit, {per}, {less}" if ax is axes[0][0] else "")
    note = (
        "Averages over replications; lines are 95% intervals, each alone (that of the title: for all arms at "
        "once). Efficient (blue, joined): on the averages no other arm, doing nothing included, earns as much at as "
        "little risk, or money; and no other is ahead in one of the two beyond chance while this one is ahead in none. "
        "Risk is the standard deviation of the months' profit, which has in it the credit cycle and the bills of "
        "treatment, in the unit of the return; the loss rate is not used, as losses are in the return already. "
        + (
            f"Hollow: {listed(list(recordings.oracles))}, who sees the truth and is left out. "
            if recordings.oracles
            else ""
        )
    )
    return Drawing("frontier", frontier_finding(recordings, best, risk), note.rstrip(), figure)


def frontier_finding(recordings: Recordings, best: Sequence[list[str]], places: Mapping[str, ArmPoint]) -> str:
    """Say which arms are efficient on both counts, and whether the one that earns most does so beyond chance."""
    champion, (risk, money) = recordings.champion, best
    able = [arm for arm in recordings.arms if arm not in recordings.oracles]
    if len(able) < 2:
        return f"{listed(able or list(recordings.arms))}: there is no other arm, so nothing to be efficient against"
    said = "Efficient in return against risk"
    if risk == money:
        said += f" and in value against money: {_who(risk, able, champion)}"
    else:
        said += f": {_who(risk, able, champion)}; in value against money: {_who(money, able, champion)}"
    poor = [arm for arm in able if arm in {*risk, *money} and places[arm].gives.high < 0.0]
    if poor:
        said += f" ({few(poor)} {'earns' if len(poor) == 1 else 'earn'} less, for less risk or money)"
    top = max(able, key=lambda arm: places[arm].gives.mean)
    if top == champion:
        lead = "" if champion in risk and champion in money else ", but not beyond chance"
        return f"{said}; the champion earns most on average{lead}"
    values = metric_values(recordings)[RETURN]
    together = against_champion(recordings, {arm: values.xs(arm, level="arm") for arm in recordings.arms})
    apart = together[top]
    sure = "" if apart.low > 0.0 else ", within chance" if np.isfinite(apart.low) else ", in one replication"
    return f"{said}; {top} earns most, {average_text(apart, 1, signed=True)} {recordings.currency}{sure}"


def _who(names: list[str], of: list[str], champion: str) -> str:
    if not names:
        return "no arm"
    if len(names) == len(of):
        return f"all {len(of)} arms"
    return few([f"{name} (champion)" if name == champion else name for name in names])


def _panel(ax: Axes, places: Mapping[str, ArmPoint], best: list[str], recordings: Recordings) -> None:
    lines, champion = [], recordings.champion
    for arm, place in places.items():
        colour = BEST if arm in best else INK if arm in recordings.oracles else DOMINATED
        x, y = place.takes.mean, place.gives.mean
        for ends in ((place.takes.low, y, place.takes.high, y), (x, place.gives.low, x, place.gives.high)):
            if np.isfinite(ends).all():
                ax.plot(ends[::2], ends[1::2], color=colour, linewidth=1.1, alpha=0.7, zorder=3)
                lines.append(ends)
        hollow = arm in recordings.oracles
        fill, edge = ("white", colour) if hollow else (colour, "white")
        ax.plot([x], [y], "D" if hollow else "o", markersize=6.5, zorder=5, markerfacecolor=fill, markeredgecolor=edge)
    joined = [places[arm] for arm in best]
    ax.plot([p.takes.mean for p in joined], [p.gives.mean for p in joined], color=BEST, linewidth=1.4, zorder=2)
    ax.axhline(0.0, color=FAINT, linewidth=0.9, zorder=1)
    ax.margins(0.14, 0.12)
    ax.autoscale_view()
    ax.set_xlim(ax.get_xlim())
    ax.set_ylim(ax.get_ylim())
    order = [*best, *(arm for arm in places if arm not in best)]
    labels = names_in_figures(recordings.arms).labels
    texts = {
        arm: labels[arm] + (" (sees the truth)" if arm in recordings.oracles else " (champion)" * (arm == champion))
        for arm in order
    }
    colours = {arm: BEST if arm in best else INK if arm in recordings.oracles else GREY for arm in order}
    dots = {arm: (places[arm].takes.mean, places[arm].gives.mean) for arm in order}
    for (x0, y0), (x1, y1) in pairwise(dots[arm] for arm in best):
        steps = np.linspace(0.0, 1.0, 13)
        lines += [
            (x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b) for a, b in pairwise(steps)
        ]
    label_dots(ax, dots, texts, colours, frozenset(best), lines)

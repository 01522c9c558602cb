"""The efficient frontier over all arms: return against risk, and value against the money spent on treatment."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from experiments.findings import euros, signed
from experiments.outcomes import (  # fmt: skip
    Estimate,
    NotRecordedError,
    Outcomes,
    against_champion,
    average,
    estimate,
    metric_values,
)
from experiments.plots_labels import label_dots
from experiments.plots_style import COLOURS, FAINT, GREY, INK, Drawing, Room, axis_label, heading, panels
from experiments.sections import listed

RETURN, RISK, SPEND = "profit_per_customer", "swing_of_profit", "treatment_spend_per_customer"
BEST = COLOURS["maturity"]
DOMINATED = "#9A9A9A"


class Place(NamedTuple):
    """Where an arm lies: what it takes (risk or money), and what it gives (profit)."""

    takes: Estimate
    gives: Estimate


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
        name for name, (takes, gives) in places.items()
        if not any(
            other_takes <= takes and other_gives >= gives and (other_takes, other_gives) != (takes, gives)
            for other_takes, other_gives in places.values()
        )
    ]  # fmt: skip
    return sorted(kept, key=lambda name: places[name])


def places_of(outcomes: Outcomes, takes: str, less_champion: bool) -> dict[str, Place]:
    """Return where each arm lies: profit as the paired difference from the champion, what it takes so or as a level.

    Raises
    ------
    NotRecordedError
        If a metric is not in the recordings.
    """
    values = metric_values(outcomes)
    for name in (RETURN, takes):
        if name not in values.columns:
            raise NotRecordedError(f"the recordings have no metric {name!r}")
    base = values.xs(outcomes.champion, level="arm")
    found = {}
    for arm in outcomes.arms:
        own = values.xs(arm, level="arm")
        apart = (own - base)[[RETURN, takes]].dropna()
        level = apart if less_champion else own[[takes]].reindex(apart.index)
        found[arm] = Place(estimate(average(level), takes), estimate(average(apart), RETURN))
    return found


def frontier(outcomes: Outcomes) -> Drawing:
    """Draw all arms on two panels, the efficient ones joined; who sees the truth is shown and never efficient."""
    figure, axes = panels(1, 2, 5.6, Room(0.75, right=0.15, bottom=0.5, top=0.3, across=0.7))
    champion = outcomes.champion
    risk = places_of(outcomes, RISK, less_champion=True)
    money = places_of(outcomes, SPEND, less_champion=False)
    best = {}
    for ax, places, head, label in (
        (axes[0][0], risk, "return against risk", f"swing of monthly profit, EUR per customer, less {champion}"),
        (axes[0][1], money, "value against budget spent", "spent on treatment, EUR per customer at the start"),
    ):
        seen = {arm: (place.takes.mean, place.gives.mean) for arm, place in places.items()}
        best[head] = efficient({arm: at for arm, at in seen.items() if arm not in outcomes.oracles})
        _panel(ax, places, best[head], outcomes)
        heading(ax, head)
        axis_label(ax, label, f"profit, EUR per customer, less {champion}" if ax is axes[0][0] else "")
    note = (
        "Averages over replications; lines are 95% intervals, each alone (that of the title: for all arms at "
        "once). Efficient (blue, joined): no other arm earns "
        "as much at as little risk, or money, on the averages; chance may have put an arm ahead of its neighbours. "
        "Risk is the standard deviation of the months' profit, which has in it the credit cycle and the bills of "
        "treatment, in the unit of the return; the loss rate is not used, as losses are in the return already. "
        + (
            f"Hollow: {listed(list(outcomes.oracles))}, who sees the truth and is left out. "
            if outcomes.oracles
            else ""
        )
    )
    return Drawing("frontier", frontier_finding(outcomes, list(best.values()), risk), note.rstrip(), figure)


def frontier_finding(outcomes: Outcomes, best: Sequence[list[str]], places: Mapping[str, Place]) -> str:
    """Say which arms are efficient on both counts, and whether the one that earns most does so beyond chance."""
    champion, (risk, money) = outcomes.champion, best
    able = [arm for arm in outcomes.arms if arm not in outcomes.oracles]
    if len(able) < 2:
        return f"{listed(able or list(outcomes.arms))}: there is no other arm, so nothing to be efficient against"
    said = f"{_are(risk)} efficient in return against risk"
    said += " and in value against money" if risk == money else f", {_are(money)} in value against money"
    top = max(able, key=lambda arm: places[arm].gives.mean)
    if top == champion:
        return f"Of {len(able)} arms {said}; no arm earns more than {champion} on average"
    values = metric_values(outcomes)[RETURN]
    together = against_champion(outcomes, {arm: values.xs(arm, level="arm") for arm in outcomes.arms})
    mean, half_width = together[top]
    sure = "" if mean > half_width else ", within chance" if np.isfinite(half_width) else ", in one replication"
    width = f" ± {euros(half_width)}" if np.isfinite(half_width) else " EUR"
    more = f"{top} earns most, {signed(mean, lambda v: f'{v:,.1f}')}{width} against {champion}{sure}"
    return f"Of {len(able)} arms {said}; {more}"


def _are(names: list[str]) -> str:
    return f"only {listed(names)} {'is' if len(names) == 1 else 'are'}"


def _panel(ax: Axes, places: Mapping[str, Place], best: list[str], outcomes: Outcomes) -> None:
    lines = []
    for arm, place in places.items():
        colour = BEST if arm in best else INK if arm in outcomes.oracles else DOMINATED
        (x, x_width), (y, y_width) = place.takes, place.gives
        for ends in ((x - x_width, y, x + x_width, y), (x, y - y_width, x, y + y_width)):
            if np.isfinite(ends).all():
                ax.plot(ends[::2], ends[1::2], color=colour, linewidth=1.1, alpha=0.7, zorder=3)
                lines.append(ends)
        hollow = arm in outcomes.oracles
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
    texts = {
        arm: arm + (" (sees the truth)" if arm in outcomes.oracles else " (champion)" * (arm == outcomes.champion))
        for arm in order
    }
    colours = {arm: BEST if arm in best else INK if arm in outcomes.oracles else GREY for arm in order}
    dots = {arm: (places[arm].takes.mean, places[arm].gives.mean) for arm in order}
    for (x0, y0), (x1, y1) in pairwise(dots[arm] for arm in best):
        steps = np.linspace(0.0, 1.0, 13)
        lines += [(x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b)
                  for a, b in pairwise(steps)]  # fmt: skip
    label_dots(ax, dots, texts, colours, frozenset(best), lines)

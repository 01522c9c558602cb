"""Marks of eras in figures over time: a grey band above the lines, and where each era begins and ends."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from tenure.experiments.report.figures.names import is_plain
from tenure.experiments.report.figures.style import GREY, INK, text_width
from tenure.experiments.store.record_shape import EraRecord

SHADES = ("#E4E4E4", "#CFCFCF")
"""Of neighbouring eras, light enough for ink on them; told apart without colour."""
SIZE = 6.5
"""Of a title, in points."""
LANE = 0.15
"""Inches that a band is high."""
PADDING = 0.06
"""Inches beside a title."""


def mark_eras(ax: Axes, eras: Sequence[EraRecord]) -> None:
    """Mark eras in a panel whose limits are final and whose x is months from the start; it grows to have bands on top.

    A band has its title, or where not all titles fit, each its number, by which `eras_note` tells of it.
    """
    begins, ends = ax.get_xlim()
    spans = [
        (float(one["first"]), ends if one["last"] is None else min(float(one["last"]) + 1.0, ends)) for one in eras
    ]
    shown = [place for place, (first, last) in enumerate(spans) if first < last and first < ends]
    if not shown:
        return
    lanes = _lanes([spans[place] for place in shown])
    low, high = ax.get_ylim()
    inches = ax.bbox.height / ax.figure.dpi
    lane = LANE * (high - low) / max(inches - LANE * (max(lanes) + 1), LANE)
    per_inch = (ends - begins) / (ax.bbox.width / ax.figure.dpi)
    texts = _texts([eras[place]["title"] for place in shown], [spans[place] for place in shown], per_inch, shown)
    top = high + (max(lanes) + 1) * lane
    ax.fill_between([begins, ends], high, top + lane, color="white", linewidth=0, zorder=2.6)
    for place, level, text in zip(shown, lanes, texts, strict=True):
        first, last = spans[place]
        foot = high + level * lane
        ax.fill_between([first, last], foot, foot + lane, color=SHADES[place % 2], linewidth=0, zorder=2.7)
        ax.text((first + last) / 2, foot + lane / 2, text, ha="center", va="center", fontsize=SIZE, color=INK, zorder=3)
        for month in (first, last):
            if begins < month < ends:
                ax.plot([month] * 2, [low, foot], color=GREY, linewidth=0.7, linestyle=(0, (2, 3)), zorder=0)
    ax.set_xlim(begins, ends)
    ax.set_ylim(low, top)


def eras_note(eras: Sequence[EraRecord]) -> str:
    """Say which eras the bands of a figure stand for; nothing where there are none."""
    told = "; ".join(f"{number} {one['title']}, {one['when']}" for number, one in enumerate(eras, start=1))
    return f"Bands on top mark eras: {told}." if told else ""


def _lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Return the lowest lane for each span in which it touches none before it.

    >>> _lanes([(0, 12), (12, 30), (20, 24), (24, 40)])
    [0, 0, 1, 1]
    """
    ends: list[float] = []
    lanes = []
    for first, last in spans:
        lane = next((place for place, end in enumerate(ends) if end <= first), len(ends))
        ends[lane:] = [last, *ends[lane + 1 :]]
        lanes.append(lane)
    return lanes


def _texts(
    titles: Sequence[str], spans: Sequence[tuple[float, float]], per_inch: float, places: Sequence[int]
) -> list[str]:
    """Return the titles of bands if all fit, else their numbers as far as these do."""
    wide = [(last - first) / per_inch - PADDING for first, last in spans]
    for texts in (list(titles), [str(place + 1) for place in places]):
        if all(map(is_plain, texts)) and all(text_width([t], SIZE) <= w for t, w in zip(texts, wide, strict=True)):
            return texts
    return [text if text_width([text], SIZE) <= w else "" for text, w in zip(texts, wide, strict=True)]

"""A figure in words, for who does not see it: its finding, and the numbers that stand in it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator

MOST = 300
"""Letters of a description: a reader that speaks cannot skip in it."""


def described(finding: str, figure: Figure) -> str:
    """Return what a figure says: its finding, then its numbers panel by panel, as many as fit.

    Parameters
    ----------
    finding : str
        The sentence that is its title; never cut.
    figure : Figure
        Without a title.
    """
    said = f"{finding}."
    for number, ax in enumerate(one for one in figure.axes if one.get_visible()):
        for place, group in enumerate(_numbers(ax)):
            before = f"{_line(ax.get_title(loc='left'))}: " if not place and ax.get_title(loc="left") else ""
            more = f"{'; ' if number or place else ' '}{before}{group}"
            if len(said) + len(more) >= MOST:
                return said
            said += more
    return said


def _numbers(ax: Axes) -> Iterator[str]:
    """Yield the numbers of a panel, those of one row after its name."""
    texts = [text for text in ax.texts if any(letter.isdigit() for letter in text.get_text())]
    for name, group in groupby(texts, lambda text: _name(ax.yaxis, _place(text)[1])):
        yield f"{name} {', '.join(_line(text.get_text()) for text in group)}".strip()


def _place(text: Text) -> Sequence[float]:
    return text.xy if isinstance(text, Annotation) else text.get_position()


def _name(axis: Axis, place: float) -> str:
    """Return the name on an axis at a place; empty where it has numbers."""
    places = axis.get_major_locator()
    if not isinstance(places, FixedLocator):
        return ""
    near = [at for at in places.tick_values(0.0, 0.0) if abs(at - place) < 0.5]
    name = _line(axis.get_major_formatter()(near[0], None)) if near else ""
    return name if any(letter.isalpha() for letter in name) else ""


def _line(text: str) -> str:
    return " ".join(text.split())

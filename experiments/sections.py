"""What a section of the report consists of: sentences worked out from the data, and tables of ready texts."""

from typing import NamedTuple

import numpy as np

from experiments.metrics import METRICS, difference_text
from experiments.outcomes import Estimate
from experiments.statistics import Ratio


class Table(NamedTuple):
    """A table as the page shows it: column headings of up to two lines, rows of texts, the first cell a name.

    `long` tables are folded up until somebody asks.
    """

    heads: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    note: str = ""
    long: bool = False


class Section(NamedTuple):
    """A section: what it is called, what was found, the tables behind it, and how to read them."""

    name: str
    title: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    note: str = ""


def share_text(share: Estimate) -> str:
    """Write a share in per cent with its interval.

    >>> share_text(Estimate(0.123, 0.004)), share_text(Estimate(0.0, 0.0))
    ('12.3 ± 0.4', '0.0')
    """
    return number_text(Estimate(share.mean * 100, share.half_width * 100), 1)


def number_text(value: Estimate, decimals: int) -> str:
    """Write an average with its interval, without one where nothing ever varied, ``-`` where there is none."""
    if np.isnan(value.mean):
        return "-"
    middle = f"{value.mean:,.{decimals}f}"
    middle = middle.removeprefix("-") if float(middle.replace(",", "")) == 0.0 else middle
    if value.mean == 0.0 and value.half_width == 0.0:
        return middle
    return f"{middle} ± {'?' if np.isnan(value.half_width) else f'{value.half_width:,.{decimals}f}'}"


def change_text(share: Estimate) -> str:
    """Write a difference of shares in percentage points, signed."""
    return difference_text(METRICS["share_harmed"], share.mean, share.half_width)


def ratio_text(ratio: Ratio | None) -> str:
    """Write EUR back per EUR with its interval, ``-`` where there is no answer."""
    if ratio is None:
        return "-"
    return f"{ratio.value:.2f}" + ("" if np.isnan(ratio.low) else f" ({ratio.low:.2f} to {ratio.high:.2f})")


def listed(names: list[str]) -> str:
    """Join names as a sentence does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]

"""What a section of the report consists of: sentences worked out from the data, and tables of ready texts."""

from typing import NamedTuple

import numpy as np

from tenure.experiments.analysis import intervals
from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import difference_text
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.ratios import Ratio


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


def share_text(share: Average) -> str:
    """Write a share in per cent with its interval, as `tenure.experiments.analysis.intervals.share_text` does."""
    return intervals.share_text(share)


def number_text(value: Average, decimals: int) -> str:
    """Write an average with its interval, without one where nothing ever varied, ``-`` where there is none."""
    if value == (0.0, 0.0, 0.0):
        return intervals.number(0.0, decimals)
    return intervals.average_text(value, decimals)


def change_text(share: Average) -> str:
    """Write a difference of shares in percentage points, signed."""
    return difference_text(METRICS["share_harmed"], share)


def ratio_text(ratio: Ratio | None) -> str:
    """Write what comes back per unit of money with its interval, ``-`` where there is no answer.

    >>> ratio_text(Ratio(-0.001, -0.004, 0.0, 10))  # no zero has a sign
    '0.00 (0.00 to 0.00)'
    >>> ratio_text(Ratio(1.6, 1.15, 2.04, 10)), ratio_text(Ratio(1.6, np.nan, np.nan, 1)), ratio_text(None)
    ('1.60 (1.15 to 2.04)', '1.60 ± ?', '-')
    """
    if ratio is None:
        return "-"
    return f"{ratio.value:z.2f}" + (" ± ?" if np.isnan(ratio.low) else f" ({ratio.low:z.2f} to {ratio.high:z.2f})")

"""How an average is written with its interval: what the digits say is what the numbers say."""

import math
from typing import NamedTuple

MORE_DECIMALS = 2
"""So many more than usual at most, where the usual ones would show an interval as nothing."""
NEVER_VARIED = 1e-9
"""Half an interval, as shown, below which nothing varied but rounding."""


class Average(NamedTuple):
    """An average over replications and half its 95% interval (nan with one replication)."""

    mean: float
    half_width: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves 0 out; False if it is not known."""
        return bool(abs(self.mean) > self.half_width)


def interval_text(mean: float, half_width: float, decimals: int, signed: bool = False) -> str:
    """Write an average with half its interval, both with the same decimals: more than usual where these hide something.

    Decimals are added, `MORE_DECIMALS` at most, until half the interval is not shown as 0, and 0 lies outside the
    interval as shown if it lies outside.

    Parameters
    ----------
    mean, half_width : float
        As shown. A mean that is not known (nan) is written ``-``, half a width ``?``.
    decimals : int
        The usual ones.
    signed : bool
        Whether a mean above 0 has a plus, as a difference has.

    >>> interval_text(18.94, 1.91, 1, signed=True), interval_text(0.021, 0.034, 1, signed=True)
    ('+18.9 ± 1.9', '+0.02 ± 0.03')
    >>> interval_text(5.0, 0.0, 1), interval_text(5.0, 0.0004, 1), interval_text(5.0, math.nan, 1)
    ('5.0 ± 0', '5.000 ± under 0.001', '5.0 ± ?')
    """
    if math.isnan(mean):
        return "-"
    if math.isnan(half_width):
        return f"{number(mean, decimals, signed)} ± ?"
    tried = range(decimals, decimals + MORE_DECIMALS + 1)
    if half_width < NEVER_VARIED:
        places = next((places for places in tried if round(mean, places) != 0.0), decimals)
        return f"{number(mean, places, signed)} ± 0"
    shown = [places for places in tried if round(half_width, places) > 0.0]
    if not shown:
        return f"{number(mean, tried[-1], signed)} ± under {10.0 ** -tried[-1]:.{tried[-1]}f}"
    faithful = (places for places in shown if _says_as_much(mean, half_width, places))
    places = next(faithful, shown[0])
    return f"{number(mean, places, signed)} ± {number(half_width, places)}"


def share_text(mean: float, half_width: float, sign: str = "") -> str:
    """Write a share in per cent with its interval, which holds nothing under 0 or over 100%.

    Where half a width to either side would, the ends are written instead: ``48.4 (0.0 to 100.0)``.

    Parameters
    ----------
    mean, half_width : float
        Fractions.
    sign : str
        ``%`` where the unit does not stand elsewhere.

    >>> share_text(0.123, 0.004), share_text(0.484, 0.971, "%"), share_text(0.0, 0.0, "%")
    ('12.3 ± 0.4', '48.4% (0.0 to 100.0%)', '0.0%')
    """
    if math.isnan(mean):
        return "-"
    low, high = 100.0 * (mean - half_width), 100.0 * (mean + half_width)
    if low < 0.0 or high > 100.0:
        ends = f"{number(max(low, 0.0), 1)} to {number(min(high, 100.0), 1)}{sign}"
        return f"{number(100.0 * mean, 1)}{sign} ({ends})"
    if mean == 0.0 and half_width == 0.0:
        return f"0.0{sign}"
    return interval_text(100.0 * mean, 100.0 * half_width, 1) + sign


def number(value: float, decimals: int, signed: bool = False) -> str:
    """Write a number, without a sign where all its digits are 0.

    >>> number(-0.04, 1), number(1234.5, 1, signed=True)
    ('0.0', '+1,234.5')
    """
    if round(value, decimals) == 0.0:
        return f"{0.0:.{decimals}f}"
    return f"{value:{'+' if signed else ''},.{decimals}f}"


def _says_as_much(mean: float, half_width: float, decimals: int) -> bool:
    """Return whether rounded numbers say of 0 what the numbers say: that it lies outside the interval, or does not."""
    return (abs(mean) > half_width) == (abs(round(mean, decimals)) > round(half_width, decimals))

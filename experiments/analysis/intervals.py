"""How an average is written with its interval: what the digits say is what the numbers say."""

import math
from typing import NamedTuple

MORE_DECIMALS = 2
"""So many more than usual at most, where the usual ones would show an interval as nothing."""
NEARLY_EVEN = 1.25
"""Two sides of an interval, of which the longer is not longer than so many times the shorter, are written as one ±."""
LITTLE = 0.1
"""A mean that is less than this part of half its interval may be shown as 0."""
NEVER_VARIED = 1e-9
"""Half an interval, as shown, below which nothing varied but rounding."""


class Average(NamedTuple):
    """An average over replications and the ends of its 95% interval (nan with one replication)."""

    mean: float
    low: float
    high: float

    @classmethod
    def even(cls, mean: float, half_width: float) -> "Average":
        """Return an average whose interval reaches as far to either side.

        >>> Average.even(2.0, 0.5)
        Average(mean=2.0, low=1.5, high=2.5)
        """
        return cls(mean, mean - half_width, mean + half_width)

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2.0

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves 0 out; False if it is not known."""
        return bool(self.low > 0.0 or self.high < 0.0)

    @property
    def furthest(self) -> float:
        """How far from 0 it could be, either way; nan if that is not known."""
        return max(abs(self.low), abs(self.high))

    def times(self, factor: float) -> "Average":
        """Return it in another unit.

        >>> Average(2.0, 1.0, 4.0).times(-10.0)
        Average(mean=-20.0, low=-40.0, high=-10.0)
        """
        low, high = sorted((self.low * factor, self.high * factor))
        return Average(self.mean * factor, low, high)

    @property
    def size(self) -> "Average":
        """It without its sign: of a difference below 0 the same the other way round."""
        return self.times(-1.0) if self.mean < 0.0 else self


def average_text(average: Average, decimals: int, signed: bool = False) -> str:
    """Write an average with its interval: ± the longer side where both are nearly as long, else from end to end.

    As `interval_text` does, more decimals are shown than usual where the usual ones hide something.

    Parameters
    ----------
    average : Average
        As shown.
    decimals, signed
        As in `interval_text`.

    >>> average_text(Average(18.94, 17.1, 20.85), 1, signed=True), average_text(Average(18.9, 15.2, 24.0), 1)
    ('+18.9 ± 1.9', '18.9 (15.2 to 24.0)')
    >>> average_text(Average(-0.04, -0.1, -0.01), 1, signed=True)
    '-0.04 (-0.10 to -0.01)'
    """
    mean, low, high = average
    if any(math.isnan(one) for one in average):
        return interval_text(mean, math.nan, decimals, signed)
    longer, shorter = max(mean - low, high - mean), min(mean - low, high - mean)
    even = longer <= NEARLY_EVEN * shorter or round(longer, decimals) == round(shorter, decimals)
    if (even or longer < NEVER_VARIED) and (abs(mean) > longer) == average.beyond_chance:
        return interval_text(mean, longer, decimals, signed)
    tried = range(decimals, decimals + MORE_DECIMALS + 1)
    faithful = (places for places in tried if _ends_say_as_much(average, places))
    places = next(faithful, tried[-1])
    return f"{number(mean, places, signed)} ({number(low, places)} to {number(high, places)})"


def interval_text(mean: float, half_width: float, decimals: int, signed: bool = False) -> str:
    """Write an average with half its interval, both with the same decimals: more than usual where these hide something.

    Decimals are added, `MORE_DECIMALS` at most, until half the interval is not shown as 0, 0 lies outside the interval
    as shown if it lies outside, and the mean is not shown as 0 unless it is little beside the interval.

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
    >>> interval_text(-0.0044, 0.021, 2, signed=True), interval_text(0.0004, 0.021, 2, signed=True)
    ('-0.004 ± 0.021', '0.00 ± 0.02')
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


def share_text(share: Average, sign: str = "") -> str:
    """Write a share in per cent with its interval, which holds nothing under 0 or over 100%.

    Where it would, the ends are written instead of ±: ``48.4 (0.0 to 100.0)``.

    Parameters
    ----------
    share : Average
        A fraction.
    sign : str
        ``%`` where the unit does not stand elsewhere.

    >>> share_text(Average.even(0.123, 0.004)), share_text(Average.even(0.484, 0.971), "%")
    ('12.3 ± 0.4', '48.4% (0.0 to 100.0%)')
    >>> share_text(Average.even(0.0, 0.0), "%")
    '0.0%'
    """
    if math.isnan(share.mean):
        return "-"
    mean, low, high = share.times(100.0)
    if low < 0.0 or high > 100.0:
        ends = f"{number(max(low, 0.0), 1)} to {number(min(high, 100.0), 1)}{sign}"
        return f"{number(mean, 1)}{sign} ({ends})"
    if share == (0.0, 0.0, 0.0):
        return f"0.0{sign}"
    middle, ends, rest = average_text(share.times(100.0), 1).partition(" (")
    return f"{middle}{sign} ({rest[:-1]}{sign})" if ends else middle + sign


def number(value: float, decimals: int, signed: bool = False) -> str:
    """Write a number, without a sign where all its digits are 0.

    >>> number(-0.04, 1), number(1234.5, 1, signed=True)
    ('0.0', '+1,234.5')
    """
    if round(value, decimals) == 0.0:
        return f"{0.0:.{decimals}f}"
    return f"{value:{'+' if signed else ''},.{decimals}f}"


def _ends_say_as_much(average: Average, decimals: int) -> bool:
    """Return whether rounded ends differ, and leave out 0 if the ends do, or else do not."""
    low, high = round(average.low, decimals), round(average.high, decimals)
    return low < high and (low > 0.0 or high < 0.0) == average.beyond_chance


def _says_as_much(mean: float, half_width: float, decimals: int) -> bool:
    """Return whether rounded numbers say of 0 what the numbers say: where it lies, and that the mean is not 0."""
    hidden = round(mean, decimals) == 0.0 and abs(mean) >= LITTLE * half_width
    return not hidden and (abs(mean) > half_width) == (abs(round(mean, decimals)) > round(half_width, decimals))

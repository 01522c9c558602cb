"""Ranges of numbers as a config writes them, and what is drawn from them.

A range is written as two ends (``2 .. 8``, ``x0.5 .. x1.5``), a list (``[1, 2, 3]``), or a distribution:
``{normal: {mean: 5, sd: 1}}``, ``{lognormal: {median: 5, sigma: 0.3}}``, ``{triangular: [2, 5, 8]}``. With ``x`` before
its numbers it multiplies the market's own value. A distribution without ends is cut where one draw in a thousand lies
beyond, on each side, so that `ends` are all that a draw can come to.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

from tenure.policies.settings.faults import Fault, FaultyError
from tenure.simulation.values.units import parse_multiplier

CUT = 0.001
"""Share of a distribution without ends that is cut off on each side."""
FORMS = "x0.5 .. x1.5, 2 .. 8, [1, 2, 3], {normal: {mean: 5, sd: 1}}, {lognormal: {median: 5, sigma: 0.3}} or "
FORMS += "{triangular: [2, 5, 8]}"
LARGEST_SIGMA = 3.0
"""Of the logarithm, in a lognormal range: the cut ends lie a factor of 10,000 from the median then."""
Kind = Literal["uniform", "list", "normal", "lognormal", "triangular"]
Reader = Callable[[object], float]
"""Reads one number by its declaration; ValueError if it is none, or outside its range."""


class Range(NamedTuple):
    """What a number may be, and how likely.

    Attributes
    ----------
    kind : str
        `uniform`, `list`, `normal`, `lognormal` or `triangular`.
    numbers : tuple of float
        The two ends; the entries; mean and standard deviation; median and standard deviation of the logarithm; low,
        mode and high.
    times : bool
        Whether what is drawn multiplies the market's own value.
    whole : bool
        Whether only whole numbers are drawn; between two ends all are then as likely.
    """

    kind: Kind
    numbers: tuple[float, ...]
    times: bool = False
    whole: bool = False

    def at(self, share: float) -> float:
        """Return the number below which this share of the draws lies.

        >>> Range("uniform", (2.0, 8.0)).at(0.5), Range("list", (1.0, 2.0, 5.0)).at(0.99)
        (5.0, 5.0)
        >>> Range("triangular", (0.0, 1.0, 2.0)).at(0.5), Range("uniform", (2.0, 4.0), whole=True).at(0.5)
        (1.0, 3.0)
        """
        if self.kind == "list":
            return self.numbers[min(int(share * len(self.numbers)), len(self.numbers) - 1)]
        if self.kind == "uniform":
            low, high = self.numbers
            if self.whole:
                return min(math.floor(low + share * (high - low + 1.0)), high)
            return min(low + share * (high - low), high)
        found = self._of_distribution(share)
        return float(round(found)) if self.whole else found

    def _of_distribution(self, share: float) -> float:
        if self.kind == "triangular":
            low, mode, high = self.numbers
            width = high - low
            if share * width <= mode - low:
                return low + math.sqrt(share * width * (mode - low))
            return high - math.sqrt((1.0 - share) * width * (high - mode))
        middle, spread = self.numbers
        deviations = NormalDist().inv_cdf(CUT + share * (1.0 - 2.0 * CUT))
        if self.kind == "normal":
            return middle + spread * deviations
        return middle * math.exp(spread * deviations)

    @property
    def ends(self) -> tuple[float, ...]:
        """The least and the largest number that can be drawn; of a list all of them."""
        return tuple(dict.fromkeys(self.numbers if self.kind == "list" else (self.at(0.0), self.at(1.0))))

    def written(self, number: float) -> float | str:
        """Return a number as it is laid over a market: a factor as ``x0.7``, a whole number without a point.

        >>> Range("uniform", (0.5, 1.5), times=True).written(0.7), Range("list", (2.0, 3.0)).written(2.0)
        ('x0.7', 2.0)
        """
        if self.whole:
            return int(number)
        return f"x{number!r}" if self.times else number


def drawn_share(seed: int, path: str, draw: int) -> float:
    """Return the share, between 0 and 1, from which a draw is made: a hash of seed, path and number of the draw.

    So a path that is added, and replications that are added, leave every other draw as it is.
    """
    digest = hashlib.sha256(f"{seed} {path} {draw}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") // 2048 + 0.5) / 2.0**53


def number_of(value: float | str) -> float:
    """Return the number that was laid over a market, of a factor the factor.

    >>> number_of("x0.7"), number_of(2.0)
    (0.7, 2.0)
    """
    return float(value.removeprefix("x")) if isinstance(value, str) else value


def range_of(written: object, read: Reader, whole: bool = False) -> Range:
    """Return the range that is written.

    Parameters
    ----------
    written : object
        As a config has it.
    read : callable
        Reads one number that replaces the market's own.
    whole : bool
        Whether the number is whole.

    Raises
    ------
    ValueError
        With what is wrong and how to mend it.
    """
    if isinstance(written, str) and ".." in written:
        numbers, times = _numbers([part.strip() for part in written.split("..")], read)
        if len(numbers) != 2:
            raise _wrong(f"'{written}' is no range", "write two ends, such as x0.5 .. x1.5 or 2 .. 8")
        _rising(numbers, "the range")
        found = Range("uniform", numbers, times, whole)
    elif isinstance(written, list):
        if len(written) < 2:
            raise _wrong("a list of one number leaves nothing to be drawn", "write two or more, such as [1, 2, 3]")
        numbers, times = _numbers(written, read)
        found = Range("list", numbers, times, whole)
    elif isinstance(written, Mapping) and len(written) == 1:
        found = _distribution(*next(iter(written.items())), read, whole)
    else:
        told = f"'{written}'" if isinstance(written, str | int | float) else "this"
        raise _wrong(f"{told} is no range", f"write one such as {FORMS}")
    if found.times and whole:
        raise _wrong("this is a whole number, which no factor keeps whole", "write its ends, such as 6 .. 18")
    return found


def _distribution(kind: object, written: object, read: Reader, whole: bool) -> Range:
    if kind == "triangular":
        if not isinstance(written, list) or len(written) != 3:
            raise _wrong("a triangular range has three numbers", "write low, mode and high, such as [2, 5, 8]")
        numbers, times = _numbers(written, read)
        _rising((numbers[0], numbers[2]), "the range")
        if not numbers[0] <= numbers[1] <= numbers[2]:
            raise _wrong("the mode lies outside the two ends", "write low, mode and high, such as [2, 5, 8]")
        return Range("triangular", numbers, times, whole)
    if kind == "normal":
        mean, sd = _named(written, "mean", "sd", "{normal: {mean: 5, sd: 1}}")
        (middle,), times = _numbers([mean], read)
        spread = _spread(sd, times, "sd", math.inf)
        return Range("normal", (middle, spread), times, whole)
    if kind == "lognormal":
        median, sigma = _named(written, "median", "sigma", "{lognormal: {median: 5, sigma: 0.3}}")
        (middle,), times = _numbers([median], read)
        if middle <= 0.0:
            raise _wrong("the median of a lognormal range is above 0", "write one such as 5")
        return Range("lognormal", (middle, _spread(sigma, False, "sigma", LARGEST_SIGMA)), times, whole)
    raise _wrong(f"'{kind}' is no distribution", "write normal, lognormal or triangular")


def _named(written: object, first: str, second: str, example: str) -> tuple[object, object]:
    if not isinstance(written, Mapping) or set(written) != {first, second}:
        raise _wrong(f"'{first}' and '{second}' are wanted, and nothing else", f"write {example}")
    return written[first], written[second]


def _spread(written: object, times: bool, name: str, most: float) -> float:
    factor = parse_multiplier(written)
    number: object = factor if times and factor is not None else written
    if isinstance(number, str) and number.endswith("%"):
        number = float(number[:-1]) / 100.0
    if isinstance(number, bool) or not isinstance(number, int | float) or (factor is not None and not times):
        raise _wrong(f"{name} is {written}", f"write a number above 0{', such as x0.2' if times else ''}")
    if not 0.0 < number <= most:
        limit = f" and at most {most:g}" if most < math.inf else ""
        raise _wrong(f"{name} is {written}", f"write a number above 0{limit}")
    return float(number)


def _numbers(written: Sequence[object], read: Reader) -> tuple[tuple[float, ...], bool]:
    """Return numbers, and whether they are factors; all of them are, or none."""
    factors = [parse_multiplier(one) for one in written]
    if all(one is not None for one in factors):
        return tuple(float(one) for one in factors if one is not None), True
    if any(one is not None for one in factors):
        raise _wrong("some of these are factors and some are not", "write x before all of them, or before none")
    return tuple(float(read(one)) for one in written), False


def _rising(ends: Sequence[float], what: str) -> None:
    low, high = ends
    if low == high:
        raise _wrong(f"{what} has one number only, {low:g}", "write two ends, or set it as any other setting")
    if low > high:
        raise _wrong(f"{what} ends ({high:g}) before it begins ({low:g})", "write the smaller one first")


def _wrong(what: str, mend: str) -> FaultyError:
    return FaultyError(Fault(what, mend))

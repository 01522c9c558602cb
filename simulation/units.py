"""Numbers as a user writes them: shares, rates, money, counts, months, multipliers and dates.

Every parser takes what a config, a book sheet or a command line holds (a number or a text) and gives a
plain Python number, or raises a ``ValueError`` that says what is wrong and what to write instead.
"""

import math
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator

LOWEST_RATE = -0.2  # a year; policy rates have been below zero, never by much
LARGEST_MONEY = 1e13  # in cents still an exact float64
LARGEST_COUNT = 2**53

_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,3}))?\s*(%?)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[,_' ][0-9]{3})+(?:\.[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)(\s*%?)")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(years?|y|months?|m)", re.IGNORECASE)
_MULTIPLIER = re.compile(r"x\s*([0-9]+\.?[0-9]*|\.[0-9]+)", re.IGNORECASE)
_LIKE_MULTIPLIER = re.compile(r"x\s*[0-9.+-]|[0-9.]+\s*x$", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})")
_CURRENCY = re.compile(r"^(?:[A-Z]{3}|[€$£¥])\s*|\s*(?:[A-Z]{3}|eur|euros?|[€$£¥])$")
_LONGEST_TEXT = 60


def _shown(value: object) -> str:
    """The value as an error message shows it: short, and text in quotes."""
    if isinstance(value, float):
        return f"{value:.12g}"
    text = repr(value)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.6g}%"


def _read(value: object, example: str) -> tuple[float, bool]:
    """A finite number and whether it carried a percent sign (then already divided by 100)."""
    if isinstance(value, bool) or value is None or not isinstance(value, int | float | str):
        raise ValueError(f"{_shown(value)} is not a number: write one such as {example}")
    if isinstance(value, str):
        number, is_percent = _read_text(value, example)
    else:
        is_percent = False
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{_shown(value)} is not a finite number: write one such as {example}")
    return number, is_percent


def _read_text(value: str, example: str) -> tuple[float, bool]:
    text = value.strip()
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is not None:
        mantissa, exponent, sign = match.groups()
        # the exponent is shifted in the text, so that "12.3%" is exactly the float 0.123
        power = int(exponent or 0) - (2 if sign else 0)
        return float(f"{mantissa}e{power}"), bool(sign)
    if _GROUPED.fullmatch(text):
        plain = re.sub(r"[,_' ]", "", text)
        raise ValueError(f"{_shown(value)} has separators: write {plain}")
    comma = _DECIMAL_COMMA.fullmatch(text)
    if comma is not None:
        mend = f"{comma[1]}.{comma[2]}{comma[3].strip()}"
        raise ValueError(f"{_shown(value)} has a decimal comma: write {mend}")
    raise ValueError(f"{_shown(value)} is not a number: write one such as {example}")


def _fraction(value: object, kind: str, low: float, example: str) -> float:
    number, is_percent = _read(value, example)
    written = _shown(number)
    between = f"a {kind} lies between {_percent(low)} and 100%"
    if not is_percent and 1 < abs(number) <= 100 and low <= number / 100:
        side = "above 1" if number > 0 else "below -1"
        raise ValueError(f"{written} is {side}: did you mean {written}%?")
    if not low <= number <= 1:
        shown = _percent(number) if is_percent else written
        raise ValueError(f"{shown} is {'above 100%' if number > 1 else f'below {_percent(low)}'}: {between}")
    return number + 0.0  # -0.0 becomes 0.0


def parse_share(value: object) -> float:
    """A share as a fraction from 0 to 1, written ``12%``, ``12.5 %`` or ``0.12``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside 0..1, or is a bare number above 1 (``70`` for ``70%``).

    >>> parse_share("12.5 %")
    0.125
    """
    return _fraction(value, "share", 0.0, "12%")


def parse_rate(value: object) -> float:
    """An interest rate a year as a fraction, from -20% to 100%, written ``18.9%`` or ``0.189``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside -0.2..1, or is a bare number above 1.

    >>> parse_rate("-0.5%")
    -0.005
    """
    return _fraction(value, "rate a year", LOWEST_RATE, "18.9%")


def _money(value: object, may_be_negative: bool) -> float:
    if isinstance(value, str) and not value.strip().endswith("%"):
        amount = _CURRENCY.sub("", value.strip())
        if amount != value.strip() and _NUMBER.fullmatch(amount):
            raise ValueError(f"{_shown(value)} names a currency, the market has only one: write {amount}")
    number, is_percent = _read(value, "30")
    if is_percent:
        raise ValueError(f"{_shown(value)} is a share, but this is money: write an amount such as 30")
    if number < 0 and not may_be_negative:
        raise ValueError(f"{_shown(number)} is negative: write an amount of 0 or more")
    if abs(number) > LARGEST_MONEY:
        raise ValueError(f"{_shown(number)} is more than {LARGEST_MONEY:g}: write a smaller amount")
    return number + 0.0


def parse_money(value: object) -> float:
    """An amount in units of the one currency (not cents), 0 or more, written ``30`` or ``1.90``.

    Raises
    ------
    ValueError
        If it is not a finite number, is negative, or carries a currency or a percent sign.

    >>> parse_money("1.90")
    1.9
    """
    return _money(value, may_be_negative=False)


def parse_number(value: object) -> float:
    """A finite number without a unit.

    Raises
    ------
    ValueError
        If it is not a finite number, or carries a percent sign.

    >>> parse_number("-2.5")
    -2.5
    """
    number, is_percent = _read(value, "2.5")
    if is_percent:
        raise ValueError(f"{_shown(value)} is a share, but this is a plain number: write {number:.12g}")
    return number


def parse_count(value: object) -> int:
    """A whole number, 0 or more; ``1e3`` counts as whole.

    Raises
    ------
    ValueError
        If it is not a whole number, is negative, or is above 2**53.

    >>> parse_count("20000")
    20000
    """
    number, is_percent = _read(value, "20000")
    if is_percent:
        raise ValueError(f"{_shown(value)} is a share, but this is a count: write one such as 20000")
    if number < 0:
        raise ValueError(f"{_shown(value)} is negative: write 0 or more")
    if number != math.floor(number):
        raise ValueError(f"{_shown(value)} is not whole: write {round(number)}")
    if number > LARGEST_COUNT:
        raise ValueError(f"{_shown(value)} is too large: write at most {LARGEST_COUNT}")
    return int(number)


def parse_months(value: object) -> int:
    """A number of months, whole and 0 or more.

    Raises
    ------
    ValueError
        If it is not a whole number of months; ``3 years`` is answered by ``write 36``.

    >>> parse_months(36)
    36
    """
    if isinstance(value, str):
        text = value.strip()
        duration = _DURATION.fullmatch(text)
        if duration is not None and len(text) <= _LONGEST_TEXT:
            months = float(duration[1]) * (12 if duration[2].lower().startswith("y") else 1)
            raise ValueError(f"{_shown(value)} carries a unit, this is months: write {months:.12g}")
        if _DATE.fullmatch(text):
            raise ValueError(f"{_shown(value)} is a date, this is a number of months: write one such as 36")
    return parse_count(value)


def parse_multiplier(value: object) -> float | None:
    """The factor of ``x0.7`` (it multiplies the market's own value); None for what is no multiplier.

    Raises
    ------
    ValueError
        If it looks like a multiplier but is not one number of 0 or more (``x-1``, ``x70%``, ``0.7x``).

    >>> parse_multiplier("x0.7")
    0.7
    >>> parse_multiplier("70%") is None
    True
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if ".." in text and _LIKE_MULTIPLIER.match(text):
        raise ValueError(f"{_shown(value)} is a range, one multiplier is wanted: write one such as x0.7")
    match = _MULTIPLIER.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is not None:
        return float(match[1])
    if _LIKE_MULTIPLIER.match(text):
        raise ValueError(f"{_shown(value)} is not a multiplier: write x and a number of 0 or more, such as x0.7")
    return None


def month_number(text: str) -> int:
    """Months since the year 0 of a date ``2027-01``."""
    match = _DATE.fullmatch(text.strip())
    if match is None or not 1 <= int(match[2]) <= 12:
        raise ValueError(f"{_shown(text)} is not a month: write it as 2027-01, or as months from the start")
    return int(match[1]) * 12 + int(match[2]) - 1


def parse_month(value: object, start: str) -> int:
    """A point in time as whole months from the start of the run.

    Parameters
    ----------
    value : object
        A date ``2027-01``, or months from the start (``24``).
    start : str
        The date of month 0, as ``2027-01``.

    Raises
    ------
    ValueError
        If it is neither, or lies before the start.

    >>> parse_month("2028-01", start="2027-01")
    12
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        months = month_number(value) - month_number(start)
        if months < 0:
            raise ValueError(f"{value} is before the start, {start}: write {start} or later")
        return months
    months = parse_months(value)
    if 1900 <= months <= 2200:
        raise ValueError(f"{months} looks like a year: write a month such as {months}-01")
    return months


def _range_check(value: float, low: float, high: float, unit: str) -> None:
    if low <= value <= high:
        return
    is_fraction = unit.startswith(("share", "rate"))
    written, least, most = (_percent(x) if is_fraction else f"{x:.12g}" for x in (value, low, high))
    raise ValueError(f"{written} is outside {least} to {most} ({unit}): write a value in this range")


def parser_for(unit: str, low: float, high: float) -> Callable[[object], float]:
    """The parser of a parameter with a declared unit, which also checks low <= value <= high.

    Parameters
    ----------
    unit : str
        ``share``, ``share/month``, ``share/year``, ``rate/year``, ``EUR...``, ``months``; any other unit
        (``utility``, ``log-odds``, ``points``, ``1``, ``years``) is a plain finite number.
    low, high : float
        Inclusive range, in the unit (fractions for shares and rates).
    """
    if unit.partition("/")[0] == "share":
        parse: Callable[[object], float] = parse_share
    elif unit == "rate/year":
        parse = parse_rate
    elif unit.startswith("EUR"):

        def parse(value: object) -> float:
            return _money(value, may_be_negative=low < 0)
    elif unit == "months":
        parse = parse_months
    else:
        parse = parse_number

    def parse_in_range(value: object) -> float:
        number = parse(value)
        _range_check(number, low, high, unit)
        return number

    return parse_in_range


def validator_for(unit: str, low: float, high: float) -> BeforeValidator:
    """The pydantic validator of a parameter with a declared unit and range (see `parser_for`)."""
    return BeforeValidator(parser_for(unit, low, high))


Share = Annotated[float, BeforeValidator(parse_share)]
Rate = Annotated[float, BeforeValidator(parse_rate)]
Money = Annotated[float, BeforeValidator(parse_money)]
Number = Annotated[float, BeforeValidator(parse_number)]
Count = Annotated[int, BeforeValidator(parse_count)]
Months = Annotated[int, BeforeValidator(parse_months)]

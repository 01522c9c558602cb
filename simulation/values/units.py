"""Numbers as a user writes them: shares, rates, money, counts, months and multipliers.

Every parser takes what a config, a book sheet or a command line holds (a number or a text) and gives a plain Python
number within a range, or raises a ``ValueError`` that says what is wrong and what to write instead. A number that
somebody else might read as another one is refused, see `tenure.policies.settings.written`.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from tenure.policies.settings.faults import told
from tenure.policies.settings.written import refuse_thousands, text_of

LOWEST_RATE = -0.2  # a year; policy rates have been below zero, never by much
LARGEST_MONEY = 1e13  # in cents still an exact float64
LARGEST_COUNT = 10**15  # a float64 tells it from its neighbours
LARGEST_SEED = 2**32 - 1  # luck is keyed by 32 bits: larger seeds would share it with others

_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,3}))?\s*(%?)")
_LEADING_ZERO = re.compile(r"([+-]?)0+([0-9].*)")
_BASE = re.compile(r"0[xX][0-9a-fA-F]{1,12}|0[oO][0-7]{1,12}|0[bB][01]{1,40}")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[,_' ][0-9]{2,3})*[,_' ][0-9]{3}(?:\.[0-9]+)?(?:\s*%)?")
_DOTTED = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{3})+)(?:,([0-9]+))?(\s*%?)")
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)(\s*%?)")
_OTHER_SIGNS = str.maketrans("−–’٬٫", "--',.")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(years?|y|months?|m)", re.IGNORECASE)
_MULTIPLIER = re.compile(r"x\s*([0-9]+\.?[0-9]*|\.[0-9]+)", re.IGNORECASE)
_LIKE_MULTIPLIER = re.compile(r"x\s*[0-9.+-]|[0-9.]+\s*x$", re.IGNORECASE)
_A_DATE = re.compile(r"([0-9]{4})-([0-9]{2})")
_CURRENCY = re.compile(r"^(?:[A-Z]{3}|[€$£¥])\s*|\s*(?:[A-Z]{3}|eur|euros?|[€$£¥])$")
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
LONGEST_TEXT = 60
_KINDS = {
    "share": "a share",
    "share/month": "a share a month",
    "share/year": "a share a year",
    "rate/year": "a rate a year",
    "months": "a number of months",
    "utility": "a utility",
    "log-odds": "log-odds",
    "points": "points",
    "EUR/month": "an amount a month",
    "EUR/year": "an amount a year",
    "1": "a number",
    "": "a number",
}
"""Unit -> what a message calls a number of it; other money is an amount, and other numbers name their unit."""


def as_typed(value: object) -> str:
    """The value as an error message shows it: short, as it was written, and text in quotes."""
    if isinstance(value, float):
        return text_of(value)[:LONGEST_TEXT] or f"{value:.12g}"
    return told(value)


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.6g}%"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:.12g}"


def _read(value: object, example: str) -> tuple[float, bool]:
    """A finite number and whether it carried a percent sign (then already divided by 100)."""
    if isinstance(value, bool) or value is None or not isinstance(value, int | float | str):
        raise ValueError(f"{as_typed(value)} is not a number: write one such as {example}")
    if isinstance(value, str):
        number, is_percent = _read_text(value, example)
    else:
        is_percent = False
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{as_typed(value)} is not a finite number: write one such as {example}")
    return number, is_percent


def _read_text(value: str, example: str) -> tuple[float, bool]:
    text = value.strip()
    match = _NUMBER.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if match is None:
        raise ValueError(f"{as_typed(value)} {_no_number(text, example)}")
    mantissa, exponent, sign = match.groups()
    longer = _LEADING_ZERO.fullmatch(text)
    if longer is not None:
        raise ValueError(f"{as_typed(value)} has a leading zero: write {longer[1]}{longer[2]}")
    # the exponent is shifted in the text, so that "12.3%" is exactly the float 0.123
    power = int(exponent or 0) - (2 if sign else 0)
    number = float(f"{mantissa}e{power}")
    if number == 0 and mantissa.strip("+-0."):
        raise ValueError(f"{as_typed(value)} is too small to be told from 0: write 0")
    return number, bool(sign)


def _no_number(text: str, example: str) -> str:
    """Why a text is no number, and what to write instead."""
    if len(text) > LONGEST_TEXT:
        return f"is not a number: write one such as {example}"
    ascii_text = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in unicodedata.normalize("NFKC", text).translate(_OTHER_SIGNS)
    )
    if _BASE.fullmatch(ascii_text):
        return f"is not a decimal number: write {int(ascii_text, 0)}"
    if _GROUPED.fullmatch(ascii_text):
        return "has separators: write " + re.sub(r"[,_' ]", "", ascii_text)
    dotted, comma = _DOTTED.fullmatch(ascii_text), _DECIMAL_COMMA.fullmatch(ascii_text)
    if dotted is not None and not _NUMBER.fullmatch(ascii_text):
        decimals = f".{dotted[2]}" if dotted[2] else ""
        return f"has separators: write {dotted[1].replace('.', '')}{decimals}{dotted[3].strip()}"
    if comma is not None:
        return f"has a decimal comma: write {comma[1]}.{comma[2]}{comma[3].strip()}"
    if _NUMBER.fullmatch(ascii_text):
        return f"is not written in plain digits: write {ascii_text}"
    return f"is not a number: write one such as {example}"


def _in_range(number: float, low: float, high: float, unit: str, whole: bool = False, bare: bool = False) -> None:
    """Refuse what is outside the range of a field, with the range in the field's own words."""
    if low <= number <= high:
        return
    is_fraction = unit.startswith(("share", "rate"))
    written, least, most = (_percent(x) if is_fraction else _plain(x) for x in (number, low, high))
    written = _plain(number) if bare else written
    wrong = "is negative" if number < 0 <= low else f"is below {least}" if number < low else f"is above {most}"
    raise ValueError(f"{written} {wrong}: write {range_of(unit, low, high, whole)}")


def range_of(unit: str, low: float, high: float, whole: bool = False) -> str:
    """Return the range of a field in words.

    >>> range_of("utility", -20, 20)
    'a utility from -20 to 20'
    """
    is_fraction = unit.startswith(("share", "rate"))
    least, most = (_percent(x) if is_fraction else _plain(x) for x in (low, high))
    kind = _KINDS.get(unit, "an amount" if unit.startswith("EUR") else "a number")
    kind = "a whole number" if whole and kind == "a number" else kind
    named = unit in _KINDS or unit.startswith("EUR")
    return f"{kind} from {least} to {most}{'' if named else f' ({unit})'}"


def _fraction(value: object, unit: str, low: float, high: float, example: str) -> float:
    number, is_percent = _read(value, example)
    if not is_percent and 1 < abs(number) <= 100 and low <= number / 100:
        side = "above 1" if number > 0 else "below -1"
        raise ValueError(f"{_plain(number)} is {side}: did you mean {_plain(number)}%?")
    _in_range(number, low, high, unit, bare=not is_percent)
    return number + 0.0  # -0.0 becomes 0.0


def parse_share(value: object, low: float = 0.0, high: float = 1.0, unit: str = "share") -> float:
    """A share as a fraction from 0 to 1, written ``12%``, ``12.5 %`` or ``0.12``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside the range, or is a bare number above 1 (``70`` for ``70%``).

    >>> parse_share("12.5 %")
    0.125
    """
    return _fraction(value, unit, low, high, "12%")


def parse_rate(value: object, low: float = LOWEST_RATE, high: float = 1.0) -> float:
    """An interest rate a year as a fraction, from -20% to 100%, written ``18.9%`` or ``0.189``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside the range, or is a bare number above 1.

    >>> parse_rate("-0.5%")
    -0.005
    """
    return _fraction(value, "rate/year", low, high, "18.9%")


def parse_money(value: object, low: float = 0.0, high: float = LARGEST_MONEY, unit: str = "EUR") -> float:
    """An amount in units of the one currency (not cents), written ``30`` or ``1.90``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside the range, carries a currency or a percent sign, or can be read with
        a dot for thousands: ``4.000``, and ``12.500`` where the range has 12,500 as well.

    >>> parse_money("1.90")
    1.9
    """
    if isinstance(value, str) and not value.strip().endswith("%"):
        amount = _CURRENCY.sub("", value.strip())
        if amount != value.strip() and amount[:1] in "+-.0123456789":
            _read(amount, "30")
            refuse_thousands(amount, low, high)
            raise ValueError(f"{as_typed(value)} names a currency, the market has only one: write {amount}")
    number, is_percent = _read(value, "30")
    if is_percent:
        raise ValueError(f"{as_typed(value)} is a share, but this is money: write an amount such as 30")
    refuse_thousands(value, low, high)
    _in_range(number, low, high, unit)
    return number + 0.0


def parse_currency(value: object) -> str:
    """The word that money is named in, a code as ISO 4217 has them; nothing is converted.

    Raises
    ------
    ValueError
        If it is not three capital letters.

    >>> parse_currency("GBP")
    'GBP'
    """
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    raise ValueError(f"{as_typed(value)} is not the code of a currency: write three capital letters, such as GBP")


def parse_number(value: object, low: float = -1e300, high: float = 1e300, unit: str = "1") -> float:
    """A finite number that is neither share nor money, in a unit such as ``utility`` or ``log-odds``.

    Raises
    ------
    ValueError
        If it is not a finite number, is outside the range, carries a percent sign, or can be read with a dot for
        thousands; ``-2.800`` cannot where the range has no thousands.

    >>> parse_number("-2.5")
    -2.5
    """
    number, is_percent = _read(value, "2.5")
    if is_percent:
        raise ValueError(f"{as_typed(value)} is a share, but this is a plain number: write {_plain(number)}")
    refuse_thousands(value, low, high, zeros_too=unit == "1")
    _in_range(number, low, high, unit)
    return number + 0.0


def parse_count(value: object, low: float = 0, high: float = LARGEST_COUNT, unit: str = "1") -> int:
    """A whole number, 0 or more; ``1e3`` counts as whole.

    Raises
    ------
    ValueError
        If it is not a whole number, is outside the range, or has a dot for thousands.

    >>> parse_count("20000")
    20000
    """
    number, is_percent = _read(value, "20000" if high >= 20000 else "12")
    if is_percent:
        raise ValueError(f"{as_typed(value)} is a share, but this is a count: write one such as 12")
    refuse_thousands(value, low, high, whole=True)
    exact = Decimal(text_of(value) or 0)
    if number != math.floor(number) or exact != exact.to_integral_value():
        raise ValueError(f"{as_typed(value)} is not whole: write {_plain(min(max(round(number), low), high))}")
    _in_range(number, low, high, unit, whole=True)
    return int(number)


def parse_months(value: object, low: float = 0, high: float = LARGEST_COUNT) -> int:
    """A number of months, whole and 0 or more.

    Raises
    ------
    ValueError
        If it is not a whole number of months in the range; ``3 years`` is answered by ``write 36``.

    >>> parse_months(36)
    36
    """
    if isinstance(value, str):
        text = value.strip()
        duration = _DURATION.fullmatch(text)
        if duration is not None and len(text) <= LONGEST_TEXT:
            months = float(duration[1]) * (12 if duration[2].lower().startswith("y") else 1)
            raise ValueError(f"{as_typed(value)} carries a unit, this is months: write {months:.12g}")
        if _A_DATE.fullmatch(text):
            raise ValueError(f"{as_typed(value)} is a date, this is a number of months: write one such as 36")
    return parse_count(value, low, high, "months")


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
        raise ValueError(f"{as_typed(value)} is a range, one multiplier is wanted: write one such as x0.7")
    match = _MULTIPLIER.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if match is not None:
        return float(match[1])
    if _LIKE_MULTIPLIER.match(text):
        raise ValueError(f"{as_typed(value)} is not a multiplier: write x and a number of 0 or more, such as x0.7")
    return None


@dataclass(frozen=True)
class Parser:
    """The parser of a field with a unit, which also checks low <= value <= high.

    Parameters
    ----------
    unit : str
        ``share``, ``share/month``, ``share/year``, ``rate/year``, ``EUR...``, ``months``; any other unit
        (``utility``, ``log-odds``, ``points``, ``1``, ``years``) is a plain finite number.
    low, high : float
        Inclusive range, in the unit (fractions for shares and rates).
    whole : bool
        Whether a whole number is wanted.
    """

    unit: str
    low: float
    high: float
    whole: bool = False

    def __call__(self, value: object) -> float:
        """Return the number that was written."""
        if self.unit.partition("/")[0] == "share":
            return parse_share(value, self.low, self.high, self.unit)
        if self.unit == "rate/year":
            return parse_rate(value, self.low, self.high)
        if self.unit.startswith("EUR"):
            return parse_money(value, self.low, self.high, self.unit)
        if self.whole and self.unit == "months":
            return parse_months(value, self.low, self.high)
        if self.whole:
            return parse_count(value, self.low, self.high, self.unit)
        return parse_number(value, self.low, self.high, self.unit)

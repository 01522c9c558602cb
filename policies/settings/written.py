"""Numbers as they were written: what somebody else might read as another number is not read at all."""

import re
from typing import Self

from tenure.policies.settings.faults import Fault, refuse

_DOTTED = re.compile(r"([+-]?)([1-9][0-9]{0,2})\.([0-9]{3})")
_ONES = (
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


class Written(float):
    """A number of a config that still knows its text, since ``4.000`` and ``4.0`` are not the same to everybody."""

    text: str

    def __new__(cls, value: float, text: str = "") -> Self:
        """Return the number, which counts and computes as any other."""
        made = super().__new__(cls, value)
        made.text = text
        return made


def text_of(value: object) -> str:
    """Return a number's text as it was written: of a text itself, of `Written`; otherwise empty."""
    return value.strip() if isinstance(value, str) else str(getattr(value, "text", ""))


def readings(text: str) -> tuple[float, float] | None:
    """Return both numbers that ``4.000`` or ``12.500`` can mean, with dots for thousands and for decimals; else None.

    >>> readings("12.500"), readings("0.125"), readings("1.25")
    ((12500.0, 12.5), None, None)
    """
    match = _DOTTED.fullmatch(text)
    return None if match is None else (float(f"{match[1]}{match[2]}{match[3]}"), float(text))


def thousands_faults(
    value: object, low: float = -1e300, high: float = 1e300, whole: bool = False, zeros_too: bool = True
) -> list[Fault]:
    """Return what is wrong with a number that has a dot for thousands, or may have one.

    Three decimals after one to three digits (``4.000``, ``12.500``) are thousands to half of the world. They are
    refused where both readings lie in the range. ``0.125`` can mean one thing alone, and so can ``-2.800`` where
    the range has no thousands: they are taken.

    Parameters
    ----------
    value : object
        A text or a `Written`; another number has no text that could be read in two ways.
    low, high : float
        Range of what is wanted.
    whole : bool
        Whether a whole number is wanted.
    zeros_too : bool
        Whether three zeros are refused in any case, as of money and counts, whose decimals say nothing.
    """
    text = text_of(value)
    both = readings(text)
    if both is None:
        return []
    thousands, decimal = both
    zeros = text.endswith(".000")
    fits, decimal_fits = low <= thousands <= high, low <= decimal <= high and (zeros or not whole)
    if fits and decimal_fits:
        first, second = _in_words(text) if zeros else (f"{thousands:.12g}", f"{decimal:.12g}")
        told = f"is {text} {first} or {second}? Write {thousands:.12g} or {_plainly(text)}"
        return [Fault(f"{text} can be read in two ways", told)]
    if fits or (decimal_fits and zeros and zeros_too):
        return [Fault(f"{text} looks like thousands", f"write {thousands if fits else decimal:.12g}")]
    return []


def refuse_thousands(
    value: object, low: float = -1e300, high: float = 1e300, whole: bool = False, zeros_too: bool = True
) -> None:
    """Raise `FaultyError` for what `thousands_faults` finds."""
    refuse(thousands_faults(value, low, high, whole, zeros_too))


def _plainly(text: str) -> str:
    """Return a decimal number in a spelling that has one reading alone."""
    short = f"{float(text):.12g}"
    return f"{short}0" if readings(short) else short


def _in_words(text: str) -> tuple[str, str]:
    number = abs(int(text.partition(".")[0]))
    hundreds, rest = divmod(number, 100)
    small = _ONES[rest] if rest < 20 else "-".join(filter(None, (_TENS[rest // 10], _ONES[rest % 10])))
    words = " ".join(filter(None, (f"{_ONES[hundreds]} hundred" if hundreds else "", small)))
    words = f"minus {words}" if text.startswith("-") else words
    return f"{words} thousand", words

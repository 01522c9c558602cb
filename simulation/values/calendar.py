"""Months of the calendar as a user writes them, and how many lie between them."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from tenure.policies.settings.written import text_of
from tenure.simulation.values.units import LONGEST_TEXT, as_typed

FIRST_YEAR, LAST_YEAR = 1900, 2200
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})")
_LIKE_DATE = re.compile(r"([0-9]{4})(?:[-/. ]([0-9]{1,2}))?(?:[-/. ][0-9]{1,2})?(?:[T ].*)?")


def parse_calendar_month(value: object) -> str:
    """A month of the calendar, ``2027-01``.

    Raises
    ------
    ValueError
        If it is none; a year, a day and other spellings are answered by the month that is probably meant.

    >>> parse_calendar_month("2027-01")
    '2027-01'
    """
    text = text_of(value) or (str(value) if isinstance(value, int | float) and not isinstance(value, bool) else "")
    like = _LIKE_DATE.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    year, month = (int(like[1]), int(like[2] or 1)) if like else (0, 0)
    if not 1 <= month <= 12:
        raise ValueError(f"{as_typed(value)} is not a month: write one such as 2027-01")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{as_typed(value)} is outside {FIRST_YEAR} to {LAST_YEAR}: write a month such as 2027-01")
    if not _DATE.fullmatch(text):
        raise ValueError(f"{as_typed(value)} is not a month: did you mean {year}-{month:02}?")
    return text


def month_number(text: str) -> int:
    """Months since the year 0 of a month of the calendar."""
    year, month = parse_calendar_month(text).split("-")
    return int(year) * 12 + int(month) - 1


def calendar_month(start: str, month: int) -> str:
    """Return the date of a month from the start.

    >>> calendar_month("2027-01", 18), calendar_month("2027-01", -1)
    ('2028-07', '2026-12')
    """
    year, after = divmod(month_number(start) + month, 12)
    return f"{year:04}-{after + 1:02}"


CalendarMonth = Annotated[str, BeforeValidator(parse_calendar_month)]

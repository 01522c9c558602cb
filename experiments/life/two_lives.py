"""One person in two worlds, month by month beside each other, with the first month in which these differ."""

from itertools import takewhile, zip_longest
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from tenure.experiments.life.months import START, Life, LifeMonth

MARK = "▶"
"""Stands before the first month that differs."""


class TwoMonths(NamedTuple):
    """A month of one person in two worlds; None where that life is over."""

    month: int
    first: LifeMonth | None
    second: LifeMonth | None

    @property
    def differs(self) -> bool:
        """Whether anything that was true, or happened, is not the same; what was believed does not count."""
        return _true(self.first) != _true(self.second)


def side_by_side(first: Life, second: Life) -> list[TwoMonths]:
    """Put the months of two lives of one person beside each other, from the start of both arms.

    Raises
    ------
    ValueError
        If they are of two people, or begin in other months.
    """
    if first.person != second.person or first.months[0].month != second.months[0].month:
        raise ValueError("these are not two lives of one person from the same month on")
    begun = first.months[0].month
    pairs = zip_longest(first.months, second.months)
    return [TwoMonths(begun + place, *pair) for place, pair in enumerate(pairs)]


def first_that_differs(months: list[TwoMonths]) -> int | None:
    """Return the number of the first month that differs; None if all are the same."""
    return next((one.month for one in months if one.differs), None)


def first_in_our_files_alone(months: list[TwoMonths]) -> int | None:
    """Return the first month of which our files say something else while all that is true is the same; None if none."""
    same = takewhile(lambda one: not one.differs, months)
    return next(
        (one.month for one in same if one.first and one.second and one.first.in_files != one.second.in_files), None
    )


def two_lives_table(first: Life, second: Life, every: bool = False) -> Table:
    """Return a table of the months in which something happened in a world, or, with `every`, of all.

    The first month that differs is marked; before it, what is the same in both is written once. What our files say may
    differ sooner: such a month is no difference of the two lives, and is shown in both.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("month", justify="right")
    for life in (first, second):
        table.add_column(f"under '{escape(life.arm)}'", ratio=1)
        table.add_column(f"margin\n{life.currency}/year", justify="right")
    months = side_by_side(first, second)
    parted, before = first_that_differs(months), months[0]
    for one in months:
        said = any(month is not None and month.happened for month in one[1:])
        moved = [_standing(month) for month in one[1:]] != [_standing(month) for month in before[1:]]
        if every or one in (months[0], months[-1]) or one.month == parted or said or moved:
            table.add_row(*_row(one, parted))
        before = one
    return table


def _row(one: TwoMonths, parted: int | None) -> list[str]:
    mark = f"{MARK} " if one.month == parted else ""
    number = mark + ("start" if one.month == START else str(one.month))
    left, right = _text(one.first), _text(one.second)
    same = left == right and (parted is None or one.month < parted)
    return [number, left[0], left[1], *(("as there", "") if same else right)]


def _text(month: LifeMonth | None) -> tuple[str, str]:
    if month is None:
        return "-", ""
    standing = month.provider if month.provider in ("nobody", "gone") else f"{month.provider}, {month.stage}"
    late = f", {month.months_past_due} past due" if month.months_past_due else ""
    happened = f": {'; '.join(month.happened)}" if month.happened else ""
    owes = f", owes {month.credit:,.0f}" if month.credit else ""
    return escape(f"{standing}{owes}{late}{happened}"), f"{round(month.margin_per_year) + 0:,}"


def _true(month: LifeMonth | None) -> tuple[object, ...]:
    if month is None:
        return ()
    held = month.provider, month.stage, month.products, month.credit, month.deposits, month.months_past_due
    brought = [line for line in month.happened if line not in month.in_files]
    return (*held, month.default_per_year, month.margin_per_year, brought)


def _standing(month: LifeMonth | None) -> tuple[object, ...]:
    return () if month is None else (month.provider, month.stage, month.products, month.months_past_due)

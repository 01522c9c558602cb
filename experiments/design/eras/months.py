"""When eras begin and end: from dates, from what they follow, and from the one that comes next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.printable import shown
from tenure.experiments.config.problems import value_problem
from tenure.experiments.config.reading import suggest
from tenure.experiments.config.settings import LONGEST_RUN
from tenure.experiments.design.eras.texts import EraText
from tenure.experiments.design.scenario_dates import settings_in
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.schedule import month_from

END = "end"
"""Written under `until`, of an era that goes on though others begin."""


class DatedEra(NamedTuple):
    """An era and its months from the start; without a last one it goes on for ever."""

    text: EraText
    first: int
    last: int | None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.text.title


class _Written(NamedTuple):
    """The months of an era as far as they are written; `open` if nothing says where it ends."""

    first: int | None
    last: int | None
    open: bool


def dated_eras(
    texts: Sequence[EraText], document: Document, start: str, months: int | None, problems: list[Problem]
) -> list[DatedEra]:
    """Return eras in the order in which they begin, and add what is wrong with their months.

    Parameters
    ----------
    texts : sequence of EraText
        In any order.
    document : Document
        The experiment that they were read from.
    start : str
        The market's first month.
    months : int or None
        Length of the run, where that is known.
    problems : list of Problem
        Takes what is wrong.
    """
    written = {one.title: _written(one, document, start, problems) for one in texts}
    begun: list[tuple[EraText, int, _Written]] = []
    for one in texts:
        found: list[Problem] = []
        first = _first(one, written, document, start, found)
        if first is not None and not found:
            found += _outside(one, first, written[one.title].last, document, start, months)
        problems += found
        if first is not None and not found:
            begun.append((one, first, written[one.title]))
    begun.sort(key=lambda one: one[1])
    starts = [first for _, first, _ in begun]
    dated = []
    for text, first, own in begun:
        later = min((one for one in starts if one > first), default=None)
        dated.append(DatedEra(text, first, (None if later is None else later - 1) if own.open else own.last))
    problems += _overlaps(dated, start)
    return dated


def span_text(first: int, last: int | None, start: str) -> str:
    """Say in which months something holds.

    >>> span_text(12, 23, "2027-01"), span_text(12, None, "2027-01"), span_text(3, 3, "2027-01")
    ('2028-01 to 2028-12', 'from 2028-01 on', '2027-04')
    """
    begins = calendar_month(start, first)
    if last is None:
        return f"from {begins} on"
    return begins if last == first else f"{begins} to {calendar_month(start, last)}"


def _written(one: EraText, document: Document, start: str, problems: list[Problem]) -> _Written:
    first = _month(one, "from", one.first, document, start, problems)
    if one.until in (None, END):
        return _Written(first, None, one.until is None)
    return _Written(first, _month(one, "until", one.until, document, start, problems), False)


def _month(one: EraText, key: str, value: Value, document: Document, start: str, problems: list[Problem]) -> int | None:
    if value is None:
        return None
    try:
        if isinstance(value, int) and value > LONGEST_RUN:
            raise ValueError(f"{value} would be months from the start: write a date such as {start}")
        return month_from(start, value)
    except ValueError as error:
        problems.append(value_problem(document, (*one.at, key), f"the era {shown(one.title)}: {key}", error))
        return None


def _first(
    one: EraText, written: Mapping[str, _Written], document: Document, start: str, problems: list[Problem]
) -> int | None:
    """Return the first month of an era, as written or by the era that it follows."""
    own, called = written[one.title].first, f"the era {shown(one.title)}"
    if one.follows is None:
        if one.first is None:
            mend = "Add 'from: 2028-01', or 'follows:' and the title of the era that it follows."
            problems.append(document.problem(one.at, f"{called} has no beginning", mend))
        return own
    at: KeyPath = (*one.at, "follows")
    if not isinstance(one.follows, str) or one.follows not in written or one.follows == one.title:
        others = [title for title in written if title != one.title]
        mend = suggest(str(one.follows), others) if others else "Write 'from: 2028-01' instead."
        problems.append(document.problem(at, f"{called} follows no other era of the experiment", mend))
        return None
    before, other = written[one.follows], f"the era {shown(one.follows)}"
    if one.first is not None:
        if own is not None and before.last is not None and own != before.last + 1:
            apart = own - before.last - 1
            gap = f"{abs(apart)} month{'s' if abs(apart) != 1 else ''}"
            what = f"{gap} lie{'s' if abs(apart) == 1 else ''} between them" if apart > 0 else f"they overlap by {gap}"
            told = f"{called} follows {other}, which ends in {calendar_month(start, before.last)}, but {what}"
            mend = f"Write 'from: {calendar_month(start, before.last + 1)}', or leave 'from' out."
            problems.append(document.problem((*one.at, "from"), told, mend))
        return own
    if before.last is None:
        mend = "Write 'until' there, or 'from' here."
        problems.append(document.problem(at, f"{called} follows {other}, of which nothing says when it ends", mend))
        return None
    return before.last + 1


def _outside(
    one: EraText, first: int, last: int | None, document: Document, start: str, months: int | None
) -> Iterator[Problem]:
    """Yield why an era cannot hold from its first month to its last."""
    called, begins = f"the era {shown(one.title)}", calendar_month(start, first)
    key = "from" if one.first is not None else "follows"
    if first < 0:
        what, mend = f"{called} begins in {begins}, before the run, {start}", f"Write {start} or later."
        yield document.problem((*one.at, key), what, mend)
    elif months is not None and first >= months:
        ends = calendar_month(start, months - 1)
        mend = f"Write {ends} or earlier, or let the run be longer than {months} months."
        yield document.problem(
            (*one.at, key), f"{called} begins in {begins}, after the run, which ends in {ends}", mend
        )
    if last is not None and last < first:
        what = f"{called} ends in {calendar_month(start, last)}, before it begins in {begins}"
        yield document.problem((*one.at, "until"), what, "'until' is the last month in which it holds.")


def _overlaps(eras: Sequence[DatedEra], start: str) -> Iterator[Problem]:
    """Yield the settings that two eras would change in the same months."""
    for place, one in enumerate(eras):
        for other in eras[:place]:
            if other.last is not None and other.last < one.first:
                continue
            theirs = [at for at, _ in settings_in(other.text.over.data)]
            for at, _ in settings_in(one.text.over.data):
                if any(at[: len(their)] == their[: len(at)] for their in theirs):
                    where = other.text.over.place(at)
                    line = f", line {where.line}" if where.line else ""
                    span = span_text(other.first, other.last, start)
                    what = f"the era {shown(one.title)} changes {'.'.join(map(str, at))}, as {shown(other.title)} does"
                    mend = "Let one end before the other begins, or leave it out of one of them."
                    yield one.text.over.problem(at, f"{what} ({span}{line})", mend)

"""Values with dates as a market writes them: read by the declaration of what they stand for, or refused by name."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from tenure.policies.settings.faults import Fault, FaultyError, KeyPath, faults_of, refuse, told
from tenure.simulation.settings.declared import NAME, Declared, Numbers
from tenure.simulation.settings.rules import times_default
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.schedule import CSV, LINE, Schedule, is_schedule, month_from, steps_of

EXAMPLE = "{2027-01: 3%, 2028-07: 4%}"
Readers = Mapping[KeyPath, Callable[[object], object]]
"""Place of a value that is no number and may change by date -> what reads it."""


def schedules_in(data: Mapping[str, object], numbers: Numbers, beside: Readers, start: str) -> tuple[Schedule, ...]:
    """Return the schedules of a market as it is written.

    Raises
    ------
    FaultyError
        For every schedule that cannot be read, with its place, and for dates where a value is read only once.
    """
    found: list[Schedule] = []
    faults: list[Fault] = []
    for at, value in _mappings(data, ()):
        declared = numbers.at(at)
        reader = beside.get(tuple(NAME if at[0] == "rivals" and n == 1 else part for n, part in enumerate(at)))
        if declared is None and (reader is None or not is_schedule(value)):
            continue
        try:
            found.append(_read(at, value, declared, reader or partial(number_read, declared), start))
        except FaultyError as error:
            faults += error.faults
    refuse(faults)
    return tuple(sorted(found, key=lambda one: list(map(str, one.at))))


def _mappings(value: object, at: KeyPath) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    """Yield place and value of every mapping below a value, outer ones first."""
    if isinstance(value, Mapping):
        if at:
            yield at, value
        for key, below in value.items():
            yield from _mappings(below, (*at, key))
    elif isinstance(value, list | tuple):
        for place, below in enumerate(value):
            yield from _mappings(below, (*at, place))


def _read(
    at: KeyPath,
    written: Mapping[str, object],
    declared: Declared | None,
    reader: Callable[[object], object],
    start: str,
) -> Schedule:
    """Return one schedule, or raise all that is wrong with it."""
    refuse(_form_faults(at, written, declared))
    steps, line = steps_of(written)
    below = (*at, LINE) if line else at
    faults: list[Fault] = []
    read: dict[int, object] = {}
    for key, value in steps.items():
        place: KeyPath = (*below, str(key))
        try:
            month = month_from(start, key)
            if month in read:
                raise ValueError(f"the month {calendar_month(start, month)} is written twice: keep one of the two")
        except ValueError as error:
            faults += [fault._replace(at=place, of_key=True) for fault in faults_of(error)]
            continue
        try:
            read[month] = reader(value)
        except ValueError as error:
            faults += [fault._replace(at=place) for fault in faults_of(error)]
    refuse(faults)
    months = tuple(sorted(read))
    if months[0] > 0:
        first = calendar_month(start, months[0])
        mend = f"add the value from the start on, such as {start}: ..."
        raise FaultyError(Fault(f"nothing says what holds from the start, {start}, until {first}", mend, below))
    return Schedule(at, months, tuple(read[month] for month in months), line)


def number_read(declared: Declared | None, value: object) -> float:
    """Return one number of a schedule, by its declaration; ``x0.7`` multiplies a default that is one number."""
    if declared is None:
        raise ValueError(f"{told(value)} is no number: write a number")
    default = declared.default if declared.at[0] in ("rules", "traits") else None
    return declared.parser(value if isinstance(default, tuple) else times_default(default, value))


def _form_faults(at: KeyPath, written: Mapping[str, object], declared: Declared | None) -> Iterator[Fault]:
    """Yield why a mapping cannot be a schedule at its place."""
    if declared is not None and declared.no_dates:
        yield Fault(f"this cannot change by date, for {declared.no_dates}", "write one number", at)
    elif declared is not None and isinstance(declared.default, tuple) and not isinstance(at[-1], int):
        what = f"this is a list of {len(declared.default)} numbers, which take dates one by one"
        yield Fault(what, f"write a list such as [{EXAMPLE}, ...]", at)
    elif CSV in written:
        what = "a CSV file is read only where a file of a market or of an experiment names it"
        yield Fault(what, f"write its values out, such as {EXAMPLE}", at)
    elif not is_schedule(written) or not steps_of(written)[0]:
        yield Fault(f"a number is wanted, or values with dates, got {told(written)}", f"write such as {EXAMPLE}", at)
    elif LINE in written and (declared is None or declared.kind is int):
        what = f"this is {'no number' if declared is None else 'a whole number'}, which cannot move along a line"
        yield Fault(what, f"write steps, such as {EXAMPLE if declared is None else '{2027-01: 2, 2028-07: 3}'}", at)

"""A value with dates: what a number of a market is from which month on.

A schedule stands where a number would:

- steps, ``{2027-01: 3%, 2028-07: 4%}``: each value holds from its month on, until the next one;
- a line, ``{line: {2027-01: 3%, 2029-01: 5%}}``: from each value in equal steps to the next one, month by month;
- a column of a CSV file, ``{csv: rates.csv, column: funding_cost}``: steps, from the months in its column `month`. Only
  files of markets and experiments can name one; it is read beside the file that names it.

A month is a date, ``2027-01``, or a number of months from the market's start, ``24``. Steps and lines begin at the
start or before it: the first value holds before its month, too, in burn-in and warm-up, and the last one for ever.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from tenure.policies.settings.faults import KeyPath
from tenure.simulation.values.calendar import calendar_month, month_number, parse_calendar_month

Value = TypeVar("Value")
LINE, CSV, COLUMN = "line", "csv", "column"
_MONTHS = re.compile(r"-?[0-9]{1,4}")
_LIKE_MONTH = re.compile(r"-?[0-9]{1,4}(?:[-/.][0-9]{1,2}){0,2}")


class Schedule(NamedTuple):
    """The values of one setting, from the first month to the last."""

    at: KeyPath
    """Where it stands in the market."""
    months: tuple[int, ...]
    """Rising, from the market's start; the first is 0 or less."""
    values: tuple[object, ...]
    line: bool = False
    """Whether values move evenly from one to the next, instead of by steps."""

    def phase(self, month: int) -> int:
        """Return what tells the value in a month: equal phases have equal values."""
        if self.line:
            return min(max(month, self.months[0]), self.months[-1])
        return max(bisect_right(self.months, month) - 1, 0)

    def value(self, month: int) -> object:
        """Return the value in a month.

        >>> Schedule(("world", "discount"), (0, 12), (0.03, 0.05), line=True).value(6)
        0.04
        """
        place = max(bisect_right(self.months, month) - 1, 0)
        before = self.values[place]
        if not self.line or month <= self.months[place] or place + 1 == len(self.months):
            return before
        after = self.values[place + 1]
        if not isinstance(before, float) or not isinstance(after, float) or before == after:
            return before
        part = (month - self.months[place]) / (self.months[place + 1] - self.months[place])
        return before + part * (after - before)

    def written(self, start: str) -> dict[str, object]:
        """Return the schedule as a market writes it, with dates."""
        steps = {
            calendar_month(start, month): value.model_dump(exclude_defaults=True)
            if isinstance(value, BaseModel)
            else value
            for month, value in zip(self.months, self.values, strict=True)
        }
        return {LINE: steps} if self.line else steps


def month_from(start: str, written: object) -> int:
    """Return the month from the start that a date or a number of months names.

    Raises
    ------
    ValueError
        If it is neither.

    >>> month_from("2027-01", "2028-07"), month_from("2027-01", "24"), month_from("2027-01", 24)
    (18, 24, 24)
    """
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    if isinstance(written, str) and _MONTHS.fullmatch(written.strip()) and len(written.strip()) < 4:
        return int(written)
    return month_number(parse_calendar_month(written)) - month_number(start)


def is_schedule(value: object) -> bool:
    """Whether a value is written as a schedule, whether or not it is a right one.

    >>> is_schedule({"2027-01": 3, "24": 4}), is_schedule({"line": {0: 1}}), is_schedule({"loan": 3}), is_schedule({})
    (True, True, False, False)
    """
    if not isinstance(value, Mapping) or not value:
        return False
    if set(value) == {LINE}:
        steps = value[LINE]
        return isinstance(steps, Mapping) and all(map(like_month, steps))
    return {CSV} <= set(value) <= {CSV, COLUMN} or all(map(like_month, value))


def like_month(key: object) -> bool:
    """Whether a key looks like a date or a number of months, whether or not it is a right one."""
    if isinstance(key, str):
        return _LIKE_MONTH.fullmatch(key) is not None
    return isinstance(key, int) and not isinstance(key, bool)


def steps_of(value: object) -> tuple[Mapping[object, object], bool]:
    """Return month -> value of a written schedule, and whether it is a line."""
    assert isinstance(value, Mapping)  # noqa: S101  # asked of schedules only
    return (value[LINE], True) if set(value) == {LINE} else (value, False)


def values_of(value: Value) -> tuple[Value, ...]:
    """Return all values of a written schedule, of anything else the one.

    >>> values_of({"2027-01": {"policy": "a"}, "12": {"policy": "b"}}), values_of({"policy": "a"})
    (({'policy': 'a'}, {'policy': 'b'}), ({'policy': 'a'},))
    """
    values = tuple(steps_of(value)[0].values()) if is_schedule(value) else (value,)
    return values  # type: ignore[return-value]  # each stands where one value would


def changes(schedules: Sequence[Schedule]) -> tuple[int, ...]:
    """Return the months at which a value is written, but for those at which all have their first one."""
    return tuple(sorted({month for one in schedules for month in one.months[1:]}))


Node = TypeVar("Node")


def laid(node: Node, at: KeyPath, value: object) -> Node:
    """Return settings, or plain data, with another value at a place, if there is such a place; the rest is shared.

    >>> laid({"a": (1, 2), "b": 3}, ("a", 1), 5)
    {'a': (1, 5), 'b': 3}
    """
    changed: object = node
    if not at:
        changed = value
    elif isinstance(node, BaseModel):
        name = next(name for name, one in type(node).model_fields.items() if at[0] in (name, one.alias))
        changed = node.model_copy(update={name: laid(getattr(node, name), at[1:], value)})
    elif isinstance(node, Mapping) and at[0] in node:
        changed = {**node, at[0]: laid(node[at[0]], at[1:], value)}
    elif isinstance(node, list | tuple):
        changed = type(node)(laid(one, at[1:], value) if place == at[0] else one for place, one in enumerate(node))
    return changed  # type: ignore[return-value]  # of the same kind: a value takes the place of one of its kind


def held_from(base: object, value: object, first: int, last: int | None, start: str) -> dict[str, object]:
    """Return steps that are a market's own value but for some months, as they are written.

    Parameters
    ----------
    base : object
        The market's own: a value, or steps. A line cannot be cut.
    value : object
        What holds instead, one value.
    first, last : int
        First and last month in which it does, from the start; without a last one for ever.
    start : str
        The market's first month.

    Raises
    ------
    ValueError
        If the market's own moves along a line.

    >>> held_from(0.03, 0.05, 6, 11, "2027-01")
    {'2027-01': 0.03, '2027-07': 0.05, '2028-01': 0.03}
    >>> held_from(0.03, 0.05, 0, None, "2027-01")
    {'2026-12': 0.03, '2027-01': 0.05}
    >>> held_from({"2026-01": 1, "2027-09": 2}, 5, 6, 11, "2027-01")
    {'2026-01': 1, '2027-07': 5, '2028-01': 2}
    """
    steps, line = steps_of(base) if is_schedule(base) else ({"0": base}, False)
    if line:
        raise ValueError("the market's own value moves along a line, which nothing can be laid over: write it as steps")
    own = dict(sorted((month_from(start, key), one) for key, one in steps.items()))
    held = {month: one for month, one in own.items() if month < first}
    held = held or {first - 1: next(iter(own.values()))}
    held[first] = value
    if last is not None:
        held[last + 1] = [one for month, one in own.items() if month <= last + 1 or month == min(own)][-1]
        held |= {month: one for month, one in own.items() if month > last + 1}
    return {calendar_month(start, month): one for month, one in held.items()}


def at_start(data: object, start: str) -> object:
    """Return plain data with the first value in place of each schedule.

    >>> at_start({"apr": {"card": {"2028-01": 3, "0": 2}, "loan": 4}}, "2027-01")
    {'apr': {'card': 2, 'loan': 4}}
    """
    if is_schedule(data) and not (isinstance(data, Mapping) and CSV in data):
        steps, _ = steps_of(data)
        return steps[min(steps, key=lambda key: month_from(start, key))]
    if isinstance(data, Mapping):
        return {key: at_start(value, start) for key, value in data.items()}
    return [at_start(one, start) for one in data] if isinstance(data, list) else data

"""When a scenario holds: its values from one month to another, and the market's own before and after."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.problems import names_at, value_problem
from tenure.experiments.design.scenario_files import ScenarioText
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.schedule import held_from, is_schedule, month_from, steps_of

_WHOLE = ("policy",)
"""Settings of an institution that are a mapping, and yet one value."""


def dated(
    text: ScenarioText, over: Document, base: Document, market: MarketSettings, problems: list[Problem]
) -> Document:
    """Return what is different from month 0 on, or in the months of a scenario only.

    Parameters
    ----------
    text : ScenarioText
        With the first and the last month in which the scenario holds, where they are written.
    over : Document
        What is different, multiplied out.
    base : Document
        The market as the experiment has it.
    market : MarketSettings
        The same, checked.
    problems : list of Problem
        Takes what is wrong: months that cannot be, and what could not change by date.
    """
    first = _month(over, "from", text.first, market.start, problems)
    last = _month(over, "to", text.last, market.start, problems)
    if first is not None and last is not None and last < first:
        what = f"the scenario ends ('to': {text.last}) before it begins ('from': {text.first})"
        problems.append(over.problem(("to",), what, "'to' is the last month in which it holds."))
    problems += [one for at, _ in settings_in(over.data) for one in _once(over, at)]
    if (first is None and last is None) or problems:
        return over
    return held_between(over, base, market, first or 0, last, problems)


def held_between(
    over: Document, base: Document, market: MarketSettings, first: int, last: int | None, problems: list[Problem]
) -> Document:
    """Return what is different from a first to a last month, and the market's own before and after.

    Parameters
    ----------
    over, base, market
        As for `dated`.
    first, last : int
        Months from the start; without a last one it holds for ever.
    problems : list of Problem
        Takes what could not change by date.
    """
    own = market.model_dump(mode="json", by_alias=True)
    data = deepcopy(over.data)
    for at, value in settings_in(over.data):
        try:
            _put(data, at, _held(base.data, own, at, value, first, last, market.start))
        except ValueError as error:
            problems.append(value_problem(over, at, ".".join(map(str, at)), error))
    return replace(over, data=data)


def _month(over: Document, key: str, written: Value, start: str, problems: list[Problem]) -> int | None:
    """Return the month that is written under a key, from the market's start; None where none is."""
    if written is None:
        return None
    try:
        month = month_from(start, written)
    except ValueError as error:
        problems.append(value_problem(over, (key,), key, error))
        return None
    if month < 0:
        what = f"{key}: {written} lies before the market's start, {start}"
        mend = "Leave it out, or write 'always: true' for a scenario that holds before the start as well."
        problems.append(over.problem((key,), what, mend))
        return None
    return month


def settings_in(data: Value, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Value]]:
    """Yield place and value of everything that is set; values with dates and policies are one value."""
    if isinstance(data, dict) and data and not is_schedule(data) and at[-1:] not in [(one,) for one in _WHOLE]:
        for key, value in data.items():
            yield from settings_in(value, (*at, key))
    elif at:
        yield at, data


def _once(over: Document, at: KeyPath) -> Iterator[Problem]:
    """Yield why a number has no say from month 0 on, where it is read before only."""
    declared = numbers_of(MarketSettings).at(at)
    if declared is not None and declared.read_when != "month":
        when = "when the market begins" if declared.read_when == "start" else "when people are born"
        what = f"{'.'.join(map(str, at))} is read once, {when}, and the scenario begins later"
        yield over.problem(at, what, "Write 'always: true', or leave it out.")


def _held(base: Value, own: Value, at: KeyPath, value: Value, first: int, last: int | None, start: str) -> Value:
    """Return a value from one month to another, and the market's own otherwise."""
    before = _of_market(base, own, at)
    if before is None:
        known = names_at(MarketSettings, at[:-1])
        if known and at[-1] not in known:
            return value  # told when the market is checked
        raise ValueError("the market has no value of its own here, for before and after: write one below 'market'")
    if isinstance(before, dict) and not is_schedule(before) and at[-1] not in _WHOLE:
        return value  # no value, but a section: told when the market is checked
    if isinstance(value, list) and isinstance(before, list) and len(value) == len(before):
        return [_steps(one, new, first, last, start) for one, new in zip(before, value, strict=True)]
    return _steps(before, value, first, last, start)


def _steps(before: Value, value: Value, first: int, last: int | None, start: str) -> Value:
    """Return the market's own value with another one, or others by date, laid over some months."""
    steps, line = steps_of(value) if is_schedule(value) else ({first: value}, False)
    if line:
        raise ValueError("it moves along a line, of which a scenario with 'from' or 'to' cannot be a part: write steps")
    months = sorted((month_from(start, key), one) for key, one in steps.items())
    held: object = before
    for place, (month, one) in enumerate(months):
        begins = first if place == 0 else max(first, month)
        ends = [months[place + 1][0] - 1] if place + 1 < len(months) else []
        ends += [] if last is None else [last]
        if not ends or min(ends) >= begins:
            held = held_from(held, one, begins, min(ends, default=None), start)
    return held  # type: ignore[return-value]  # made of such values


def _of_market(base: Value, own: Value, at: KeyPath) -> Value:
    """Return the market's value at a place, as written or by default; a price by the market's list where it is none."""
    found = _at(base, at)
    found = _at(own, at) if found is None else found
    if found is None and at[0] == "rivals" and at[2:3] in (("apr",), ("rate",)) and len(at) == 4:
        return _at(own, ("products", at[3], at[2]))
    return found


def _at(data: Value, at: KeyPath) -> Value:
    for part in at:
        data = data.get(str(part)) if isinstance(data, dict) else None
    return data


def _put(data: dict[str, Value], at: KeyPath, value: Value) -> None:
    """Put a value in place of one that is there."""
    inner = data
    for part in at[:-1]:
        below = inner[str(part)]
        inner = below if isinstance(below, dict) else {}
    inner[str(at[-1])] = value

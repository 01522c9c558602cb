"""Factors: ``x0.7`` multiplies the market's own value, at whatever place and date it is written."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.problems import names_at, value_problem
from tenure.policies.treatments import NUMBERS
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.schedule import LINE, is_schedule, month_from, steps_of
from tenure.simulation.values.units import parse_multiplier

_NO_NUMBERS = ("name", "policy")


class _FactorError(ValueError):
    """What a factor cannot multiply."""


def multiplied(over: Document, base: Document, problems: list[Problem]) -> Document:
    """Turn ``x0.7`` into 0.7 times the market's own value, in what is laid over a market.

    Parameters
    ----------
    over : Document
        What is laid over it; its data is changed.
    base : Document
        The market.
    problems : list of Problem
        Takes what is wrong.
    """
    written = [(at, value) for at, value in _values(over.data, ()) if _may_hold_factor(value)]
    if not written:
        return over
    try:
        market = MarketSettings.model_validate(base.data)
    except ValidationError:
        return over  # the market's own faults are told when it is checked
    own = _own_numbers(market)
    for at, value in written:
        name, known = ".".join(map(str, at)), names_at(MarketSettings, at[:-1])
        if (known and at[-1] not in known) or at[-1] in _NO_NUMBERS:
            continue
        try:
            _set(over.data, at, _times_own(value, _there(own, at), market.start))
        except _FactorError as error:
            problems.append(over.problem(at, f"{name}: {error}", "Write the value itself."))
            _take_out(over.data, at)
        except ValueError as error:
            problems.append(value_problem(over, at, name, error))
            _take_out(over.data, at)
    return over


def times_own(data: Mapping[str, object], factors: Sequence[tuple[KeyPath, str]]) -> dict[str, object]:
    """Return a market as plain data with factors laid over some of its numbers.

    Parameters
    ----------
    data : mapping
        A market that is right.
    factors : sequence of (KeyPath, str)
        Places and what multiplies the number there, at all its dates.

    Raises
    ------
    ValueError
        If there is no number at a place, or it is 0.
    """
    market = MarketSettings.model_validate(data)
    own = _own_numbers(market)
    for at, factor in factors:
        data = _with_value(data, at, _times_own(factor, _there(own, at), market.start))
    return dict(data)


def _own_numbers(market: MarketSettings) -> dict[str, object]:
    """Return a market's own values, those of all treatments among them."""
    own: dict[str, object] = market.model_dump(by_alias=True)
    treatments = {one.name: {name: getattr(one, name) for name in NUMBERS} for one in market.catalogue()[1:]}
    return {**own, "treatments": treatments}


def _with_value(data: object, at: KeyPath, value: object) -> dict[str, object]:
    """Return plain data with a value at a place, whether or not something stands there."""
    base = dict(data) if isinstance(data, Mapping) else {}
    first, *rest = at
    return {**base, str(first): _with_value(base.get(str(first)), tuple(rest), value) if rest else value}


def _values(value: Value, at: KeyPath) -> Iterator[tuple[KeyPath, Value]]:
    """Yield path and value of all that is no section: single values, lists, and values with dates as a whole."""
    if isinstance(value, dict) and value and not is_schedule(value):
        for key, child in value.items():
            yield from _values(child, (*at, key))
    else:
        yield at, value


def _may_hold_factor(value: object) -> bool:
    values = steps_of(value)[0].values() if is_schedule(value) else [value]
    return any(isinstance(one, str) and one.strip()[:1] in ("x", "X") for one in values)


def _there(own: object, at: KeyPath) -> object:
    """Return the market's own value at a place; None where it has none."""
    for part in at:
        own = own.get(part) if isinstance(own, Mapping) else None
    return own


def _times_own(value: object, own: object, start: str) -> object:
    """Return a value, or values with dates, with each factor times what the market has then."""
    if not is_schedule(value) and not is_schedule(own):
        factor = parse_multiplier(value)
        return value if factor is None else factor * _number(own, value)
    steps, line = steps_of(value) if is_schedule(value) else ({"0": value}, False)
    own_steps, own_line = steps_of(own) if is_schedule(own) else ({"0": own}, False)
    if (line and len(own_steps) > 1) or (own_line and len(steps) > 1):
        raise _FactorError("a line cannot be multiplied with other values that have dates")
    theirs = {month_from(start, key): one for key, one in steps.items()}
    ours = {month_from(start, key): one for key, one in own_steps.items()}
    held: dict[str, object] = {}
    for month in sorted({*theirs, *ours}):
        written = _held(theirs, month)
        times = parse_multiplier(written)
        if times is not None:
            held[calendar_month(start, month)] = times * _number(_held(ours, month), written)
        elif month in theirs:
            held[calendar_month(start, month)] = written
    return {LINE: held} if line or own_line else held


def _held(steps: Mapping[int, object], month: int) -> object:
    """Return the value of some steps in a month."""
    return steps[max((one for one in steps if one <= month), default=min(steps))]


def _number(own: object, factor: object) -> float:
    """Return the market's own number, which a factor multiplies."""
    number = float(own) if isinstance(own, int | float) and not isinstance(own, bool) else None
    if not number:
        what = "that is 0" if number == 0 else "the market has no number there"
        raise _FactorError(f"'{factor}' multiplies the market's own value, but {what}")
    return number


def _take_out(data: Value, at: KeyPath) -> None:
    """Take a value out, and the sections that are empty then, so that the market's own stays."""
    if not isinstance(data, dict):
        return
    first, *rest = at
    if rest:
        _take_out(data[str(first)], tuple(rest))
    if not rest or data[str(first)] == {}:
        del data[str(first)]


def _set(data: object, at: KeyPath, value: object) -> None:
    """Put a value in place of another, which was found there."""
    first, *rest = at
    if isinstance(data, dict) and rest:
        _set(data[first], tuple(rest), value)
    elif isinstance(data, dict):
        data[first] = value

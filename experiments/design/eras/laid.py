"""Eras laid over the market of an experiment: numbers with dates, checked one era after the other."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.market_factors import multiplied
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import overlay
from tenure.experiments.design.eras.months import END, DatedEra, dated_eras, span_text
from tenure.experiments.design.eras.texts import EraText
from tenure.experiments.design.scenario_dates import held_between, settings_in
from tenure.experiments.design.scenario_markets import Check, unknown_channels
from tenure.experiments.listing.text import default_text
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.institution import PolicySettings
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.schedule import Schedule


@dataclass(frozen=True)
class Era:
    """An era of an experiment, as every arm lives through it.

    Attributes
    ----------
    title : str
        What it is called.
    first, last : int
        Months from the start; without a last one it goes on for ever.
    when : str
        The same in dates.
    changes : tuple of str
        What is different, and what it is otherwise, in words; nothing for an era that changes nothing.
    written : dict
        The era as it could be written in place, without a preset.
    """

    title: str
    first: int
    last: int | None
    when: str
    changes: tuple[str, ...]
    written: dict[str, Value]

    def recorded(self) -> dict[str, Value]:
        """Return what the record of a folder says of it."""
        return {
            "title": self.title,
            "first": self.first,
            "last": self.last,
            "when": self.when,
            "changes": [*self.changes],
        }


class _Over:
    """A market over which eras are laid, one after the other."""

    def __init__(self, base: Document, market: MarketSettings) -> None:
        self.document, self.market = base, market

    def lay(self, over: Document, era: DatedEra, problems: list[Problem]) -> tuple[Document, MarketSettings] | None:
        """Return the market with what is different in an era's months; None, with the problems, if it cannot be."""
        held = held_between(over, self.document, self.market, era.first, era.last, problems)
        laid = overlay(self.document, held)
        market = None if problems else market_settings(laid, problems)
        return None if market is None or problems else (laid, market)


def eras_over(
    texts: Sequence[EraText],
    document: Document,
    base: Document,
    market: MarketSettings,
    months: int | None,
    check: Check,
    problems: list[Problem],
) -> tuple[Document, MarketSettings, tuple[Era, ...]]:
    """Return the market with all eras that can be, the same checked, and the eras; and add what is wrong.

    Parameters
    ----------
    texts : sequence of EraText
        In any order.
    document : Document
        The experiment that they were read from.
    base, market
        Its market, as plain data and checked.
    months : int or None
        Length of the run, where that is known.
    check : callable
        Finds what else is wrong in a market.
    problems : list of Problem
        What is wrong without the eras, and told already; takes what is wrong.
    """
    known = frozenset(problems)
    below, told = _Over(base, market), []
    for era in dated_eras(texts, document, market.start, months, problems):
        found = [*unknown_channels(era.text.over, base), *_once(era.text.over, below.market)]
        over = multiplied(replace(era.text.over, data=deepcopy(era.text.over.data)), base, found)
        laid = None if found else below.lay(over, era, found)
        idle = [] if laid is None else [at for at, _ in settings_in(over.data) if _same(below.market, laid[1], at)]
        if laid is not None and idle:
            for at in idle:
                _take_out(over.data, at)
            laid = below.lay(over, era, found)
        if laid is not None:
            found += check(*laid)
        problems += [
            one._replace(message=f"in the era {shown(era.title)}: {one.message}") for one in found if one not in known
        ]
        if laid is not None and not found:
            changes = tuple(_change_text(below.market, laid[1], at, era.first) for at, _ in settings_in(over.data))
            below.document, below.market = laid
            told.append(_told(era, changes, market.start))
    return below.document, below.market, tuple(told)


def _told(era: DatedEra, changes: tuple[str, ...], start: str) -> Era:
    text = era.text
    ends: dict[str, Value] = {}
    if text.until is not None:
        ends["until"] = END if era.last is None else calendar_month(start, era.last)
    written: dict[str, Value] = {"title": era.title, "from": calendar_month(start, era.first), **ends, **text.over.data}
    return Era(era.title, era.first, era.last, span_text(era.first, era.last, start), changes, written)


def _once(over: Document, market: MarketSettings) -> Iterator[Problem]:
    """Yield the numbers that are read once, before any era."""
    for at, _ in settings_in(over.data):
        declared = numbers_of(type(market)).at(at)
        if declared is not None and declared.no_dates:
            what = f"{'.'.join(map(str, at))} cannot change by date, for {declared.no_dates}"
            yield over.problem(at, what, "Leave it out; what differs from the beginning belongs to the market.")


def _schedules(market: MarketSettings, at: KeyPath) -> dict[KeyPath, Schedule]:
    """Return the schedules at a place, or of the numbers of a list there."""
    return {one.at: one for one in market.schedules if one.at[: len(at)] == at}


def _same(before: MarketSettings, after: MarketSettings, at: KeyPath) -> bool:
    """Whether what is laid at a place is in all months what the market had there."""
    had = _schedules(before, at)
    return all(_equal(had.get(place), one) for place, one in _schedules(after, at).items())


def _equal(had: Schedule | None, has: Schedule) -> bool:
    """Whether two schedules have the same value in every month; without dates a value is the first that now holds."""
    months = {*has.months, *(() if had is None else had.months)}
    return all(has.value(month) == (has.values[0] if had is None else had.value(month)) for month in months)


def _take_out(data: dict[str, Value], at: KeyPath) -> None:
    """Take a setting out of nested mappings, and those that are empty then."""
    first, *rest = at
    inner = data[str(first)]
    if rest and isinstance(inner, dict):
        _take_out(inner, tuple(rest))
    if not rest or not inner:
        del data[str(first)]


def _change_text(before: MarketSettings, after: MarketSettings, at: KeyPath, month: int) -> str:
    """Say what a setting becomes in the month in which an era begins.

    Where the era itself has several values it is the first of them.
    """
    had, has = _schedules(before, at), _schedules(after, at)
    was = [_value_text(one, had[place].value(month) if place in had else one.values[0]) for place, one in has.items()]
    now = [_value_text(one, one.value(month)) for one in has.values()]
    return f"{'.'.join(map(str, at))} {_joined(was)} -> {_joined(now)}"


def _joined(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _value_text(schedule: Schedule, value: object) -> str:
    if isinstance(value, PolicySettings):
        settings = default_text(value.settings)
        return value.policy + (f" {settings}" if value.settings else "")
    declared = numbers_of(MarketSettings).at(schedule.at)
    return default_text(value, "" if declared is None else declared.unit)

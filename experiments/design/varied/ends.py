"""Whether a market holds at both ends of what is uncertain: else a draw would make a run fail, months later."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tenure.experiments.config.documents import Document, Problem, Value
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.printable import shown
from tenure.experiments.design.varied.levels import Factor, Level, at_level
from tenure.experiments.design.varied.uncertain import Uncertain
from tenure.experiments.plugins.marks import Switch
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.schedule import is_schedule
from tenure.simulation.values.units import parse_multiplier

MOST_MARKETS = 20
"""In which both ends are looked at, all numbers at once: scenarios, each at levels of the design."""
CheckIn = Callable[[Document, Document | None, MarketSettings | None], list[Problem]]
"""Finds what is wrong with the arms and institutions of an experiment in a market."""


def end_problems(
    document: Document,
    guarded: Document,
    scenarios: Mapping[str, Document],
    uncertain: Sequence[Uncertain],
    check: CheckIn,
    switches: Mapping[str, Switch],
) -> Iterator[Problem]:
    """Yield what is wrong with a market, or with an arm, at an end of what is uncertain.

    Parameters
    ----------
    document : Document
        The experiment.
    guarded : Document
        Its market, which is right as it is, with what holds in every arm.
    scenarios : mapping
        Scenario -> its market.
    uncertain : sequence of Uncertain
        What is drawn.
    check : callable
        See `CheckIn`.
    switches : mapping
        Switches of a user's own by name.
    """
    found: list[Problem] = []
    for one in uncertain:
        found += _changed_elsewhere(document, guarded, scenarios, one)
        for end in one.range.ends:
            found += _at(document, guarded, [(one, end)], check, switches, f"at {_told(one, end)}")
    yield from found
    if not found and uncertain:
        yield from all_at_ends(document, scenarios, uncertain, check, switches)


def all_at_ends(
    document: Document,
    scenarios: Mapping[str, Document],
    uncertain: Sequence[Uncertain],
    check: CheckIn,
    switches: Mapping[str, Switch],
) -> Iterator[Problem]:
    """Yield what is wrong in a scenario with all that is uncertain at its lowest, and all at its highest.

    Parameters
    ----------
    document : Document
        The experiment, or what it is at a level of its design.
    scenarios : mapping
        Scenario -> its market there, of which the first `MOST_MARKETS` are looked at.
    uncertain : sequence of Uncertain
        What is drawn.
    check : callable
        See `CheckIn`.
    switches : mapping
        Switches of a user's own by name.
    """
    whose = "at its" if len(uncertain) == 1 else "all at their"
    for name, market in [*scenarios.items()][:MOST_MARKETS]:
        where = f"in the scenario {shown(name)}, " if name else ""
        for low, words in ((True, "lowest"), (False, "highest")):
            ends = [(one, (min if low else max)(one.range.ends)) for one in uncertain]
            yield from _at(document, market, ends, check, switches, f"{where}{whose} {words}")


def levels_to_try(levels: Sequence[Level], most: int) -> tuple[Level, ...]:
    """Return the levels at which the ends of what is uncertain are looked at: all, or those that lie outermost.

    These are the first, the last, and those at which a factor that is a number is least or largest.
    """
    if len(levels) <= most:
        return tuple(levels)
    chosen = [levels[0], levels[-1]]
    for place, (factor, _) in enumerate(levels[0].values):
        if factor.number is not None:
            sizes = [_size(factor, level.values[place][1]) for level in levels]
            chosen += [levels[sizes.index(min(sizes))], levels[sizes.index(max(sizes))]]
    unique = [one for place, one in enumerate(chosen) if one not in chosen[:place]]
    return tuple(unique[:most])


def _size(factor: Factor, value: Value) -> float:
    """Return what a number of a level is sorted by: the factor, where it is one, else the number."""
    times = parse_multiplier(value)
    if times is not None:
        return times * (1.0 if factor.number is None or factor.number.own is None else abs(factor.number.own))
    return float(value) if isinstance(value, int | float) else 0.0


def _at(
    document: Document,
    market: Document,
    ends: Sequence[tuple[Uncertain, float]],
    check: CheckIn,
    switches: Mapping[str, Switch],
    where: str,
) -> Iterator[Problem]:
    """Yield what is wrong where some numbers are at an end, at the place of the first of them."""
    values: list[tuple[Factor, Value]] = []
    for one, end in ends:
        paths = tuple(tuple(path.split(".")) for path in one.number.paths)
        values.append((Factor(one.name, paths, one.at, one.number), one.range.written(end)))
    found: list[Problem] = []
    laid, at_end = at_level(document, market, Level("", tuple(values)), found, switches)
    settled = None if found else market_settings(at_end, found)
    found = found or check(laid, at_end, settled)
    first = ends[0][0]
    place = document.place(first.at if len(ends) == 1 else first.at[:1])
    whose = first.name if len(ends) == 1 else "all numbers"
    for problem in dict.fromkeys((one.message, one.mend) for one in found):
        message, mend = problem
        yield Problem(*place, f"uncertain: {whose} {where}: {message}", _narrower(mend))


def _narrower(mend: str) -> str:
    return f"Write a narrower range, or mend what it meets: {mend[:1].lower()}{mend[1:]}"


def _told(one: Uncertain, end: float) -> str:
    return f"x{end:g}" if one.range.times else f"{end:g}"


def _changed_elsewhere(
    document: Document, guarded: Document, scenarios: Mapping[str, Document], one: Uncertain
) -> Iterator[Problem]:
    """Yield why a number that is drawn cannot take the place of one that changes: by date, or in a scenario."""
    laid = [path.split(".") for path, value in one.laid(one.range.ends[0]) if not isinstance(value, str)]
    for path in laid:
        if path[0] == "market":
            yield from _changed_at(document, guarded, scenarios, one, path)


def _changed_at(
    document: Document, guarded: Document, scenarios: Mapping[str, Document], one: Uncertain, path: Sequence[str]
) -> Iterator[Problem]:
    own = _value_at(guarded.data, path[1:])
    what = ""
    if is_schedule(own):
        what = "it changes by date, and a number drawn in its place would hold always"
    else:
        changed = [shown(name) for name, market in scenarios.items() if _value_at(market.data, path[1:]) != own]
        if changed:
            what = f"the scenario {changed[0]} changes it, and a number drawn in its place would hold always"
    if what:
        mend = "Write factors, such as x0.5 .. x1.5: they multiply what holds at each date and in each scenario."
        yield document.problem(one.at, f"uncertain: {one.name}: {what}", mend)


def _value_at(data: object, path: Sequence[str]) -> object:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data

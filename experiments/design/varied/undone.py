"""What is varied twice, so that one undoes the other without a word: a number, and a switch that sets it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from typing import NamedTuple

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.printable import shown
from tenure.experiments.design.varied.levels import DESIGN, Factor, Level
from tenure.experiments.design.varied.numbers import BUDGET
from tenure.experiments.design.varied.uncertain import UNCERTAIN, Uncertain
from tenure.experiments.plugins.marks import Switch
from tenure.experiments.plugins.switched import SWITCHES, asked, changes_of

_OF_MARKET = {BUDGET: f"market.guards.{BUDGET}"}
"""What an experiment writes for all its arms -> what it is in a market."""


class Moved(NamedTuple):
    """One entry of what is varied.

    Attributes
    ----------
    section : str
        `uncertain` or `design`.
    name : str
        As it is written.
    at : KeyPath
        Where.
    switch : str
        Name of the switch that it is; empty for any other.
    sets : frozenset of str
        Path of each setting that it replaces by another value.
    multiplies : frozenset of str
        Path of each that it multiplies.
    """

    section: str
    name: str
    at: KeyPath
    switch: str
    sets: frozenset[str]
    multiplies: frozenset[str]


def undone_problems(
    document: Document,
    uncertain: Sequence[Uncertain],
    levels: Sequence[Level],
    switches: Mapping[str, Switch],
    on: frozenset[str],
) -> Iterator[Problem]:
    """Yield what is varied although something else that is varied, or that the market asks for, undoes it.

    Parameters
    ----------
    document : Document
        The experiment.
    uncertain : sequence of Uncertain
        What is drawn.
    levels : sequence of Level
        Of the design.
    switches : mapping
        Switches of a user's own by name.
    on : frozenset of str
        Those that the market itself asks for.
    """
    varied = [*map(_drawn, uncertain), *_factors(levels, switches)]
    for one in varied:
        if one.switch in on:
            what = f"{one.section}: the market itself asks for the switch {shown(one.switch)}"
            yield document.problem(one.at, what, f"Leave it out below market.{SWITCHES}.", of_key=True)
    for first, second in combinations(varied, 2):
        both = _both(first, second)
        if both:
            yield _problem(document, first, second, both)


def _drawn(one: Uncertain) -> Moved:
    laid = one.laid(one.range.ends[0])
    switch = _switch_of(one.number.path)
    own = [(path, value) for path, value in laid if not _switch_of(path)]
    factors = frozenset(path for path, value in own if isinstance(value, str))
    return Moved(UNCERTAIN, one.name, one.at, switch, frozenset(path for path, _ in own) - factors, factors)


def _factors(levels: Sequence[Level], switches: Mapping[str, Switch]) -> Iterator[Moved]:
    """Yield what each factor of a design sets, at one of its levels or another."""
    taken: dict[str, tuple[Factor, list[Value]]] = {}
    for level in levels:
        for one, value in level.values:
            values = taken.setdefault(one.name, (one, []))[1]
            if value not in values:
                values.append(value)
    for one, values in taken.values():
        paths = frozenset(_OF_MARKET.get(path, path) for path in (".".join(map(str, path)) for path in one.paths))
        switch = _switch_of(next(iter(paths)))
        if switch in switches:
            paths = frozenset(path for value in values for path in _changed(switches[switch], value))
        yield Moved(DESIGN, one.name, one.at, switch, paths, frozenset())


def _changed(one: Switch, value: Value) -> Iterator[str]:
    """Yield path of all that a switch changes for a value; nothing where that is wrong, which is told at its level."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else one.default
    with suppress(ValueError):
        yield from (".".join(("market", *map(str, at))) for at in changes_of(asked(one, float(number))))


def _both(first: Moved, second: Moved) -> str:
    """Return a path that both move so that one has no effect, empty where there is none.

    Draws come after levels: a factor of theirs multiplies what a level sets, a number of theirs takes its place. Within
    a section only what a switch changes is looked at: a number that is written twice is told where it is read.
    """
    if first.section == second.section:
        if not (first.switch or second.switch):
            return ""
        ours, theirs = first.sets | first.multiplies, second.sets | second.multiplies
    else:
        level, drawn = (first, second) if first.section == DESIGN else (second, first)
        ours, theirs = level.sets, drawn.sets
    both = [max(one, other, key=len) for one in ours for other in theirs if _within(one, other) or _within(other, one)]
    return min(both, default="")


def _within(path: str, above: str) -> bool:
    return f"{path}.".startswith(f"{above}.")


def _switch_of(path: str) -> str:
    """Return the name of the switch that a path is of, empty for any other path."""
    above = f"market.{SWITCHES}."
    return path.removeprefix(above) if path.startswith(above) else ""


def _problem(document: Document, first: Moved, second: Moved, path: str) -> Problem:
    place = document.place(first.at, of_key=True)
    told = path.removeprefix("market.")
    where = f" (line {place.line})" if place.line else ""
    words = [f"the switch {shown(one.switch)}" if one.switch else one.name for one in (first, second)]
    what = f"{second.section}: {words[1]} and {words[0]}{where} both set {told}: one undoes the other"
    apart = first.section != second.section
    factors = ", or write factors below uncertain, such as x0.5 .. x1.5: they multiply what a level sets"
    mend = f"Vary one of them{factors if apart else ''}."
    return document.problem(second.at, what, mend, of_key=True)

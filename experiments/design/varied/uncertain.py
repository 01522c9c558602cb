"""What nobody knows: numbers drawn once per replication, the same in all arms, scenarios and levels.

A draw holds always, in burn-in and warm-up too, for the world was never otherwise. It is keyed by seed, path and its
own number, so that another uncertain number, and more replications, leave it as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.printable import shown
from tenure.experiments.config.problems import value_problem
from tenure.experiments.design.point import Over
from tenure.experiments.design.varied.numbers import NumbersToVary, Varied
from tenure.experiments.design.varied.ranges import FORMS, Range, drawn_share, number_of, range_of
from tenure.policies.settings.faults import Fault, FaultyError

UNCERTAIN = "uncertain"
DISTRIBUTIONS = ("normal", "lognormal", "triangular")
MOST_UNCERTAIN = 200


class Uncertain(NamedTuple):
    """A number that nobody knows.

    Attributes
    ----------
    name : str
        As it is written, and as tables call it.
    number : Varied
        What it is.
    range : Range
        What it may be.
    at : KeyPath
        Where it is written.
    """

    name: str
    number: Varied
    range: Range
    at: KeyPath

    def drawn(self, seed: int, draw: int) -> float:
        """Return what is drawn: the number itself, or the factor that multiplies the market's own."""
        return self.range.at(drawn_share(seed, self.number.path, draw))

    def laid(self, number: float) -> Over:
        """Return what a number that was drawn lays over a market, or over the settings of an arm."""
        changes = self.number.lays(number) if self.number.lays is not None else ()
        return (*((path, self.range.written(number)) for path in self.number.paths), *changes)

    def recorded(self) -> dict[str, Value]:
        """Return what a record says of it; `low` and `high` are the ends of all that can be drawn."""
        ends = self.range.ends
        return {
            "name": self.name,
            "path": self.number.path,
            "laid": [*self.number.paths],
            "kind": self.range.kind,
            "numbers": [*self.range.numbers],
            "factor": self.range.times,
            "low": min(ends),
            "high": max(ends),
            "unit": "1" if self.range.times else self.number.parser.unit,
        }


def over_of(uncertain: Sequence[Uncertain], seed: int, draw: int, arm: str, champion: str) -> Over:
    """Return what the draws of a replication lay over the run of an arm.

    Settings of other arms are left out, but for those of the champion, whose policy all arms lived through before
    month 0.
    """
    return tuple(
        laid
        for one in uncertain
        for laid in one.laid(one.drawn(seed, draw))
        if not laid[0].startswith("arms.") or laid[0].startswith((f"arms.{arm}.", f"arms.{champion}."))
    )


def before_month_0(over: Over, champion: str) -> Over:
    """Return what of it matters before month 0: the market, and the settings of the champion's policy."""
    ours = f"arms.{champion}."
    return tuple(
        one
        for one in over
        if not one[0].startswith("arms.") or (one[0].startswith(ours) and not one[0].startswith(f"{ours}us."))
    )


def drawn_numbers(overs: Sequence[Over], laid: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return name -> number drawn, of what lies over the runs of a replication.

    Parameters
    ----------
    overs : sequence of Over
        Of the runs.
    laid : mapping
        Name of what is uncertain -> the paths that it is laid over, the first tells the number.
    """
    found = {path: value for over in overs for path, value in over}
    return {name: number_of(found[paths[0]]) for name, paths in laid.items() if paths[0] in found}


def written_below(document: Document, section: str) -> Iterator[tuple[str, KeyPath, Value]]:
    """Yield name, place and value of all entries of a section, whose names may be written as sections in sections.

    ``{market: {world: {switching_cost: 1}}}`` is ``{market.world.switching_cost: 1}``.
    """
    yield from _below(document.data.get(section), (section,), "")


def entries_below(value: Value, at: KeyPath) -> Iterator[tuple[str, KeyPath, Value]]:
    """Yield the same of what stands at a place."""
    yield from _below(value, at, "")


def _below(value: Value, at: KeyPath, name: str) -> Iterator[tuple[str, KeyPath, Value]]:
    plain = not isinstance(value, dict) or (len(value) == 1 and next(iter(value)) in DISTRIBUTIONS)
    if name and (plain or not value):
        yield name, at, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _below(below, (*at, key), f"{name}.{key}" if name else key)


def uncertain_of(document: Document, numbers: NumbersToVary, problems: list[Problem]) -> tuple[Uncertain, ...]:
    """Return what an experiment calls uncertain, and add what is wrong with it."""
    written = document.data.get(UNCERTAIN)
    if written in (None, {}):
        return ()
    if not isinstance(written, dict):
        mend = f"Write names and ranges, such as {{switching_cost: x0.5 .. x1.5}}; a range is {FORMS}."
        problems.append(document.problem((UNCERTAIN,), "uncertain: a mapping is wanted", mend))
        return ()
    entries = list(written_below(document, UNCERTAIN))
    if len(entries) > MOST_UNCERTAIN:
        what = f"uncertain: {len(entries)} numbers are more than the {MOST_UNCERTAIN} that can be drawn"
        problems.append(document.problem((UNCERTAIN,), what, "Leave out those that the answer does not lean on."))
        return ()
    found: list[Uncertain] = []
    for name, at, value in entries:
        try:
            number = numbers.find(name)
        except ValueError as error:
            problems.append(_no_number(document, numbers, name, at, error))
            continue
        try:
            one = Uncertain(name, number, range_to_draw(number, value), at)
        except ValueError as error:
            problems.append(value_problem(document, at, f"uncertain: {name}", error))
            continue
        twice = next((other for other in found if {*other.number.paths} & {*number.paths}), None)
        if twice is not None:
            place = document.place(twice.at, of_key=True)
            what = f"uncertain: {name} and {twice.name} (line {place.line}) move the same number"
            problems.append(document.problem(at, what, "Keep one of them.", of_key=True))
            continue
        found.append(one)
    return tuple(found)


def _no_number(document: Document, numbers: NumbersToVary, name: str, at: KeyPath, error: ValueError) -> Problem:
    """Return why a name is none; one that begins with a number's name has a distribution behind it that is unknown."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        with suppress(ValueError):
            one = numbers.find(".".join(parts[:length]))
            what = f"uncertain: {one.path.removeprefix('market.')}: '{parts[length]}' is no distribution"
            return document.problem(at, what, f"Write {', '.join(DISTRIBUTIONS[:-1])} or {DISTRIBUTIONS[-1]}.")
    what, _, mend = str(error).partition(". ")
    return document.problem(at, f"uncertain: {shown(name)}: {what}", mend, of_key=True)


def range_to_draw(number: Varied, written: object) -> Range:
    """Return the range of a number; ValueError as `ranges.range_of`."""
    found = range_of(written, number.parser, number.parser.whole)
    if number.lays is not None:
        if found.times:
            raise FaultyError(Fault("this is a switch, which has nothing to multiply", "write its numbers: 1 .. 3"))
        for end in found.ends:
            number.lays(end)
    if number.by_factor and not found.times:
        names = ", ".join(path.rpartition(".")[2] for path in number.paths)
        raise FaultyError(
            Fault(f"this moves several numbers together ({names})", "write factors, such as x0.5 .. x1.5")
        )
    return found

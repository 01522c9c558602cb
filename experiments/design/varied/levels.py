"""Levels: an experiment with some of its settings set otherwise, as `--set` would, point by point of a design.

`design` is a grid of the values that some settings take, or a sample of ranges: a Latin hypercube, or a Sobol sequence.
Each of its points is a level, and all arms are run at each, in each scenario, with the same luck.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.market_factors import multiplied
from tenure.experiments.config.printable import shown
from tenure.experiments.config.problems import value_problem
from tenure.experiments.config.reading import overlay
from tenure.experiments.design.varied.numbers import BUDGET, NumbersToVary, Varied
from tenure.experiments.design.varied.ranges import Range
from tenure.experiments.design.varied.uncertain import entries_below, range_to_draw
from tenure.experiments.plugins.marks import Switch
from tenure.experiments.plugins.switched import SWITCHES, switched
from tenure.simulation.values.units import parse_multiplier

DESIGN, GRID, LATIN, SOBOL = "design", "grid", "latin_hypercube", "sobol"
FORMS = "{grid: {switching_cost: [x0.5, x1]}} or {latin_hypercube: {points: 20, over: {switching_cost: x0.5 .. x1.5}}}"
MOST_LEVELS = 1000
LONGEST_NAME = 60  # characters, of what differs; a longer one is a number
DIGITS = 6
"""Significant digits of a number that is taken from a sample."""
_ARM = "arms"


class Factor(NamedTuple):
    """What differs between levels.

    Attributes
    ----------
    name : str
        As it is written, and as tables call it.
    paths : tuple of KeyPath
        What is set, by its keys.
    at : KeyPath
        Where it is written.
    number : Varied or None
        None where it is no number.
    """

    name: str
    paths: tuple[KeyPath, ...]
    at: KeyPath
    number: Varied | None = None

    def set_to(self, value: Value) -> Value:
        """Return what is set where no market multiplies a factor: an arm's setting, or the budget, times the factor."""
        times = parse_multiplier(value)
        if times is None or self.number is None or self.number.own is None:
            return value
        found = times * self.number.own
        return int(found) if self.number.parser.whole and found == int(found) else found


class Level(NamedTuple):
    """One point of a design: factors and the value of each, and what it is called."""

    name: str
    values: tuple[tuple[Factor, Value], ...]

    def under(self, scenario: str) -> str:
        """Return what the level is called within a scenario, which may have no name."""
        return ", ".join(part for part in (scenario, self.name) if part)

    @property
    def factors(self) -> tuple[tuple[str, Value], ...]:
        """Name and value of each factor."""
        return tuple((one.name, value) for one, value in self.values)


def levels_of(document: Document, numbers: NumbersToVary, seed: int, problems: list[Problem]) -> tuple[Level, ...]:
    """Return the levels of an experiment's design, none without one, and add what is wrong with it.

    Parameters
    ----------
    document : Document
        The experiment.
    numbers : NumbersToVary
        What may be varied.
    seed : int
        Of the experiment, for what is sampled.
    problems : list of Problem
        Takes what is wrong.
    """
    written = document.data.get(DESIGN)
    if written in (None, {}):
        return ()
    if not isinstance(written, dict) or len(written) != 1 or next(iter(written)) not in (GRID, LATIN, SOBOL):
        what = "design: one of grid, latin_hypercube and sobol is wanted"
        problems.append(document.problem((DESIGN,), what, f"Write {FORMS}."))
        return ()
    kind, own = next(iter(written.items()))
    before = len(problems)
    if kind == GRID:
        rows = list(_grid(document, own, numbers, problems))
    else:
        rows = list(_sample(document, kind, own, numbers, seed, problems))
    if len(problems) > before:
        return ()
    return tuple(_named(rows, by_number=kind != GRID))


def _grid(
    document: Document, own: Value, numbers: NumbersToVary, problems: list[Problem]
) -> Iterator[tuple[tuple[Factor, Value], ...]]:
    at: KeyPath = (DESIGN, GRID)
    entries = list(entries_below(own, at)) if isinstance(own, dict) else []
    if not entries:
        mend = "Write names and lists, such as {switching_cost: [x0.5, x1, x2]}."
        problems.append(document.problem(at, "design.grid: there is nothing to vary", mend))
        return
    listed: list[list[tuple[Factor, Value]]] = []
    points = 1
    for name, place, value in entries:
        factor = _factor(document, name, place, numbers, problems)
        if not isinstance(value, list) or not value:
            mend = "Write a list, such as [x0.5, x1, x2]."
            problems.append(document.problem(place, f"design: {name}: the values that it takes are wanted", mend))
            continue
        if len({str(one) for one in value}) < len(value):
            problems.append(document.problem(place, f"design: {name}: a value is written twice", "Keep one."))
        if factor is not None:
            problems += _value_problems(document, factor, value)
            listed.append([(factor, one) for one in value])
            points *= len(value)
    problems += _twice(document, [one[0][0] for one in listed])
    if points > MOST_LEVELS:
        problems.append(_too_many(document, at, points))
        return
    yield from product(*listed)


def _sample(
    document: Document, kind: str, own: Value, numbers: NumbersToVary, seed: int, problems: list[Problem]
) -> Iterator[tuple[tuple[Factor, Value], ...]]:
    at: KeyPath = (DESIGN, kind)
    example = f"{{{kind}: {{points: 16, over: {{switching_cost: x0.5 .. x1.5}}}}}}"
    if not isinstance(own, dict) or set(own) != {"points", "over"} or not isinstance(own["over"], dict):
        problems.append(document.problem(at, f"design.{kind}: 'points' and 'over' are wanted", f"Write {example}."))
        return
    points = own["points"]
    if isinstance(points, bool) or not isinstance(points, int) or not points >= 2:
        what = f"design.{kind}: points is a whole number, 2 or more"
        problems.append(document.problem((*at, "points"), what, f"Write {example}."))
        return
    if points > MOST_LEVELS:
        problems.append(_too_many(document, (*at, "points"), points))
        return
    ranges: list[tuple[Factor, Range]] = []
    entries = list(entries_below(own["over"], (*at, "over")))
    if not entries:
        problems.append(
            document.problem((*at, "over"), f"design.{kind}: there is nothing to vary", f"Write {example}.")
        )
    for name, place, value in entries:
        factor = _factor(document, name, place, numbers, problems)
        if factor is None:
            continue
        if factor.number is None:
            mend = "Vary it in a grid, or leave it out."
            problems.append(document.problem(place, f"design: {name} is no number that has a range", mend, of_key=True))
            continue
        try:
            ranges.append((factor, range_to_draw(factor.number, value)))
        except ValueError as error:
            problems.append(value_problem(document, place, f"design: {name}", error))
    problems += _twice(document, [factor for factor, _ in ranges])
    if problems or not ranges:
        return
    for shares in _shares(kind, points, len(ranges), seed):
        yield tuple((factor, _taken(one, share)) for (factor, one), share in zip(ranges, shares, strict=True))


def _shares(kind: str, points: int, factors: int, seed: int) -> list[list[float]]:
    """Return a point of the unit cube for each level; the same for a seed."""
    import warnings

    from scipy.stats import qmc  # takes a second to load, which a plain experiment need not wait for

    sampler = qmc.LatinHypercube(factors, rng=seed) if kind == LATIN else qmc.Sobol(factors, rng=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a power of 2 is balanced best, which the docs say
        found: list[list[float]] = sampler.random(points).tolist()
    return found


def _taken(one: Range, share: float) -> Value:
    number = float(f"{one.at(share):.{DIGITS}g}")
    return one.written(number)


def _factor(
    document: Document, name: str, at: KeyPath, numbers: NumbersToVary, problems: list[Problem]
) -> Factor | None:
    """Return the factor of a name; None with a problem where nothing has it."""
    parts = name.split(".")
    if name == BUDGET:
        return Factor(name, ((BUDGET,),), at, numbers.find(name))
    try:
        number = numbers.find(name)
    except ValueError as error:
        if parts[-1] in numbers.switches and parts[:-1] in ([], [SWITCHES], ["market", SWITCHES]):
            return Factor(name, (("market", SWITCHES, parts[-1]),), at)  # on or off
        of_arm = parts[0] == _ARM and len(parts) > 2
        of_arm = of_arm and (parts[2] in ("policy", "us") or parts[2] in numbers.settings_of_arm(parts[1]))
        if of_arm or (parts[0] == "market" and parts[1:2] in (["us"], ["rivals"]) and parts[-1] != "share"):
            return Factor(name, (tuple(parts),), at)  # no number; whether it is right is seen when it is set
        what, _, mend = str(error).partition(". ")
        problems.append(document.problem(at, f"design: {shown(name)}: {what}", mend, of_key=True))
        return None
    return Factor(name, tuple(tuple(path.split(".")) for path in number.paths), at, number)


def _value_problems(document: Document, factor: Factor, values: Sequence[Value]) -> Iterator[Problem]:
    """Yield values that a number cannot have."""
    number = factor.number
    for place, value in enumerate(values):
        if number is not None and number.lays is not None:
            continue  # what a switch takes is seen when it is set
        at = (*factor.at, place) if (*factor.at, place) in document.positions else factor.at
        try:
            factor_of = parse_multiplier(value)
            if number is not None and factor_of is None:
                if number.by_factor:
                    raise ValueError("this moves several numbers together: write factors, such as [x0.5, x1]")
                number.parser(value)
            if factor_of is not None and factor.paths[0][0] != "market" and (number is None or not number.own):
                raise ValueError(f"'{value}' multiplies what is written, which is no number or 0: write the value")
        except ValueError as error:
            yield value_problem(document, at, f"design: {factor.name}", error)


def _twice(document: Document, factors: Sequence[Factor]) -> Iterator[Problem]:
    for place, one in enumerate(factors):
        for other in factors[:place]:
            if {*one.paths} & {*other.paths}:
                what = f"design: {one.name} and {other.name} set the same"
                yield document.problem(one.at, what, "Keep one of them.", of_key=True)


def _too_many(document: Document, at: KeyPath, points: int) -> Problem:
    what = f"design: {points} points are more than the {MOST_LEVELS} at which an experiment can be run"
    return document.problem(at, what, "Take fewer values, or a sample: latin_hypercube.")


def _named(rows: Sequence[tuple[tuple[Factor, Value], ...]], by_number: bool) -> Iterator[Level]:
    """Yield levels by what differs, ``switching_cost=x0.5``; by numbers where that is long."""
    labels = _labels([one for one, _ in rows[0]]) if rows else {}
    names = [", ".join(f"{labels[one.name]}={_text(one, value)}" for one, value in row) for row in rows]
    plain = all(len(name) <= LONGEST_NAME and not set(name) & set("/{}[]") for name in names)
    width = len(str(len(rows)))
    for place, (row, name) in enumerate(zip(rows, names, strict=True), start=1):
        yield Level(name if plain and not by_number else f"point {place:0{width}d}", row)


def _labels(factors: Sequence[Factor]) -> dict[str, str]:
    """Return what each factor is called in the names of levels: its last word where that tells it from the others."""
    short = {}
    for one in factors:
        of_arm = one.paths[0][0] == "arms"
        short[one.name] = ".".join(map(str, one.paths[0][1:])) if of_arm else one.name.rpartition(".")[2]
    several = {label for label in short.values() if list(short.values()).count(label) > 1}
    return {name: name if label in several else label for name, label in short.items()}


def _text(factor: Factor, value: Value) -> str:
    if isinstance(value, bool) and factor.paths[0][:2] == ("market", SWITCHES):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def at_level(
    document: Document, of_market: Document, level: Level, problems: list[Problem], switches: Mapping[str, Switch]
) -> tuple[Document, Document]:
    """Return an experiment and its market with the values of a level set, each at the place where it is written.

    Parameters
    ----------
    document, of_market : Document
        The experiment, and the market with what the experiment lays over it.
    level : Level
        What is set.
    problems : list of Problem
        Takes what cannot be set.
    switches : mapping
        Switches of a user's own by name.
    """
    own, market = deepcopy(document.data), Document(document.path, {}, {}, {}, document.files)
    positions, keys = dict(document.positions), dict(document.key_positions)
    for factor, value in level.values:
        place = document.place(factor.at)
        for path in factor.paths:
            if path[0] == "market":
                below = {path[1:length]: place for length in range(2, len(path) + 1)}
                one = Document(document.path, {**_below(path[1:], value)}, below, dict(below), document.files)
                market = overlay(market, one)
                continue
            _put(own, path, factor.set_to(value))
            positions[path] = keys[path] = place
            for length in range(1, len(path)):
                positions.setdefault(path[:length], place)
                keys.setdefault(path[:length], place)
    market = switched(market, (), switches, problems)
    laid = replace(document, data=own, positions=positions, key_positions=keys)
    return laid, overlay(of_market, multiplied(market, of_market, problems)) if market.data else of_market


def _below(path: KeyPath, value: Value) -> dict[str, Value]:
    first, *rest = map(str, path)
    return {first: _below(tuple(rest), value) if rest else deepcopy(value)}


def _put(data: dict[str, Value], path: KeyPath, value: Value) -> None:
    """Set a value below some keys; an arm that is a policy's name becomes a policy and its settings."""
    first, *rest = map(str, path)
    if not rest:
        data[first] = value
        return
    below = data.get(first)
    below = {"policy": below} if isinstance(below, str) else dict(below) if isinstance(below, dict) else {}
    _put(below, tuple(rest), value)
    data[first] = below

"""Switches of a user's own, where a market or a scenario asks for them: laid below what else is written there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import Document, KeyPath, Problem, Value, overlay, suggest
from tenure.experiments.plugins.marks import Switch
from tenure.simulation.values.units import parse_multiplier

SWITCHES = "switches"
"""The key below which they are asked for, name by name."""
_SAID = {True: True, False: False, "on": True, "off": False, "yes": True, "no": False}
_FORM = "Write {no_fatigue: on}, or a number where the switch takes one"


def switched(document: Document, at: KeyPath, known: Mapping[str, Switch], problems: list[Problem]) -> Document:
    """Return a document in which switches are replaced by what they change.

    Parameters
    ----------
    document : Document
        An experiment, or what a scenario lays over a market.
    at : tuple
        Where in it a market stands; empty for the whole.
    known : mapping
        Name -> switch.
    problems : list of Problem
        Takes what is wrong.
    """
    market = _market_at(document, at)
    if market is None or SWITCHES not in market:
        return document
    own = (*at, SWITCHES)
    wanted = market[SWITCHES]
    left = _without(document, at)
    if not isinstance(wanted, dict):
        problems.append(document.problem(own, "switches: a mapping is wanted, name by name", f"{_FORM}."))
        return left
    laid = Document(document.path, {}, {}, {}, document.files)
    for name, value in wanted.items():
        place = (*own, name)
        if name not in known:
            mend = suggest(name, known) if known else "Name the file that has it by --policies."
            problems.append(document.problem(place, f"there is no switch {shown(name)}", mend, of_key=True))
            continue
        number, fault = _number(known[name], value)
        if fault:
            problems.append(document.problem(place, f"the switch {shown(name)} {fault}", f"{_FORM}."))
        elif number is not None:
            laid = overlay(laid, _changed(document, at, place, known[name], number))
    return overlay(laid, left)


def asked(one: Switch, number: float) -> object:
    """Return what a switch gives for a number."""
    return one.sets() if one.number is None else one.sets(number)


def changes_of(made: object) -> dict[KeyPath, Value]:
    """Return place -> value of what a switch changes of a market, from what it gave.

    Raises
    ------
    ValueError
        If it gives anything but paths of settings, each with a value.
    """
    if not isinstance(made, Mapping) or not made:
        raise ValueError(f"gives {made!r:.60}, and path of a setting -> value is wanted")
    found: dict[KeyPath, Value] = {}
    for path, value in made.items():
        if not isinstance(path, str) or not all(path.split(".")):
            raise ValueError(f"names {path!r:.60}, which is no path of a setting such as 'rules.choice.switching_cost'")
        if not isinstance(value, bool | int | float | str):
            raise ValueError(f"sets {path} to {value!r:.60}, which is neither a number nor a word")
        found[tuple(path.removeprefix("market.").split("."))] = value
    return found


def laid_by(one: Switch, number: float) -> tuple[tuple[str, float | str], ...]:
    """Return path and value of what a switch lays over a market for a number: numbers, and factors such as ``x0.7``.

    Raises
    ------
    ValueError
        If it sets something to a word, which cannot be drawn.
    """
    found: list[tuple[str, float | str]] = []
    for at, value in changes_of(asked(one, number)).items():
        path, factor = ".".join(("market", *map(str, at))), parse_multiplier(value)
        if factor is None and not isinstance(value, int | float):
            raise ValueError(f"the switch {shown(one.name)} sets {path} to {value!r}, which is no number")
        found.append((path, float(cast(float, value)) if factor is None else f"x{factor!r}"))
    return tuple(found)


def switches_asked(data: Mapping[str, Value]) -> frozenset[str]:
    """Return the names of the switches that stand in an experiment's market."""
    market = data.get("market")
    wanted = market.get(SWITCHES) if isinstance(market, dict) else None
    return frozenset(wanted) if isinstance(wanted, dict) else frozenset()


def nested(changes: Mapping[KeyPath, Value]) -> dict[str, Value]:
    """Return place -> value as mappings in mappings."""
    data: dict[str, Value] = {}
    for at, value in changes.items():
        inner = data
        for part in at[:-1]:
            inner = cast(dict[str, Value], inner.setdefault(str(part), {}))
        inner[str(at[-1])] = value
    return data


def takes(one: Switch) -> str:
    """Say what may be written of a switch."""
    if one.number is None:
        return "on or off"
    unit = "" if one.number.unit == "1" else f" {one.number.unit}"
    return f"{one.number.low:g} to {one.number.high:g}{unit}"


def _changed(document: Document, at: KeyPath, place: KeyPath, one: Switch, number: float) -> Document:
    """Return what a switch changes as a document of its own, every part of it written where it is asked for."""
    changes = {(*at, *inner): value for inner, value in changes_of(asked(one, number)).items()}
    here = document.place(place)
    known = {inner[:length]: here for inner in changes for length in range(len(at) + 1, len(inner) + 1)}
    return Document(document.path, nested(changes), known, dict(known), document.files)


def _number(one: Switch, value: Value) -> tuple[float | None, str]:
    """Return the number of a switch, None if it is off, and what is wrong with what is written."""
    if isinstance(value, bool | str) and value in _SAID:
        return (one.default if _SAID[value] else None), ""
    if one.number is None:
        return None, f"is on or off, and {value!r} is neither"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, f"takes a number, {takes(one)}, and {value!r} is none"
    if not one.number.low <= value <= one.number.high:
        return None, f"takes {takes(one)}, and {value:g} is outside"
    return float(value), ""


def _market_at(document: Document, at: KeyPath) -> Mapping[str, Value] | None:
    data: Value = document.data
    for part in at:
        data = data.get(str(part)) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else None


def _without(document: Document, at: KeyPath) -> Document:
    """Return a document without the switches of a market."""

    def less(data: Mapping[str, Value], parts: KeyPath) -> dict[str, Value]:
        if not parts:
            return {key: value for key, value in data.items() if key != SWITCHES}
        inner = data[str(parts[0])]
        return {**data, str(parts[0]): less(inner, parts[1:])} if isinstance(inner, dict) else dict(data)

    gone = (*at, SWITCHES)

    def kept(places: Mapping[KeyPath, object]) -> Iterator[KeyPath]:
        return (one for one in places if one[: len(gone)] != gone)

    return replace(
        document,
        data=less(document.data, at),
        positions={one: document.positions[one] for one in kept(document.positions)},
        key_positions={one: document.key_positions[one] for one in kept(document.key_positions)},
    )

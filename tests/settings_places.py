"""Every place of every settings class, what it takes, and configs with something else there."""

import types
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from tenure.experiments.config.settings import ExperimentSettings
from tenure.policies.policy import settings_of
from tenure.policies.shelf import SHELF
from tenure.policies.treatments import NUMBERS
from tenure.simulation.settings.market import MarketSettings

NAMES = {
    "products": "loan",
    "rivals": "megabank",
    "acquisition": "mail",
    "rules": "hardship",
    "arms": "uniform",
    "apr": "loan",
    "rate": "savings",
    "servicing_per_month": "loan",
    "wanted": "low_risk_high_return",
    "floors": "low_risk_high_return",
    "ceilings": "low_risk_low_return",
    "segments": "rich",
    "treatments": "loyalty_reward",
    "capacity_per_month": "all",
    "scenarios": "other",
}
"""Mapping whose keys a user names -> a name that there is."""
PLAIN = {"question": "Q?", "months": 6, "arms": {"nothing": "do_nothing", "uniform": "uniform"}, "champion": "nothing"}


class Spot(NamedTuple):
    """A place below an experiment, and the kinds of values that its type takes."""

    at: tuple[str | int, ...]
    takes: frozenset[str]


def spots() -> list[Spot]:
    """Return every place of an experiment and of its market, outer ones first."""
    own = [one for one in _of_model(ExperimentSettings, ()) if one.at[0] != "market"]
    numbers = [Spot(("market", "treatments", "loyalty_reward", name), frozenset({"number"})) for name in NUMBERS]
    return [*own, *_of_model(MarketSettings, ("market",)), *numbers]


def policy_spots() -> list[tuple[str, Spot]]:
    """Return the name of every policy of the shelf with each of its settings."""
    return [
        (name, Spot(("arms", name, setting), _takes(kind)))
        for name, policy in SHELF.items()
        for setting, (kind, _) in settings_of(policy).items()
    ]


def leaves(places: Sequence[Spot], *kinds: str) -> list[Spot]:
    """Return the places that take nothing but some kinds of plain values, and that no other lies in."""
    outer = {one.at[:n] for one in places for n in range(len(one.at))}
    return [one for one in places if one.at not in outer and one.takes <= {*kinds, "nothing"}]


def block(data: Mapping[str, Any]) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """Return a mapping as YAML with each value on a line of its own, a text as YAML; and the line of each."""
    lines: list[str] = []
    at_line: dict[tuple[str | int, ...], int] = {}

    def write(value: Any, at: tuple[str | int, ...], head: str) -> None:
        lines.append(f"{'  ' * (len(at) - 1)}{head}{value if isinstance(value, str) else ''}")
        at_line[at] = len(lines)
        if isinstance(value, dict):
            for key, child in value.items():
                write(child, (*at, key), f"{key}: ")
        if isinstance(value, list):
            for place, child in enumerate(value):
                write(child, (*at, place), "- ")

    for key, value in data.items():
        write(value, (key,), f"{key}: ")
    return "\n".join(lines) + "\n", at_line


def placed(values: Mapping[tuple[str | int, ...], str]) -> dict[str, Any]:
    """Return an experiment, plain but for some values, as nested mappings and lists of YAML texts."""
    data: Any = {
        "question": "Q?",
        "months": "6",
        "market": {"extends": "default"},
        "champion": "nothing",
        "arms": {"nothing": "do_nothing", "uniform": {"policy": "uniform"}},
    }
    for at, value in values.items():
        here = data
        for part, after in pairwise(at):
            empty: Any = [] if isinstance(after, int) else {}
            if isinstance(part, int):
                here.extend([empty] if len(here) <= part else [])
                here = here[part]
            else:
                here = here.setdefault(part, empty)
        if isinstance(at[-1], int):
            here.append(value)
        else:
            here[at[-1]] = value
    return dict(data)


def _of_model(model: type[BaseModel], at: tuple[str | int, ...]) -> Iterator[Spot]:
    for name, field in model.model_fields.items():
        yield from _of_kind(field.annotation, (*at, field.alias or name))


def _of_kind(kind: Any, at: tuple[str | int, ...]) -> Iterator[Spot]:
    yield Spot(at, _takes(kind))
    for one in _kinds(kind):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, BaseModel):
            yield from _of_model(one, at)
        elif get_origin(one) in (dict, Mapping):
            yield from _of_kind(get_args(one)[1], (*at, NAMES.get(str(at[-1]), "one")))
        elif get_origin(one) in (tuple, list):
            yield from _of_kind(get_args(one)[0], (*at, 0))


def _kinds(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _kinds(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [inner for one in get_args(kind) for inner in _kinds(one)]
    return [kind]


def _takes(kind: Any) -> frozenset[str]:
    """Return what kinds of values a type takes."""
    found = set()
    for one in _kinds(kind):
        origin = get_origin(one) or one
        plain = {
            int: "number",
            float: "number",
            bool: "switch",
            str: "text",
            Literal: "word",
            tuple: "list",
            list: "list",
            dict: "mapping",
            Mapping: "mapping",
            types.NoneType: "nothing",
        }
        found.add(plain.get(origin, "mapping"))
    return frozenset(found)

"""What a file may set: every key of an experiment and of a market, as its settings class declares it."""

import types
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import get_annotations
from typing import Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tenure.agents.declaring import Parameter, meanings_of
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.steps import step
from tenure.experiments.listing.text import default_text, number_facts, without_empty
from tenure.policies.settings.parameters import declaration_within
from tenure.simulation.settings.institution import ARM_KEYS
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.settings.parameters import declared as numbers_of_market

NAME = "NAME"
"""Stands in a path for a name that the user chooses: an arm's, a product's, a rival's."""
OWN = ("market.rules", "market.traits")
"""Where parameters stand, which are listed by themselves."""


_READ_ONCE = {"start": "no, it is read once, when a run begins", "birth": "no, it is read when a person is born"}
_EXAMPLES = {"share": "12%", "rate": "4.5%", "EUR": "100", "months": "24"}


class Setting(NamedTuple):
    """One key that may be written, and all places where it may be, the main one first."""

    home: type[BaseModel]
    name: str
    field: FieldInfo
    paths: tuple[str, ...]


@cache
def settings() -> tuple[Setting, ...]:
    """Return every setting of experiments and markets, once."""
    found: dict[tuple[type, str], Setting] = {}
    walk = [*_walk(ExperimentSettings, ""), *_walk(MarketSettings, "market.")]
    for one in sorted(walk, key=lambda setting: setting.paths[0].startswith("guards.")):  # the institution's come first
        key = (_declaring(one.home, one.name), one.name)
        before = found.get(key)
        found[key] = one if before is None else before._replace(paths=(*before.paths, *one.paths))
    return tuple(one._replace(paths=(*one.paths, *_in_arms(one))) for one in found.values())


def _declaring(home: type, name: str) -> type:
    """Return the class of the bases in whose body a field is declared."""
    return next((one for one in home.__mro__ if name in get_annotations(one)), home)


def _walk(kind: type[BaseModel], before: str) -> Iterator[Setting]:
    for name, field in kind.model_fields.items():
        path = before + (field.alias or name)
        yield Setting(kind, name, field, (path,))
        if path not in OWN:
            for inner, below in _nested(field.annotation, path):
                yield from _walk(inner, f"{below}.")


def _nested(annotation: object, path: str) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the settings within a type, and where they stand."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, path
        return
    inner = f"{path}.{NAME}" if get_origin(annotation) in (dict, Mapping) else path
    for one in get_args(annotation):
        yield from _nested(one, inner)


def _in_arms(one: Setting) -> Iterator[str]:
    """Yield where an arm may say it."""
    for path in one.paths:
        rest = path.removeprefix("market.us.")
        if rest != path and rest.partition(".")[0] in ARM_KEYS:
            yield f"arms.{NAME}.us.{rest}"


def setting_entries() -> Iterator[Entry]:
    """Yield every setting: what it does, its unit, default, range and source, and how to set it."""
    for one in settings():
        path, number = one.paths[0], declared(one.field)
        facts = {
            "default": _default(one),
            **({} if number is None else number_facts(number)),
            "one of": ", ".join(_words(one.field.annotation)),
            "keys": _keys(one),
            **dating(path),
            **step(path, number.unit if number else "", one.field.default),
            "set it": _how(one, number),
            "also as": ", ".join(one.paths[1:]),
        }
        yield Entry("setting", path, _meaning(one), without_empty(facts), one.paths[1:])


def _meaning(one: Setting) -> str:
    return next((found for home in one.home.__mro__ if (found := meanings_of(home).get(one.name))), "")


def declared(field: FieldInfo) -> Parameter | None:
    """Return the declaration of the number of a field, or of those within it; None where it holds none."""
    own = next((extra for extra in field.metadata if isinstance(extra, Parameter)), None)
    return own if own is not None else declaration_within(field.annotation)


def dating(path: str) -> dict[str, str]:
    """Return label and text of whether a number of the market may change by date; nothing of what is no such number."""
    when = _read_when().get(path.removeprefix("market."), "") if path.startswith("market.") else ""
    text = {"month": "yes, such as {2027-01: ..., 2028-07: ...}", **_READ_ONCE}.get(when, "")
    return {"may change by date": text} if text else {}


@cache
def _read_when() -> Mapping[str, str]:
    """Return path of a number of the market -> when it is read."""
    return {one.path: one.read_when for one in numbers_of_market()}


def _default(one: Setting) -> str:
    if one.field.is_required():
        return "must be given"
    value, number = one.field.get_default(call_default_factory=True), declared(one.field)
    return "" if list(_nested(one.field.annotation, "")) else default_text(value, number.unit if number else "")


def _words(annotation: object) -> tuple[str, ...]:
    """Return the words that a setting may be."""
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    if annotation is bool:
        return ("yes", "no")
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict):
        return next((found for inner in get_args(annotation) if (found := _words(inner))), ())
    return ()


def _keys(one: Setting) -> str:
    """Return the keys below a setting that has some."""
    below = list(_nested(one.field.annotation, one.paths[0]))
    if not below:
        return ", ".join(ARM_KEYS) if one.paths[0] == f"arms.{NAME}.us" else ""
    kind, path = below[-1]
    keys = ", ".join(field.alias or name for name, field in kind.model_fields.items())
    return keys if path == one.paths[0] else f"below each name, as in {path}: {keys}"


def _how(one: Setting, number: Parameter | None) -> str:
    """Return how to set it: by `--set`, or written in a file where it is a key of an entry of a list."""
    path, annotation = one.paths[0], one.field.annotation
    if ".structure." in path:
        return "in the file: structure: [{quadrant: low_risk_low_return, share_of: balance, at_least: 10%}]"
    value = None if one.field.is_required() else one.field.get_default(call_default_factory=True)
    below = list(_nested(annotation, path))
    if below:
        return f"--set {path}=[...]" if isinstance(value, tuple) else f"--set {below[-1][1]}.KEY=..."
    if get_origin(annotation) in (dict, Mapping):
        path, value = f"{path}.{NAME}", None
    if value is not None:
        return f"--set {path}={default_text(value, number.unit if number else '')}"
    kind = number.unit.partition("/")[0] if number else ""
    return f"--set {path}={_EXAMPLES.get(kind, '...')}"

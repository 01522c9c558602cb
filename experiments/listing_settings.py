"""What a file may set: every key of an experiment and of a market, as its settings class declares it."""

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from experiments.attribute_docs import attribute_docs, declaring_class
from experiments.entry import Entry
from experiments.experiment_settings import ExperimentSettings
from experiments.listing_steps import step
from experiments.listing_text import unit_text
from simulation.institution_settings import ARM_KEYS
from simulation.settings import MarketSettings
from simulation.units import LARGEST_COUNT, Parser

NAME = "NAME"
"""Stands in a path for a name that the user chooses: an arm's, a product's, a rival's."""
OWN = ("market.rules", "market.traits")
"""Where parameters stand, which are listed by themselves."""


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
        key = (declaring_class(one.home, one.name), one.name)
        before = found.get(key)
        found[key] = one if before is None else before._replace(paths=(*before.paths, *one.paths))
    return tuple(one._replace(paths=(*one.paths, *_in_arms(one))) for one in found.values())


def _walk(kind: type[BaseModel], before: str) -> Iterator[Setting]:
    for name, field in kind.model_fields.items():
        path = before + (field.alias or name)
        yield Setting(kind, name, field, (path,))
        if path not in OWN:
            for inner, below in _nested(field.annotation, path):
                yield from _walk(inner, f"{below}.")


def _nested(annotation: Any, path: str) -> Iterator[tuple[type[BaseModel], str]]:
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
    """Yield every setting: what it does, its unit, default and range, and how to set it."""
    for one in settings():
        path, number = one.paths[0], declared(one.field)
        facts = {
            "default": _default(one), **_told_number(number), "one of": ", ".join(_words(one.field.annotation)),
            "keys": _keys(one), **step(path, number.unit if number else "", one.field.default),
            "set it": _how(one, number), "also as": ", ".join(one.paths[1:]),
        }  # fmt: skip
        line = attribute_docs(one.home).get(one.name, "")
        yield Entry("setting", path, line, {label: text for label, text in facts.items() if text}, one.paths[1:])


def declared(field: FieldInfo) -> Parser | None:
    """Return how the number of a field, or within it, is declared; None where it holds none."""
    read_by = (extra.func for extra in (*field.metadata, *_extras(field.annotation))
               if isinstance(extra, BeforeValidator))  # fmt: skip
    return next((one for one in read_by if isinstance(one, Parser)), None)


def _extras(annotation: Any) -> Iterator[Any]:
    if not list(_nested(annotation, "")):
        yield from getattr(annotation, "__metadata__", ())
        for inner in get_args(annotation):
            yield from _extras(inner)


def _told_number(number: Parser | None) -> dict[str, str]:
    if number is None:
        return {}
    low, high = (_written(bound, number) for bound in (number.low, number.high))
    bounds = f"{low} to {high}" if number.high < LARGEST_COUNT else f"{low} or more"
    return {"unit": unit_text(number.unit), "range": bounds}


def _default(one: Setting) -> str:
    if one.field.is_required():
        return "must be given"
    value = one.field.get_default(call_default_factory=True)
    return "" if list(_nested(one.field.annotation, "")) else _written(value, declared(one.field))


def _written(value: Any, number: Parser | None) -> str:
    """Write a value as a user would."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(item, number) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(item, number)}' for key, item in value.items())}}}"
    if isinstance(value, int | float):
        is_share = number is not None and number.unit.startswith(("share", "rate"))
        return f"{100.0 * value:.12g}%" if is_share else f"{value:.15g}"
    return str(value)


def _words(annotation: Any) -> tuple[str, ...]:
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


def _how(one: Setting, number: Parser | None) -> str:
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
        return f"--set {path}={_written(value, number)}"
    kind = number.unit.partition("/")[0] if number else ""
    return f"--set {path}={_EXAMPLES.get(kind, '...')}"

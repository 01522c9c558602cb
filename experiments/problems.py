"""Faults of settings and policies as problems with a place in the file and a mend."""

import re
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from experiments.reading import Document, KeyPath, Problem, suggest
from policies.policy import SettingsError

_PART = re.compile(r"[^.\[\]]+")
_VALUE_ERROR = "Value error, "
_WANTED = {
    "string": ("a text", "Write a word or a text."),
    "dict": ("a mapping", "Write 'name: value' lines below it."),
    "model": ("a mapping", "Write 'name: value' lines below it."),
    "tuple": ("a list", "Write it in brackets: [first, second]."),
    "list": ("a list", "Write it in brackets: [first, second]."),
    "bool": ("true or false", "Write true or false."),
    "int": ("a whole number", "Write one such as 12."),
    "float": ("a number", "Write one such as 0.5."),
}


def settings_problems(
    error: ValidationError,
    model: type[BaseModel],
    document: Document,
    elsewhere: Mapping[str, str] = types.MappingProxyType({}),
) -> list[Problem]:
    """Return every fault that pydantic found, at its place.

    Parameters
    ----------
    error : ValidationError
        Of `model`.
    model : type
        The settings class, to look up the names that would have been right.
    document : Document
        What was validated.
    elsewhere : mapping
        Names that are right in another place -> how to write them there.
    """
    problems: list[Problem] = []
    for one in error.errors(include_url=False):
        at: KeyPath = one["loc"]
        kind, name = one["type"], _shown(at)
        if kind == "extra_forbidden":
            *within, key = map(str, at)
            where = f"in '{_shown(within)}'" if within else "here"
            message = f"there is no setting '{key}' {where}"
            mend = suggest(key, _names_at(model, within)) if within or key not in elsewhere else elsewhere[key]
            problems.append(document.problem(at, message, mend, of_key=True))
        elif kind == "missing":
            problems.append(document.problem(at, f"'{name}' is missing", f"Add '{at[-1]}: ...'."))
        elif kind == "literal_error":
            options = [str(option) for option in _options(one)]
            message = f"{name}: {one['input']!r} is none of {', '.join(options)}"
            problems.append(document.problem(at, message, suggest(str(one["input"]), options)))
        elif kind == "value_error":
            text = one["msg"].removeprefix(_VALUE_ERROR)
            problems += [_from_text(document, _finer(document, at, part), name, part) for part in text.split("; ")]
        else:
            wanted, mend = _WANTED.get(kind.partition("_")[0], (one["msg"], "Write another value."))
            message = f"{name}: {wanted} is wanted, got {_brief(one['input'])}"
            problems.append(document.problem(at, message, mend))
    return problems


def policy_problems(error: SettingsError, document: Document, at: KeyPath) -> list[Problem]:
    """Return every fault of a policy's settings, at its place; `at` is where the policy was chosen."""
    problems: list[Problem] = []
    for path, message in error.problems:
        parts = [int(part) if part.isdecimal() else part for part in _PART.findall(path)]
        missing = "no policy" in message
        where: KeyPath = (*at, *(parts or ["policy"]))
        unknown = "has no such setting" in message or "a rule has no" in message
        text, mend = _split(message)
        shown = "" if missing or not path else f"{path}: "
        problems.append(document.problem(where, shown + text, mend, of_key=unknown))
    return problems


def value_problem(document: Document, at: KeyPath, name: str, error: ValueError) -> Problem:
    """Return the problem of a value that its parser refused."""
    return _from_text(document, at, name, str(error))


def _from_text(document: Document, at: KeyPath, name: str, text: str) -> Problem:
    message, mend = _split(text)
    return document.problem(at, f"{name}: {message}" if name else message, mend)


def _split(text: str) -> tuple[str, str]:
    """Part a message ending in its mend, ``what is wrong: write this``, in two sentences."""
    for mark in (". ", " Did you mean", " Known: ", " It takes none"):
        head, found, tail = text.partition(mark)
        if found:
            mend = tail if mark == ". " else mark.strip() + tail
            return head.rstrip(".;, "), _sentence(mend)
    head, found, tail = text.rpartition(": ")
    if not found:
        head, found, tail = text.rpartition("; ")
    return (head, _sentence(tail)) if found else (text.rstrip("."), "Write another value.")


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _shown(loc: Iterable[str | int]) -> str:
    return ".".join(map(str, loc))


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _options(one: Any) -> tuple[Any, ...]:
    return tuple(re.findall(r"'([^']*)'", str(one.get("ctx", {}).get("expected", ""))))


def _finer(document: Document, at: KeyPath, text: str) -> KeyPath:
    """Where in a part of the document a fault of the whole part is best pointed at."""
    if "shares of us and the rivals" in text:
        shares = [path for path in document.positions if path[-1:] == ("share",)]
        own = [path for path in shares if document.positions[path].path == str(document.path)]
        return (own or shares or [at])[0]
    if text.startswith("people:"):
        return (*at, "people")
    if text.startswith("products:"):
        return (*at, "products")
    if "cost_per_contact" in text and (*at, "cost_per_contact") in document.positions:
        return (*at, "cost_per_contact")
    quoted = re.findall(r"'([^']+)'", text)
    owner = text.partition(" mentions ")[0]
    named = [*quoted[:1], *re.findall(r" has no (\w+)", text), text.partition(":")[0], text.partition(" ")[0]]
    for word in named:
        found = [path for path in document.positions if path[: len(at)] == at and word in map(str, path[len(at) :])]
        for path in found:
            if owner == text or owner in path or (owner not in document.data.get("rivals", {}) and "us" in path):  # type: ignore[operator]  # a wrong rivals was found before
                return path
    return _listed(document, at, quoted[:1]) or at


def _listed(document: Document, at: KeyPath, words: list[str]) -> KeyPath:
    """Where one of the words stands as an item of a list or a value."""
    for path in document.positions:
        if path[: len(at)] != at:
            continue
        value: Any = document.data
        for part in path:
            value = value[part]
        if value in words:
            return path
    return ()


def _names_at(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """Return the names of the settings at a place of a settings class."""
    here: Any = model
    for part in loc:
        here = _child(here, part)
    found = _model_of(here)
    if found is None:
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _child(kind: Any, part: str | int) -> Any:
    found = _model_of(kind)
    if found is not None:
        for name, field in found.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
        return None
    for one in _alternatives(kind):
        if get_origin(one) in (dict, Mapping):
            return get_args(one)[1]
        if get_origin(one) in (tuple, list):
            return get_args(one)[0]
    return None


def _alternatives(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [part for one in get_args(kind) for part in _alternatives(one)]
    return [] if get_origin(kind) is Literal else [kind]


def _model_of(kind: Any) -> type[BaseModel] | None:
    for one in _alternatives(kind):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, BaseModel):
            return one
    return None

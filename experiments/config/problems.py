"""Faults of settings and policies as problems with a place in the file and a mend; never a library's words."""

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from tenure.experiments.config.reading import Document, KeyPath, Problem, suggest
from tenure.policies.settings.faults import Fault, faults_of, path_text, told, word_faults

_WANTED = {
    "string": ("a word or a text", "write one"),
    "dict": ("a mapping", "write 'name: value' lines below it, or {} for none"),
    "mapping": ("a mapping", "write 'name: value' lines below it, or {} for none"),
    "model": ("a mapping", "write 'name: value' lines below it"),
    "tuple": ("a list", "write it in brackets"),
    "list": ("a list", "write it in brackets"),
    "bool": ("true or false", "write one of the two"),
}
"""First word of pydantic's kind of error -> what is wanted, and how that is written."""
_OTHER = ("something else", "leave it out, or look it up in a shipped market, `tenure explain market.default`")


def settings_faults(
    error: ValidationError, model: type[BaseModel], elsewhere: Mapping[str, str] = types.MappingProxyType({})
) -> list[Fault]:
    """Return every fault that pydantic found.

    Parameters
    ----------
    error : ValidationError
        Of `model`.
    model : type
        The settings class, to look up the names that would have been right.
    elsewhere : mapping
        Path of a name that is right in another place, or was earlier, such as ``eras`` or ``guards.never`` -> how it is
        written.
    """
    return list(
        dict.fromkeys(fault for one in error.errors(include_url=False) for fault in _each(one, model, elsewhere))
    )


def _each(one: ErrorDetails, model: type[BaseModel], elsewhere: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what one error of pydantic tells."""
    of_key = one["loc"][-1:] == ("[key]",)
    at: KeyPath = one["loc"][:-1] if of_key else one["loc"]
    kind, value = one["type"], one["input"]
    if kind == "extra_forbidden":
        key = str(at[-1])
        known = suggest(key, names_at(model, at[:-1]))
        yield Fault("there is no such setting", elsewhere.get(path_text(at), known), at, True)
    elif (kind == "missing" and isinstance(at[-1], int)) or kind in ("too_long", "too_short"):
        at = at[:-1] if kind == "missing" else at
        default = _default_at(model, at)
        size = len(default) if isinstance(default, list | tuple) else 0
        yield Fault(f"a list of {size} is wanted", f"write one such as {_written(default)}", at)
    elif kind == "missing":
        yield Fault("it is missing", f"add '{at[-1]}: ...'", at)
    elif kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(one.get("ctx", {}).get("expected", "")))
        yield from (fault._replace(at=at, of_key=of_key) for fault in word_faults("", value, options))
    elif kind == "value_error":
        yield from (fault.below(at) for fault in faults_of(one["ctx"]["error"]))
    else:
        wanted, mend = _WANTED.get(kind.partition("_")[0], _OTHER)
        default = _default_at(model, at)
        example = _written(default) if default not in (None, {}, ()) and not isinstance(default, BaseModel) else ""
        yield Fault(f"{wanted} is wanted, got {told(value)}", f"{mend}, such as {example}" if example else mend, at)


def fault_problem(document: Document, fault: Fault, at: KeyPath = ()) -> Problem:
    """Return a fault as a problem with a place; `at` is where in the document its own place begins.

    Of several places the one is told that the user wrote last: on the command line, or in the file that comes first.
    """
    files = [str(file) for file in document.files]
    places = [(*at, *one) for one in (fault.at, *fault.elsewhere)]
    found = [one for one in places if one in document.positions] or places

    def rank(one: KeyPath) -> int:
        path = document.place(one).path
        return files.index(path) if path in files else -1

    where = f"{path_text(fault.at)}: " if fault.at else ""
    return document.problem(min(found, key=rank), where + fault.what, _sentence(fault.mend), fault.of_key)


def value_problem(document: Document, at: KeyPath, name: str, error: ValueError) -> Problem:
    """Return the problem of a value that its parser refused."""
    fault = faults_of(error)[0]
    return document.problem(at, f"{name}: {fault.what}", _sentence(fault.mend))


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _written(value: object) -> str:
    """Return a default as a config would write it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _default_at(model: type[BaseModel], at: KeyPath) -> object:
    """Return the default of a setting; None where it has none."""
    found = _model_of(_kind_at(model, at[:-1]))
    for name, field in found.model_fields.items() if found is not None else ():
        if at[-1:] in ((name,), (field.alias,)):
            return field.default if field.default is not PydanticUndefined else None
    return None


def _kind_at(model: type[BaseModel], at: Iterable[str | int]) -> object:
    """Return what a settings class wants at a place."""
    here: object = model
    for part in at:
        here = _child(here, part)
    return here


def names_at(model: type[BaseModel], at: Iterable[str | int]) -> list[str]:
    """Return the names of the settings at a place of a settings class."""
    found = _model_of(_kind_at(model, at))
    return [] if found is None else [field.alias or name for name, field in found.model_fields.items()]


def _child(kind: object, part: str | int) -> object:
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


def _alternatives(kind: object) -> list[object]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [part for one in get_args(kind) for part in _alternatives(one)]
    return [] if get_origin(kind) is Literal else [kind]


def _model_of(kind: object) -> type[BaseModel] | None:
    for one in _alternatives(kind):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, BaseModel):
            return one
    return None

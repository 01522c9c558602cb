"""What all settings have in common: they are frozen, refuse unknown keys, and read numbers as they are declared."""

from inspect import get_annotations
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict

from tenure.agents.declaring import Parameter
from tenure.simulation.values.units import Parser


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys; a number is declared by `tenure.agents.declaring.Parameter`.

    Where a field, or a part of its type, is an `Annotated[float | int, Parameter(...)]`, what a user writes is read
    by the declaration's unit and held to its range.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, populate_by_name=True)

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)  # type: ignore[arg-type]  # options of pydantic, passed on as they are
        cls.__annotations__ = {name: read_as_declared(hint) for name, hint in get_annotations(cls).items()}


def read_as_declared(hint: Any) -> Any:  # types are data here
    """Return a type whose declared numbers are read from what a user writes; other types as they are.

    >>> read_as_declared(Annotated[int, Parameter("months", 0, 240, "assumption")]).__metadata__[1].func.whole
    True
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        kind, *extras = inner
        declared = declaration_in(hint)
        if declared is None or kind not in (int, float):
            return Annotated[read_as_declared(kind), *extras]
        later = extras[extras.index(declared) + 1 :]
        return Annotated[kind, declared, BeforeValidator(parser_of(declared, kind)), *later]
    if origin in (Union, UnionType):
        return Union[tuple(map(read_as_declared, inner))]  # noqa: UP007  # of as many types as there are
    if origin in (dict, tuple):
        return origin[tuple(map(read_as_declared, inner))]
    return hint


def declaration_in(hint: object) -> Parameter | None:
    """Return the declaration that an annotated type carries itself."""
    return next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Parameter)), None)


def parser_of(declared: Parameter, kind: object) -> Parser:
    """Return the parser of a declared number: whole where its type is int."""
    return Parser(declared.unit, declared.low, declared.high, whole=kind is int)

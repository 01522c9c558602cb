"""What is declared of each number that settings may hold, gathered from the classes that declare them."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tenure.agents.declaring import Parameter, meanings_of
from tenure.policies.settings.faults import KeyPath
from tenure.policies.treatments import NUMBERS, WHOLE, Treatment
from tenure.simulation.settings.rules import GROUP_OF
from tenure.simulation.values.units import Parser

NAME = "NAME"
"""Stands in a path for a name that the user chooses, such as a product's, or for the place of an entry in a list."""
ReadWhen = Literal["month", "birth", "start"]
"""Whether a number is read in every month, once in each life, or once in each run."""
_BEGIN = "it is read once, when a run begins"
_DIVIDE = "it divides people for a whole run, so that months can be compared"
READ_ONCE: Mapping[KeyPath, tuple[ReadWhen, str]] = {
    ("people",): ("start", _BEGIN),
    ("stands_for",): ("start", _BEGIN),
    ("burn_in_months",): ("start", _BEGIN),
    ("compare_beliefs_every_months",): ("start", _BEGIN),
    ("us", "share"): ("start", _BEGIN),
    ("rivals", NAME, "share"): ("start", _BEGIN),
    ("quadrants",): ("start", _DIVIDE),
    ("schemes",): ("start", _DIVIDE),
    ("traits",): ("birth", "it is read when people are born"),
}
"""Path, or the beginning of paths -> when their numbers are read, and why they cannot change by date."""


class Declared(NamedTuple):
    """One number, or list of numbers, that a market may hold."""

    at: KeyPath
    """Keys from the outside in; `NAME` where the user chooses a name."""
    parameter: Parameter
    kind: type
    """int or float."""
    default: float | tuple[float, ...] | None
    """None where there is none."""
    home: type
    """Class in which it is declared, by the name that comes last in its path or its alias."""
    field: str

    @property
    def path(self) -> str:
        """The path as one writes it, such as ``rivals.NAME.funding_cost``."""
        return ".".join(map(str, self.at))

    @property
    def unit(self) -> str:
        """Its unit."""
        return self.parameter.unit

    @property
    def low(self) -> float:
        """Least value."""
        return self.parameter.low

    @property
    def high(self) -> float:
        """Largest value."""
        return self.parameter.high

    @property
    def source(self) -> str:
        """Where the default comes from, or that it is an assumption."""
        return self.parameter.source

    @property
    def parser(self) -> Parser:
        """Reads one number as a user writes it."""
        return Parser(self.unit, self.low, self.high, whole=self.kind is int)

    @property
    def read_when(self) -> ReadWhen:
        """When it is read: only a number that is read month by month can change by date."""
        return self._read_once[0]

    @property
    def no_dates(self) -> str:
        """Why it cannot change by date; empty if it can."""
        return self._read_once[1]

    @property
    def _read_once(self) -> tuple[ReadWhen, str]:
        beginnings = (self.at[:length] for length in range(len(self.at), 0, -1))
        return next((READ_ONCE[one] for one in beginnings if one in READ_ONCE), ("month", ""))

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return next(
            (
                found
                for one in GROUP_OF.get(self.home, self.home).__mro__
                if (found := meanings_of(one).get(self.field))
            ),
            "",
        )


class Numbers:
    """The numbers that a settings class may hold, to be found by the place where one stands."""

    def __init__(self, home: type[BaseModel]) -> None:
        self.all = tuple(of_settings(home))
        self._tree: _Tree = {}
        for one in self.all:
            here = self._tree
            for part in one.at[:-1]:
                below = here.setdefault(str(part), {})
                assert isinstance(below, dict), one.path  # noqa: S101  # no number stands below another
                here = below
            here[str(one.at[-1])] = one

    def at(self, place: KeyPath) -> Declared | None:
        """Return the declaration of the number, or of the list of numbers, at a place; None where none stands."""
        return _find(self._tree, place)


@cache
def numbers_of(home: type[BaseModel]) -> Numbers:
    """Return the numbers that a settings class may hold."""
    return Numbers(home)


def _find(here: "_Tree | Declared", place: KeyPath) -> Declared | None:
    if isinstance(here, Declared):
        in_list = isinstance(here.default, tuple) and len(place) == 1 and isinstance(place[0], int)
        return here if not place or in_list else None
    keys = (str(place[0]), NAME) if place else ()
    return next((found for key in keys if key in here and (found := _find(here[key], place[1:])) is not None), None)


_Tree = dict[str, "_Tree | Declared"]


def of_settings(home: type[BaseModel], above: KeyPath = ()) -> Iterator[Declared]:
    """Yield the numbers of a settings class, in the order of its fields, as they stand below some keys."""
    for name, field in home.model_fields.items():
        at = (*above, field.alias or name)
        if at == ("treatments",):
            yield from _of_treatments()
        hint = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        default = None if field.default is PydanticUndefined else field.default
        yield from _of_hint(hint, at, default, home, name)


def _of_hint(hint: Any, at: KeyPath, default: Any, home: type, name: str) -> Iterator[Declared]:  # types are data here
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        number = next((extra for extra in inner[1:] if isinstance(extra, Parameter)), None)
        if number is None:
            yield from _of_hint(inner[0], at, default, home, name)
        else:
            known = default if isinstance(default, int | float | tuple) else None
            yield Declared(at, number, inner[0], known, home, name)
    elif origin in (Union, UnionType):
        for one in inner:
            yield from _of_hint(one, at, default, home, name)
    elif origin in (dict, Mapping):
        yield from _of_hint(inner[1], (*at, NAME), None, home, name)
    elif origin is tuple:
        below = at if get_origin(inner[0]) is Annotated else (*at, NAME)
        yield from _of_hint(inner[0], below, default, home, name)
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        yield from of_settings(hint, at)


def _of_treatments() -> Iterator[Declared]:
    for name, number in NUMBERS.items():
        at = ("treatments", NAME, name)
        yield Declared(at, number, int if name in WHOLE else float, None, Treatment, name)

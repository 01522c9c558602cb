"""What the settings of policies are declared to be.

A number is declared where its field stands, `Annotated[float, Parameter(unit, low, high, source)]`, with its meaning
as a docstring below; a class that only changes a default takes both over from the class that it extends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Annotated, NamedTuple, Union, get_args, get_origin, get_type_hints

from tenure.agents.declaring import Parameter, meanings_of
from tenure.policies.settings.faults import Fault, KeyPath, range_faults


class DeclaredSetting(NamedTuple):
    """One setting of a policy as its class declares it.

    Attributes
    ----------
    name : str
    kind : object
        Its type, without what is declared of it.
    default : object
        `dataclasses.MISSING` where it must be given.
    declared : Parameter or None
        Of its number, or of the numbers within it; None where it holds none, or a user's own class declares none.
    home : type
        The class whose body declares it.
    """

    name: str
    kind: object
    default: object
    declared: Parameter | None
    home: type

    @property
    def meaning(self) -> str:
        """What it means: the docstring below its field, in the class that declares it or one that this extends."""
        return next((found for one in self.home.__mro__ if (found := meanings_of(one).get(self.name))), "")


@cache
def declared_settings(policy: type) -> tuple[DeclaredSetting, ...]:
    """Return the settings of a policy's class, in the order of its fields; none of a class that is no dataclass."""
    if not is_dataclass(policy):
        return ()
    plain = get_type_hints(policy)
    found = []
    for field in fields(policy):
        if field.init:
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            home, declared = _declaration(policy, field.name)
            found.append(DeclaredSetting(field.name, plain[field.name], default, declared, home))
    return tuple(found)


def _declaration(policy: type, name: str) -> tuple[type, Parameter | None]:
    """Return the class of the bases that declares a field, and the declaration of its number."""
    having = [one for one in policy.__mro__ if name in get_annotations(one)]
    for one in having:
        declared = declaration_within(_annotated(one, name))
        if declared is not None:
            return one, declared
    return having[0], None


@cache
def _annotated(home: type, name: str) -> object:
    """Return the type of a field with all that is declared of it."""
    return get_type_hints(home, include_extras=True)[name]


def declaration_within(hint: object) -> Parameter | None:
    """Return the declaration that an annotated type carries, itself or within; None without one.

    >>> declaration_within(tuple[Annotated[float, Parameter("share", 0.0, 1.0, "assumption")], ...]).unit
    'share'
    """
    own = next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Parameter)), None)
    within = (declaration_within(inner) for inner in get_args(hint))
    return own if own is not None else next((one for one in within if one is not None), None)


def declared_faults(policy: object) -> list[Fault]:
    """Return what is wrong with the numbers of a policy: each that is outside its declared range, at its place."""
    made_of: type = type(policy)
    return [
        fault
        for one in declared_settings(made_of)
        if one.declared is not None
        for fault in _faults_in(_annotated(one.home, one.name), getattr(policy, one.name), (one.name,))
    ]


def _faults_in(hint: object, value: object, at: KeyPath) -> Iterator[Fault]:
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Annotated:
        declared = declaration_within(hint)
        if isinstance(value, int | float) and not isinstance(value, bool) and declared is not None:
            yield from (one._replace(at=at) for one in range_faults("", value, *_range(declared)))
        else:
            yield from _faults_in(inner[0], value, at)
    elif kind in (Union, UnionType) and value is not None:
        for one in inner:
            if one is not NoneType:
                yield from _faults_in(one, value, at)
    elif kind is tuple and isinstance(value, tuple):
        each = inner[:1] * len(value) if inner[1:] == (Ellipsis,) else inner
        for place, (one, part) in enumerate(zip(each, value, strict=False)):
            yield from _faults_in(one, part, (*at, place))
    elif inner and isinstance(value, Mapping):
        for key, part in value.items():
            yield from _faults_in(inner[-1], part, (*at, key))


def _range(declared: Parameter) -> tuple[float, float, str]:
    """Return the range of a number, and its unit as an error says it."""
    unit = declared.unit
    said = "in the market's currency" if unit.startswith("EUR") else "share" if unit.startswith("rate") else unit
    return declared.low, declared.high, said

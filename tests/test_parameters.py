"""The one list of numbers: all are declared, each has a unit, a range and a source, and something reads it."""

import ast
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from tenure.agents.declaring import Field, Parameter, meanings_of
from tenure.agents.rules.rulebook import Rulebook
from tenure.policies.guard.guard import Guards
from tenure.policies.treatments import NUMBERS
from tenure.simulation.settings.base import Settings, read_as_declared
from tenure.simulation.settings.guards import GuardSettings
from tenure.simulation.settings.market import MarketSettings, market_from
from tenure.simulation.settings.parameters import Declared, declared, declared_at
from tenure.simulation.settings.rules import GROUPS

ROOT = Path(__file__).parent.parent
FLOORS = ("agents", "policies", "simulation")
"""Where a market is lived; how long it burns in is read by what runs it."""
MARKET: dict[str, Any] = {
    "products": {"card": {"kind": "revolving", "apr": "19%", "line": 3500}},
    "us": {"share": "40%"},
}


def bare_numbers(hint: Any, path: str = "") -> Iterator[str]:
    """Yield where a type of settings holds a number without a declaration."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if not any(isinstance(one, Parameter) for one in inner[1:]):
            yield from bare_numbers(inner[0], path)
    elif origin in (Union, types.UnionType, tuple, dict, Mapping):
        for one in inner:
            yield from bare_numbers(one, path)
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, field in hint.model_fields.items():
            whole = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            yield from bare_numbers(whole, f"{path}.{name}")
    elif hint in (int, float):
        yield path


@cache
def attributes_read(floors: tuple[str, ...] = FLOORS) -> frozenset[tuple[str, str]]:
    """Return (owner, attribute) of every attribute that is read, the owner by its last name."""
    found = set()
    for file in (file for floor in floors for file in (ROOT / floor).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                owner = node.value
                last = (
                    owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
                )
                found.add((last, node.attr))
    return frozenset(found)


def is_read(one: Declared) -> bool:
    """Whether a number is read: of rules and traits, from their own group; of others, by its name."""
    if one.at[0] == "rules":
        return any((owner, one.field) in attributes_read() for owner in (one.at[1], "group"))
    if one.at[0] == "traits":
        return any((owner, one.field) in attributes_read() for owner in ("traits", "population"))
    floors = (*FLOORS, "experiments") if one.read_when == "start" else FLOORS
    return one.at[0] == "treatments" or any(name == one.field for _, name in attributes_read(floors))


def test_every_number_of_a_market_is_declared() -> None:
    assert list(bare_numbers(MarketSettings)) == []
    assert len(declared()) > 200 and len({one.path for one in declared()}) == len(declared())


@pytest.mark.parametrize("one", declared(), ids=lambda one: one.path)
def test_every_number_has_a_unit_a_range_a_source_and_a_meaning(one: Declared) -> None:
    assert one.unit and one.source
    assert one.low < one.high
    if one.unit.startswith(("share", "rate")):
        assert one.low >= -1 and one.high <= 1, (
            "a bare number above 1 is refused as a share: it could not be read again"
        )
    defaults = one.default if isinstance(one.default, tuple) else [] if one.default is None else [one.default]
    assert all(one.low <= default <= one.high for default in defaults)
    assert one.meaning or one.at[0] == "treatments"
    if one.read_when != "month":
        assert one.no_dates


def test_something_reads_every_number() -> None:
    assert [one.path for one in declared() if not is_read(one)] == []


def test_a_number_that_nothing_reads_would_be_found() -> None:
    idle = Declared(("rules", "learning", "idle"), Parameter("1", 0, 1, "assumption"), float, 0.5, Rulebook, "idle")
    other = idle._replace(at=("rules", "needs", "noise"), field="noise")  # read, but of another family
    assert not is_read(idle) and not is_read(other)


def test_places_find_their_declaration() -> None:
    found = declared_at(("rivals", "a bank", "acquisition", "mail", "cost_per_contact"))
    assert found is not None and found.path == "rivals.NAME.acquisition.NAME.cost_per_contact"
    cure = declared_at(("rules", "credit", "cure", 4))
    assert cure is not None and cure.unit == "share/month" and cure.kind is float
    split = declared_at(("quadrants", "return", "split"))
    assert split is not None and split.unit == "EUR/year"
    for at in ((), ("us",), ("us", "name"), ("us", "apr"), ("nothing", "here"), ("us", "share", "x")):
        assert declared_at(at) is None


def test_groups_of_rules_and_their_settings_agree() -> None:
    market = market_from(MARKET)
    assert market.rulebook() == Rulebook()
    for name, group in GROUPS.items():
        assert list(type(getattr(market.rules, name)).model_fields) == list(group._fields)  # type: ignore[attr-defined]  # a NamedTuple
    assert {one.field for one in declared() if one.at[0] == "treatments"} == set(NUMBERS)


def test_what_all_plans_are_held_to_has_one_default() -> None:
    common, held_to = GuardSettings().model_dump(), Guards()._asdict()
    assert list(common) == ["budget_per_month", "contacts_at_most", "contacts_in_months"]
    assert common == {name: held_to[name] for name in common}


class Numbers(Settings):
    """Settings for a test."""

    a_share: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.5
    """Half of it."""
    maybe: Annotated[int, Parameter("months", 0, 12, "assumption")] | None = None
    named: dict[str, Annotated[float, Parameter("EUR", 0, 100, "assumption")]] = {}  # noqa: RUF012  # settings copy it
    two: tuple[Annotated[float, Parameter("rate/year", -0.2, 1, "assumption")], ...] = ()


def test_what_is_declared_reads_what_is_written() -> None:
    read = Numbers.model_validate({"a_share": "12.5 %", "maybe": "7", "named": {"x": "1.90"}, "two": ["-1%", 0.3]})
    assert read == Numbers(a_share=0.125, maybe=7, named={"x": 1.9}, two=(-0.01, 0.3))
    for wrong, told in (
        ({"a_share": 70}, "70%"),
        ({"maybe": 2.5}, "whole"),
        ({"named": {"x": 101}}, "above 100"),
        ({"two": [0.1, "x"]}, "not a number"),
    ):
        with pytest.raises(ValidationError, match=told):
            Numbers.model_validate(wrong)
    assert read_as_declared(str) is str
    assert meanings_of(Numbers) == {"a_share": "Half of it."}
    assert meanings_of(Field)["writer"].startswith("`birth`")

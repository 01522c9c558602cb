"""The market of an experiment: its file, the experiment's overrides over it, and whether it is possible."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiments.impossible import market_impossible
from experiments.names import market_name_problems
from experiments.problems import fault_problem, names_at, value_problem
from experiments.reading import Document, KeyPath, Problem, Value, overlay, read_with_extends, suggest
from experiments.right_parts import right_part
from simulation.settings import MarketSettings
from simulation.units import parse_multiplier

MARKETS = Path(__file__).parent / "markets"
"""Folder of the shipped markets."""


def market_path(name: str, beside: Path) -> Path | None:
    """Return the file of a market: a file beside the experiment, else the shipped one of that name."""
    tried = [beside / name, beside / f"{name}.market.yaml"]
    if Path(name).name == name:
        tried += [MARKETS / name, MARKETS / f"{name}.market.yaml"]
    return next((one for one in tried if "\0" not in name and one.is_file()), None)


def market_document(document: Document, problems: list[Problem]) -> Document | None:
    """Return the market that the experiment names, with the experiment's overrides over it."""
    written = document.data.get("market")
    if not isinstance(written, dict):
        message = "'market' is missing" if written is None else "market: a name or a mapping is wanted"
        problems.append(document.problem(("market",), message, "Write 'market: default'."))
        return None
    name = written.get("extends", "default")
    if not isinstance(name, str):
        mend = "Write 'extends: default'."
        problems.append(document.problem(("market", "extends"), "market: a name or a file is wanted", mend))
        return None
    place, beside = document.place(("market", "extends")), _beside(document)
    found = market_path(name, beside)
    if found is None:
        shipped = [file.name.removesuffix(".market.yaml") for file in MARKETS.glob("*.market.yaml")]
        shipped += [file.name for file in beside.glob("*.market.yaml")]
        problems.append(Problem(*place, f"there is no market '{name}'", suggest(name, shipped)))
        return None
    return market_over(document, read_with_extends(found, [MARKETS]), problems)


def left_market_note(before: Document, after: Document) -> list[str]:
    """Say that a market of a user's own was given up, where settings laid over an experiment name another one."""
    files = []
    for document in (before, after):
        written: Any = document.data.get("market")
        name = written.get("extends", "default") if isinstance(written, dict) else None
        files.append(market_path(name, _beside(document)) if isinstance(name, str) else None)
    old, new = files
    if old is None or new is None or old == new or old.parent == MARKETS:
        return []
    taken = new.name.removesuffix(".market.yaml")
    return [f"market.extends takes {taken} instead of {old.name}: people, names and shares are those of {taken}; "
            "what the experiment itself writes below 'market' stays"]  # fmt: skip


def _beside(document: Document) -> Path:
    """Return the folder in which the market of an experiment is looked for first: that of the file that names it."""
    place = document.place(("market", "extends"))
    return Path(place.path).parent if place.line else document.path.parent


def market_over(document: Document, base: Document, problems: list[Problem]) -> Document:
    """Return a market with what an experiment writes below ``market`` laid over it."""
    written: Any = document.data.get("market") or {}
    data: dict[str, Value] = {key: value for key, value in written.items() if key != "extends"}
    over = Document(
        path=document.path, data=deepcopy(data), files=document.files,
        positions={at[1:]: place for at, place in document.positions.items() if _overrides(at)},
        key_positions={at[1:]: place for at, place in document.key_positions.items() if _overrides(at)},
    )  # fmt: skip
    return overlay(base, _multiplied(over, base, problems))


def _overrides(at: KeyPath) -> bool:
    return at[:1] == ("market",) and at[1:2] != ("extends",)


def _multiplied(over: Document, base: Document, problems: list[Problem]) -> Document:
    """Turn ``x0.7`` into 0.7 times the market's own value."""
    if not any(isinstance(value, str) and value.strip()[:1] in ("x", "X") for _, value in leaves(over.data, ())):
        return over
    try:
        own: Any = MarketSettings.model_validate(base.data).model_dump(by_alias=True)
    except ValidationError:
        return over  # the market's own faults are told when it is checked
    for at, value in list(leaves(over.data, ())):
        name, known = ".".join(map(str, at)), names_at(MarketSettings, at[:-1])
        if (known and at[-1] not in known) or at[-1] in ("name", "policy"):
            continue
        try:
            factor = parse_multiplier(value)
        except ValueError as error:
            problems.append(value_problem(over, at, name, error))
            _put(over.data, at, None)
            continue
        here: Any = own
        for part in at:
            here = here.get(part) if isinstance(here, dict) else None
        if factor is None:
            continue
        number = here if isinstance(here, int | float) and not isinstance(here, bool) else 0.0
        if number == 0.0:
            what = "that is 0" if here == 0 and here is not False else "the market has no number there"
            message = f"{name}: '{value}' multiplies the market's own value, but {what}"
            problems.append(over.problem(at, message, "Write the value itself."))
        _put(over.data, at, number * factor if number else None)
    return over


def _put(data: Any, at: KeyPath, value: Value) -> None:
    """Put a value in place of another; None takes it out, and what is empty then, so that the market's own stays."""
    first, *rest = at
    if rest:
        _put(data[first], tuple(rest), value)
    elif value is not None:
        data[first] = value
    if value is None and (not rest or data[first] == {}):
        del data[first]


def market_settings(document: Document, problems: list[Problem]) -> MarketSettings | None:
    """Return the market of a document, and add its problems: then it has plain settings where something is wrong.

    None where nothing can be made of it.
    """
    market, faults = right_part(MarketSettings, document.data, _plain)
    if market is not None:
        faults += market_impossible(market)
    problems += [fault_problem(document, fault) for fault in faults]
    problems += market_name_problems(document)
    return market


def _plain(at: KeyPath) -> tuple[KeyPath, Value] | None:
    """Return what stands in for a wrong part of a market; see `right_parts.StandIn`."""
    if at[0] == "products" and len(at) > 1:
        return at[:2], {"kind": "fee"}
    if at == ("us",):
        return at, {"share": 0.0}
    return (at, 0.0) if at[-1] == "share" else None


def leaves(value: Any, at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield path and value of everything in nested mappings that is no mapping itself."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, (*at, key))
    else:
        yield at, value

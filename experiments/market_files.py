"""The market of an experiment: its file, the experiment's overrides over it, and whether it is possible."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.declaring import parameters_of
from experiments.problems import settings_problems, value_problem
from experiments.reading import Document, KeyPath, Problem, Value, overlay, read_with_extends, suggest
from policies.guards import Guards
from simulation.settings import MarketSettings
from simulation.units import parse_month, parse_multiplier, parser_for

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
    place = document.place(("market", "extends"))
    beside = Path(place.path).parent if place.line else document.path.parent
    found = market_path(name, beside)
    if found is None:
        shipped = [file.name.removesuffix(".market.yaml") for file in MARKETS.glob("*.market.yaml")]
        shipped += [file.name for file in beside.glob("*.market.yaml")]
        problems.append(Problem(*place, f"there is no market '{name}'", suggest(name, shipped)))
        return None
    return market_over(document, read_with_extends(found, [MARKETS]), problems)


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
        try:
            factor = parse_multiplier(value)
        except ValueError as error:
            problems.append(value_problem(over, at, ".".join(map(str, at)), error))
            continue
        here: Any = own
        for part in at:
            here = here.get(part) if isinstance(here, dict) else None
        if factor is None or at[-1:] in (("name",), ("policy",)):
            continue
        if isinstance(here, bool) or not isinstance(here, int | float):
            message = f"{'.'.join(map(str, at))}: '{value}' multiplies, but the market has no number there"
            problems.append(over.problem(at, message, "Write the value itself."))
            continue
        parent: Any = over.data
        for part in at[:-1]:
            parent = parent[part]
        parent[at[-1]] = here * factor
    return over


def market_settings(document: Document, problems: list[Problem]) -> MarketSettings | None:
    """Return the checked market of a document; None, and the problems, where it cannot be."""
    try:
        market = MarketSettings.model_validate(document.data)
    except ValidationError as error:
        problems += settings_problems(error, MarketSettings, document)
        return None
    try:
        parse_month(market.start, start=market.start)
    except ValueError as error:
        problems.append(value_problem(document, ("start",), "start", error))
    for name, (_, _, declared) in parameters_of(Guards).items():
        try:
            parser_for(declared.unit, declared.low, declared.high)(getattr(market.guards, name))
        except ValueError as error:
            problems.append(value_problem(document, ("guards", name), f"guards.{name}", error))
    return market


def leaves(value: Any, at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield path and value of everything in nested mappings that is no mapping itself."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, (*at, key))
    else:
        yield at, value

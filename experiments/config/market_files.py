"""The market of an experiment: its file, the experiment's overrides over it, and whether it is possible."""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from tenure.experiments.config.advice.impossible import market_impossible
from tenure.experiments.config.market_factors import multiplied
from tenure.experiments.config.names import market_name_problems
from tenure.experiments.config.problems import fault_problem
from tenure.experiments.config.reading import Document, KeyPath, Problem, Value, overlay, read_with_extends, suggest
from tenure.experiments.config.schedule_files import with_columns
from tenure.experiments.design.scenario_files import shipped_scenarios
from tenure.experiments.plugins.right_parts import right_part
from tenure.experiments.shipped import MARKETS
from tenure.simulation.settings.guards import EARLIER_WORDS
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.units import parse_share

_ELSEWHERE = {
    "eras": "They belong to an experiment: eras: [{title: Price war, from: 2028-01, preset: price_war}].",
    "fitted": "Numbers that are known stand in the market itself; what is not known stands in an experiment, below "
    "'uncertain', as a range: {switching_cost: x0.7 .. x1.3}.",
    **{f"us.guards.{word}": mend for word, mend in EARLIER_WORDS.items()},
}
"""Keys that have no place in a market -> where they belong, or what is written in their place."""


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
        mend = f"It is a scenario, of any market: write scenarios: {{base: {{}}, {name}: {name}}}."
        mend = mend if name in shipped_scenarios() else suggest(name, shipped)
        problems.append(Problem(*place, f"there is no market '{name}'", mend))
        return None
    return market_over(document, read_market(found), problems)


def read_market(path: Path | str) -> Document:
    """Read a market's file and those it extends, see `over_market`; ConfigError as `reading.read_with_extends`."""
    return read_with_extends(path, [MARKETS], over_market)


def over_market(base: Document, over: Document) -> Document:
    """Lay one market over another: where its shares or institutions are others, qualities are not inherited.

    A quality that was found for other shares would not hold these: where none is written beside them, it is found.
    """
    return overlay(without_qualities(base) if restates_shares(base.data, over.data) else base, over)


def restates_shares(base: Mapping[str, Value], over: Mapping[str, Value]) -> bool:
    """Return whether what is laid over a market states another share without a quality, or takes its rivals away.

    >>> market = {"us": {"share": 0.25, "quality": 0.1}, "rivals": {}}
    >>> [restates_shares(market, {"us": us}) for us in ({"share": "30%"}, {"share": "25%"}, {"share": 0, "quality": 0})]
    [True, False, False]
    """
    had, has = _institutions(base), _institutions(over)
    emptied = over.get("rivals") in ({}, None) and "rivals" in over
    if emptied and any(_share(had[at]) for at in had if at[0] == "rivals"):
        return True
    return any(
        "share" in one and one.get("quality") is None and _share(one) != _share(had.get(at, {"share": 0.0}))
        for at, one in has.items()
    )


def inherits_no_qualities(document: Document) -> list[str]:
    """Say that an experiment states other shares than the market that it names, whose qualities then count no more."""
    over = document.data.get("market")
    name = over.get("extends", "default") if isinstance(over, dict) else None
    found = market_path(name, _beside(document)) if isinstance(name, str) else None
    if found is None or not isinstance(over, dict):
        return []
    base = read_market(found)
    if not restates_shares(base.data, over) or all("quality" not in one for one in _institutions(base.data).values()):
        return []
    return [
        f"shares or institutions are others than those of {found.name}: the qualities written there count no more, and "
        "those that are not written here are found so that the shares written here are lived"
    ]


def _institutions(market: Mapping[str, Value]) -> dict[tuple[str, ...], dict[str, Value]]:
    """Return the place of each institution that a market mentions, and what is written there."""
    rivals = market.get("rivals")
    found: dict[tuple[str, ...], Value] = {("us",): market.get("us")}
    found |= {("rivals", name): one for name, one in (rivals.items() if isinstance(rivals, dict) else ())}
    return {at: one for at, one in found.items() if isinstance(one, dict)}


def _share(one: Mapping[str, Value]) -> object:
    """Return a share as a number, or as it is written where that is none."""
    try:
        return parse_share(one.get("share"), 0.0, 1.0, "share")
    except ValueError:
        return one.get("share")


def without_qualities(market: Document) -> Document:
    """Return a market in which no institution has a quality."""
    places = {(*at, "quality") for at in _institutions(market.data)}
    data = deepcopy(market.data)
    for one in _institutions(data).values():
        one.pop("quality", None)
    return replace(
        market,
        data=data,
        positions={at: place for at, place in market.positions.items() if not _is_below(at, places)},
        key_positions={at: place for at, place in market.key_positions.items() if not _is_below(at, places)},
    )


def _is_below(at: KeyPath, places: Collection[KeyPath]) -> bool:
    """Return whether something stands at one of some places, or below it."""
    return any(at[:length] in places for length in range(1, len(at) + 1))


def left_market_note(before: Document, after: Document) -> list[str]:
    """Say that a market of a user's own was given up, where settings laid over an experiment name another one."""
    files = []
    for document in (before, after):
        written = document.data.get("market")
        name = written.get("extends", "default") if isinstance(written, dict) else None
        files.append(market_path(name, _beside(document)) if isinstance(name, str) else None)
    old, new = files
    if old is None or new is None or old == new or old.parent == MARKETS:
        return []
    taken = new.name.removesuffix(".market.yaml")
    return [
        f"market.extends takes {taken} instead of {old.name}: people, names and shares are those of {taken}; "
        "what the experiment itself writes below 'market' stays"
    ]


def _beside(document: Document) -> Path:
    """Return the folder in which the market of an experiment is looked for first: that of the file that names it."""
    place = document.place(("market", "extends"))
    return Path(place.path).parent if place.line else document.path.parent


def market_over(document: Document, base: Document, problems: list[Problem]) -> Document:
    """Return a market with what an experiment writes below ``market`` laid over it."""
    written = document.data.get("market")
    data = {key: value for key, value in written.items() if key != "extends"} if isinstance(written, dict) else {}
    over = Document(
        path=document.path,
        data=deepcopy(data),
        files=document.files,
        positions={at[1:]: place for at, place in document.positions.items() if _overrides(at)},
        key_positions={at[1:]: place for at, place in document.key_positions.items() if _overrides(at)},
    )
    base = with_columns(base, problems)
    return over_market(base, multiplied(over, base, problems))


def _overrides(at: KeyPath) -> bool:
    return at[:1] == ("market",) and at[1:2] != ("extends",)


def market_settings(document: Document, problems: list[Problem]) -> MarketSettings | None:
    """Return the market of a document, and add its problems: then it has plain settings where something is wrong.

    None where nothing can be made of it.
    """
    market, faults = right_part(MarketSettings, document.data, _plain, _ELSEWHERE)
    if market is not None:
        faults += market_impossible(market)
        for month in market.changes:
            first, told = calendar_month(market.start, month), {(one.at, one.mend) for one in faults}
            faults += [
                one._replace(what=f"from {first} on, {one.what}")
                for one in market_impossible(market.at(month))
                if (one.at, one.mend) not in told
            ]
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


def leaves(value: object, at: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """Yield path and value of everything in nested mappings that is no mapping itself."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, (*at, key))
    else:
        yield at, value

"""Scenarios laid over a user's own market: what every arm meets in each of them, checked as the market itself is."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import NamedTuple

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.market_factors import multiplied
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import overlay, suggest
from tenure.experiments.config.schedule_files import with_columns
from tenure.experiments.design.scenario_dates import dated
from tenure.experiments.design.scenario_files import ScenarioText
from tenure.simulation.settings.institution import PolicySettings
from tenure.simulation.settings.market import MarketSettings


class Ground(NamedTuple):
    """A market as plain data, and checked."""

    market_data: dict[str, Value]
    market: MarketSettings


@dataclass(frozen=True)
class Scenario:
    """A market in which every arm is run: that of the experiment, of a scenario, of a level of either.

    Attributes
    ----------
    name : str
        Of the scenario; empty for the market alone, where the experiment has none.
    market_data : dict
        The market as plain data.
    market : MarketSettings
        The same, checked.
    before : Ground
        The market in which burn-in and warm-up are lived.
    always : bool
        Whether that is the scenario's own; else it is the market as the experiment has it, at this level.
    base : str
        The scenario, of which this is a level; the same as `name` where nothing but scenarios is varied.
    level : str
        Name of the level of the experiment's design; empty where it has none.
    factors : tuple
        Name and value of each factor of the level.
    arms : mapping, optional
        Arm -> its policy at this level; None where they are those of the experiment.
    """

    name: str
    market_data: dict[str, Value]
    market: MarketSettings
    before: Ground
    always: bool = False
    base: str = ""
    level: str = ""
    factors: tuple[tuple[str, Value], ...] = ()
    arms: Mapping[str, PolicySettings] | None = None


Check = Callable[[Document, MarketSettings | None], list[Problem]]
"""Finds what is wrong with the arms and institutions of an experiment in a market."""


def scenario_over(
    text: ScenarioText,
    base: Document,
    market: MarketSettings,
    check: Check,
    known: frozenset[Problem],
    problems: list[Problem],
) -> Document | None:
    """Return the market of a scenario, and add what is wrong with it.

    Parameters
    ----------
    text : ScenarioText
        What is different.
    base : Document
        The market as the experiment has it.
    market : MarketSettings
        The same, checked.
    check : callable
        Finds what else is wrong in a market.
    known : frozenset of Problem
        What is wrong without the scenario as well, and told already.
    problems : list of Problem
        Takes what is wrong.
    """
    found = list(_misplaced(text, base))
    over = with_columns(replace(text.over, data=deepcopy(text.over.data)), found)
    over = multiplied(over, base, found)
    laid = None if found else overlay(base, over if text.always else dated(text, over, base, market, found))
    settled = None if laid is None else market_settings(laid, found)
    if laid is not None:
        found += check(laid, settled)
    problems += [
        one._replace(message=f"in the scenario {shown(text.name)}: {one.message}") for one in found if one not in known
    ]
    return None if settled is None or found else laid


def _misplaced(text: ScenarioText, base: Document) -> Iterator[Problem]:
    """Yield rivals that come too late, and channels of ours that are not there."""
    rivals = base.data.get("rivals")
    known = list(rivals) if isinstance(rivals, dict) else []
    for name in _names(text.over.data, "rivals"):
        if name not in known and not text.always:
            what = f"{shown(name)} is no rival of this market, and a new one is there from the beginning"
            mend = (
                f"Add 'always: true', or mean one that is there. {suggest(name, known)}"
                if known
                else ("Add 'always: true'.")
            )
            yield text.over.problem(("rivals", name), what, mend, of_key=True)
    yield from unknown_channels(text.over, base)


def unknown_channels(over: Document, base: Document) -> Iterator[Problem]:
    """Yield the channels of ours that are changed and not there."""
    us, ours = base.data.get("us"), over.data.get("us")
    channels = _names(us, "acquisition") if isinstance(us, dict) else []
    for name in _names(ours, "acquisition") if isinstance(ours, dict) else ():
        if name not in channels:
            at: KeyPath = ("us", "acquisition", name)
            yield over.problem(at, f"we have no channel {shown(name)}", suggest(name, channels), of_key=True)


def _names(data: Mapping[str, Value], section: str) -> list[str]:
    inner = data.get(section)
    return list(inner) if isinstance(inner, dict) else []

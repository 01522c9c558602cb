"""An experiment whose shares are held: qualities that its market does not write are found, once, and written in."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from tenure.experiments.config.documents import Value
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.scenario_markets import Ground, Scenario
from tenure.simulation.settings.market import MarketSettings, market_from
from tenure.simulation.shares.held import unwritten

if TYPE_CHECKING:
    from tenure.simulation.shares.fitting import Tell
    from tenure.simulation.shares.held import HeldShares


def hold_shares(
    experiment: Experiment, tell: "Tell" = lambda made, most: None
) -> tuple[Experiment, "HeldShares | None"]:
    """Return an experiment whose markets write every quality, and how those of its market were found, if any were.

    Parameters
    ----------
    experiment : Experiment
        The same object is returned where all qualities are written. What it says that was `written` stays as it is.
    tell : callable
        Told of progress where qualities are looked for.

    Notes
    -----
    A scenario has the qualities of the market that it is laid over, and so has a level of a design; a rival of its own
    that comes without one has it found beside these. Whatever is drawn of what is uncertain, they stay the same.
    """
    markets = [
        experiment.market,
        *(market for one in experiment.scenarios for market in (one.market, one.before.market)),
    ]
    if not any(map(unwritten, markets)):
        return experiment, None
    from tenure.simulation.model import held_shares  # loads the model

    market, found = held_shares(experiment.market, tell)
    qualities = {name: one.quality or 0.0 for name, one in market.institutions().items()}

    def settle(data: Mapping[str, Value], one: MarketSettings) -> tuple[dict[str, Value], MarketSettings]:
        filled = _with(data, one, qualities)
        checked, _ = held_shares(market_from(filled), tell)
        filled = _with(filled, one, {name: own.quality or 0.0 for name, own in checked.institutions().items()})
        return filled, checked

    def in_scenario(one: Scenario) -> Scenario:
        data, checked = settle(one.market_data, one.market)
        return replace(one, market_data=data, market=checked, before=Ground(*settle(*one.before)))

    data, market = settle(experiment.market_data, experiment.market)
    scenarios = tuple(map(in_scenario, experiment.scenarios))
    return replace(experiment, market_data=data, market=market, scenarios=scenarios), found


def _with(data: Mapping[str, Value], market: MarketSettings, qualities: Mapping[str, float]) -> dict[str, Value]:
    """Return a market as plain data in which institutions without a quality have these."""
    filled = deepcopy(dict(data))
    rivals = filled.get("rivals")
    for name in unwritten(market):
        section = filled["us"] if name == market.our_name else rivals[name] if isinstance(rivals, dict) else None
        if isinstance(section, dict) and section.get("quality") is None and name in qualities:
            section["quality"] = qualities[name]
    return filled

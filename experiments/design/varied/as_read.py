"""What an experiment's document says at one level of its design: settings, market, eras and scenarios, checked."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

from tenure.experiments.config.checks import (
    arm_problems,
    as_written,
    experiment_settings,
    institution_problems,
    with_own_guards,
)
from tenure.experiments.config.documents import Document, Problem, Value, plain_value
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.printable import shown
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.design.eras.laid import Era, eras_over
from tenure.experiments.design.eras.texts import era_texts
from tenure.experiments.design.scenario_files import ScenarioText, only_the_world, scenario_texts
from tenure.experiments.design.scenario_markets import Ground, Scenario, scenario_over
from tenure.experiments.design.varied.levels import Level
from tenure.experiments.plugins.marks import Switch
from tenure.experiments.plugins.switched import SWITCHES, switched
from tenure.simulation.settings.market import MarketSettings


class KnownParts(NamedTuple):
    """What an experiment may name, beside what comes with the program."""

    policies: Mapping[str, type]
    """Those of the shelf, too."""
    switches: Mapping[str, Switch]
    metrics: Collection[str]
    rules: Mapping[str, Callable[..., object]]
    """Behavioural rules."""
    on: frozenset[str]
    """Switches that the market itself asks for, so that they cannot be varied."""

    def check(self, document: Document, of_one: Document | None, one: MarketSettings | None) -> list[Problem]:
        """Return what is wrong with the arms and institutions of an experiment in a market."""
        found = list(arm_problems(document, of_one, one, self.policies))
        return found if of_one is None or one is None else [*found, *institution_problems(of_one, one, self.policies)]


class AsRead(NamedTuple):
    """What a document says, at one level: settings, its market with what holds in every arm, eras and scenarios."""

    settings: ExperimentSettings | None
    guarded: Document | None
    market: MarketSettings | None
    eras: tuple[Era, ...]
    texts: Sequence[ScenarioText]
    laid: Sequence[tuple[ScenarioText, Document]]

    def markets(self) -> dict[str, Document]:
        """Return scenario -> its market as a document; the market alone, without a name, where there are none."""
        if self.guarded is None:
            return {}
        return {text.name: laid for text, laid in self.laid} or {"": self.guarded}

    def scenarios(self, level: Level, base: ExperimentSettings | None) -> Iterator[Scenario]:
        """Yield the market of each scenario at a level, with the champion's policy for us; nothing if one is wrong."""
        if self.settings is None or self.guarded is None or base is None or len(self.laid) < len(self.texts):
            return
        settings = self.settings
        before = ground_of(self.guarded.data, settings)
        arms = settings.arms if settings.arms != base.arms else None
        for text, laid in self.laid or ((None, self.guarded),):
            own = before if text is None else ground_of(laid.data, settings)
            name, always = ("", False) if text is None else (text.name, text.always)
            began = own if always else before
            yield Scenario(level.under(name), *own, began, always, name, level.name, level.factors, arms)


def as_read(document: Document, of_market: Document | None, problems: list[Problem], known: KnownParts) -> AsRead:
    """Return what a document and its market say, and add all that is wrong with them."""
    settings = experiment_settings(document, problems, known.metrics)
    guarded = of_market if of_market is None or settings is None else with_own_guards(of_market, document, settings)
    of_guarded: list[Problem] = []
    market = None if guarded is None else market_settings(guarded, of_guarded)
    problems += as_written(document, of_guarded)

    def check(of_one: Document | None, one: MarketSettings | None) -> list[Problem]:
        return known.check(document, of_one, one)

    problems += check(guarded, market)
    eras: tuple[Era, ...] = ()
    if guarded is not None and market is not None:
        in_eras, months = era_texts(document, market, problems), None if settings is None else settings.months
        guarded, market, eras = eras_over(in_eras, document, guarded, market, months, check, problems)
    texts = [_switched(text, known.switches, problems) for text in scenario_texts(document, problems)]
    known_problems = frozenset(problems)
    in_scenarios: list[tuple[ScenarioText, Document]] = []
    if guarded is not None and market is not None:
        for text in texts:
            found = scenario_over(text, guarded, market, check, known_problems, problems)
            in_scenarios += [] if found is None else [(text, found)]
    return AsRead(settings, guarded, market, eras, texts, in_scenarios)


def _switched(text: ScenarioText, known: Mapping[str, Switch], problems: list[Problem]) -> ScenarioText:
    """Return a scenario with what its switches change, as far as a scenario may."""
    if SWITCHES not in text.over.data:
        return text
    over = switched(text.over, (), known, problems)
    return replace(text, over=only_the_world(over, f"the scenario {shown(text.name)}", (), problems))


def ground_of(data: Mapping[str, Value], settings: ExperimentSettings) -> Ground:
    """Return a market with the champion's policy for us, as plain data and checked."""
    whole = _with_champion(data, settings)
    return Ground(whole, MarketSettings.model_validate(whole))


def _with_champion(data: Mapping[str, Value], settings: ExperimentSettings) -> dict[str, Value]:
    """Return the market with the champion's policy for us."""
    market = deepcopy(dict(data))
    champion, us = settings.arms[settings.champion], market["us"]
    policy = plain_value({"policy": champion.policy, **champion.settings})
    market["us"] = {**(us if isinstance(us, dict) else {}), "policy": policy}
    return market

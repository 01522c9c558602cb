"""A small lively market, lived unwatched, and the lives of some of its people as they are told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from tenure.agents.belief import BELIEF
from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.life.months import Life
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.life.table import print_life
from tenure.experiments.running.work import arm_model, state_before
from tenure.simulation.recording.observing import MonthFacts
from tests.markets import LIVELY, small_market

MONTHS, PEOPLE = 18, 60
EXPERIMENT = f"""
question: Does a reward pay?
market: small
months: {MONTHS}
warm_up_months: 3
budget_per_month: 5000
arms:
  nothing: do_nothing
  rewards: {{policy: uniform, treatment: loyalty_reward, share: 1.0}}
champion: nothing
replications: 1
"""


class Held(NamedTuple):
    """What a market that nobody watches held at the end of a month; beliefs are those of the month's start."""

    people: Any
    signals: Any
    beliefs: Any
    truths: Any
    """Of our customers, by id"""


@dataclass
class Keeper:
    """An observer that keeps everything."""

    kept: list[Held]

    def month(self, facts: MonthFacts) -> None:
        truths = dict(zip(facts.people["id"][facts.own_rows].tolist(), facts.truths.copy(), strict=True))
        view = facts.ours.view
        beliefs = np.zeros(len(view), BELIEF)
        for name in (
            "person_id",
            "stage",
            "scope",
            "quadrant",
            "default_per_year",
            "margin_per_year",
            "leave_per_year",
        ):
            beliefs[name] = view.field(name)
        self.kept.append(Held(facts.people.copy(), facts.signals.copy(), beliefs, truths))


REWARDS = Point("", "rewards", 0)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    rules = {**LIVELY, "lifecycle": {**LIVELY["lifecycle"], "decline_gone": 0.3}}
    online = {"contacts_per_person_per_month": 0.5, "cost_per_contact": 1.0}
    us = {
        "highest_risk": 1.0,
        "existing_customers": ["open", "settled"],
        "settled_counts_for_months": 6,
        "acquisition": {"online": online},
    }
    market = small_market(
        people=PEOPLE,
        burn_in_months=6,
        rules=rules,
        us=us,
        world={"newcomers_per_year": 0.4},
        traits={"risk_mean": -1.5},
    )
    del market["guards"]["budget_per_month"]
    (folder / "small.market.yaml").write_text(json.dumps(market), encoding="utf-8")
    (folder / "small.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def experiment(config: Path) -> Experiment:
    return load_experiment(config)


@pytest.fixture(scope="module")
def held(experiment: Experiment) -> list[Held]:
    """The market of the rewards, lived without a watcher; the first entry is the state before month 0."""
    order = plan_tasks(experiment, Path()).order
    state = state_before(order, REWARDS)
    keeper = Keeper([Held(state["people"].copy(), state["signals"].copy(), None, {})])
    model = arm_model(order, REWARDS, state)
    model.observers.append(keeper)
    for _ in range(MONTHS + 1):
        model.step()
    return keeper.kept


def row_of(rows: Any, person: int, name: str = "id") -> Any:
    found = rows[rows[name] == person]
    return found[0] if len(found) else None


def lives(experiment: Experiment, held: list[Held], count: int = 12) -> Iterator[Life]:
    """The lives of those to whom most happened, of the persons at the start and of the newcomers."""
    eventful = dict.fromkeys(held[-1].people["id"].tolist(), 0)
    for one in held[1:]:
        for name in ("cause", "joined", "treatment"):
            for person in one.signals["person_id"][one.signals[name] > 0].tolist():
                eventful[person] += 1
    ranked = sorted(eventful, key=lambda person: -eventful[person])
    olds, news = ([one for one in ranked if (one > PEOPLE) is new] for new in (False, True))
    entered = [one for one in news if 0 <= (one >> 32) - 1_000_000 < MONTHS]
    for person in [*olds[: count - 3], *entered[:3]]:
        yield live_one_life(experiment, person, "rewards")


@pytest.fixture(scope="module")
def told(experiment: Experiment, held: list[Held]) -> list[Life]:
    return list(lives(experiment, held))


def text_of(life: Life, every: bool = False) -> str:
    screen = Console(width=110, highlight=False)
    with screen.capture() as caught:
        print_life(screen, life, "", every)
    return caught.get()


def tenure(*words: str) -> "tuple[int, str, str]":
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr

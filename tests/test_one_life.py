"""One life: what is told is what the model holds, month by month, and watching changes nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from tenure.agents.belief import BELIEF, QUADRANTS, SCOPES
from tenure.agents.offer import MAX_CHANNELS, US
from tenure.agents.person import CAUSES, STAGES
from tenure.experiments.commands.app import app
from tenure.experiments.commands.command_line import JSON_VERSION
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.life.following import Following
from tenure.experiments.life.months import START, Life, LifeMonth
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.life.table import as_plain_data, months_to_show, print_life
from tenure.experiments.running.work import arm_model, state_before
from tenure.simulation.recording.observing import MonthFacts
from tests.markets import LIVELY, differences, small_market

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
    us = {"existing_customers": ["open", "settled"], "settled_counts_for_months": 6, "acquisition": {"online": online}}
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
    for person in [*olds[: count - 3], *news[:3]]:
        if (person >> 32) - 1_000_000 < MONTHS:
            yield live_one_life(experiment, person, "rewards")


@pytest.fixture(scope="module")
def told(experiment: Experiment, held: list[Held]) -> list[Life]:
    return list(lives(experiment, held))


def test_the_same_life_is_told_twice(experiment: Experiment, told: list[Life]) -> None:
    assert live_one_life(experiment, told[0].person, "rewards") == told[0]


def test_following_changes_no_bit_of_the_market(experiment: Experiment) -> None:
    order = plan_tasks(experiment, Path()).order
    state = state_before(order, REWARDS)
    plain, followed = (arm_model(order, REWARDS, {key: value.copy() for key, value in state.items()}) for _ in range(2))
    following = Following(int(followed.people["id"][0]), followed.facts())
    followed.observers.append(following)
    for _ in range(4):
        plain.step()
        followed.step()
        followed.us.believed_now()
    assert differences(plain, followed) == []
    assert [one.month for one in following.moments] == [START, 0, 1, 2, 3]


def test_every_month_told_is_what_the_model_held(experiment: Experiment, held: list[Held], told: list[Life]) -> None:
    names = ("nobody", *experiment.market.institutions())
    products = list(experiment.market.products)
    compared = 0
    for life in told:
        for month in life.months:
            person = row_of(held[month.month + 1].people, life.person)
            assert month.provider == ("gone" if person["provider"] < 0 else names[person["provider"]])
            assert month.stage == STAGES[person["stage"]]
            assert month.products == [name for k, name in enumerate(products) if person["held"][k]]
            assert month.months_past_due == person["months_past_due"]
            truth = held[month.month + 1].truths.get(life.person)
            if truth is not None:
                compared += 1
                assert month.default_per_year == truth["default_per_year"]
                assert month.margin_per_year == truth["margin_per_year"]
                assert month.quadrant == QUADRANTS[truth["quadrant"]]
    assert compared > 50


def test_what_we_believed_is_our_record_of_that_month(held: list[Held], told: list[Life]) -> None:
    known = unknown = 0
    for life in told:
        for month in life.months:
            record = row_of(held[month.month + 2].beliefs, life.person, "person_id")
            if record is None:
                unknown += 1
                assert month.believed is None
                continue
            known += 1
            believed = month.believed
            assert believed is not None and believed.stage == STAGES[record["stage"]]
            assert believed.scope == SCOPES[record["scope"]] == believed.tags["scope"]
            assert believed.quadrant == QUADRANTS[record["quadrant"]] == believed.tags["quadrant"]
            for name in ("default_per_year", "margin_per_year", "leave_per_year"):
                assert getattr(believed, name) == record[name]
    assert known > 50 and unknown > 10


def test_money_told_and_shown_equals_the_balances(held: list[Held], told: list[Life]) -> None:
    credit, money = 0.0, 0.0
    for life in told:
        for month in life.months:
            loan, card, savings, *rest = row_of(held[month.month + 1].people, life.person)["balance_cents"].tolist()
            assert not any(rest)
            assert (round(100 * month.credit), round(100 * month.deposits)) == (loan + card, savings)
            credit, money = credit + month.credit, money + month.deposits
        shown = text_of(life, every=True)
        for month in life.months:
            head = "start" if month.month == START else str(month.month)
            line = next(line for line in shown.splitlines() if line.split()[:2] == [head, month.provider])
            assert f" {round(month.credit):,} " in line and f" {round(month.deposits):,} " in line
    assert credit > 0 and money > 0


def test_who_leaves_us_and_comes_back(experiment: Experiment, held: list[Held]) -> None:
    us = experiment.market.our_name
    providers = {
        person: [int(row["provider"]) for one in held[: MONTHS + 1] if (row := row_of(one.people, person)) is not None]
        for person in held[0].people["id"].tolist()
    }

    def returns(path: list[int]) -> bool:
        away = path.index(0) if 0 in path else next((i for i, j in enumerate(path) if j != US), len(path))
        return US in path[:away] and US in path[away:]

    person = next(one for one, path in providers.items() if returns(path))
    life = live_one_life(experiment, person, "rewards")
    assert [month.provider == us for month in life.months] == [j == US for j in providers[person]]
    lines = [(month.month, line) for month in life.months for line in month.happened]
    came = [month for month, line in lines if f" {us}, " in line and ("joined" in line or " for " in line)]
    left = [month for month, line in lines if f"left {us}" in line or line.endswith(f"by {us}")]
    path = providers[person]
    changes = [(before == US, now == US) for before, now in pairwise(path)]
    assert came == [m for m, change in enumerate(changes) if change == (False, True)] and came
    assert left == [m for m, change in enumerate(changes) if change == (True, False)] and left


def test_how_one_came_and_why_one_left_are_told_as_signalled(
    experiment: Experiment, held: list[Held], told: list[Life]
) -> None:
    words = {
        "ended": "ended by",
        "charged_off": "charged off by",
        "settled": "last product ran off",
        "own_reasons": "own reasons",
        "poached": "left ",
    }
    ways: set[int | str] = set()
    for life in told:
        for month in life.months[1:]:
            signal = row_of(held[month.month + 1].signals, life.person, "person_id")
            line = "; ".join(month.happened)
            if signal["joined"]:
                source = int(signal["source"])
                channels = list(experiment.market.institutions()[month.provider].acquisition)
                how = {1: "having searched", MAX_CHANNELS + 2: "invited"}
                assert (how.get(source) or f"reached by {channels[source - 2]}") in line
                ways.add(source)
            assert bool(re.search(r"joined |left \w+ for ", line)) == bool(signal["joined"])
            if signal["cause"]:
                assert words[CAUSES[signal["cause"]]] in line
                ways.add(CAUSES[signal["cause"]])
            else:
                assert "left" not in line and "charged off" not in line
    assert len(ways) >= 4, ways


def test_treatments_are_told_with_what_became_of_them_and_why(held: list[Held], told: list[Life]) -> None:
    answers = set()
    for life in told:
        for month in life.months[1:]:
            signal = row_of(held[month.month + 1].signals, life.person, "person_id")
            ours = [line for line in month.happened if "loyalty_reward" in line]
            if signal["before"] == US:
                assert len(ours) == int(signal["treatment"] > 0)
            for line in ours:
                assert line.startswith("us: loyalty_reward 30 EUR, ") and month.because[line]
                assert line.endswith(", taken" if signal["taken"] else ", not taken")
                answers.add(int(signal["taken"]))
    assert answers == {0, 1}


def test_a_longer_telling_begins_with_the_shorter_one(experiment: Experiment, told: list[Life]) -> None:
    short = live_one_life(experiment, told[0].person, "rewards", months=5)
    assert len(short.months) == 6
    assert replace(told[0], months=told[0].months[:6]) == short


def test_arms_share_the_person_and_the_start(experiment: Experiment, told: list[Life]) -> None:
    other = live_one_life(experiment, told[0].person, months=3)
    assert other.arm == "nothing"
    assert replace(other, arm="rewards", months=[]) == replace(told[0], months=[])
    assert other.months[0] == told[0].months[0]
    assert not any(month.because for month in other.months)


def some_months() -> st.SearchStrategy[list[LifeMonth]]:
    def month(stage: str, provider: str, due: int, happened: list[str], credit: float) -> LifeMonth:
        return LifeMonth(0, provider, stage, [], credit, 0.0, due, 0.0, 0.0, QUADRANTS[0], None, happened, {})

    made = st.builds(
        month,
        st.sampled_from(STAGES[:2]),
        st.sampled_from(["us", "fintech"]),
        st.integers(0, 1),
        st.sampled_from([[], [], ["took card"]]),
        st.floats(0, 9),
    )
    return st.lists(made, min_size=1, max_size=12).map(
        lambda some: [replace(one, month=at) for at, one in enumerate(some)]
    )


@given(some_months())
def test_a_month_is_left_out_only_if_nothing_happened_and_nothing_changed(months: list[LifeMonth]) -> None:
    shown = [one.month for one in months_to_show(months)]
    assert shown == sorted(set(shown)) and shown[0] == 0 and shown[-1] == len(months) - 1
    assert months_to_show(months, every=True) == months
    for before, now in pairwise(months):
        same = (before.provider, before.stage, before.months_past_due) == (
            now.provider,
            now.stage,
            now.months_past_due,
        )
        quiet = same and not now.happened
        assert (now.month in shown) == (not quiet or now.month == len(months) - 1)


def text_of(life: Life, every: bool = False) -> str:
    screen = Console(width=110, highlight=False)
    with screen.capture() as caught:
        print_life(screen, life, "", every)
    return caught.get()


def test_the_table_fits_110_columns_and_shows_a_dash_for_whom_we_do_not_know(told: list[Life]) -> None:
    for life in told:
        shown = text_of(life)
        assert max(map(cell_len, shown.splitlines())) <= 110
        assert shown.startswith(f"Person {life.person}: ")
    stranger = next(life for life in told if any(month.believed is None for month in life.months))
    month = next(one for one in stranger.months if one.believed is None)
    lines = text_of(replace(stranger, months=[month])).splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[1:2] == [month.provider])
    assert lines[at + 1].split()[:3] == ["-", "-", "-"]


def test_reasons_are_numbered_below_the_table(told: list[Life]) -> None:
    life = next(one for one in told if any(month.because for month in one.months))
    shown = text_of(life)
    reason = next(reason for month in life.months for reason in month.because.values())
    assert f"[1] because: {reason}" in shown and shown.count(reason) == 1


def tenure(*words: str) -> "tuple[int, str, str]":
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_json_is_the_whole_life(config: Path, told: list[Life]) -> None:
    words = ["explain", "--person", str(told[0].person), str(config), "--arm", "rewards"]
    code, out, _ = tenure(*words, "--json")
    answer = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert code == 0 and answer == {"version": JSON_VERSION, **as_plain_data(told[0])}
    code, out, _ = tenure(*words)
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith(f"Person {told[0].person}: ")
    assert lines[-1].startswith(f"Next     tenure explain --person {told[0].person} {config} --arm nothing")


@pytest.mark.parametrize("person", ["0", "-3", str(PEOPLE + 1), str((MONTHS + 1_000_000) << 32), str(10**30)])
def test_an_unknown_person_is_refused_with_the_ids_that_exist(config: Path, person: str) -> None:
    code, out, err = tenure("explain", str(config), "--person", person)
    assert code == 2 and not out and "Traceback" not in err
    assert f"there is no person {person}. Persons 1 to {PEOPLE} live" in err


def test_who_left_before_month_0_is_told_so_with_somebody_who_did_not(config: Path, held: list[Held]) -> None:
    there = set(held[0].people["id"].tolist())
    gone = next(one for one in range(1, PEOPLE + 1) if one not in there)
    code, _, err = tenure("explain", str(config), "--person", str(gone))
    assert code == 2 and f"person {gone} left the market before month 0" in err
    assert int(err.split("--person")[1]) in there


def test_an_unknown_arm_is_refused(config: Path) -> None:
    code, _, err = tenure("explain", str(config), "--person", "1", "--arm", "reward")
    assert code == 2 and "there is no arm 'reward'" in err and "rewards" in err


def test_a_life_ends_when_its_person_leaves_the_market(experiment: Experiment, held: list[Held]) -> None:
    last = held[MONTHS].people
    person = int(last["id"][(last["provider"] < 0) & (last["id"] <= PEOPLE)][0])
    life = live_one_life(experiment, person, "rewards")
    gone = next(m for m, one in enumerate(held[1:]) if row_of(one.people, person)["provider"] < 0)
    assert life.months[-1].month == gone and life.months[-1].provider == "gone" and life.months[-1].believed is None
    assert "gone" not in [month.provider for month in life.months[:-1]]


def test_newcomers_begin_where_they_enter(told: list[Life]) -> None:
    news = [life for life in told if life.person > PEOPLE and (life.person >> 32) >= 1_000_000]
    assert news
    for life in news:
        assert life.months[0].month == (life.person >> 32) - 1_000_000
        assert life.months[0].happened[0] == "entered the market"
    numbers = [[month.month for month in life.months] for life in told]
    assert all(np.diff(one).tolist() == [1] * (len(one) - 1) for one in numbers)


def test_a_life_in_a_scenario_is_that_of_its_market(config: Path, told: list[Life]) -> None:
    """Nothing changed gives the same life; another world the life in a market that is so from month 0 on."""
    text = EXPERIMENT + "scenarios:\n  base: {}\n  slump: {world: {macro_mean: 3}}\n"
    (config.parent / "worlds.yaml").write_text(text, encoding="utf-8")
    worlds, person = load_experiment(config.parent / "worlds.yaml"), told[0].person
    base = live_one_life(worlds, person, "rewards")
    assert base.scenario == "base" and replace(base, scenario="") == told[0]
    slumps = [live_one_life(worlds, one.person, "rewards", scenario="slump") for one in told[:5]]
    assert all(one.months[0] == other.months[0] for one, other in zip(slumps, told, strict=False))
    assert any(one.months != other.months for one, other in zip(slumps, told, strict=False))
    slump = slumps[0]
    with pytest.raises(ValueError, match=r"no scenario 'slum'.*slump"):
        live_one_life(worlds, person, "rewards", scenario="slum")
    words = ["explain", "--person", str(person), str(config.parent / "worlds.yaml"), "--arm", "rewards"]
    code, out, _ = tenure(*words, "--scenario", "slump", "--json")
    answer = json.loads(out)
    assert code == 0 and answer == {"version": JSON_VERSION, **as_plain_data(slump)} and answer["scenario"] == "slump"
    code, out, _ = tenure(*words, "--scenario", "slump")
    assert code == 0 and "scenario 'slump', replication 0" in out
    assert "--arm nothing --scenario slump" in out.splitlines()[-1]

"""One life: what is told is what the model holds, month by month, and watching changes nothing."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tenure.agents.belief import QUADRANTS, SCOPES
from tenure.agents.offer import US
from tenure.agents.person import CAUSES, STAGES
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND
from tenure.experiments.commands.command_line import JSON_VERSION
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.life.following import Following
from tenure.experiments.life.months import START, Life
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.life.table import as_plain_data
from tenure.experiments.running.work import arm_model, state_before
from tenure.simulation.market.rows import channel_names
from tests.markets import differences
from tests.told_lives import (
    EXPERIMENT,
    MONTHS,
    PEOPLE,
    REWARDS,
    Held,
    config,
    experiment,
    held,
    row_of,
    tenure,
    text_of,
    told,
)

__all__ = ["config", "experiment", "held", "told"]  # fixtures


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
                channels = channel_names(experiment.market)
                how = {LOOKED_AROUND: "having searched", INVITED: "invited"}
                assert (how.get(source) or f"reached by {channels[source - BY_CHANNEL][1]}") in line
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
    last = next(line for line in out.replace("\\\n", "").splitlines() if line.startswith("Next"))
    assert "--arm nothing --scenario slump" in " ".join(last.split())

"""Switches of a user's own: a named change of a market is that change, and nothing else."""

from pathlib import Path

import pytest

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.arms import market_with
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.plugins.policy_trial import try_here
from tests.folders import SMALL

FILE = '''from typing import Annotated

from tenure import Parameter, switch


@switch
def no_fatigue():
    """Contacts tire nobody."""
    return {"rules.relationship.satisfaction_per_fatigue": 0.0, "market.rules.relationship.response_fatigue": 0.0}


@switch
def hard_to_leave(times: Annotated[float, Parameter("1", 0, 5, "assumption")] = 2.0):
    """Leaving costs so many times as much."""
    return {"world.switching_cost": f"x{times}"}
'''
HEAD = """import numpy as np
from tenure import switch

@switch
def mine():
    return {body}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a config and a file of switches, which is taken as it is: its trial has a test of its own."""
    monkeypatch.setattr("tenure.experiments.plugins.policy_trial.must_keep_the_contract", lambda source: None)
    config, file = tmp_path / "small.yaml", tmp_path / "switches.py"
    config.write_text(SMALL, encoding="utf-8")
    file.write_text(FILE, encoding="utf-8")
    return config, file


def names(experiment: Experiment) -> list[str]:
    return [task.name for task in plan_tasks(experiment, Path("nowhere")).runs]


def test_a_switch_is_what_it_changes_and_off_is_nothing(files: tuple[Path, Path]) -> None:
    config, file = files
    by_hand = {
        "no_fatigue=on": ["rules.relationship.satisfaction_per_fatigue=0", "rules.relationship.response_fatigue=0"],
        "no_fatigue=off": [],
        "hard_to_leave=3": ["world.switching_cost=x3"],
        "hard_to_leave=on": ["world.switching_cost=x2"],
    }
    for asked, written in by_hand.items():
        one = load_experiment(config, [f"market.switches.{asked}"], [file])
        other = load_experiment(config, [f"market.{text}" for text in written])
        assert one.market == other.market and names(one) == names(other)


def test_what_is_written_beside_a_switch_is_written(files: tuple[Path, Path]) -> None:
    config, file = files
    sets = ["market.switches.hard_to_leave=3", "market.world.switching_cost=1.5"]
    assert load_experiment(config, sets, [file]).market.world.switching_cost == 1.5


def test_scenarios_may_ask_for_one_and_the_record_needs_no_file(files: tuple[Path, Path]) -> None:
    config, file = files
    config.write_text(SMALL + "scenarios: {base: {}, hard: {switches: {hard_to_leave: 4}}}\n")
    found = load_experiment(config, (), [file])
    base, hard = (found.under(name).market for name in ("base", "hard"))
    later = hard.at(0)
    assert later.world.switching_cost == 4.0 * base.world.switching_cost
    assert "switches" not in str(found.written)


def test_levels_of_a_switch_are_markets_in_which_it_is_asked_for(files: tuple[Path, Path]) -> None:
    config, file = files
    found = load_experiment(config, ["design={grid: {hard_to_leave: [1, 3], no_fatigue: [off, on]}}"], [file])
    assert len(found.scenarios) == 4
    for one in found.scenarios:
        sets = [f"market.switches.{name}={value}" for name, value in one.factors]
        assert load_experiment(config, sets, [file]).market == one.market
    sampled = load_experiment(
        config, ["design={latin_hypercube: {points: 2, over: {switches.hard_to_leave: 1 .. 5}}}"], [file]
    )
    own = load_experiment(config).market.world.switching_cost
    for one in sampled.scenarios:
        assert one.market.world.switching_cost == pytest.approx(float(str(one.factors[0][1])) * own)


def test_a_number_drawn_for_a_switch_lays_what_it_changes_over_the_market(files: tuple[Path, Path]) -> None:
    config, file = files
    found = load_experiment(config, ["uncertain={hard_to_leave: 1 .. 5}"], [file])
    own = load_experiment(config).market.world.switching_cost
    planned = plan_tasks(found, Path("nowhere"))
    for task in planned.runs:
        drawn = dict(task.point.over)["market.switches.hard_to_leave"]
        world = market_with(planned.order.scenarios[task.point.scenario], task.point.over, {})["world"]
        assert world["switching_cost"] == pytest.approx(drawn * own) and 1.0 <= drawn <= 5.0


@pytest.mark.parametrize(
    ("sets", "what"),
    [
        (["uncertain={hard_to_leave: x1 .. x2}"], "this is a switch, which has nothing to multiply"),
        (["uncertain={hard_to_leave: 1 .. 9}"], "9"),
        (["uncertain={no_fatigue: 0 .. 1}"], "there is no number of this name"),
        (["design={grid: {hard_to_leave: [1, 9]}}"], "the switch 'hard_to_leave' takes 0 to 5, and 9 is outside"),
        (
            ["uncertain={hard_to_leave: 1 .. 3}", "market.switches.hard_to_leave=2"],
            "uncertain: the market itself asks for the switch 'hard_to_leave'",
        ),
    ],
)
def test_a_switch_varied_wrongly_is_told(files: tuple[Path, Path], sets: list[str], what: str) -> None:
    with pytest.raises(ConfigError) as told:
        load_experiment(files[0], sets, [files[1]])
    assert what in str(told.value)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("no_fatige=on", "there is no switch 'no_fatige'. Did you mean 'no_fatigue'?"),
        ("no_fatigue=2", "the switch 'no_fatigue' is on or off, and 2 is neither"),
        ("hard_to_leave=7", "the switch 'hard_to_leave' takes 0 to 5, and 7 is outside"),
        ("hard_to_leave=much", "the switch 'hard_to_leave' takes a number, 0 to 5, and 'much' is none"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_its_place(files: tuple[Path, Path], asked: str, what: str) -> None:
    config, file = files
    with pytest.raises(ConfigError) as told:
        load_experiment(config, [f"market.switches.{asked}"], [file])
    assert what in str(told.value) and "--set market.switches." in str(told.value)


def test_without_its_file_a_switch_is_unknown(files: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match=r"there is no switch 'no_fatigue'\. Name the file that has it by --policies"):
        load_experiment(files[0], ["market.switches.no_fatigue=on"])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("{'rules.relationship.fatigue': 0.0}", "sets what no market has: rules.relationship.fatigue"),
        ("{'wrld.switching_cost': 0.0}", "sets what no market has: wrld"),
        ("{'rules.credit.capital_cost': 'much'}", "sets what no market has: rules.credit.capital_cost"),
        ("{'a..b': 1.0}", "names 'a..b', which is no path of a setting"),
        ("{'world.discount': [1]}", "sets world.discount to [1], which is neither a number nor a word"),
        ("{}", "gives {}, and path of a setting -> value is wanted"),
        ("{'world.discount': float(np.random.rand())}", "NumPy's global generator"),
        ("1 / 0", "mine fails: ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_a_switch_is_told_with_its_line(tmp_path: Path, body: str, what: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(HEAD.format(body=body), encoding="utf-8")
    said = "\n".join(map(str, try_here(snapshot(file), True, lambda doing: None).problems))
    assert what in said and (f"{file}:4:" in said or f"{file}:6:" in said), said


def test_a_switch_takes_one_declared_number_at_most(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(HEAD.format(body="{}").replace("def mine()", "def mine(times=2.0)"), encoding="utf-8")
    said = str(try_here(snapshot(file), True, lambda doing: None).problems[0])
    assert f"{file}:4:" in said and "the switch mine takes one number at most, declared with a default" in said

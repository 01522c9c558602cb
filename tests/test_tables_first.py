"""Tables of rules before a policy: what they change, what they leave alone, how a config shares them, what is told."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.config.advice.notes import notes
from tenure.experiments.config.advice.rules_apart import rules_apart
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.planning import plan_tasks
from tenure.policies.conditions.tables_first import TablesFirst
from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import Plan, Treatments, as_plan
from tenure.policies.policy import SettingsError, needs_view
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.view import InstitutionView
from tests.made_views import as_rows, views
from tests.markets import LIVELY, differences, lived, small_market

ARREARS = [
    {"when": "months_past_due == 1", "do": "early_help"},
    {"when": "quadrant == high_risk_low_return and months_past_due >= 2", "do": "stop_lending"},
]
KEEP = [
    {"when": "leave_per_year > 20%", "do": "loyalty_reward", "amount": 30},
    {"when": "otherwise", "do": "cross_sell"},
]
NOBODY = [{"when": "tenure_months > 9000", "do": "end"}]
NEED: dict[str, dict[str, Any]] = {"uniform": {"treatment": "loyalty_reward"}, "rules": {"rules": KEEP}}


def plan_rows(plan: Plan | Treatments) -> list[tuple[int, str, float]]:
    """Return the proposals without their reasons."""
    return [(who, what, amount) for who, what, amount, _ in as_rows(as_plan(plan))]


# What they do


@settings(max_examples=30)
@given(views)
def test_a_table_before_rules_is_the_same_as_its_rules_in_front(view: InstitutionView) -> None:
    one_table = make_policy("rules", {"rules": [*ARREARS, *KEEP]})
    two = make_policy("rules", {"rules": KEEP, "first": [{"arrears": ARREARS}]})
    three = make_policy("rules", {"rules": KEEP, "first": [{"a": ARREARS[:1]}, {"b": ARREARS[1:]}]})
    assert (
        str(plan_rows(one_table.decide(view))) == str(plan_rows(two.decide(view))) == str(plan_rows(three.decide(view)))
    )


@settings(max_examples=20)
@given(views, st.sampled_from(sorted(set(SHELF) - {"optimal_structure", "imitator", "follower"})))
def test_a_table_that_fits_nobody_changes_no_plan(view: InstitutionView, name: str) -> None:
    own = NEED.get(name, {"treatment": "loyalty_reward"} if name == "propensity_retention" else {})
    alone, after = make_policy(name, own), make_policy(name, {**own, "first": [{"none": NOBODY}]})
    assert isinstance(after, TablesFirst) and after.name == alone.name
    for one in (alone, after):
        if hasattr(one, "learn"):
            one.learn(view, Outcomes.none(("none",)))
    before, now = as_plan(alone.decide(view)), as_plan(after.decide(view))
    assert str(as_rows(before)) == str(as_rows(now))
    assert (before.acquisition, before.offer is None) == (now.acquisition, now.offer is None)


@settings(max_examples=30)
@given(views)
def test_who_fits_a_rule_gets_what_it_says_and_the_policy_has_the_others(view: InstitutionView) -> None:
    table = [{"when": "months_past_due > 0", "do": "early_help"}, {"when": "vulnerable == yes", "do": "none"}]
    policy = make_policy("uniform", {"treatment": "loyalty_reward", "first": [{"care": table}]})
    got = plan_rows(policy.decide(view))
    behind = view.months_past_due > 0
    assert {who for who, what, _ in got if what == "early_help"} == set(np.flatnonzero(behind))
    assert not {who for who, _, _ in got} & set(np.flatnonzero(~behind & (view.column("vulnerable") > 0)))
    names = [what for _, what, _ in got]
    assert names == sorted(names, key=lambda name: name != "early_help"), "rules come before the policy"


def test_an_empty_table_is_no_table() -> None:
    for first in ([], [{"arrears": []}]):
        assert type(make_policy("do_nothing", {"first": first})) is SHELF["do_nothing"]
    with_rules = make_policy("do_nothing", {"first": [{"arrears": ARREARS}]})
    assert needs_view(with_rules) and not needs_view(make_policy("do_nothing"))


def test_what_a_policy_has_learnt_and_tells_is_its_own() -> None:
    alone = make_policy("roi_knapsack")
    after = make_policy("roi_knapsack", {"first": [{"arrears": ARREARS}]})
    assert isinstance(after, TablesFirst)
    assert after.notes() == alone.notes()  # type: ignore[attr-defined]  # a policy that learns tells
    again = copy.deepcopy(after)
    again.restore(after.state())  # type: ignore[operator]  # asked of the policy behind
    assert str(again.state()) == str(alone.state())  # type: ignore[operator, attr-defined]  # as above
    assert make_policy("uniform", {"treatment": "price_cut", "first": [{"a": ARREARS}]}).notes() == {}  # type: ignore[attr-defined]  # takes no notes


def test_a_market_lives_the_same_with_a_table_before_as_with_its_rules_in_front() -> None:
    def market(**policy: Any) -> dict[str, Any]:
        return small_market(rules=LIVELY, us={"policy": {"policy": "rules", **policy}})

    front = lived(market(rules=[*ARREARS, *KEEP]), 5)
    before = lived(market(rules=KEEP, first=[{"arrears": ARREARS}]), 5)
    assert differences(front, before) == []


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("arrears", "first: a list of tables of rules is wanted, got 'arrears'"),
        (["arrears"], "first[0]: one table is wanted, a name and its rules, got 'arrears'"),
        ([{"a": ARREARS, "b": ARREARS}], "first[0]: one table is wanted"),
        ([{"a": ARREARS}, {"a": ARREARS}], "first[1]: the table 'a' comes twice"),
        ([{"a": 3}], "first[0].a: a list of rules is wanted, got 3"),
        ([{"a": [{"when": "line >", "do": "price_cut"}]}], "first[0].a[0].when"),
        ([{"a": [{"do": "price_cut"}]}], "first[0].a[0]: a rule needs 'when'"),
    ],
)
def test_a_table_that_is_none_says_where_and_how(first: Any, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        make_policy("do_nothing", {"first": first})
    assert told in str(error.value)


# How a config shares them

SHARED = """
question: Does a reward pay?
market: {extends: default, people: 200, burn_in_months: 1}
months: 2
warm_up_months: 1
budget_per_month: 100
rule_tables:
  arrears: [{when: months_past_due == 1, do: early_help}]
  leavers: [{when: leave_per_year > 90%, do: price_cut}]
arms:
  current: {policy: rules, first: [arrears, leavers], rules: [{when: leave_per_year > 20%, do: loyalty_reward}]}
  uniform: {policy: uniform, first: [arrears, leavers], treatment: loyalty_reward}
champion: current
"""


def shared(folder: Path, *changes: tuple[str, str]) -> Path:
    text = SHARED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "shared.yaml").write_text(text, encoding="utf-8")
    return folder / "shared.yaml"


def test_a_name_stands_for_its_rows(tmp_path: Path) -> None:
    one = load_experiment(shared(tmp_path))
    rows = [{"when": "months_past_due == 1", "do": "early_help"}]
    assert all(arm.settings["first"][0] == {"arrears": rows} for arm in one.arms.values())  # type: ignore[index]  # a list
    word = load_experiment(
        shared(
            tmp_path, ("current: {policy: rules, first: [arrears, leavers]", "current: {policy: rules, first: arrears")
        )
    )
    assert word.arms["current"].settings["first"] == [{"arrears": rows}]
    assert notes(one) == [note for note in notes(one) if "lack" not in note]


def test_the_order_of_tables_is_in_the_name_of_a_run(tmp_path: Path) -> None:
    def names(*changes: tuple[str, str]) -> dict[str, str]:
        planned = plan_tasks(load_experiment(shared(tmp_path, *changes)), tmp_path / "out")
        return {task.point.arm: task.name for task in planned.runs if task.point.replication == 0}

    plain, other = names(), names(("uniform, first: [arrears, leavers]", "uniform, first: [leavers, arrears]"))
    assert plain["current"] == other["current"] and plain["uniform"] != other["uniform"]


def test_faulty_tables_are_told_at_their_row_and_once(tmp_path: Path) -> None:
    path = shared(
        tmp_path,
        ("do: early_help}]", "do: early_hlep}]"),
        ("first: [arrears, leavers], treatment", "first: [arears], treatment"),
        ("  leavers:", "  unused: []\n  leavers:"),
    )
    with pytest.raises(ConfigError) as error:
        load_experiment(path)
    told = [str(one).removeprefix(str(path)) for one in error.value.problems]
    assert len(told) == 3, told
    assert told[0].startswith(":8:46: first[0].arrears[0].do: no treatment is called 'early_hlep'. Did you mean")
    assert told[1].startswith(":9:3: the table of rules 'unused' comes before no arm. Write first: [unused]")
    assert told[2].startswith(":13:38: there is no table of rules 'arears'. Did you mean 'arrears'?")


# What is told


def test_a_rule_that_the_champion_has_and_others_lack_is_told(tmp_path: Path) -> None:
    assert not any("lack" in note for note in notes(load_experiment(shared(tmp_path))))
    path = shared(tmp_path, ("uniform, first: [arrears, leavers]", "uniform"))
    (told,) = [note for note in notes(load_experiment(path)) if "lack" in note]
    assert "the arm 'uniform' lacks the rules 'months_past_due == 1: early_help' and" in told
    assert "that 'current' has: part of every difference between them is those rules" in told


def test_three_of_four_arms_lack_a_rule_and_a_policy_of_ones_own_may_have_it() -> None:
    arms: dict[str, tuple[str, dict[str, Any]]] = {
        "current": ("rules", {"rules": [*ARREARS[:1], {"when": "otherwise", "do": "loyalty_reward"}]}),
        "more_calls": ("uniform", {"treatment": "loyalty_reward"}),
        "match": ("price_match", {}),
        "by_value": ("save_by_value", {}),
    }
    told = list(rules_apart(arms, "current"))
    assert (
        "3 of 4 arms ('more_calls', 'match' and 'by_value') lack the rule 'months_past_due == 1: early_help'" in told[0]
    )
    assert "what 'by_value' may do, settings do not say" in told[0]
    assert (
        list(
            rules_apart(
                {arm: (name, {**own, "first": [{"a": ARREARS[:1]}]}) for arm, (name, own) in arms.items()}, "match"
            )
        )[1:]
        == []
    )
    assert list(rules_apart({"nothing": ("do_nothing", {}), "current": arms["current"]}, "current")) == []


def test_a_shared_rule_that_the_champion_lacks_is_told() -> None:
    arms: dict[str, tuple[str, dict[str, Any]]] = {
        "current": ("uniform", {"treatment": "price_cut"}),
        "new": ("uniform", {"treatment": "loyalty_reward", "first": [{"arrears": ARREARS[:1]}]}),
    }
    (told,) = rules_apart(arms, "current")
    assert told.startswith("the arm 'current' lacks the rule 'months_past_due == 1: early_help' that 'new' follows")

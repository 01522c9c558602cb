"""A bank's own market, experiment and policy as they ship, and what they may say shorter than others do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.experiments.commands.checking import check_file
from tenure.experiments.config.advice.notes import notes_under
from tenure.experiments.config.documents import ConfigError
from tenure.experiments.config.experiment import find_config, load_experiment
from tenure.experiments.listing.listing import entries
from tenure.experiments.shipped import EXAMPLES, example_configs
from tenure.policies.guard.guard import guard
from tenure.policies.plan import Plan, Treatments
from tenure.policies.treatments import catalogue
from tenure.policies.view import InstitutionView
from tenure.simulation.settings.market import market_from
from tenure.simulation.settings.world import WorldSettings
from tests.folders import tenure
from tests.made_views import KINDS, PRODUCTS, view_of
from tests.markets import small_market
from tests.scenarios import loaded
from tests.test_guards import CATALOGUE, FREE, NAMES, plans, served, sound

NORTHBANK = EXAMPLES / "northbank"
OWN = Path("northbank.py")
CALLED = {one.name for one in CATALOGUE if one.contact_channel == "outbound_call"}


# What ships


def test_northbank_is_found_by_name_with_its_own_market_and_policy() -> None:
    one = load_experiment("retention", ["market.people=2000"], [OWN])
    assert (
        one.shipped and one.path == NORTHBANK / "retention.yaml" and find_config("retention.yaml") == (one.path, True)
    )
    assert one.market.our_name == "Northbank" and one.market.people_each_stands_for == 600.0
    assert [arm.policy for arm in one.arms.values()] == [
        "rules",
        "propensity_retention",
        "save_by_value",
        "optimal_structure",
    ]
    assert [scenario.name for scenario in one.scenarios] == ["base", "recession", "rivals_copy_us"]
    assert len({str(arm.settings["first"]) for arm in one.arms.values()}) == 1, "all arms share the rules of the bank"
    told = notes_under({"": one})
    assert not any("lack" in note or "reaches nobody" in note for note in told), told


def test_every_shipped_experiment_has_a_name_of_its_own_and_is_listed() -> None:
    names = [path.name for path in example_configs()]
    assert len(set(names)) == len(names) and {"quickstart.yaml", "retention.yaml"} <= set(names)
    listed = {entry.name: entry.facts for entry in entries("examples")}
    assert list(listed) == names
    assert listed["retention.yaml"]["run it"] == "tenure run retention.yaml --policies northbank.py"


def test_a_file_of_ones_own_comes_before_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("retention.yaml").write_text("question: Mine?\n", encoding="utf-8")
    assert find_config("retention.yaml") == (Path("retention.yaml"), False)
    Path("northbank.py").write_text("def of_mine(:\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"northbank.py:1:\d+: Python cannot read this"):
        load_experiment(EXAMPLES / "quickstart.yaml", (), [OWN])
    with pytest.raises(ConfigError, match="no such file"):
        load_experiment("quickstart.yaml", (), [tmp_path / "northbenk.py"])


def test_its_policy_keeps_the_contract_and_the_answer_says_how_it_is_used() -> None:
    found = check_file(str(OWN), [], [], 1)
    lines = [" ".join(line.split()) for line in found.lines]
    assert lines[0] == "northbank.py save_by_value 3 settings: reward, quiet_months, saved_share" and not found.faulty
    for law in ("same answer twice", "sees only its view", "leaves the view alone", "own customers only"):
        assert any(line.startswith(f"{law} yes") for line in lines)
    assert any(line.startswith("time at 1,000,000 people ") and "s a month, limit 5.00 s" in line for line in lines)
    assert lines[-1].endswith("tenure run retention.yaml --policies northbank.py")


@pytest.mark.slow
def test_northbank_runs_and_tells_all_scenarios_in_one_table(tmp_path: Path) -> None:
    small = ["market.people=600", "market.burn_in_months=2", "months=13", "warm_up_months=1", "replications=1"]
    sets = [word for one in small for word in ("--set", one)]
    code, said = tenure("run", "retention", "--policies", "northbank.py", "-o", tmp_path / "out", *sets)
    assert code == 0, said
    assert "3 scenarios, 4 arms: profit_per_customer (EUR" in said and "12 of 12 are in" in said
    again = tenure("run", tmp_path / "out", "--policies", "northbank.py")
    assert again[0] == 0 and "12 of 12 runs are there already" in again[1]


def test_the_order_of_segments_outlives_storing() -> None:
    segments = {"prime": "default_per_year < 2%", "near_prime": "default_per_year < 6%", "a_rest": "otherwise"}
    market = market_from(small_market(segments=segments))
    stored = json.dumps(market.model_dump(mode="json", by_alias=True), sort_keys=True)
    assert list(market_from(json.loads(stored)).segments) == list(segments)
    other = market_from(small_market(segments=dict(reversed([("a", "line > 0"), ("b", "balance > 0")]))))
    same = market_from(small_market(segments={"a": "line > 0", "b": "balance > 0"}))
    assert json.dumps(other.model_dump(mode="json"), sort_keys=True) != json.dumps(
        same.model_dump(mode="json"), sort_keys=True
    )


# Keys of an earlier sketch


def test_earlier_words_of_the_guards_are_told_with_those_that_say_the_same(tmp_path: Path) -> None:
    sets = ["guards.never=[opted_out]", "guards.quiet_months_after.hardship=6", "guards.line_increase=ability_to_pay"]
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, "", *sets, "market.us.guards.never=[vulnerable]", "market.fitted=northbank.fitted.yaml")
    told = "\n".join(str(one) for one in error.value.problems)
    for words in (
        "guards.never: there is no such setting. Rules are switched by name: rules: {opted_out: on, vulnerable: on}",
        "guards.quiet_months_after: there is no such setting. Quiet months stand in a rule's condition: rules: ",
        "guards.line_increase: there is no such setting. Rules are switched by name: rules: {ability_to_pay: on}",
        "us.guards.never: there is no such setting. Rules are switched by name",
        "fitted: there is no such setting. Numbers that are known stand in the market itself",
    ):
        assert words in told
    mended = "guards.rules.hardship.when=months_past_due > 0 or months_since_arrears < 6"
    loaded(tmp_path, "", "guards.rules.opted_out=on", "guards.rules.ability_to_pay=on", mended)


# What a scenario and an era may say shorter


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("{switching_cost: x0.7}", "{world: {switching_cost: x0.7}}"),
        (
            "{from: 1, to: 2, macro_mean: 1, funding_cost: 4%}",
            "{from: 1, to: 2, world: {macro_mean: 1}, us: {funding_cost: 4%}}",
        ),
        ("{rivals: {fintech: same_as_us}}", "{rivals: {fintech: {policy: same_as_us}}}"),
        (
            "{rivals: {megabank: {policy: price_war, undercut_points: 1, convenience: high}}}",
            "{rivals: {megabank: {policy: {policy: price_war, undercut_points: 1}, convenience: high}}}",
        ),
    ],
)
def test_what_is_said_shorter_is_the_same(tmp_path: Path, short: str, long: str) -> None:
    one, two = (loaded(tmp_path, f"{{base: {{}}, hard: {text}}}").scenarios[1].market for text in (short, long))
    assert one == two and one != loaded(tmp_path).market
    if "from" not in short:
        eras = [f"eras=[{{title: A, from: 1, {text[1:-1]}}}]" for text in (short, long)]
        assert loaded(tmp_path, "", eras[0]).market == loaded(tmp_path, "", eras[1]).market


def test_a_mistake_in_what_is_said_shorter_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(
            tmp_path,
            "{a: {switching_cost: 3, world: {switching_cost: 2}}, b: {rivals: {fintech: same_as_them}}, "
            "c: {rivals: {megabank: {policy: price_war, undercut: 1}}}}",
        )
    told = [str(one).partition("small.yaml:")[2] for one in error.value.problems]
    assert told[0].startswith("13:17: switching_cost is written twice, alone and as world.switching_cost")
    assert any("no policy is called 'same_as_them'. Did you mean 'same_as_us'?" in one for one in told)
    assert any("undercut: 'price_war' has no such setting. Known: undercut_points" in one for one in told)


# Unemployment


@given(st.floats(-10, 10), st.floats(-0.2, 0.4), st.floats(0, 5))
@settings(max_examples=50)
def test_unemployment_moves_the_mean_of_the_common_factor(mean: float, rise: float, per_point: float) -> None:
    world = WorldSettings(macro_mean=mean, unemployment_rise=rise, macro_per_point_of_unemployment=per_point)
    assert world.mean_of_factor == pytest.approx(mean + 100.0 * rise * per_point)
    assert WorldSettings(macro_mean=mean, macro_per_point_of_unemployment=per_point).mean_of_factor == mean


def test_the_rise_of_2007_to_2009_is_the_shipped_crisis(tmp_path: Path) -> None:
    crisis, rise = loaded(tmp_path, "{a: crisis, b: {always: true, unemployment_rise: 5%}}").scenarios
    assert rise.market.world.mean_of_factor == pytest.approx(crisis.market.world.mean_of_factor)
    with pytest.raises(ConfigError, match=r"unemployment_rise: 4 is above 1\. Did you mean 4%"):
        loaded(tmp_path, "{a: {unemployment_rise: 4}}")


# Capacity by channel of contact


def test_calls_are_counted_together_and_messages_are_not() -> None:
    rows = sound(6)._beliefs.copy()
    rows["months_past_due"][:3] = 1
    help_, talk, note = (NAMES.index(name) for name in ("early_help", "needs_review", "reminder"))
    codes = np.array([help_, help_, help_, talk, talk, note])
    listed = Treatments(np.arange(6), codes, np.full(6, np.nan), np.zeros(6, np.int64), tuple(NAMES), ("",))
    told = guard(Plan(listed), view_of(rows), CATALOGUE, FREE._replace(capacity_per_month={"outbound_call": 4}), 1e9)
    assert [name for _, name in served(told)] == ["early_help"] * 3 + ["needs_review", "reminder"]
    assert told.refused == {"capacity": {"needs_review": 1}}


@settings(max_examples=30)
@given(plans(), st.integers(0, 12))
def test_no_more_are_called_than_can_be(case: tuple[InstitutionView, Plan], many: int) -> None:
    view, plan = case
    free, held = (
        guard(plan, view, CATALOGUE, rules, 1e9)
        for rules in (FREE, FREE._replace(capacity_per_month={"outbound_call": many}))
    )
    called, could = (sum(name in CALLED for _, name in served(one)) for one in (held, free))
    assert called == min(many, called) and (could > many or called == could)
    if could <= many:
        assert served(held) == served(free)


def test_a_market_says_how_its_customers_are_contacted() -> None:
    kinds = dict(zip(PRODUCTS, KINDS, strict=True))
    own: dict[str, dict[str, Any]] = {
        "loyalty_reward": {"contact_channel": "outbound_call"},
        "visit": {"extends": "needs_review", "contact_channel": "branch"},
    }
    by_name = {one.name: one for one in catalogue(kinds, own)}
    assert (by_name["loyalty_reward"].contact_channel, by_name["visit"].contact_channel) == ("outbound_call", "branch")
    assert all(bool(one.contact_channel) == (one.contact > 0) for one in by_name.values())
    market = market_from(
        small_market(treatments=own, us={"guards": {"capacity_per_month": {"branch": 7, "message": 9}}})
    )
    assert market.guards_of(market.us).capacity_per_month == {"branch": 7, "message": 9}
    with pytest.raises(ValidationError, match="no treatment, group or channel of contact is called 'outbound_cal'"):
        market_from(small_market(us={"guards": {"capacity_per_month": {"outbound_cal": 7}}}))
    with pytest.raises(ValueError, match="a channel of contact is one plain word"):
        catalogue(kinds, {"loyalty_reward": {"contact_channel": "by phone"}})

"""Scenarios as they are written: what can be said and what is refused, and in which months they hold."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.config.documents import ConfigError
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.scenario_files import shipped_scenarios
from tests.folders import tenure
from tests.scenarios import HARD, SMALL, loaded, written


def refused(folder: Path, scenarios: str, *sets: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(folder, scenarios, *sets)
    return [str(one) for one in error.value.problems]


# How they are written


def test_what_ships_is_a_scenario_of_any_market(tmp_path: Path) -> None:
    assert all(told.strip() for told in shipped_scenarios().values())
    for market in ("default", "online_lender", "taiwan_2005"):
        for name in shipped_scenarios():
            one = loaded(tmp_path, f"{{base: {{}}, hard: {name}}}", f"market={market}")
            plain, hard = (scenario.market for scenario in one.scenarios)
            assert plain == one.market and hard != plain
            assert (
                hard.model_copy(update={"world": plain.world}) == plain
            )  # people, us and products are the market's own


def test_the_crisis_is_a_scenario_and_no_market(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no market 'crisis'\. It is a scenario, .*crisis: crisis"):
        loaded(tmp_path, "", "market=crisis")
    (crisis,) = loaded(tmp_path, "{crisis: crisis}").scenarios
    assert crisis.always and crisis.market == loaded(tmp_path, "", "market.world.macro_mean=1.8").market


def test_the_old_key_is_told_its_new_name_and_form(tmp_path: Path) -> None:
    written(tmp_path).write_text(SMALL + "circumstances: {default: [], crisis: [market.extends=crisis]}\n")
    with pytest.raises(ConfigError, match=r"small.yaml:13:1: circumstances.*scenarios: \{base: \{\}, crisis: crisis\}"):
        load_experiment(tmp_path / "small.yaml")


def test_a_file_of_ones_own_is_found_beside_the_config_and_may_extend_a_shipped_one(tmp_path: Path) -> None:
    text = "extends: crisis\nworld: {macro_sd: 0.5}\n"
    (tmp_path / "deep.scenario.yaml").write_text(text, encoding="utf-8")
    by_name, by_file, in_place = loaded(
        tmp_path, "{a: deep, b: deep.scenario.yaml, c: {extends: deep, world: {macro_persistence: 50%}}}"
    ).scenarios
    assert by_name.market == by_file.market and by_name.always and in_place.always
    world = in_place.market.world
    assert (world.macro_mean, world.macro_sd, world.macro_persistence) == (1.8, 0.5, 0.5)


def test_a_file_of_ones_own_can_be_checked_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep.scenario.yaml"
    path.write_text("from: 2027-07\nworld: {macro_mean: 1.5}\n", encoding="utf-8")
    assert tenure("check", path)[0] == 0
    path.write_text("world: {macro_maen: 1.5}\npeople: 5\n", encoding="utf-8")
    code, said = tenure("check", path)
    assert code == 2 and f"{path}:2:1: the scenario 'deep' cannot change 'people'" in said
    assert f"{path}:1:9: in the scenario 'deep': world.macro_maen: there is no such setting" in said


@pytest.mark.parametrize(
    ("scenarios", "told"),
    [
        ("5", "scenarios: a mapping is wanted"),
        ("{a: 5}", "scenarios: 'a' is no mapping"),
        ("{a: }", "scenarios: 'a' says nothing"),
        ("{a: crysis}", "there is no scenario 'crysis'. Did you mean 'crisis'?"),
        ("{a: {extends: 5}}", "'extends' names no scenario"),
        ("{a: {people: 9}}", "the scenario 'a' cannot change 'people'"),
        ("{a: {products: {card: {apr: 9%}}}}", "the scenario 'a' cannot change 'products'"),
        ("{a: {traits: {inertia: 1}}}", "cannot change 'traits'"),
        ("{a: {segments: {}}}", "cannot change 'segments'"),
        ("{a: {wolrd: {macro_mean: 1}}}", "Did you mean 'world'?"),
        ("{a: {us: {information: {noise: 2}}}}", "cannot change 'us.information'. A scenario may set"),
        (
            "{a: {us: {acquisition: {mail: {budget_per_month: 5}}}}}",
            "cannot change 'us.acquisition.mail.budget_per_month'",
        ),
        ("{a: {us: {acquisition: {mial: {cost_per_contact: 5}}}}}", "we have no channel 'mial'. Did you mean 'mail'?"),
        ("{a: {rivals: {newbank: {share: 5%}}}}", "'newbank' is no rival of this market"),
        ("{a: {world: {macro_maen: 1}}}", "in the scenario 'a': world.macro_maen: there is no such setting"),
        ("{a: {world: {macro_mean: 11}}}", "in the scenario 'a': world.macro_mean: 11 is above 10"),
        ("{a: {world: {}}}", "cannot change 'world'"),
        ("{a: {always: 1}}", "always: true or false is wanted"),
        ("{a: {always: true, from: 2}}", "'always' means before month 0 as well, and 'from' limits it"),
        ("{a: {from: 5, to: 3, world: {macro_mean: 1}}}", "the scenario ends ('to': 3) before it begins ('from': 5)"),
        ("{a: {from: soon, world: {macro_mean: 1}}}", "from: 'soon' is not a month"),
        ("{a: {from: 2026-01, world: {macro_mean: 1}}}", "from: 2026-01 lies before the market's start"),
        ("{a: {rivals: {fintech: {share: 5%}}}}", "rivals.fintech.share is read once, when the market begins"),
        ("{a/b: {}}", "'a/b' cannot name a scenario"),
        ("{a: {}, A: {}}", "'A' is the same name as 'a'"),
    ],
)
def test_what_cannot_be_is_told_once_at_its_place(tmp_path: Path, scenarios: str, told: str) -> None:
    (one,) = refused(tmp_path, scenarios)
    assert told in one and one.startswith(f"{tmp_path / 'small.yaml'}:13:"), one


def test_faults_of_the_market_are_told_without_the_scenarios_that_repeat_them(tmp_path: Path) -> None:
    (one,) = refused(tmp_path, "{a: {}, b: crisis}", "market.world.macro_sd=-1")
    assert "scenario" not in one


def test_a_new_rival_is_there_from_the_beginning(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path, "{a: {always: true, rivals: {newbank: {share: 5%}}}}").scenarios
    assert [*one.market.rivals] == ["megabank", "fintech", "newbank"]


def test_arms_are_checked_in_every_scenario(tmp_path: Path) -> None:
    path = written(tmp_path, "{a: {}, b: {world: {macro_mean: 1}}}")
    path.write_text(path.read_text().replace("loyalty_reward", "loyalty_rewrad"), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_experiment(path)
    assert len(error.value.problems) == 1  # as wrong without any scenario


# When they hold


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["0.5", "{2027-01: 0.5, 2028-01: 0.7}"]))
@settings(max_examples=25, deadline=None)
def test_a_scenario_holds_from_its_first_to_its_last_month_and_the_market_does_otherwise(
    tmp_path_factory: pytest.TempPathFactory, first: int, length: int, own: str
) -> None:
    folder = tmp_path_factory.mktemp("dated")
    last = first + length
    (dated,) = loaded(
        folder,
        f"{{a: {{from: {first}, to: {last}, world: {HARD}, us: {{funding_cost: x2}}}}}}",
        f"market.world.macro_mean={own}",
    ).scenarios
    plain = loaded(folder, "", f"market.world.macro_mean={own}").market
    for month in (-5, 0, first - 1, first, last, last + 1, 12, 60):
        held, usual = dated.market.at(month), plain.at(month)
        inside = first <= month <= last
        assert held.world.macro_mean == (2.0 if inside else usual.world.macro_mean)
        assert held.us.funding_cost == (2.0 if inside else 1.0) * usual.us.funding_cost


def test_dates_are_months_from_the_start(tmp_path: Path) -> None:
    by_date, by_month = loaded(
        tmp_path, f"{{a: {{from: 2027-07, to: 2028-06, world: {HARD}}}, b: {{from: 6, to: 17, world: {HARD}}}}}"
    ).scenarios
    assert by_date.market == by_month.market and by_date.market.schedules == by_month.market.schedules


def test_a_rivals_policy_and_price_change_for_a_while(tmp_path: Path) -> None:
    (one,) = loaded(
        tmp_path,
        "{a: {from: 2, to: 3, rivals: {fintech: {policy: {policy: price_war, undercut_points: 1}, apr: {card: 9%}}}}}",
    ).scenarios
    now = {month: one.market.at(month).rivals["fintech"] for month in (1, 2, 3, 4)}
    assert [now[month].policy.policy for month in now] == ["do_nothing", "price_war", "price_war", "do_nothing"]
    own = loaded(tmp_path).market.rivals["fintech"].apr["card"]
    assert [now[month].apr["card"] for month in now] == [own, 0.09, 0.09, own]


def test_a_rival_without_a_price_of_its_own_goes_back_to_the_markets(tmp_path: Path) -> None:
    bare = "market.rivals.fintech.apr={}"
    (one,) = loaded(tmp_path, "{a: {from: 2, to: 3, rivals: {fintech: {apr: {card: 9%}}}}}", bare).scenarios
    listed = loaded(tmp_path, "", bare).market.products["card"].apr
    assert [one.market.at(month).rivals["fintech"].apr["card"] for month in (1, 2, 3, 4)] == [
        listed,
        0.09,
        0.09,
        listed,
    ]


def test_a_scenario_changes_what_our_channels_cost(tmp_path: Path) -> None:
    text = "{cost_per_contact: 2, cost_per_joiner: 40, cost_per_month: 300, precision: 0.5}"
    (one,) = loaded(tmp_path, f"{{dear: {{always: true, us: {{acquisition: {{mail: {text}}}}}}}}}").scenarios
    mail = one.market.us.acquisition["mail"]
    assert (mail.cost_per_contact, mail.cost_per_joiner, mail.cost_per_month, mail.precision) == (2.0, 40.0, 300.0, 0.5)

"""Scenarios: what the world does, met by every arm; how they are written, run, added, taken away and told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.config.documents import ConfigError
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point, labelled, point_at
from tenure.experiments.design.points import points_of
from tenure.experiments.design.scenario_files import shipped_scenarios
from tenure.experiments.design.tasks import Order
from tenure.experiments.report.effects import difference_cell
from tenure.experiments.report.joint import joint_table
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.work import arm_model, state_before
from tenure.experiments.store import store
from tenure.experiments.store.results import Results, open_results
from tests.folders import answer, no_report, no_workers, record_of, tenure

__all__ = ["no_report", "no_workers"]  # fixtures
SMALL = """
question: Does a reward pay?
market: {extends: default, people: 40, burn_in_months: 1}
months: 3
warm_up_months: 1
budget_per_month: 100
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 1
metrics: [profit_per_customer, attrition_per_year]
"""
HARD = "{macro_mean: 2.0}"


def written(folder: Path, scenarios: str = "", name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(SMALL + (f"scenarios: {scenarios}\n" if scenarios else ""), encoding="utf-8")
    return path


def loaded(folder: Path, scenarios: str = "", *sets: str) -> Experiment:
    return load_experiment(written(folder, scenarios), sets)


def run(folder: Path, scenarios: str = "", *sets: str) -> Results:
    return run_experiment(loaded(folder, scenarios, *sets), folder / "out", workers=1, engine="objects")


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
    assert crisis.always and crisis.market == loaded(tmp_path, "", "market.world.macro_mean=2").market


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
    assert (world.macro_mean, world.macro_sd, world.macro_persistence) == (2.0, 0.5, 0.5)


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


# What they give


@pytest.mark.usefixtures("no_workers", "no_report")
def test_bits_depend_on_what_a_scenario_does_alone(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("plain", "many", "other", "bad")]
    for folder in folders:
        folder.mkdir()
    plain = run(folders[0])
    several = {
        "base": "{}",
        "late": f"{{from: 3, world: {HARD}}}",
        "now": f"{{world: {HARD}}}",
        "dated": f"{{from: 0, world: {HARD}}}",
        "crisis": "crisis",
        "brief": f"{{from: 1, to: 1, world: {HARD}}}",
    }
    many = run(folders[1], f"{{{', '.join(f'{name}: {one}' for name, one in several.items())}}}")
    turned = run(folders[2], f"{{{', '.join(f'{name}: {one}' for name, one in reversed(several.items()))}}}")
    hashes = {name: many.under(name).hash for name in several}
    assert not many.failed and hashes["base"] == hashes["late"] == plain.hash
    assert hashes["now"] == hashes["dated"]
    assert hashes["crisis"] == run(folders[3], "", "market.world.macro_mean=2").hash  # as that market has always given
    assert len({*hashes.values()}) == 4
    assert {name: turned.under(name).hash for name in several} == hashes and turned.hash == many.hash
    assert sorted(turned.names) == sorted(many.names)
    assert len(many.about["starts"]) == 2  # one that five share, and one of the crisis


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_scenario_that_comes_or_goes_leaves_the_others(tmp_path: Path) -> None:
    first = run(tmp_path, "{base: {}}")
    more = run(tmp_path, "{base: {}, crisis: crisis}")
    assert (first.made, more.made) == (2, 2) and {*first.names} < {*more.names}
    assert more.changes == ()
    edited = run(tmp_path, "{crisis: {extends: crisis, world: {macro_mean: 1}}, base: {}}")
    assert edited.made == 2 and edited.under("base").hash == first.hash == more.under("base").hash
    assert any("in the scenario crisis are made again" in one for one in edited.changes)
    left = run(tmp_path, "{base: {}}")
    assert left.made == 0 and left.names == first.names


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_holds_its_scenarios_whole(tmp_path: Path) -> None:
    own = tmp_path / "deep.scenario.yaml"
    own.write_text(f"always: true\nworld: {HARD}\n", encoding="utf-8")
    before = run(tmp_path, "{base: {}, deep: deep}")
    own.unlink()
    written(tmp_path).unlink()
    store.run_path(before.folder, before.names[-1]).unlink()
    code, said = tenure("run", before.folder, "--engine", "objects")
    assert code == 0 and "1 runs made" in said, said
    assert open_results(before.folder).hash == before.hash


def orders(experiment: Experiment, folder: Path) -> Iterator[tuple[Order, Point]]:
    """Yield the points of a design in which a number of the market differs by replication."""

    def design(settings: object) -> Iterator[Point]:
        for point in points_of(experiment.settings):
            yield point._replace(over=(("world.macro_mean", float(point.replication)), ("us.funding_cost", 0.05)))

    planned = plan_tasks(experiment, folder, "objects", design)
    assert len({task.name for task in planned.runs}) == len(planned.runs) == 4 and len(planned.starts) == 2
    for task in planned.runs:
        yield planned.order, task.point


def test_a_design_is_a_function_that_makes_points(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, "", "replications=2")
    for order, point in orders(experiment, tmp_path):
        sets = (f"market.world.macro_mean={point.replication}", "market.us.funding_cost=0.05", "replications=2")
        plain = plan_tasks(loaded(tmp_path, "", *sets), tmp_path, "objects").order
        models = [
            arm_model(one, at, state_before(one, at)) for one, at in ((order, point), (plain, point._replace(over=())))
        ]
        for model in models:
            model.step()
        assert models[0].people.tobytes() == models[1].people.tobytes()


@given(st.text("abc ", min_size=1, max_size=3), st.text("abc", max_size=3), st.integers(0, 10**6), st.floats(-9, 9))
def test_a_point_is_read_back_from_its_address_and_its_label(
    arm: str, scenario: str, number: int, value: float
) -> None:
    for over in ((), (("world.macro_mean", value),)):
        point = Point(scenario, arm, number, over)
        assert point_at(json.loads(json.dumps(point.address()))) == point
        assert labelled(point.label) == point._replace(over=())


@pytest.mark.parametrize(
    "odd", [None, 5, [], ["a", "b"], ["a", "b", True], ["a", "b", 1, [["x"]]], ["a", "b", 1, [["x", "y"]]]]
)
def test_what_is_no_address_is_no_point(odd: object) -> None:
    assert point_at(odd) is None


# What is told of them


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of two scenarios, made in this process."""
    from tests.folders import serially

    folder = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.experiments.running.runner.run_batch", serially)
        patch.setattr("tenure.experiments.running.runner._live_one_again", lambda *given: None)
        results = run(folder, "{base: {}, crisis: crisis}", "replications=2")
    assert not results.failed
    return results.folder


def test_status_counts_in_every_scenario(out: Path) -> None:
    code, said = tenure("status", out)
    assert code == 0 and "8 of 8 runs are there" in said
    assert said.count("2 of 2") == 4 and said.index("'base'") < said.index("'crisis'")
    assert answer("status", out)["scenarios"]["crisis"]["uniform"]["there"] == 2


def test_compare_has_all_scenarios_beside_each_other_and_each_alone(out: Path) -> None:
    code, said = tenure("compare", out)
    assert code == 0 and "2 scenarios, 2 arms: profit_per_customer" in said
    assert said.count("Differences from 'nothing'") == 2
    code, alone = tenure("compare", out, "--scenario", "crisis")
    assert code == 0 and "2 scenarios" not in alone and alone.count("Differences from 'nothing'") == 1
    assert "no scenario 'crysis'" in tenure("compare", out, "--scenario", "crysis")[1]
    both = answer("compare", out)
    assert [*both["scenarios"]] == ["base", "crisis"] and "comparisons" not in both
    own = both["scenarios"]["crisis"]
    assert own["comparisons"] and {one["scenario"] for one in own["comparisons"]} == {"crisis"}
    assert own["hash"] == open_results(out).under("crisis").hash != both["hash"]


def test_the_joint_table_holds_what_each_scenario_gives(out: Path) -> None:
    results = open_results(out)
    table = joint_table(results)
    assert table is not None and table.scenarios == ("base", "crisis")
    assert [row.arm for row in table.rows] == ["nothing", "uniform"]
    for place, scenario in enumerate(table.scenarios):
        (row,) = (one for one in results.under(scenario).comparisons() if one.metric == "profit_per_customer")
        assert table.rows[1].cells[place] == difference_cell(METRICS["profit_per_customer"], row)
    assert joint_table(results.under("base")) is None
    with pytest.raises(ValueError, match=r"results\.under\('base'\)"):
        results.comparisons()
    assert {*results.metrics()["scenario"]} == {"base", "crisis"}


def test_a_spreadsheet_has_the_scenario_in_front(out: Path, tmp_path: Path) -> None:
    assert tenure("compare", out, "--csv", tmp_path / "table.csv")[0] == 0
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()
    columns = [line.split(",")[0] for line in lines]
    assert lines[0].startswith("scenario,metric,") and [*dict.fromkeys(columns)] == ["scenario", "base", "crisis"]
    assert columns.count("base") == columns.count("crisis")
    rows = open_results(out).rows(["stocks"])
    assert [*rows.columns[:3]] == ["scenario", "arm", "replication"]


@pytest.mark.slow
def test_the_report_has_all_scenarios_and_then_each(out: Path) -> None:
    code, said = tenure("report", out)
    assert code == 0, said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.index("All scenarios") < page.index('id="scenario-1"') < page.index('id="scenario-2"')
    assert page.count("<h2>Effects</h2>") == 2 and page.count("<h1") == 3
    found = [part.partition('"')[0] for part in page.split('id="')[1:]]
    assert len(found) == len({*found})


def test_audit_verifies_and_makes_again_in_any_scenario(out: Path) -> None:
    code, said = tenure("audit", out)
    assert code == 0 and f"Results  {open_results(out).hash}" in said, said


def test_a_run_is_asked_for_by_scenario_arm_and_replication(out: Path, tmp_path: Path) -> None:
    code, said = tenure("run", out, "--engine", "objects", "--only", "crisis/uniform/7")
    assert code == 2 and "no run crisis/uniform/7" in said
    code, said = tenure("run", out, "--only", "uniform")
    assert code == 2 and "SCENARIO/ARM/REPLICATION" in said


def test_a_record_without_a_scenarios_market_is_told(out: Path, tmp_path: Path) -> None:
    from tenure.experiments.store.record_shape import misshapen

    record = record_of(out)
    assert misshapen(record) == ""
    record["scenarios"]["crisis"]["market"].pop("currency")
    assert misshapen(record) == "'scenarios.crisis.market.currency'"

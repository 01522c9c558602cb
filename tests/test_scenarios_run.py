"""Scenarios as they are run: what the world does is met by every arm, added, taken away and told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point, labelled, point_at
from tenure.experiments.design.points import points_of
from tenure.experiments.design.tasks import Order
from tenure.experiments.report.effects import difference_cell
from tenure.experiments.report.joint import joint_table
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.work import arm_model, state_before
from tenure.experiments.store import store
from tenure.experiments.store.auditing import audit_folder
from tenure.experiments.store.record import recorded_points
from tenure.experiments.store.results import open_results
from tests.folders import answer, no_report, no_workers, record_of, tenure
from tests.scenarios import HARD, loaded, run, written

__all__ = ["no_report", "no_workers"]  # fixtures

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
    assert (
        hashes["crisis"] == run(folders[3], "", "market.world.macro_mean=1.8").hash
    )  # as that market has always given
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

    def design(asked: Experiment) -> Iterator[Point]:
        for point in points_of(asked):
            macro = ("market.world.macro_mean", float(point.replication))
            yield point._replace(over=(macro, ("market.us.funding_cost", 0.05)))

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


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_design_is_run_kept_and_made_again_by_the_points_of_its_record(tmp_path: Path) -> None:
    def design(asked: Experiment) -> Iterator[Point]:
        for point in points_of(asked):
            yield point._replace(over=(("market.world.macro_mean", float(point.replication)),))

    experiment = loaded(tmp_path, "", "replications=2")
    made = run_experiment(experiment, tmp_path / "out", design=design)
    assert made.made == 4 and all(made.point(name).over for name in made.names)
    assert run_experiment(experiment, tmp_path / "out", design=design).made == 0
    audited = audit_folder(made.folder, 0, [], quiet=True)
    assert not audited.damaged
    again = list(recorded_points(made.about))
    assert {point.over for point in again} == {(("market.world.macro_mean", float(n)),) for n in range(2)} and len(
        again
    ) == 4


@given(st.text("abc ", min_size=1, max_size=3), st.text("abc", max_size=3), st.integers(0, 10**6), st.floats(-9, 9))
def test_a_point_is_read_back_from_its_address_and_its_label(
    arm: str, scenario: str, number: int, value: float
) -> None:
    for over in ((), (("market.world.macro_mean", value), ("market.world.switching_cost", "x0.5"))):
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
    assert said.count("Differences from 'nothing'") == 1  # what a table is of, is said once for all of them
    assert said.count("In the scenario 'base'") == 1 == said.count("In the scenario 'crisis'")
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
    assert table is not None and table.circumstances == ("base", "crisis")
    assert [row.arm for row in table.rows] == ["nothing", "uniform"]
    for place, scenario in enumerate(table.circumstances):
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
    assert lines[0].startswith("scenario,arm,metric,") and [*dict.fromkeys(columns)] == ["scenario", "base", "crisis"]
    assert columns.count("base") == columns.count("crisis")
    rows = open_results(out).rows(["stocks"])
    assert [*rows.columns[:4]] == ["scenario", "factors", "arm", "replication"]


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

"""Levels of a design: what is set at each, with the same luck, what they are called, and what is kept of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.design.points import points_of
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.store.auditing import audit_folder
from tenure.experiments.store.results import Results, open_results
from tests.folders import answer, no_report, no_workers, tenure
from tests.scenarios import HARD, SMALL

__all__ = ["no_report", "no_workers"]  # fixtures

GRID = "design: {grid: {switching_cost: [x0.5, x1], arms.uniform.amount: [10, 30]}}\n"


def loaded(folder: Path, text: str = GRID, *sets: str) -> Experiment:
    (folder / "small.yaml").write_text(SMALL + text, encoding="utf-8")
    return load_experiment(folder / "small.yaml", sets)


def run(folder: Path, text: str = GRID, *sets: str, **how: object) -> Results:
    experiment = loaded(folder, text, *sets)
    given: dict[str, Any] = {"workers": 1, "engine": "objects", **how}
    return run_experiment(experiment, folder / "out", **given)


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_level_gives_what_the_same_settings_give_by_themselves(tmp_path: Path) -> None:
    """Shared luck, and states before month 0 of its own: a level is the experiment with --set."""
    scenarios = f"scenarios: {{base: {{}}, hard: {{world: {HARD}}}}}\n"
    made = run(tmp_path, GRID + scenarios)
    assert not made.failed and made.made == 2 * 4 * 2
    assert made.scenarios[0] == "base, switching_cost=x0.5, uniform.amount=10"
    assert [one.partition(",")[0] for one in made.scenarios] == ["base"] * 4 + ["hard"] * 4
    for amount, times in ((30, "x0.5"), (10, "x1")):
        (tmp_path / f"{amount}").mkdir()
        sets = (f"arms.uniform.amount={amount}", f"market.world.switching_cost={times}")
        alone = run(tmp_path / f"{amount}", scenarios, *sets)
        for scenario in ("base", "hard"):
            level = made.under(f"{scenario}, switching_cost={times}, uniform.amount={amount}")
            assert level.hash == alone.under(scenario).hash
            assert level.about["arms"]["uniform"]["amount"] == amount  # type: ignore[typeddict-item]  # its own setting
    hashes = {made.under(one).hash for one in made.scenarios}
    assert len(hashes) > 1 and made.hash not in hashes


def test_what_holds_from_month_0_on_shares_its_states(tmp_path: Path) -> None:
    def states(text: str) -> int:
        return len(plan_tasks(loaded(tmp_path, text, "replications=3"), tmp_path).starts)

    assert states("design: {grid: {arms.uniform.amount: [10, 20, 30]}}") == 3
    assert states("design: {grid: {switching_cost: [x0.5, x1]}}") == 6
    assert states(GRID) == 6


def test_levels_are_named_by_what_differs(tmp_path: Path) -> None:
    def names(text: str) -> list[str]:
        return [one.name for one in loaded(tmp_path, text).scenarios]

    assert names("design: {grid: {market.switching_cost: [x1]}}") == ["switching_cost=x1"]
    below = "design: {grid: {market: {world: {switching_cost: [2, 4.5]}}}}"
    assert names(below) == ["switching_cost=2", "switching_cost=4.5"]
    assert names("design: {grid: {budget_per_month: [100, x2]}}") == ["budget_per_month=100", "budget_per_month=x2"]
    assert names("design: {grid: {us.quality: [x1], rivals.fintech.quality: [x1, x2]}}") == [
        "us.quality=x1, rivals.fintech.quality=x1",
        "us.quality=x1, rivals.fintech.quality=x2",
    ]
    sample = "design: {latin_hypercube: {points: 12, over: {switching_cost: x0.5 .. x1.5, fatigue_kept: 0.5 .. 0.9}}}"
    assert names(sample)[:2] == ["point 01", "point 02"]


@pytest.mark.parametrize(("kind", "points"), [("latin_hypercube", 10), ("sobol", 16)])
def test_a_sample_fills_each_range_evenly(tmp_path: Path, kind: str, points: int) -> None:
    over = "{switching_cost: x0.5 .. x1.5, fatigue_kept: 0.5 .. 0.9, arms.uniform.amount: 10 .. 30}"
    text = f"design: {{{kind}: {{points: {points}, over: {over}}}}}\n"
    experiment = loaded(tmp_path, text)
    taken = np.array(
        [[float(str(value).removeprefix("x")) for _, value in one.factors] for one in experiment.scenarios]
    )
    assert taken.shape == (points, 3)
    within = (taken - [0.5, 0.5, 10]) / [1.0, 0.4, 20]
    for column in within.T:  # one in each of equally wide slices
        assert sorted(np.floor(column * points).astype(int)) == list(range(points))
    again = loaded(tmp_path, text)
    assert [one.factors for one in again.scenarios] == [one.factors for one in experiment.scenarios]
    other = loaded(tmp_path, text, "seed=2")
    assert [one.factors for one in other.scenarios] != [one.factors for one in experiment.scenarios]


def test_a_policy_can_be_a_level(tmp_path: Path) -> None:
    text = "design: {grid: {arms.uniform.policy: [uniform, do_nothing]}}"
    with pytest.raises(ValueError, match="do_nothing"):
        loaded(tmp_path, text)  # which has no treatment
    experiment = loaded(tmp_path, "design: {grid: {arms.nothing.policy: [do_nothing, price_match]}}")
    arms = [one.arms for one in experiment.scenarios]
    assert arms[0] is None and arms[1] is not None and arms[1]["nothing"].policy == "price_match"
    assert experiment.under("nothing.policy=price_match").arms["nothing"].policy == "price_match"
    planned = plan_tasks(experiment, tmp_path)
    assert len(planned.starts) == 2  # the champion's policy is lived before month 0


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_grid_runs_from_the_command_line_and_goes_on_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    vary = ("--vary", "switching_cost=x0.5,x1", "--vary", "uniform.amount=10,30")
    words = (tmp_path / "small.yaml", "-o", tmp_path / "out", "--engine", "objects", "--set", "replications=2", *vary)
    code, said = tenure("run", *words)
    assert code == 0 and "16 runs made" in said, said
    assert "states before month 0: 4, 2 for each replication" in said
    folder = tmp_path / "out"
    made = open_results(folder)
    factors = made.factors()
    assert [*factors.columns] == ["base_scenario", "switching_cost", "uniform.amount"]
    assert [*factors["switching_cost"]] == [0.5, 0.5, 1.0, 1.0] and [*factors["uniform.amount"]] == [10, 30, 10, 30]
    assert [*factors.index] == [*made.scenarios]
    metrics = made.metrics()
    assert [*metrics.columns] == ["scenario", "factors", "arm", "replication", "metric", "value"]
    assert metrics["factors"].nunique() == 4
    code, said = tenure("run", folder, "--engine", "objects")
    assert code == 0 and "runs made" not in said and "16 of 16" in said, said
    code, said = tenure("run", folder, "--engine", "objects", "--set", "replications=3")
    assert code == 0 and "8 runs made" in said, said
    only = "switching_cost=x1, uniform.amount=30/uniform/2"
    code, said = tenure("run", folder, "--only", only, "--engine", "objects")
    assert code == 0, said
    status = answer("status", folder)
    assert "switching_cost=x0.5, uniform.amount=10" in str(status)
    told = answer("compare", folder)["factor_effects"]
    assert [(one["arm"], one["factors"]) for one in told[:3]] == [
        ("nothing", ["switching_cost"]),
        ("nothing", ["uniform.amount"]),
        ("nothing", ["switching_cost", "uniform.amount"]),
    ]
    assert told[0]["first"] == ["x0.5"] and told[0]["replications"] == 3
    code, said = tenure("compare", folder)
    assert code == 0 and "What each factor changes" in said and "switching_cost x0.5 to x1" in said, said


@pytest.mark.slow  # starts worker processes: 10 s of processor
def test_workers_change_nothing(tmp_path: Path) -> None:
    text = GRID + "uncertain: {loyalty_reward.effect: x0.5 .. x1.5}\n"
    hashes = set()
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        hashes.add(run(folder, text, "replications=2", workers=workers).hash)
    assert len(hashes) == 1


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_of_a_design_in_python_is_made_again_by_its_points(tmp_path: Path) -> None:
    def design(asked: Experiment) -> Iterator[Point]:
        for point in points_of(asked):
            yield point._replace(over=(("market.world.macro_mean", float(point.replication)),))

    made = run(tmp_path, "", "replications=2", design=design)
    (made.folder / "runs" / f"{made.names[0]}.parquet").unlink()
    code, said = tenure("run", made.folder, "--engine", "objects")
    assert code == 0 and "1 runs made" in said, said
    assert open_results(made.folder).hash == made.hash
    assert not audit_folder(made.folder, 0, [], quiet=True).damaged

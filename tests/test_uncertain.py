"""What nobody knows: what is drawn, for which runs, and what a draw does to a market."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.arms import market_with
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.design.points import points_of
from tenure.experiments.design.varied.numbers import NumbersToVary
from tenure.experiments.design.varied.ranges import CUT, Range, drawn_share, range_of
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.work import arm_model, state_before
from tenure.experiments.store import store
from tenure.experiments.store.auditing import audit_folder
from tenure.experiments.store.results import Results, open_results
from tenure.policies.shelf import SHELF
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.market import MarketSettings, market_from
from tests.folders import no_report, no_workers, tenure
from tests.scenarios import SMALL

__all__ = ["no_report", "no_workers"]  # fixtures

UNCERTAIN = """
uncertain:
  switching_cost: x0.5 .. x1.5
  loyalty_reward.effect: x0.2 .. x2
  fatigue_kept: {triangular: [0.6, 0.75, 0.9]}
  arms.uniform.amount: [10, 20]
"""


def loaded(folder: Path, text: str = UNCERTAIN, *sets: str) -> Experiment:
    (folder / "small.yaml").write_text(SMALL + text, encoding="utf-8")
    return load_experiment(folder / "small.yaml", sets)


def run(folder: Path, text: str = UNCERTAIN, *sets: str) -> Results:
    return run_experiment(loaded(folder, text, *sets), folder / "out", workers=1, engine="objects")


def number(value: object) -> float:
    return float(str(value))


def names(experiment: Experiment) -> dict[Point, str]:
    planned = plan_tasks(experiment, Path("out"))
    return {task.point._replace(over=()): task.name for task in planned.runs}


# What is drawn


@given(st.integers(0, 2**40), st.text("abc.", min_size=1, max_size=9), st.integers(0, 10**6))
def test_a_draw_is_keyed_and_lies_within(seed: int, path: str, draw: int) -> None:
    share = drawn_share(seed, path, draw)
    assert 0.0 < share < 1.0 and share == drawn_share(seed, path, draw)
    assert len({share, drawn_share(seed + 1, path, draw), drawn_share(seed, path, draw + 1)}) == 3
    assert share != drawn_share(seed, f"{path}x", draw)


def test_draws_are_even_and_unrelated() -> None:
    some = np.array([[drawn_share(7, path, draw) for draw in range(20_000)] for path in ("a", "b")])
    assert stats.kstest(some[0], "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(some)[0, 1]) < 4 / math.sqrt(20_000)
    assert abs(np.corrcoef(some[0][1:], some[0][:-1])[0, 1]) < 4 / math.sqrt(20_000)


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ("2 .. 8", stats.uniform(2, 6)),
        ({"normal": {"mean": 5, "sd": 2}}, stats.norm(5, 2)),
        ({"lognormal": {"median": 5, "sigma": 0.3}}, stats.lognorm(0.3, scale=5)),
        ({"triangular": [2, 5, 9]}, stats.triang(3 / 7, 2, 7)),
    ],
)
def test_a_range_has_its_law(written: object, law: stats.rv_continuous) -> None:
    found = range_of(written, number)
    cut = CUT if found.kind in ("normal", "lognormal") else 0.0
    shares = np.linspace(0.0, 1.0, 201)
    there = np.array([found.at(share) for share in shares])
    assert np.allclose(there, law.ppf(cut + (1.0 - 2.0 * cut) * shares), rtol=1e-9)
    assert found.ends == (there[0], there[-1])


@given(st.integers(1, 20), st.integers(1, 20), st.floats(0, 1))
def test_whole_numbers_are_as_likely_as_each_other(low: int, more: int, share: float) -> None:
    found = range_of(f"{low} .. {low + more}", number, whole=True)
    at = found.at(share)
    assert at == int(at) and low <= at <= low + more
    each = [found.at((place + 0.5) / (more + 1)) for place in range(more + 1)]
    assert each == [float(low + place) for place in range(more + 1)]


def test_a_list_is_drawn_evenly_and_its_ends_are_all_of_it() -> None:
    found = Range("list", (3.0, 1.0, 2.0))
    assert [found.at(share) for share in (0.0, 0.34, 0.67, 1.0)] == [3.0, 1.0, 2.0, 2.0]
    assert found.ends == (3.0, 1.0, 2.0)


# For which runs


def test_the_same_is_drawn_in_all_arms_scenarios_and_levels(tmp_path: Path) -> None:
    text = UNCERTAIN + "scenarios: {base: {}, crisis: crisis}\ndesign: {grid: {inertia_sd: [x0.5, x1]}}\n"
    experiment = loaded(tmp_path, text, "replications=4")
    drawn: dict[int, set[tuple[object, ...]]] = {}
    for point in points_of(experiment):
        market = tuple(one for one in point.over if one[0].startswith("market."))
        drawn.setdefault(point.replication, set()).add(market)
        arms = {path for path, _ in point.over if path.startswith("arms.")}
        assert arms == ({"arms.uniform.amount"} if point.arm == "uniform" else set())
    assert all(len(one) == 1 for one in drawn.values())
    assert len(set.union(*drawn.values())) == 4


def test_adding_moves_no_other_draw(tmp_path: Path) -> None:
    few = loaded(tmp_path, "uncertain: {switching_cost: x0.5 .. x1.5}", "replications=3")
    more = loaded(tmp_path, UNCERTAIN, "replications=5")
    spelt = loaded(tmp_path, "uncertain: {market: {world: {switching_cost: x0.5 .. x1.5}}}", "replications=3")

    def of(experiment: Experiment) -> dict[int, object]:
        return {one.replication: dict(one.over)["market.world.switching_cost"] for one in points_of(experiment)}

    assert of(few).items() < of(more).items() and of(spelt) == of(few)
    assert len({*of(more).values()}) == 5


def test_more_replications_keep_the_runs_that_are_there(tmp_path: Path) -> None:
    few, more = (names(loaded(tmp_path, UNCERTAIN, f"replications={number}")) for number in (2, 4))
    assert few.items() < more.items() and len({*more.values()}) == 8
    plain = names(loaded(tmp_path, "", "replications=2"))
    assert not {*plain.values()} & {*few.values()}


def test_what_is_drawn_for_one_arm_leaves_the_others(tmp_path: Path) -> None:
    plain, drawn = (
        names(loaded(tmp_path, text, "replications=2")) for text in ("", "uncertain: {arms.uniform.amount: 10 .. 20}")
    )
    same = {point.arm for point, name in drawn.items() if plain[point] == name}
    assert same == {"nothing"}


def test_replications_of_one_draw_share_it_and_no_luck(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, UNCERTAIN, "replications=4", "replications_per_draw=2")
    overs = {point.replication: point.over for point in points_of(experiment) if point.arm == "uniform"}
    assert overs[0] == overs[1] != overs[2] == overs[3]
    planned = plan_tasks(experiment, tmp_path)
    assert len({task.name for task in planned.runs}) == 8 and len(planned.starts) == 4


# What a draw does


def test_a_draw_is_a_setting_of_that_number(tmp_path: Path) -> None:
    """A run with a draw is the run of an experiment in which the drawn numbers are written."""
    experiment = loaded(tmp_path, UNCERTAIN, "replications=1")
    planned = plan_tasks(experiment, tmp_path, "objects")
    task = next(one for one in planned.runs if one.point.arm == "uniform")
    over = dict(task.point.over)
    plain = loaded(tmp_path, "", *(f"{path}={value}" for path, value in over.items()))
    order = plan_tasks(plain, tmp_path, "objects").order
    models = [
        arm_model(one, at, state_before(one, at))
        for one, at in ((planned.order, task.point), (order, task.point._replace(over=())))
    ]
    for model in models:
        model.step()
    assert models[0].people.tobytes() == models[1].people.tobytes()


def test_a_factor_multiplies_all_dates_of_a_number(tmp_path: Path) -> None:
    text = "eras: [{title: Dear, from: 2, us: {funding_cost: 4%}}]\nuncertain: {us.funding_cost: x0.5 .. x1.5}\n"
    experiment = loaded(tmp_path, text, "market.us.funding_cost=2%")
    planned = plan_tasks(experiment, tmp_path, "objects")
    point = planned.runs[0].point
    factor = float(str(dict(point.over)["market.us.funding_cost"])[1:])
    market = market_from(market_with(planned.order.scenarios[""], point.over, {}))
    costs = [market.at(month).us.funding_cost for month in (0, 2)]
    assert costs == pytest.approx([0.02 * factor, 0.04 * factor])


def test_every_declared_number_of_the_market_can_be_varied(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, "")
    numbers = NumbersToVary(experiment.market, experiment.settings, SHELF, {})
    wanted = {one.path for one in numbers_of(MarketSettings).all if "NAME" not in one.path}
    wanted -= {one.path for one in numbers_of(MarketSettings).all if isinstance(one.default, tuple)}  # lists
    there = {path.removeprefix("market.") for path in numbers.all}
    below = ("us.feedback", "us.guards.rules", "us.guards.structure")  # that this market does not write
    assert {path for path in wanted - there if not path.startswith(below)} == set()
    for one in numbers.all.values():
        last = one.path.rpartition(".")[2]
        if last not in ("share", "people", "burn_in_months"):
            assert numbers.find(one.path) == one


# As a folder


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_of_draws_is_kept_told_and_made_again(tmp_path: Path) -> None:
    made = run(tmp_path, UNCERTAIN, "replications=2")
    assert not made.failed and made.made == 4
    again = run(tmp_path, UNCERTAIN, "replications=3")
    assert again.made == 2 and {*made.names} < {*again.names}
    draws = again.draws()
    assert [*draws.columns] == ["draw", *[one.name for one in loaded(tmp_path).uncertain]]
    assert draws.index.name == "replication" and [*draws["draw"]] == [0, 1, 2]
    assert draws["switching_cost"].between(0.5, 1.5).all() and {*draws["arms.uniform.amount"]} <= {10.0, 20.0}
    assert again.factors().shape == (1, 0)
    audited = audit_folder(again.folder, 1, [], quiet=True)
    assert not audited.damaged and not audited.differing and len(audited.same) == 1
    store.run_path(again.folder, again.names[-1]).unlink()
    code, said = tenure("run", again.folder, "--engine", "objects")
    assert code == 0 and "1 runs made" in said, said
    assert open_results(again.folder).hash == again.hash
    narrower = run(tmp_path, UNCERTAIN.replace("x0.5 .. x1.5", "x0.9 .. x1.1"), "replications=3")
    assert narrower.made == 6 and any("what is uncertain changed" in one for one in narrower.changes)


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_run_under_the_name_of_another_draw_is_found(tmp_path: Path) -> None:
    made = run(tmp_path, UNCERTAIN, "replications=1")
    first = made.names[0]
    wide = run(tmp_path, UNCERTAIN.replace("x1.5", "x1.6"), "replications=1")
    other = next(name for name in wide.names if wide.point(name).arm == made.point(first).arm)
    unused = store.run_path(made.folder, first, store.UNUSED)
    store.run_path(made.folder, other).write_bytes(unused.read_bytes())
    assert other in open_results(made.folder).damaged


@pytest.mark.usefixtures("no_workers", "no_report")
def test_check_tells_what_is_drawn_and_how_many_states(tmp_path: Path) -> None:
    loaded(tmp_path)
    code, said = tenure("check", tmp_path / "small.yaml", "--set", "replications=6")
    assert code == 0 and "drawn once for each replication" in said and "states before month 0: 6" in said
    code, said = tenure("check", tmp_path / "small.yaml", "--set", "replications=6", "--json")
    plan = json.loads(said)["items"][0]["plan"]
    assert plan["states"] == 6 and plan["uncertain"][0]["low"] == 0.5

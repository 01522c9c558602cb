"""When a verdict turns, and which assumption moves it: on tables whose truth is known."""

from math import pi

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.turning.answers import Answers, answers_of, chance_of
from tenure.experiments.analysis.turning.box import box_where, purity
from tenure.experiments.analysis.turning.expansion import Leaning, leaning
from tenure.experiments.analysis.turning.held_out import HELD_OUT, checked, held_out
from tenure.experiments.analysis.turning.points import LuckSpread, VariedPoints, varied_points
from tenure.experiments.analysis.turning.regions import READABLE_WITHIN, Clause, Region, readable
from tenure.experiments.analysis.turning.tree import readable_rule
from tenure.experiments.analysis.turning.turning import turning

FloatArray = npt.NDArray[np.float64]


def table_of(draws: int, seed: int = 0, luck: float = 0.5, scenarios: tuple[str, ...] = ("base",)) -> pd.DataFrame:
    """A market in which 'optimal' is best unless rewards work badly and switching is cheap."""
    rng = np.random.default_rng(seed)
    each = pd.DataFrame(
        {
            "effect": rng.uniform(0.5, 1.5, draws),
            "cost": rng.uniform(0.5, 1.5, draws),
            "fatigue": rng.uniform(2.0, 8.0, draws),
            "draw": np.arange(draws),
        }
    )
    table = pd.concat([each.assign(scenario=one) for one in scenarios], ignore_index=True)
    n = len(table)
    table["optimal"] = 8.0 + luck * rng.standard_normal(n)
    turned = (table["effect"] < 0.9) & (table["cost"] < 1.0)
    table["by_value"] = np.where(turned, 12.0, 4.0) + luck * rng.standard_normal(n)
    return table


def points_of(table: pd.DataFrame, arms: tuple[str, ...] = ("optimal", "by_value"), unit: str = "draw") -> VariedPoints:
    return varied_points(table, ["effect", "cost", "fatigue", "scenario"], arms, unit)


# Points --------------------------------------------------------------------------------------------------------


def test_what_has_one_value_alone_is_no_input() -> None:
    assert points_of(table_of(20)).paths == ("effect", "cost", "fatigue")


def test_replications_at_the_same_point_are_averaged_and_tell_how_far_luck_goes() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"x": np.repeat(np.arange(200.0), 4), "luck": np.tile(np.arange(4), 200)})
    table["a"] = table["x"] + 2.0 * rng.standard_normal(800)
    points = varied_points(table, ["x"], ["a"], "luck")
    found = chance_of(points)
    assert found is not None and found.known_by == "replications"
    assert float(found.covariance[0, 0]) == pytest.approx(4.0, rel=0.2)
    assert found.replications.tolist() == [4.0] * 200
    means = table.groupby("x")["a"].mean().to_numpy()
    assert points.at_points().ahead["a"].to_numpy() == pytest.approx(means)


def test_with_one_replication_a_draw_luck_is_what_no_smooth_function_says() -> None:
    rng = np.random.default_rng(2)
    x, z = rng.random(300), rng.random(300)
    table = pd.DataFrame({"x": x, "z": z, "draw": np.arange(300)})
    table["a"] = 5.0 * x - 3.0 * x * z + 0.7 * rng.standard_normal(300)
    found = chance_of(varied_points(table, ["x", "z"], ["a"], "draw"))
    assert found is not None and found.known_by == "smooth function"
    assert float(found.covariance[0, 0]) == pytest.approx(0.49, rel=0.25)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"lacks the columns \['cost'\]"):
        varied_points(pd.DataFrame({"draw": [1], "a": [1.0]}), ["cost"], ["a"], "draw")


# Answers -------------------------------------------------------------------------------------------------------


def three(values: list[tuple[float, float]]) -> VariedPoints:
    n = len(values)
    ahead = pd.DataFrame(values, columns=["a", "b"])
    return VariedPoints(pd.DataFrame({"x": np.arange(n)}), ahead, np.arange(n), np.arange(n))


def test_the_best_arm_and_how_sure_it_is_by_hand() -> None:
    """Standard error 1 of each arm, independent; 3.0 matters."""
    chance = LuckSpread(np.eye(2), np.ones(4), "replications")
    found = answers_of(three([(5.0, 0.0), (2.0, 1.0), (3.0, 0.0), (9.0, 9.0)]), "now", 3.0, chance)
    assert found.best.tolist() == ["a", "now", "now", "a"]
    assert found.sure == pytest.approx([0.977250, 0.841345, 0.5, 0.5], abs=1e-6)
    assert found.told.tolist() == [True, False, False, False]
    assert found.weights[2:].tolist() == [0.0, 0.0]  # level
    assert found.value_of(np.array(["a", "now", "b", "b"])).tolist() == [5.0, 3.0, 0.0, 9.0]


def test_arms_that_share_their_luck_are_told_apart_sooner() -> None:
    shared = LuckSpread(np.array([[1.0, 0.99], [0.99, 1.0]]), np.ones(1), "replications")
    alone = LuckSpread(np.eye(2), np.ones(1), "replications")
    sure = [float(answers_of(three([(9.0, 8.5)]), "now", 0.0, one).sure[0]) for one in (alone, shared)]
    assert sure[0] < 0.7 < 0.99 < sure[1]


# What is held out ----------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.integers(0, 400))
def test_more_draws_hold_no_other_draw_out(draws: int, more: int) -> None:
    both = held_out(np.arange(draws + more))
    assert (both[:draws] == held_out(np.arange(draws))).all()


def test_a_draw_that_failed_moves_no_other() -> None:
    table = table_of(60)
    whole, without = (points_of(one).at_points() for one in (table, table[table["draw"] != 7]))
    there = dict(zip(whole.unit.tolist(), held_out(whole.unit).tolist(), strict=True))
    assert held_out(without.unit).tolist() == [there[unit] for unit in without.unit.tolist()]


def test_all_rows_of_a_draw_are_held_out_together() -> None:
    found = held_out(np.tile(np.arange(100), 3)).reshape(3, 100)
    assert (found == found[0]).all() and abs(found[0].mean() - HELD_OUT) < 0.15


def test_what_following_a_rule_gains_by_hand() -> None:
    """Held out are four draws; at three of them 'a' leads 'now' by 4, 6 and 8, and the rule says so at these."""
    values = np.array([[0.0, 4.0], [0.0, 6.0], [0.0, 8.0], [0.0, -9.0], [0.0, -9.0]])
    best = np.array(["a", "a", "a", "now", "now"])
    answers = Answers(("now", "a"), values, best, np.array([0.6, 1.0, 1.0, 1.0, 1.0]))
    held = np.array([True, True, True, True, False])
    found = checked(best, "now", answers, held, np.arange(5))
    assert found[:4] == (3, 3, 1, 3) and found.lead.mean == 6.0
    assert found.lead.low == pytest.approx(6.0 - 4.302653 * 2.0 / np.sqrt(3.0), abs=1e-5)
    assert found.holds and not checked(np.full(5, "now"), "now", answers, held, np.arange(5)).holds


def test_points_of_the_same_draw_count_once() -> None:
    values = np.array([[0.0, 4.0], [0.0, 6.0], [0.0, 5.0], [0.0, 5.0]])
    answers = Answers(("now", "a"), values, np.full(4, "a"), np.ones(4))
    found = checked(np.full(4, "a"), "now", answers, np.ones(4, dtype=np.bool_), np.array([0, 0, 1, 1]))
    assert (found.said, *found.lead) == (2, 5.0, 5.0, 5.0)


# Rules ---------------------------------------------------------------------------------------------------------


@given(st.floats(0.5, 1.5))
def test_a_readable_limit_is_near_and_short(limit: float) -> None:
    near = readable(limit, {"a": (0.5, 1.5)}, "a")
    assert abs(near - limit) <= READABLE_WITHIN + 1e-12
    assert len(f"{near:g}") <= 4


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_rule_is_found_and_holds(seed: int) -> None:
    found = turning(points_of(table_of(150, seed)), "current", 3.0)
    assert (found.found, found.usual) == ("rule", "optimal")
    (leaf,) = found.leaves
    assert leaf.answer == "by_value"
    limits = {clause.path: clause.limit for clause in leaf.region.clauses}
    assert limits == {"effect": pytest.approx(0.9, abs=0.08), "cost": pytest.approx(1.0, abs=0.08)}
    assert not any(clause.above for clause in leaf.region.clauses)
    assert found.check.right > found.check.usual_right and found.check.lead.low > 3.0
    assert leaf.share == pytest.approx(0.2, abs=0.08)
    assert found.box is not None and found.box.holds
    assert {clause.path for clause in found.box.region.clauses} == {"effect", "cost"}


def test_a_scenario_is_an_input_like_any_other() -> None:
    table = table_of(100, scenarios=("base", "crisis", "boom"))
    table["by_value"] = np.where(table["scenario"] == "crisis", 12.0, 4.0)
    found = turning(points_of(table), "current", 0.0)
    assert [(leaf.region.text(), leaf.answer) for leaf in found.leaves] == [("scenario is crisis", "by_value")]
    assert found.found == "rule" and found.points == 300
    assert found.box is not None and found.box.region.text() == "scenario is crisis"
    assert (found.box.held.coverage, found.box.held.density) == (1.0, 1.0)


def test_where_luck_alone_decides_there_is_no_rule() -> None:
    """Of forty tables of noise one holds a rule on average (level 2.5%), and few points are told from chance."""
    held = 0
    for seed in range(40):
        table = table_of(60, seed)
        rng = np.random.default_rng(1000 + seed)
        table["optimal"], table["by_value"] = rng.standard_normal(60), rng.standard_normal(60)
        found = turning(points_of(table), "current", 0.0)
        assert found.told < 20
        held += found.found == "rule"
    assert held <= 4


def test_where_nothing_turns_that_is_said() -> None:
    table = table_of(60)
    table["by_value"] = table["optimal"] - 50.0
    found = turning(points_of(table), "current", 3.0)
    assert (found.found, found.usual, found.leaves) == ("always", "optimal", ())


def test_too_few_points_to_check_a_rule() -> None:
    assert turning(points_of(table_of(20, luck=0.01)), "current").found == "too few"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_leaves_of_a_rule_share_out_all_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(10, 80))
    inputs = pd.DataFrame(
        {"x": rng.random(n), "k": rng.integers(0, 3, n).astype(float), "s": rng.choice(["p", "q"], n)}
    )
    answers = rng.choice(["a", "b", "now"], n)
    rule = readable_rule(inputs, answers, rng.random(n))
    inside = sum(leaf.region.holds(inputs).astype(int) for leaf in rule.leaves)
    assert (inside == 1).all()
    assert (rule.answers(inputs) != "").all()
    assert all(len(leaf.region.clauses) <= 2 for leaf in rule.leaves)


def test_a_box_of_known_place_is_found() -> None:
    rng = np.random.default_rng(5)
    inputs = pd.DataFrame(rng.random((500, 4)), columns=list("abcd"))
    turned = ((inputs["a"] > 0.6) & (inputs["b"] < 0.4)).to_numpy()
    region = box_where(inputs, turned, np.ones(500))
    assert region is not None and {clause.path for clause in region.clauses} == {"a", "b"}
    found = purity(region, inputs, turned, np.ones(500, dtype=np.bool_))
    assert found.coverage > 0.85 and found.density > 0.85


def test_points_without_weight_are_no_evidence() -> None:
    inputs = pd.DataFrame({"a": np.arange(20.0)})
    turned = np.arange(20) >= 10
    assert box_where(inputs, turned, np.where(turned, 0.0, 1.0)) is None


def test_regions_are_written_as_a_person_would() -> None:
    region = Region(
        (Clause("a", True, 2.0), Clause("a", False, 3.0), Clause("a", False, 2.5), Clause("s", True, "dear"))
    )
    assert region.simplified().text() == "2 <= a < 2.5 and s is dear"
    words = Region((Clause("s", False, "dear"), Clause("s", False, "cheap")))
    assert words.said_of(pd.DataFrame({"s": ["dear", "cheap", "base"]})).text() == "s is base"


# Sensitivity ---------------------------------------------------------------------------------------------------


def leaning_on(inputs: FloatArray, answer: FloatArray) -> tuple[Leaning, dict[str, tuple[float, float]]]:
    names = [f"x{k + 1}" for k in range(inputs.shape[1])]
    found = leaning(pd.DataFrame(inputs, columns=names), answer, np.arange(len(answer)))
    return found, {one.path: (one.first, one.total) for one in found.inputs}


def test_indices_of_the_ishigami_function() -> None:
    """Ishigami & Homma (1990) with a = 7, b = .1; variances in closed form (Saltelli et al. 2008)."""
    x = np.random.default_rng(0).uniform(-pi, pi, (300, 3))
    found, each = leaning_on(x, np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))
    v1, v2, v13 = 0.5 * (1.0 + 0.1 * pi**4 / 5.0) ** 2, 49.0 / 8.0, 0.01 * pi**8 * 8.0 / 225.0
    whole = v1 + v2 + v13
    true = {"x1": (v1 / whole, (v1 + v13) / whole), "x2": (v2 / whole, v2 / whole), "x3": (0.0, v13 / whole)}
    for path, (first, total) in true.items():
        assert each[path] == pytest.approx((first, total), abs=0.05)
    assert [one.path for one in found.inputs] == ["x1", "x2", "x3"]


def test_indices_of_sobols_g_function() -> None:
    """Sobol' (1993) with a = 0, 1, 4.5, 9: each input alone gives 1 / (3 (1 + a)^2) of the variance."""
    a = np.array([0.0, 1.0, 4.5, 9.0])
    x = np.random.default_rng(1).random((300, 4))
    _, each = leaning_on(x, np.prod((np.abs(4.0 * x - 2.0) + a) / (1.0 + a), axis=1))
    alone = 1.0 / (3.0 * (1.0 + a) ** 2)
    whole = np.prod(1.0 + alone) - 1.0
    total = [alone[k] * np.prod(np.delete(1.0 + alone, k)) / whole for k in range(4)]
    for k in range(4):
        assert each[f"x{k + 1}"] == pytest.approx((alone[k] / whole, total[k]), abs=0.05)


def linear(seed: int, n: int, luck: float) -> tuple[FloatArray, FloatArray, list[float]]:
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    z = (x - 0.5) * np.sqrt(12.0)
    y = 3.0 * z[:, 0] + 2.0 * z[:, 1] + 1.5 * z[:, 0] * z[:, 1] + luck * rng.standard_normal(n)
    return x, y, [11.25 / 15.25, 6.25 / 15.25, 0.0]


def test_intervals_of_indices_cover() -> None:
    """Of 20 tables of 80 draws, half of whose variance is luck: 52 of 60 intervals of 95% or more, all but surely."""
    inside = []
    for seed in range(20):
        x, y, true = linear(seed, 80, 3.9)
        found, _ = leaning_on(x, y)
        ends = {one.path: (one.low, one.high) for one in found.inputs}
        inside += [ends[f"x{k + 1}"][0] <= true[k] <= ends[f"x{k + 1}"][1] for k in range(3)] if ends else []
    assert np.mean(inside) > 0.85


def test_luck_is_no_part_of_what_moves_an_answer() -> None:
    """However much there is of it, indices are those of the function."""
    x, y, true = linear(3, 2000, 6.0)
    _, each = leaning_on(x, y)
    assert [each[f"x{k + 1}"][1] for k in range(3)] == pytest.approx(true, abs=0.07)


def test_of_noise_nothing_is_said() -> None:
    rng = np.random.default_rng(4)
    found, each = leaning_on(rng.random((100, 3)), rng.standard_normal(100))
    assert each == {} and found.foreseen < 0.05


def test_the_order_of_columns_and_the_unit_of_an_input_change_nothing() -> None:
    x, y, _ = linear(5, 100, 1.0)
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    one = leaning(frame, y, np.arange(100))
    other = leaning(frame[["c", "a", "b"]] * [1000.0, 0.01, 3.0], 50.0 * y - 7.0, np.arange(100))
    for mine, its in zip(one.inputs, other.inputs, strict=True):
        assert mine.path == its.path
        assert mine[1:] == pytest.approx(its[1:], abs=1e-6)


def test_a_word_and_a_grid_have_indices_too() -> None:
    """A full grid of 3 x 2, ten replications of shared luck: all from the scenario, none from the price."""
    rng = np.random.default_rng(6)
    grid = pd.DataFrame(
        [(p, s, r) for p in (1.0, 2.0, 3.0) for s in ("a", "b") for r in range(10)], columns=["p", "s", "r"]
    )
    y = np.where(grid["s"] == "a", 5.0, 1.0) + 0.3 * rng.standard_normal(60)
    found = {one.path: one for one in leaning(grid[["p", "s"]], y, grid["r"].to_numpy()).inputs}
    assert found["s"].total > 0.95 and found["p"].total < 0.05

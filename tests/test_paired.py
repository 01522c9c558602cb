"""Laws of paired arms: intervals of skewed differences, families over metrics, chance and ignorance, changes."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.paired.cases import cases, components
from tenure.experiments.analysis.paired.changes import changes
from tenure.experiments.analysis.paired.pairing import worth_of_pairing
from tenure.experiments.analysis.paired.skewed import FURTHEST, mean_intervals, skewness, too_skewed
from tenure.experiments.analysis.paired.suspicious import MOST_BACK, suspicions
from tenure.experiments.analysis.ratios import Ratio
from tenure.experiments.analysis.statistics import compare
from tenure.experiments.evidence.coverage.study import covered, false_signs, own_differences, pooled

PLAIN = ("normal", "t3", "exponential", "lognormal(1)")
finite = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
samples = st.lists(finite, min_size=2, max_size=15)


# coverage: the bounds are those promised, not what came out


@pytest.mark.parametrize(
    ("shape", "least"), [("normal", 0.944), ("t3", 0.925), ("exponential", 0.925), ("lognormal(1)", 0.89)]
)
def test_intervals_of_ten_differences_cover_what_is_promised(shape: str, least: float) -> None:
    (found,) = covered([shape], (10,))
    assert found.ours >= least
    assert found.ours >= found.student  # never shorter than Student's
    if shape == "normal":
        assert found.width <= 1.4


def test_intervals_of_the_programs_own_skewed_differences_cover_what_is_promised() -> None:
    names = [f"own, 20,000 people: {name}" for name in own_differences()]
    assert pooled(list(covered(names, (10,))), "own", 10)["ours"] >= 0.93


def test_own_differences_are_skewed_and_standardized() -> None:
    for values in own_differences().values():
        assert values.size == 200 and abs(stats.skew(values)) > 1.0
        assert values.mean() == pytest.approx(0.0, abs=1e-4) and values.std() == pytest.approx(1.0, abs=1e-3)


def test_a_family_over_arms_and_metrics_holds_and_a_naive_one_does_not() -> None:
    found = false_signs()
    chance = 4 * math.sqrt(0.05 * 0.95 / 20_000)
    assert found.per_metric == pytest.approx(1 - 0.95**5, abs=0.02)  # independent metrics, each at 5%
    assert found.alone > found.per_metric > 0.2
    assert found.decided_on <= 0.05 + chance and found.also <= 0.05 + chance
    assert found.anywhere <= 0.10 + chance


# intervals by law


def test_of_what_is_not_skewed_the_interval_is_students() -> None:
    rows = np.array([[1.0, -2.0], [2.0, 0.0], [3.0, 2.0]])
    low, high = mean_intervals(rows, 4.302653)
    student = 4.302653 * rows.std(axis=0, ddof=1) / math.sqrt(3)
    assert low == pytest.approx(rows.mean(axis=0) - student) and high == pytest.approx(rows.mean(axis=0) + student)


def test_halls_interval_by_hand() -> None:
    """Its transformation of t at the end that was undone gives the critical value back."""
    rows = np.array([0.1, 0.0, -0.3, 0.6, 0.2, -0.1, 0.9, 0.1, -0.2, 0.3])
    critical = 2.262157
    _, high = mean_intervals(rows, critical)
    skew = float(stats.skew(rows, bias=False)) * (9 * 8) / (10 * 9) * 10 / 8  # third moment unbiased over s cubed
    third = float((np.square(rows - rows.mean()) * (rows - rows.mean())).sum()) * 10 / (9 * 8)
    skew = third / float(rows.std(ddof=1)) ** 3
    t = (float(rows.mean()) - float(high)) / (float(rows.std(ddof=1)) / math.sqrt(10))
    hall = t + skew * (t * t / 3 + 1 / 6) / math.sqrt(10) + skew**2 * t**3 / (27 * 10)
    assert skewness(rows) == pytest.approx(skew) and -hall == pytest.approx(critical, rel=1e-6)


@given(samples, st.floats(1.5, 8.0))
def test_intervals_hold_students_turn_with_the_sign_and_reach_no_further_than_said(
    values: list[float], critical: float
) -> None:
    rows = np.array(values)
    low, high = (float(end) for end in mean_intervals(rows, critical))
    half = critical * float(rows.std(ddof=1)) / math.sqrt(rows.size)
    mean = float(rows.mean())
    slack = 1e-9 * (1.0 + abs(mean))
    assert low <= mean - half + slack and high >= mean + half - slack
    assert max(mean - low, high - mean) <= FURTHEST * half + slack
    back_low, back_high = (float(end) for end in mean_intervals(-rows, critical))
    assert (back_low, back_high) == pytest.approx((-high, -low))
    moved = [float(end) for end in mean_intervals(2.0 * rows + 64.0, critical)]
    assert moved == pytest.approx([2.0 * low + 64.0, 2.0 * high + 64.0], abs=1e-6)
    if float(skewness(rows)) > 1e-6:
        assert high - mean >= mean - low - slack  # longer on the side of the tail


def test_what_is_marked_is_skewed() -> None:
    rng = np.random.default_rng(1)
    assert too_skewed(rng.standard_normal((10, 4_000))).mean() < 0.02
    assert too_skewed(rng.lognormal(size=(10, 4_000))).mean() > 0.2
    assert not too_skewed(np.ones((10, 1))).any() and not too_skewed(np.array([[1.0], [2.0]])).any()


# what pairing is worth


def test_the_interval_of_the_variance_reduction_covers() -> None:
    rng = np.random.default_rng(2)
    held, experiments = 0, 2_000
    truth = (9.0 + 1.0 + 1.5**2 * 9.0 + 0.25) / (0.25 * 9.0 + 1.25)
    for _ in range(experiments):
        luck = 3.0 * rng.standard_normal(10)
        champion, arm = luck + rng.standard_normal(10), 1.5 * luck + 0.5 * rng.standard_normal(10)
        one = worth_of_pairing(champion, arm)
        held += one.low <= truth <= one.high
    assert abs(held / experiments - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / experiments)


def test_variance_reduction_by_hand_and_where_nothing_varies() -> None:
    one = worth_of_pairing([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    assert one.factor == pytest.approx((100.0 + 121.0) / 1.0) and one.low <= one.factor <= one.high
    assert worth_of_pairing([1.0, 2.0, 4.0], [2.0, 3.0, 5.0]) == (math.inf, math.inf, math.inf)
    assert worth_of_pairing([5.0, 5.0, 5.0], [7.0, 7.0, 7.0]) == (1.0, 1.0, 1.0)
    assert math.isnan(worth_of_pairing([1.0, 2.0], [1.0, 3.0]).low)


# chance and ignorance


def test_variance_components_by_hand() -> None:
    # two draws met twice: 1, 3 and 5, 7; within 2, between 16, so (16 - 2) / 2 = 7 of what is uncertain
    found = components([1.0, 3.0, 5.0, 7.0], [0, 0, 1, 1])
    assert found is not None
    assert (found.chance, found.ignorance, found.share.mean) == pytest.approx((2.0, 7.0, 7.0 / 9.0))
    assert components([1.0, 2.0, 3.0], [0, 1, 2]) is None and components([1.0, 2.0], [0, 0]) is None


def test_the_interval_of_the_share_that_is_uncertain_covers() -> None:
    rng = np.random.default_rng(3)
    draw, held = np.repeat(np.arange(20), 2), 0
    for _ in range(1_000):
        values = np.repeat(rng.normal(0.0, 2.0, 20), 2) + rng.standard_normal(40)
        one = components(values, draw)
        assert one is not None
        held += one.share.low <= 0.8 <= one.share.high
    assert abs(held / 1_000 - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / 1_000)


def test_the_range_of_cases_leaves_chance_out_where_draws_were_met_twice() -> None:
    """Draws with standard deviation 2, luck with 3: 95% of the cases lie within 2 x 1.96, whatever the replications."""
    rng = np.random.default_rng(4)
    for each in (2, 4):
        draw = np.repeat(np.arange(4_000), each)
        values = np.repeat(rng.normal(1.0, 2.0, 4_000), each) + rng.normal(0.0, 3.0, draw.size)
        one = cases(values, draw)
        assert one.high - one.low == pytest.approx(2 * 1.96 * 2.0, rel=0.1)
        assert one.chance == pytest.approx(1.96 * 3.0, rel=0.1) and one.better == pytest.approx(0.69, abs=0.06)
    met_once = cases(rng.normal(1.0, 2.0, 400) + rng.normal(0.0, 3.0, 400), np.arange(400))
    assert met_once.high - met_once.low > 2 * 1.96 * 3.0 and met_once.ignorance is None


def test_draws_that_all_agree_have_no_range_but_chance() -> None:
    draw = np.repeat(np.arange(50), 2)
    same = cases(np.random.default_rng(5).standard_normal(100), draw)
    wide = cases(np.repeat(np.linspace(-10.0, 10.0, 50), 2), draw)
    assert same.high - same.low < 1.5
    assert (wide.chance, wide.low, wide.high) == pytest.approx((0.0, -10.0, 10.0), abs=0.3)
    assert wide.ignorance is not None and wide.ignorance.mean == 1.0


@given(st.lists(finite, min_size=1, max_size=30), st.sampled_from(["higher", "lower"]))
def test_the_range_lies_within_what_came_out(values: list[float], better: str) -> None:
    one = cases([values], np.arange(len(values)), better)  # type: ignore[arg-type]  # one of the two directions
    assert min(values) <= one.low <= one.high <= max(values) and one.n == len(values)
    up = sum((value > 0.0) if better == "higher" else (value < 0.0) for value in values)
    assert one.better == pytest.approx(up / len(values)) and 0.0 <= one.holds <= 0.95


def test_scenarios_count_alike_and_bad_shapes_are_refused() -> None:
    one = cases([[1.0, 1.0], [3.0, math.nan]], [0, 1])
    assert (one.low, one.high, one.n) == (1.0, 3.0, 3)
    with pytest.raises(ValueError, match="do not fit"):
        cases([[1.0, 2.0]], [0])
    with pytest.raises(ValueError, match="no case"):
        cases([[math.nan]], [0])


# changes between scenarios


@given(st.lists(st.tuples(finite, finite, finite, finite), min_size=2, max_size=8))
def test_a_change_of_a_difference_is_the_difference_of_the_own_changes(rows: list[tuple[float, ...]]) -> None:
    base, arm, base_after, arm_after = np.array(rows).T
    before, after = (pd.DataFrame({"now": a, "x": b}) for a, b in ((base, arm), (base_after, arm_after)))
    found = changes(before, after, "now", ["x"])
    assert [*found] == ["now", "x"] and found["now"].apart is None and found["x"].apart is not None
    assert found["x"].apart.mean == pytest.approx(found["x"].own.mean - found["now"].own.mean, abs=1e-6)
    back = changes(after, before, "now", ["x"])
    assert back["x"].own == pytest.approx(
        tuple(-end for end in (found["x"].own.mean, *found["x"].own[:0:-1])), abs=1e-6
    )


def test_luck_that_both_scenarios_share_drops_out_of_a_change() -> None:
    luck = np.random.default_rng(6).normal(0.0, 100.0, 10)
    before, after = (pd.DataFrame({"now": luck, "x": luck + worth}) for worth in (3.0, 8.0))
    one = changes(before, after, "now", ["x", "late"])["x"]
    assert one.own.mean == pytest.approx(5.0) and one.own.half_width < 1e-9 and one.n == 10
    assert changes(before.iloc[:0], after.iloc[:0], "now", ["x"]) == {}


# families and suspicion


def runs(values: dict[str, dict[str, list[float]]]) -> pd.DataFrame:
    """Metric -> arm -> a value by replication, as a table of runs."""
    rows = [
        (arm, replication, metric, value)
        for metric, arms in values.items()
        for arm, column in arms.items()
        for replication, value in enumerate(column)
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_a_larger_family_has_wider_intervals_and_that_decided_on_stays(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    names = ["profit_per_customer", "growth", "attrition_per_year", "treatment_spend_per_customer"]
    table = runs({name: {arm: rng.standard_normal(n).tolist() for arm in ("now", "x", "y")} for name in names})
    alone = {(one.metric, one.arm): one for one in compare(table, "now")}
    together = {
        (one.metric, one.arm): one for one in compare(table, "now", families=[names[:1], names[1:], ["not shown"]])
    }
    for (metric, arm), one in together.items():
        before = alone[metric, arm]
        assert one.difference == before.difference and one.low <= before.low and one.high >= before.high
        if metric in ("profit_per_customer", "treatment_spend_per_customer"):  # alone; and judged by nobody
            assert (one.low, one.high, one.together) == (before.low, before.high, 2)
        else:
            assert one.together == 4 and one.half_width > before.half_width


def test_a_result_too_good_to_be_true_is_found_and_a_good_one_is_not() -> None:
    rng = np.random.default_rng(7)
    base = rng.normal(1_000.0, 20.0, 10)
    arms = {
        "now": base,
        "good": base + rng.normal(40.0, 5.0, 10),
        "bonus": base + 25.0,
        "double": 2.6 * base + rng.normal(0.0, 5.0, 10),
        "nothing": base,
    }
    table = runs({"profit_per_customer": {arm: own.tolist() for arm, own in arms.items()}})
    returns = {"good": Ratio(3.0, 2.0, 4.0, 10), "wonder": Ratio(50.0, MOST_BACK + 1.0, 90.0, 10), "nothing": None}
    found = {one.arm: one.why for one in suspicions(compare(table, "now"), returns)}
    assert set(found) == {"bonus", "double", "wonder"}
    assert "in each of 10 replications" in found["bonus"] and "earns in all" in found["double"]
    assert all(METRICS[name].matters_from > 0.0 for name in METRICS)

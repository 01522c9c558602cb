"""Laws of paired comparison: intervals cover, families are corrected, verdicts say what they may."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import difference_text, level_text
from tenure.experiments.analysis.metrics import METRICS, STANDARD_METRICS
from tenure.experiments.analysis.ratios import return_on_treatment, returns_on_treatment
from tenure.experiments.analysis.statistics import (
    SIGNS,
    Verdict,
    clopper_pearson,
    compare,
    family_critical,
    family_intervals,
    paired_difference,
    t_half_widths,
    verdict,
)

numbers = st.floats(-1e6, 1e6, allow_nan=False)


def coverage(differences: np.ndarray, truth: float) -> float:
    """Share of experiments (columns) whose 95% interval holds the truth."""
    return float(np.mean(np.abs(differences.mean(axis=0) - truth) <= t_half_widths(differences)))


def reach(differences: np.ndarray, confidence: float = 0.95) -> np.ndarray:
    """How far the intervals of a family go to their longer side."""
    low, high = family_intervals(differences, confidence)
    mean = differences.mean(axis=0)
    return np.asarray(np.maximum(mean - low, high - mean))


def with_correlation(n: int, correlation: np.ndarray, seed: int = 5) -> np.ndarray:
    """Columns whose sample correlation is exactly this and whose sample variance is 1."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((n, correlation.shape[0]))
    orthogonal, _ = np.linalg.qr(raw - raw.mean(axis=0))
    return np.asarray(orthogonal @ np.linalg.cholesky(correlation).T * math.sqrt(n - 1))


def tidy(values: dict[str, list[float]], metric: str = "profit_per_customer") -> pd.DataFrame:
    """Rows as a batch of runs gives them; nan stands for a run that is not there."""
    rows = [
        (arm, replication, metric, value)
        for arm, column in values.items()
        for replication, value in enumerate(column)
        if not math.isnan(value)
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])


def test_interval_by_hand() -> None:
    # differences 1, 2, 3: mean 2, standard deviation 1; t(0.975, 2) = 4.302653
    pair = paired_difference([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    assert pair.mean == pytest.approx(2.0)
    assert pair.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert pair.n == 3


def test_normal_intervals_cover_within_four_standard_errors() -> None:
    experiments = 20_000
    rng = np.random.default_rng(1)
    luck = 10.0 * rng.standard_normal((10, experiments))
    champion = 400.0 + luck + rng.standard_normal(luck.shape)
    arm = 403.0 + luck + 2.0 * rng.standard_normal(luck.shape)
    assert abs(coverage(arm - champion, 3.0) - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / experiments)


def test_students_intervals_cover_less_with_few_skewed_replications_and_well_with_many() -> None:
    rng = np.random.default_rng(2)
    few = coverage(rng.exponential(size=(10, 20_000)), 1.0)
    more = coverage(rng.exponential(size=(40, 20_000)), 1.0)
    many = coverage(rng.exponential(size=(1_000, 4_000)), 1.0)
    assert 0.88 < few < 0.92  # the real coverage of what is called 95%
    assert few < more < 0.95
    assert abs(many - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / 4_000)


@pytest.mark.parametrize(("n", "k"), [(10, 3), (12, 5), (40, 3)])
def test_family_covers_at_least_its_confidence(n: int, k: int) -> None:
    experiments = 2_000
    rng = np.random.default_rng(3)
    spread = np.linspace(1.0, 4.0, k)
    covered = 0
    for _ in range(experiments):
        common = rng.standard_normal((n, 1))
        differences = spread * (common + rng.standard_normal((n, k)))
        low, high = family_intervals(differences, draws=2_000, seed=int(rng.integers(2**32)))
        covered += bool(np.all((low <= 0.0) & (high >= 0.0)))
    assert covered / experiments >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / experiments)


@pytest.mark.parametrize(("k", "published"), [(2, 2.21), (3, 2.35), (4, 2.44), (5, 2.51)])
def test_dunnett_published_values(k: int, published: float) -> None:
    # Dunnett (1964), Biometrics 20, two-sided 5%, infinite degrees of freedom, correlation 0.5
    n = 4_000
    correlation = np.full((k, k), 0.5) + 0.5 * np.eye(k)
    assert family_critical(with_correlation(n, correlation)) == pytest.approx(published, abs=0.03)


def test_dunnett_without_correlation_is_sidak_and_with_full_correlation_a_single_t() -> None:
    n, k = 12, 4
    sidak = stats.t.ppf(0.5 + 0.95 ** (1 / k) / 2, n - 1)
    assert family_critical(with_correlation(n, np.eye(k))) == pytest.approx(sidak, rel=0.02)
    one = np.random.default_rng(4).standard_normal((n, 1))
    alike = one * np.array([1.0, 2.0, 5.0])
    assert family_critical(alike) == pytest.approx(stats.t.ppf(0.975, n - 1), rel=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_dunnett_lies_between_a_single_t_and_bonferroni(n: int, k: int, seed: int) -> None:
    differences = np.random.default_rng(seed).standard_normal((n, k))
    critical = family_critical(differences, draws=1_000)
    single, widest = (stats.t.ppf(1 - 0.025 / count, n - 1) for count in (1, k))
    assert single * (1 - 1e-9) <= critical <= widest * (1 + 1e-9)
    low, high = family_intervals(differences, draws=1_000)
    mean, half = differences.mean(axis=0), t_half_widths(differences)
    assert np.all(low <= mean - half * (1 - 1e-12)) and np.all(high >= mean + half * (1 - 1e-12))


def test_an_arm_that_never_varies_costs_the_family_nothing() -> None:
    differences = np.random.default_rng(6).standard_normal((20, 3))
    differences[:, 1] = 0.0
    family = reach(differences)
    assert family[1] == 0.0
    assert family[[0, 2]] == pytest.approx(reach(differences[:, [0, 2]]))


@settings(max_examples=50)
@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=20), st.integers(-20, 20))
def test_swapping_arms_turns_the_sign_and_money_scales(pairs: list[tuple[float, float]], power: int) -> None:
    a, b = np.array(pairs).T
    there, back = paired_difference(a, b), paired_difference(b, a)
    assert back.mean == -there.mean
    assert (back.low, back.high) == (-there.high, -there.low)
    scaled = paired_difference(a * 2.0**power, b * 2.0**power)
    for mine, own in zip(scaled[:3], there[:3], strict=True):
        assert mine == pytest.approx(own * 2.0**power)


def test_degenerate_pairs() -> None:
    one = paired_difference([1.0], [3.0])
    assert one.mean == 2.0 and one.n == 1 and math.isnan(one.half_width)
    none = paired_difference([], [])
    assert none.n == 0 and math.isnan(none.mean)
    for bad in ([1.0], [math.nan, 1.0], [math.inf, 1.0]):
        with pytest.raises(ValueError, match=r"leave out|that both arms have"):
            paired_difference([1.0, 2.0], bad)
    with pytest.raises(ValueError, match="between 0 and 1"):
        paired_difference([1.0, 2.0], [1.0, 2.0], confidence=95)


@pytest.mark.parametrize(
    ("mean", "around", "matters", "expected"),
    [
        (17.0, 2.4, 3.0, "better"),
        (-5.2, 1.2, 3.0, "worse"),
        (0.8, 1.2, 3.0, "equal"),
        (1.5, 1.0, 3.0, "equal"),  # sure, and too small to matter
        (4.0, 2.0, 3.0, "better"),
        (2.0, 2.5, 3.0, "undecided"),
        (2.0, 1.0, 3.0, "equal"),  # touches the edge
        (0.0, 0.0, 0.0, "equal"),
        (0.0, 0.1, 0.0, "undecided"),
        (1.0, 1.0, 0.0, "undecided"),  # 0 is the end of the interval
        (1.0, math.nan, 3.0, "undecided"),
    ],
)
def test_verdicts(mean: float, around: float, matters: float, expected: Verdict) -> None:
    low, high = mean - around, mean + around
    assert verdict(low, high, matters) == expected
    turned: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}
    assert verdict(low, high, matters, better="lower") == turned.get(expected, expected)
    assert verdict(-high, -low, matters) == turned.get(expected, expected)
    neither = expected if expected == "equal" else "undecided"
    assert verdict(low, high, matters, better="none") == neither


ends = st.one_of(st.floats(-10.0, 10.0), st.sampled_from([-1.0, 0.0, 1.0]))


@given(ends, ends, st.floats(0.0, 3.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_a_longer_interval_never_says_more(a: float, b: float, matters: float, down: float, up: float) -> None:
    low, high = sorted((a, b))
    said, less = verdict(low, high, matters), verdict(low - down, high + up, matters)
    if less in ("better", "worse"):
        assert said in (less, "equal")  # a part of a sure interval may be too small to matter
    if less == "equal":
        assert said == "equal"
    if said == "better":
        assert low > 0.0 and high > matters
    if said == "worse":
        assert high < 0.0 and low < -matters


def test_verdict_refuses_negative_bounds_and_every_verdict_has_a_sign() -> None:
    with pytest.raises(ValueError, match="matters"):
        verdict(1.0, 1.0, matters=-1.0)
    with pytest.raises(ValueError, match="ends where it begins"):
        verdict(1.0, -1.0)
    assert len(set(SIGNS.values())) == 4


def test_return_on_treatment_by_hand() -> None:
    # 20 EUR spent bring a profit of 30 more, after the 20: 50 came in, 2.5 for each EUR
    answer = return_on_treatment([30.0] * 4, [25.0] * 4, [5.0] * 4)
    assert answer is not None
    assert answer == pytest.approx((2.5, 2.5, 2.5, 4))
    # spend known exactly: Fieller's interval is the t interval of the gain over the spend
    gain = [28.0, 30.0, 32.0]
    exact = return_on_treatment(gain, [20.0] * 3, [0.0] * 3)
    half_width = float(t_half_widths(gain)) / 20.0
    assert exact is not None
    assert (exact.low, exact.high) == pytest.approx((2.5 - half_width, 2.5 + half_width))


def test_return_on_treatment_has_no_answer_without_extra_spend() -> None:
    assert return_on_treatment([1.0, 2.0], [5.0, 5.0], [5.0, 5.0]) is None
    assert return_on_treatment([1.0, 2.0], [1.0, 1.0], [5.0, 5.0]) is None
    assert return_on_treatment([1.0, 2.0], [6.0, 6.0], [5.0, 5.0]) is None  # 1 more each, which is not over 1


def test_return_on_treatment_has_no_interval_where_chance_could_be_all() -> None:
    # 4 more on average, from -5 to 13: with t(0.975, 2) the interval of the extra spend holds 0; 2 more profit
    answer = return_on_treatment([1.0, 2.0, 3.0], [13.0, 0.0, 8.0], [0.0, 5.0, 4.0])
    assert answer is not None and answer.value == pytest.approx(1.0 + 2.0 / 4.0)
    assert math.isnan(answer.low) and math.isnan(answer.high) and answer.n == 3


def test_fieller_covers() -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(2_000):
        spend = 10.0 + rng.standard_normal(15)
        answer = return_on_treatment(5.0 + 0.5 * (spend - 10.0) + rng.standard_normal(15), spend, np.zeros(15))
        covered += answer is not None and answer.low <= 1.5 <= answer.high
    assert abs(covered / 2_000 - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / 2_000)


def test_compare_pairs_only_what_both_have() -> None:
    runs = tidy({"now": [10.0, 11.0, 12.0, 13.0], "new": [12.0, math.nan, 15.0, 14.0], "late": [9.0]})
    new, late = compare(runs, "now", {"profit_per_customer": 0.5})
    assert (new.arm, new.n, new.unpaired) == ("new", 3, 1)
    assert new.difference == pytest.approx((2.0 + 3.0 + 1.0) / 3)
    assert new.champion_level == pytest.approx(11.5)
    around = float(t_half_widths([2.0, 3.0, 1.0], 0.975))  # Bonferroni, two arms; not skewed
    assert (new.low, new.high) == pytest.approx((2.0 - around, 2.0 + around))
    assert (late.n, late.unpaired, late.verdict) == (1, 3, "undecided")
    assert math.isnan(late.half_width)


def test_compare_corrects_the_family_and_does_not_depend_on_order() -> None:
    rng = np.random.default_rng(9)
    luck = rng.standard_normal(30)
    values = {"now": luck, "a": luck + 1.0 + 0.1 * rng.standard_normal(30), "b": luck - 1.0}
    runs = tidy({arm: list(column) for arm, column in values.items()})
    a, b = compare(runs, "now", {})
    assert (a.verdict, b.verdict) == ("better", "worse")
    assert a.half_width == pytest.approx(a.half_width_alone)  # b never varies but for rounding
    noisy = luck + rng.standard_normal(30)
    wider = compare(pd.concat([runs, tidy({"c": list(noisy)})]), "now", {})[0]
    assert wider.half_width > 1.01 * wider.half_width_alone > a.half_width > 0.0
    assert a.variance_reduction > 20.0
    back_b, back_a = compare(runs.iloc[::-1], "now", {})
    assert (back_a.arm, back_b.arm) == ("a", "b")
    assert (back_a.difference, back_a.half_width) == pytest.approx((a.difference, a.half_width))
    lower = compare(runs.assign(metric="attrition_per_year"), "now", {})
    assert [row.verdict for row in lower] == ["worse", "better"]


def test_compare_says_what_is_wrong() -> None:
    runs = tidy({"now": [1.0, 2.0], "new": [2.0, 3.0]})
    assert compare(tidy({"now": [1.0, 2.0]}), "now", {}) == []
    with pytest.raises(ValueError, match=r"champion 'old'.*'now', 'new'"):
        compare(runs, "old", {})
    with pytest.raises(ValueError, match="arm 'now', replication 0, is there twice"):
        compare(pd.concat([runs, runs]), "now", {})
    with pytest.raises(ValueError, match="arm 'new', replication 1, is infinite"):
        compare(runs.replace(3.0, math.inf), "now", {})
    with pytest.raises(ValueError, match="lack the columns"):
        compare(runs.drop(columns="value"), "now", {})


def test_returns_on_treatment_from_runs() -> None:
    profit = tidy({"now": [100.0, 110.0], "book": [120.0, 130.0], "idle": [99.0, 110.0]})
    spend = tidy({"now": [0.0, 0.0], "book": [10.0, 10.0], "idle": [0.0, 0.0]}, "treatment_spend_per_customer")
    answer = returns_on_treatment(pd.concat([profit, spend]), "now")
    assert answer["idle"] is None
    assert answer["book"] is not None and answer["book"].value == pytest.approx(3.0)
    assert returns_on_treatment(profit, "now") == {"book": None, "idle": None}


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_an_exact_interval_ends_where_the_binomial_tails_are_what_is_left(
    counts: tuple[int, int], confidence: float
) -> None:
    k, n = counts
    low, high = (float(end) for end in clopper_pearson(k, n, confidence))
    tail = (1.0 - confidence) / 2.0
    assert 0.0 <= low <= k / n <= high <= 1.0
    assert stats.binom.sf(k - 1, n, low) == pytest.approx(tail, rel=1e-6) if k else low == 0.0
    assert stats.binom.cdf(k, n, high) == pytest.approx(tail, rel=1e-6) if k < n else high == 1.0


def test_metric_dictionary() -> None:
    assert len(STANDARD_METRICS) == 5
    assert all(name == metric.name and len(metric.headline) == 2 for name, metric in METRICS.items())
    share = METRICS["share_low_risk_high_return"]
    assert level_text(share, 0.142) == "14.2%" and level_text(share, -0.0004) == "0.0%"
    assert level_text(share, math.nan) == "-" and level_text(METRICS["profit_per_customer"], 2027.71) == "2027.7"
    assert difference_text(share, Average.even(0.0291, 0.0021)) == "+2.9 ± 0.2"
    assert difference_text(share, Average.even(-0.0001, 0.001)) == "0.0 ± 0.1"
    assert difference_text(share, Average.even(0.01, math.nan)) == "+1.0 ± ?"

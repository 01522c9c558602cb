"""Looking before the end: intervals that allow it, the best of several arms, and what replications can find."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import chi2, multivariate_normal

from tenure.experiments.analysis.sequential.choosing import (
    FIRST,
    beaten,
    continuation,
    select,
    variances_of_differences,
)
from tenure.experiments.analysis.sequential.detectable import (
    expected_half_width,
    replications_for,
    smallest_difference,
)
from tenure.experiments.analysis.sequential.looked import compare_looked
from tenure.experiments.analysis.sequential.looks import LOOKS_TO_HALF, SPENT, confidence_at, last_look, looks_to
from tenure.experiments.analysis.statistics import compare

EXPERIMENTS = 20_000
DRAWN = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "t3": lambda rng, shape: rng.standard_t(3, shape),
}


def ever_outside(kind: str, confidences: dict[int, float], experiments: int = EXPERIMENTS) -> float:
    """Return in how many experiments the interval of some look leaves out the true mean, 0."""
    rng = np.random.default_rng(20261126)
    outside, total, squares, before = np.zeros(experiments, bool), np.zeros(experiments), np.zeros(experiments), 0
    for look, confidence in confidences.items():
        drawn = DRAWN[kind](rng, (look - before, experiments))
        total, squares, before = total + drawn.sum(axis=0), squares + np.square(drawn).sum(axis=0), look
        deviation = np.sqrt((squares - total**2 / look) / (look - 1))
        outside |= np.abs(total) / math.sqrt(look) > stdtrit(look - 1, 0.5 + confidence / 2.0) * deviation
    return float(outside.mean())


@pytest.mark.parametrize("kind", DRAWN)
def test_whoever_looks_and_stops_as_he_pleases_is_right_in_95_of_100(kind: str) -> None:
    """Worst case: he stops exactly when an interval leaves out the truth, if one ever does."""
    assert ever_outside(kind, {look: confidence_at(look) for look in looks_to(300)}) <= 0.05


def test_whoever_looks_at_plain_intervals_is_not() -> None:
    assert ever_outside("normal", dict.fromkeys(looks_to(300), 0.95)) > 0.2


def test_for_three_arms_at_once_the_rest_is_shared() -> None:
    third = 1.0 - 0.05 / 3.0
    assert ever_outside("normal", {look: confidence_at(look, third) for look in looks_to(300)}) <= 0.05 / 3.0


def test_stopping_once_the_interval_is_narrow_covers_what_it_says() -> None:
    rng = np.random.default_rng(7)
    values = rng.standard_normal((120, EXPERIMENTS))
    covered, running = np.zeros(EXPERIMENTS, bool), np.ones(EXPERIMENTS, bool)
    for look in looks_to(120):
        mean, deviation = values[:look].mean(axis=0), values[:look].std(axis=0, ddof=1)
        half_width = stdtrit(look - 1, 0.5 + confidence_at(look) / 2.0) * deviation / math.sqrt(look)
        stops = running & ((half_width <= 0.4) | (look == 120))
        covered[stops] = np.abs(mean[stops]) <= half_width[stops]
        running &= ~stops
    assert not running.any() and covered.mean() >= 0.95


def test_the_first_two_looks_spend_what_they_may() -> None:
    """A look spends what the one before left, by the joint law of two standardized means."""
    first, second = (-ndtri((1.0 - confidence_at(look)) / 2.0) for look in (10, 12))
    spent = [SPENT * 0.05 * (1.0 - 2.0 ** (-look / LOOKS_TO_HALF)) for look in (1, 2)]
    assert 2.0 * ndtr(-first) == pytest.approx(spent[0], rel=1e-6)
    law = multivariate_normal([0.0, 0.0], [[1.0, math.sqrt(10 / 12)], [math.sqrt(10 / 12), 1.0]])
    inside = law.cdf([first, second], lower_limit=[-first, -second])
    assert 1.0 - inside == pytest.approx(spent[1], rel=2e-3)


def test_an_interval_that_allows_looking_costs_less_than_half_more_width() -> None:
    wider = [stdtrit(n - 1, 0.5 + confidence_at(n) / 2.0) / stdtrit(n - 1, 0.975) for n in looks_to(120)]
    assert min(wider) > 1.0 and max(wider[3:]) < 1.5


@given(st.integers(0, 100_000))
def test_looks_are_ever_rarer_and_known(replications: int) -> None:
    look = last_look(replications)
    assert look <= replications and (look == 0) == (replications < 10)
    if look:
        assert last_look(look) == look
        with pytest.raises(ValueError, match="nobody looks after"):
            confidence_at(look + 1)


@given(st.sampled_from(looks_to(1000)), st.floats(0.5, 0.999))
def test_a_look_alone_is_surer_than_all_looks_together(look: int, confidence: float) -> None:
    assert confidence < confidence_at(look, confidence) < 1.0


def table(values: dict[str, list[float]], metric: str = "profit_per_customer") -> pd.DataFrame:
    """Return runs of arms, replication by replication from 0 on; nan is a run that is not there."""
    rows = [
        (arm, replication, metric, value)
        for arm, some in values.items()
        for replication, value in enumerate(some)
        if not math.isnan(value)
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])


def drawn(seed: int, count: int, mean: float = 0.0) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).normal(mean, 3.0, count)]


def test_an_arm_is_compared_as_of_its_last_look_and_no_later() -> None:
    base, arm = drawn(1, 40), drawn(2, 23)
    (one,) = compare_looked(table({"base": base, "arm": arm}), "base")
    (plain,) = compare(table({"base": base[:20], "arm": arm[:20]}), "base", confidence=confidence_at(20))
    assert one == plain and one.n == 20


def test_arms_share_the_chance_to_be_wrong() -> None:
    base, arm, other = drawn(1, 40), drawn(2, 23), drawn(3, 12)
    one, two = compare_looked(table({"base": base, "arm": arm, "other": other}), "base")
    (plain,) = compare(table({"base": base[:20], "arm": arm[:20]}), "base", confidence=confidence_at(20, 0.975))
    assert one == plain and two.n == 12


def test_before_the_first_look_there_is_no_interval() -> None:
    (one,) = compare_looked(table({"base": drawn(1, 9), "arm": drawn(2, 9, 100.0)}), "base")
    assert math.isnan(one.half_width) and one.verdict == "undecided" and one.n == 9


def test_a_look_waits_for_a_run_that_is_missing_and_not_for_one_that_failed() -> None:
    values = drawn(2, 12)
    values[4] = math.nan
    runs = table({"base": drawn(1, 12), "arm": values})
    assert math.isnan(compare_looked(runs, "base")[0].half_width)
    (one,) = compare_looked(runs, "base", {("arm", 4)})
    assert one.n == 11 and one.half_width > 0.0


def test_replications_kept_for_scoring_have_no_part_in_it() -> None:
    runs = table({"base": drawn(1, 60), "arm": drawn(2, 60)})
    assert compare_looked(runs, "base", most=30)[0].n == 30


# ---- the best of several arms ----


def chosen_best(means: np.ndarray, experiments: int, seed: int, most: int = 2000) -> tuple[float, float]:
    """Run the procedure on independent arms, standard deviation 3, zone 1: share that finds arm 0, runs on average."""
    rng, arms = np.random.default_rng(seed), len(means)
    values = rng.normal(means, 3.0, (experiments, FIRST, arms))
    variances, total = variances_of_differences(values), values.sum(axis=1)
    left, h_squared = np.ones((experiments, arms), bool), continuation(arms, 0.95)
    runs, at, open_ = np.full(experiments, float(FIRST * arms)), FIRST, np.arange(experiments)
    won = np.zeros(experiments, bool)
    while len(open_) and at < most:
        out = beaten(total[open_] / at, variances[open_], left[open_], at, 1.0, h_squared)
        left[open_] &= ~out
        over = left[open_].sum(axis=1) == 1
        won[open_[over]] = left[open_[over], 0]
        open_ = open_[~over]
        total[open_] += rng.normal(means, 3.0, (len(open_), arms))
        runs[open_] += left[open_].sum(axis=1)
        at += 1
    assert not len(open_)
    return float(won.mean()), float(runs.mean())


def rinott(arms: int, confidence: float) -> float:
    """Return the constant of Rinott (1978), Communications in Statistics A 7, for `FIRST` replications at first."""
    df = FIRST - 1
    grid = np.linspace(0.05, 50.0, 400)
    density, apart = chi2.pdf(grid, df), df * (1.0 / grid[:, None] + 1.0 / grid)

    def correct(constant: float) -> float:
        inner = np.trapezoid(ndtr(constant / np.sqrt(apart)) * density, grid, axis=1)
        return float(np.trapezoid(inner ** (arms - 1) * density, grid))

    return float(brentq(lambda h: correct(h) - confidence, 2.0, 6.0, xtol=0.01))


def test_the_best_of_ten_is_found_with_a_third_of_the_runs_of_rinott() -> None:
    """Means one zone apart, standard deviation three zones: METHOD promise 10; Rinott's rule holds as surely."""
    found, runs = chosen_best(-np.arange(10.0), 2_000, 1)
    h = rinott(10, 0.95)
    rng = np.random.default_rng(3)
    variances = 9.0 * rng.chisquare(FIRST - 1, 20_000) / (FIRST - 1)
    by_rinott = 10.0 * float(np.maximum(FIRST, np.ceil(h * h * variances)).mean())
    assert found >= 0.95 and runs <= by_rinott / 3.0


def test_the_best_is_found_in_the_worst_case_too() -> None:
    """All others just one zone behind: the configuration for which the promise is hardest to keep."""
    found, _ = chosen_best(np.array([0.0] + [-1.0] * 9), 2_000, 2)
    assert found >= 0.95


def test_select_is_the_same_procedure_on_one_table() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal([0.0, -3.0, -9.0], 3.0, (100, 3))
    found = select(values, ("a", "b", "c"), (100, 100, 100), 1.0)
    assert found.chosen == "a" and found.dropped.keys() == {"b", "c"}
    at = dict.fromkeys("abc", 0) | dict(found.dropped)
    reached = [max(at["b"], at["c"]), at["b"], at["c"]]
    cut = values.copy()
    for column, name in enumerate("abc"):
        cut[at[name] if name != "a" else reached[0] :, column] = np.nan
    assert select(cut, ("a", "b", "c"), reached, 1.0) == found  # what was not run had no part in it


def test_select_knows_which_way_is_better_when_to_wait_and_when_to_end() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal([0.0, 9.0], 3.0, (60, 2))
    assert select(values, ("a", "b"), (60, 60), 1.0).chosen == "b"
    assert select(values, ("a", "b"), (60, 60), 1.0, larger_is_better=False).chosen == "a"
    waiting = select(values, ("a", "b"), (9, 60), 1.0)
    assert waiting.at == 0 and waiting.best == "" and waiting.next_look == FIRST
    near = rng.normal([0.0, 0.01], 3.0, (60, 2))
    assert select(near, ("a", "b"), (60, 60), 0.1, most=30).at == 30
    assert select(near, ("a", "b"), (60, 60), 0.1, most=30).chosen == ""


def test_arms_that_are_the_same_are_no_reason_to_go_on() -> None:
    same = np.tile(np.random.default_rng(1).normal(size=(60, 1)), (1, 3))
    found = select(same, ("a", "b", "c"), (60, 60, 60), 1.0)
    assert found.chosen == "a" and found.at == FIRST


@pytest.mark.parametrize(("zone", "confidence", "words"), [(0.0, 0.95, "above 0"), (1.0, 0.3, "between 1/2 and 1")])
def test_select_refuses_what_means_nothing(zone: float, confidence: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        select(np.zeros((20, 2)), ("a", "b"), (20, 20), zone, confidence)


def test_shared_luck_makes_the_variance_of_a_difference() -> None:
    values = np.random.default_rng(2).normal(size=(50, 4))
    values[:, 3] = values[:, 0] + 5.0
    found = variances_of_differences(values)
    assert found[0, 3] == pytest.approx(0.0, abs=1e-12) and np.allclose(found, found.T)
    assert found[1, 2] == pytest.approx(np.var(values[:, 1] - values[:, 2], ddof=1))


# ---- what can be found ----


@pytest.mark.parametrize("replications", [5, 10, 40])
def test_the_smallest_difference_is_found_in_80_of_100(replications: int) -> None:
    shift = smallest_difference(1.0, replications)
    values = np.random.default_rng(4).normal(shift, 1.0, (replications, 40_000))
    half_width = stdtrit(replications - 1, 0.975) * values.std(axis=0, ddof=1) / math.sqrt(replications)
    assert float((values.mean(axis=0) > half_width).mean()) == pytest.approx(0.80, abs=0.01)


def test_the_smallest_difference_is_that_of_power_tables() -> None:
    """Cohen (1988), and R's power.t.test(n=10, power=0.8, type="one.sample"): 0.996 standard deviations."""
    assert smallest_difference(1.0, 10) == pytest.approx(0.996, abs=0.001)


@given(st.floats(0.01, 100.0), st.floats(0.1, 100.0), st.booleans(), st.integers(1, 6))
def test_the_replications_needed_are_the_fewest_that_do(
    deviation: float, wanted: float, looked: bool, arms: int
) -> None:
    needed = replications_for(deviation, wanted, arms, looked)
    if needed < 100_000:
        assert expected_half_width(deviation, needed, arms, looked) <= wanted
    fewer = last_look(needed - 1) if looked else needed - 1
    if fewer > 1:
        assert expected_half_width(deviation, fewer, arms, looked) > wanted

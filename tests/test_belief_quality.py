"""Quality of belief: small cohorts by hand, conservation, censoring, calibration that can fail, the conjugate case."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.agents.belief import BROWSING, OPEN, OTHER_LINES, SCOPES, SETTLED
from tenure.agents.rules import estimation
from tenure.simulation.recording.beliefs.calibration import bins_off, standard_errors_off
from tenure.simulation.recording.beliefs.errors import belief_error, tag_errors
from tenure.simulation.recording.beliefs.groups import BINS, DEFAULT, LEAVE, Found, groups
from tenure.simulation.recording.beliefs.quality import BeliefQuality

NOBODY = np.zeros(0, np.int64)


def ids(*persons: int) -> np.ndarray:
    return np.array(persons, np.int64)


def marked(default: list[float], leave: list[float] | None = None, tenure: int = 24) -> BeliefQuality:
    """Open a cohort of customers 0, 1, 2, ..."""
    quality, n = BeliefQuality(), len(default)
    told = {DEFAULT: np.array(default), LEAVE: np.array(leave if leave is not None else default)}
    quality.mark(3, np.arange(n), told, np.full(n, tenure), np.full(n, OPEN))
    return quality


def by_key(rows: list[Found]) -> dict[tuple[str, str, str], float]:
    found = {(measure, a, b): value for measure, a, b, value in rows}
    assert len(found) == len(rows), "a row twice"
    return found


def test_a_cohort_by_hand() -> None:
    quality = marked([0.0, 0.3, 0.3, 0.4, 1.0], leave=[0.0, 0.001, 0.15, 0.15, 0.3])
    assert quality.month == 3
    quality.note(ids(4, 77), NOBODY)
    quality.note(ids(2), ids(2, 3))
    quality.note(NOBODY, NOBODY)
    quality.note(NOBODY, NOBODY)
    half = 1.0 - 0.6**0.5  # person 3, put at 40% a year, was there for two months of four
    found = by_key(quality.close())
    assert quality.month is None
    assert {b: v for (m, a, b), v in found.items() if (m, a) == ("reliability_people", DEFAULT)} == {
        "0% to 0.1%": 1,
        "20% to 50%": 3,
        "50% to 100%": 1,
    }
    assert found["reliability_predicted", DEFAULT, "20% to 50%"] == pytest.approx(0.6 + half)
    assert found["reliability_happened", DEFAULT, "20% to 50%"] == 1
    assert found["reliability_happened", DEFAULT, "50% to 100%"] == 1
    assert found["score_people", DEFAULT, "all"] == 5
    assert found["score_brier", DEFAULT, "all"] == pytest.approx((0.0 + 0.09 + 0.49 + half**2 + 0.0) / 5)
    assert found["score_auc", DEFAULT, "all"] == 5.5 / 6  # of 2 x 3 pairs, one is 0.3 against 0.3
    assert found["score_people", LEAVE, "tenure 1-2"] == 5
    assert found["reliability_people", LEAVE, "0.1% to 0.5%"] == 1  # an edge belongs above it
    assert found["reliability_happened", LEAVE, "10% to 20%"] == 2
    assert found["score_auc", LEAVE, "scope open"] == 4 / 6  # above persons 0 and 1, below 4


probabilities = st.floats(0.0, 1.0) | st.sampled_from([0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
person = st.tuples(probabilities, st.none() | st.integers(0, 11), st.none() | st.integers(0, 11))
"""Prediction, month of default, month of leaving."""


@given(st.lists(person, max_size=30))
def test_bins_and_groups_conserve_the_people(people: list[tuple[float, int | None, int | None]]) -> None:
    predicted = [p for p, _, _ in people]
    quality = marked(predicted)
    for month in range(12):
        quality.note(
            ids(*[i for i, one in enumerate(people) if one[1] == month]),
            ids(*[i for i, one in enumerate(people) if one[2] == month]),
        )
    rows = quality.close()
    first = [d is not None and (left is None or d <= left) for _, d, left in people]
    seen = [1.0 if first[i] or left is None else (left + 1) / 12 for i, (_, _, left) in enumerate(people)]

    def total(measure: str, score: str) -> float:
        return sum(v for m, a, b, v in rows if (m, a) == (measure, score) and (b in BINS or b == "all"))

    assert total("reliability_people", DEFAULT) == total("score_people", DEFAULT) == len(people)
    assert total("reliability_happened", DEFAULT) == sum(first)
    assert total("reliability_predicted", DEFAULT) == pytest.approx(
        sum(1.0 - (1.0 - p) ** share for p, share in zip(predicted, seen, strict=True))
    )
    assert total("reliability_people", LEAVE) == total("score_people", LEAVE) == len(people)
    assert total("reliability_happened", LEAVE) == sum(left is not None for _, _, left in people)
    found = by_key(rows)
    for k, label in enumerate(BINS):
        if ("reliability_people", LEAVE, label) in found:
            mean = found["reliability_predicted", LEAVE, label] / found["reliability_people", LEAVE, label]
            low, high = (float(edge.rstrip("%")) / 100 for edge in label.split(" to "))
            assert low - 1e-12 <= mean <= high + 1e-12, k


def test_each_counts_once_and_strangers_not_at_all() -> None:
    once, twice = marked([0.2, 0.3, 0.4]), marked([0.2, 0.3, 0.4])
    once.note(ids(1), ids(2))
    once.note(NOBODY, NOBODY)
    for _ in range(2):
        twice.note(ids(1, 50), ids(2, -1))
    assert once.close() == twice.close()
    BeliefQuality().note(ids(1), ids(2))


def test_default_is_seen_until_one_leaves() -> None:
    """Default before leaving or in the same month counts; after it, nobody can see it."""
    quality = marked([0.5] * 4)
    quality.note(ids(0), NOBODY)
    quality.note(ids(1), ids(0, 1, 2))
    quality.note(ids(2), NOBODY)
    found = by_key(quality.close())
    assert found["score_people", DEFAULT, "all"] == 4 and found["reliability_happened", DEFAULT, "50% to 100%"] == 2
    assert found["reliability_happened", LEAVE, "50% to 100%"] == 3


def test_who_leaves_does_not_shift_what_is_expected() -> None:
    """Two independent hazards, months uniform: default p = 2%, leaving q = 30%."""
    n, p, q = 400_000, 0.02, 0.3
    rng = np.random.default_rng(8)
    default = np.where(rng.random(n) < p, rng.random(n) * 12, 99).astype(np.int64)
    leave = np.where(rng.random(n) < q, rng.random(n) * 12, 99).astype(np.int64)
    quality = marked([p] * n)
    for month in range(12):
        quality.note(np.flatnonzero(default == month), np.flatnonzero(leave == month))
    found = by_key(quality.close())
    happened, expected = (
        sum(value for (measure, a, _), value in found.items() if (measure, a) == (f"reliability_{what}", DEFAULT))
        for what in ("happened", "predicted")
    )
    assert abs(happened - expected) < 4 * np.sqrt(expected)


def test_faulty_calls_say_what_is_wrong() -> None:
    quality = marked([0.5])
    told = {DEFAULT: np.array([0.1]), LEAVE: np.array([0.1])}
    with pytest.raises(ValueError, match="cohort of month 3 is still open"):
        quality.mark(15, ids(1), told, ids(1), ids(0))
    quality.close()
    with pytest.raises(ValueError, match="no cohort is open"):
        quality.close()
    with pytest.raises(ValueError, match="ascend"):
        quality.mark(1, ids(2, 1), told, ids(1, 1), ids(0, 0))
    with pytest.raises(ValueError, match="scope has shape"):
        quality.mark(1, ids(1), told, ids(1), ids(0, 0))
    for wrong in (1.2, -0.1, np.nan):
        with pytest.raises(ValueError, match="must be probabilities"):
            quality.mark(1, ids(1), {**told, LEAVE: np.array([wrong])}, ids(1), ids(0))
    with pytest.raises(ValueError, match="margin_per_year"):
        BeliefQuality(("margin_per_year",))
    quality.mark(1, ids(1), told, ids(1), ids(0))
    assert quality.month == 1, "a refused cohort leaves none open"


def test_what_the_caller_changes_later_is_not_seen() -> None:
    """The simulation writes beliefs in place, month after month."""
    quality, p, tenure = BeliefQuality((LEAVE,)), np.array([0.2]), ids(30)
    quality.mark(0, ids(9), {LEAVE: p}, tenure, ids(OPEN))
    p[0], tenure[0] = 0.9, 99
    found = by_key(quality.close())
    assert found["score_brier", LEAVE, "tenure 1-2"] == pytest.approx(0.04)


def test_groups_by_hand() -> None:
    tenure = ids(0, 11, 12, 35, 36, 71, 72, 500, 0, 0)
    scope = ids(*[OPEN] * 7, OTHER_LINES, SETTLED, BROWSING)
    found = {name: np.flatnonzero(there).tolist() for name, there in groups(tenure, scope).items()}
    assert found == {
        "all": list(range(10)),
        "tenure <1": [0, 1],
        "tenure 1-2": [2, 3],
        "tenure 3-5": [4, 5],
        "tenure 6+": [6, 7],
        "scope open": list(range(7)),
        "scope other_lines": [7],
        "scope settled": [8],
        "scope browsing": [9],
    }


def outcome(predicted: np.ndarray, true: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return people, predicted and happened by bin, of a cohort that leaves with the true probabilities."""
    quality = BeliefQuality((LEAVE,))
    n = len(predicted)
    quality.mark(0, np.arange(n), {LEAVE: predicted}, np.zeros(n, np.int64), np.zeros(n, np.int64))
    quality.note(NOBODY, np.flatnonzero(np.random.default_rng(seed).random(n) < true))
    rows = quality.close()
    return [
        np.array([v for m, _, _, v in rows if m == f"reliability_{name}"])
        for name in ("people", "predicted", "happened")
    ]


def test_true_probabilities_are_calibrated_and_wrong_ones_are_not() -> None:
    p = np.random.default_rng(1000).uniform(0.02, 0.4, 20_000)
    for seed in range(50):
        assert not bins_off(*outcome(p, p, seed)).any()
    assert bins_off(*outcome(p / 2, p, 0)).any()
    assert bins_off(*outcome(np.minimum(1.5 * p, 1.0), p, 0)).any()


def test_four_standard_errors_by_hand() -> None:
    """Of 100 people at 50%, 50 are expected with a standard error of 5; a bin that nobody is in is never off."""
    people, predicted = np.array([100.0, 0.0]), np.array([50.0, 0.0])
    for happened, fine in ((30.0, True), (29.0, False), (70.0, True), (71.0, False)):
        assert bins_off(people, predicted, np.array([happened, 0.0])).any() == (not fine)
    assert bins_off(people, predicted, np.array([61.0, 0.0]), standard_errors=1.9).tolist() == [True, False]
    certain, none = np.array([10.0]), np.array([0.0])
    assert not bins_off(certain, certain, certain).any() and not bins_off(certain, none, none).any()
    assert bins_off(certain, none, np.array([1.0])).all()
    assert bins_off(certain, certain, np.array([9.0])).all()


def test_a_rare_event_counts_by_its_own_chance() -> None:
    """One person at 0.135%, which is the normal tail above 3: the event is 3 standard errors off, not 27."""
    one = np.array([1.0])
    assert standard_errors_off(one, np.array([0.0013498980316301]), one) == pytest.approx(3.0)
    assert standard_errors_off(one, np.array([1.0 - 0.0013498980316301]), 0.0 * one) == pytest.approx(-3.0)


@given(st.integers(2000, 100_000), st.floats(0.3, 0.7), st.floats(-5.0, 5.0))
def test_many_events_are_off_by_the_binomial_standard_error(n: int, p: float, z: float) -> None:
    people, error = np.array([float(n)]), np.sqrt(n * p * (1 - p))
    happened = np.round(n * p + z * error)
    off = standard_errors_off(people, np.array([n * p]), happened)
    assert off == pytest.approx((happened - n * p) / error, abs=0.15)
    assert standard_errors_off(people, people - n * p, people - happened) == pytest.approx(-off, abs=1e-6)


def test_chance_seldom_passes_however_rare_the_event() -> None:
    """Chance passes 2 standard errors on one side in at most 2.3% of cohorts, whatever a bin expects."""
    rng = np.random.default_rng(4)
    for expected in (0.02, 0.1, 0.5, 2.0, 10.0):
        p = rng.uniform(0.5, 1.5, 200) * expected / 200
        happened = (rng.random((4000, 200)) < p).sum(axis=1)
        off = standard_errors_off(np.full(4000, 200.0), np.full(4000, p.sum()), happened)
        for side in (off > 2.0, off < -2.0):
            assert side.mean() < 0.02275 + 4 * np.sqrt(0.02275 / 4000)


def test_tag_errors_by_hand() -> None:
    believed = {"quadrant": ids(0, 1, 2, 3), "stage": ids(1, 1, 1, 1)}
    true = {"stage": ids(1, 1, 1, 1), "quadrant": ids(0, 2, 2, 0)}
    found = by_key(tag_errors(believed, true, ids(5, 5, 40, 40), ids(OPEN, OPEN, OPEN, OTHER_LINES)))
    assert found["tag_error", "quadrant", "all"] == 0.5
    assert found["tag_error", "quadrant", "scope open"] == pytest.approx(1 / 3)
    assert found["tag_error", "quadrant", "scope other_lines"] == 1.0
    assert found["tag_error", "quadrant", "tenure 3-5"] == 0.5
    assert found["tag_error_people", "quadrant", "scope open"] == 3
    assert {v for (m, a, _), v in found.items() if (m, a) == ("tag_error", "stage")} == {0.0}
    with pytest.raises(ValueError, match="same schemes"):
        tag_errors(believed, {"stage": true["stage"]}, ids(5, 5, 40, 40), ids(0, 0, 0, 0))


@given(st.lists(st.tuples(*[st.integers(-1, 3)] * 2, st.integers(0, len(SCOPES) - 1)), min_size=1, max_size=20))
def test_error_rates_know_no_names_and_average_over_scopes(people: list[tuple[int, int, int]]) -> None:
    believed, true, scope = (np.array([one[k] for one in people]) for k in range(3))
    tenure, renamed = np.zeros(len(people), np.int64), np.array([3, 0, 2, 1, -1])
    rows = tag_errors({"x": believed}, {"x": true}, tenure, scope)
    assert rows == tag_errors({"x": renamed[believed]}, {"x": renamed[true]}, tenure, scope)
    found = by_key(rows)
    wrong = sum(
        v * found["tag_error_people", "x", b] for (m, _, b), v in found.items() if m == "tag_error" and "sc" in b
    )
    assert wrong == pytest.approx(found["tag_error", "x", "all"] * len(people))


def learnt(tenure: np.ndarray, held: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, precision and truth of normal quantities read once a month per product, by the simulator's rule."""
    rng = np.random.default_rng(21)
    truth, mean, precision = rng.normal(-5.0, 1.3, len(tenure)), np.full(len(tenure), -5.0), 1.3**-2.0
    reading = 0.1 * tenure * held  # all months in one reading: the update only knows the summed precision
    seen = truth + noise * rng.normal(size=len(tenure)) / np.sqrt(reading)
    updated = [
        estimation.mean_updated(m, precision, s, r) for m, s, r in zip(mean.tolist(), seen, reading, strict=True)
    ]
    return np.array(updated), precision + reading, truth


def test_error_is_what_the_updating_formula_says() -> None:
    """Conjugate normal: mean squared error x precision is chi-square / n, in every group alike."""
    rng = np.random.default_rng(2)
    tenure, held = rng.integers(1, 100, 8000), rng.integers(1, 5, 8000)
    found = by_key(belief_error(*learnt(tenure, held, 1.0), tenure, held))
    names = {b for _, _, b in found}
    assert len(names) == 8
    for name in names:
        error, expected = (found[m, "risk_mean", name] for m in ("risk_error", "risk_error_expected"))
        people = found["risk_error_people", "risk_mean", name]
        # twice the chi-square's standard error: within a group precisions differ, so that some people weigh more
        assert abs(error**2 / expected**2 - 1.0) < 8 * np.sqrt(2.0 / people), name
    for order in (("tenure <1", "tenure 1-2", "tenure 3-5", "tenure 6+"), ("products 1", "products 2", "products 3+")):
        errors = [found["risk_error", "risk_mean", name] for name in order]
        assert errors == sorted(errors, reverse=True), "more seen, less wrong"
    worse = by_key(belief_error(*learnt(tenure, held, 2.0), tenure, held))
    assert worse["risk_error_expected", "risk_mean", "all"] == found["risk_error_expected", "risk_mean", "all"]
    assert worse["risk_error", "risk_mean", "all"] > 1.4 * worse["risk_error_expected", "risk_mean", "all"]


def test_belief_error_by_hand() -> None:
    rows = belief_error(np.array([1.0, 4.0]), np.array([1.0, 0.25]), np.zeros(2), ids(0, 80), ids(0, 3))
    found = by_key(rows)
    assert found["risk_error", "risk_mean", "all"] == pytest.approx(np.sqrt(8.5))
    assert found["risk_error_expected", "risk_mean", "all"] == pytest.approx(np.sqrt(2.5))
    assert found["risk_error", "risk_mean", "products 3+"] == 4.0
    assert {b for _, _, b in found} == {"all", "tenure <1", "tenure 6+", "products 3+"}
    with pytest.raises(ValueError, match="above 0"):
        belief_error(np.zeros(1), np.zeros(1), np.zeros(1), ids(1), ids(1))

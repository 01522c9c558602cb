"""Lookalike: a score by its equations, known coefficients, the area under the curve by hand, and selection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from tenure.agents.rules.reach import lookalike_score
from tenure.policies.learning.lookalike import FEWEST, Lookalike, auc, features, fit_lookalike, lacking, selection_cost


def people(
    n: int, seed: int, weights: tuple[float, ...] = (0.8, -0.5, 0.3)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, who is wanted with known log-odds, and who is held out."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.normal(size=n), rng.random(n) < 0.3]).astype(float)
    return x, rng.random(n) < expit(-1.0 + x @ np.array(weights)), rng.random(n) < 0.3


def test_auc_by_hand() -> None:
    score, positive = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True])
    assert auc(score, positive) == 0.75
    assert auc(np.array([2.0, 1.0, 3.0, 2.0]), positive) == 0.125  # of four pairs only 2 = 2 counts, one half
    assert auc(np.zeros(4), positive) == 0.5
    assert np.isnan(auc(score, np.ones(4, bool))) and np.isnan(auc(score, np.zeros(4, bool)))


@given(st.lists(st.tuples(st.integers(-50, 50), st.booleans()), min_size=2, max_size=40))
def test_auc_knows_only_the_order(pairs: list[tuple[int, bool]]) -> None:
    score, positive = np.array([float(s) for s, _ in pairs]), np.array([p for _, p in pairs])
    one = auc(score, positive)
    if np.isnan(one):
        return
    assert auc(score**3, positive) == pytest.approx(one)
    assert auc(-score, positive) == pytest.approx(1.0 - one)
    above = [float(a > b) + 0.5 * float(a == b) for a in score[positive] for b in score[~positive]]
    assert one == pytest.approx(np.mean(above))


def test_the_fit_solves_the_score_equations() -> None:
    x, wanted, held_out = people(2000, 1)
    fit = fit_lookalike(x, wanted, held_out, ridge=2.0)
    assert fit is not None
    rest = wanted[~held_out] - expit(fit.intercept + x[~held_out] @ fit.weights)
    assert rest.sum() == pytest.approx(0.0, abs=1e-8)
    assert x[~held_out].T @ rest == pytest.approx(2.0 * fit.weights, rel=0, abs=1e-8)
    order = np.random.default_rng(0).permutation(len(x))
    again = fit_lookalike(x[order], wanted[order], held_out[order], ridge=2.0)
    assert again is not None and again.weights == pytest.approx(fit.weights, rel=0, abs=1e-9)
    assert [*again[2:5], again.intercept] == pytest.approx([*fit[2:5], fit.intercept], rel=0, abs=1e-9)


def test_known_coefficients_come_back() -> None:
    x, wanted, held_out = people(40_000, 2)
    fit = fit_lookalike(x, wanted, held_out)
    assert fit is not None
    rows = np.column_stack([np.ones(len(x)), x])[~held_out]
    p = expit(-1.0 + x[~held_out] @ np.array([0.8, -0.5, 0.3]))
    errors = np.sqrt(np.diag(np.linalg.inv((rows * (p * (1 - p))[:, None]).T @ rows)))
    assert np.all(np.abs(np.array([fit.intercept, *fit.weights]) - [-1.0, 0.8, -0.5, 0.3]) < 4 * errors)


@pytest.mark.parametrize("ridge", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("border", [0.0, 0.5, 1.0])
def test_what_separates_perfectly_stays_finite(ridge: float, border: float) -> None:
    x, _, held_out = people(3000, 3)
    wanted = x[:, 0] > border
    fit = fit_lookalike(x, wanted, held_out, ridge)
    assert fit is not None and np.isfinite(fit.weights).all() and fit.auc_out_of_sample > 0.99
    rest = wanted[~held_out] - expit(fit.intercept + x[~held_out] @ fit.weights)
    assert rest.sum() == pytest.approx(0.0, abs=1e-6)
    assert x[~held_out].T @ rest == pytest.approx(ridge * fit.weights, rel=0, abs=1e-6)


@pytest.mark.parametrize("seed", [49, 53, 111])
def test_a_step_that_overshoots_is_halved(seed: int) -> None:
    """Sixty people, features far from unit scale, perfectly separated: whole steps end in a singular matrix."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 3)) * [100.0, 10.0, 1.0]
    wanted = x @ rng.normal(size=3) > 0
    fit = fit_lookalike(np.tile(x, (2, 1)), np.tile(wanted, 2), np.arange(120) >= 60, ridge=1e-4)
    assert fit is not None
    rest = wanted - expit(fit.intercept + x @ fit.weights)
    assert rest.sum() == pytest.approx(0.0, abs=1e-8)
    assert x.T @ rest == pytest.approx(1e-4 * fit.weights, rel=0, abs=1e-8)


def test_the_score_is_standard_over_those_it_was_fitted_on() -> None:
    x, wanted, held_out = people(2000, 5)
    fit = fit_lookalike(x, wanted, held_out)
    assert fit is not None
    taught = fit.score(x[~held_out])
    assert (taught.mean(), taught.std()) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert fit.auc_out_of_sample == pytest.approx(auc(fit.score(x[held_out]), wanted[held_out]))
    assert (fit.customers, fit.wanted_share) == (2000, wanted.mean())


def test_those_held_out_teach_nothing() -> None:
    x, wanted, held_out = people(2000, 6)
    fit = fit_lookalike(x, wanted, held_out)
    other = fit_lookalike(np.where(held_out[:, None], -x, x), wanted ^ held_out, held_out)
    assert fit is not None and other is not None
    assert (other.intercept, *other.weights) == (fit.intercept, *fit.weights)


def test_without_a_ridge_there_is_no_fit() -> None:
    x, wanted, held_out = people(300, 7)
    with pytest.raises(ValueError, match="ridge must be above 0"):
        fit_lookalike(x, wanted, held_out, ridge=0.0)


def test_too_few_give_no_score() -> None:
    x, _, held_out = people(300, 4)
    wanted = np.zeros(300, bool)
    wanted[np.flatnonzero(~held_out)[:200]] = True
    assert fit_lookalike(x, wanted, held_out) is None  # nobody wanted among those held out
    assert fit_lookalike(x[: FEWEST * 2], wanted[: FEWEST * 2], held_out[: FEWEST * 2]) is None


@given(st.floats(500, 20_000), st.floats(18, 90), st.booleans())
def test_channels_compute_the_same_score(income: float, age: float, looks: bool) -> None:
    """The compiled rule and the fit mean the same number."""
    own = Lookalike(0.2, np.array([0.5, -0.25, 0.1]), -0.3, 0.8, 0.7, 100, 0.2)
    wanted = own.score(features(np.array([income]), np.array([age]), np.array([looks])))[0]

    class Offer:
        lookalike = (*own.for_channels(), 0.0, 0.0, 0.0)
        sees_browsing = 1

    assert lookalike_score(income, age, looks, Offer) == pytest.approx(float(np.clip(wanted, -5, 5)))  # type: ignore[arg-type]  # a stand-in
    Offer.lookalike = (0.0,) * 8
    assert lookalike_score(income, age, looks, Offer) == 0.0  # type: ignore[arg-type]  # a stand-in


def test_what_is_lacking() -> None:
    tags = np.array([0, 0, 0, 0, 1, 2])
    assert lacking(tags, {"b": 0.5, "c": 0.2}, ("a", "b", "c")) == "b"
    assert lacking(tags, {"b": 0.2, "c": 0.5}, ("a", "b", "c")) == "c"
    assert lacking(tags, {"a": 0.4, "b": 0.0}, ("a", "b", "c")) == "b"  # both above their share: the nearest to it
    assert lacking(np.array([0, 1, 2, 2]), {"b": 0.5, "a": 0.5}, ("a", "b", "c")) == "b"  # equals: the first named
    without_tag = np.array([0, 0, 1, -1, -1, -1, -1, -1])  # shares of all eight: a 0.25, b 0.125
    assert lacking(without_tag, {"a": 0.5, "b": 0.3}, ("a", "b")) == "a"
    with pytest.raises(ValueError, match="no tag is called 'd'"):
        lacking(tags, {"d": 0.5}, ("a", "b", "c"))
    with pytest.raises(ValueError, match="no share is wanted"):
        lacking(tags, {}, ("a", "b", "c"))


def test_who_saw_only_its_own_orders_strangers_worse() -> None:
    """Customers were chosen on income, so their score misjudges income where the effect bends."""
    costs = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, _, held_out = people(6000, seed)
        wanted = rng.random(6000) < expit(-1.5 + 1.5 * np.abs(x[:, 0]) - 0.8 * x[:, 0] - 0.5 * x[:, 1])
        acquired = x[:, 0] > 0.5
        own = fit_lookalike(x[acquired], wanted[acquired], held_out[acquired])
        assert own is not None
        cost = selection_cost(own, x, wanted, held_out)
        assert cost is not None
        costs.append(cost.all_seeing_auc - cost.own_auc)
    assert np.mean(costs) > 4 * np.std(costs) / np.sqrt(10)

"""Quantiles of the beta and the normal distribution: against SciPy and closed forms, and laws that hold for any."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special

from tenure.agents.compiling import compiled
from tenure.agents.mathematics.formulas import normal_probability, normal_quantile
from tenure.agents.mathematics.quantiles import beta_quantile, log_beta

A, B = st.floats(0.05, 100.0), st.floats(0.01, 125.0)
WORDS = st.integers(0, 2**32 - 1)
"""What a uniform of a person is made of."""


def uniform(word: int) -> float:
    return (word + 0.5) / 2.0**32


@compiled
def quantiles(u: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], x: NDArray[np.float64]) -> None:
    """Write the quantile of each."""
    for i in range(len(u)):
        x[i] = beta_quantile(u[i], a[i], b[i])


def some(seed: int, n: int = 2000) -> tuple[NDArray[np.float64], ...]:
    """Return uniforms and parameters all over their ranges, the extremes of both in plenty."""
    rng = np.random.default_rng(seed)
    u = (np.floor(rng.random(n) * 2.0**32) + 0.5) / 2.0**32
    u[::4] = (rng.integers(0, 1000, len(u[::4])) + 0.5) / 2.0**32
    u[1::4] = 1.0 - u[::4][: len(u[1::4])]
    return u, np.exp(rng.uniform(np.log(0.05), np.log(100.0), n)), np.exp(rng.uniform(np.log(0.01), np.log(125.0), n))


# The logarithm of the beta function ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [(1.0, 1.0, 0.0), (1.0, 4.0, -math.log(4.0)), (0.5, 0.5, math.log(math.pi)), (3.0, 2.0, -math.log(12.0))],
)
def test_log_beta_by_hand(a: float, b: float, value: float) -> None:
    assert log_beta(a, b) == pytest.approx(value, abs=4e-15)


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-9, 1000.0), st.floats(1e-9, 1000.0))
def test_log_beta_falls_as_it_should_and_is_symmetric(a: float, b: float) -> None:
    """B(a + 1, b) = B(a, b) a / (a + b)."""
    size = 4e-15 * (10.0 + a + b)
    assert log_beta(a + 1.0, b) - log_beta(a, b) == pytest.approx(math.log(a / (a + b)), rel=1e-14, abs=size)
    assert log_beta(a, b) == pytest.approx(log_beta(b, a), rel=1e-14, abs=size)


# Quantiles of the beta distribution ----------------------------------------------------------------------------


@given(WORDS, st.floats(0.02, 100.0))
def test_closed_forms(word: int, p: float) -> None:
    """Where a parameter is 1 the distribution is a power, with both at a half the arcsine's."""
    u = uniform(word)
    low, high = math.exp(math.log(u) / p), -math.expm1(math.log1p(-u) / p)
    assume(low > 1e-11)
    assert beta_quantile(u, p, 1.0) == pytest.approx(low, rel=2e-13)
    assume(high < 1.0 - 1e-11)
    assert beta_quantile(u, 1.0, p) == pytest.approx(high, rel=2e-13)
    assert beta_quantile(u, 0.5, 0.5) == pytest.approx(math.sin(0.5 * math.pi * u) ** 2, rel=2e-11, abs=1e-13)


def test_quantiles_are_scipy_s() -> None:
    u, a, b = some(1, 20_000)
    x = np.empty(len(u))
    quantiles(u, a, b, x)
    theirs = special.betaincinv(a, b, u)
    inside = (theirs > 1e-12) & (theirs < 1.0 - 1e-12)
    assert inside.mean() > 0.5
    assert np.abs(x / theirs - 1.0)[inside].max() < 1e-10
    assert (x[theirs < 1e-13] < 1.1e-13).all() and (x[theirs > 1.0 - 1e-13] > 1.0 - 1.1e-13).all()


def test_quantiles_have_as_much_below_them_as_was_asked_for() -> None:
    """From the other side, to the parts in 10^13 that SciPy's distribution function has."""
    u, a, b = some(2, 20_000)
    x = np.empty(len(u))
    quantiles(u, a, b, x)
    clear = (x > 1e-12) & (x < 0.9)
    assert np.abs(special.betainc(a, b, x) - u)[clear].max() < 1e-12


@settings(max_examples=300, deadline=None)
@given(WORDS, st.floats(1e-9, 100.0), B)
@example(0, 1e-9, 0.01)
@example(2**32 - 1, 1e-9, 0.01)
@example(2**31, 100.0, 0.01)
def test_any_quantile_is_between_0_and_1(word: int, a: float, b: float) -> None:
    assert 0.0 < beta_quantile(uniform(word), a, b) <= 1.0


@settings(max_examples=300, deadline=None)
@given(WORDS, A, B)
def test_more_luck_is_a_larger_quantile_at_the_smallest_step(word: int, a: float, b: float) -> None:
    low, high = beta_quantile(uniform(word), a, b), beta_quantile(uniform(min(word + 1, 2**32 - 1)), a, b)
    assert low <= high
    if low > 1e-12 and high < 0.99 and word < 2**32 - 1:
        assert low < high


def log_odds(x: float) -> float:
    return math.log(x / (1.0 - x))


@settings(max_examples=300, deadline=None)
@given(WORDS, A, B, st.floats(1e-9, 0.01))
def test_larger_parameters_move_it_as_they_should(word: int, a: float, b: float, more: float) -> None:
    """A larger a makes it larger, a larger b smaller, whatever the luck."""
    u = uniform(word)
    x = beta_quantile(u, a, b)
    assert beta_quantile(u, a, b * (1.0 + more)) <= x * (1.0 + 1e-11)
    assert beta_quantile(u, a * (1.0 + more), b) >= x * (1.0 - 1e-11)


@settings(max_examples=300, deadline=None)
@given(WORDS, A, B, st.booleans())
@example(2**31, 1.0, 5.0, True)
@example(2**31, 5.0, 1.0, False)
def test_it_has_no_jumps(word: int, a: float, b: float, move_a: bool) -> None:
    """Second differences over a millionth of a parameter are as small as those of a smooth function."""
    steps = (-1e-6, 0.0, 1e-6)
    x = [beta_quantile(uniform(word), a * (1.0 + h * move_a), b * (1.0 + h * (not move_a))) for h in steps]
    assume(min(x) > 1e-12 and max(x) < 0.99)
    before, here, after = (log_odds(each) for each in x)
    assert abs(before - 2.0 * here + after) < 1e-10


@settings(max_examples=200, deadline=None)
@given(WORDS, st.floats(0.2, 100.0), st.floats(0.2, 100.0))
def test_the_other_side_is_the_mirror_image(word: int, a: float, b: float) -> None:
    x, y = beta_quantile(uniform(word), a, b), beta_quantile(1.0 - uniform(word), b, a)
    assert x + y == pytest.approx(1.0, abs=1e-12)


def test_compiled_quantiles_have_the_bits_of_plain_ones() -> None:
    u, a, b = some(3)
    x = np.empty(len(u))
    quantiles(u, a, b, x)
    plain = [beta_quantile(*each) for each in zip(u.tolist(), a.tolist(), b.tolist(), strict=True)]
    assert x.tobytes() == np.array(plain).tobytes()


# The normal distribution ---------------------------------------------------------------------------------------


def test_normal_quantiles_are_scipy_s() -> None:
    u = np.concatenate([(np.arange(0, 2**32, 999_983) + 0.5) / 2.0**32, 10.0 ** -np.arange(1.0, 300.0)])
    ours, theirs = np.array([normal_quantile(each) for each in u.tolist()]), special.ndtri(u)
    assert np.abs(ours - theirs).max() < 1e-14 * 37.0
    assert (np.abs(ours - theirs) < 3e-15 * np.maximum(1.0, np.abs(theirs))).all()


@given(st.floats(-8.4, 8.4))
def test_normal_probability_has_all_digits_in_the_lower_tail(z: float) -> None:
    p = normal_probability(z)
    assert p == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2.0)), rel=3e-14)
    assert p + normal_probability(-z) == pytest.approx(1.0, abs=2e-16)


@given(st.floats(-40.0, 40.0), st.floats(0.0, 1.0))
def test_normal_probability_never_falls_and_is_never_0(z: float, more: float) -> None:
    assert 0.0 < normal_probability(z) <= normal_probability(z + more) * (1.0 + 1e-14) <= 1.0 + 1e-14


@given(st.integers(2, 2**32 - 2))
def test_one_undoes_the_other(word: int) -> None:
    u = uniform(word)
    assert normal_probability(normal_quantile(u)) == pytest.approx(u, rel=1e-13)

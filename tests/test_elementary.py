"""Exponential, logarithm and their kin: as exact as they say, in order, and the same bits plain and compiled."""

import inspect
import math
import re
from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.mathematics import elementary
from tenure.agents.mathematics.elementary import (
    LEAST,
    MOST,
    ROUNDING,
    STEPS,
    erf_,
    exp_,
    expm1_,
    exponent,
    inverse_of_step,
    log1p_,
    log_,
    log_of_step,
    power_,
    two_to,
    two_to_steps,
)

DIGITS = 60
TINY = 2.2250738585072014e-308
"""Smallest normal number."""
HUGE = 6e307
"""Largest number whose logarithm is asked for: of those beyond, the inverse of the power of two is no normal number."""
MANY = settings(max_examples=300)
RNG = np.random.default_rng(20161)


def around(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return some points and their neighbours."""
    return np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf)])


def small(count: int) -> NDArray[np.float64]:
    """Return numbers of both signs and all magnitudes below 1."""
    return np.concatenate(
        [RNG.choice([-1.0, 1.0], count) * 10.0 ** RNG.uniform(-300.0, 0.0, count), [2.0**-53, 1e-300]]
    )


HALVES = np.arange(-2040, 2046) * (math.log(2.0) / 2.0)
"""Where one power of two gives way to the next."""
EXPONENTS = np.concatenate([RNG.uniform(LEAST, MOST, 3000), RNG.uniform(-2.0, 2.0, 1500), small(1000), around(HALVES)])
EXPONENTS = EXPONENTS[(EXPONENTS >= LEAST) & (EXPONENTS <= MOST)]
BINADES = 2.0 ** np.arange(-1022, 1024)
POSITIVE = np.concatenate(
    [
        10.0 ** RNG.uniform(-307.0, 308.0, 2500),
        RNG.uniform(0.4, 2.5, 2500),
        1.0 + small(1000),
        around(BINADES[1:-1]),
        around(BINADES[1:-1] * math.sqrt(2.0)),
    ]
)
POSITIVE = POSITIVE[POSITIVE <= HUGE]
ABOVE_MINUS_ONE = np.concatenate(
    [
        RNG.uniform(-1.0, 3.0, 3000),
        small(2500),
        10.0 ** RNG.uniform(0.0, 300.0, 500),
        2.0 ** -np.arange(1.0, 53.0) - 1.0,
    ]
)
ABOVE_MINUS_ONE = ABOVE_MINUS_ONE[ABOVE_MINUS_ONE > -1.0]
WITHIN = np.concatenate([RNG.uniform(-6.5, 6.5, 4000), small(1000), around(np.array([-6.0, -1.0, 1.0, 6.0]))])


class Elementary(NamedTuple):
    """A function, what it approximates, arguments that try it, and its whole domain."""

    rule: Callable[[float], float]
    true: Callable[[float], mpmath.mpf]
    tried: NDArray[np.float64]
    domain: st.SearchStrategy[float]


FUNCTIONS = {
    "exp_": Elementary(exp_, mpmath.exp, EXPONENTS, st.floats(LEAST, MOST)),
    "expm1_": Elementary(expm1_, mpmath.expm1, EXPONENTS, st.floats(LEAST, MOST, allow_subnormal=False)),
    "log_": Elementary(log_, mpmath.log, POSITIVE, st.floats(TINY, HUGE)),
    "log1p_": Elementary(log1p_, mpmath.log1p, ABOVE_MINUS_ONE, st.floats(-1.0, 1e300, exclude_min=True)),
    "erf_": Elementary(erf_, mpmath.erf, WITHIN, st.floats(-20.0, 20.0, allow_subnormal=False)),
}


def promised(rule: Callable[..., float]) -> float:
    """Return the bound that a function's own text gives, in units in the last place."""
    found = re.search(r"error below ([\d.]+) units in the last place", " ".join((inspect.getdoc(rule) or "").split()))
    assert found, f"{rule.__name__} does not say how exact it is"
    return float(found[1])


def units_off(got: float, true: mpmath.mpf) -> float:
    """Return how far a number is from what is true, in units in the last place of the latter."""
    return float(abs(got - true) / math.ulp(float(true)))


def off(name: str, x: float) -> float:
    """Return how far a function is off at one argument."""
    with mpmath.workdps(DIGITS):
        return units_off(FUNCTIONS[name].rule(x), FUNCTIONS[name].true(mpmath.mpf(x)))


# Accuracy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_as_exact_as_it_says(name: str) -> None:
    """And not much more: else the bound is out of date."""
    found = [(off(name, x), x) for x in FUNCTIONS[name].tried.tolist()]
    assert len(found) > 4000
    most, at = max(found)
    assert promised(FUNCTIONS[name].rule) / 2.0 < most < promised(FUNCTIONS[name].rule), f"at {at!r}"


@pytest.mark.parametrize("name", FUNCTIONS)
@MANY
@given(st.data())
def test_wherever_it_is_asked(name: str, data: st.DataObject) -> None:
    x = data.draw(FUNCTIONS[name].domain)
    assert off(name, x) < promised(FUNCTIONS[name].rule)


@MANY
@given(st.floats(1e-12, 1e12), st.floats(-40.0, 40.0))
def test_a_power_is_as_exact_as_it_says(x: float, y: float) -> None:
    text = inspect.getdoc(power_) or ""
    assert "error below 2 + 2 |y log x| units in the last place" in " ".join(text.split())
    large = abs(y * math.log(x))
    if large < 700.0:
        with mpmath.workdps(DIGITS):
            assert units_off(power_(x, y), mpmath.mpf(x) ** mpmath.mpf(y)) < 2.0 + 2.0 * large


# Known values --------------------------------------------------------------------------------------------------


def test_values_that_are_exact() -> None:
    assert exp_(0.0) == 1.0 and expm1_(0.0) == 0.0 and log_(1.0) == 0.0 and log1p_(0.0) == 0.0 and erf_(0.0) == 0.0
    assert erf_(6.0) == erf_(50.0) == 1.0 and erf_(-7.0) == -1.0
    assert [log_(2.0**k) == k * math.log(2.0) for k in (-1, 1, 2, 4)] == [True] * 4
    for x in (1e-300, 0.3, 1.0, 7.7, 1e300):
        assert power_(x, 1.0) == x and power_(x, 0.0) == 1.0
    for y in (-3.0, 0.5, 1.0, 700.0):
        assert power_(1.0, y) == 1.0
    assert power_(0.0, 0.5) == power_(0.0, 3.0) == 0.0


def test_beyond_the_largest_exponents_nothing_moves() -> None:
    """A normal number, at either end: no infinity and no zero comes out, whatever goes in."""
    for far in (1e3, 1e300, math.inf):
        assert exp_(far) == exp_(MOST) < math.inf and exp_(-far) == exp_(LEAST) >= TINY
        assert expm1_(far) == expm1_(MOST) < math.inf and expm1_(-far) == -1.0


@pytest.mark.parametrize("rule", [exp_, expm1_, log_, log1p_, erf_])
def test_what_is_no_number_stays_none(rule: Callable[[float], float]) -> None:
    """It is stopped where it would be written, so no step before may turn it into a number."""
    assert math.isnan(rule(math.nan))


# Order and symmetry --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_order_is_kept_but_for_the_last_digit(name: str) -> None:
    """From one number to the next a function falls by two units in the last place at most, and never over eight."""
    tried = np.sort(FUNCTIONS[name].tried)
    rule, last = FUNCTIONS[name].rule, tried[-1]
    for steps, most in ((1, 2.0), (8, 0.0)):
        after = tried
        for _ in range(steps):
            after = np.nextafter(after, np.inf)
        for x, y in zip(tried.tolist(), after.tolist(), strict=True):
            if y <= last:
                fall = rule(x) - rule(y)
                assert fall <= most * math.ulp(rule(x)), (x, steps)


@pytest.mark.parametrize("name", FUNCTIONS)
@MANY
@given(st.data())
def test_more_is_never_less(name: str, data: st.DataObject) -> None:
    """Of two arguments that differ in more than the last digits."""
    x, y = (data.draw(FUNCTIONS[name].domain) for _ in "xy")
    if abs(x - y) > 1e-13 * max(abs(x), abs(y)):
        assert FUNCTIONS[name].rule(min(x, y)) <= FUNCTIONS[name].rule(max(x, y))


@MANY
@given(st.floats(-50.0, 50.0))
def test_the_error_function_is_odd(x: float) -> None:
    assert erf_(-x) == -erf_(x) and abs(erf_(x)) <= 1.0


# Identities ----------------------------------------------------------------------------------------------------


@MANY
@given(st.floats(-700.0, 700.0))
def test_the_logarithm_undoes_the_exponential(x: float) -> None:
    assert abs(log_(exp_(x)) - x) <= 2.0 * math.ulp(1.0) + 2.0 * math.ulp(x)


@MANY
@given(st.floats(1e-300, 1e300))
def test_the_exponential_undoes_the_logarithm(x: float) -> None:
    assert abs(exp_(log_(x)) - x) <= (4.0 + abs(math.log(x))) * math.ulp(x)


@MANY
@given(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0))
def test_sums_become_products(x: float, y: float) -> None:
    whole = exp_(x + y)
    rounded = abs(math.ulp(x + y))  # what the sum itself may be off
    assert abs(exp_(x) * exp_(y) - whole) <= (8.0 * math.ulp(1.0) + 2.0 * rounded) * whole


@MANY
@given(st.floats(1.0, 600.0))
def test_what_is_less_1_is_less_1(x: float) -> None:
    assert abs(expm1_(x) - (exp_(x) - 1.0)) <= 4.0 * math.ulp(exp_(x))
    assert abs(log1p_(x) - log_(1.0 + x)) <= 4.0 * math.ulp(log_(1.0 + x))


@MANY
@given(st.floats(-0.9, 1e6))
def test_one_undoes_the_other_where_both_are_small(x: float) -> None:
    assert abs(expm1_(log1p_(x)) - x) <= 8.0 * (math.ulp(x) + abs(x) * math.ulp(max(1.0, abs(math.log1p(x)))))


@MANY
@given(st.floats(1e-6, 1e6), st.floats(-9.0, 9.0))
def test_powers_of_opposite_exponents(x: float, y: float) -> None:
    assert abs(power_(x, y) * power_(x, -y) - 1.0) <= (6.0 + 5.0 * abs(y * math.log(x))) * math.ulp(1.0)


# Bits ----------------------------------------------------------------------------------------------------------


@compiled
def each(
    exponents: NDArray[np.float64], positive: NDArray[np.float64], above: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Every function of each number, compiled as rules are."""
    for i in range(exponents.shape[0]):
        out[0, i] = exp_(exponents[i])
        out[1, i] = expm1_(exponents[i])
        out[2, i] = log_(positive[i])
        out[3, i] = log1p_(above[i])
        out[4, i] = erf_(exponents[i])
        out[5, i] = power_(positive[i], above[i])


@compiled
def bits_of(shifted: NDArray[np.float64], positive: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Powers of two, and whole parts of logarithms to the base of two, compiled."""
    for i in range(shifted.shape[0]):
        out[0, i], out[1, i] = two_to(shifted[i]), exponent(positive[i])


@compiled
def steps_of(shifted: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Powers of two whose exponents are parts, compiled."""
    for i in range(shifted.shape[0]):
        out[i] = two_to_steps(shifted[i])


def plainly(exponents: NDArray[np.float64], positive: NDArray[np.float64], above: NDArray[np.float64]) -> bytes:
    """Return what `each` writes, by the rules as they stand."""
    rows = zip(exponents.tolist(), positive.tolist(), above.tolist(), strict=True)
    made = [(exp_(x), expm1_(x), log_(y), log1p_(z), erf_(x), power_(y, z)) for x, y, z in rows]
    return np.array(made).T.tobytes()


def test_compiled_and_plain_are_the_same_bits() -> None:
    lengths = min(len(EXPONENTS), len(POSITIVE), len(ABOVE_MINUS_ONE))
    parts = [RNG.permutation(part)[:lengths] for part in (EXPONENTS, POSITIVE, ABOVE_MINUS_ONE)]
    out = np.empty((6, lengths))
    each(*parts, out)
    assert out.tobytes() == plainly(*parts)
    one = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0])
    out = np.empty((6, len(one)))
    each(one, np.ones(len(one)), np.zeros(len(one)), out)
    assert np.isnan(out[:2, 0]).all() and np.isnan(out[4, 0])
    assert (
        out[:, 1:].tobytes()
        == np.ascontiguousarray(
            np.frombuffer(plainly(one, np.ones(len(one)), np.zeros(len(one)))).reshape(6, -1)[:, 1:]
        ).tobytes()
    )


@MANY
@given(st.lists(st.tuples(st.floats(-800.0, 800.0), st.floats(TINY, HUGE), st.floats(-0.99, 1e3)), min_size=1))
def test_compiled_and_plain_are_the_same_bits_wherever_they_are_asked(rows: list[tuple[float, float, float]]) -> None:
    parts = np.ascontiguousarray(np.array(rows).T)
    out = np.empty((6, len(rows)))
    each(*parts, out)
    assert out.tobytes() == plainly(*parts)


def test_powers_of_two_and_exponents_over_their_whole_range() -> None:
    whole = np.arange(-1022, 1024)
    numbers = np.concatenate([BINADES, np.nextafter(BINADES, np.inf), BINADES * 1.5, np.nextafter(BINADES[1:], 0.0)])
    numbers = np.append(numbers, np.finfo(float).max)
    shifted = np.resize(whole + ROUNDING, len(numbers))
    powers = [math.ldexp(1.0, k) for k in np.resize(whole, len(numbers)).tolist()]
    exponents = [math.frexp(x)[1] - 1 for x in numbers.tolist()]
    assert [two_to(x) for x in shifted.tolist()] == powers
    assert [exponent(x) for x in numbers.tolist()] == exponents
    out = np.empty((2, len(numbers)))
    bits_of(shifted, numbers, out)
    assert out.tolist() == [powers, exponents]


def test_powers_of_two_between_are_correctly_rounded() -> None:
    """All steps of some doublings, the smallest and the largest among them."""
    first = np.array([-1022, -512, -1, 0, 1, 700, 1023]) * STEPS
    steps = (first[:, None] + np.arange(STEPS)).ravel()
    with mpmath.workdps(DIGITS):
        true = [float(mpmath.mpf(2) ** (mpmath.mpf(k) / STEPS)) for k in steps.tolist()]
    assert [two_to_steps(x) for x in (steps + ROUNDING).tolist()] == true
    out = np.empty(len(steps))
    steps_of(steps + ROUNDING, out)
    assert out.tolist() == true
    assert math.isnan(two_to_steps(math.nan))


@compiled
def logs_of(shifted: NDArray[np.float64], logs: NDArray[np.float64], inverses: NDArray[np.float64]) -> None:
    """Logarithms and inverses of the steps of a doubling, compiled."""
    for i in range(shifted.shape[0]):
        logs[i], inverses[i] = log_of_step(shifted[i]), inverse_of_step(shifted[i])


def test_logarithms_and_inverses_of_steps_are_correctly_rounded() -> None:
    steps = np.arange(-38, 90)
    with mpmath.workdps(DIGITS):
        logs = [float(mpmath.log(1 + mpmath.mpf(j) / STEPS)) for j in steps.tolist()]
        inverses = [float(1 / (1 + mpmath.mpf(j) / STEPS)) for j in steps.tolist()]
    assert [log_of_step(x) for x in (steps + ROUNDING).tolist()] == logs
    assert [inverse_of_step(x) for x in (steps + ROUNDING).tolist()] == inverses
    made = np.empty((2, len(steps)))
    logs_of(steps + ROUNDING, made[0], made[1])
    assert made.tolist() == [logs, inverses]
    assert math.isnan(log_of_step(math.nan)) and math.isnan(inverse_of_step(math.nan))


def test_every_function_of_the_file_is_tried_here() -> None:
    """Those that end in an underscore stand for one of the C library's."""
    there = {name for name in vars(elementary) if name.endswith("_") and not name.startswith("_")}
    assert there == {*FUNCTIONS, "power_"}

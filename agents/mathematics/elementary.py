"""Exponential, logarithm and their kin as rules: + - * / and powers of two alone, so the same bits on every machine.

A C library's exp and log differ from another's in the last bit, and so do NumPy's from one processor to the next. These
call neither. Coefficients are of Chebyshev interpolations on the reduced range (Muller, Elementary Functions, 2016,
chapters 3 and 11); largest errors, measured against 40 digits, stand with each function, in units in the last place.
"""

import math

import numpy as np

from tenure.agents.compiling import rule, when_compiled

STEPS = 128
"""Into so many steps the table of powers divides a doubling."""
STEPS_PER_E = 184.6649652337873
"""Of these, in one unit of the exponent: 128 / ln 2."""
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
"""ln 2 in two parts: the first has so few digits that whole multiples of it are exact."""
STEP_HIGH, STEP_LOW = LN2_HIGH / STEPS, LN2_LOW / STEPS
SQRT_2 = 1.4142135623730951
ROUNDING = 6755399441055744.0
"""1.5 x 2^52: added and taken away it rounds to the nearest whole number, which its last bits then hold."""
LEAST, MOST = -708.0, 709.0
"""Exponents beyond which `exp_` stands still, so that its value is always a normal number."""


def _roots(steps: int) -> tuple[float, ...]:
    """Return 2^(j / steps) for j from 0 to steps - 1, each correctly rounded, by whole numbers of 400 bits."""
    one, root, powers = 1 << 400, 2 << 400, [1 << 400]
    for _ in range(steps.bit_length() - 1):
        root = math.isqrt(root * one)
    for _ in range(steps - 1):
        powers.append(powers[-1] * root // one)
    return tuple(power / one for power in powers)


ROOTS = _roots(STEPS)
_BITS_OF_ROOTS = np.array(ROOTS).view(np.int64)


def _place(j: int) -> int:
    """Return the step, from -38 to 89, that stands at place j of the tables of logarithms."""
    return j if j < 90 else j - STEPS


def _logs(steps: int) -> tuple[float, ...]:
    """Return log(1 + j / steps), correctly rounded: 2 artanh(j / (2 steps + j)), by whole numbers of 200 bits."""
    one, logs = 1 << 200, []
    for j in map(_place, range(steps)):
        ratio = term = abs(j) * one // (2 * steps + j)
        total, n = 0, 1
        while term:
            total, term, n = total + term // n, term * ratio // one * ratio // one, n + 2
        logs.append(math.copysign(2 * total / one, j))
    return tuple(logs)


LOGS = _logs(STEPS)
INVERSES = tuple(STEPS / (STEPS + _place(j)) for j in range(STEPS))
_TABLE_OF_LOGS, _TABLE_OF_INVERSES = np.array(LOGS), np.array(INVERSES)


def _two_to_by_bits(shifted: np.float64) -> np.float64:
    return np.int64((np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52)).view(np.float64)


@when_compiled(_two_to_by_bits)
def two_to(shifted: float) -> float:
    """2 to the whole number k, from -1022 to 1023, that is given as k + ROUNDING."""
    k = shifted - ROUNDING
    return math.ldexp(1.0, int(k)) if k == k else k


def _two_to_steps_by_bits(shifted: np.float64) -> np.float64:
    k = np.float64(shifted).view(np.int64)
    root = _BITS_OF_ROOTS[np.uint64(k & np.int64(STEPS - 1))]
    return np.int64(root + ((k >> np.int64(7)) << np.int64(52))).view(np.float64)


@when_compiled(_two_to_steps_by_bits)
def two_to_steps(shifted: float) -> float:
    """2 to k / STEPS for a whole number k that is given as k + ROUNDING, from a table."""
    k = shifted - ROUNDING
    return math.ldexp(ROOTS[int(k) % STEPS], int(k) // STEPS) if k == k else k


def _exponent_by_bits(x: np.float64) -> np.float64:
    at = (np.float64(x).view(np.int64) >> np.int64(52)) | np.int64(0x4330000000000000)
    return np.int64(at).view(np.float64) - 4503599627371519.0  # 2^52 + 1023


@when_compiled(_exponent_by_bits)
def exponent(x: float) -> float:
    """The whole number e with 2^e <= x < 2^(e+1), of a positive normal number."""
    return float(math.frexp(x)[1] - 1)


def _log_of_step_by_bits(shifted: np.float64) -> np.float64:
    return np.float64(_TABLE_OF_LOGS[np.uint64(np.float64(shifted).view(np.int64) & np.int64(STEPS - 1))])


@when_compiled(_log_of_step_by_bits)
def log_of_step(shifted: float) -> float:
    """Logarithm of 1 + j / STEPS for a whole number j, -38 to 89, that is given as j + ROUNDING, from a table."""
    k = shifted - ROUNDING
    return LOGS[int(k) % STEPS] if k == k else k


def _inverse_of_step_by_bits(shifted: np.float64) -> np.float64:
    return np.float64(_TABLE_OF_INVERSES[np.uint64(np.float64(shifted).view(np.int64) & np.int64(STEPS - 1))])


@when_compiled(_inverse_of_step_by_bits)
def inverse_of_step(shifted: float) -> float:
    """1 / (1 + j / STEPS) for the same number."""
    k = shifted - ROUNDING
    return INVERSES[int(k) % STEPS] if k == k else k


@rule
def exp_(x: float) -> float:
    """The exponential function, up to LEAST and MOST; error below 1.1 units in the last place; exactly 1 at 0."""
    if x < LEAST:
        x = LEAST
    if x > MOST:
        x = MOST
    shifted = x * STEPS_PER_E + ROUNDING
    k = shifted - ROUNDING
    r = (x - k * STEP_HIGH) - k * STEP_LOW
    square = r * r
    tail = (0.5 + r * 0.16666666666666666) + square * (0.041666666666666664 + r * 0.008333333333333333)
    scale = two_to_steps(shifted)
    return scale + scale * (r + square * tail)


@rule
def expm1_(x: float) -> float:
    """The exponential function less 1, also of tiny x; error below 1.5 units in the last place; exactly 0 at 0."""
    if x < LEAST:
        x = LEAST
    if x > MOST:
        x = MOST
    shifted = x * LOG2_E + ROUNDING
    k = shifted - ROUNDING
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    lost = (high - r) - low
    scale = two_to(shifted)
    return scale * (r + (r * r * exp_tail(r) + lost * (1.0 + r))) + (scale - 1.0)


@rule
def exp_tail(r: float) -> float:
    """(e^r - 1 - r) / r^2 for |r| <= .3466."""
    z = r * r
    a = (0.5 + 0.1666666666666667 * r) + (0.04166666666666667 + 0.00833333333332614 * r) * z
    b = (0.0013888888888883752 + 0.00019841269874804214 * r) + (2.4801587325536023e-05 + 2.7557255421023506e-06 * r) * z
    c = (2.7557273657975953e-07 + 2.5105208339987698e-08 * r) + 2.0914680780540263e-09 * z
    return a + (b + c * (z * z)) * (z * z)


@rule
def log_(x: float) -> float:
    """Natural logarithm of a normal number up to 6e307; error below 1.6 units in the last place; exactly 0 at 1."""
    e = exponent(x * SQRT_2)
    z = x * two_to(ROUNDING - e)
    shifted = (z - 1.0) * STEPS + ROUNDING
    r = (z - (1.0 + (shifted - ROUNDING) / STEPS)) * inverse_of_step(shifted)
    y = r * r
    tail = (-0.5 + 0.3333333333333333 * r) + (-0.25 + 0.2 * r) * y
    tail = tail + (-0.16666666666666666 + 0.14285714285714285 * r) * (y * y)
    return e * LN2_HIGH + (log_of_step(shifted) + (r + (y * tail + e * LN2_LOW)))


@rule
def log1p_(x: float) -> float:
    """Logarithm of 1 + x for x > -1, also where x is tiny; error below 1.7 units in the last place; exactly 0 at 0."""
    u = 1.0 + x
    return log_(u) + (x - (u - 1.0)) / u


@rule
def power_(x: float, y: float) -> float:
    """X to the y for x > 0, and 0 for x = 0 and y > 0; error below 2 + 2 |y log x| units in the last place."""
    if x <= 0.0:
        return 0.0
    return x if y == 1.0 else exp_(y * log_(x))


@rule
def erf_within_1(x: float) -> float:
    """The error function for |x| <= 1."""
    z = x * x
    y = z * z
    a = (-0.37612638903183543 + 0.11283791670945006 * z) + (-0.02686617064323777 + 0.0052239776071164225 * z) * y
    b = (-0.0008548325975389692 + 0.00012055294904839707 * z) + (
        -1.492473690741966e-05 + 1.6447424703317362e-06 * z
    ) * y
    c = (-1.6208483801871705e-07 + 1.3720064546777686e-08 * z) + -7.795898827002142e-10 * y
    return 1.1283791670955126 * x + x * z * (a + (b + c * (y * y)) * (y * y))


@rule
def erfc_beyond_1(a: float) -> float:
    """1 less the error function, for 1 <= a <= 6."""
    t = (a - 3.0) / (a + 3.0)
    z = t * t
    y = z * z
    b = (1.2530080582697296 + -0.13562110612458128 * t) + (-0.04756229435346764 + 0.12964515870277799 * t) * z
    c = (-0.1192736634131923 + 0.06830802734390644 * t) + (-0.02377051501976663 + 0.0025293917508951618 * t) * z
    d = (0.0018886926936596247 + -0.0007798294517483084 * t) + (-0.00010518763242323468 + 0.0001250512141750135 * t) * z
    e = (5.111019944653237e-06 + -1.9724332775436143e-05 * t) + (
        -1.0474106479832425e-06 + 2.284982547947005e-06 * t
    ) * z
    p = (b + c * y) + (d + e * y) * (y * y)
    return p * exp_(-a * a) / (1.0 + 2.0 * a)


@rule
def erf_(x: float) -> float:
    """The error function; error below 2.5 units in the last place; exactly 0 at 0, and 1 beyond 6."""
    a = abs(x)
    if a <= 1.0:
        return erf_within_1(x)
    if a > 6.0:
        a = 6.0
    y = 1.0 - erfc_beyond_1(a)
    return y if x > 0.0 else -y

"""Small formulas that many rules share: logistic, normal distribution, years to months, cents."""

import math

from tenure.agents.declaring import rule
from tenure.agents.elementary import erf_, exp_, expm1_, log1p_, log_

FLAT = 40.0
"""Log-odds beyond which a probability is as good as 0 or 1."""
LEAST_PROBABILITY = 4.248354255291589e-18
"""Probability at log-odds of -FLAT."""
MOST_SHIFT = 20.0
"""Largest shift of log-odds, and largest exponent, that counts, so that exp never overflows."""
SQRT_2 = 1.4142135623730951
LEAST_TAIL = 1e-300
"""Tail probability below which quantiles are all alike."""


@rule
def logistic(x: float) -> float:
    """Probability of a log-odds; far out it is flat, so that exp never overflows."""
    if x < -FLAT:
        return LEAST_PROBABILITY
    if x > FLAT:
        return 1.0
    return 1.0 / (1.0 + exp_(-x))


@rule
def odds_factor(log_odds_shift: float) -> float:
    """What a shift on the log-odds scale multiplies odds by."""
    return 1.0 if log_odds_shift == 0.0 else exp_(between(log_odds_shift, -MOST_SHIFT, MOST_SHIFT))


@rule
def with_odds_times(p: float, factor: float) -> float:
    """A probability whose odds are multiplied; 0 and 1 stay."""
    if p <= 0.0 or p >= 1.0 or factor == 1.0:
        return p
    odds = p / (1.0 - p) * factor
    return odds / (1.0 + odds)


@rule
def normal_probability(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1.0 + erf_(x / SQRT_2))


@rule
def normal_quantile(p: float) -> float:
    """Inverse of the standard normal distribution function, 0 < p < 1 (Wichura 1988, AS 241, PPND7: 7 digits)."""
    q = p - 0.5
    if q < 0.425 and q > -0.425:
        r = 0.180625 - q * q
        return (
            q
            * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
            / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
        )
    tail = p if q < 0.0 else 1.0 - p
    if tail < LEAST_TAIL:
        tail = LEAST_TAIL
    r = math.sqrt(-log_(tail))
    if r <= 5.0:
        r -= 1.6
        x = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) / (
            (0.12021132975 * r + 0.73700164250) * r + 1.0
        )
    else:
        r -= 5.0
        x = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) / (
            (0.012258202635 * r + 0.24197894225) * r + 1.0
        )
    return -x if q < 0.0 else x


@rule
def per_month(p_per_year: float) -> float:
    """Monthly probability that, repeated twelve times, gives the yearly one: 1 - (1 - p)^(1/12)."""
    if p_per_year >= 1.0:
        return 1.0
    return -expm1_(log1p_(-p_per_year) / 12.0)


@rule
def twelve_times(p: float) -> float:
    """The twelfth power: the probability that something of probability `p` happens in each of twelve months."""
    quarter = p * p * p
    return (quarter * quarter) * (quarter * quarter)


@rule
def cents(amount: float) -> int:
    """Whole cents of an amount in currency units, halves up; only for amounts already checked to be finite."""
    return int(math.floor(amount * 100.0 + 0.5))  # noqa: RUF046  # compiled, floor gives a float


@rule
def month_of_interest(balance_cents: int, points_per_year: float) -> int:
    """Whole cents that a yearly rate, in points, makes of a balance in a month, halves up."""
    return int(math.floor(balance_cents * points_per_year / 1200.0 + 0.5))  # noqa: RUF046  # as in `cents`


@rule
def between(x: float, low: float, high: float) -> float:
    """Keep x within [low, high]; a NaN stays a NaN, to be stopped where it is written."""
    if x < low:
        return low
    if x > high:
        return high
    return x

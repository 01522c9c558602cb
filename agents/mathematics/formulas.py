"""Small formulas that many rules share: logistic, normal distribution, years to months, cents."""

import math

from tenure.agents.declaring import rule
from tenure.agents.mathematics.elementary import SQRT_2, erf_, erfc_beyond_1, exp_, expm1_, log1p_, log_

FLAT = 40.0
"""Log-odds beyond which a probability is as good as 0 or 1."""
LEAST_PROBABILITY = 4.248354255291589e-18
"""Probability at log-odds of -FLAT."""
MOST_SHIFT = 20.0
"""Largest shift of log-odds, and largest exponent, that counts, so that exp never overflows."""
FAR = 6.0
"""Standard deviations, over the root of 2, beyond which the normal distribution function stands still."""
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
    """Standard normal distribution function, with all digits in the lower tail, too, down to 1e-17."""
    z = x / SQRT_2
    if z < -1.0:
        return 0.5 * erfc_beyond_1(min(-z, FAR))
    return 0.5 * (1.0 + erf_(z))


@rule
def seventh_degree(
    r: float, c0: float, c1: float, c2: float, c3: float, c4: float, c5: float, c6: float, c7: float
) -> float:
    """A polynomial of r, in an order in which its parts do not wait for one another (Estrin's)."""
    r2 = r * r
    return ((c7 * r + c6) * r2 + (c5 * r + c4)) * (r2 * r2) + ((c3 * r + c2) * r2 + (c1 * r + c0))


@rule
def normal_quantile(p: float) -> float:
    """Inverse of the standard normal distribution function, 0 < p < 1 (Wichura 1988, AS 241, PPND16)."""
    q = p - 0.5
    if q < 0.425 and q > -0.425:
        r = 0.180625 - q * q
        top = seventh_degree(
            r,
            3.3871328727963665,
            133.14166789178438,
            1971.5909503065513,
            13731.69376550946,
            45921.95393154987,
            67265.7709270087,
            33430.57558358813,
            2509.0809287301227,
        )
        bottom = seventh_degree(
            r,
            1.0,
            42.31333070160091,
            687.1870074920579,
            5394.196021424751,
            21213.794301586597,
            39307.89580009271,
            28729.085735721943,
            5226.495278852854,
        )
        return q * top / bottom
    tail = p if q < 0.0 else 1.0 - p
    if tail < LEAST_TAIL:
        tail = LEAST_TAIL
    r = math.sqrt(-log_(tail))
    if r <= 5.0:
        r -= 1.6
        top = seventh_degree(
            r,
            1.4234371107496835,
            4.630337846156546,
            5.769497221460691,
            3.6478483247632045,
            1.2704582524523684,
            0.2417807251774506,
            0.022723844989269184,
            0.0007745450142783414,
        )
        bottom = seventh_degree(
            r,
            1.0,
            2.053191626637759,
            1.6763848301838038,
            0.6897673349851,
            0.14810397642748008,
            0.015198666563616457,
            0.0005475938084995345,
            1.0507500716444169e-09,
        )
    else:
        r -= 5.0
        top = seventh_degree(
            r,
            6.657904643501103,
            5.463784911164114,
            1.7848265399172913,
            0.29656057182850487,
            0.026532189526576124,
            0.0012426609473880784,
            2.7115555687434876e-05,
            2.0103343992922881e-07,
        )
        bottom = seventh_degree(
            r,
            1.0,
            0.599832206555888,
            0.1369298809227358,
            0.014875361290850615,
            0.0007868691311456133,
            1.8463183175100548e-05,
            1.421511758316446e-07,
            2.0442631033899397e-15,
        )
    return -top / bottom if q < 0.0 else top / bottom


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

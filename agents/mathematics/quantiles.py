"""Quantiles of the beta distribution as rules, made of + - * / and elementary functions: the same bits everywhere.

The equation is solved for the log-odds of the quantile, where both tails are straight lines: logarithms of tail
probabilities are concave there, and each tail's line bounds the quantile from one side. A step is Newton's, carried to
the fourth order, as all derivatives of a density follow from the density; two or three steps do.
"""

import math

from tenure.agents.declaring import rule
from tenure.agents.mathematics.elementary import exp_, log1p_, log_
from tenure.agents.mathematics.formulas import between, normal_quantile

TWO_PI = 6.283185307179586
STIRLING_FROM = 8.0
"""Argument from which seven terms of Stirling's series give all digits."""
LONGEST_FRACTION = 400
"""Pairs of terms of the continued fraction at most; parameters up to 100 take less than 200."""
LAST_TERM = 1e-14
"""Relative change at which the continued fraction is taken to stand still."""
FAR_ODDS = 30.0
"""Log-odds beyond which quantiles are all alike."""
MOST_STEPS = 30
"""Steps toward a quantile at most; parameters up to 100 take less than 12."""
SETTLED = 1e-8
"""Share of a step that its last term has when the next step would change nothing."""
SHORT = 0.4
"""Curvature over a step up to which the series of the step is summed."""
LEAST_LEFT = 0.1
"""Smallest share that the first guess leaves of a tail's line."""


@rule
def stirling_tail(z: float) -> float:
    """The logarithm of the gamma function less Stirling's formula for it, for z of at least STIRLING_FROM."""
    w = 1.0 / (z * z)
    p = 0.006410256410256411 * w - 0.0019175269175269176
    p = p * w + 0.0008417508417508417
    p = p * w - 0.0005952380952380953
    p = p * w + 0.0007936507936507937
    p = p * w - 0.002777777777777778
    return (p * w + 0.08333333333333333) / z


@rule
def log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function, a and b from 1e-9 to 1000; error below 3e-15 (1 + its size) + 3e-16 (a + b)."""
    s, below, above = a + b, 1.0, 1.0
    while a < STIRLING_FROM:
        below, above, a, s = below * a, above * s, a + 1.0, s + 1.0
    while b < STIRLING_FROM:
        below, above, b, s = below * b, above * s, b + 1.0, s + 1.0
    ratio = above / below
    return (
        a * log_(a / s)
        + b * log_(b / s)
        + 0.5 * log_(TWO_PI * s / (a * b) * (ratio * ratio))
        + (stirling_tail(a) + stirling_tail(b) - stirling_tail(s))
    )


@rule
def beta_fraction(x: float, a: float, b: float) -> float:
    """The beta distribution function at x, times a and over x^a (1 - x)^b / B(a, b), for x up to (a + 1) / (a + b + 2).

    By its continued fraction (Abramowitz & Stegun 1964, 26.5.8), two terms at a time.
    """
    s = a + b
    top, top_before = 1.0, 1.0
    bottom, bottom_before = 1.0 - s * x / (a + 1.0), 1.0
    for m in range(1, LONGEST_FRACTION):
        at = a + 2.0 * m
        term = m * (b - m) * x / ((at - 1.0) * at)
        top_before, bottom_before = top + term * top_before, bottom + term * bottom_before
        term = (a + m) * (s + m) * x / (at * (at + 1.0))
        top, bottom = top_before - term * top, bottom_before - term * bottom
        change = top * bottom_before - top_before * bottom
        if abs(change) <= LAST_TERM * (top_before * bottom):
            break
    return top / bottom


@rule
def beta_tails(odds: float, a: float, b: float, scale: float) -> tuple[float, float, float, float]:
    """Share of a beta distribution below and above a log-odds, its density there by log-odds, and the value itself.

    `scale` is `log_beta(a, b)`.
    """
    e = exp_(-abs(odds))
    larger, smaller = 1.0 / (1.0 + e), e / (1.0 + e)
    log_larger = -log1p_(e)
    log_smaller = log_larger - abs(odds)
    if odds > 0.0:
        x, y, log_x, log_y = larger, smaller, log_larger, log_smaller
    else:
        x, y, log_x, log_y = smaller, larger, log_smaller, log_larger
    density = exp_(a * log_x + b * log_y - scale)
    if x * (a + b + 2.0) < a + 1.0:
        below = density * beta_fraction(x, a, b) / a
        return below, 1.0 - below, density, x
    above = density * beta_fraction(y, b, a) / b
    return 1.0 - above, above, density, x


@rule
def beta_first_guess(u: float, low: float, high: float, a: float, b: float) -> float:
    """Log-odds to begin with, between those of the lines of both tails.

    Above 1, log-odds are nearly normal; else the line is taken that is less bent here, with its bend.
    """
    if a > 1.0 and b > 1.0:
        middle = log_((a - 0.5) / (b - 0.5))
        return between(middle + normal_quantile(u) * math.sqrt(1.0 / (a - 0.5) + 1.0 / (b - 0.5)), low, high)
    from_low, from_high = exp_(low) * (a + b) / (a + 1.0), exp_(-high) * (a + b) / (b + 1.0)
    if from_low < from_high:
        return between(low - log_(max(LEAST_LEFT, 1.0 - from_low)), low, high)
    return between(high + log_(max(LEAST_LEFT, 1.0 - from_high)), low, high)


@rule
def beta_move(missing: float, slope: float, x: float, a: float, b: float) -> tuple[float, bool]:
    """By how much log-odds rise until the logarithm of a tail has risen by `missing`, and whether that is all.

    `slope` is the derivative of that logarithm where the value is x. The series of the inverse function, to the fourth
    order; where it is no use, a step that falls short of the quantile or that the lines of the tails bound.
    """
    # derivatives over the first: f, f^2 + f', f^3 + 3 f f' + f'', where slope' = slope f and bend' = bend (1 - 2 x)
    f = a - (a + b) * x - slope
    bend = -(a + b) * x * (1.0 - x)
    f_1 = bend - slope * f
    third = f * f + f_1
    f_2 = bend * (1.0 - 2.0 * x) - slope * third
    w, c2, c3, c4 = missing / slope, f / 2.0, third / 6.0, (f * (third + 2.0 * f_1) + f_2) / 24.0
    if abs(c2 * w) > SHORT:
        return w / (1.0 + max(-0.5, c2 * w)), False
    move = w * (1.0 - w * (c2 - w * (2.0 * c2 * c2 - c3 - w * (5.0 * c2 * (c2 * c2 - c3) + c4))))
    return move, abs(w * w * w) * (5.0 * abs(c2) * (c2 * c2 + abs(c3)) + abs(c4)) < SETTLED


@rule
def beta_quantile(u: float, a: float, b: float) -> float:
    """Inverse of the beta distribution function, 0 < u < 1, for a from 1e-9 and b from .01, both up to 1000.

    It rises with u and changes smoothly with a and b. What is nearer to 0 or 1 than 1e-13 is as good as there.
    """
    scale, rest = log_beta(a, b), 1.0 - u
    low = between((log_(u * a) + scale) / a, -FAR_ODDS, FAR_ODDS)
    high = between(-(log_(rest * b) + scale) / b, -FAR_ODDS, FAR_ODDS)
    odds = beta_first_guess(u, low, high, a, b)
    for _ in range(MOST_STEPS):
        below, above, density, x = beta_tails(odds, a, b, scale)
        if u < 0.5:
            missing, slope = log_(u / below), density / below
        else:
            missing, slope = log_(rest / above), -density / above
        if (missing > 0.0) == (slope > 0.0):
            low = max(low, odds)
        else:
            high = min(high, odds)
        move, settled = beta_move(missing, slope, x, a, b)
        odds = between(odds + move, low, high)
        if settled or low >= high:
            break
    return 1.0 / (1.0 + exp_(-odds))

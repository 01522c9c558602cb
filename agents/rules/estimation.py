"""How an institution learns: conjugate updates, and what it concludes from them."""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.formulas import between, odds_factor, with_odds_times
from tenure.agents.person import ACQUISITION, DECLINE, GROWTH, MATURITY
from tenure.agents.rules.usage import LONGEST_IDLE


class Learning(NamedTuple):
    """Parameters of an institution's estimates: priors, precision of what it reads, how fast knowledge ages."""

    class_risk: Annotated[
        float, Parameter("log-odds", -40, 40, "mean risk of applicants; as credit.average_risk")
    ] = -4.7
    """Mean risk of applicants from which estimates start, log-odds of missing a payment in a month."""
    class_risk_sd: Annotated[float, Parameter("log-odds", 0.01, 10, "spread of risk among applicants")] = 1.2
    """Standard deviation of risk among applicants from which estimates start."""
    risk_precision: Annotated[float, Parameter("1/log-odds^2", 0, 100, "assumption: per product and month")] = 0.02
    """Precision that a month's behaviour in one product adds to the estimate of risk."""
    risk_drift: Annotated[float, Parameter("log-odds^2", 0, 10, "variance a month that life events add")] = 0.02
    """Variance that a month adds to the estimate of risk, because risk itself moves."""
    event_share: Annotated[float, Parameter("share", 0, 1, "its own study of risk: variance of life events")] = 0.5
    """Share of a customer's risk above the average that is taken to come from life events, and to want liquidity."""
    event_unseen: Annotated[float, Parameter("log-odds", 0, 5, "its own study of risk")] = 1.2
    """Standard deviation of life events among customers of whom the same risk is believed."""
    class_return: Annotated[float, Parameter("EUR/year", -1e4, 1e4, "assumption: mean margin of a new customer")] = 60.0
    """Margin a year that is expected of a new customer before anything is seen."""
    class_return_sd: Annotated[float, Parameter("EUR/year", 0.01, 1e4, "assumption")] = 150.0
    """Standard deviation of the margin a year among new customers from which estimates start."""
    return_noise: Annotated[float, Parameter("EUR/year", 0.01, 1e5, "assumption: month's margin x 12")] = 120.0
    """Standard error of a month's margin, times twelve, as a reading of the margin a year."""
    return_drift: Annotated[float, Parameter("(EUR/year)^2", 0, 1e6, "assumption: balances move")] = 1500.0
    """Variance that a month adds to the estimate of return, because balances move."""
    care_noise: Annotated[float, Parameter("1", 0.01, 100, "assumption: one month's reading of satisfaction")] = 1.5
    """Standard error of a month's reading of satisfaction."""
    care_drift: Annotated[float, Parameter("1", 0, 10, "assumption: satisfaction moves")] = 0.05
    """Variance that a month adds to the estimate of satisfaction, because satisfaction moves."""
    need_yes: Annotated[float, Parameter("count", 0.01, 100, "assumption: prior evidence for a need")] = 1.0
    """Evidence for each need before anything is seen, as a count of answers."""
    need_no: Annotated[float, Parameter("count", 0.01, 100, "assumption: prior evidence against it")] = 1.0
    """Evidence against each need before anything is seen, as a count of answers."""
    refusal: Annotated[float, Parameter("count", 0, 10, "assumption: a refused offer says little")] = 0.5
    """Evidence against a need that a refused offer of the product gives, as a count of answers."""
    trace: Annotated[float, Parameter("count", 0, 10, "assumption: a browsing trace")] = 0.5
    """Evidence for a need that being seen looking for the product gives, as a count of answers."""
    told: Annotated[float, Parameter("count", 0, 10, "assumption: an answer in a talk, as an offer taken")] = 1.0
    """Evidence that an answer in a talk about needs gives, as a count of answers."""
    leave_alpha: Annotated[
        float, Parameter("1", 0.01, 100, "its own study of tenure: 16% leave in year 1, 3% a year after ten")
    ] = 0.37
    """First parameter of the beta distribution of leaving in which the institution believes."""
    leave_beta: Annotated[float, Parameter("1", 0.01, 100, "its own study of tenure: as leave_alpha")] = 1.85
    """Second parameter of the beta distribution of leaving in which the institution believes."""
    leave_per_product: Annotated[float, Parameter("log-odds", -5, 5, "Harland Clarke 2017, slope")] = -0.7
    """Added to the believed log-odds of leaving within a year by each product held beyond the first."""
    leave_care: Annotated[float, Parameter("log-odds", -5, 5, "assumption: satisfaction keeps")] = -0.6
    """Added to the believed log-odds of leaving within a year by each unit of believed satisfaction."""
    leave_idle: Annotated[float, Parameter("log-odds", -2, 2, "its own study; as lifecycle.leave_idle")] = 0.03
    """Added to the believed log-odds of leaving within a year by each month without use after the first, up to five."""
    leave_otherwise: Annotated[float, Parameter("share/year", 0, 1, "CMA 2015: 3% a year switch")] = 0.03
    """Believed probability of leaving within a year for a reason other than one's own."""
    trend_kept: Annotated[float, Parameter("share/month", 0, 1, "assumption: half-life 4 months")] = 0.85
    """Weight of the past in the smoothed monthly growth of what a customer keeps with us."""
    trend_most: Annotated[float, Parameter("1/month", 0, 10, "assumption")] = 0.5
    """Largest growth or fall in a month that counts in the smoothed growth of what a customer keeps with us."""
    trend_base: Annotated[float, Parameter("EUR", 0.01, 1e6, "assumption")] = 100.0
    """Added to the balances from which growth is counted, so that a first small one is no boom."""
    trend_decline: Annotated[float, Parameter("share/month", -1, 0, "assumption: tag of decline")] = -0.015
    """Smoothed monthly growth of balances below which a relationship is taken to be in decline."""
    trend_growth: Annotated[float, Parameter("share/month", 0, 1, "assumption: tag of growth")] = 0.01
    """Smoothed monthly growth of balances above which a relationship is taken to be in growth."""
    care_decline: Annotated[float, Parameter("1", -10, 0, "assumption: tag of decline")] = -1.0
    """Believed satisfaction below which a relationship is taken to be in decline."""
    new_months: Annotated[int, Parameter("months", 0, 600, "assumption: tag of acquisition")] = 3
    """Months during which a new relationship is taken to be in acquisition."""
    growing_months: Annotated[int, Parameter("months", 0, 600, "assumption: tag of growth")] = 12
    """Months from the start before which a relationship is not taken to be mature."""
    care_most: Annotated[float, Parameter("1", 0, 100, "assumption")] = 3.0
    """Believed satisfaction, up or down, beyond which it says no more about leaving."""
    years_most: Annotated[float, Parameter("years", 0.1, 10, "assumption")] = 10.0
    """Further years with us that are expected of anybody at most."""


class Splits(NamedTuple):
    """Where the institution divides risk and return into quadrants."""

    default_per_year: float
    margin_per_year: float


@rule
def precision_aged(precision: float, drift: float) -> float:
    """Precision of an estimate after a month in which the quantity itself moved with variance `drift`."""
    return precision / (1.0 + drift * precision)


@rule
def mean_updated(mean: float, precision: float, reading: float, reading_precision: float) -> float:
    """Posterior mean of a normal quantity: precision-weighted average of estimate and reading."""
    total = precision + reading_precision
    return (mean * precision + reading * reading_precision) / total if total > 0.0 else mean


@rule
def reading_noise(precision: float) -> float:
    """Standard error of a reading with this precision; nothing is read at precision 0."""
    return 1.0 / math.sqrt(precision) if precision > 0.0 else 0.0


@rule
def products_read(held: Sequence[int], line: Sequence[int], other_lines: float) -> float:
    """Products whose behaviour is read; one of another business line counts for the share that gets through."""
    read = 0.0
    for k in range(len(held)):
        if held[k] == 1:
            read += 1.0 if line[k] == 1 else other_lines
    return read


@rule
def believed_leaving(
    tenure_months: int, products_held: int, care: float, months_since_use: int, learning: Learning
) -> float:
    """P(leaving within 12 months): shifted-beta-geometric by tenure (Fader & Hardie 2007), and what moves it.

    That is products held, satisfaction, and months without use.
    """
    own = learning.leave_alpha / (learning.leave_alpha + learning.leave_beta + tenure_months / 12.0)
    further = products_held - 1 if products_held > 1 else 0
    factor = odds_factor(
        learning.leave_per_product * further
        + learning.leave_idle * (min(max(months_since_use, 1), LONGEST_IDLE) - 1)
        + learning.leave_care * between(care, -learning.care_most, learning.care_most)
    )
    return 1.0 - (1.0 - with_odds_times(own, factor)) * (1.0 - with_odds_times(learning.leave_otherwise, factor))


@rule
def years_expected(leave_per_year: float, learning: Learning) -> float:
    """Expected further years at a constant yearly chance of leaving, as many as count at most."""
    return learning.years_most if leave_per_year <= 1.0 / learning.years_most else 1.0 / leave_per_year


@rule
def trend_next(trend: float, before_cents: int, now_cents: int, learning: Learning) -> float:
    """Smoothed monthly growth of what a customer keeps with us, one month on."""
    growth = (now_cents - before_cents) / (before_cents + 100.0 * learning.trend_base)
    return trend + (1.0 - learning.trend_kept) * (between(growth, -learning.trend_most, learning.trend_most) - trend)


@rule
def stage_inferred(tenure_months: int, trend: float, care: float, learning: Learning) -> int:
    """The institution's idea of the lifecycle stage, from tenure, the trend of what is kept, and satisfaction."""
    if trend < learning.trend_decline or care < learning.care_decline:
        return DECLINE
    if tenure_months < learning.new_months:
        return ACQUISITION
    return GROWTH if trend > learning.trend_growth or tenure_months < learning.growing_months else MATURITY


@rule
def quadrant_of(default_per_year: float, margin_per_year: float, splits: Splits) -> int:
    """Index into QUADRANTS: 2 for high risk, 1 for high return."""
    high_risk = 2 if default_per_year >= splits.default_per_year else 0
    return high_risk + (1 if margin_per_year >= splits.margin_per_year else 0)

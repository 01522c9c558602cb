"""Lifecycle: stages of a relationship and the ways out of it."""

from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.formulas import between, logistic, odds_factor, per_month, twelve_times, with_odds_times
from tenure.agents.person import ACQUISITION, DECLINE, GROWTH, MATURITY
from tenure.agents.rules.usage import LONGEST_IDLE


class Lifecycle(NamedTuple):
    """Parameters of the discrete-time stage hazards (log-odds a month) and of leaving for own reasons."""

    first_use: Annotated[float, Parameter("log-odds", -40, 40, "assumption: half are in use after two months")] = -0.9
    """Log-odds a month of moving from acquisition to growth, by first use."""
    maturity: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -4.0
    """Log-odds a month of moving from growth to maturity at a share of wallet of 0."""
    maturity_depth: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 3.0
    """Added to the log-odds of reaching maturity by a share of wallet of 100% instead of 0."""
    decline: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -4.6
    """Log-odds a month that a mature relationship falls into decline, at satisfaction 0 and without fatigue."""
    decline_satisfaction: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = -1.2
    """Added to the log-odds of falling into decline by each unit of satisfaction."""
    decline_fatigue: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.6
    """Added to the log-odds of falling into decline by each unit of fatigue from contacts."""
    saved: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -3.0
    """Log-odds a month that a declining relationship grows again, at satisfaction 0."""
    saved_satisfaction: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 1.5
    """Added to the log-odds of growing again by each unit of satisfaction."""
    decline_gone: Annotated[float, Parameter("share/month", 0, 1, "0: choice already counts those who leave")] = 0.0
    """Probability a month of leaving from decline, beside all other ways out."""
    leave_alpha: Annotated[
        float, Parameter("1", 1e-9, 100, "Fader & Hardie 2007, form; size set by attrition by tenure")
    ] = 0.265
    """First parameter of the beta distribution of people's yearly probability of leaving for own reasons."""
    leave_beta: Annotated[
        float, Parameter("1", 0.01, 100, "Fader & Hardie 2007, form; size set by attrition by tenure")
    ] = 2.6
    """Second parameter of the beta distribution of people's yearly probability of leaving for own reasons."""
    leave_involuntary: Annotated[float, Parameter("share/year", 0, 1, "assumption: about 1% die, 0.3% move away")] = (
        0.012
    )
    """Probability a year that a customer dies or moves away, which nothing that an institution does can alter."""
    leave_per_product: Annotated[
        float, Parameter("log-odds", -5, 5, "assumption: a third of the slope of Harland Clarke 2017 is causal")
    ] = -0.4
    """Added to the yearly log-odds of leaving for own reasons by each product held beyond the first."""
    leave_satisfaction: Annotated[
        float, Parameter("log-odds", -10, 10, "Bolton 1998, sign; size: bottom fifth twice the top")
    ] = -4.0
    """Added to the yearly log-odds of leaving for own reasons by each unit of satisfaction."""
    satisfaction_most: Annotated[float, Parameter("1", 0, 100, "assumption; set by the best save rate")] = 0.45
    """Satisfaction, up or down, beyond which leaving for own reasons is no less and no more likely."""
    leave_idle: Annotated[float, Parameter("log-odds", -2, 2, "assumption: the inactive leave more")] = 0.5
    """Added to the yearly log-odds of leaving for own reasons by each month without use after the first, up to five."""
    leave_price: Annotated[
        float, Parameter("1/utility", -20, 20, "assumption: a price counts as in a comparison of offers")
    ] = 4.0
    """Added to the yearly log-odds of leaving for own reasons by each unit of utility that what is held is dearer."""
    renew: Annotated[float, Parameter("log-odds", -40, 40, "assumption: most who settle their last product")] = -1.0
    """Log-odds that a customer whose last product has run off takes it again, at need and satisfaction 0."""
    renew_need: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 2.0
    """Added to the log-odds of taking a product again by a need of 1 instead of 0."""
    renew_satisfaction: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.8
    """Added to the log-odds of taking a product again by each unit of satisfaction."""


@rule
def leaves_stage(stage: int, depth: float, satisfaction: float, fatigue: float, lifecycle: Lifecycle) -> float:
    """Probability of leaving the present lifecycle stage this month."""
    if stage == ACQUISITION:
        return logistic(lifecycle.first_use)
    if stage == GROWTH:
        return logistic(lifecycle.maturity + lifecycle.maturity_depth * depth)
    if stage == MATURITY:
        x = lifecycle.decline + lifecycle.decline_satisfaction * satisfaction + lifecycle.decline_fatigue * fatigue
        return logistic(x)
    return logistic(lifecycle.saved + lifecycle.saved_satisfaction * satisfaction)


@rule
def stage_after(stage: int) -> int:
    """Stage that follows when this one is left: decline that is saved goes on in growth."""
    if stage in (ACQUISITION, DECLINE):
        return GROWTH
    return MATURITY if stage == GROWTH else DECLINE


@rule
def leaves_within_year(
    theta: float,
    products_held: int,
    satisfaction: float,
    months_since_use: int,
    dearer: float,
    reminded: float,
    lifecycle: Lifecycle,
) -> float:
    """Probability of leaving within a year for own reasons: a lasting one, `theta`, whose log-odds are moved.

    `dearer` is the utility that is taken by what is asked above what others ask; `reminded` is what a message that made
    one think of going elsewhere adds to the log-odds.
    """
    counts = between(satisfaction, -lifecycle.satisfaction_most, lifecycle.satisfaction_most)
    x = lifecycle.leave_satisfaction * counts + lifecycle.leave_price * dearer + reminded
    x += lifecycle.leave_idle * (min(max(months_since_use, 1), LONGEST_IDLE) - 1)
    if products_held > 1:
        x += lifecycle.leave_per_product * (products_held - 1)
    return with_odds_times(theta, odds_factor(x))


@rule
def leaves_for_own_reasons(yearly: float, gone: float, lifecycle: Lifecycle) -> float:
    """Probability of leaving this month, own reasons and involuntary ones together.

    It is the yearly ones, spread over twelve months, and what decline adds (`gone`).
    """
    return 1.0 - (1.0 - per_month(yearly)) * (1.0 - gone) * (1.0 - per_month(lifecycle.leave_involuntary))


@rule
def leaves_now(u: float, yearly: float, gone: float, lifecycle: Lifecycle) -> bool:
    """Whether `u` is below `leaves_for_own_reasons`, asked of twelve such months at once: there is no root to take."""
    return twelve_times(1.0 - u) > (1.0 - yearly) * twelve_times(1.0 - gone) * (1.0 - lifecycle.leave_involuntary)


@rule
def leaves_involuntarily(u: float, lifecycle: Lifecycle) -> bool:
    """Whether the one who leaves now dies or moves away, asked of twelve such months at once: this is asked first."""
    return twelve_times(1.0 - u) > 1.0 - lifecycle.leave_involuntary


@rule
def renews(need: float, satisfaction: float, lifecycle: Lifecycle) -> float:
    """Probability that a customer whose last product has run off takes it again rather than settle and leave."""
    return logistic(lifecycle.renew + lifecycle.renew_need * need + lifecycle.renew_satisfaction * satisfaction)

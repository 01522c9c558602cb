"""The population: what people are born with, by formulas of keyed luck, and with what book customers begin."""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import exp_, log_
from tenure.agents.mathematics.formulas import (
    between,
    normal_probability,
    normal_quantile,
    odds_factor,
    with_odds_times,
)
from tenure.agents.mathematics.quantiles import beta_quantile, beta_tails, log_beta
from tenure.agents.offer import Product
from tenure.agents.person import ACQUISITION, GROWTH, MATURITY, NOBODY

LEAST_LEAVING = 1e-12
"""Smallest yearly probability of leaving for own reasons, and of staying in spite of them."""
MOST_ATTACHED = 3.0
"""Standard deviations beyond which nobody is more, or less, attached."""
LONGEST_YEARS = 25.0
"""Longest tenure of a customer with whom the market begins."""


class Traits(NamedTuple):
    """Parameters of the population; a Gaussian copula ties income, risk and the need for credit together."""

    income_median: Annotated[float, Parameter("EUR/month", 1, 1e6, "assumption")] = 3300.0
    """Median net income of people."""
    income_sd: Annotated[float, Parameter("log", 0, 1.5, "assumption: sd of log income")] = 0.6
    """Standard deviation between people of the logarithm of income."""
    risk_income: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = -0.35
    """Correlation between risk and income: below 0 the poorer are the riskier."""
    card_need_risk: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = 0.2
    """Correlation between the need for revolving credit and risk."""
    loan_need_risk: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = 0.1
    """Correlation between the need for instalment loans and risk."""
    risk_mean: Annotated[float, Parameter("log-odds", -60, 40, "set by 4% charge-off and 2.5% 30+")] = -4.7
    """Mean of the lasting part of risk, log-odds of missing a payment in a month."""
    risk_sd: Annotated[float, Parameter("log-odds", 0, 10, "set by 4% charge-off and 2.5% 30+")] = 0.85
    """Standard deviation between people of the lasting part of risk."""
    price_sensitivity: Annotated[float, Parameter("utility/point", 0, 2, "Gross & Souleles 2002: .05 to .10")] = 0.1
    """Utility that one point of yearly price takes from an offer, for the median person."""
    price_sensitivity_sd: Annotated[float, Parameter("log", 0, 1.5, "assumption")] = 0.5
    """Standard deviation between people of the logarithm of price sensitivity."""
    inertia_sd: Annotated[float, Parameter("utility", 0, 10, "assumption")] = 1.1
    """Standard deviation between people of what switching costs them, around the market's mean `switching_cost`."""
    loyal_share: Annotated[float, Parameter("share", 0, 1, "assumption: hard-core loyal")] = 0.15
    """Share of each institution's first customers who never compare offers."""
    attention: Annotated[
        float, Parameter("contacts", 0.1, 1e12, "assumption: of two messages a month each is read two thirds as often")
    ] = 1.0
    """Contacts a month at which a contact is read half as often as one that comes alone."""
    vulnerable: Annotated[
        float, Parameter("share", 0, 1, "assumption: those who say so; FCA Financial Lives 2022 counts 47% in some way")
    ] = 0.05
    """Share of people who are in need of special care, and say so."""
    upkeep_sd: Annotated[
        float, Parameter("log", 0, 1.5, "assumption; set by one in five cross-buyers, who cost more than they bring")
    ] = 0.9
    """Standard deviation between people of the logarithm of what servicing them costs; the average stays the same."""
    age_from: Annotated[float, Parameter("years", 0, 100, "assumption: adults")] = 18.0
    """Age of the youngest people when they enter the market."""
    age_to: Annotated[float, Parameter("years", 0, 150, "assumption")] = 80.0
    """Age of the oldest people when they enter the market; ages between are equally frequent."""
    attachment_risk: Annotated[
        float, Parameter("correlation", -0.99, 0.99, "set by charge-offs that do not rise with products held")
    ] = -0.7
    """Correlation between attachment and the part of risk that income leaves: below 0 the attached are less risky."""
    attachment_inertia: Annotated[
        float, Parameter("correlation", -0.99, 0.99, "assumption; set by leaving by tenure and products held")
    ] = 0.8
    """Correlation between attachment and what switching costs a person: above 0 the attached are harder to poach."""
    groups: Annotated[int, Parameter("count", 1, 10, "audit groups, unrelated to anything by default")] = 2
    """Audit groups into which people are divided by lot; no policy sees them, reports compare them."""


class Birth(NamedTuple):
    """What all people of a cohort are born under: the key of their luck, and parameters."""

    seed: int
    replication: int
    leave_alpha: float
    leave_beta: float
    """of the beta distribution of yearly probabilities of leaving for own reasons"""
    event_sd: float
    """stationary standard deviation of the changing part of risk, log-odds"""
    coming_sd: float
    """stationary standard deviation of the risk that is coming, log-odds"""
    coming_event: float
    """correlation between the risk that is coming and the changing part of risk"""
    traits: Traits


@rule
def tied(z: float, e: float, correlation: float) -> float:
    """A standard normal with the given correlation to z, of another one, e, that has none."""
    return correlation * z + math.sqrt(1.0 - correlation * correlation) * e


@rule
def need_correlation(product: Product, traits: Traits) -> float:
    """Correlation between the need for a product and risk."""
    if product.draws == 1:
        return traits.card_need_risk
    return traits.loan_need_risk if product.lends == 1 else 0.0


@rule
def need_at_birth(u: float, z_risk: float, product: Product, traits: Traits) -> float:
    """Lasting level of need for a product, of which people have all levels alike; `z_risk` says how risky one is."""
    if product.lends == 1 or product.keeps_deposits == 1:
        return normal_probability(tied(z_risk, normal_quantile(u), need_correlation(product, traits)))
    return u


@rule
def leave_at_birth(u: float, years: float, birth: Birth) -> float:
    """Yearly probability of leaving for own reasons; years spent as a customer select for a low one."""
    p = beta_quantile(u, birth.leave_alpha, birth.leave_beta + years)
    return between(p, LEAST_LEAVING, 1.0 - LEAST_LEAVING)


@rule
def attachment_at_birth(u: float, years: float, leaves: float, birth: Birth) -> float:
    """Attachment, standard deviations, of whose yearly probability of leaving is `leaves`: the less, the more attached.

    A standard normal among people who are born; `u` drew the probability. Years as a customer select for the attached,
    so that for them the probability itself is asked where it stands among people.
    """
    more = 1.0 - u
    if years > 0.0:
        odds = log_(leaves / (1.0 - leaves))
        _, more, _, _ = beta_tails(
            odds, birth.leave_alpha, birth.leave_beta, log_beta(birth.leave_alpha, birth.leave_beta)
        )
    return between(normal_quantile(between(more, LEAST_LEAVING, 1.0 - LEAST_LEAVING)), -MOST_ATTACHED, MOST_ATTACHED)


@rule
def upkeep_at_birth(u: float, traits: Traits) -> float:
    """What servicing a person costs, against the average of 1: lognormal, for a few cost many times as much."""
    return exp_(traits.upkeep_sd * normal_quantile(u) - 0.5 * traits.upkeep_sd * traits.upkeep_sd)


class Opening(NamedTuple):
    """Parameters of the customers with whom the market begins; all else of them follows from the other rules."""

    acquisition_months: Annotated[int, Parameter("months", 0, 600, "assumption: as learning.new_months")] = 3
    """Months with the provider before which a customer at the start is still in the stage of acquisition."""
    growth_months: Annotated[int, Parameter("months", 0, 600, "assumption")] = 18
    """Months with the provider before which a customer at the start is not yet in the stage of maturity."""
    further: Annotated[float, Parameter("1", 0, 1, "assumption; sets products per customer")] = 0.55
    """Chance, per unit of need, that a customer of very long standing holds a product beyond the first."""
    further_years: Annotated[float, Parameter("years", 0.01, 100, "assumption")] = 6.0
    """Years with the provider after which 63% of that chance is reached."""
    further_attachment: Annotated[float, Parameter("log-odds", -5, 5, "assumption; as needs.take_attachment")] = 1.5
    """Added to the log-odds of that chance by each standard deviation of attachment."""


@rule
def stage_at_opening(tenure_months: int, opening: Opening) -> int:
    """Lifecycle stage of a customer with whom the market begins."""
    if tenure_months < opening.acquisition_months:
        return ACQUISITION
    return GROWTH if tenure_months < opening.growth_months else MATURITY


@rule
def holds_at_opening(need: float, years: float, attachment: float, opening: Opening) -> float:
    """Probability that a customer with whom the market begins holds a product beyond the first."""
    p = opening.further * (1.0 - exp_(-years / opening.further_years)) * need
    return with_odds_times(p, odds_factor(opening.further_attachment * attachment))


@rule
def provider_at_opening(u: float, shares_up_to: Sequence[float]) -> int:
    """Who is the main provider of a person with whom the market begins: by the shares of the institutions, added up."""
    for j in range(len(shares_up_to)):
        if u < shares_up_to[j]:
            return j + 1
    return NOBODY


@rule
def stayed_at_opening(years: float, birth: Birth) -> float:
    """Share of customers that own reasons to leave have left after these years: shifted beta-geometric, steadily."""
    started = log_beta(birth.leave_alpha, birth.leave_beta)
    return exp_(log_beta(birth.leave_alpha, birth.leave_beta + years) - started)


@rule
def years_at_opening(u: float, up_to: Sequence[float]) -> float:
    """Years with the provider in a steady book, from the share of customers up to each of equally distant tenures."""
    low, high = 0, len(up_to) - 1
    step = LONGEST_YEARS / high
    while high - low > 1:
        middle = (low + high) // 2
        if up_to[middle] <= u:
            low = middle
        else:
            high = middle
    return (low + (u - up_to[low]) / (up_to[high] - up_to[low])) * step

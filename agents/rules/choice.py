"""A customer compares offers and chooses: a logit over the offers considered.

U_ij = quality_j + w fit_ij - b_i price_ij + taste_ij + offer_ij
       + [provider] (s satisfaction_i + k_i) + [not provider] ease_j,   plus Gumbel noise of scale g.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import exp_
from tenure.agents.mathematics.formulas import between, logistic
from tenure.agents.offer import Product

LEAST_UTILITY = -1e300
"""Below every utility."""
FARTHEST = 700.0
"""Utility behind the best offer, in units of the noise, at which a weight is as small as a float can tell."""


class Choice(NamedTuple):
    """Parameters of looking around and choosing."""

    noise: Annotated[float, Parameter("utility", 0.01, 10, "g, the scale: sets the unit of utility")] = 1.0
    """Scale of the Gumbel noise in the choice between offers: the larger it is, the less utility decides."""
    fit_weight: Annotated[float, Parameter("utility", 0, 10, "w; assumption")] = 1.0
    """Utility of an offer whose products serve all of a person's needs, against one that serves none."""
    satisfaction_weight: Annotated[float, Parameter("utility", 0, 10, "s; assumption")] = 0.6
    """Utility that each unit of satisfaction adds to staying with the provider."""
    taste_sd: Annotated[float, Parameter("utility", 0, 5, "assumption")] = 0.5
    """Standard deviation between people of their lasting liking for an institution."""
    nobody: Annotated[float, Parameter("utility", -40, 40, "assumption: worth of having no provider")] = 0.7
    """Utility of having no main provider, which competes with all offers."""
    cost_per_product: Annotated[
        float, Parameter("utility", 0, 10, "assumption: as lifecycle.leave_per_product, a third of the cross-section")
    ] = 0.22
    """Utility that each product held beyond the first adds to staying with the provider."""
    search: Annotated[float, Parameter("log-odds", -40, 40, "CMA 2015: 16% looked around in a year")] = -4.75
    """Log-odds a month that an average customer looks around and compares all offers."""
    search_spread: Annotated[float, Parameter("log-odds", 0, 5, "assumption: habit differs")] = 0.6
    """Standard deviation between people of the log-odds of looking around."""
    search_satisfaction: Annotated[float, Parameter("log-odds", -5, 5, "assumption")] = -1.5
    """Added to the log-odds of looking around by each unit of satisfaction."""
    search_decline: Annotated[float, Parameter("log-odds", -5, 5, "assumption")] = 1.0
    """Added to the log-odds of looking around in the stage of decline."""
    search_maturity: Annotated[float, Parameter("log-odds", -5, 5, "assumption")] = -0.3
    """Added to the log-odds of looking around in the stage of maturity."""
    search_without: Annotated[float, Parameter("log-odds", -5, 5, "assumption: those without provider")] = 1.5
    """Added to the log-odds of looking around for who has no main provider."""
    search_episode: Annotated[float, Parameter("log-odds", -5, 5, "assumption: an acute need")] = 1.0
    """Added to the log-odds of looking around while a need is acute."""


@rule
def looks_around(
    trait: float,
    satisfaction: float,
    declining: bool,
    mature: bool,
    without: bool,
    episode: bool,
    reminded: float,
    choice: Choice,
) -> float:
    """Probability that a person compares all offers this month."""
    x = choice.search + choice.search_spread * trait + choice.search_satisfaction * satisfaction
    if declining:
        x += choice.search_decline
    if mature:
        x += choice.search_maturity
    if without:
        x += choice.search_without
    if episode:
        x += choice.search_episode
    return logistic(x + reminded)


@rule
def yearly_price(
    need: Sequence[float],
    sells: Sequence[int],
    price: Sequence[float],
    premium: float,
    products: int,
    products_of: Sequence[Product],
) -> float:
    """Price of an offer to one person, points of the balance a year: its products weighted by the person's needs."""
    paid, weight = 0.0, 0.0
    for k in range(products):
        if sells[k] == 1:
            weight += need[k]
            paid += need[k] * (price[k] + (premium if products_of[k].lends == 1 else 0.0))
    return paid / weight if weight > 0.0 else 0.0


@rule
def off_first_year(points: float, months: int) -> float:
    """What so many points off the price for some months take off the price of the first year, points."""
    return points * (min(float(months), 12.0) / 12.0)


@rule
def utility(quality: float, fit: float, price: float, taste: float, price_sensitivity: float, choice: Choice) -> float:
    """Utility of an offer, before what binds to the provider or eases joining another."""
    return quality + choice.fit_weight * fit - price_sensitivity * price + taste


@rule
def bond(satisfaction: float, switching_cost: float, products_held: int, choice: Choice) -> float:
    """What the present provider has over others: satisfaction and the cost of switching."""
    further = choice.cost_per_product * (products_held - 1) if products_held > 1 else 0.0
    return choice.satisfaction_weight * satisfaction + switching_cost + further


@rule
def weigh(utilities: list[float], considered: Sequence[int], n: int, choice: Choice) -> float:
    """Turn utilities of the options considered into logit weights in place; return their sum (0 if none)."""
    top = LEAST_UTILITY
    for j in range(n):
        if considered[j] == 1 and utilities[j] > top:
            top = utilities[j]
    total = 0.0
    for j in range(n):
        if considered[j] == 1:
            utilities[j] = exp_(between((utilities[j] - top) / choice.noise, -FARTHEST, 0.0))
            total += utilities[j]
        else:
            utilities[j] = 0.0
    return total


@rule
def pick(weights: Sequence[float], total: float, n: int, u: float) -> int:
    """Draw an option by inverse distribution function, in institution order."""
    target, last = u * total, 0
    for j in range(n):
        if weights[j] > 0.0:
            last = j
            target -= weights[j]
            if target < 0.0:
                return j
    return last

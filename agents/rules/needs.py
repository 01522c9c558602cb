"""Needs: lasting levels, episodes in which a need is acute, and how well an offer fits them."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.formulas import between, logistic


class Needs(NamedTuple):
    """Parameters of needs, their episodes, and life events."""

    episodes_per_year: Annotated[
        float, Parameter("1/year", 0, 12, "assumption: an acute need every five years of mean need")
    ] = 0.4
    """Need episodes that begin in a year for a person of average need; their chance grows with the need."""
    episode_months: Annotated[float, Parameter("months", 1, 24, "assumption")] = 3.0
    """Average length of an episode in which a need is acute, months."""
    take_on_own: Annotated[float, Parameter("log-odds", -40, 10, "assumption; sets products per customer")] = -1.6
    """Log-odds a month that a customer in a need episode, with a need of 0, asks the own provider for the product."""
    take_need: Annotated[float, Parameter("log-odds", 0, 10, "assumption: slope in need")] = 2.0
    """Added to the log-odds of asking the own provider for a product by a need of 1 instead of 0."""
    take_satisfaction: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.5
    """Added to the log-odds of asking the own provider for a product by each unit of satisfaction."""
    take_attachment: Annotated[
        float, Parameter("log-odds", -5, 5, "assumption; set by leaving by products held (Harland Clarke 2017)")
    ] = 1.0
    """Added to the log-odds of asking the own provider for a product by each standard deviation of attachment."""
    acute: Annotated[float, Parameter("1", 1, 100, "assumption")] = 3.0
    """How many times as much an acute need weighs in which product opens or renews a relationship."""
    consolidates: Annotated[float, Parameter("share", 0, 1, "assumption: card debt that a new loan repays")] = 0.2
    """Share of the card balance that a newly granted loan repays."""
    event_persistence: Annotated[float, Parameter("1", 0, 0.9999, "assumption: life events last about 3 years")] = 0.97
    """Share of the changing part of a person's risk that is left a month later (an AR(1) process)."""
    event_sd: Annotated[float, Parameter("log-odds", 0, 5, "assumption: stationary sd of the changing part")] = 0.6
    """Standard deviation between people of the changing part of risk, which life events move."""


@rule
def episode_starts(u: float, need: float, needs: Needs) -> bool:
    """Whether a need of this level becomes acute this month."""
    return u < between(needs.episodes_per_year / 12.0 * 2.0 * need, 0.0, 1.0)


@rule
def takes_by_oneself(need: float, satisfaction: float, attachment: float, needs: Needs) -> float:
    """Probability a month that a customer in a need episode asks the own provider for the product."""
    x = needs.take_on_own + needs.take_need * need + needs.take_satisfaction * satisfaction
    return logistic(x + needs.take_attachment * attachment)


@rule
def risk_event_next(risk_event: float, z: float, shock_sd: float, needs: Needs) -> float:
    """The slow part of a person's risk one month on: AR(1), stationary."""
    return needs.event_persistence * risk_event + shock_sd * z


@rule
def fit_to_need(need: Sequence[float], sells: Sequence[int], products: int) -> float:
    """Share of a person's needs that an institution's products serve, in [0, 1]."""
    served, total = 0.0, 0.0
    for k in range(products):
        total += need[k]
        if sells[k] == 1:
            served += need[k]
    return served / total if total > 0.0 else 0.0

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
    ] = 1.5
    """Added to the log-odds of asking the own provider for a product by each standard deviation of attachment."""
    acute: Annotated[float, Parameter("1", 1, 100, "assumption")] = 3.0
    """How many times as much an acute need weighs in which product opens or renews a relationship."""
    consolidates: Annotated[float, Parameter("share", 0, 1, "assumption: card debt that a new loan repays")] = 0.2
    """Share of the card balance that a newly granted loan repays."""
    event_persistence: Annotated[float, Parameter("1", 0, 0.9999, "assumption: life events last about 3 years")] = 0.97
    """Share of the changing part of a person's risk that is left a month later (an AR(1) process)."""
    event_sd: Annotated[float, Parameter("log-odds", 0, 5, "assumption: stationary sd of the changing part")] = 0.85
    """Standard deviation between people of the changing part of risk, which life events move."""
    event_coming: Annotated[float, Parameter("share", 0, 1, "assumption; 0: nobody foresees anything")] = 0.85
    """Share of what life events do to risk that a person feels coming before any institution can see it."""
    coming_months: Annotated[float, Parameter("months", 1, 120, "assumption: about a year")] = 12.0
    """Months over which what is coming comes, on average."""
    search_coming: Annotated[float, Parameter("1/log-odds", 0, 20, "Ausubel 1999, sign; size: assumption")] = 2.5
    """Added by each unit of risk that is coming to the habit of looking around, in its standard deviations."""
    join_coming: Annotated[float, Parameter("utility/log-odds", 0, 20, "Ausubel 1999, sign; size: assumption")] = 1.7
    """Utility of changing to another institution that each unit of risk that is coming adds."""
    price_coming: Annotated[float, Parameter("1/log-odds", 0, 20, "Agarwal et al. 2010, sign; size: assumption")] = 0.7
    """Share of price sensitivity that is taken off by each unit of risk that is coming."""
    response_coming: Annotated[float, Parameter("log-odds", 0, 20, "Ausubel 1999, sign; size: assumption")] = 1.0
    """Added to the log-odds of taking an offer of credit by each unit of risk that is coming."""
    draw_coming: Annotated[float, Parameter("1/log-odds", 0, 10, "assumption")] = 0.25
    """Added to the share of the line wanted drawn by each unit of risk that is coming."""


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
def risk_event_next(risk_event: float, coming: float, z: float, shock_sd: float, needs: Needs) -> float:
    """The slow part of a person's risk one month on: AR(1), stationary; a part of what was coming has come."""
    at_once = (1.0 - needs.event_coming) * shock_sd * z
    return needs.event_persistence * risk_event + coming / needs.coming_months + at_once


@rule
def risk_coming_next(coming: float, z: float, shock_sd: float, needs: Needs) -> float:
    """Risk that is coming, one month on: what has not come yet, and what this month's life event announces."""
    return coming * (1.0 - 1.0 / needs.coming_months) + needs.event_coming * shock_sd * z


@rule
def habit_of_looking(trait: float, coming: float, needs: Needs) -> float:
    """A person's habit of looking around, in standard deviations: who has trouble coming looks around more."""
    return trait + needs.search_coming * coming


@rule
def minds_price(price_sensitivity: float, coming: float, needs: Needs) -> float:
    """Price sensitivity of a person: who has trouble coming minds the price less."""
    return price_sensitivity * max(0.0, 1.0 - needs.price_coming * max(0.0, coming))


@rule
def fit_to_need(need: Sequence[float], sells: Sequence[int], products: int) -> float:
    """Share of a person's needs that an institution's products serve, in [0, 1]."""
    served, total = 0.0, 0.0
    for k in range(products):
        total += need[k]
        if sells[k] == 1:
            served += need[k]
    return served / total if total > 0.0 else 0.0

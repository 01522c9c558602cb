"""The relationship: share of wallet, satisfaction relative to expectation, fatigue, and answers to treatments."""

from typing import Annotated, NamedTuple

from agents.declaring import Parameter, rule
from agents.formulas import between, logistic


class Relationship(NamedTuple):
    """Parameters of depth, satisfaction, expectation, fatigue and response."""

    depth_speed: Annotated[float, Parameter("1/month", 0, 1, "assumption")] = 0.08
    depth_start: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.20
    potential: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -1.5
    potential_per_product: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.7
    potential_satisfaction: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.8
    growth_factor: Annotated[float, Parameter("1", 0, 10, "assumption: growth doubles the speed")] = 2.0
    decline_loss: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.02
    satisfaction_kept: Annotated[float, Parameter("share/month", 0, 1, "assumption: 8% of it fades")] = 0.92
    surprise: Annotated[float, Parameter("1", 0, 10, "assumption")] = 0.3
    service_sd: Annotated[float, Parameter("utility", 0, 10, "assumption: luck of one month's service")] = 0.5
    satisfaction_per_fatigue: Annotated[float, Parameter("1", 0, 1, "assumption")] = 0.03
    expectation_moves: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.1
    expectation_best: Annotated[float, Parameter("share", 0, 0.1, "assumption: weight of the best offer seen")] = 0.05
    fatigue_kept: Annotated[float, Parameter("share/month", 0, 1, "assumption: half-life 2.4 months")] = 0.75
    response: Annotated[
        float, Parameter("log-odds", -40, 10, "1.1% of card mail, 1998 (American Banker): nobody in need of it")
    ] = -4.5
    response_need: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 3.0
    response_satisfaction: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.6
    response_risk: Annotated[float, Parameter("log-odds", 0, 5, "Ausubel 1999, sign: the weak take credit")] = 0.15
    response_fatigue: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.5
    opt_out: Annotated[float, Parameter("log-odds", -40, 10, "assumption: one message in 400 to who gets few")] = -6.0
    opt_out_fatigue: Annotated[float, Parameter("log-odds", 0, 10, "assumption: each further one doubles it")] = 0.7
    others_ended: Annotated[
        float,
        Parameter(
            "1/share", 0, 100, "Haenlein & Kaplan 2011, sign; size: assumption: 1% ended a month costs 0.2 in time"
        ),
    ] = 2.0


@rule
def depth_potential(products_held: int, satisfaction: float, relationship: Relationship) -> float:
    """Share of wallet that the products held and satisfaction allow."""
    return logistic(
        relationship.potential
        + relationship.potential_per_product * products_held
        + relationship.potential_satisfaction * satisfaction
    )


@rule
def depth_next(depth: float, potential: float, growing: bool, declining: bool, relationship: Relationship) -> float:
    """Share of wallet one month on: logistic toward its potential; decline loses depth."""
    speed = relationship.depth_speed * (relationship.growth_factor if growing else 1.0)
    grown = depth + speed * depth * (potential - depth)
    return between(grown * (1.0 - relationship.decline_loss) if declining else grown, 0.0, 1.0)


@rule
def satisfaction_next(
    satisfaction: float, surprise: float, fatigue: float, others_ended: float, relationship: Relationship
) -> float:
    """Satisfaction one month on: fades, moves with delivered less expected, suffers from fatigue and others' ending.

    `others_ended` is the share of the provider's customers whom it told to go last month.
    """
    return (
        relationship.satisfaction_kept * satisfaction
        + relationship.surprise * surprise
        - relationship.satisfaction_per_fatigue * fatigue
        - relationship.others_ended * others_ended
    )


@rule
def expectation_next(expectation: float, delivered: float, best_seen: float, relationship: Relationship) -> float:
    """Expectation one month on: follows what was delivered, and a little the best offer seen."""
    toward = delivered
    if best_seen > delivered:
        toward = delivered + relationship.expectation_best * (best_seen - delivered)
    return expectation + relationship.expectation_moves * (toward - expectation)


@rule
def fatigue_next(fatigue: float, contacts: float, relationship: Relationship) -> float:
    """Fatigue one month on: it decays, contacts add to it."""
    return relationship.fatigue_kept * fatigue + contacts


@rule
def takes_offer(fit: float, benefit: float, satisfaction: float, fatigue: float, relationship: Relationship) -> float:
    """Probability that a contacted customer takes the offer; `fit` is the true need it answers."""
    return logistic(
        relationship.response
        + relationship.response_need * fit
        + benefit
        + relationship.response_satisfaction * satisfaction
        - relationship.response_fatigue * fatigue
    )


@rule
def opts_out(fatigue: float, relationship: Relationship) -> float:
    """Probability that a message makes the customer say: no more of these."""
    return logistic(relationship.opt_out + relationship.opt_out_fatigue * fatigue)

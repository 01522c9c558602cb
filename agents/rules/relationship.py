"""The relationship: share of wallet, satisfaction relative to expectation, fatigue, and answers to treatments."""

from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import expm1_, log_, power_
from tenure.agents.mathematics.formulas import between, logistic


class Relationship(NamedTuple):
    """Parameters of depth, satisfaction, expectation, fatigue and response."""

    depth_speed: Annotated[float, Parameter("1/month", 0, 1, "assumption")] = 0.08
    """Speed at which the share of wallet grows towards its potential."""
    depth_start: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.20
    """Share of wallet with which a relationship begins."""
    potential: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -1.5
    """Log-odds of the share of wallet within reach of a customer with no product and satisfaction 0."""
    potential_per_product: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.7
    """Added to the log-odds of the share of wallet within reach by each product held."""
    potential_satisfaction: Annotated[float, Parameter("log-odds", -10, 10, "assumption")] = 0.8
    """Added to the log-odds of the share of wallet within reach by each unit of satisfaction."""
    growth_factor: Annotated[float, Parameter("1", 0, 10, "assumption: growth doubles the speed")] = 2.0
    """Multiplies the speed at which the share of wallet grows, in the stage of growth."""
    decline_loss: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.02
    """Fraction of its share of wallet that a relationship in decline loses in a month."""
    satisfaction_kept: Annotated[float, Parameter("share/month", 0, 1, "assumption: 8% of it fades")] = 0.92
    """Fraction of satisfaction that is left a month later."""
    surprise: Annotated[float, Parameter("1", 0, 10, "assumption")] = 0.3
    """Satisfaction gained for each unit of utility by which the month's service exceeds what was expected."""
    service_sd: Annotated[float, Parameter("utility", 0, 10, "assumption: luck of one month's service")] = 0.5
    """Standard deviation of one month's service around the level of the institution."""
    satisfaction_per_fatigue: Annotated[
        float, Parameter("1", 0, 1, "assumption: a message a month costs a sixth of a standard deviation")
    ] = 0.004
    """Satisfaction lost in a month for each unit of fatigue from contacts."""
    expectation_moves: Annotated[
        float, Parameter("share/month", 0, 1, "Bolton 1998, sign: satisfaction is an anchor that moves slowly")
    ] = 0.03
    """Share of the distance to the service delivered that a customer's expectation covers in a month."""
    expectation_best: Annotated[float, Parameter("share", 0, 0.1, "assumption: weight of the best offer seen")] = 0.05
    """Weight of the best service on offer in what a customer comes to expect; the rest is what was delivered."""
    fatigue_kept: Annotated[float, Parameter("share/month", 0, 1, "assumption: half-life 2.4 months")] = 0.75
    """Fraction of the fatigue from contacts that is left a month later."""
    fatigue_most: Annotated[float, Parameter("contacts", 0.1, 1e12, "assumption: people get used to messages")] = 3.0
    """Fatigue that no number of contacts exceeds: each adds less, the nearer it is."""
    reminded_kept: Annotated[
        float, Parameter("share/month", 0, 1, "assumption; Ascarza, Iyengar & Schleicher 2016 look at three months")
    ] = 0.7
    """Fraction that is left a month later of what a message reminded a customer of: that one can go elsewhere."""
    satisfaction_most: Annotated[float, Parameter("1", 0, 100, "assumption")] = 5.0
    """Satisfaction, up or down, beyond which no treatment moves it."""
    margin_speed: Annotated[float, Parameter("share/month", 0, 1, "assumption: half-life 4 months")] = 0.15
    """Weight of the month in the smoothed margin a year that a customer brings."""
    response: Annotated[
        float, Parameter("log-odds", -40, 10, "1.1% of card mail, 1998 (American Banker): nobody in need of it")
    ] = -4.5
    """Log-odds that a contacted customer takes an offer, without a need of it, satisfaction or fatigue."""
    response_need: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 3.0
    """Added to the log-odds of taking an offer by a need of 1 instead of 0."""
    response_satisfaction: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.6
    """Added to the log-odds of taking an offer by each unit of satisfaction."""
    response_amount: Annotated[
        float, Parameter("log-odds", 0, 1, "assumption: sets take-up of 1, 30 and 300 EUR; up to 1 it is concave")
    ] = 0.5
    """Added to the log-odds of taking an offer by each unit of log(1 + EUR / response_scale) that it is worth."""
    response_scale: Annotated[float, Parameter("EUR", 0.01, 1e6, "assumption")] = 1.0
    """What an offer is worth to a customer when the next EUR tells half as much as the first."""
    reward_bend: Annotated[float, Parameter("1", 0, 1, "assumption: the square root; 1 is in proportion")] = 0.5
    """Power of the EUR of a reward to which what it does grows: satisfaction, switching cost, the draw of a welcome."""
    reward_usual: Annotated[float, Parameter("EUR", 0.01, 1e6, "definition: as the catalogue's loyalty_reward")] = 30.0
    """Reward that does just what the catalogue's effects per EUR say; a smaller one does more per EUR."""
    welcome: Annotated[
        float, Parameter("utility/EUR", 0, 5, "assumption: as win_back, an EUR draws as much as it binds")
    ] = 0.016666666666666666
    """Utility of changing to an institution that each EUR adds which it pays to those who come from another."""
    response_risk: Annotated[float, Parameter("log-odds", 0, 5, "Ausubel 1999, sign: the weak take credit")] = 0.15
    """Added to the log-odds of taking an offer of credit by each unit of log-odds of risk above the average."""
    response_fatigue: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.5
    """Taken off the log-odds of taking an offer by each unit of fatigue from contacts."""
    opt_out: Annotated[float, Parameter("log-odds", -40, 10, "assumption: one message in 400 to who gets few")] = -6.0
    """Log-odds that a contact makes a customer without fatigue object to all further offers."""
    opt_out_fatigue: Annotated[float, Parameter("log-odds", 0, 10, "assumption: each further one doubles it")] = 0.7
    """Added to the log-odds of objecting to further offers by each unit of fatigue from contacts."""
    others_ended: Annotated[
        float,
        Parameter(
            "1/share", 0, 100, "Haenlein & Kaplan 2011, sign; size: assumption: 1% ended a month costs 0.2 in time"
        ),
    ] = 2.0
    """Satisfaction lost in a month, per share of the provider's customers whom it told to go the month before."""


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
    """Fatigue one month on: it decays; contacts add to it, each the less, the nearer it is to the most there can be.

    With `fatigue_most` far away, each contact adds 1.
    """
    left = relationship.fatigue_kept * fatigue
    if contacts == 0.0:
        return left
    most = relationship.fatigue_most
    return left - (most - left) * expm1_(-contacts / most)


@rule
def reminded_next(reminded: float, relationship: Relationship) -> float:
    """What is left, a month later, of having been reminded that one can go elsewhere."""
    return relationship.reminded_kept * reminded


@rule
def appeal_of_money(worth: float, relationship: Relationship) -> float:
    """Log-odds that the EUR which an offer is worth to a customer add to taking it; 0 for nothing."""
    if worth <= 0.0:
        return 0.0
    return relationship.response_amount * log_(1.0 + worth / relationship.response_scale)


@rule
def amount_felt(amount: float, reward: float, relationship: Relationship) -> float:
    """Amount of a treatment as it is felt, which effects are in proportion to; `reward` is what it pays, EUR."""
    if reward <= 0.0 or relationship.reward_bend == 1.0:
        return amount
    return amount * power_(reward / relationship.reward_usual, relationship.reward_bend - 1.0)


@rule
def draw_of_money(paid: float, relationship: Relationship) -> float:
    """Utility of changing to an institution that pays so many EUR to those who come from another."""
    return relationship.welcome * amount_felt(paid, paid, relationship)


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

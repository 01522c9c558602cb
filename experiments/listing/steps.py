"""What a step in log-odds or in utility does to a probability, worked out by the rules at their defaults."""

from collections.abc import Callable
from operator import methodcaller
from typing import NamedTuple, TypeVar

from tenure.agents.mathematics.formulas import logistic, odds_factor, with_odds_times
from tenure.agents.person import ACQUISITION, DECLINE, GROWTH, MATURITY
from tenure.agents.rules import choice, credit, estimation, lifecycle, needs, relationship
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import Rulebook

Group = TypeVar("Group")
"""A family of parameters, a named tuple."""
LOG_ODDS_STEP, UTILITY_STEP = 0.5, 0.1
UNKNOWN = (0.01, 0.1, 0.5)
"""Probabilities on which a step is shown where it is not known what it acts on."""
A_CHOICE = 0.25
"""A choice on which a step of utility is shown."""
MEAN_NEED = 0.5


class Drawn(NamedTuple):
    """All parameters that a chance may depend on."""

    rules: Rulebook
    traits: Traits


class Chance(NamedTuple):
    """A probability (or share) that parameters move: of what, in words, and how it is worked out."""

    of: str
    at: Callable[[Drawn], float]
    noun: str = "a probability"


def _looks(drawn: Drawn, **different: float) -> float:
    usual = {
        "trait": 0.0,
        "satisfaction": 0.0,
        "declining": False,
        "mature": False,
        "without": False,
        "episode": False,
        "reminded": 0.0,
    }
    return choice.looks_around(**{**usual, **different}, choice=drawn.rules.choice)  # type: ignore[arg-type]  # switches


def _misses(drawn: Drawn, risk: float, want: float = 0.0) -> float:
    """Average over good and bad times, so without the common factor; without want of liquidity if none is given."""
    return credit.misses_payment(risk, want, 0.0, drawn.rules.credit._replace(correlation=0.0))


def _asks(drawn: Drawn, need: float = MEAN_NEED, satisfaction: float = 0.0, attached: float = 0.0) -> float:
    return needs.takes_by_oneself(need, satisfaction, attached, drawn.rules.needs)


def _takes(
    drawn: Drawn, need: float = MEAN_NEED, weak: float = 0.0, satisfaction: float = 0.0, tired: float = 0.0
) -> float:
    return relationship.takes_offer(need, weak, satisfaction, tired, drawn.rules.relationship)


def _reach(drawn: Drawn, products: int, satisfaction: float = 0.0) -> float:
    return relationship.depth_potential(products, satisfaction, drawn.rules.relationship)


def _moves_on(
    drawn: Drawn, stage: int, depth: float = MEAN_NEED, satisfaction: float = 0.0, tired: float = 0.0
) -> float:
    return lifecycle.leaves_stage(stage, depth, satisfaction, tired, drawn.rules.lifecycle)


def _own_reasons(drawn: Drawn, products: int = 1, satisfaction: float = 0.0, used: int = 1) -> float:
    group = drawn.rules.lifecycle
    mean = group.leave_alpha / (group.leave_alpha + group.leave_beta)
    return lifecycle.leaves_within_year(mean, products, satisfaction, used, 0.0, 0.0, group)


def _renews(drawn: Drawn, need: float = MEAN_NEED, satisfaction: float = 0.0) -> float:
    return lifecycle.renews(need, satisfaction, drawn.rules.lifecycle)


_LOOKS, _ASKS = "that {} looks around in a month", "that {} asks the own provider for the product in a month"
_MISSES, _TAKES = "that {} misses a payment in a month", "that {} takes an offer"
_LEAVES = "that {} leaves for own reasons in a year"
_SATISFIED = "a customer with a satisfaction of 1"
_REACH = "of wallet within reach of a customer with one product"

CHANCES: dict[str, Chance] = {
    "rules.needs.take_on_own": Chance(_ASKS.format("a customer of average need"), _asks),
    "rules.needs.take_need": Chance(_ASKS.format("a customer with a need of 1"), lambda d: _asks(d, 1.0)),
    "rules.needs.take_satisfaction": Chance(_ASKS.format(_SATISFIED), lambda d: _asks(d, satisfaction=1.0)),
    "rules.needs.take_attachment": Chance(
        _ASKS.format("a customer one standard deviation more attached than the average"),
        lambda d: _asks(d, attached=1.0),
    ),
    "rules.needs.event_sd": Chance(
        _MISSES.format(
            "a person of average risk, whose life events lie one standard deviation on the bad side within the cushion,"
        ),
        lambda d: _misses(d, d.traits.risk_mean + d.rules.needs.event_sd),
    ),
    "rules.choice.search": Chance(_LOOKS.format("an average customer"), _looks),
    "rules.choice.search_spread": Chance(
        _LOOKS.format("a customer one standard deviation more searching than the average"),
        lambda d: _looks(d, trait=1.0),
    ),
    "rules.choice.search_satisfaction": Chance(_LOOKS.format(_SATISFIED), lambda d: _looks(d, satisfaction=1.0)),
    "rules.choice.search_decline": Chance(_LOOKS.format("a customer in decline"), lambda d: _looks(d, declining=True)),
    "rules.choice.search_maturity": Chance(_LOOKS.format("a mature customer"), lambda d: _looks(d, mature=True)),
    "rules.choice.search_without": Chance(_LOOKS.format("who has no provider"), lambda d: _looks(d, without=True)),
    "rules.choice.search_episode": Chance(_LOOKS.format("who has an acute need"), lambda d: _looks(d, episode=True)),
    "rules.relationship.potential": Chance(_REACH, lambda d: _reach(d, 1), "a share"),
    "rules.relationship.potential_per_product": Chance(_REACH, lambda d: _reach(d, 1), "a share"),
    "rules.relationship.potential_satisfaction": Chance(
        f"{_REACH} and a satisfaction of 1", lambda d: _reach(d, 1, 1.0), "a share"
    ),
    "rules.relationship.response": Chance(_TAKES.format("a customer of average need"), _takes),
    "rules.relationship.response_need": Chance(_TAKES.format("a customer with a need of 1"), lambda d: _takes(d, 1.0)),
    "rules.relationship.response_satisfaction": Chance(
        _TAKES.format(_SATISFIED), lambda d: _takes(d, satisfaction=1.0)
    ),
    "rules.relationship.response_amount": Chance(
        _TAKES.format("a customer of average need") + " worth 30 EUR",
        lambda d: _takes(d, weak=relationship.appeal_of_money(30.0, d.rules.relationship)),
    ),
    "rules.relationship.response_risk": Chance(
        _TAKES.format("a customer one unit riskier than the average") + " of credit",
        lambda d: _takes(d, weak=d.rules.relationship.response_risk),
    ),
    "rules.needs.response_coming": Chance(
        _TAKES.format("a customer with one unit of risk coming") + " of credit",
        lambda d: _takes(d, weak=d.rules.needs.response_coming),
    ),
    "rules.relationship.response_fatigue": Chance(
        _TAKES.format("a customer with a fatigue of one contact"), lambda d: _takes(d, tired=1.0)
    ),
    "rules.relationship.opt_out": Chance(
        "that a contact makes a customer without fatigue object to more",
        lambda d: relationship.opts_out(0.0, d.rules.relationship),
    ),
    "rules.relationship.opt_out_fatigue": Chance(
        "that a contact makes a customer with a fatigue of one contact object to more",
        lambda d: relationship.opts_out(1.0, d.rules.relationship),
    ),
    "rules.credit.average_risk": Chance(
        _MISSES.format("a person of just this risk"), lambda d: _misses(d, d.rules.credit.average_risk)
    ),
    "rules.credit.miss_want": Chance(
        _MISSES.format("a person of average risk with a want of liquidity of one unit"),
        lambda d: _misses(d, d.traits.risk_mean, 1.0),
    ),
    "rules.credit.cure_risk": Chance(
        "that a person one unit riskier than the average, with one missed payment, makes up for it in a month",
        lambda d: with_odds_times(d.rules.credit.cure[0], odds_factor(d.rules.credit.cure_risk)),
    ),
    "rules.lifecycle.first_use": Chance(
        "of moving from acquisition to growth in a month", lambda d: _moves_on(d, ACQUISITION)
    ),
    "rules.lifecycle.maturity": Chance(
        "of reaching maturity in a month at a share of wallet of 50%", lambda d: _moves_on(d, GROWTH)
    ),
    "rules.lifecycle.maturity_depth": Chance(
        "of reaching maturity in a month at a share of wallet of 100%", lambda d: _moves_on(d, GROWTH, 1.0)
    ),
    "rules.lifecycle.decline": Chance(
        "that an average mature relationship falls into decline in a month", lambda d: _moves_on(d, MATURITY)
    ),
    "rules.lifecycle.decline_satisfaction": Chance(
        "that a mature relationship with a satisfaction of 1 falls into decline in a month",
        lambda d: _moves_on(d, MATURITY, satisfaction=1.0),
    ),
    "rules.lifecycle.decline_fatigue": Chance(
        "that a mature relationship with a fatigue of one contact falls into decline in a month",
        lambda d: _moves_on(d, MATURITY, tired=1.0),
    ),
    "rules.lifecycle.saved": Chance(
        "that an average declining relationship grows again in a month", lambda d: _moves_on(d, DECLINE)
    ),
    "rules.lifecycle.saved_satisfaction": Chance(
        "that a declining relationship with a satisfaction of 1 grows again in a month",
        lambda d: _moves_on(d, DECLINE, satisfaction=1.0),
    ),
    "rules.lifecycle.leave_per_product": Chance(
        _LEAVES.format("an average customer with two products"), lambda d: _own_reasons(d, 2)
    ),
    "rules.lifecycle.leave_satisfaction": Chance(
        _LEAVES.format(_SATISFIED), lambda d: _own_reasons(d, satisfaction=1.0)
    ),
    "rules.lifecycle.leave_idle": Chance(
        _LEAVES.format("an average customer with a month without use"), lambda d: _own_reasons(d, used=2)
    ),
    "rules.lifecycle.renew": Chance(
        "that a customer of average need takes the last product again when it has run off", _renews
    ),
    "rules.lifecycle.renew_need": Chance(
        "that a customer with a need of 1 takes the last product again when it has run off", lambda d: _renews(d, 1.0)
    ),
    "rules.lifecycle.renew_satisfaction": Chance(
        f"that {_SATISFIED} takes the last product again when it has run off", lambda d: _renews(d, satisfaction=1.0)
    ),
    "rules.learning.class_risk": Chance(
        _MISSES.format("an applicant of whom nothing is known"), lambda d: logistic(d.rules.learning.class_risk)
    ),
    "rules.learning.class_risk_sd": Chance(
        _MISSES.format("an applicant one standard deviation riskier than the average"),
        lambda d: logistic(d.rules.learning.class_risk + d.rules.learning.class_risk_sd),
    ),
    "rules.learning.leave_per_product": Chance(
        "that a new customer with two products is believed to leave within a year",
        lambda d: estimation.believed_leaving(0, 2, 0.0, 1, d.rules.learning),
    ),
    "rules.learning.leave_care": Chance(
        "that a new customer with a believed satisfaction of 1 is believed to leave within a year",
        lambda d: estimation.believed_leaving(0, 1, 1.0, 1, d.rules.learning),
    ),
    "rules.learning.leave_idle": Chance(
        "that a new customer with one product and a month without use is believed to leave within a year",
        lambda d: estimation.believed_leaving(0, 1, 0.0, 2, d.rules.learning),
    ),
    "traits.risk_mean": Chance(_MISSES.format("an average borrower"), lambda d: _misses(d, d.traits.risk_mean)),
    "traits.risk_sd": Chance(
        _MISSES.format("a borrower one standard deviation riskier than the average"),
        lambda d: _misses(d, d.traits.risk_mean + d.traits.risk_sd),
    ),
    "rules.choice.noise": Chance(
        "that the better of two offers, 1 of utility apart, is chosen", lambda d: logistic(1.0 / d.rules.choice.noise)
    ),
    "traits.price_sensitivity": Chance(
        "that an offer 10 points dearer than its equal is chosen",
        lambda d: logistic(-10.0 * d.traits.price_sensitivity / d.rules.choice.noise),
    ),
}
"""Parameter -> a probability that it moves. All are of parameters as declared; a market may differ."""
LEVELS = {"market.us.highest_risk": "of missing a payment in a month, above which nothing is lent,"}
"""Settings that are the log-odds of a probability themselves -> of which."""


def step(parameter: str, unit: str, default: object = None) -> dict[str, str]:
    """Return label and text of what a step of a parameter does; nothing for units that speak for themselves.

    `default` is that of a setting which is itself the log-odds of a probability.

    >>> step("rules.choice.search", "log-odds")["a step of +0.5"]
    'turns a probability of 1.4% that an average customer looks around in a month into 2.3% (at the defaults)'
    """
    if not unit.startswith(("log-odds", "utility")) or "^" in unit:
        return {}
    by = LOG_ODDS_STEP if unit.startswith("log-odds") else UTILITY_STEP
    chance = CHANCES.get(parameter)
    if parameter in LEVELS and isinstance(default, float):
        before, after = percent(logistic(default)), percent(logistic(default + by))
        return {f"a step of +{by:g}": f"turns a probability of {before} {LEVELS[parameter]} into {after}"}
    if chance is None:
        told = _anywhere(-by if parameter.endswith(".relief") else by) if by == LOG_ODDS_STEP else _of_a_choice()
        return {f"a step of +{by:g}": _of_service() if "service" in parameter.rpartition(".")[2] else told}
    by = by / 10.0 if unit == "utility/point" else by
    usual = Drawn(Rulebook(), Traits())
    before, after = (percent(chance.at(one)) for one in (usual, _moved(usual, parameter, by)))
    return {f"a step of +{by:g}": f"turns {chance.noun} of {before} {chance.of} into {after} (at the defaults)"}


def _moved(usual: Drawn, parameter: str, by: float) -> Drawn:
    *family, name = parameter.split(".")
    if family == ["traits"]:
        return usual._replace(traits=_plus(usual.traits, name, by))
    return usual._replace(rules=usual.rules._replace(**{family[-1]: _plus(getattr(usual.rules, family[-1]), name, by)}))


def _plus(group: Group, name: str, by: float) -> Group:
    """Return a family of parameters, a named tuple, with one of them moved."""
    moved: Group = methodcaller("_replace", **{name: getattr(group, name) + by})(group)
    return moved


def _anywhere(by: float) -> str:
    told = (f"{percent(p)} into {percent(with_odds_times(p, odds_factor(by)))}" for p in UNKNOWN)
    return f"turns a probability of {', of '.join(told)}"


def _of_a_choice() -> str:
    factor = odds_factor(UTILITY_STEP / Rulebook().choice.noise)
    after = percent(with_odds_times(A_CHOICE, factor))
    return (
        f"multiplies the odds of a choice by {factor:.3f}: one of {percent(A_CHOICE)} becomes {after} (at the defaults)"
    )


def _of_service() -> str:
    rules = Rulebook()
    satisfaction = rules.relationship.surprise * UTILITY_STEP
    stays = rules.choice.satisfaction_weight * satisfaction
    return (
        f"where it is not expected, adds {satisfaction:.2g} to satisfaction in a month, which is worth {stays:.2g} of "
        "utility to stay (at the defaults)"
    )


def percent(p: float) -> str:
    """Write a probability: one decimal, below 1% two digits.

    >>> percent(0.2694), percent(0.00247)
    ('26.9%', '0.25%')
    """
    return f"{100.0 * p:.1f}%" if p >= 0.00995 else f"{100.0 * p:.2g}%"

"""What is true of a customer at the end of a month, and what further years are worth; it writes no person."""

from tenure.agents import checks
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.month.debts import capital_eur, lost_in_default_eur, relieved_risk, want_of
from tenure.agents.month.reading import leaves_yearly, owed_cents, risk_above
from tenure.agents.person import Person
from tenure.agents.rules import credit, estimation
from tenure.agents.rules.rulebook import World
from tenure.agents.truth import Truth, Worth

SHORTEST_PERPETUITY = 0.001
"""Who never leaves is worth at most a thousand years' margin, also where later money is not discounted."""


@rule
def appraise(person: Person, truth: Truth, world: World) -> None:
    """What is true of a customer, for the recording alone: risk, return and quadrant.

    In three steps, so that compiled code can take the second for many people at once.
    """
    past_due, risk, want, above = borrows(person, world)
    miss, pd = credit.default_odds(past_due, risk, want, above, world.now.systematic, world.rules.credit)
    judge(person, miss, pd, truth, world)


@rule
def borrows(person: Person, world: World) -> tuple[int, float, float, float]:
    """What default depends on: missed payments, risk, want of liquidity, and risk above the average."""
    return person.months_past_due, relieved_risk(person), want_of(person, world), risk_above(person, world)


@rule
def judge(person: Person, miss: float, default_per_year: float, truth: Truth, world: World) -> None:
    """Write what is true of a customer with these odds; who owes nothing, and has no line, does not default."""
    truth.risk, truth.default_per_year = person.risk_trait + person.risk_event, 0.0
    if owed_cents(person, world) > 0 or person.months_past_due > 0 or person.line_cents > 0:
        checked(miss, 0.0, 1.0, checks.MISS, person.id, world.fault)
        truth.default_per_year = checked(default_per_year, 0.0, 1.0, checks.DEFAULT, person.id, world.fault)
    truth.margin_per_year = person.margin_per_year
    truth.quadrant = estimation.quadrant_of(truth.default_per_year, truth.margin_per_year, world.splits)


@rule
def value(person: Person, truth: Truth, worth: Worth, world: World) -> None:
    """The closing value of a customer of whom this is true, for the recording alone.

    It discounts expected margin, expected loss and cost of capital of those who stay with the margin multiple
    r / (1 + i - r) (Gupta, Lehmann & Stuart 2004), r the person's own yearly retention.
    """
    stays = (1.0 - leaves_yearly(person, world)) * (1.0 - world.rules.lifecycle.leave_involuntary)
    stays *= (1.0 - world.rules.learning.leave_otherwise) * (1.0 - truth.default_per_year)
    multiple = stays / max(1.0 + world.now.discount - stays, SHORTEST_PERPETUITY)
    worth.future_margin = multiple * truth.margin_per_year
    lost = truth.default_per_year * (1.0 + multiple)
    worth.expected_loss = min(lost, 1.0) * lost_in_default_eur(person, world)
    yearly = capital_eur(person, truth.default_per_year, world) * world.rules.credit.capital_cost
    worth.future_capital_cost = multiple * yearly

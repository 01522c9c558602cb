"""A person's everyday accounts with the provider: products taken, deposits, fees, and what closes or moves them."""

from tenure.agents import checks, ledger
from tenure.agents.belief import NEVER
from tenure.agents.chance import Uniforms
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import receive
from tenure.agents.mathematics.formulas import cents, month_of_interest
from tenure.agents.month.reading import application_score, risk_above, would_lend
from tenure.agents.person import Person
from tenure.agents.rules import accounts, needs, usage
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import Signal

A_YEAR_IN_EUR = 0.12
"""EUR a year that a cent a month is."""


@rule
def take_product(person: Person, k: int, u: float, v: float, world: World) -> bool:
    """Open product k with the provider, if it sells it and, for credit, would lend; returns whether it is open now."""
    offer, product = world.offers[person.provider], world.products[k]
    if offer.sells[k] == 0 or person.held[k] == 1 or person.ending == 1:
        return False
    if product.lends == 1:
        if person.lending_stopped == 1:
            return False
        score = application_score(person, person.provider, world)
        if not would_lend(person, score, offer):
            return False
    open_product(person, k, u, v, world)
    return True


@rule
def open_product(person: Person, k: int, u: float, v: float, world: World) -> None:
    """What a product brings that is granted: its price for risk, a line or a loan; `u` draws the term, `v` the size."""
    offer, product = world.offers[person.provider], world.products[k]
    if product.lends == 1:
        above = application_score(person, person.provider, world) - world.rules.credit.average_risk
        person.premium = accounts.price_for_risk(offer.premium_per_risk, above, world.rules.accounts)
    person.held[k] = 1
    size = accounts.typical_size(product.amount, person.income, world.rules.accounts)
    if product.draws == 1:
        person.line_cents = cents(accounts.granted(size, risk_above(person, world), world.rules.accounts))
        person.first_line_cents = person.line_cents
    elif product.amortises == 1:
        size = accounts.loan_wanted(size, v, world.rules.accounts)
        lent = cents(accounts.granted(size, risk_above(person, world), world.rules.accounts))
        person.months_left[k] = accounts.term_granted(product.shortest_months, product.longest_months, u)
        person.balance_cents[k] += lent
        receive(world.ledger, person.provider, ledger.LOANS, -lent)
        consolidate(person, lent, world)


@rule
def consolidate(person: Person, lent: int, world: World) -> None:
    """A new loan takes share from products held: part of the card debt is repaid with it."""
    for k in range(world.product_count):
        if world.products[k].draws == 1 and person.balance_cents[k] > 0:
            repaid = min(lent, cents(person.balance_cents[k] / 100.0 * world.rules.needs.consolidates))
            person.balance_cents[k] -= repaid
            receive(world.ledger, person.provider, ledger.LOANS, repaid)


@rule
def bank(person: Person, signal: Signal, drawn: Uniforms, world: World) -> None:
    """Everyday banking: take a product one needs, keep deposits, pay fees; the provider pays its servicing."""
    offer, fees, servicing, margins = world.offers[person.provider], 0, 0, 0
    k = person.episode_product
    asks, u, v, active = drawn
    use(person, signal, active, world)
    if k >= 0 and person.held[k] == 0 and person.ending == 0:
        p = needs.takes_by_oneself(person.need[k], person.satisfaction, person.attachment, world.rules.needs)
        if asks < checked(p, 0.0, 1.0, checks.TAKES_SELF, person.id, world.fault):
            take_product(person, k, u, v, world)
    for k in range(world.product_count):
        if person.held[k] == 0:
            continue
        fees += offer.fee_cents[k] + world.products[k].use_fee_cents * signal.used  # merchants pay for use
        signal.paid_cents += offer.fee_cents[k]
        servicing += cents(offer.servicing_cents[k] / 100.0 * person.upkeep)
        if world.products[k].keeps_deposits == 1:
            wanted = 0.0
            if person.ending == 0:
                wanted = accounts.deposit_wanted(
                    world.products[k].amount, person.income, person.depth, world.rules.accounts
                )
            change = cents(world.rules.accounts.deposit_speed * (wanted - person.balance_cents[k] / 100.0))
            change = max(change, -person.balance_cents[k])
            person.balance_cents[k] += change
            receive(world.ledger, person.provider, ledger.DEPOSITS, change)
            margins += month_of_interest(person.balance_cents[k], offer.funding + offer.price[k])
        elif world.products[k].draws == 1:
            spent = person.income * world.rules.activity.spent * person.depth * person.need[k] * signal.used
            fees += cents(spent * world.products[k].interchange)
    receive(world.ledger, person.provider, ledger.FEES, fees)
    receive(world.ledger, person.provider, ledger.SERVICING, -servicing)
    receive(world.ledger, person.provider, ledger.DEPOSIT_MARGIN, margins)
    signal.margin_per_year = (fees - servicing + margins) * A_YEAR_IN_EUR


@rule
def use(person: Person, signal: Signal, u: float, world: World) -> None:
    """Whether the customer uses what is held this month; a reminder prompts it."""
    prompted = signal.taken == 1 and world.effects[signal.treatment].prompts == 1
    p = usage.uses(person.months_since_use, prompted, world.rules.activity)
    if u < checked(p, 0.0, 1.0, checks.USES, person.id, world.fault):
        signal.used, person.months_since_use = 1, 1
    else:
        person.months_since_use = min(NEVER, person.months_since_use + 1)


@rule
def close_accounts(person: Person, world: World) -> None:
    """Whatever is left is paid: debts to the provider, deposits to the person; nothing is held any more."""
    for k in range(world.product_count):
        if world.products[k].lends == 1:
            receive(world.ledger, person.provider, ledger.LOANS, person.balance_cents[k])
        elif world.products[k].keeps_deposits == 1:
            receive(world.ledger, person.provider, ledger.DEPOSITS, -person.balance_cents[k])
        person.balance_cents[k], person.held[k], person.months_left[k] = 0, 0, 0
    person.line_cents, person.first_line_cents, person.premium = 0, 0, 0.0
    person.months_past_due, person.ending, person.margin_per_year = 0, 0, 0.0
    person.reward_switching_cost, person.reward_months = 0.0, 0
    person.price_cut, person.price_cut_months = 0.0, 0


@rule
def move_debts(person: Person, to: int, limit_cents: int, world: World) -> None:
    """The new lender repays the old one up to its limit, product by product; the rest stays owed to the old one."""
    undrawn, left = limit_cents, 0
    for k in range(world.product_count):
        if world.products[k].lends == 0:
            continue
        moved = min(undrawn, person.balance_cents[k]) if world.offers[to].sells[k] == 1 else 0
        receive(world.ledger, person.provider, ledger.LOANS, moved)
        receive(world.ledger, to, ledger.LOANS, -moved)
        undrawn -= moved
        left += person.balance_cents[k] - moved
        person.balance_cents[k] = moved
        person.held[k] = 1 if moved > 0 else 0
        if moved == 0:
            person.months_left[k] = 0
    if left > 0:
        person.owed_before_cents, person.owed_before_to = left, person.provider

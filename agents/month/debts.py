"""A person's debts with the provider: interest, payments, missed ones, what is drawn, charge-off, and capital."""

from tenure.agents import checks, ledger
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import book, receive
from tenure.agents.mathematics.formulas import cents, month_of_interest
from tenure.agents.month.accounts import A_YEAR_IN_EUR
from tenure.agents.month.reading import drawn_cents, owed_cents, risk_above
from tenure.agents.person import CHARGED_OFF, NO_EXIT, NOBODY, Person
from tenure.agents.rules import accounts, capital, credit
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import Signal

MOST_OWED_CENTS = 100_000_000_000
"""Interest that is not paid makes no debt larger than this, so that sums of debts can be counted."""


@rule
def pay_former_lenders(person: Person, world: World) -> None:
    """A debt left with a former lender runs off with interest; a charged-off one is recovered little by little."""
    group = world.rules.accounts
    if person.owed_before_cents > 0:
        interest = month_of_interest(person.owed_before_cents, group.former_price)
        receive(world.ledger, person.owed_before_to, ledger.INTEREST, interest)
        paid = accounts.payment_cents(person.owed_before_cents, group.former_months, group.former_payment)
        receive(world.ledger, person.owed_before_to, ledger.LOANS, paid)
        person.owed_before_cents -= paid
        if person.owed_before_cents == 0:
            person.owed_before_to = NOBODY
    if person.recovery_cents > 0:
        paid = accounts.payment_cents(person.recovery_cents, world.rules.credit.recovery_months, group.recovery_payment)
        receive(world.ledger, person.recovery_to, ledger.RECOVERY, paid)
        person.recovery_cents -= paid


@rule
def borrow_and_repay(person: Person, signal: Signal, u: float, world: World) -> int:
    """Interest, payments, missed payments, charge-off. Returns CHARGED_OFF or NO_EXIT."""
    owed = owed_cents(person, world)
    offer, above = world.offers[person.provider], risk_above(person, world)
    if owed > 0 or person.months_past_due > 0:
        miss = miss_probability(person, owed, world)
        due = credit.months_past_due_next(person.months_past_due, u, miss, above, world.rules.credit)
        missed = due > person.months_past_due
        person.months_past_due = due
        pd = credit.defaults_within_year(due, miss, above, world.rules.credit)
        pd = checked(pd, 0.0, 1.0, checks.DEFAULT, person.id, world.fault)
        charge = capital_eur(person, pd, world) * world.rules.credit.capital_cost / 12.0
        receive(world.ledger, person.provider, ledger.CAPITAL_CHARGE, -cents(charge))
        funding = month_of_interest(owed, offer.funding)
        receive(world.ledger, person.provider, ledger.FUNDING, -funding)
        interest = pay_interest(person, missed, world)
        signal.paid_cents += interest
        signal.margin_per_year += (interest - funding) * A_YEAR_IN_EUR
        if due >= world.rules.credit.charge_off_at:
            charge_off(person, world)
            return CHARGED_OFF
        if not missed:
            repay_principal(person, world)
    if person.months_past_due == 0 and person.line_cents > 0:
        draw_on_line(person, world)
    return NO_EXIT


@rule
def capital_eur(person: Person, default_per_year: float, world: World) -> float:
    """Capital that Basel's formula asks for behind all that the person owes the provider, EUR."""
    total = 0.0
    for k in range(world.product_count):
        product = world.products[k]
        if product.lends == 1 and person.balance_cents[k] > 0:
            share = capital.capital_share(
                default_per_year,
                product.loss_given_default,
                product.exposure,
                product.basel_correlation,
                world.rules.credit,
            )
            total += person.balance_cents[k] / 100.0 * checked(share, 0.0, 1.0, checks.CAPITAL, person.id, world.fault)
    return total


@rule
def lost_in_default_eur(person: Person, world: World) -> float:
    """What a default would lose of all that the person owes the provider, before recoveries are paid, EUR."""
    total = 0.0
    for k in range(world.product_count):
        if world.products[k].lends == 1:
            total += world.products[k].loss_given_default * person.balance_cents[k] / 100.0
    return total


@rule
def miss_probability(person: Person, owed: int, world: World) -> float:
    """The person's own probability of missing a payment this month."""
    risk, utilisation, debt = what_misses_depend_on(person, owed, world)
    p = credit.misses_payment(risk, utilisation, debt, world.now.systematic, world.rules.credit)
    return checked(p, 0.0, 1.0, checks.MISS, person.id, world.fault)


@rule
def what_misses_depend_on(person: Person, owed: int, world: World) -> tuple[float, float, float]:
    """Risk as the provider's help leaves it, utilisation, and debts in years of income."""
    utilisation = credit.utilisation_of(drawn_cents(person, world), person.line_cents, world.rules.credit)
    debt = credit.debt_to_income(owed, person.income, world.rules.credit)
    return person.risk_trait + person.risk_event - person.relief, utilisation, debt


@rule
def pay_interest(person: Person, missed: bool, world: World) -> int:
    """Interest of the month: paid in cash, or added to what is owed by who misses the payment. Returns cents."""
    total, offer = 0, world.offers[person.provider]
    for k in range(world.product_count):
        if world.products[k].lends == 1 and person.balance_cents[k] > 0:
            rate = max(0.0, offer.price[k] + person.premium - person.price_cut)
            interest = month_of_interest(person.balance_cents[k], rate)
            if missed:
                interest = max(0, min(interest, MOST_OWED_CENTS - person.balance_cents[k]))
            total += interest
            if missed:
                person.balance_cents[k] += interest
                book(world.ledger, person.provider, ledger.LOANS, ledger.INTEREST, interest)
            else:
                receive(world.ledger, person.provider, ledger.INTEREST, interest)
    return total


@rule
def repay_principal(person: Person, world: World) -> None:
    """Level principal of instalment products; a product paid back is no longer held."""
    for k in range(world.product_count):
        if world.products[k].amortises == 1 and person.held[k] == 1:
            receive(world.ledger, person.provider, ledger.LOANS, pay_level(person, k))
            if person.balance_cents[k] == 0:
                person.held[k], person.months_left[k] = 0, 0


@rule
def pay_level(person: Person, k: int) -> int:
    """A month's level principal of an instalment product, cents; the last payment is all that is left."""
    paid = person.balance_cents[k]
    if person.months_left[k] > 1:
        paid = person.balance_cents[k] // person.months_left[k]
    person.months_left[k] = max(0, person.months_left[k] - 1)
    person.balance_cents[k] -= paid
    return paid


@rule
def draw_on_line(person: Person, world: World) -> None:
    """The card balance moves toward what the person wants drawn; a relationship being ended runs off."""
    runs_off = person.ending == 1 or person.lending_stopped == 1
    for k in range(world.product_count):
        if world.products[k].draws == 0 or person.held[k] == 0:
            continue
        wanted = 0.0 if runs_off else wanted_on_line(person, k, world)
        change = cents(world.rules.credit.draw_speed * (wanted - person.balance_cents[k] / 100.0))
        if runs_off:
            change = min(change, -cents(world.rules.accounts.run_off_payment))
        change = max(change, -person.balance_cents[k])
        person.balance_cents[k] += change
        receive(world.ledger, person.provider, ledger.LOANS, -change)


@rule
def wanted_on_line(person: Person, k: int, world: World) -> float:
    """What the person wants drawn on the line, EUR: by need, income, price, and the line that counts."""
    line, first_line = person.line_cents / 100.0, person.first_line_cents / 100.0
    price = world.offers[person.provider].price[k] + person.premium - person.price_cut
    spread = accounts.income_sds(person.income, world.rules.accounts)
    share = checked(
        credit.target_utilisation(person.need[k], spread, price, world.rules.credit),
        0.0,
        1.0,
        checks.UTILISATION,
        person.id,
        world.fault,
    )
    counts = checked(
        credit.line_that_counts(line, first_line, risk_above(person, world), world.rules.credit),
        0.0,
        checks.MOST_MONEY,
        checks.LINE,
        person.id,
        world.fault,
    )
    return min(line, share * counts)


@rule
def charge_off(person: Person, world: World) -> None:
    """What is owed is lost; a part is recovered later. Deposits are set free first."""
    recovered = 0
    for k in range(world.product_count):
        if world.products[k].lends == 1 and person.balance_cents[k] > 0:
            recovered += cents(person.balance_cents[k] / 100.0 * (1.0 - world.products[k].loss_given_default))
            book(world.ledger, person.provider, ledger.CREDIT_LOSS, ledger.LOANS, person.balance_cents[k])
            person.balance_cents[k] = 0
    person.recovery_cents, person.recovery_to = recovered, person.provider
    person.barred_months = world.rules.credit.barred_months

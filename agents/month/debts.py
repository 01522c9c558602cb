"""A person's debts with the provider: interest, payments, missed ones, what is drawn, charge-off, and capital."""

from tenure.agents import checks, ledger
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import book, receive
from tenure.agents.mathematics.formulas import cents, month_of_interest
from tenure.agents.month.accounts import A_YEAR_IN_EUR
from tenure.agents.month.reading import due_cents, owed_cents, risk_above
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
    borrows, has_line = owed > 0 or person.months_past_due > 0, person.line_cents > 0
    want = want_of(person, world) if borrows or has_line else 0.0
    miss = miss_probability(person, want, world) if borrows or has_line else 0.0
    if borrows:
        due = credit.months_past_due_next(person.months_past_due, u, miss, above, person.relief, world.rules.credit)
        missed = due > person.months_past_due
        person.months_past_due = due
        keep_plan(person, missed)
        charge_capital(person, miss, above, world)
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
    elif has_line:
        charge_capital(person, miss, above, world)
    if has_line and person.months_past_due <= world.rules.credit.draws_until:
        draw_on_line(person, want, world)
    return NO_EXIT


@rule
def keep_plan(person: Person, missed: bool) -> None:
    """A missed payment breaks a plan of payments; enough payments in a row, and the debts count as current again."""
    if missed:
        person.relief, person.payments_to_reage = 0.0, 0
    elif person.payments_to_reage > 0:
        person.payments_to_reage -= 1
        if person.payments_to_reage == 0:
            person.months_past_due = 0


@rule
def charge_capital(person: Person, miss: float, above: float, world: World) -> None:
    """The month's cost of the capital behind what the person owes and may draw."""
    pd = credit.defaults_within_year(person.months_past_due, miss, above, world.rules.credit)
    pd = checked(pd, 0.0, 1.0, checks.DEFAULT, person.id, world.fault)
    charge = capital_eur(person, pd, world) * world.rules.credit.capital_cost / 12.0
    receive(world.ledger, person.provider, ledger.CAPITAL_CHARGE, -cents(charge))


@rule
def capital_eur(person: Person, default_per_year: float, world: World) -> float:
    """Capital that Basel's formula asks for behind all that the person owes the provider or may draw, EUR."""
    total, drawn, lines = 0.0, 0, 0
    for k in range(world.product_count):
        if world.products[k].draws == 1 and person.held[k] == 1:
            drawn, lines = drawn + person.balance_cents[k], lines + 1
    for k in range(world.product_count):
        product = world.products[k]
        behind = person.balance_cents[k] / 100.0
        if product.draws == 1 and person.held[k] == 1:
            behind += credit.counts_of_undrawn((person.line_cents - drawn) / 100.0, lines, world.rules.credit)
        if product.lends == 1 and behind > 0.0:
            share = capital.capital_share(
                default_per_year,
                product.loss_given_default,
                product.exposure,
                product.basel_correlation,
                world.rules.credit,
            )
            total += behind * checked(share, 0.0, 1.0, checks.CAPITAL, person.id, world.fault)
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
def miss_probability(person: Person, want: float, world: World) -> float:
    """The person's own probability of missing a payment this month."""
    p = credit.misses_payment(relieved_risk(person), want, world.now.systematic, world.rules.credit)
    return checked(p, 0.0, 1.0, checks.MISS, person.id, world.fault)


@rule
def relieved_risk(person: Person) -> float:
    """Risk as the provider's help leaves it, log-odds of missing a payment."""
    return person.risk_trait + person.risk_event - person.relief


@rule
def want_of(person: Person, world: World) -> float:
    """The person's want of liquidity."""
    service = credit.payments_over_income(due_cents(person, world), person.income, world.rules.credit)
    return credit.want_of_liquidity(person.risk_event, 0.0, service, world.now.systematic, world.rules.credit)


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
def draw_on_line(person: Person, want: float, world: World) -> None:
    """The card balance moves toward what the person wants drawn; a relationship being ended runs off.

    Who is past due pays nothing back; want of liquidity draws more, and faster.
    """
    runs_off = person.ending == 1 or person.lending_stopped == 1
    for_want = 0.0 if runs_off else credit.drawn_for_want(want, person.months_past_due, world.rules.credit)
    speed = credit.moves_to_wanted(for_want, world.rules.credit)
    for k in range(world.product_count):
        if world.products[k].draws == 0 or person.held[k] == 0:
            continue
        wanted = 0.0 if runs_off else wanted_on_line(person, k, for_want, world)
        change = cents(speed * (wanted - person.balance_cents[k] / 100.0))
        if runs_off:
            change = min(change, -cents(world.rules.accounts.run_off_payment))
        change = max(change, 0 if person.months_past_due > 0 else -person.balance_cents[k])
        person.balance_cents[k] += change
        receive(world.ledger, person.provider, ledger.LOANS, -change)


@rule
def wanted_on_line(person: Person, k: int, for_want: float, world: World) -> float:
    """What the person wants drawn on the line, EUR: by need, income, price, the line that counts; and for want."""
    line, first_line = person.line_cents / 100.0, person.first_line_cents / 100.0
    price = world.offers[person.provider].price[k] + person.premium - person.price_cut
    spread = accounts.income_sds(person.income, world.rules.accounts)
    share = checked(
        credit.target_utilisation(
            person.need[k], spread, world.rules.needs.draw_coming * person.risk_coming, price, world.rules.credit
        ),
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
    usual = min(line, share * counts)
    return usual + for_want * (line - usual)


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

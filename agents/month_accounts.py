"""The money part of a person's month: accounts with the provider. With `month.py` alone, it writes a person."""

import math

from agents import activity, chance, checks, credit, learning, lifecycle, market, needs
from agents.belief import Signal, Truth
from agents.chance import draw4
from agents.checks import checked
from agents.declaring import rule
from agents.formulas import between, cents, normal_quantile
from agents.learning import Splits
from agents.market import DEPOSIT, INSTALMENT, REVOLVING, Offer, book, receive
from agents.person import CHARGED_OFF, NO_EXIT, NOBODY, Person
from agents.rulebook import World

MEDIAN_INCOME = 3300.0
"""EUR a month; product amounts are quoted for this income (assumption)."""
SHORTEST_PERPETUITY = 0.001
"""Who never leaves is worth at most a thousand years' margin, also where later money is not discounted."""
MOST_OWED_CENTS = 100_000_000_000
"""Interest that is not paid makes no debt larger than this, so that sums of debts can be counted."""
LONG_AGO = 999
"""Months after which the last use is not counted back any further."""


@rule
def luck(person: int, decision: int, world: World) -> tuple[float, float, float, float]:
    """Four uniforms of this person, month and decision."""
    return draw4(world.now.seed, world.now.replication, person, world.now.month, decision)


@rule
def held_products(person: Person) -> int:
    """Number of products held with the provider."""
    held = 0
    for k in range(len(person.held)):
        held += person.held[k]
    return held


@rule
def owed_cents(person: Person, world: World) -> int:
    """Credit balance with the provider."""
    owed = 0
    for k in range(world.goods):
        if world.products[k].kind == INSTALMENT or world.products[k].kind == REVOLVING:
            owed += person.balance_cents[k]
    return owed


@rule
def drawn_cents(person: Person, world: World) -> int:
    """Revolving balance with the provider."""
    drawn = 0
    for k in range(world.goods):
        if world.products[k].kind == REVOLVING:
            drawn += person.balance_cents[k]
    return drawn


@rule
def is_credit(k: int, world: World) -> bool:
    """Whether product k lends money."""
    return k >= 0 and (world.products[k].kind == INSTALMENT or world.products[k].kind == REVOLVING)


@rule
def risk_above(person: Person, world: World) -> float:
    """The person's risk, log-odds above the average."""
    return person.risk_trait + person.risk_event - world.rules.credit.average_risk


@rule
def application_score(person: Person, institution: int, world: World) -> float:
    """What the institution's scorecard reads: true risk and an error of its own."""
    u, _, _, _ = luck(person.id, (chance.APPLICATION << 25) | world.offers[institution].word, world)
    return person.risk_trait + person.risk_event + world.offers[institution].score_noise * normal_quantile(u)


@rule
def would_lend(person: Person, score: float, offer: Offer) -> bool:
    """Underwriting: not past due, not barred, not above the highest accepted risk."""
    return person.months_past_due == 0 and person.barred_months == 0 and score <= offer.highest_risk


@rule
def take_product(person: Person, k: int, u: float, v: float, world: World) -> bool:
    """Open product k with the provider, if it sells it and, for credit, would lend; returns whether it is open now."""
    offer, product = world.offers[person.provider], world.products[k]
    if offer.sells[k] == 0 or person.held[k] == 1 or person.ending == 1:
        return False
    if is_credit(k, world):
        if person.lending_stopped == 1:
            return False
        score = application_score(person, person.provider, world)
        if not would_lend(person, score, offer):
            return False
        person.premium = offer.premium_per_risk * between(score - world.rules.credit.average_risk, 0.0, 6.0)
    person.held[k] = 1
    size = product.amount * between(person.income / MEDIAN_INCOME, 0.3, 3.0)
    if product.kind == REVOLVING:
        weaker = between(1.0 - 0.25 * risk_above(person, world), 0.3, 1.5)
        person.line_cents = cents(size * weaker)
        person.first_line_cents = person.line_cents
    elif product.kind == INSTALMENT:
        lent = cents(size * (0.5 + v))
        person.months_left[k] = product.shortest_months + int(
            u * (product.longest_months - product.shortest_months + 1)
        )
        person.balance_cents[k] += lent
        receive(world.ledger, person.provider, market.LOANS, -lent)
        consolidate(person, lent, world)
    return True


@rule
def consolidate(person: Person, lent: int, world: World) -> None:
    """A new loan takes share from products held: part of the card debt is repaid with it."""
    for k in range(world.goods):
        if world.products[k].kind == REVOLVING and person.balance_cents[k] > 0:
            repaid = min(lent, cents(person.balance_cents[k] / 100.0 * world.rules.needs.consolidates))
            person.balance_cents[k] -= repaid
            receive(world.ledger, person.provider, market.LOANS, repaid)


@rule
def pay_former_lenders(person: Person, world: World) -> None:
    """A debt left with a former lender runs off with interest; a charged-off one is recovered little by little."""
    if person.owed_before_cents > 0:
        interest = cents(person.owed_before_cents / 100.0 * world.rules.credit.usual_price / 1200.0)
        receive(world.ledger, person.owed_before_to, market.INTEREST, interest)
        paid = min(person.owed_before_cents, max(2000, person.owed_before_cents // 12))
        receive(world.ledger, person.owed_before_to, market.LOANS, paid)
        person.owed_before_cents -= paid
        if person.owed_before_cents == 0:
            person.owed_before_to = NOBODY
    if person.recovery_cents > 0:
        paid = min(person.recovery_cents, max(500, person.recovery_cents // world.rules.credit.recovery_months))
        receive(world.ledger, person.recovery_to, market.RECOVERY, paid)
        person.recovery_cents -= paid


@rule
def bank(person: Person, signal: Signal, world: World) -> None:
    """Everyday banking: take a product one needs, keep deposits, pay fees; the provider pays its servicing."""
    offer, fees, servicing, margins = world.offers[person.provider], 0, 0, 0
    k = person.episode_product
    asks, u, v, active = luck(person.id, chance.USE << 25, world)
    use(person, signal, active, world)
    if k >= 0 and person.held[k] == 0 and person.ending == 0:
        p = needs.takes_by_oneself(person.need[k], person.satisfaction, world.rules.needs)
        if asks < checked(p, 0.0, 1.0, checks.TAKES_SELF, person.id, world.fault):
            take_product(person, k, u, v, world)
    for k in range(world.goods):
        if person.held[k] == 0:
            continue
        fees += offer.fee_cents[k] + world.products[k].use_fee_cents * signal.used  # merchants pay for use
        signal.paid_cents += offer.fee_cents[k]
        servicing += offer.servicing_cents[k]
        if world.products[k].kind == DEPOSIT:
            wanted = (
                0.0
                if person.ending == 1
                else world.products[k].amount * person.income / MEDIAN_INCOME * 2.0 * person.depth
            )
            change = cents(0.1 * (wanted - person.balance_cents[k] / 100.0))
            change = max(change, -person.balance_cents[k])
            person.balance_cents[k] += change
            receive(world.ledger, person.provider, market.DEPOSITS, change)
            margins += cents(person.balance_cents[k] / 100.0 * (offer.funding + offer.price[k]) / 1200.0)
        elif world.products[k].kind == REVOLVING:
            spent = person.income * world.rules.activity.spent * person.depth * person.need[k] * signal.used
            fees += cents(spent * world.products[k].interchange)
    receive(world.ledger, person.provider, market.FEES, fees)
    receive(world.ledger, person.provider, market.SERVICING, -servicing)
    receive(world.ledger, person.provider, market.DEPOSIT_MARGIN, margins)
    signal.margin_per_year = (fees - servicing + margins) * 0.12


@rule
def use(person: Person, signal: Signal, u: float, world: World) -> None:
    """Whether the customer uses what is held this month; a reminder prompts it."""
    prompted = signal.taken == 1 and world.effects[signal.treatment].prompts == 1
    p = activity.uses(person.months_since_use, prompted, world.rules.activity)
    if u < checked(p, 0.0, 1.0, checks.USES, person.id, world.fault):
        signal.used, person.months_since_use = 1, 1
    else:
        person.months_since_use = min(LONG_AGO, person.months_since_use + 1)


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
        share = credit.capital_share(
            checked(pd, 0.0, 1.0, checks.DEFAULT, person.id, world.fault), 0.85, world.rules.credit
        )
        share = checked(share, 0.0, 1.0, checks.CAPITAL, person.id, world.fault)
        receive(
            world.ledger,
            person.provider,
            market.CAPITAL_CHARGE,
            -cents(owed / 100.0 * share * world.rules.credit.capital_cost / 12.0),
        )
        funding = cents(owed / 100.0 * offer.funding / 1200.0)
        receive(world.ledger, person.provider, market.FUNDING, -funding)
        interest = pay_interest(person, missed, world)
        signal.paid_cents += interest
        signal.margin_per_year += (interest - funding) * 0.12
        if due >= world.rules.credit.charge_off_at:
            charge_off(person, world)
            return CHARGED_OFF
        if not missed:
            repay_principal(person, world)
    if person.months_past_due == 0 and person.line_cents > 0:
        draw_on_line(person, world)
    return NO_EXIT


@rule
def miss_probability(person: Person, owed: int, world: World) -> float:
    """The person's own probability of missing a payment this month."""
    utilisation = 0.4
    if person.line_cents > 0:
        utilisation = between(drawn_cents(person, world) / person.line_cents, 0.0, 1.5)
    debt = between(owed / 100.0 / (12.0 * person.income), 0.0, 5.0)
    risk = person.risk_trait + person.risk_event - person.relief
    p = credit.misses_payment(risk, utilisation, debt, world.now.systematic, world.rules.credit)
    return checked(p, 0.0, 1.0, checks.MISS, person.id, world.fault)


@rule
def pay_interest(person: Person, missed: bool, world: World) -> int:
    """Interest of the month: paid in cash, or added to what is owed by who misses the payment. Returns cents."""
    total, offer = 0, world.offers[person.provider]
    for k in range(world.goods):
        if is_credit(k, world) and person.balance_cents[k] > 0:
            rate = max(0.0, offer.price[k] + person.premium - person.price_cut)
            interest = cents(person.balance_cents[k] / 100.0 * rate / 1200.0)
            if missed:
                interest = max(0, min(interest, MOST_OWED_CENTS - person.balance_cents[k]))
            total += interest
            if missed:
                person.balance_cents[k] += interest
                book(world.ledger, person.provider, market.LOANS, market.INTEREST, interest)
            else:
                receive(world.ledger, person.provider, market.INTEREST, interest)
    return total


@rule
def repay_principal(person: Person, world: World) -> None:
    """Level principal of instalment products; a product paid back is no longer held."""
    for k in range(world.goods):
        if world.products[k].kind == INSTALMENT and person.held[k] == 1:
            paid = person.balance_cents[k]
            if person.months_left[k] > 1:
                paid = person.balance_cents[k] // person.months_left[k]
            person.months_left[k] = max(0, person.months_left[k] - 1)
            person.balance_cents[k] -= paid
            receive(world.ledger, person.provider, market.LOANS, paid)
            if person.balance_cents[k] == 0:
                person.held[k], person.months_left[k] = 0, 0


@rule
def draw_on_line(person: Person, world: World) -> None:
    """The card balance moves toward what the person wants drawn; a relationship being ended runs off."""
    line = person.line_cents / 100.0
    first_line = person.first_line_cents / 100.0
    for k in range(world.goods):
        if world.products[k].kind != REVOLVING or person.held[k] == 0:
            continue
        price = max(0.1, world.offers[person.provider].price[k] + person.premium - person.price_cut)
        spread = math.log(person.income / MEDIAN_INCOME) / 0.6
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
        runs_off = person.ending == 1 or person.lending_stopped == 1
        wanted = 0.0 if runs_off else min(line, share * counts)
        change = cents(world.rules.credit.draw_speed * (wanted - person.balance_cents[k] / 100.0))
        if runs_off:
            change = min(change, -2500)
        change = max(change, -person.balance_cents[k])
        person.balance_cents[k] += change
        receive(world.ledger, person.provider, market.LOANS, -change)


@rule
def charge_off(person: Person, world: World) -> None:
    """What is owed is lost; a part is recovered later. Deposits are set free first."""
    recovered = 0
    for k in range(world.goods):
        if is_credit(k, world) and person.balance_cents[k] > 0:
            recovered += cents(person.balance_cents[k] / 100.0 * (1.0 - world.products[k].loss_given_default))
            book(world.ledger, person.provider, market.CREDIT_LOSS, market.LOANS, person.balance_cents[k])
            person.balance_cents[k] = 0
    person.recovery_cents, person.recovery_to = recovered, person.provider
    person.barred_months = world.rules.credit.barred_months


@rule
def close_accounts(person: Person, world: World) -> None:
    """Whatever is left is paid: debts to the provider, deposits to the person; nothing is held any more."""
    for k in range(world.goods):
        if is_credit(k, world):
            receive(world.ledger, person.provider, market.LOANS, person.balance_cents[k])
        else:
            receive(world.ledger, person.provider, market.DEPOSITS, -person.balance_cents[k])
        person.balance_cents[k], person.held[k], person.months_left[k] = 0, 0, 0
    person.line_cents, person.first_line_cents, person.premium = 0, 0, 0.0
    person.months_past_due, person.ending, person.margin_per_year = 0, 0, 0.0
    person.reward_switching_cost, person.reward_months = 0.0, 0
    person.price_cut, person.price_cut_months = 0.0, 0


@rule
def move_debts(person: Person, to: int, limit_cents: int, world: World) -> None:
    """The new lender repays the old one up to its limit, product by product; the rest stays owed to the old one."""
    room, left = limit_cents, 0
    for k in range(world.goods):
        if not is_credit(k, world):
            continue
        moved = min(room, person.balance_cents[k]) if world.offers[to].sells[k] == 1 else 0
        receive(world.ledger, person.provider, market.LOANS, moved)
        receive(world.ledger, to, market.LOANS, -moved)
        room -= moved
        left += person.balance_cents[k] - moved
        person.balance_cents[k] = moved
        person.held[k] = 1 if moved > 0 else 0
        if moved == 0:
            person.months_left[k] = 0
    if left > 0:
        person.owed_before_cents, person.owed_before_to = left, person.provider


@rule
def appraise(person: Person, truth: Truth, splits: Splits, world: World) -> None:
    """What is true of a customer, for the recording alone: risk, return, quadrant, and the closing value.

    The closing value discounts expected margin and expected loss of those who stay with the margin multiple
    r / (1 + i - r) (Gupta, Lehmann & Stuart 2004), r the person's own yearly retention.
    """
    owed = owed_cents(person, world)
    miss = miss_probability(person, owed, world)
    truth.risk, truth.default_per_year = person.risk_trait + person.risk_event, 0.0
    if owed > 0 or person.months_past_due > 0:
        pd = credit.defaults_within_year(person.months_past_due, miss, risk_above(person, world), world.rules.credit)
        truth.default_per_year = checked(pd, 0.0, 1.0, checks.DEFAULT, person.id, world.fault)
    truth.margin_per_year = person.margin_per_year
    truth.quadrant = learning.quadrant_of(truth.default_per_year, truth.margin_per_year, splits)
    leaves = lifecycle.leaves_for_own_reasons(
        person.leave_per_year, held_products(person), False, world.rules.lifecycle
    )
    stays = math.pow(1.0 - leaves, 12.0) * (1.0 - world.rules.learning.leave_otherwise) * (1.0 - truth.default_per_year)
    multiple = stays / max(1.0 + world.now.discount - stays, SHORTEST_PERPETUITY)
    truth.future_margin = multiple * truth.margin_per_year
    lost = truth.default_per_year * (1.0 + multiple)
    truth.expected_loss = min(lost, 1.0) * 0.85 * owed / 100.0

"""The end of a person's month: leave, or compare offers and choose. With `month.py`, it writes a person."""

from tenure.agents import chance, checks, ledger
from tenure.agents.chance import Uniforms, decision, draw4
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import receive
from tenure.agents.mathematics.formulas import between, cents, normal_quantile
from tenure.agents.month.accounts import close_accounts, move_debts, take_product
from tenure.agents.month.reading import (
    application_score,
    held_products,
    leaves_yearly,
    looks_for_offers,
    luck,
    owed_cents,
    risk_above,
    would_lend,
)
from tenure.agents.offer import LOOKING, Offer
from tenure.agents.person import (
    ACQUISITION,
    DECLINE,
    ENDED,
    GONE,
    INVOLUNTARY,
    NO_EXIT,
    NOBODY,
    OWN_REASONS,
    POACHED,
    SETTLED,
    Person,
)
from tenure.agents.rules import accounts, choice, lifecycle, needs, relationship
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND, Signal


@rule
def leave_or_choose(person: Person, signal: Signal, cause: int, looks: float, drawn: Uniforms, world: World) -> None:
    """One uniform decides among the exits, in order: ended, charged off, settled, involuntary, own reasons, poached."""
    u, v, w, x = drawn
    if person.provider > NOBODY:
        if cause == NO_EXIT and person.ending == 1 and owed_cents(person, world) == 0:
            cause = ENDED
        if cause == NO_EXIT and held_products(person) == 0 and not renewed(person, v, w, x, world):
            cause = SETTLED
        if cause == NO_EXIT and lifecycle.leaves_now(
            u, leaves_yearly(person, world), gone_monthly(person, world), world.rules.lifecycle
        ):
            cause = INVOLUNTARY if lifecycle.leaves_involuntarily(u, world.rules.lifecycle) else OWN_REASONS
        if cause != NO_EXIT:
            leave(person, signal, cause, GONE if cause in (INVOLUNTARY, OWN_REASONS) else NOBODY, world)
            return
    compare_and_choose(person, signal, looks, u, world)


@rule
def leave(person: Person, signal: Signal, cause: int, to: int, world: World) -> None:
    """The relationship ends, whatever is left is paid; the person is without provider, or gone for good."""
    signal.cause = cause
    close_accounts(person, world)
    enter(person, to, world)


@rule
def gone_monthly(person: Person, world: World) -> float:
    """What decline adds: the probability a month of going without a reason."""
    p = world.rules.lifecycle.decline_gone if person.stage == DECLINE else 0.0
    return checked(p, 0.0, 1.0, checks.LEAVES, person.id, world.fault)


@rule
def left_of(u: float, person: Person, world: World) -> float:
    """The uniform that is left of one by which a customer stayed: again between 0 and 1, for the choice."""
    p = lifecycle.leaves_for_own_reasons(
        leaves_yearly(person, world), gone_monthly(person, world), world.rules.lifecycle
    )
    return between((u - p) / (1.0 - p), 0.0, 1.0)


@rule
def renewed(person: Person, u: float, v: float, w: float, world: World) -> bool:
    """Whether a customer whose last product has run off takes one again."""
    k = first_product(person, person.provider, v, world)
    if k < 0 or person.ending == 1 or person.let_go == 1:
        return False
    p = lifecycle.renews(person.need[k], person.satisfaction, world.rules.lifecycle)
    if u >= checked(p, 0.0, 1.0, checks.RENEWS, person.id, world.fault):
        return False
    return take_product(person, k, v, w, world)


@rule
def first_product(person: Person, institution: int, u: float, world: World) -> int:
    """Which product opens a relationship: drawn by need, an acute one weighs more; -1 if none is possible."""
    total = 0.0
    for k in range(world.product_count):
        total += product_weight(person, k, world.offers[institution], world)
    target = u * total
    for k in range(world.product_count):
        weight = product_weight(person, k, world.offers[institution], world)
        if weight > 0.0:
            target -= weight
            if target < 0.0:
                return k
    return -1


@rule
def product_weight(person: Person, k: int, offer: Offer, world: World) -> float:
    """Need of a product that the institution sells and the person may have."""
    if offer.sells[k] == 0 or (world.products[k].lends == 1 and person.barred_months > 0):
        return 0.0
    return person.need[k] * (world.rules.needs.acute if person.episode_product == k else 1.0)


@rule
def compare_and_choose(person: Person, signal: Signal, looks: float, u: float, world: World) -> None:
    """A person compares the offers considered, and having no provider; the chosen institution may refuse."""
    here = person.provider
    if person.loyal_to == here and here > NOBODY:
        return
    searches = looks < looks_for_offers(person, world)
    others = 0
    for j in range(1, world.institutions):
        if searches and world.offers[j].visible == 1:
            world.considered[j] = 1
            signal.met |= 1 << j
        if j != here and world.considered[j] == 1:
            others += 1
    if others == 0 and (here == NOBODY or not searches):
        return
    if person.owed_before_cents > 0 or person.months_past_due > 0:
        return
    if here > NOBODY:
        u = left_of(u, person, world)
    world.considered[here], world.considered[NOBODY] = 1, 1
    for j in range(world.institutions):
        if world.considered[j] == 1:
            world.utilities[j] = checked(
                utility_of(person, j, world), -checks.FAR, checks.FAR, checks.UTILITY, person.id, world.fault
            )
    total = choice.weigh(world.utilities, world.considered, world.institutions, world.rules.choice)
    chosen = choice.pick(world.utilities, total, world.institutions, u)
    if chosen != here and chosen > NOBODY:
        join(person, signal, chosen, searches, world)
    elif chosen != here:
        leave(person, signal, OWN_REASONS, NOBODY, world)


@rule
def utility_of(person: Person, j: int, world: World) -> float:
    """Utility of institution j's offer to this person, bond or ease of joining included."""
    if j == NOBODY:
        return world.rules.choice.nobody
    offer, here = world.offers[j], j == person.provider
    u, _, _, _ = draw4(
        world.now.seed, world.now.replication, person.id, chance.LASTING, decision(chance.TASTE, offer.word, 0)
    )
    premium = person.premium - person.price_cut
    if not here:
        premium = accounts.price_for_risk(offer.premium_per_risk, risk_above(person, world), world.rules.accounts)
        if person.provider > NOBODY:
            premium -= choice.off_first_year(offer.poaching_points, offer.poaching_months)
    price = choice.yearly_price(person.need, offer.sells, offer.price, premium, world.product_count, world.products)
    value = choice.utility(
        offer.quality,
        needs.fit_to_need(person.need, offer.sells, world.product_count),
        price,
        world.rules.choice.taste_sd * normal_quantile(u),
        needs.minds_price(person.price_sensitivity, person.risk_coming, world.rules.needs),
        world.rules.choice,
    )
    if not here:
        drawn = 0.0
        if person.provider > NOBODY and offer.poaching_cents > 0:
            drawn = relationship.draw_of_money(offer.poaching_cents / 100.0, world.rules.relationship)
        return value + offer.ease + world.invitation[j] + world.rules.needs.join_coming * person.risk_coming + drawn
    switching = max(0.0, world.now.switching_cost + person.inertia) + person.reward_switching_cost
    return value + choice.bond(person.satisfaction, switching, held_products(person), world.rules.choice)


@rule
def join(person: Person, signal: Signal, j: int, searched: bool, world: World) -> None:
    """The person becomes j's customer, if j accepts: debts are refinanced, deposits withdrawn, a product opened."""
    old, offer = person.provider, world.offers[j]
    score = application_score(person, j, world)
    _, pick_product, term, size = luck(person.id, chance.CHOICE, world)
    k = first_product(person, j, pick_product, world)
    owed = owed_cents(person, world) if old > NOBODY else 0
    if k < 0 or ((world.products[k].lends == 1 or owed > 0) and not would_lend(person, score, offer)):
        return
    cause, tally_source = (POACHED if old > NOBODY else NO_EXIT), world.contacted[j]
    if world.welcome_cents[j] > 0:
        receive(world.ledger, j, ledger.TREATMENT, -world.welcome_cents[j])
    if tally_source == 0 or (searched and tally_source != INVITED and not shown_to_who_looks(tally_source, world)):
        tally_source = LOOKED_AROUND
    if tally_source >= BY_CHANNEL:
        receive(world.ledger, j, ledger.ACQUISITION_COST, -world.channels[tally_source - BY_CHANNEL].joiner_cents)
    if owed > 0:
        limit = cents(accounts.refinancing_limit(person.income, risk_above(person, world), world.rules.accounts))
        keep_line = person.line_cents
        move_debts(person, j, limit, world)
        for m in range(world.product_count):
            if world.products[m].lends == 0:
                receive(world.ledger, old, ledger.DEPOSITS, -person.balance_cents[m])
                person.balance_cents[m], person.held[m] = 0, 0
        person.line_cents = keep_line
    elif old > NOBODY:
        close_accounts(person, world)
    enter(person, j, world)
    person.premium = accounts.price_for_risk(
        offer.premium_per_risk, score - world.rules.credit.average_risk, world.rules.accounts
    )
    settle_line(person, world)
    take_product(person, k, term, size, world)
    if old > NOBODY:
        take_poaching_offer(person, offer, world)
    signal.joined, signal.source, signal.cause = 1, tally_source, cause


@rule
def take_poaching_offer(person: Person, offer: Offer, world: World) -> None:
    """What the new provider has promised to those who come from another: a price for some months, money at once."""
    if offer.poaching_points > 0.0:
        person.price_cut, person.price_cut_months = offer.poaching_points, offer.poaching_months + 1  # from next month
    if offer.poaching_cents > 0:
        receive(world.ledger, person.provider, ledger.TREATMENT, -offer.poaching_cents)


@rule
def shown_to_who_looks(source: int, world: World) -> bool:
    """Whether one came by a channel that is there for those who look around, such as a comparison site."""
    return source >= BY_CHANNEL and world.channels[source - BY_CHANNEL].audience == LOOKING


@rule
def settle_line(person: Person, world: World) -> None:
    """A refinanced card has a line at least as large as its balance; without a card there is no line."""
    drawn, has_card = 0, False
    for k in range(world.product_count):
        if world.products[k].draws == 1 and person.held[k] == 1:
            drawn, has_card = drawn + person.balance_cents[k], True
        elif world.products[k].amortises == 1 and person.held[k] == 1:
            person.months_left[k] = max(world.rules.accounts.refinance_months, person.months_left[k])
    person.line_cents = max(person.line_cents, drawn) if has_card else 0
    person.first_line_cents = person.line_cents


@rule
def enter(person: Person, institution: int, world: World) -> None:
    """The relationship starts anew with this provider (or with nobody)."""
    person.provider, person.stage, person.tenure_months = institution, ACQUISITION, 0
    person.satisfaction, person.fatigue, person.ending, person.margin_per_year = 0.0, 0.0, 0, 0.0
    person.reminded = 0.0
    person.expectation = world.offers[institution].service if institution > NOBODY else 0.0
    person.depth = world.rules.relationship.depth_start if institution > NOBODY else 0.0
    person.reward_switching_cost, person.reward_months = 0.0, 0
    person.price_cut, person.price_cut_months = 0.0, 0
    person.extra_service, person.extra_service_months = 0.0, 0
    person.relief, person.relief_months, person.payments_to_reage = 0.0, 0, 0
    person.opted_out, person.let_go, person.lending_stopped, person.months_since_use = 0, 0, 0, 1

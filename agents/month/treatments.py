"""What an institution's treatments do to a person. With `month.py`, it writes a person."""

from collections.abc import Sequence

from tenure.agents import chance, checks, ledger
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import receive
from tenure.agents.mathematics.formulas import between, cents
from tenure.agents.month.accounts import take_product
from tenure.agents.month.reading import drawn_cents, luck, owed_cents, risk_above
from tenure.agents.person import Person
from tenure.agents.rules import credit, reach, relationship
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import INVITED, Signal
from tenure.agents.treatment import Contact, Effect


@rule
def let_effects_pass(person: Person) -> None:
    """What treatments gave for a while comes to its end."""
    person.reward_months, person.price_cut_months = (
        max(0, person.reward_months - 1),
        max(0, person.price_cut_months - 1),
    )
    person.extra_service_months = max(0, person.extra_service_months - 1)
    person.relief_months = max(0, person.relief_months - 1)
    if person.reward_months == 0:
        person.reward_switching_cost = 0.0
    if person.price_cut_months == 0:
        person.price_cut = 0.0
    if person.extra_service_months == 0:
        person.extra_service = 0.0
    if person.relief_months == 0:
        person.relief = 0.0


@rule
def read_treatments(
    person: Person, signal: Signal, contacts: Sequence[Contact], first: int, last: int, world: World
) -> float:
    """Treatments that reached the person: cost, acceptance, effect. Returns the weight of the contacts.

    Of messages that remind, the strongest counts, so that many are no worse than one.
    """
    pressure, reminded = 0.0, relationship.reminded_next(person.reminded, world.rules.relationship)
    for c in range(first, last):
        sent = contacts[c]
        effect = world.effects[sent.treatment]
        if sent.institution != person.provider:
            continue
        pressure += effect.contact
        reminded = max(reminded, effect.reminds)
        receive(world.ledger, sent.institution, ledger.TREATMENT, -effect.contact_cents)
        u, v, w, opts_out = luck(person.id, chance.RESPONSE, world)
        signal.treatment = sent.treatment
        if effect.contact > 0.0:
            p = relationship.opts_out(person.fatigue, world.rules.relationship)
            if opts_out < checked(p, 0.0, 1.0, checks.OPTS_OUT, person.id, world.fault):
                person.opted_out = 1
        if effect.needs_yes == 1 and u >= acceptance(person, effect, sent.amount, world):
            continue
        if effect.product >= 0 and not take_product(person, effect.product, v, w, world):
            continue
        signal.taken = 1
        reward = cents(effect.reward_cents / 100.0 * sent.amount)
        signal.paid_cents -= reward
        receive(world.ledger, sent.institution, ledger.TREATMENT, -reward)
        act(person, signal, effect, sent.amount, world)
    person.reminded = checked(reminded, 0.0, checks.MOST_REMINDED, checks.REMINDED, person.id, world.fault)
    return pressure


@rule
def acceptance(person: Person, effect: Effect, amount: float, world: World) -> float:
    """Probability that the person takes what is offered: need, benefit, money, satisfaction, less fatigue.

    The weak borrow more readily.
    """
    fit = person.need[effect.product] if effect.product >= 0 else 0.5
    weak = 0.0
    if effect.product >= 0 and world.products[effect.product].lends == 1:
        weak = world.rules.relationship.response_risk * risk_above(person, world)
        weak += world.rules.needs.response_coming * person.risk_coming
    money = relationship.appeal_of_money(worth_of(person, effect, amount, world), world.rules.relationship)
    p = relationship.takes_offer(
        fit, effect.benefit + weak + money, person.satisfaction, person.fatigue, world.rules.relationship
    )
    return checked(p, 0.0, 1.0, checks.TAKES, person.id, world.fault)


@rule
def worth_of(person: Person, effect: Effect, amount: float, world: World) -> float:
    """EUR that an offer is worth to the person: the reward, and what a price cut saves on what is owed now."""
    worth = effect.reward_cents / 100.0 * amount
    if effect.price_cut != 0.0:
        saved = effect.price_cut * amount / 100.0 * (effect.lasts_months / 12.0)
        worth += saved * (owed_cents(person, world) / 100.0)
    return worth


@rule
def act(person: Person, signal: Signal, effect: Effect, amount: float, world: World) -> None:
    """The effects of a treatment that was taken, or that asks nobody; each through something that a person has."""
    felt = relationship.amount_felt(amount, effect.reward_cents / 100.0 * amount, world.rules.relationship)
    if effect.satisfaction != 0.0:
        most = world.rules.relationship.satisfaction_most
        person.satisfaction = between(person.satisfaction + effect.satisfaction * felt, -most, most)
    if effect.switching_cost != 0.0:
        person.reward_switching_cost, person.reward_months = effect.switching_cost * felt, effect.lasts_months
    if effect.price_cut != 0.0:
        person.price_cut, person.price_cut_months = effect.price_cut * amount, effect.lasts_months
    if effect.service != 0.0:
        person.extra_service, person.extra_service_months = effect.service * amount, effect.lasts_months
    if (effect.relief != 0.0 or effect.reages_after > 0) and person.relief_months == 0:  # no second plan while one runs
        person.relief, person.relief_months = effect.relief * amount, effect.lasts_months
        person.payments_to_reage = effect.reages_after
    person.premium += effect.premium * amount
    if effect.line_factor != 1.0:
        person.line_cents = cents(credit.line_after(person.line_cents / 100.0, effect.line_factor, world.rules.credit))
    if effect.reveals_needs == 1:
        tell_needs(person, signal, world)
    if effect.lets_go == 1:
        person.let_go = 1
    if effect.stops_lending == 1:
        person.lending_stopped, person.line_cents = 1, drawn_cents(person, world)
    if effect.ends == 1:
        person.ending = 1


@rule
def tell_needs(person: Person, signal: Signal, world: World) -> None:
    """Asked which products are needed, a person says yes to each with the probability of the need."""
    signal.told_needs = 1
    for block in range(0, world.product_count, chance.WORDS):
        a, b, c, d = luck(person.id, chance.REVIEW, world, 0, block)
        for k in range(block, min(block + chance.WORDS, world.product_count)):
            u = a if k == block else (b if k == block + 1 else (c if k == block + 2 else d))
            if u < person.need[k]:
                signal.told_needs |= 2 << k


@rule
def read_invitation(person: Person, signal: Signal, sent: Contact, received: int, world: World) -> None:
    """An institution that knows a person who is not its customer makes a first offer of its own."""
    effect, j = world.effects[sent.treatment], sent.institution
    receive(world.ledger, j, ledger.TREATMENT, -effect.contact_cents)
    signal.invited |= 1 << j
    u, _, _, _ = luck(person.id, chance.INVITATION, world, world.offers[j].word)
    p = reach.reads_invitation(person.attention, received, world.rules.reach)
    if u < checked(p, 0.0, 1.0, checks.READS, person.id, world.fault):
        world.considered[j], world.contacted[j] = 1, INVITED
        reward = effect.reward_cents / 100.0 * sent.amount
        world.invitation[j] = effect.welcome * relationship.amount_felt(sent.amount, reward, world.rules.relationship)
        world.welcome_cents[j] = cents(reward)

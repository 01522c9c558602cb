"""A person's month, and what the provider learns from it: the one place that reads or writes a person or a belief.

`live` alone writes a `Person` (its accounts and debts are next door in `month_accounts.py` and `month_credit.py`, its
choices in `month_choice.py`, what treatments do to it in `month_treatments.py`) and emits the month's `Signal`; those
who are customers from the start had their first books from `month_first.py`. `observe` (`month_beliefs.py`) alone
writes a `Belief` and never meets a person. All run
compiled over rows, or as plain Python on agents, with the same bits.
"""

from collections.abc import Sequence

from tenure.agents import chance, checks, ledger
from tenure.agents.chance import Uniforms, decision, draw4
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.ledger import receive
from tenure.agents.mathematics.formulas import normal_quantile
from tenure.agents.month.accounts import bank
from tenure.agents.month.choosing import leave_or_choose
from tenure.agents.month.debts import borrow_and_repay, pay_former_lenders
from tenure.agents.month.reading import (
    application_score,
    due_cents,
    held_products,
    looks_for_offers,
    luck,
    owed_cents,
    risk_above,
)
from tenure.agents.month.treatments import let_effects_pass, read_invitation, read_treatments
from tenure.agents.offer import EVERYBODY, LOOKING, Channel
from tenure.agents.person import DECLINE, GONE, GROWTH, NO_EXIT, NOBODY, Person
from tenure.agents.rules import estimation, lifecycle, needs, reach, relationship, usage
from tenure.agents.rules.rulebook import World
from tenure.agents.signal import BY_CHANNEL, Signal
from tenure.agents.treatment import Contact

EVER = 1200
"""Months after which tenure is no longer counted on."""


@rule
def live(
    person: Person,
    signal: Signal,
    contacts: Sequence[Contact],
    first: int,
    last: int,
    heard: Sequence[float],
    world: World,
) -> None:
    """One person's month, in the order of a month; postings go to the ledger, counts to the tally."""
    open_month(person, signal)
    if person.provider == GONE:
        return
    episode, of_use = luck(person.id, chance.EPISODE, world), luck(person.id, chance.USE, world)
    pays, moves, served, looks = luck(person.id, chance.LIFE, world)
    of_exit = luck(person.id, chance.EXIT, world)
    needs_move(person, signal, episode, world)
    pay_former_lenders(person, world)
    pressure = read_treatments(person, signal, contacts, first, last, world)
    meet_channels(person, signal, contacts, first, last, heard, pressure, looks, world)
    cause = NO_EXIT
    if person.provider > NOBODY:
        bank(person, signal, of_use, world)
        cause = borrow_and_repay(person, signal, pays, world)
        if cause == NO_EXIT:
            experience(person, pressure, moves, served, world)
    leave_or_choose(person, signal, cause, looks, of_exit, world)
    show(person, signal, world)


@rule
def open_month(person: Person, signal: Signal) -> None:
    """Note who sees this month, and clear what the last one showed."""
    signal.person_id, signal.before, signal.tenure_before = person.id, person.provider, person.tenure_months
    signal.provider, signal.cause, signal.source, signal.joined = person.provider, NO_EXIT, 0, 0
    signal.products_before, signal.stage_before = held_products(person), person.stage
    signal.treatment, signal.taken, signal.trace, signal.margin_per_year = 0, 0, -1, 0.0
    signal.met, signal.invited, signal.read, signal.told_needs = 0, 0, 0, 0
    signal.used, signal.paid_cents = 0, 0


@rule
def needs_move(person: Person, signal: Signal, drawn: Uniforms, world: World) -> None:
    """Needs become acute and pass; life events move the changing part of risk."""
    starts, which, lasts, event = drawn
    if person.episode_months > 0:
        person.episode_months -= 1
        if person.episode_months == 0:
            person.episode_product = -1
    else:
        k = int(which * world.product_count)
        if needs.episode_starts(starts, person.need[k], world.rules.needs):
            person.episode_product = k
            person.episode_months = 1 + int(lasts * 2.0 * (world.rules.needs.episode_months - 1.0) + 0.5)
    if person.episode_product >= 0:
        signal.trace = person.episode_product
    z, shock_sd, group = normal_quantile(event), world.now.event_shock_sd, world.rules.needs
    person.risk_event = checked(
        needs.risk_event_next(person.risk_event, person.risk_coming, z, shock_sd, group),
        -checks.MOST_RISK,
        checks.MOST_RISK,
        checks.RISK_EVENT,
        person.id,
        world.fault,
    )
    person.risk_coming = checked(
        needs.risk_coming_next(person.risk_coming, z, shock_sd, group),
        -checks.MOST_RISK,
        checks.MOST_RISK,
        checks.RISK_COMING,
        person.id,
        world.fault,
    )
    person.barred_months = max(0, person.barred_months - 1)
    let_effects_pass(person)


@rule
def meet_channels(
    person: Person,
    signal: Signal,
    contacts: Sequence[Contact],
    first: int,
    last: int,
    heard: Sequence[float],
    pressure: float,
    looks: float,
    world: World,
) -> None:
    """Institutions that are not the provider reach out by their channels; who is read is considered."""
    received, risk = 0, risk_above(person, world)
    for j in range(world.institutions):
        world.considered[j], world.contacted[j], world.messages[j] = 0, 0, 0
        world.invitation[j], world.welcome_cents[j] = 0.0, 0
        offer = world.offers[j]
        if j == NOBODY or j == person.provider or offer.first_channel == offer.end_channel:
            continue
        score = checked(
            reach.targeting_score(
                reach.unmet_share(person.need, person.held, offer.sells, world.product_count),
                offer.sees_browsing == 1 and person.episode_months > 0,
                risk,
                world.rules.reach,
            )
            + reach.lookalike_score(person.income, person.age_years, person.episode_months > 0, offer),
            -checks.MOST_SCORE,
            checks.MOST_SCORE,
            checks.SCORE,
            person.id,
            world.fault,
        )
        noticed = 0.0
        for c in range(offer.first_channel, offer.end_channel):
            channel = world.channels[c]
            rate = reach.rate_this_month(
                person.id, world.now.month, channel, told_of(heard, channel), world.rules.reach
            )
            if rate > 0.0 and can_find(person, channel, looks, world):
                u, notices, _, _ = luck(person.id, chance.REACH, world, channel.word)
                expected = reach.expected_contacts(rate, score, risk, channel)
                expected = checked(
                    expected, 0.0, checks.MOST_EXPECTED_CONTACTS, checks.CONTACTS, person.id, world.fault
                )
                arrived = reach.contacts_of(u, expected, channel, world.rules.reach)
                if arrived > 0:
                    if notices > noticed:  # of a sender's channels, each is as likely to be the one that counts
                        world.contacted[j], noticed = BY_CHANNEL + c, notices
                    world.messages[j] += arrived
                    received += arrived
                    world.tally[c] += arrived
                    receive(world.ledger, j, ledger.ACQUISITION_COST, -arrived * channel.contact_cents)
    if received > 0:
        p = reach.reads(person.attention, received + int(pressure), world.rules.reach)
        p = checked(p, 0.0, 1.0, checks.READS, person.id, world.fault)
        for j in range(1, world.institutions):
            if world.contacted[j] > 0:
                u, _, _, _ = luck(person.id, chance.READ, world, world.offers[j].word)
                world.considered[j] = 1 if u < reach.reads_any(p, world.messages[j]) else 0
    for c in range(first, last):
        if contacts[c].institution != person.provider:
            read_invitation(person, signal, contacts[c], received, world)
    for j in range(1, world.institutions):
        signal.met |= world.considered[j] << j


@rule
def told_of(heard: Sequence[float], channel: Channel) -> float:
    """Contacts by a channel that a person's acquaintances mean; `heard` has a number for each that goes along links."""
    told = 0.0
    for k in range(len(heard)):
        told += heard[k] if channel.links == k + 1 else 0.0
    return told


@rule
def can_find(person: Person, channel: Channel, looks: float, world: World) -> bool:
    """Whether a channel can find the person this month: of its audience, and of those whom it can reach at all."""
    found = channel.audience == EVERYBODY or person.episode_months > 0
    if channel.audience == LOOKING and not found:
        found = looks < looks_for_offers(person, world)
    if found and channel.reachable < 1.0:
        u, _, _, _ = draw4(
            world.now.seed,
            world.now.replication,
            person.id,
            chance.LASTING,
            decision(chance.REACHABLE, channel.word, 0),
        )
        found = u < channel.reachable
    return found


@rule
def experience(person: Person, pressure: float, moves: float, served: float, world: World) -> None:
    """What was delivered against what was expected; depth, satisfaction, fatigue and stage move."""
    group = world.rules.relationship
    offer = world.offers[person.provider]
    delivered = offer.service + person.extra_service + group.service_sd * normal_quantile(served)
    surprise = delivered - person.expectation
    person.satisfaction = checked(
        relationship.satisfaction_next(person.satisfaction, surprise, person.fatigue, offer.ended_share, group),
        -checks.FAR,
        checks.FAR,
        checks.SATISFACTION,
        person.id,
        world.fault,
    )
    person.expectation = checked(
        relationship.expectation_next(person.expectation, delivered, world.now.best_service, group),
        -checks.FAR,
        checks.FAR,
        checks.EXPECTATION,
        person.id,
        world.fault,
    )
    person.fatigue = checked(
        relationship.fatigue_next(person.fatigue, pressure, group),
        0.0,
        checks.MOST_FATIGUE,
        checks.FATIGUE,
        person.id,
        world.fault,
    )
    potential = relationship.depth_potential(held_products(person), person.satisfaction, group)
    person.depth = checked(
        relationship.depth_next(person.depth, potential, person.stage == GROWTH, person.stage == DECLINE, group),
        0.0,
        1.0,
        checks.DEPTH,
        person.id,
        world.fault,
    )
    p = lifecycle.leaves_stage(person.stage, person.depth, person.satisfaction, person.fatigue, world.rules.lifecycle)
    if moves < checked(p, 0.0, 1.0, checks.LEAVES_STAGE, person.id, world.fault):
        person.stage = lifecycle.stage_after(person.stage)
    person.tenure_months = min(EVER, person.tenure_months + 1)


@rule
def show(person: Person, signal: Signal, world: World) -> None:
    """What the month showed the provider: facts of the accounts, noisy readings of risk and satisfaction."""
    signal.provider, signal.tenure_months, signal.ending = (
        person.provider,
        person.tenure_months,
        person.ending,
    )
    if person.provider <= NOBODY:
        return
    person.margin_per_year += world.rules.relationship.margin_speed * (signal.margin_per_year - person.margin_per_year)
    if signal.joined == 1 and person.tenure_months == 0:
        signal.margin_per_year = 0.0
    show_accounts(person, signal, world)
    risk = person.risk_trait + person.risk_event
    if world.offers[person.provider].observes == 0:
        return
    offer, group = world.offers[person.provider], world.rules.learning
    u, v, _, _ = luck(person.id, chance.SIGNAL, world, offer.word)
    read = estimation.products_read(person.held, offer.line, offer.other_lines)
    read *= usage.told_by(signal.used, world.rules.activity)
    noise = offer.reading_noise * estimation.reading_noise(group.risk_precision * read)
    signal.risk_reading = risk + noise * normal_quantile(u)
    signal.read = 1
    signal.care_reading = person.satisfaction + offer.reading_noise * group.care_noise * normal_quantile(v)


@rule
def show_accounts(person: Person, signal: Signal, world: World) -> None:
    """Facts that the accounts and, of who joins, the application show."""
    signal.age_years, signal.income, signal.months_past_due = (
        person.age_years,
        person.income,
        person.months_past_due,
    )
    signal.line_cents, signal.premium = person.line_cents, person.premium
    signal.opted_out, signal.vulnerable = person.opted_out, person.vulnerable
    signal.let_go, signal.lending_stopped = person.let_go, person.lending_stopped
    revolving, deposits = 0, 0
    for k in range(world.product_count):
        signal.held[k] = person.held[k]
        if world.products[k].draws == 1:
            revolving += person.balance_cents[k]
        if world.products[k].keeps_deposits == 1:
            deposits += person.balance_cents[k]
    signal.revolving_cents, signal.deposit_cents = revolving, deposits
    signal.credit_cents, signal.due_cents = owed_cents(person, world), due_cents(person, world)
    if signal.joined == 1:
        signal.application_score = application_score(person, person.provider, world)

"""What the month's rules read of a person: luck, what is held and owed, risk, and what a scorecard says of it."""

from tenure.agents import chance, checks
from tenure.agents.chance import Uniforms, decision, draw4
from tenure.agents.checks import checked
from tenure.agents.declaring import rule
from tenure.agents.mathematics.formulas import cents, month_of_interest, normal_quantile
from tenure.agents.offer import Offer
from tenure.agents.person import DECLINE, MATURITY, NOBODY, Person
from tenure.agents.rules import accounts, choice, lifecycle, needs
from tenure.agents.rules.rulebook import World


@rule
def luck(person: int, kind: int, world: World, institution: int = 0, ordinal: int = 0) -> Uniforms:
    """Four uniforms of this person, month and kind of decision; about an institution, if its word is given."""
    word = decision(kind, institution, ordinal)
    return draw4(world.now.seed, world.now.replication, person, world.now.month, word)


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
    for k in range(world.product_count):
        if world.products[k].lends == 1:
            owed += person.balance_cents[k]
    return owed


@rule
def drawn_cents(person: Person, world: World) -> int:
    """Revolving balance with the provider."""
    drawn = 0
    for k in range(world.product_count):
        if world.products[k].draws == 1:
            drawn += person.balance_cents[k]
    return drawn


@rule
def due_cents(person: Person, world: World) -> int:
    """What is due to the provider in a month: minimum payments of lines, instalments of loans."""
    due = 0
    for k in range(world.product_count):
        if world.products[k].draws == 1:
            due += cents(world.rules.credit.minimum_payment * person.balance_cents[k] / 100.0)
        elif world.products[k].lends == 1 and person.balance_cents[k] > 0:
            rate = world.offers[person.provider].price[k] + person.premium - person.price_cut
            interest = month_of_interest(person.balance_cents[k], max(0.0, rate))
            due += interest + person.balance_cents[k] // max(1, person.months_left[k])
    return due


@rule
def risk_above(person: Person, world: World) -> float:
    """The person's risk, log-odds above the average."""
    return person.risk_trait + person.risk_event - world.rules.credit.average_risk


@rule
def application_score(person: Person, institution: int, world: World) -> float:
    """What the institution's scorecard reads: true risk and an error of its own."""
    u, _, _, _ = luck(person.id, chance.APPLICATION, world, world.offers[institution].word)
    return person.risk_trait + person.risk_event + world.offers[institution].score_noise * normal_quantile(u)


@rule
def would_lend(person: Person, score: float, offer: Offer) -> bool:
    """Underwriting: not past due, not barred, not above the highest accepted risk."""
    return person.months_past_due == 0 and person.barred_months == 0 and score <= offer.highest_risk


@rule
def looks_for_offers(person: Person, world: World) -> float:
    """The probability that the person, as things stand in the month, looks around and compares what all offer."""
    p = choice.looks_around(
        needs.habit_of_looking(person.search_trait, person.risk_coming, world.rules.needs),
        person.satisfaction,
        person.stage == DECLINE,
        person.stage == MATURITY,
        person.provider == NOBODY,
        person.episode_months > 0,
        person.reminded,
        world.rules.choice,
    )
    return checked(p, 0.0, 1.0, checks.LOOKS, person.id, world.fault)


@rule
def leaves_yearly(person: Person, world: World) -> float:
    """The person's probability of leaving within a year for own reasons."""
    p = lifecycle.leaves_within_year(
        person.leave_per_year,
        held_products(person),
        person.satisfaction,
        person.months_since_use,
        person.price_sensitivity * points_above_others(person, world),
        person.reminded,
        world.rules.lifecycle,
    )
    return checked(p, 0.0, 1.0, checks.LEAVES, person.id, world.fault)


@rule
def points_above_others(person: Person, world: World) -> float:
    """By how many points a year the products held cost more than others ask of one with this risk, on average."""
    offer, points, held = world.offers[person.provider], 0.0, 0
    elsewhere = accounts.price_for_risk(offer.others_per_risk, risk_above(person, world), world.rules.accounts)
    for k in range(world.product_count):
        if person.held[k] == 1:
            held += 1
            points += offer.price_above[k]
            if world.products[k].lends == 1:
                points += person.premium - person.price_cut - elsewhere
    return points / held if held > 0 else 0.0

"""What an institution makes of a month: `observe` alone writes a belief and never meets a person."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents import checks
from tenure.agents.belief import JOINED, LEFT, MOVED, NEVER, PAST_DUE, PRODUCTS, TREATED, Belief
from tenure.agents.checks import MOST_MONEY, checked
from tenure.agents.declaring import rule
from tenure.agents.offer import Offer
from tenure.agents.rules import credit, estimation, usage
from tenure.agents.rules.estimation import Learning, Splits
from tenure.agents.rules.rulebook import Rulebook, World
from tenure.agents.signal import BY_CHANNEL, Signal
from tenure.agents.treatment import Effect

PERFECT = 1e12
"""Precision of a reading without error."""
LEAST_NOISE = 1e-6
"""Standard error below which a score is taken to be without error."""
USUAL_TIMES = 0.0
"""The common factor as institutions count on it."""
MONTHS_OF_CONTACTS = 1 << 32
"""One bit for each of the 32 months whose contacts are remembered."""


@rule
def observe(
    belief: Belief,
    signal: Signal,
    scope: int,
    me: int,
    world: World,
) -> None:
    """Turn one person's signals of the month into facts, estimates and tags.

    In three steps, so that compiled code can take the second for many records at once.

    Parameters
    ----------
    belief, signal : record
        The institution's record of somebody in its files, and what that person's month showed.
    scope : int
        Why the person is in the files, index into SCOPES.
    me : int
        The institution.
    world : record
        Of the month: its own offer says what it hears, how well, and its business line.
    """
    hear(belief, signal, scope, me, world)
    past_due, risk, want, above = borrows_as_believed(belief, world.rules)
    miss, pd = credit.default_odds(past_due, risk, want, above, USUAL_TIMES, world.rules.credit)
    conclude(belief, signal.provider == me, miss, pd, world.rules, world.splits, world.fault)


@rule
def hear(belief: Belief, signal: Signal, scope: int, me: int, world: World) -> None:
    """What the month showed becomes facts and estimates."""
    offer, rules = world.offers[me], world.rules
    ours, new = signal.provider == me, belief.person_id != signal.person_id
    belief.scope, belief.news = scope, JOINED if new or (ours and signal.joined == 1) else MOVED
    if new:
        open_file(belief, signal, rules.learning)
    contacted = contacted_by(me, signal, world.effects)
    if ours:
        if belief.news == JOINED:
            hear_application(belief, signal, offer, rules.learning)
        note_facts(belief, signal, contacted, rules.learning)
        update_estimates(belief, signal, offer, rules, world.fault)
        note_response(belief, signal, me, world.effects, offer, rules.learning)
    else:
        note_absence(belief, contacted, rules.learning)
    note_trace(belief, signal, offer, rules.learning)


@rule
def open_file(belief: Belief, signal: Signal, group: Learning) -> None:
    """A person not yet known: the population of applicants is all there is, beside what an earlier file left."""
    belief.person_id, belief.age_years, belief.income = signal.person_id, 0.0, 0.0
    belief.risk_mean, belief.risk_precision = group.class_risk, 1.0 / (group.class_risk_sd * group.class_risk_sd)
    belief.return_mean = group.class_return
    belief.return_precision = 1.0 / (group.class_return_sd * group.class_return_sd)
    belief.months_since_seen, belief.months_since_trace, belief.looked_for = NEVER, NEVER, -1
    belief.months_since_purchase, belief.purchases, belief.came_looking = NEVER, 0, 0
    belief.months_since_use, belief.by_channel = NEVER, 0
    for k in range(len(belief.need_yes)):
        belief.need_yes[k], belief.need_no[k], belief.held[k] = group.need_yes, group.need_no, 0


@rule
def hear_application(belief: Belief, signal: Signal, offer: Offer, group: Learning) -> None:
    """Who joins applies: static attributes, and a score; what was known before of risk and needs stays."""
    belief.care_mean, belief.care_precision, belief.trend = 0.0, 1.0, 0.0
    belief.credit_cents, belief.deposit_cents = signal.credit_cents, signal.deposit_cents
    belief.by_channel = 1 if signal.source >= BY_CHANNEL else 0
    belief.came_looking = 1 if signal.trace >= 0 and offer.sees_browsing == 1 else 0
    if offer.hears_application == 1:
        belief.age_years, belief.income = signal.age_years, signal.income
        score = PERFECT
        if offer.score_noise > LEAST_NOISE:
            score = 1.0 / (offer.score_noise * offer.score_noise)
        prior = belief.risk_precision
        belief.risk_mean = estimation.mean_updated(belief.risk_mean, prior, signal.application_score, score)
        belief.risk_precision = prior + score


@rule
def contacted_by(me: int, signal: Signal, effects: Sequence[Effect]) -> int:
    """Whether this institution had contact with the person this month, as provider then or with an invitation."""
    if signal.before == me and signal.treatment > 0 and effects[signal.treatment].contact > 0.0:
        return 1
    return signal.invited >> me & 1


@rule
def note_facts(belief: Belief, signal: Signal, contacted: int, group: Learning) -> None:
    """What needs no estimate: accounts, past due, purchases, contacts."""
    before, now = belief.credit_cents + belief.deposit_cents, signal.credit_cents + signal.deposit_cents
    belief.trend = estimation.trend_next(belief.trend, before, now, group)
    remember_contact(belief, contacted)
    bought, changed = 0, 0
    for k in range(len(belief.held)):
        if signal.held[k] != belief.held[k]:
            changed = 1
            bought += max(0, signal.held[k] - belief.held[k])
            belief.held[k] = signal.held[k]
    belief.purchases += bought
    belief.months_since_purchase = 0 if bought > 0 else min(NEVER, belief.months_since_purchase + 1)
    active = signal.used == 1 or signal.joined == 1
    belief.months_since_use = 1 if active else min(NEVER, belief.months_since_use + 1)
    if belief.news == MOVED:
        if contacted == 1:
            belief.news = TREATED
        elif signal.months_past_due != belief.months_past_due:
            belief.news = PAST_DUE
        elif changed == 1:
            belief.news = PRODUCTS
    belief.tenure_months, belief.ending, belief.months_since_seen = signal.tenure_months, signal.ending, 0
    belief.credit_cents, belief.deposit_cents = signal.credit_cents, signal.deposit_cents
    belief.due_cents = signal.due_cents
    belief.revolving_cents, belief.line_cents = signal.revolving_cents, signal.line_cents
    belief.months_past_due, belief.premium = signal.months_past_due, signal.premium
    belief.months_since_arrears = 0 if signal.months_past_due > 0 else min(NEVER, belief.months_since_arrears + 1)
    belief.opted_out, belief.vulnerable = signal.opted_out, signal.vulnerable
    belief.let_go, belief.lending_stopped = signal.let_go, signal.lending_stopped


@rule
def remember_contact(belief: Belief, contacted: int) -> None:
    """One more month of the history of our contacts."""
    belief.contact_history = (belief.contact_history * 2 + contacted) % MONTHS_OF_CONTACTS
    belief.months_since_contact = 0 if contacted == 1 else min(NEVER, belief.months_since_contact + 1)


@rule
def update_estimates(belief: Belief, signal: Signal, offer: Offer, rules: Rulebook, fault: NDArray[np.float64]) -> None:
    """Conjugate updates of risk, return and satisfaction; without readings they only age."""
    group = rules.learning
    risk, care, margin = 0.0, 0.0, 0.0
    if offer.hears_behaviour == 1 and signal.read == 1:
        noise = 1.0 / (offer.believed_noise * offer.believed_noise) if offer.believed_noise > 0.0 else PERFECT
        read = estimation.products_read(signal.held, offer.line, offer.other_lines)
        risk = noise * group.risk_precision * read * usage.told_by(signal.used, rules.activity)
        care = noise / (group.care_noise * group.care_noise)
        margin = 1.0 / (group.return_noise * group.return_noise) if belief.news != JOINED else 0.0
    aged = estimation.precision_aged(belief.risk_precision, group.risk_drift)
    belief.risk_mean = checked(
        estimation.mean_updated(belief.risk_mean, aged, signal.risk_reading, risk),
        -checks.FAR,
        checks.FAR,
        checks.MEAN,
        signal.person_id,
        fault,
    )
    belief.risk_precision = checked(aged + risk, 0.0, checks.MOST_PRECISION, checks.PRECISION, signal.person_id, fault)
    if belief.news != JOINED:
        aged = estimation.precision_aged(belief.return_precision, group.return_drift)
        belief.return_mean = checked(
            estimation.mean_updated(belief.return_mean, aged, signal.margin_per_year, margin),
            -MOST_MONEY,
            MOST_MONEY,
            checks.MEAN,
            signal.person_id,
            fault,
        )
        belief.return_precision = checked(
            aged + margin, 0.0, checks.MOST_PRECISION, checks.PRECISION, signal.person_id, fault
        )
    aged = estimation.precision_aged(belief.care_precision, group.care_drift)
    belief.care_mean = checked(
        estimation.mean_updated(belief.care_mean, aged, signal.care_reading, care),
        -checks.FAR,
        checks.FAR,
        checks.MEAN,
        signal.person_id,
        fault,
    )
    belief.care_precision = checked(aged + care, 0.0, checks.MOST_PRECISION, checks.PRECISION, signal.person_id, fault)


@rule
def note_response(
    belief: Belief, signal: Signal, me: int, effects: Sequence[Effect], offer: Offer, group: Learning
) -> None:
    """An offer of a product of ours taken or refused is evidence of the need for it, and so is what was told."""
    if (
        offer.hears_responses == 1
        and signal.before == me
        and signal.treatment > 0
        and effects[signal.treatment].product >= 0
    ):
        k = effects[signal.treatment].product
        belief.need_yes[k] += signal.taken
        belief.need_no[k] += group.refusal * (1 - signal.taken)
    if signal.before == me and signal.told_needs > 0:
        for k in range(len(belief.need_yes)):
            said = signal.told_needs >> (k + 1) & 1
            belief.need_yes[k] += group.told * said
            belief.need_no[k] += group.told * (1 - said)


@rule
def note_absence(belief: Belief, contacted: int, group: Learning) -> None:
    """Somebody who is not a customer: nothing is held with us, and what we knew grows old. An objection stands."""
    for k in range(len(belief.held)):
        if belief.held[k] == 1:
            belief.held[k], belief.news = 0, LEFT
    belief.tenure_months, belief.ending, belief.trend, belief.months_past_due = 0, 0, 0.0, 0
    belief.let_go, belief.lending_stopped, belief.premium = 0, 0, 0.0
    belief.credit_cents, belief.deposit_cents, belief.revolving_cents, belief.line_cents = 0, 0, 0, 0
    belief.due_cents = 0
    belief.risk_precision = estimation.precision_aged(belief.risk_precision, group.risk_drift)
    belief.return_precision = estimation.precision_aged(belief.return_precision, group.return_drift)
    belief.care_mean, belief.care_precision = 0.0, 1.0
    belief.months_since_seen = min(NEVER, belief.months_since_seen + 1)
    belief.months_since_arrears = min(NEVER, belief.months_since_arrears + 1)
    belief.months_since_purchase = min(NEVER, belief.months_since_purchase + 1)
    belief.months_since_use = min(NEVER, belief.months_since_use + 1)
    remember_contact(belief, contacted)
    if contacted == 1 and belief.news == MOVED:
        belief.news = TREATED


@rule
def note_trace(belief: Belief, signal: Signal, offer: Offer, group: Learning) -> None:
    """Somebody seen looking for a product probably needs it."""
    belief.months_since_trace = min(NEVER, belief.months_since_trace + 1)
    if signal.trace >= 0 and offer.sees_browsing == 1:
        belief.need_yes[signal.trace] += group.trace
        belief.months_since_trace, belief.looked_for = 0, signal.trace


@rule
def borrows_as_believed(belief: Belief, rules: Rulebook) -> tuple[int, float, float, float]:
    """What default depends on: missed payments, risk, want of liquidity as expected, and risk above the average."""
    group, above, service = rules.learning, belief.risk_mean - rules.credit.average_risk, 0.0
    if belief.income > 0.0:
        service = credit.payments_over_income(belief.due_cents, belief.income, rules.credit)
    want = credit.want_of_liquidity(group.event_share * above, group.event_unseen, service, USUAL_TIMES, rules.credit)
    return belief.months_past_due, belief.risk_mean, want, above


@rule
def conclude(
    belief: Belief,
    ours: bool,
    miss: float,
    default_per_year: float,
    rules: Rulebook,
    splits: Splits,
    fault: NDArray[np.float64],
) -> None:
    """Scores over the next twelve months, and the tags that follow from them.

    For those who are not customers: what the scores would be if they came and borrowed as customers do.
    """
    held = 0
    for k in range(len(belief.held)):
        held += belief.held[k]
    belief.default_per_year = 0.0
    if belief.credit_cents > 0 or belief.months_past_due > 0 or belief.line_cents > 0 or not ours:
        checked(miss, 0.0, 1.0, checks.MISS, belief.person_id, fault)
        belief.default_per_year = checked(default_per_year, 0.0, 1.0, checks.DEFAULT, belief.person_id, fault)
    belief.margin_per_year = belief.return_mean
    belief.leave_per_year = checked(
        estimation.believed_leaving(
            belief.tenure_months, held, belief.care_mean, belief.months_since_use, rules.learning
        ),
        0.0,
        1.0,
        checks.BELIEVED_LEAVING,
        belief.person_id,
        fault,
    )
    belief.years_expected = estimation.years_expected(belief.leave_per_year, rules.learning)
    belief.quadrant = estimation.quadrant_of(belief.default_per_year, belief.margin_per_year, splits)
    belief.stage = estimation.stage_inferred(belief.tenure_months, belief.trend, belief.care_mean, rules.learning)

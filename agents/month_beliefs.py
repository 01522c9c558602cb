"""What the provider makes of a month: `observe` alone writes a belief and never meets a person."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents import checks, credit, learning
from agents.belief import Belief, Signal
from agents.checks import checked
from agents.declaring import rule
from agents.formulas import between
from agents.learning import Learning, Splits
from agents.market import Month
from agents.rulebook import Rulebook
from agents.treatment import Effect

NEVER = 999
"""Months since contact of who was never contacted."""


@rule
def observe(
    belief: Belief,
    signal: Signal,
    world: Month,
    effects: Sequence[Effect],
    noise: float,
    rules: Rulebook,
    splits: Splits,
    fault: NDArray[np.float64],
) -> None:
    """Turn one customer's signals of the month into facts, estimates and tags.

    Parameters
    ----------
    belief, signal : record
        The institution's record of a customer, and what that customer's month showed it.
    noise : float
        Standard error of the institution's own application score, log-odds.
    """
    if signal.joined == 1:
        meet(belief, signal, noise, rules.learning)
    note_facts(belief, signal, effects)
    update_estimates(belief, signal, world, effects, rules.learning, fault)
    conclude(belief, world, rules, splits, fault)


@rule
def meet(belief: Belief, signal: Signal, noise: float, group: Learning) -> None:
    """A new customer: the population of applicants, and the application."""
    belief.person_id, belief.age_years, belief.income = signal.person_id, signal.age_years, signal.income
    prior = 1.0 / (group.class_risk_sd * group.class_risk_sd)
    score = 1.0 / (noise * noise) if noise > 0.0 else 1e12
    belief.risk_mean = learning.mean_updated(group.class_risk, prior, signal.application_score, score)
    belief.risk_precision = prior + score
    belief.return_mean = group.class_return
    belief.return_precision = 1.0 / (group.class_return_sd * group.class_return_sd)
    belief.care_mean, belief.care_precision = 0.0, 1.0
    belief.trend, belief.contact_history, belief.months_since_contact = 0.0, 0, NEVER
    belief.credit_cents, belief.deposit_cents = signal.credit_cents, signal.deposit_cents
    for k in range(len(belief.need_yes)):
        belief.need_yes[k], belief.need_no[k] = group.need_yes, group.need_no


@rule
def note_facts(belief: Belief, signal: Signal, effects: Sequence[Effect]) -> None:
    """What needs no estimate: accounts, past due, contacts."""
    before, now = belief.credit_cents + belief.deposit_cents, signal.credit_cents + signal.deposit_cents
    growth = between((now - before) / (before + 10000.0), -0.5, 0.5)
    belief.trend += 0.15 * (growth - belief.trend)
    belief.tenure_months, belief.ending = signal.tenure_months, signal.ending
    belief.credit_cents, belief.deposit_cents = signal.credit_cents, signal.deposit_cents
    belief.revolving_cents, belief.line_cents = signal.revolving_cents, signal.line_cents
    belief.months_past_due = signal.months_past_due
    contacted = 1 if signal.treatment > 0 and effects[signal.treatment].contact > 0.0 else 0
    belief.contact_history = (belief.contact_history * 2 + contacted) % 4294967296
    belief.months_since_contact = 0 if contacted == 1 else min(NEVER, belief.months_since_contact + 1)
    for k in range(len(belief.held)):
        belief.held[k] = signal.held[k]


@rule
def update_estimates(
    belief: Belief,
    signal: Signal,
    world: Month,
    effects: Sequence[Effect],
    group: Learning,
    fault: NDArray[np.float64],
) -> None:
    """Conjugate updates of risk, return, satisfaction and needs."""
    held = 0
    for k in range(len(signal.held)):
        held += signal.held[k]
    reading = group.risk_precision * held
    aged = learning.precision_aged(belief.risk_precision, group.risk_drift)
    belief.risk_mean = checked(learning.mean_updated(belief.risk_mean, aged, signal.risk_reading, reading),
                               -100.0, 100.0, checks.MEAN, signal.person_id, fault)  # fmt: skip
    belief.risk_precision = checked(aged + reading, 0.0, 1e15, checks.PRECISION, signal.person_id, fault)
    if signal.joined == 0:
        seen = 1.0 / (group.return_noise * group.return_noise)
        aged = learning.precision_aged(belief.return_precision, group.return_drift)
        belief.return_mean = checked(learning.mean_updated(belief.return_mean, aged, signal.margin_per_year, seen),
                                     -1e9, 1e9, checks.MEAN, signal.person_id, fault)  # fmt: skip
        belief.return_precision = checked(aged + seen, 0.0, 1e15, checks.PRECISION, signal.person_id, fault)
    seen = 1.0 / (group.care_noise * group.care_noise)
    aged = learning.precision_aged(belief.care_precision, group.care_drift)
    belief.care_mean = checked(learning.mean_updated(belief.care_mean, aged, signal.care_reading, seen),
                               -100.0, 100.0, checks.MEAN, signal.person_id, fault)  # fmt: skip
    belief.care_precision = checked(aged + seen, 0.0, 1e15, checks.PRECISION, signal.person_id, fault)
    if signal.trace >= 0 and world.browsing == 1:
        belief.need_yes[signal.trace] += group.trace
    if signal.treatment > 0 and effects[signal.treatment].product >= 0:
        k = effects[signal.treatment].product
        belief.need_yes[k] += signal.taken
        belief.need_no[k] += group.refusal * (1 - signal.taken)


@rule
def conclude(belief: Belief, world: Month, rules: Rulebook, splits: Splits, fault: NDArray[np.float64]) -> None:
    """Scores over the next twelve months, and the tags that follow from them."""
    held = 0
    for k in range(len(belief.held)):
        held += belief.held[k]
    utilisation = between(belief.revolving_cents / belief.line_cents, 0.0, 1.5) if belief.line_cents > 0 else 0.4
    debt = between(belief.credit_cents / 100.0 / (12.0 * belief.income), 0.0, 5.0)
    miss = checked(credit.misses_payment(belief.risk_mean, utilisation, debt, 0.0, rules.credit),
                   0.0, 1.0, checks.MISS, belief.person_id, fault)  # fmt: skip
    above = belief.risk_mean - rules.credit.average_risk
    belief.default_per_year = 0.0
    if belief.credit_cents > 0 or belief.months_past_due > 0:
        belief.default_per_year = checked(
            credit.defaults_within_year(belief.months_past_due, miss, above, rules.credit),
            0.0, 1.0, checks.DEFAULT, belief.person_id, fault)  # fmt: skip
    belief.margin_per_year = belief.return_mean
    belief.leave_per_year = checked(
        learning.believed_leaving(belief.tenure_months, held, belief.care_mean, rules.learning),
        0.0, 1.0, checks.BELIEVED_LEAVING, belief.person_id, fault)  # fmt: skip
    belief.years_expected = learning.years_expected(belief.leave_per_year)
    belief.quadrant = learning.quadrant_of(belief.default_per_year, belief.margin_per_year, splits)
    belief.stage = learning.stage_inferred(belief.tenure_months, belief.trend, belief.care_mean, rules.learning)

"""Borrowing and paying back, whole columns at a time; a part of the month in `numpy_month.py`."""

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from benchmarks.numpy_people import (
    CAPITAL_CHARGE,
    CARD,
    CREDIT_LOSS,
    FUNDING,
    INTEREST,
    LOAN,
    Floats,
    Ints,
    Market,
    People,
)
from tenure.agents.person import NOBODY
from tenure.agents.rules.capital import MOST_CERTAIN, WORST_YEAR
from tenure.agents.rules.rulebook import Rulebook

LOSS_GIVEN_DEFAULT = 0.85


def borrow_and_repay(
    p: People,
    market: Market,
    ledger: Floats,
    margin: Floats,
    rules: Rulebook,
    systematic: float,
    rng: np.random.Generator,
) -> Ints:
    """Interest, payments, missed payments, capital, charge-off; returns the places of those charged off."""
    m, credit = len(market.fee), rules.credit
    owes = (p.balance[LOAN] + p.balance[CARD] > 0.0) | (p.months_past_due > 0)
    at = np.flatnonzero((p.provider > NOBODY) & (owes | (p.line > 0.0)))
    j, loan, card, line, before = (
        p.provider[at],
        p.balance[LOAN, at],
        p.balance[CARD, at],
        p.line[at],
        p.months_past_due[at],
    )
    owed, risk = loan + card, p.risk_trait[at] + p.risk_event[at]
    above, want = risk - credit.average_risk, want_of_liquidity(p, market, rules, systematic)[at]
    x = ndtri(expit(risk + credit.miss_want * want))
    miss = ndtr((x + np.sqrt(credit.correlation) * systematic) / np.sqrt(1.0 - credit.correlation))
    cure, roll = cure_and_roll(np.minimum(before, 5), above, rules)
    u = rng.random(len(at))
    due = np.where(
        before == 0, (u < miss) & owes[at], np.where(u < cure, 0, np.where(u < cure + roll, before + 1, before))
    )
    missed = due > before
    p.months_past_due[at] = due
    pd = np.clip(defaults_within_year(due, miss, above, rules), credit.pd_least, MOST_CERTAIN)
    risky = np.expm1(-credit.retail_correlation_decay * pd) / np.expm1(-credit.retail_correlation_decay)
    of_loans = credit.retail_correlation_risky * risky + credit.retail_correlation_safe * (1.0 - risky)
    behind = card + credit.undrawn_conversion * np.maximum(0.0, line - card)
    capital = loan * capital_share(pd, of_loans) + behind * capital_share(pd, credit.revolving_correlation)
    funding = owed * market.funding[j] / 12.0
    extra = p.premium[at] / 100.0
    of_loan = loan * np.maximum(0.0, market.rate[j, LOAN] + extra) / 12.0
    of_card = card * np.maximum(0.0, market.rate[j, CARD] + extra) / 12.0
    ledger[:, CAPITAL_CHARGE] -= np.bincount(j, capital * credit.capital_cost / 12.0, m)
    ledger[:, FUNDING] -= np.bincount(j, funding, m)
    ledger[:, INTEREST] += np.bincount(j, of_loan + of_card, m)
    margin[at] += 12.0 * (of_loan + of_card - funding)
    loan, card = loan + of_loan * missed, card + of_card * missed
    lost = due >= credit.charge_off_at
    ledger[:, CREDIT_LOSS] -= np.bincount(j[lost], (loan + card)[lost], m)
    p.recovery[at[lost]] = (1.0 - LOSS_GIVEN_DEFAULT) * (loan + card)[lost]
    p.recovery_to[at[lost]], p.barred_months[at[lost]] = j[lost], credit.barred_months
    months = p.months_left[at]
    pays = ~missed & p.held[LOAN, at]
    loan = np.where(pays, loan - loan / np.maximum(months, 1), loan)
    done = pays & (months <= 1)
    p.months_left[at] = np.maximum(0, months - pays)
    p.held[LOAN, at[done]] = False
    p.balance[LOAN, at], p.balance[CARD, at] = np.where(lost | done, 0.0, loan), np.where(lost, 0.0, card)
    return at[lost]


def want_of_liquidity(p: People, market: Market, rules: Rulebook, systematic: float) -> Floats:
    """How far life events, payments due and the common factor pass everybody's cushion."""
    credit = rules.credit
    rate = np.maximum(0.0, market.rate[np.maximum(p.provider, 0), LOAN] + p.premium / 100.0)
    instalment = p.balance[LOAN] * (rate / 12.0 + 1.0 / np.maximum(1, p.months_left))
    service = np.clip((instalment + credit.minimum_payment * p.balance[CARD]) / p.income, 0.0, credit.service_most)
    passes = p.risk_event + credit.want_service * service + credit.want_common * systematic - credit.cushion
    return np.asarray(np.maximum(0.0, passes))


def capital_share(pd: Floats, rho: Floats | float) -> Floats:
    """Basel's capital for what is owed, share of it."""
    stressed = (ndtri(pd) + np.sqrt(rho) * WORST_YEAR) / np.sqrt(1.0 - rho)
    return np.asarray(LOSS_GIVEN_DEFAULT * (ndtr(stressed) - pd))


def cure_and_roll(missed: Ints, above: Floats, rules: Rulebook) -> tuple[Floats, Floats]:
    """Probabilities of curing and of missing one more, by missed payments 0..5 (of 0, as of 1)."""
    bucket = np.maximum(missed, 1) - 1
    cure = np.asarray(rules.credit.cure)[bucket]
    cure = expit(logit(cure) + rules.credit.cure_risk * above)
    return np.asarray(cure), np.minimum(np.asarray(rules.credit.roll)[bucket], 1.0 - cure)


def defaults_within_year(due: Ints, miss: Floats, above: Floats, rules: Rulebook) -> Floats:
    """P(three or more missed payments at some month end of the next twelve), by the delinquency chain."""
    cure_1, roll_1 = cure_and_roll(np.ones_like(due), above, rules)
    cure_2, roll_2 = cure_and_roll(np.full_like(due, 2), above, rules)
    current, one, two = (np.where(due == d, 1.0, 0.0) for d in (0, 1, 2))
    stay_0, stay_1, stay_2 = 1.0 - miss, 1.0 - cure_1 - roll_1, 1.0 - cure_2 - roll_2
    for _ in range(12):
        current, one, two = (
            current * stay_0 + one * cure_1 + two * cure_2,
            one * stay_1 + current * miss,
            two * stay_2 + one * roll_1,
        )
    return np.asarray(1.0 - current - one - two)


def draw_on_lines(p: People, market: Market, rules: Rulebook, systematic: float) -> None:
    """Card balances move toward what people want drawn; want of liquidity draws more, and faster."""
    credit = rules.credit
    at = np.flatnonzero(p.held[CARD] & (p.months_past_due <= credit.draws_until) & (p.provider > NOBODY))
    behind = p.months_past_due[at] > 0
    price = np.clip(market.points[p.provider[at], CARD] + p.premium[at], credit.price_least, credit.price_most)
    share = credit.utilisation + credit.utilisation_need * p.need[CARD, at]
    sds = np.log(p.income[at] / rules.accounts.income_median) / rules.accounts.income_sd
    share += credit.utilisation_income * sds + rules.needs.draw_coming * p.risk_coming[at]
    share = np.clip(share * (price / credit.usual_price) ** credit.rate_elasticity, 0.0, 1.0)
    for_want = np.minimum(1.0, credit.draw_want * want_of_liquidity(p, market, rules, systematic)[at])
    for_want = np.where(behind, 1.0, for_want)
    share += for_want * (1.0 - share)
    speed = credit.draw_speed + for_want * (credit.want_speed - credit.draw_speed)
    change = speed * (share * p.line[at] - p.balance[CARD, at])
    p.balance[CARD, at] += np.where(behind, np.maximum(0.0, change), change)

"""A month of the default market as a NumPy user would write it: one array per attribute, whole columns at a time.

The same phases and formulas as the engine's, with luck from a NumPy generator, and for the default market alone: loan,
card, savings and account are sold by every institution, so an offer's fit to need is 1; nobody is treated. Money is
in EUR. It is here to be timed against the compiled engine.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from benchmarks.numpy_credit import borrow_and_repay, draw_on_lines
from benchmarks.numpy_people import (
    ACQUISITION_COST,
    CARD,
    DEPOSIT_MARGIN,
    FEES,
    INTEREST,
    LOAN,
    RECOVERY,
    SAVINGS,
    SERVICING,
    Flags,
    Floats,
    Ints,
    Market,
    People,
)
from tenure.agents.ledger import LINES
from tenure.agents.person import (
    ACQUISITION,
    CHARGED_OFF,
    DECLINE,
    GONE,
    GROWTH,
    INVOLUNTARY,
    MATURITY,
    NOBODY,
    OWN_REASONS,
    POACHED,
    SETTLED,
)
from tenure.agents.person import CAUSES as WAYS_OUT
from tenure.agents.rules.rulebook import Rulebook


class Happened(NamedTuple):
    """What a month added up to."""

    ledger: Floats
    """EUR by institution and line of profit and loss"""
    causes: Ints
    """how many left by each way out, index into CAUSES"""
    contacts: Ints
    """by channel"""
    joined: Ints
    """by institution"""
    margin_per_year: Floats
    """this month's margin times twelve, shape (people,)"""
    readings: tuple[Ints, Floats, Floats]
    """our customers' places, and noisy readings of their risk and satisfaction"""


def live_month(p: People, market: Market, rules: Rulebook, systematic: float, rng: np.random.Generator) -> Happened:
    """Live one month in place; nobody may be gone at its start (`People.part` leaves them out)."""
    m = len(market.fee)
    ledger, joined = np.zeros((m, len(LINES))), np.zeros(m, np.int64)
    causes = np.zeros(len(WAYS_OUT), np.int64)
    needs_move(p, market, rules, rng)
    pay_former_lenders(p, ledger, rules)
    considered, contacts = meet_channels(p, market, ledger, rules, rng)
    customers = p.provider > NOBODY
    margin = bank(p, market, ledger, rules, rng)
    lost = borrow_and_repay(p, market, ledger, margin, rules, systematic, rng)
    draw_on_lines(p, market, rules, systematic)
    experience(p, customers, market, rules, rng)
    out = leave(p, customers, lost, market, rules, rng, causes)
    choose(p, ~out, considered, market, rules, rng, causes, joined)
    p.margin_per_year += np.where(p.provider > NOBODY, 0.15 * (margin - p.margin_per_year), 0.0)
    own = np.flatnonzero(p.provider == 1)
    noise = 1.0 / np.sqrt(rules.learning.risk_precision * np.maximum(p.held[:, own].sum(axis=0), 1))
    risk = p.risk_trait[own] + p.risk_event[own] + noise * rng.standard_normal(len(own))
    care = p.satisfaction[own] + rules.learning.care_noise * rng.standard_normal(len(own))
    return Happened(ledger, causes, contacts, joined, margin, (own, risk, care))


def needs_move(p: People, market: Market, rules: Rulebook, rng: np.random.Generator) -> None:
    """Needs become acute and pass; life events move the changing part of risk."""
    busy = p.episode_months > 0
    p.episode_months -= busy
    p.episode_product[busy & (p.episode_months == 0)] = -1
    free = np.flatnonzero(~busy)
    k = rng.integers(0, 4, len(free))
    starts = rng.random(len(free)) < rules.needs.episodes_per_year / 6.0 * p.need[k, free]
    at = free[starts]
    p.episode_product[at] = k[starts]
    p.episode_months[at] = 1 + np.floor(rng.random(len(at)) * 2.0 * (rules.needs.episode_months - 1.0) + 0.5).astype(
        np.int64
    )
    shock, group = market.event_shock_sd * rng.standard_normal(len(busy)), rules.needs
    p.risk_event *= group.event_persistence
    p.risk_event += p.risk_coming / group.coming_months + (1.0 - group.event_coming) * shock
    p.risk_coming *= 1.0 - 1.0 / group.coming_months
    p.risk_coming += group.event_coming * shock
    np.maximum(p.barred_months - 1, 0, out=p.barred_months)


def pay_former_lenders(p: People, ledger: Floats, rules: Rulebook) -> None:
    """Debts left behind run off; charged-off ones are recovered little by little."""
    m = len(ledger)
    at = np.flatnonzero(p.owed_before > 0.0)
    owed, to = p.owed_before[at], p.owed_before_to[at]
    ledger[:, INTEREST] += np.bincount(to, owed * rules.accounts.former_price / 1200.0, m)
    p.owed_before[at] = owed - np.minimum(owed, np.maximum(20.0, owed / 12.0))
    at = np.flatnonzero(p.recovery > 0.0)
    left = p.recovery[at]
    paid = np.minimum(left, np.maximum(5.0, left / rules.credit.recovery_months))
    ledger[:, RECOVERY] += np.bincount(p.recovery_to[at], paid, m)
    p.recovery[at] = left - paid


def meet_channels(
    p: People, market: Market, ledger: Floats, rules: Rulebook, rng: np.random.Generator
) -> tuple[Flags, Ints]:
    """Others reach out, contacts are read or not: who is considered, shape (institutions, people), and contacts."""
    m, n = len(market.fee), len(p.provider)
    above = p.risk_trait + p.risk_event - rules.credit.average_risk
    unmet = (p.need * ~p.held).sum(axis=0) / p.need.sum(axis=0)
    score = rules.reach.score_unmet * (unmet - 0.5) + rules.reach.score_episode * (p.episode_months > 0)
    score = np.clip(score - rules.reach.score_risk * above, -5.0, 5.0)
    contacts = np.zeros(len(market.rate_of_channel), np.int64)
    contacted = np.zeros((m, n), bool)
    received = np.zeros(n, np.int64)
    for c in np.flatnonzero(market.rate_of_channel > 0.0):
        j, rate, precision = market.sender[c], market.rate_of_channel[c], market.precision[c]
        if precision > 0.0:
            turn = rules.reach.rest_months * (rng.random(n) < 1.0 / rules.reach.rest_months)
            p_contact = -np.expm1(-rate * turn * np.exp(precision * score))
        else:
            p_contact = -np.expm1(-rate)
        hit = (rng.random(n) < p_contact) & (p.provider != j)
        contacts[c] = np.count_nonzero(hit)
        contacted[j] |= hit
        received += hit
    ledger[:, ACQUISITION_COST] -= np.bincount(market.sender, contacts * market.contact_cost, m)
    at = np.flatnonzero(received)
    reads = rules.reach.read_share * p.attention[at] / (p.attention[at] + received[at])
    considered = np.zeros((m, n), bool)
    considered[:, at] = contacted[:, at] & (rng.random((m, len(at))) < reads)
    return considered, contacts


def bank(p: People, market: Market, ledger: Floats, rules: Rulebook, rng: np.random.Generator) -> Floats:
    """Take a product one needs, keep deposits, pay fees; returns the month's margin so far, EUR a year."""
    m = len(market.fee)
    at = np.flatnonzero((p.episode_product >= 0) & (p.provider > NOBODY))
    k = p.episode_product[at]
    asks = expit(
        rules.needs.take_on_own
        + rules.needs.take_need * p.need[k, at]
        + rules.needs.take_satisfaction * p.satisfaction[at]
        + rules.needs.take_attachment * p.attachment[at]
    )
    asks = (rng.random(len(at)) < asks) & ~p.held[k, at]
    open_products(p, at[asks], k[asks], market, rules, rng)
    income = np.zeros(len(p.provider))
    net = market.fee - market.servicing
    for product in range(4):
        income += net[p.provider, product] * p.held[product]
        count = np.bincount(p.provider, p.held[product], m)
        ledger[:, FEES] += count * market.fee[:, product]
        ledger[:, SERVICING] -= count * market.servicing[:, product]
    kept = p.held[SAVINGS]
    wanted = market.amount[SAVINGS] * 2.0 / rules.accounts.income_median * p.income * p.depth
    p.balance[SAVINGS] += 0.1 * (wanted - p.balance[SAVINGS]) * kept
    margin = p.balance[SAVINGS] * ((market.funding + market.rate[:, SAVINGS]) / 12.0)[p.provider]
    ledger[:, DEPOSIT_MARGIN] += np.bincount(p.provider, margin, m)
    interchange = 0.25 * market.interchange * p.income * p.depth * p.need[CARD] * p.held[CARD]
    ledger[:, FEES] += np.bincount(p.provider, interchange, m)
    return np.asarray(12.0 * (income + margin + interchange))


def scores(p: People, at: Ints, j: Ints, market: Market, rng: np.random.Generator) -> Floats:
    """What the scorecards of institutions j read of the people at these places."""
    return p.risk_trait[at] + p.risk_event[at] + market.score_noise[j] * rng.standard_normal(len(at))


def would_lend(p: People, at: Ints, j: Ints, score: Floats, market: Market) -> Flags:
    """Underwriting: not past due, not barred, not above the highest accepted risk."""
    clean = (p.months_past_due[at] == 0) & (p.barred_months[at] == 0)
    return np.asarray(clean & (score <= market.highest_risk[j]))


def premium(j: Ints, above: Floats, market: Market) -> Floats:
    """Price for believed risk, points."""
    return np.asarray(market.premium_per_risk[j] * np.clip(above, 0.0, 6.0))


def open_products(p: People, at: Ints, k: Ints, market: Market, rules: Rulebook, rng: np.random.Generator) -> Ints:
    """Open product k for the people at these places, where the provider would lend; returns who has it now."""
    j = p.provider[at]
    score, credit = scores(p, at, j, market, rng), k <= CARD
    fine = ~p.held[k, at] & (~credit | would_lend(p, at, j, score, market))
    at, k, j, score, credit = at[fine], k[fine], j[fine], score[fine], credit[fine]
    p.premium[at[credit]] = premium(j[credit], score[credit] - rules.credit.average_risk, market)
    p.held[k, at] = True
    size = market.amount[k] * np.clip(p.income[at] / rules.accounts.income_median, 0.3, 3.0)
    card, loan = k == CARD, k == LOAN
    above = p.risk_trait[at[card]] + p.risk_event[at[card]] - rules.credit.average_risk
    p.line[at[card]] = size[card] * np.clip(1.0 - 0.25 * above, 0.3, 1.5)
    lent = size[loan] * (0.5 + rng.random(np.count_nonzero(loan)))
    p.months_left[at[loan]] = rng.integers(market.terms[0], market.terms[1] + 1, len(lent))
    p.balance[LOAN, at[loan]] += lent
    p.balance[CARD, at[loan]] -= np.minimum(lent, rules.needs.consolidates * p.balance[CARD, at[loan]])
    return at


def experience(p: People, customers: Flags, market: Market, rules: Rulebook, rng: np.random.Generator) -> None:
    """Satisfaction, expectation, fatigue, depth, stage and tenure of customers."""
    group, life = rules.relationship, rules.lifecycle
    at = np.flatnonzero(customers)
    stage, fatigue, depth = p.stage[at], p.fatigue[at], p.depth[at]
    delivered = market.service[p.provider[at]] + group.service_sd * rng.standard_normal(len(at))
    surprise = delivered - p.expectation[at]
    satisfaction = group.satisfaction_kept * p.satisfaction[at] + group.surprise * surprise
    satisfaction -= group.satisfaction_per_fatigue * fatigue
    toward = delivered + group.expectation_best * np.maximum(0.0, market.service[1:].max() - delivered)
    p.expectation[at] += group.expectation_moves * (toward - p.expectation[at])
    fatigue = group.fatigue_kept * fatigue
    held = p.held[:, at].sum(axis=0)
    potential = expit(
        group.potential + group.potential_per_product * held + group.potential_satisfaction * satisfaction
    )
    speed = group.depth_speed * np.where(stage == GROWTH, group.growth_factor, 1.0)
    depth = depth + speed * depth * (potential - depth)
    depth = np.where(stage == DECLINE, depth * (1.0 - group.decline_loss), depth)
    x = np.full(len(at), life.first_use)
    x = np.where(stage == GROWTH, life.maturity + life.maturity_depth * depth, x)
    declines = life.decline + life.decline_satisfaction * satisfaction + life.decline_fatigue * fatigue
    x = np.where(stage == MATURITY, declines, x)
    x = np.where(stage == DECLINE, life.saved + life.saved_satisfaction * satisfaction, x)
    moves = rng.random(len(at)) < expit(x)
    after = np.array([GROWTH, MATURITY, DECLINE, GROWTH])
    p.stage[at], p.satisfaction[at], p.fatigue[at] = np.where(moves, after[stage], stage), satisfaction, fatigue
    p.depth[at] = np.clip(depth, 0.0, 1.0)
    p.tenure_months[at] += 1


def leave(
    p: People, customers: Flags, lost: Ints, market: Market, rules: Rulebook, rng: np.random.Generator, causes: Ints
) -> Flags:
    """Charged off, settled, involuntary, own reasons: who leaves, shape (people,).

    What months without use and the prices of others do to own reasons is left out.
    """
    out = np.zeros(len(p.provider), bool)
    out[lost] = True
    empty = np.flatnonzero(customers & ~p.held.any(axis=0) & ~out)
    k = first_products(p, empty, rng)
    x = rules.lifecycle.renew + rules.lifecycle.renew_need * p.need[k, empty]
    renews = rng.random(len(empty)) < expit(x + rules.lifecycle.renew_satisfaction * p.satisfaction[empty])
    renews &= ~((k <= CARD) & (p.barred_months[empty] > 0))
    out[empty] = True
    out[open_products(p, empty[renews], k[renews], market, rules, rng)] = False
    causes[CHARGED_OFF], causes[SETTLED] = len(lost), np.count_nonzero(out) - len(lost)
    at = np.flatnonzero(customers & ~out)
    further = np.maximum(p.held[:, at].sum(axis=0) - 1, 0)
    life = rules.lifecycle
    pleased = np.clip(p.satisfaction[at], -life.satisfaction_most, life.satisfaction_most)
    x = life.leave_per_product * further + life.leave_satisfaction * pleased
    yearly = expit(logit(p.leave_per_year[at]) + x)
    alive = (1.0 - life.leave_involuntary) ** (1.0 / 12.0)
    stays = alive * (1.0 + np.expm1(np.log1p(-yearly) / 12.0))
    stays *= np.where(p.stage[at] == DECLINE, 1.0 - life.decline_gone, 1.0)
    u = rng.random(len(at))
    own = at[u >= stays]
    causes[INVOLUNTARY] = np.count_nonzero(u >= alive)
    causes[OWN_REASONS] = len(own) - causes[INVOLUNTARY]
    to_nobody = np.flatnonzero(out)
    out[own] = True
    close_accounts(p, to_nobody)
    close_accounts(p, own)
    enter(p, to_nobody, np.full(len(to_nobody), NOBODY), market, rules)
    enter(p, own, np.full(len(own), GONE), market, rules)
    return out


def first_products(p: People, at: Ints, rng: np.random.Generator) -> Ints:
    """Which product opens a relationship: drawn by need, the acute one threefold; none of credit for the barred."""
    weight = p.need[:, at] * np.where(np.arange(4)[:, None] == p.episode_product[at], 3.0, 1.0)
    weight[:SAVINGS, p.barred_months[at] > 0] = 0.0
    bounds = np.cumsum(weight, axis=0)
    return np.asarray((rng.random(len(at)) * bounds[-1] >= bounds).sum(axis=0))


def close_accounts(p: People, at: Ints) -> None:
    """Whatever is left is paid; nothing is held any more."""
    p.balance[:, at], p.held[:, at] = 0.0, False
    p.months_left[at], p.months_past_due[at] = 0, 0
    p.line[at], p.premium[at] = 0.0, 0.0


def enter(p: People, at: Ints, j: Ints, market: Market, rules: Rulebook) -> None:
    """Relationships start anew with these providers."""
    p.provider[at], p.stage[at], p.tenure_months[at] = j, ACQUISITION, 0
    p.satisfaction[at], p.fatigue[at], p.margin_per_year[at] = 0.0, 0.0, 0.0
    p.expectation[at] = np.where(j > NOBODY, market.service[np.maximum(j, 0)], 0.0)
    p.depth[at] = np.where(j > NOBODY, rules.relationship.depth_start, 0.0)


def choose(
    p: People,
    here: Flags,
    considered: Flags,
    market: Market,
    rules: Rulebook,
    rng: np.random.Generator,
    causes: Ints,
    joined: Ints,
) -> None:
    """Who looks around or has read a contact compares offers, logit over the options, and may join another."""
    group = rules.choice
    habit = p.search_trait + rules.needs.search_coming * p.risk_coming
    x = group.search + group.search_spread * habit + group.search_satisfaction * p.satisfaction
    x += group.search_decline * (p.stage == DECLINE) + group.search_maturity * (p.stage == MATURITY)
    x += group.search_without * (p.provider == NOBODY) + group.search_episode * (p.episode_months > 0)
    searches = rng.random(len(x)) < expit(x)
    free = (
        here & (p.owed_before <= 0.0) & (p.months_past_due == 0) & ((p.loyal_to != p.provider) | (p.provider == NOBODY))
    )
    at = np.flatnonzero(free & (searches | considered.any(axis=0)))
    options = considered[:, at] | searches[at]
    people, now = np.arange(len(at)), p.provider[at]
    options[now, people] = True
    options[NOBODY] = True
    at, options = at[options[1:].any(axis=0)], options[:, options[1:].any(axis=0)]
    now, people = p.provider[at], np.arange(len(at))
    worth = utilities(p, at, market, rules) / group.noise + rng.gumbel(size=options.shape)
    chosen = np.where(options, worth, -np.inf).argmax(axis=0)
    ends = at[(chosen == NOBODY) & (now > NOBODY)]
    moves = (chosen != now) & (chosen > NOBODY)
    join(p, at[moves], chosen[moves], market, rules, rng, causes, joined)
    causes[OWN_REASONS] += len(ends)
    close_accounts(p, ends)
    enter(p, ends, np.full(len(ends), NOBODY), market, rules)


def utilities(p: People, at: Ints, market: Market, rules: Rulebook) -> Floats:
    """Utility of every institution's offer, shape (institutions, at); row 0 is having no provider."""
    group, now, people = rules.choice, p.provider[at], np.arange(len(at))
    above = p.risk_trait[at] + p.risk_event[at] - rules.credit.average_risk
    need = p.need[:, at]
    total = need.sum(axis=0)
    extra = market.premium_per_risk[:, None] * np.clip(above, 0.0, 6.0)
    extra[now, people] = p.premium[at]
    price = (market.points @ need + extra * (need[LOAN] + need[CARD])) / total
    coming = p.risk_coming[at]
    minds = p.price_sensitivity[at] * np.maximum(0.0, 1.0 - rules.needs.price_coming * np.maximum(0.0, coming))
    worth = (market.quality + group.fit_weight + market.ease)[:, None] - minds * price + p.taste[:, at]
    worth += rules.needs.join_coming * coming
    further = group.cost_per_product * np.maximum(p.held[:, at].sum(axis=0) - 1, 0)
    switching = np.maximum(0.0, market.switching_cost + p.inertia[at])
    worth[now, people] += group.satisfaction_weight * p.satisfaction[at] + switching + further - market.ease[now]
    worth[now, people] -= rules.needs.join_coming * coming
    worth[NOBODY] = group.nobody
    return np.asarray(worth)


def join(
    p: People, at: Ints, j: Ints, market: Market, rules: Rulebook, rng: np.random.Generator, causes: Ints, joined: Ints
) -> None:
    """The chosen institution accepts or not; debts are refinanced, deposits withdrawn, a first product opened."""
    score, k = scores(p, at, j, market, rng), first_products(p, at, rng)
    owed = p.balance[LOAN, at] + p.balance[CARD, at]
    fine = ((k > CARD) & (owed <= 0.0)) | would_lend(p, at, j, score, market)
    at, j, k, score, owed = at[fine], j[fine], k[fine], score[fine], owed[fine]
    old = p.provider[at]
    above = p.risk_trait[at] + p.risk_event[at] - rules.credit.average_risk
    limit = 3.0 * p.income[at] * np.clip(1.5 - 0.3 * above, 0.5, 2.0)
    loan = np.minimum(p.balance[LOAN, at], limit)
    card = np.minimum(p.balance[CARD, at], limit - loan)
    p.owed_before[at], p.owed_before_to[at] = owed - loan - card, old
    line, months = p.line[at], p.months_left[at]
    close_accounts(p, at)
    p.balance[LOAN, at], p.balance[CARD, at] = loan, card
    p.held[LOAN, at], p.held[CARD, at] = loan > 0.0, card > 0.0
    p.months_left[at] = np.where(loan > 0.0, np.maximum(6, months), 0)
    p.line[at] = np.where(card > 0.0, np.maximum(line, card), 0.0)
    enter(p, at, j, market, rules)
    p.premium[at] = premium(j, score - rules.credit.average_risk, market)
    open_products(p, at, k, market, rules, rng)
    causes[POACHED] += np.count_nonzero(old > NOBODY)
    joined += np.bincount(j, minlength=len(joined))

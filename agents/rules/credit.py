"""Credit: how much is drawn, who misses a payment, cures, rolls, and is charged off; the cost of capital."""

import math
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import exp_, power_
from tenure.agents.mathematics.formulas import (
    between,
    logistic,
    normal_probability,
    normal_quantile,
    odds_factor,
    with_odds_times,
)

BUCKETS = 5
"""Missed payments that cure and roll tell apart; whoever missed more is like who missed as many as this."""
DEFAULT_AT = 3
"""Missed payments that are a default: 90 days past due (Basel CRE36.68)."""
STEEPEST = 5.0
"""Largest exponent by which risk moves the pass-through of a line."""
SPREAD = 0.6366197723675814
"""Two over pi: with it the expected want of who stands at the edge of the cushion is that of the normal law."""


class Credit(NamedTuple):
    """Parameters of borrowing and paying back."""

    utilisation: Annotated[float, Parameter("1", -2, 1, "Yeh 2009 (Taiwan): fitted, docs/taiwan.md")] = -0.33
    """Share of a revolving line that a person with a need of 0 wants drawn; below 0 nothing is."""
    utilisation_need: Annotated[float, Parameter("1", 0, 3, "Yeh 2009 (Taiwan): spread of customers")] = 1.38
    """Added to the share of the line wanted drawn by a need of 1 instead of 0."""
    utilisation_income: Annotated[float, Parameter("share", -1, 1, "assumption, per sd of log income")] = -0.15
    """Added to the share of the line wanted drawn by each standard deviation of log income above the median."""
    draw_speed: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.16
    """Share of the distance between the balance drawn and the one wanted that is covered in a month."""
    rate_elasticity: Annotated[float, Parameter("1", -5, 0, "Gross & Souleles 2002: -1.3, half of it moved")] = -0.9
    """Elasticity of the balance wanted with respect to the yearly rate: % of balance per % of rate."""
    usual_price: Annotated[float, Parameter("points", 0.1, 100, "where the elasticity is read from")] = 19.0
    """Yearly rate at which the elasticity changes nothing."""
    price_least: Annotated[float, Parameter("points", 0.001, 100, "assumption")] = 0.1
    """Yearly rate below which a lower one makes nobody want more drawn."""
    price_most: Annotated[float, Parameter("points", 1, 1000, "assumption")] = 200.0
    """Yearly rate above which a higher one makes nobody want less drawn."""
    line_pass_through: Annotated[float, Parameter("share", 0, 1, "set by Gross & Souleles 2002: 10-14% borrowed")] = 0.5
    """Share of a change of the line that counts when the balance wanted is worked out, at average risk."""
    line_pass_through_risk: Annotated[float, Parameter("1/log-odds", 0, 5, "set by Agarwal et al. 2018")] = 3.5
    """Growth of the pass-through with risk: one unit of log-odds multiplies it by exp of this."""
    line_pass_through_most: Annotated[
        float, Parameter("1", 0, 5, "assumption: the weakest fill more than they did")
    ] = 1.4
    """Largest multiple of a change of the line that counts, however large the risk."""
    average_risk: Annotated[float, Parameter("log-odds", -40, 40, "mean of r; where risk slopes are read from")] = -4.7
    """Mean risk in the market, log-odds of missing a payment in a month; risk above the average counts from here."""
    minimum_payment: Annotated[float, Parameter("share/month", 0, 1, "assumption: usual minimum payments")] = 0.03
    """Share of the balance drawn on a line that is due in a month; of a loan its instalment is due."""
    want_service: Annotated[float, Parameter("log-odds", 0, 100, "assumption")] = 17.0
    """Want of liquidity that payments due of a whole month's income would make, in the unit of life events."""
    service_most: Annotated[float, Parameter("months", 0, 100, "assumption")] = 1.0
    """Payments due, in months of income, above which more make no difference."""
    want_common: Annotated[float, Parameter("log-odds", 0, 10, "assumption")] = 0.1
    """Want of liquidity that each unit of the common factor makes, in the unit of life events."""
    cushion: Annotated[float, Parameter("log-odds", -100, 100, "assumption")] = 1.65
    """What life events, payments due and the common factor may add up to before liquidity is wanting."""
    miss_want: Annotated[float, Parameter("log-odds", 0, 10, "assumption; 0: only r and the common factor")] = 0.8
    """Added to the log-odds of missing a payment by each unit of want of liquidity."""
    draw_want: Annotated[float, Parameter("1", 0, 10, "assumption: set by the line drawn before default")] = 0.5
    """Share of what is left of the line that each unit of want of liquidity adds to what is wanted drawn."""
    want_speed: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.222
    """What `draw_speed` is for somebody who wants the whole line for want of liquidity."""
    draws_until: Annotated[int, Parameter("payments", 0, 24, "assumption: issuers block a card at 90 days")] = 2
    """Missed payments up to which a person still draws; who missed one is out of liquidity and wants the whole line."""
    correlation: Annotated[float, Parameter("share", 0, 0.9, "assumption (Basel .04)")] = 0.03
    """Asset correlation: how much one common factor moves everybody's missed payments together (Vasicek)."""
    cure: Annotated[
        tuple[float, float, float, float, float],
        Parameter("share/month", 0, 1, "by missed 1..5; Federal Reserve series"),
    ] = (0.42, 0.20, 0.12, 0.06, 0.04)
    """Probability a month of paying all arrears, by missed payments outstanding: 1, 2, 3, 4, and 5 or more."""
    roll: Annotated[
        tuple[float, float, float, float, float],
        Parameter("share/month", 0, 1, "by missed 1..5; Federal Reserve series"),
    ] = (0.45, 0.55, 0.75, 0.80, 0.85)
    """Probability a month of missing a further payment, by missed payments outstanding: 1, 2, 3, 4, and 5 or more."""
    partial_cure: Annotated[
        tuple[float, float, float, float, float, float, float, float, float, float],
        Parameter(
            "share/month", 0, 1, "missed 2 to 1, 3 to 1 and 2, 4 to 1..3, 5 to 1..4; assumption: who pays, pays all"
        ),
    ] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Probability a month of making up for a part of the arrears: from 2 missed to 1; 3 to 1, 2; 4 to 1, 2, 3; ..."""
    cure_risk: Annotated[float, Parameter("log-odds", -5, 5, "assumption: per unit of r")] = -0.25
    """Added to the log-odds of paying all arrears by each unit of log-odds of risk above the average."""
    charge_off_at: Annotated[int, Parameter("payments", 1, 24, "180 days, US card practice (FFIEC)")] = 6
    """Missed payments outstanding at which the balance is charged off."""
    barred_months: Annotated[int, Parameter("months", 0, 600, "assumption: five years on the file")] = 60
    """Months after a charge-off in which nobody lends to the person."""
    recovery_months: Annotated[int, Parameter("months", 1, 60, "assumption")] = 24
    """Months over which what can be recovered of a charged-off balance is paid."""
    line_at_most: Annotated[float, Parameter("EUR", 0, 1e6, "assumption: more is not lent without security")] = 50_000.0
    """Largest revolving line that an increase can lead to."""
    pd_least: Annotated[float, Parameter("share/year", 1e-6, 0.5, "Basel CRE32.4: 0.05%")] = 0.0005
    """Least probability of default a year with which capital is worked out."""
    revolving_correlation: Annotated[float, Parameter("share", 0, 0.9, "Basel CRE31.24")] = 0.04
    """Asset correlation of qualifying revolving exposures in Basel's formula for capital."""
    mortgage_correlation: Annotated[float, Parameter("share", 0, 0.9, "Basel CRE31.24")] = 0.15
    """Asset correlation of residential mortgages in Basel's formula for capital."""
    retail_correlation_safe: Annotated[float, Parameter("share", 0, 0.9, "Basel CRE31.24")] = 0.16
    """Asset correlation of other retail exposures in Basel's formula, at a probability of default of 0."""
    retail_correlation_risky: Annotated[float, Parameter("share", 0, 0.9, "Basel CRE31.24")] = 0.03
    """Asset correlation of other retail exposures in Basel's formula, at a probability of default of 100%."""
    retail_correlation_decay: Annotated[float, Parameter("1", 0.01, 1000, "Basel CRE31.24")] = 35.0
    """How fast the asset correlation of other retail exposures falls from one to the other."""
    undrawn_conversion: Annotated[
        float, Parameter("share", 0, 1, "Basel CRE20: 10% of commitments that can be cancelled at any time")
    ] = 0.10
    """Share of the undrawn part of a line behind which capital is held as if it was drawn."""
    capital_cost: Annotated[float, Parameter("share/year", 0, 1, "assumption: required return on capital")] = 0.10
    """Return a year that the capital behind loans must earn; it makes the capital charge."""


@rule
def target_utilisation(need: float, income_sds: float, foreseen: float, price: float, credit: Credit) -> float:
    """Share of the line that a person wants drawn: need, income, what is foreseen, and the rate (elasticity)."""
    share = credit.utilisation + credit.utilisation_need * need + credit.utilisation_income * income_sds + foreseen
    relative = between(price, credit.price_least, credit.price_most) / credit.usual_price
    return between(share * power_(relative, credit.rate_elasticity), 0.0, 1.0)


@rule
def line_after(line: float, factor: float, credit: Credit) -> float:
    """The line once it was multiplied, EUR; an increase ends at the most that is lent."""
    return min(line * factor, max(line, credit.line_at_most))


@rule
def line_that_counts(line: float, first_line: float, risk_above_average: float, credit: Credit) -> float:
    """The line whose share is drawn: of a rise, the pass-through, larger for the weaker; of a cut, at most all."""
    weak = credit.line_pass_through * exp_(
        between(credit.line_pass_through_risk * risk_above_average, -STEEPEST, STEEPEST)
    )
    counts = first_line + between(weak, 0.0, credit.line_pass_through_most) * (line - first_line)
    return max(counts, min(line, first_line))


@rule
def drawn_for_want(want: float, missed: int, credit: Credit) -> float:
    """Share of what is left of the line that want of liquidity adds to what is wanted drawn."""
    return 1.0 if missed > 0 else min(1.0, credit.draw_want * want)


@rule
def moves_to_wanted(for_want: float, credit: Credit) -> float:
    """Share of the distance to the balance wanted that is covered in a month; want of liquidity hurries."""
    return credit.draw_speed + for_want * (credit.want_speed - credit.draw_speed)


@rule
def counts_of_undrawn(undrawn: float, lines: int, credit: Credit) -> float:
    """What is added to the balance of each of so many products that share a line, as if drawn, for capital; EUR."""
    return credit.undrawn_conversion * max(0.0, undrawn) / lines


@rule
def payments_over_income(due_cents: int, income: float, credit: Credit) -> float:
    """Payments due in a month, in months of income."""
    return between(due_cents / 100.0 / income, 0.0, credit.service_most)


@rule
def want_of_liquidity(event: float, unseen: float, service: float, systematic: float, credit: Credit) -> float:
    """How far life events, payments due and the common factor pass a person's cushion; 0 or more.

    `unseen` is the standard deviation of what is not known of them, 0 for the person: the expected want then, nearly.
    """
    passes = event + credit.want_service * service + credit.want_common * systematic - credit.cushion
    return 0.5 * (passes + math.sqrt(passes * passes + SPREAD * unseen * unseen))


@rule
def misses_payment(risk: float, want: float, systematic: float, credit: Credit) -> float:
    """Probability of missing a payment this month, given the systematic factor (Vasicek 2002; bad is positive)."""
    p = logistic(risk + credit.miss_want * want)
    if credit.correlation == 0.0 or p <= 0.0 or p >= 1.0:
        return p
    threshold = normal_quantile(p) + math.sqrt(credit.correlation) * systematic
    return normal_probability(threshold / math.sqrt(1.0 - credit.correlation))


@rule
def months_past_due_next(
    months_past_due: int, u: float, miss: float, risk_above_average: float, relief: float, credit: Credit
) -> int:
    """Missed payments outstanding one month on: a first miss, a cure, a roll, a partial cure, or no change.

    `relief`, log-odds, is what a plan of payments takes off rolling on; `miss` has it already.
    """
    if months_past_due == 0:
        return 1 if u < miss else 0
    bucket = min(months_past_due, BUCKETS) - 1
    cure = with_odds_times(credit.cure[bucket], odds_factor(credit.cure_risk * risk_above_average))
    if u < cure:
        return 0
    roll = credit.roll[bucket]
    if relief != 0.0:
        roll = with_odds_times(roll, odds_factor(-relief))
    edge = cure + min(roll, 1.0 - cure)
    if u < edge:
        return months_past_due + 1
    for missed in range(1, bucket + 1):
        edge += credit.partial_cure[bucket * (bucket - 1) // 2 + missed - 1]
        if u < edge:
            return missed
    return months_past_due


@rule
def defaults_within_year(months_past_due: int, miss: float, risk_above_average: float, credit: Credit) -> float:
    """P(three or more missed payments at some month end of the next twelve), by the delinquency chain."""
    if months_past_due >= DEFAULT_AT:
        return 1.0
    factor = odds_factor(credit.cure_risk * risk_above_average)
    cure_1, cure_2 = with_odds_times(credit.cure[0], factor), with_odds_times(credit.cure[1], factor)
    roll_1, roll_2 = min(credit.roll[0], 1.0 - cure_1), min(credit.roll[1], 1.0 - cure_2)
    back = min(credit.partial_cure[0], 1.0 - cure_2 - roll_2)
    current = 1.0 if months_past_due == 0 else 0.0
    one = 1.0 if months_past_due == 1 else 0.0
    two = 1.0 if months_past_due == 2 else 0.0
    for _ in range(12):
        next_two = two * (1.0 - cure_2 - roll_2 - back) + one * roll_1
        next_one = one * (1.0 - cure_1 - roll_1) + current * miss + two * back
        current = current * (1.0 - miss) + one * cure_1 + two * cure_2
        one, two = next_one, next_two
    return between(1.0 - current - one - two, 0.0, 1.0)


@rule
def default_odds(
    months_past_due: int,
    risk: float,
    want: float,
    risk_above_average: float,
    systematic: float,
    credit: Credit,
) -> tuple[float, float]:
    """Probabilities of missing a payment this month, and of default within a year; arithmetic alone."""
    miss = misses_payment(risk, want, systematic, credit)
    return miss, defaults_within_year(months_past_due, miss, risk_above_average, credit)

"""The belief: what one institution knows and estimates of one customer, declared once."""

from typing import Annotated

from tenure.agents.declaring import Field, dtype_of

SCOPES = ("open", "other_lines", "settled", "contacted", "browsing")
"""Why somebody is in the files: a customer of this business line, of another line only, of the past; one who was in
contact; one seen looking for a product."""
OPEN, OTHER_LINES, SETTLED, CONTACTED, BROWSING = range(5)
NEWS = ("estimate moved", "file opened", "left", "products", "past due", "treated")
"""What a month brought that can change a tag, the most telling last."""
MOVED, JOINED, LEFT, PRODUCTS, PAST_DUE, TREATED = range(6)
QUADRANTS = ("low_risk_low_return", "low_risk_high_return", "high_risk_low_return", "high_risk_high_return")


NEVER = 999
"""Months since what has never happened, or longer ago than is counted."""


class Signal:
    """What a person's month shows to the provider; `live` writes it, `observe` reads it."""

    person_id: Annotated[int, Field("", "whose month it was", "live")]
    before: Annotated[int, Field("institution", "main provider at the month's start; sees how one left", "live")]
    cause: Annotated[int, Field("", "way out taken this month, index into CAUSES; 0 none", "live")]
    tenure_before: Annotated[int, Field("months", "with the provider at the month's start", "live")]
    products_before: Annotated[int, Field("products", "held at the month's start", "live")]
    stage_before: Annotated[int, Field("", "true stage at the month's start; for the recording alone", "live")]
    source: Annotated[int, Field("", "how a joiner came: 1 looked around, 2 + channel", "live")]
    provider: Annotated[int, Field("institution", "main provider at the month's end; the one who sees this", "live")]
    joined: Annotated[int, Field("0/1", "became this provider's customer this month", "live")]
    tenure_months: Annotated[int, Field("months", "with this provider", "live")]
    age_years: Annotated[float, Field("years", "from the application", "live")]
    income: Annotated[float, Field("EUR/month", "from the application", "live")]
    held: Annotated[list[int], Field("0/1", "products held", "live")]
    credit_cents: Annotated[int, Field("cents", "credit balance", "live")]
    deposit_cents: Annotated[int, Field("cents", "deposit balance", "live")]
    revolving_cents: Annotated[int, Field("cents", "revolving balance", "live")]
    line_cents: Annotated[int, Field("cents", "revolving line", "live")]
    months_past_due: Annotated[int, Field("payments", "missed payments outstanding", "live")]
    margin_per_year: Annotated[float, Field("EUR/year", "this month's margin, times twelve", "live")]
    application_score: Annotated[float, Field("log-odds", "what a scorecard read at application", "live")]
    risk_reading: Annotated[float, Field("log-odds", "noisy reading of risk from behaviour", "live")]
    care_reading: Annotated[float, Field("", "noisy reading of satisfaction from contacts and complaints", "live")]
    trace: Annotated[int, Field("product", "need episode seen in browsing; -1 none", "live")]
    met: Annotated[int, Field("bits", "bit j: read or compared what institution j offers", "live")]
    invited: Annotated[int, Field("bits", "bit j: institution j, not the provider, sent an invitation", "live")]
    treatment: Annotated[int, Field("treatment", "treatment that reached the person; 0 none", "live")]
    taken: Annotated[int, Field("0/1", "whether it was taken", "live")]
    paid_cents: Annotated[int, Field("cents", "paid to the provider: interest, fees, less rewards", "live")]
    ending: Annotated[int, Field("0/1", "the relationship is being ended", "live")]
    opted_out: Annotated[int, Field("0/1", "wants no more offers", "live")]
    vulnerable: Annotated[int, Field("0/1", "in need of special care", "live")]
    let_go: Annotated[int, Field("0/1", "nothing is renewed", "live")]
    lending_stopped: Annotated[int, Field("0/1", "gets no new credit", "live")]
    premium: Annotated[float, Field("points", "above the list price of credit, by contract", "live")]
    told_needs: Annotated[int, Field("bits", "bit 0: was asked; bit k + 1: said to need product k", "live")]
    used: Annotated[int, Field("0/1", "used what is held with the provider this month", "live")]
    read: Annotated[int, Field("0/1", "behaviour was read this month", "live")]


class Belief:
    """One institution's record of one of its customers: observed facts, estimates with precision, tags."""

    person_id: Annotated[int, Field("", "whose record; -1 an empty file", "observe")]
    scope: Annotated[int, Field("", "tag: why we keep this record, index into SCOPES", "observe")]
    news: Annotated[int, Field("", "what the month brought, index into NEWS", "observe")]
    months_since_seen: Annotated[int, Field("months", f"since we last saw behaviour; {NEVER} never", "observe")]
    months_since_use: Annotated[int, Field("months", "since the customer used what is held with us", "observe")]
    months_since_purchase: Annotated[int, Field("months", f"since one was taken with us; {NEVER} never", "observe")]
    purchases: Annotated[int, Field("products", "taken with us since we keep this record", "observe")]
    came_looking: Annotated[int, Field("0/1", "was seen looking for a product when joining", "observe")]
    by_channel: Annotated[int, Field("0/1", "one of our channels brought the customer", "observe")]
    months_since_trace: Annotated[int, Field("months", f"since seen looking for a product; {NEVER} never", "observe")]
    looked_for: Annotated[int, Field("product", "product last looked for; -1 none seen", "observe")]
    tenure_months: Annotated[int, Field("months", "with us", "observe")]
    age_years: Annotated[float, Field("years", "from the application", "observe")]
    income: Annotated[float, Field("EUR/month", "net income, as the application says", "observe")]
    held: Annotated[list[int], Field("0/1", "products held with us", "observe")]
    credit_cents: Annotated[int, Field("cents", "credit balance", "observe")]
    deposit_cents: Annotated[int, Field("cents", "deposit balance", "observe")]
    revolving_cents: Annotated[int, Field("cents", "revolving balance", "observe")]
    line_cents: Annotated[int, Field("cents", "revolving line", "observe")]
    months_past_due: Annotated[int, Field("payments", "missed payments outstanding", "observe")]
    months_since_arrears: Annotated[int, Field("months", f"since a payment was outstanding; {NEVER} never", "observe")]
    ending: Annotated[int, Field("0/1", "we are ending the relationship", "observe")]
    opted_out: Annotated[int, Field("0/1", "wants no more offers from us", "observe")]
    vulnerable: Annotated[int, Field("0/1", "in need of special care", "observe")]
    let_go: Annotated[int, Field("0/1", "we renew nothing that runs off", "observe")]
    lending_stopped: Annotated[int, Field("0/1", "we give no new credit", "observe")]
    premium: Annotated[float, Field("points", "above our list price of credit, by contract", "observe")]
    trend: Annotated[float, Field("share/month", "smoothed growth of what the customer keeps with us", "observe")]
    contact_history: Annotated[int, Field("bits", "bit m: contacted m months ago, newest lowest", "observe")]
    months_since_contact: Annotated[int, Field("months", f"since our last contact; {NEVER} never", "observe")]
    risk_mean: Annotated[float, Field("log-odds", "estimate of the monthly miss propensity", "observe")]
    risk_precision: Annotated[float, Field("1/log-odds^2", "precision of that estimate", "observe")]
    return_mean: Annotated[float, Field("EUR/year", "estimate of the margin a year", "observe")]
    return_precision: Annotated[float, Field("(EUR/year)^-2", "precision of that estimate", "observe")]
    care_mean: Annotated[float, Field("", "estimate of satisfaction", "observe")]
    care_precision: Annotated[float, Field("", "precision of that estimate", "observe")]
    need_yes: Annotated[list[float], Field("count", "beta-binomial evidence for the need of each product", "observe")]
    need_no: Annotated[list[float], Field("count", "beta-binomial evidence against it", "observe")]
    default_per_year: Annotated[float, Field("share", "believed P(three missed payments within 12 months)", "observe")]
    margin_per_year: Annotated[float, Field("EUR/year", "believed margin before credit loss and treatment", "observe")]
    leave_per_year: Annotated[float, Field("share", "believed P(leaving within 12 months)", "observe")]
    years_expected: Annotated[float, Field("years", "expected further time with us, at most 10", "observe")]
    quadrant: Annotated[int, Field("", "tag: risk x return, index into QUADRANTS", "observe")]
    stage: Annotated[int, Field("", "tag: inferred lifecycle stage, index into STAGES", "observe")]


class Truth:
    """What is true of a customer at a month's end; the recording reads it, no institution does."""

    risk: Annotated[float, Field("log-odds", "monthly miss propensity", "appraise")]
    default_per_year: Annotated[float, Field("share", "P(three missed payments within 12 months)", "appraise")]
    margin_per_year: Annotated[float, Field("EUR/year", "run rate before credit loss and treatment", "appraise")]
    quadrant: Annotated[int, Field("", "index into QUADRANTS", "appraise")]
    future_margin: Annotated[float, Field("EUR", "discounted margin of further years", "appraise")]
    expected_loss: Annotated[float, Field("EUR", "expected loss on what is owed, further years included", "appraise")]
    future_capital_cost: Annotated[float, Field("EUR", "discounted cost of capital of further years", "appraise")]


TRUTH = dtype_of(Truth)
SIGNAL = dtype_of(Signal)
BELIEF = dtype_of(Belief)

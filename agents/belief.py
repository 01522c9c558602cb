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
    due_cents: Annotated[int, Field("cents", "due in a month on all credit", "observe")]
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


BELIEF = dtype_of(Belief)

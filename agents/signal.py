"""The signal: what a person's month shows to the provider, declared once."""

from typing import Annotated

from tenure.agents.declaring import Field, dtype_of

LOOKED_AROUND, INVITED, BY_CHANNEL = 1, 2, 3
"""How a joiner came, `source` of a signal: by comparing offers, by an invitation, a channel of row `source` - 3."""


class Signal:
    """What a person's month shows to the provider; `live` writes it, `observe` reads it."""

    person_id: Annotated[int, Field("", "whose month it was", "live")]
    before: Annotated[int, Field("institution", "main provider at the month's start; sees how one left", "live")]
    cause: Annotated[int, Field("", "way out taken this month, index into CAUSES; 0 none", "live")]
    tenure_before: Annotated[int, Field("months", "with the provider at the month's start", "live")]
    products_before: Annotated[int, Field("products", "held at the month's start", "live")]
    stage_before: Annotated[int, Field("", "true stage at the month's start; for the recording alone", "live")]
    source: Annotated[int, Field("", "how a joiner came: 1 looked around, 2 invited, 3 + row of a channel", "live")]
    provider: Annotated[int, Field("institution", "main provider at the month's end; the one who sees this", "live")]
    joined: Annotated[int, Field("0/1", "became this provider's customer this month", "live")]
    tenure_months: Annotated[int, Field("months", "with this provider", "live")]
    age_years: Annotated[float, Field("years", "from the application", "live")]
    income: Annotated[float, Field("EUR/month", "from the application", "live")]
    held: Annotated[list[int], Field("0/1", "products held", "live")]
    credit_cents: Annotated[int, Field("cents", "credit balance", "live")]
    due_cents: Annotated[int, Field("cents", "due in a month on all credit", "live")]
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


SIGNAL = dtype_of(Signal)

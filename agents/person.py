"""The person: only what is true, declared once."""

from typing import Annotated

from tenure.agents.declaring import Field, dtype_of

GONE, NOBODY = -1, 0
"""Providers that are none: left the market for good; no main provider at present."""

ACQUISITION, GROWTH, MATURITY, DECLINE = 0, 1, 2, 3
STAGES = ("acquisition", "growth", "maturity", "decline")

CAUSES = ("", "ended", "charged_off", "settled", "involuntary", "own_reasons", "poached")
NO_EXIT, ENDED, CHARGED_OFF, SETTLED, INVOLUNTARY, OWN_REASONS, POACHED = range(len(CAUSES))


class Person:
    """A person of the market. In the compiled engine a row with these columns, in the object engine an agent."""

    id: Annotated[int, Field("", "cohort month and ordinal; never used twice", "birth")]
    group: Annotated[int, Field("", "audit group, barred from every view", "birth")]
    age_years: Annotated[float, Field("years", "age when entering the market", "birth")]
    income: Annotated[float, Field("EUR/month", "net income", "birth")]
    need: Annotated[list[float], Field("0..1", "lasting level of need for each product", "birth")]
    price_sensitivity: Annotated[float, Field("utility/point", "b: what one point of yearly cost takes away", "birth")]
    inertia: Annotated[float, Field("utility", "own switching cost, less the market's mean", "birth")]
    search_trait: Annotated[float, Field("log-odds", "how much more than others one looks around", "birth")]
    loyal_to: Annotated[int, Field("institution", "hard-core loyal to this one; 0 to none", "birth")]
    risk_trait: Annotated[float, Field("log-odds", "constant part of the monthly miss propensity", "birth")]
    leave_per_year: Annotated[float, Field("1/year", "theta: leaving the market for own reasons", "birth")]
    attachment: Annotated[float, Field("sd", "how attached one gets; what theta says of it", "birth")]
    vulnerable: Annotated[int, Field("0/1", "in need of special care, and says so", "birth")]
    upkeep: Annotated[float, Field("", "what servicing this person costs, against the average", "birth")]
    attention: Annotated[float, Field("contacts", "contacts a month at which half are read", "birth")]

    provider: Annotated[int, Field("institution", "main provider; 0 nobody, -1 gone for good", "live")]
    stage: Annotated[int, Field("", "0 acquisition, 1 growth, 2 maturity, 3 decline", "live")]
    tenure_months: Annotated[int, Field("months", "with the present provider", "live")]
    risk_event: Annotated[float, Field("log-odds", "slow AR(1) part of the risk: life events", "live")]
    risk_coming: Annotated[float, Field("log-odds", "risk that is coming: felt, and seen by nobody else", "live")]
    months_since_use: Annotated[int, Field("months", "since the relationship was last used", "live")]
    depth: Annotated[float, Field("share", "share of wallet held with the provider", "live")]
    satisfaction: Annotated[float, Field("", "delivered less expected, smoothed", "live")]
    expectation: Annotated[float, Field("utility", "quality the person has come to expect", "live")]
    fatigue: Annotated[float, Field("contacts", "weight of recent contacts", "live")]
    reminded: Annotated[float, Field("log-odds", "a recent message made one think of going elsewhere", "live")]
    episode_product: Annotated[int, Field("product", "need episode under way; -1 none", "live")]
    episode_months: Annotated[int, Field("months", "left of the episode", "live")]

    held: Annotated[list[int], Field("0/1", "held with the provider", "live")]
    balance_cents: Annotated[list[int], Field("cents", "owed (credit) or kept (deposit) with the provider", "live")]
    months_left: Annotated[list[int], Field("months", "of an instalment product", "live")]
    line_cents: Annotated[int, Field("cents", "revolving line in force", "live")]
    first_line_cents: Annotated[int, Field("cents", "revolving line as first granted", "live")]
    premium: Annotated[float, Field("points", "price for believed risk, set when joining", "live")]
    months_past_due: Annotated[int, Field("payments", "missed payments outstanding", "live")]
    owed_before_cents: Annotated[int, Field("cents", "still owed to a former lender", "live")]
    owed_before_to: Annotated[int, Field("institution", "that former lender; 0 none", "live")]
    recovery_cents: Annotated[int, Field("cents", "still to be recovered after a charge-off", "live")]
    recovery_to: Annotated[int, Field("institution", "who recovers it", "live")]
    barred_months: Annotated[int, Field("months", "until credit is granted again", "live")]
    margin_per_year: Annotated[float, Field("EUR/year", "income less funding and servicing, recent run rate", "live")]

    reward_switching_cost: Annotated[float, Field("utility", "switching cost added by the provider's reward", "live")]
    reward_months: Annotated[int, Field("months", "until the reward's switching cost ends", "live")]
    price_cut: Annotated[float, Field("points", "taken off the price by a treatment", "live")]
    price_cut_months: Annotated[int, Field("months", "until the price cut ends", "live")]
    extra_service: Annotated[float, Field("utility", "added to what is delivered by an upgrade", "live")]
    extra_service_months: Annotated[int, Field("months", "until the upgrade ends", "live")]
    relief: Annotated[float, Field("log-odds", "taken off the miss propensity by the provider's help", "live")]
    relief_months: Annotated[int, Field("months", "until that help ends, or another may be given", "live")]
    payments_to_reage: Annotated[int, Field("payments", "in a row until debts count as current; 0 none", "live")]
    opted_out: Annotated[int, Field("0/1", "has told the provider to send no more offers", "live")]
    let_go: Annotated[int, Field("0/1", "the provider renews nothing that runs off", "live")]
    lending_stopped: Annotated[int, Field("0/1", "the provider gives no new credit", "live")]
    ending: Annotated[int, Field("0/1", "the provider is ending the relationship", "live")]


PERSON = dtype_of(Person)

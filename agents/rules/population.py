"""The population: what a person is born with, drawn by keyed luck, and with what book customers begin."""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.chance import LEAVE_AT_BIRTH, NEEDS_AT_BIRTH, TRAITS, address, draw4_each
from tenure.agents.declaring import Parameter, rule
from tenure.agents.elementary import exp_
from tenure.agents.person import ACQUISITION, GROWTH, MATURITY, PERSON


class Traits(NamedTuple):
    """Parameters of the population; a Gaussian copula ties income, risk and the need for credit together."""

    income_median: Annotated[float, Parameter("EUR/month", 1, 1e6, "assumption")] = 3300.0
    """Median net income of people."""
    income_sd: Annotated[float, Parameter("log", 0, 1.5, "assumption: sd of log income")] = 0.6
    """Standard deviation between people of the logarithm of income."""
    risk_income: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = -0.35
    """Correlation between risk and income: below 0 the poorer are the riskier."""
    card_need_risk: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = 0.35
    """Correlation between the need for revolving credit and risk."""
    loan_need_risk: Annotated[float, Parameter("correlation", -0.99, 0.99, "assumption")] = 0.25
    """Correlation between the need for instalment loans and risk."""
    risk_mean: Annotated[float, Parameter("log-odds", -60, 40, "set by 4% charge-off and 2.5% 30+")] = -5.0
    """Mean of the lasting part of risk, log-odds of missing a payment in a month."""
    risk_sd: Annotated[float, Parameter("log-odds", 0, 10, "set by 4% charge-off and 2.5% 30+")] = 1.15
    """Standard deviation between people of the lasting part of risk."""
    price_sensitivity: Annotated[float, Parameter("utility/point", 0, 2, "Gross & Souleles 2002: .05 to .10")] = 0.07
    """Utility that one point of yearly price takes from an offer, for the median person."""
    price_sensitivity_sd: Annotated[float, Parameter("log", 0, 1.5, "assumption")] = 0.5
    """Standard deviation between people of the logarithm of price sensitivity."""
    inertia_sd: Annotated[float, Parameter("utility", 0, 10, "assumption")] = 0.7
    """Standard deviation between people of what switching costs them, around the market's mean `switching_cost`."""
    loyal_share: Annotated[float, Parameter("share", 0, 1, "assumption: hard-core loyal")] = 0.15
    """Share of each institution's first customers who never compare offers."""
    attention: Annotated[float, Parameter("contacts", 0.1, 1e12, "assumption")] = 6.0
    """Contacts a month at which a contact is read half as often as one that comes alone."""
    vulnerable: Annotated[
        float, Parameter("share", 0, 1, "assumption: those who say so; FCA Financial Lives 2022 counts 47% in some way")
    ] = 0.05
    """Share of people who are in need of special care, and say so."""
    age_from: Annotated[float, Parameter("years", 0, 100, "assumption: adults")] = 18.0
    """Age of the youngest people when they enter the market."""
    age_to: Annotated[float, Parameter("years", 0, 150, "assumption")] = 80.0
    """Age of the oldest people when they enter the market; ages between are equally frequent."""
    groups: Annotated[int, Parameter("count", 1, 10, "audit groups, unrelated to anything by default")] = 2
    """Audit groups into which people are divided by lot; no policy sees them, reports compare them."""


def normal(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard normal quantiles."""
    from scipy import special

    return np.asarray(special.ndtri(u))


def tied(z: NDArray[np.float64], e: NDArray[np.float64], correlation: float) -> NDArray[np.float64]:
    """A standard normal with the given correlation to z."""
    return np.asarray(correlation * z + np.sqrt(1.0 - correlation * correlation) * e)


def need_correlation(product: np.void, traits: Traits) -> float:
    """Return the correlation between the need for a product and risk."""
    if product["draws"]:
        return traits.card_need_risk
    return traits.loan_need_risk if product["lends"] else 0.0


def born(
    ids: NDArray[np.int64],
    seed: int,
    replication: int,
    traits: Traits,
    leave: tuple[float, float],
    products: NDArray[np.void],
    event_sd: float,
    lived_years: NDArray[np.float64] | None = None,
) -> NDArray[np.void]:
    """Return new people, shape (n,) of PERSON, without a provider.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Their ids, which address their luck.
    leave : (alpha, beta)
        Of the yearly own-reasons leave probability, a beta distribution.
    products : structured array, shape (products,)
        dtype `tenure.agents.offer.PRODUCT`.
    event_sd : float
        Stationary standard deviation of the changing part of risk, log-odds.
    lived_years : ndarray of float64, shape (n,), optional
        Years already spent as a customer, which select for low leave probability: Beta(alpha, beta + years).
    """
    from scipy import special

    a, b = (draw4_each(seed, replication, ids, 0, address(TRAITS, ordinal=i)) for i in (0, 1))
    c = draw4_each(seed, replication, ids, 0, address(LEAVE_AT_BIRTH))
    people = np.zeros(len(ids), PERSON)
    people["id"] = ids
    z_income = normal(a[0])
    z_risk = tied(z_income, normal(a[1]), traits.risk_income)
    people["income"] = traits.income_median * np.exp(traits.income_sd * z_income)
    people["risk_trait"] = traits.risk_mean + traits.risk_sd * z_risk
    people["risk_event"] = event_sd * normal(c[3])
    people["vulnerable"] = c[1] < traits.vulnerable
    people["price_sensitivity"] = traits.price_sensitivity * np.exp(traits.price_sensitivity_sd * normal(a[2]))
    people["inertia"] = traits.inertia_sd * normal(a[3])
    people["search_trait"] = normal(b[0])
    people["attention"] = traits.attention
    people["age_years"] = traits.age_from + (traits.age_to - traits.age_from) * b[1]
    people["group"] = (b[2] * traits.groups).astype(np.int64)
    alpha, beta = leave
    years = np.zeros(len(ids)) if lived_years is None else lived_years
    people["leave_per_year"] = np.clip(special.betaincinv(alpha, beta + years, c[0]), 1e-12, 1.0 - 1e-12)
    for block in range(0, len(products), 4):
        u = draw4_each(seed, replication, ids, 0, address(NEEDS_AT_BIRTH, ordinal=block))
        for k, product in enumerate(products[block : block + 4], start=block):
            z = tied(z_risk, normal(u[k - block]), need_correlation(product, traits))
            money = product["lends"] or product["keeps_deposits"]
            people["need"][:, k] = special.ndtr(z) if money else u[k - block]
    people["episode_product"] = -1
    people["provider"] = 0
    people["owed_before_to"] = 0
    return people


class Opening(NamedTuple):
    """Parameters of the customers with whom the market begins; all else of them follows from the other rules."""

    acquisition_months: Annotated[int, Parameter("months", 0, 600, "assumption: as learning.new_months")] = 3
    """Months with the provider before which a customer at the start is still in the stage of acquisition."""
    growth_months: Annotated[int, Parameter("months", 0, 600, "assumption")] = 18
    """Months with the provider before which a customer at the start is not yet in the stage of maturity."""
    further: Annotated[float, Parameter("1", 0, 1, "assumption; sets products per customer")] = 0.65
    """Chance, per unit of need, that a customer of very long standing holds a product beyond the first."""
    further_years: Annotated[float, Parameter("years", 0.01, 100, "assumption")] = 6.0
    """Years with the provider after which 63% of that chance is reached."""


@rule
def stage_at_opening(tenure_months: int, opening: Opening) -> int:
    """Lifecycle stage of a customer with whom the market begins."""
    if tenure_months < opening.acquisition_months:
        return ACQUISITION
    return GROWTH if tenure_months < opening.growth_months else MATURITY


@rule
def holds_at_opening(need: float, years: float, opening: Opening) -> float:
    """Probability that a customer with whom the market begins holds a product beyond the first."""
    return opening.further * (1.0 - exp_(-years / opening.further_years)) * need

"""Accounts: how much is lent and kept, on what terms, and how it is paid back."""

from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import log_
from tenure.agents.mathematics.formulas import between, cents


class Accounts(NamedTuple):
    """Parameters of the sizes of loans, lines and deposits, of refinancing, and of payments on what is left."""

    income_median: Annotated[float, Parameter("EUR/month", 1, 1e6, "assumption; as traits.income_median")] = 3300.0
    """Income for which products' amounts are quoted, and from which the effect of income on credit is counted."""
    income_sd: Annotated[float, Parameter("log", 0.01, 1.5, "assumption; as traits.income_sd")] = 0.6
    """Standard deviation of log income in which the effect of income on credit is counted."""
    size_least: Annotated[float, Parameter("1", 0, 1, "assumption")] = 0.3
    """Least share of a product's amount that is lent, however small the income."""
    size_most: Annotated[float, Parameter("1", 1, 100, "assumption")] = 3.0
    """Largest multiple of a product's amount that is lent, however large the income."""
    loan_least: Annotated[float, Parameter("1", 0, 10, "assumption: loans are half to one and a half of it")] = 0.5
    """Smallest loan, as a multiple of what is typical at that income; the largest is the typical one on top of it."""
    lent_risk: Annotated[float, Parameter("1/log-odds", 0, 5, "assumption: the weaker get less")] = 0.5
    """Share of a new line or loan that is taken off by each unit of log-odds of risk above the average."""
    lent_least: Annotated[float, Parameter("1", 0, 1, "assumption")] = 0.2
    """Least share of what is typical at that income that a new line or loan is, however large the risk."""
    lent_most: Annotated[float, Parameter("1", 1, 10, "assumption")] = 1.5
    """Largest multiple of what is typical at that income that a new line or loan is, however small the risk."""
    deposit: Annotated[float, Parameter("1", 0, 100, "assumption: a share of wallet of half is usual")] = 2.0
    """Deposit that a customer of median income keeps at a share of wallet of 100%, against its product's balance."""
    deposit_speed: Annotated[float, Parameter("share/month", 0, 1, "assumption")] = 0.1
    """Share of the distance between the deposit kept and the one wanted that is covered in a month."""
    premium_risk_most: Annotated[float, Parameter("log-odds", 0, 40, "assumption")] = 6.0
    """Believed risk above the average beyond which the price for risk rises no further."""
    refinance: Annotated[float, Parameter("months", 0, 120, "assumption: 4.5 months at average risk")] = 3.0
    """Months of income in which the limit of refinancing is counted."""
    refinance_average: Annotated[float, Parameter("1", 0, 10, "assumption")] = 1.5
    """Refinancing limit at average risk, in units of `refinance` months of income."""
    refinance_risk: Annotated[float, Parameter("1/log-odds", 0, 5, "assumption: the weaker get less")] = 0.3
    """Taken off that limit, in the same units, by each unit of log-odds of risk above the average."""
    refinance_least: Annotated[float, Parameter("1", 0, 10, "assumption")] = 0.5
    """Least refinancing limit, in the same units."""
    refinance_most: Annotated[float, Parameter("1", 0, 10, "assumption")] = 2.0
    """Largest refinancing limit, in the same units."""
    refinance_months: Annotated[int, Parameter("months", 1, 480, "assumption")] = 6
    """Shortest term over which a refinanced loan is paid back."""
    run_off_payment: Annotated[float, Parameter("EUR/month", 0, 1e6, "assumption: a usual minimum payment")] = 25.0
    """Least that is paid back in a month on a line that runs off."""
    former_price: Annotated[float, Parameter("points", 0, 100, "assumption: as a card's")] = 19.0
    """Yearly rate on debts left with a former lender."""
    former_months: Annotated[int, Parameter("months", 1, 480, "assumption")] = 12
    """Part of a debt left with a former lender that is paid in a month: one in this many."""
    former_payment: Annotated[float, Parameter("EUR/month", 0, 1e6, "assumption")] = 20.0
    """Least that is paid in a month on a debt left with a former lender."""
    recovery_payment: Annotated[float, Parameter("EUR/month", 0, 1e6, "assumption")] = 5.0
    """Least that is recovered in a month of what can be recovered of a charged-off balance."""


@rule
def income_sds(income: float, accounts: Accounts) -> float:
    """Standard deviations of log income above the median."""
    return log_(income / accounts.income_median) / accounts.income_sd


@rule
def typical_size(amount: float, income: float, accounts: Accounts) -> float:
    """Typical loan or line at an income, EUR, of a product with this amount at median income."""
    return amount * between(income / accounts.income_median, accounts.size_least, accounts.size_most)


@rule
def granted(size: float, risk_above_average: float, accounts: Accounts) -> float:
    """What is lent, EUR, where `size` is typical at that income: less to the weaker."""
    return size * between(1.0 - accounts.lent_risk * risk_above_average, accounts.lent_least, accounts.lent_most)


@rule
def loan_wanted(size: float, v: float, accounts: Accounts) -> float:
    """The loan that is asked for, EUR, where `size` is typical at that income; `v` is a uniform."""
    return size * (accounts.loan_least + v)


@rule
def term_granted(shortest: int, longest: int, u: float) -> int:
    """The term of a new loan, months; `u` is a uniform."""
    return shortest + int(u * (longest - shortest + 1))


@rule
def deposit_wanted(amount: float, income: float, depth: float, accounts: Accounts) -> float:
    """Deposit that a customer wants to keep, EUR, by income and share of wallet."""
    return amount * income / accounts.income_median * accounts.deposit * depth


@rule
def price_for_risk(per_unit: float, risk_above_average: float, accounts: Accounts) -> float:
    """Points a year above the list price of credit for a believed risk."""
    return per_unit * between(risk_above_average, 0.0, accounts.premium_risk_most)


@rule
def refinancing_limit(income: float, risk_above_average: float, accounts: Accounts) -> float:
    """Debts that a new lender refinances at most, EUR."""
    units = accounts.refinance_average - accounts.refinance_risk * risk_above_average
    return accounts.refinance * income * between(units, accounts.refinance_least, accounts.refinance_most)


@rule
def payment_cents(owed_cents: int, months: int, least: float) -> int:
    """What is paid in a month on an old debt: one part in `months`, and at least so many EUR."""
    return min(owed_cents, max(cents(least), owed_cents // months))

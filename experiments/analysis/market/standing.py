"""Who serves how many, at what price, and what new customers cost: tables over the stored rows of all institutions.

Rows are tables with the columns arm, replication, month, institution, a, b, value. Years are those of the run, the
first is 1; the months before month 0 belong to none.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

RUN = ["arm", "replication"]
NOT_INSTITUTIONS = ("nobody", "gone")
MONTHS = 12
WHOLE = 10_000.0
"""Of squared percentages, what one institution alone would have."""
PAID = ("interest", "fees", "deposit_margin")
"""Lines of the ledger that customers pay: interest, fees, and what their deposits earn above what they are paid."""
COSTS = ("funding", "servicing")
"""Lines that serving them takes."""


def year_of(month: "pd.Series[int]") -> "pd.Series[int]":
    """Return the year of the run that each month belongs to: 1 for months 0 to 11."""
    return month // MONTHS + 1


def institutions_in(rows: pd.DataFrame) -> list[str]:
    """Return institutions in the order of their rows."""
    return [str(one) for one in rows["institution"].unique() if one not in NOT_INSTITUTIONS]


def market_shares(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each institution in all customers of any, at the end of each month.

    Parameters
    ----------
    customers : DataFrame
        Rows of the measure ``customers``.

    Returns
    -------
    DataFrame
        Rows (arm, replication, month), a column per institution; fractions that add up to 1.
    """
    named = institutions_in(customers)
    own = customers[customers["institution"].isin(named)]
    heads = own.groupby([*RUN, "month", "institution"], observed=True)["value"].sum().unstack("institution")
    heads = heads.reindex(columns=named).fillna(0.0)
    return heads.div(heads.sum(axis=1).replace(0.0, np.nan), axis=0)


def concentration(shares: pd.DataFrame) -> "pd.Series[float]":
    """Return the Herfindahl-Hirschman index of each row: the sum of squared shares in per cent, 10,000 at most.

    >>> float(concentration(pd.DataFrame({"a": [0.5], "b": [0.5]})).iloc[0])
    5000.0
    """
    return (shares**2).sum(axis=1) * WHOLE


def per_customer_year(ledger: pd.DataFrame, customers: pd.DataFrame, lines: Sequence[str] = ()) -> pd.DataFrame:
    """Return money per customer and year, institution by institution and year by year.

    Parameters
    ----------
    ledger, customers : DataFrame
        Rows of these measures; customers are counted at the beginning of each month.
    lines : sequence of str
        Of the ledger that are added up; by default all, which is profit.

    Returns
    -------
    DataFrame
        Rows (arm, replication, year), a column per institution; signed as the institution sees it.
    """
    some = ledger[ledger["a"].isin(list(lines))] if lines else ledger
    money = _by_year(some, some["month"])
    years = _by_year(*_at_beginnings(customers)) / MONTHS
    return money.reindex(index=years.index, columns=years.columns).fillna(0.0).div(years.replace(0.0, np.nan))


def price_paid(ledger: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return what customers pay, per customer and year: interest, fees, and the margin on their deposits."""
    return per_customer_year(ledger, customers, PAID)


def paid_in_market(ledger: pd.DataFrame, customers: pd.DataFrame) -> "pd.Series[float]":
    """Return what a customer of any institution pays a year, rows (arm, replication, year)."""
    some = ledger[ledger["a"].isin(PAID)]
    served = customers[~customers["institution"].isin(NOT_INSTITUTIONS)]
    money, years = _by_year(some, some["month"]).sum(axis=1), _by_year(*_at_beginnings(served)).sum(axis=1)
    return money / (years.reindex(money.index) / MONTHS).replace(0.0, np.nan)


def acquisition(reach: pd.DataFrame, by: Sequence[str] = ("institution", "a"), monthly: bool = False) -> pd.DataFrame:
    """Return what channels did, cost and brought, and what follows: cost of a new customer and response.

    Parameters
    ----------
    reach : DataFrame
        Rows of the measure ``reach``.
    by : sequence of str
        What to tell apart: ``institution``, ``a`` (the channel), both, or neither.
    monthly : bool
        Whether by month instead of by year.

    Returns
    -------
    DataFrame
        Rows (arm, replication, year or month, *by); columns contacts, spend_eur, joined, cost (EUR per customer who
        joined by the channel) and response (joined per contact); nan where nobody joined, or nobody was reached.
    """
    when = reach["month"] if monthly else year_of(reach["month"])
    keyed = reach.assign(**{"month" if monthly else "year": when})
    keys = [*RUN, "month" if monthly else "year", *by]
    table = keyed.groupby([*keys, "b"], observed=True)["value"].sum().unstack("b")
    table = table.reindex(columns=["contacts", "spend_eur", "joined"]).fillna(0.0)
    table["cost"] = table["spend_eur"] / table["joined"].replace(0.0, np.nan)
    table["response"] = table["joined"] / table["contacts"].replace(0.0, np.nan)
    return table


def cost_of_new_customers(ledger: pd.DataFrame, joiners: pd.DataFrame) -> pd.DataFrame:
    """Return what was spent on acquisition per customer who joined in a year, however they came.

    Returns
    -------
    DataFrame
        Rows (arm, replication, year), a column per institution; nan where nobody joined.
    """
    spent = ledger[ledger["a"] == "acquisition"]
    money, came = -_by_year(spent, spent["month"]), _by_year(joiners, joiners["month"])
    return money / came.reindex(index=money.index, columns=money.columns).replace(0.0, np.nan)


def flows_between(flows: pd.DataFrame, by_quadrant: bool = False) -> "pd.Series[float]":
    """Return how many people went from where to where in a whole run, rows (arm, replication, from, to).

    Parameters
    ----------
    flows : DataFrame
        Rows of the measure ``flows``, or ``won_back``, of which the institution is where they came to.
    by_quadrant : bool
        Whether the quadrant is a last key; it is empty of flows in which we have no part.
    """
    keys = [*RUN, "institution", "a", *(["b"] if by_quadrant else [])]
    sums: pd.Series[float] = flows.groupby(keys, observed=True)["value"].sum()
    return sums.rename_axis([*RUN, "from", "to", *(["quadrant"] if by_quadrant else [])])


def _at_beginnings(stock: pd.DataFrame) -> "tuple[pd.DataFrame, pd.Series[int]]":
    """Return a stock at the beginning of each month that was lived, and these months."""
    some = stock[stock["month"] < stock["month"].max()]
    return some, some["month"] + 1


def _by_year(rows: pd.DataFrame, month: "pd.Series[int]") -> pd.DataFrame:
    """Add up values by year of the run, rows (arm, replication, year), a column per institution."""
    named = institutions_in(rows)
    own = rows[rows["institution"].isin(named) & (month >= 0)]
    keys = [*RUN, "year", "institution"]
    sums = own.assign(year=year_of(month[own.index])).groupby(keys, observed=True)["value"].sum()
    return sums.unstack("institution").reindex(columns=named).fillna(0.0)


def products_entered(posted: pd.DataFrame) -> pd.DataFrame:
    """Return the products that institutions sell that they did not sell in the first month, run by run.

    Parameters
    ----------
    posted : DataFrame
        Rows of the measure `posted_price`: arm, replication, month, institution, a (the product), value.

    Returns
    -------
    DataFrame
        A row for each that entered: arm, institution, product, replication, and the month in which it did.
    """
    keys = ["arm", "institution", "a", "replication"]
    first = posted.groupby(keys, observed=True)["month"].min().reset_index()
    return first[first["month"] > posted["month"].min()].rename(columns={"a": "product"}).reset_index(drop=True)

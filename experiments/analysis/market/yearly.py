"""Return on treatment money year by year: the main aim of the source is to raise output over input, one year by one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.market.standing import RUN, year_of
from tenure.experiments.analysis.ratios import LEAST_SPEND, Ratio, return_on_treatment

SPENT = ("cost_eur", "given_up_eur")
"""What treatment costs, as the recording calls it: contacts and rewards, and income given up."""


class YearReturn(NamedTuple):
    """What came back per extra unit of money in one year, and from the beginning up to its end; None where unsaid."""

    year: int
    in_year: Ratio | None
    so_far: Ratio | None


def yearly_money(ledger: pd.DataFrame, treatments: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return profit and treatment spend of our customers at the start, year by year, not discounted.

    Parameters
    ----------
    ledger, treatments, customers : DataFrame
        Rows of the measures ``ledger``, ``treatments`` and ``customers_by_cell``, of our institution alone.

    Returns
    -------
    DataFrame
        Rows (arm, replication, year), columns profit and spend: EUR per customer at month 0. Runs without a customer
        at month 0 are left out.
    """
    start = customers[customers["month"] == -1].groupby(RUN, observed=True)["value"].sum()
    start = start[start > 0.0]
    keys = [*RUN, "year"]
    profit = ledger.assign(year=year_of(ledger["month"])).groupby(keys, observed=True)["value"].sum()
    paid = treatments[treatments["b"].isin(SPENT)]
    spend = paid.assign(year=year_of(paid["month"])).groupby(keys, observed=True)["value"].sum()
    table = pd.DataFrame({"profit": profit, "spend": spend}).fillna(0.0)
    heads = start.reindex(table.index.droplevel("year")).to_numpy()
    return table.div(heads, axis=0).dropna()


def returns_by_year(money: pd.DataFrame, champion: str, arm: str) -> list[YearReturn]:
    """Return what came back of an arm's extra treatment money, year by year: replications are paired.

    Parameters
    ----------
    money : DataFrame
        From `yearly_money`.
    champion, arm : str
        What the arm is compared with, and the arm.

    Notes
    -----
    As `tenure.experiments.analysis.ratios.return_on_treatment`, year by year, with Fieller's interval. Money of one
    year may come back in later ones, which the ratios so far take together. There is none where less than a year's
    part of `LEAST_SPEND` is spent more.
    """
    wide = {name: money[name].unstack("year").fillna(0.0) for name in ("profit", "spend")}
    own, base = ({name: table.xs(one, level="arm") for name, table in wide.items()} for one in (arm, champion))
    both = own["profit"].index.intersection(base["profit"].index)
    years = [int(year) for year in wide["profit"].columns]
    found = []
    for place, year in enumerate(years):
        each = [_return(own, base, both, some, len(years)) for some in ([year], years[: place + 1])]
        found.append(YearReturn(year, *each))
    return found


def _return(
    own: dict[str, pd.DataFrame], base: dict[str, pd.DataFrame], both: pd.Index, some: Sequence[int], years: int
) -> Ratio | None:
    """Return the ratio over some years of a run of so many."""
    gain, spend, base_spend = (
        np.asarray(table.loc[both, list(some)].sum(axis=1), np.float64)
        for table in (own["profit"] - base["profit"], own["spend"], base["spend"])
    )
    return return_on_treatment(gain, spend, base_spend, least_spend=LEAST_SPEND * len(some) / years)

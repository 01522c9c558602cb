"""Our place in the market, arm beside arm: share, price, cost of new customers, who takes whom, length of the cycle."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.market.standing import MONTHS, NOT_INSTITUTIONS, PAID, flows_between, market_shares
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.sections.cycles import curves_of, ended_apart, horizon_of
from tenure.experiments.report.sections.section import Table, number_text
from tenure.experiments.report.sentences import ValueFormat, furthest
from tenure.experiments.report.tables import against_champion, average, average_of

NOBODY = "nobody"
PER = 1000.0
"""Customers of all institutions, of whom so many go from one place to another."""
of_100 = ValueFormat("of 100", decimals=2)
"""Customers a year of 100 of ours."""


class MarketSeries(NamedTuple):
    """What every institution has of one thing, month by month."""

    name: str
    label: str
    """With its unit."""
    head: tuple[str, str]
    by_month: Callable[[Recordings, str], pd.DataFrame]
    """Values of an arm: rows (replication, month), a column per institution."""
    times: float = 1.0
    """What a value is multiplied by before it is shown."""


class Beside(NamedTuple):
    """What every other arm alters of our place, less the champion's, as shown."""

    name: str
    head: tuple[str, str]
    unit: str
    apart: Mapping[str, Average]
    decimals: int = 1

    def text(self, arm: str) -> str:
        """Write an arm's difference with its interval, ``-`` where there is none."""
        apart = self.apart[arm]
        return "-" if math.isnan(apart.mean) else average_text(apart, self.decimals, signed=True)


def shares_by_month(recordings: Recordings, arm: str) -> pd.DataFrame:
    """Return the share of each institution in all customers, at the end of each month."""
    customers = recordings.of_all("customers")
    return market_shares(customers[customers["arm"] == arm]).xs(arm, level="arm")


def paid_by_month(recordings: Recordings, arm: str) -> pd.DataFrame:
    """Return what a customer of each institution paid over the twelve months up to each."""
    ledger, customers = recordings.of_all("ledger"), recordings.of_all("customers")
    money = _of_twelve(ledger[ledger["a"].isin(PAID)], arm)
    began = customers[customers["month"] < customers["month"].max()]
    heads = _of_twelve(began.assign(month=began["month"] + 1), arm)
    return MONTHS * money / heads.reindex_like(money).replace(0.0, np.nan)


def costs_by_month(recordings: Recordings, arm: str) -> pd.DataFrame:
    """Return what a new customer of each institution cost over the twelve months up to each."""
    ledger = recordings.of_all("ledger")
    spent = -_of_twelve(ledger[ledger["a"] == "acquisition"], arm)
    came = _of_twelve(recordings.of_all("joiners"), arm)
    return spent / came.reindex_like(spent).replace(0.0, np.nan)


def followed(currency: str) -> tuple[MarketSeries, ...]:
    """Return what the market is told by over time."""
    return (
        MarketSeries("share", "share of customers", ("share of", "customers, %"), shares_by_month, 100.0),
        MarketSeries(
            "paid", f"customers pay, {currency} a year", ("customers pay,", f"{currency} a year"), paid_by_month
        ),
        MarketSeries(
            "cost", f"a new customer costs, {currency}", ("a new customer", f"costs, {currency}"), costs_by_month
        ),
    )


def our_place(recordings: Recordings) -> list[Beside]:
    """Return what arms alter of our place in the market, as far as it was recorded; intervals are for all arms at once.

    Shares are those at the end, prices and costs those of the last twelve months, flows those of the whole run.
    """
    if not recordings.others:
        return []
    money = recordings.currency
    heads = {
        "share": (("our share of customers", "at the end, points"), "points"),
        "paid": (("our customers pay in the", f"last 12 months, {money}"), money),
        "cost": (("a new customer costs in the", f"last 12 months, {money}"), money),
    }
    found = []
    for one in followed(money):
        ends = {arm: _last(one.by_month(recordings, arm)[recordings.us]) for arm in recordings.arms}
        found.append(Beside(one.name, *heads[one.name], _times(against_champion(recordings, ends), one.times)))
    if "flows" in recordings.market:
        per = {arm: poached_per_100(recordings, arm) for arm in recordings.arms}
        for name, what in (("lost", "taken by rivals"), ("won", "taken from rivals")):
            values = {arm: tables[name].sum(axis=1) for arm, tables in per.items()}
            apart = against_champion(recordings, values)
            found.append(Beside(name, (what, "per 100 customers a year"), "customers a year per 100", apart, 2))
    if "cycle" in recordings.rows:
        curves = curves_of(recordings)
        apart, months = ended_apart(recordings, curves), horizon_of(curves)
        if apart:
            head = (f"ended within {months}", "months, points")
            found.append(Beside("cycle", head, "points", _times(apart, 100.0)))
    return found


def poached_per_100(recordings: Recordings, arm: str) -> dict[str, pd.DataFrame]:
    """Return who rivals take from us (``lost``), who we take from them (``won``), who comes ``back``, and from rivals.

    Of several rivals what each takes from us is told, too, under its name.

    Returns
    -------
    dict
        Tables with a row per replication and a column per quadrant: customers a year per 100 of ours.
    """
    us, rivals = recordings.us, rivals_in(recordings)
    flows = recordings.of_all("flows")
    own = flows[flows["arm"] == arm]
    years = customer_years(recordings, arm)
    parts = {
        "lost": own[(own["institution"] == us) & own["a"].isin(rivals)],
        **{name: own[(own["institution"] == us) & (own["a"] == name)] for name in rivals if len(rivals) > 1},
        "won": own[(own["a"] == us) & own["institution"].isin(rivals)],
    }
    if "won_back" in recordings.market:
        every = recordings.of_all("won_back")
        back = every[every["arm"] == arm]
        parts |= {"back": back, "won_back": back[back["a"].isin(rivals)]}
    found = {}
    for what, some in parts.items():
        by = flows_between(some, by_quadrant=True).groupby(level=["replication", "quadrant"]).sum()
        heads = by.unstack("quadrant").reindex(index=years.index, columns=list(QUADRANTS)).fillna(0.0)
        found[what] = heads.div(years, axis=0) * 100.0
    return found


def rivals_in(recordings: Recordings) -> list[str]:
    """Return all institutions but our own."""
    return [name for name in recordings.institutions if name != recordings.us]


def customer_years(recordings: Recordings, arm: str) -> "pd.Series[float]":
    """Return the years that customers were ours under an arm, by replication."""
    customers = recordings.of_all("customers")
    own = customers[(customers["institution"] == recordings.us) & (customers["arm"] == arm)]
    at_risk = own[own["month"] < own["month"].max()]
    sums: pd.Series[float] = at_risk.groupby("replication", observed=True)["value"].sum() / MONTHS
    return sums.clip(lower=1.0 / MONTHS)


def taken_finding(recordings: Recordings) -> str:
    """Say how many customers rivals take from us under the champion, and which arm alters it most."""
    lost = {arm: poached_per_100(recordings, arm)["lost"].sum(axis=1) for arm in recordings.arms}
    level = of_100(float(lost[recordings.champion].mean()))
    said = f"Under {recordings.champion}, rivals take {level} customers of ours a year"
    differences = against_champion(recordings, lost)
    arm = furthest(differences, of_100)
    if arm is None:
        return said
    apart = differences[arm]
    return f"{said}; {arm} {'raises' if apart.mean > 0.0 else 'lowers'} it by {average_text(apart.size, 2)}"


def places_in(recordings: Recordings) -> list[str]:
    """Return where people can be: with an institution, or with nobody."""
    return [*recordings.institutions, NOBODY]


def moves_of(recordings: Recordings, arm: str) -> pd.DataFrame:
    """Return people a year per `PER` customers of all institutions, a row per replication, columns (from, to)."""
    flows, customers = recordings.of_all("flows"), recordings.of_all("customers")
    served = customers[(customers["arm"] == arm) & ~customers["institution"].isin(NOT_INSTITUTIONS)]
    began = served[served["month"] < served["month"].max()]
    years = began.groupby("replication", observed=True)["value"].sum() / MONTHS
    sums = flows_between(flows[flows["arm"] == arm]).droplevel("arm").unstack(["from", "to"])
    places = places_in(recordings)
    ways = pd.MultiIndex.from_tuples([(a, b) for a in places for b in places if a != b], names=["from", "to"])
    counted = sums.reindex(index=years.index, columns=ways).fillna(0.0)
    return PER * counted.div(years.clip(lower=1.0 / MONTHS), axis=0)


def place_tables(recordings: Recordings) -> Iterator[Table]:
    """Yield our place beside the champion's, arm by arm; then the market year by year, and every flow."""
    found = our_place(recordings)
    if found:
        rows = tuple((arm, *(one.text(arm) for one in found)) for arm in recordings.others)
        note = (
            "Less the champion's, average over paired replications; 95% intervals that hold for all arms at once. "
            "Ended: declined or left so long after joining, of the last year of joining that is compared."
        )
        heads = (("", "arm"), *(one.head for one in found))
        yield Table(heads, rows, f"Our place in the market, less that under {recordings.champion}", note)
    yield _years(recordings)
    if "flows" in recordings.market:
        yield _moves(recordings)


def _years(recordings: Recordings) -> Table:
    """Return what the figure of the market draws, at the end of every twelve months."""
    things = followed(recordings.currency)
    rows = []
    for arm in recordings.arms:
        tables = [one.by_month(recordings, arm) * one.times for one in things]
        last = int(tables[0].index.get_level_values("month").max())
        for name in recordings.institutions:
            for month in sorted({*range(MONTHS - 1, last + 1, MONTHS), last}):
                cells = [_text(table, name, month) for table in tables]
                rows.append((arm, name, str(month + 1), *cells))
    heads = (("", "arm"), ("", "institution"), ("months from", "the start"), *(one.head for one in things))
    note = "Shares at the end of the month; money over the twelve months before. - where nobody joined in some run."
    return Table(heads, tuple(rows), "The market year by year", note, long=True)


def _text(table: pd.DataFrame, name: str, month: int) -> str:
    if name not in table.columns:
        return "-"
    value = average_of(average(table[[name]].xs(month, level="month")), name)
    return "-" if math.isnan(value.mean) else number_text(value, 1)


def _moves(recordings: Recordings) -> Table:
    places = places_in(recordings)
    rows = []
    for arm in recordings.arms:
        means = average(moves_of(recordings, arm))
        for origin in places:
            cells = ["-" if origin == to else number_text(average_of(means, (origin, to)), 1) for to in places]
            rows.append((arm, origin, *cells))
    heads = (("", "arm"), ("", "from"), *(("", place) for place in places))
    note = (
        f"People a year per {PER:,.0f} customers of all institutions. Nobody: who is without a provider, or has just "
        "entered the market. Those who leave for good are not here."
    )
    return Table(heads, tuple(rows), "Who goes from where (rows) to where (columns)", note, long=True)


def _last(values: "pd.Series[float]") -> "pd.Series[float]":
    months = values.index.get_level_values("month")
    last: pd.Series[float] = values[months == months.max()].droplevel("month")
    return last


def _times(apart: Mapping[str, Average], times: float) -> dict[str, Average]:
    return {arm: one.times(times) for arm, one in apart.items()}


def _of_twelve(rows: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Add up an arm's values over the twelve months up to each, rows (replication, month), a column per institution."""
    own = rows[(rows["arm"] == arm) & ~rows["institution"].isin(NOT_INSTITUTIONS)]
    keys = ["month", "replication", "institution"]
    table = own.groupby(keys, observed=True)["value"].sum().unstack(["replication", "institution"]).fillna(0.0)
    window = min(MONTHS, len(table))
    sums = table.rolling(window).sum().iloc[window - 1 :]
    return sums.stack("replication", future_stack=True).swaplevel().sort_index()

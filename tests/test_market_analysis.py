"""Shares, concentration, what new customers cost, flows and cohorts: by hand, as laws, and as SciPy has them."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tenure.experiments.analysis.market.cycles import ENDS, cohorts, durations_of
from tenure.experiments.analysis.market.durations import Durations, ended_by, months_until, still_going
from tenure.experiments.analysis.market.standing import (
    acquisition,
    concentration,
    cost_of_new_customers,
    flows_between,
    market_shares,
    paid_in_market,
    per_customer_year,
    price_paid,
)
from tenure.experiments.analysis.market.yearly import returns_by_year, yearly_money
from tenure.experiments.analysis.recorded_run import recorded as recorded_run
from tenure.experiments.analysis.worked_out import metrics_of
from tests.markets import LIVELY, flat_rates, lived, small_market

COLUMNS = ["measure", "month", "institution", "a", "b", "value"]
COUNTS = st.integers(0, 30)


@pytest.fixture(scope="module")
def recorded() -> pd.DataFrame:
    """Rows of a market of two institutions, 26 months long."""
    model = lived(small_market(people=700, rules=LIVELY, world={"newcomers_per_year": 0.1}), 26, seed=3)
    return model.recording().assign(arm="one", replication=0)


def made(rows: list[tuple[str, int, str, str, str, float]], arm: str = "one", replication: int = 0) -> pd.DataFrame:
    """Return rows written by hand."""
    return pd.DataFrame(rows, columns=COLUMNS).assign(arm=arm, replication=replication)


def of(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure."""
    return rows[rows["measure"] == measure]


# Durations ---------------------------------------------------------------------------------------------------------


@given(arrays(np.int64, st.tuples(st.integers(1, 3), st.integers(1, 12)), elements=COUNTS), st.data())
def test_without_censoring_the_curve_is_the_share_that_lasts_longer(
    ended: np.ndarray[tuple[int, int], np.dtype[np.int64]], data: st.DataObject
) -> None:
    durations = Durations(ended.astype(float), np.zeros(ended.shape[1]))
    share, whole = still_going(durations), float(ended.sum())
    if whole:
        later = whole - ended.sum(axis=0).cumsum()
        assert share == pytest.approx(later / whole, abs=1e-12)
        assert ended_by(durations) == pytest.approx(ended.cumsum(axis=1) / whole, abs=1e-12)


@given(arrays(np.int64, st.tuples(st.just(3), st.integers(1, 12)), elements=COUNTS))
def test_with_censoring_the_curve_is_scipy_s_and_causes_add_up_to_what_has_ended(
    counts: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> None:
    durations = Durations(counts[:2].astype(float), counts[2].astype(float))
    months = np.arange(counts.shape[1])
    share = still_going(durations)
    seen = ~np.isnan(share)
    assert ended_by(durations).sum(axis=0)[seen] == pytest.approx(1.0 - share[seen], abs=1e-9)
    ends, stops = np.repeat(months, counts[:2].sum(axis=0)), np.repeat(months, counts[2])
    if len(ends):
        curve = stats.ecdf(stats.CensoredData(uncensored=ends, right=stops)).sf
        known = seen & (months <= durations.followed)
        assert share[known] == pytest.approx(curve.evaluate(months[known]), abs=1e-9)
    if durations.followed >= 0 and seen.any() and share[seen][-1] > 0.0:
        assert np.flatnonzero(seen)[-1] == durations.followed


def test_durations_by_hand() -> None:
    """Ten begin; after a month two end by cause a; after two months one is censored and one of seven ends by b.

    Then 0.8 last a month, 0.8 (1 - 1/8) = 0.7 two months, of which 0.2 ended by a and 0.1 by b.
    """
    durations = Durations(np.array([[0, 2, 0, 0.0], [0, 0, 1, 0]]), np.array([0, 0, 1, 6.0]))
    assert durations.at_risk.tolist() == [10.0, 10.0, 8.0, 6.0] and durations.followed == 3
    assert still_going(durations) == pytest.approx([1.0, 0.8, 0.7, 0.7])
    assert ended_by(durations)[:, -1] == pytest.approx([0.2, 0.1])
    assert months_until(still_going(durations), 0.2) == 1.0 and math.isnan(months_until(still_going(durations)))


def test_beyond_what_was_looked_at_nothing_is_known() -> None:
    assert np.isnan(still_going(Durations(np.zeros((1, 3)), np.array([0.0, 4.0, 0.0])))).tolist() == [
        False,
        False,
        True,
    ]
    nobody = Durations(np.zeros((1, 2)), np.zeros(2))
    assert nobody.followed == -1 and np.isnan(still_going(nobody)).all()


def test_more_censoring_makes_no_curve_of_one_cause_smaller_than_the_chance_that_it_comes_first() -> None:
    """The product limit of one cause, the other censored, lies above what happens: Aalen-Johansen is smaller."""
    ended, stops = np.array([[0, 3, 2.0, 1], [0, 2, 2, 1]]), np.array([0, 1, 0, 4.0])
    alone = 1.0 - still_going(Durations(ended[:1], stops + ended[1]))
    assert (ended_by(Durations(ended, stops))[0] <= alone + 1e-12).all()


# Cohorts -----------------------------------------------------------------------------------------------------------


def test_a_cohort_by_hand() -> None:
    rows = made(
        [
            ("cycle", 20, "us", "1/0", "joined", 4.0),
            ("cycle", 20, "us", "1/2", "left: poached", 1.0),
            ("cycle", 20, "us", "1/3", "declined", 2.0),
            ("cycle", 20, "us", "1/5", "left after decline: settled", 1.0),
            ("cycle", 20, "us", "1/9", "with us, declined", 1.0),
            ("cycle", 20, "us", "1/9", "with us", 1.0),
        ]
    )
    (both,), (leaving,) = list(cohorts(rows, "decline or leaving")), list(cohorts(rows, "leaving"))
    assert (both.arm, both.replication, both.year) == ("one", 0, 1)
    share = still_going(both.durations)
    assert share[[1, 2, 3, 9]] == pytest.approx([1.0, 0.75, 0.25, 0.25]) and months_until(share) == 3.0
    causes = dict(zip(ENDS["decline or leaving"], ended_by(both.durations)[:, -1], strict=True))
    assert causes["declined"] == 0.5 and causes["poached"] == 0.25
    share = still_going(leaving.durations)
    assert share[[2, 4, 5, 9]] == pytest.approx([0.75, 0.75, 0.5, 0.5])


def test_every_new_customer_of_a_run_is_in_one_cohort_once(recorded: pd.DataFrame) -> None:
    cycle, joiners = of(recorded, "cycle"), of(recorded, "joiners")
    ours = joiners[joiners["institution"] == "us"]
    by_year = ours.groupby(ours["month"] // 12 + 1)["value"].sum()
    for until in ENDS:
        whole = {one.year: float(one.durations.at_risk[0]) for one in cohorts(cycle, until)}
        assert whole == by_year.to_dict() and len(whole) == 3


def test_metrics_of_the_cycle_are_what_cohorts_say(recorded: pd.DataFrame) -> None:
    run = recorded_run(recorded, flat_rates(0.1, 0.1))
    by_year = durations_of(run, "decline or leaving")
    each = {one.year: one.durations for one in cohorts(of(recorded, "cycle"), "decline or leaving")}
    assert by_year.keys() == each.keys()
    for year, durations in each.items():
        assert all(np.array_equal(one, other) for one, other in zip(durations, by_year[year], strict=True))
    found = metrics_of(run, ["new_ended_within_year", "cycle_shortening"])
    first, second = (1.0 - still_going(each[year])[12] for year in (1, 2))
    assert found["cycle_shortening"] == pytest.approx(second - first)
    assert min(first, second) - 1e-9 <= found["new_ended_within_year"] <= max(first, second) + 1e-9
    before = recorded_run(recorded[recorded["measure"] != "cycle"], flat_rates(0.1, 0.1))
    assert all(math.isnan(one) for one in metrics_of(before, list(found)).values())


def test_who_leaves_ends_a_cycle_at_the_latest_then(recorded: pd.DataFrame) -> None:
    first, last = (list(cohorts(of(recorded, "cycle"), until)) for until in ENDS)
    for one, other in zip(first, last, strict=True):
        assert (np.nan_to_num(still_going(one.durations)) <= np.nan_to_num(still_going(other.durations), nan=2.0)).all()


# Standing ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=9))
def test_concentration_lies_between_that_of_equals_and_one_alone(heads: list[float]) -> None:
    shares = pd.DataFrame([np.array(heads) / sum(heads)])
    assert 10_000.0 / len(heads) - 1e-6 <= float(concentration(shares).iloc[0]) <= 10_000.0 + 1e-6
    equal = pd.DataFrame([[1.0 / len(heads)] * len(heads)])
    assert float(concentration(equal).iloc[0]) == pytest.approx(10_000.0 / len(heads))


def test_shares_add_up_to_one_every_month(recorded: pd.DataFrame) -> None:
    shares = market_shares(of(recorded, "customers"))
    assert list(shares.columns) == ["us", "bigbank"] and len(shares) == 27
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_what_new_customers_cost_times_how_many_is_the_money_spent_to_the_cent(recorded: pd.DataFrame) -> None:
    ledger, joiners, reach = (of(recorded, name) for name in ("ledger", "joiners", "reach"))
    spent = -ledger[ledger["a"] == "acquisition"].groupby("institution")["value"].sum()
    for monthly in (False, True):
        table = acquisition(reach, monthly=monthly)
        by = (table["cost"] * table["joined"]).where(table["joined"] > 0.0, table["spend_eur"])
        sums = by.groupby(level="institution").sum()
        assert {name: round(100.0 * one) for name, one in sums.items()} == {
            name: round(100.0 * one) for name, one in spent.items()
        }
        assert (table["response"].dropna() * table["contacts"]).sum() == pytest.approx(table["joined"].sum())
    came = joiners.assign(year=joiners["month"] // 12 + 1).groupby(["year", "institution"])["value"].sum().unstack()
    whole = (cost_of_new_customers(ledger, joiners).droplevel([0, 1]) * came).sum()
    assert {name: round(100.0 * float(whole[name])) for name in spent.index} == {
        name: round(100.0 * float(one)) for name, one in spent.items()
    }


def test_money_per_customer_and_year_by_hand() -> None:
    """12 customers in every month of a year, 6 at the first and 18 at the second: 240 EUR are 20 EUR each."""
    heads = [("customers", month, "us", "", "", 12.0) for month in range(-1, 14)]
    ledger = [
        ("ledger", 3, "us", "interest", "", 200.0),
        ("ledger", 5, "us", "fees", "", 40.0),
        ("ledger", 5, "us", "funding", "", -60.0),
        ("ledger", 12, "us", "deposit_margin", "", 4.0),
    ]
    rows = made([*heads, ("customers", 0, "nobody", "", "", 99.0), *ledger])
    paid = price_paid(of(rows, "ledger"), of(rows, "customers"))["us"].droplevel([0, 1])
    assert paid.to_dict() == {1: pytest.approx(20.0), 2: pytest.approx(2.0)}
    assert per_customer_year(of(rows, "ledger"), of(rows, "customers")).iloc[0, 0] == pytest.approx(15.0)
    assert paid_in_market(of(rows, "ledger"), of(rows, "customers")).tolist() == pytest.approx([20.0, 2.0])


def test_flows_by_quadrant_add_up_to_flows_and_those_to_and_from_us_have_one(recorded: pd.DataFrame) -> None:
    flows = of(recorded, "flows")
    whole, parts = flows_between(flows), flows_between(flows, by_quadrant=True)
    assert parts.groupby(level=["arm", "replication", "from", "to"]).sum().to_dict() == whole.to_dict()
    leavers = of(recorded, "leavers")
    poached = leavers[(leavers["a"] == "poached") & (leavers["institution"] == "us")]["value"].sum()
    assert whole["one", 0, "us", "bigbank"] == poached > 0.0
    back = flows_between(of(recorded, "won_back")).groupby(level="to").sum()
    came = whole.xs("us", level="to").groupby(level="from").sum()
    assert all(0.0 < back[name] <= came[name] for name in back.index)


# Return, year by year ----------------------------------------------------------------------------------------------


def money(arm: str, replication: int, profit: list[float], spend: list[float]) -> pd.DataFrame:
    """Return rows of our book: 10 customers at the start, and profit and treatment by year."""
    rows = [("customers_by_cell", -1, "us", "growth", "low_risk_low_return", 10.0)]
    rows += [("ledger", 12 * year + 3, "us", "interest", "", value) for year, value in enumerate(profit)]
    rows += [("treatments", 12 * year + 7, "us", "", "cost_eur", value) for year, value in enumerate(spend)]
    rows += [("treatments", 7, "us", "", "invitations_eur", 5.0)]
    return made(rows, arm, replication)


def test_return_year_by_year_by_hand() -> None:
    """Spends 100 a year more. Year 1: profit 60 less, so that 0.4 come back; year 2: 50 more, 1.5; together 0.95."""
    parts = [money("nothing", r, [1000.0 + r, 1000.0], [0.0, 0.0]) for r in range(3)]
    parts += [money("reward", r, [940.0 + r, 1050.0], [100.0, 100.0]) for r in range(3)]
    rows = pd.concat(parts)
    table = yearly_money(of(rows, "ledger"), of(rows, "treatments"), of(rows, "customers_by_cell"))
    found = returns_by_year(table, "nothing", "reward")
    told = [(one.year, one.in_year, one.so_far) for one in found]
    values = [
        (year, round(own.value, 9), round(so_far.value, 9))
        for year, own, so_far in told
        if own is not None and so_far is not None
    ]
    assert values == [(1, 0.4, 0.4), (2, 1.5, 0.95)]
    assert all(one.in_year is None for one in returns_by_year(table, "reward", "nothing"))


def test_the_return_of_the_last_year_so_far_is_that_of_the_whole_run_not_discounted() -> None:
    rng = np.random.default_rng(1)
    parts = [
        money(arm, r, rng.normal(900.0, 90.0, 3).tolist(), (extra + rng.uniform(0.0, 9.0, 3)).tolist())
        for r in range(4)
        for arm, extra in (("nothing", 0.0), ("reward", 70.0))
    ]
    rows = pd.concat(parts)
    table = yearly_money(of(rows, "ledger"), of(rows, "treatments"), of(rows, "customers_by_cell"))
    sums = table.groupby(level=["arm", "replication"]).sum().groupby(level="arm").mean()
    apart = sums.loc["reward"] - sums.loc["nothing"]
    last = returns_by_year(table, "nothing", "reward")[-1].so_far
    assert last is not None and last.value == pytest.approx(1.0 + apart["profit"] / apart["spend"])
    assert last.low < last.value < last.high

"""A run's metrics: reckoned by hand, discounted as they say, worked out anew when their formula changes, not else."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.analysis import formula_text, worked_out
from tenure.experiments.analysis.metric import of_a_run
from tenure.experiments.analysis.metrics import METRICS, RETURNS
from tenure.experiments.analysis.recorded_run import Rates, RecordedRun, rates_of, recorded
from tenure.experiments.analysis.worked_out import OF_A_RUN, figures, metric_text, metrics_of
from tenure.experiments.report.recordings import MEASURES, read_recordings
from tenure.experiments.report.tables import profit_by_line
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import MarketSettings
from tests.made_runs import BAD, BOOK, GOOD, Row, long, person, store_runs
from tests.markets import flat_rates, small_market

FIRST, SECOND = 1.1 ** (-1 / 12), 1.1 ** (-2 / 12)
"""What money of the first and of the second month is worth at 10% a year."""
BY_HAND = {
    "profit_before_closing_per_customer": (12.0 * FIRST + 21.0 * SECOND) / 10,
    "profit_per_customer": (12.0 * FIRST + (21.0 + 90.0) * SECOND) / 10,
    "profit_undiscounted_per_customer": (12.0 + 21.0) / 10,
    "share_low_risk_high_return": 6 / 12,
    "attrition_per_year": 12 * 1 / (10 + 11),
    "loss_rate_per_year": 12 * (9.0 - 2.0) / (1000.0 + 1100.0),
    "treatment_spend_per_customer": (4.0 * FIRST + 1.0 * SECOND) / 10,
    "acquisition_spend_per_customer": (6.0 * FIRST + 3.0 * SECOND) / 10,
    "cost_per_new_customer": 9.0 / 3,
    "growth": 12 / 10 - 1,
    "new_share_low_risk_high_return": 1 / 4,
    "new_ended_within_year": (1 + 1) / (4 + 2),
    "cycle_shortening": 1 / 2 - 1 / 4,
    "quadrant_error": 0.25,
    "volatility_of_profit": 4.5 / 10,  # 12 and 21: 4.5 either side of their mean
    "volatility_over_profit": 4.5 / 16.5,
    "volatility_of_assets": 100.0 / 10,  # up by 100, then by 300
    "return_on_capital": (33.0 + 4.0) / 40.0,  # 4 EUR charged at 10% a year: 40 EUR of capital for a year
}


def run_of(rows: Sequence[Row], discount: float = 0.1, capital_cost: float = 0.1) -> RecordedRun:
    return recorded(long(rows), flat_rates(discount, capital_cost))


def test_every_metric_of_a_run_is_as_reckoned_by_hand() -> None:
    assert metrics_of(run_of(BOOK)) == pytest.approx(BY_HAND)
    assert set(BY_HAND) == {name for name, one in METRICS.items() if not one.is_of_a_pair} == set(OF_A_RUN)


def test_without_capital_there_is_no_return_on_it_and_of_a_loss_no_volatility_over_it() -> None:
    free = [row for row in BOOK if row[2] != "capital_charge"]
    assert math.isnan(metrics_of(run_of(free))["return_on_capital"])
    loss = [*BOOK, ("ledger", 1, "servicing", "", -40.0)]
    assert math.isnan(metrics_of(run_of(loss))["volatility_over_profit"])


def test_a_month_counts_by_its_place_in_the_run_also_where_rates_have_dates() -> None:
    """At 10% for six months and 20% for six, later money is worth 1/sqrt(1.1) and then 1/sqrt(1.32)."""
    discount = np.repeat([0.1, 0.2], 6)
    weights = Rates(discount, discount).weights
    assert weights[5] == pytest.approx(1.1**-0.5) and weights[11] == pytest.approx(1.32**-0.5)
    market = small_market(world={"discount": {"0": 0.1, "6": "20%"}})
    dated = MarketSettings.model_validate(market)
    for one in (dated, dated.model_dump(mode="json", by_alias=True)):  # as given, and as a run's record holds it
        assert rates_of(one)(12).discount == pytest.approx(discount)
    later = [(measure, month + 7, a, b, value) for measure, month, a, b, value in BOOK]
    assert metrics_of(run_of(later)) == pytest.approx(BY_HAND)  # recorded from month 7 on


def test_profit_of_a_real_run_is_its_ledger_to_the_cent_and_its_metrics_are_found() -> None:
    model = LifecycleModel(small_market(people=200), seed=3)
    model.start_recording()
    for _ in range(7):
        model.step()
    table = model.recording()
    run = recorded(table, rates_of(model.settings))
    found = metrics_of(run)
    assert run.months == 7 and set(found) == set(OF_A_RUN)
    ours = table[table["institution"] == model.us.name]
    ledger = ours[ours["measure"] == "ledger"]["value"].sum()
    start = ours[(ours["measure"] == "customers") & (ours["month"] == -1)]["value"].sum()
    assert start > 10 and abs(ledger) > 1.0
    assert round(100 * found["profit_undiscounted_per_customer"] * start) == round(100 * ledger)
    assert 0.0 < found["share_low_risk_high_return"] + found["attrition_per_year"] < 5.0


money = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=30)
rates = st.floats(0.0, 1.0)


def earning(by_month: Sequence[int], closing: int = 0) -> list[Row]:
    """A book of ten who stay, and what it earns, in cents."""
    months = len(by_month)
    stay = [("customers_by_cell", month, "growth", BAD, 10.0) for month in range(-1, months)]
    flows = [("ledger", month, "interest", "", cents / 100.0) for month, cents in enumerate(by_month)]
    return [*stay, *flows, ("closing_value", months - 1, "future_margin", "", closing / 100.0)]


@given(money, st.integers(-(10**6), 10**6))
def test_at_no_discount_profit_is_the_ledger_to_the_cent_and_the_closing_value(
    by_month: list[int], closing: int
) -> None:
    found = metrics_of(run_of(earning(by_month, closing), discount=0.0))
    assert round(1000 * found["profit_undiscounted_per_customer"]) == sum(by_month)
    assert found["profit_before_closing_per_customer"] == pytest.approx(found["profit_undiscounted_per_customer"])
    whole = found["profit_per_customer"] - found["profit_undiscounted_per_customer"]
    assert whole == pytest.approx(closing / 1000.0, abs=1e-6)


@given(money, rates)
def test_what_the_ledger_says_does_not_depend_on_the_rate(by_month: list[int], rate: float) -> None:
    nominal = (
        "profit_undiscounted_per_customer",
        "volatility_of_profit",
        "loss_rate_per_year",
        "return_on_capital",
        "cost_per_new_customer",
    )
    rows = [*earning(by_month), *(row for row in BOOK if row[0] in ("joiners", "leavers") and row[1] < len(by_month))]
    first, other = (metrics_of(run_of(rows, discount=one)) for one in (0.1, rate))
    assert [first[name] for name in nominal] == pytest.approx([other[name] for name in nominal], nan_ok=True)


@given(st.integers(0, 40), rates, st.integers(1, 10**6))
def test_an_amount_that_comes_twelve_months_later_is_worth_a_year_less(month: int, rate: float, cents: int) -> None:
    early, late = ([0] * one + [cents] + [0] * (60 - one) for one in (month, month + 12))
    first, second = (metrics_of(run_of(earning(one), discount=rate))["profit_per_customer"] for one in (early, late))
    assert second == pytest.approx(first / (1.0 + rate))


@given(money, rates)
def test_the_closing_value_counts_as_money_of_the_last_month(by_month: list[int], rate: float) -> None:
    apart = metrics_of(run_of(earning(by_month, 500), discount=rate))["profit_per_customer"]
    together = metrics_of(run_of(earning([*by_month[:-1], by_month[-1] + 500]), discount=rate))["profit_per_customer"]
    assert apart == pytest.approx(together)


@given(rates, rates)
def test_what_comes_back_is_discounted_on_both_sides(rate: float, spent_at: float) -> None:
    """A treatment that brings, in the same month, twice what it costs gives 2 back per EUR at every rate."""
    month = round(11 * spent_at)
    base = earning([0] * 12)
    paid = [
        *base,
        ("treatments", month, "gift", "cost_eur", 50.0),
        ("ledger", month, "treatment", "", -50.0),
        ("ledger", month, "fees", "", 100.0),
    ]
    found = [metrics_of(run_of(rows, discount=rate)) for rows in (base, paid)]
    for spend in RETURNS.values():
        assert found[0][spend] == 0.0
    gain = found[1]["profit_per_customer"] - found[0]["profit_per_customer"]
    spend = found[1]["treatment_spend_per_customer"]
    assert (gain + spend) / spend == pytest.approx(2.0)


def test_the_lines_of_profit_add_up_to_profit() -> None:
    run = run_of(BOOK)
    values = pd.DataFrame(
        [("us", 0, name, value) for name, value in metrics_of(run).items()],
        columns=["arm", "replication", "metric", "value"],
    )
    rows = long(BOOK).assign(arm="us", replication=0)
    recordings = read_recordings(rows[rows["measure"].isin(MEASURES)], "us", ["us"], values, weights=run.rates.weights)
    lines = profit_by_line(recordings)["us"].loc[0]
    assert lines.sum() == pytest.approx(BY_HAND["profit_per_customer"])
    assert lines["interest"] == pytest.approx((20.0 * FIRST + 30.0 * SECOND) / 10)
    assert lines["closing_value"] == pytest.approx(90.0 * SECOND / 10)


# kept under the run's seal and the metric's text

RUNS = {("nothing", 0): BOOK, ("reward", 0): [*BOOK, ("ledger", 1, "fees", "", 10.0)]}


def test_metrics_of_stored_runs_are_those_of_their_rows_and_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = store_runs(tmp_path, RUNS)
    table = figures(tmp_path, "nothing", known)[0]
    own = table[table["arm"] == "nothing"]
    assert dict(zip(own["metric"], own["value"], strict=True)) == pytest.approx(BY_HAND)
    monkeypatch.setattr(worked_out, "read_rows", None)  # all is kept
    pd.testing.assert_frame_equal(figures(tmp_path, "nothing", known)[0], table)


@of_a_run(
    label="fees",
    unit="EUR",
    whose="own book",
    window="whole run",
    better="higher",
    decimals=1,
    headline=("fees", "EUR"),
    matters_from=1.0,
)
def fees(run: RecordedRun) -> float:
    """All fees."""
    return run.total("ledger", a=("fees",))


def test_a_new_metric_is_worked_out_of_the_runs_that_are_there_and_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, asked = store_runs(tmp_path, RUNS), list[tuple[str, ...]]()
    figures(tmp_path, "nothing", known)

    def asked_for(run: RecordedRun, names: Sequence[str], *more: Any) -> dict[str, float]:
        asked.append(tuple(names))
        return metrics_of(run, names, *more)

    monkeypatch.setattr(worked_out, "metrics_of", asked_for)
    monkeypatch.setitem(OF_A_RUN, "fees", fees)
    table = figures(tmp_path, "nothing", known)[0]
    assert asked == [("fees",)] * 2
    assert table[table["metric"] == "fees"]["value"].tolist() == [0.0, 10.0]
    changed = replace(OF_A_RUN["growth"], of_run=lambda run: 3.0)
    monkeypatch.setitem(OF_A_RUN, "growth", changed)
    table = figures(tmp_path, "nothing", known)[0]
    assert asked[2:] == [("growth",)] * 2
    assert table[table["metric"] == "growth"]["value"].tolist() == [3.0, 3.0]


def test_pairs_and_metrics_of_runs_that_are_gone_make_no_row(tmp_path: Path) -> None:
    known = store_runs(
        tmp_path,
        {
            ("nothing", 0): [*BOOK, *person("1")],
            ("a", 0): [*BOOK, *person("1", charged=30.0)],
            ("a", 1): [*BOOK, *person("1", charged=60.0)],
        },
    )
    table, pairs = figures(tmp_path, "nothing", known)
    assert pairs[["arm", "replication", "harmed"]].to_numpy().tolist() == [["nothing", 0, 0.0], ["a", 0, 1.0]]
    less = dict(list(known.items())[:2])
    fewer, again = figures(tmp_path, "nothing", less)
    assert again.equals(pairs) and len(fewer) == 2 * len(OF_A_RUN) and len(table) == 3 * len(OF_A_RUN)


SOURCE = '''
"""Formulas."""
RATE = 0.5

def helper(x):
    """Half of it."""
    return RATE * x

def formula(x):
    """A remark."""
    # another
    return helper(x) + 1.0

def other(x):
    return 2.0 * x
'''


def text_of(folder: Path, source: str) -> str:
    """The text of `formula` in a module of this source."""
    import importlib.util

    path = folder / f"formulas_{abs(hash(source))}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return formula_text.formula_text(module.formula)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A remark.", "Something else."),
        ("# another", "# a third"),
        ("Half of it.", "A half."),
        ("2.0 * x", "3.0 * x"),
        ("helper(x) + 1.0", "helper(x)  +  1.0"),
    ],
)
def test_neither_a_remark_nor_another_formula_changes_a_text(tmp_path: Path, before: str, after: str) -> None:
    assert text_of(tmp_path, SOURCE.replace(before, after)) == text_of(tmp_path, SOURCE)


@pytest.mark.parametrize(
    ("before", "after"), [("+ 1.0", "+ 2.0"), ("RATE * x", "RATE + x"), ("RATE = 0.5", "RATE = 0.4")]
)
def test_a_changed_formula_helper_or_number_changes_the_text(tmp_path: Path, before: str, after: str) -> None:
    assert text_of(tmp_path, SOURCE.replace(before, after)) != text_of(tmp_path, SOURCE)


def test_each_metric_has_a_text_of_its_own() -> None:
    assert len({metric_text(one) for one in OF_A_RUN.values()}) == len(OF_A_RUN)
    with pytest.raises(ValueError, match="not worked out of one run"):
        metric_text(METRICS["return_on_treatment"])
    assert GOOD in BOOK[0]

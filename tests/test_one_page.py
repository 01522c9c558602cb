"""The page for a committee: money of the whole book, an answer that follows, and nothing from elsewhere."""

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.report.one_page.facts import ArmEffect, Scale, one_page_of
from tenure.experiments.report.one_page.inputs import input_counts
from tenure.experiments.report.one_page.page import one_page_html, write_one_page
from tenure.experiments.report.one_page.plot import WIDTH, plot_of
from tenure.experiments.store.results import Results
from tenure.simulation.settings.market import MarketSettings
from tests.folders import made_here
from tests.markets import small_market

CONFIG = """
question: Which way earns most?
market: {extends: default, people: 900, stands_for: 1800000, burn_in_months: 3}
months: 9
warm_up_months: 2
budget_per_month: 4000
guards: {structure: [{quadrant: low_risk_low_return, share_of: customers, at_least: 5%}]}
arms:
  nothing: do_nothing
  reward: {policy: uniform, treatment: loyalty_reward}
  costly: {policy: price_match}
champion: nothing
replications: 2
scenarios: {base: {}, dear: {us: {funding_cost: 6%}}}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.yaml").write_text(CONFIG)
    return made_here(folder / "page.yaml", folder / "results")


def test_money_is_that_of_the_whole_book(results: Results) -> None:
    page = one_page_of(results, date(2026, 12, 12))
    base = results.under("base")
    rows = base.rows(["customers_by_cell"])
    start = rows[rows["month"] == -1].groupby(["arm", "replication"], observed=True)["value"].sum().mean()
    assert page.scale.people_each == 2000.0
    assert page.scale.customers == pytest.approx(2000.0 * start)
    by_arm = {one.arm: one for one in base.comparisons() if one.metric == "profit_per_customer"}
    for one in page.effects:
        assert one.average.mean == by_arm[one.arm].difference
        assert one.least <= one.average.mean <= one.most
        assert set(one.verdicts) == {"base", "dear"}
    assert page.date == "12 December 2026"


def test_the_page_says_everything_once_asks_nobody_and_is_found_by_those_who_do_not_see_it(results: Results) -> None:
    page = one_page_of(results, date(2026, 12, 12))
    html = one_page_html(page)
    for head in ("Answer", "Effect", "Structure", "Why", "What would change", "How far to trust", "Next", "Rebuild"):
        assert len(re.findall(f"<h2>{head}", html)) == 1
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", html)
    label = re.search(r'aria-label="([^"]+)"', html)
    assert label and all(one.arm in label[1] for one in page.effects)
    assert any(line.endswith(": met") and line in html for line in page.limits)
    for who in ("Prepared", "Challenged by", "Decided"):
        assert who in html


def test_what_no_run_can_know_is_said_to_be_not_known(results: Results) -> None:
    page = one_page_of(results, date(2026, 12, 12))
    assert any("not known" in line for line in page.trust)


def test_the_page_is_written_beside_the_report_and_written_again(results: Results) -> None:
    path = write_one_page(results, date(2026, 12, 12))
    first = path.read_bytes()
    assert write_one_page(results, date(2026, 12, 12)).read_bytes() == first
    assert path.parent == results.folder


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 20), st.floats(0, 30)), min_size=1, max_size=5),
    st.floats(1, 1e6),
)
def test_all_marks_lie_in_the_figure_in_the_order_of_their_money(
    arms: list[tuple[float, float, float]], customers: float
) -> None:
    effects = [
        ArmEffect(f"arm {place}", Average.even(mean, half), mean - half - more, mean + half + more, {"": "better"})
        for place, (mean, half, more) in enumerate(arms)
    ]
    plot = plot_of(effects, Scale(customers, 1.0, "EUR", 1.0), "nothing")
    for one in plot.rows:
        xs = [one.range_ends[0], one.interval_ends[0], one.average, one.interval_ends[1], one.range_ends[1]]
        assert all(right >= left - 1e-6 for left, right in pairwise(xs))
        assert xs[0] >= 0.0 and xs[-1] <= WIDTH + 1e-6
    assert all(-1e-6 <= x <= WIDTH + 1e-6 for x, _ in plot.marks)


def test_inputs_are_counted_by_where_they_come_from() -> None:
    usual = input_counts(MarketSettings.model_validate(small_market()).model_dump(mode="json", by_alias=True))
    changed = small_market(rules={"credit": {"miss_want": 0.123}})
    after = input_counts(MarketSettings.model_validate(changed).model_dump(mode="json", by_alias=True))
    assert after.written == usual.written + 1
    assert sum(after) == sum(usual)

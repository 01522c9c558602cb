"""What a user stated beside what was simulated: shares at month 0, limits of structure met or not, what arms did."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.commands import terminal
from tenure.experiments.commands.results_json import comparisons_json
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.arms import laid_over
from tenure.experiments.report import limits, stated
from tenure.experiments.report.limits import Held, Met, counted, held, limit_sentences
from tenure.experiments.report.means import limited_in
from tenure.experiments.report.recordings import recordings_of
from tenure.experiments.report.sections.arms.carried import reasons_of
from tenure.experiments.report.sections.stated import reported
from tenure.experiments.report.sections.treatments import GIVEN, SPENT, alone, treatments_given
from tenure.experiments.report.stated import NOBODY, PEOPLE, Stated, compared
from tenure.experiments.store.results import Results
from tenure.policies.guard.rules import MEASURES as WORDS
from tenure.policies.guard.rules import StructureLimit, measured, standing
from tenure.policies.shelf import make_policy
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.guards import StructureSettings
from tests.folders import made_here
from tests.made_views import views
from tests.test_guards import sound

shares = st.lists(st.integers(0, 60), min_size=1, max_size=4).filter(lambda many: sum(many) <= 100)


def counts_of(share_points: list[int], people: int) -> dict[str, float]:
    """People of each institution, exactly as written in points."""
    named = {f"bank{number}": points * people / 100 for number, points in enumerate(share_points)}
    return {**named, NOBODY: people - sum(named.values())}


@given(shares, st.integers(1, 12), st.integers(1, 300))
def test_what_is_exactly_as_written_is_never_told_to_differ(
    points: list[int], replications: int, hundreds: int
) -> None:
    people = 100 * hundreds
    written = {f"bank{number}": share / 100 for number, share in enumerate(points)}
    found = compared(written, people, [counts_of(points, people)] * replications)
    assert [one.name for one in found] == [*written, NOBODY, ""]
    assert not any(one.differs for one in found)
    assert math.isclose(sum(one.written for one in found[:-1]), 1.0)
    assert math.isclose(sum(one.found.mean for one in found[:-1]), 1.0)
    lines = list(stated.stated_lines(found, 60, 24, 110))
    assert len(lines) == 1 and "as written, within 1 point" in lines[0]


@given(st.floats(0.0, 0.9), st.lists(st.integers(0, 1000), min_size=2, max_size=8), st.sampled_from([1, 10, 100]))
def test_a_share_differs_where_gap_passes_margin_and_interval(written: float, ours: list[int], times: int) -> None:
    """Beside scipy: Student's interval, or that of drawing people at random, whichever is wider."""
    people = 1000 * times
    counted_people = [{"us": float(many * times), NOBODY: float((1000 - many) * times)} for many in ours]
    one = compared({"us": written}, people, counted_people)[0]
    values = np.array(ours) / 1000
    mean = values.mean()
    student = stats.t.ppf(0.975, len(ours) - 1) * stats.sem(values)
    at_random = stats.norm.ppf(0.975) * math.sqrt(mean * (1 - mean) / (people * len(ours)))
    half, gap = max(student, at_random), abs(mean - written)
    assert one.found.half_width == pytest.approx(half, rel=1e-3, abs=1e-9)
    margin = 0.01 if written >= 0.1 else 0.001 if written <= 0.01 else written / 10
    if min(abs(gap - margin), abs(gap - half)) > 1e-4:
        assert one.differs == (gap > margin and gap > half)
        assert one.verdict == ("yes" if gap <= margin else "NO" if gap > half else "not told apart")


def test_shares_by_hand() -> None:
    # 24, 25 and 26 hundredths: mean 25, standard error 1/sqrt(3) = .577, times 4.303
    found = compared(
        {"us": 0.152}, 1000, [{"us": 240.0, NOBODY: 760.0}, {"us": 250.0, NOBODY: 750.0}, {"us": 260.0, NOBODY: 740.0}]
    )[0]
    assert found.found.mean == pytest.approx(0.25) and found.found.half_width == pytest.approx(0.02484, abs=1e-5)
    assert found.differs


def test_two_replications_that_happen_to_agree_are_no_certainty() -> None:
    # 44 of 200 in both: of 400 drawn at random, 1.96 * sqrt(.22 * .78 / 400) = 4.06 points
    one = compared({"us": 0.25}, 200, [{"us": 44.0, NOBODY: 156.0}] * 2)[0]
    assert one.found.mean == 0.22 and one.found.half_width == pytest.approx(0.0406, abs=1e-4)
    assert not one.differs and one.verdict == "not told apart"


def test_shares_that_moved_are_told_loudly_with_what_moves_them() -> None:
    written = {"us": 0.152, "megabank": 0.41, "fintech": 0.09}
    there = {"us": 4020.0, "megabank": 5980.0, "fintech": 5440.0, NOBODY: 4560.0}
    found = compared(written, 20_000, [there] * 3)
    lines = list(stated.stated_lines(found, 60, 24, 110))
    text = "\n".join(lines)
    assert lines[0].startswith("  NOT AS WRITTEN") and max(map(len, lines)) <= 110
    assert any("us" in line and "15.2%" in line and "20.1" in line and "not as written" in line for line in lines)
    flat = " ".join(text.split())
    assert "raise `quality` of megabank" in flat and "lower `quality` of us and fintech" in flat
    assert "raise `rules.choice.nobody`" in flat and "84 months before month 0" in flat
    assert found[-1].what == PEOPLE and not found[-1].differs


def test_a_market_that_shrinks_is_told() -> None:
    one = compared({"us": 0.5}, 1000, [{"us": 400.0, NOBODY: 400.0}] * 4)[-1]
    assert one.differs and "shrunk to 80.0" in stated.people_sentence(one, 60, 24)


def test_nothing_is_said_without_a_run() -> None:
    assert compared({"us": 0.5}, 1000, []) == [] and list(stated.stated_lines([], 1, 1, 110)) == []


def test_a_narrow_gap_is_named_within_a_point_and_a_wide_uncertain_one_is_not() -> None:
    sure = [Stated(stated.SHARE, "us", 0.25, stated.averaged([0.257, 0.255], 10_000))]
    unsure = [Stated(stated.SHARE, "us", 0.25, stated.averaged([0.15, 0.31], 10_000))]
    assert "as written, within 1 point" in stated.said_shares(sure)
    assert "not told apart" in stated.said_shares(unsure) and "25.0% written" in stated.said_shares(unsure)


tables = st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=5)


@given(tables)
def test_months_met_are_counted_as_one_would_by_hand(rows: list[list[bool]]) -> None:
    met = counted({number: list(enumerate(row)) for number, row in enumerate(rows)})
    assert (met.months, met.of) == (sum(map(sum, rows)), 5 * len(rows))
    since = [month for month in range(5) if all(all(row[month:]) for row in rows)]
    assert met.since == (min(since) if since else None)
    assert met.always == all(map(all, rows))
    assert (met.missed, met.replications) == (sum(not row[-1] for row in rows), len(rows))
    expected = "met" if since[:1] == [0] else f"met from month {since[0]} on" if since else "NOT met"
    if expected == "NOT met" and any(map(any, rows)):
        ends = "" if met.missed == len(rows) else f" of {met.missed} of {len(rows)} replications"
        expected = f"NOT met at the end{ends}"
    assert met.verdict == expected


def test_arms_that_met_a_limit_at_the_end_of_some_replications_are_told_together() -> None:
    """A limit that held in 11 of 12 months is not called missed without saying where."""
    limit = StructureLimit("rich", "otherwise", "balance", True, at_least=0.35)
    some = Average(0.5, 0.4, 0.6)
    rows = {"a": [[True, True], [True, False], [True, True]], "b": [[True, False], [True, True], [True, True]]}
    found = [
        Held(arm, limit, counted({k: list(enumerate(row)) for k, row in enumerate(one)}), some, some)
        for arm, one in rows.items()
    ]
    text = next(limit_sentences(found, "EUR"))
    assert "NOT met at the end of 2 of 6 replications in a and b (" in text and "met in 10 of 12 months" in text


def test_of_nothing_no_share_is_met_or_missed() -> None:
    assert counted({}) == Met(0, 0, None) and counted({}).verdict == "a share of nothing"


@settings(max_examples=60)
@given(views, st.sampled_from(sorted([*WORDS, "card"])), st.floats(0.0, 1.0), st.booleans())
def test_where_a_limit_stands_is_what_its_cell_counts(view: InstitutionView, of: str, end: float, floor: bool) -> None:
    cell = view.quadrant == 1
    counts = measured(of, view)
    here, whole = counts[cell].sum(), counts.sum()
    ends: dict[str, Any] = {"at_least": end} if floor else {"at_most": end}
    found = standing(StructureLimit("limit", "quadrant == low_risk_high_return", of, True, **ends), view)
    if whole <= 0.0:
        assert found is None
        return
    assert found is not None and found.value == pytest.approx(here / whole)
    if abs(here / whole - end) > 1e-6:
        assert found.met == (here / whole > end if floor else here / whole < end)
    sums = {key + "_eur": value for key, value in ends.items()}
    limit = StructureSettings.model_validate(
        {"where": "quadrant == low_risk_high_return", "sum_of": of, **sums}
    ).limit()
    real = standing(limit, view)
    assert real is not None and real.value == pytest.approx(here)


def test_balance_is_what_customers_owe_wherever_the_word_is_used() -> None:
    rows = sound(2)._beliefs.copy()
    rows["credit_cents"], rows["deposit_cents"] = [100_00, 300_00], [500_00, 100_00]
    view = sound(2)
    view.__dict__["_beliefs"] = rows
    assert measured("balance", view).tolist() == view.balance.tolist() == [100.0, 300.0]
    assert measured("credit_and_deposits", view).tolist() == [600.0, 400.0]
    for of in ("customers", "balance", "credit_and_deposits"):
        assert of in WORDS  # the optimum is asked in the guard's words
        assert make_policy("optimal_structure", {"of": of, "floors": {"low_risk_low_return": 0.1}})
    name = StructureSettings.model_validate({"quadrant": "low_risk_low_return", "share_of": "balance", "at_least": 0.1})
    assert name.limit().name == "floor of low_risk_low_return in credit balances"


CONFIG = """
question: Which limits hold?
market: {extends: default, people: 200, burn_in_months: 2}
months: 3
warm_up_months: 1
budget_per_month: 1000000
guards:
  structure:
    - {name: never, quadrant: low_risk_low_return, share_of: balance, at_least: 99%}
    - {name: always, where: tenure_months >= 0, share_of: customers, at_least: 90%}
    - {name: money, sum_of: deposits, at_least_eur: 1000}
    - {name: empty, quadrant: low_risk_low_return, share_of: account, at_least: 5%}
arms:
  nothing: do_nothing
  gives:
    policy: rules
    rules: [{when: quadrant == low_risk_low_return, do: price_cut}, {when: otherwise, do: loyalty_reward}]
    us: {guards: {structure: [{name: mine, quadrant: high_risk_low_return, share_of: customers, at_most: 99%}]}}
champion: nothing
replications: 2
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("stated")
    (folder / "limits.yaml").write_text(CONFIG, encoding="utf-8")
    return made_here(folder / "limits.yaml", folder / "out")


def test_a_limit_is_met_or_not_arm_by_arm(results: Results) -> None:
    found = {(one.arm, one.limit.name): one for one in held(results)}
    assert set(found) == {*(("nothing", name) for name in ("never", "always", "money", "empty")), ("gives", "mine")}
    assert found["nothing", "empty"].met == Met(0, 0, None)  # an account has no balance
    assert found["nothing", "never"].met == Met(0, 8, None, 2, 2)  # months 0 to 3 of two replications
    assert found["nothing", "always"].met == Met(8, 8, 0, 0, 2)
    assert found["nothing", "money"].start.mean > 1000.0
    told_by = {row["limit"]: row for row in comparisons_json(results)["limits"]}
    assert told_by["never"]["met"] is False and told_by["mine"]["met"] is True
    json.dumps(comparisons_json(results)["stated"])


def test_the_terminal_has_a_line_for_a_limit_that_was_not_met(results: Results) -> None:
    lines = list(terminal.stated_lines_of(results))
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= terminal.WIDEST
    assert "'never' (at least 99% of credit balances): NOT met in nothing" in text and "0 of 8 months" in text
    assert "met, in every month of every arm that has them: 'always', 'money' and 'mine'" in text
    assert "a share of nothing in nothing (- at month 0, - at the end)" in text
    assert "what customers owe" in text and "Shares of people at month 0" in text


def test_the_report_says_it_at_the_top_and_in_a_table(results: Results) -> None:
    page = reported(results)
    assert any("'never'" in alarm and "NOT met" in alarm for alarm in page.alarms)
    assert not any("'always'" in alarm for alarm in page.alarms)
    section = next(one for one in page.sections if one.name == "limits")
    rows = {(row[0], row[1]): row[-1] for row in section.tables[0].rows}
    assert rows["nothing", "never"] == "NOT met" and rows["gives", "mine"] == "met"
    names = [row[0] for one in page.sections if one.name == "stated" for row in one.tables[0].rows]
    assert names == ["us", "megabank", "fintech", NOBODY, PEOPLE]


def test_all_limits_met_take_one_line(results: Results) -> None:
    kept = [one for one in held(results) if one.met.always]
    sentences = list(limits.limit_sentences(kept, "EUR"))
    assert len(sentences) == 1 and sentences[0].startswith("All limits of structure (3) were met")


def test_what_treatments_cost_adds_up_to_what_was_spent(results: Results) -> None:
    rows = results.rows(["treatments"])
    by = rows.groupby(["arm", "replication", "b"])["value"].sum().unstack("b").fillna(0.0)
    assert by.loc["gives", "spent"].min() > 0.0
    assert by["spent"].to_numpy() == pytest.approx(by["cost_eur"].to_numpy())
    assert by.loc["gives", "forgone"].min() > 0.0  # price cuts
    assert by["forgone"].to_numpy() == pytest.approx(by["given_up_eur"].to_numpy(), rel=1e-9)


def test_the_report_shows_what_each_arm_gave(results: Results) -> None:
    recordings = recordings_of(results)
    given = treatments_given(recordings)
    assert given["nothing"].empty
    rows = recordings.of("treatments")
    sent = rows[(rows["b"] == GIVEN) & (rows["arm"] == "gives")].groupby("a")["value"].sum()
    book = recordings.of("customers_by_cell")
    years = book[(book["arm"] == "gives") & (book["month"] < 2)].groupby("replication")["value"].sum() / 12
    for name, many in sent.items():
        assert (given["gives"][(name, GIVEN)] * years).sum() / 100 == pytest.approx(many)
    assert (given["gives"][("loyalty_reward", SPENT)] > 0).all()
    assert list(alone(recordings, given)) == []  # no other arm treats


def test_what_carries_a_difference_is_the_difference_of_the_effects_table(results: Results) -> None:
    found = reasons_of(results)
    (effect,) = [one for one in results.comparisons() if one.metric == "profit_per_customer"]
    assert found.unsaid == "" and list(found.of) == ["gives"] == [effect.arm]
    assert found.of["gives"].total.mean == pytest.approx(effect.difference)
    assert reasons_of(results, most_pairs=1).of == {} and "2 pairs" in reasons_of(results, most_pairs=1).unsaid


def test_what_there_is_in_an_arm_is_what_its_record_says(results: Results) -> None:
    over = {"stands_for": 2000, "guards": {"budget_per_month": {"0": 500.0, "2": 700.0}}}
    market = laid_over(results.about["market"], over)
    own = {"us": {"guards": {"capacity_per_month": {"outbound_call": 40}}}}
    there = limited_in(market, own, 3)
    assert there.budget == (500.0, 500.0, 700.0) and there.each_stands_for == 10.0
    assert there.capacity == {"outbound_call": (40.0, 40.0, 40.0)} and "early_help" in there.takes["outbound_call"]
    assert limited_in(market, {"us": {"budget_per_month": 9.0}}, 1).budget == (9.0,)


@pytest.mark.slow
def test_what_is_said_to_move_shares_moves_them() -> None:
    def ours(months: int, **us: float) -> float:
        config = load_experiment("quickstart").market_data
        market = {**config, "people": 800, "us": {**config["us"], "policy": "do_nothing", "share": 0.15, **us}}
        found = []
        for replication in range(3):
            model = LifecycleModel(market, seed=1, replication=replication, first_month=-months)
            for _ in range(months):
                model.step()
            alive = model.people["provider"] >= 0
            found.append((model.people["provider"][alive] == 1).mean())
        return float(np.mean(found))

    usual = ours(48)
    assert usual > 0.17  # not as written
    assert ours(48, quality=0.6) > usual + 0.03 and ours(48, quality=-0.8) < usual - 0.02
    assert abs(ours(6) - 0.15) < abs(usual - 0.15)


def test_a_record_with_guards_that_tenure_never_writes_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="not as tenure writes"):
        limits.limits_of({"us": {"guards": {"structure": [{"share_of": 3}]}}}, {})

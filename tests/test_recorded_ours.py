"""What the recording reads of our customers' month, adds up by cell and by person, and how it tells order from chance.

Compiled passes against what NumPy says of the same rows, by definition.
"""

import re
import subprocess
import sys
from collections.abc import Callable

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenure.agents.belief import QUADRANTS
from tenure.agents.offer import US
from tenure.agents.person import STAGES
from tenure.agents.truth import TRUTH
from tenure.policies.learning.lookalike import auc
from tenure.simulation.engines.compiled import alone, appraise_rows
from tenure.simulation.institutions.teaching import average_loss, month_profit_eur, profit_eur
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.beliefs.migration import order_test
from tenure.simulation.recording.beliefs.quality import powers
from tenure.simulation.recording.book import NEW_MONTHS, cells_of
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.ours import Found, find_ours, read_ours
from tests.markets import LIVELY, small_market


def in_parts_of(size: int) -> Callable[[int, Callable[[slice], Found]], list[Found]]:
    """Return what does work over rows in parts of this size, the last part first."""

    def in_parts(rows: int, work: Callable[[slice], Found]) -> list[Found]:
        parts = [slice(at, min(at + size, rows)) for at in range(0, max(rows, 1), size)]
        return [work(part) for part in reversed(parts)][::-1]

    return in_parts


@pytest.fixture(scope="module")
def lived() -> LifecycleModel:
    """A market in which many come and go."""
    model = LifecycleModel(small_market(people=700, rules=LIVELY), seed=6)
    for _ in range(5):
        model.step()
    return model


@given(st.integers(1, 900))
def test_ours_are_those_at_the_month_s_end_and_those_who_left_in_whatever_parts_rows_are_read(
    lived: LifecycleModel, size: int
) -> None:
    people, signals = lived.people, lived.signals
    own, left = find_ours(signals, in_parts_of(size))
    assert own.tolist() == np.flatnonzero(signals["provider"] == US).tolist()
    assert left.tolist() == np.flatnonzero((signals["before"] == US) & (signals["provider"] != US)).tolist()
    assert len(own) > 100 and len(left) > 0
    for rows in (own, left, own[:0]):
        ours = read_ours(people, signals, rows, in_parts_of(size))
        assert ours["row"].tolist() == rows.tolist() and ours["stage"].tolist() == people["stage"][rows].tolist()
        told = (signals["ending"] == 1) | (signals["lending_stopped"] == 1)
        assert ours["told_to_go"].tolist() == told[rows].tolist()
        for name in set(signals.dtype.names or ()) & set(ours.dtype.names or ()):
            assert ours[name].tolist() == signals[name][rows].tolist(), name


def test_cells_hold_every_customer_once_and_their_balances_in_the_order_of_rows(lived: LifecycleModel) -> None:
    facts = lived.facts()
    cells, own = cells_of(facts), facts.own
    at = own["stage"] * len(QUADRANTS) + facts.truths["quadrant"]
    for name, weights in (
        ("customers", None),
        ("credit_eur", own["credit_cents"] / 100.0),
        ("deposit_eur", own["deposit_cents"] / 100.0),
        ("new", own["tenure_months"] < NEW_MONTHS),
    ):
        expected = np.bincount(at, weights, minlength=len(STAGES) * len(QUADRANTS))
        assert cells[name].ravel().tolist() == expected.tolist(), name


def test_sums_of_a_person_are_those_of_its_months_with_us() -> None:
    """Added up here month by month from the facts, person by person."""
    model = LifecycleModel(small_market(people=300, rules=LIVELY, us={"policy": "do_nothing", "share": "60%"}), seed=8)
    start = model.facts()
    owed = dict(zip(start.own["person_id"].tolist(), start.own["credit_cents"].tolist(), strict=True))
    profit, months, stays = dict.fromkeys(owed, 0.0), dict.fromkeys(owed, 0), dict.fromkeys(owed, True)

    class Adds:
        def month(self, facts: MonthFacts) -> None:
            loss = average_loss(facts.products)
            for one in facts.signals[np.isin(facts.signals["person_id"], list(owed))]:
                who = int(one["person_id"])
                if one["before"] == US:
                    months[who] += 1
                    profit[who] += one["margin_per_year"] / 12.0
                    if one["cause"] == 2:  # charged off
                        profit[who] -= loss * owed[who] / 100.0
                stays[who] = bool(one["provider"] == US)
                owed[who] = int(one["credit_cents"]) if stays[who] else 0

    model.start_recording()
    model.observers.append(Adds())
    for _ in range(14):
        model.step()
    rows = model.recording()

    def told(measure: str) -> "pd.Series[float]":
        return rows[rows["measure"] == measure].set_index("a")["value"]

    assert len(set(months.values())) > 3 and not all(stays.values())
    assert told("person/months").to_dict() == {str(who): float(count) for who, count in months.items()}
    assert told("person/profit").to_dict() == pytest.approx({str(who): eur for who, eur in profit.items()}, abs=0.0051)
    ends = rows[rows["measure"] == "person/months"].set_index("a")["b"].str.contains("ours")
    assert ends.to_dict() == {str(who): still for who, still in stays.items()}


def test_a_recording_stops_where_people_have_changed_their_rows() -> None:
    model = LifecycleModel(small_market(people=200), seed=3)
    model.start_recording()
    ours = np.flatnonzero(model.people["provider"] == US)[:2]
    for rows in (model.people, model.signals):
        rows[ours] = rows[ours[::-1]].copy()
    with pytest.raises(RuntimeError, match="changed their rows"):
        model.step()


def test_asking_for_the_table_changes_nothing_of_the_recording() -> None:
    asked, silent = (LifecycleModel(small_market(people=150, rules=LIVELY), seed=2) for _ in range(2))
    for model in (asked, silent):
        model.start_recording()
        for _ in range(25):
            model.step()
            if model is asked:
                model.recording()
    assert asked.recording().equals(silent.recording())


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.booleans(), st.integers(0, 10**9), st.floats(0, 1))))
def test_profit_of_many_is_the_profit_of_each(months: list[tuple[float, bool, int, float]]) -> None:
    products = np.zeros(2, [("lends", np.int64), ("loss_given_default", np.float64)])
    products["lends"], products["loss_given_default"] = (1, 0), (0.45, 0.9)
    assert average_loss(products) == 0.45 and average_loss(products[1:]) == 0.0
    margin, lost = np.array([m for m, *_ in months], np.float64), np.array([off for _, off, *_ in months], np.bool_)
    many = profit_eur(margin, lost, np.array([cents for _, _, cents, _ in months], np.int64), products)
    assert many.tolist() == [month_profit_eur(m, off, cents, 0.45) for m, off, cents, _ in months]
    assert all(month_profit_eur(m, False, cents, loss) == m / 12.0 for m, _, cents, loss in months)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_auc_is_the_share_of_pairs_in_which_the_positive_scores_higher(people: list[tuple[int, bool]]) -> None:
    score, positive = np.array([k / 3.0 for k, _ in people]), np.array([yes for _, yes in people])
    pairs = [(a > b) + 0.5 * (a == b) for a in score[positive] for b in score[~positive]]
    if not pairs:
        assert np.isnan(auc(score, positive))
    else:
        assert auc(score, positive) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)
        assert auc(score, positive) + auc(score, ~positive) == pytest.approx(1.0, abs=1e-12)


@given(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=30), st.floats(0.01, 1))
def test_powers_are_powers(bases: list[float], exponent: float) -> None:
    made = powers(np.array(bases), np.full(len(bases), exponent))
    assert made == pytest.approx(np.array(bases) ** exponent, rel=1e-12)


def test_the_statistic_of_order_is_twice_the_gain_in_log_likelihood() -> None:
    """By scipy, as the G statistic of the two-way table of each middle cell (Anderson & Goodman 1957)."""
    counts = np.random.default_rng(4).integers(1, 60, (3, 3, 3)).astype(float)
    each = [stats.chi2_contingency(counts[:, j], correction=False, lambda_="log-likelihood") for j in range(3)]
    found = order_test(counts)
    assert found.statistic == pytest.approx(sum(one.statistic for one in each))
    assert found.degrees_of_freedom == sum(one.dof for one in each)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, found.degrees_of_freedom))


def test_a_recorded_run_asks_for_no_statistics_of_scipy() -> None:
    """They take half a second to import, in every process."""
    code = (
        "import sys; from tests.markets import small_market; from tenure.simulation.model import LifecycleModel\n"
        "model = LifecycleModel(small_market(people=120), seed=1); model.start_recording()\n"
        "for _ in range(37): model.step()\n"
        "assert len(model.recording()) > 1000; print('scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False"]


@pytest.mark.slow
def test_the_arithmetic_of_default_is_compiled_for_several_people_at_once() -> None:
    """One innocent edit, and a loop takes people one by one, several times as slowly."""
    model, rows = LifecycleModel(small_market(people=50), seed=1), np.arange(5)
    anew = numba.njit(error_model="numpy", nogil=True)(vars(appraise_rows)["__wrapped__"])
    anew(model.people, rows, np.zeros(5, TRUTH), alone(model.world))
    divisions = re.findall(r"= fdiv <(\d+) x double>", next(iter(anew.inspect_llvm().values())))
    assert len(divisions) > 5 and set(divisions) <= {"2", "4", "8"}

"""Acquisition: what it costs, whom it brings, and what feedback from existing customers changes."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenure.agents.belief import QUADRANTS
from tenure.agents.offer import US
from tenure.agents.person import NOBODY
from tenure.agents.rules.reach import MOST_EXPECTED, contacts_received, reads_any
from tenure.experiments.analysis.recorded_run import recorded as as_metrics_read
from tenure.experiments.analysis.worked_out import metrics_of
from tenure.simulation.institutions.feedback import held_out, learn_from_customers, what_selection_cost
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.institution import FeedbackSettings
from tests.markets import LIVELY, first_difference, flat_rates, small_market

WANTED = {"low_risk_low_return": 1.0}  # common in a small market, so that there is enough to learn from
CHANNEL = {"online": {"budget_per_month": 400, "cost_per_contact": 1, "precision": 1}}


def market(**us: Any) -> dict[str, Any]:
    """Return a lively market in which we reach out."""
    config = small_market(people=3000, rules=LIVELY)
    config["us"] |= {"acquisition": CHANNEL, **us}
    return config


@cache
def recorded(feedback: bool, browsing: bool = True) -> tuple[LifecycleModel, pd.DataFrame]:
    """Return a market after 25 recorded months, and its recording."""
    us: dict[str, Any] = {"information": {"browsing": browsing}}
    if feedback:
        us["feedback"] = {"wanted": WANTED, "tenure_months": 3}
    model = LifecycleModel(market(**us), seed=3)
    model.start_recording()
    for _ in range(25):
        model.step()
    return model, model.recording()


def values(table: pd.DataFrame, measure: str, **where: str) -> "pd.Series[float]":
    rows = table[(table["measure"] == measure) & (table["institution"] == "us")]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows["value"]


def test_the_cost_of_a_new_customer_is_what_was_spent_over_who_came() -> None:
    _, table = recorded(False)
    joined = values(table, "joiners").sum()
    spent = -values(table, "ledger", a="acquisition").sum()
    assert joined > 20 and spent > 1000.0
    found = metrics_of(as_metrics_read(table, flat_rates(0.1, 0.1)), ("cost_per_new_customer", "growth"))
    assert found["cost_per_new_customer"] == pytest.approx(spent / joined)
    before, after = (values(table[table["month"] == month], "customers").sum() for month in (-1, 24))
    assert found["growth"] == pytest.approx(after / before - 1.0)


def test_who_pays_invitations_pays_them_for_new_customers() -> None:
    """All treatments here are invitations, so that they cost what the ledger says treatments cost."""
    scope = ["open", "contacted", "browsing"]
    config = market(existing_customers=scope, policy={"policy": "uniform", "treatment": "preferential_offer"})
    config["guards"] = {"budget_per_month": 1e6}
    model = LifecycleModel(config, seed=3)
    model.start_recording()
    for _ in range(6):
        model.step()
    table = model.recording()
    invitations = values(table, "treatments", b="invitations_eur").sum()
    assert invitations == pytest.approx(values(table, "treatments", b="cost_eur").sum())
    assert invitations > 100.0
    spent = invitations - values(table, "ledger", a="acquisition").sum()
    run = as_metrics_read(table, flat_rates(0.1, 0.1))
    assert metrics_of(run, ["cost_per_new_customer"])["cost_per_new_customer"] == pytest.approx(
        spent / values(table, "joiners").sum()
    )
    assert values(table, "joiners", a="invited").sum() > 0


def test_new_customers_by_quadrant_are_those_of_the_first_year() -> None:
    model, table = recorded(False)
    told = values(table[table["month"] == 24], "new_customers_by_quadrant").sum()
    own = model.people["provider"] == US
    assert told == (own & (model.people["tenure_months"] < 12)).sum() > 0


def test_feedback_is_off_unless_it_is_switched_on() -> None:
    assert not recorded(False)[0].offers["lookalike"].any()
    assert values(recorded(False)[1], "lookalike").empty
    weights = recorded(True)[0].offers["lookalike"]
    assert weights[US, 0] == 1.0 and weights[US, 2:4].all() and not np.delete(weights, US, axis=0).any()


def test_feedback_changes_whom_channels_reach_and_is_told_with_its_quality() -> None:
    without, told = recorded(False), recorded(True)
    assert first_difference(without[0].people, told[0].people) != ""
    rows = told[1][told[1]["measure"] == "lookalike"]
    assert sorted(rows["month"].unique()) == [0, 12, 24] or sorted(rows["month"].unique()) == [12, 24]
    assert set(rows["b"]) == {"low_risk_low_return"}
    assert {"customers", "wanted_share", "auc_own_customers", "auc_market", "auc_market_all_seeing"} <= set(rows["a"])
    assert rows[rows["a"].str.startswith("auc")]["value"].between(0.0, 1.0).all()


def test_who_does_not_see_browsing_learns_nothing_of_it() -> None:
    assert recorded(True, browsing=False)[0].offers["lookalike"][US, 4] == 0.0


def test_who_judges_the_score_taught_neither_ours_nor_the_all_seeing_one() -> None:
    """The same person is held out of both: luck is keyed by person, month and institution."""
    ids = np.arange(5000)
    ours = held_out(1, 0, 12, "us", ids)
    assert np.array_equal(ours[::3], held_out(1, 0, 12, "us", ids[::3]))
    assert not np.array_equal(ours, held_out(1, 0, 12, "megabank", ids))
    assert abs(ours.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 5000)


def test_what_is_learnt_does_not_depend_on_the_truth() -> None:
    """Other true risks behind unchanged files: the same score; only what selection cost is told of the truth."""
    model = recorded(True)[0]
    settings = FeedbackSettings(wanted=WANTED, tenure_months=3)
    at = (3, 0, 25, "us")
    learnt = learn_from_customers(model.us.files, settings, *at)
    people = model.people[model.people["provider"] > NOBODY]
    everybody = np.full(len(people), QUADRANTS.index("low_risk_low_return"))
    everybody[::2] = 3
    told = what_selection_cost(learnt, people, everybody, *at)
    assert told.score is learnt.score and told.cost is not None
    assert abs(told.cost.own_auc - 0.5) < 0.1  # such a truth is no business of income and age


def test_a_restored_market_keeps_the_score_only_where_feedback_is_on() -> None:
    state = recorded(True)[0].state()
    for feedback, kept in (({"wanted": WANTED}, True), (None, False)):
        model = LifecycleModel(market(feedback=feedback), seed=3)
        model.restore(state)
        assert bool(model.offers["lookalike"][US].any()) == kept


def test_channels_of_an_arm_go_on_from_the_rates_that_were_found() -> None:
    state = recorded(False)[0].state()
    more = LifecycleModel(
        market(acquisition={**CHANNEL, "mail": {"budget_per_month": 200, "cost_per_contact": 1}}), seed=3
    )
    started = more.us.channels.rate.copy()
    more.restore(state)
    assert more.us.channels.rate[0] == state["rate:us"][0] and more.us.channels.rate[1] == started[1] > 0.0


@given(st.floats(1e-6, 60.0))
def test_contacts_are_poisson(expected: float) -> None:
    mean = min(expected, MOST_EXPECTED)
    u = (np.arange(4000) + 0.5) / 4000
    got = np.array([contacts_received(float(x), expected) for x in u])
    assert np.all(np.diff(got) <= 0)  # the smaller the draw the more
    if expected == mean:  # every count within the grain of the grid
        for n in range(int(got.max()) + 1):
            assert abs((got >= n).mean() - stats.poisson.sf(n - 1, mean)) <= 1.0 / 4000 + 1e-9


@given(st.floats(1e-10, 1), st.floats(0, 5), st.floats(0, 5))
def test_more_expected_never_means_fewer_contacts(u: float, one: float, other: float) -> None:
    assert contacts_received(u, min(one, other)) <= contacts_received(u, max(one, other))


@given(st.floats(0, 1), st.integers(1, 30))
def test_any_of_several_is_read_more_often(p: float, contacts: int) -> None:
    assert reads_any(p, 1) == p
    assert reads_any(p, contacts) == pytest.approx(1.0 - (1.0 - p) ** contacts)

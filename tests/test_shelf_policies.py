"""The simple policies of the shelf: who gets what, and why."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.person import STAGES
from tenure.policies.plan import Treatments, as_plan
from tenure.policies.policy import SettingsError
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.view import InstitutionView
from tests.made_views import PRICES, PRODUCTS, as_rows, beliefs_of, view_of, views
from tests.markets import LEARNERS

SIMPLE = ("uniform", "random_trial", "quadrant_rules", "stage_rules", "price_war", "needs_led", "propensity_retention")


def listed(name: str, view: InstitutionView, **told: Any) -> Treatments:
    """Return what a policy proposes."""
    return as_plan(make_policy(name, told).decide(view)).treatments


@settings(max_examples=40)
@given(views, st.sampled_from([*SIMPLE, *LEARNERS]))
def test_the_order_of_the_customers_changes_nothing(view: InstitutionView, name: str) -> None:
    turned = view.only(np.arange(len(view))[::-1])
    here, there = (as_rows(as_plan(make_policy(name).decide(one))) for one in (view, turned))
    names = [[(int(one.person_id[row[0]]), *row[1:]) for row in rows] for one, rows in ((view, here), (turned, there))]
    assert sorted(names[0]) == sorted(names[1])


def test_a_trial_is_by_lot_alone() -> None:
    view = view_of(beliefs_of(20_000, 3))
    trial = listed("random_trial", view, share=0.3, treatments=["none", "loyalty_reward", "needs_review"])
    assert abs(len(trial) / 20_000 - 0.3) < 4 * (0.3 * 0.7 / 20_000) ** 0.5
    for arm in range(3):
        some = trial.customer[trial.treatment == arm]
        assert abs(len(some) / len(trial) - 1 / 3) < 4 * (2 / 9 / len(trial)) ** 0.5
        error = view.leave_per_year.std() / len(some) ** 0.5  # whoever is in an arm is like everybody else
        assert abs(view.leave_per_year[some].mean() - view.leave_per_year.mean()) < 4 * error


@settings(max_examples=50)
@given(st.lists(st.floats(-5, 30), min_size=3, max_size=3), st.floats(0, 5), st.floats(0, 5))
def test_a_price_war_undercuts_within_its_limit(rival: list[float], under: float, limit: float) -> None:
    prices = PRICES.copy()
    prices[2] = rival
    policy = make_policy("price_war", {"undercut_points": under, "at_most_points": limit})
    offer = as_plan(policy.decide(view_of(beliefs_of(1, 1), prices=prices))).offer
    assert offer is not None
    cuts = offer.points(PRODUCTS)
    assert np.all((cuts >= 0) & (cuts <= limit))
    ours = prices[1] - cuts
    cheap_enough = ours <= prices[2] - under + 1e-9
    assert np.all(cheap_enough | (cuts >= limit - 1e-9))


@settings(max_examples=50)
@given(views, st.floats(0.0, 1.0), st.floats(0.0, 4.0))
def test_needs_led_offers_what_is_needed_most_and_asks_where_it_does_not_know(
    view: InstitutionView, least: float, evidence: float
) -> None:
    plan = listed("needs_led", view, need_at_least=least, ask_below_evidence=evidence)
    known = (view.field("need_yes") + view.field("need_no"))[:, :3].mean(axis=1) >= evidence
    for who, code in zip(plan.customer.tolist(), plan.treatment.tolist(), strict=True):
        name = plan.names[code]
        if name == "needs_review":
            assert not known[who]
            continue
        product = name.removeprefix("cross_sell_")
        others = [view.need(one)[who] for one in PRODUCTS if not view.holds(one)[who]]
        assert known[who] and not view.holds(product)[who]
        assert view.need(product)[who] == max(others) >= least
    assert set(np.flatnonzero(~known).tolist()) <= set(plan.customer.tolist())


@settings(max_examples=50)
@given(views, st.floats(0.0, 1.0), st.sampled_from(["value", "risk"]))
def test_retention_begins_with_whom_it_would_cost_most_to_lose(view: InstitutionView, least: float, weigh: str) -> None:
    plan = listed("propensity_retention", view, leave_at_least=least, weigh=weigh, amount=10)
    who = plan.customer
    assert np.all(view.leave_per_year[who] >= least)
    stake = view.leave_per_year * (
        1.0 if weigh == "risk" else np.maximum(view.margin_per_year, 0) * view.years_expected
    )
    assert np.all(np.diff(stake[who]) <= 1e-12) and np.all(stake[who] > 0)
    left_out = np.setdiff1d(np.arange(len(view)), who)
    assert np.all((view.leave_per_year[left_out] < least) | (stake[left_out] <= 0))


@settings(max_examples=50)
@given(views)
def test_stage_rules_follow_the_lifecycle(view: InstitutionView) -> None:
    plan = listed("stage_rules", view)
    done = {int(who): plan.names[code] for who, code in zip(plan.customer, plan.treatment, strict=True)}
    for who in range(len(view)):
        stage, late = STAGES[view.stage[who]], view.months_past_due[who] > 0
        what = done.get(who, "none")
        assert (what == "early_help") == late
        if not late and stage == "acquisition":
            assert what == "needs_review"
        if what == "let_go":
            assert stage == "decline" and view.quadrant[who] == 2
        if what.startswith("cross_sell"):
            assert stage in ("growth", "maturity")


@pytest.mark.parametrize(
    ("policy", "told", "message"),
    [
        ("random_trial", {"share": 2}, "between 0 and 100%"),
        ("random_trial", {"treatments": []}, "at least one"),
        ("price_war", {"undercut_points": -1}, "between 0 and 100 points"),
        ("needs_led", {"need_at_least": 3}, "between 0 and 100%"),
        ("needs_led", {"ask_below_evidence": -1}, "between 0 and 1000000 answers"),
        ("propensity_retention", {"weigh": "money"}, "none of value, risk"),
        ("propensity_retention", {"treatment": "end", "amount": 3}, "takes no amount"),
    ],
)
def test_settings_that_make_no_sense_say_so(policy: str, told: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        make_policy(policy, told)


def test_all_of_the_shelf_is_there() -> None:
    wanted = {
        "do_nothing",
        "uniform",
        "random_trial",
        "rules",
        "quadrant_rules",
        "stage_rules",
        "price_war",
        "price_match",
        "needs_led",
        "propensity_retention",
        "uplift",
        "roi_knapsack",
        "optimal_structure",
        "thompson",
        "oracle",
        "best_response",
        "product_innovator",
        "segmenter",
        "follower",
        "imitator",
    }
    assert set(SHELF) == wanted

"""The truth behind the view: no decision and nothing believed depends on what nobody told."""

from typing import Any

import numpy as np
import pytest

from tenure.agents.belief import Belief
from tenure.agents.declaring import fields_of
from tenure.agents.person import PERSON
from tenure.policies.columns import condition_fields
from tenure.policies.plan import as_plan
from tenure.policies.policy import needs_view
from tenure.policies.shelf import SHELF
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.made_views import as_rows
from tests.markets import LIVELY, small_market

ARMS: dict[str, dict[str, Any]] = {
    "do_nothing": {},
    "uniform": {"share": "40%"},
    "rules": {
        "rules": [
            {"when": "scope == settled", "do": "win_back"},
            {"when": "default_per_year > 3% or stage == decline", "do": "line_decrease"},
            {"when": "leave_per_year > 20%", "do": "loyalty_reward"},
            {"when": "otherwise", "do": "cross_sell"},
        ]
    },
    "quadrant_rules": {"high_risk_high_return": "line_decrease"},
    "price_match": {},
    "price_war": {},
    "best_response": {"every_months": 1},
    "product_innovator": {},
    "segmenter": {},
    "follower": {"lag_months": 1},
    "imitator": {"over_months": 2},
    "random_trial": {"share": "50%"},
    "stage_rules": {},
    "needs_led": {"ask_below_evidence": 3},
    "propensity_retention": {"leave_at_least": "1%"},
    "uplift": {"trial_months": 3, "epoch_months": 2, "trial_share": "90%"},
    "roi_knapsack": {"trial_months": 3, "epoch_months": 2, "effect_sd_eur": 500},
    "thompson": {"epoch_months": 2},
    "optimal_structure": {"trial_months": 3, "epoch_months": 2},
    "oracle": {"trial_months": 3, "epoch_months": 2, "effect_sd_eur": 500},
}


def arm(name: str) -> LifecycleModel:
    config = small_market(
        people=300, rules=LIVELY, guards={"budget_per_month": 1e6}, us={"existing_customers": ["open", "settled"]}
    )
    config["us"]["policy"] = {"policy": name, **ARMS[name]}
    return LifecycleModel(config, seed=9)


def decided(model: LifecycleModel) -> tuple[Any, ...]:
    """Begin the next month; return what we believe, decide and may do, all as plain values."""
    model.open()
    model.observe()
    plan = as_plan(model.us.policy.decide(model.us.view))
    model.decide()
    model.guard()
    contacts, first, _ = model.dispatch
    cuts = None if plan.offer is None else plan.offer.points(model.product_names).tolist()
    return model.us.files.beliefs.tobytes(), as_rows(plan), cuts, contacts.tobytes(), first.tolist()


def test_every_policy_of_the_shelf_is_among_these() -> None:
    assert set(ARMS) == set(SHELF)


@pytest.mark.parametrize("name", [name for name in ARMS if name != "oracle"])  # which is shown the truth
def test_the_truth_permuted_behind_unchanged_beliefs_changes_no_decision(name: str) -> None:
    lived = arm(name)
    for _ in range(8):
        lived.step()
    state, luck = lived.state(), np.random.default_rng(1)
    same, permuted = arm(name), arm(name)
    same.restore(state)
    permuted.restore(state)
    for column in set(PERSON.names or ()) - {"id"}:
        permuted.people[column] = permuted.people[column][luck.permutation(len(permuted.people))]
    assert (permuted.people["risk_trait"] != same.people["risk_trait"]).mean() > 0.9
    here, there = decided(same), decided(permuted)
    assert here == there
    assert bool(here[1] or here[2]) == (needs_view(SHELF[name]) and name != "segmenter")  # whose channels act


@pytest.mark.parametrize("name", ARMS)
def test_protected_attributes_change_no_decision_and_no_life(name: str) -> None:
    plain, permuted = arm(name), arm(name)
    order = np.random.default_rng(2).permutation(300)
    for column in ("group", "age_years"):
        permuted.people[column] = permuted.people[column][order]
    permuted.signals["age_years"] = permuted.people["age_years"]
    assert (plain.people["group"] != permuted.people["group"]).any()
    for _ in range(10):
        plain.step()
        permuted.step()
    for a, b in (
        (plain.people, permuted.people),
        (plain.signals, permuted.signals),
        (plain.us.files.beliefs, permuted.us.files.beliefs),
    ):
        differs = {column for column in a.dtype.names or () if not np.array_equal(a[column], b[column])}
        assert differs <= {"group", "age_years"}
    assert decided(plain)[1:] == decided(permuted)[1:]


def test_no_column_of_the_view_is_a_protected_attribute() -> None:
    columns = {*condition_fields(("card",), ("young",)), *dir(InstitutionView)}
    barred = {"group", "age", "gender", "sex", "race", "nationality", "religion"}
    assert {name for name in columns if barred & set(name.split("_"))} == set()
    assert "group" not in fields_of(Belief)

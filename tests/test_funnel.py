"""The funnel: from everybody in scope to those who took something."""

from itertools import pairwise

from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, small_market


def test_each_step_of_the_funnel_has_fewer_people_than_the_one_before() -> None:
    config = small_market(people=500, rules=LIVELY, guards={"budget_per_month": 300})
    config["us"]["policy"] = {"policy": "uniform", "treatment": "loyalty_reward"}
    model = LifecycleModel(config, seed=2)
    model.start_recording()
    for _ in range(13):
        model.step()
    rows = model.recording()
    funnel = rows[rows["measure"] == "funnel"].pivot_table(index="month", columns="a", values="value")
    assert funnel.index.tolist() == [0, 12]
    order = ["in scope", "eligible", "allowed", "contacted", "took it"]
    for wider, narrower in pairwise(order):
        assert (funnel[wider] >= funnel[narrower]).all()
    assert (funnel["proposed"] == funnel["in scope"]).all()  # uniform proposes to everybody
    assert (funnel["allowed"] + funnel["got nothing"] == funnel["in scope"]).all()
    assert (funnel["took it"] > 0).all()
    reasons = rows[rows["measure"] == "reasons"]
    assert set(reasons["a"]) == {"drawn by lot"}
    served = rows[(rows["measure"] == "treatments") & (rows["b"] == "contacted")]
    assert reasons["value"].sum() == served["value"].sum()


def test_what_a_policy_notes_is_in_the_recording() -> None:
    config = small_market(people=300, rules=LIVELY, guards={"budget_per_month": 300})
    config["us"]["policy"] = {"policy": "optimal_structure", "epoch_months": 2, "trial_months": 3}
    model = LifecycleModel(config, seed=2)
    model.start_recording()
    for _ in range(7):
        model.step()
    rows = model.recording()
    notes = rows[rows["measure"] == "policy_notes"].set_index("a")["value"]
    assert notes["price/budget"] >= 0.0
    assert abs(notes[[name for name in notes.index if name.startswith("target/")]].sum() - 1.0) < 1e-9

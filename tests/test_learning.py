"""Policies that learn: what they watch, what they conclude, and that nothing leaks from one life to another."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.belief import QUADRANTS
from tenure.policies.learning.epochs import CELLS, FEATURES, LEFT, Seen, Watched, cells_of, due
from tenure.policies.learning.lessons import Lessons, random_effects
from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import as_plan
from tenure.policies.shelf import make_policy
from tenure.policies.shelf.roi_knapsack import at_price_of_money
from tenure.simulation.model import LifecycleModel
from tests.made_views import beliefs_of, view_of, views
from tests.markets import LEARNERS, LIVELY, differences, lived, small_market

BRISK: dict[str, Any] = {"epoch_months": 2, "trial_months": 4, "effect_sd_eur": 100}


def living(name: str, **changes: Any) -> LifecycleModel:
    """Return a lively market whose institution learns."""
    config = small_market(people=600, rules=LIVELY, guards={"budget_per_month": 500})
    config["us"]["policy"] = {"policy": name, **BRISK, **changes}
    if name == "thompson":
        del config["us"]["policy"]["trial_months"]
    return LifecycleModel(config, seed=3)


def learner(model: LifecycleModel) -> Any:
    """Return our policy."""
    return model.us.policy


@settings(max_examples=40)
@given(views, st.integers(1, 12))
def test_each_customer_is_decided_on_once_an_epoch(view: Any, epoch: int) -> None:
    turns = np.zeros(len(view), int)
    for month in range(view.month, view.month + epoch):
        later = view.only(np.arange(len(view)))
        later.__dict__["month"] = month
        turns += due(later, epoch)
    assert np.array_equal(turns, (view.scope <= 1).astype(int))


@settings(max_examples=40)
@given(views)
def test_who_falls_behind_is_decided_on_at_once_and_once(view: Any) -> None:
    policy: Any = make_policy("roi_knapsack", {})
    patient: Any = make_policy("roi_knapsack", {"arrears_trigger": False})
    behind = (view.scope <= 1) & (view.months_past_due > 0)
    turn = due(view, 6)
    assert np.array_equal(policy.decided_on(view), turn | behind) and np.array_equal(patient.decided_on(view), turn)
    rows = policy.decision(view).rows
    policy.watched.propose(view.only(rows), np.arange(len(rows)), 0 * rows, 0.0 * rows, np.ones((len(rows), 2), bool))
    ids, money = view.person_id, np.zeros(len(view))
    stays = np.ones(len(view), bool)
    policy.watched.note(Outcomes(ids, np.zeros(len(view), int), ("none",), ~stays, stays, money, money), ("none",))
    assert not policy.watched.fallen_behind(view).any()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.booleans())
def test_the_propensity_is_told_as_it_is(seed: int, in_trial: bool) -> None:
    told = {"trial_months": 1 if in_trial else 0, "explore_share": 1.0, "epoch_months": 1, "trial_share": 0.6}
    policy: Any = make_policy("roi_knapsack", told)
    policy.months[0] = 1
    view = view_of(beliefs_of(3000, seed))
    made = policy.decision(view)
    assert policy.in_trial == in_trial and made.allowed[np.arange(len(made.rows)), made.arm].all()
    assert (made.propensity > 0.0).all() and (made.propensity <= 1.0).all()
    for arm in range(len(policy.arms)):
        # by inverse propensity the few stand for all to whom the arm was allowed (Horvitz & Thompson)
        some, could = made.propensity[made.arm == arm], made.allowed[:, arm].sum()
        sd = np.sqrt(max(1.0, ((1.0 - some) / some**2).sum()))
        assert abs((1.0 / some).sum() - could) < 6.0 * sd + 6.0


def seen_of(
    arm: np.ndarray,
    value: np.ndarray,
    features: np.ndarray,
    allowed: np.ndarray | None = None,
    propensity: np.ndarray | None = None,
) -> Seen:
    """Return customers by lot, of one cell, who ended with a value."""
    size = len(arm)
    could = np.ones((size, 16), bool) if allowed is None else allowed
    cell = np.zeros(size, int)
    yes = np.ones(size, bool)
    chance = np.ones(size) if propensity is None else propensity
    return Seen(arm, chance, yes, could, cell, cell, features, value, np.zeros(size), value, 0.0 * value)


def test_the_effect_is_the_difference_between_treated_and_not() -> None:
    # y = 10 + 40 x for nobody treated; a treatment adds 20 - 30 x: told without noise, it must be found
    luck = np.random.default_rng(1)
    features = np.zeros((4000, len(FEATURES)))
    features[:, 0], features[:, 1] = 1.0, luck.random(4000)
    arm = luck.integers(0, 2, 4000)
    x = features[:, 1]
    value = 10.0 + 40.0 * x + np.where(arm == 1, 20.0 - 30.0 * x, 0.0)
    lessons = Lessons(2, 1e6)
    lessons.add(seen_of(arm, value, features))
    weights = lessons.effect_of_features(1e4)
    assert weights[1, :2] == pytest.approx([20.0, -30.0], abs=0.1) and not weights[0].any()
    cautious = lessons.effect_of_features(1e-4)
    assert np.abs(cautious).max() < 1e-3  # who expects no effects needs much to be convinced
    mean, sd = lessons.effect_by_cell(1e6)
    expected = value[arm == 1].mean() - value[arm == 0].mean()
    assert mean[1, 0] == pytest.approx(expected, rel=1e-3) and sd[1, 0] <= sd[1, 1]


def test_cells_are_drawn_to_the_mean_of_their_arm_as_far_as_chance_explains_them() -> None:
    inf = np.inf
    alike = np.array([[0.0, 0.0, 0.0], [6.0, 6.0, 0.0]])
    error = np.array([[inf, inf, inf], [1.0, 4.0, inf]])
    effect, sd = random_effects(alike, error, 1e6)  # no spread between cells: all have the mean, the unseen one too
    assert effect[1] == pytest.approx([6.0, 6.0, 6.0]) and not effect[0].any() and not sd[0].any()
    # by hand: errors 1 and 1, gains 0 and 10: mean 5, Q = 50, between = (50 - 1) / (2 - 2 / 2) = 49; trust 49 / 50
    apart, _ = random_effects(np.array([[0.0, 0.0], [0.0, 10.0]]), np.array([[inf, inf], [1.0, 1.0]]), 1e6)
    assert apart[1] == pytest.approx([5.0 - 0.98 * 5.0, 5.0 + 0.98 * 5.0], rel=1e-6)
    doubted, _ = random_effects(alike, error, 1e-6)
    assert np.abs(doubted).max() < 1e-6


def test_who_could_not_have_been_treated_is_not_compared_with() -> None:
    # the sick lose 100 whatever is done, and may not be treated; among the well the treatment does nothing
    arm = np.array([0, 0, 0, 1, 1])
    sick = np.array([True, False, False, False, False])
    allowed = np.ones((5, 16), bool)
    allowed[sick, 1] = False
    features = np.zeros((5, len(FEATURES)))
    lessons = Lessons(2, 1e6)
    lessons.add(seen_of(arm, np.where(sick, -100.0, 7.0), features, allowed))
    assert lessons.effect_by_cell(1e6)[0][1, 0] == pytest.approx(0.0, abs=1e-9)
    assert lessons.people[:, 1, 0].tolist() == [2, 2]


def test_the_treated_stand_for_all_though_propensities_differ() -> None:
    # Half may get two things, half (who lose 100) one; half of all are left alone: treated with 1/6 and 1/4.
    # The treatment does nothing. Counting heads, the treated would be 5/17 worse off than the others.
    well, sick = np.repeat([True, False], 12), np.repeat([False, True], 12)
    arm = np.array([0] * 8 + [1] * 2 + [2] * 2 + [0] * 9 + [1] * 3)
    propensity = np.where(arm == 0, np.where(well, 2 / 3, 3 / 4), np.where(well, 1 / 6, 1 / 4))
    allowed = np.ones((24, 16), bool)
    allowed[sick, 2] = False
    features = np.zeros((24, len(FEATURES)))
    features[:, 0] = 1.0
    lessons = Lessons(3, 1e6)
    lessons.add(seen_of(arm, np.where(sick, -100.0, 10.0), features, allowed, propensity))
    assert lessons.effect_by_cell(1e6)[0][1, 0] == pytest.approx(0.0, abs=1e-9)
    assert lessons.effect_of_features(1e6)[1, 0] == pytest.approx(0.0, abs=1e-3)
    assert lessons.weight[:, 1, 0] == pytest.approx([24.0, 24.0])
    # Kish: 12 + 12 = 24 squared over 2 x 36 + 3 x 16, to how many of one weight the five treated are worth
    assert lessons.people[1, 1, 0] == pytest.approx(24.0**2 / (2 * 36 + 3 * 16))


def test_who_has_fallen_behind_does_not_tell_what_happens_to_all() -> None:
    seen = seen_of(np.array([0, 0, 1]), np.array([5.0, -100.0, 9.0]), np.zeros((3, len(FEATURES))))
    lessons = Lessons(2, 1e6)
    lessons.add(seen._replace(in_turn=np.array([True, False, True])))
    assert lessons.value[0, 0, 0] == 5.0 and lessons.value[0, 1, 0] == -95.0
    assert lessons.share_allowed[1, 0] == 1.0  # three could be treated for two whose turn it was: all of them


def test_who_may_not_get_the_best_gets_what_is_best_of_the_rest() -> None:
    policy: Any = make_policy("optimal_structure", {"treatments": ["loyalty_reward", "needs_review", "early_help"]})
    sure = np.tile([0.0, 1.0, 0.0, 0.0], (CELLS, 1))
    at_prices = np.tile(np.array([[0.0], [5.0], [-1.0], [3.0]]), CELLS)
    policy.solved.update(policy=sure, gain=at_prices, at_prices=at_prices)
    view = view_of(beliefs_of(4, 1))
    allowed = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 1, 0], [1, 0, 0, 0]], bool)
    assert policy.best(view, allowed).arm.tolist() == [1, 3, 0, 0]


def test_a_customer_is_watched_to_the_end_of_the_epoch_and_no_further() -> None:
    view, watched = view_of(beliefs_of(3, 1), month=0), Watched(2)
    names = ("none", "gift")
    watched.propose(view, np.arange(3), np.array([0, 1, 1]), np.ones(3), np.ones((3, 2), bool))

    def month(treated: list[int], stays: list[bool], profit: list[float]) -> None:
        flags, money = np.array(stays), np.array(profit)
        watched.note(Outcomes(view.person_id, np.array(treated), names, flags, flags, money, money / 10.0), names)

    month([0, 1, 0], [True, True, True], [10.0, 20.0, 99.0])  # the third was refused: not watched
    month([0, 0, 0], [True, False, True], [1.0, 2.0, 99.0])
    later = view.only(np.arange(3))
    later.__dict__["month"] = 2
    seen = watched.ended(later)
    assert (seen.arm.tolist(), seen.profit_eur.tolist()) == ([0, 1], [11.0, 22.0])
    assert seen.cost_eur.tolist() == pytest.approx([1.1, 2.2])
    assert seen.end_cell.tolist() == [cells_of(view)[0], LEFT] and not len(watched.ended(later).arm)


@settings(max_examples=60)
@given(st.integers(0, 40), st.integers(1, 4), st.floats(0.0, 300.0), st.integers(0, 999))
def test_the_price_of_money_fits_the_budget_and_leaves_little(size: int, arms: int, budget: float, seed: int) -> None:
    luck = np.random.default_rng(seed)
    cost = np.concatenate([np.zeros((size, 1)), luck.uniform(1.0, 30.0, (size, arms))], axis=1)
    effect = np.concatenate([np.zeros((size, 1)), luck.normal(0.0, 30.0, (size, arms))], axis=1)
    arm = at_price_of_money(effect, cost, budget).arm
    own = np.arange(size)
    spent, gain = cost[own, arm].sum(), effect[own, arm].sum()
    assert spent <= budget + 1e-6
    everything = effect.max(axis=1, initial=0.0).sum()
    if budget >= cost.max(axis=1, initial=0.0).sum():
        assert gain == pytest.approx(everything)
    # the bound of Lagrange: no spending within the budget gains more than this at any price
    price = 2.0
    bound = (effect - price * cost).max(axis=1, initial=0.0).sum() + price * budget
    assert gain <= bound + 1e-6


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_goes_on_from_a_state_and_shares_nothing(name: str) -> None:
    whole, half = living(name), living(name)
    for _ in range(12):
        whole.step()
    for _ in range(9):
        half.step()
    resumed = living(name)
    resumed.restore(half.state())
    memory = {key: values.copy() for key, values in learner(half).state().items()}
    for _ in range(3):
        resumed.step()
    stays, here = whole.people["provider"] >= 0, resumed.people["provider"] >= 0
    assert whole.people[stays].tobytes() == resumed.people[here].tobytes()
    kept = learner(half).state()
    assert all(np.array_equal(kept[key], values) for key, values in memory.items())
    mine, theirs = (learner(one).state() for one in (whole, resumed))
    assert all(np.array_equal(mine[key], theirs[key]) for key in mine)


@pytest.mark.parametrize("name", LEARNERS)
def test_learning_changes_what_is_done(name: str) -> None:
    model = living(name, treatments=["loyalty_reward", "needs_review"])
    for _ in range(14):
        model.step()
    policy = learner(model)
    learnt = policy.notes()
    assert learnt["learnt_from/none"] > 10 and learnt["learnt_from/loyalty_reward"] > 10
    fresh = make_policy(name, {**BRISK, "trial_months": 0, "treatments": ["loyalty_reward", "needs_review"]})
    view = model.us.view
    assert (
        as_plan(fresh.decide(view)).treatments.customer.tolist()
        != as_plan(policy.decide(view)).treatments.customer.tolist()
        or name == "uplift"
    )


def test_optimal_structure_tells_what_it_wants_and_what_limits_cost() -> None:
    floors = {"low_risk_low_return": "10%", "low_risk_high_return": 0.9, "high_risk_low_return": 0.9}
    impossible = living("optimal_structure", floors=floors)
    possible = living("optimal_structure", of="customers", ceilings={"high_risk_high_return": "99%"})
    for _ in range(8):
        impossible.step()
        possible.step()
    told = learner(impossible).notes()
    assert told["infeasible"] == 1.0 and sum(key.startswith("conflict/") for key in told) >= 1
    told = learner(possible).notes()
    assert sum(value for key, value in told.items() if key.startswith("target/")) == pytest.approx(1.0)
    assert told["price/budget"] >= 0.0 and told["price/ceiling of high_risk_high_return"] >= 0.0
    assert told["price/budget/5%"] <= told["price/budget/50%"] <= told["price/budget/95%"]
    assert len([key for key in told if key.startswith("now/")]) == CELLS == 4 * len(QUADRANTS)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"trial_share": 2.0}, "between 0 and 100%"),
        ({"treatments": ["end", "end"]}, "different treatments"),
        ({"epoch_months": 0}, "between 1 and 36"),
        ({"effect_sd_eur": 0.0}, "between 0.01 and"),
        ({"objective": "profits"}, "return_on_capital"),
        ({"floors": {"low_risk": 0.2}}, "is none of low_risk_low_return"),
        ({"ceilings": {"low_risk_low_return": 1.5}}, "between 0 and 100%"),
    ],
)
def test_settings_that_make_no_sense_say_so(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_policy("optimal_structure", settings_)


def test_what_changes_without_a_move_between_cells_is_seen() -> None:
    """The margin of the first falls by half and nobody changes cell: the first drifts down, beside the others."""
    rows = beliefs_of(4, 1)
    for name, value in (("stage", 2), ("quadrant", 0), ("margin_per_year", 100.0), ("years_expected", 5.0)):
        rows[name] = value
    rows["default_per_year"], rows["scope"] = 0.0, 0
    view, watched = view_of(rows, month=0), Watched(2)
    watched.propose(view, np.arange(4), np.zeros(4, int), np.ones(4), np.ones((4, 2), bool))
    yes = np.ones(4, bool)
    watched.note(
        Outcomes(view.person_id, np.zeros(4, int), ("none", "gift"), ~yes, yes, yes * 1.0, yes * 0.0), ("none",)
    )
    rows = rows.copy()
    rows["margin_per_year"][0] = 50.0
    seen = watched.ended(view_of(rows, month=2))
    annuity = (1.0 - np.exp(-0.5)) / 0.1
    # the usual worth is now 87.5 a year: the first is 37.5 below it and was 12.5 above; the others stay 12.5 above
    assert seen.drift_eur == pytest.approx([-50.0 * annuity, 0.0, 0.0, 0.0])
    assert seen.cell.tolist() == seen.end_cell.tolist()


@pytest.mark.parametrize("name", LEARNERS)
def test_where_nobody_falls_behind_the_trigger_changes_nothing(name: str) -> None:
    lives = []
    for trigger in (True, False):
        config = small_market(people=600, rules=LIVELY, guards={"budget_per_month": 500}, traits={"risk_mean": -60.0})
        config["us"]["policy"] = {"policy": name, "epoch_months": 2, "arrears_trigger": trigger}
        lives.append(lived(config, 10, seed=3))
    assert not differences(*lives)

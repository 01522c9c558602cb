"""Optimal structure: what a trial leaves open, and programs that make no sense."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.policies.structure.program import (
    InfeasibleStructure,
    Numbers,
    Program,
    Resource,
    Share,
    occupancy_under,
    solve,
)
from tenure.policies.structure.spread import spread
from tests.test_structure import at_least_people, nursery, share_of_new
from tests.test_structure_laws import programs, under_budget

# --- What a trial leaves open --------------------------------------------------------------------------------------


def lodgers(stay: float, at_least: float = 0.0) -> Program:
    """Return one cell and one action: ten join a month, each earns 1 EUR a month until leaving."""
    return Program(
        np.array([[[stay]]]),
        np.array([[1.0]]),
        np.array([10.0]),
        np.zeros(1),
        0.0,
        (Resource("people", np.array([[-1.0]]), -at_least),),
    )


def test_spread_of_a_single_probability() -> None:
    # 50 of 100 person-months stayed: leaving is Beta(50 + 1/2, 50 + 1/2), and value is 10 / leaving. At least 19.5
    # people are there only where leaving is at most 10 / 19.5.
    draws = 300
    leaving = stats.beta(50.5, 50.5)
    found = spread(lodgers(0.5), np.array([[[50.0, 50.0]]]), np.random.default_rng(3), draws)
    for quantile, value in zip((0.05, 0.5, 0.95), found.value_per_month, strict=True):
        # The share of draws below what is reported is a binomial's.
        assert abs(leaving.sf(10.0 / value) - quantile) < 4.0 * np.sqrt(quantile * (1.0 - quantile) / draws)
    assert found.infeasible_share == 0.0
    assert found.kept_value_per_month == pytest.approx(found.value_per_month)
    floor = spread(lodgers(0.5, 19.5), np.array([[[50.0, 50.0]]]), np.random.default_rng(4), draws)
    lost = leaving.sf(10.0 / 19.5)
    assert abs(floor.infeasible_share - lost) < 4.0 * np.sqrt(lost * (1.0 - lost) / draws)
    assert floor.value_per_month.min() >= 19.5


def test_spread_of_a_reward() -> None:
    draws = 300
    counts = 1e14 * np.array([[[0.5, 0.5]]])  # 20 people, each with the same drawn reward
    found = spread(lodgers(0.5), counts, np.random.default_rng(6), draws, reward_standard_error=0.25)
    for quantile, value in zip((0.05, 0.5, 0.95), found.value_per_month, strict=True):
        below = stats.norm(20.0, 5.0).cdf(value)
        assert abs(below - quantile) < 4.0 * np.sqrt(quantile * (1.0 - quantile) / draws)


def counted(program: Program, person_months: float) -> Numbers:
    leave = 1.0 - program.transitions.sum(axis=2, keepdims=True)
    return person_months * np.concatenate([program.transitions, leave], axis=2)


@settings(max_examples=8)
@given(programs(), st.floats(0.1, 1.2), st.floats(20.0, 1e4), st.integers(0, 1000))
def test_quantiles_are_in_order(program: Program, part: float, person_months: float, seed: int) -> None:
    program = under_budget(program._replace(discount_per_month=0.01), part)
    found = spread(
        program,
        counted(program, person_months),
        np.random.default_rng(seed),
        draws=15,
        reward_standard_error=1.0,
        quantiles=(0.0, 0.3, 0.7, 1.0),
    )
    for rows in (found.composition, found.value_per_month, found.kept_value_per_month, *found.prices.values()):
        assert all(np.all(lower <= higher) for lower, higher in pairwise(rows))
    assert found.composition.shape == (4, len(program.inflow)) and found.policy.sum(axis=1) == pytest.approx(1.0)
    again = spread(program, counted(program, person_months), np.random.default_rng(seed), 15, 1.0)
    assert again.policy == pytest.approx(found.policy)  # the same stream, the same answer


@settings(max_examples=8)
@given(programs(), st.integers(0, 1000))
def test_knowing_the_draw_is_never_worse_than_the_kept_policy(program: Program, seed: int) -> None:
    program = program._replace(discount_per_month=0.01)
    found = spread(program, counted(program, 30.0), np.random.default_rng(seed), 15, 5.0, quantiles=(0.0, 0.5, 1.0))
    assert np.all(found.kept_value_per_month <= found.value_per_month + 1e-6 * np.abs(found.value_per_month))


@settings(max_examples=8)
@given(programs(), st.floats(0.1, 0.9))
def test_a_huge_trial_leaves_nothing_open(program: Program, part: float) -> None:
    program = under_budget(program, part)
    found, one = spread(program, counted(program, 1e12), np.random.default_rng(1), 10), solve(program)
    scale = float(np.abs(one.occupancy * program.reward).sum())
    for row in range(3):
        assert found.value_per_month[row] == pytest.approx(one.value_per_month, abs=1e-4 * scale)
        assert found.kept_value_per_month[row] == pytest.approx(one.value_per_month, abs=1e-4 * scale)
        assert found.composition[row] == pytest.approx(one.composition, abs=1e-4)
    assert found.infeasible_share == 0.0


def test_a_spread_of_nothing_is_refused() -> None:
    rng = np.random.default_rng(0)
    program, counts = lodgers(0.5), np.ones((1, 1, 2))
    for wrong in (np.ones((1, 1, 1)), -counts, counts * np.nan):
        with pytest.raises(ValueError, match="counts"):
            spread(program, wrong, rng)
    with pytest.raises(ValueError, match="prior"):
        spread(program, counts, rng, prior_count=0.0)
    with pytest.raises(ValueError, match="draws"):
        spread(program, counts, rng, draws=0)
    with pytest.raises(InfeasibleStructure):  # the estimate is feasible, and no draw
        spread(lodgers(0.5, 20.0), 1e9 * np.array([[[1.0, 3.0]]]), rng, draws=5)


# --- Nonsense ------------------------------------------------------------------------------------------------------

BARRED = np.array([[True, False], [True, False]])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"reward": np.zeros(2)}, "shape"),
        ({"reward": np.zeros((3, 2))}, "shape"),
        ({"transitions": np.zeros((2, 2))}, "shape"),
        ({"inflow": np.ones(3), "start": np.ones(1)}, "shape"),
        ({"allowed": np.ones((2, 3), np.bool_)}, "shape"),
        ({"transitions": np.full((2, 2, 2), 0.51)}, "transitions"),
        ({"transitions": np.array([[[0.5, -0.1], [0, 0]], [[0, 0], [0, 0]]])}, "transitions"),
        ({"transitions": np.full((2, 2, 2), np.nan)}, "transitions"),
        ({"reward": np.array([[0.0, np.inf], [0.0, 0.0]])}, "reward"),
        ({"reward": np.full((2, 2), np.nan)}, "reward"),
        ({"inflow": np.array([8.0, -1.0])}, "inflow"),
        ({"start": np.array([np.nan, 1.0])}, "start"),
        ({"inflow": np.zeros(2)}, "nobody enters"),
        ({"discount_per_month": -0.01}, "discount"),
        ({"discount_per_month": np.nan}, "discount"),
        ({"allowed": BARRED}, "allowed"),
        ({"shares": share_of_new(at_least=-0.1)}, "share of new"),
        ({"shares": share_of_new(at_most=1.1)}, "share of new"),
        ({"shares": share_of_new(at_most=np.nan)}, "share of new"),
        ({"shares": share_of_new(0.5, 0.4)}, "share of new"),
        ({"shares": (Share("x", np.ones(3, np.bool_)),)}, "share of x"),
        ({"shares": (Share("x", np.ones(2, np.bool_), weight=np.array([1.0, -1.0])),)}, "share of x"),
        ({"shares": (Share("x", np.ones(2, np.bool_), weight=np.array([1.0, np.nan])),)}, "share of x"),
        ({"shares": share_of_new(at_most=0.5) * 2}, "ceiling of new"),
        ({"resources": (at_least_people(1.0), at_least_people(2.0))}, "people"),
        ({"resources": (Resource("money", np.ones(2), 1.0),)}, "resource money"),
        ({"resources": (Resource("money", np.full((2, 2), np.nan), 1.0),)}, "resource money"),
        ({"resources": (Resource("money", np.ones((2, 2)), np.nan),)}, "resource money"),
        ({"resources": (Resource("money", np.ones((2, 2)), -np.inf),)}, "resource money"),
    ],
)
def test_nonsense_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        solve(nursery()._replace(**wrong))


def test_a_policy_that_is_none_is_refused() -> None:
    for wrong in (np.ones((2, 2)), np.array([[2.0, -1.0], [1.0, 0.0]]), np.full((2, 2), np.nan), np.ones((2, 1))):
        with pytest.raises(ValueError, match="a policy is"):
            occupancy_under(nursery(), wrong)


def test_who_can_be_kept_for_ever_has_no_long_run() -> None:
    # Nurtured, cells 1 and 2 pass people to each other and nobody leaves; cell 0 leads there but nowhere back.
    leaving = [[0.5, 0.4, 0.0], [0.3, 0.3, 0.3], [0.3, 0.3, 0.3]]
    trap = Program(
        np.array([leaving, [[0.5, 0.4, 0.0], [0.0, 0.0, 1.0], [0.0, 0.3, 0.7]]]),
        np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]),  # not even where it does not pay
        np.ones(3),
        np.ones(3),
        0.0,
    )
    with pytest.raises(ValueError, match=r"cells \[1, 2\] can be kept for ever"):
        solve(trap)
    solve(trap._replace(discount_per_month=0.01))
    solve(trap._replace(allowed=np.array([[True] * 3, [True, True, False]])))  # one way out of the trap is enough
    patient = solve(trap._replace(discount_per_month=0.01, reward=np.ones((2, 3)), inflow=np.zeros(3)))
    assert patient.cell_value[1:] == pytest.approx([101.0, 101.0])  # 1 EUR for ever, the first now: 1 + 1 / .01


@settings(max_examples=20)
@given(programs(), st.floats(0.1, 1.2), st.integers(0, 1000))
def test_what_arrivals_are_worth_lies_about_what_the_program_says(program: Program, part: float, seed: int) -> None:
    program = under_budget(program._replace(discount_per_month=0.01), part)
    arrivals = np.random.default_rng(seed).random(len(program.inflow))
    said = float(arrivals @ solve(program).cell_value)
    sure = spread(program, counted(program, 1e13), np.random.default_rng(seed), draws=5, arrivals=arrivals)
    assert sure.arrival_value == pytest.approx(said, rel=1e-3, abs=1e-2)

"""Optimal structure: the laws of a constrained program, whatever the cells, actions and limits."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenure.policies.structure.program import (
    InfeasibleStructure,
    Program,
    Resource,
    Share,
    Structure,
    occupancy_under,
    solve,
    value_under,
)

# --- Laws ----------------------------------------------------------------------------------------------------------


@st.composite
def programs(draw: st.DrawFn, long_run: bool | None = None) -> Program:
    """Return a program in which everybody leaves at 2% a month or more, without limits."""
    actions, cells = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    average = draw(st.booleans()) if long_run is None else long_run
    allowed = rng.random((actions, cells)) < 0.8
    allowed[0] = True  # to do nothing
    return Program(
        rng.dirichlet(np.full(cells + 1, 0.5), (actions, cells))[:, :, :-1] * 0.98,
        rng.normal(10.0, 20.0, (actions, cells)),
        rng.gamma(1.0, 50.0, cells),
        rng.gamma(1.0, 200.0, cells),
        0.0 if average else float(rng.uniform(0.001, 0.05)),
        allowed=allowed,
    )


def money(program: Program, at_most: float) -> Resource:
    """Return a budget that every action but the first draws on, 1 to 3 EUR a person."""
    actions, cells = program.reward.shape
    return Resource("money", np.minimum(np.arange(actions), 3)[:, None] * np.ones(cells), at_most)


def under_budget(program: Program, part: float) -> Program:
    """Return the program with a budget of a part of what it would spend without."""
    use = money(program, np.inf).use
    return program._replace(resources=(money(program, part * float((use * solve(program).occupancy).sum())),))


def near(program: Program, found: Structure, spreading: float, seed: int) -> Program:
    """Return the program with a floor and a ceiling on cells that the found structure meets by a margin."""
    rng = np.random.default_rng(seed)
    inside = rng.random(len(program.inflow)) < 0.5
    weight = rng.gamma(2.0, 100.0, len(inside))
    part, balance = found.composition @ inside, found.composition * weight
    owed = balance @ inside / balance.sum()
    shares = (
        Share("some people", inside, max(0.0, part - spreading), min(1.0, part + spreading)),
        Share("their balances", inside, max(0.0, owed - spreading), min(1.0, owed + spreading), weight),
    )
    return program._replace(shares=shares)


@settings(max_examples=30)
@given(programs(), st.floats(0.0, 1.2), st.floats(1e-6, 0.2), st.integers(0, 1000))
def test_a_structure_is_lasting_and_within_its_limits(program: Program, part: float, wide: float, seed: int) -> None:
    kept = solve(under_budget(program, part))
    program = near(under_budget(program, part), kept, wide, seed)
    found = solve(program)  # feasible, for the structure without shares still is
    scale = found.occupancy.sum()
    keep = 1.0 / (1.0 + program.discount_per_month)
    entering = (1.0 - keep) * program.start + keep * program.inflow
    arrivals = keep * np.einsum("as,ast->t", found.occupancy, program.transitions)
    assert found.occupancy.sum(axis=0) == pytest.approx(entering + arrivals, abs=1e-7 * scale)
    assert found.occupancy.min() >= 0.0
    assert program.allowed is not None and found.occupancy[~program.allowed] == pytest.approx(0.0, abs=1e-9 * scale)
    assert found.policy.min() >= 0.0 and found.policy.sum(axis=1) == pytest.approx(1.0)
    assert found.composition.sum() == pytest.approx(1.0)
    assert occupancy_under(program, found.policy) == pytest.approx(found.occupancy, abs=1e-6 * scale)
    budget = program.resources[0].at_most
    assert found.reached["money"] <= budget + 1e-6 * (1.0 + budget)
    for share in program.shares:
        weight = np.ones(len(share.cells)) if share.weight is None else share.weight
        held = float(weight * share.cells @ found.composition / (weight @ found.composition))
        assert share.at_least is not None and share.at_most is not None
        assert share.at_least - 1e-6 <= held <= share.at_most + 1e-6
        assert found.reached[f"floor of {share.name}"] == pytest.approx(held)
        assert found.prices[f"floor of {share.name}"] <= 1e-6 and found.prices[f"ceiling of {share.name}"] >= -1e-6
    assert found.value_per_month == pytest.approx(float((found.occupancy * program.reward).sum()))
    assert found.value_per_month >= kept.value_per_month - 1e-6 * scale or wide < 1.0
    assert found.value_per_month <= kept.value_per_month + 1e-5 * scale  # limits never help


@settings(max_examples=30)
@given(programs(), st.floats(0.0, 1.2), st.floats(1e-6, 0.2), st.integers(0, 1000))
def test_value_is_what_entrants_are_worth_and_what_limits_are_worth(
    program: Program, part: float, wide: float, seed: int
) -> None:
    # Strong duality. A share has no right-hand side, so only the budget counts beside the people who enter.
    program = under_budget(program, part)
    program = near(program, solve(program), wide, seed)
    found = solve(program)
    keep = 1.0 / (1.0 + program.discount_per_month)
    entering = (1.0 - keep) * program.start + keep * program.inflow
    value = entering @ found.cell_value + found.prices["money"] * program.resources[0].at_most
    assert value == pytest.approx(found.value_per_month, abs=1e-5 * np.abs(found.occupancy * program.reward).sum())
    # What is found is best at its own prices: following it, everybody is worth what the program says.
    following = value_under(program, found.policy, found.paid)
    assert following == pytest.approx(found.cell_value, rel=1e-6, abs=1e-5 * np.abs(found.cell_value).max())


@settings(max_examples=30)
@given(programs())
def test_without_limits_no_action_beats_the_policy_by_bellmans_equation(program: Program) -> None:
    found = solve(program)
    keep = 1.0 / (1.0 + program.discount_per_month)
    worth = np.zeros(len(program.inflow))
    for _ in range(1500):  # value iteration: everybody leaves at 2% a month or more, and .98^1500 is 1e-13
        worth = np.where(program.allowed, program.reward + keep * program.transitions @ worth, -np.inf).max(axis=0)
    assert found.cell_value == pytest.approx(worth, rel=1e-6, abs=1e-6 * np.abs(worth).max())


@settings(max_examples=30)
@given(programs(), st.floats(0.0, 1.2), st.integers(0, 2**32 - 1))
def test_no_policy_within_the_budget_is_worth_more(program: Program, part: float, seed: int) -> None:
    program = under_budget(program, part)
    value = solve(program).value_per_month
    rng = np.random.default_rng(seed)
    nothing = np.eye(len(program.reward))[np.zeros(len(program.inflow), int)]
    for _ in range(20):
        other = rng.dirichlet(np.full(len(program.reward), 0.3), len(program.inflow)) * program.allowed.T
        other = (other + 1e-9 * nothing) / (other + 1e-9 * nothing).sum(axis=1, keepdims=True)
        people = occupancy_under(program, other)
        spent = float((people * program.resources[0].use).sum())
        if spent > program.resources[0].at_most:  # do nothing more often, as mixtures of occupancies may
            idle = occupancy_under(program, nothing)
            people = idle + program.resources[0].at_most / spent * (people - idle)
        assert (people * program.reward).sum() <= value + 1e-6 * np.abs(people * program.reward).sum()


@settings(max_examples=30)
@given(programs(), st.lists(st.floats(0.0, 1.3), min_size=3, max_size=3))
def test_a_higher_budget_never_costs_and_earns_less_and_less(program: Program, parts: list[float]) -> None:
    least, middle, most = sorted(parts)
    low, mid, high = (solve(under_budget(program, part)) for part in (least, middle, most))
    near_nothing = 1e-6 * np.abs(high.occupancy * program.reward).sum()
    assert low.value_per_month <= mid.value_per_month + near_nothing
    assert mid.value_per_month <= high.value_per_month + near_nothing
    # Concave: the price is between the slopes to both sides, so it is the slope wherever the basis stays the same.
    budget = [under_budget(program, part).resources[0].at_most for part in (least, middle, most)]
    assert mid.prices["money"] * (budget[1] - budget[0]) <= mid.value_per_month - low.value_per_month + near_nothing
    assert mid.prices["money"] * (budget[2] - budget[1]) >= high.value_per_month - mid.value_per_month - near_nothing
    assert abs(mid.prices["money"] * (budget[1] - mid.reached["money"])) <= near_nothing  # slack is free


@settings(max_examples=20)
@given(programs(), st.floats(0.2, 0.9), st.floats(0.0, 0.1), st.integers(0, 1000))
def test_a_price_is_what_a_little_more_is_worth(program: Program, part: float, wide: float, seed: int) -> None:
    program = under_budget(program, part)
    assume(program.resources[0].at_most > 0.0)
    program = near(program, solve(program), wide, seed)
    found, scale = solve(program), float(np.abs(solve(program).occupancy * program.reward).sum())

    def moved(name: str, step: float) -> float:
        if name == "money":
            budget = program.resources[0]
            changed = program._replace(resources=(budget._replace(at_most=budget.at_most * (1.0 + step)),))
            return solve(changed).value_per_month
        side, shares = "at_least" if name.startswith("floor") else "at_most", []
        for share in program.shares:
            bound = getattr(share, side)
            shares.append(share._replace(**{side: bound + step}) if name.endswith(share.name) else share)
        return solve(program._replace(shares=tuple(shares))).value_per_month

    for name, price in found.prices.items():
        try:
            up, down = moved(name, 1e-4) - found.value_per_month, found.value_per_month - moved(name, -1e-4)
        except ValueError:  # beyond what is feasible, or a share outside 0..1
            continue
        unit = program.resources[0].at_most if name == "money" else 1.0
        if up == pytest.approx(down, rel=1e-2, abs=1e-7 * scale):  # else the basis changes here
            assert price * unit * 1e-4 == pytest.approx((up + down) / 2.0, rel=2e-2, abs=2e-7 * scale)


@given(programs(), st.floats(-1e-14, 0.0))
def test_a_ceiling_on_everybody_just_under_all_is_no_limit(program: Program, rounding: float) -> None:
    everybody = Share("everybody", np.full(len(program.inflow), True), None, 1.0 + rounding)
    found, free = solve(program._replace(shares=(everybody,))), solve(program)
    assert found.value_per_month == pytest.approx(free.value_per_month, rel=1e-6)


def only(program: Program, names: set[str]) -> Program:
    """Return the program with no limits but those named."""
    return program._replace(
        resources=tuple(one for one in program.resources if one.name in names),
        shares=tuple(
            share._replace(
                at_least=share.at_least if f"floor of {share.name}" in names else None,
                at_most=share.at_most if f"ceiling of {share.name}" in names else None,
            )
            for share in program.shares
        ),
    )


def loosened(program: Program, name: str, bound: float, slack: float = 1e-6) -> Program:
    """Return the program with one limit moved to a bound, and a little beyond."""
    return program._replace(
        resources=tuple(
            one._replace(at_most=bound + slack * (1.0 + abs(bound))) if one.name == name else one
            for one in program.resources
        ),
        shares=tuple(
            share._replace(
                at_least=max(0.0, bound - slack) if name == f"floor of {share.name}" else share.at_least,
                at_most=min(1.0, bound + slack) if name == f"ceiling of {share.name}" else share.at_most,
            )
            for share in program.shares
        ),
    )


@settings(max_examples=30)
@given(programs(), st.integers(0, 2**32 - 1))
def test_any_one_limit_of_a_conflict_less_is_feasible(program: Program, seed: int) -> None:
    rng = np.random.default_rng(seed)
    actions, cells = program.reward.shape
    size = float(solve(program).occupancy.sum())
    program = program._replace(
        resources=(
            money(program, size * rng.uniform(0.0, 0.5)),
            Resource("people", np.full((actions, cells), -1.0), -size * rng.uniform(0.7, 1.5)),
        ),
        shares=tuple(
            Share(name, rng.random(cells) < 0.5, rng.uniform(0.0, 0.5), rng.uniform(0.5, 1.0), weight)
            for name, weight in (("people here", None), ("balances here", rng.gamma(1.0, 1.0, cells)))
        ),
    )
    try:
        solve(program)
        return
    except InfeasibleStructure as nothing:
        conflict, nearest = set(nothing.conflict), nothing.nearest
    with pytest.raises(InfeasibleStructure):
        solve(only(program, conflict))
    for name in conflict:
        solve(only(program, conflict - {name}))
    assert nearest
    for name, bound in nearest.items():
        kept = program
        try:
            solve(loosened(program, name, bound))
        except InfeasibleStructure:  # several conflicts: then the bound is for this one
            kept = only(program, conflict)
            solve(loosened(kept, name, bound))
        with pytest.raises(InfeasibleStructure):  # and no nearer bound does
            solve(loosened(kept, name, bound, -1e-3))


@settings(max_examples=30)
@given(programs(), st.floats(0.0, 1.2), st.integers(0, 2**32 - 1))
def test_one_more_action_never_costs(program: Program, part: float, seed: int) -> None:
    program = under_budget(program, part)
    rng = np.random.default_rng(seed)
    cells = len(program.inflow)
    use = program.resources[0].use
    more = program._replace(
        transitions=np.concatenate(
            [program.transitions, 0.98 * rng.dirichlet(np.ones(cells + 1), (1, cells))[:, :, :-1]]
        ),
        reward=np.vstack([program.reward, rng.normal(15.0, 20.0, cells)]),
        resources=(program.resources[0]._replace(use=np.vstack([use, rng.uniform(0.0, 3.0, cells)])),),
        allowed=np.vstack([program.allowed, np.ones(cells, np.bool_)]),
    )
    before, after = solve(program), solve(more)
    near_nothing = 1e-6 * np.abs(before.occupancy * program.reward).sum()
    assert after.value_per_month >= before.value_per_month - near_nothing
    barred = solve(more._replace(allowed=np.vstack([program.allowed, np.zeros(cells, np.bool_)])))
    assert barred.value_per_month == pytest.approx(before.value_per_month, abs=near_nothing)
    assert not barred.policy[:, -1].any()


@settings(max_examples=30)
@given(programs(), st.floats(0.1, 1.2), st.floats(0.01, 100.0), st.floats(0.01, 100.0), st.integers(0, 1000))
def test_units_and_the_order_of_cells_are_ours_to_choose(
    program: Program, part: float, crowd: float, euro: float, seed: int
) -> None:
    program = under_budget(program, part)
    order = np.random.default_rng(seed).permutation(len(program.inflow))
    budget = program.resources[0]
    assert program.allowed is not None
    changed = program._replace(
        transitions=program.transitions[:, order][:, :, order],
        reward=euro * program.reward[:, order],
        inflow=crowd * program.inflow[order],
        start=crowd * program.start[order],
        resources=(budget._replace(use=budget.use[:, order], at_most=crowd * budget.at_most),),
        allowed=program.allowed[:, order],
    )
    one, other = solve(program), solve(changed)
    scale = float(np.abs(one.occupancy * program.reward).sum())
    assert other.value_per_month == pytest.approx(crowd * euro * one.value_per_month, abs=1e-6 * crowd * euro * scale)
    assert other.composition == pytest.approx(one.composition[order], abs=1e-6)
    assert other.prices["money"] == pytest.approx(euro * one.prices["money"], rel=1e-6, abs=1e-6 * euro)
    assert other.cell_value == pytest.approx(euro * one.cell_value[order], rel=1e-6, abs=1e-6 * euro)


@settings(max_examples=30)
@given(programs(long_run=True), st.floats(0.1, 1.2))
def test_no_discount_is_the_limit_of_a_small_one(program: Program, part: float) -> None:
    program = under_budget(program, part)
    average, patient = solve(program), solve(program._replace(discount_per_month=1e-8))
    scale = float(np.abs(average.occupancy * program.reward).sum())
    assert patient.value_per_month == pytest.approx(average.value_per_month, abs=1e-5 * scale)
    forgotten = solve(program._replace(start=np.zeros(len(program.start))))
    assert forgotten.value_per_month == pytest.approx(average.value_per_month, abs=1e-7 * scale)

"""Optimal structure: published and hand-made answers, and a simulation of the chain."""

import numpy as np
import pytest

from tenure.policies.structure.program import (
    InfeasibleStructure,
    Numbers,
    Program,
    Resource,
    Share,
    occupancy_under,
    solve,
)

# --- Pfeifer & Carraway 2000 -------------------------------------------------------------------------------------
# Cells: recency 1..4. The purchase that led to recency 1 is paid in that cell, in the month in which the next contact
# goes out: 40 - 4 there with contact, 40 without; elsewhere -4 or 0. Without contact nobody buys, so recency grows and
# after recency 4 people are former. A value is that of a person in the cell now, this month's reward undiscounted.
BUYS = np.array([0.30, 0.20, 0.15, 0.05])
CONTACT, NO_CONTACT = 0, 1


def pfeifer_carraway(start: Numbers) -> Program:
    ageing = np.eye(4, k=1)
    contacted = (1.0 - BUYS)[:, None] * ageing
    contacted[:, 0] += BUYS
    return Program(
        np.array([contacted, ageing]),
        np.array([[36.0, -4.0, -4.0, -4.0], [40.0, 0.0, 0.0, 0.0]]),
        np.zeros(4),
        np.asarray(start, float),
        0.2,
    )


def stop_after(recency: int) -> Numbers:
    contact = np.arange(1, 5) <= recency
    return np.column_stack([contact, ~contact]).astype(float)


@pytest.mark.parametrize("start", [np.ones(4), *np.eye(4)])
def test_the_paper_lets_go_after_recency_3(start: Numbers) -> None:
    found = solve(pfeifer_carraway(start))
    assert found.policy == pytest.approx(stop_after(3), abs=1e-9)  # in cells that nobody reaches too
    assert found.cell_value == pytest.approx([53.149, 6.621, 2.644, 0.0], abs=5e-4)
    # The value of a month is an average with weights (1 - b) b^month, b = 1 / 1.2: 1/6 of the sum over all months.
    assert 6.0 * found.value_per_month == pytest.approx(start @ [53.149, 6.621, 2.644, 0.0], abs=2e-3)


@pytest.mark.parametrize(
    ("last", "values"),
    [(4, (52.320, 5.554, 1.251, -1.820)), (3, (53.149, 6.621, 2.644, 0.0)), (2, (51.574, 4.596, 0.0, 0.0))],
)
def test_the_paper_values_each_policy(last: int, values: tuple[float, ...]) -> None:
    for start, value in zip(np.eye(4), values, strict=True):
        program = pfeifer_carraway(start)
        people = occupancy_under(program, stop_after(last))
        assert 6.0 * (program.reward * people).sum() == pytest.approx(value, abs=6e-4)


# --- By hand -------------------------------------------------------------------------------------------------------
# Eight people join a month as new. Untreated, half the new become mature and half leave, and half the mature leave each
# month. Nurtured, all the new become mature and a quarter of the mature leave. A mature person earns 10 EUR, or 7 when
# nurtured; nurturing a new person costs 2. One contact nurtures one person for a month.
#   g new nurtured (8 at most), n mature nurtured, u mature not:   u/2 + n/4 = 4 + g/2   (mature leave = new arrive)
#   value = 10 u + 7 n - 2 g = 80 + 8 g + 2 n                      (u = 8 + g - n/2)
# So a contact earns 8 with a new person and 2 with a mature one, and never more than 8 + 32 contacts find a use.
NONE, NURTURE = 0, 1
NEW, MATURE = 0, 1


def nursery(contacts: float = np.inf, resources: tuple[Resource, ...] = (), shares: tuple[Share, ...] = ()) -> Program:
    return Program(
        np.array([[[0.0, 0.5], [0.0, 0.5]], [[0.0, 1.0], [0.0, 0.75]]]),
        np.array([[0.0, 10.0], [-2.0, 7.0]]),
        np.array([8.0, 0.0]),
        np.array([100.0, 100.0]),
        0.0,
        (Resource("contacts", np.array([[0.0, 0.0], [1.0, 1.0]]), contacts), *resources),
        shares,
    )


def at_least_people(n: float) -> Resource:
    return Resource("people", np.full((2, 2), -1.0), -n)


def share_of_new(at_least: float | None = None, at_most: float | None = None) -> tuple[Share]:
    return (Share("new", np.array([True, False]), at_least, at_most),)


@pytest.mark.parametrize(
    ("contacts", "occupancy", "value", "price", "cell_value", "policy"),
    [
        # 16: all 8 new, 8 of 8 + 8 - 4 + 8 = 20 mature. The price is 2, so nurture pays a mature person 7 - 2 over four
        # months, as none pays 10 over two: 20. A new one: -2 - 2 + 20 = 16.
        (16.0, [[0.0, 12.0], [8.0, 8.0]], 160.0, 2.0, [16.0, 20.0], [[0.0, 1.0], [0.6, 0.4]]),
        # 4: four of the 8 new. The price is 8: a new one is worth -2 - 8 + 20 nurtured, half of 20 untreated.
        (4.0, [[4.0, 12.0], [4.0, 0.0]], 112.0, 8.0, [10.0, 20.0], [[0.5, 0.5], [1.0, 0.0]]),
        # None: u = 8. The price is still 8, of the first contact.
        (0.0, [[8.0, 8.0], [0.0, 0.0]], 80.0, None, None, [[1.0, 0.0], [1.0, 0.0]]),
        # Enough: all nurtured, u = 0, n = 32. A mature one is worth 7 over four months, a new one -2 + 28.
        (50.0, [[0.0, 0.0], [8.0, 32.0]], 208.0, 0.0, [26.0, 28.0], [[0.0, 1.0], [0.0, 1.0]]),
    ],
)
def test_budget_by_hand(
    contacts: float,
    occupancy: list[list[float]],
    value: float,
    price: float | None,
    cell_value: list[float] | None,
    policy: list[list[float]],
) -> None:
    found = solve(nursery(contacts))
    people = np.sum(occupancy, axis=0)
    assert found.occupancy == pytest.approx(np.array(occupancy), abs=1e-6)
    assert found.composition == pytest.approx(people / people.sum(), abs=1e-8)
    assert found.policy == pytest.approx(np.array(policy), abs=1e-8)
    assert found.value_per_month == pytest.approx(value)
    assert found.reached["contacts"] == pytest.approx(min(contacts, 40.0), abs=1e-6)
    if price is not None:
        assert found.prices["contacts"] == pytest.approx(price, abs=1e-6)
        assert found.cell_value == pytest.approx(cell_value)
    else:
        assert found.prices["contacts"] >= 8.0 - 1e-6  # with none at all, any price from 8 up buys none


def test_floor_of_a_share_by_hand() -> None:
    # Without a floor a fifth is new (8 of 40). A floor f leaves room for M = 8 (1 - f) / f mature, and M = 8 + g + n/2:
    # a place is worth 8 to g and 4 to n, so g = 8, n = 2 (M - 16), value 144 + 4 (M - 16), and 4 dM/df = -32 / f^2.
    found = solve(nursery(shares=share_of_new(at_least=0.25)))
    assert found.value_per_month == pytest.approx(176.0)
    assert found.occupancy == pytest.approx(np.array([[0.0, 8.0], [8.0, 16.0]]), abs=1e-6)
    assert found.prices == pytest.approx({"floor of new": -512.0})
    assert found.reached == pytest.approx({"floor of new": 0.25})
    assert solve(nursery(shares=share_of_new(0.1, 0.9))).prices == pytest.approx(
        {"floor of new": 0.0, "ceiling of new": 0.0}, abs=1e-6
    )


def test_ceiling_of_a_weighted_share_by_hand() -> None:
    # A new person owes 3 and a mature one 1. With 16 contacts new people hold 24 of 24 + 20. A ceiling of 1/2 asks for
    # 24 mature: M = 8 + g + n/2 with g + n <= 16 tops out at 20, with 24 contacts at 24 (g = 8, n = 16).
    owes = (Share("debt of the new", np.array([True, False]), None, 0.5, np.array([3.0, 1.0])),)
    with pytest.raises(InfeasibleStructure) as nothing:
        solve(nursery(16.0, shares=owes))
    assert nothing.value.nearest == pytest.approx({"contacts": 24.0, "ceiling of debt of the new": 24 / 44})
    found = solve(nursery(24.0, shares=owes))
    assert found.occupancy == pytest.approx(np.array([[0.0, 8.0], [8.0, 16.0]]), abs=1e-5)
    assert found.reached == pytest.approx({"contacts": 24.0, "ceiling of debt of the new": 0.5})


def test_what_cannot_be_is_named_by_hand() -> None:
    # Never are more than half new: 8 of 16 with nobody nurtured.
    with pytest.raises(InfeasibleStructure, match=r"floor of new \(at least 0\.6\)") as alone:
        solve(nursery(16.0, shares=share_of_new(at_least=0.6)))
    assert alone.value.conflict == ("floor of new",)
    assert alone.value.nearest == pytest.approx({"floor of new": 0.5})
    # 16 contacts keep 8 + 20 people; 35 people take 8 contacts for the new and n = 22, by 35 = 8 + 16 + n/2.
    with pytest.raises(InfeasibleStructure, match="contacts to 30") as pair:
        solve(nursery(16.0, (at_least_people(35.0),), share_of_new(at_most=0.9)))
    assert set(pair.value.conflict) == {"contacts", "people"}
    assert pair.value.nearest == pytest.approx({"contacts": 30.0, "people": -28.0})


def returning() -> Program:
    """Return three cells between which people go to and fro, two actions and limits that randomise one of them."""
    return Program(
        np.array(
            [[[0.6, 0.3, 0.0], [0.2, 0.5, 0.2], [0.1, 0.0, 0.7]], [[0.5, 0.4, 0.1], [0.4, 0.5, 0.1], [0.3, 0.3, 0.3]]]
        ),
        np.array([[1.0, 3.0, -2.0], [0.5, 2.0, -4.0]]),
        np.array([5.0, 2.0, 1.0]),
        np.zeros(3),
        0.0,
        (Resource("money", np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]), 20.0),),
    )


@pytest.mark.parametrize("program", [nursery(16.0), returning()], ids=["nursery", "returning"])
def test_people_who_live_by_the_policy_become_the_structure(program: Program) -> None:
    found = solve(program)
    actions, cells = program.reward.shape
    rng = np.random.default_rng(5)
    replicates, burn_in, months = 300, 100, 100
    leave = 1.0 - program.transitions.sum(axis=2, keepdims=True)
    onward = np.concatenate([program.transitions, leave], axis=2)
    people = np.zeros((replicates, cells), np.int64)
    seen = np.zeros((replicates, actions, cells))
    for month in range(burn_in + months):
        treated = rng.multinomial(people, found.policy)  # replicates, cells, actions
        moved = rng.multinomial(treated.transpose(0, 2, 1), onward)
        people = moved.sum(axis=(1, 2))[:, :cells] + program.inflow.astype(np.int64)
        if month >= burn_in:
            seen += treated.transpose(0, 2, 1) / months
    value = (seen * program.reward).sum(axis=(1, 2))
    share = seen.sum(axis=1) / seen.sum(axis=(1, 2))[:, None]
    for simulated, expected in ((seen, found.occupancy), (share, found.composition), (value, found.value_per_month)):
        error = simulated.std(axis=0, ddof=1) / np.sqrt(replicates)
        assert np.all(np.abs(simulated.mean(axis=0) - expected) <= 4.0 * error + 1e-6)
        assert np.all(error <= 0.02 * np.max(np.abs(expected)))  # close enough to see a difference

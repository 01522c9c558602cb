"""The order of customers is that of NumPy's stable sorts; what is read in blocks is what is read at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.policies.conditions.decision_table import needed_most_by
from tenure.policies.needs import needed_most
from tenure.policies.ordering import order_by
from tenure.policies.shelf.roi_knapsack import at_price_of_money
from tenure.policies.view import InstitutionView
from tests.made_views import PRODUCTS, beliefs_of, view_of, views

numbers = st.one_of(
    st.floats(width=64), st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2.0**-52, 1.0 - 2.0**-53, np.inf, -np.inf, np.nan])
)
whole = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(numbers, whole, st.booleans()), max_size=60))
def test_the_order_is_that_of_a_stable_sort(rows: list[tuple[float, int, bool]]) -> None:
    columns = [
        np.array(column, kind) for column, kind in zip(zip(*rows, strict=True), (float, int, bool), strict=False)
    ]
    for keys in (columns, columns[::-1], columns[:1]):
        if keys:
            assert np.array_equal(order_by(*keys), np.lexsort(keys[::-1]))


@pytest.mark.parametrize("spread", [1.0, 1e-13, 1e-16, 1e300])
def test_neighbours_that_differ_in_their_last_bits_are_in_order(spread: float) -> None:
    luck = np.random.default_rng(1)
    values = 1.0 + luck.normal(size=20_000) * spread
    assert np.array_equal(order_by(values), np.argsort(values, kind="stable"))


@settings(max_examples=40)
@given(views, st.integers(1, 30), st.integers(0, 1000))
def test_blocks_are_the_view_piece_by_piece(view: InstitutionView, at_once: int, seed: int) -> None:
    some = np.random.default_rng(seed).permutation(len(view))[: len(view) // 2]
    for whole_view in (view, view.only(some)):
        parts = list(whole_view.blocks(at_once))
        assert sum(len(part) for _, part in parts) == len(whole_view)
        for place, part in parts:
            assert np.array_equal(part.person_id, whole_view.person_id[place])
            assert np.array_equal(part.needs(PRODUCTS), whole_view.needs(PRODUCTS)[:, place])


@given(views, st.integers(0, 1000), st.floats(0, 1))
def test_what_is_needed_most_is_the_greatest_need_not_met(view: InstitutionView, seed: int, share: float) -> None:
    unmet = np.stack([np.where(view.holds(name), -1.0, view.need(name)) for name in PRODUCTS])
    best, most = needed_most(view.needs(PRODUCTS), view.by_product("held", PRODUCTS))
    assert np.array_equal(best, unmet.argmax(axis=0)) and np.array_equal(most, unmet.max(axis=0))
    asked = np.random.default_rng(seed).random(len(view)) < share
    best_asked, most_asked = needed_most_by(view, list(PRODUCTS), asked)
    assert np.array_equal(best_asked[asked], best[asked]) and np.array_equal(most_asked[asked], most[asked])
    assert (needed_most_by(view, [], asked)[1] == -1.0).all()


def test_a_need_of_which_nothing_was_seen_is_one_half() -> None:
    rows = beliefs_of(3, 1)
    rows["need_yes"][:, 0], rows["need_no"][:, 0] = [3.0, 0.0, 0.0], [1.0, 2.0, 0.0]
    assert view_of(rows).need("loan").tolist() == [0.75, 0.0, 0.5]


def plain_choice(effect: NDArray[np.float64], cost: NDArray[np.float64], budget: float) -> NDArray[np.int64]:
    """Return the arms at the price of money, all customers asked at every price."""

    def chosen(price: float) -> tuple[NDArray[np.int64], float]:
        arm = (effect - price * cost).argmax(axis=1)
        return arm, float(cost[np.arange(len(arm)), arm].sum())

    low, high = 0.0, 1.0
    if chosen(low)[1] <= budget:
        return chosen(low)[0]
    while chosen(high)[1] > budget and high < 1e9:
        high *= 2.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if chosen(middle)[1] > budget else (low, middle)
    return chosen(high)[0]


@settings(max_examples=60)
@given(st.integers(0, 80), st.integers(1, 6), st.booleans(), st.floats(0, 3000), st.integers(0, 10_000))
def test_asking_only_whom_the_price_moves_changes_no_choice(
    size: int, arms: int, coarse: bool, budget: float, seed: int
) -> None:
    luck = np.random.default_rng(seed)
    cost, effect = luck.uniform(0.0, 30.0, (size, arms)), luck.normal(0.0, 30.0, (size, arms))
    if coarse:  # many equals
        cost, effect = np.round(cost, -1), np.round(effect, -1)
    effect[luck.random((size, arms)) < 0.2] = -np.inf
    none = np.zeros((size, 1))
    effect, cost = np.hstack([none, effect]), np.hstack([none, cost])
    assert np.array_equal(at_price_of_money(effect, cost, budget).arm, plain_choice(effect, cost, budget))

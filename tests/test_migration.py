"""Migration: small matrices by hand, conservation, known chains, and a test of order that can tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.simulation.recording.beliefs.migration import Matched, migration_matrix, order_test, rates, triples

tags = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), max_size=50)


def chain(p: np.ndarray, people: int, periods: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Walk a Markov chain from cells drawn evenly."""
    cells = [rng.integers(0, len(p), people)]
    for _ in range(periods):
        cells.append((rng.random(people)[:, None] > p[cells[-1]].cumsum(axis=1)).sum(axis=1))
    return cells


def test_a_matrix_by_hand() -> None:
    match = Matched.of(np.array([1, 2, 3, 5]), np.array([2, 3, 4]))
    before, after = match.tags(np.array([0, 0, 1, 1]), np.array([1, 1, 0]))
    assert match.ids.tolist() == [1, 2, 3, 4, 5]
    assert (before.tolist(), after.tolist()) == ([0, 0, 1, -1, 1], [-1, 1, 1, 0, -1])
    assert migration_matrix(before, after, 2).tolist() == [[0, 1, 1], [0, 1, 1], [1, 0, 0]]
    eur = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    assert migration_matrix(before, after, 2, eur).tolist() == [[0, 20, 10], [0, 30, 50], [40, 0, 0]]


@given(tags)
def test_heads_and_weights_are_conserved(pairs: list[tuple[int, int]]) -> None:
    before, after = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    matrix = migration_matrix(before, after, 3)
    assert matrix[:3].sum(axis=1).tolist() == [int((before == k).sum()) for k in range(3)]
    assert matrix[:, :3].sum(axis=0).tolist() == [int((after == k).sum()) for k in range(3)]
    assert np.array_equal(migration_matrix(before, after, 3, np.ones(len(pairs))), matrix)
    assert np.array_equal(migration_matrix(after, before, 3), matrix.T)


def test_rates_by_hand() -> None:
    matrix = np.array([[6.0, 2.0, 5.0], [1.0, 1.0, 0.0], [9.0, 9.0, 0.0]])
    assert rates(matrix, [0, 1]) == pytest.approx((0.7, 0.2, 0.1))
    assert rates(matrix, [1, 0]) == pytest.approx((0.7, 0.1, 0.2))
    assert rates(matrix, [1, 1]) == pytest.approx((0.7, 0.0, 0.0))
    assert np.isnan(rates(np.zeros((3, 3)), [0, 1])).all()


P = np.array([[0.8, 0.15, 0.05], [0.2, 0.6, 0.2], [0.1, 0.3, 0.6]])


def test_a_known_chain_comes_back() -> None:
    cells = chain(P, 20_000, 1, np.random.default_rng(5))
    matrix = migration_matrix(cells[0], cells[1], 3)[:3, :3]
    people = matrix.sum(axis=1, keepdims=True)
    assert np.all(np.abs(matrix / people - P) < 4 * np.sqrt(P * (1 - P) / people))


def test_the_test_of_order_keeps_its_level() -> None:
    """A Markov chain is refused at 5% in 5% of cases: 400 chains, 4 standard errors."""
    rng = np.random.default_rng(11)
    refused = [order_test(triples(*chain(P, 1500, 2, rng), 3)).p_value < 0.05 for _ in range(400)]
    assert abs(np.mean(refused) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 400)


def test_movers_and_stayers_are_found() -> None:
    """Half never move (Blumen, Kogan & McCarthy 1955): each half is a chain, both together are not."""
    rng = np.random.default_rng(3)
    movers, stayers = chain(P, 1000, 2, rng), chain(np.eye(3), 1000, 2, rng)
    both = [np.concatenate(one) for one in zip(movers, stayers, strict=True)]
    assert order_test(triples(*both, 3)).p_value < 1e-6
    assert order_test(triples(*movers, 3)).degrees_of_freedom == 3 * 2 * 2


def test_cells_without_people_count_for_nothing() -> None:
    counts = np.zeros((3, 3, 3))
    assert order_test(counts) == (0.0, 0) and order_test(counts).p_value == 1.0
    counts[:2, :2, :2] = 10.0
    assert order_test(counts).degrees_of_freedom == 2
    assert order_test(counts).statistic == pytest.approx(0.0)

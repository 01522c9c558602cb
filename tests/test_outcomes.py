"""Laws of what a report computes: months in a stage, averages, words for a movement, places of labels."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.report.figures.structure import _threshold
from tenure.experiments.report.figures.style import spread
from tenure.experiments.report.recordings import STAGES
from tenure.experiments.report.sentences import moved
from tenure.experiments.report.tables import average, average_of, expected_months_in_stage


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_movement_words_agree_with_the_numbers(before: float, after: float, half_width: float) -> None:
    said = moved(before, after, half_width)
    if said.startswith("rises"):
        assert after - before > half_width
    elif said.startswith("falls"):
        assert before - after > half_width
    else:
        assert abs(after - before) <= half_width or said.startswith("stays")
    swapped = moved(after, before, half_width)
    assert said.startswith("rises") == swapped.startswith("falls")


def test_expected_months_of_a_chain_worked_by_hand() -> None:
    """Half of growth goes on and none leaves; maturity goes back with 1/4, leaves with 1/4.

    N = (I - Q)^-1 with Q = [[1/2, 1/2], [1/4, 1/2]]: determinant 1/8, so N = 8 [[1/2, 1/2], [1/4, 1/2]].
    """
    moves = pd.DataFrame(
        {"growth": [50.0, 10.0], "maturity": [50.0, 20.0], "gone": [0.0, 10.0]}, index=["growth", "maturity"]
    )
    assert expected_months_in_stage(moves, "growth").to_dict() == pytest.approx({"growth": 4.0, "maturity": 4.0})
    assert expected_months_in_stage(moves, "maturity").to_dict() == pytest.approx({"growth": 2.0, "maturity": 4.0})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1.0), min_size=16, max_size=16), st.floats(0.01, 0.9))
def test_expected_months_obey_the_first_step_equation(weights: list[float], leave: float) -> None:
    """Months from a stage are one month there plus the months from wherever the next month begins."""
    chances = np.array(weights).reshape(4, 4)
    chances *= (1 - leave) / chances.sum(axis=1, keepdims=True)
    moves = pd.DataFrame(chances, index=list(STAGES), columns=list(STAGES)).assign(gone=leave)
    from_each = np.array([expected_months_in_stage(moves, stage).to_numpy() for stage in STAGES])
    assert from_each == pytest.approx(np.eye(4) + chances @ from_each)
    assert from_each.sum(axis=1) == pytest.approx(1 / leave)


def test_expected_months_refuse_what_has_no_answer() -> None:
    for_ever = pd.DataFrame({"growth": [5.0], "gone": [0.0]}, index=["growth"])
    with pytest.raises(ValueError, match="nobody ever leaves from stage 'growth'"):
        expected_months_in_stage(for_ever, "growth")
    with pytest.raises(ValueError, match="counts no stay"):
        expected_months_in_stage(pd.DataFrame({"growth": [0.0], "gone": [5.0]}, index=["growth"]), "growth")
    with pytest.raises(ValueError, match="nobody began a month in stage 'decline'"):
        expected_months_in_stage(for_ever, "decline")


def test_average_is_that_of_students_interval() -> None:
    """Values 1, 2, 3: mean 2, standard deviation 1, t(2 degrees) = 4.3027, so half width 4.3027 / sqrt(3)."""
    found = average_of(average(pd.DataFrame({"x": [1.0, 2.0, 3.0]})), "x")
    assert found == pytest.approx((2.0, 2.0 - 2.4841, 2.0 + 2.4841), abs=1e-4)
    assert not found.beyond_chance


@settings(max_examples=50)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0.1, 3))
def test_labels_are_spread_in_order_and_apart(places: list[float], gap: float) -> None:
    out = spread(places, gap)
    ordered = [out[i] for i in np.argsort(places, kind="stable")]
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(ordered))
    assert np.mean(out) == pytest.approx(np.mean(places), abs=1e-6)


@settings(max_examples=30)
@given(st.floats(-5, 5), st.integers(1, 9), st.integers(1, 9))
def test_split_is_found_between_two_groups_apart(split: float, below: int, above: int) -> None:
    values = np.concatenate([split - 1.0 - np.arange(below), split + 1.0 + np.arange(above)])
    assert _threshold(values, values > split) == pytest.approx(split)

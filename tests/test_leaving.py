"""Leaving: what moves the log-odds of own reasons, what nothing moves, and both asked of twelve months at once."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenure.agents.mathematics.formulas import month_of_interest, per_month, twelve_times
from tenure.agents.rules.lifecycle import (
    Lifecycle,
    leaves_for_own_reasons,
    leaves_involuntarily,
    leaves_now,
    leaves_within_year,
)
from tenure.agents.rules.usage import LONGEST_IDLE

UNIT = st.floats(0.0, 1.0)
NEAR = 1e-12
"""Closer to the probability than this, rounding decides; luck itself comes in steps of 2e-10."""
OFF = Lifecycle(leave_involuntary=0.0, leave_per_product=0.0, leave_satisfaction=0.0, leave_idle=0.0, leave_price=0.0)
"""Nothing is involuntary, and nothing moves what is lasting."""


def dies(yearly: float) -> Lifecycle:
    return Lifecycle(leave_involuntary=yearly)


@settings(max_examples=1000)
@given(UNIT, UNIT, UNIT, UNIT)
def test_who_leaves_is_whose_luck_is_below_the_probability(u: float, yearly: float, gone: float, dead: float) -> None:
    p = leaves_for_own_reasons(yearly, gone, dies(dead))
    assume(abs(u - p) > NEAR)
    assert leaves_now(u, yearly, gone, dies(dead)) == (u < p)


@settings(max_examples=1000)
@given(UNIT, st.floats(0.0, 0.2), st.floats(-1e-9, 1e-9))
def test_so_it_is_beside_the_probability(yearly: float, gone: float, beside: float) -> None:
    p = leaves_for_own_reasons(yearly, gone, OFF)
    assume(abs(beside) > NEAR and 0.0 <= p + beside <= 1.0)
    assert leaves_now(p + beside, yearly, gone, OFF) == (beside < 0.0)


@settings(max_examples=500)
@given(UNIT, UNIT, UNIT, UNIT)
def test_who_dies_does_so_whatever_an_institution_does(u: float, dead: float, yearly: float, gone: float) -> None:
    """It is asked first: of one's luck alone, and whoever dies would leave whatever else moves them."""
    assume(abs(u - per_month(dead)) > NEAR)
    assert leaves_involuntarily(u, dies(dead)) == (u < per_month(dead))
    if leaves_involuntarily(u, dies(dead)):
        assert leaves_now(u, yearly, gone, dies(dead))


@given(UNIT, UNIT)
def test_where_nobody_dies_the_probability_has_the_bits_of_the_formula_without(yearly: float, gone: float) -> None:
    assert leaves_for_own_reasons(yearly, gone, OFF) == 1.0 - (1.0 - per_month(yearly)) * (1.0 - gone)


THETA = st.floats(1e-6, 1.0 - 1e-6)
SATISFACTION, DEARER, REMINDED = st.floats(-5.0, 5.0), st.floats(-3.0, 3.0), st.floats(0.0, 3.0)
HELD, IDLE = st.integers(0, 8), st.integers(0, 30)


@given(THETA, HELD, SATISFACTION, IDLE, DEARER)
def test_with_every_term_off_theta_is_all_to_the_bit(
    theta: float, held: int, satisfaction: float, idle: int, dearer: float
) -> None:
    assert leaves_within_year(theta, held, satisfaction, idle, dearer, 0.0, OFF) == theta


@given(THETA, HELD, SATISFACTION, IDLE, DEARER, REMINDED)
def test_what_moves_leaving_adds_up_on_the_log_odds(
    theta: float, held: int, satisfaction: float, idle: int, dearer: float, reminded: float
) -> None:
    life = Lifecycle(leave_per_product=-0.2, leave_satisfaction=-0.5, satisfaction_most=2.0, leave_idle=0.1)
    moved = leaves_within_year(theta, held, satisfaction, idle, dearer, reminded, life)
    x = -0.2 * max(held - 1, 0) - 0.5 * float(np.clip(satisfaction, -2.0, 2.0)) + life.leave_price * dearer + reminded
    x += 0.1 * (min(max(idle, 1), LONGEST_IDLE) - 1)
    assert math.log(moved / (1.0 - moved)) == pytest.approx(math.log(theta / (1.0 - theta)) + x, abs=1e-6)


@given(THETA, HELD, SATISFACTION, IDLE, DEARER, REMINDED, st.floats(0.0, 2.0))
def test_by_default_each_moves_it_the_way_that_is_published(
    theta: float, held: int, satisfaction: float, idle: int, dearer: float, reminded: float, more: float
) -> None:
    """Satisfaction keeps (Bolton 1998), products bind, the inactive and those who pay more than elsewhere leave."""
    life = Lifecycle()
    usual = leaves_within_year(theta, held, satisfaction, idle, dearer, reminded, life)
    assert leaves_within_year(theta, held, satisfaction + more, idle, dearer, reminded, life) <= usual
    assert leaves_within_year(theta, held + 1, satisfaction, idle, dearer, reminded, life) <= usual
    assert leaves_within_year(theta, held, satisfaction, idle + 1, dearer, reminded, life) >= usual
    assert leaves_within_year(theta, held, satisfaction, idle, dearer + more, reminded, life) >= usual
    assert leaves_within_year(theta, held, satisfaction, idle, dearer, reminded + more, life) >= usual


def test_nobody_and_everybody() -> None:
    assert not leaves_now(2.0**-33, 0.0, 0.0, OFF)
    last = 1.0 - 2.0**-33
    assert leaves_now(last, 1.0, 0.0, OFF) and leaves_now(last, 0.0, 1.0, OFF) and leaves_now(last, 0.0, 0.0, dies(1.0))


def test_twelve_months_of_staying_are_a_year_of_it() -> None:
    monthly = leaves_for_own_reasons(0.3, 0.0, OFF)
    assert twelve_times(1.0 - monthly) == pytest.approx(0.7, rel=1e-14)
    assert twelve_times(1.0 - leaves_for_own_reasons(0.3, 0.0, dies(0.5))) == pytest.approx(0.35, rel=1e-14)
    assert twelve_times(2.0) == 4096.0


@pytest.mark.parametrize(
    ("balance_cents", "points", "cents"),
    [(120_000, 1.0, 100), (100_000, 12.0, 1000), (600, 1.0, 1), (599, 1.0, 0), (100_000, -12.0, -1000), (0, 19.0, 0)],
)
def test_interest_of_a_month_by_hand(balance_cents: int, points: float, cents: int) -> None:
    """A twelfth of the yearly rate; half a cent goes up."""
    assert month_of_interest(balance_cents, points) == cents

"""Leaving for own reasons, asked of twelve months at once; interest of a month in whole cents."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenure.agents.mathematics.formulas import month_of_interest, twelve_times
from tenure.agents.rules.lifecycle import leaves_for_own_reasons, leaves_now

UNIT = st.floats(0.0, 1.0)
NEAR = 1e-12
"""Closer to the probability than this, rounding decides; luck itself comes in steps of 2e-10."""


@settings(max_examples=1000)
@given(UNIT, UNIT, UNIT)
def test_who_leaves_is_whose_luck_is_below_the_probability(u: float, yearly: float, gone: float) -> None:
    p = leaves_for_own_reasons(yearly, gone)
    assume(abs(u - p) > NEAR)
    assert leaves_now(u, yearly, gone) == (u < p)


@settings(max_examples=1000)
@given(UNIT, st.floats(0.0, 0.2), st.floats(-1e-9, 1e-9))
def test_so_it_is_beside_the_probability(yearly: float, gone: float, beside: float) -> None:
    p = leaves_for_own_reasons(yearly, gone)
    assume(abs(beside) > NEAR and 0.0 <= p + beside <= 1.0)
    assert leaves_now(p + beside, yearly, gone) == (beside < 0.0)


def test_nobody_and_everybody() -> None:
    assert not leaves_now(2.0**-33, 0.0, 0.0)
    assert leaves_now(1.0 - 2.0**-33, 1.0, 0.0) and leaves_now(1.0 - 2.0**-33, 0.0, 1.0)


def test_twelve_months_of_staying_are_a_year_of_it() -> None:
    monthly = leaves_for_own_reasons(0.3, 0.0)
    assert twelve_times(1.0 - monthly) == pytest.approx(0.7, rel=1e-14)
    assert twelve_times(2.0) == 4096.0


@pytest.mark.parametrize(
    ("balance_cents", "points", "cents"),
    [(120_000, 1.0, 100), (100_000, 12.0, 1000), (600, 1.0, 1), (599, 1.0, 0), (100_000, -12.0, -1000), (0, 19.0, 0)],
)
def test_interest_of_a_month_by_hand(balance_cents: int, points: float, cents: int) -> None:
    """A twelfth of the yearly rate; half a cent goes up."""
    assert month_of_interest(balance_cents, points) == cents

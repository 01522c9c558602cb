"""Allocation: known answers, and the formulas against what they claim to make best."""

from math import exp, isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.allocation import acquisition_spend_eur, minimum_variance_share

SHARES = st.floats(0.0, 1.0)
DEVIATIONS = st.floats(0.001, 10.0)
CORRELATIONS = st.floats(-1.0, 1.0)


def profit_eur(spend: float, c: float, k: float, m: float) -> float:
    return c * (1.0 - exp(-k * spend)) * m - spend


def variance(share: float, sd_1: float, sd_2: float, r: float) -> float:
    return (share * sd_1) ** 2 + ((1 - share) * sd_2) ** 2 + 2 * share * (1 - share) * r * sd_1 * sd_2


def test_spend_by_hand() -> None:
    # c k m = e^2 with k = 0.1: A = 2 / 0.1.
    assert acquisition_spend_eur(0.5, 0.1, 20.0 * exp(2.0)) == pytest.approx(20.0)
    assert acquisition_spend_eur(0.5, 0.1, 20.0) == 0.0  # the first EUR earns exactly itself
    assert acquisition_spend_eur(0.0, 0.1, 1e9) == acquisition_spend_eur(0.5, 0.1, -1e9) == 0.0


@given(SHARES, st.floats(1e-4, 1.0), st.floats(-100.0, 1e4), st.floats(0.0, 1e5))
def test_no_other_spend_earns_more(c: float, k: float, m: float, other: float) -> None:
    best = acquisition_spend_eur(c, k, m)
    most = profit_eur(best, c, k, m)
    assert best >= 0.0
    for spend in (other, best * 0.9, best * 1.1, best + 1.0, max(0.0, best - 1.0)):
        assert profit_eur(spend, c, k, m) <= most + 1e-9 * (1.0 + abs(most) + spend)


@given(st.floats(0.01, 1.0), st.floats(1e-3, 1.0), st.floats(1.0, 1e4), st.floats(1.0, 100.0))
def test_at_the_optimum_the_last_eur_earns_itself(c: float, k: float, m: float, times: float) -> None:
    spend = acquisition_spend_eur(c, k, m)
    assert spend == 0.0 or isclose(c * k * m * exp(-k * spend), 1.0, rel_tol=1e-9)
    assert acquisition_spend_eur(c, k, m * times) >= spend
    # What counts in another currency is the same spend: A scales, k counts per unit, m in units.
    assert acquisition_spend_eur(c, k / times, m * times) == pytest.approx(spend * times, rel=1e-9, abs=1e-9 / k)


@pytest.mark.parametrize(
    ("sd_1", "sd_2", "r", "share"),
    [
        (0.1, 0.3, 0.2, 0.9545),  # .084 / .088
        (0.1, 0.3, 0.0, 0.9),  # inverse variances, 100 : 11.1
        (0.1, 0.3, -1.0, 0.75),  # a perfect hedge, inverse deviations 3 : 1
        (0.1, 0.3, 1 / 3, 1.0),  # from r = s1 / s2 on, the steadier segment alone
        (0.1, 0.3, 0.9, 1.0),
        (0.3, 0.1, 0.9, 0.0),
        (0.0, 0.3, 0.5, 1.0),
        (0.2, 0.2, 1.0, 0.5),
        (0.0, 0.0, 0.0, 0.5),
    ],
)
def test_share_by_hand(sd_1: float, sd_2: float, r: float, share: float) -> None:
    assert minimum_variance_share(sd_1, sd_2, r) == pytest.approx(share, abs=5e-5)


@given(DEVIATIONS, DEVIATIONS, CORRELATIONS, SHARES)
def test_no_other_share_varies_less(sd_1: float, sd_2: float, r: float, other: float) -> None:
    best = minimum_variance_share(sd_1, sd_2, r)
    assert 0.0 <= best <= 1.0
    least = variance(best, sd_1, sd_2, r)
    for share in (other, max(0.0, best - 0.01), min(1.0, best + 0.01)):
        assert variance(share, sd_1, sd_2, r) >= least - 1e-9 * (sd_1**2 + sd_2**2)


@given(DEVIATIONS, DEVIATIONS, st.floats(-1.0, 0.99), st.floats(0.01, 100.0))
def test_only_the_ratio_of_deviations_counts(sd_1: float, sd_2: float, r: float, unit: float) -> None:
    share = minimum_variance_share(sd_1, sd_2, r)
    assert minimum_variance_share(unit * sd_1, unit * sd_2, r) == pytest.approx(share, abs=1e-9)
    assert minimum_variance_share(sd_2, sd_1, r) == pytest.approx(1.0 - share, abs=1e-9)


def test_nonsense_is_named() -> None:
    for c, k in [(1.1, 0.1), (-0.1, 0.1), (0.5, 0.0), (0.5, np.nan), (np.nan, 0.1)]:
        with pytest.raises(ValueError, match="ceiling"):
            acquisition_spend_eur(c, k, 100.0)
    for sd_1, sd_2, r in [(-0.1, 0.1, 0.0), (0.1, np.nan, 0.0), (0.1, 0.1, 1.01)]:
        with pytest.raises(ValueError, match="correlation"):
            minimum_variance_share(sd_1, sd_2, r)

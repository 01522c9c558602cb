"""Quantiles and averages of the worst: known answers, laws, and how often their intervals cover."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tenure.experiments.analysis.risk.tails import FEWEST_WORST, worst, worst_average
from tenure.experiments.commands.results_lines import tail_lines

NUMBERS = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=60)
SHARES = st.sampled_from((0.01, 0.05, 0.1, 0.25, 0.5, 0.9))


def test_the_average_of_the_worst_by_hand() -> None:
    """Of 1 ... 10 the worst 30% are 1, 2, 3; of the worst 25% the last counts by half: (1 + 2 + 3 / 2) / 2.5."""
    values = np.random.default_rng(1).permutation(np.arange(1.0, 11.0))
    assert worst_average(values, 0.3) == pytest.approx(2.0) and worst(values, 0.3).quantile == 3.0
    assert worst_average(values, 0.25) == pytest.approx((1.0 + 2.0 + 3.0 / 2.0) / 2.5)
    assert worst_average(values, 0.3, larger_is_worse=True) == pytest.approx(9.0)


@given(NUMBERS, SHARES)
def test_laws_of_the_worst(values: list[float], share: float) -> None:
    found = worst(values, share)
    least, mean = min(values), sum(values) / len(values)
    assert least - 1e-9 <= found.average <= min(found.quantile, mean) + 1e-6
    assert worst([2.0 * one + 3.0 for one in values], share).average == pytest.approx(2.0 * found.average + 3.0)
    turned = worst([-one for one in values], share, larger_is_worse=True)
    assert turned.average == pytest.approx(-found.average) and turned.quantile == -found.quantile
    assert math.isnan(found.low) == (share * len(values) < FEWEST_WORST)


@given(NUMBERS, NUMBERS, SHARES)
def test_two_risks_together_are_no_worse_than_apart(first: list[float], second: list[float], share: float) -> None:
    """Subadditivity (Artzner et al. 1999), which quantiles lack."""
    n = min(len(first), len(second))
    a, b = np.array(first[:n]), np.array(second[:n])
    assert worst_average(a + b, share) >= worst_average(a, share) + worst_average(b, share) - 1e-6


def test_how_often_the_intervals_cover() -> None:
    """Of normal values, 500 at a time: the quantile as it says, the average of the worst 5% a little less."""
    rng, quantile = np.random.default_rng(3), float(norm.ppf(0.05))
    average = -float(norm.pdf(quantile)) / 0.05
    found = [worst(rng.standard_normal(500)) for _ in range(1_000)]
    assert np.mean([one.quantile_low <= quantile <= one.quantile_high for one in found]) >= 0.935
    assert np.mean([one.low <= average <= one.high for one in found]) >= 0.90


def test_nothing_and_nonsense() -> None:
    assert worst([]).values == 0 and math.isnan(worst([]).average)
    with pytest.raises(ValueError, match="between 0 and 1"):
        worst([1.0], 5.0)


def test_a_table_tells_how_bad_it_gets_once_enough_replications_do() -> None:
    """Differences 1 ... 100: the worst five are 1 ... 5."""
    rows = [(arm, n, "profit_per_customer", value) for n in range(100) for arm, value in (("a", 0.0), ("b", n + 1.0))]
    for most, told in ((99, ""), (100, "b +3.0 (")):
        runs = pd.DataFrame(rows[: 2 * most], columns=["arm", "replication", "metric", "value"])
        results: Any = SimpleNamespace(
            currency="EUR",
            decided=True,
            about={"metrics": ["profit_per_customer"]},
            metrics=lambda runs=runs: runs,
            arms=("a", "b"),
            champion="a",
        )
        assert told in " ".join(tail_lines(results)) and bool([*tail_lines(results)]) == bool(told)

"""Main effects and interactions: by hand, by the laws of a factorial design, and beside SciPy's interval."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.analysis.designs.contrasts import FactorEffect, factor_effects, values_of_grid
from tenure.experiments.analysis.intervals import Average

DOSES, CAPS = ("x0.5", "x1", "x2"), (1, 2, 3, 4)
FACTORS = pd.DataFrame(list(product(DOSES, CAPS)), columns=["dose", "cap"])
FACTORS.index = pd.Index([f"{dose}/{cap}" for dose, cap in product(DOSES, CAPS)], name="scenario")


def table(value: Callable[[str, int, int, int], float], replications: int = 6) -> pd.DataFrame:
    """Return values of two arms: `value` takes arm, places of dose and cap, and replication."""
    rows = [
        (f"{dose}/{cap}", arm, replication, value(arm, DOSES.index(dose), CAPS.index(cap), replication))
        for dose, cap in product(DOSES, CAPS)
        for arm in ("nothing", "book")
        for replication in range(replications)
    ]
    return pd.DataFrame(rows, columns=["scenario", "arm", "replication", "value"])


def found(values: pd.DataFrame) -> dict[tuple[str, tuple[object, ...]], FactorEffect]:
    effects = factor_effects(values, FACTORS, "nothing", ["nothing", "book"])
    return {(one.arm, (*one.factors, *one.then)): one for one in effects}


def test_a_three_by_four_by_hand() -> None:
    # nothing: 10 a dose; book beside it: 2 a dose, 1 a cap, and 3 more where the last of both meet
    def value(arm: str, dose: int, cap: int, replication: int) -> float:
        own = 2.0 * dose + cap + 3.0 * (dose == 2 and cap == 3)
        return 100.0 * replication + 10.0 * dose + (own if arm == "book" else 0.0)

    effects = found(table(value))
    assert len(effects) == 2 * (2 + 3 + 6)
    assert effects["nothing", ("dose", "x2")].change == pytest.approx(Average.even(20.0, 0.0))
    assert effects["nothing", ("cap", 4)].change == pytest.approx(Average.even(0.0, 0.0))
    assert effects["book", ("dose", "x1")].change == pytest.approx(Average.even(2.0, 0.0))
    assert effects["book", ("dose", "x2")].change == pytest.approx(Average.even(4.0 + 3.0 / 4, 0.0))
    assert effects["book", ("cap", 4)].change == pytest.approx(Average.even(3.0 + 3.0 / 3, 0.0))
    assert effects["book", ("dose", "cap", "x2", 4)].change == pytest.approx(Average.even(3.0, 0.0))
    assert effects["book", ("dose", "cap", "x1", 4)].change == pytest.approx(Average.even(0.0, 0.0))
    assert effects["book", ("dose", "cap", "x2", 4)].first == ("x0.5", 1)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_what_adds_up_has_no_interaction_and_luck_of_a_replication_cancels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    doses, caps, luck = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), 1e3 * rng.normal(size=(2, 6))
    arms = {"nothing": 0, "book": 1}
    effects = found(table(lambda arm, dose, cap, r: doses[arms[arm], dose] + caps[arms[arm], cap] + luck[arms[arm], r]))
    for one in effects.values():
        if len(one.factors) == 2:
            assert one.change == pytest.approx(Average.even(0.0, 0.0), abs=1e-9)
        assert one.change.half_width == pytest.approx(0.0, abs=1e-8)
    book = (doses[1] - doses[0]) - (doses[1] - doses[0])[0]
    assert effects["book", ("dose", "x2")].change.mean == pytest.approx(book[2], abs=1e-9)


def test_one_effect_without_skewness_has_the_interval_of_a_t_test() -> None:
    rng = np.random.default_rng(3)
    factors = pd.DataFrame({"dose": [1, 2]}, index=pd.Index(["low", "high"], name="scenario"))
    luck = rng.normal(size=(2, 8))
    luck[1] = luck[0] + [-4.0, 4.0, -2.5, 2.5, -1.0, 1.0, -0.5, 0.5]  # no skewness, where the interval is Student's
    values = pd.DataFrame(
        [(level, "nothing", r, luck[at, r]) for at, level in enumerate(("low", "high")) for r in range(8)],
        columns=["scenario", "arm", "replication", "value"],
    )
    (one,) = factor_effects(values, factors, "nothing", ["nothing"])
    low, high = stats.ttest_1samp(luck[1] - luck[0], 0.0).confidence_interval(0.95)
    assert (one.change.mean, one.change.half_width) == pytest.approx(((low + high) / 2, (high - low) / 2))
    assert (one.first, one.then, one.replications) == ((1,), (2,), 8)


def test_a_sample_has_no_contrasts() -> None:
    sample = pd.DataFrame({"dose": [1, 2, 3], "cap": [3, 1, 2]}, index=pd.Index(list("abc"), name="scenario"))
    assert values_of_grid(sample) is None and values_of_grid(sample.drop(columns=["dose", "cap"])) is None
    with pytest.raises(ValueError, match="grid"):
        list(factor_effects(table(lambda *at: 0.0), sample, "nothing", ["nothing"]))


def test_an_arm_that_is_not_everywhere_is_left_out() -> None:
    values = table(lambda arm, dose, cap, replication: float(dose))
    some = values[(values["arm"] != "book") | (values["scenario"] != "x2/4")]
    assert {arm for arm, _ in found(some)} == {"nothing"}
    fewer = values[(values["replication"] != 2) | (values["scenario"] != "x2/4")]
    assert {one.replications for one in found(fewer).values()} == {5}

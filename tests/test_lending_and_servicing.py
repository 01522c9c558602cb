"""Laws of what is lent by risk, and of what servicing a person costs."""

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.agents.ledger import SERVICING
from tenure.agents.rules.accounts import Accounts, granted, loan_wanted
from tenure.agents.rules.population import Traits, upkeep_at_birth
from tenure.simulation.model import LifecycleModel
from tests.markets import small_market

SPREAD, RISK = st.floats(0.0, 1.5), st.floats(-20.0, 20.0)


@given(st.floats(1.0, 1e5), RISK, st.floats(0.0, 5.0))
def test_the_weaker_are_lent_less_within_bounds(size: float, above: float, more: float) -> None:
    rules = Accounts()
    assert granted(size, above + more, rules) <= granted(size, above, rules)
    assert rules.lent_least * size <= granted(size, above, rules) <= rules.lent_most * size
    assert granted(size, 0.0, rules) == size, "average risk takes nothing off"
    assert granted(size, above, Accounts(lent_risk=0.0)) == size, "without the mechanism all are lent the same"


@given(st.floats(1.0, 1e5), st.floats(0.0, 1.0))
def test_loans_asked_for_are_half_to_one_and_a_half_of_what_is_typical(size: float, v: float) -> None:
    assert 0.5 * size <= loan_wanted(size, v, Accounts()) <= 1.5 * size


@given(SPREAD)
def test_what_servicing_costs_averages_one(sd: float) -> None:
    """By the midpoint rule: the mean of a lognormal whose logarithm has the mean -sd^2/2 is 1."""
    u = (np.arange(20_000) + 0.5) / 20_000
    drawn = [upkeep_at_birth(float(one), Traits(upkeep_sd=sd)) for one in u[:: 1 if sd > 1.0 else 10]]
    assert np.mean(drawn) == pytest.approx(1.0, abs=0.02)
    assert upkeep_at_birth(0.5, Traits(upkeep_sd=sd)) == pytest.approx(math.exp(-0.5 * sd * sd))


def test_nobody_differs_where_the_spread_is_nothing() -> None:
    model = LifecycleModel(small_market() | {"traits": {"upkeep_sd": 0}}, seed=1)
    assert set(model.people["upkeep"].tolist()) == {1.0}


def test_servicing_in_the_ledger_is_each_customer_s_own() -> None:
    """A market in which nobody takes, leaves or pays back anything: what was held at the start is serviced."""
    still: dict[str, Any] = {"needs": {"episodes_per_year": 0}, "choice": {"search": -40}}
    life = {"leave_alpha": 1e-9, "leave_beta": 100, "leave_involuntary": 0}
    model = LifecycleModel(small_market() | {"rules": still | {"lifecycle": life}}, seed=2)
    before, offers = model.people.copy(), model.world["offers"]
    asked = np.zeros(len(offers), np.int64)
    for one in before[before["provider"] > 0]:
        cents = cast(Any, offers[one["provider"]]["servicing_cents"])
        for k, held in enumerate(one["held"]):
            asked[one["provider"]] += math.floor(cents[k] * one["upkeep"] + 0.5) if held else 0
    model.step()
    assert len(set(before["upkeep"].tolist())) > 30
    assert (-model.totals.ledger[:, SERVICING] == asked[: len(model.totals.ledger)]).all()

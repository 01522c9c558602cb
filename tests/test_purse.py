"""Treatments are paid from a purse: the budget of the months so far is used, and never exceeded."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.ledger import TREATMENT
from tenure.agents.offer import US
from tenure.policies.plan import Acquisition, Plan, Treatments
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, differences, small_market

BUDGET = 300.0


def spent_by_month(policy: str, months: int = 18) -> np.ndarray:
    config = small_market(people=800, guards={"budget_per_month": BUDGET, "contacts_at_most": 30})
    config["us"]["policy"] = policy
    model = LifecycleModel(config, seed=5)
    paid = []
    settle = model.settle

    def settle_and_note():
        paid.append(float(model.totals.ledger[US, TREATMENT]) / 100.0)
        settle()

    model.settle = settle_and_note
    for _ in range(months):
        model.step()
    return np.array(paid)


def test_the_budget_of_the_months_so_far_is_never_exceeded_and_is_used() -> None:
    paid = spent_by_month("uniform")
    assert (np.cumsum(paid) <= BUDGET * np.arange(1, len(paid) + 1) + 1e-6).all()
    assert paid.sum() > 0.5 * BUDGET * len(paid)  # a tenth would be spent if rewards not taken were lost


def test_money_that_nobody_asked_for_is_not_carried_over() -> None:
    assert spent_by_month("do_nothing").sum() == 0.0


@dataclass(frozen=True)
class MovesMoney:
    """In month 3 it asks for this share of the purse for new customers, and for these weights."""

    name = "moves_money"
    share: float | None = 0.9
    weights: Mapping[str, float] = field(default_factory=dict)

    def decide(self, view: InstitutionView) -> Plan:
        asked = Acquisition(self.weights, self.share) if view.month == 3 else None
        return Plan(Treatments.of("loyalty_reward", np.arange(len(view))), acquisition=asked)


CHANNELS = {name: {"budget_per_month": 300, "cost_per_contact": 1.0} for name in ("mail", "online")}


def with_channels(policy: str = "do_nothing", **told: Any) -> LifecycleModel:
    config = small_market(people=2000, guards={"budget_per_month": 400})
    config["us"]["acquisition"] = CHANNELS
    config["us"]["policy"] = {"policy": policy, **told}
    return LifecycleModel(config, seed=5, known={**SHELF, "moves_money": MovesMoney})


def test_money_moves_between_new_and_existing_customers_from_next_month_on() -> None:
    model = with_channels("moves_money")
    seen = []
    for _ in range(8):
        model.step()
        view = model.us.view
        seen.append((view.purse, view.acquisition_budget))
        assert view.purse == pytest.approx(1000.0)  # money moves, none is made
    assert [spent for _, spent in seen] == pytest.approx([600.0] * 4 + [900.0] * 4)
    assert model.us.purse.treatments_eur == pytest.approx(100.0)


def test_channels_spend_what_they_are_told_to() -> None:
    model = with_channels("moves_money", share=0.6, weights={"mail": 3.0, "online": 1.0})
    model.start_recording()
    for _ in range(30):
        model.step()
    reach = model.recording().query("measure == 'reach' and b == 'spend_eur' and institution == 'us' and month >= 10")
    spent = reach.groupby("a")["value"].mean()
    assert spent["mail"] == pytest.approx(450.0, rel=0.05) and spent["online"] == pytest.approx(150.0, rel=0.05)


def test_what_was_moved_is_kept_and_a_new_policy_starts_as_set() -> None:
    one = with_channels("moves_money")
    for _ in range(6):
        one.step()
    two = with_channels("moves_money")
    two.restore(one.state())
    for model in (one, two):
        model.step()
    assert np.array_equal(one.us.channels.rate, two.us.channels.rate)
    assert np.array_equal(one.books.balances, two.books.balances)
    assert two.us.purse.treatments_eur == one.us.purse.treatments_eur == pytest.approx(100.0)
    two.set_policy("us", make_policy("do_nothing"))
    assert two.us.purse.treatments_eur == 400.0
    assert two.us.channels.budget_cents.tolist() == [30000.0, 30000.0]


@pytest.mark.parametrize(
    ("weights", "share", "message"),
    [({"mial": 1.0}, None, "Did you mean 'mail'"), ({"mail": 0.0}, None, "all weights are 0")],
)
def test_channels_that_cannot_be_told_apart_are_named(weights: dict, share: float | None, message: str) -> None:
    model = with_channels("moves_money", share=share, weights=weights)
    with pytest.raises(ValueError, match=message):
        for _ in range(5):
            model.step()


def test_a_share_of_the_purse_is_a_share() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Acquisition(share=1.2)


def test_an_institution_may_have_a_budget_of_its_own() -> None:
    config = small_market(people=200, guards={"budget_per_month": 400})
    config["us"] |= {"acquisition": CHANNELS, "budget_per_month": 900}
    own = LifecycleModel(config, seed=1)
    assert [one.purse.treatments_eur for one in own.institutions] == [900.0, 400.0]
    config["us"]["acquisition_share"] = "20%"  # of 900 and 600
    assert LifecycleModel(config, seed=1).us.purse.treatments_eur == pytest.approx(1200.0)


REAL = {
    "capacity_per_month": {"all": 40},
    "structure": [
        {"quadrant": "low_risk_low_return", "sum_of": "balance", "at_least_eur": 60_000},
        {"quadrant": "high_risk_low_return", "sum_of": "customers", "at_most_eur": 30},
    ],
}


REWARD = {"policy": "uniform", "treatment": "loyalty_reward"}


def of_a_book(times: int) -> LifecycleModel:
    """Return a market whose people stand for so many each, with as much more money, capacity, heads and sums."""
    config = small_market(people=400, rules=LIVELY, guards={"budget_per_month": 300 * times, "contacts_at_most": 9})
    own = copy.deepcopy(REAL)
    own["capacity_per_month"]["all"] *= times
    for limit in own["structure"]:
        limit |= {key: value * times for key, value in limit.items() if key.endswith("_eur")}
    channel = {"budget_per_month": 200 * times, "cost_per_contact": 1.0}
    config["us"] |= {"guards": own, "acquisition": {"mail": channel}, "policy": REWARD}
    return LifecycleModel(config | {"stands_for": 400 * times}, seed=5)


def test_a_book_so_many_times_as_large_lives_the_same_months() -> None:
    """Money and capacities of the real book are turned into those of the simulated one once, where they come in."""
    small, large = of_a_book(1), of_a_book(16)
    for model in (small, large):
        model.start_recording()
    refused: set[str] = set()
    for _ in range(10):
        small.step()
        large.step()
        refused |= small.us.allowed.refused.keys()
        assert differences(small, large) == []
        assert small.us.view.budget == large.us.view.budget and small.us.allowed.refused == large.us.allowed.refused
        assert np.array_equal(small.us.allowed.contacts, large.us.allowed.contacts)
    assert "budget" in refused and len(refused) > 2
    one, two = (
        model.recording().set_index(["measure", "month", "institution", "a", "b"])["value"] for model in (small, large)
    )
    stands = (one.index.get_level_values("measure") == "structure_limit") & (one.index.get_level_values("b") == "value")
    assert stands.any() and two[stands].to_numpy() == pytest.approx(16.0 * one[stands].to_numpy())
    assert one[~stands].equals(two[~stands])


@settings(max_examples=50)
@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_money_kept_back_is_what_was_promised_less_what_was_paid(promised: float, more: float, part: float) -> None:
    purse = with_channels().us.purse
    before = purse.available_eur
    purse.set_aside(promised)
    purse.pay(part * promised)
    assert purse.available_eur == pytest.approx(before + (1.0 - part) * promised)
    purse.pay(promised + more)
    assert purse.available_eur == pytest.approx(max(before - part * promised - more, 0.0)), "the rest is owed"

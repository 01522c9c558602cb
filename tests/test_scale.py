"""How many people are simulated changes no figure but by chance: money and capacities are those of the real market."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tenure.experiments.analysis.recorded_run import rates_of, recorded
from tenure.experiments.analysis.worked_out import OF_A_RUN
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import MARKETS
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from

BURN_IN, MONTHS, REPLICATIONS = 18, 12, 8
PER_CUSTOMER = (
    "attrition_per_year",
    "cost_per_new_customer",
    "profit_per_customer",
    "treatment_spend_per_customer",
    "acquisition_spend_per_customer",
    "growth",
    "share_low_risk_high_return",
)
NEAR = {"growth": 0.04, "share_low_risk_high_return": 0.02}
"""What two sizes may differ by at most, where a share of the level says little."""


def metrics(people: int, replication: int, **changes: Any) -> dict[str, float]:
    """Return the metrics of a year of the default market, of which so many people are simulated."""
    data: dict[str, Any] = read_with_extends(MARKETS / "default.market.yaml").data
    data["us"] |= {
        "policy": {"policy": "uniform", "treatment": "loyalty_reward"},
        "guards": {"capacity_per_month": {"loyalty_reward": 400}},
    }
    data |= {"people": people, "guards": {"budget_per_month": 4000}} | changes
    model = LifecycleModel(market_from(data), seed=5, replication=replication, first_month=-BURN_IN)
    for _ in range(BURN_IN):
        model.step()
    model.start_recording()
    for _ in range(MONTHS):
        model.step()
    run = recorded(model.recording(), rates_of(model.settings))
    return {name: one.of_run(run) for name, one in OF_A_RUN.items() if one.of_run is not None}


def test_halving_the_people_changes_every_figure_for_a_customer_by_chance_only() -> None:
    sizes = {people: [metrics(people, k) for k in range(REPLICATIONS)] for people in (8000, 4000)}
    for name in PER_CUSTOMER:
        large, small = (np.array([run[name] for run in runs]) for runs in sizes.values())
        apart = small - large
        chance = stats.t.ppf(0.9995, REPLICATIONS - 1) * apart.std(ddof=1) / np.sqrt(REPLICATIONS)
        assert abs(apart.mean()) <= chance, (name, large.mean(), small.mean(), chance)
        assert abs(apart.mean()) <= NEAR.get(name, 0.1 * abs(large.mean())), (name, large.mean(), small.mean())


def test_the_same_money_for_fewer_real_people_is_more_for_each() -> None:
    """Were budgets not of the real market, the last test could not fail."""
    few, many = (metrics(4000, 0, stands_for=real) for real in (4000, 20000))
    assert few["acquisition_spend_per_customer"] > 3 * many["acquisition_spend_per_customer"]
    assert few["treatment_spend_per_customer"] > 3 * many["treatment_spend_per_customer"]


@pytest.mark.parametrize("people", [1, 300, 4000, 20000])
def test_the_default_market_has_as_many_people_whatever_is_simulated(people: int) -> None:
    market = load_experiment("quickstart.yaml", [f"market.people={people}"]).market
    assert market.stands_for == 20000
    assert market.people * market.people_each_stands_for == pytest.approx(20000)

"""What no parameter sets comes out of the market: shorter cycles, dearer new customers."""

from functools import cache
from typing import Any

import pandas as pd
import pytest

from tenure.experiments.analysis.market.cycles import cohorts
from tenure.experiments.analysis.market.durations import still_going
from tenure.experiments.analysis.recorded_run import recorded
from tenure.experiments.analysis.worked_out import metrics_of
from tests.markets import LIVELY, flat_rates, lived, small_market

MONTHS, FALLS, REPLICATIONS = 38, 18, 3
OTHER = {"share": "15%", "quality": 0.1}
OFTEN, SELDOM = -1.5, -4.5
"""How often people look around of their own accord; where they seldom do, institutions live by their channels."""


@cache
def rows(
    falls: bool = False, budget: float = 100.0, search: float = OFTEN, replication: int = 0, loyal: bool = False
) -> pd.DataFrame:
    """Return the recording of a market in which switching gets easier, or a rival has more money for its channel."""
    cost: Any = {"2026-01": 3.0, "2027-07": 0.5} if falls else 3.0
    online = {"cost_per_contact": 0.5, "budget_per_month": budget}
    bigbank = {"share": "35%", "quality": 0.2, "acquisition": {"online": online}}
    rivals = {"bigbank": bigbank, "other": OTHER}
    world = {"newcomers_per_year": 0.1, "switching_cost": cost}
    rules = {**LIVELY, "choice": {"search": search}}
    traits = {"loyal_share": 1.0} if loyal else {}
    market = small_market(people=2500, start="2026-01", rules=rules, rivals=rivals, world=world, traits=traits)
    return lived(market, MONTHS, seed=8, replication=replication).recording()


def metric(name: str, **changes: Any) -> float:
    """Return a metric of such a market."""
    return metrics_of(recorded(rows(**changes), flat_rates(0.1, 0.1)), [name])[name]


@pytest.mark.parametrize("replication", range(REPLICATIONS))
def test_cycles_get_shorter_in_the_course_of_a_run_when_switching_gets_easier(replication: int) -> None:
    falling, standing = (metric("cycle_shortening", falls=falls, replication=replication) for falls in (True, False))
    assert falling > standing + 0.02


def test_in_the_curves_of_cohorts_those_who_joined_after_the_fall_leave_sooner() -> None:
    found = {}
    for falls in (True, False):
        told = rows(falls=falls).assign(arm="one", replication=0)
        for one in cohorts(told[told["measure"] == "cycle"], "decline or leaving"):
            found[falls, one.year] = still_going(one.durations)
    assert (found[True, 3][3:9] < found[False, 3][3:9]).all()


def test_until_the_fall_the_two_worlds_are_one() -> None:
    def before(falls: bool) -> pd.DataFrame:
        own = rows(falls=falls)
        return own[(own["month"] < FALLS) & own["measure"].isin(["flows", "won_back", "posted_price", "reach"])]

    pd.testing.assert_frame_equal(before(True).reset_index(drop=True), before(False).reset_index(drop=True))


@pytest.mark.parametrize("replication", range(REPLICATIONS))
def test_our_new_customers_get_dearer_when_a_rival_has_more_money_for_its_channel(replication: int) -> None:
    few, many = (
        metric("cost_per_new_customer", budget=one, search=SELDOM, replication=replication) for one in (20.0, 2_000.0)
    )
    assert many > 1.2 * few


def test_nobody_who_is_hard_core_loyal_from_the_start_is_taken_by_a_rival() -> None:
    """New customers are nobody's loyal ones, so only the first customers can be held to it."""
    own = rows(loyal=True)
    flows = own[(own["measure"] == "flows") & (own["institution"] == "us") & own["a"].isin(["bigbank", "other"])]
    taken = flows[flows["month"] == 0]["value"].sum()
    plain = rows()
    compared = plain[(plain["measure"] == "flows") & (plain["institution"] == "us") & (plain["month"] == 0)]
    assert taken == 0.0 < compared[compared["a"].isin(["bigbank", "other"])]["value"].sum()

"""Activity: recency decides who uses the relationship, a reminder helps, and use brings money and information."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.agents.offer import US
from tenure.agents.rules.usage import Activity, told_by, uses
from tenure.simulation.model import LifecycleModel
from tests.markets import lived, small_market

TABLES = st.lists(st.floats(0, 1), min_size=6, max_size=6).map(lambda table: tuple(sorted(table, reverse=True)))


@given(TABLES, st.floats(0, 1), st.integers(0, 1200), st.integers(0, 1200))
def test_the_longer_idle_the_less_likely_and_a_reminder_never_hurts(
    table: tuple[float, ...], unprompted: float, one: int, other: int
) -> None:
    group = Activity(use=table, unprompted=unprompted)
    early, late = sorted((one, other))
    assert uses(early, False, group) >= uses(late, False, group)
    assert 0.0 <= uses(one, False, group) == unprompted * uses(one, True, group) <= 1.0
    assert told_by(1, group) == 1.0 >= told_by(0, group)


def active(people: int, **activity: object) -> LifecycleModel:
    return lived(small_market(people=people, rules={"activity": activity}), 12, seed=4)


def test_recency_is_a_chain_with_the_share_of_users_worked_by_hand() -> None:
    # From recency 1, 2 and more 1/2, 1/4 and 1/4 use it: 1/2 of the users and 1/4 of all others: u = u/2 + (1 - u)/4.
    model = active(8000, use=["50%", "25%", "25%", "25%", "25%", "25%"], unprompted=1)
    ours = (model.signals["before"] == US) & (model.signals["provider"] == US) & (model.signals["tenure_months"] > 9)
    used = model.signals["used"][ours]
    assert abs(used.mean() - 1 / 3) < 4 * (2 / 9 / len(used)) ** 0.5 + 0.5**9


def test_who_never_uses_the_card_spends_nothing_with_it_and_the_institution_sees_how_long() -> None:
    config = small_market(products={"account": {"kind": "fee", "fee_per_use": 3}}, people=500)
    idle = lived({**config, "rules": {"activity": {"use": [0, 0, 0, 0, 0, 0]}}}, 6, seed=4)
    busy = lived({**config, "rules": {"activity": {"use": [1, 1, 1, 1, 1, 1], "unprompted": 1}}}, 6, seed=4)
    fees = [
        model.recording().query("measure == 'ledger' and institution == 'us' and a == 'fees'") for model in (idle, busy)
    ]
    assert fees[0]["value"].sum() == 0.0
    customers = busy.recording().query("measure == 'customers' and institution == 'us'")["value"].to_numpy()
    used = (busy.signals["before"] == US).sum()
    assert fees[1]["value"].to_numpy()[-1] == 3.0 * used and customers[-1] > 0
    for model, wanted in ((idle, 7), (busy, 1)):
        model.step()
        since = model.us.view.months_since_use[model.us.view.tenure_months >= 7]
        assert len(since) and set(since.tolist()) == {wanted}


def test_a_reminder_reaches_who_is_idle_and_changes_nobody_else() -> None:
    plain = small_market(people=3000, guards={"budget_per_month": 1e6})
    told = {"policy": "rules", "rules": [{"when": "months_since_use > 3", "do": "reminder"}]}
    quiet = {"rules": {"relationship": {"opt_out": -40, "satisfaction_per_fatigue": 0}}}
    without = LifecycleModel({**plain, **quiet}, seed=9)
    with_it = LifecycleModel({**plain, **quiet, "us": {**plain["us"], "policy": told}}, seed=9)
    for model in (without, with_it):
        for _ in range(8):
            model.step()
    same = with_it.people["id"] == without.people["id"]
    reached = with_it.people["fatigue"] > 0
    assert same.all() and reached.sum() > 30
    assert with_it.signals["used"].sum() > without.signals["used"].sum()
    untouched = ~reached & (with_it.people["provider"] != US)
    assert np.array_equal(with_it.people["months_since_use"][untouched], without.people["months_since_use"][untouched])


def test_an_idle_month_tells_less() -> None:
    quick = active(3000, idle_reading=1)
    slow = active(3000, idle_reading=0)
    precision = [model.us.files.records["risk_precision"].mean() for model in (quick, slow)]
    assert precision[0] > precision[1] > 0
    assert pytest.approx(quick.people["months_since_use"]) == slow.people["months_since_use"]  # truth is the same

"""Person by person: what each starting customer brought, cost, paid and became."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tenure.agents.ledger import TREATMENT
from tenure.agents.offer import US
from tenure.experiments.store.store import read_run, without_keys, write_run
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.measures import FATES
from tests.markets import LIVELY, lived, small_market

CLOSED = {"policy": "do_nothing", "acquisition": {}, "visible": False}
"""An institution that reaches out to nobody."""
NOBODY_ELSE = {"bigbank": {"share": "0%", "quality": -9.0}}


def people_of(model: LifecycleModel) -> pd.DataFrame:
    rows = model.recording()
    rows = rows[rows["measure"].str.startswith("person/")]
    wide = rows.pivot(index="a", columns="measure", values=["value", "b"])
    return pd.DataFrame(
        {
            "quadrant": wide[("b", "person/profit")],
            "stage": wide[("b", "person/charged")],
            "group": wide[("b", "person/treatment")],
            "fate": wide[("b", "person/months")],
            **{
                name: wide[("value", f"person/{name}")].astype(float)
                for name in ("profit", "charged", "rewards", "treatment", "months")
            },
        }
    )


def test_everybody_who_was_ours_has_a_row_with_what_was_true_at_month_0() -> None:
    model = LifecycleModel(small_market(people=300, rules=LIVELY), seed=3)
    for _ in range(4):
        model.step()
    model.start_recording()
    own = model.people[model.people["provider"] == US].copy()
    for _ in range(6):
        model.step()
    people = people_of(model).loc[own["id"].astype(str)]
    assert len(people) == len(own) == len(people_of(model))
    assert (
        people["stage"].to_numpy() == np.array(("acquisition", "growth", "maturity", "decline"))[own["stage"]]
    ).all()
    assert (people["group"].to_numpy() == own["group"].astype(str)).all()
    cells = model.recording()
    cells = cells[(cells["measure"] == "customers_by_cell") & (cells["month"] == 3)].groupby("b")["value"].sum()
    assert people["quadrant"].value_counts().to_dict() == cells[cells > 0].to_dict()


def test_a_fee_of_seven_fifty_is_paid_every_month_with_us_and_interchange_is_not() -> None:
    fee: dict[str, Any] = {"insurance": {"kind": "fee", "fee_per_year": 90}}
    model = lived(small_market(products=fee, people=200, rules=LIVELY), 9, seed=2)
    people = people_of(model)
    assert people["months"].nunique() > 1  # some left
    assert np.allclose(people["charged"], 7.5 * people["months"])
    card: dict[str, Any] = {"card": {"kind": "revolving", "apr": "0%", "line": 3500, "interchange": "2%"}}
    us = {"premium_per_risk": 0}
    free = people_of(lived(small_market(products=card, us=us, people=100, rules=LIVELY), 6, seed=2))
    assert (free["charged"] == 0.0).all() and (free["profit"] > 0.0).any()


def test_a_reward_is_no_lower_charge_and_a_missing_one_no_higher() -> None:
    """With a fee alone everybody is charged for the months with us, and rewards are what the offers taken came to."""
    fee: dict[str, Any] = {"insurance": {"kind": "fee", "fee_per_year": 90}}
    policy = {"policy": "uniform", "treatment": "loyalty_reward", "amount": 20}
    us = {**CLOSED, "share": "100%", "policy": policy}
    config = small_market(
        products=fee,
        people=200,
        rules=LIVELY,
        us=us,
        rivals=NOBODY_ELSE,
        guards={"budget_per_month": 2000},
        world={"newcomers_per_year": 0},
    )
    model = lived(config, 6, seed=2)
    people, rows = people_of(model), model.recording()
    assert np.allclose(people["charged"], 7.5 * people["months"])
    taken = rows[(rows["measure"] == "treatments") & (rows["a"] == "loyalty_reward") & (rows["b"] == "taken")]
    assert people["rewards"].sum() == 20.0 * taken["value"].sum() > 0.0
    assert (people["rewards"] % 20.0 == 0.0).all()
    cost = rows[(rows["measure"] == "treatments") & (rows["b"] == "cost_eur")]["value"].sum()
    sent = rows[(rows["measure"] == "treatments") & (rows["b"] == "contacted")]["value"].sum()
    assert cost == people["rewards"].sum() + 1.0 * sent  # a contact costs 1


@pytest.mark.parametrize(
    "policy",
    [
        {"policy": "uniform", "treatment": "loyalty_reward"},
        {"policy": "uniform", "treatment": "price_cut"},
        "price_war",
    ],
)
def test_treatment_money_of_people_adds_up_to_the_books(policy: Any) -> None:
    us = {**CLOSED, "share": "100%", "policy": policy}
    config = small_market(
        people=300,
        rules=LIVELY,
        us=us,
        rivals=NOBODY_ELSE,
        world={"newcomers_per_year": 0},
        guards={"budget_per_month": 200},
    )
    model = LifecycleModel(config, seed=5)
    model.start_recording()
    posted: list[int] = []
    model.observers.append(SimpleNamespace(month=lambda facts: posted.append(int(facts.postings[US, TREATMENT]))))
    for _ in range(8):
        model.step()
    rows = model.recording()
    spent = rows[(rows["measure"] == "treatments") & rows["b"].isin(["cost_eur", "given_up_eur"])]["value"].sum()
    people = people_of(model)
    start = rows[(rows["measure"] == "customers_by_cell") & (rows["month"] == -1)]["value"].sum()
    assert start == len(people) == 300  # everybody in the market
    assert people["treatment"].sum() == pytest.approx(spent, abs=0.02 * start)
    assert people["treatment"].sum() > 100
    cash = sum(posted) / 100.0  # what treatments cost, which profit has taken off
    own = rows[(rows["measure"] == "ledger") & (rows["institution"] == "us")].groupby("a")["value"].sum()
    margin = own[["interest", "fees", "deposit_margin", "funding", "servicing"]].sum()
    lost = 0.85 * own.get("credit_loss", 0.0)
    # of a charge-off people are charged the products' average loss given default of what they owed a month before
    assert people["profit"].sum() + cash == pytest.approx(margin + lost, rel=0.01)


def test_fates_are_what_happened() -> None:
    config = small_market(
        people=300,
        rules=LIVELY,
        rivals={},
        us={**CLOSED, "share": "100%", "policy": {"policy": "uniform", "treatment": "end"}},
        guards={"budget_per_month": 1e6},
        world={"newcomers_per_year": 0},
    )
    model = lived(config, 12, seed=1)
    people = people_of(model)
    told = people["fate"].str.contains("told to go")
    assert set(people["fate"]) <= set(FATES) and told.mean() > 0.9
    leavers = model.recording()
    leavers = leavers[(leavers["measure"] == "leavers") & (leavers["institution"] == "us")].groupby("a")["value"].sum()
    assert people["fate"].str.contains("charged off").sum() == leavers.get("charged_off", 0)
    ours = model.people["id"][model.people["provider"] == US].astype(str)
    assert set(people.index[people["fate"].str.contains("ours")]) == set(ours)
    nobody = people_of(lived(small_market(people=300, us=CLOSED), 6, seed=1))
    assert not nobody["fate"].str.contains("told").any() and (nobody["treatment"] == 0.0).all()


def test_who_asks_for_no_people_reads_none_of_their_rows(tmp_path: Any) -> None:
    table = lived(small_market(people=100), 2, seed=1).recording()
    write_run(tmp_path, "x", table, {"arm": "a", "replication": 0})
    pd.testing.assert_frame_equal(without_keys(read_run(tmp_path, "x").table).to_pandas(), table)
    for some in (["customers"], ["person/charged", "ledger"], ["person/months"], ["none"]):
        found = read_run(tmp_path, "x", some).table.to_pandas()
        assert found["a"].tolist() == table[table["measure"].isin(some)]["a"].tolist()

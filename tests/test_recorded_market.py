"""What is recorded of the market: flows that add up to who came and went, prices, and cohorts that lose nobody."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tenure.agents.offer import US
from tenure.agents.person import CAUSES, DECLINE
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.measures import DECLINED, JOINED, STILL, STILL_DECLINED
from tenure.simulation.recording.observing import MonthFacts
from tests.markets import LIVELY, lived, small_market

MONTHS = 16
OTHER = {"share": "15%", "quality": 0.1}


def market(**changes: Any) -> dict[str, Any]:
    """Return a market of two rivals in which many come and go."""
    rivals = {"bigbank": {"share": "35%", "quality": 0.2}, "other": OTHER}
    return small_market(people=900, rules=LIVELY, rivals=rivals, world={"newcomers_per_year": 0.1}, **changes)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The recording of such a market."""
    return lived(market(), MONTHS, seed=2).recording()


def of(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure."""
    return rows[rows["measure"] == measure]


def test_who_comes_to_an_institution_are_its_joiners_month_by_month(rows: pd.DataFrame) -> None:
    flows, joiners = of(rows, "flows"), of(rows, "joiners")
    came = flows[~flows["a"].isin(["nobody", "gone"])].groupby(["month", "a"])["value"].sum()
    joined = joiners.groupby(["month", "institution"])["value"].sum()
    assert len(joined) > 20 and came.to_dict() == joined.to_dict()


def test_who_goes_from_an_institution_to_another_are_those_poached_and_all_who_go_are_its_leavers(
    rows: pd.DataFrame,
) -> None:
    flows, leavers = of(rows, "flows"), of(rows, "leavers")
    went = flows[flows["institution"] != "nobody"]
    left = leavers.groupby(["month", "institution"])["value"].sum()
    assert went.groupby(["month", "institution"])["value"].sum().to_dict() == left.to_dict()
    poached = leavers[leavers["a"] == "poached"].groupby(["month", "institution"])["value"].sum()
    across = went[~went["a"].isin(["nobody", "gone"])].groupby(["month", "institution"])["value"].sum()
    assert len(poached) > 20 and across.to_dict() == poached.to_dict()


def test_flows_move_the_number_of_customers(rows: pd.DataFrame) -> None:
    flows = of(rows, "flows")
    customers = of(rows, "customers").pivot(index="month", columns="institution", values="value")
    for name in ("us", "bigbank", "other", "gone"):
        came = flows[flows["a"] == name].groupby("month")["value"].sum()
        went = flows[flows["institution"] == name].groupby("month")["value"].sum()
        change = came.sub(went, fill_value=0.0).reindex(range(MONTHS)).fillna(0.0)
        assert change.to_numpy().tolist() == customers[name].diff().dropna().to_numpy().tolist()


def test_only_flows_that_we_have_a_part_in_have_a_quadrant(rows: pd.DataFrame) -> None:
    flows = of(rows, "flows")
    ours = (flows["institution"] == "us") | (flows["a"] == "us")
    assert ours.any() and (~ours).any()
    assert (flows["b"] != "").tolist() == ours.tolist()


def test_with_us_alone_nobody_is_poached_and_without_a_return_nobody_is_won_back() -> None:
    alone = lived(small_market(people=300, rules=LIVELY, rivals={}, us={"share": "60%"}), 6, seed=1).recording()
    flows = of(alone, "flows")
    assert set(flows["institution"]) | set(flows["a"]) <= {"us", "nobody", "gone"}
    one_month = lived(market(), 1, seed=1).recording()
    assert len(of(one_month, "flows")) and not len(of(one_month, "won_back"))


def test_prices_are_those_posted_and_what_is_not_sold_has_none() -> None:
    cheap = {"share": "35%", "quality": 0.2, "apr": {"card": "17%"}, "products": ["card", "savings"]}
    found = of(lived(small_market(rivals={"bigbank": cheap}), 2).recording(), "posted_price")
    told = found[found["month"] == 1].set_index(["institution", "a"])["value"].to_dict()
    assert told == {
        ("us", "loan"): 9.9,
        ("us", "card"): 19.0,
        ("us", "savings"): -1.5,
        ("bigbank", "card"): 17.0,
        ("bigbank", "savings"): -1.5,
    }


def test_what_is_promised_to_who_comes_from_another_is_recorded_where_it_is() -> None:
    assert not len(of(lived(small_market(), 2).recording(), "poaching_offer"))
    config = small_market()
    config["rivals"]["bigbank"]["poaching"] = {"points": {"0": 0, "1": 4}, "months": 5, "money": 120}
    found = of(lived(config, 2).recording(), "poaching_offer")
    assert [tuple(row) for row in found[["month", "institution", "a", "value"]].itertuples(index=False)] == [
        (0, "bigbank", "money", 120.0),
        (1, "bigbank", "points", 4.0),
        (1, "bigbank", "months", 5.0),
        (1, "bigbank", "money", 120.0),
    ]


class Follows:
    """Follows each of our new customers in a plain list: month of joining, of the first decline, of the end."""

    def __init__(self) -> None:
        self.lives: list[dict[str, Any]] = []
        self.now: dict[int, dict[str, Any]] = {}

    def month(self, facts: MonthFacts) -> None:
        """Take down what happened to everybody."""
        for person, signal in zip(facts.people, facts.signals, strict=True):
            known = self.now.get(int(person["id"]))
            if signal["before"] == US and signal["provider"] != US and known is not None:
                known["end"], known["cause"] = facts.month, CAUSES[signal["cause"]]
                del self.now[int(person["id"])]
            elif signal["before"] != US and signal["provider"] == US:
                known = {"joined": facts.month}
                self.now[int(person["id"])] = known
                self.lives.append(known)
            if signal["provider"] == US and known is not None and person["stage"] == DECLINE:
                known.setdefault("declined", facts.month)


def test_cohorts_are_the_lives_of_those_who_joined_counted_once_each() -> None:
    model, follows = LifecycleModel(market(), seed=4), Follows()
    model.start_recording()
    model.observers.append(follows)
    for _ in range(MONTHS):
        model.step()
    wanted: dict[tuple[str, str], float] = {}
    for life in follows.lives:
        year, declined = 1 + life["joined"] // 12, "declined" in life
        end = life.get("end", MONTHS - 1)
        word = STILL_DECLINED if declined else STILL
        if "end" in life:
            word = f"left after decline: {life['cause']}" if declined else f"left: {life['cause']}"
        told = [(0, JOINED), (end - life["joined"], word)]
        told += [(life["declined"] - life["joined"], DECLINED)] if declined else []
        for months, what in told:
            wanted[f"{year}/{months}", what] = wanted.get((f"{year}/{months}", what), 0.0) + 1.0
    found = of(model.recording(), "cycle")
    assert found.set_index(["a", "b"])["value"].to_dict() == wanted
    assert len(follows.lives) > 100 and any("declined" in one for one in follows.lives)


def test_cohorts_may_be_told_in_between_and_end_the_same() -> None:
    once, twice = LifecycleModel(market(), seed=4), LifecycleModel(market(), seed=4)
    for model in (once, twice):
        model.start_recording()
    for month in range(14):
        once.step()
        twice.step()
        if month == 6:
            early = of(twice.recording(), "cycle")
            assert early["value"].sum() > 0 and set(early["month"]) == {6}
    told = [of(model.recording(), "cycle").to_numpy().tolist() for model in (once, twice)]
    assert told[0] == told[1]


def test_a_recording_that_begins_before_month_0_counts_years_from_its_own_beginning() -> None:
    early, later = LifecycleModel(market(), seed=4, first_month=-30), LifecycleModel(market(), seed=4, first_month=0)
    for model in (early, later):
        model.start_recording()
        for _ in range(3):
            model.step()
    joined = [of(model.recording(), "cycle").query("b == 'joined'") for model in (early, later)]
    assert all(set(one["a"]) == {"1/0"} for one in joined) and np.all([one["value"].sum() > 0 for one in joined])

"""What is refused uses up no quota: floors, capacity and the purse are given from the top to those who are served."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.agents.offer import US
from tenure.policies.guard.guard import Allowed, Guards, guard
from tenure.policies.guard.limits import Quota, from_the_top
from tenure.policies.plan import OfferChange, Plan, Treatments
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.guards import GuardSettings, InstitutionGuards
from tests.made_views import view_of
from tests.markets import LIVELY, small_market
from tests.test_guard_rules import EVERYTHING, guarded, let_through
from tests.test_guards import CATALOGUE, FREE, NAMES, served, sound


def in_order(*proposals: tuple[int, str]) -> Plan:
    """Return a list of (customer, treatment), repetitions kept."""
    customer, names = np.array([who for who, _ in proposals]), [NAMES.index(name) for _, name in proposals]
    none = np.zeros(len(proposals), np.int64)
    return Plan(Treatments(customer, np.array(names), np.full(len(proposals), np.nan), none, tuple(NAMES), ("",)))


def floor(share: float, of: str = "customers") -> dict[str, Any]:
    return {"name": "floor", "where": "otherwise", "share_of": of, "at_least": share}


def whom(plan: Plan, guards: Guards, customers: int = 10) -> list[tuple[int, str]]:
    return [(row, name) for row, name, _ in let_through(sound(customers), plan, guards)]


def test_a_customer_proposed_twice_uses_a_floor_once() -> None:
    plan = in_order((0, "end"), (0, "end"), (1, "end"), (2, "end"))
    assert whom(plan, guarded(structure=[floor(0.8)])) == [(0, "end"), (1, "end")]


def test_who_may_not_be_contacted_uses_no_floor() -> None:
    rows = sound(10)._beliefs.copy()
    rows["contact_history"][0] = 1
    guards = guarded(structure=[floor(0.9)])._replace(contacts_at_most=1, contacts_in_months=3)
    told = guard(in_order((0, "end"), (1, "end"), (2, "end")), view_of(rows), CATALOGUE, guards, EVERYTHING)
    assert served(told) == [(1, "end")] and told.refused == {"contacts": {"end": 1}, "floor": {"end": 1}}


def test_who_finds_no_capacity_uses_no_floor_and_may_get_the_next() -> None:
    plan = in_order((0, "end"), (1, "let_go"), (0, "let_go"))
    guards = guarded(structure=[floor(0.8)], capacity_per_month={"end": 0})
    told = guard(plan, sound(10), CATALOGUE, guards, EVERYTHING)
    assert served(told) == [(1, "let_go"), (0, "let_go")] and told.refused == {"capacity": {"end": 1}}


def test_savers_who_go_free_nothing_for_borrowers_who_may_stay() -> None:
    # net funding: a saver counts -1,000, so that ending one who is then refused must not let a borrower go
    rows = sound(4)._beliefs.copy()
    rows["deposit_cents"][0], rows["contact_history"][0] = 2200_00, 1
    limit = {"name": "floor", "where": "otherwise", "sum_of": "net_funding", "at_least_eur": 2400.0}
    guards = guarded(structure=[limit])._replace(contacts_at_most=1, contacts_in_months=3)
    assert let_through(view_of(rows), in_order((0, "end"), (1, "end")), guards) == []


def test_of_nothing_there_is_no_share_so_a_first_loan_can_be_sold() -> None:
    rows = sound(3)._beliefs.copy()
    rows["credit_cents"] = rows["revolving_cents"] = 0
    plan = in_order((0, "cross_sell_loan"))
    ceiling = {"where": "quadrant == low_risk_low_return", "share_of": "balance", "at_most": 0.5}
    rows["quadrant"] = 0
    assert let_through(view_of(rows), plan, guarded(structure=[ceiling])) != []
    assert let_through(view_of(rows), plan, guarded(structure=[{**ceiling, "at_most": 0.0}])) == []


def test_a_floor_and_a_purse_are_not_missed_by_a_rounding() -> None:
    rows = sound(25)._beliefs.copy()
    rows["quadrant"] = np.arange(25) // 8  # eight of 25 in the cell, and 28% of 25 is 7.000000000000001
    plan = in_order(*((who, "end") for who in range(8)))
    limit = {"quadrant": "low_risk_low_return", "share_of": "customers", "at_least": "28%"}
    assert len(let_through(view_of(rows), plan, guarded(structure=[limit]))) == 1
    all_of_them = in_order(*((who, "end") for who in range(43)))  # 1 EUR each of 0.1 * 43 / 0.1 EUR
    assert len(guard(all_of_them, sound(43), CATALOGUE, FREE, 0.1 * 43 / 0.1).contacts) == 43


def test_a_price_cut_for_all_is_paid_for_all_whoever_is_in_view() -> None:
    offer, book = OfferChange({"card": 1.0}), np.array([0.0, 24_000.0, 0.0])
    told: Allowed = guard(Plan(offer=offer), sound(10), CATALOGUE, FREE, 10.0, book)
    assert told.given_up_eur == pytest.approx(10.0) and told.offer == pytest.approx([0.0, 0.5, 0.0])


@settings(max_examples=100)
@given(st.integers(0, 40), st.integers(0, 3), st.integers(0, 9999))
def test_reading_the_list_once_gives_what_reading_it_one_by_one_gives(size: int, count: int, key: int) -> None:
    luck = np.random.default_rng(key)
    customer, free = luck.integers(0, 12, size), luck.random(size) < 0.8
    quotas = [
        Quota(f"{k}", float(luck.integers(-1, 12)), luck.integers(-2, 5, size).astype(float)) for k in range(count)
    ]
    given_, shut = from_the_top(customer, free, quotas)
    left, closed, got = [quota.at_most for quota in quotas], [size] * count, []
    for i in np.flatnonzero(free):
        mine = [k for k in range(count) if quotas[k].uses[i] >= 0]
        if customer[i] in customer[got] or any(closed[k] <= i for k in mine):
            continue
        small = next((k for k in mine if quotas[k].uses[i] > left[k]), None)
        if small is None:
            got.append(i)
            left = [have - max(quota.uses[i], 0.0) for have, quota in zip(left, quotas, strict=True)]
        else:
            closed[small] = i
    assert given_.tolist() == got
    for quota, away, where in zip(quotas, shut, closed, strict=True):
        assert np.array_equal(away, (np.arange(size) >= where) & (quota.uses >= 0))


def test_the_vulnerable_are_known_from_the_first_month() -> None:
    model = LifecycleModel(small_market(people=400, traits={"vulnerable": 0.5}), seed=0)
    model.open()
    model.observe()
    files = model.us.files
    ours = model.people["provider"][files.at] == US
    assert np.array_equal(files.beliefs["vulnerable"][ours], model.people["vulnerable"][files.at][ours])


def test_what_a_person_told_us_and_our_contacts_outlive_a_closed_file() -> None:
    config = small_market(people=3000, rules=LIVELY, traits={"vulnerable": 0.3}, guards={"contacts_at_most": 1})
    config["guards"] |= {"budget_per_month": 1e9, "contacts_in_months": 12}
    config["us"] |= {"existing_customers": ["open", "browsing"], "policy": {"policy": "random_trial"}}
    model, since, returned = LifecycleModel(config, seed=3), np.full(9999, -99), 0
    for _ in range(12):
        model.open()
        model.observe()
        files = model.us.files
        returned += int((since[files.at[files.joined]] >= 0).sum())
        model.decide()
        model.guard()
        contacts = model.dispatch.contacts
        rows = contacts["row"][(contacts["institution"] == US) & (model.effects["contact"][contacts["treatment"]] > 0)]
        assert (since[rows] < 0).all(), "once in twelve months, whatever became of the file in between"
        since[rows] = model.month
        model.live()
        model.settle()
        model.month += 1
    assert returned > 5 and (since >= 0).sum() > 100
    came_back = LifecycleModel(config, seed=3)
    came_back.restore(model.state())
    here = (model.people["provider"] >= 0) | (model.people["owed_before_cents"] > 0)
    assert np.array_equal(came_back.us.files.memory, files.memory[here])


def test_contacts_are_counted_no_further_than_they_are_remembered() -> None:
    assert GuardSettings(contacts_in_months=32).contacts_in_months == 32
    for months in (0, 48):
        with pytest.raises(ValidationError, match="from 1 to 32"):
            GuardSettings(contacts_in_months=months)


@pytest.mark.parametrize("name", ["contacts", "hardship"])
def test_a_limit_may_not_have_the_name_of_a_rule(name: str) -> None:
    with pytest.raises(ValidationError, match="rename the limit"):
        InstitutionGuards.model_validate({"structure": [{**floor(0.1), "name": name}]})

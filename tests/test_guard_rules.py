"""Dated rules, limits of structure, capacity and the price ceiling: kept whatever is planned, and counted by name."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.policies.guard.guard import Guards, guard
from tenure.policies.guard.rules import measured, shipped_rules
from tenure.policies.plan import Plan, Treatments
from tenure.policies.view import InstitutionView
from tenure.simulation.settings.guards import InstitutionGuards
from tests.made_views import KINDS, PRODUCTS, view_of, views
from tests.test_guards import CATALOGUE, NAMES, plans, sound

GROUP = {one.name: set(one.groups) for one in CATALOGUE}
EVERYTHING = 1e12


def guarded(**told: Any) -> Guards:
    """Return guards with a house's settings, and no limit of contacts."""
    own = InstitutionGuards.model_validate(told)
    rules, limits = own.dated_rules("2027-01"), tuple(one.limit() for one in own.structure)
    return Guards(EVERYTHING, 63, 1, 100.0 * own.price_ceiling, own.capacity_per_month, rules, limits)


def let_through(view: InstitutionView, plan: Plan, guards: Guards) -> list[tuple[int, str, float]]:
    """Return customer, treatment and amount of what the guard let through."""
    allowed = guard(plan, view, CATALOGUE, guards, EVERYTHING)
    return [(int(one["row"]), NAMES[one["treatment"]], float(one["amount"])) for one in allowed.contacts]


@settings(max_examples=60)
@given(plans())
def test_shipped_rules_are_kept_whatever_is_planned(case: tuple[InstitutionView, Plan]) -> None:
    view, plan = case
    for row, name, _ in let_through(view, plan, guarded()):
        groups = GROUP[name]
        assert not (view.opted_out[row] and "marketing" in groups)
        assert not (view.vulnerable[row] and groups & {"credit", "dearer"})
        if groups & {"marketing", "dearer"}:
            assert view.months_past_due[row] == 0 and view.months_since_arrears[row] >= 3
        if "credit" in groups:
            assert view.debt_to_income[row] <= 0.5 and view.default_per_year[row] < 0.15
        if "larger_line" in groups:
            assert 1.25 * view.line[row] <= 0.5 * 12 * view.income[row] * (1.0 + 1e-9)  # after the increase


@settings(max_examples=60)
@given(plans(), st.sampled_from(sorted(shipped_rules())))
def test_a_rule_switched_off_lets_through_what_it_alone_refused(case: tuple[InstitutionView, Plan], name: str) -> None:
    view, plan = case
    without = guarded(rules={name: "off"})
    assert name not in without.why()
    with_it, less = (guard(plan, view, CATALOGUE, one, EVERYTHING) for one in (guarded(rules={name: "on"}), without))
    assert name not in less.refused
    refused = sum(with_it.refused.get(name, {}).values())
    others = sum(sum(by.values()) for rule, by in less.refused.items()) + len(less.contacts)
    assert others == sum(sum(by.values()) for by in with_it.refused.values()) + len(with_it.contacts)
    if not refused:
        assert less.contacts.tolist() == with_it.contacts.tolist()


@pytest.mark.parametrize(("month", "holds"), [(-1, False), (0, True), (11, True), (12, False)])
def test_a_rule_holds_from_its_first_month_to_its_last(month: int, holds: bool) -> None:
    rule = {"forbids": ["end"], "when": "otherwise", "source": "by hand", "from": "2027-01", "until": "2027-12"}
    view = sound(1)
    view.__dict__["month"] = month
    told = guard(Plan(Treatments.of("end", [0])), view, CATALOGUE, guarded(rules={"mine": rule}), EVERYTHING)
    assert told.refused == ({"mine": {"end": 1}} if holds else {})


@settings(max_examples=60)
@given(views, st.floats(0.0, 1.0), st.sampled_from(["customers", "balance", "card", "capital"]))
def test_a_floor_is_never_broken_by_what_winds_down(view: InstitutionView, floor: float, of: str) -> None:
    limit = {"where": "quadrant == low_risk_low_return", "share_of": of, "at_least": floor}
    order = np.argsort(view.person_id)
    plan = Plan(Treatments.of("end", order))
    gone = [row for row, _, _ in let_through(view, plan, guarded(structure=[limit]))]
    cell, counts = view.quadrant == 0, measured(of, view)
    lost = counts[gone][cell[gone]].sum()
    assert counts[cell].sum() - lost >= floor * counts.sum() - 1e-6 * (1 + counts.sum()) or lost == 0
    free = [row for row, _, _ in let_through(view, plan, guarded())]
    assert {row for row in free if not cell[row]} <= set(gone)  # nobody else is held back


@settings(max_examples=60)
@given(views, st.floats(0.0, 1.0))
def test_a_full_cell_gets_no_more(view: InstitutionView, ceiling: float) -> None:
    limit = {"quadrant": "high_risk_low_return", "share_of": "balance", "at_most": ceiling}
    plan = Plan(Treatments.of("loyalty_reward", np.argsort(view.person_id)))
    rewarded = [row for row, _, _ in let_through(view, plan, guarded(structure=[{**limit, "stops": ["marketing"]}]))]
    cell, whole = view.quadrant == 2, view.balance.sum()
    beyond = view.balance[cell].sum() - ceiling * whole
    nothing_of_nothing = whole == 0.0 < ceiling  # of nothing there is no share
    if beyond >= 0.0 and not nothing_of_nothing:
        assert not cell[rewarded].any()
    if beyond < -1e-6 * (1.0 + whole) or nothing_of_nothing:  # within a rounding of its ceiling a cell counts as full
        assert rewarded == [row for row, _, _ in let_through(view, plan, guarded())]


@settings(max_examples=60)
@given(plans(), st.integers(0, 30), st.sampled_from(["all", "care", "loyalty_reward", "marketing"]))
def test_capacity_is_never_passed(case: tuple[InstitutionView, Plan], many: int, word: str) -> None:
    view, plan = case
    served = let_through(view, plan, guarded(capacity_per_month={word: many}))
    of_it = [name for _, name, _ in served if word in ("all", name) or word in GROUP[name]]
    assert len(of_it) <= many


@settings(max_examples=60)
@given(views, st.floats(0.0, 40.0), st.sampled_from(["24%", "36%"]))
def test_no_price_passes_the_ceiling(view: InstitutionView, points: float, ceiling: str) -> None:
    plan = Plan(Treatments.of("reprice", np.arange(len(view)), amount=points))
    lends = [index for index, kind in enumerate(KINDS) if kind != "deposit"]
    dearest = [
        max((view.list_prices[k] for k in lends if view.holds(PRODUCTS[k])[row]), default=0.0)
        for row in range(len(view))
    ]
    for row, _, amount in let_through(view, plan, guarded(price_ceiling=ceiling)):
        assert dearest[row] + view.premium[row] + amount <= float(ceiling.rstrip("%")) + 1e-9


def test_the_two_levels_can_disagree() -> None:
    # four customers owe 100, 100, 100 and 900: each quarter of the heads, but the last owes three quarters of the money
    rows = sound(4)._beliefs.copy()
    rows["credit_cents"] = rows["revolving_cents"] = [100_00, 100_00, 100_00, 900_00]
    rows["quadrant"] = [0, 0, 0, 3]
    view = view_of(rows)
    plan = Plan(Treatments.of("line_increase", [0, 3]))
    cell = {"quadrant": "high_risk_high_return", "at_most": "50%"}
    by_heads, by_money = (
        [row for row, _, _ in let_through(view, plan, guarded(structure=[{**cell, "share_of": of}]))]
        for of in ("customers", "balance")
    )
    assert (by_heads, by_money) == ([0, 3], [0])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"rules": {"hardshp": "off"}}, "Did you mean 'hardship'"),
        ({"rules": {"mine": {"forbids": ["end"], "when": "otherwise"}}}, "needs source"),
        ({"rules": {"budget": {"forbids": ["end"], "when": "otherwise", "source": "x"}}}, "rename yours"),
        ({"rules": {"mine": {"forbids": ["end"], "when": "quadrnt == 3", "source": "x"}}}, "Did you mean 'quadrant'"),
        ({"rules": {"hardship": {"from": "soon"}}}, "2027-01"),
        ({"structure": [{"quadrant": "low_risk_low_return", "at_least": "20%"}]}, "share_of"),
        ({"structure": [{"share_of": "balance", "at_least": "20%"}]}, "needs its cell"),
        ({"structure": [{"quadrant": "low_risk_low_return", "share_of": "balance"}]}, "at_least or at_most"),
        (
            {"structure": [{"where": "line > 0", "share_of": "line", "at_least": "50%", "at_most": "20%"}]},
            "lower one or raise the other",
        ),
    ],
)
def test_settings_that_make_no_sense_say_so(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        InstitutionGuards.model_validate(told)
    assert message in str(error.value)


@settings(max_examples=40)
@given(plans(), st.integers(0, 20))
def test_every_treatment_served_has_its_reason(case: tuple[InstitutionView, Plan], many: int) -> None:
    view, plan = case
    reasoned = Treatments.each(
        plan.treatments.names, plan.treatments.treatment, plan.treatments.customer, because="a reason"
    )
    told = guard(Plan(reasoned), view, CATALOGUE, guarded(capacity_per_month={"all": many}), EVERYTHING)
    assert told.because == ({"a reason": len(told.contacts)} if len(told.contacts) else {})
    assert len(told.contacts) <= told.customers_proposed <= len(view)

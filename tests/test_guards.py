"""The guard: no rule is ever broken, every refusal is counted, the list is served from the top."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.policies.guard.guard import Allowed, Guards, guard
from tenure.policies.plan import OfferChange, Plan, Treatments
from tenure.policies.treatments import catalogue
from tenure.policies.view import InstitutionView
from tests.made_views import KINDS, MEANS, PRODUCTS, beliefs_of, view_of, views

CATALOGUE = catalogue(dict(zip(PRODUCTS, KINDS, strict=True)))
NAMES = [treatment.name for treatment in CATALOGUE]
CONTACTS = np.array([treatment.contact > 0 for treatment in CATALOGUE])
FREE = Guards(contacts_at_most=63, contacts_in_months=1)


def sound(customers: int) -> InstitutionView:
    """Return customers to whom anything may be offered that they do not hold: a card each, 1,200 EUR owed."""
    rows = beliefs_of(customers, 1)
    rows["held"], rows["months_past_due"], rows["ending"], rows["contact_history"] = 0, 0, 0, 0
    rows["opted_out"], rows["vulnerable"], rows["let_go"], rows["lending_stopped"], rows["premium"] = 0, 0, 0, 0, 0.0
    rows["months_since_arrears"], rows["income"] = 999, 2000.0
    rows["held"][:, 1], rows["line_cents"], rows["default_per_year"] = 1, 5000_00, 0.02
    rows["credit_cents"], rows["revolving_cents"], rows["deposit_cents"] = 1200_00, 1200_00, 0
    return view_of(rows)


@st.composite
def plans(draw: st.DrawFn) -> tuple[InstitutionView, Plan]:
    """Return customers and a disorderly list for them, with repetitions."""
    view = draw(views)
    size = draw(st.integers(0, 80)) if len(view) else 0
    luck = np.random.default_rng(draw(st.integers(0, 9999)))
    codes = luck.integers(0, len(NAMES), size)
    takes = np.isin(codes, [NAMES.index("loyalty_reward"), NAMES.index("price_cut")])
    amount = np.where(takes & (luck.random(size) < 0.7), luck.random(size) * 40.0, np.nan)
    customer = luck.integers(0, max(len(view), 1), size)
    listed = Treatments(customer, codes, amount, np.zeros(size, np.int64), tuple(NAMES), ("",))
    offer = OfferChange(luck.random(3) * 3.0) if draw(st.booleans()) else None
    return view, Plan(listed, offer=offer)


budgets = st.one_of(st.floats(0, 3000), st.just(float("inf")))


def total(counts: dict[str, dict[str, int]]) -> int:
    """Return all refusals of treatments."""
    return sum(count for per in counts.values() for name, count in per.items() if not name.startswith("offer_"))


@settings(max_examples=50)
@given(plans(), budgets, st.integers(0, 3), st.integers(1, 6))
def test_no_rule_is_ever_broken(
    case: tuple[InstitutionView, Plan], budget: float, at_most: int, in_months: int
) -> None:
    view, plan = case
    allowed = guard(plan, view, CATALOGUE, Guards(0.0, at_most, in_months), budget)
    assert allowed.spent_eur + allowed.given_up_eur <= budget * (1 + 1e-9)
    rows = allowed.contacts["row"]
    assert len(set(rows.tolist())) == len(rows)
    contacted = CONTACTS[allowed.contacts["treatment"]]
    assert np.all(view.contacts_within(in_months - 1)[rows[contacted]] < at_most)
    assert np.all(view.ending[rows] == 0)
    courted = np.array(["marketing" in one.groups for one in CATALOGUE])[allowed.contacts["treatment"]]
    assert np.all(view.months_past_due[rows[courted]] == 0)
    for index, product in enumerate(PRODUCTS):
        assert not view.holds(product)[rows[allowed.contacts["treatment"] == 1 + index]].any()


@settings(max_examples=50)
@given(plans(), budgets)
def test_everything_proposed_is_served_or_refused_once(case: tuple[InstitutionView, Plan], budget: float) -> None:
    view, plan = case
    allowed = guard(plan, view, CATALOGUE, Guards(), budget)
    asked = int(np.sum(plan.treatments.treatment != 0))
    assert sum(allowed.proposed.values()) == asked == len(allowed.contacts) + total(allowed.refused)
    assert np.all(np.diff(allowed.served) > 0)
    assert np.array_equal(plan.treatments.customer[allowed.served], allowed.contacts["row"])
    assert np.all(allowed.contacts["institution"] == view.me)


@settings(max_examples=50)
@given(plans(), st.floats(0, 2000), st.floats(0, 2000))
def test_more_money_serves_all_that_less_did(case: tuple[InstitutionView, Plan], one: float, two: float) -> None:
    view, plan = case
    less = guard(plan, view, CATALOGUE, FREE, min(one, two))
    more = guard(plan, view, CATALOGUE, FREE, max(one, two))
    assert more.contacts[: len(less.contacts)].tolist() == less.contacts.tolist()


def served(allowed: Allowed) -> list[tuple[int, str]]:
    """Return customer and treatment of each contact."""
    return [(int(contact["row"]), NAMES[contact["treatment"]]) for contact in allowed.contacts]


def test_the_list_stops_where_the_money_ends() -> None:
    dear, cheap = Treatments.of("loyalty_reward", [0, 1]), Treatments.of("line_increase", [2, 3])
    allowed = guard(Plan(Treatments.joined([dear, cheap])), sound(4), CATALOGUE, FREE, 61.99)
    assert served(allowed) == [(0, "loyalty_reward")]  # 31 each: contact and reward; 30.99 left serve nobody below
    assert allowed.refused == {"budget": {"loyalty_reward": 1, "line_increase": 2}}
    enough = guard(Plan(Treatments.joined([dear, cheap])), sound(4), CATALOGUE, FREE, 64.0)
    assert len(enough.contacts) == 4 and enough.spent_eur == 64.0 and not enough.refused


def test_a_price_cut_is_paid_for_its_whole_year() -> None:
    plan = Plan(Treatments.of("price_cut", [0, 1, 2], amount=2.0))
    allowed = guard(plan, sound(3), CATALOGUE, FREE, 50.0)  # 1 + 2% of 1,200 = 25 each
    assert len(allowed.contacts) == 2 and (allowed.spent_eur, allowed.given_up_eur) == (2.0, 48.0)
    assert allowed.contacts["amount"].tolist() == [2.0, 2.0]
    other = catalogue(dict(zip(PRODUCTS, KINDS, strict=True)), {"price_cut": {"lasts_months": 6}})
    assert guard(plan, sound(3), other, FREE, 50.0).given_up_eur == 36.0


def test_contacts_of_the_months_before_count() -> None:
    rows = sound(4)._beliefs.copy()
    rows["contact_history"] = [0b0, 0b1, 0b11, 0b1100]
    plan = Plan(Treatments.of("line_increase", [0, 1, 2, 3]))
    allowed = guard(plan, view_of(rows), CATALOGUE, Guards(0.0, 2, 3), 100.0)
    assert [who for who, _ in served(allowed)] == [0, 1, 3] and allowed.refused == {"contacts": {"line_increase": 1}}
    never = guard(plan, view_of(rows), CATALOGUE, Guards(0.0, 0, 3), 100.0)
    assert not len(never.contacts)
    silent = catalogue(dict(zip(PRODUCTS, KINDS, strict=True)), {"line_increase": {"contact": 0}})
    assert len(guard(plan, view_of(rows), silent, Guards(0.0, 0, 3), 100.0).contacts) == 4


def test_who_is_refused_one_treatment_may_get_the_next() -> None:
    twice = Treatments(
        np.array([0, 0, 0]),
        np.array([2, 6, 8]),  # cross_sell_card, which is held; then two that are allowed
        np.full(3, np.nan),
        np.zeros(3, np.int64),
        tuple(NAMES),
        ("",),
    )
    allowed = guard(Plan(twice), sound(1), CATALOGUE, FREE, 100.0)
    assert served(allowed) == [(0, NAMES[6])]
    assert allowed.refused == {"not_eligible": {"cross_sell_card": 1}, "already_treated": {NAMES[8]: 1}}


def test_what_the_treatments_leave_pays_for_the_offer() -> None:
    view = sound(10)  # 12,000 EUR on cards: one point costs 10 EUR a month
    offer = OfferChange({"card": 2.0, "loan": 1.0})
    whole = guard(Plan(offer=offer), view, CATALOGUE, FREE, 20.0)
    assert whole.offer is not None and whole.offer.tolist() == [1.0, 2.0, 0.0] and not whole.refused
    assert whole.given_up_eur == pytest.approx(20.0)
    plan = Plan(Treatments.of("line_increase", [0, 1, 2, 3, 4]), offer=offer)
    half = guard(plan, view, CATALOGUE, FREE, 15.0)
    assert half.offer is not None and half.offer == pytest.approx([1.0, 1.0, 0.0])
    assert half.refused == {"budget": {"offer_card": 1}} and half.spent_eur + half.given_up_eur <= 15.0
    assert guard(Plan(), view, CATALOGUE, FREE, 15.0).offer is None


@settings(max_examples=50)
@given(views, st.lists(st.integers(0, 80), min_size=3, max_size=3), st.floats(0, 500))
def test_a_trimmed_offer_keeps_its_proportions(view: InstitutionView, quarters: list[int], budget: float) -> None:
    cuts = np.array(quarters) / 4.0
    allowed = guard(Plan(offer=OfferChange(cuts)), view, CATALOGUE, FREE, budget)
    assert allowed.offer is not None and np.all(allowed.offer <= cuts) and np.all(allowed.offer >= 0)
    cost = sum(cut / 1200 * view.balance_of(name).sum() for cut, name in zip(allowed.offer, PRODUCTS, strict=True))
    assert cost <= budget + 1e-9 and cost == pytest.approx(allowed.given_up_eur, abs=1e-6)
    paid = [index for index in range(3) if cuts[index] > 0 and view.balance_of(PRODUCTS[index]).sum() > 0]
    shares = [allowed.offer[index] / cuts[index] for index in paid]
    assert not shares or max(shares) - min(shares) < 1e-6


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (Treatments.of("loyalty_rewrad", [0]), "Did you mean 'loyalty_reward'"),
        (Treatments.of("end", [99]), "not in view"),
        (Treatments.of("end", [0], amount=3.0), "takes no amount"),
        (Treatments.of("loyalty_reward", [0], amount=1e9), "at most"),
    ],
)
def test_a_plan_that_makes_no_sense_is_an_error(listed: Treatments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        guard(Plan(listed), sound(3), CATALOGUE, FREE, 100.0)


def test_no_money_no_contacts_and_no_plan_no_cost() -> None:
    assert not len(guard(Plan(Treatments.of("end", [0])), sound(1), CATALOGUE, FREE, 0.0).contacts)
    nothing = guard(Plan(), sound(1), CATALOGUE, FREE, 0.0)
    assert (nothing.spent_eur, nothing.given_up_eur, nothing.proposed, nothing.refused) == (0.0, 0.0, {}, {})
    with pytest.raises(ValueError, match="budget must be a number"):
        guard(Plan(), sound(1), CATALOGUE, FREE, float("nan"))


def test_what_has_no_balance_has_no_rate_to_cut() -> None:
    """Points off a product that only costs a fee would please people, and cost nothing."""
    posted = sound(1).posted._replace(kinds=("instalment", "fee", "deposit"))
    fees = InstitutionView(beliefs_of(10, 1), posted, 1, 5, posted.prices[1], 4000.0, 7, 3, means=MEANS)
    allowed = guard(Plan(offer=OfferChange(np.array([1.0, 2.0, 0.5]))), fees, CATALOGUE, FREE, 1e9)
    assert allowed.offer is not None and allowed.offer.tolist() == [1.0, 0.0, 0.5]

"""A plan is checked where the model takes it, however it was made, and is the model's own from then on."""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.policies.guard.guard import by_catalogue
from tenure.policies.plan import Acquisition, OfferChange, Plan, Treatments, as_plan
from tenure.policies.shelf import SHELF
from tenure.simulation.institutions.asking import PlanError, plan_of
from tenure.simulation.model import LifecycleModel
from tests.made_views import MEANS, PRODUCTS, beliefs_of, view_of
from tests.markets import small_market

BUDGET = {
    "letters": {"budget_per_month": 50, "cost_per_contact": 1.0},
    "radio": {"contacts_per_person_per_month": 0.1, "cost_per_contact": 1.0},
}
MODEL = LifecycleModel(small_market(us={"acquisition": BUDGET}), seed=1)
MODEL.step()
CUSTOMERS = len(MODEL.us.view)
NAMES = ("none", "loyalty_reward", "price_cut", "end")
MOST = (0.0, 1e6, 100.0, 0.0)
"""The largest amounts of NAMES: EUR up to the catalogue's limit, points up to 100; 0: takes none."""
GOOD: dict[str, Any] = {
    "customer": np.array([0, 1, 2]),
    "treatment": np.array([1, 2, 3]),
    "amount": np.array([5.0, 1.0, np.nan]),
    "because": np.array([0, 0, 1]),
    "names": NAMES,
    "reasons": ("a", "b"),
}


def forged(kind: type, **values: Any) -> Any:
    """Return an object of a dataclass that no constructor has seen."""
    made = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def taken(decided: Any) -> Plan:
    """Return what the model takes of what our policy, called 'mine', decided."""
    policy = SimpleNamespace(name="mine", decide=lambda view: decided)
    return plan_of("us", policy, MODEL.us.view, MODEL.treatments, MODEL.us.purse)


def test_there_are_customers_to_plan_for() -> None:
    assert CUSTOMERS > 10 and set(NAMES) <= set(MODEL.us.view.treatments)


@st.composite
def good_columns(draw: st.DrawFn) -> dict[str, Any]:
    """Columns of a valid plan, in any types of whole numbers and of floats."""
    rows = draw(st.lists(st.tuples(st.integers(0, CUSTOMERS - 1), st.integers(0, 3), st.integers(0, 1))))
    amount = [draw(st.just(np.nan) | st.floats(0.0, MOST[code], width=32)) for _, code, _ in rows]
    whole = st.sampled_from([np.int8, np.int32, np.int64, np.uint8, np.uint64])
    customer, treatment, because = (np.array([row[k] for row in rows], np.int64).astype(draw(whole)) for k in range(3))
    floats = np.array(amount, draw(st.sampled_from([np.float32, np.float64])))
    return {
        "customer": customer,
        "treatment": treatment,
        "amount": floats,
        "because": because,
        "names": NAMES,
        "reasons": ("a", "b"),
    }


@settings(deadline=None)
@given(good_columns())
def test_what_is_sound_is_taken_as_it_is_and_kept_from_later_changes(columns: dict[str, Any]) -> None:
    given_ = {name: np.array(value) for name, value in columns.items()}
    plan = taken(forged(Treatments, **columns)).treatments
    for name in ("customer", "treatment", "amount", "because"):
        mine = getattr(plan, name)
        assert mine.dtype == (np.float64 if name == "amount" else np.int64)
        assert not np.shares_memory(mine, columns[name])
        columns[name][:] = 0
        assert np.array_equal(mine, given_[name], equal_nan=name == "amount")


class Strange(np.ndarray[Any, Any]):
    """An array that is no plain one."""


BROKEN: list[tuple[str, Any, str]] = [
    ("customer", np.array([0, 1, -1]), "negative"),
    ("customer", np.array([0, 1, CUSTOMERS]), "not in view"),
    ("customer", np.array([0, 1, 2**64 - 1], np.uint64), "negative"),
    ("customer", np.array([0.0, 1.0, 2.0]), "whole numbers"),
    ("customer", np.array([True, False, True]), "whole numbers"),
    ("customer", np.array([0, 1, 2], object), "whole numbers"),
    ("customer", np.array(["0", "1", "2"]), "whole numbers"),
    ("customer", [0, 1, 2], "plain NumPy array"),
    ("customer", np.array([[0], [1], [2]]), "one dimension"),
    ("customer", np.array([0, 1, 2]).view(Strange), "plain NumPy array"),
    ("customer", np.array([0, 1]), "differ in length"),
    ("treatment", np.array([1, 2, -1]), "a code is an index"),
    ("treatment", np.array([1, 2, 4]), "a code is an index"),
    ("treatment", np.array([1.0, 2.0, 3.0]), "whole numbers"),
    ("because", np.array([0, 0, 2]), "a reason is an index"),
    ("because", np.array([0, -1, 0]), "a reason is an index"),
    ("amount", np.array([-1.0, np.nan, np.nan]), "0 or more"),
    ("amount", np.array([np.inf, np.nan, np.nan]), "finite"),
    ("amount", np.array([1j, 1.0, np.nan]), "numbers in a plain"),
    ("amount", np.array([True, True, False]), "numbers in a plain"),
    ("amount", np.array([1.0, 1e6, np.nan]), "at most 100 points"),
    ("amount", np.array([1e7, 1.0, np.nan]), "at most 1e+06 EUR"),
    ("amount", np.array([1.0, 1.0, 1.0]), "'end' takes no amount"),
    ("names", ("none", "loyalty_rewrad", "price_cut", "end"), "Did you mean 'loyalty_reward'"),
    ("names", "none", "tuples of words"),
    ("names", ("none", 1, "price_cut", "end"), "tuples of words"),
    ("reasons", ("a", None), "tuples of words"),
    ("reasons", None, "tuples of words"),
]


@pytest.mark.parametrize(("part", "value", "words"), BROKEN)
def test_one_wrong_part_is_refused_with_policy_and_reason(part: str, value: Any, words: str) -> None:
    decided = forged(Treatments, **GOOD | {part: value})
    with pytest.raises(PlanError, match=r"policy 'mine' of us, month 0: ") as error:
        taken(decided)
    assert words in str(error.value)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["customer", "treatment", "because"]))
def test_an_index_is_taken_only_from_where_it_points_into(index: int, part: str) -> None:
    into = {"customer": CUSTOMERS, "treatment": 4, "because": 2}[part]
    column = GOOD[part].copy()
    column[0] = index
    decided = forged(Treatments, **GOOD | {part: column, "amount": np.full(3, np.nan)})
    if 0 <= index < into:
        assert getattr(taken(decided).treatments, part)[0] == index
    else:
        with pytest.raises(PlanError):
            taken(decided)


def mutated() -> Treatments:
    made = Treatments.of("end", [0, 1])
    made.customer[1] = 10**9
    return made


class Disguised(Treatments):
    """Proposals that skip the checks, and look short."""

    def __post_init__(self) -> None:
        """Check nothing."""

    def __len__(self) -> int:
        return 0


ROUNDABOUT: dict[str, Callable[[], Any]] = {
    "mutated after construction": mutated,
    "a subclass without checks": lambda: Disguised(**GOOD | {"customer": np.array([0, 1, 10**9])}),
    "a constructor passed by": lambda: object.__new__(Treatments),
    "no plan": lambda: [("end", 3)],
    "nothing": lambda: None,
    "a list for treatments": lambda: forged(Plan, treatments=[1], acquisition=None, offer=None),
    "a mapping for an offer": lambda: Plan(offer={"card": 1.0}),  # type: ignore[arg-type]  # what is refused
    "a number for money": lambda: Plan(acquisition=0.5),  # type: ignore[arg-type]  # what is refused
}


@pytest.mark.parametrize("how", ROUNDABOUT)
def test_no_way_leads_round_the_checks(how: str) -> None:
    with pytest.raises(PlanError, match="policy 'mine'"):
        taken(ROUNDABOUT[how]())


def test_the_constructor_refuses_a_code_without_a_name() -> None:
    for code in (-1, 2, 10**9):
        with pytest.raises(ValueError, match="a code is an index"):
            Treatments.each(("none", "end"), np.array([0, code]), [1, 2])
    with pytest.raises(ValueError, match="a code is an index"):
        dataclasses.replace(Treatments.of("end", [1]), treatment=np.array([1]))
    with pytest.raises(ValueError, match="an amount is a number"):
        Treatments.of("end", [1], amount=["3"])


def test_plans_of_nothing_stay_valid() -> None:
    for nothing in (
        Plan(),
        Treatments.none(),
        Treatments.of("end", []),
        Treatments.joined([]),
        Plan(offer=OfferChange()),
    ):
        assert len(taken(nothing).treatments) == 0
    empty = view_of(beliefs_of(0, 1))
    number, amount = by_catalogue(as_plan(Treatments.none()).treatments, empty, MEANS.treatments)
    assert len(number) == len(amount) == len(empty) == 0


# offers, and money for new customers


NAN, INF = float("nan"), float("inf")
OFFERS: list[tuple[Any, str]] = [
    ({"card": -1.0}, "0 or more"),
    ({"card": NAN}, "0 or more"),
    ({"card": INF}, "at most 100"),
    ({"card": 100.5}, "at most 100"),
    ({"card": "1"}, "number of points"),
    ({"card": True}, "number of points"),
    ({"card": 1j}, "number of points"),
    ({"cart": 1.0}, "Did you mean 'card'"),
    (np.zeros(2), "one cut for each product"),
    (np.array([0.0, 0.0, 1e6]), "at most 100"),
    (np.array([0.0, 0.0, NAN]), "0 or more"),
    (np.array([0, 1, 0], object), "numbers of points"),
    (np.array([True, False, True]), "numbers of points"),
    (None, "numbers of points"),
]


@pytest.mark.parametrize(("cuts", "words"), OFFERS)
def test_an_impossible_offer_is_refused(cuts: Any, words: str) -> None:
    with pytest.raises(PlanError, match="policy 'mine'") as error:
        taken(Plan(offer=OfferChange(cuts)))
    assert words in str(error.value)


def test_an_offer_is_kept_from_later_changes() -> None:
    for cuts in (np.array([0.0, 1.5, 100.0]), {"card": 1.5, "savings": 100}):
        offer = taken(Plan(offer=OfferChange(cuts))).offer
        cuts[1 if isinstance(cuts, np.ndarray) else "card"] = 9.0
        assert offer is not None and offer.points(PRODUCTS).tolist() == [0.0, 1.5, 100.0]


SPLITS: list[tuple[Any, Any, str]] = [
    ({"letters": -1.0}, None, "0 or more"),
    ({"letters": NAN}, None, "0 or more"),
    ({"letters": INF}, None, "finite"),
    ({"letters": "1"}, None, "finite"),
    ({"letters": None}, None, "finite"),
    ({"letters": 0.0}, None, "all weights are 0"),
    ({"leters": 1.0}, None, "Did you mean 'letters'"),
    ({"radio": 1.0}, None, "no channel 'radio' has a budget"),
    ([("letters", 1.0)], None, "a mapping"),
    ({}, NAN, "between 0 and 1"),
    ({}, -0.1, "between 0 and 1"),
    ({}, 1.1, "between 0 and 1"),
    ({}, "1", "between 0 and 1"),
    ({}, True, "between 0 and 1"),
]


@pytest.mark.parametrize(("weights", "share", "words"), SPLITS)
def test_an_impossible_split_of_money_is_refused(weights: Any, share: Any, words: str) -> None:
    with pytest.raises(PlanError, match="policy 'mine'") as error:
        taken(Plan(acquisition=forged(Acquisition, weights=weights, share=share)))
    assert words in str(error.value)


def test_a_split_of_money_is_kept_from_later_changes() -> None:
    weights = {"letters": 2.0}
    split = taken(Plan(acquisition=Acquisition(weights, 0.25))).acquisition
    weights["letters"] = NAN
    assert split == Acquisition({"letters": 2.0}, 0.25)


# whose policy it is


@dataclasses.dataclass(frozen=True)
class Wild:
    """Treats somebody who is not there."""

    name = "wild"

    def decide(self, view: Any) -> Treatments:
        """Return a customer too many."""
        return Treatments.of("end", [len(view)])


@pytest.mark.parametrize("whose", ["us", "bigbank"])
def test_rivals_keep_to_the_same_rules(whose: str) -> None:
    config = small_market()
    (config["us"] if whose == "us" else config["rivals"][whose])["policy"] = "wild"
    model = LifecycleModel(config, seed=0, known={**SHELF, "wild": Wild})
    with pytest.raises(PlanError, match=f"policy 'wild' of {whose}, month 0: plan: customer .* is not in view"):
        model.step()


class Regretful:
    """Gives a reward to its first customer, and changes its mind about everything once it has been taken."""

    name = "regretful"

    def __init__(self) -> None:
        self.given: list[Plan] = []

    def decide(self, view: Any) -> Plan:
        """Return the same each month, after having spoilt last month's."""
        for old in self.given:
            old.treatments.customer[:] = 10**6
            old.treatments.amount[:] = NAN
        self.given.append(Plan(Treatments.of("loyalty_reward", [0], amount=7.0)))
        return self.given[-1]


def test_a_plan_taken_stays_as_it_was_taken() -> None:
    model = LifecycleModel(small_market(), seed=0)
    policy = Regretful()
    model.us.policy = policy
    model.step()
    plan = model.us.plan.treatments
    policy.decide(model.us.view)
    assert plan.customer.tolist() == [0] and plan.amount.tolist() == [7.0]

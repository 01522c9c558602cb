"""The view, the plan and the catalogue of treatments."""

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.belief import BELIEF, Belief
from tenure.agents.chance import POLICY, address, draw4
from tenure.agents.declaring import fields_of
from tenure.agents.treatment import EFFECT
from tenure.policies.columns import FIELDS, condition_fields
from tenure.policies.plan import Acquisition, OfferChange, Plan, Treatments, as_plan, first_of_each
from tenure.policies.treatments import NUMBERS, catalogue, effects_table
from tenure.policies.view import InstitutionView
from tests.made_views import INSTITUTIONS, KINDS, PRODUCTS, as_rows, beliefs_of, view_of, views

CATALOGUE = catalogue(dict(zip(PRODUCTS, KINDS, strict=True)))


# the view


def test_every_column_is_read_only_contiguous_and_one_number_a_customer() -> None:
    view = view_of(beliefs_of(20, 1))
    for name in FIELDS:
        column = getattr(view, name)
        assert column.shape == (20,) and column.flags.c_contiguous and not column.flags.writeable
        assert column is getattr(view, name)
        assert np.array_equal(column, view.column(name))


def test_nothing_of_the_view_can_be_written() -> None:
    rows = beliefs_of(5, 1)
    view = view_of(rows)
    before = rows.copy()
    for name in ("balance", "month", "prices", "something_new"):
        with pytest.raises(AttributeError, match="cannot be written"):
            setattr(view, name, 1)
    with pytest.raises(AttributeError):
        del view.month
    for array in (view.prices, view.list_prices, view.leave_per_year):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert np.array_equal(rows, before)


def test_the_view_offers_no_protected_attribute() -> None:
    assert not {"group", "age_years"} & (set(FIELDS) | {name for name in dir(InstitutionView) if name[0] != "_"})


def test_every_column_says_what_it_means() -> None:
    assert all(field.meaning for field in FIELDS.values())
    assert FIELDS["leave_per_year"].unit == fields_of(Belief)["leave_per_year"].unit


def test_columns_by_hand() -> None:
    rows = np.zeros(2, BELIEF)
    rows["held"][:, :3] = [[1, 1, 0], [0, 0, 1]]
    rows["credit_cents"], rows["revolving_cents"], rows["line_cents"] = [500_00, 0], [200_00, 0], [800_00, 0]
    rows["deposit_cents"] = [0, 70_00]
    rows["contact_history"] = [0b1011, 0]
    rows["need_yes"][0, 1], rows["need_no"][0, 1] = 3.0, 1.0
    view = view_of(rows)
    assert view.balance.tolist() == [500.0, 0.0] and view.deposits.tolist() == [0.0, 70.0]
    assert view.utilisation.tolist() == [0.25, 0.0] and view.products_held.tolist() == [2, 1]
    assert view.balance_of("loan").tolist() == [300.0, 0.0] and view.balance_of("card").tolist() == [
        200.0,
        0.0,
    ]
    assert view.balance_of("savings").tolist() == [0.0, 70.0]
    assert [view.contacts_within(months)[0] for months in (0, 1, 2, 3, 4, 63, 100)] == [0, 1, 2, 2, 3, 3, 3]
    assert view.need("card").tolist() == [0.75, 0.5] and view.holds("card").tolist() == [True, False]
    assert view.column("holds_card").tolist() == [1, 0] and view.column("need_card")[0] == 0.75


@settings(max_examples=20)
@given(views)
def test_what_is_owed_product_by_product_adds_up(view: InstitutionView) -> None:
    assert np.allclose(view.balance_of("loan") + view.balance_of("card"), view.balance)


def test_luck_is_that_of_the_address() -> None:
    view = view_of(beliefs_of(9, 2))
    word = address(POLICY, "us", crc32(b"lottery") & 0x1FF)
    assert [draw4(7, 3, int(person), 5, word)[0] for person in view.person_id] == view.uniform("lottery").tolist()


def test_luck_follows_the_person_and_differs_by_decision_and_month() -> None:
    rows = beliefs_of(9000, 2)
    view, turned = view_of(rows), view_of(rows[::-1])
    assert np.array_equal(view.uniform("a"), turned.uniform("a")[::-1])
    other = (view.uniform("b"), view_of(rows, month=6).uniform("a"))
    assert all(abs(np.corrcoef(view.uniform("a"), luck)[0, 1]) < 0.05 for luck in other)


def test_a_wrong_name_suggests_the_right_one() -> None:
    view = view_of(beliefs_of(2, 1))
    with pytest.raises(LookupError, match="Did you mean 'leave_per_year'"):
        view.column("leaves_per_year")
    with pytest.raises(LookupError, match="Did you mean 'savings'"):
        view.holds("saving")
    with pytest.raises(ValueError, match="belief rows"):
        view_of(np.zeros(2, np.dtype([("x", float)])))
    assert set(condition_fields(("loan",))) - set(FIELDS) == {"holds_loan", "need_loan"}


# the plan


@settings(max_examples=50)
@given(st.lists(st.integers(0, 8), max_size=20))
def test_first_of_each_keeps_exactly_the_first(customers: list[int]) -> None:
    kept = np.array(customers, np.int64)[first_of_each(np.array(customers, np.int64))]
    assert kept.tolist() == list(dict.fromkeys(customers))


def test_joined_lists_keep_order_and_the_first_treatment_of_each() -> None:
    first = Treatments.of("end", [4, 2], because="bad")
    second = Treatments.of("loyalty_reward", [2, 1], amount=[5.0, 6.0], because="good")
    joined = Plan(Treatments.joined([first, second, first]))
    assert as_rows(joined) == [
        (4, "end", -1.0, "bad"),
        (2, "end", -1.0, "bad"),
        (1, "loyalty_reward", 6.0, "good"),
    ]
    assert len(Treatments.joined([])) == len(Treatments.none()) == 0


@pytest.mark.parametrize(
    ("chosen", "amount", "message"),
    [
        ([True, False], None, "flatnonzero"),
        ([0.5], None, "whole numbers"),
        ([-1], None, "negative"),
        ([1], -3.0, "0 or more"),
        ([1], np.inf, "finite"),
        ([1], np.nan, "nan"),
    ],
)
def test_impossible_proposals_are_refused(chosen: list[float], amount: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Treatments.of("end", np.array(chosen), amount)


def test_offers_and_acquisition_are_checked() -> None:
    assert OfferChange({"card": 1.5}).points(PRODUCTS).tolist() == [0.0, 1.5, 0.0]
    with pytest.raises(ValueError, match="Did you mean 'card'"):
        OfferChange({"cart": 1.0}).points(PRODUCTS)
    with pytest.raises(ValueError, match="0 or more"):
        OfferChange({"card": -1.0}).points(PRODUCTS)
    with pytest.raises(ValueError, match="shape"):
        OfferChange(np.zeros(2)).points(PRODUCTS)
    with pytest.raises(ValueError, match="weight"):
        Acquisition({"search": -1.0})
    with pytest.raises(TypeError, match="Plan or Treatments"):
        as_plan([1])


# the catalogue


def test_the_catalogue_starts_with_none_and_sells_every_product() -> None:
    names = [treatment.name for treatment in CATALOGUE]
    assert names[:4] == ["none", "cross_sell_loan", "cross_sell_card", "cross_sell_savings"]
    of_customers = {
        "loyalty_reward",
        "service_upgrade",
        "price_cut",
        "plan_recommendation",
        "reprice",
        "line_increase",
        "line_decrease",
        "early_help",
        "needs_review",
        "reminder",
        "let_go",
        "stop_lending",
        "end",
    }
    assert of_customers | {"win_back", "preferential_offer"} == set(names[4:])
    assert [treatment.product for treatment in CATALOGUE[:4]] == [-1, 0, 1, 2]


def test_every_number_has_a_source() -> None:
    neutral = CATALOGUE[0]
    for treatment in CATALOGUE:
        told = {name for name in NUMBERS if getattr(treatment, name) != getattr(neutral, name)}
        assert told <= set(treatment.source), treatment.name


def test_none_has_no_effect_and_money_becomes_cents() -> None:
    table = effects_table(CATALOGUE)
    assert table.dtype == EFFECT
    neutral = {"product": -1, "line_factor": 1.0}
    assert all(table[0][name] == neutral.get(name, 0) for name in EFFECT.names or ())
    reward = table[[treatment.name for treatment in CATALOGUE].index("loyalty_reward")]
    assert (reward["contact_cents"], reward["reward_cents"], reward["needs_yes"]) == (100, 100, 1)


def test_settings_replace_numbers_and_errors_come_at_once() -> None:
    changed = catalogue({"card": "revolving"}, {"loyalty_reward": {"benefit": 2, "eligible": "line > 0"}})
    reward = next(treatment for treatment in changed if treatment.name == "loyalty_reward")
    assert (reward.benefit, reward.eligible, reward.source["benefit"]) == (2, "line > 0", "set by the user")
    with pytest.raises(ValueError) as error:
        catalogue(
            {"card": "revolving"},
            {
                "loyalty_rewrad": {},
                "end": {"contcat": 1, "contact": "two"},
                "price_cut": {"lasts_months": -1},
            },
        )
    for part in ("'loyalty_reward'", "end.contcat", "end.contact: a number", "from 0 to 120"):
        assert part in str(error.value)


def test_institutions_are_known_by_name() -> None:
    view = view_of(beliefs_of(1, 1))
    assert view.institutions == INSTITUTIONS and view.institutions[view.me] == "us"

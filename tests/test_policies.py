"""The shelf: every policy keeps the same contract, and does what it says."""

import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.policies.conditions.decision_table import market_faults, read_rules
from tenure.policies.plan import Plan, Treatments, as_plan
from tenure.policies.policy import SettingsError, needs_view, settings_of
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.shelf.rules import shipped_table
from tenure.policies.treatments import catalogue
from tenure.policies.view import InstitutionView
from tests.made_views import KINDS, PRICES, PRODUCTS, as_rows, beliefs_of, view_of, views

TABLE: list[dict[str, Any]] = [
    {"when": "months_past_due > 0", "do": "none"},
    {"when": "leave_per_year > 50% and holds_card == no", "do": "cross_sell_card"},
    {"when": "quadrant == low_risk_low_return", "do": "cross_sell"},
    {"when": "leave_per_year > 20%", "do": "loyalty_reward", "amount": 20},
    {"when": "otherwise", "do": "price_cut", "amount": 0.5},
]
ARMS: dict[str, dict[str, Any]] = {
    "do_nothing": {},
    "uniform": {"share": "40%"},
    "rules": {"rules": TABLE},
    "quadrant_rules": {"high_risk_high_return": "line_decrease"},
    "price_match": {},
}
arms = st.sampled_from(sorted(ARMS))
CATALOGUE = catalogue(dict(zip(PRODUCTS, KINDS, strict=True)))
TREATMENTS = [treatment.name for treatment in CATALOGUE]


def decided(arm: str, view: InstitutionView) -> Plan:
    """Return the plan of one of the arms above."""
    return as_plan(make_policy(arm, ARMS[arm]).decide(view))


@settings(max_examples=50)
@given(arms, views)
def test_the_same_view_gives_the_same_plan_and_stays_as_it_was(arm: str, view: InstitutionView) -> None:
    before = view._beliefs.copy()
    plan = decided(arm, view)
    assert as_rows(plan) == as_rows(decided(arm, view))
    assert np.array_equal(view._beliefs, before)
    customers = plan.treatments.customer.tolist()
    assert len(set(customers)) == len(customers) and all(0 <= who < len(view) for who in customers)
    known = {treatment.name for treatment in CATALOGUE}
    assert {row[1] for row in as_rows(plan)} <= known


@settings(max_examples=50)
@given(arms, st.integers(1, 60), st.integers(0, 999))
def test_permuting_customers_permutes_decisions(arm: str, customers: int, seed: int) -> None:
    rows = beliefs_of(customers, seed)
    order = np.random.default_rng(seed + 1).permutation(customers)
    here, there = decided(arm, view_of(rows)), decided(arm, view_of(rows[order]))
    turned = [(int(order[who]), *rest) for who, *rest in as_rows(there)]
    assert sorted(as_rows(here)) == sorted(turned)


@settings(max_examples=30)
@given(arms, st.integers(1, 40), st.integers(0, 999))
def test_what_is_not_in_the_view_changes_no_decision(arm: str, customers: int, seed: int) -> None:
    rows = beliefs_of(customers, seed)
    hidden = rows.copy()
    luck = np.random.default_rng(seed)
    for name in ("age_years", "income", "risk_mean", "risk_precision", "care_mean", "return_mean"):
        hidden[name] = luck.normal(size=customers)
    assert as_rows(decided(arm, view_of(rows))) == as_rows(decided(arm, view_of(hidden)))


@settings(max_examples=40)
@given(views)
def test_the_first_rule_that_fits_decides(view: InstitutionView) -> None:
    expected = {}
    for who in range(len(view)):
        if view.months_past_due[who] > 0:
            continue
        unheld = {name: view.need(name)[who] for name in PRODUCTS if not view.holds(name)[who]}
        if view.leave_per_year[who] > 0.5 and not view.holds("card")[who]:
            expected[who] = ("cross_sell_card", -1.0)
        elif view.quadrant[who] == 0:
            if unheld:
                expected[who] = (f"cross_sell_{max(unheld, key=lambda name: unheld[name])}", -1.0)
        elif view.leave_per_year[who] > 0.2:
            expected[who] = ("loyalty_reward", 20.0)
        else:
            expected[who] = ("price_cut", 0.5)
    rows = as_rows(decided("rules", view))
    assert {who: (what, much) for who, what, much, _ in rows} == expected
    ranks = [(int(why.split(":")[0].split()[1]), -view.margin_per_year[who]) for who, _, _, why in rows]
    assert ranks == sorted(ranks)


def test_a_rule_below_otherwise_never_acts() -> None:
    view = view_of(beliefs_of(50, 3))
    longer = make_policy("rules", {"rules": [*TABLE, {"when": "otherwise", "do": "end"}]})
    assert as_rows(as_plan(longer.decide(view))) == as_rows(decided("rules", view))


def test_nothing_is_sold_that_we_do_not_offer() -> None:
    prices = PRICES.copy()
    prices[1, 2] = np.nan
    sell = make_policy("rules", {"rules": [{"when": "otherwise", "do": "cross_sell"}]})
    rows = as_rows(as_plan(sell.decide(view_of(beliefs_of(80, 4), prices=prices))))
    assert {row[1] for row in rows} == {"cross_sell_loan", "cross_sell_card"}


def test_the_book_treats_each_quadrant_in_its_own_direction() -> None:
    rows = beliefs_of(4, 1)
    rows["quadrant"], rows["tenure_months"], rows["months_since_contact"] = np.arange(4), 24, 999
    rows["months_past_due"], rows["ending"], rows["held"] = 0, 0, 0
    kinds = {who: what.split("_")[0] for who, what, _, _ in as_rows(decided("quadrant_rules", view_of(rows)))}
    assert kinds == {0: "cross", 1: "loyalty", 2: "end", 3: "line"}
    left_alone = as_rows(as_plan(make_policy("quadrant_rules").decide(view_of(rows))))
    assert 3 not in {row[0] for row in left_alone}
    assert len(shipped_table("quadrant_rules")) == 4


def test_uniform_reaches_anyone_equally_in_a_new_order_each_month() -> None:
    rows = beliefs_of(4000, 5)
    first = [as_plan(make_policy("uniform").decide(view_of(rows, month))).treatments.customer for month in range(8)]
    assert all(len(order) == 4000 for order in first)
    served = np.concatenate([order[:1000] for order in first])
    times = np.bincount(served, minlength=4000)  # Binomial(8, 1/4): mean 2, variance 1.5
    assert times.mean() == 2.0 and abs(times.var() - 1.5) < 0.2
    assert abs(len(decided("uniform", view_of(rows)).treatments) / 4000 - 0.4) < 0.04


def test_price_match_goes_down_to_the_cheapest_rival_only() -> None:
    offer = decided("price_match", view_of(beliefs_of(3, 1))).offer
    assert offer is not None
    assert np.allclose(offer.points(PRODUCTS), [1.0, 0.0, 0.4])  # 9.9 to 8.9; 18.9 is cheaper; 1.6% up to 2.0%
    alone = PRICES.copy()
    alone[2] = np.nan
    none = as_plan(make_policy("price_match").decide(view_of(beliefs_of(3, 1), prices=alone))).offer
    assert none is not None and none.points(PRODUCTS).tolist() == [0.0, 0.0, 0.0]


@settings(max_examples=50)
@given(st.lists(st.floats(-5, 30), min_size=3, max_size=3), st.floats(0, 5))
def test_price_match_never_undercuts_and_never_passes_its_limit(rival: list[float], limit: float) -> None:
    prices = PRICES.copy()
    prices[2] = rival
    offer = as_plan(
        make_policy("price_match", {"at_most_points": limit}).decide(view_of(beliefs_of(1, 1), prices=prices))
    ).offer
    assert offer is not None
    cuts = offer.points(PRODUCTS)
    assert np.all(cuts <= limit) and np.all((cuts == 0) | (prices[1] - cuts >= prices[2] - 1e-9))


def test_only_do_nothing_needs_no_view() -> None:
    assert [name for name in SHELF if not needs_view(SHELF[name])] == ["do_nothing"]
    assert all(vars(policy)["name"] == name for name, policy in SHELF.items())
    assert list(settings_of(SHELF["uniform"])) == ["treatment", "amount", "share"]
    assert list(settings_of(SHELF["rules"])) == ["rules"]


@pytest.mark.parametrize(
    ("policy", "given_settings", "messages"),
    [
        ("quadrnt_rules", {}, ["Did you mean 'quadrant_rules'"]),
        (
            "uniform",
            {"amout": 3, "share": "much"},
            ["Did you mean 'amount'", "uniform.share: a number is wanted"],
        ),
        ("uniform", {"share": 1.5}, ["between 0 and 100%"]),
        ("uniform", {"treatment": 3}, ["a word is wanted"]),
        ("uniform", {"treatment": "end", "amount": 3}, ["takes no amount"]),
        ("do_nothing", {"amount": 3}, ["takes none"]),
        ("price_match", {"at_most_points": -1}, ["between 0 and 100 points"]),
        ("quadrant_rules", {"high_risk_high_return": "sell it"}, ["the name of a treatment is wanted"]),
        ("rules", {}, ["needs the setting rules"]),
        ("rules", {"rules": []}, ["at least one rule"]),
        ("rules", {"rules": "end"}, ["a list is wanted"]),
        (
            "rules",
            {
                "rules": [
                    {"when": "leave_per_yaer > 20%", "do": "end"},
                    {"when": "otherwise", "do": "re wards"},
                    {"whn": "otherwise", "do": "end", "amount": 5},
                    {"when": "leave_per_year > 20", "do": "loyalty_reward", "amount": -5},
                    "end",
                ]
            },
            [
                "rules.rules[0].when",
                "'leave_per_year'",
                "rules.rules[1].do",
                "rules.rules[2].whn",
                "rules.rules[2]: a rule needs 'when'",
                "rules.rules[2].amount: 'end' takes no amount",
                "20%",
                "rules.rules[3].amount: a number from 0 to",
                "rules.rules[4]: a rule is",
            ],
        ),
    ],
)
def test_wrong_settings_say_what_where_and_how(
    policy: str, given_settings: dict[str, Any], messages: list[str]
) -> None:
    with pytest.raises(SettingsError) as error:
        make_policy(policy, given_settings)
    for message in messages:
        assert message in str(error.value)


def test_products_in_rules_are_checked_against_the_market() -> None:
    wrong = {"when": "need_lone > 50%", "do": "cross_sell_crad"}
    table = read_rules([wrong, {"when": "otherwise", "do": "cross_sell"}], "rules")
    faults = market_faults(table, PRODUCTS, (), TREATMENTS)
    assert [fault.at for fault in faults] == [("rules", 0, "do"), ("rules", 0, "when")]
    assert market_faults(read_rules(TABLE, "rules"), PRODUCTS, (), TREATMENTS) == []


def test_a_policy_of_ones_own_is_made_like_those_of_the_shelf() -> None:
    @dataclass(frozen=True)
    class SaveByValue:
        name = "save_by_value"
        reward: float = 30.0

        def decide(self, view: InstitutionView) -> Treatments:
            return Treatments.of("loyalty_reward", np.flatnonzero(view.leave_per_year > 0.9), amount=self.reward)

    own = make_policy("save_by_value", {"reward": 12}, {**SHELF, "save_by_value": SaveByValue})
    plan = as_plan(own.decide(view_of(beliefs_of(100, 1))))
    assert {row[2] for row in as_rows(plan)} == {12.0}


def calls_to_decide(arm: str, copies: int) -> int:
    """Return how many Python functions are called while a policy decides on 500 kinds of customers, so many of each."""
    rows = np.concatenate([beliefs_of(500, 1)] * copies)
    rows["person_id"] = np.arange(len(rows)) + 1
    policy, view, calls = make_policy(arm, ARMS[arm]), view_of(rows), 0

    def count(frame: object, event: str, what: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    gc.collect()  # nor does what others left behind count
    gc.disable()
    sys.setprofile(count)
    try:
        policy.decide(view)
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_deciding_works_on_columns_not_on_customers(arm: str) -> None:
    calls_to_decide(arm, 1)  # what is read once, such as a table, is read
    assert calls_to_decide(arm, 2) == calls_to_decide(arm, 16)


@pytest.mark.parametrize("name", SHELF)
def test_the_page_of_a_policy_has_a_row_for_each_of_its_settings_and_no_other(name: str) -> None:
    page = (Path(__file__).parent.parent / "docs" / "policies" / f"{name}.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    told = [word.strip(" `") for row in rows for word in row.replace("`, `", ", ").split(",")]
    assert sorted(told) == sorted(settings_of(SHELF[name]))

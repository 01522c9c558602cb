"""A market whose numbers have dates: the model lives each month by what holds in it."""

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.agents.ledger import INTEREST
from tenure.agents.offer import US
from tenure.policies.plan import Acquisition, OfferChange, Plan
from tenure.policies.shelf import make_policy
from tenure.simulation.model import LifecycleModel
from tenure.simulation.state import still_here
from tests.markets import LIVELY, differences, first_difference, small_market

RIVAL = 2
CARD = 1
CHANNEL = {"flyers": {"budget_per_month": 200, "cost_per_contact": 1.0, "precision": 0.5}}


def market(**changes: Any) -> dict[str, Any]:
    """Return a market in which all that may be dated is used."""
    us = {"policy": {"policy": "uniform", "treatment": "loyalty_reward"}, "acquisition": CHANNEL, "feedback": "on"}
    return small_market(**{"people": 300, "rules": LIVELY, "us": us, **changes})


def dated(config: dict[str, Any], path: str, steps: dict[int, Any]) -> dict[str, Any]:
    """Return a market with a schedule in place of one number."""
    made = copy.deepcopy(config)
    *parts, last = path.split(".")
    at = made
    for part in parts:
        at = at.setdefault(part, {})
    at[last] = {str(month): value for month, value in steps.items()}
    return made


def with_value(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a market with one number in place of what it has."""
    made = dated(config, path, {0: value})
    at = made
    *parts, last = path.split(".")
    for part in parts:
        at = at[part]
    at[last] = value
    return made


NUMBERS: dict[str, tuple[Any, Any]] = {
    "products.card.apr": ("19%", "27%"),
    "products.loan.loss_given_default": ("60%", "85%"),
    "us.quality": (0.0, 1.5),
    "us.funding_cost": ("3.5%", "6%"),
    "us.acquisition.flyers.budget_per_month": (5, 200),
    "us.acquisition.flyers.cost_per_contact": (1.0, 2.5),
    "us.acquisition.flyers.precision": (0.5, 0.0),
    "rivals.bigbank.acquisition.online.contacts_per_person_per_month": (0.4, 2.0),
    "us.information.noise": (1.0, 4.0),
    "rivals.bigbank.service": (0.0, 0.8),
    "guards.budget_per_month": (500, 20),
    "world.discount": ("10%", "2%"),
    "world.macro_mean": (0.0, 2.0),
    "world.newcomers_per_year": ("6%", "40%"),
    "rules.choice.search": (-1.5, 0.5),
    "rules.learning.class_risk": (-3.5, -2.0),
}
"""Numbers of every kind that follows from settings: usual value, and one that changes the market."""


def lived(config: dict[str, Any], months: int, seed: int = 3, engine: str = "compiled") -> LifecycleModel:
    model = LifecycleModel(config, seed=seed, engine=engine)
    for _ in range(months):
        model.step()
    return model


@pytest.mark.parametrize("path", NUMBERS)
def test_a_step_changes_nothing_before_its_month_and_something_after(path: str) -> None:
    usual, other = NUMBERS[path]
    plain, steps = with_value(market(), path, usual), dated(market(), path, {0: usual, 3: other})
    one, two = LifecycleModel(plain, seed=3), LifecycleModel(steps, seed=3)
    for model in (one, two):
        model.start_recording()
    for _ in range(3):
        one.step()
        two.step()
        assert differences(one, two) == []
    for _ in range(3):
        one.step()
        two.step()
    told = [model.recording().drop(columns="month") for model in (one, two)]
    assert differences(one, two) != [] or not told[0].equals(told[1])


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=4, unique=True),
    st.integers(1, 4),
    st.sampled_from(["compiled", "objects"]),
)
def test_dated_values_that_are_the_usual_ones_give_the_same_bits(paths: list[str], month: int, engine: str) -> None:
    """Though settings are taken over anew: while a price cut holds, money has moved, a score is in use."""
    plain = steps = market(people=60)
    for path in paths:
        plain = with_value(plain, path, NUMBERS[path][0])
        steps = dated(steps, path, {0: NUMBERS[path][0], month: NUMBERS[path][0]})
    one, two = lived(plain, 5, engine=engine), lived(steps, 5, engine=engine)
    assert one.settings.at(month) is one.settings.at(0)
    assert two.settings.at(month) is not two.settings.at(0)
    assert differences(one, two) == []
    assert all(
        np.array_equal(a.channels.rate, b.channels.rate)
        for a, b in zip(one.institutions, two.institutions, strict=True)
    )


def test_a_price_steps_in_its_month_and_so_does_interest() -> None:
    """Nobody comes or goes: what is paid on a card is balance x price / 12, so 19% to 38% doubles it at once."""
    still = {"choice": {"search": -30.0}, "reach": {"read_share": 0.0}, "needs": {"episodes_per_year": 0.0}}
    config = small_market(people=400, rules=still, rivals={}, us={"share": "100%", "acquisition": {}})
    config["products"] = {"card": {"kind": "revolving", "apr": {"0": "19%", "6": "38%"}, "line": 3500}}
    model, paid, prices = LifecycleModel(config, seed=1), [], []
    owed = []
    for _ in range(9):
        owed.append(int(model.people["balance_cents"].sum()))
        model.step()
        prices.append(float(model.offers["price"][US, 0]))
        paid.append(-int(model.totals.ledger[US, INTEREST]))
    assert prices == [19.0] * 6 + [38.0] * 3
    rates = np.array(paid) / np.array(owed)
    assert rates[6] / rates[5] == pytest.approx(2.0, rel=0.05) and rates[5] / rates[4] == pytest.approx(1.0, rel=0.05)


def test_what_was_read_with_one_noise_is_not_believed_with_another() -> None:
    config = with_value(market(), "rivals.bigbank.policy", "uniform")
    model = lived(dated(config, "us.information.noise", {0: 1.0, 3: 4.0}), 3)
    ours = model.signals["provider"] == US
    assert (model.signals["read"][ours] == 1).any()
    model.open()
    assert model.us.offer["reading_noise"] == model.us.offer["believed_noise"] == 4.0
    assert not model.signals["read"][: len(ours)][ours].any()
    assert model.signals["read"][: len(ours)][model.signals["provider"][: len(ours)] == RIVAL].any()


def test_a_price_cut_is_taken_off_the_price_of_its_month() -> None:
    class Cutter:
        name = "cutter"
        needs_view = False

        def decide(self, view: Any) -> Any:
            return Plan(offer=OfferChange({"card": 1.0}))

    config = dated(small_market(guards={"budget_per_month": 1e9}), "products.card.apr", {0: "19%", 2: "30%"})
    model = LifecycleModel(config, seed=1)
    model.set_policy("us", Cutter())
    posted = []
    for _ in range(4):
        model.step()
        posted.append(model.offers["price"][[US, RIVAL], CARD].round(9).tolist())
        assert model.us.view.list_prices[CARD] == pytest.approx([19.0, 19.0, 30.0, 30.0][model.month - 1])
    assert posted == [[18.0, 19.0], [18.0, 19.0], [29.0, 30.0], [29.0, 30.0]]


def test_a_rival_takes_up_another_policy_in_its_month() -> None:
    config = dated(small_market(), "rivals.bigbank.policy", {0: "do_nothing", 3: {"policy": "price_war"}})
    model, names, cuts = LifecycleModel(config, seed=1), [], []
    for _ in range(6):
        model.step()
        rival = model.institution("bigbank")
        names.append(rival.policy.name)
        cuts.append(bool((rival.offer["price"][: len(rival.cut)] < rival.list_prices).any()))
    assert names == ["do_nothing"] * 3 + ["price_war"] * 3
    assert not any(cuts[:3]) and all(cuts[3:])


def test_what_a_plan_moved_stays_where_it_is_when_the_budget_grows() -> None:
    class Mover:
        name = "mover"

        def decide(self, view: Any) -> Any:
            return Plan(acquisition=Acquisition(share=0.75) if view.month == 1 else None)

    config = dated(market(), "guards.budget_per_month", {0: 600, 4: 1400})  # and 200 for the channel
    model = LifecycleModel(config, seed=1)
    model.set_policy("us", Mover())
    split = []
    for _ in range(6):
        model.step()
        split.append((model.us.purse.treatments_eur, model.us.purse.acquisition_eur))
    assert split[0] == (600.0, 200.0)
    assert split[3] == pytest.approx((200.0, 600.0)) and split[5] == pytest.approx((400.0, 1200.0))
    model.set_policy("us", make_policy("do_nothing"))
    assert (model.us.purse.treatments_eur, model.us.purse.acquisition_eur) == pytest.approx((1400.0, 200.0))


@pytest.mark.parametrize("at", [2, 3, 4])
def test_a_state_goes_on_in_the_terms_of_its_month(at: int) -> None:
    config = dated(market(), "products.card.apr", {0: "19%", 3: "30%"})
    config = dated(config, "us.acquisition.flyers.budget_per_month", {0: 200, 3: 900})
    config = dated(config, "us.information.noise", {0: 1.0, 3: 4.0})
    whole, again = lived(config, at), LifecycleModel(config, seed=3)
    again.restore(whole.state())
    for _ in range(3):
        whole.step()
        again.step()
        ends = [(one.people[still_here(one.people)], one.books.balances) for one in (whole, again)]
        assert first_difference(ends[0][0], ends[1][0]) == "" and np.array_equal(ends[0][1], ends[1][1])
        assert whole.us.channels.rate.tolist() == again.us.channels.rate.tolist()

"""Rivals that answer: what their policies do, what they see, and that nothing changes where nobody asks for it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.signal import SIGNAL
from tenure.policies.policy import SettingsError
from tenure.policies.rivalry.pricing import best_margin
from tenure.policies.shelf import make_policy
from tenure.simulation.model import LifecycleModel
from tests.markets import CARD, LIVELY, LOAN, SAVINGS, small_market

ARMED = {"acquisition": {"online": {"budget_per_month": 300, "cost_per_contact": 1.5, "precision": 1}}}
BIG: dict[str, Any] = {"share": "35%", "quality": 0.2, **ARMED}
SEEN = {"products": {"loan": LOAN, "card": CARD, "savings": SAVINGS}, "guards": {"budget_per_month": 1e6}}
REWARDS = {"policy": "uniform", "treatment": "loyalty_reward", "amount": 20, "share": "30%"}


def market(policy: Any = "do_nothing", people: int = 400, us: Any = "do_nothing", **more: Any) -> dict[str, Any]:
    """Return a lively market in which the rival bigbank follows a policy, and another does nothing."""
    rivals = {"bigbank": {**BIG, "policy": policy, **more}, "other": {"share": "15%", "quality": 0}}
    return small_market(people=people, rules=LIVELY, us={"policy": us}, rivals=rivals, **SEEN)


def lived(config: dict[str, Any], months: int = 8, **more: Any) -> LifecycleModel:
    model = LifecycleModel(config, seed=4, **more)
    for _ in range(months):
        model.step()
    return model


def alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.dtype.names:
        return all(one[name].tobytes() == other[name].tobytes() for name in one.dtype.names)
    return one.tobytes() == other.tobytes()


def same(one: LifecycleModel, other: LifecycleModel) -> None:
    """Refuse two models whose states differ in a byte; what lies between the fields of a row is none of it."""
    a, b = one.state(), other.state()
    assert a.keys() == b.keys()
    assert {name for name in a if not alike(a[name], b[name])} == set()


# What nobody asks for ------------------------------------------------------------------------------------------


def test_a_static_rival_is_one_that_does_nothing() -> None:
    same(lived(market("static")), lived(market("do_nothing")))
    dated = lived(market({"2027-01": "static", "2027-04": "do_nothing"}))
    assert dated.people.tobytes() == lived(market()).people.tobytes()


@pytest.mark.parametrize("ours", ["price_match", "price_war", {"policy": "best_response", "every_months": 1}])
@pytest.mark.parametrize(
    "theirs", ["static", {"policy": "price_war", "at_most_points": 50}, "best_response", "follower", "same_as_us"]
)
def test_a_rival_whom_nobody_can_see_changes_nothing_for_others(theirs: Any, ours: Any) -> None:
    without = market("follower", us=ours)
    hidden = {"share": 0, "quality": 5, "visible": False, "apr": {"card": "2%"}, "policy": theirs}
    with_it = {**without, "rivals": {**without["rivals"], "hidden": hidden}}
    one, other = lived(without), lived(with_it)
    assert other.institution("hidden").customers == 0
    assert one.people.tobytes() == other.people.tobytes()
    for name in (one for one in SIGNAL.names or () if one != "met"):
        assert one.signals[name].tobytes() == other.signals[name].tobytes()
    for mine, same_one in zip(one.institutions, other.institutions[:-1], strict=True):
        assert mine.cut.tolist() == same_one.cut.tolist()
        assert mine.allowed.contacts.tobytes() == same_one.allowed.contacts.tobytes()


def test_nothing_is_published_where_nobody_reads_it() -> None:
    plain = lived(market("price_war"))
    assert plain.news.months == () and not any(name.startswith("news") for name in plain.state())


# What is published ---------------------------------------------------------------------------------------------


def test_what_is_published_is_what_was_posted_sent_and_counted() -> None:
    model = lived(market("follower", us=REWARDS), months=3)
    last = model.news.months[0]
    assert [one.month for one in model.news.months] == [2, 1, 0] and last.month == 2
    here = np.bincount(model.people["provider"][model.people["provider"] >= 0], minlength=4)
    assert last.shares.tolist() == (here / here.sum()).tolist()
    assert np.array_equal(last.prices[1], model.offers["price"][1][:3])
    place, us = [one.name for one in model.treatments].index("loyalty_reward"), model.us
    sent = us.allowed.contacts["treatment"] == place
    assert sent.any() and last.amounts[1, place] == 20.0
    assert last.sent[1].sum() == pytest.approx(len(us.allowed.contacts) / len(us.view), rel=0.2)
    assert not last.sent[0].any() and not last.sent[3].any()


@pytest.mark.parametrize("policy", ["follower", "imitator", "best_response", "product_innovator", "segmenter"])
def test_a_model_goes_on_from_its_state(policy: str) -> None:
    config = market({"policy": policy, **({"over_months": 2} if policy == "imitator" else {})}, us=REWARDS)
    whole, half = lived(config, 10), lived(config, 6)
    again = LifecycleModel(config, seed=4, state=half.state())
    for _ in range(4):
        again.step()
    same(whole, again)


# The same as us ------------------------------------------------------------------------------------------------


def test_a_rival_follows_our_policy_with_its_own_customers_and_money() -> None:
    model = lived(market("same_as_us", us=REWARDS, budget_per_month=90))
    us, big = model.us, model.institution("bigbank")
    assert repr(us.policy) == repr(big.policy) and us.policy is not big.policy
    assert big.allowed.refused["budget"] and len(big.allowed.contacts) > 0
    assert "budget" not in us.allowed.refused and len(us.allowed.contacts) > 0


def test_it_follows_what_an_arm_gives_us_and_what_we_change_to() -> None:
    model = lived(market({"2027-01": "static", "2027-03": "same_as_us"}), months=2)
    big = model.institution("bigbank")
    model.set_policy("us", make_policy("price_match"))
    assert big.policy.name == "do_nothing"
    model.step()
    assert big.policy.name == "price_match" and big.followed_since == 2
    model.set_policy("us", make_policy("uniform"))
    assert big.policy.name == "uniform"
    dated = lived(market("same_as_us", us={"2027-01": "static", "2027-05": REWARDS}), months=6)
    assert dated.institution("bigbank").policy.name == "uniform"


def test_what_learns_learns_apart() -> None:
    model = lived(market("same_as_us", people=300, us={"policy": "thompson", "epoch_months": 2}), months=6)
    ours, theirs = model.us.policy, model.institution("bigbank").policy
    a, b = (one.state() for one in (ours, theirs) if hasattr(one, "state"))
    assert a.keys() == b.keys() and any(a[name].tobytes() != b[name].tobytes() for name in a)


def test_we_cannot_be_the_same_as_us() -> None:
    with pytest.raises(SettingsError, match="is for rivals alone"):
        make_policy("same_as_us")
    with pytest.raises(SettingsError, match="is for rivals alone"):
        lived(market(us="same_as_us"))


# Prices --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.floats(-5.0, 30.0), st.floats(0.01, 2.0), st.floats(-3.0, 3.0))
def test_no_other_margin_earns_more_than_the_best(share: float, margin: float, b: float, step: float) -> None:
    def earned(m: float) -> float:
        odds = share / (1.0 - share) * math.exp(b * (margin - m))
        return m * odds / (1.0 + odds)

    best = best_margin(share, margin, b)
    assert best > 0.0 and earned(best) >= earned(best + step) - 1e-9 * abs(earned(best))


@settings(deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.1, 20.0), st.floats(0.05, 2.0))
def test_asked_again_at_the_best_margin_it_stays(share: float, margin: float, b: float) -> None:
    best = best_margin(share, margin, b)
    odds = share / (1.0 - share) * math.exp(b * (margin - best))
    assert best_margin(odds / (1.0 + odds), best, b) == pytest.approx(best, rel=1e-9)


def cuts(policy: Any, months: int, **more: Any) -> list[list[float]]:
    """Return the points off bigbank's list prices of loan, card and savings, month by month."""
    model, found = LifecycleModel(market(policy, **more), seed=4), []
    for _ in range(months):
        model.step()
        found.append(model.institution("bigbank").cut.tolist())
    return found


def test_a_price_war_stops_at_its_floor_and_after_its_months() -> None:
    war = {"policy": "price_war", "undercut_points": 1}
    assert cuts(war, 1) == [[1.0, 1.0, 1.0]]
    assert cuts({**war, "floor_points": 9.5}, 1) == [[pytest.approx(0.4), 1.0, 0.0]]
    assert cuts({**war, "above_funding_points": 6}, 1) == [[pytest.approx(0.4), 1.0, 0.0]]  # funding costs 3.5
    ended = cuts({**war, "months": 3}, 5)
    assert [any(one) for one in ended] == [True, True, True, False, False]
    later = cuts({"2027-01": "static", "2027-03": {**war, "months": 1}}, 4)
    assert [any(one) for one in later] == [False, False, True, False]


def test_a_best_response_steps_rests_and_keeps_its_limits() -> None:
    """With people believed to mind price much, margins of 15 points are far too high."""
    eager = {"policy": "best_response", "price_sensitivity": 1, "at_most_points": 3}
    assert [one[1] for one in cuts(eager, 13, products=["card"])] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    capped = cuts({"policy": "best_response", "price_sensitivity": 0.001, "price_cap_points": 18}, 5)
    assert capped[-1] == [0.0, 1.0, 0.0]


def test_a_follower_answers_prices_and_treatments_when_they_are_as_old_as_its_lag() -> None:
    us = {"2027-01": "static", "2027-03": {"policy": "price_war", "undercut_points": 2}, "2027-04": REWARDS}
    model, seen = LifecycleModel(market({"policy": "follower", "lag_months": 2}, us=us), seed=4), []
    for _ in range(9):
        model.step()
        big = model.institution("bigbank")
        seen.append((float(big.cut[1]), len(big.allowed.contacts) / len(big.view)))
    assert [cut for cut, _ in seen] == [0, 0, 0, 0, 2, 0, 0, 0, 0], "we cut in month 2 alone"
    assert not any(share for _, share in seen[:5]) and seen[5][1] > 0.05, "we reward from month 3 on"


def test_what_is_promised_to_who_comes_from_another_is_published_and_answered() -> None:
    """We promise from month 2 on; a follower sees it two months later, and keeps to its own limits."""
    config = market({"policy": "follower", "lag_months": 2, "at_most_points": 2})
    config["us"]["poaching"] = {"points": {"0": 0, "2": 3}, "months": 6, "money": {"0": 0, "2": 250}}
    model, seen = LifecycleModel(config, seed=4), []
    for _ in range(7):
        model.step()
        offer = model.institution("bigbank").offer
        seen.append((float(offer["poaching_points"]), int(offer["poaching_months"]), int(offer["poaching_cents"])))
    assert [points for points, *_ in seen] == [0, 0, 0, 0, 2, 2, 2] and seen[-1] == (2, 6, 10_000)
    assert [one.poaching[1].tolist() for one in model.news.months[-3:]] == [[3, 6, 250], [0, 0, 0], [0, 0, 0]]
    assert not model.news.months[0].poaching[[0, 3]].any()


def test_who_answers_no_prices_and_no_treatments_does_nothing() -> None:
    idle = lived(market({"policy": "follower", "treatments": [], "at_most_points": 0}, us=REWARDS), months=6)
    plain = lived(market("do_nothing", us=REWARDS), months=6)
    assert idle.people["provider"].tolist() == plain.people["provider"].tolist()


def test_an_imitator_does_what_the_winner_does() -> None:
    """We are cheap and everybody's favourite, so we grow; our rewards are sent by the imitator as well."""
    config = market({"policy": "imitator", "over_months": 2}, us=REWARDS)
    config["us"] |= {"quality": 4, "apr": {"card": "17%"}}
    model = lived(config, months=6)
    big = model.institution("bigbank")
    assert big.cut.tolist() == [0.0, 2.0, 0.0]
    names = {model.treatments[code].name for code in big.allowed.contacts["treatment"].tolist()}
    assert names == {"loyalty_reward"} and list(big.allowed.because) == ["us grows most"]


# Products and prospects ----------------------------------------------------------------------------------------


def sells(model: LifecycleModel) -> list[int]:
    return [int(one) for one in model.institution("bigbank").offer["sells"][:3]]


def test_a_product_enters_when_it_is_time_and_stays() -> None:
    late = {"policy": "product_innovator", "after_months": 2}
    assert sells(lived(market(late, products=["loan", "card"]), 2)) == [1, 1, 0]
    model = lived(market(late, products=["loan", "card"]), 3)
    assert sells(model) == [1, 1, 1]
    model.set_policy("bigbank", make_policy("do_nothing"))
    for _ in range(8):
        model.step()
    assert sells(model) == [1, 1, 1]
    mine = model.people["provider"] == model.institution("bigbank").index
    assert (model.people["held"][mine, 2] > 0).any(), "customers take it up"


def test_a_product_that_waits_for_a_fall_enters_when_the_share_has_fallen() -> None:
    waits = {"policy": "product_innovator", "product": "savings", "share_falls": "5%"}
    model = lived(market(waits, products=["loan", "card"], quality=-4), 13)
    assert sells(model) == [1, 1, 0]
    for _ in range(2):
        model.step()
    now, before = model.news.months[1].shares[2], model.news.months[13].shares[2]
    assert before - now > 0.05 and sells(model) == [1, 1, 1]
    grows = lived(market(waits, products=["loan", "card"], quality=4), 16)
    assert sells(grows) == [1, 1, 0]


def test_a_segmenter_sets_the_precision_of_its_channels_by_the_area_under_the_curve() -> None:
    """Two normal groups one standard deviation apart: 76% of pairs are told apart."""
    model = lived(market({"policy": "segmenter", "precision": "76.025%"}, people=3000), 13)
    big = model.institution("bigbank")
    precision = model.channels["precision"]
    assert precision[big.channel_rows].tolist() == [pytest.approx(1.0, abs=1e-4)]
    assert not precision[model.us.channel_rows].any()
    assert big.offer["lookalike"][0] == 1.0 and model.us.offer["lookalike"][0] == 0.0
    model.set_policy("bigbank", make_policy("do_nothing"))
    model.step()
    assert model.channels["precision"][big.channel_rows].tolist() == [1.0], "as its settings have it"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "49%"}, "between 50 and 98%"),
        ({"precision": "100%"}, "between 50 and 98%"),
        ({"wanted": "high_risk"}, "is none of"),
    ],
)
def test_a_segmenter_with_impossible_settings_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_policy("segmenter", settings)


def test_a_product_that_the_market_has_not_is_refused_with_the_name_of_the_institution() -> None:
    with pytest.raises(ValueError, match=r"of bigbank, month 0: offer: no product 'crad'\. Did you mean 'card'"):
        lived(market({"policy": "product_innovator", "product": "crad"}), 1)

"""What an institution can alter of leaving, in the running market, and what it cannot; attachment; prices of others."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tenure.agents.offer import OFFER
from tenure.agents.person import INVOLUNTARY, OWN_REASONS
from tenure.simulation.market.rows import compare_prices
from tenure.simulation.model import LifecycleModel
from tests.markets import CARD, SAVINGS, small_market

PEOPLE, MONTHS, SEED = 4000, 6, 11
MOVES = ("leave_per_product", "leave_satisfaction", "leave_idle", "leave_price")


def market(rules: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Return a market in which nobody compares, so that people leave for own reasons or involuntarily."""
    still = {"choice": {"search": -40.0}, "reach": {"read_share": 0.0}, "relationship": {"satisfaction_kept": 1.0}}
    return small_market(
        people=PEOPLE,
        products={"card": CARD, "savings": SAVINGS},
        rules={name: {**still.get(name, {}), **rules.get(name, {})} for name in {*still, *rules}},
        world={"newcomers_per_year": 0},
        traits={"risk_mean": -60.0, "risk_sd": 0.0},
    )


def leavers(
    rules: dict[str, dict[str, float]], change: dict[str, float] | None = None
) -> dict[int, frozenset[tuple[int, int]]]:
    """Return who left in which month, by cause, after something was added to a field of every customer."""
    model = LifecycleModel(market(rules), seed=SEED)
    customers = model.people["provider"] > 0
    for name, value in (change or {}).items():
        model.people[name][customers] += value
    found: dict[int, set[tuple[int, int]]] = {INVOLUNTARY: set(), OWN_REASONS: set()}
    for month in range(MONTHS):
        model.step()
        for cause, out in found.items():
            out |= {(month, int(one)) for one in model.people["id"][model.signals["cause"] == cause]}
    return {cause: frozenset(out) for cause, out in found.items()}


def people_of(left: frozenset[tuple[int, int]]) -> set[int]:
    return {person for _, person in left}


CHANGES: dict[str, tuple[dict[str, float], bool]] = {
    "leave_satisfaction": ({"satisfaction": 0.4}, True),
    "leave_idle": ({"months_since_use": 9}, False),
    "leave_price": ({"premium": 12.0}, False),
}
"""Parameter -> what is added to every customer's field, and whether it keeps them."""


@pytest.mark.parametrize("name", CHANGES)
def test_it_moves_leaving_by_choice_and_nothing_involuntary(name: str) -> None:
    change, keeps = CHANGES[name]
    sizes = {one: 0.0 for one in MOVES} | {name: {"leave_satisfaction": -3.0, "leave_idle": 0.4}.get(name, 3.0)}
    usual, moved = leavers({"lifecycle": sizes}), leavers({"lifecycle": sizes}, change)
    assert usual[INVOLUNTARY] and people_of(usual[INVOLUNTARY]) >= people_of(moved[INVOLUNTARY]) - people_of(
        usual[OWN_REASONS]
    )
    few, many = (moved, usual) if keeps else (usual, moved)
    assert len(many[OWN_REASONS]) > 1.1 * len(few[OWN_REASONS])
    everybody = people_of(many[OWN_REASONS] | many[INVOLUNTARY])
    assert people_of(few[OWN_REASONS] | few[INVOLUNTARY]) <= everybody, "whom it keeps, it keeps; it drives nobody out"


@pytest.mark.parametrize("name", CHANGES)
def test_switched_off_it_moves_nobody(name: str) -> None:
    off = {"lifecycle": dict.fromkeys(MOVES, 0.0)}
    assert leavers(off) == leavers(off, CHANGES[name][0])


def test_nobody_dies_where_the_chance_is_0_and_others_leave_as_before() -> None:
    """Who dies comes out of those who stay and of those who would have left for own reasons at that same luck."""
    none, some = leavers({"lifecycle": {"leave_involuntary": 0.0}}), leavers({"lifecycle": {"leave_involuntary": 0.1}})
    assert not none[INVOLUNTARY] and some[INVOLUNTARY]
    assert people_of(none[OWN_REASONS]) <= people_of(some[OWN_REASONS] | some[INVOLUNTARY])


def test_how_many_die_is_the_chance_a_year() -> None:
    died = len(leavers({"lifecycle": {"leave_involuntary": 0.2, "leave_alpha": 1e-9}})[INVOLUNTARY])
    customers = int((LifecycleModel(market({}), seed=SEED).people["provider"] > 0).sum())
    p = 1.0 - 0.8 ** (MONTHS / 12.0)
    assert abs(died - customers * p) < 4.0 * np.sqrt(customers * p * (1.0 - p))


# Attachment -------------------------------------------------------------------------------------------------

UNTIED = {"attachment_risk": 0.0, "attachment_inertia": 0.0}
LIVELY = {"needs": {"episodes_per_year": 3.0}, "choice": {"search": -1.5}}


def lived(attached: float, on: bool) -> NDArray[Any]:
    """Return people after some months, with attachment added to; its effects on or off."""
    rules: dict[str, Any] = {name: dict(values) for name, values in LIVELY.items()}
    if not on:
        rules["needs"]["take_attachment"] = 0.0
        rules["opening"] = {"further_attachment": 0.0}
    config = small_market(people=PEOPLE, rules=rules, traits={} if on else UNTIED)
    model = LifecycleModel(config, seed=SEED)
    model.people["attachment"] += attached
    for _ in range(MONTHS):
        model.step()
    people = model.people.copy()
    people["attachment"] = 0.0
    return people


def test_attachment_that_is_switched_off_moves_nothing() -> None:
    assert (lived(2.0, on=False) == lived(0.0, on=False)).all()


def test_the_attached_hold_more_leave_less_and_are_less_risky() -> None:
    model = LifecycleModel(small_market(people=20_000), seed=SEED)
    people = model.people[model.people["provider"] > 0]
    attachment, held = people["attachment"], people["held"].sum(axis=1)
    assert (np.abs(attachment) <= 3.0).all() and attachment.mean() > 0.2, "who has stayed is one who stays"
    assert attachment[held >= 2].mean() > attachment[held == 1].mean() + 0.1
    assert np.corrcoef(attachment, people["risk_trait"])[0, 1] < -0.3
    assert np.corrcoef(attachment, people["inertia"])[0, 1] > 0.5
    order = np.argsort(people["leave_per_year"])
    assert (np.diff(attachment[order]) <= 1e-9).all(), "it is theta, on another scale"
    assert lived(2.0, on=True)["held"].sum() > lived(0.0, on=True)["held"].sum()


# Prices of others -------------------------------------------------------------------------------------------


def offers(prices: list[list[float]], **fields: list[float]) -> NDArray[np.void]:
    rows = np.zeros(len(prices) + 1, OFFER)
    for row, price in zip(rows[1:], prices, strict=True):
        row["sells"][: len(price)], row["price"][: len(price)] = 1, price
    for name, values in {"visible": [1] * len(prices), **fields}.items():
        rows[name][1:] = values
    return rows


def test_prices_are_compared_with_the_others_mean_by_hand() -> None:
    """(30 x 12 + 10 x 20) / 40 = 14; for the second, (60 x 10 + 10 x 20) / 70; deposits pay 1 less than elsewhere."""
    rows = offers([[10.0, -1.0], [12.0, -2.0], [20.0, -2.0]], premium_per_risk=[1.0, 2.0, 4.0])
    compare_prices(rows, np.array([99, 60, 30, 10]))
    assert rows["price_above"][1, :2] == pytest.approx([-4.0, 1.0])
    assert rows["price_above"][2, 0] == pytest.approx(12.0 - 800.0 / 70.0)
    assert rows["others_per_risk"][1:] == pytest.approx([2.5, (60.0 + 40.0) / 70.0, (60.0 + 60.0) / 90.0])


def test_who_is_not_found_does_not_sell_or_has_nobody_is_no_measure() -> None:
    rows = offers([[10.0], [12.0], [20.0], [30.0]], visible=[1, 0, 1, 1])
    rows["sells"][3, 0] = 0
    compare_prices(rows, np.array([0, 60, 30, 10, 0]))
    assert rows["price_above"][1, 0] == 0.0, "there is no other: one's own price is the measure"
    assert rows["price_above"][2, 0] == 2.0, "who is not found compares with who is"


def test_equal_prices_are_not_apart() -> None:
    rows = offers([[9.9, 19.0]] * 3, premium_per_risk=[3.0] * 3)
    compare_prices(rows, np.array([5, 7, 11, 13]))
    assert np.abs(rows["price_above"][1:]).max() < 1e-12 and rows["others_per_risk"][1:] == pytest.approx([3.0] * 3)

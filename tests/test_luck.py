"""Luck has an address: what does not concern a person changes no bit of that person's life."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tenure.agents.chance import draw4
from tenure.policies.plan import Treatments
from tenure.policies.shelf import SHELF
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, by_id, differences, first_difference, small_market

MONTHS = 12
POLICY = {"policy": "uniform", "share": 0.4}


def market(**changes: Any) -> dict[str, Any]:
    """Return a lively market without shared budgets: contact rates are fixed, and money is ample."""
    base: dict[str, Any] = {
        "people": 400,
        "rules": LIVELY,
        "us": {"policy": POLICY},
        "guards": {"budget_per_month": 1e9},
        "world": {"switching_cost": 1.0},
    }
    return small_market(**{**base, **changes})


def run(
    config: dict[str, Any], change: Callable[[LifecycleModel], None] | None = None, **settings: Any
) -> LifecycleModel:
    """Return the model after a year; `change` is applied before the first month."""
    model = LifecycleModel(config, seed=11, **settings)
    if change is not None:
        change(model)
    for _ in range(MONTHS):
        model.step()
    return model


def reseat(model: LifecycleModel, rows: NDArray[np.int64]) -> None:
    """Let the model start with these rows of people, in this order."""
    model.people, model.signals = model.people[rows], model.signals[rows]
    model.books.open(model.engine.count(model.people, model.signals))


def files_by_id(model: LifecycleModel, institution: int) -> NDArray[Any]:
    return by_id(model.institutions[institution - 1].files.beliefs, "person_id")


def without(rows: NDArray[Any], banned: int, name: str = "id") -> NDArray[Any]:
    return by_id(rows[rows[name] != banned], name)


@pytest.mark.parametrize("banned", [1, 57, 400])
def test_banning_one_person_moves_nobody_else(banned: int) -> None:
    whole = run(market())
    others = run(market(), lambda model: reseat(model, np.flatnonzero(model.people["id"] != banned)))
    assert len(others.people) == len(whole.people) - 1
    assert first_difference(without(whole.people, banned), by_id(others.people)) == ""
    assert first_difference(without(whole.signals, banned, "person_id"), by_id(others.signals, "person_id")) == ""
    for j in (1, 2):
        kept = without(whole.institutions[j - 1].files.beliefs, banned, "person_id")
        assert first_difference(kept, files_by_id(others, j)) == ""


def test_the_order_of_people_changes_nothing() -> None:
    whole = run(market())
    order = np.random.default_rng(1).permutation(400)
    mixed = run(market(), lambda model: reseat(model, order))
    assert mixed.people["id"].tolist() != whole.people["id"].tolist()
    assert first_difference(by_id(whole.people), by_id(mixed.people)) == ""
    assert first_difference(by_id(whole.signals, "person_id"), by_id(mixed.signals, "person_id")) == ""
    assert first_difference(files_by_id(whole, 1), files_by_id(mixed, 1)) == ""
    assert (whole.books.balances == mixed.books.balances).all()


@dataclass(frozen=True)
class Gambler:
    """Draws all sorts of luck and does nothing with it."""

    name = "gambler"

    def decide(self, view: InstitutionView) -> Treatments:
        """Return no treatments."""
        for decision in ("one", "two"):
            view.uniform(decision)
        for kind in range(1, 128):
            draw4(11, 0, 1, view.month, kind << 25)
        np.random.default_rng().random(5)
        return Treatments.none()


def test_a_decision_that_is_not_used_moves_nobody() -> None:
    quiet = run(market(us={"policy": "do_nothing"}))
    drawing = run(market(us={"policy": "gambler"}), known={**SHELF, "gambler": Gambler})
    assert differences(quiet, drawing) == []


GHOST = {"share": 0, "visible": False, "quality": 5.0, "service": 3.0, "convenience": "high", "apr": {"card": "1%"}}


@pytest.mark.parametrize("rivals", [{}, {"bigbank": {"share": "35%", "quality": 0, "policy": "uniform"}}])
def test_a_rival_that_nobody_can_see_moves_nobody(rivals: dict[str, Any]) -> None:
    alone, haunted = run(market(rivals=rivals)), run(market(rivals={**rivals, "ghost": GHOST}))
    assert not (haunted.people["provider"] == len(haunted.names) - 1).any()
    assert first_difference(alone.people, haunted.people) == ""
    assert first_difference(alone.signals, haunted.signals) == ""
    for one, same in zip(alone.institutions, haunted.institutions, strict=False):
        assert one.name == same.name and first_difference(one.files.beliefs, same.files.beliefs) == ""
    assert (alone.books.balances == haunted.books.balances[: len(alone.names)]).all()


NOTHING: dict[str, Any] = {
    "satisfaction": 0.0,
    "switching_cost": 0.0,
    "price_cut": 0.0,
    "line_factor": 1.0,
    "lasts_months": 0,
    "contact": 0.0,
    "ends": 0,
    "product": -1,
    "benefit": 0.0,
}


def empty(model: LifecycleModel, needs_yes: int) -> None:
    """Leave of the loyalty reward nothing but its name."""
    from dataclasses import replace

    treatments = [
        replace(one, **NOTHING, needs_yes=needs_yes, contact_cost=0.0, reward=0.0)
        if one.name == "loyalty_reward"
        else one
        for one in model.treatments
    ]
    model.treatments = tuple(treatments)
    row = model.effects[[one.name for one in treatments].index("loyalty_reward")]
    for name, value in {**NOTHING, "needs_yes": needs_yes, "contact_cents": 0, "reward_cents": 0}.items():
        row[name] = value


@pytest.mark.parametrize("needs_yes", [0, 1])
@pytest.mark.parametrize("service_sd", [0.5, 6.0])
def test_a_treatment_with_no_effect_changes_nothing_for_anybody(needs_yes: int, service_sd: float) -> None:
    rules = {**LIVELY, "relationship": {"service_sd": service_sd}}
    arms = []
    for policy in ("do_nothing", "uniform"):
        model = LifecycleModel(market(rules=rules, us={"policy": policy}), seed=11)
        empty(model, needs_yes)
        arms.append(model)
    nothing, treated = arms
    for month in range(MONTHS):
        nothing.step()
        treated.step()
        assert (treated.signals["treatment"] > 0).sum() > 50
        assert first_difference(nothing.people, treated.people) == "", month
        for name in set(nothing.signals.dtype.names or ()) - {"treatment", "taken"}:
            assert nothing.signals[name].tobytes() == treated.signals[name].tobytes(), (month, name)
        assert first_difference(nothing.us.files.beliefs, treated.us.files.beliefs) == "", month
        assert (nothing.books.balances == treated.books.balances).all()


def test_replications_and_seeds_are_other_lives() -> None:
    models = [LifecycleModel(market(), seed=s, replication=r) for s, r in ((1, 0), (1, 1), (2, 0), (1, 0))]
    incomes = [model.people["income"] for model in models]
    assert (incomes[0] == incomes[3]).all()
    for other in incomes[1:3]:
        assert abs(np.corrcoef(incomes[0], other)[0, 1]) < 4.0 / np.sqrt(400)

"""Treatments are paid from a purse: the budget of the months so far is used, and never exceeded."""

import numpy as np

from agents.market import TREATMENT
from simulation.model import LifecycleModel
from tests.markets import small_market

BUDGET = 300.0


def spent_by_month(policy: str, months: int = 18) -> np.ndarray:
    config = small_market(people=800, guards={"budget_per_month": BUDGET, "contacts_at_most": 30})
    config["us"]["policy"] = policy
    model = LifecycleModel(config, seed=5)
    paid = []
    settle = model.settle

    def settle_and_note(totals):
        paid.append(float(totals.ledger[1, TREATMENT]) / 100.0)
        settle(totals)

    model.settle = settle_and_note
    for _ in range(months):
        model.step()
    return np.array(paid)


def test_the_budget_of_the_months_so_far_is_never_exceeded_and_is_used() -> None:
    paid = spent_by_month("uniform")
    assert (np.cumsum(paid) <= BUDGET * np.arange(1, len(paid) + 1) + 1e-6).all()
    assert paid.sum() > 0.5 * BUDGET * len(paid)  # a tenth would be spent if rewards not taken were lost


def test_money_that_nobody_asked_for_is_not_carried_over() -> None:
    assert spent_by_month("do_nothing").sum() == 0.0

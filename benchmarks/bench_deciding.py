"""What deciding costs: nanoseconds for a customer and month, for every policy of the shelf, at a million customers.

Two figures, each the median of several repetitions on a fresh view: processor time of this process, all its threads
together, is what deciding costs; time on the clock is how long one waits for it, and grows with whatever else the
machine does. Reading the columns from the records is counted, for a view makes none before it is asked. Not counted
are learning, linear programs and the guard; policies that learn decide here with what two years have taught them, on
the sixth of all customers whose turn it is, and the figure is for a customer in scope, as for the others.
Run it with ``python -m benchmarks.bench_deciding``; the figures are of this machine, in this run.
"""

import time
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.config.documents import Value
from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import MARKETS
from tenure.policies.plan import as_plan
from tenure.policies.policy import Policy
from tenure.policies.shelf import SHELF
from tenure.policies.shelf.optimal_structure import DRAWS
from tenure.policies.structure.program import solve
from tenure.policies.view import InstitutionView, records_of, with_records
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from

CUSTOMERS, MONTHS, PEOPLE, TIMES = 1_000_000, 24, 20_000, 5
TARGET_NS = 300.0
TABLE = [{"when": "leave_per_year > 20%", "do": "loyalty_reward"}, {"when": "otherwise", "do": "cross_sell"}]


class Cost(NamedTuple):
    """Median of all repetitions, ns for a customer and month."""

    processor: float
    clock: float


def lived(
    name: str, people: int = PEOPLE, months: int = MONTHS, settings: Mapping[str, Value] | None = None
) -> tuple[InstitutionView, Policy]:
    """Return the view and the policy of the default market's institution after some months under a policy."""
    data = dict(read_with_extends(MARKETS / "default.market.yaml").data)
    us = data["us"]
    assert isinstance(us, dict)
    policy = {"policy": name, **({"rules": TABLE} if name == "rules" else {}), **(settings or {})}
    config = {**data, "people": people, "guards": {"budget_per_month": 4000}, "us": {**us, "policy": policy}}
    model = LifecycleModel(market_from(config), seed=1)
    for _ in range(months):
        model.step()
    return model.us.view, model.us.policy


def copies(view: InstitutionView, customers: int) -> NDArray[np.void]:
    """Return so many customers like those in view, each with an id of his own."""
    rows = records_of(view)
    many = np.tile(rows, -(-customers // len(rows)))[:customers] if len(rows) else rows
    many["person_id"] = np.arange(len(many))
    return many


def cost_of_deciding(view: InstitutionView, policy: Policy, customers: int = CUSTOMERS, times: int = TIMES) -> Cost:
    """Return what deciding costs on so many customers like those in view."""
    many = copies(view, customers)
    processor, clock = [], []
    for _ in range(times):
        fresh = with_records(view, many)
        began, worked = time.perf_counter_ns(), time.process_time_ns()
        as_plan(policy.decide(fresh))
        processor.append((time.process_time_ns() - worked) / customers)
        clock.append((time.perf_counter_ns() - began) / customers)
    return Cost(median(processor), median(clock))


def seconds_of_the_program(times: int = TIMES) -> tuple[float, float]:
    """Return how long the linear program of optimal structure takes, all limits set: once, and with its uncertainty."""
    limits: dict[str, Value] = {
        "contacts_per_month": 300,
        "capital_at_most_eur": 1e9,
        "floors": {"low_risk_low_return": 0.1},
        "ceilings": {"high_risk_low_return": 0.5},
    }
    _, policy = lived("optimal_structure", settings=limits)
    taken = []
    for what in (lambda: solve(policy.program(0.1)[0]), lambda: policy.refit(0.1)):  # type: ignore[attr-defined]  # it has both
        each = []
        for _ in range(times):
            began = time.perf_counter()
            what()
            each.append(time.perf_counter() - began)
        taken.append(median(each))
    return taken[0], taken[1]


def main() -> None:
    """Print a line for each policy, and one for the linear program."""
    print(f"ns for a customer and month, {CUSTOMERS:,} customers, median of {TIMES}; the target is {TARGET_NS:.0f}\n")
    print(f"{'':22}{'processor time':>16}{'on the clock':>16}")
    for name in SHELF:
        cost = cost_of_deciding(*lived(name))
        over = "" if cost.processor < TARGET_NS else "   over the target"
        print(f"{name:22}{cost.processor:16.0f}{cost.clock:16.0f}{over}", flush=True)
    once, drawn = seconds_of_the_program()
    print(f"\nlinear program, all limits set: {once:.3f} s; with {DRAWS} draws of what is uncertain: {drawn:.2f} s")


if __name__ == "__main__":
    main()

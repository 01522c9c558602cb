"""What deciding costs: nanoseconds for a customer and month, for every policy of the shelf, at a million customers.

Learning and linear programs are counted apart: policies that learn decide here with what two years have taught them.
Run it with ``python -m benchmarks.bench_deciding``; the figures are of this machine, in this run.
"""

import time
from statistics import median
from typing import Any

import numpy as np

from experiments.market_files import MARKETS
from experiments.reading import read_with_extends
from policies.plan import as_plan
from policies.shelf import SHELF
from policies.view import InstitutionView
from simulation.model import US, LifecycleModel
from simulation.settings import market_from

CUSTOMERS, MONTHS, PEOPLE, TIMES = 1_000_000, 24, 20_000, 3
TARGET_NS = 300.0
TABLE = [{"when": "leave_per_year > 20%", "do": "loyalty_reward"}, {"when": "otherwise", "do": "cross_sell"}]


def ns_per_customer(name: str) -> float:
    """Return the median time of deciding on a million customers like those of the default market, ns each."""
    data: dict[str, Any] = dict(read_with_extends(MARKETS / "default.market.yaml").data)
    told = {"policy": name, **({"rules": TABLE} if name == "rules" else {})}
    config = {**data, "people": PEOPLE, "guards": {"budget_per_month": 4000}, "us": {**data["us"], "policy": told}}
    model = LifecycleModel(market_from(config), seed=1)
    for _ in range(MONTHS):
        model.step()
    view, policy = model.views[US], model.institutions[US - 1].policy
    if not len(view):
        return 0.0
    rows = view._beliefs if view._places is None else view._beliefs[view._places]
    many = np.tile(rows, -(-CUSTOMERS // len(rows)))[:CUSTOMERS]
    many["person_id"] = np.arange(CUSTOMERS)
    taken = []
    for _ in range(TIMES):
        fresh = InstitutionView(
            many, view.posted, view.me, view.month, view.list_prices, view.budget, *view._key, schemes=view.schemes,
            house=view.house,
        )  # fmt: skip
        began = time.perf_counter_ns()
        as_plan(policy.decide(fresh))
        taken.append((time.perf_counter_ns() - began) / CUSTOMERS)
    return median(taken)


def main() -> None:
    """Print a line for each policy."""
    for name in SHELF:
        ns = ns_per_customer(name)
        print(f"{name:22} {ns:7.0f} ns a customer and month   {'' if ns < TARGET_NS else f'over {TARGET_NS:.0f}'}")


if __name__ == "__main__":
    main()

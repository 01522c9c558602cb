"""Known answer about treatments: how long to keep contacting customers who do not buy (Pfeifer & Carraway 2000)."""

import gc
import math

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.verification.cases.rows import Row, compare, market, series
from tenure.policies.shelf import make_policy
from tenure.simulation.model import LifecycleModel

CASE = "letting_go"
DISCOUNT = 0.2
PURCHASE, CONTACT = 40.0, 4.0
VALUES = {
    4: (52.320, 5.554, 1.251, -1.820),
    3: (53.149, 6.621, 2.644, 0.0),
    2: (51.574, 4.596, 0.0, 0.0),
}
"""Last recency that is contacted -> printed value of a customer at recency 1 to 4."""
FOUR_PERIODS = (50.115, 4.220, 0.592, -1.980)
"""Printed value where everybody is contacted, now and in four periods more."""
LONG = 60
"""Periods after which 1.2^-t has left nothing that shows."""


def letting_go(people: int = 50_000, periods: int = LONG, seed: int = 1) -> list[Row]:
    """Values by recency under three policies, of five periods, and the policy that a search finds.

    A purchase made in a month belongs to the next period of the paper, and the one that starts recency 1 counts.
    """
    rows: list[Row] = []
    for last, printed in VALUES.items():
        for recency, expected in enumerate(printed, start=1):
            rows.append(_value_row(last, recency, expected, people, periods, seed, f"contacted up to recency {last}"))
    for recency, expected in enumerate(FOUR_PERIODS, start=1):
        rows.append(_value_row(4, recency, expected, people, 5, seed, "now and four periods more"))
    best, gain, error = _search(people, periods, seed)
    rows.append(compare(CASE, "last recency contacted that a search of the simulator finds best", 3.0, best, 0.0))
    rows.append(compare(CASE, "what it gains over the second best, recency 1", 53.149 - 52.320, gain, error))
    return rows


def _value_row(last: int, recency: int, expected: float, people: int, periods: int, seed: int, what: str) -> Row:
    values = customer_values(last, recency, people, periods, seed)
    error = float(values.std()) / math.sqrt(people)
    return compare(CASE, f"value at recency {recency}, {what}", expected, float(values.mean()), error, 0.0005)


def customer_values(last: int, recency: int, people: int, periods: int, seed: int) -> NDArray[np.float64]:
    """Return each customer's discounted value, EUR, shape (people,), as the books of the running model tell it.

    Parameters
    ----------
    last : int
        Who has not bought for longer is let alone.
    recency : int
        Of everybody at the start: so many months less one are lived without contact.
    """
    model = LifecycleModel(market(CASE, {"people": people}), seed=seed)
    for _ in range(recency - 1):
        model.step()
    model.set_policy("us", make_policy("rules", {"rules": [{"when": f"months_since_use <= {last}", "do": "reminder"}]}))
    value = np.full(people, PURCHASE if recency == 1 else 0.0)
    contacts = purchases = 0
    model.start_recording()
    for period in range(periods):
        model.step()
        contacted, bought = model.signals["treatment"] > 0, model.signals["used"] == 1
        contacts, purchases = contacts + int(contacted.sum()), purchases + int(bought.sum())
        value -= CONTACT * contacted / (1.0 + DISCOUNT) ** period
        if period < periods - 1:  # what the last contact brings belongs to a period after the end
            value += PURCHASE * bought / (1.0 + DISCOUNT) ** (period + 1)
    books = (
        series(model.recording(), "ledger", a="treatment").sum(),
        series(model.recording(), "ledger", a="fees").sum(),
    )
    if books != (-CONTACT * contacts, PURCHASE * purchases):
        raise AssertionError(f"{CASE}: the books tell {books}, the customers' months {contacts} and {purchases}")
    del model
    gc.collect()  # a model refers to itself in circles: two dozen of them would wait in memory for the collector
    return value


def _search(people: int, periods: int, seed: int) -> tuple[float, float, float]:
    """Return the best last recency of 0 to 5, its lead over the second best and the standard error of that, EUR."""
    values = [customer_values(last, 1, people, periods, seed) for last in range(6)]
    means = [float(one.mean()) for one in values]
    first, second = sorted(range(6), key=lambda last: (-means[last], last))[:2]
    apart = values[first] - values[second]
    return float(first), float(apart.mean()), float(apart.std()) / math.sqrt(people)

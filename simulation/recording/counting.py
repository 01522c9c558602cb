"""One pass over the people that counts what the recording tells of a month."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.offer import MAX_CHANNELS, US
from tenure.agents.person import CAUSES, STAGES
from tenure.agents.rules.rulebook import MAX_INSTITUTIONS

TENURE_YEARS = (*(str(y) for y in range(10)), "10+")
PRODUCTS_HELD = ("1", "2", "3", "4+")
BUCKETS = ("0", "1", "2", "3", "4", "5+")
SOURCES = 3 + MAX_CHANNELS
"""How a joiner came: 1 looked around, 2 + channel, the last by invitation; 0 is not used."""

COUNTS = np.dtype(
    [
        ("gone", np.int64),
        ("customers", np.int64, (MAX_INSTITUTIONS,)),
        ("credit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("deposit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("by_tenure", np.int64, (MAX_INSTITUTIONS, len(TENURE_YEARS))),
        ("by_products", np.int64, (MAX_INSTITUTIONS, len(PRODUCTS_HELD))),
        ("past_due_cents", np.int64, (MAX_INSTITUTIONS, len(BUCKETS))),
        ("leavers", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(TENURE_YEARS))),
        ("leavers_by_products", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(PRODUCTS_HELD))),
        ("joiners", np.int64, (MAX_INSTITUTIONS, SOURCES)),
        ("stage_moves", np.int64, (len(STAGES), len(STAGES) + 1)),
    ],
    align=True,
)
"""Counts of one month, by institution where not said otherwise; the last stage moved to is gone."""


@compiled
def count_rows(people: NDArray[np.void], signals: NDArray[np.void], rows: NDArray[np.void]) -> None:
    """Add everybody's month to the one row of counts."""
    counts = rows[0]
    for i in range(signals.shape[0]):
        s = signals[i]
        j = s.provider
        if j < 0:
            counts.gone += 1
        else:
            counts.customers[j] += 1
        if j > 0:
            counts.credit_cents[j] += s.credit_cents
            counts.deposit_cents[j] += s.deposit_cents
            counts.past_due_cents[j, min(s.months_past_due, 5)] += s.credit_cents
            counts.by_tenure[j, min(s.tenure_months // 12, 10)] += 1
            held = 0
            for k in range(len(s.held)):
                held += s.held[k]
            counts.by_products[j, min(max(held, 1), 4) - 1] += 1
        if s.cause > 0:
            counts.leavers[s.before, s.cause, min(s.tenure_before // 12, 10)] += 1
            counts.leavers_by_products[s.before, s.cause, min(max(s.products_before, 1), 4) - 1] += 1
        if s.joined == 1:
            counts.joiners[j, s.source] += 1
        if s.before == US:
            counts.stage_moves[s.stage_before, people[i].stage if j == US else 4] += 1


def counted(people: NDArray[np.void], signals: NDArray[np.void]) -> np.void:
    """Return the counts of the month that these signals show, one row of COUNTS."""
    rows = np.zeros(1, COUNTS)
    count_rows(people, signals, rows)
    row: np.void = rows[0]
    return row

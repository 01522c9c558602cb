"""What a month comes to, counted person by person: what the books are held to, and what the recording tells."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled, rule
from tenure.agents.offer import MAX_CHANNELS, US
from tenure.agents.person import CAUSES, STAGES, Person
from tenure.agents.rules.rulebook import MAX_INSTITUTIONS
from tenure.agents.signal import BY_CHANNEL, Signal

TENURE_YEARS = (*(str(y) for y in range(10)), "10+")
PRODUCTS_HELD = ("1", "2", "3", "4+")
BUCKETS = ("0", "1", "2", "3", "4", "5+")
SOURCES = 1 + BY_CHANNEL
"""How joiners came, as they are counted: as `source` of a signal, all channels of an institution as one."""

COUNTS = np.dtype(
    [
        ("gone", np.int64),
        ("astray", np.int64),
        ("moved", np.int64),
        ("customers", np.int64, (MAX_INSTITUTIONS,)),
        ("credit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("deposit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("owed_before_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("by_tenure", np.int64, (MAX_INSTITUTIONS, len(TENURE_YEARS))),
        ("by_products", np.int64, (MAX_INSTITUTIONS, len(PRODUCTS_HELD))),
        ("past_due_cents", np.int64, (MAX_INSTITUTIONS, len(BUCKETS))),
        ("leavers", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(TENURE_YEARS))),
        ("leavers_by_products", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(PRODUCTS_HELD))),
        ("joiners", np.int64, (MAX_INSTITUTIONS, SOURCES)),
        ("joiners_by_channel", np.int64, (MAX_CHANNELS,)),
        ("stage_moves", np.int64, (len(STAGES), len(STAGES) + 1)),
        ("flows", np.int64, (MAX_INSTITUTIONS, MAX_INSTITUTIONS + 1)),
    ],
    align=True,
)
"""Counts of one month, by institution where not said otherwise; the last stage moved to is gone. `flows` are people
whose provider changed, from (row) to (column); row and column 0 are nobody, and the last column is gone for good.

People are astray if their provider is none that there could be, and moved if it is not the one that the month before
ended with: neither happens. `owed_before_cents` is what is still owed to a former lender."""


class Counts(Protocol):
    """A row of COUNTS, as compiled rules read and write it."""

    gone: int
    astray: int
    moved: int
    customers: NDArray[np.int64]
    credit_cents: NDArray[np.int64]
    deposit_cents: NDArray[np.int64]
    owed_before_cents: NDArray[np.int64]
    by_tenure: NDArray[np.int64]
    by_products: NDArray[np.int64]
    past_due_cents: NDArray[np.int64]
    leavers: NDArray[np.int64]
    leavers_by_products: NDArray[np.int64]
    joiners: NDArray[np.int64]
    joiners_by_channel: NDArray[np.int64]
    stage_moves: NDArray[np.int64]
    flows: NDArray[np.int64]


@rule
def count(person: Person, signal: Signal, counts: Counts) -> None:
    """Add what one person's month came to."""
    j = signal.provider
    if j < -1 or j >= MAX_INSTITUTIONS:
        counts.astray += 1
    elif j < 0:
        counts.gone += 1
    else:
        counts.customers[j] += 1
        if j > 0:
            counts.credit_cents[j] += signal.credit_cents
            counts.deposit_cents[j] += signal.deposit_cents
            counts.past_due_cents[j, min(signal.months_past_due, 5)] += signal.credit_cents
            counts.by_tenure[j, min(signal.tenure_months // 12, 10)] += 1
            held = 0
            for k in range(len(signal.held)):
                held += signal.held[k]
            counts.by_products[j, min(max(held, 1), 4) - 1] += 1
        if signal.joined == 1:
            counts.joiners[j, min(signal.source, BY_CHANNEL)] += 1
            if signal.source >= BY_CHANNEL:
                counts.joiners_by_channel[signal.source - BY_CHANNEL] += 1
    if person.owed_before_cents > 0:
        counts.owed_before_cents[person.owed_before_to] += person.owed_before_cents
    if signal.cause > 0:
        counts.leavers[signal.before, signal.cause, min(signal.tenure_before // 12, 10)] += 1
        counts.leavers_by_products[signal.before, signal.cause, min(max(signal.products_before, 1), 4) - 1] += 1
    if signal.before != j and signal.before >= 0:
        counts.flows[signal.before, j if j >= 0 else MAX_INSTITUTIONS] += 1
    if signal.before == US:
        counts.stage_moves[signal.stage_before, person.stage if j == US else 4] += 1


@compiled
def count_rows(people: NDArray[np.void], signals: NDArray[np.void], rows: NDArray[np.void]) -> None:
    """Add everybody's month to the one row of counts."""
    for i in range(signals.shape[0]):
        count(people[i], signals[i], rows[0])


def counted(people: NDArray[np.void], signals: NDArray[np.void]) -> NDArray[np.void]:
    """Return the counts of the month that these signals show, shape (1,) of COUNTS."""
    rows = np.zeros(1, COUNTS)
    count_rows(people, signals, rows)
    return rows


def added(parts: Sequence[NDArray[np.void]]) -> np.void:
    """Return the sum of counts, each of shape (1,), as one row of COUNTS."""
    row: np.void = np.sum([part.view(np.int64) for part in parts], axis=0).view(COUNTS)[0]
    return row

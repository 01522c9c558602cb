"""The month of everybody who was our customer at its start or at its end, read from all people in two passes."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.offer import US

OURS = np.dtype(
    [
        ("row", np.int64),
        ("person_id", np.int64),
        ("before", np.int64),
        ("provider", np.int64),
        ("cause", np.int64),
        ("stage", np.int64),
        ("tenure_months", np.int64),
        ("credit_cents", np.int64),
        ("deposit_cents", np.int64),
        ("months_past_due", np.int64),
        ("margin_per_year", np.float64),
        ("paid_cents", np.int64),
        ("told_to_go", np.int64),
    ],
    align=True,
)
"""What the recording reads of one of our customers: the row among the people, the true stage, whether the relationship
is being ended or gets no new credit (`told_to_go`), and fields of the signal."""


class InChunks(Protocol):
    """Does work over rows in chunks, as `tenure.simulation.engines.engine.Engine.in_chunks` does."""

    def __call__(self, rows: int, work: Callable[[slice], NDArray[np.int64]], /) -> list[NDArray[np.int64]]:
        """Return the results in the order of the chunks."""
        ...


@compiled
def find_rows(signals: NDArray[np.void], first: int, rows: NDArray[np.int64]) -> int:
    """Write the rows of those who were or are ours, counted from `first`; return how many there are."""
    found = 0
    for i in range(signals.shape[0]):
        if signals[i].provider == US or signals[i].before == US:
            rows[found] = first + i
            found += 1
    return found


@compiled
def read_rows(
    people: NDArray[np.void], signals: NDArray[np.void], rows: NDArray[np.int64], ours: NDArray[np.void]
) -> None:
    """Read the month of the people at these rows."""
    for i in range(rows.shape[0]):
        signal, one = signals[rows[i]], ours[i]
        one.row, one.person_id, one.stage = rows[i], signal.person_id, people[rows[i]].stage
        one.before, one.provider, one.cause = signal.before, signal.provider, signal.cause
        one.tenure_months, one.months_past_due = signal.tenure_months, signal.months_past_due
        one.credit_cents, one.deposit_cents = signal.credit_cents, signal.deposit_cents
        one.margin_per_year, one.paid_cents = signal.margin_per_year, signal.paid_cents
        one.told_to_go = 1 if signal.ending == 1 or signal.lending_stopped == 1 else 0


@compiled
def follow_rows(rows: NDArray[np.int64], ours: NDArray[np.void], followed: NDArray[np.void]) -> None:
    """Copy the month of the people at these rows, ascending, where they are among ours; leave that of others alone."""
    at = 0
    for i in range(rows.shape[0]):
        while at < ours.shape[0] and ours[at].row < rows[i]:
            at += 1
        if at < ours.shape[0] and ours[at].row == rows[i]:
            followed[i] = ours[at]


def ours_of(people: NDArray[np.void], signals: NDArray[np.void], in_chunks: InChunks) -> NDArray[np.void]:
    """Return the month of everybody who was or is our customer, in the order of the rows, dtype OURS."""

    def find(part: slice) -> NDArray[np.int64]:
        rows = np.empty(part.stop - part.start, np.int64)
        return rows[: find_rows(signals[part], part.start, rows)]

    rows = np.concatenate(in_chunks(len(signals), find))
    ours = np.empty(len(rows), OURS)

    def read(part: slice) -> NDArray[np.int64]:
        read_rows(people, signals, rows[part], ours[part])
        return rows[part]

    in_chunks(len(rows), read)
    return ours


def followed(rows: NDArray[np.int64], ours: NDArray[np.void]) -> NDArray[np.void]:
    """Return the month of the people at these rows, ascending; zeros of those who neither were nor are ours."""
    months = np.zeros(len(rows), OURS)
    follow_rows(rows, ours, months)
    return months

"""The month of everybody who is our customer at its end, or left us in it, read from all people in two passes."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.offer import US

OURS = np.dtype(
    [
        ("row", np.int64),
        ("person_id", np.int64),
        ("before", np.int32),
        ("provider", np.int32),
        ("cause", np.int32),
        ("stage", np.int32),
        ("tenure_months", np.int32),
        ("credit_cents", np.int64),
        ("deposit_cents", np.int64),
        ("months_past_due", np.int32),
        ("margin_per_year", np.float64),
        ("paid_cents", np.int64),
        ("told_to_go", np.int32),
    ],
    align=True,
)
"""What the recording reads of one of our customers: the row among the people, the true stage, whether the relationship
is being ended or gets no new credit (`told_to_go`), and fields of the signal."""


Found = tuple[NDArray[np.int64], NDArray[np.int64]]


class InChunks(Protocol):
    """Does work over rows in chunks, as `tenure.simulation.engines.engine.Engine.in_chunks` does."""

    def __call__(self, rows: int, work: Callable[[slice], Found], /) -> list[Found]:
        """Return the results in the order of the chunks."""
        ...


@compiled
def find_rows(signals: NDArray[np.void], first: int, own: NDArray[np.int64], left: NDArray[np.int64]) -> Sequence[int]:
    """Write the rows of our customers and of those who left us, from `first` on; return how many there are of each."""
    stayed, gone = 0, 0
    for i in range(signals.shape[0]):
        if signals[i].provider == US:
            own[stayed] = first + i
            stayed += 1
        elif signals[i].before == US:
            left[gone] = first + i
            gone += 1
    return stayed, gone


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


def find_ours(signals: NDArray[np.void], in_chunks: InChunks) -> Found:
    """Return the rows of our customers at the month's end, and of those who left us in it, both ascending."""

    def find(part: slice) -> Found:
        own, left = np.empty((2, part.stop - part.start), np.int64)
        stayed, gone = find_rows(signals[part], part.start, own, left)
        return own[:stayed], left[:gone]

    own, left = (np.concatenate(each) for each in zip(*in_chunks(len(signals), find), strict=True))
    return own, left


def read_ours(
    people: NDArray[np.void], signals: NDArray[np.void], rows: NDArray[np.int64], in_chunks: InChunks
) -> NDArray[np.void]:
    """Return the month of the people at these rows, dtype OURS."""
    ours = np.empty(len(rows), OURS)

    def read(part: slice) -> Found:
        read_rows(people, signals, rows[part], ours[part])
        return rows[part], rows[part]

    in_chunks(len(rows), read)
    return ours

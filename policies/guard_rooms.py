"""A month's proposals as the guard goes through them: who is refused what, and what all of them share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.plan import first_of_each
from policies.treatments import Treatment

FREE, NOTHING, SERVED = 0, -1, -2


class Refusals:
    """Who is refused what, and why: the first reason given stands. `none` proposes nothing."""

    def __init__(self, number: NDArray[np.int64], why: tuple[str, ...]) -> None:
        self.number, self.why = number, why
        self.verdict = np.where(number == 0, NOTHING, FREE)  # else 1 + index into why

    @property
    def free(self) -> NDArray[np.bool_]:
        """Proposals that nothing has refused yet."""
        return np.asarray(self.verdict == FREE)

    def add(self, reason: str, refused: NDArray[np.bool_]) -> None:
        """Refuse where nothing has refused yet."""
        self.verdict[self.free & refused] = 1 + self.why.index(reason)

    def serve(self, positions: NDArray[np.int64], customer: NDArray[np.int64]) -> None:
        """Serve these proposals; what stands below them for the same customers is refused."""
        below = np.full(int(customer.max(initial=0)) + 1, len(customer))
        below[customer[positions]] = positions
        self.add("already_treated", np.arange(len(customer)) > below[customer])
        self.verdict[positions] = SERVED

    def counts(self, treatments: Sequence[Treatment]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """Return proposals by treatment, and refusals by reason and treatment; only what occurred."""
        names = [treatment.name for treatment in treatments]
        asked = np.bincount(self.number[self.verdict != NOTHING], minlength=len(names))
        proposed = {name: int(count) for name, count in zip(names, asked, strict=True) if count}
        refused: dict[str, dict[str, int]] = {}
        for code, reason in enumerate(self.why, start=1):
            counts = np.bincount(self.number[self.verdict == code], minlength=len(names))
            if counts.any():
                refused[reason] = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
        return proposed, refused


class Room(NamedTuple):
    """Something of which there is only so much; the first that it does not hold shuts it for all below."""

    reason: str
    holds: float
    takes: NDArray[np.float64]
    """What each proposal takes of it, shape (proposals,); below 0 where it has nothing to do with it."""

    def first_too_many(self, at: NDArray[np.int64]) -> int | None:
        """Return which of the proposals at these positions is the first that no longer fits, if any."""
        taking = at[self.takes[at] >= 0.0]
        over = np.flatnonzero(np.cumsum(self.takes[taking]) > self.holds)
        return int(taking[over[0]]) if len(over) else None


def from_the_top(
    customer: NDArray[np.int64], free: NDArray[np.bool_], rooms: Sequence[Room]
) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    """Give each customer the first proposal for which there is room, reading the list once from the top.

    Only what is given takes room: who is refused by one room takes nothing of another, and a customer's next
    proposal stands in for one that found no room.

    Parameters
    ----------
    customer : int array, shape (proposals,)
    free : bool array, shape (proposals,)
        Proposals that nothing has refused yet.
    rooms : sequence of Room
        In the order of asking.

    Returns
    -------
    given : int array
        Positions of the proposals that are given, at most one for a customer, ascending.
    shut : list of bool arrays, shape (proposals,)
        Where each room turns a proposal away.
    """
    shut = [np.zeros(len(customer), np.bool_) for _ in rooms]
    open_rooms = dict(enumerate(rooms))
    alive = free.copy()
    while True:
        at = np.flatnonzero(alive)
        given = at[first_of_each(customer[at])]
        full = [(where, number) for number, one in open_rooms.items()
                if (where := one.first_too_many(given)) is not None]  # fmt: skip
        if not full:
            return given, shut
        where, number = min(full)  # what stands above it on the list is settled
        shut[number][where:] = open_rooms.pop(number).takes[where:] >= 0.0
        alive &= ~shut[number]

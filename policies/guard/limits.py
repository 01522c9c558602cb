"""A month's proposals as the guard goes through them: who is refused what, and what all of them share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.policies.plan import first_of_each
from tenure.policies.treatments import Treatment

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


class Quota(NamedTuple):
    """Something of which there is only so much: the first proposal that exceeds it closes it for all below."""

    reason: str
    at_most: float
    uses: NDArray[np.float64]
    """What each proposal uses of it, shape (proposals,); below 0 where it has nothing to do with it."""

    def first_too_many(self, at: NDArray[np.int64]) -> int | None:
        """Return which of the proposals at these positions is the first that no longer fits, if any."""
        using = at[self.uses[at] >= 0.0]
        over = np.flatnonzero(np.cumsum(self.uses[using]) > self.at_most)
        return int(using[over[0]]) if len(over) else None


def from_the_top(
    customer: NDArray[np.int64], free: NDArray[np.bool_], quotas: Sequence[Quota]
) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    """Give each customer the first proposal that all quotas allow, reading the list once from the top.

    Only what is given uses up a quota: a proposal that one quota refuses uses nothing of another, and the customer's
    next proposal stands in for it.

    Parameters
    ----------
    customer : int array, shape (proposals,)
    free : bool array, shape (proposals,)
        Proposals that nothing has refused yet.
    quotas : sequence of Quota
        In the order of asking.

    Returns
    -------
    given : int array
        Positions of the proposals that are given, at most one for a customer, ascending.
    refused : list of bool arrays, shape (proposals,)
        Where each quota refuses a proposal.
    """
    refused = [np.zeros(len(customer), np.bool_) for _ in quotas]
    open_quotas = dict(enumerate(quotas))
    alive = free.copy()
    while True:
        at = np.flatnonzero(alive)
        given = at[first_of_each(customer[at])]
        exceeded = [
            (where, number)
            for number, quota in open_quotas.items()
            if (where := quota.first_too_many(given)) is not None
        ]
        if not exceeded:
            return given, refused
        where, number = min(exceeded)  # what stands above it on the list is settled
        refused[number][where:] = open_quotas.pop(number).uses[where:] >= 0.0
        alive &= ~refused[number]

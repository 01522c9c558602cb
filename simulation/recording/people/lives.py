"""Everybody who was our customer in a run: what they brought to the cent, how they left and for whom, what we sent."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.mathematics.elementary import power_
from tenure.agents.person import CAUSES, NO_EXIT
from tenure.simulation.recording.market import GONE_FOR_GOOD
from tenure.simulation.recording.measures import LIFE_LEFT, LIFE_TREATED, LIFE_VALUE, STAYS, TAKEN, TO
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.people.sent import SentContacts
from tenure.simulation.recording.rows import Columns


class _Sent(NamedTuple):
    """Our contacts of a month, with the month and the amount of each."""

    months: NDArray[np.int32]
    sent: SentContacts
    amounts: NDArray[np.float64]


class _Left(NamedTuple):
    """Those who left us in a month; arrays of shape (people,)."""

    months: NDArray[np.int32]
    rows: NDArray[np.int64]
    causes: NDArray[np.int32]
    to: NDArray[np.int32]
    """Institution, or that of a person who has none."""


class LifeRecorder:
    """Adds up what each person brought us, at the beginning's money, and keeps what we sent them.

    A person is a row of the model's people, and keeps it as long as a recording lasts: newcomers are put behind.
    """

    def __init__(self, start: MonthFacts) -> None:
        people = len(start.people)
        self.value_eur = np.zeros(people)
        self.ever, self.cause = np.zeros(people, np.bool_), np.full(people, NO_EXIT)
        self.ever[start.own_rows] = True
        self.weight = 1.0
        self.sent: list[_Sent] = []
        self.left: list[_Left] = []

    def note(self, facts: MonthFacts, sent: SentContacts) -> None:
        """Add a month that has been lived, and our contacts of it."""
        self._grow(len(facts.people))
        self.weight *= power_(1.0 + facts.settings.world.discount, -1.0 / 12.0)
        self.value_eur += self.weight * facts.profits / 100.0
        self.ever[facts.own["row"]] = True
        rows, causes, to = (facts.left[name].copy() for name in ("row", "cause", "provider"))
        self.cause[rows] = causes
        self.left.append(_Left(np.full(len(rows), facts.month, np.int32), rows, causes, to))
        amounts = facts.ours.allowed.contacts["amount"].copy()
        self.sent.append(_Sent(np.full(len(amounts), facts.month, np.int32), sent, amounts))

    def _grow(self, people: int) -> None:
        more = people - len(self.ever)
        if more:
            self.value_eur = np.concatenate([self.value_eur, np.zeros(more)])
            self.ever = np.concatenate([self.ever, np.zeros(more, np.bool_)])
            self.cause = np.concatenate([self.cause, np.full(more, NO_EXIT)])

    def columns(self, facts: MonthFacts) -> Columns:
        """Return rows of each person who was our customer, at the state before the first month or in a month since.

        ``life/value``: `a` is the person, `b` how the relationship ended for the last time, or that it stands. The
        closing value of who is ours at the end is in it. ``life/treated``: `a` is the person, `b` what we sent in the
        month and whether it was taken, the value its amount. ``life/left``: `a` is the person, `b` how the
        relationship ended in the month, and where the person went.
        """
        ids = np.array(list(map(str, facts.people["id"].tolist())), object)
        parts = {
            LIFE_VALUE.name: self._values(facts, ids),
            LIFE_TREATED.name: self._treated(facts, ids),
            LIFE_LEFT.name: self._leavings(facts, ids),
        }
        months, a, b, values = (np.concatenate(each) for each in zip(*parts.values(), strict=True))
        names = np.repeat(np.array(list(parts), object), [len(one[0]) for one in parts.values()])
        return names, months, np.full(len(months), facts.us, object), a, b, values

    def _values(self, facts: MonthFacts, ids: NDArray[np.object_]) -> Columns:
        """Return months, people, how it ended and what they brought."""
        worth = facts.value(facts.own_rows, facts.truths)
        value_eur = self.value_eur.copy()
        value_eur[facts.own_rows] += self.weight * (
            worth["future_margin"] - worth["expected_loss"] - worth["future_capital_cost"]
        )
        ends = np.array(CAUSES, object)[self.cause]
        ends[facts.own_rows] = STAYS
        own = np.flatnonzero(self.ever)
        return np.full(len(own), facts.month, np.int32), ids[own], ends[own], value_eur[own]

    def _treated(self, facts: MonthFacts, ids: NDArray[np.object_]) -> Columns:
        """Return months, people, what was sent and its amounts; what went to people who never were ours is left out."""
        names = np.array([one.name + taken for one in facts.treatments for taken in ("", TAKEN)], object)
        rows = np.concatenate([one.sent.rows for one in self.sent])
        kept = self.ever[rows]
        months, amounts = (np.concatenate([one[k] for one in self.sent])[kept] for k in (0, 2))
        told = np.concatenate([2 * one.sent.treatments + one.sent.taken for one in self.sent])[kept]
        return months, ids[rows[kept]], names[told], amounts

    def _leavings(self, facts: MonthFacts, ids: NDArray[np.object_]) -> Columns:
        """Return months, people, how and where they went, and that each is one."""
        months, rows, causes, to = (np.concatenate(each) for each in zip(*self.left, strict=True))
        where = np.array([*facts.names, GONE_FOR_GOOD], object)[to]  # who is gone has the provider -1
        return months, ids[rows], np.array([cause + TO for cause in CAUSES], object)[causes] + where, np.ones(len(rows))

"""Person by person: what became of those who were our customers at month 0, to pair the same person under two arms."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.agents.compiling import compiled, rule
from tenure.agents.offer import US
from tenure.agents.person import CHARGED_OFF, ENDED, STAGES
from tenure.policies.guard.costs import forgone_cents
from tenure.simulation.institutions.poaching import came_from_others
from tenure.simulation.institutions.teaching import average_loss, month_profit_eur
from tenure.simulation.recording.measures import (
    FATES,
    PERSON_CHARGED,
    PERSON_MONTHS,
    PERSON_PROFIT,
    PERSON_REWARDS,
    PERSON_TREATMENT,
)
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.people.sent import SentContacts
from tenure.simulation.recording.rows import Columns

SO_FAR = np.dtype(
    [
        ("row", np.int64),
        ("person_id", np.int64),
        ("owed_cents", np.int64),
        ("charged_cents", np.int64),
        ("reward_cents", np.int64),
        ("months", np.int64),
        ("profit_eur", np.float64),
        ("treatment_cents", np.float64),
        ("told_to_go", np.int64),
        ("charged_off", np.int64),
        ("stays", np.int64),
    ],
    align=True,
)
"""Of one person: the row, what is owed now, and what has been added up, or has happened, since the recording began."""


class SoFar(Protocol):
    """A row of SO_FAR, as compiled rules read and write it."""

    owed_cents: int
    charged_cents: int
    months: int
    told_to_go: int
    charged_off: int
    stays: int


class Month(Protocol):
    """A row of `tenure.simulation.recording.ours.OURS`, as compiled rules read it."""

    before: int
    provider: int
    cause: int
    margin_per_year: float
    paid_cents: int
    told_to_go: int
    credit_cents: int


@rule
def take_month(one: SoFar, month: Month, rewards: int, loss: float) -> float:
    """Add what a month brought of somebody who is ours or has left; return the profit before treatment, EUR."""
    profit = 0.0
    if month.before == US:
        lost = month.cause == CHARGED_OFF
        profit = month_profit_eur(month.margin_per_year, lost, one.owed_cents, loss)
        one.charged_cents += month.paid_cents + rewards  # a signal has rewards taken off
        one.months += 1
        if lost:
            one.charged_off = 1
        if month.cause == ENDED:
            one.told_to_go = 1
    one.stays, one.owed_cents = 0, 0
    if month.provider == US:
        one.stays, one.owed_cents = 1, month.credit_cents
        if month.told_to_go == 1:
            one.told_to_go = 1
    return profit


@compiled
def add_up_rows(
    people: NDArray[np.void],
    own: NDArray[np.void],
    left: NDArray[np.void],
    spent: NDArray[np.float64],
    rewards: NDArray[np.int64],
    forgone: NDArray[np.float64],
    loss: float,
) -> int:
    """Add a month to everybody's sums; return how many stand in a row that is not theirs. All ascend by row."""
    stayed, gone, strange = 0, 0, 0
    for i in range(people.shape[0]):
        one, profit = people[i], 0.0
        while stayed < own.shape[0] and own[stayed].row < one.row:
            stayed += 1
        while gone < left.shape[0] and left[gone].row < one.row:
            gone += 1
        if stayed < own.shape[0] and own[stayed].row == one.row:
            strange += own[stayed].person_id != one.person_id
            profit = take_month(one, own[stayed], rewards[i], loss)
        elif gone < left.shape[0] and left[gone].row == one.row:
            strange += left[gone].person_id != one.person_id
            profit = take_month(one, left[gone], rewards[i], loss)
        else:
            one.stays, one.owed_cents = 0, 0
        one.profit_eur += profit - spent[i] / 100.0
        one.treatment_cents += spent[i] + forgone[i]
        one.reward_cents += rewards[i]
    return strange


class PeopleRecorder:
    """Adds up, month by month, what each starting customer brought and cost, was charged and got in rewards.

    A person is a row of the model's people, and keeps it as long as a recording lasts: newcomers are put behind.
    The audit group is read here alone; no view has it.
    """

    def __init__(self, start: MonthFacts) -> None:
        self.quadrants, self.stages = start.truths["quadrant"].copy(), start.stages.copy()
        self.rows, self.groups = start.own_rows, start.people["group"][start.own_rows]
        self.people = np.zeros(len(self.rows), SO_FAR)
        self.people["row"], self.people["person_id"] = self.rows, start.own["person_id"]
        self.people["owed_cents"] = start.own["credit_cents"]

    def note(self, facts: MonthFacts, sent: SentContacts) -> None:
        """Add a month that has been lived, and what our contacts of it cost."""
        spent, rewards = self._spent(facts, sent)
        forgone, loss = self._forgone(facts), average_loss(facts.products)
        if add_up_rows(self.people, facts.own, facts.left, spent, rewards, forgone, loss):
            raise RuntimeError("people have changed their rows since the recording began: call start_recording() anew")

    def _spent(self, facts: MonthFacts, sent: SentContacts) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the cents of contacts and rewards, and of rewards alone, the welcomes of who came back among them."""
        rewards = sent.cents - facts.effects["contact_cents"][facts.ours.allowed.contacts["treatment"]]
        n, at = len(self.rows), np.searchsorted(self.rows, sent.rows)
        known = at < n
        known[known] = self.rows[at[known]] == sent.rows[known]
        spent, given = (
            np.asarray(np.bincount(at[known], some[known], n), np.float64) for some in (sent.cents, rewards)
        )
        promised = int(facts.offers["poaching_cents"][US])
        if promised:
            came = came_from_others(facts.signals[self.rows], US)
            spent[came], given[came] = spent[came] + promised, given[came] + promised
        return spent, given.astype(np.int64)

    def _forgone(self, facts: MonthFacts) -> NDArray[np.float64]:
        """Return the cents of income that the month's price cuts gave up, as the guard counts them."""
        ours, allowed = facts.ours, facts.ours.allowed
        if allowed.offer is None and not allowed.given_up_eur:
            return np.zeros(len(self.rows))
        cents = np.zeros(len(facts.people))
        cents[ours.at] = forgone_cents(allowed.contacts, allowed.offer, ours.view, facts.treatments)
        return cents[self.rows]

    def columns(self, month: int, us: str) -> Columns:
        """Return rows of each person: ``person/profit``, ``/charged``, ``/rewards``, ``/treatment``, ``/months``.

        `a` is the person. `b` carries what was so at month 0, or became: of profit the true quadrant, of what the
        person was charged (interest and fees) the true stage, of treatment the audit group, of months with us the
        fate, one of `FATES`; of rewards nothing. Money in EUR over the whole run. Profit is margin while ours, less
        loss at charge-off, less what contacts and rewards cost; treatment has given-up income, too.
        """
        people = self.people
        fates = people["told_to_go"] + 2 * people["charged_off"] + 4 * people["stays"]
        parts = {
            PERSON_PROFIT.name: (_words(QUADRANTS)[self.quadrants], np.round(people["profit_eur"], 2)),
            PERSON_CHARGED.name: (_words(STAGES)[self.stages], people["charged_cents"] / 100.0),
            PERSON_REWARDS.name: (np.full(len(people), "", object), people["reward_cents"] / 100.0),
            PERSON_TREATMENT.name: (_texts(self.groups), np.round(people["treatment_cents"]) / 100.0),
            PERSON_MONTHS.name: (_words(FATES)[fates], people["months"].astype(np.float64)),
        }
        n, words, values = len(people), *zip(*parts.values(), strict=True)
        return (
            np.repeat(_words(parts), n),
            np.full(n * len(parts), month, np.int32),
            np.full(n * len(parts), us, object),
            np.tile(_texts(people["person_id"]), len(parts)),
            np.concatenate(words),
            np.concatenate(values),
        )


def _words(words: Iterable[str]) -> NDArray[np.object_]:
    return np.array(list(words), object)


def _texts(numbers: NDArray[np.integer]) -> NDArray[np.object_]:
    """Return whole numbers as texts."""
    return _words(map(str, numbers.tolist()))

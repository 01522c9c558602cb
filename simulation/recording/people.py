"""Person by person: what became of those who were our customers at month 0, to pair the same person under two arms."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.agents.offer import US
from tenure.agents.person import CHARGED_OFF, ENDED, STAGES
from tenure.policies.guard.costs import forgone_cents
from tenure.simulation.institutions.teaching import profit_eur
from tenure.simulation.recording.measures import (
    FATES,
    PERSON_CHARGED,
    PERSON_MONTHS,
    PERSON_PROFIT,
    PERSON_REWARDS,
    PERSON_TREATMENT,
)
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.ours import followed
from tenure.simulation.recording.rows import Columns
from tenure.simulation.recording.sent import Sent


class PeopleRecorder:
    """Adds up, month by month, what each starting customer brought and cost, was charged and got in rewards.

    A person is a row of the model's people, and keeps it as long as a recording lasts: newcomers are put behind.
    The audit group is read here alone; no view has it.
    """

    def __init__(self, start: MonthFacts) -> None:
        people, own, n = start.people, start.own, len(start.own)
        self.rows, self.ids, self.quadrants = start.own_rows, own["person_id"].copy(), start.truths["quadrant"].copy()
        self.stages, self.groups = start.stages.copy(), people["group"][self.rows]
        self.owed_cents = own["credit_cents"].copy()
        self.profit_eur, self.treatment_cents = np.zeros(n), np.zeros(n)
        self.charged_cents, self.reward_cents, self.months = np.zeros((3, n), np.int64)
        self.told_to_go, self.charged_off, self.stays = np.zeros((3, n), np.bool_)

    def note(self, facts: MonthFacts, sent: Sent) -> None:
        """Add a month that has been lived, and what our contacts of it cost."""
        seen = followed(self.rows, facts.own, facts.left)
        ours, still = seen["before"] == US, seen["provider"] == US
        if ((seen["person_id"] != self.ids) & (ours | still)).any():
            raise RuntimeError("people have changed their rows since the recording began: call start_recording() anew")
        spent, rewards = self._spent(facts, sent)
        lost = seen["cause"] == CHARGED_OFF
        margin = profit_eur(seen["margin_per_year"], lost, self.owed_cents, facts.products)
        self.profit_eur += np.where(ours, margin, 0.0) - spent / 100.0
        self.treatment_cents += spent + self._forgone(facts)
        self.charged_cents += np.where(ours, seen["paid_cents"] + rewards, 0)  # a signal has rewards taken off
        self.reward_cents += rewards
        self.months += ours
        self.told_to_go |= still & (seen["told_to_go"] == 1)
        self.told_to_go |= ours & (seen["cause"] == ENDED)
        self.charged_off |= ours & lost
        self.stays, self.owed_cents = still, np.where(still, seen["credit_cents"], 0)

    def _spent(self, facts: MonthFacts, sent: Sent) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the cents of contacts and rewards, and of rewards alone, the welcomes of who came back among them."""
        rewards = sent.cents - facts.effects["contact_cents"][facts.ours.allowed.contacts["treatment"]]
        n, at = len(self.rows), np.searchsorted(self.rows, sent.rows)
        known = at < n
        known[known] = self.rows[at[known]] == sent.rows[known]
        spent, given = (
            np.asarray(np.bincount(at[known], some[known], n), np.float64) for some in (sent.cents, rewards)
        )
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
        fates = self.told_to_go + 2 * self.charged_off + 4 * self.stays
        parts = {
            PERSON_PROFIT.name: (_words(QUADRANTS)[self.quadrants], np.round(self.profit_eur, 2)),
            PERSON_CHARGED.name: (_words(STAGES)[self.stages], self.charged_cents / 100.0),
            PERSON_REWARDS.name: (np.full(len(self.ids), "", object), self.reward_cents / 100.0),
            PERSON_TREATMENT.name: (_texts(self.groups), np.round(self.treatment_cents) / 100.0),
            PERSON_MONTHS.name: (_words(FATES)[fates], self.months.astype(np.float64)),
        }
        n, words, values = len(self.ids), *zip(*parts.values(), strict=True)
        return (
            np.repeat(_words(parts), n),
            np.full(n * len(parts), month, np.int32),
            np.full(n * len(parts), us, object),
            np.tile(_texts(self.ids), len(parts)),
            np.concatenate(words),
            np.concatenate(values),
        )


def _words(words: Iterable[str]) -> NDArray[np.object_]:
    return np.array(list(words), object)


def _texts(numbers: NDArray[np.integer]) -> NDArray[np.object_]:
    """Return whole numbers as texts."""
    return _words(map(str, numbers.tolist()))

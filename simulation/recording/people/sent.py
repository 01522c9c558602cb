"""Our contacts of a month: to whom they went, which were taken, and what they cost."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.simulation.institutions.contacts import cost_cents, taken_contacts
from tenure.simulation.recording.observing import MonthFacts


class SentContacts(NamedTuple):
    """Our contacts of a month, each with what became of it; arrays of shape (contacts,)."""

    rows: NDArray[np.int64]
    """Rows among the people."""
    treatments: NDArray[np.int64]
    strangers: NDArray[np.bool_]
    """Who was not our customer."""
    taken: NDArray[np.bool_]
    cents: NDArray[np.float64]
    """Contact, and reward or welcome if taken."""

    @classmethod
    def of(cls, facts: MonthFacts) -> "SentContacts":
        """Return what we sent in a month that has been lived."""
        contacts, rows = facts.ours.allowed.contacts, facts.ours.rows
        treatments, months = contacts["treatment"], facts.signals[rows]
        taken = taken_contacts(months, treatments, US)
        cents = cost_cents(contacts, taken, facts.effects)
        return cls(rows, treatments, np.asarray(months["before"] != US), taken, cents)

"""Person by person: what became of those who were our customers at month 0, to pair the same person under two arms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.belief import QUADRANTS
from agents.person import CHARGED_OFF, ENDED, STAGES
from policies.guard_costs import costs
from policies.guards import Allowed
from policies.treatments import Treatment
from policies.view import InstitutionView
from simulation.counting import cost_cents
from simulation.teaching import profit_eur

if TYPE_CHECKING:
    from simulation.model import LifecycleModel

US = 1
FIELDS = ("person_id", "before", "provider", "cause", "margin_per_year", "paid_cents", "ending", "lending_stopped",
          "credit_cents")  # fmt: skip
"""Of a signal, that are read here."""
FATES = tuple(
    ", ".join(word for bit, word in enumerate(("told to go", "charged off", "ours")) if code >> bit & 1)
    for code in range(8)
)
"""What became of a person, by bits: told to go by us (ended, or lending stopped), charged off with us, ours at the
end."""


class PeopleRecorder:
    """Adds up, month by month, what each starting customer brought and cost, was charged and got in rewards.

    A person is a row of the model's people, and keeps it as long as a recording lasts: newcomers are put behind.
    The audit group is read here alone; no view has it.
    """

    def __init__(self, model: "LifecycleModel", rows: NDArray[np.int64], quadrants: NDArray[np.int64]) -> None:
        people, n = model.people, len(rows)
        self.rows, self.ids, self.quadrants = rows, people["id"][rows], quadrants
        self.stages, self.groups = people["stage"][rows], people["group"][rows]
        self.owed_cents = model.signals["credit_cents"][rows]
        self.profit_eur, self.treatment_cents = np.zeros(n), np.zeros(n)
        self.charged_cents, self.reward_cents, self.months = np.zeros((3, n), np.int64)
        self.told_to_go, self.charged_off, self.stays = np.zeros((3, n), np.bool_)

    def note(self, model: "LifecycleModel", allowed: Allowed, taken: NDArray[np.bool_]) -> None:
        """Add a month that has been lived; `taken` says which of our contacts were."""
        seen = {name: model.signals[name][self.rows] for name in FIELDS}  # far quicker than rows whole
        if not np.array_equal(seen["person_id"], self.ids):
            raise RuntimeError("people have changed their rows since the recording began: call start_recording() anew")
        ours, still = seen["before"] == US, seen["provider"] == US
        spent, rewards = self._spent(model, allowed, taken)
        lost = seen["cause"] == CHARGED_OFF
        margin = profit_eur(seen["margin_per_year"], lost, self.owed_cents, model.products)
        self.profit_eur += np.where(ours, margin, 0.0) - spent / 100.0
        self.treatment_cents += spent + self._forgone(model, allowed)
        self.charged_cents += np.where(ours, seen["paid_cents"] + rewards, 0)  # a signal has rewards taken off
        self.reward_cents += rewards
        self.months += ours
        self.told_to_go |= still & ((seen["ending"] == 1) | (seen["lending_stopped"] == 1))
        self.told_to_go |= ours & (seen["cause"] == ENDED)
        self.charged_off |= ours & lost
        self.stays, self.owed_cents = still, np.where(still, seen["credit_cents"], 0)

    def _spent(
        self, model: "LifecycleModel", allowed: Allowed, taken: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the cents of contacts and rewards, and of rewards alone, the welcomes of who came back among them."""
        contacts, n = allowed.contacts, len(model.people)
        at = model.files[US].at[contacts["row"]]
        cents = cost_cents(contacts, taken, model.effects)
        rewards = cents - model.effects["contact_cents"][contacts["treatment"]]
        spent, given = (np.asarray(np.bincount(at, some, n)[self.rows], np.float64) for some in (cents, rewards))
        return spent, given.astype(np.int64)

    def _forgone(self, model: "LifecycleModel", allowed: Allowed) -> NDArray[np.float64]:
        """Return the cents of income that the month's price cuts gave up, as the guard counts them."""
        view = model.views[US]
        if allowed.offer is None and not allowed.given_up_eur:
            return np.zeros(len(self.rows))
        cents = np.zeros(len(model.people))
        cents[model.files[US].at] = forgone_cents(view, allowed, model.treatments)
        return cents[self.rows]

    def table(self, month: int, us: str) -> pd.DataFrame:
        """Return rows of each person: ``person/profit``, ``/charged``, ``/rewards``, ``/treatment``, ``/months``.

        `a` is the person. `b` carries what was so at month 0, or became: of profit the true quadrant, of what the
        person was charged (interest and fees) the true stage, of treatment the audit group, of months with us the
        fate, one of `FATES`; of rewards nothing. Money in EUR over the whole run. Profit is margin while ours, less
        loss at charge-off, less what contacts and rewards cost; treatment has given-up income, too.
        """
        fates = self.told_to_go + 2 * self.charged_off + 4 * self.stays
        who = self.ids.astype(np.str_).astype(object)
        parts = {
            "person/profit": (np.array(QUADRANTS, object)[self.quadrants], np.round(self.profit_eur, 2)),
            "person/charged": (np.array(STAGES, object)[self.stages], self.charged_cents / 100.0),
            "person/rewards": (np.full(len(who), "", object), self.reward_cents / 100.0),
            "person/treatment": (self.groups.astype(np.str_).astype(object), np.round(self.treatment_cents) / 100.0),
            "person/months": (np.array(FATES, object)[fates], self.months.astype(np.float64)),
        }
        frames = [
            pd.DataFrame({"measure": measure, "month": month, "institution": us, "a": who, "b": b, "value": value})
            for measure, (b, value) in parts.items()
        ]
        return pd.concat(frames, ignore_index=True).astype({"month": "int32"})


def forgone_cents(view: InstitutionView, allowed: Allowed, treatments: Sequence[Treatment]) -> NDArray[np.float64]:
    """Return the income given up to each customer in view: by a treatment for its duration, by the offer a month."""
    contacts = allowed.contacts
    _, forgone = costs(contacts["row"], contacts["treatment"], contacts["amount"], view, treatments)
    cents = np.bincount(contacts["row"], forgone, len(view)).astype(np.float64)  # of none it counts whole numbers
    offer = np.zeros(0) if allowed.offer is None else allowed.offer
    for product in np.flatnonzero(offer).tolist():
        cents += offer[product] / 12.0 * view.balance_of(view.products[product])
    return cents

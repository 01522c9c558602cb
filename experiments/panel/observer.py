"""The observer that makes a panel: it writes down the months of the people of a sample, and changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import Belief
from tenure.agents.person import GONE, NO_EXIT, Person
from tenure.agents.signal import Signal
from tenure.agents.truth import Truth
from tenure.experiments.export.column import Kind, TableColumn
from tenure.experiments.panel.columns import BELIEVED, MarketNames, readings_of
from tenure.experiments.panel.sample import Sample
from tenure.policies.view import InstitutionView
from tenure.simulation.market.rows import channel_names
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.people.sent import SentContacts

if TYPE_CHECKING:
    import pandas as pd

OF_RELATIONSHIP = ("stage",)
"""True fields that mean nothing of who has no provider."""
DONE = (
    TableColumn("did_propose", "text", "", "treatment that our policy proposed for the person this month"),
    TableColumn("did_treatment", "text", "", "treatment that our guard let through to the person this month"),
    TableColumn("did_amount", "number", "that of the treatment", "amount of that treatment"),
    TableColumn("did_reason", "text", "", "reason that our policy gave for it"),
    TableColumn("did_taken", "yes/no", "", "whether the person took it, or joined on it"),
    TableColumn("did_cost", "number", "EUR", "contact, and reward or welcome if taken"),
)
"""What we did in the month."""
HAPPENED = (
    TableColumn("entered", "yes/no", "", "whether the person entered the market this month"),
    TableColumn(
        "missed_payment", "yes/no", "", "whether one more payment was outstanding at the month's end than before"
    ),
)
CONTACTS = TableColumn(
    f"{BELIEVED}contacts_12_months", "whole", "contacts", "our contacts with the person in the last 12 months"
)
SEGMENT = TableColumn(f"{BELIEVED}segment", "text", "", "tag: first of our segments that fits")


class _Month(NamedTuple):
    """A month that was written down, and waits for what we made of it."""

    month: int
    ids: NDArray[np.int64]
    columns: dict[str, object]


class PanelObserver:
    """Writes down every month of the people of a sample; put it into `model.observers`.

    What we believed is put beside the month that it was made of: the state of our files when the next month begins,
    before anything is decided. After the last month give `finish` what we would believe then.

    Parameters
    ----------
    start : MonthFacts
        What is so before the first month, `model.facts()`: the first rows of the panel.
    luck : tuple of int
        Seed and replication, `model.luck`.
    people : int
        How many of those who are in the market are followed; who enters later is followed at the same rate.

    Raises
    ------
    ValueError
        If `people` is no positive number.

    Examples
    --------
    >>> from tenure import LifecycleModel
    >>> market = {"people": 200, "products": {"card": {"kind": "revolving", "apr": "19%", "line": 3500}},
    ...           "us": {"share": "40%", "quality": 0}, "rivals": {"bigbank": {"share": "35%", "quality": 0.3}}}
    >>> model = LifecycleModel(market, seed=1)
    >>> panel = PanelObserver(model.facts(), model.luck, people=50)
    >>> model.observers.append(panel)
    >>> model.step()
    >>> panel.finish(model.us.believed_now())
    >>> rows = panel.take()
    >>> rows["month"].nunique(), int((rows["month"] == -1).sum())
    (2, 50)
    """

    def __init__(self, start: MonthFacts, luck: tuple[int, int], people: int) -> None:
        names = names_of(start)
        self.names, self.has_segments = names, bool(start.settings.segments)
        self.of_person, self.of_truth = [*readings_of(Person, names)], [*readings_of(Truth, names)]
        self.seen, self.believed = [*readings_of(Signal, names)], [*readings_of(Belief, names)]
        here = start.people["provider"] != GONE
        self.sample = Sample(luck, start.people["id"][here], people)
        self.rows = np.flatnonzero(here & self.sample.has(start.people["id"]))
        self._looked = len(start.people)
        self._before: dict[int, int] = {}
        self._waiting: _Month | None = None
        self._done: list[pd.DataFrame] = []
        self._note(start)

    def columns(self) -> tuple[TableColumn, ...]:
        """Return the columns behind scenario, arm and replication, in their order."""
        needs = [
            TableColumn(f"{BELIEVED}need_{one}", "number", "0..1", f"need for {one}") for one in self.names.products
        ]
        return (
            TableColumn("person", "whole", "", "id of the person, the same in every arm"),
            TableColumn(
                "month", "whole", "months", "from the start of the run, 0 the first; -1 is the state before it"
            ),
            *HAPPENED,
            *(one.column for one in (*self.of_person, *self.of_truth, *self.seen)),
            *DONE,
            *(one.column for one in self.believed),
            *needs,
            CONTACTS,
            *([SEGMENT] if self.has_segments else []),
        )

    def month(self, facts: MonthFacts) -> None:
        """Put what we believed beside the month that it was made of, and write down the month that was lived."""
        self._hear(facts.ours.view)
        fresh = np.arange(self._looked, len(facts.people))
        self.rows = np.concatenate([self.rows, fresh[self.sample.has(facts.people["id"][fresh])]])
        self._looked = len(facts.people)
        self._note(facts)

    def finish(self, view: InstitutionView) -> None:
        """Put what we would believe now, `model.us.believed_now()`, beside the last month."""
        self._hear(view)

    def take(self) -> "pd.DataFrame":
        """Return the rows of the months that are whole since this was last asked, and forget them."""
        import pandas as pd

        names = [one.name for one in self.columns()]
        done, self._done = self._done, []
        return pd.concat(done, ignore_index=True) if done else pd.DataFrame(columns=names)

    @property
    def rows_waiting(self) -> int:
        """How many rows `take` would return."""
        return sum(map(len, self._done))

    def _note(self, facts: MonthFacts) -> None:
        people, signals = facts.people[self.rows], facts.signals[self.rows]
        ids, served = people["id"].astype(np.int64), people["provider"] > 0
        made: dict[str, object] = {"person": ids, "month": np.full(len(ids), facts.month, np.int64)}
        past_due = dict(zip(ids.tolist(), people["months_past_due"].tolist(), strict=True))
        made |= self._happened(facts, ids, signals, past_due)
        truths, everybody = facts.appraise(self.rows[served]), np.ones(len(ids), np.bool_)
        for one in self.of_person:
            there = served if one.field in OF_RELATIONSHIP else everybody
            made[one.column.name] = filled(one.column.kind, one.read(people[one.field][there]), there)
        for one in self.of_truth:
            made[one.column.name] = filled(one.column.kind, one.read(truths[one.field]), served)
        lived = ~((people["provider"] == GONE) & (signals["before"] == GONE))
        for one in self.seen:
            made[one.column.name] = filled(one.column.kind, one.read(signals[one.field][lived]), lived)
        made |= self._did(facts)
        self._waiting, self._before = _Month(facts.month, ids, made), past_due

    def _happened(
        self, facts: MonthFacts, ids: NDArray[np.int64], signals: NDArray[np.void], now: dict[int, int]
    ) -> dict[str, object]:
        first = not self._before
        entered = np.array([not first and one not in self._before for one in ids.tolist()], np.bool_)
        stayed = (signals["cause"] == NO_EXIT) & (signals["joined"] == 0)
        missed = np.array([one in self._before and now[one] > self._before[one] for one in ids.tolist()], np.bool_)
        return {"entered": entered, "missed_payment": missed & stayed}

    def _did(self, facts: MonthFacts) -> dict[str, object]:
        """Return what we did to each person of the sample; nothing before the first month."""
        n = len(self.rows)
        texts = {one.name: np.full(n, None, object) for one in DONE if one.kind == "text"}
        amount, cost, taken, reached = (
            np.full(n, np.nan),
            np.full(n, np.nan),
            np.zeros(n, np.bool_),
            np.zeros(n, np.bool_),
        )
        if facts.conducts:
            ours, place = facts.ours, np.full(len(facts.people), -1)
            place[self.rows] = np.arange(n)
            listed, sent = ours.plan.treatments, SentContacts.of(facts)
            proposed = place[ours.at[listed.customer]]
            some = np.flatnonzero(proposed >= 0)
            first = some[::-1]  # of several for one person the first counts
            texts["did_propose"][proposed[first]] = _named(listed.names, listed.treatment[first])
            at = place[sent.rows]
            hit = np.flatnonzero(at >= 0)
            at, contacts = at[hit], ours.allowed.contacts[hit]
            texts["did_treatment"][at] = _named([one.name for one in facts.treatments], contacts["treatment"])
            texts["did_reason"][at] = _named(listed.reasons, listed.because[ours.allowed.served[hit]])
            amount[at], cost[at], reached[at] = contacts["amount"], sent.cents[hit] / 100.0, True
            taken[at] = sent.taken[hit]
        return {
            "did_propose": texts["did_propose"],
            "did_treatment": texts["did_treatment"],
            "did_amount": amount,
            "did_reason": texts["did_reason"],
            "did_taken": filled("yes/no", taken[reached], reached),
            "did_cost": cost,
        }

    def _hear(self, view: InstitutionView) -> None:
        """Finish the month that waits with what was made of it."""
        import pandas as pd

        if self._waiting is None:
            return
        ids, made = self._waiting.ids, self._waiting.columns
        order = np.argsort(view.person_id, kind="stable")
        known = view.person_id[order]
        at = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
        there = known[at] == ids if len(known) else np.zeros(len(ids), np.bool_)
        some = view.only(order[at[there]] if len(known) else order[:0])
        for one in self.believed:
            made[one.column.name] = filled(one.column.kind, one.read(some.field(one.field)), there)
        for product in self.names.products:
            made[f"{BELIEVED}need_{product}"] = filled("number", some.need(product), there)
        made[CONTACTS.name] = filled("whole", some.contacts_within(12), there)
        if self.has_segments:
            made[SEGMENT.name] = filled("text", _named([*some.schemes.segment_names, None], some.segment), there)
        names = [one.name for one in self.columns()]
        self._done.append(pd.DataFrame({name: made[name] for name in names}))
        self._waiting = None


def names_of(facts: MonthFacts) -> MarketNames:
    """Return what numbers of a market stand for."""
    channels = tuple(channel for _, channel in channel_names(facts.settings))
    treatments = tuple(one.name for one in facts.treatments)
    return MarketNames(facts.names, tuple(facts.settings.products), treatments, channels)


def filled(kind: Kind, values: NDArray[np.generic], there: NDArray[np.bool_]) -> object:
    """Return a column whose values stand where they are there, in their order; elsewhere it is missing."""
    import pandas as pd

    if kind in ("whole", "yes/no"):
        own: NDArray[np.generic] = np.zeros(len(there), np.int64 if kind == "whole" else np.bool_)
        own[there] = values
        made = pd.arrays.IntegerArray if kind == "whole" else pd.arrays.BooleanArray
        return made(own, ~there)
    column = np.full(len(there), None, object) if kind == "text" else np.full(len(there), np.nan)
    column[there] = values
    return column


def _named(words: Sequence[str | None], codes: NDArray[np.integer]) -> NDArray[np.object_]:
    known = np.array([*words, None], object)
    named: NDArray[np.object_] = known[codes]
    return named

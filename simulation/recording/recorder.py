"""The recording: tidy long rows (measure, month, institution, a, b, value), made while the months go by."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tenure.policies.policy import Policy
from tenure.policies.view import InstitutionView
from tenure.simulation.recording.beliefs.recorder import BeliefRecorder, happened, truths_of
from tenure.simulation.recording.book import closing_rows, flow_rows, plane_rows, reach_rows, state_rows
from tenure.simulation.recording.conduct import conduct_rows, learnt_rows, limit_rows
from tenure.simulation.recording.market import MarketRecorder
from tenure.simulation.recording.measures import POLICY_NOTES
from tenure.simulation.recording.observing import MonthFacts, Observer
from tenure.simulation.recording.people.lives import LifeRecorder
from tenure.simulation.recording.people.sent import SentContacts
from tenure.simulation.recording.people.starting import PeopleRecorder
from tenure.simulation.recording.rows import Rows, table_of

if TYPE_CHECKING:
    import pandas as pd

NOT_BEGUN = "nothing is recorded: call start_recording() before the first step"


@runtime_checkable
class Noting(Protocol):
    """A policy that notes something of itself at the end."""

    def notes(self) -> Mapping[str, float]:
        """Return name -> value."""
        ...


class Recording:
    """The observer that makes the recording of a run.

    Parameters
    ----------
    start : MonthFacts
        What was so before the first month.
    """

    def __init__(self, start: MonthFacts) -> None:
        self.rows, self.last, self.first_month = Rows(), start, start.month + 1
        self.rows.take(state_rows(start))
        self.rows.take(plane_rows(start))
        self.people, self.lives, self.market = PeopleRecorder(start), LifeRecorder(start), MarketRecorder(start)
        self.beliefs = BeliefRecorder(start.us, start.settings.compare_beliefs_every_months)
        self._truths = truths_of(start)

    def month(self, facts: MonthFacts) -> None:
        """Take the rows of a month that has been lived."""
        due = self.beliefs.is_due(facts.month)
        if due:
            self.rows.take(self.beliefs.mark(facts.month, facts.ours.view, self._truths))
        self.rows.take(learnt_rows(facts))
        self.rows.take(state_rows(facts))
        self.rows.take(flow_rows(facts))
        self.rows.take(self.market.note(facts))
        sent = SentContacts.of(facts)
        self.rows.take(conduct_rows(facts, sent, with_funnel=due))
        self.people.note(facts, sent)
        self.lives.note(facts, sent)
        self.rows.take(reach_rows(facts))
        self.rows.take(self.beliefs.note(facts.month, *happened(facts)))
        self.last = facts
        if self.beliefs.is_due(facts.month + 1):
            self._truths = truths_of(facts)

    def table(self, believed_now: Callable[[], InstitutionView], notes: Mapping[str, float]) -> "pd.DataFrame":
        """Return the rows so far, and those that can be told at the end alone; more months may follow.

        Parameters
        ----------
        believed_now : callable
            Returns what we would believe of our customers if the next month began.
        notes : mapping
            What our policy notes of itself.

        Raises
        ------
        RuntimeError
            If no month has been lived since the recording began.
        """
        facts, ends = self.last, Rows()
        if facts.month < self.first_month:
            raise RuntimeError(NOT_BEGUN)
        beliefs, guards, due = self.beliefs.forked(), facts.ours.guards, self.beliefs.is_due(facts.month + 1)
        if guards.structure or due:
            view = believed_now()
            ends.take(limit_rows(facts.month, facts, view, guards))
            if due:
                ends.take(beliefs.mark(facts.month + 1, view, self._truths))
        ends.take(beliefs.finish(facts.month))
        ends.take(plane_rows(facts))
        ends.take(closing_rows(facts))
        ends.take(self.market.cycle_rows(facts.month, facts.us))
        ends.take((POLICY_NOTES.name, facts.month, facts.us, name, "", value) for name, value in notes.items())
        people, lives = self.people.columns(facts.month, facts.us), self.lives.columns(facts)
        return table_of([self.rows.columns(), ends.columns(), people, lives])


def begin_recording(observers: list[Observer], start: MonthFacts) -> None:
    """Let a recording observe from now on, in place of one that does already."""
    observers[:] = [*(one for one in observers if not isinstance(one, Recording)), Recording(start)]


def recorded(
    observers: Iterable[Observer], believed_now: Callable[[], InstitutionView], policy: Policy
) -> "pd.DataFrame":
    """Return the table of the recording among the observers, with what our policy notes of itself.

    Raises
    ------
    RuntimeError
        If none observes, or no month has been lived since it began.
    """
    found = next((one for one in observers if isinstance(one, Recording)), None)
    if found is None:
        raise RuntimeError(NOT_BEGUN)
    notes: Mapping[str, float] = policy.notes() if isinstance(policy, Noting) else {}
    return found.table(believed_now, notes)

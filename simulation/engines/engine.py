"""What an engine is: it lets people live a month and institutions read it, all by the rules of `agents`.

An engine is one file that fulfils `Engine`, and its line in the list of engines of `tests/test_engine.py`, whose laws
it must keep. It remembers nothing that a result depends on, so its calls have no order among them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.checks import CHECKED
from tenure.agents.treatment import CONTACT
from tenure.simulation.engines.chunks import Result
from tenure.simulation.institutions.files import Files
from tenure.simulation.market.people import OfRow

NO_FAULT = (0.0, 0.0, 0.0)
"""A fault as rules write it: which rule, which person, what value; rule 0 is none."""


NOT_ASKED: NDArray[np.int64] = np.zeros(0, np.int64)
"""Instead of an array to be filled, where nobody asks for it."""


class RuleFault(RuntimeError):
    """A rule returned a number that is not finite or out of range."""


class Dispatch(NamedTuple):
    """What reaches people in a month: contacts, those of row i `contacts[first[i]:first[i + 1]]`, and what is heard."""

    contacts: NDArray[np.void]
    """dtype CONTACT, by row of the person; of one row in the order of the institutions"""
    first: NDArray[np.int64]
    """shape (people + 1,)"""
    heard: NDArray[np.float64]
    """contacts that acquaintances mean, shape (people, channels along links)"""

    def check(self, people: int) -> None:
        """Refuse a dispatch that was made for another number of people; ValueError."""
        if not len(self.first) - 1 == len(self.heard) == people:
            raise ValueError(f"contacts were sorted for {len(self.first) - 1} people, and {people} live this month")


class Totals(NamedTuple):
    """What a month added up to: postings (institutions, accounts), contacts (channels,), first fault.

    `counts` is one row of `tenure.simulation.recording.counting.COUNTS`: people and balances as the month ended.
    """

    ledger: NDArray[np.int64]
    tally: NDArray[np.int64]
    fault: NDArray[np.float64]
    counts: np.void


class Engine(Protocol):
    """Lets everybody live a month, reads it for institutions, appraises and counts; bits are the same on any engine.

    `people`, `signals` and `files` are written; `world`, one row of `tenure.agents.rules.rulebook.WORLD`, is read
    alone. A fault is the rule, the person and the value, and that of the first row at fault, in whatever order rows
    are visited.
    """

    @property
    def name(self) -> str:
        """What a user calls it."""
        ...

    @property
    def agents(self) -> Sequence[OfRow]:
        """People as Mesa agents, by row; empty where they are rows alone."""
        ...

    def meet(self, count: int) -> None:
        """Take in people: there are so many rows now."""
        ...

    def forget(self) -> None:
        """Let go of everybody, as the rows are about to be other people."""
        ...

    def in_chunks(self, rows: int, work: Callable[[slice], Result]) -> list[Result]:
        """Do the work for each chunk of rows, in any order; return the results in the order of the chunks."""
        ...

    def live(
        self,
        people: NDArray[np.void],
        signals: NDArray[np.void],
        dispatch: Dispatch,
        world: np.void,
        profits: NDArray[np.int64] = NOT_ASKED,
    ) -> Totals:
        """Let every row live the month; ValueError if the contacts were sorted for another number of people.

        `profits`, shape (people,), is filled with the cents that each brought us, unless it is empty.
        """
        ...

    def observe(self, files: Files, signals: NDArray[np.void], me: int, world: np.void) -> NDArray[np.float64]:
        """Bring the records of institution `me` up to date with a month's signals; return the first fault."""
        ...

    def appraise(
        self, people: NDArray[np.void], rows: NDArray[np.int64], truths: NDArray[np.void], world: np.void
    ) -> NDArray[np.float64]:
        """Write into `truths` what is true of the people at these rows; return the first fault."""
        ...

    def value(
        self,
        people: NDArray[np.void],
        rows: NDArray[np.int64],
        truths: NDArray[np.void],
        worths: NDArray[np.void],
        world: np.void,
    ) -> NDArray[np.float64]:
        """Write into `worths` what further years of the people at these rows are worth; return the first fault.

        `truths` are what `appraise` wrote of the same people.
        """
        ...

    def count(self, people: NDArray[np.void], signals: NDArray[np.void]) -> np.void:
        """Return the counts of a month that has been lived; who `moved` before it can no longer be told."""
        ...


def channel_count(world: np.void) -> int:
    """Return how many channels there are, of all institutions."""
    return int(world["offers"]["end_channel"].max())


def dispatched(contacts: Iterable[NDArray[np.void]], people: int, heard: NDArray[np.float64] | None = None) -> Dispatch:
    """Return the contacts of all institutions, sorted by the row of the person; there are so many people.

    `heard` is what they hear along links, by default nothing.
    """
    every = np.concatenate([np.zeros(0, CONTACT), *contacts])
    every = every[np.argsort(every["row"], kind="stable")]
    first = np.zeros(people + 1, np.int64)
    np.cumsum(np.bincount(every["row"], minlength=people), out=first[1:])
    return Dispatch(every, first, np.zeros((people, 0)) if heard is None else heard)


def stop_on(fault: NDArray[np.float64], month: int) -> None:
    """Raise RuleFault, which names the rule, the person and the value, if there is a fault."""
    if fault[0]:
        rule, person, value = CHECKED[int(fault[0])], int(fault[1]), float(fault[2])
        raise RuleFault(f"rule '{rule}' returned {value} for person {person} in month {month}")

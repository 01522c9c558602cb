"""The compiled engine: the month's functions over rows of structured arrays, in fixed chunks on a thread pool."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.ledger import earned
from tenure.agents.month.appraise import borrows, judge, value
from tenure.agents.month.live import live
from tenure.agents.month.observe import USUAL_TIMES, borrows_as_believed, conclude, hear
from tenure.agents.offer import US
from tenure.agents.rules.credit import default_odds
from tenure.agents.treatment import Contact
from tenure.simulation.engines.chunks import Result, Threads
from tenure.simulation.engines.engine import NO_FAULT, NOT_ASKED, Dispatch, Totals, channel_count
from tenure.simulation.institutions.files import Files
from tenure.simulation.market.people import OfRow
from tenure.simulation.recording.counting import COUNTS, added, count, counted

BLOCK = 256
"""People who are appraised, or observed, together; they stay in the processor's nearest memory."""


@compiled
def live_rows(
    people: NDArray[np.void],
    signals: NDArray[np.void],
    contacts: Sequence[Contact],
    first: NDArray[np.int64],
    heard: NDArray[np.float64],
    worlds: NDArray[np.void],
    sums: NDArray[np.void],
    profits: NDArray[np.int64],
) -> None:
    """Live one month for every row, and count it while the person is at hand; there is one world and one row of sums.

    A world as such takes Numba longer to look at than a row of an array does.
    """
    so_far = earned(worlds[0].ledger, US)
    for i in range(people.shape[0]):
        if signals[i].provider != people[i].provider:
            sums[0].moved += 1
        live(people[i], signals[i], contacts, first[i], first[i + 1], heard[i], worlds[0])
        count(people[i], signals[i], sums[0])
        if profits.shape[0] > 0:
            now = earned(worlds[0].ledger, US)
            profits[i], so_far = now - so_far, now


@compiled
def observe_rows(
    records: NDArray[np.void],
    places: NDArray[np.int64],
    scopes: NDArray[np.int64],
    signals: NDArray[np.void],
    at: NDArray[np.int64],
    me: int,
    worlds: NDArray[np.void],
) -> None:
    """Update the record at each place from the signal at its person's row, as `observe` does each of them.

    Block by block: what is heard, arithmetic that the compiler takes for several people at once, what is concluded.
    Whoever is the first at fault ends it.
    """
    past_due, odds, read, later = np.empty(BLOCK, np.int64), np.empty((2, BLOCK)), np.empty((3, BLOCK)), np.zeros(3)
    miss, pd, risk, want, above = odds[0], odds[1], read[0], read[1], read[2]
    parameters, fault = worlds[0].rules.credit, worlds[0].fault
    for start in range(0, at.shape[0], BLOCK):
        size = min(BLOCK, at.shape[0] - start)
        for i in range(size):
            belief = records[places[start + i]]
            hear(belief, signals[at[start + i]], scopes[start + i], me, worlds[0])
            past_due[i], risk[i], want[i], above[i] = borrows_as_believed(belief, worlds[0].rules)
            if fault[0] != 0.0:
                size = i
                break
        for i in range(size):
            miss[i], pd[i] = default_odds(past_due[i], risk[i], want[i], above[i], USUAL_TIMES, parameters)
        for i in range(size):
            ours = signals[at[start + i]].provider == me
            conclude(records[places[start + i]], ours, miss[i], pd[i], worlds[0].rules, worlds[0].splits, later)
        if later[0] != 0.0:
            fault[:] = later
        if fault[0] != 0.0:
            break


@compiled
def appraise_rows(
    people: NDArray[np.void], at: NDArray[np.int64], truths: NDArray[np.void], worlds: NDArray[np.void]
) -> None:
    """Appraise the people at the given rows, as `appraise` does each of them.

    Block by block: what is read, arithmetic that the compiler takes for several people at once, what is written.
    """
    past_due, odds, read = np.empty(BLOCK, np.int64), np.empty((2, BLOCK)), np.empty((3, BLOCK))
    miss, pd, risk, want, above = odds[0], odds[1], read[0], read[1], read[2]
    systematic, parameters = worlds[0].now.systematic, worlds[0].rules.credit
    for start in range(0, at.shape[0], BLOCK):
        size = min(BLOCK, at.shape[0] - start)
        for i in range(size):
            past_due[i], risk[i], want[i], above[i] = borrows(people[at[start + i]], worlds[0])
        for i in range(size):
            miss[i], pd[i] = default_odds(past_due[i], risk[i], want[i], above[i], systematic, parameters)
        for i in range(size):
            judge(people[at[start + i]], miss[i], pd[i], truths[start + i], worlds[0])


@compiled
def value_rows(
    people: NDArray[np.void],
    at: NDArray[np.int64],
    truths: NDArray[np.void],
    worths: NDArray[np.void],
    worlds: NDArray[np.void],
) -> None:
    """Value the further years of the people at the given rows, of whom the truths are known."""
    for i in range(at.shape[0]):
        value(people[at[i]], truths[i], worths[i], worlds[0])


def alone(world: np.void) -> NDArray[np.void]:
    """Return a copy of a world, shape (1,)."""
    return np.repeat(np.asarray(world), 1)  # np.array of a record would share its memory


def first_fault(faults: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the first fault that is one, or zeros."""
    return next((fault for fault in faults if fault[0]), np.array(NO_FAULT))


class CompiledEngine:
    """People are rows, and live in chunks on so many threads."""

    name = "compiled"
    agents: Sequence[OfRow] = ()
    """People as Mesa agents: none."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = Threads(threads)

    def meet(self, count: int) -> None:
        """Nobody is met before the month."""

    def forget(self) -> None:
        """Nothing is kept between months."""

    def in_chunks(self, rows: int, work: Callable[[slice], Result]) -> list[Result]:
        """Do the work for each chunk of rows, on all threads; return the results in the order of the chunks."""
        return self.threads.in_chunks(rows, work)

    def live(
        self,
        people: NDArray[np.void],
        signals: NDArray[np.void],
        dispatch: Dispatch,
        world: np.void,
        profits: NDArray[np.int64] = NOT_ASKED,
    ) -> Totals:
        """Let every row live the month."""
        dispatch.check(len(people))
        contacts, first = cast(Sequence[Contact], dispatch.contacts), dispatch.first

        def work(part: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.void]]:
            own, sums = alone(world), np.zeros(1, COUNTS)
            sent = contacts, first[part.start : part.stop + 1], dispatch.heard[part]
            live_rows(people[part], signals[part], *sent, own, sums, profits[part])
            return own["ledger"][0].copy(), own["tally"][0].copy(), own["fault"][0].copy(), sums

        ledgers, tallies, faults, counts = zip(*self.in_chunks(len(people), work), strict=True)
        ledger, tally = np.sum(ledgers, axis=0)[: world["institutions"]], np.sum(tallies, axis=0)
        return Totals(ledger, tally[: channel_count(world)], first_fault(faults), added(counts))

    def observe(self, files: Files, signals: NDArray[np.void], me: int, world: np.void) -> NDArray[np.float64]:
        """Update the records in place, each from the signal of its person; return the first fault."""

        def work(part: slice) -> NDArray[np.float64]:
            own = alone(world)
            observe_rows(files.records, files.places[part], files.scopes[part], signals, files.at[part], me, own)
            return np.array(own["fault"][0], np.float64)

        return first_fault(self.in_chunks(len(files.at), work))

    def appraise(
        self, people: NDArray[np.void], rows: NDArray[np.int64], truths: NDArray[np.void], world: np.void
    ) -> NDArray[np.float64]:
        """Write what is true of the people at these rows; return the first fault."""

        def work(part: slice) -> NDArray[np.float64]:
            own = alone(world)
            appraise_rows(people, rows[part], truths[part], own)
            return np.array(own["fault"][0], np.float64)

        return first_fault(self.in_chunks(len(rows), work))

    def value(
        self,
        people: NDArray[np.void],
        rows: NDArray[np.int64],
        truths: NDArray[np.void],
        worths: NDArray[np.void],
        world: np.void,
    ) -> NDArray[np.float64]:
        """Write what further years of the people at these rows are worth; return the first fault."""

        def work(part: slice) -> NDArray[np.float64]:
            own = alone(world)
            value_rows(people, rows[part], truths[part], worths[part], own)
            return np.array(own["fault"][0], np.float64)

        return first_fault(self.in_chunks(len(rows), work))

    def count(self, people: NDArray[np.void], signals: NDArray[np.void]) -> np.void:
        """Return the counts of the month."""
        return added(self.in_chunks(len(people), lambda part: counted(people[part], signals[part])))

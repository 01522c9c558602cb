"""The compiled engine: the month's functions over rows of structured arrays, in fixed chunks on a thread pool."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.month.appraise import appraise
from tenure.agents.month.live import live
from tenure.agents.month.observe import observe
from tenure.agents.rules.rulebook import World
from tenure.agents.treatment import Contact
from tenure.simulation.engines.engine import NO_FAULT, Dispatch, Totals
from tenure.simulation.institutions.files import Files
from tenure.simulation.market.people import OfRow
from tenure.simulation.recording.counting import counted

CHUNK = 4096
"""People to a chunk. Fixed, so that the number of threads changes nothing."""


@compiled
def live_rows(
    people: NDArray[np.void],
    signals: NDArray[np.void],
    contacts: Sequence[Contact],
    first: NDArray[np.int64],
    world: World,
) -> None:
    """Live one month for every row."""
    for i in range(people.shape[0]):
        live(people[i], signals[i], contacts, first[i], first[i + 1], world)


@compiled
def observe_rows(
    records: NDArray[np.void],
    places: NDArray[np.int64],
    scopes: NDArray[np.int64],
    signals: NDArray[np.void],
    at: NDArray[np.int64],
    me: int,
    world: World,
) -> None:
    """Update the record at each place from the signal at its person's row."""
    for i in range(at.shape[0]):
        observe(records[places[i]], signals[at[i]], scopes[i], me, world)


@compiled
def appraise_rows(people: NDArray[np.void], at: NDArray[np.int64], truths: NDArray[np.void], world: World) -> None:
    """Appraise the people at the given rows."""
    for i in range(at.shape[0]):
        appraise(people[at[i]], truths[i], world)


def first_fault(worlds: NDArray[np.void]) -> NDArray[np.float64]:
    """Return the first chunk's fault, or zeros."""
    faults = worlds["fault"]
    found = np.flatnonzero(faults[:, 0])
    return np.asarray(faults[found[0]] if len(found) else NO_FAULT, np.float64)


class CompiledEngine:
    """People are rows; `pool` may be None for one thread."""

    name = "compiled"
    agents: Sequence[OfRow] = ()
    """People as Mesa agents: none."""

    def __init__(self, pool: Executor | None = None) -> None:
        self.pool = pool

    def meet(self, count: int) -> None:
        """Nobody is met before the month."""

    def forget(self) -> None:
        """Nothing is kept between months."""

    def _in_chunks(self, rows: int, world: np.void, work: Callable[[slice, World], None]) -> NDArray[np.void]:
        """Do the work chunk by chunk, each with a world of its own; return these worlds."""
        chunks = max(1, -(-rows // CHUNK))
        worlds = np.repeat(np.asarray(world), chunks)

        def one(c: int) -> None:
            work(slice(c * CHUNK, min((c + 1) * CHUNK, rows)), worlds[c])

        list(map(one, range(chunks)) if self.pool is None else self.pool.map(one, range(chunks)))
        return worlds

    def live(self, people: NDArray[np.void], signals: NDArray[np.void], dispatch: Dispatch, world: np.void) -> Totals:
        """Let every row live the month."""
        dispatch.check(len(people))
        contacts, first = cast(Sequence[Contact], dispatch.contacts), dispatch.first

        def work(part: slice, own: World) -> None:
            live_rows(people[part], signals[part], contacts, first[part.start : part.stop + 1], own)

        worlds, n = self._in_chunks(len(people), world, work), int(world["institutions"])
        ledger, tally = worlds["ledger"].sum(axis=0)[:n], worlds["tally"].sum(axis=0)[:n]
        return Totals(ledger, tally, first_fault(worlds))

    def observe(self, files: Files, signals: NDArray[np.void], me: int, world: np.void) -> NDArray[np.float64]:
        """Update the records in place, each from the signal of its person; return the first fault."""

        def work(part: slice, own: World) -> None:
            observe_rows(files.records, files.places[part], files.scopes[part], signals, files.at[part], me, own)

        return first_fault(self._in_chunks(len(files.at), world, work))

    def appraise(
        self, people: NDArray[np.void], rows: NDArray[np.int64], truths: NDArray[np.void], world: np.void
    ) -> NDArray[np.float64]:
        """Write what is true of the people at these rows; return the first fault."""

        def work(part: slice, own: World) -> None:
            appraise_rows(people, rows[part], truths[part], own)

        return first_fault(self._in_chunks(len(rows), world, work))

    def count(self, people: NDArray[np.void], signals: NDArray[np.void]) -> np.void:
        """Return the counts of the month."""
        return counted(people, signals)

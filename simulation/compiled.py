"""The compiled engine: the month's functions over rows of structured arrays, in fixed chunks on a thread pool."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.compiling import compiled
from agents.market import Month
from agents.month import live
from agents.month_accounts import appraise
from agents.month_beliefs import observe
from agents.rulebook import WORLD, Rulebook
from simulation.files import Files

CHUNK = 4096
"""People to a chunk. Fixed, so that the number of threads changes nothing."""


class Totals(NamedTuple):
    """What a month added up to: postings (institutions, accounts), contacts (institutions, channels), first fault."""

    ledger: NDArray[np.int64]
    tally: NDArray[np.int64]
    fault: NDArray[np.float64]


@compiled
def live_rows(people: Any, signals: Any, contacts: Any, first: Any, world: Any) -> None:
    """Live one month for every row."""
    for i in range(people.shape[0]):
        live(people[i], signals[i], contacts, first[i], first[i + 1], world)


@compiled
def observe_rows(
    records: Any, places: Any, scopes: Any, signals: Any, at: Any, me: Any, offer: Any, effects: Any, rules: Any,
    splits: Any, fault: Any,
) -> None:  # fmt: skip
    """Update the record at each place from the signal at its person's row."""
    for i in range(at.shape[0]):
        observe(records[places[i]], signals[at[i]], scopes[i], me, offer, effects, rules, splits, fault)


@compiled
def appraise_rows(people: Any, at: Any, truths: Any, splits: Any, world: Any) -> None:
    """Appraise the people at the given rows."""
    for i in range(at.shape[0]):
        appraise(people[at[i]], truths[i], splits, world)


def worlds_around(
    now: Month, offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Rulebook, chunks: int
) -> NDArray[Any]:
    """Return what each chunk meets, shape (chunks,) of WORLD, with empty books and work space of its own."""
    world = np.zeros(1, WORLD)
    world["now"][0], world["rules"][0] = now, rules
    world["institutions"], world["goods"] = len(offers), len(products)
    world["offers"][0, : len(offers)] = offers
    world["products"][0, : len(products)] = products
    world["effects"][0, : len(effects)] = effects
    return np.repeat(world, chunks)


def added_up(worlds: NDArray[Any], institutions: int) -> Totals:
    """Return the totals of all chunks, and the first chunk's fault, if any."""
    ledger, tally = worlds["ledger"].sum(axis=0)[:institutions], worlds["tally"].sum(axis=0)[:institutions]
    return Totals(ledger, tally, first_fault(worlds["fault"]))


def first_fault(faults: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first chunk's fault, or zeros."""
    found = np.flatnonzero(faults[:, 0])
    return faults[found[0]] if len(found) else np.zeros(3)


class CompiledEngine:
    """People are rows; `pool` may be None for one thread."""

    name = "compiled"
    agents: Sequence[Any] = ()
    """People as Mesa agents: none."""

    def __init__(self, pool: Executor | None = None) -> None:
        self.pool = pool

    def meet(self, count: int) -> None:
        """Nobody is met before the month."""

    def forget(self) -> None:
        """Nothing is kept between months."""

    def _each(self, work: Callable[[int], None], chunks: int) -> None:
        list(map(work, range(chunks)) if self.pool is None else self.pool.map(work, range(chunks)))

    def live(
        self, people: NDArray[Any], signals: NDArray[Any], contacts: NDArray[Any], first: NDArray[np.int64],
        now: Month, offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any,
    ) -> Totals:  # fmt: skip
        """Live one month for all people; `first[i]:first[i + 1]` are the contacts of row i."""
        chunks = max(1, -(-len(people) // CHUNK))
        worlds = worlds_around(now, offers, products, effects, rules, chunks)

        def work(c: int) -> None:
            part = slice(c * CHUNK, min((c + 1) * CHUNK, len(people)))
            live_rows(people[part], signals[part], contacts, first[part.start : part.stop + 1], worlds[c])

        self._each(work, chunks)
        return added_up(worlds, len(offers))

    def observe(
        self, files: Files, signals: NDArray[Any], me: int, offers: NDArray[Any], effects: NDArray[Any], rules: Any,
        splits: Any,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Update the records in place, each from the signal of its person; return the first fault."""
        chunks = max(1, -(-len(files.at) // CHUNK))
        faults, parameters = np.zeros((chunks, 3)), np.array([rules], WORLD["rules"])[0]

        def work(c: int) -> None:
            part = slice(c * CHUNK, (c + 1) * CHUNK)
            observe_rows(
                files.records, files.places[part], files.scopes[part], signals, files.at[part], me, offers[me],
                effects, parameters, splits, faults[c],
            )  # fmt: skip

        self._each(work, chunks)
        return first_fault(faults)

    def appraise(
        self, people: NDArray[Any], at: NDArray[np.int64], truths: NDArray[Any], now: Month,
        offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any, splits: Any,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Write what is true of the people at rows `at`; return the first fault."""
        worlds = worlds_around(now, offers, products, effects, rules, 1)
        appraise_rows(people, at, truths, splits, worlds[0])
        return added_up(worlds, len(offers)).fault

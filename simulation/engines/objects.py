"""The object engine: every person is a Mesa agent with the same attributes, living the same rules as plain Python."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, Belief
from tenure.agents.ledger import ACCOUNTS, earned
from tenure.agents.month.appraise import appraise, value
from tenure.agents.month.live import live
from tenure.agents.month.observe import observe
from tenure.agents.offer import US, Channel, Now, Offer, Product
from tenure.agents.person import PERSON, Person
from tenure.agents.rules.estimation import Splits
from tenure.agents.rules.rulebook import Rulebook, World
from tenure.agents.signal import SIGNAL, Signal
from tenure.agents.treatment import Contact, Effect
from tenure.agents.truth import TRUTH, WORTH, Truth, Worth
from tenure.simulation.engines.chunks import Result, Threads
from tenure.simulation.engines.engine import NO_FAULT, NOT_ASKED, Dispatch, Totals, channel_count
from tenure.simulation.institutions.files import Files
from tenure.simulation.market.people import PeopleHolder, PersonAgent
from tenure.simulation.recording.counting import added, counted

Record = TypeVar("Record")
Fields = tuple[object, ...]


@cache
def _layout(dtype: np.dtype[np.void]) -> tuple[tuple[str, ...], tuple[int, ...], Callable[[object], Fields]]:
    """Return the names of a structured dtype, which of its fields are lists, and what reads them from an object."""
    names = dtype.names or ()
    return names, tuple(k for k, name in enumerate(names) if dtype[name].shape), attrgetter(*names)


def as_object(row: np.void, kind: type[Record]) -> Record:
    """Return a plain object of a declared record with a structured row's fields."""
    names, lists, _ = _layout(row.dtype)
    values, made = list(row.item()), kind()
    for k in lists:
        values[k] = values[k].tolist()
    vars(made).update(zip(names, values, strict=True))
    return made


def as_row(record: object, dtype: np.dtype[np.void]) -> Fields:
    """Return an object's fields in the order of a structured dtype."""
    return _layout(dtype)[2](record)


def as_rulebook(row: np.void) -> Rulebook:
    """Return the parameters of all rules as the rules' own tuples."""
    families = {}
    for name, usual in Rulebook()._asdict().items():
        values = (value.tolist() if isinstance(value, np.ndarray) else value for value in row[name].item())
        families[name] = type(usual)(*values)
    return Rulebook(**families)


def as_world(row: np.void) -> World:
    """Return what everybody meets this month, with empty books, as a plain object."""
    n, products, world = int(row["institutions"]), int(row["product_count"]), World()
    channels = channel_count(row)
    world.now, world.rules, world.splits = Now(*row["now"].item()), as_rulebook(row["rules"]), Splits(*row["splits"])
    world.institutions, world.product_count = n, products
    world.offers = [as_object(one, Offer) for one in row["offers"][:n]]
    world.channels = [as_object(one, Channel) for one in row["channels"][:channels]]
    world.products = [as_object(one, Product) for one in row["products"][:products]]
    world.effects = [as_object(one, Effect) for one in row["effects"]]
    world.utilities, world.considered, world.contacted, world.messages = [0.0] * n, [0] * n, [0] * n, [0] * n
    world.invitation, world.welcome_cents = [0.0] * n, [0] * n
    world.ledger, world.tally = np.zeros((n, len(ACCOUNTS)), np.int64), np.zeros(channels, np.int64)
    world.fault = np.array(NO_FAULT)
    return world


class Living(NamedTuple):
    """A month under way: what everybody meets, what reaches each row, who has lived it, and faults by row."""

    people: NDArray[np.void]
    signals: NDArray[np.void]
    contacts: Sequence[Contact]
    first: Sequence[int]
    heard: Sequence[Sequence[float]]
    world: World
    lived: NDArray[np.bool_]
    faults: dict[int, NDArray[np.float64]]
    profits: NDArray[np.int64]
    """To be filled with the cents that each brought us; empty where nobody asks"""

    def fault(self) -> NDArray[np.float64]:
        """Return the fault of the first row that has one, or zeros: in whatever order people lived."""
        return self.faults[min(self.faults)] if self.faults else np.array(NO_FAULT)


class AgentsByType(Protocol):
    """Mesa's agents of one class."""

    def do(self, method: str) -> object:
        """Call a method of each."""
        ...


class MesaModel(PeopleHolder, Protocol):
    """The Mesa model whose agents the people are."""

    @property
    def agents_by_type(self) -> dict[type, AgentsByType]:
        """Agents by their class."""
        ...


class ObjectEngine:
    """People are agents of the model, each with its row: read when it lives a month, and written afterwards."""

    name = "objects"

    def __init__(self, model: MesaModel) -> None:
        self.model = model
        self.agents: list[PersonAgent] = []
        self.month: Living | None = None

    def meet(self, count: int) -> None:
        """Make an agent for each row that has none yet; there are `count` rows."""
        self.agents.extend(PersonAgent(self.model, row, self) for row in range(len(self.agents), count))

    def forget(self) -> None:
        """Drop all agents, as the rows are about to be others."""
        for agent in self.agents:
            agent.drop()
        self.agents = []

    def in_chunks(self, rows: int, work: Callable[[slice], Result]) -> list[Result]:
        """Do the work for each chunk of rows, one after the other."""
        return Threads().in_chunks(rows, work)

    def begin(
        self,
        people: NDArray[np.void],
        signals: NDArray[np.void],
        dispatch: Dispatch,
        world: np.void,
        profits: NDArray[np.int64] = NOT_ASKED,
    ) -> Living:
        """Let a month begin: from now on each agent may live it once, in any order."""
        dispatch.check(len(people))
        self.meet(len(people))
        contacts = [as_object(one, Contact) for one in dispatch.contacts]
        lived = np.zeros(len(people), np.bool_)
        sent = contacts, dispatch.first.tolist(), dispatch.heard.tolist()
        self.month = Living(people, signals, *sent, as_world(world), lived, {}, profits)
        return self.month

    def everybody(self) -> None:
        """Step all people, in the order of their agents."""
        self.model.agents_by_type[PersonAgent].do("step")

    def live_one(self, agent: PersonAgent) -> None:
        """One agent's month with everything that it meets.

        Raises
        ------
        RuntimeError
            If no month is under way, or it has lived this one already.
        """
        month, row = self.month, agent.row
        if month is None:
            raise RuntimeError("people live when the model does: call model.step(), which steps everybody once")
        if month.lived[row]:
            raise RuntimeError(f"person {agent.id} has lived month {month.world.now.month} already")
        person, signal = as_object(month.people[row], Person), as_object(month.signals[row], Signal)
        first, last, so_far = month.first[row], month.first[row + 1], earned(month.world.ledger, US)
        live(person, signal, month.contacts, first, last, month.heard[row], month.world)
        if len(month.profits):
            month.profits[row] = earned(month.world.ledger, US) - so_far
        month.people[row], month.signals[row] = as_row(person, PERSON), as_row(signal, SIGNAL)
        month.lived[row] = True
        if month.world.fault[0]:
            month.faults[row], month.world.fault = month.world.fault, np.array(NO_FAULT)

    def live(
        self,
        people: NDArray[np.void],
        signals: NDArray[np.void],
        dispatch: Dispatch,
        world: np.void,
        profits: NDArray[np.int64] = NOT_ASKED,
    ) -> Totals:
        """Let everybody live the month, one agent after the other."""
        moved = np.count_nonzero(signals["provider"] != people["provider"])
        month = self.begin(people, signals, dispatch, world, profits)
        try:
            self.everybody()
        finally:
            self.month = None
        missed = int((~month.lived).sum())
        if missed:
            now = month.world.now.month
            raise RuntimeError(f"{missed} of {len(people)} people did not live month {now}: step every agent")
        counts = self.count(people, signals)
        counts["moved"] = moved
        return Totals(month.world.ledger, month.world.tally, month.fault(), counts)

    def observe(self, files: Files, signals: NDArray[np.void], me: int, world: np.void) -> NDArray[np.float64]:
        """Update the records in place; the same rule, as plain Python."""
        met = as_world(world)
        for row, place, scope in zip(files.at.tolist(), files.places.tolist(), files.scopes.tolist(), strict=True):
            belief = as_object(files.records[place], Belief)
            observe(belief, as_object(signals[row], Signal), scope, me, met)
            files.records[place] = as_row(belief, BELIEF)
        return met.fault

    def appraise(
        self, people: NDArray[np.void], rows: NDArray[np.int64], truths: NDArray[np.void], world: np.void
    ) -> NDArray[np.float64]:
        """Write what is true of the people at these rows."""
        met = as_world(world)
        for i, row in enumerate(rows.tolist()):
            truth = as_object(truths[i], Truth)
            appraise(as_object(people[row], Person), truth, met)
            truths[i] = as_row(truth, TRUTH)
        return met.fault

    def value(
        self,
        people: NDArray[np.void],
        rows: NDArray[np.int64],
        truths: NDArray[np.void],
        worths: NDArray[np.void],
        world: np.void,
    ) -> NDArray[np.float64]:
        """Write what further years of the people at these rows are worth."""
        met = as_world(world)
        for i, row in enumerate(rows.tolist()):
            worth = as_object(worths[i], Worth)
            value(as_object(people[row], Person), as_object(truths[i], Truth), worth, met)
            worths[i] = as_row(worth, WORTH)
        return met.fault

    def count(self, people: NDArray[np.void], signals: NDArray[np.void]) -> np.void:
        """Return the counts of the month, by the one pass over rows that all engines have."""
        return added([counted(people, signals)])

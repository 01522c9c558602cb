"""The object engine: every person is a Mesa agent with the same attributes, living the same rules as plain Python."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.belief import BELIEF, SIGNAL, TRUTH
from agents.market import ACCOUNTS, MAX_CHANNELS, Month
from agents.month import live
from agents.month_accounts import appraise
from agents.month_beliefs import observe
from agents.person import PERSON
from agents.rulebook import Rulebook, World
from simulation.compiled import Totals
from simulation.files import Files
from simulation.people import PersonAgent

if TYPE_CHECKING:
    from simulation.model import LifecycleModel


@cache
def _layout(dtype: np.dtype[Any]) -> tuple[tuple[str, ...], tuple[int, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names of a structured dtype, which of its fields are lists, and what reads them from an object."""
    names = dtype.names or ()
    return names, tuple(k for k, name in enumerate(names) if dtype[name].shape), attrgetter(*names)


def as_object(row: Any) -> Any:
    """Return a plain object with a structured row's fields."""
    names, lists, _ = _layout(row.dtype)
    values, made = list(row.tolist()), SimpleNamespace()
    for k in lists:
        values[k] = values[k].tolist()
    vars(made).update(zip(names, values, strict=True))
    return made


def as_row(record: Any, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return an object's fields in the order of a structured dtype."""
    return _layout(dtype)[2](record)


def world_of_objects(now: Month, offers: Any, products: Any, effects: Any, rules: Rulebook) -> World:
    """Return what everybody meets this month, with empty books, as a plain object."""
    n, world = len(offers), World()
    world.now, world.rules, world.institutions, world.goods = now, rules, n, len(products)
    world.offers, world.products = [as_object(o) for o in offers], [as_object(p) for p in products]
    world.effects = [as_object(e) for e in effects]
    world.utilities, world.considered, world.contacted, world.messages = [0.0] * n, [0] * n, [0] * n, [0] * n
    world.invitation, world.welcome_cents = [0.0] * n, [0] * n
    world.ledger, world.tally = np.zeros((n, len(ACCOUNTS)), np.int64), np.zeros((n, MAX_CHANNELS), np.int64)
    world.fault = np.zeros(3)
    return world


class Living(NamedTuple):
    """A month under way: what everybody meets, the contacts of each row, who has lived it, and faults by row."""

    people: NDArray[Any]
    signals: NDArray[Any]
    contacts: Sequence[Any]
    first: Sequence[int]
    world: World
    lived: NDArray[np.bool_]
    faults: dict[int, NDArray[np.float64]]

    def fault(self) -> NDArray[np.float64]:
        """Return the fault of the first row that has one, or zeros: in whatever order people lived."""
        return self.faults[min(self.faults)] if self.faults else np.zeros(3)


class ObjectEngine:
    """People are agents of the model, each with its row: read when it lives a month, and written afterwards."""

    name = "objects"

    def __init__(self, model: "LifecycleModel") -> None:
        self.model = model
        self.agents: list[PersonAgent] = []
        self.month: Living | None = None

    def meet(self, count: int) -> None:
        """Make an agent for each row that has none yet; there are `count` rows."""
        self.agents.extend(PersonAgent(self.model, row) for row in range(len(self.agents), count))

    def forget(self) -> None:
        """Drop all agents, as the rows are about to be others."""
        for agent in self.agents:
            agent.drop()
        self.agents = []

    def begin(
        self, people: NDArray[Any], signals: NDArray[Any], contacts: NDArray[Any], first: NDArray[np.int64],
        now: Month, offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any,
    ) -> Living:  # fmt: skip
        """Let a month begin: from now on each agent may live it once, in any order."""
        self.meet(len(people))
        world, lived = world_of_objects(now, offers, products, effects, rules), np.zeros(len(people), np.bool_)
        self.month = Living(people, signals, [as_object(c) for c in contacts], first.tolist(), world, lived, {})
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
        person, signal = as_object(month.people[row]), as_object(month.signals[row])
        live(person, signal, month.contacts, month.first[row], month.first[row + 1], month.world)
        month.people[row], month.signals[row] = as_row(person, PERSON), as_row(signal, SIGNAL)
        month.lived[row] = True
        if month.world.fault[0]:
            month.faults[row], month.world.fault = month.world.fault, np.zeros(3)

    def live(
        self, people: NDArray[Any], signals: NDArray[Any], contacts: NDArray[Any], first: NDArray[np.int64],
        now: Month, offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any,
    ) -> Totals:  # fmt: skip
        """Live one month for all people, one agent after the other."""
        month = self.begin(people, signals, contacts, first, now, offers, products, effects, rules)
        try:
            self.everybody()
        finally:
            self.month = None
        missed = int((~month.lived).sum())
        if missed:
            raise RuntimeError(f"{missed} of {len(people)} people did not live month {now.month}: step every agent")
        return Totals(month.world.ledger, month.world.tally, month.fault())

    def observe(
        self, files: Files, signals: NDArray[Any], me: int, offers: NDArray[Any], effects: NDArray[Any], rules: Any,
        splits: Any,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Update the records in place; the same rule, as plain Python."""
        fault, effect_objects, offer = np.zeros(3), [as_object(e) for e in effects], as_object(offers[me])
        for row, place, scope in zip(files.at.tolist(), files.places.tolist(), files.scopes.tolist(), strict=True):
            belief = as_object(files.records[place])
            observe(belief, as_object(signals[row]), scope, me, offer, effect_objects, rules, splits, fault)
            files.records[place] = as_row(belief, BELIEF)
        return fault

    def appraise(
        self, people: NDArray[Any], at: NDArray[np.int64], truths: NDArray[Any], now: Month,
        offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any, splits: Any,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Write what is true of the people at rows `at`."""
        world = world_of_objects(now, offers, products, effects, rules)
        for i, row in enumerate(at.tolist()):
            truth = as_object(truths[i])
            appraise(as_object(people[row]), truth, splits, world)
            truths[i] = as_row(truth, TRUTH)
        return world.fault

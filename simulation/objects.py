"""The object engine: every person is a Mesa agent with the same attributes, living the same rules as plain Python."""

from types import SimpleNamespace
from typing import Any

import mesa
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


class PersonAgent(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """A person as a Mesa agent; its attributes are the fields of `agents.person.Person`."""

    def __init__(self, model: Any, row: Any, signal: Any) -> None:
        super().__init__(model)
        for name, value in zip(PERSON.names or (), row.tolist(), strict=True):
            setattr(self, name, value if not isinstance(value, np.ndarray) else value.tolist())
        self.signal = as_object(signal)

    def step(self) -> None:
        """Live this month."""
        self.model.engine.live_one(self)


def as_object(row: Any) -> Any:
    """Return a plain object with a structured row's fields."""
    values = (v.tolist() if isinstance(v, np.ndarray) else v for v in row.tolist())
    return SimpleNamespace(**dict(zip(row.dtype.names, values, strict=True)))


def as_row(record: Any, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return an object's fields in the order of a structured dtype."""
    return tuple(getattr(record, name) for name in dtype.names or ())


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


class ObjectEngine:
    """People are agents of the model; rows are made from them when something asks."""

    name = "objects"

    def __init__(self, model: Any) -> None:
        self.model = model
        self.agents: list[PersonAgent] = []
        self.now: Any = None

    def sync(self, people: NDArray[Any], signals: NDArray[Any]) -> None:
        """Make an agent for each row that has none yet, and new ones for all if the rows were replaced."""
        if len(self.agents) > len(people) or any(
            agent.id != row for agent, row in zip(self.agents, people["id"][: len(self.agents)].tolist(), strict=False)
        ):
            for agent in self.agents:
                agent.remove()
            self.agents = []
        missing = range(len(self.agents), len(people))
        self.agents.extend(PersonAgent(self.model, people[i], signals[i]) for i in missing)

    def forget(self) -> None:
        """Drop all agents, so that the next month makes them anew from the rows."""
        for agent in self.agents:
            agent.remove()
        self.agents = []

    def live_one(self, agent: PersonAgent) -> None:
        """One agent's month with everything that it meets."""
        n = self.now
        live(agent, agent.signal, n.contacts, n.first[n.i], n.first[n.i + 1], n.world)
        n.i += 1

    def live(
        self, people: NDArray[Any], signals: NDArray[Any], contacts: NDArray[Any], first: NDArray[np.int64],
        now: Month, offers: NDArray[Any], products: NDArray[Any], effects: NDArray[Any], rules: Any,
    ) -> Totals:  # fmt: skip
        """Live one month for all people, one agent after the other; rows and signals are written back."""
        self.sync(people, signals)
        world = world_of_objects(now, offers, products, effects, rules)
        self.now = SimpleNamespace(i=0, contacts=[as_object(c) for c in contacts], first=first.tolist(), world=world)
        self.model.agents_by_type[PersonAgent].do("step")
        people[:] = np.array([as_row(agent, PERSON) for agent in self.agents], PERSON)
        signals[:] = np.array([as_row(agent.signal, SIGNAL) for agent in self.agents], SIGNAL)
        return Totals(world.ledger, world.tally, world.fault)

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

"""A toy lifecycle, and how other simulators live it: NumPy columns, Mesa's agents, mesa-frames, Starsim.

Outside, new, grown, declining: each step an agent draws luck for joining, growing, declining and leaving, and moves on
if the luck of its own state is below that move's chance. A policy writes to every second agent that declines; whether
that keeps it is a fifth draw, of those written to alone. Simulators are used as their guides do.

Run as ``python -m benchmarks.peers NAME PEOPLE STEPS`` by an interpreter that has the simulator; prints one line of
JSON. `benchmarks.bench_peers` does so. Time is the processor's, of all threads together. Nothing of this program is
imported, so that the interpreter needs nothing but NumPy and the simulator.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

MOVES = (0.05, 0.1, 0.04, 0.2)
"""Chance a step of joining, growing, declining, leaving."""
OUTSIDE, NEW, GROWN, DECLINING = range(4)
KEPT = 0.5
"""Chance that a message keeps an agent that declines from leaving in this step."""

States = NDArray[np.int8]
WARM_UP, REPETITIONS = 2, 5
LUCK_PEOPLE, LUCK_STEPS = 2_000, 24
LONGEST = 2_000
"""Steps that a simulator which has to know its end is made for."""


class Setting(NamedTuple):
    """What is lived: by how many, by all but whom, and whether every second agent that declines is written to."""

    people: int
    without: int = -1
    treats: bool = False

    def ids(self) -> NDArray[np.int64]:
        """Return who lives."""
        everybody = np.arange(self.people)
        return everybody[everybody != self.without]


class Lives(Protocol):
    """A population of one simulator."""

    def live(self, steps: int) -> None:
        """Let everybody live some steps."""
        ...

    def states(self) -> States:
        """Return the state of everybody who lives, in the order of their ids."""
        ...


def is_written_to(person: int, state: int) -> bool:
    """Whether the policy writes to an agent."""
    return state == DECLINING and person % 2 == 0


def exact_shares(steps: int) -> NDArray[np.float64]:
    """Return the expected share of agents in each state after some steps without a policy, all outside at first."""
    moves = np.diag([1.0 - chance for chance in MOVES])
    for state, chance in enumerate(MOVES):
        moves[state, (state + 1) % len(MOVES)] = chance
    return np.asarray(np.linalg.matrix_power(moves, steps)[OUTSIDE], np.float64)


def farthest_share(states: States, steps: int) -> float:
    """Return by how many standard deviations the share of agents in a state is off, of the state that is most so."""
    exact, people = exact_shares(steps), len(states)
    found = np.bincount(states, minlength=len(MOVES)) / people
    return float(np.max(np.abs(found - exact) / np.sqrt(exact * (1.0 - exact) / people)))


class SharedLuck(NamedTuple):
    """Shares of agents that nothing was changed for and that lived exactly the same life, step by step."""

    one_fewer: float
    """where another agent is not there"""
    treated: float
    """where a policy writes to others"""


def luck_shared(make: Callable[[Setting], Lives], people: int, steps: int) -> SharedLuck:
    """Live with everybody, with one agent fewer and with a policy; compare the lives of those it does not concern."""
    out = people // 3
    everybody, fewer, treated = (
        _lives(make(one), steps)
        for one in (Setting(people), Setting(people, without=out), Setting(people, treats=True))
    )
    others = np.delete(everybody, out, axis=1)
    return SharedLuck(_same(others, fewer), _same(everybody[:, 1::2], treated[:, 1::2]))


def _lives(of: Lives, steps: int) -> States:
    """Return the state of everybody after each step, shape (steps, agents)."""
    states = []
    for _ in range(steps):
        of.live(1)
        states.append(of.states())
    return np.array(states)


def _same(one: States, other: States) -> float:
    return float(np.all(one == other, axis=0).mean())


class NumpyLives:
    """Columns, and one generator for all: what most simulators that use NumPy do."""

    def __init__(self, setting: Setting) -> None:
        self.rng = np.random.default_rng(1)
        self.id, self.treats = setting.ids(), setting.treats
        self.state = np.zeros(len(self.id), np.int8)

    def live(self, steps: int) -> None:
        """Let everybody live some steps."""
        for _ in range(steps):
            luck = self.rng.random((4, len(self.id)))
            self.state = moved(self.state, luck, self._kept() if self.treats else None)

    def _kept(self) -> NDArray[np.bool_]:
        kept = (self.state == DECLINING) & (self.id % 2 == 0)
        kept[kept] = self.rng.random(int(kept.sum())) < KEPT
        return kept

    def states(self) -> States:
        """Return everybody's state."""
        return self.state


def moved(state: States, luck: NDArray[np.float64], kept: NDArray[np.bool_] | None) -> States:
    """Return the next states, given four uniforms each and who is kept."""
    moves = np.zeros(len(state), np.bool_)
    for of, chance in enumerate(MOVES):
        moves |= (state == of) & (luck[of] < chance)
    if kept is not None:
        moves &= ~kept
    return (state + moves) & np.int8(3)


class Measured(NamedTuple):
    """What a peer's lives took and are like."""

    version: str
    steps_per_second: float
    off: float
    """of the expected shares, in standard deviations"""
    one_fewer: float
    treated: float


def mesa_lives(setting: Setting) -> Lives:
    """Return agents that are objects, each of which draws from the model's generator."""
    import mesa

    class Customer(mesa.Agent):
        def __init__(self, model: mesa.Model, person: int) -> None:
            super().__init__(model)
            self.person, self.state = person, 0

        def step(self) -> None:
            draw = self.random.random
            luck = (draw(), draw(), draw(), draw())
            if self.model.treats and is_written_to(self.person, self.state) and draw() < KEPT:
                return
            if luck[self.state] < MOVES[self.state]:
                self.state = (self.state + 1) % 4

    class Market(mesa.Model):
        def __init__(self) -> None:
            super().__init__(seed=1)
            self.treats = setting.treats
            for person in setting.ids().tolist():
                Customer(self, person)

        def live(self, steps: int) -> None:
            for _ in range(steps):
                self.agents.do("step")

        def states(self) -> States:
            return np.array(self.agents.get("state"), np.int8)

    return Market()


def mesa_frames_lives(setting: Setting) -> Lives:
    """Return agents that are rows of a data frame, with the model's NumPy generator."""
    import polars as pl
    from mesa_frames import AgentSetPolars, ModelDF  # type: ignore[import-not-found]  # in the peers' environment alone

    class Customers(AgentSetPolars):  # type: ignore[misc]  # untyped
        def __init__(self, model: ModelDF) -> None:
            super().__init__(model)
            self.add(pl.DataFrame({"unique_id": setting.ids(), "state": np.zeros(len(setting.ids()), np.int8)}))

        def step(self) -> None:
            state = pl.col("state")
            moves = pl.lit(False)
            names = [f"luck_{of}" for of in range(len(MOVES))]
            luck = dict(zip(names, self.random.random((len(MOVES), len(self))), strict=True))
            drawn = self.agents.with_columns(**{name: pl.Series(values) for name, values in luck.items()})
            for of, (name, chance) in enumerate(zip(names, MOVES, strict=True)):
                moves |= (state == of) & (pl.col(name) < chance)
            if setting.treats:
                written_to = drawn.select((state == 3) & (pl.col("unique_id") % 2 == 0)).to_series().to_numpy()
                kept = written_to.copy()
                kept[kept] = self.random.random(int(kept.sum())) < KEPT
                drawn = drawn.with_columns(kept=pl.Series(kept))
                moves &= ~pl.col("kept")
            next_state = ((state + moves.cast(pl.Int8)) % 4).alias("state")
            self.agents = drawn.select("unique_id", next_state)

    class Market(ModelDF):  # type: ignore[misc]  # untyped
        def __init__(self) -> None:
            super().__init__(seed=1)
            self.agents += Customers(self)

        def live(self, steps: int) -> None:
            for _ in range(steps):
                self.step()

        def states(self) -> States:
            customers = self.get_agents_of_type(Customers)
            return np.array(customers.agents["state"].to_numpy(), np.int8)

    made: Lives = Market()
    return made


def starsim_lives(setting: Setting) -> Lives:
    """Return agents that are entries of arrays; each decision has a distribution, whose draws are kept apart."""
    import starsim as ss  # type: ignore[import-not-found]  # in the peers' environment alone

    class Lifecycle(ss.Module):  # type: ignore[misc]  # untyped
        def __init__(self) -> None:
            super().__init__()
            self.define_states(ss.FloatArr("stage", default=0.0))
            self.joins, self.grows, self.declines, self.leaves, self.stays = (ss.random() for _ in range(5))

        def step(self) -> None:
            uids = self.sim.people.auids
            state = self.stage[uids]
            moves = np.zeros(len(uids), bool)
            for of, (luck, chance) in enumerate(
                zip((self.joins, self.grows, self.declines, self.leaves), MOVES, strict=True)
            ):
                moves |= (state == of) & (luck.rvs(uids) < chance)
            if setting.treats:
                written_to = (state == 3) & (uids % 2 == 0)
                kept = written_to.copy()
                kept[written_to] = self.stays.rvs(ss.uids(uids[written_to])) < KEPT
                moves &= ~kept
            self.stage[uids] = (state + moves) % 4

    class Market:
        def __init__(self) -> None:
            self.lifecycle = Lifecycle()
            self.sim = ss.Sim(
                n_agents=setting.people,
                modules=self.lifecycle,
                rand_seed=1,
                dur=LONGEST,
                dt=1,
                use_aging=False,
                verbose=0,
                copy_inputs=False,
            )
            self.sim.init()
            if setting.without >= 0:
                self.sim.people.request_removal(ss.uids([setting.without]))
                self.sim.people.step_die()
                self.sim.people.remove_dead()

        def live(self, steps: int) -> None:
            time_steps = self.sim.t
            self.sim.run(until=time_steps.timevec[time_steps.ti + steps - 1])

        def states(self) -> States:
            return np.asarray(self.lifecycle.stage.values, np.int8)

    return Market()


MAKES: dict[str, tuple[str, Callable[[Setting], Lives]]] = {
    "NumPy": ("numpy", NumpyLives),
    "mesa-frames": ("mesa-frames", mesa_frames_lives),
    "Starsim": ("starsim", starsim_lives),
    "Mesa": ("mesa", mesa_lives),
}
"""Simulator -> the package that it is, and what makes its population."""


def steps_per_second(make: Callable[[Setting], Lives], people: int, steps: int) -> tuple[float, float]:
    """Return agents' steps a second, the median of repetitions, and by how much the shares at the end are off."""
    lives, rates = make(Setting(people)), []
    lives.live(WARM_UP)
    for _ in range(REPETITIONS):
        began = time.process_time()
        lives.live(steps)
        rates.append(people * steps / (time.process_time() - began))
    return median(rates), farthest_share(lives.states(), WARM_UP + REPETITIONS * steps)


def measured_of(make: Callable[[Setting], Lives], release: str, people: int, steps: int) -> Measured:
    """Measure one simulator in this process."""
    rate, off = steps_per_second(make, people, steps)
    return Measured(release, rate, off, *luck_shared(make, min(people, LUCK_PEOPLE), LUCK_STEPS))


def main(name: str, people: str, steps: str) -> None:
    """Measure one peer and print it."""
    package, make = MAKES[name]
    print(json.dumps(measured_of(make, version(package), int(people), int(steps))))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Policies cannot write what they are shown, states share nothing with models, and a model dropped is gone."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import mesa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.agents.belief import BELIEF
from tenure.policies.columns import FIELDS
from tenure.policies.plan import Treatments
from tenure.policies.shelf import SHELF
from tenure.policies.view import PROTECTED, InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.batch_models import Collecting
from tests.made_views import beliefs_of, view_of
from tests.markets import LEARNERS, LIVELY, differences, lived, markets, small_market

SEGMENTS = {"owing": "balance > 0", "rest": "otherwise"}

# policies


def reachable(view: InstitutionView) -> Iterator[np.ndarray[Any, Any]]:
    """Yield every array that a policy can get from a view."""
    yield from (value for value in view.posted if isinstance(value, np.ndarray))
    yield from (view.prices, view.list_prices, view._beliefs, view.uniform("a"), view.contacts_within(3))
    for name in FIELDS:
        yield from (getattr(view, name), view.column(name))
    if view.schemes.segments:
        yield from (view.segment, view.column("segment"))
    for name in set(BELIEF.names or ()) - set(PROTECTED):
        yield view.field(name)
    yield from (view.by_product("held", view.products), view.needs(view.products))
    for name in view.products:
        yield from (view.need(name), view.holds(name), view.balance_of(name), view.column(f"holds_{name}"))
    for name in view.treatments:
        yield from (view.may(name), view.cost_eur(name))


def vandalise(array: Any) -> None:
    """Write zeros into an array and all that it is made of, as far as NumPy lets anybody."""
    while isinstance(array, np.ndarray):
        for one in (array, array.view(), array[:]):
            try:
                one.setflags(write=True)
                one[...] = np.zeros((), one.dtype)
            except ValueError:
                assert not one.flags.writeable
        array = array.base


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.integers(0, 1000), st.sampled_from(["whole", "slice", "rows"]))
def test_no_array_of_a_view_can_be_written_or_opened(customers: int, seed: int, how: str) -> None:
    rows = beliefs_of(customers, seed)
    view, whole = view_of(rows), rows.copy()
    if how != "whole":
        view = view.only(slice(0, customers // 2) if how == "slice" else np.arange(customers)[::-1])
    fresh = view.only(slice(None))
    before = [array.copy() for array in reachable(fresh)]
    for array in reachable(view):
        vandalise(array)
    assert rows.tobytes() == whole.tobytes()
    for one in (view, fresh, view.only(slice(None))):
        for was, now in zip(before, reachable(one), strict=True):
            assert was.tobytes() == np.ascontiguousarray(now).tobytes()


@dataclass(frozen=True, eq=False)
class Gentle:
    """Rewards every third customer, and looks at what it is told."""

    name = "gentle"

    def learn(self, view: InstitutionView, outcomes: Any) -> None:
        """Look at everything."""
        self.look(view, outcomes)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the rewards, by who and not by what is believed."""
        self.look(view, ())
        return Treatments.of("loyalty_reward", np.flatnonzero(np.arange(len(view)) % 3 == 0))

    def state(self) -> dict[str, Any]:
        """Nothing is learnt."""
        return {}

    def restore(self, state: Any) -> None:
        """Nothing was learnt."""

    def look(self, view: InstitutionView, outcomes: Any) -> None:
        """Touch every array."""
        assert all(array is not None for array in (*reachable(view), *outcomes))


class Vandal(Gentle):
    """Does the same, and destroys what it can."""

    name = "vandal"

    def look(self, view: InstitutionView, outcomes: Any) -> None:
        """Write every array."""
        for array in (*reachable(view), *outcomes):
            vandalise(array)


def test_a_policy_that_writes_all_it_gets_changes_nothing() -> None:
    both = []
    for policy in ("gentle", "vandal"):
        config = small_market(people=120, rules=LIVELY, segments=SEGMENTS, us={"policy": policy})
        config["rivals"]["bigbank"]["policy"] = policy
        model = LifecycleModel(config, seed=3, known={**SHELF, "gentle": Gentle, "vandal": Vandal})
        model.start_recording()
        for _ in range(4):
            model.step()
            model.decide()  # as if it were asked twice
        both.append(model)
    gentle, vandal = both
    assert differences(gentle, vandal) == [] and gentle.recording().equals(vandal.recording())
    assert same_bytes(gentle.state(), bytes_of(vandal.state()))
    assert sum(len(told.person_id) for told in [vandal.us.outcomes]) > 0


# states


def bytes_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a state."""
    return {key: np.array(values) for key, values in state.items()}


def same_bytes(state: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two states have the same numbers, bit for bit; padding between fields is no number."""
    return state.keys() == other.keys() and all(
        one.tobytes() == another.tobytes()
        for key in state
        for one, another in (
            [(state[key][name], other[key][name]) for name in state[key].dtype.names]
            if state[key].dtype.names
            else [(state[key], other[key])]
        )
    )


def arrays_of(held: Any, met: set[int] | None = None) -> Iterator[np.ndarray[Any, Any]]:
    """Yield every array that an object of ours leads to."""
    met = set() if met is None else met
    if id(held) in met:
        return
    met.add(id(held))
    if isinstance(held, np.ndarray):
        yield held
    elif isinstance(held, dict):
        for value in held.values():
            yield from arrays_of(value, met)
    elif isinstance(held, list | tuple | set):
        for value in held:
            yield from arrays_of(value, met)
    elif hasattr(held, "__dict__") and not isinstance(held, type | mesa.Agent):
        yield from arrays_of(vars(held), met)
    elif isinstance(held, mesa.Agent):
        yield from arrays_of(getattr(held, "policy", None), met)


def shared(model: LifecycleModel, state: dict[str, Any]) -> list[str]:
    """Return the names of a state's arrays that lie in a model's memory."""
    ours = list(arrays_of([vars(model), [vars(one) for one in model.institutions]]))
    assert any(array is model.us.channels.rate for array in ours)
    return [key for key, values in state.items() if any(np.may_share_memory(values, one) for one in ours)]


@st.composite
def learning_markets(draw: st.DrawFn) -> dict[str, Any]:
    """Small markets in which we learn."""
    config = draw(markets())
    own = {"treatments": ["loyalty_reward", "stop_lending"], "epoch_months": 1, "trial_months": draw(st.integers(0, 3))}
    config["us"]["policy"] = {"policy": draw(st.sampled_from(LEARNERS)), **own}
    return config


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(learning_markets() | markets(), st.integers(1, 4), st.sampled_from(["compiled", "objects"]))
def test_a_state_and_the_models_share_nothing(config: dict[str, Any], after: int, engine: str) -> None:
    model = lived(config, after, engine=engine)
    state = model.state()
    whole = bytes_of(state)
    assert shared(model, state) == []
    model.step()
    assert same_bytes(state, whole)
    ends = []
    for _ in range(2):
        again = LifecycleModel(config, seed=0, engine=engine)
        again.restore(state)
        assert shared(again, state) == []
        again.step()
        again.step()
        assert same_bytes(state, whole)
        ends.append(again.state())
    assert same_bytes(*ends)


def test_a_policy_that_keeps_what_it_restored_does_not_share_it() -> None:
    class Keeper(Gentle):
        kept: dict[str, Any]

        def state(self) -> dict[str, Any]:
            return self.kept

        def restore(self, state: Any) -> None:
            object.__setattr__(self, "kept", dict(state))

    model = LifecycleModel(small_market(), seed=1)
    model.us.policy = Keeper()
    model.us.policy.restore({"x": np.zeros(3)})
    state = model.state()
    assert shared(model, state) == []
    model.restore(state)
    assert shared(model, state) == []
    assert [key for key in state if key.startswith("policy.")] == ["policy.x:us"]


# models


@pytest.mark.parametrize(("engine", "threads"), [("compiled", 1), ("compiled", 2), ("objects", 1)])
def test_a_model_that_nobody_holds_is_freed(engine: str, threads: int) -> None:
    class Visitor(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
        """An agent of a user's own."""

    gone = []
    for seed in range(5):
        model = lived(small_market(us={"policy": "thompson"}), 2, seed=seed, engine=engine, threads=threads)
        Visitor(model)
        assert len(model.recording()) and model.state()
        gone.append(weakref.ref(model))
    del model
    gc.collect()
    assert [one() for one in gone] == [None] * 5


class Known(Collecting):
    """A user's model whose models can be counted."""

    alive: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()

    def __init__(self, config: Any, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.alive.add(self)


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_fifty_models_leave_nothing_behind(engine: str) -> None:
    """A user's models, collected, looked at in all ways and dropped: no model, no object, no thread is left."""

    def live(seed: int) -> None:
        model = Known(small_market(people=30, rules=LIVELY), seed=seed, engine=engine, threads=2)
        model.start_recording()
        model.run_model()
        model.restore(model.state())
        model.customers.shuffle().select(lambda person: person.satisfaction > 0).set("satisfaction", 0.5)
        assert (
            model.customers.groupby("provider").agg("income", sum) and len(model.datacollector.model_vars["seed"]) == 4
        )

    def left() -> tuple[int, int, int]:
        gc.collect()
        for _ in range(100):  # threads of a pool that is gone end by themselves, a moment later
            if threading.active_count() <= threads:
                break
            time.sleep(0.05)
        return len(Known.alive), threading.active_count(), len(gc.get_objects())

    threads = threading.active_count()
    for seed in range(5):
        live(seed)
    before = left()
    for seed in range(50):
        live(seed)
    after = left()
    assert after[:2] == before[:2] == (0, threads)
    assert after[2] - before[2] < 50, "less than one object for each model"


def test_a_batch_leaves_no_model_behind() -> None:
    made = {}
    for engine in ("compiled", "objects"):
        parameters = {"config": [small_market(people=30)], "engine": engine, "replication": [0, 1, 2]}
        for row in mesa.batch_run(Known, parameters, max_steps=2, display_progress=False):
            made[row["engine"], row["replication"]] = row["seed"]
    gc.collect()
    assert len(made) == len({*made.values()}) == 6 and not Known.alive
    assert not [one for one in getattr(mesa.Agent, "_ids", {}) if isinstance(one, Known)]


def test_agents_of_all_kinds_are_numbered_from_1_in_each_model() -> None:
    for engine in ("objects", "compiled"):
        model = lived(small_market(people=30), 1, engine=engine)
        late = mesa.Agent(model)
        numbers = sorted(agent.unique_id for agent in model.agents)
        assert numbers == list(range(1, len(numbers) + 1)) and late.unique_id == len(numbers)

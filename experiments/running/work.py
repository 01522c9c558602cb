"""What a worker does: live the state before month 0, or live one arm from it and store its recording."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import mesa  # noqa: F401 - goes through all modules and frames there are: a third of a second less while they are few

from tenure.agents.compiling import load_numba
from tenure.experiments.config.documents import Value
from tenure.experiments.design.arms import laid_over, market_with, settings_with
from tenure.experiments.design.hashing import content_checksum
from tenure.experiments.design.point import Point
from tenure.experiments.design.tasks import Done, Order, Task
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.plugins.own_policies import import_installed
from tenure.experiments.plugins.own_rules import live_by
from tenure.experiments.plugins.untouched import changes, fingerprint
from tenure.experiments.running.faults import Where
from tenure.experiments.running.needs import needed_files, where_of
from tenure.experiments.running.starts import State, largest, read_start, write_start
from tenure.experiments.store import store
from tenure.experiments.store.provenance import environment
from tenure.experiments.store.sealing import DamagedError
from tenure.experiments.verification.contract.files import hearing
from tenure.experiments.verification.contract.source import Breach, Source
from tenure.policies.policy import settings_of
from tenure.policies.shelf import SHELF, make_policy
from tenure.simulation.model import LifecycleModel

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[str], None]


def get_ready() -> None:
    """Load what the first month would else wait for, and be charged with."""
    load_numba()


def perform(order: Order, task: Task, tell: Tell) -> Done:
    """Do one task; whatever the model or a policy does wrong becomes text, so that it sinks nothing else."""
    began, began_cpu = time.perf_counter(), time.process_time()
    sources = needed_files(order, task)
    import_installed(sources)
    live_by(order.own, order.behaviour)
    before = fingerprint() if sources else None  # the shelf's policies are ours, and tried by our tests
    where = where_of(order, task, tell)
    error: tuple[str, dict[str, Value]] | None = None
    store_it: Callable[[], object] | None = None
    try:
        with own_policies(order, task, where) as known:
            store_it = _lived(order, task, known, where)
        error = where.breach
    except BaseException as fault:  # a policy may raise anything; Ctrl-C is the parent's
        error = where.failed(fault)
    touched = changes(before) if before is not None else []
    if touched and error is None:
        error = where.told(f"after it, {'; '.join(touched[:3])}: a run must leave the program as it was")
    if error is not None or store_it is None:
        what, details = error or ("", None)
        return Done(time.perf_counter() - began, what, details, spoilt=bool(touched))
    try:
        store_it()
    except OSError as fault:
        told = (fault.errno or 0, fault.strerror or str(fault), str(fault.filename or order.folder))
        return Done(time.perf_counter() - began, disk=told)
    return Done(time.perf_counter() - began, cpu_seconds=time.process_time() - began_cpu)


def lived_again(order: Order, task: Task, tell: Tell) -> str:
    """Live a run in this process and return the checksum of its table, without storing it; else what went wrong."""
    where = where_of(order, task, tell)
    live_by(order.own, order.behaviour)
    try:
        with own_policies(order, task, where) as known:
            return content_checksum(_run_table(order, task, known, where))
    except BaseException as fault:
        return where.failed(fault)[0]


@contextmanager
def own_policies(order: Order, task: Task, where: Where) -> Iterator[dict[str, type]]:
    """Give name -> class of the shelf and of the policy files of a task, executed anew; hear what these open."""
    sources = needed_files(order, task)
    with ExitStack() as stack:
        for one in sources:
            source = Source(Path(one.path), one.modules[0].source.decode(errors="replace"))
            stack.enter_context(hearing(source, one.input_paths, where.opened))
        if sources:
            where.month("loading")
        known = stack.enter_context(policies_afresh(sources))
        yield known
        changed = next((name for name in (one.changed_input() for one in sources) if name), "")
        if changed:
            where.opened(Breach(f"its input {changed} changed while it ran", ""))


def _lived(order: Order, task: Task, known: dict[str, type], where: Where) -> Callable[[], object]:
    """Do the work of a task; return what is left: to store it."""
    began, folder, point = time.perf_counter(), Path(order.folder), task.point
    if not task.is_run:
        state = state_before(order, point, known, where.month)
        return lambda: write_start(folder, task.name, state)
    table = _run_table(order, task, known, where)
    record: dict[str, object] = {
        **order.record,
        "market": {**order.resolved[point.scenario]},
        "scenario": point.scenario,
        "arm": point.arm,
        "replication": point.replication,
        "over": [[path, value] for path, value in point.over],
        "seed": order.seed,
        "start": task.start,
        "own_policies": {Path(one.path).name: one.digest for one in needed_files(order, task)},
        "engine": order.engine,
        "seconds": round(time.perf_counter() - began, 3),
        "environment": {**environment()},
    }
    return lambda: store.write_run(folder, task.name, table, record)


def _run_table(order: Order, task: Task, known: dict[str, type], where: Where) -> "pd.DataFrame":
    """Live one arm's months from the stored state, and return its recording."""
    model = arm_model(order, task.point, _start(order, task, known, where), known)
    model.start_recording()
    for _ in range(order.months):
        where.month(model.month)
        model.step()
    return model.recording()


def _start(order: Order, task: Task, known: dict[str, type], where: Where) -> State:
    """Read the state that a run goes on from; live it again where it has been damaged since the work began."""
    try:
        return read_start(Path(order.folder), task.start, largest(order.people))
    except DamagedError:
        return state_before(order, task.point, known, where.month)


def state_before(
    order: Order,
    point: Point,
    known: Mapping[str, type] = SHELF,
    lived: Callable[[int], None] = lambda month: None,
) -> State:
    """Live burn-in with nobody treated, then the warm-up under the champion; return the state before month 0.

    Parameters
    ----------
    point : Point
        Of a run that goes on from it, or of the state itself.
    known : mapping, optional
        Policies by name; by default those of the shelf.
    lived : callable
        Told of every month before it is lived.
    """
    before = order.burn_in_months + order.warm_up_months
    market = market_with(order.before[point.scenario], point.over, {})
    if point.over:
        ours = point._replace(arm=order.champion)
        policy = {"policy": order.arm_at(ours).policy, **_settings_at(order, ours, known)}
        market = laid_over(market, {"us": {"policy": policy}})
    model = _model(order, point, market, known, -before)
    us, champion = model.us.name, model.us.policy
    model.set_policy(us, make_policy("do_nothing"))
    for _ in range(order.burn_in_months):
        lived(model.month)
        model.step()
    model.set_policy(us, champion)
    for _ in range(order.warm_up_months):
        lived(model.month)
        model.step()
    return model.state()


def arm_model(order: Order, point: Point, state: State, known: Mapping[str, type] = SHELF) -> LifecycleModel:
    """Return a point's market in the state before month 0."""
    arm = order.arm_at(point)
    us = settings_with(arm.us, point.over, f"arms.{point.arm}.us", {})
    market = market_with(order.scenarios[point.scenario], point.over, us)
    model = _model(order, point, market, known, state=state)
    model.set_policy(model.us.name, make_policy(arm.policy, _settings_at(order, point, known), known))
    return model


def _settings_at(order: Order, point: Point, known: Mapping[str, type]) -> dict[str, object]:
    """Return the settings of an arm's policy at a point."""
    arm = order.arm_at(point)
    if not point.over:
        return {**arm.settings}
    defaults = {name: default for name, (_, default) in settings_of(known[arm.policy]).items()}
    return settings_with(arm.settings, point.over, f"arms.{point.arm}", defaults)


def _model(
    order: Order,
    point: Point,
    market: Mapping[str, object],
    known: Mapping[str, type],
    first_month: int = 0,
    state: State | None = None,
) -> LifecycleModel:
    return LifecycleModel(
        market,
        seed=order.seed,
        replication=point.replication,
        engine=order.engine,
        threads=1,
        known=dict(known),
        first_month=first_month,
        state=state,
    )

"""What a worker does: live the state before month 0, or live one arm from it and store its recording."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from agents.compiling import load_numba
from experiments import store
from experiments.arms import laid_over
from experiments.contract_files import hearing
from experiments.contract_source import Breach, Source
from experiments.faults import Where
from experiments.hashing import content_checksum
from experiments.own_classes import policies_afresh
from experiments.own_policies import PolicySource, import_installed
from experiments.provenance import environment
from experiments.sealing import DamagedError
from experiments.starts import largest, read_start, write_start
from experiments.untouched import changes, fingerprint
from policies.shelf import SHELF, make_policy
from simulation.model import US, LifecycleModel

Tell = Callable[[str], None]


def get_ready() -> None:
    """Load what the first month would else wait for, and be charged with."""
    load_numba()


class Order(NamedTuple):
    """What all tasks of an experiment share; plain data, so that it can be sent to another process."""

    folder: str
    market: dict[str, Any]
    """The market with the champion's policy for us."""
    policies: dict[str, tuple[str, dict[str, Any]]]
    """Arm -> name and settings of its policy."""
    us: dict[str, dict[str, Any]]
    """Arm -> what is different about us from month 0 on, laid over the market."""
    months: int
    warm_up_months: int
    burn_in_months: int
    seed: int
    engine: str
    own: tuple[PolicySource, ...]
    """Policy files of the user's own."""
    needs: dict[str, tuple[int, ...]]
    """Arm -> which of `own` its runs need; the empty name: the states before month 0."""
    record: dict[str, Any]
    """What is written beside every run: the resolved experiment, versions, the hash of the sources."""


class Task(NamedTuple):
    """One thing to do: a state before month 0 (`arm` is empty), or a run from it."""

    name: str
    arm: str
    replication: int
    start: str
    """Name of the state that a run goes on from."""


class Done(NamedTuple):
    """What became of a task.

    Attributes
    ----------
    seconds : float
        That it took.
    error : str
        What went wrong, in one line; empty if nothing did.
    details : mapping, optional
        Of what went wrong: policy, file, line, month, trace.
    spoilt : bool
        The process is not as it was before; nothing more may be done in it.
    disk : tuple, optional
        Number, text and file of an error of the disk, which concerns every run.
    elsewhere : bool
        Another process did it.
    cpu_seconds : float
        Of the processor: what it takes on a machine that does nothing else.
    """

    seconds: float
    error: str = ""
    details: Mapping[str, Any] | None = None
    spoilt: bool = False
    disk: tuple[int, str, str] | None = None
    elsewhere: bool = False
    cpu_seconds: float = 0.0


def perform(order: Order, task: Task, tell: Tell) -> Done:
    """Do one task; whatever the model or a policy does wrong becomes text, so that it sinks nothing else."""
    began, began_cpu = time.perf_counter(), time.process_time()
    import_installed(needed(order, task))
    before = fingerprint()
    where = where_of(order, task, tell)
    error: tuple[str, dict[str, Any]] | None = None
    store_it: Callable[[], object] | None = None
    try:
        with own_policies(order, task, where) as known:
            store_it = _lived(order, task, known, where)
        error = where.breach
    except BaseException as fault:  # a policy may raise anything; Ctrl-C is the parent's
        error = where.failed(fault)
    touched = changes(before)
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
    try:
        with own_policies(order, task, where) as known:
            return content_checksum(_run_table(order, task, known, where))
    except BaseException as fault:
        return where.failed(fault)[0]


def killed(order: Order, task: Task, what: str, phase: str, frames: list[tuple[str, int]]) -> Done:
    """Return what to tell of a task whose process was ended: what happened, in which month, at which line."""
    where = where_of(order, task, lambda phase: None)
    where.phase = phase
    return Done(0.0, *where.told(what, frames))


def where_of(order: Order, task: Task, tell: Tell) -> Where:
    """Return who tells where a task is."""
    name = order.policies[task.arm][0] if task.arm else str(order.market["us"]["policy"]["policy"])
    return Where(needed(order, task), name, tell)


def needed(order: Order, task: Task) -> tuple[PolicySource, ...]:
    """Return the policy files that a task executes."""
    return tuple(order.own[index] for index in order.needs.get(task.arm, ()))


@contextmanager
def own_policies(order: Order, task: Task, where: Where) -> Iterator[dict[str, type]]:
    """Give name -> class of the shelf and of the policy files of a task, executed anew; hear what these open."""
    sources = needed(order, task)
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
    began, folder = time.perf_counter(), Path(order.folder)
    if not task.arm:
        state = state_before(order, task.replication, known, where.month)
        return lambda: write_start(folder, task.name, state)
    table = _run_table(order, task, known, where)
    own = {"arm": task.arm, "replication": task.replication, "seed": order.seed, "start": task.start}
    own |= {"own_policies": {Path(one.path).name: one.digest for one in needed(order, task)}}
    took = {"engine": order.engine, "seconds": round(time.perf_counter() - began, 3)}
    record = {**order.record, **own, **took, "environment": environment()}
    return lambda: store.write_run(folder, task.name, table, record)


def _run_table(order: Order, task: Task, known: dict[str, type], where: Where) -> pd.DataFrame:
    """Live one arm's months from the stored state, and return its recording."""
    model = arm_model(order, task.arm, task.replication, _start(order, task, known, where), known)
    model.start_recording()
    for _ in range(order.months):
        where.month(model.month)
        model.step()
    return model.recording()


def _start(order: Order, task: Task, known: dict[str, type], where: Where) -> dict[str, NDArray[Any]]:
    """Read the state that a run goes on from; live it again where it has been damaged since the work began."""
    try:
        return read_start(Path(order.folder), task.start, largest(int(order.record["market"]["people"])))
    except DamagedError:
        return state_before(order, task.replication, known, where.month)


def state_before(
    order: Order, replication: int, known: Mapping[str, type] = SHELF,
    lived: Callable[[int], None] = lambda month: None,
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """Live burn-in with nobody treated, then the warm-up under the champion; return the state before month 0.

    Parameters
    ----------
    known : mapping, optional
        Policies by name; by default those of the shelf.
    lived : callable
        Told of every month before it is lived.
    """
    before = order.burn_in_months + order.warm_up_months
    model = _model(order, replication, known, first_month=-before)
    us, champion = model.names[US], model.institutions[US - 1].policy
    model.set_policy(us, make_policy("do_nothing"))
    for _ in range(order.burn_in_months):
        lived(model.month)
        model.step()
    model.set_policy(us, champion)
    for _ in range(order.warm_up_months):
        lived(model.month)
        model.step()
    return model.state()


def arm_model(
    order: Order, arm: str, replication: int, state: dict[str, NDArray[Any]], known: Mapping[str, type] = SHELF,
    kind: type[LifecycleModel] = LifecycleModel,
) -> LifecycleModel:  # fmt: skip
    """Return an arm's market in the state before month 0, as a model of this kind."""
    model = _model(order, replication, known, us=order.us.get(arm), kind=kind)
    model.restore(state)
    name, settings = order.policies[arm]
    model.set_policy(model.names[US], make_policy(name, settings, known))
    return model


def _model(
    order: Order, replication: int, known: Mapping[str, type], first_month: int = 0, us: dict[str, Any] | None = None,
    kind: type[LifecycleModel] = LifecycleModel,
) -> LifecycleModel:  # fmt: skip
    market = {**order.market, "us": laid_over(order.market["us"], us or {})}
    return kind(
        market, seed=order.seed, replication=replication, engine=order.engine, threads=1, known=dict(known),
        first_month=first_month,
    )  # fmt: skip

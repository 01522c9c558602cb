"""What a worker does: live the state before month 0, or live one arm from it and store its recording."""

import io
import os
import platform
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import mesa
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments import store
from experiments.plugins import known_policies
from policies.policy import Policy
from policies.shelf import make_policy
from simulation.model import US, LifecycleModel


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
    plugins: tuple[str, ...]
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
    """What became of a task; `error` is empty if it went well."""

    seconds: float
    error: str = ""


def perform(order: Order, task: Task) -> Done:
    """Do one task; an error of the model or the policy becomes text, so that it sinks nothing else."""
    began = time.perf_counter()
    try:
        if task.arm:
            live_run(order, task)
        else:
            live_start(order, task)
    except OSError:
        raise  # a full or refusing disk concerns every run
    except Exception:
        return Done(time.perf_counter() - began, traceback.format_exc())
    return Done(time.perf_counter() - began)


def live_start(order: Order, task: Task) -> None:
    """Live burn-in and warm-up, and store the state."""
    buffer, packed = io.BytesIO(), pa.BufferOutputStream()
    np.savez(buffer, allow_pickle=False, **state_before(order, task.replication))
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(buffer.getvalue())
    store.write_whole(start_path(Path(order.folder), task.name), packed.getvalue().to_pybytes())


def live_run(order: Order, task: Task) -> None:
    """Live one arm's months from the stored state, and store its recording."""
    began = time.perf_counter()
    folder = Path(order.folder)
    with arm_model(order, task.arm, task.replication, read_start(folder, task.start)) as model:
        model.start_recording()
        for _ in range(order.months):
            model.step()
        table = model.recording()
    own = {"arm": task.arm, "replication": task.replication, "seed": order.seed, "start": task.start}
    took = {"engine": order.engine, "seconds": round(time.perf_counter() - began, 3)}
    store.write_run(folder, task.name, table, {**order.record, **own, **took, "environment": environment()})


def state_before(
    order: Order, replication: int, lived: Callable[[], None] = lambda: None
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """Live burn-in with nobody treated, then the warm-up under the champion; return the state before month 0.

    Parameters
    ----------
    lived : callable
        Told after every month.
    """
    before = order.burn_in_months + order.warm_up_months
    model = _model(order, replication, first_month=-before)
    try:
        us, champion = model.names[US], model.institutions[US - 1].policy
        model.set_policy(us, make_policy("do_nothing"))
        for _ in range(order.burn_in_months):
            model.step()
            lived()
        model.set_policy(us, champion)
        for _ in range(order.warm_up_months):
            model.step()
            lived()
        return model.state()
    finally:
        _forget(model)


@contextmanager
def arm_model(
    order: Order, arm: str, replication: int, state: dict[str, NDArray[Any]],
    kind: type[LifecycleModel] = LifecycleModel,
) -> Iterator[LifecycleModel]:  # fmt: skip
    """Give an arm's market in the state before month 0, as a model of this kind."""
    model = _model(order, replication, us=order.us.get(arm), kind=kind)
    try:
        model.restore(state)
        model.set_policy(model.names[US], _policy(order, arm))
        yield model
    finally:
        _forget(model)


def start_path(folder: Path, name: str) -> Path:
    """Return where the state before month 0 of a replication is kept."""
    return folder / "starts" / f"{name}.npz.zst"


def read_start(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """Read a stored state.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = start_path(folder, name)
    try:
        with pa.CompressedInputStream(pa.memory_map(str(path)), "zstd") as stream:
            unpacked = io.BytesIO(stream.read())
        with np.load(unpacked, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except Exception as error:
        raise ValueError(f"{path}: the state cannot be read ({error}); delete it and run again") from error


@cache
def environment() -> dict[str, str]:
    """Return the versions that a run depends on beside the sources."""
    names = ("mesa", "numpy", "scipy", "numba", "pandas", "pyarrow")
    return {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"} | {
        name: metadata.version(name) for name in names
    }


def clear_temporary(folder: Path, processes: set[int]) -> None:
    """Remove what processes, now dead or interrupted, had begun to write."""
    for part in ("runs", "starts"):
        for path in (folder / part).glob(".*.tmp"):
            if path.name.split(".")[-3] in {str(one) for one in processes | {os.getpid()}}:
                path.unlink(missing_ok=True)


def _model(
    order: Order, replication: int, first_month: int = 0, us: dict[str, Any] | None = None,
    kind: type[LifecycleModel] = LifecycleModel,
) -> LifecycleModel:  # fmt: skip
    known = known_policies(tuple(map(Path, order.plugins)))
    market = {**order.market, "us": laid_over(order.market["us"], us or {})}
    return kind(
        market, seed=order.seed, replication=replication, engine=order.engine, threads=1, known=known,
        first_month=first_month,
    )  # fmt: skip


def laid_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return settings with others over them, section by section."""
    both = {key: laid_over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
            for key, value in over.items()}  # fmt: skip
    return {**base, **both}


def _policy(order: Order, arm: str) -> Policy:
    name, settings = order.policies[arm]
    return make_policy(name, settings, known_policies(tuple(map(Path, order.plugins))))


def _forget(model: LifecycleModel) -> None:
    """Let Mesa's class-wide counter of agents forget the model, which else lives for ever."""
    getattr(mesa.Agent, "_ids", {}).pop(model, None)

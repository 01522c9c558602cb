"""Which policy files a task executes, and what is told of one that was ended: known without the model."""

from collections.abc import Callable

from tenure.experiments.design.tasks import Done, Order, Task
from tenure.experiments.plugins.own_policies import PolicySource
from tenure.experiments.running.faults import Where


def killed(order: Order, task: Task, what: str, phase: str, frames: list[tuple[str, int]]) -> Done:
    """Return what to tell of a task whose process was ended: what happened, in which month, at which line."""
    where = where_of(order, task, lambda phase: None)
    where.phase = phase
    return Done(0.0, *where.told(what, frames))


def where_of(order: Order, task: Task, tell: Callable[[str], None]) -> Where:
    """Return who tells where a task is."""
    return Where(needed_files(order, task), order.arm_at(task.point).policy, tell)


def needed_files(order: Order, task: Task) -> tuple[PolicySource, ...]:
    """Return the policy files that a task executes."""
    return tuple(order.own[index] for index in order.needs.get((task.point.scenario, task.point.arm), ()))

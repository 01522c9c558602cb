"""Tasks on local processes: states before runs, arms interleaved, a killed worker replaced."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from experiments.work import Done, Order, Task, clear_temporary, perform

MOST_BREAKS = 3
"""Times that a task may be under way when a worker is killed, before it counts as failed."""
Report = Callable[[Task, Done], None]


class Queue:
    """Tasks in the order to begin them: runs whose state is there first, then the next state.

    Parameters
    ----------
    starts : iterable of Task
        States to be made, in order.
    runs : iterable of Task
        Runs, in order; those whose state is not to be made are ready.
    """

    def __init__(self, starts: Iterable[Task], runs: Iterable[Task]) -> None:
        self.starts = deque(starts)
        coming = {task.name for task in self.starts}
        self.waiting: dict[str, list[Task]] = {name: [] for name in coming}
        self.ready: deque[Task] = deque()
        for task in runs:
            if task.start in coming:
                self.waiting[task.start].append(task)
            else:
                self.ready.append(task)

    def next(self) -> Task | None:
        """Take the next task that can begin; None if there is none now."""
        if self.ready:
            return self.ready.popleft()
        return self.starts.popleft() if self.starts else None

    def again(self, task: Task) -> None:
        """Put a task that was lost back at the front."""
        (self.ready if task.arm else self.starts).appendleft(task)

    def finished(self, task: Task, done: Done) -> list[Task]:
        """Make the runs of a finished state ready; return them instead if the state failed."""
        following = self.waiting.pop(task.name, []) if not task.arm else []
        if done.error:
            return following
        self.ready.extend(following)
        return []


def run_batch(order: Order, queue: Queue, workers: int, report: Report) -> None:
    """Perform all tasks; `report` is told of each in this process, as it ends.

    Parameters
    ----------
    order : Order
        What the tasks share.
    queue : Queue
        The tasks.
    workers : int
        Processes; with 1 all is done in this one.
    report : callable
        Takes the task and what became of it; runs that cannot begin are reported with the error of their state.

    Raises
    ------
    KeyboardInterrupt
        When stopped by Ctrl-C; workers are gone and only whole files are left.
    """
    processes: set[int] = set()
    try:
        if workers == 1:
            while (task := queue.next()) is not None:
                _tell(queue, task, perform(order, task), report)
        else:
            _run_on_pool(order, queue, workers, report, processes)
    except BaseException:
        clear_temporary(Path(order.folder), processes)
        raise


def _tell(queue: Queue, task: Task, done: Done, report: Report) -> None:
    report(task, done)
    for lost in queue.finished(task, done):
        report(lost, Done(0.0, done.error))


def _run_on_pool(order: Order, queue: Queue, workers: int, report: Report, processes: set[int]) -> None:
    breaks: Counter[str] = Counter()
    under_way: dict[Future[Done], Task] = {}
    pool = _pool(workers)
    before = {one.pid for one in multiprocessing.active_children()}
    try:
        while True:
            while len(under_way) <= workers and (task := queue.next()) is not None:
                try:
                    under_way[pool.submit(perform, order, task)] = task
                except BrokenProcessPool:
                    queue.again(task)
                    break
            if not under_way:
                return
            processes |= {one.pid for one in multiprocessing.active_children() if one.pid is not None}
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            broken: list[Task] = []
            for future in ended:
                task = under_way.pop(future)
                try:
                    _tell(queue, task, future.result(), report)
                except BrokenProcessPool:
                    broken.append(task)
            if broken:
                broken += under_way.values()
                under_way.clear()
                pool.shutdown(wait=True, cancel_futures=True)
                pool = _pool(workers)
                _resubmit(queue, broken, breaks, report)
    finally:
        _end(pool, under_way, before)


def _resubmit(queue: Queue, broken: list[Task], breaks: Counter[str], report: Report) -> None:
    for task in reversed(broken):
        breaks[task.name] += 1
        if breaks[task.name] < MOST_BREAKS:
            queue.again(task)
        else:
            error = f"the process was killed {MOST_BREAKS} times, perhaps for want of memory: use fewer --workers"
            _tell(queue, task, Done(0.0, error), report)


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)


def _end(pool: ProcessPoolExecutor, under_way: dict[Future[Done], Task], before: set[int | None]) -> None:
    """End the workers: at once if something is still under way, which then was stopped."""
    if under_way:
        for process in multiprocessing.active_children():
            if process.pid not in before:
                with contextlib.suppress(OSError, ValueError):
                    process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

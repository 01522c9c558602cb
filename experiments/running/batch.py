"""Tasks on worker processes: states before runs, arms interleaved, limits kept, a lost worker replaced."""

import contextlib
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path

from tenure.experiments.design.tasks import Done, Order, Task
from tenure.experiments.running.claims import Claims
from tenure.experiments.running.needs import killed
from tenure.experiments.running.workers import Limits, Message, Worker, WorkerError, could_not_begin
from tenure.experiments.store.sealing import clear_temporary

MOST_BREAKS = 3
"""Times that a task may be under way when a worker is lost, before it counts as failed."""
PATIENCE_SECONDS = 20.0
"""How long to wait, with nothing else to do, for runs that another process has claimed (and as long as three of them
take), before they are made here, too."""
Report = Callable[[Task, Done], None]
More = Callable[[], tuple[list[Task], list[Task]]]
"""Gives the states and runs that come after all that were given are done; none if that was all."""


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
        self.starts: deque[Task] = deque()
        self.ready: deque[Task] = deque()
        self.waiting: dict[str, list[Task]] = {}
        self.add(starts, runs)

    def add(self, starts: Iterable[Task], runs: Iterable[Task]) -> None:
        """Put more states and runs behind those that are there."""
        for task in starts:
            self.starts.append(task)
            self.waiting[task.name] = []
        for task in runs:
            self.waiting.get(task.start, self.ready).append(task)

    def next(self, claimed: frozenset[str] = frozenset()) -> Task | None:
        """Take the next task that can begin and that nobody else has claimed; None if there is none now."""
        for tasks in (self.ready, self.starts):
            for task in tasks:
                if task.name not in claimed:
                    tasks.remove(task)
                    return task
        return None

    def left(self) -> list[Task]:
        """Return the tasks that could begin if nobody had claimed them."""
        return [*self.ready, *self.starts]

    def drop(self, task: Task) -> None:
        """Take out a task that another process has done."""
        (self.ready if task.is_run else self.starts).remove(task)

    def again(self, task: Task) -> None:
        """Put a task that was lost back at the front."""
        (self.ready if task.is_run else self.starts).appendleft(task)

    def finished(self, task: Task, done: Done) -> list[Task]:
        """Make the runs of a finished state ready; return them instead if the state failed."""
        following = self.waiting.pop(task.name, []) if not task.is_run else []
        if done.error:
            return following
        self.ready.extend(following)
        return []


def no_more() -> tuple[list[Task], list[Task]]:
    """Say that there is nothing else to do."""
    return [], []


def run_batch(
    order: Order,
    tasks: Queue,
    workers: int,
    report: Report,
    limits: Limits,
    there: Callable[[Task], bool],
    more: More = no_more,
) -> float | None:
    """Perform all tasks; `report` is told of each in this process, as it ends.

    Parameters
    ----------
    order : Order
        What the tasks share.
    tasks : Queue
        The tasks.
    workers : int
        Processes.
    report : callable
        Takes the task and what became of it; runs that cannot begin are reported with the error of their state.
    limits : Limits
        What a month may take.
    there : callable
        Whether a task's file is there, made by another process.
    more : callable
        Asked, when all tasks are done, what else there is to do.

    Returns
    -------
    float or None
        Seconds that the first worker took to begin; None if none was needed.

    Raises
    ------
    OSError
        If the disk refuses.
    WorkerError
        If no worker can begin.
    KeyboardInterrupt
        When stopped by Ctrl-C; workers are gone and only whole files are left.
    """
    if not tasks.left():
        Claims(Path(order.folder)).close()  # what a process left that was killed at its end
        return None
    batch = _Batch(order, tasks, workers, report, limits.over(workers), there, more)
    batch.run()
    return batch.start_seconds


class _Batch:
    """Tasks on their way through workers."""

    def __init__(
        self,
        order: Order,
        tasks: Queue,
        workers: int,
        report: Report,
        limits: Limits,
        there: Callable[[Task], bool],
        more: More,
    ) -> None:
        self.order, self.tasks, self.report, self.limits, self.there = order, tasks, report, limits, there
        self.more = more
        self.messages: queue.Queue[Message] = queue.Queue()
        self.workers = [self._new() for _ in range(workers)]
        self.claims = Claims(Path(order.folder))
        self.breaks: Counter[str] = Counter()
        self.longest, self.idle_since, self.never_began = 0.0, time.monotonic(), 0
        self.pids: set[int] = set()
        self.start_seconds: float | None = None

    def run(self) -> None:
        """Do all tasks."""
        try:
            while self._assign() or self.tasks.left() or self._goes_on():
                self.claims.beat()
                with contextlib.suppress(queue.Empty):
                    self._hear(self.messages.get(timeout=0.25))
                for worker in self.workers:
                    exceeded = worker.over(self.limits)
                    if exceeded:
                        self._stop(worker, exceeded)
        finally:
            for worker in self.workers:
                worker.end()
            self.pids |= {worker.process.pid for worker in self.workers}
            self.claims.close()
            for part in ("runs", "starts"):
                clear_temporary(Path(self.order.folder) / part, frozenset(self.pids))

    def _goes_on(self) -> bool:
        """Take on what comes after all that is done; return whether there is anything."""
        starts, runs = self.more()
        self.tasks.add(starts, runs)
        return bool(starts or runs)

    def _assign(self) -> bool:
        """Give idle workers something to do; return whether any works."""
        for worker in self.workers:
            if worker.job is None:
                task = self.tasks.next(self.claims.others())
                if task is None:
                    break
                if self.breaks[task.name] == 0 and self.there(task):  # another process was quicker
                    self._tell(task, Done(0.0, elsewhere=True))
                    continue
                self.claims.take(task.name)
                worker.give("tenure.experiments.running.work:perform", (self.order, task), self.limits, task)
        if any(worker.job is not None for worker in self.workers):
            self.idle_since = time.monotonic()
            return True
        self._wait_for_others()
        return False

    def _wait_for_others(self) -> None:
        """Look whether others have done what they claimed; do it here if that takes too long."""
        for task in self.tasks.left():
            if self.there(task):
                self.tasks.drop(task)
                self._tell(task, Done(0.0, elsewhere=True))
                self.idle_since = time.monotonic()
        waited = time.monotonic() - self.idle_since
        left = self.tasks.left()
        if left and waited > max(PATIENCE_SECONDS, 3.0 * self.longest):
            task = left[0]
            self.tasks.drop(task)
            self.claims.take(task.name)
            self.workers[0].give("tenure.experiments.running.work:perform", (self.order, task), self.limits, task)

    def _hear(self, message: Message) -> None:
        worker = message.worker
        if worker not in self.workers:
            return  # ended already
        task = worker.job if isinstance(worker.job, Task) else None
        worker.heard(message)
        if message.kind == "ready" and self.start_seconds is None and isinstance(message.value, float):
            self.start_seconds = message.value
        if message.kind == "done" and task is not None and isinstance(message.value, Done):
            done = message.value
            self.longest = max(self.longest, done.seconds)
            if done.disk is not None:
                raise OSError(*done.disk)
            if done.spoilt:
                self._replace(worker)
            self._tell(task, done)
        elif message.kind == "gone":
            self._lost(worker, task)

    def _lost(self, worker: Worker, task: Task | None) -> None:
        """Put back the task of a worker whose process has ended."""
        code = worker.exit_code()
        if not worker.ready:
            self.never_began += 1
            if self.never_began >= MOST_BREAKS:
                raise WorkerError(could_not_begin(worker))
        self._replace(worker)
        if task is None:
            return
        if worker.ready:
            self.breaks[task.name] += 1
        if self.breaks[task.name] < MOST_BREAKS:
            self.claims.release(task.name)
            self.tasks.again(task)
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        what = f"the worker process {how} {MOST_BREAKS} times while it was at this run"
        self._tell(task, killed(self.order, task, what, worker.phase, []))

    def _stop(self, worker: Worker, exceeded: str) -> None:
        """End a worker that went over a limit; its task has failed."""
        task, frames = worker.job, worker.frames()
        if not worker.ready:
            raise WorkerError(could_not_begin(worker))
        self._replace(worker)
        if isinstance(task, Task):
            self._tell(task, killed(self.order, task, exceeded, worker.phase, frames))

    def _tell(self, task: Task, done: Done) -> None:
        self.claims.release(task.name)
        self.report(task, done)
        for lost in self.tasks.finished(task, done):
            self.report(lost, done._replace(seconds=0.0))

    def _replace(self, worker: Worker) -> None:
        worker.end()
        self.pids.add(worker.process.pid)
        self.workers[self.workers.index(worker)] = self._new()

    def _new(self) -> Worker:
        return Worker(self.messages, "tenure.experiments.running.work")

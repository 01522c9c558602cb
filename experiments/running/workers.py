"""Processes that do jobs, as the parent sees them: begun, watched, asked where they are, ended."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tenure.experiments.running.worker import receive, send

BEGIN_SECONDS = 300.0
"""How long a worker may take to begin; imports take seconds, on a slow network disk a minute."""
LAST_SECONDS = 5.0
"""How long a worker that has closed its side may take to end."""
HASH_SEED = "0"
"""Of every worker, so that the order of a set of texts is the same in all of them."""
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_FRAME = re.compile(r'File "(?P<path>.+)", line (?P<line>\d+)')
_LEAST_MEMORY = 1_000_000_000
_LONGEST_LOOK = 1.0
"""Seconds between two looks that count, so that a parent that was stopped meanwhile ends nobody."""
_TAIL = 4_000


class WorkerError(RuntimeError):
    """Workers that cannot begin, so that nothing can be done."""


class JobStoppedError(RuntimeError):
    """A job that went over a limit, or whose process ended: what, in which phase, file and line of what it was at."""

    def __init__(self, what: str, phase: str, frames: list[tuple[str, int]]) -> None:
        super().__init__(what)
        self.what, self.phase, self.frames = what, phase, frames


class Limits(NamedTuple):
    """What one month of a run may take before the run is ended as failed.

    Attributes
    ----------
    seconds_a_month : float
        Time for one simulated month, the deciding of policies included.
    memory_bytes : int
        For one worker; 0: the memory that is free when work begins, over the workers.
    """

    seconds_a_month: float = 60.0
    memory_bytes: int = 0

    def over(self, workers: int) -> "Limits":
        """Return the limits with the memory filled in."""
        free = int(psutil.virtual_memory().available / max(1, workers))
        return self._replace(memory_bytes=self.memory_bytes or max(_LEAST_MEMORY, free))


USUAL_LIMITS = Limits()


class Message(NamedTuple):
    """What a worker says: `kind` is ready, phase, done, or gone when its process has ended."""

    worker: "Worker"
    kind: str
    value: object = None


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker:
    """One process; its messages are put into a queue that several workers share.

    Parameters
    ----------
    messages : queue.Queue
        Takes a `Message` each.
    imports : str
        Module to import before the worker says that it has begun.
    hash_seed : str
        PYTHONHASHSEED of the process.
    """

    def __init__(self, messages: "queue.Queue[Message]", imports: str, hash_seed: str = HASH_SEED) -> None:
        self.log = tempfile.TemporaryFile("a+b", prefix="tenure-log-")  # noqa: SIM115 - as long as the worker
        settings = {"PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1", **dict.fromkeys(_ONE_THREAD, "1")}
        script = str(Path(__file__).with_name("worker.py"))
        self.process = subprocess.Popen(
            [sys.executable, "-P", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, **settings},
        )
        self.messages, self.phase = messages, "begin"
        self.job: object = None
        self.began = self.looked = time.monotonic()
        self.waited = 0.0
        self.ready = False
        threading.Thread(target=self._listen, daemon=True, name="tenure-listen").start()
        self._say(([one for one in sys.path if one], imports))

    def give(self, function: str, arguments: tuple[object, ...], limits: Limits, job: object = True) -> None:
        """Let it call a function, ``module:name``, with these arguments and one more: whom to tell of its phase."""
        self.job, self.phase, self.waited = job, "begin", 0.0
        self._say((function, arguments, limits.memory_bytes))

    def heard(self, message: Message) -> None:
        """Note what it said, for the limits."""
        self.waited = 0.0
        if message.kind == "phase":
            self.phase = str(message.value)
        elif message.kind == "ready":
            self.ready = True
        elif message.kind == "done":
            self.job = None

    def over(self, limits: Limits) -> str:
        """Return which limit it is over, in words; empty if none."""
        now = time.monotonic()
        self.waited += min(now - self.looked, _LONGEST_LOOK)
        self.looked, waited = now, self.waited
        if not self.ready:
            return "it did not begin" if waited > BEGIN_SECONDS else ""
        if self.job is None:
            return ""
        if self.phase != "begin" and waited > limits.seconds_a_month:
            return f"it took more than {limits.seconds_a_month:g} seconds"
        with contextlib.suppress(psutil.Error):
            if psutil.Process(self.process.pid).memory_info().rss > limits.memory_bytes:
                return f"it took more memory than {limits.memory_bytes / 1e9:.1f} GB"
        return ""

    def frames(self) -> list[tuple[str, int]]:
        """Return file and line of what it is doing now, innermost first; empty where that cannot be asked."""
        if not hasattr(signal, "SIGUSR1") or self.process.poll() is not None:
            return []
        told = self._log_size()
        with contextlib.suppress(OSError):
            self.process.send_signal(signal.SIGUSR1)
        for _ in range(50):
            time.sleep(0.02)
            text = self.said(told)
            if text.endswith("\n") and "File" in text:
                break
        return [(one["path"], int(one["line"])) for one in _FRAME.finditer(self.said(told))]

    def said(self, start: int | None = None) -> str:
        """Return the end of its log, or what came after a place."""
        size = self._log_size()
        self.log.seek(max(0, size - _TAIL) if start is None else start)
        return self.log.read().decode(errors="replace")

    def exit_code(self) -> int:
        """Return the exit code of a process that speaks no more; one that lives all the same is ended."""
        try:
            return self.process.wait(timeout=LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
            return self.process.wait()

    def end(self) -> None:
        """End the process, whatever it does."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _say(self, message: object) -> None:
        with contextlib.suppress(OSError):  # gone: its listener tells
            if self.process.stdin is not None:
                send(self.process.stdin, message)

    def _listen(self) -> None:
        try:
            while self.process.stdout is not None:
                kind, value = receive(self.process.stdout)
                self.messages.put(Message(self, kind, value))
        except Exception:  # gone, or speaks no longer
            self.messages.put(Message(self, "gone"))

    def _log_size(self) -> int:
        return os.fstat(self.log.fileno()).st_size


class Aside:
    """A process that is begun now, while there is other work to do, and asked later; to be ended in any case.

    Parameters
    ----------
    imports, hash_seed
        As of a `Worker`.
    """

    def __init__(self, imports: str, hash_seed: str = HASH_SEED) -> None:
        self.messages: queue.Queue[Message] = queue.Queue()
        self.worker = Worker(self.messages, imports, hash_seed)
        self.gone = False

    def ask(self, function: str, arguments: tuple[object, ...], limits: Limits) -> Any:  # whatever the function gives
        """Let it call a function and return what it gives; the errors are those of `ask_once`."""
        worker = self.worker
        worker.give(function, arguments, limits)
        while True:
            with contextlib.suppress(queue.Empty):
                message = self.messages.get(timeout=0.5)
                worker.heard(message)
                if message.kind == "done":
                    return message.value
                self.gone |= message.kind == "gone"
            if self.gone:
                code = worker.exit_code()
                if not worker.ready:
                    raise WorkerError(could_not_begin(worker))
                raise JobStoppedError(f"the process ended (exit code {code})", worker.phase, [])
            exceeded = worker.over(limits)
            if exceeded:
                raise JobStoppedError(exceeded, worker.phase, worker.frames())


def ask_once(
    function: str, arguments: tuple[object, ...], imports: str, limits: Limits, hash_seed: str
) -> Any:  # whatever the function gives
    """Let a new process call a function and return what it gives.

    Raises
    ------
    WorkerError
        If the process cannot begin.
    JobStoppedError
        If it goes over a limit, or ends by itself.
    """
    aside = Aside(imports, hash_seed)
    try:
        return aside.ask(function, arguments, limits)
    finally:
        aside.worker.end()


def could_not_begin(worker: Worker) -> str:
    """Say why a worker did not begin."""
    lines = [line for line in worker.said().strip().splitlines() if line.strip()] or ["it said nothing"]
    return (
        f"a worker process could not begin: {lines[-1].strip()} ({sys.executable}, exit code {worker.process.poll()})"
    )

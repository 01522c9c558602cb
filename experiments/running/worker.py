"""What runs in a worker process: jobs come in one after the other, what became of them goes out.

Started by `tenure.experiments.running.workers` as a file, so that neither the script that a user runs nor the folder
it is started in has any part in it. Whatever a policy prints goes to the worker's log, never among the answers.
"""

import contextlib
import faulthandler
import gc
import importlib
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import time
from typing import IO, Any

HEADER = struct.Struct("<Q")
Job = tuple[str, tuple[object, ...], int]
"""Function as ``module:name``, its arguments, and the bytes of memory that it may take."""


def send(pipe: IO[bytes], message: object) -> None:
    """Write one message."""
    data = pickle.dumps(message)
    pipe.write(HEADER.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:  # whatever was sent
    """Read one message; EOFError when the other side is gone."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    data = pipe.read(size := HEADER.unpack(header)[0])
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)


def limit_memory(most: int) -> None:
    """Let allocations fail that would bring this process over so many bytes, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


def main() -> None:
    """Do jobs until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
    paths, first = receive(requests)
    sys.path[:] = paths
    needed = importlib.import_module(first)  # what jobs need, before it says that it has begun
    if hasattr(needed, "get_ready"):
        needed.get_ready()
    gc.freeze()  # what is loaded stays, so that no collection of garbage looks through it again
    jobs: queue.Queue[Job] = queue.Queue()
    threading.Thread(target=_take, args=(requests, jobs), daemon=True, name="tenure-requests").start()
    send(answers, ("ready", time.process_time()))
    while True:
        where, arguments, most_bytes = jobs.get()
        limit_memory(most_bytes)
        module, _, function = where.partition(":")
        done = getattr(importlib.import_module(module), function)(
            *arguments, lambda phase: send(answers, ("phase", phase))
        )
        send(answers, ("done", done))


def _take(requests: IO[bytes], jobs: "queue.Queue[Job]") -> None:
    """Take jobs in, and end this process when the parent is gone, whatever it is doing."""
    try:
        while True:
            jobs.put(receive(requests))
    except BaseException:
        os._exit(1)


if __name__ == "__main__":
    main()

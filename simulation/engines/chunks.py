"""Work over rows in chunks that depend on nothing but their number, on as many threads as there are."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")
CHUNK = 4096
"""Rows to a chunk. Fixed, so that the number of threads changes nothing."""


class Threads:
    """Threads that share chunks out among themselves: each takes the next one as soon as it has done its last.

    Work that is compiled runs beside that of other threads; plain Python takes turns, and gains nothing.
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def in_chunks(self, rows: int, work: Callable[[slice], Result]) -> list[Result]:
        """Do the work for each chunk of rows; return the results in the order of the chunks.

        Parameters
        ----------
        rows : int
            Without any there is one chunk, which is empty.
        work : callable
            Given a slice of the rows; it may write to these alone, and calls have no order among them.
        """
        parts = [slice(at, min(at + CHUNK, rows)) for at in range(0, max(rows, 1), CHUNK)]
        if self._pool is None or len(parts) == 1:
            return [work(part) for part in parts]
        left, done = deque(enumerate(parts)), dict[int, Result]()

        def take_turns() -> None:
            while True:
                try:
                    at, part = left.popleft()
                except IndexError:
                    return
                done[at] = work(part)

        running = [self._pool.submit(take_turns) for _ in range(min(self.count, len(parts)))]
        wait(running)
        for one in running:
            one.result()
        return [done[at] for at in range(len(parts))]

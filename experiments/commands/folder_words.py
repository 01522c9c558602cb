"""Lines about a folder of results, and the commands that they name: quick to import, harmless to print."""

import contextlib
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.config.printable import printable_line

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

WIDEST = 110
"""Columns of a terminal that lines are made for."""
LABEL = "Next     "
GIVES = "#"
"""What a shell does not read follows it."""
_WORDS = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+\s*|.""")
"""A word of a command, quoted or not, and the space after it."""
QUIET_SECONDS = 2.0
"""How long something may take without a word."""


def failed_lines(results: "Results") -> Iterator[str]:
    """Yield a line for each run that failed, and the command that repeats it, which no record says."""
    for name, record in results.failed.items():
        point = results.point(name)
        last = ["", *str(record["error"]).strip().splitlines()][-1]
        yield printable_line(f"  failed: {point.words}: {last}")
        yield f"          {folder_command('run', results.folder, '--only', point.label)}"


def next_lines(steps: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the next commands, each with what it gives: beside it, or below where that would be too wide.

    A command that is too wide by itself goes on in the next line as a shell reads it, with a backslash between words.
    """
    told = [(printable_line(command), printable_line(gives)) for command, gives in steps]
    width = max(cell_len(command) for command, _ in told)
    beside = all(len(LABEL) + width + 3 + cell_len(gives) <= WIDEST for _, gives in told)
    for place, (command, gives) in enumerate(told):
        first, *more = [command] if beside else _broken(command, WIDEST - len(LABEL) - 4)
        gap = " " * (width - cell_len(command) + 3) if beside else ""
        yield f"{LABEL if place == 0 else '':<{len(LABEL)}}{first}{gap + gives if beside else ''}".rstrip()
        yield from (f"{'':<{len(LABEL)}}  {line}" for line in more)
        if not beside and gives.strip():
            yield f"{'':<{len(LABEL)}}  {GIVES} {gives}".rstrip()


def _broken(command: str, limit: int) -> list[str]:
    """Return a command as lines that a shell joins again, broken between words, never within one."""
    lines = [""]
    for word in _WORDS.findall(command):
        if lines[-1] and cell_len(lines[-1] + word.rstrip()) > limit:
            lines.append("")
        lines[-1] += word
    return [f"{line.rstrip()} \\" for line in lines[:-1]] + [lines[-1].rstrip()]


def command_text(parts: list[str]) -> str:
    """Join the words of a command as a shell reads them."""
    return shlex.join(parts)


def folder_command(verb: str, folder: Path, *more: str) -> str:
    """Return a printable command about a folder of results, whatever the folder is called."""
    name = str(folder)
    return printable_line(command_text(["tenure", verb, f"./{name}" if name.startswith("-") else name, *more]))


def reading_bar(hidden: bool) -> AbstractContextManager[Callable[[], None]]:
    """Give whom to tell of each file that was read."""
    return _bar("reading runs", "{task.completed:,.0f} read", None, hidden)


def writing_bar(hidden: bool, steps: int) -> AbstractContextManager[Callable[[], None]]:
    """Give whom to tell of each step in writing a report, of how many."""
    return _bar("writing the report", "{task.percentage:.0f}%", steps, hidden)


@contextmanager
def _bar(what: str, far: str, steps: int | None, hidden: bool) -> Iterator[Callable[[], None]]:
    """Give whom to tell of each step, which are shown once they take longer than two seconds."""
    began = time.monotonic()
    columns = (TextColumn(what), BarColumn(36), TextColumn(far), TimeElapsedColumn())
    with contextlib.ExitStack() as stack:
        bars = Progress(*columns, console=Console(stderr=True), transient=True)
        task, shown = bars.add_task("", total=steps), not hidden and bars.console.is_terminal

        def tell() -> None:
            if shown and not bars.live.is_started and time.monotonic() - began > QUIET_SECONDS:
                stack.enter_context(bars)
            bars.advance(task)

        yield tell


def hash_line(results: "Results") -> str:
    """Say what all recorded values come to."""
    return f"Results  {results.hash}   over all recorded values"

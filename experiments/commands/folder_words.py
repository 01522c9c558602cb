"""Lines about a folder of results, and the commands that they name: quick to import, harmless to print."""

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.config.printable import printable_line

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

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
    """Yield the next commands, each with what it gives."""
    told = [(printable_line(command), printable_line(gives)) for command, gives in steps]
    width = max(len(command) for command, _ in told)
    for place, (command, gives) in enumerate(told):
        yield f"{'Next' if place == 0 else '':<9}{command:<{width}}   {gives}".rstrip()


def command_text(parts: list[str]) -> str:
    """Join the words of a command as a shell reads them."""
    return shlex.join(parts)


def folder_command(verb: str, folder: Path, *more: str) -> str:
    """Return a printable command about a folder of results, whatever the folder is called."""
    name = str(folder)
    return printable_line(command_text(["tenure", verb, f"./{name}" if name.startswith("-") else name, *more]))


@contextmanager
def reading_bar(hidden: bool) -> Iterator[Callable[[], None]]:
    """Give whom to tell of each file that was read; what is read is shown once it takes longer than two seconds."""
    began = time.monotonic()
    columns = (TextColumn("reading runs"), BarColumn(36), TextColumn("{task.completed:,.0f} read"), TimeElapsedColumn())
    with contextlib.ExitStack() as stack:
        bars = Progress(*columns, console=Console(stderr=True), transient=True)
        task = bars.add_task("", total=None)

        def tell() -> None:
            if not hidden and not bars.live.is_started and time.monotonic() - began > QUIET_SECONDS:
                stack.enter_context(bars)
            bars.advance(task)

        yield tell


def hash_line(results: "Results") -> str:
    """Say what all recorded values come to."""
    return f"Results  {results.hash}   over all recorded values"

"""Qualities are found before anything is run or told of a market: progress, and what became of it."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.commands.folder_words import QUIET_SECONDS
from tenure.experiments.commands.terminal import RunBars
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.held_shares import hold_shares
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.shares.held import HeldShares, is_known, told_lines


def experiment_held(experiment: Experiment, quiet: bool) -> tuple[Experiment, list[str]]:
    """Return an experiment whose markets write every quality, and what its reader should know of those found."""
    with _finding(experiment.market, experiment.market_data, quiet) as tell:
        held, found = hold_shares(experiment, tell)
    return held, _told(found)


def market_held(market: MarketSettings, quiet: bool) -> tuple[MarketSettings, list[str]]:
    """Return a market that writes every quality, and what its reader should know of those found."""
    from tenure.simulation.model import held_shares  # loads the model

    with _finding(market, market.model_dump(by_alias=True), quiet) as tell:
        held, found = held_shares(market, tell)
    return held, _told(found)


def _told(found: HeldShares | None) -> list[str]:
    return [] if found is None else list(told_lines(found))


@contextmanager
def _finding(market: MarketSettings, data: Mapping[str, object], quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give whom to tell of each measurement; they are shown once they take longer than two seconds."""
    screen = Console(stderr=True)
    if not is_known(market):
        from tenure.experiments.running.runner import compile_rules  # loads tables

        compile_rules(data, (lambda event: None) if quiet else RunBars(screen))
    began = time.monotonic()
    columns = (TextColumn("finding the qualities that hold the written shares"), BarColumn(36), TimeElapsedColumn())
    with contextlib.ExitStack() as stack:
        bars = Progress(*columns, console=screen, transient=True)
        task = bars.add_task("", total=None)

        def tell(made: int, most: int) -> None:
            if not quiet and not bars.live.is_started and time.monotonic() - began > QUIET_SECONDS:
                stack.enter_context(bars)
            bars.update(task, completed=made, total=most)

        yield tell

"""What commands that live runs again share: the experiment from its file or its folder, and what to say of the runs."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tenure.experiments.commands import run as running
from tenure.experiments.commands.holding import experiment_held
from tenure.experiments.commands.terminal import RunBars, console
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.point import Point
from tenure.experiments.life.table import month_bar
from tenure.experiments.reliving.files import TableOfLives, write_lives
from tenure.experiments.reliving.runs import Called, RelivedRuns, ToRelive
from tenure.experiments.running.runner import compile_rules
from tenure.experiments.running.workers import Limits
from tenure.experiments.store.results import open_results


def to_relive(config: str, sets: tuple[str, ...], policies: tuple[Path, ...], quiet: bool) -> ToRelive:
    """Return an experiment from its file, or from the folder of its results.

    Raises
    ------
    ValueError
        If the config is faulty.
    FileNotFoundError
        If there is no such experiment.
    """
    if not Path(config).is_dir():
        return ToRelive(experiment_held(load_experiment(config, sets, policies), quiet)[0])
    folder = Path(config)
    given = running.Asked(config, None, sets, policies)
    how = running.How(1, "compiled", Limits(), None, True)
    experiment, _ = experiment_held(running.again(given, how)[1], quiet)
    stored = {name: one.checksum for name, one in open_results(folder).known.items()}
    return ToRelive(experiment, folder, stored, running.design_of(folder, sets))


def written(runs: RelivedRuns, called: Called, table: TableOfLives, out: Path, quiet: bool) -> int:
    """Live some runs and write what is written down of them, months shown on a terminal; return the rows."""
    screen = console()
    compile_rules(runs.of.experiment.market_data, (lambda event: None) if quiet else RunBars(screen))
    done = 0
    with month_bar(screen, hidden=quiet) as tell:

        def lived() -> None:
            nonlocal done
            done += 1
            tell(done, runs.months)

        return write_lives(runs, called, table, out, lived)


def as_stored_lines(runs: RelivedRuns, whose: Callable[[Sequence[Point]], str]) -> Iterator[str]:
    """Yield whether the stored runs came out again; `whose` names some of them."""
    if runs.equal:
        yield f"The stored runs of {whose(runs.equal)} came out again, bit by bit."
    if runs.differing:
        what = "were not made by this version of the program, or came out otherwise; these are lives of now"
        yield f"note: the stored runs of {whose(runs.differing)} {what}"

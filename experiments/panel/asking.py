"""What `tenure panel` does: the experiment from its file or its folder, its runs, and what to say of them."""

from pathlib import Path
from typing import NamedTuple

from tenure.experiments.commands import run as running
from tenure.experiments.commands.folder_words import command_text, next_lines
from tenure.experiments.commands.holding import experiment_held
from tenure.experiments.commands.terminal import RunBars, console
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.printable import printable_line
from tenure.experiments.life.table import month_bar
from tenure.experiments.panel.files import NOTE, dictionary_path, must_be_free, write_panel
from tenure.experiments.panel.living import PanelRuns, PanelSettings, arms_told
from tenure.experiments.running.runner import compile_rules
from tenure.experiments.running.workers import Limits
from tenure.experiments.store.results import open_results


class Made(NamedTuple):
    """A panel that was written."""

    path: Path
    rows: int
    runs: PanelRuns
    config: str

    @property
    def line(self) -> str:
        """What was written."""
        arms = arms_told(self.runs.arms)
        return printable_line(f"{self.rows:,} rows of {arms}, replication {self.runs.asked.replication}: {self.path}")

    @property
    def notes(self) -> list[str]:
        """What its reader must know."""
        told = [f"Dictionary  {dictionary_path(self.path)}", *_wrapped(NOTE)]
        if self.runs.equal:
            told.append(f"The stored runs of {arms_told(self.runs.equal)} came out again, bit by bit.")
        if self.runs.differing:
            what = "were not made by this version of the program, or came out otherwise; these are lives of now"
            told.append(f"note: the stored runs of {arms_told(self.runs.differing)} {what}")
        return [printable_line(one) for one in told]

    @property
    def next(self) -> list[str]:
        """The next command."""
        words = ["tenure", "panel", self.config, "-o", str(self.path), "--people", str(2 * self.runs.asked.people)]
        return list(next_lines([(command_text(words), "a larger sample, which has all of these people")]))

    def as_data(self) -> dict[str, object]:
        """Return the same as plain data."""
        return {
            "panel": str(self.path),
            "dictionary": str(dictionary_path(self.path)),
            "rows": self.rows,
            "arms": list(self.runs.arms),
            "scenario": self.runs.scenario,
            "replication": self.runs.asked.replication,
            "as_stored": self.runs.equal,
            "not_as_stored": self.runs.differing,
        }


def panel_asked(
    config: str, out: Path, asked: PanelSettings, sets: tuple[str, ...], policies: tuple[Path, ...], quiet: bool
) -> Made:
    """Live the runs of a panel and write it.

    Raises
    ------
    ValueError
        If the config is faulty, there is no such arm, scenario or replication, or the file is something else's.
    FileNotFoundError
        If there is no such experiment.
    """
    must_be_free(out)
    folder = Path(config) if Path(config).is_dir() else None
    stored: dict[str, str] = {}
    if folder is None:
        experiment = load_experiment(config, sets, policies)
    else:
        given = running.Asked(config, None, sets, policies)
        how = running.How(1, "compiled", Limits(), None, True)
        experiment = running.again(given, how)[1]
        stored = {name: one.checksum for name, one in open_results(folder).known.items()}
    experiment, _ = experiment_held(experiment, quiet)
    screen = console()
    compile_rules(experiment.market_data, (lambda event: None) if quiet else RunBars(screen))
    runs, done = PanelRuns(experiment, asked, folder, stored), 0
    with month_bar(screen, hidden=quiet) as tell:

        def lived() -> None:
            nonlocal done
            done += 1
            tell(done, runs.months)

        rows = write_panel(runs, experiment, out, lived)
    return Made(out, rows, runs, config)


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, 108)

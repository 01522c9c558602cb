"""What `tenure panel` does: its runs, and what to say of them."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from tenure.experiments.commands.folder_words import command_text, next_lines
from tenure.experiments.config.printable import printable_line
from tenure.experiments.design.point import Point
from tenure.experiments.panel.living import PANEL, PanelSettings
from tenure.experiments.reliving.asking import as_stored_lines, to_relive, written
from tenure.experiments.reliving.files import dictionary_path, must_be_free
from tenure.experiments.reliving.runs import RelivedRuns, arms_told


class Made(NamedTuple):
    """A panel that was written."""

    path: Path
    rows: int
    runs: RelivedRuns
    asked: PanelSettings
    config: str

    @property
    def line(self) -> str:
        """What was written."""
        arms = arms_told(self.runs.arms)
        return printable_line(f"{self.rows:,} rows of {arms}, replication {self.asked.replication}: {self.path}")

    @property
    def notes(self) -> list[str]:
        """What its reader must know."""
        told = [f"Dictionary  {dictionary_path(self.path)}", *wrap(PANEL.note, 108)]
        told += as_stored_lines(self.runs, lambda some: arms_told(_arms(some)))
        return [printable_line(one) for one in told]

    @property
    def next(self) -> list[str]:
        """The next command."""
        words = ["tenure", "panel", self.config, "-o", str(self.path), "--people", str(2 * self.asked.people)]
        return list(next_lines([(command_text(words), "a larger sample, which has all of these people")]))

    def as_data(self) -> dict[str, object]:
        """Return the same as plain data."""
        return {
            "panel": str(self.path),
            "dictionary": str(dictionary_path(self.path)),
            "rows": self.rows,
            "arms": list(self.runs.arms),
            "scenario": self.runs.tasks[0].point.scenario,
            "replication": self.asked.replication,
            "as_stored": _arms(self.runs.equal),
            "not_as_stored": _arms(self.runs.differing),
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
    must_be_free(out, PANEL)
    runs = asked.runs_of(to_relive(config, sets, policies, quiet))
    return Made(out, written(runs, asked.witness, PANEL, out, quiet), runs, asked, config)


def _arms(some: Sequence[Point]) -> list[str]:
    return [one.arm for one in some]

"""What `tenure observe` does: its observers and its runs, and what to say of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.analysis.metric import in_currency
from tenure.experiments.config.printable import printable_line
from tenure.experiments.design.point import Point
from tenure.experiments.export.column import TableColumn
from tenure.experiments.observing.rows import Observing
from tenure.experiments.plugins.known import own_parts
from tenure.experiments.plugins.marks import OwnObserver
from tenure.experiments.plugins.own_parts import OwnParts
from tenure.experiments.reliving.asking import as_stored_lines, to_relive, written
from tenure.experiments.reliving.files import TableOfLives, dictionary_path, must_be_free
from tenure.experiments.reliving.runs import RelivedRuns, RunsAsked
from tenure.simulation.model import LifecycleModel

OBSERVED = TableOfLives(
    "observed",
    "table of observers",
    "Simulated months as observers of a user's own tell of them. They see what is true, which no institution does.",
    (
        TableColumn("observer", "text", "", "who tells a measure"),
        TableColumn("sha256", "text", "", "hash of the observer's file and of what it imports"),
    ),
)
"""The measures of its dictionary are added by `table_of`."""


class TableObserved(NamedTuple):
    """A table of observers that was written."""

    path: Path
    rows: int
    runs: RelivedRuns
    observers: Mapping[str, OwnObserver]

    @property
    def line(self) -> str:
        """What was written."""
        whose = f"{', '.join(self.observers)} in {_counted(len(self.runs.tasks))}"
        return printable_line(f"{self.rows:,} rows of {whose}: {self.path}")

    @property
    def notes(self) -> list[str]:
        """What its reader must know."""
        told = [f"Dictionary  {dictionary_path(self.path)}"]
        told += as_stored_lines(self.runs, _named)
        return [printable_line(one) for one in told]

    def as_data(self) -> dict[str, object]:
        """Return the same as plain data."""
        return {
            "observed": str(self.path),
            "dictionary": str(dictionary_path(self.path)),
            "rows": self.rows,
            "observers": {
                name: {"adds": {measure: [*told] for measure, told in one.adds.items()}, "sha256": one.source}
                for name, one in self.observers.items()
            },
            "runs": [task.point.label for task in self.runs.tasks],
            "as_stored": [one.label for one in self.runs.equal],
            "not_as_stored": [one.label for one in self.runs.differing],
        }


def observed_asked(
    config: str, out: Path, asked: RunsAsked, sets: tuple[str, ...], policies: tuple[Path, ...], quiet: bool
) -> TableObserved:
    """Live runs and write what the observers in some files tell of them.

    Raises
    ------
    ValueError
        If no file has an observer, one of them is wrong, the config is faulty, there is no such arm, scenario or
        replication, or the file to write is something else's.
    FileNotFoundError
        If there is no such experiment.
    """
    must_be_free(out, OBSERVED)
    observers = own_parts(policies).observers if policies else {}
    if not observers:
        named = f"{', '.join(map(str, policies))}: there is no observer in {'it' if len(policies) == 1 else 'them'}"
        where = named if policies else "no file with an observer is named: give it by --policies"
        raise ValueError(f"{where}. Mark a function f(facts) by @tenure.observer(adds=...)")
    runs = RelivedRuns(to_relive(config, sets, policies, quiet), asked)
    table = table_of(observers, runs.of.experiment.market.currency)
    return TableObserved(out, written(runs, observing, table, out, quiet), runs, observers)


def observing(model: LifecycleModel, parts: OwnParts, point: Point) -> Observing:
    """Return who asks the observers of a user's own month by month of a run."""
    return Observing(tuple(parts.observers.values()), point.label)


def table_of(observers: Mapping[str, OwnObserver], currency: str) -> TableOfLives:
    """Return the kind of table that observers give, with what the dictionary says of their measures."""
    told = tuple(
        (
            *("(measure)", measure, "number", in_currency(unit, currency), in_currency(meaning, currency), ""),
            *(name, one.source),
        )
        for name, one in observers.items()
        for measure, (unit, meaning) in one.adds.items()
    )
    return OBSERVED._replace(told=told)


def _named(some: Sequence[Point]) -> str:
    """Name some runs."""
    return some[0].label if len(some) == 1 else f"{some[0].label} to {some[-1].label} ({len(some)} in all)"


def _counted(runs: int) -> str:
    return f"{runs:,} run{'' if runs == 1 else 's'}"

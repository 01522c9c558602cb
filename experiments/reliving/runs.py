"""Living runs of an experiment again, from the stored state where there is one, while somebody writes them down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.reading import suggest
from tenure.experiments.design.hashing import content_checksum
from tenure.experiments.design.planning import Planned, plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.design.points import Design, points_of
from tenure.experiments.design.tasks import Task
from tenure.experiments.export.column import TableColumn
from tenure.experiments.plugins.own_classes import parts_afresh
from tenure.experiments.plugins.own_parts import OwnParts, together
from tenure.experiments.running.starts import State, largest, read_start, start_is_whole
from tenure.experiments.running.work import arm_model, state_before
from tenure.policies.shelf import SHELF
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.observing import MonthFacts

if TYPE_CHECKING:
    import pandas as pd

PART_ROWS = 50_000
"""Rows from which a part of a table is given away, so that a large one needs little memory."""
KEYS = (
    TableColumn("scenario", "text", "", "what the world does; empty where there are no scenarios"),
    TableColumn("factors", "text", "", "what is set at this level of a design; empty where there is none"),
    TableColumn("arm", "text", "", "what we do"),
    TableColumn("replication", "whole", "", "number of the luck"),
)
"""Columns in front of what is written down."""


class ToRelive(NamedTuple):
    """An experiment, and what is stored of its runs.

    Attributes
    ----------
    experiment : Experiment
        Whose market writes all qualities.
    folder : Path, optional
        Of the experiment's results: states before month 0 are read there.
    stored : mapping of str to str
        Run -> checksum of what it recorded, of the runs in the folder.
    design : callable
        Makes the points of the experiment.
    """

    experiment: Experiment
    folder: Path | None = None
    stored: Mapping[str, str] = {}
    design: Design = points_of


class RunsAsked(NamedTuple):
    """Which runs are lived again; what is empty stands for all.

    Attributes
    ----------
    arms, scenarios : tuple of str
    replications : tuple of int
    """

    arms: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    replications: tuple[int, ...] = ()


class Witness(Protocol):
    """Who writes down the months of a run, and changes nothing."""

    def columns(self) -> tuple[TableColumn, ...]:
        """Return the columns behind `KEYS`, in their order."""
        ...

    def month(self, facts: MonthFacts) -> None:
        """Write down a month that has been lived."""
        ...

    def finish(self, view: InstitutionView) -> None:
        """Take notice of what we believe after the last month."""
        ...

    @property
    def rows_waiting(self) -> int:
        """How many rows `take` would return."""
        ...

    def take(self) -> "pd.DataFrame":
        """Return the rows since this was last asked, and forget them."""
        ...


Called = Callable[[LifecycleModel, OwnParts, Point], Witness]
"""Makes the witness of a run: from its model before the first month, the user's own parts, made anew, and its point."""


class Part(NamedTuple):
    """Rows of one run, and their columns behind `KEYS`."""

    point: Point
    columns: tuple[TableColumn, ...]
    rows: "pd.DataFrame"


class RelivedRuns:
    """Some runs of an experiment, to be lived again.

    Parameters
    ----------
    of : ToRelive
    asked : RunsAsked

    Raises
    ------
    ValueError
        If there is no such arm, scenario or replication, or people live by rules of a user's own.
    """

    def __init__(self, of: ToRelive, asked: RunsAsked) -> None:
        experiment = of.experiment
        if experiment.behaviour:
            rules = ", ".join(experiment.behaviour)
            raise ValueError(
                f"people live by rules of your own here ({rules}), and runs are lived again by those that come along "
                "alone: leave 'behaviour' out"
            )
        self.of = of
        self.planned: Planned = plan_tasks(experiment, of.folder or Path(), design=of.design)
        self.arms = asked.arms or tuple(experiment.arms)
        """In their order."""
        self.tasks = self._tasks(asked)
        self.differing: list[Point] = []
        """Runs that another version of the program made, or that did not come out as stored."""
        self.equal: list[Point] = []
        """Runs that recorded what the stored ones did, to the last bit."""
        self._factors = {
            one.name: ", ".join(f"{name}={value}" for name, value in one.factors) for one in experiment.scenarios
        }

    @property
    def months(self) -> int:
        """Months to live in all, states before month 0 left out."""
        return self.planned.order.months * len(self.tasks)

    def parts(self, called: Called, lived: Callable[[], None]) -> Iterator[Part]:
        """Live the runs one after the other and yield what is written down; `lived` is told of each month.

        The files of a user's own are executed anew for each run.
        """
        own = self.planned.order.own
        before: tuple[str, State] | None = None
        for task in self.tasks:
            with parts_afresh(own) as each:
                parts, _ = together([(source, each[source.path]) for source in own])
                known = {**SHELF, **parts.policies}
                if before is None or before[0] != task.start:
                    before = task.start, self._state(task, known)
                model = arm_model(self.planned.order, task.point, before[1], known)
                yield from self._lived(task, model, called(model, parts, task.point), lived)

    def keyed(self, part: Part) -> "pd.DataFrame":
        """Return rows with the columns `KEYS` in front."""
        rows, point = part.rows.copy(deep=False), part.point
        values = point.scenario, self._factors[point.scenario], point.arm, point.replication
        for place, (column, value) in enumerate(zip(KEYS, values, strict=True)):
            rows.insert(place, column.name, value)
        return rows

    def _lived(self, task: Task, model: LifecycleModel, witness: Witness, lived: Callable[[], None]) -> Iterator[Part]:
        checksum = self.of.stored.get(task.name)
        if checksum is not None:
            model.start_recording()
        model.observers.append(witness)
        for _ in range(self.planned.order.months):
            model.step()
            lived()
            if witness.rows_waiting >= PART_ROWS:
                yield Part(task.point, witness.columns(), witness.take())
        witness.finish(model.us.believed_now())
        yield Part(task.point, witness.columns(), witness.take())
        if checksum is not None:
            same = content_checksum(model.recording()) == checksum
            (self.equal if same else self.differing).append(task.point)
        elif self.of.stored:
            self.differing.append(task.point)

    def _state(self, task: Task, known: dict[str, type]) -> State:
        order = self.planned.order
        if self.of.folder is not None and start_is_whole(self.of.folder, task.start):
            return read_start(self.of.folder, task.start, largest(order.people))
        return state_before(order, task.point, known)

    def _tasks(self, asked: RunsAsked) -> list[Task]:
        """Return the runs that are asked for, those of one state side by side."""
        runs = self.planned.runs
        for arm in self.arms:
            if arm not in self.of.experiment.arms:
                raise ValueError(f"there is no arm '{arm}'. {suggest(arm, self.of.experiment.arms)}")
        scenarios = list(dict.fromkeys(one.point.scenario for one in runs))
        for scenario in asked.scenarios:
            if scenario not in scenarios:
                raise ValueError(f"there is no scenario '{scenario}'. {suggest(scenario, scenarios)}")
        last = max(one.point.replication for one in runs)
        for replication in asked.replications:
            if not 0 <= replication <= last:
                raise ValueError(f"replication {replication} is none of the experiment's: write 0 to {last}")
        wanted = [
            one
            for one in runs
            if one.point.arm in self.arms
            and (not asked.scenarios or one.point.scenario in asked.scenarios)
            and (not asked.replications or one.point.replication in asked.replications)
        ]
        starts = {name: place for place, name in enumerate(dict.fromkeys(one.start for one in wanted))}
        return sorted(wanted, key=lambda one: (starts[one.start], self.arms.index(one.point.arm)))


def arms_told(arms: Sequence[str]) -> str:
    """Name some arms."""
    return f"arm{'s' if len(arms) > 1 else ''} {', '.join(arms)}"

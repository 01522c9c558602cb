"""Living the runs of a panel: from the stored state where there is one, as the runs of the experiment were lived."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.reading import suggest
from tenure.experiments.design.hashing import content_checksum
from tenure.experiments.design.held_shares import hold_shares
from tenure.experiments.design.planning import Planned, plan_tasks
from tenure.experiments.design.tasks import Task
from tenure.experiments.export.column import TableColumn
from tenure.experiments.panel.observer import PanelObserver
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.running.starts import State, largest, read_start, start_is_whole
from tenure.experiments.running.work import arm_model, state_before

if TYPE_CHECKING:
    import pandas as pd

PART_ROWS = 50_000
"""Rows from which a part of a panel is given away, so that a large one needs little memory."""


class PanelSettings(NamedTuple):
    """Whose panel it is.

    Attributes
    ----------
    arms : tuple of str
        By default all.
    scenario : str
        By default the first.
    replication : int
    people : int
        Of those in the market before month 0; who enters later is followed at the same rate.
    """

    arms: tuple[str, ...] = ()
    scenario: str = ""
    replication: int = 0
    people: int = 1000


class Part(NamedTuple):
    """Rows of one arm, and their columns behind scenario, arm and replication."""

    arm: str
    columns: tuple[TableColumn, ...]
    rows: "pd.DataFrame"


class PanelRuns:
    """The runs of an experiment that a panel is made of.

    Parameters
    ----------
    experiment : Experiment
        Whose market writes all qualities.
    asked : PanelSettings
    folder : Path, optional
        Of the experiment's results: states before month 0 are read there, and runs are checked against those stored.
    stored : mapping of str to str
        Run -> checksum of what it recorded, of the runs in the folder.

    Raises
    ------
    ValueError
        If there is no such arm, scenario or replication.
    """

    def __init__(
        self,
        experiment: Experiment,
        asked: PanelSettings,
        folder: Path | None = None,
        stored: dict[str, str] | None = None,
    ) -> None:
        self.folder, self.stored, self.asked = folder, stored or {}, asked
        self.scenario = asked.scenario or experiment.scenarios[0].name
        self.arms = asked.arms or tuple(experiment.arms)
        for arm in self.arms:
            if arm not in experiment.arms:
                raise ValueError(f"there is no arm '{arm}'. {suggest(arm, experiment.arms)}")
        self.planned: Planned = plan_tasks(experiment, folder or Path())
        self.tasks = [self._task(arm) for arm in self.arms]
        self.differing: list[str] = []
        """Arms whose run was made by another version of the program, or did not come out as stored."""
        self.equal: list[str] = []
        """Arms whose run recorded what the stored one did, to the last bit."""

    @property
    def months(self) -> int:
        """Months to live in all, states before month 0 left out."""
        return self.planned.order.months * len(self.tasks)

    def parts(self, lived: Callable[[], None]) -> Iterator[Part]:
        """Live the runs one after the other and yield their rows; `lived` is told of each month of them."""
        states: dict[str, State] = {}
        with policies_afresh(self.planned.order.own) as known:
            for task in self.tasks:
                if task.start not in states:
                    states[task.start] = self._state(task, known)
                yield from self._lived(task, states[task.start], known, lived)

    def _lived(self, task: Task, state: State, known: dict[str, type], lived: Callable[[], None]) -> Iterator[Part]:
        order, checksum = self.planned.order, self.stored.get(task.name)
        model = arm_model(order, task.point, state, known)
        observer = PanelObserver(model.facts(), model.luck, self.asked.people)
        if checksum is not None:
            model.start_recording()
        model.observers.append(observer)
        for _ in range(order.months):
            model.step()
            lived()
            if observer.rows_waiting >= PART_ROWS:
                yield Part(task.point.arm, observer.columns(), observer.take())
        observer.finish(model.us.believed_now())
        yield Part(task.point.arm, observer.columns(), observer.take())
        if checksum is not None:
            same = content_checksum(model.recording()) == checksum
            (self.equal if same else self.differing).append(task.point.arm)
        elif self.stored:
            self.differing.append(task.point.arm)

    def _state(self, task: Task, known: dict[str, type]) -> State:
        order = self.planned.order
        if self.folder is not None and start_is_whole(self.folder, task.start):
            return read_start(self.folder, task.start, largest(order.people))
        return state_before(order, task.point, known)

    def _task(self, arm: str) -> Task:
        wanted = self.scenario, arm, self.asked.replication
        found = next(
            (one for one in self.planned.runs if (one.point.scenario, one.point.arm, one.point.replication) == wanted),
            None,
        )
        if found is None:
            scenarios = list(dict.fromkeys(one.point.scenario for one in self.planned.runs))
            if self.scenario not in scenarios:
                raise ValueError(f"there is no scenario '{self.scenario}'. {suggest(self.scenario, scenarios)}")
            last = max(one.point.replication for one in self.planned.runs)
            raise ValueError(f"replication {self.asked.replication} is none of the experiment's: write 0 to {last}")
        return found


def panel_frame(
    experiment: Experiment,
    arms: Sequence[str] = (),
    scenario: str = "",
    replication: int = 0,
    people: int = 1000,
) -> "pd.DataFrame":
    """Live runs of an experiment and return their panel: a row for each person and month of a sample.

    Parameters
    ----------
    experiment : Experiment
        From `load_experiment`.
    arms : sequence of str
        By default all; each has the same people.
    scenario : str
        By default the first.
    replication : int
    people : int
        Of those in the market before month 0; who enters later is followed at the same rate.

    Returns
    -------
    DataFrame
        Columns scenario, arm, replication, person, month; those that begin with ``truth_`` hold what no institution
        knows, ``signal_`` what the month showed the provider, ``did_`` what we did, ``belief_`` what we made of it.
        Money is in the market's currency.

    Raises
    ------
    ValueError
        If there is no such arm, scenario or replication.
    """
    import pandas as pd

    settings = PanelSettings(tuple(arms), scenario, replication, people)
    runs = PanelRuns(hold_shares(experiment)[0], settings)
    parts = [keyed(runs, part) for part in runs.parts(lambda: None)]
    return pd.concat(parts, ignore_index=True)


def keyed(runs: PanelRuns, part: Part) -> "pd.DataFrame":
    """Return rows with scenario, arm and replication in front."""
    rows = part.rows.copy(deep=False)
    for place, (name, value) in enumerate(
        (("scenario", runs.scenario), ("arm", part.arm), ("replication", runs.asked.replication))
    ):
        rows.insert(place, name, value)
    return rows


def arms_told(arms: Sequence[str]) -> str:
    """Name some arms."""
    return f"arm{'s' if len(arms) > 1 else ''} {', '.join(arms)}"

"""Which runs of an experiment are wanted next: all of them, or as many as what is there says.

What comes next depends on whole stages alone, never on how many workers there are or who was quicker: the same
experiment makes the same runs, and one that was stopped goes on where it was.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.metric import Metric, shown_times
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.sequential.asked import Choose, Precision, decided_on
from tenure.experiments.analysis.sequential.looked import compare_at
from tenure.experiments.analysis.sequential.looks import looks_to
from tenure.experiments.design.tasks import Task
from tenure.experiments.store.results import Results

PILOT = 5
"""Replications of a pilot."""
Lacking = Callable[[Sequence[Task]], list[Task]]
"""Gives those of some runs that are neither there nor tried in vain."""
Read = Callable[[], Results]
"""Gives what is there."""


class ArmsStanding(NamedTuple):
    """How the arms of a scenario stand: replications that the champion has, and a few words on the others."""

    replications: int
    arms: str


class NextRuns(NamedTuple):
    """What is wanted next, none if it is enough; about how many runs will be after that; and how arms stand now."""

    runs: list[Task]
    later: int = 0
    standing: Mapping[str, ArmsStanding] = MappingProxyType({})


class Stages(Protocol):
    """Says which runs are wanted next."""

    def next(self, lacking: Lacking, read: Read) -> NextRuns:
        """Return the next stage.

        Parameters
        ----------
        lacking : callable
            Returns those of some runs that are neither there nor tried in vain.
        read : callable
            Gives what is there.
        """


class AllAtOnce:
    """Every run in one stage, or those of the first replications.

    Parameters
    ----------
    runs : sequence of Task
        In order.
    first : int, optional
        Replications.
    """

    def __init__(self, runs: Sequence[Task], first: int | None = None) -> None:
        self.runs = [task for task in runs if first is None or task.point.replication < first]

    def next(self, lacking: Lacking, read: Read) -> NextRuns:
        """Return all that are lacking."""
        return NextRuns(lacking(self.runs))


class UntilPrecise:
    """Looks after 10, 12, 15 ... replications; an arm whose difference is known well enough makes no more.

    Parameters
    ----------
    asked : Precision
        How well.
    metric : Metric
        Of which metric.
    champion : str
        Runs as long as any other arm of the scenario does, so that pairs stay whole.
    runs : sequence of Task
        All up to the most replications, in order.
    """

    def __init__(self, asked: Precision, metric: Metric, champion: str, runs: Sequence[Task]) -> None:
        self.asked, self.metric, self.champion, self.runs = asked, metric, champion, runs
        self.looks = [look for look in looks_to(asked.at_most) if look >= asked.at_least]
        self.open: dict[str, list[str]] = {}
        for task in runs:
            arms = self.open.setdefault(task.point.scenario, [])
            if task.point.arm not in (champion, *arms):
                arms.append(task.point.arm)
        self.arms = {scenario: len(arms) for scenario, arms in self.open.items()}
        self.widths: dict[str, dict[str, float]] = {scenario: {} for scenario in self.open}

    def next(self, lacking: Lacking, read: Read) -> NextRuns:
        """Return what the next look needs, having taken those looks for which everything is there."""
        results: Results | None = None
        while self.looks and any(self.open.values()):
            wanted = lacking([task for task in self.runs if self._is_wanted(task, self.looks[0])])
            if wanted:
                return NextRuns(wanted, self._later(), self._standing(lacking))
            results = results or read()
            self._look(results, self.looks.pop(0))
        return NextRuns([], 0, self._standing(lacking))

    def _is_wanted(self, task: Task, look: int) -> bool:
        arms = self.open[task.point.scenario]
        return task.point.replication < look and bool(arms) and task.point.arm in (self.champion, *arms)

    def _look(self, results: Results, look: int) -> None:
        for scenario, arms in self.open.items():
            if not arms:
                continue
            table = results.under(scenario).metrics()
            table = table[table["metric"] == self.metric.name]
            for arm in arms:
                found = compare_at(table, self.champion, arm, look, self.arms[scenario])
                self.widths[scenario][arm] = found[0].half_width if found else math.nan
            own = self.widths[scenario]
            self.open[scenario] = [arm for arm in arms if not own[arm] <= self.asked.half_width]

    def _later(self) -> int:
        """Return about how many runs will be wanted after the next look, by the widths of the last."""
        runs, at = 0, self.looks[0]
        for scenario, arms in self.open.items():
            known = [self.widths[scenario].get(arm, math.nan) for arm in arms]
            times = [(one / self.asked.half_width) ** 2 for one in known if math.isfinite(one)]
            more = [min(math.ceil(at * one), self.asked.at_most) - at for one in times if one > 1.0]
            runs += sum(more) + max(more, default=0)
        return runs

    def _standing(self, lacking: Lacking) -> dict[str, ArmsStanding]:
        times, decimals = shown_times(self.metric), self.metric.decimals

        def told(scenario: str, arm: str, width: float) -> str:
            ok = "" if arm in self.open[scenario] else " ok"
            return f"{arm} ±{number(width * times, decimals)}{ok}" if math.isfinite(width) else f"{arm} ±?"

        return {
            scenario: ArmsStanding(
                _replications(self.runs, scenario, self.champion, lacking),
                "  ".join(told(scenario, arm, width) for arm, width in widths.items()),
            )
            for scenario, widths in self.widths.items()
        }


class UntilChosen:
    """Arms are dropped as soon as they are beaten; the last one is scored again on fresh replications.

    Parameters
    ----------
    champion : str
        Runs again beside the chosen arm.
    runs : sequence of Task
        All up to the most replications and the fresh ones after them, in order.
    """

    def __init__(self, asked: Choose, champion: str, runs: Sequence[Task]) -> None:
        self.asked, self.champion, self.runs = asked, champion, runs
        self.scenarios = list(dict.fromkeys(task.point.scenario for task in runs))

    def next(self, lacking: Lacking, read: Read) -> NextRuns:
        """Return what those that are left need for the next look, or the chosen arm's fresh replications."""
        results = read()
        wanted: list[Task] = []
        standing: dict[str, ArmsStanding] = {}
        for scenario in self.scenarios:
            choice = results.under(scenario).choice()
            if choice is None:
                continue
            found = choice.selection
            arms = {self.champion, found.best} if choice.is_over else {*found.left}
            first, last = (self.asked.at_most, math.inf) if choice.is_over else (0, found.next_look)
            if not (choice.is_over and found.best == self.champion):
                own = [task for task in self.runs if task.point.scenario == scenario and task.point.arm in arms]
                wanted += lacking([task for task in own if first <= task.point.replication < last])
            told = f"{len(found.left)} left: {', '.join(found.left)}" if found.at else ""
            standing[scenario] = ArmsStanding(_replications(self.runs, scenario, self.champion, lacking), told)
        return NextRuns(wanted, 0, standing)


def _replications(runs: Sequence[Task], scenario: str, arm: str, lacking: Lacking) -> int:
    """Return how many replications of an arm are there."""
    own = [task for task in runs if task.point.scenario == scenario and task.point.arm == arm]
    return len(own) - len(lacking(own))


def stages_of(
    metrics: Sequence[str], champion: str, precision: Precision | None, choose: Choose | None, runs: Sequence[Task]
) -> Stages:
    """Return how an experiment goes from one stage to the next.

    Parameters
    ----------
    metrics : sequence of str
        As the experiment names them.
    champion : str
        The arm that the others are compared with.
    precision, choose : Precision, Choose, optional
        What it asks for in the place of a number of replications.
    runs : sequence of Task
        All that it may have.
    """
    if precision is not None:
        return UntilPrecise(precision, METRICS[decided_on(metrics)], champion, runs)
    return AllAtOnce(runs) if choose is None else UntilChosen(choose, champion, runs)


def lacking_in(results: Results) -> list[str]:
    """Return the runs of a folder that are wanted now and are not there, nor were tried in vain."""
    about = results.about
    if not results.decided:
        return []  # whether any is wanted, nobody can say
    tasks = [Task(name, results.point(name), "") for name in about["runs"]]
    precision, choose = about.get("precision"), about.get("choose")
    stages = stages_of(
        about["metrics"],
        results.champion,
        None if precision is None else Precision.model_validate(dict(precision)),
        None if choose is None else Choose.model_validate(dict(choose)),
        tasks,
    )
    done = results.known.keys() | (results.failed.keys() if results.is_looked_at else set())
    wanted = stages.next(lambda some: [task for task in some if task.name not in done], lambda: results)
    return [task.name for task in wanted.runs]

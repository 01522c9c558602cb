"""The points of a design: what an experiment consists of, run by run.

A point is a scenario, what else is laid over the market, an arm and a replication. `points_of` makes the points of an
experiment as its file describes it, every arm in every scenario; another design (a grid, a sample of uncertain
settings) is another function from the settings of an experiment to points: `run_experiment(..., design=mine)`.
Tables pair arms within a scenario and a replication, so what is laid over must be the same for all arms of these.
"""

from collections.abc import Callable, Iterable, Iterator

from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.design.point import Point

Design = Callable[[ExperimentSettings], Iterable[Point]]
"""Makes the points of an experiment."""


def points_of(settings: ExperimentSettings) -> Iterator[Point]:
    """Yield every arm in every scenario, replication by replication, so that what is there first can be compared."""
    for replication in range(settings.replications):
        for scenario in scenario_names(settings):
            for arm in settings.arms:
                yield Point(scenario, arm, replication)


def scenario_names(settings: ExperimentSettings) -> tuple[str, ...]:
    """Return the scenarios of an experiment in the order of its file; one without a name where there are none."""
    return tuple(settings.scenarios) or ("",)

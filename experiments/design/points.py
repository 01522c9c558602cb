"""The points of a design: what an experiment consists of, run by run.

A point is a scenario, or a level of one, what else is laid over the market, an arm and a replication. `points_of`
makes the points of an experiment as its file describes it, every arm in every scenario, with the numbers drawn for the
replication; another design is another function from an experiment to points: `run_experiment(..., design=mine)`.
Tables pair arms within a scenario and a replication, so what is laid over must be the same for all arms of these.
"""

from collections.abc import Callable, Iterable, Iterator

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.point import Point
from tenure.experiments.design.varied.uncertain import over_of

Design = Callable[[Experiment], Iterable[Point]]
"""Makes the points of an experiment."""


def points_of(experiment: Experiment) -> Iterator[Point]:
    """Yield every arm in every scenario, replication by replication, so that what is there first can be compared."""
    settings = experiment.settings
    for replication in range(settings.replications):
        draw = replication // settings.replications_per_draw
        over = {
            arm: over_of(experiment.uncertain, settings.seed, draw, arm, settings.champion) for arm in settings.arms
        }
        for scenario in experiment.scenarios:
            for arm in settings.arms:
                yield Point(scenario.name, arm, replication, over[arm])

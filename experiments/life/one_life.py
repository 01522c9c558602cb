"""One life: what a person's months were, and what we believed of them, for `tenure explain --person`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.reading import suggest
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.design.tasks import Order
from tenure.experiments.life.following import Following
from tenure.experiments.life.months import Life, life_of
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.running.starts import State
from tenure.experiments.running.work import arm_model, state_before
from tenure.simulation.market.population import COHORT_OF_MONTH_0, newcomers
from tenure.simulation.market.rows import product_rows


def live_one_life(
    experiment: Experiment,
    person: int,
    arm: str = "",
    replication: int = 0,
    months: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    scenario: str = "",
) -> Life:
    """Live an arm as a run does, and return one person's months; see `live_one_life_in_each`.

    Parameters
    ----------
    arm : str
        By default the champion.
    """
    arms = (arm or experiment.settings.champion,)
    (life,) = live_one_life_in_each(experiment, person, arms, replication, months, progress, scenario)
    return life


def live_one_life_in_each(
    experiment: Experiment,
    person: int,
    arms: Sequence[str],
    replication: int = 0,
    months: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    scenario: str = "",
) -> list[Life]:
    """Live arms as runs do, from the same state, and return one person's months under each.

    Parameters
    ----------
    person : int
        Id: 1 to the number of people, or a newcomer's.
    arms : sequence of str
        All of the experiment.
    months : int
        Of the arm; 0: as many as the experiment has. A life that leaves the market ends sooner.
    progress : callable
        Takes the months lived, those before month 0 included, and the months to live.
    scenario : str
        By default the experiment's first.

    Raises
    ------
    ValueError
        If there is no such arm, scenario or person, the person had left the market before month 0, or people live by
        rules of a user's own.
    """
    months = months or experiment.settings.months
    if experiment.behaviour:
        rules = ", ".join(experiment.behaviour)
        raise ValueError(
            f"people live by rules of your own here ({rules}), and a life is told by those that come along alone: "
            "leave 'behaviour' out"
        )
    for arm in arms:
        if arm not in experiment.arms:
            raise ValueError(f"there is no arm '{arm}'. {suggest(arm, experiment.arms)}")
    point = Point(scenario or experiment.scenarios[0].name, arms[0], replication)
    experiment.under(point.scenario)
    planned = plan_tasks(experiment, Path())
    order = planned.order
    point = next((task.point for task in planned.runs if task.point._replace(over=()) == point), point)
    before = order.burn_in_months + order.warm_up_months
    _must_be_born(experiment, person, point, -before, months)
    done = 0

    def lived(month: int = 0) -> None:
        nonlocal done
        done += 1
        progress(done, before + months * len(arms))

    with policies_afresh(order.own) as known:
        state = state_before(order, point, known, lived)
        points = [point._replace(arm=arm) for arm in arms]
        return [_lived_life(order, known, person, one, months, state, lived) for one in points]


def _lived_life(
    order: Order,
    known: Mapping[str, type],
    person: int,
    point: Point,
    months: int,
    state: State,
    lived: Callable[[int], None],
) -> Life:
    model = arm_model(order, point, state, known)
    _must_be_there(person, model.people["id"])
    following = Following(person, model.facts())
    model.observers.append(following)
    for month in range(months):
        model.step()
        lived(month)
        if following.is_over:
            break
    following.hear(model.us.believed_now())
    return life_of(following.market, person, following.moments, point)


def _must_be_born(experiment: Experiment, person: int, point: Point, first: int, months: int) -> None:
    """Refuse an id that nobody has in these months; known before anything is lived."""
    there = next(one for one in experiment.scenarios if one.name == point.scenario)
    people, cohort = experiment.market.people, (person >> 32) - COHORT_OF_MONTH_0

    def entering(month: int) -> NDArray[np.int64]:
        market = (there.market if month >= 0 else there.before.market).at(month)
        luck = experiment.settings.seed, point.replication
        ids: NDArray[np.int64] = newcomers(market, market.rulebook(), product_rows(market), month, *luck)["id"]
        return ids

    if 1 <= person <= people or (first <= cohort < months and person in entering(cohort)):
        return
    text = f"there is no person {person}. Persons 1 to {people} live when the market begins"
    month = next((one for one in range(months) if len(entering(one))), None)
    if month is not None:
        ids = entering(month)
        text += f"; later ones enter month by month: {ids[0]} to {ids[-1]} in month {month}"
    raise ValueError(text)


def _must_be_there(person: int, ids: NDArray[np.int64]) -> None:
    """Refuse who was born before month 0 and is no longer in the market then."""
    early = (person >> 32) - COHORT_OF_MONTH_0 < 0
    if early and person not in ids:
        after = ids[ids > person]
        raise ValueError(
            f"person {person} left the market before month 0. "
            f"Try one who is still there: --person {int(after.min() if len(after) else ids.min())}"
        )

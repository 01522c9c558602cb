"""One person in two worlds: the first month that differs is found, and each life is as it is alone."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.life.months import Life, LifeMonth
from tenure.experiments.life.one_life import live_one_life, live_one_life_in_each
from tenure.experiments.life.two_lives import MARK, first_that_differs, side_by_side, two_lives_table
from tests.told_lives import config, experiment

__all__ = ["config", "experiment"]  # fixtures


def life(arm: str, *credits: float, person: int = 7) -> Life:
    """Return a life that owes these sums, from the state before month 0 on."""
    months = [
        LifeMonth(place - 1, "us", "growth", ["card"], owed, 0.0, 0, 0.02, 60.0, "low_risk_low_return", None, [], {})
        for place, owed in enumerate(credits)
    ]
    return Life(person, 40.0, 2500.0, {"card": 0.5}, arm, 0, months, "EUR")


def printed(first: Life, second: Life, every: bool = False) -> list[str]:
    screen = Console(file=StringIO(), width=110)
    screen.print(two_lives_table(first, second, every))
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue().splitlines()


def test_the_first_month_that_differs_is_marked_and_what_is_the_same_before_it_is_written_once() -> None:
    first, second = life("nothing", 0.0, 100.0, 100.0, 100.0), life("reward", 0.0, 100.0, 90.0, 100.0)
    assert first_that_differs(side_by_side(first, second)) == 1
    rows = printed(first, second, every=True)
    marked = [row for row in rows if MARK in row]
    assert len(marked) == 1
    assert f"{MARK} 1" in marked[0] and "owes 90" in marked[0]
    assert sum("as there" in row for row in rows) == 2  # the start and month 0


def test_equal_lives_differ_nowhere() -> None:
    first = life("nothing", 0.0, 100.0, 50.0)
    assert first_that_differs(side_by_side(first, replace(first, arm="reward"))) is None
    assert not any(MARK in row for row in printed(first, replace(first, arm="reward"), every=True))


def test_a_life_that_is_over_sooner_differs_from_then_on() -> None:
    months = side_by_side(life("nothing", 0.0, 1.0, 2.0, 3.0), life("reward", 0.0, 1.0))
    assert first_that_differs(months) == 1
    assert months[-1].second is None


def test_lives_of_two_people_are_not_put_beside_each_other() -> None:
    with pytest.raises(ValueError, match="one person"):
        side_by_side(life("nothing", 0.0), life("reward", 0.0, person=8))


def test_each_of_two_lives_is_as_it_is_lived_alone(experiment: Experiment) -> None:
    together = live_one_life_in_each(experiment, 5, ("nothing", "rewards"))
    assert together == [live_one_life(experiment, 5, arm) for arm in ("nothing", "rewards")]

"""One person in two worlds: the first month that differs is found, and each life is as it is alone."""

import json
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.point import Point
from tenure.experiments.life.months import Life, LifeMonth
from tenure.experiments.life.one_life import live_one_life, live_one_life_in_each
from tenure.experiments.life.two_lives import (
    MARK,
    first_in_our_files_alone,
    first_that_differs,
    side_by_side,
    two_lives_table,
)
from tenure.experiments.running.work import arm_model, state_before
from tenure.experiments.store.results import Results
from tenure.simulation.recording.measures import STAYS, TO
from tests.folders import made_here
from tests.markets import LIVELY, small_market
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


def test_what_our_files_say_is_no_difference_of_two_lives_and_is_shown_all_the_same() -> None:
    first, second = life("nothing", 0.0, 5.0, 5.0, 5.0), life("back", 0.0, 5.0, 5.0, 4.0)
    for one, line in ((first, "our file closed"), (second, "in our files as: settled")):
        one.months[1] = replace(one.months[1], happened=["took card", line], in_files=[line])
    months = side_by_side(first, second)
    assert (first_that_differs(months), first_in_our_files_alone(months)) == (2, 0)
    text = "\n".join(printed(first, second))  # a cell breaks its lines
    assert "closed" in text and "settled" in text and text.count(f"{MARK} 2") == 1
    second.months[1] = replace(second.months[1], happened=["took loan", "in our files as: settled"])
    assert first_that_differs(side_by_side(first, second)) == 0
    assert first_in_our_files_alone(side_by_side(first, second)) is None  # something true differs in that month


TWICE = """
question: Who leaves twice?
market: restless
months: 14
warm_up_months: 2
budget_per_month: 5000
arms:
  nothing: do_nothing
  back: {policy: uniform, treatment: win_back, us: {existing_customers: [open, settled]}}
  reward: {policy: uniform, treatment: loyalty_reward, share: 0.5}
champion: nothing
replications: 1
"""


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A market in which people change their provider several times."""
    folder = tmp_path_factory.mktemp("restless")
    rules = {**LIVELY, "choice": {"search": 1.0}}
    rivals = {"bigbank": {"share": "30%", "quality": 0.2}, "other": {"share": "20%", "quality": 0.1}}
    market = small_market(people=300, burn_in_months=3, rules=rules, rivals=rivals, world={"switching_cost": 0.5})
    del market["guards"]["budget_per_month"]
    (folder / "restless.market.yaml").write_text(json.dumps(market), encoding="utf-8")
    (folder / "twice.yaml").write_text(TWICE, encoding="utf-8")
    return made_here(folder / "twice.yaml", folder / "out")


def lived_rows(experiment: Experiment, arm: str, people: list[int]) -> list[dict[int, str]]:
    """Return, month by month, all that was true of some people under an arm, hidden traits too, and what was sent."""
    order, point = plan_tasks(experiment, Path()).order, Point("", arm, 0)
    model = arm_model(order, point, state_before(order, point))
    kept = []
    for _ in range(experiment.settings.months):
        model.step()
        at = np.flatnonzero(np.isin(model.people["id"], people))
        sent = model.signals[["person_id", "treatment", "invited"]]
        kept.append({sent[k].item()[0]: repr((model.people[k].tolist(), sent[k].tolist())) for k in at.tolist()})
    return kept


@pytest.mark.parametrize("arm", ["back", "reward"])
def test_lives_of_who_leaves_twice_are_those_recorded_and_part_where_the_first_thing_differs(
    restless: Results, arm: str
) -> None:
    """Every end is in both, the last one counts, and the month marked is the first with anything else in any field."""
    rows, experiment = restless.rows(), load_experiment(restless.folder.parent / "twice.yaml")
    left, value = (rows[rows["measure"] == name] for name in ("life/left", "life/value"))
    ends = {key: list(zip(own["month"], own["b"], strict=True)) for key, own in left.groupby(["arm", "a"])}
    last = value.set_index(["arm", "a"])["b"].to_dict()
    pair = ("nothing", arm)
    twice = [who for one, who in ends if one == arm and len(ends[arm, who]) > 1]
    apart = [who for who in twice if ends[arm, who] != ends.get(("nothing", who), [])]
    assert len(twice) > 10 and apart
    chosen = [apart[0], next(one for one in twice if one not in apart)]
    worlds = [lived_rows(experiment, one, list(map(int, chosen))) for one in pair]
    for who in chosen:
        lives = live_one_life_in_each(experiment, int(who), pair)
        for one in lives:
            told = [
                (now.month, now.provider)
                for before, now in pairwise(one.months)
                if before.provider == "us" != now.provider
            ]
            kept = ends.get((one.arm, who), [])
            assert told == [(month, how.partition(TO)[2]) for month, how in kept]
            stays = one.months[-1].provider == "us"
            assert last[one.arm, who] == (STAYS if stays else kept[-1][1].partition(TO)[0])
        differ = [month for month, both in enumerate(zip(*worlds, strict=True)) if len({x[int(who)] for x in both}) > 1]
        assert first_that_differs(side_by_side(*lives)) == (differ[0] if differ else None)


def test_lives_of_two_people_are_not_put_beside_each_other() -> None:
    with pytest.raises(ValueError, match="one person"):
        side_by_side(life("nothing", 0.0), life("reward", 0.0, person=8))


def test_each_of_two_lives_is_as_it_is_lived_alone(experiment: Experiment) -> None:
    together = live_one_life_in_each(experiment, 5, ("nothing", "rewards"))
    assert together == [live_one_life(experiment, 5, arm) for arm in ("nothing", "rewards")]

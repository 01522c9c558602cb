"""What carries the difference between two arms: divisions add up, and each person's part is theirs to the cent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.ledger import INTEREST
from tenure.agents.offer import US
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.why.answer import why
from tenure.experiments.analysis.why.lives import EverOurs
from tenure.experiments.analysis.why.parts import (
    DIVISIONS,
    NEVER_OURS,
    NO_TREATMENT,
    TREATMENT,
    first_differences,
    pair_people,
)
from tenure.experiments.commands.why.answer import why_lines
from tenure.experiments.store.results import Results
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.observing import MonthFacts
from tests.folders import made_here
from tests.markets import LIVELY, small_market

TREATED = ["person", "month", "treatment", "amount"]


def table(*rows: tuple[int, int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=TREATED)


class AddsUp:
    """Tells of months in which what people brought is not what was posted."""

    def __init__(self) -> None:
        self.months: list[tuple[int, int]] = []

    def month(self, facts: MonthFacts) -> None:
        self.months.append((int(facts.profits.sum()), -int(facts.postings[US, INTEREST:].sum())))


@pytest.mark.parametrize(("engine", "people", "months"), [("compiled", 400, 12), ("objects", 60, 4)])
def test_what_people_brought_is_what_was_posted_to_the_cent(engine: str, people: int, months: int) -> None:
    """But for what an institution pays as such; here no channel costs anything by the month."""
    model = LifecycleModel(small_market(people=people, rules=LIVELY), seed=2, engine=engine)
    adds_up = AddsUp()
    model.observers.append(adds_up)
    for _ in range(months):
        model.step()
    assert any(brought for brought, _ in adds_up.months)
    assert all(brought == posted for brought, posted in adds_up.months)


def test_what_a_channel_costs_by_the_month_is_nobodys() -> None:
    market = small_market(people=300, rules=LIVELY)
    market["us"]["acquisition"]["mail"]["cost_per_month"] = 70
    model = LifecycleModel(market, seed=2)
    adds_up = AddsUp()
    model.observers.append(adds_up)
    model.step()
    ((brought, posted),) = adds_up.months
    assert brought - posted == 7000


def test_both_engines_tell_the_same_of_every_person() -> None:
    tables = []
    for engine in ("compiled", "objects"):
        model = LifecycleModel(small_market(people=60, rules=LIVELY), seed=4, engine=engine)
        model.start_recording()
        for _ in range(3):
            model.step()
        rows = model.recording()
        tables.append(rows[rows["measure"].str.startswith("life/")].reset_index(drop=True))
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert len(tables[0])


def test_the_first_difference_is_the_arms_treatment_or_that_it_gave_none() -> None:
    champion = table((1, 0, "help", 1.0), (2, 3, "help", 1.0), (3, 1, "reward", 30.0), (5, 2, "help", 1.0))
    arm = table(
        (1, 0, "help", 1.0), (1, 4, "reward", 30.0), (3, 1, "reward", 50.0), (4, 0, "call", 1.0), (5, 2, "call", 1.0)
    )
    assert first_differences(champion, arm).to_dict() == {
        1: "reward",  # the same at first
        2: "without help",
        3: "reward",  # of another amount
        4: "call",
        5: "call",  # in place of another
    }


ROWS = st.lists(
    st.tuples(
        st.integers(1, 5), st.integers(0, 4), st.sampled_from(["help", "reward", "call"]), st.sampled_from([1.0, 2.0])
    ),
    unique_by=lambda row: row[:2],
    max_size=12,
)


@given(ROWS, ROWS)
@settings(max_examples=50, deadline=None)
def test_who_is_treated_alike_differs_in_nothing_and_everybody_else_once(
    champion: list[tuple[int, int, str, float]], arm: list[tuple[int, int, str, float]]
) -> None:
    found = first_differences(table(*champion), table(*arm))
    unlike = {row[0] for row in set(champion) ^ set(arm)}
    assert sorted(found.index) == sorted(unlike)
    for person, name in found.items():
        month = min(row[1] for row in set(champion) ^ set(arm) if row[0] == person)
        own = [row[2] for row in arm if row[:2] == (person, month) and row not in champion]
        assert name == own[0] if own else name.startswith("without ")


def test_people_of_one_world_alone_bring_nothing_in_the_other() -> None:
    def lives(ids: list[int], values: list[float], ends: list[str]) -> EverOurs:
        words = np.array(ends, object)
        return EverOurs(np.array(ids), np.array(values), words, np.full(len(ids), "low", object), table())

    found = pair_people(
        lives([1, 2], [10.0, 20.0], ["poached", "settled"]), lives([2, 3], [25.0, 7.0], ["ended", "poached"])
    )
    assert found.ids.tolist() == [1, 2, 3]
    assert found.difference_eur.tolist() == [-10.0, 5.0, 7.0]
    assert found.ends.tolist() == [NEVER_OURS, "ended", "poached"]
    assert set(found.treatments) == {NO_TREATMENT}


CONFIG = """
question: What carries it?
market: {extends: default, people: 1500, burn_in_months: 6}
months: 15
warm_up_months: 3
budget_per_month: 4000
arms:
  nothing: do_nothing
  reward: {policy: uniform, treatment: loyalty_reward}
  learns: {policy: thompson}
  desk: {policy: rules, rules: [{when: months_past_due >= 1, do: early_help}]}
champion: CHAMPION
replications: 2
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("why"), "nothing")


def made(folder: Path, champion: str) -> Results:
    config = folder / "small.yaml"
    config.write_text(CONFIG.replace("CHAMPION", champion))
    return made_here(config, folder / "results")


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_every_division_adds_up_to_the_difference_in_profit(results: Results, arm: str) -> None:
    found = why(results, arm)
    values = results.metrics()
    profit = values[values["metric"] == "profit_per_customer"].pivot(index="replication", columns="arm", values="value")
    assert METRICS["profit_per_customer"].unit == "EUR"
    assert found.total.mean == pytest.approx(float((profit[arm] - profit["nothing"]).mean()), abs=1e-9)
    assert set(found.divisions) == set(DIVISIONS)
    for parts in found.divisions.values():
        assert sum(one.mean for one in parts.values()) == pytest.approx(found.total.mean, abs=1e-9)


def test_an_arm_that_treats_nobody_otherwise_differs_in_nothing(results: Results) -> None:
    found = why(results, "desk")
    told = found.divisions[TREATMENT]
    assert told["early_help"].mean != 0.0
    assert not found.is_a_trap


def test_what_only_the_champion_does_is_warned_of_in_the_first_screen(tmp_path: Path) -> None:
    """The difference of an arm that does nothing from one whose only rule is early help is that rule."""
    results = made(tmp_path, "desk")
    found = why(results, "nothing")
    assert found.is_a_trap
    assert list(found.of_the_champion_alone) == ["early_help"]
    lines = list(why_lines(found, results))
    assert any("without early help" in line for line in lines)
    assert any("Careful" in line for line in lines[:40])


@pytest.mark.parametrize("arm", ["nothing", "absent"])
def test_the_champion_and_unknown_arms_are_refused(results: Results, arm: str) -> None:
    with pytest.raises(ValueError, match="Name one of: reward, learns, desk"):
        why(results, arm)

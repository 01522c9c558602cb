"""The order of a month stands in one place, and the model, `explain` and the benchmark follow it."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tenure.agents.offer import US
from tenure.simulation.market.ledger import ConservationError
from tenure.simulation.model import LifecycleModel
from tenure.simulation.phases import MONTH, Phase, one_month
from tests.markets import LIVELY, differences, small_market

ROOT = Path(__file__).parents[1]
NAMES = [phase.name for phase in MONTH]


class Noting(LifecycleModel):
    """Notes which phase is lived."""

    def __getattribute__(self, name: str) -> object:
        if name in NAMES:
            self.__dict__.setdefault("noted", []).append(name)
        return super().__getattribute__(name)


def learning() -> dict[str, object]:
    """Return a market in which a policy learns."""
    us = {"policy": {"policy": "thompson", "treatments": ["loyalty_reward"]}}
    return small_market(people=300, rules=LIVELY, us=us, guards={"budget_per_month": 1e6})


def test_a_step_is_the_phases_in_their_order_each_once() -> None:
    model = Noting(learning(), seed=1)
    model.step()
    model.step()
    assert model.noted == NAMES + NAMES and model.month == 2


def test_a_month_may_be_looked_at_phase_by_phase_and_is_the_same() -> None:
    """Also where a policy learns: nothing of the month is left out."""
    plain, watched, seen = LifecycleModel(learning(), seed=1), LifecycleModel(learning(), seed=1), []

    def around(phase: Phase, work: Callable[[], None]) -> None:
        seen.append(phase.name)
        work()

    taken = 0
    for _ in range(4):
        plain.step()
        one_month(watched, around)
        assert differences(plain, watched) == [] and plain.month == watched.month
        taken += 0 if watched.us.outcomes is None else int(watched.us.outcomes.taken.sum())
    assert seen == NAMES * 4 and taken > 0


@pytest.mark.parametrize("out", [name for name in NAMES if name != "record"])
def test_a_phase_that_is_left_out_is_missed(out: str) -> None:
    """Within two months something is another, or the books do not balance."""
    plain, short = LifecycleModel(learning(), seed=1), LifecycleModel(learning(), seed=1)
    for _ in range(2):
        plain.step()
        short.step()
    try:
        for _ in range(2):
            plain.step()
            one_month(short, lambda phase, work: None if phase.name == out else work())
    except (ConservationError, ValueError):
        return
    told = [str(model.us.outcomes) for model in (plain, short)]
    assert differences(plain, short) != [] or told[0] != told[1]


def test_nobody_else_writes_the_order_down() -> None:
    """No function of the program calls two phases of a model one after the other."""
    for package in ("simulation", "experiments", "benchmarks", "policies"):
        for path in (ROOT / package).rglob("*.py"):
            for function in ast.walk(ast.parse(path.read_text())):
                if isinstance(function, ast.FunctionDef):
                    called = [
                        node.func.attr
                        for node in ast.walk(function)
                        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    ]
                    both = {"decide", "guard"} <= set(called) or {"live", "settle"} <= set(called)
                    assert not both, f"{path}: {function.name} has an order of the month of its own"


@pytest.mark.parametrize("phase", MONTH)
def test_each_phase_is_a_method_that_says_what_it_does(phase: Phase) -> None:
    method = getattr(LifecycleModel, phase.name)
    assert method.__doc__ and method.__annotations__ == {"return": None}
    assert phase.does and phase.reads and phase.writes


def test_rules_of_the_market_find_us_by_one_index() -> None:
    model = LifecycleModel(small_market(), seed=1)
    assert [one.index for one in model.institutions] == list(range(US, US + len(model.institutions)))
    assert [model.names[one.index] for one in model.institutions] == [one.name for one in model.institutions]
    assert model.us.index == US and model.institution(model.us.name) is model.us
    with pytest.raises(ValueError, match=r"no institution 'bigbnk' in this market\. Did you mean 'bigbank'"):
        model.institution("bigbnk")

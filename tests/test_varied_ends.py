"""What `check` accepts no draw breaks, and nothing that is varied undoes another thing that is."""

from pathlib import Path

import pytest

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.varied.ends import levels_to_try
from tenure.experiments.design.varied.levels import Factor, Level
from tenure.experiments.design.varied.numbers import Varied
from tenure.simulation.values.units import Parser
from tests.scenarios import SMALL

SWITCHES = Path(__file__).parent / "own_parts" / "switches.py"


def loaded(folder: Path, text: str) -> Experiment:
    (folder / "small.yaml").write_text(SMALL + text, encoding="utf-8")
    return load_experiment(folder / "small.yaml", (), [SWITCHES])


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return [str(one) for one in caught.value.problems]


def test_an_end_that_a_level_alone_breaks_is_told_at_that_level(tmp_path: Path) -> None:
    """Five times 4 is 20; five times 9 is 45, and the utility of staying is at most 40."""
    drawn = "uncertain: {switching_cost: x1 .. x5}\n"
    grid = "design: {grid: {switching_cost: [4, 9]}}\n"
    (problem,) = told(tmp_path, grid + drawn)
    assert "at the level 'switching_cost=9'" in problem and "switching_cost at its highest" in problem
    assert "above 40" in problem and "narrower range" in problem
    assert len(loaded(tmp_path, grid.replace("9]", "6]") + drawn).scenarios) == 2


def test_the_ends_are_tried_at_the_outermost_of_many_levels() -> None:
    number = Varied("market.x", ("market.x",), Parser("1", 0, 1e6), 10.0)
    factor = Factor("x", (("market", "x"),), ("design", "x"), number)
    levels = [Level(str(value), ((factor, value),)) for value in (3.0, "x0.1", 7.0, "x9", 5.0, 6.0)]
    assert [one.name for one in levels_to_try(levels, 4)] == ["3.0", "6.0", "x0.1", "x9"]  # 1 and 90 lie outermost
    assert levels_to_try(levels, 6) == tuple(levels)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("uncertain: {market.switches.hard_to_leave: 1 .. 3, switching_cost: x0.5 .. x1.5}", "world.switching_cost"),
        ("design: {grid: {hard_to_leave: [1, 2], switching_cost: [x0.5, x1]}}", "world.switching_cost"),
        (
            "design: {grid: {no_fatigue: [on, off]}}\nuncertain: {relationship.response_fatigue: 0.1 .. 0.2}",
            "rules.relationship.response_fatigue",
        ),
        ("design: {grid: {switching_cost: [x0.5, x1]}}\nuncertain: {switching_cost: 1 .. 3}", "world.switching_cost"),
        ("design: {grid: {budget_per_month: [50, 90]}}\nuncertain: {budget_per_month: 10 .. 30}", "budget_per_month"),
    ],
)
def test_what_undoes_what_else_is_varied_is_told(tmp_path: Path, text: str, both: str) -> None:
    (problem,) = told(tmp_path, text + "\n")
    assert f"{both}: one undoes the other" in problem and "Vary one of them" in problem


def test_a_factor_that_is_drawn_multiplies_what_a_level_sets(tmp_path: Path) -> None:
    text = "design: {grid: {switching_cost: [2, 3]}}\nuncertain: {switching_cost: x0.5 .. x1.5}\n"
    assert len(loaded(tmp_path, text).scenarios) == 2
    apart = "design: {grid: {hard_to_leave: [1, 2]}}\nuncertain: {fatigue_kept: 0.6 .. 0.8}\n"
    assert len(loaded(tmp_path, apart).scenarios) == 2

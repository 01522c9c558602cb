"""What terminal and report say of settings that nobody knows."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.turning.held_out import Check
from tenure.experiments.commands.results_lines import turning_lines
from tenure.experiments.report.turning.found import varied
from tenure.experiments.report.turning.section import turning_markup, turning_part
from tenure.experiments.report.turning.words import turning_sentences

EFFECT, COST, LIFE = "loyalty_reward.effect", "switching_cost", "fatigue.half_life_months"


class MadeUp:
    """Results of an experiment that nobody made: 'optimal' leads unless rewards work badly and switching is cheap."""

    def __init__(self, draws: int = 80, scenarios: Sequence[str] = ("base", "crisis"), uncertain: bool = True) -> None:
        rng = np.random.default_rng(1)
        self.decided = True
        self.scenarios, self.arms, self.champion, self.currency = (
            tuple(scenarios),
            ("now", "optimal", "by_value"),
            "now",
            "EUR",
        )
        names = [{"name": EFFECT, "factor": True}, {"name": COST, "factor": True}, {"name": LIFE, "factor": False}]
        self.about: Mapping[str, Any] = {
            "metrics": ["profit_per_customer"],
            "replications": draws,
            "uncertain": names if uncertain else [],
            "scenarios": {one: {} for one in scenarios},
        }
        index = pd.RangeIndex(draws, name="replication")
        self.drawn = pd.DataFrame({"draw": np.arange(draws)}, index=index)
        self.drawn[EFFECT], self.drawn[COST] = rng.uniform(0.5, 1.5, draws), rng.uniform(0.5, 1.5, draws)
        self.drawn[LIFE] = rng.uniform(2.0, 8.0, draws)
        self.tables = {one: self._table(rng, draws) for one in scenarios}
        if not uncertain:
            self.drawn = pd.DataFrame(index=index)
        self.scenario = scenarios[0]

    def _table(self, rng: np.random.Generator, draws: int) -> pd.DataFrame:
        now = 100.0 + 20.0 * rng.standard_normal(draws)
        turned = (self.drawn[EFFECT] < 0.9) & (self.drawn[COST] < 1.0)
        each = {"now": now, "optimal": now + 8.0 + rng.standard_normal(draws)}
        each["by_value"] = now + np.where(turned, 14.0, 2.0) + rng.standard_normal(draws)
        rows = {"replication": np.tile(np.arange(draws), 3), "arm": np.repeat(list(each), draws)}
        return pd.DataFrame(rows | {"metric": "profit_per_customer", "value": np.concatenate(list(each.values()))})

    def draws(self) -> pd.DataFrame:
        return self.drawn

    def factors(self) -> pd.DataFrame:
        return pd.DataFrame(index=pd.Index(self.scenarios, name="scenario"))

    def under(self, scenario: str) -> "MadeUp":
        self.scenario = scenario
        return self

    def metrics(self) -> pd.DataFrame:
        return self.tables[self.scenario]


def lines_of(results: Any) -> Iterator[str]:
    return turning_lines(results)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return list(lines_of(MadeUp()))


def test_the_terminal_says_when_the_verdict_turns(lines: list[str]) -> None:
    text = " ".join(" ".join(lines).split())
    assert "Over 160 points (80 draws x 2 scenarios) best is optimal at " in text
    turns = next(line for line in lines if "Turns when" in line)
    assert f"{EFFECT} < x0.9" in turns and f"{COST} < x" in turns and "by_value is then best" in turns
    assert "'optimal' everywhere at" in text and "where it names another arm, the lead of that arm is +" in text
    assert (
        f"The answer leans most on: {EFFECT}" in text or f"The answer leans most on: {COST}" in text or "luck" in text
    )
    assert max(map(len, lines)) <= 110


def test_the_report_has_the_rule_the_box_and_a_figure() -> None:
    results: Any = MadeUp()
    found = varied(results)
    assert found is not None and found.leading == "optimal" and found.factors == {EFFECT, COST}
    part = turning_part(found)
    (rules, *leanings) = part.tables
    assert rules.rows[0][0] == "all arms" and "(by_value)" in rules.rows[0][2]
    assert {row[0] for row in rules.rows} == {"all arms", "optimal", "by_value"}
    by_value = next(table for table in leanings if "by_value less now" in table.caption)
    assert {row[0] for row in by_value.rows[:2]} == {EFFECT, COST}
    assert part.figure.svg.startswith("<svg ")
    assert part.figure.alt.startswith(f"{part.figure.finding}. ")  # numbers follow
    page = turning_markup(results)
    assert "&lt; x0.9" in page and "<h2>What nobody knows" in page


def test_where_nothing_was_varied_nothing_is_said() -> None:
    results: Any = MadeUp(draws=10, uncertain=False)
    assert varied(results) is None and list(lines_of(results)) == [] and turning_markup(results) == ""


def test_a_few_draws_are_no_ground_for_a_rule() -> None:
    text = " ".join(" ".join(lines_of(MadeUp(draws=12, scenarios=("",)))).split())
    assert "Over 12 points (12 draws)" in text and "12 points are too few to learn a rule from" in text


def test_of_one_draw_no_interval_is_said() -> None:
    results: Any = MadeUp()
    found = varied(results)
    assert found is not None
    check = Check(points=9, right=3, usual_right=3, said=1, lead=Average.even(-3.5, math.nan))
    text = " ".join(turning_sentences(found._replace(turning=found.turning._replace(found="nothing", check=check))))
    assert "the lead of that arm is -3.5 EUR at the one draw of these" in text and "± ?" not in text

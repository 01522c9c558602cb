"""The same arms in several circumstances: places, changes, and what may not stand beside each other."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.statistics import compare, family_intervals
from tenure.experiments.commands.results_lines import table_of_circumstances
from tenure.experiments.report.beside.circumstances import Circumstance, changes_between, circumstances_of
from tenure.experiments.report.joint import JointTable, joint_table_of, ranks_of
from tenure.experiments.store.results import Results
from tests.folders import answer, no_report, no_workers, tenure
from tests.scenarios import run
from tests.test_effects_table import made_results

__all__ = ["no_report", "no_workers"]  # fixtures

PROFIT, LEAVES = METRICS["profit_per_customer"], METRICS["attrition_per_year"]
VALUE = st.floats(-1e4, 1e4).map(lambda value: round(value, 2))


def results_of(values: dict[str, list[float]], metric: str = PROFIT.name, **about: Any) -> Results:
    """Return results of a metric: arm -> a value by replication, the champion's under 'nothing'."""
    return made_results({arm: {metric: some} for arm, some in values.items()}, **about)


def lying_in(folder: str, results: Results) -> Results:
    """Return the same results in another folder."""
    moved = replace(results, folder=Path(folder))
    moved.__dict__["_figures"] = results.__dict__["_figures"]
    return moved


def table_of(**each: dict[str, list[float]]) -> JointTable:
    """Return a table of circumstances: arm -> profit by replication."""
    table = joint_table_of([Circumstance(label.replace("_", " "), results_of(one)) for label, one in each.items()])
    assert table is not None
    return table


def test_a_table_by_hand() -> None:
    asleep = {"nothing": [100.0, 104.0, 102.0], "cut": [110.0, 114.0, 112.0], "gift": [105.0, 109.0, 107.0]}
    awake = {"nothing": [90.0, 94.0, 92.0], "cut": [80.0, 84.0, 82.0], "gift": [96.0, 100.0, 98.0]}
    table = table_of(rivals_asleep=asleep, rivals_awake=awake)
    assert table.circumstances == ("rivals asleep", "rivals awake") and table.has_changes
    assert [(row.arm, row.ranks, row.verdicts) for row in table.rows] == [
        ("nothing", (3, 2), ""),
        ("cut", (1, 3), "better in 1 of 2, worse in 1"),
        ("gift", (2, 1), "better in 2 of 2"),
    ]
    assert [row.change.mean if row.change else None for row in table.rows] == [-10.0, -20.0, 1.0]
    assert table.sentences[:3] == (
        "Furthest ahead of 'nothing' in rivals asleep: cut.",
        "Furthest ahead of 'nothing' in rivals awake: gift.",
        "Which arm is furthest ahead depends on the circumstances.",
    )
    assert "The place of cut is 1 in rivals asleep and 3 in rivals awake." in table.sentences
    lines = list(table_of_circumstances(table))
    assert any("+10.0 ± 0 ▲ (1)" in line and "-10.0 ± 0 ▼ (3)" in line for line in lines)


def test_the_same_circumstance_twice_changes_nothing_and_keeps_the_order() -> None:
    same = {"nothing": [100.0, 104.0, 101.0], "cut": [110.0, 109.0, 111.0], "gift": [91.0, 99.0, 97.0]}
    table = table_of(one=same, two=same)
    assert {row.change for row in table.rows} == {(0.0, 0.0, 0.0)}
    assert all(len({*row.ranks}) == 1 for row in table.rows)
    assert "The order of the 3 arms is the same in one and two." in table.sentences


def test_of_three_circumstances_none_is_taken_from_another() -> None:
    same = {"nothing": [100.0, 104.0, 101.0], "cut": [110.0, 109.0, 111.0]}
    assert not table_of(one=same, two=same, three=same).has_changes


@given(st.lists(st.tuples(*[VALUE] * 4), min_size=2, max_size=5))
def test_changes_are_paired_differences_of_differences(values: list[tuple[float, ...]]) -> None:
    base, arm, base_after, arm_after = np.array(values).T
    first, last = ({"nothing": a.tolist(), "x": b.tolist()} for a, b in ((base, arm), (base_after, arm_after)))
    found = changes_between(Circumstance("a", results_of(first)), Circumstance("b", results_of(last)), PROFIT, ["x"])
    for name, wanted in (("x", (arm_after - base_after) - (arm - base)), ("nothing", base_after - base)):
        assert found[name].mean == pytest.approx(wanted.mean(), abs=1e-6)
        low, high = (float(end[0]) for end in family_intervals(wanted[:, None]))
        assert found[name][1:] == pytest.approx((low, high), abs=1e-6)


@given(st.lists(st.lists(VALUE, min_size=2, max_size=2), min_size=2, max_size=6), st.randoms())
def test_places_follow_averages_whatever_the_order_of_arms(values: list[list[float]], luck: Any) -> None:
    by_arm = {f"arm {k}": some for k, some in enumerate(values)}
    results = made_results({arm: {PROFIT.name: some} for arm, some in by_arm.items()}, champion="arm 0")
    found = {row.arm: row for row in compare(results.metrics(), "arm 0") if row.metric == PROFIT.name}
    ranks = ranks_of(PROFIT, "arm 0", found)
    worth = {"arm 0": 0.0} | {arm: row.difference for arm, row in found.items()}
    best = sorted(worth, key=lambda arm: -worth[arm])
    assert [ranks[arm] for arm in best] == sorted(ranks.values()) and ranks[best[0]] == 1
    shuffled = list(found.items())
    luck.shuffle(shuffled)
    assert ranks_of(PROFIT, "arm 0", dict(shuffled)) == ranks
    turned = {arm: replace(row, difference=-row.difference) for arm, row in found.items()}
    assert ranks_of(LEAVES, "arm 0", turned) == ranks  # of what is better lower


@given(st.lists(st.lists(st.one_of(VALUE, st.floats(-1e-4, 1e-4)), min_size=6, max_size=6), min_size=1, max_size=3))
@example([[0.0] * 6])
@example([[-0.0004] * 6, [1e4] * 6])
def test_no_sentence_lacks_a_name_or_says_a_number_that_is_none(values: list[list[float]]) -> None:
    made = [{"nothing": some[:3], "дар": some[3:]} for some in values]
    labels = ["", "base", "rivals away"] if len(values) == 1 else ["base", "rivals away", "crisis"]
    found = [Circumstance(label, results_of(one)) for label, one in zip(labels, made, strict=False)]
    table = joint_table_of(found)
    assert table is not None
    text = "\n".join(table_of_circumstances(table))
    assert not re.search(r"\bin\s*[.:,]|''|\bnan\b|\binf\b|-0\.0*(?!\d)|± 0\.0*(?!\d)|:\s*\.", text), text
    assert all(cell_len(line) <= 110 for line in text.splitlines())


def test_equal_arms_share_a_place_and_what_has_no_better_has_none() -> None:
    results = results_of({"nothing": [5.0, 6.0], "a": [5.0, 6.0], "b": [3.0, 4.0]})
    found = {row.arm: row for row in results.comparisons()}
    assert ranks_of(PROFIT, "nothing", found) == {"nothing": 1, "a": 1, "b": 3}
    assert ranks_of(METRICS["treatment_spend_per_customer"], "nothing", found) == {}


def test_arms_of_one_folder_alone_have_no_place_in_the_other() -> None:
    table = table_of(one={"nothing": [1.0, 2.0], "a": [3.0, 4.0]}, two={"nothing": [1.0, 2.0], "b": [3.0, 4.0]})
    assert [(row.arm, row.ranks) for row in table.rows] == [("nothing", (2, 2)), ("a", (1, 0)), ("b", (0, 1))]
    assert [row.cells[1].text for row in table.rows][1] == "-" and table.rows[1].verdicts.endswith("of 1")
    assert any("Not every arm was run everywhere" in one for one in table.sentences)


def test_what_cannot_stand_beside_each_other_is_refused() -> None:
    one = results_of({"nothing": [1.0, 2.0], "a": [3.0, 4.0]})
    other = made_results({arm: {PROFIT.name: [1.0, 2.0]} for arm in ("a", "nothing")}, champion="a")
    with pytest.raises(ValueError, match="the champion is 'a', and in folder it is 'nothing'"):
        circumstances_of([one, other])
    pounds = results_of({"nothing": [1.0]}, market={"currency": "GBP", "products": {}, "treatments": {}})
    with pytest.raises(ValueError, match="the currency is 'GBP'"):
        circumstances_of([one, pounds])
    with pytest.raises(ValueError, match="Did you mean 'profit_per_customer'"):
        joint_table_of(circumstances_of([one, one]), "profit_per_custmer")
    with pytest.raises(ValueError, match="of pairs of runs"):
        joint_table_of(circumstances_of([one, one]), "share_harmed")


def test_folders_are_named_so_that_they_differ_and_what_differs_is_said() -> None:
    one = lying_in("results/asleep", results_of({"nothing": [1.0, 2.0]}))
    longer = lying_in("results/awake", results_of({"nothing": [1.0, 2.0]}, months=24))
    table = joint_table_of(circumstances_of([one, longer]))
    assert table is not None and table.circumstances == ("asleep", "awake")
    assert table.sentences == ("Runs take 12 months in asleep, and 24 in awake.",)
    same_end = lying_in("other/asleep", one)
    assert [one.label for one in circumstances_of([one, same_end])] == ["results/asleep", "other/asleep"]


@pytest.mark.usefixtures("no_workers", "no_report")
def test_folders_are_compared_by_the_command(tmp_path: Path) -> None:
    folders = []
    for name, scenarios in (("asleep", ""), ("awake", "{war: {rivals: {megabank: {policy: price_war}}}, base: {}}")):
        (tmp_path / name).mkdir()
        folders.append(run(tmp_path / name, scenarios, "replications=2").folder)
        folders[-1] = folders[-1].rename(tmp_path / f"{name}_out")
    code, said = tenure("compare", *folders)
    assert code == 0 and "3 circumstances, 2 arms: profit_per_customer" in said
    assert "asleep_out" in said and "awake_out: war" in said and "awake_out: base" in said
    code, said = tenure("compare", *folders, "--metric", "attrition_per_year")
    assert code == 0 and "attrition_per_year (%)" in said
    told = answer("compare", *folders)
    assert told["circumstances"] == ["asleep_out", "awake_out: war", "awake_out: base"]
    assert {*told["ranks"]} == {"nothing", "uniform"} and len(told["folders"]) == 2
    assert "--csv is for one folder" in tenure("compare", *folders, "--csv", tmp_path / "x.csv")[1]
    assert "--metric is for several" in tenure("compare", folders[0], "--metric", "growth")[1]
    code, said = tenure("compare", folders[1], "--metric", "growth")
    assert code == 0 and "war less" not in said and "base less" in said


@pytest.mark.usefixtures("no_workers", "no_report")
def test_chance_and_what_is_uncertain_are_told_apart_over_all_scenarios(tmp_path: Path) -> None:
    uncertain = "uncertain={market.world.switching_cost: x0.5 .. x1.5}"
    sets = ("replications=4", "replications_per_draw=2", uncertain, "metrics={decide_on: growth, matters_from: 0.5%}")
    results = run(tmp_path, "{base: {}, hard: {world: {macro_mean: 2.0}}}", *sets)
    code, said = tenure("compare", results.folder)
    told = " ".join(said.split())
    assert code == 0 and "all settings and scenarios" in told and "0.5 points matters" in told
    assert "2 scenarios and 2 draws of market.world.switching_cost" in told and "Chance alone, in one case" in told
    assert "No setting was varied" not in told and "none was varied" not in told
    for one in map(results.under, results.scenarios):
        assert {row.matters_from for row in one.comparisons() if row.metric == "growth"} == {0.005}
    found = results.changes_between("base", "hard")
    assert [*found] == ["nothing", "uniform"] and found["uniform"].n == 4
    table = results.metrics()
    level = table[(table["metric"] == "growth") & (table["arm"] == "uniform")].groupby("scenario")["value"].mean()
    assert found["uniform"].own.mean == pytest.approx(level["hard"] - level["base"])
    code, said = tenure("compare", results.folder, "--from", "base", "--to", "hard", "--metric", "attrition_per_year")
    assert code == 0 and "From base to hard: attrition_per_year" in said
    told = answer("compare", results.folder, "--from", "base", "--to", "hard")
    assert told["metric"] == "growth" and told["changes"]["nothing"]["apart"] is None
    assert "there is no scenario 'soft'" in tenure("compare", results.folder, "--from", "base", "--to", "soft")[1]
    assert "go together" in tenure("compare", results.folder, "--from", "base")[1]
    refused = tenure("compare", results.folder, "--from", "base", "--to", "hard", "--metric", "gain")[1]
    assert "no run has the metric 'gain'" in " ".join(refused.split())

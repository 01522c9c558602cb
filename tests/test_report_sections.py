"""A real run with its report: the same arm twice harms nobody, money adds up, who sees the truth is marked."""

import re
from pathlib import Path

import pytest

from tenure.experiments.commands import terminal
from tenure.experiments.report.figures.figures import draw_figure
from tenure.experiments.report.recordings import MEASURES, read_recordings, recordings_of
from tenure.experiments.report.sections.gains import share_of
from tenure.experiments.report.summary import report_of
from tenure.experiments.running.runner import Results
from tests.folders import made_here

CONFIG = """
question: Who gains?
market: {extends: default, people: 800, burn_in_months: 2}
months: 14
warm_up_months: 1
budget_per_month: 3000
arms:
  nothing: do_nothing
  again:   {policy: uniform, treatment: loyalty_reward, share: 0}
  uniform: {policy: uniform, treatment: loyalty_reward}
  ends:    {policy: uniform, treatment: end}
  best:    {policy: optimal_structure, epoch_months: 2, trial_months: 4}
  seer:    {policy: oracle, epoch_months: 2, trial_months: 4}
  mail:    {policy: do_nothing, us: {acquisition_share: 100%}}
champion: nothing
replications: 3
metrics: [profit_per_customer, share_harmed, return_on_treatment, return_on_acquisition]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("sections")
    path = folder / "who.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return made_here(path, folder / "out")


def test_the_same_arm_twice_harms_nobody_and_ending_harms(results: Results) -> None:
    harmed = {one.arm: one.difference for one in results.comparisons() if one.metric == "share_harmed"}
    assert harmed["again"] == 0.0 and harmed["ends"] > 0.5
    recordings = recordings_of(results)
    assert share_of(recordings, "ends", "told_to_go").mean > 0.5
    assert share_of(recordings, "uniform", "gains").mean > 0.0


def test_people_of_a_replication_are_the_same_in_all_arms_and_their_money_is_in_the_books(results: Results) -> None:
    sums = results.pairs.groupby(["arm", "replication"])[["people", "treatment", "treatment_champion"]].sum()
    assert sums["people"].groupby("replication").nunique().tolist() == [1, 1, 1]
    spent = results.metrics().query("metric == 'treatment_spend_per_customer'").set_index(["arm", "replication"])
    whole = spent["value"] * 1.1 ** (int(results.about["months"]) / 12) * sums["people"]  # the metric is discounted
    assert (sums["treatment"] <= whole + 0.01 * sums["people"]).all()  # newcomers are treated, too
    assert sums.loc["uniform", "treatment"].min() > 0.0 and (sums.loc["nothing", "treatment"] == 0.0).all()


def test_the_page_has_the_sections_and_marks_who_sees_the_truth(results: Results) -> None:
    assert results.oracles == ("seer",)
    page = report_of(results).read_text(encoding="utf-8")
    for name in ("yearly", "gains", "cells", "market", "regret", "funnel", "structure_best"):
        assert f'<section id="{name}">' in page
    text = re.sub(r'src="data:[^"]*"', "", page)
    assert text.count('seer <span class="small">sees the truth</span>') >= 5
    assert "rests on how the two worlds are coupled" in text and ">nan" not in text


def test_the_terminal_marks_who_sees_the_truth_and_says_who_is_harmed(results: Results) -> None:
    lines = [*terminal.effects_lines(results), *terminal.harm_lines(results)]
    assert all(len(line) <= terminal.WIDEST for line in lines)
    assert any(line.startswith("  seer *") for line in lines)
    assert "  * sees the truth, which no institution can" in lines
    assert any(line.startswith("  ends harms the largest share: ") for line in lines)


def test_money_for_channels_comes_back_beside_money_for_treatment(results: Results) -> None:
    returns = results.returns("acquisition_spend_per_customer")
    assert returns["uniform"] is None and returns["mail"] is not None
    metrics = results.metrics().pivot_table(index="arm", columns="metric", values="value")
    extra = metrics.loc["mail"] - metrics.loc["nothing"]
    spend = extra["acquisition_spend_per_customer"]
    assert returns["mail"].value == pytest.approx((extra["profit_per_customer"] + spend) / spend)


def test_results_of_before_have_a_report_without_people(results: Results, tmp_path: Path) -> None:
    rows = results.rows(MEASURES)
    assert not rows["measure"].str.startswith(("person/", "life/")).any()  # what a report reads is small
    recordings = read_recordings(rows, "nothing", results.arms, results.metrics(), results.comparisons())
    assert recordings.pairs is None and recordings.oracles == ()


def test_the_figure_of_cells_names_an_arm_that_spent(results: Results) -> None:
    recordings = recordings_of(results)
    drawing = draw_figure("treatment_by_cell", recordings)
    assert any(arm in drawing.finding for arm in recordings.others) and "nan" not in drawing.finding

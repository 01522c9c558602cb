"""Real runs: where money comes back and where that is not said."""

from pathlib import Path

import pytest

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.commands.results_json import comparisons_json
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.report.effects import returns_of
from tenure.experiments.report.recordings import recordings_of
from tenure.experiments.report.summary import report_of
from tenure.experiments.running.runner import Results, run_experiment
from tenure.experiments.store.results import open_results
from tests.folders import no_report, no_workers

__all__ = ["no_report", "no_workers"]  # fixtures

CONFIG = """
question: What comes back?
market: {extends: default, people: 400, burn_in_months: 2, currency: GBP}
months: 6
warm_up_months: 1
budget_per_month: 20000
arms:
  usual:  {policy: uniform, treatment: loyalty_reward, amount: 5}
  again:  {policy: uniform, treatment: loyalty_reward, amount: 5}
  more:   {policy: uniform, treatment: loyalty_reward, amount: 50}
  ends:   {policy: uniform, treatment: end}
  posts:  {policy: price_war, undercut_points: 3}
  guards: {policy: uniform, treatment: loyalty_reward, amount: 60, us: {guards: {price_ceiling: 30%}}}
champion: usual
replications: 2
metrics: [profit_per_customer, return_on_treatment]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("returns")
    path = folder / "what.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return run_experiment(load_experiment(str(path), []), folder / "out", workers=1)


def test_a_return_is_given_where_money_is_all_that_differs(results: Results) -> None:
    also = results.also_does["treatment_spend_per_customer"]
    assert also["again"] == also["more"] == ()
    assert "ends relationships" in also["ends"] and "changes us.guards" in also["guards"]
    assert also["posts"] == ()  # the income that it gives up is money spent
    assert "posts other prices" in results.also_does["acquisition_spend_per_customer"]["posts"]
    told = results.returns_reported()
    assert told["more"].ratio is not None and not told["more"].why_not
    assert told["again"].why_not == "is not found to spend over 1 GBP a customer more"
    for arm in ("ends", "guards"):
        assert results.returns()[arm] is None and told[arm].why_not


def test_beside_an_arm_that_does_nothing_who_ends_relationships_gets_no_return_on_its_letters(tmp_path: Path) -> None:
    """Ending costs a letter each: what the relationships would have earned is not what the letters lose."""
    path = tmp_path / "beside.yaml"
    text = CONFIG.replace("usual:  {policy: uniform, treatment: loyalty_reward, amount: 5}", "usual: do_nothing")
    arms = [line for line in text.splitlines() if not line.startswith(("  again", "  guards"))]
    path.write_text("\n".join(arms), encoding="utf-8")
    results = run_experiment(load_experiment(str(path), []), tmp_path / "out", workers=1)
    told = results.returns_reported()
    assert told["more"].ratio is not None and told["ends"].ratio is None and told["ends"].why_not
    assert "ends relationships" in results.also_does["treatment_spend_per_customer"]["ends"]
    metrics = results.metrics().pivot_table(index="arm", columns="metric", values="value")
    spent = metrics["treatment_spend_per_customer"]
    assert (told["posts"].ratio is not None) == bool(spent["posts"] - spent["usual"] > 1.0)


def test_terminal_report_figures_and_json_give_the_same_returns(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.experiments.report.figures.drawn.FIGURES", {})  # which take seconds to draw
    recordings = recordings_of(results)
    assert returns_of(recordings, METRICS["return_on_treatment"]) == results.returns_reported()
    plain = comparisons_json(results)
    told = results.returns_reported()
    assert {arm for arm, one in plain["return_on_treatment"].items() if one} == {a for a in told if told[a].ratio}
    assert plain["no_return_on_treatment"] == {arm: one.why_not for arm, one in told.items() if not one.ratio}
    assert plain["matters_from"]["profit_per_customer"] == 1.0 and plain["currency"] == "GBP"
    page = report_of(results).read_text(encoding="utf-8")
    for why in plain["no_return_on_treatment"].values():
        assert why in page
    assert "for profit_per_customer 1 GBP" in page and "EUR" not in page.partition("<main>")[2]


def test_what_was_done_is_read_once(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    first = results.also_does
    monkeypatch.setattr("tenure.experiments.analysis.worked_out.read_rows", None)
    assert open_results(results.folder).also_does == first

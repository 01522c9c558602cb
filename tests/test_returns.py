"""Real runs: where money comes back and where that is not said, and a folder with circumstances, table by table."""

from pathlib import Path

import pytest

from experiments.config import load_experiment
from experiments.outcomes import MEASURES, read_outcomes
from experiments.plots_effects import treatment_returns
from experiments.results import comparisons_json, open_results
from experiments.runner import Results, run_experiment
from experiments.summary import report_of
from tests.folders import SMALL, answer, no_report, no_workers, tenure

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
    assert "posts other prices" in also["posts"]
    told = results.returns_told()
    assert told["more"].ratio is not None and not told["more"].why_not
    assert told["again"].why_not == "is not found to spend over 1 GBP a customer more"
    for arm in ("ends", "posts", "guards"):
        assert results.returns()[arm] is None and told[arm].why_not


def test_beside_an_arm_that_does_nothing_a_return_is_always_given(tmp_path: Path) -> None:
    path = tmp_path / "beside.yaml"
    text = CONFIG.replace("usual:  {policy: uniform, treatment: loyalty_reward, amount: 5}", "usual: do_nothing")
    arms = [line for line in text.splitlines() if not line.startswith(("  again", "  posts", "  guards"))]
    path.write_text("\n".join(arms), encoding="utf-8")
    found = run_experiment(load_experiment(str(path), []), tmp_path / "out", workers=1).returns()
    assert found["more"] is not None
    metrics = open_results(tmp_path / "out").metrics().pivot_table(index="arm", columns="metric", values="value")
    spent = metrics["treatment_spend_per_customer"]
    assert (found["ends"] is not None) == bool(spent["ends"] - spent["usual"] > 1.0)


def test_terminal_report_figures_and_json_give_the_same_returns(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.report._figures", lambda outcomes: [])  # which take seconds to draw
    outcomes = read_outcomes(results.rows(MEASURES), results.champion, results.arms, results.comparisons(),
                             currency=results.currency, also_does=results.also_does)  # fmt: skip
    assert treatment_returns(outcomes) == results.returns_told()
    plain = comparisons_json(results)
    assert {arm for arm, one in plain["return_on_treatment"].items() if one} == {"more"}
    assert plain["no_return_on_treatment"] == {
        arm: one.why_not for arm, one in results.returns_told().items() if arm != "more"
    }
    assert plain["matters_from"]["profit_per_customer"] == 1.0 and plain["currency"] == "GBP"
    page = report_of(results).read_text(encoding="utf-8")
    for why in plain["no_return_on_treatment"].values():
        assert why in page
    assert "for profit_per_customer 1 GBP" in page and "EUR" not in page.partition("<main>")[2]


def test_what_was_done_is_read_once(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    first = results.also_does
    monkeypatch.setattr("experiments.worked_out.read_rows", None)
    assert open_results(results.folder).also_does == first


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_with_circumstances_is_walked_in_order(tmp_path: Path) -> None:
    config = tmp_path / "under.yaml"
    config.write_text(SMALL + "circumstances:\n  thrift: [budget_per_month=50]\n  default: []\n", encoding="utf-8")
    out = tmp_path / "out"
    assert tenure("run", config, "-o", out)[0] == 0
    heads = ["Under the circumstances 'default':", "Under the circumstances 'thrift':"]
    for command in ("status", "compare"):
        code, said = tenure(command, out)
        assert code == 0 and [line for line in said.splitlines() if line.startswith("Under the")] == heads
        inner = [tenure(command, out / name)[1] for name in ("default", "thrift")]
        assert said == "\n".join(f"{head}\n{one}" for head, one in zip(heads, inner, strict=True))
    both = answer("compare", out)["items"]
    assert [Path(one["folder"]).name for one in both] == ["default", "thrift"]
    assert [one["hash"] for one in both] == [answer("compare", out / one)["hash"] for one in ("default", "thrift")]


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_circumstance_that_is_damaged_hides_no_other(tmp_path: Path) -> None:
    config = tmp_path / "under.yaml"
    config.write_text(SMALL + "circumstances:\n  a: []\n  b: [budget_per_month=50]\n  c: []\n", encoding="utf-8")
    out = tmp_path / "out"
    assert tenure("run", config, "-o", out)[0] == 0
    for path in (out / "a" / "experiment.json", out / "a" / "runs" / "experiment.json"):
        path.write_text("{}", encoding="utf-8")
    (out / "c" / "experiment.json").rename(out / "moved")
    code, said = tenure("compare", out)
    assert code == 2 and "makes it again" in said and "Differences from 'nothing'" in said
    (out / "d").symlink_to(out / "b")
    code, said = tenure("status", out)
    assert code == 2 and "this is a link" in said and said.count("4 of 4 runs are there") == 1

"""What `check` accepts runs to a table and a report, however small: one person, one month, nobody in a group."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.commands.app import app
from tenure.policies.shelf import SHELF
from tests.folders import without_workers

PLAIN = {
    "market": "{extends: default, people: 20, burn_in_months: 1MORE}",
    "months": "2",
    "warm_up_months": "1",
    "budget_per_month": "4000",
    "champion": "nothing",
    "replications": "2",
    "arms": "{nothing: do_nothing, uniform: {policy: uniform, treatment: loyalty_reward}}",
}
PRODUCTS = {
    "deposit": "{kind: deposit, rate: 1%, balance: 2000}",
    "fee": "{kind: fee, fee_per_year: 40}",
    "instalment": "{kind: instalment, apr: 9%, amount: 5000}",
    "revolving": "{kind: revolving, apr: 18%, line: 2000}",
}
ONE_MARKET = "{currency: EUR, people: 20, burn_in_months: 1, products: {only: PRODUCT}, us: {share: 50%, quality: 0}}"
EVERY = ", ".join(f"{name}: {{policy: {name}}}" for name in SHELF if name != "rules")


def of_one(kind: str) -> dict[str, str]:
    """Return an experiment in a market of one product, which has the file of a market beside it."""
    return {"market": "own.market.yaml", "own": ONE_MARKET.replace("PRODUCT", PRODUCTS[kind])}


SMALL: dict[str, dict[str, str]] = {
    "as small as can be": {
        "people": "1",
        "months": "1",
        "warm_up_months": "0",
        "replications": "1",
        "arms": "{nothing: do_nothing}",
        "more": ", burn_in_months: 0",
    },
    "one person": {"people": "1"},
    "three people": {"people": "3", "replications": "3"},
    "sixty people, one arm": {"people": "60", "arms": "{nothing: do_nothing}"},
    "nobody in two quadrants": {"more": ", quadrants: {risk: {split: 100%}}"},
    "nobody in three quadrants": {"more": ", quadrants: {risk: {split: 100%}, return: {split: 1e8}}"},
    "no rivals": {"more": ", rivals: {}"},
    "no channels": {"more": ", us: {acquisition: {}}, rivals: {megabank: {acquisition: {}}}"},
    "nothing to sell": {"more": ", us: {products: []}"},
    "nobody is ours": {"more": ", us: {share: 0%, quality: 0, acquisition: {}, visible: false}"},
    "nobody enters": {"more": ", world: {newcomers_per_year: 0}"},
    "everybody enters": {"more": ", world: {newcomers_per_year: 100%}"},
    "no money": {"budget_per_month": "0"},
    "deposits alone": of_one("deposit"),
    "fees alone": of_one("fee"),
    "loans alone": of_one("instalment"),
    "cards alone": of_one("revolving"),
    "one metric": {"metrics": "share_harmed"},
    "every metric": {"metrics": f"[{', '.join(METRICS)}]"},
    "every policy": {"arms": f"{{nothing: do_nothing, {EVERY}}}", "months": "14", "replications": "1"},
    "scenarios": {"scenarios": "{base: {}, crisis: crisis, late: {from: 1, to: 1, world: {newcomers_per_year: 50%}}}"},
    "limits and segments": {
        "guards": "{structure: [{quadrant: low_risk_low_return, share_of: line, at_least: 1%}, {name: all, sum_of: "
        "customers, at_most_eur: 1}], capacity_per_month: {all: 0}}",
        "more": ", segments: {rich: income > 1e6, poor: income < 1e6}",
    },
    "files of strangers": {"more": ", us: {existing_customers: [settled, contacted, browsing], feedback: true}"},
}
pytestmark = [pytest.mark.filterwarnings(f"error::{kind}") for kind in ("RuntimeWarning", "UserWarning")]
QUICK = ("as small as can be", "scenarios", "nobody in three quadrants", "deposits alone")


def written(folder: Path, changes: dict[str, str]) -> Path:
    entries = {**PLAIN, **{key: value for key, value in changes.items() if key not in ("people", "more", "own")}}
    more = changes.get("more", "")
    entries["market"] = entries["market"].replace("people: 20", f"people: {changes.get('people', '20')}")
    if "burn_in" in more:
        entries["market"] = entries["market"].replace(", burn_in_months: 1MORE", "MORE")
    entries["market"] = entries["market"].replace("MORE", more)
    (folder / "own.market.yaml").write_text(changes.get("own", "{}"), encoding="utf-8")
    path = folder / "small.yaml"
    lines = ["question: Does it run?", *(f"{key}: {value}" for key, value in entries.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tenure(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0 and result.exception is None, (result.output, result.exception)
    return result.stdout


def runs_to_the_end(folder: Path, changes: dict[str, str]) -> None:
    path, out = written(folder, changes), folder / "out"
    assert "No errors." in tenure("check", str(path))
    with without_workers():
        told = tenure("run", str(path), "-o", str(out), "--workers", "1")
    assert (out / "report.html").stat().st_size > 10_000
    table = tenure("compare", str(out))
    assert "Per customer at the start" in table or "metrics" in changes
    answer = json.loads(tenure("compare", str(out), "--json"))
    assert answer["champion"] == "nothing" and "nan" not in table.lower()
    assert "Results  " in told and "Next     " in told


@pytest.mark.parametrize("name", QUICK)
def test_a_small_experiment_runs_to_the_end(tmp_path: Path, name: str) -> None:
    runs_to_the_end(tmp_path, SMALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in SMALL if one not in QUICK])
def test_any_small_experiment_runs_to_the_end(tmp_path: Path, name: str) -> None:
    runs_to_the_end(tmp_path, SMALL[name])

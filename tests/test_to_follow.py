"""People to follow are whom it says, and the table for spreadsheets says what the terminal does."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenure.experiments.analysis.gains import common
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.commands.app import app
from tenure.experiments.export.comparisons import comparisons_csv
from tenure.experiments.export.plain import plain_text
from tenure.experiments.life.to_follow import EACH, people_of_run, to_follow
from tenure.experiments.store.results import Results
from tests.folders import made_here
from tests.test_door import loaded_by

CONFIG = """
question: Whom to follow?
market: {extends: default, people: 500, burn_in_months: 6, currency: GBP}
months: 8
warm_up_months: 2
budget_per_month: 4000
arms:
  nothing: do_nothing
  again: do_nothing
  book: quadrant_rules
  cheaper: {policy: price_war, undercut_points: 2.0}
champion: nothing
replications: 2
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    config = tmp_path_factory.mktemp("follow") / "follow.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return made_here(config, config.parent / "out")


def test_who_is_named_had_it_happen_under_that_arm_only(results: Results) -> None:
    names = {(one.arm, one.replication): name for name, one in results.known.items()}
    for replication in (0, 1):
        found = to_follow(results, replication)
        assert {one.arm for one in found} == {"book", "cheaper"}, "an arm like the champion changes nobody's life"
        for arm in ("book", "cheaper"):
            base, own = common(*(people_of_run(results, names[one, replication]) for one in ("nothing", arm)))
            row = {int(person): k for k, person in enumerate(own.ids)}
            for one in (one for one in found if one.arm == arm):
                k = row[one.person]
                paid = (own.charged[k] - own.rewards[k]) - (base.charged[k] - base.rewards[k])
                assert one.amount == pytest.approx(paid)
                happened = {
                    "told to go": own.told_to_go[k] and not base.told_to_go[k],
                    "charged off": own.charged_off[k] and not base.charged_off[k],
                    "spared being told to go": base.told_to_go[k] and not own.told_to_go[k],
                    "spared being charged off": base.charged_off[k] and not own.charged_off[k],
                    "pays most more": paid > 0.0,
                    "pays most less": paid < 0.0,
                }
                assert happened[one.why]
    told = [one for one in to_follow(results) if one.why == "told to go"]
    assert 1 <= len(told) <= EACH


def test_the_first_named_can_be_followed_by_the_command_that_is_printed(results: Results) -> None:
    out = CliRunner().invoke(app, ["compare", str(results.folder), "--people"])
    assert out.exit_code == 0 and "told to go" in out.stdout and "GBP" in out.stdout
    words = out.stdout.rpartition("Next     tenure ")[2].split("   ")[0].split()
    assert words[:2] == ["explain", "follow.yaml"]
    life = CliRunner().invoke(app, [words[0], str(results.folder.parent / "follow.yaml"), *words[2:]])
    assert life.exit_code == 0, life.output
    assert f"Person {words[words.index('--person') + 1]}" in life.stdout


def test_a_replication_that_is_not_there_is_told(results: Results) -> None:
    out = CliRunner().invoke(app, ["compare", str(results.folder), "--people", "--replication", "7"])
    assert out.exit_code == 2 and "write one from 0 to 1" in out.output
    answer = CliRunner().invoke(app, ["compare", str(results.folder), "--people", "--json"])
    assert {"arm", "why", "person", "amount"} == set(json.loads(answer.stdout)["people"][0])


def test_the_table_for_spreadsheets_has_every_comparison_once(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "effects.csv"
    out = CliRunner().invoke(app, ["compare", str(results.folder), "--csv", str(path)])
    assert out.exit_code == 0 and str(path) in out.stdout.replace("\n", "")
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf") and text.decode("utf-8-sig") == comparisons_csv(results)
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    told = {(one.metric, one.arm): one for one in results.comparisons()}
    assert [(row["metric"], row["arm"]) for row in rows] == list(told)
    assert {row["unit"] for row in rows if row["metric"] == "profit_per_customer"} == {"GBP"}
    for row in rows:
        one = told[row["metric"], row["arm"]]
        assert row["verdict"] == (one.verdict if METRICS[one.metric].has_verdict else "")
        assert int(row["replications"]) == one.n
        if row["low"]:
            assert float(row["low"]) <= float(row["difference"]) == one.difference <= float(row["high"])


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x"])
def test_no_name_is_a_formula(name: str) -> None:
    assert plain_text(name) == f"'{name}" and plain_text(name[1:]) == name[1:]


def test_compare_loads_neither_engine_nor_figures(results: Results) -> None:
    assert loaded_by("compare", str(results.folder)).isdisjoint({"numba", "mesa", "matplotlib"})

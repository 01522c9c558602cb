"""What is emptied is empty, and a market without it runs to a table and a report."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tests.folders import no_workers

__all__ = ["no_workers"]  # a fixture

BASE = """
question: And without?
market: {extends: default, people: 100, burn_in_months: 1}
months: 2
warm_up_months: 1
budget_per_month: 4000
arms: {nothing: do_nothing, match: price_match}
champion: nothing
replications: 2
"""
OWN_MARKET = "extends: default.market.yaml\npeople: 100\nburn_in_months: 1\n"
EMPTIED = {
    "rivals": "{rivals: {}, segments: {}, treatments: {}, tag_history: []}",
    "channels": "{us: {acquisition: {}, servicing_per_month: {}}, "
    "rivals: {megabank: {acquisition: {}, apr: {}}, fintech: {acquisition: {}}}}",
}


def written(folder: Path, text: str, name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("emptied", EMPTIED.values(), ids=EMPTIED)
def test_a_market_without_it_runs_to_a_table_and_a_report(emptied: str, tmp_path: Path) -> None:
    market = f"market: {{extends: default, people: 100, burn_in_months: 1, {emptied[1:]}"
    config = written(tmp_path, BASE.replace("market: {extends: default, people: 100, burn_in_months: 1}", market))
    told = CliRunner().invoke(app, ["run", str(config), "-o", str(tmp_path / "out"), "--workers", "1"])
    assert told.exit_code == 0, told.output
    assert "match" in told.output and (tmp_path / "out" / "report.html").is_file()


def test_rivals_are_emptied_wherever_it_is_written(tmp_path: Path) -> None:
    written(tmp_path, OWN_MARKET + "rivals: {}\n", "alone.market.yaml")
    written(tmp_path, BASE)
    below = written(tmp_path, "extends: small.yaml\nmarket: {rivals: {}}\n", "below.yaml")
    named = written(tmp_path, "extends: small.yaml\nmarket: alone.market.yaml\n", "named.yaml")
    for path, sets in ((below, []), (named, []), (tmp_path / "small.yaml", ["market.rivals={}"])):
        assert load_experiment(path, sets).market.rivals == {}
    assert list(load_experiment(tmp_path / "small.yaml").market.rivals) == ["megabank", "fintech"]
    some = load_experiment(tmp_path / "small.yaml", ["market.rivals.fintech.share=1%"]).market.rivals
    assert (
        list(some) == ["megabank", "fintech"] and some["fintech"].share == 0.01 and some["fintech"].convenience == 0.5
    )


@pytest.mark.parametrize("nothing", ["rivals", "products", "us", "segments", "treatments"])
def test_nothing_at_all_is_answered_by_the_empty_mapping(nothing: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_experiment(written(tmp_path, BASE), [f"market.{nothing}=null"])
    (one,) = refused.value.problems
    assert one.path == f"--set market.{nothing}" and ("{}" in one.mend or nothing in ("products", "us")), str(one)


def test_channels_are_emptied_and_named_anew(tmp_path: Path) -> None:
    text = BASE.replace("burn_in_months: 1}", "burn_in_months: 1, us: {acquisition: {}}}")
    assert load_experiment(written(tmp_path, text)).market.us.acquisition == {}
    added = load_experiment(tmp_path / "small.yaml", ["market.us.acquisition={post: {budget_per_month: 100}}"])
    assert list(added.market.us.acquisition) == ["mail", "online", "post"], "what is not empty merges"

"""What the README shows runs as it is written."""

import re
from pathlib import Path

from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.shipped import EXAMPLES
from tests.folders import made_here, without_workers

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SMALL = ("market.people=600", "market.burn_in_months=2", "warm_up_months=1", "months=3", "replications=2")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def test_the_config_shown_is_the_shipped_quickstart(tmp_path: Path) -> None:
    shown = tmp_path / "shown.yaml"
    shown.write_text(blocks("yaml")[0], encoding="utf-8")
    ours, shipped = load_experiment(shown), load_experiment(EXAMPLES / "quickstart.yaml")
    assert ours.settings == shipped.settings
    lines = [line for line in (EXAMPLES / "quickstart.yaml").read_text().splitlines() if line.split("#")[0].strip()]
    assert len(lines) <= 15


def test_the_table_of_rules_and_the_policy_shown_run_as_arms(tmp_path: Path) -> None:
    config, plugin = tmp_path / "mine.yaml", tmp_path / "mine.py"
    plugin.write_text(blocks("python")[0], encoding="utf-8")
    arms = blocks("yaml")[0].replace("  match:   price_match\n", blocks("yaml")[1] + "  mine: save_by_value\n")
    config.write_text(arms, encoding="utf-8")
    experiment = load_experiment(config, SMALL, (plugin,))
    results = run_experiment(experiment, tmp_path / "out", workers=1)
    assert not results.failed
    assert set(results.metrics()["arm"]) == {"nothing", "uniform", "book", "ours", "mine"}


def test_the_arms_that_change_what_we_know_run(tmp_path: Path) -> None:
    config = tmp_path / "know.yaml"
    config.write_text(f"question: what?\nchampion: usual\nmonths: 3\n{blocks('yaml')[2]}", encoding="utf-8")
    results = made_here(config, tmp_path / "out", (*SMALL, "market.people=800"))
    assert not results.failed
    rows = results.rows(["migration/quadrant/true/heads", "treatments", "lookalike"])
    assert "win_back" in set(rows[rows["arm"] == "invite"]["a"])


def test_the_treatments_guards_and_scenarios_shown_run(tmp_path: Path) -> None:
    config = tmp_path / "own.yaml"
    config.write_text(f"question: what?\nchampion: gift\nmonths: 3\n{blocks('yaml')[3]}", encoding="utf-8")
    experiment = load_experiment(config, SMALL)
    assert [(one.name, one.market.world.macro_mean) for one in experiment.scenarios] == [("base", 0.0), ("crisis", 1.8)]
    with without_workers():
        results = run_experiment(experiment, tmp_path / "out", workers=1)
    assert not results.failed
    rows = results.rows(["treatments", "policy_notes", "funnel"])
    assert "birthday_gift" in set(rows[rows["arm"] == "gift"]["a"])
    assert not rows["b"].str.startswith("refused:hardship").any()


def test_what_is_uncertain_a_design_and_a_precision_are_asked_as_shown(tmp_path: Path) -> None:
    config = tmp_path / "asked.yaml"
    config.write_text(f"extends: quickstart.yaml\n{blocks('yaml')[4]}", encoding="utf-8")
    experiment = load_experiment(config)
    assert {one.factors for one in experiment.scenarios} == {
        (("budget_per_month", 2000),),
        (("budget_per_month", 4000),),
    }
    assert len(experiment.uncertain) == 2
    assert (experiment.settings.metrics.decide_on, experiment.settings.precision.half_width) == (  # type: ignore[union-attr]  # it is asked for
        "profit_per_customer",
        2.5,
    )


def test_the_rivals_channels_and_offers_shown_run(tmp_path: Path) -> None:
    config = tmp_path / "rivals.yaml"
    config.write_text(f"question: what?\nchampion: nothing\nmonths: 3\n{blocks('yaml')[5]}", encoding="utf-8")
    experiment = load_experiment(config, [*SMALL, "market.people=800"])
    with without_workers():
        results = run_experiment(experiment, tmp_path / "out", workers=1)
    assert not results.failed
    rows = results.rows(["ledger"])
    paid = rows[(rows["measure"] == "ledger") & (rows["a"] == "treatment") & (rows["arm"] == "nothing")]
    assert (paid[paid["institution"] == "us"]["value"] < 0.0).any(), "who comes from another is paid"


def test_the_commands_shown_exist() -> None:
    answer = CliRunner().invoke(app, ["--help"]).output
    for command in set(re.findall(r"`tenure (\w+)", README)):
        assert re.search(rf"^  {command} ", answer, flags=re.M), command
    for name in re.findall(r"`tenure explain (\w+)`", README):
        assert CliRunner().invoke(app, ["explain", name]).exit_code == 0, name

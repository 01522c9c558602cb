"""One thing switched off at a time: mechanisms, rules of a table, and what changes on the same luck."""

from pathlib import Path

import pandas as pd
import pytest

from tenure.experiments.analysis.why.answer import why
from tenure.experiments.analysis.why.found import NOT_RUN
from tenure.experiments.analysis.why.switched import (
    EVERYTHING,
    mechanisms,
    rules_of,
    settings_off,
    switched_off,
    without_rule,
)
from tenure.experiments.commands.why.answer import switched_off_json
from tenure.experiments.commands.why.without import ToSwitchOff, without_asked
from tenure.experiments.config.experiment import load_experiment
from tests.folders import made_here, without_workers

FIRST = {"when": "months_past_due >= 1", "do": "early_help"}
SECOND = {"when": "leave_per_year > 1%", "do": "loyalty_reward"}


@pytest.mark.parametrize("name", sorted(mechanisms()))
def test_every_mechanism_is_off_by_settings_that_a_market_has_and_that_are_others_by_default(name: str) -> None:
    usual = load_experiment("quickstart.yaml")
    off = load_experiment("quickstart.yaml", settings_off(name, list(usual.market.rivals)))
    assert off.market != usual.market


def test_an_unknown_mechanism_is_refused_with_a_near_name() -> None:
    with pytest.raises(ValueError, match="messages_tire"):
        settings_off("message_tire", ())


def test_rules_are_left_out_one_at_a_time_and_the_last_leaves_nothing_to_do() -> None:
    both = {"policy": "rules", "rules": [FIRST, SECOND], "us": {"feedback": True}}
    assert without_rule(both, 1) == {"policy": "rules", "rules": [SECOND], "us": {"feedback": True}}
    assert without_rule({"policy": "rules", "rules": [FIRST]}, 1) == {"policy": "do_nothing"}
    assert len(rules_of("stage_rules")) > 1
    for arm, number in ((both, 3), (both, 0), ("do_nothing", 1)):
        with pytest.raises(ValueError, match="no rule"):
            without_rule(arm, number)


def test_a_change_is_taken_between_the_same_replications() -> None:
    whole, without = pd.Series({0: 1.0, 1: 5.0, 2: 9.0}), pd.Series({1: 4.0, 2: 8.0, 3: 100.0})
    found = switched_off("x", "", whole, without)
    assert found.change.mean == -1.0
    assert found.change.half_width == 0.0


CONFIG = """
question: What carries it?
market: {extends: default, people: 800, burn_in_months: 3}
months: 6
warm_up_months: 2
budget_per_month: 4000
arms:
  nothing: do_nothing
  desk: {policy: rules, rules: [{when: leave_per_year > 1%, do: loyalty_reward}]}
  other: price_match
champion: nothing
replications: 2
"""


def _made(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (folder / "why").rglob("*.parquet") if path.parent.name == "runs"}


def test_runs_of_their_own_go_on_where_they_were_and_are_told_while_they_are_of_this_experiment(tmp_path: Path) -> None:
    """The last rule of an arm carries all of it."""
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    folder = tmp_path / "results"
    results = made_here(config, folder)
    before = why(results, "desk").without
    assert before.each == () and set(before.unknown.values()) == {NOT_RUN}
    assert set(before.unknown) == {*mechanisms(), "rule 1"}
    asked = ToSwitchOff(folder, "desk", "", ("rule 1", "price_drives_away"), (), 1)
    with without_workers():
        found = without_asked(asked, quiet=True)
    one, other = found["without"]  # type: ignore[misc]  # a list of mappings
    assert one["difference"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert one["carried"] == one["whole"] == found["whole"]
    assert other["carried"]["mean"] == pytest.approx(other["whole"]["mean"] - other["difference"]["mean"])

    told = why(results, "desk")
    assert [switched_off_json(each) for each in told.without.each] == [other, one]
    assert set(told.without.unknown) == {*mechanisms()} - {"price_drives_away"}
    parts, table = told.parts(), told.without_table()
    assert parts.loc[parts["division"] == "switched off", "mean"].tolist() == table["carried"].tolist()
    assert table["name"].tolist() == ["price_drives_away", "rule 1"]
    assert (table["with_it"] - table["without"]).to_numpy() == pytest.approx(table["carried"].to_numpy())
    assert table.loc[1, "carried"] == pytest.approx(told.total.mean, abs=1e-9)

    made = _made(folder)
    assert len(made) == 8
    lost = next(path for path in made if "rule_1" in path.parts)
    lost.unlink()  # as if it was stopped before this run
    assert why(results, "desk").without.unknown["rule 1"] == "3 of 4 runs made"
    with without_workers():
        assert without_asked(asked, quiet=True) == found
    again = _made(folder)
    assert {path for path in made if made[path] != again[path]} == {lost}

    config.write_text(CONFIG.replace("leave_per_year > 1%", "leave_per_year > 2%"))
    changed = why(made_here(config, folder), "desk").without
    assert [each.name for each in changed.each] == ["rule 1"]  # without it the arm is what it was
    assert changed.unknown["price_drives_away"] == "made before arms changed"


def test_what_is_asked_wrongly_is_refused_before_a_run(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    made_here(config, tmp_path / "results")
    asked = ToSwitchOff(tmp_path / "results", "desk", "", ("rule 1",), (), 1)
    with pytest.raises(ValueError, match="desk, other"):
        without_asked(asked._replace(arm="nothing"), quiet=True)
    with pytest.raises(ValueError, match="rule 1"):
        without_asked(asked._replace(names=("rule one",)), quiet=True)
    assert EVERYTHING not in mechanisms()

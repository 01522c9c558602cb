"""Replications until something is known: the same runs whoever makes them, stopped and gone on with, and no more."""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tenure.experiments.commands.terminal import RunBars, console
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.running.runner import Event, run_experiment
from tenure.experiments.running.stages import PILOT, lacking_in
from tenure.experiments.store.results import Results, open_results
from tests.folders import answer, make, no_report, no_workers, tenure

__all__ = ["no_report", "no_workers"]

BASE = """
question: Does a reward pay?
market: {extends: default, people: 150, burn_in_months: 1}
months: 2
warm_up_months: 0
budget_per_month: 1000
arms:
  nothing: do_nothing
  same: do_nothing
  book: price_match
champion: nothing
"""
FAILS = """
from dataclasses import dataclass

from tenure import Treatments


@dataclass(frozen=True)
class Fails:
    name = "fails"
    how: str = ""

    def decide(self, view):
        if self.how:
            raise RuntimeError(self.how)
        return Treatments.none()
"""
UNTIL_PRECISE = BASE + "precision: {half_width: 1e9, at_most: 12}\n"
CHOOSING = BASE + "choose: {zone: 1e6, at_most: 15, scored_on: 2}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(UNTIL_PRECISE, encoding="utf-8")
    return path


def replications(results: Results) -> dict[str, list[int]]:
    """Return which replications of each arm are there."""
    found: dict[str, list[int]] = {}
    for one in results.known.values():
        found.setdefault(one.arm, []).append(one.replication)
    return {arm: sorted(some) for arm, some in found.items()}


@pytest.mark.usefixtures("no_workers")
def test_an_arm_makes_no_more_once_it_is_known_well_enough_and_the_champion_goes_on(
    config: Path, tmp_path: Path
) -> None:
    found = make(tmp_path / "out", config, ("precision.half_width=1e-6",))
    assert replications(found) == {"nothing": [*range(12)], "same": [*range(10)], "book": [*range(12)]}
    by_arm = {one.arm: one for one in found.comparisons() if one.metric == "profit_per_customer"}
    assert by_arm["same"].n == 10 and by_arm["same"].half_width == 0.0 and by_arm["book"].n == 12
    assert lacking_in(found) == []


@pytest.mark.usefixtures("no_workers")
def test_who_wants_it_more_precise_later_goes_on_as_if_he_had_from_the_start(config: Path, tmp_path: Path) -> None:
    first = make(tmp_path / "out", config)
    assert {len(some) for some in replications(first).values()} == {10} and first.made == 30
    assert make(tmp_path / "out", config).made == 0
    later = make(tmp_path / "out", config, ("precision.half_width=1e-6",))
    at_once = make(tmp_path / "other", config, ("precision.half_width=1e-6",))
    assert later.made == 4 and later.hash == at_once.hash and replications(later) == replications(at_once)
    assert str(later.comparisons()) == str(at_once.comparisons())  # nan is not nan


@pytest.mark.usefixtures("no_workers")
def test_who_was_stopped_goes_on_to_the_same_end(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = ("precision.half_width=1e-6",)
    whole = make(tmp_path / "whole", config, sets)
    for stop_after in (7, 31):

        def stop(event: Event, stop_after: int = stop_after) -> None:
            if event.kind == "run" and event.done == stop_after:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make(tmp_path / "out", config, sets, progress=stop)
        there = open_results(tmp_path / "out")
        assert len(there.names) == stop_after and lacking_in(there)
    again = make(tmp_path / "out", config, sets)
    assert again.made == 34 - 31 and again.hash == whole.hash


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(config: Path, tmp_path: Path) -> None:
    """Slow: worker processes begin three times."""
    made = [
        run_experiment(load_experiment(config, ("precision.half_width=1e-6",)), tmp_path / f"{workers}", workers)
        for workers in (1, 2, 3)
    ]
    assert len({one.hash for one in made}) == 1 and len({*map(str, map(replications, made))}) == 1


@pytest.mark.usefixtures("no_workers")
def test_runs_that_fail_are_tried_once_and_waited_for_by_nobody(tmp_path: Path) -> None:
    policy = tmp_path / "fails.py"
    policy.write_text(
        FAILS,
        encoding="utf-8",
    )
    path = tmp_path / "one.yaml"
    path.write_text(UNTIL_PRECISE.replace("price_match", "{policy: fails, how: loudly}"), encoding="utf-8")
    found = run_experiment(load_experiment(path, (), (policy,)), tmp_path / "out", 1)
    assert len(found.failed) == 12 and replications(found) == {"nothing": [*range(12)], "same": [*range(10)]}
    assert lacking_in(found) == []


@pytest.mark.usefixtures("no_workers")
def test_the_chosen_arm_is_scored_on_replications_that_did_not_choose_it(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(CHOOSING.replace("champion: nothing", "champion: book"), encoding="utf-8")
    found = make(tmp_path / "out", path)
    choice = found.choice()
    assert choice is not None and choice.is_over and choice.selection.chosen
    if choice.selection.chosen != "book":
        assert replications(found)["book"] == [*range(choice.selection.at), 15, 16]
        assert choice.fresh is not None and choice.fresh.n == 2
    assert lacking_in(found) == [] and make(tmp_path / "out", path).made == 0


@pytest.mark.usefixtures("no_workers", "no_report")
def test_commands_say_what_was_wanted_and_that_it_is_there(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = tenure("run", config)
    assert code == 0 and "wanted: ±1e+09 EUR or better for each difference of profit_per_customer" in said
    assert re.search(r"10/12  same ±0\.0 ok  book ±\S+ ok", said), said
    assert "30 of at most 36 are in" in said
    code, said = tenure("status", "results/one")
    assert code == 0 and "30 of 30 runs are there, of at most 36" in said and "tenure compare" in said
    code, said = tenure("compare", "results/one")
    assert code == 0 and "allow for looking" in said
    code, said = tenure("compare", "results/one", "--people")
    assert code == 0 and re.search(r"who fare worst pay on average, more than .*'nothing'", said)
    assert re.search(r"  same: 0\.0 ± 0\n  book: \S+ ± \S+\n", said), said
    code, said = tenure("audit", "results/one")
    assert code == 0 and "are not there" not in said
    told = answer("check", config)["items"][0]
    assert {one["arm"]: one["needed"] for one in told["detectable"]} == {"same": 10, "book": 10}


@pytest.mark.usefixtures("no_workers")
def test_a_pilot_makes_five_replications_that_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "one.yaml"
    path.write_text(BASE + "replications: 8\n", encoding="utf-8")
    code, said = tenure("check", path)
    assert code == 0 and "found with" not in said
    code, said = tenure("check", path, "--pilot")
    assert code == 0 and f"judged by {PILOT} replications" in said and "found with 80% chance" in said
    assert len(open_results(Path("results/one")).names) == 3 * PILOT
    assert make(tmp_path / "results" / "one", path).made == 3 * (8 - PILOT)
    code, said = tenure("check", "default.market.yaml", "--pilot")
    assert code == 2 and "--pilot is for an experiment" in said


def test_lines_below_the_bars_count_replications_and_keep_time_out_of_it() -> None:
    """What `tenure run` shows on a terminal, without one: a line for each scenario, as of the last look."""
    from tenure.experiments.design.point import Point
    from tenure.experiments.running.stages import ArmsStanding

    bars = RunBars(console(), "wanted: ±2.5", 120)
    bars(Event("begin", done=0, total=40))
    standing = {"base": ArmsStanding(10, "book ±3.4"), "recession": ArmsStanding(10, "book ±1.5 ok")}
    bars(Event("stage", done=20, total=60, standing=standing))
    bars(Event("run", done=21, total=60, point=Point("base", "nothing", 10)))
    bars(Event("run", done=22, total=60, point=Point("base", "book", 10)))
    assert [*bars.standing_lines()] == [
        "wanted: ±2.5",
        "base         11/120  book ±3.4",
        "recession    10/120  book ±1.5 ok",
    ]
    bars.bars.stop()


WRONG: Sequence[tuple[str, str, str]] = (
    ("replications: 10\nprecision: {half_width: 2}", "exclude each other", "Keep one"),
    ("precision: {half_width: 2}\nchoose: {zone: 2}", "precision and choose exclude each other", "Keep one"),
    ("precision: {at_most: 20}", "precision.half_width: it is missing", "half_width"),
    ("precision: 2.5", "precision: a mapping is wanted", "write"),
    ("precision: {half_width: -1}", "precision.half_width", "from"),
    ("precision: {half_width: wide}", "precision.half_width", "number"),
    ("precision: {half_width: 5%}", "5% is a share, and profit_per_customer is in EUR", "2.50"),
    ("precision: {half_width: 2, at_least: 11}", "nobody looks after 11 replications", "Write 10 or 12."),
    ("precision: {half_width: 2, at_most: 70}", "nobody looks after 70 replications", "Write 60 or 80."),
    ("precision: {half_width: 2, at_least: 5}", "precision.at_least: 5 is below 10", "write"),
    ("precision: {half_width: 2, at_least: 40, at_most: 20}", "40 is more than at_most, 20", "Write 20 or less."),
    ("precision: {half_width: 2, at_mots: 20}", "there is no such setting", "at_most"),
    ("metrics: [attrition_per_year]\nprecision: {half_width: 2}", "2 is above 1", "Did you mean 2%?"),
    ("metrics: [return_on_treatment]\nprecision: {half_width: 2}", "return_on_treatment is a ratio", "Put another"),
    ("choose: {at_most: 20}", "choose.zone: it is missing", "zone"),
    ("choose: {zone: 2, at_most: 22}", "22 is not a multiple of 5", "Write 25."),
    ("choose: {zone: 2, confidence: 95}", "95 is above 1", "95%"),
    ("choose: {zone: 2, scored_on: 1}", "choose.scored_on: 1 is below 2", "write"),
    ("metrics: [share_harmed]\nchoose: {zone: 1%}", "share_harmed is of pairs of runs", "Put another"),
)


@pytest.mark.parametrize(("written", "what", "mend"), WRONG)
def test_what_is_wrong_is_told_with_its_place_and_how_to_mend_it(
    written: str, what: str, mend: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(BASE + written + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_experiment(path)
    found = [one for one in raised.value.problems if what in str(one)]
    lines = path.read_text().splitlines()
    assert len(found) == 1 and mend.lower() in str(found[0]).lower(), raised.value
    assert written.splitlines()[-1].split(":")[0] in lines[found[0].line - 1] or "metrics" in lines[found[0].line - 1]


@pytest.mark.parametrize("way", ["precision: {half_width: 2}", "choose: {zone: 2}"])
def test_one_arm_alone_is_compared_with_nothing(way: str, tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(BASE.replace("  same: do_nothing\n  book: price_match\n", "") + way + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="there is one arm"):
        load_experiment(path)


def test_the_command_line_goes_before_the_file_and_the_file_before_what_it_extends(tmp_path: Path) -> None:
    base, own = tmp_path / "base.yaml", tmp_path / "own.yaml"
    base.write_text(BASE + "replications: 7\n", encoding="utf-8")
    own.write_text("extends: base.yaml\nprecision: {half_width: 2, at_most: 40}\n", encoding="utf-8")
    assert load_experiment(base).settings.precision is None
    of_own = load_experiment(own).settings
    assert of_own.precision is not None and of_own.replications == 40
    fixed = load_experiment(own, ("replications=3",))
    assert fixed.settings.precision is None and fixed.settings.replications == 3
    assert "precision" not in fixed.written


def test_an_experiment_of_a_fixed_number_says_nothing_of_it(tmp_path: Path) -> None:
    """Records and names of runs are what they were."""
    from tenure.experiments.design.planning import plan_tasks

    path = tmp_path / "one.yaml"
    path.write_text(BASE + "replications: 2\n", encoding="utf-8")
    about: dict[str, Any] = plan_tasks(load_experiment(path), tmp_path / "out").about
    assert not {"precision", "choose"} & about.keys()
    began = time.perf_counter()
    path.write_text(UNTIL_PRECISE, encoding="utf-8")
    more: dict[str, Any] = plan_tasks(load_experiment(path), tmp_path / "out").about
    assert about["runs"].items() <= more["runs"].items() and json.dumps(more["precision"])
    assert time.perf_counter() - began < 60.0

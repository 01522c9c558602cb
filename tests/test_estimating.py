"""The estimate before a run: its laws, what is remembered of a machine, and what is never believed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.analysis.sequential.asked import Precision
from tenure.experiments.analysis.sequential.detectable import Detectable
from tenure.experiments.commands.checking import check_file
from tenure.experiments.commands.finding import expected_runs
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design import estimating
from tenure.experiments.design.estimating import (
    Estimate,
    Speed,
    Timed,
    estimate,
    remember,
    remembered,
    shortage_notes,
)
from tenure.experiments.running.workers import processors
from tests.scenarios import SMALL

CONFIG = """
question: Does it pay?
market: {extends: default, people: 1000, burn_in_months: 12}
months: 24
warm_up_months: 12
arms: {nothing: do_nothing, bandit: thompson}
champion: nothing
replications: 5
"""
USUAL = Speed()


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "speed.json"
    monkeypatch.setattr(estimating, "_path", lambda: path)
    monkeypatch.setattr(estimating, "_is_compiled", lambda: True)
    monkeypatch.setattr(estimating, "processors", lambda: 2)
    monkeypatch.setattr(estimating, "_worked", lambda: estimating.WORK_SECONDS)
    return path


def experiment_of(folder: Path, *sets: str) -> Experiment:
    path = folder / "one.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return load_experiment(path, sets)


def lived(rate: float, count: int = 5, people: int = 10_000, months: int = 60) -> list[Timed]:
    seconds = USUAL.fixed_seconds + rate * months * (people + estimating.PEOPLE_PER_MONTH)
    return [Timed(people, months, seconds, "do_nothing")] * count


def test_the_estimate_by_hand(tmp_path: Path) -> None:
    takes = estimate(experiment_of(tmp_path), 1, speed=Speed(5.0, 0.5, 1e-5))
    state, nothing, bandit = 0.5 + 0.67 * 24 * 4000e-5, 0.5 + 24 * 4000e-5, 0.5 + 1.4 * 24 * 4000e-5
    slower = 0.5 / 0.12  # than a usual machine, by what a run takes however small
    first, once, report = slower * 0.45, slower * 2.0, slower * (0.6 + 2 * 0.65)
    assert takes.seconds == pytest.approx(5 * (state + nothing + bandit) + 5.0 + first + once + report)
    assert (takes.runs, takes.memory) == (10, 2 * 320_000_000 + 5_500_000)
    assert takes.disk == 10 * (15_000 + 24 * 950 + 12_000) + 5 * 230_000 + 1_400_000


def test_two_workers_take_half_and_their_start(tmp_path: Path) -> None:
    speed = Speed(5.0, 0.5, 1e-5)
    one, two, nine = (estimate(experiment_of(tmp_path), count, speed=speed).seconds for count in (1, 2, 9))
    begun, rest = 5.0 + 0.5 / 0.12 * 0.45, 0.5 / 0.12 * (2.0 + 0.6 + 2 * 0.65)
    assert two == pytest.approx((one - begun - rest) / 2 + begun + rest)
    assert nine == pytest.approx(two + begun * (9 / 2 - 1))  # more workers than processors only take longer to start


def in_scenarios(folder: Path, scenarios: str) -> Experiment:
    (folder / "many.yaml").write_text(CONFIG + f"scenarios: {scenarios}\n", encoding="utf-8")
    return load_experiment(folder / "many.yaml")


def test_scenarios_multiply_runs_and_share_the_states_before_them(tmp_path: Path) -> None:
    speed = Speed(0.0, 0.5, 1e-5)
    alone = estimate(experiment_of(tmp_path), 1, speed)
    always = ", ".join(
        f"{name}: {{always: true, world: {{macro_mean: {mean}}}}}" for name, mean in (("b", 1), ("c", 2))
    )
    kinds = {"shared": "{a: {}, b: {}, c: {}}", "own": f"{{a: {{}}, {always}}}"}
    shared, own = (estimate(in_scenarios(tmp_path, written), 1, speed) for written in kinds.values())
    assert (shared.runs, own.runs, shared.memory) == (3 * alone.runs, 3 * alone.runs, alone.memory)
    assert own.seconds - shared.seconds == pytest.approx(
        2 * 5 * (0.5 + 0.67 * 24 * 4000e-5)
    )  # two more states, five times
    assert own.disk - shared.disk == 2 * 5 * 230 * 1000


def test_the_rules_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = estimate(experiment_of(tmp_path), 1)
    monkeypatch.setattr(estimating, "_is_compiled", lambda: False)
    first = estimate(experiment_of(tmp_path), 1)
    assert first.seconds == pytest.approx(ready.seconds + estimating.COMPILING_SECONDS)


@given(st.integers(100, 50_000), st.integers(1, 120), st.integers(1, 40), st.integers(1, 8))
def test_more_never_takes_less(people: int, months: int, replications: int, workers: int) -> None:
    base = load_experiment("quickstart.yaml")

    def asked(people: int, months: int, replications: int) -> Estimate:
        settings = base.settings.model_copy(update={"months": months, "replications": replications})
        market = base.market.model_copy(update={"people": people})
        return estimate(estimating.Experiment(**{**vars(base), "settings": settings, "market": market}), workers)

    least = asked(people, months, replications)
    for more in (
        asked(2 * people, months, replications),
        asked(people, 2 * months, replications),
        asked(people, months, replications + 8),
    ):
        assert all(a <= b for a, b in zip(least, more, strict=True))
        assert least.seconds < more.seconds


def test_a_machine_is_remembered_by_the_median(own_memory: Path) -> None:
    assert remembered() == USUAL
    for factor in (3.0, 3.0, 7.0, 3.0):
        remember(lived(factor * USUAL.seconds_per_person_month), 2.0)
    told = remembered()
    assert told.seconds_per_person_month == pytest.approx(3.0 * USUAL.seconds_per_person_month)
    assert told.fixed_seconds == pytest.approx(3.0 * USUAL.fixed_seconds)
    assert told.start_seconds == 2.0


def test_an_old_measurement_is_forgotten(own_memory: Path) -> None:
    for factor in (6.0,) * 20 + (2.0,) * estimating.MOST_KEPT:
        remember(lived(factor * USUAL.seconds_per_person_month))
    assert remembered().seconds_per_person_month == pytest.approx(2.0 * USUAL.seconds_per_person_month)


@pytest.mark.parametrize(
    "told",
    [
        [],
        lived(1e-5, count=2),  # too few
        [Timed(50, 2, 0.1)] * 9,  # too small to tell
        [Timed(300, 6, 0.8)] * 9,  # most of it is loading
        lived(9.0 * USUAL.seconds_per_person_month),  # no machine is so slow: it was busy
        [Timed(10_000, 0, 3.0)] * 9,
        lived(1.0),  # 700,000 times a usual one: a machine that slept
        [Timed(10_000, 60, float("nan"))] * 9,
    ],
)
def test_what_cannot_tell_changes_nothing(told: list[Timed]) -> None:
    remember(told)
    assert remembered() == USUAL


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{",
        b"null",
        b'{"%KEY%": 3}',
        b'{"%KEY%": {"rates": "fast"}}',
        b"[" * 50_000,
        b'{"%KEY%": {"rates": [null, "1", -1, 1e300, NaN], "starts": [Infinity, 0]}}',
        b" " * 200_000,
        b'{"another machine": {"rates": [1e-5]}}',
    ],
)
def test_a_damaged_or_foreign_file_is_ignored_and_mended(own_memory: Path, content: bytes) -> None:
    own_memory.write_bytes(content.replace(b"%KEY%", estimating._key().encode()))
    assert remembered() == USUAL
    remember(lived(1e-5), 2.0)
    assert remembered().start_seconds == 2.0
    assert len(json.loads(own_memory.read_text())) <= estimating.MOST_KEYS


@given(st.binary(max_size=200))
def test_no_bytes_break_it(content: bytes) -> None:
    estimating._path().write_bytes(content)
    assert remembered() == USUAL


def test_a_folder_that_refuses_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(estimating, "_path", lambda: tmp_path / "missing" / "speed.json")
    remember(lived(1e-5), 2.0)
    assert remembered() == USUAL


def test_only_the_processors_that_it_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {3}, raising=False)
    assert processors() == 1
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert processors() == 1


def test_too_little_disk_or_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "_free_disk", lambda folder: 1_500_000_000)
    monkeypatch.setattr(estimating.psutil, "virtual_memory", lambda: SimpleNamespace(available=10**9))
    assert shortage_notes(Estimate(1, 1.0, 10**9, 10**9), tmp_path / "not" / "there") == []
    disk, memory = shortage_notes(Estimate(1, 1.0, 2 * 10**9, 3 * 10**9), tmp_path)
    assert "2.0 GB of disk, and 1.5 GB are free" in disk and "3.0 GB of memory, and 1.0 GB are free" in memory
    monkeypatch.setattr(estimating, "_free_disk", lambda folder: None)
    assert shortage_notes(Estimate(1, 1.0, 10**15, 1), tmp_path) == []


def test_check_counts_the_scenarios(tmp_path: Path) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(CONFIG + "scenarios: {base: {}, crisis: crisis, late: {from: 3}}\n", encoding="utf-8")
    alone = estimate(experiment_of(tmp_path), 1)
    checked = check_file(str(path), [], [], 1)
    plan = checked.data["plan"]
    assert not checked.faulty and plan["scenarios"] == ["base", "crisis", "late"]
    assert plan["runs"] == 30 and alone.seconds < plan["seconds"] < 3 * alone.seconds
    assert any(line.startswith("3 scenarios x 2 arms") and "30 runs" in line for line in checked.lines)


def test_check_finds_what_is_wrong_in_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(CONFIG + "scenarios:\n  base: {}\n  bad: {world: {macro_maen: 1}}\n", encoding="utf-8")
    checked = check_file(str(path), [], [], 1)
    assert checked.faulty and len(checked.lines) == 1
    assert checked.lines[0].startswith(
        f"{path}:11:17: in the scenario 'bad': world.macro_maen: there is no such setting"
    )


def test_a_machine_that_never_ran_anything_is_measured_once(own_memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def worked() -> float:
        asked.append(3.0 * estimating.WORK_SECONDS)
        return asked[-1]

    monkeypatch.setattr(estimating, "_worked", worked)
    for _ in range(3):
        told = remembered()
        assert told.seconds_per_person_month == pytest.approx(3.0 * USUAL.seconds_per_person_month)
        assert told.start_seconds == pytest.approx(3.0 * USUAL.start_seconds)
    assert len(asked) == 3  # the least of three, the first time
    remember(lived(2.0 * USUAL.seconds_per_person_month))  # what runs take tells more
    assert remembered().seconds_per_person_month == pytest.approx(2.0 * USUAL.seconds_per_person_month)


def test_the_work_is_no_more_than_a_moment() -> None:
    began = time.process_time()
    assert estimating._slower_here() == pytest.approx(1.0)  # the fixture's
    assert time.process_time() - began < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("people", "months"), [(300, 12), (300, 60), (5_000, 12), (5_000, 60)])
def test_an_estimate_is_right_within_a_factor_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: int, months: int
) -> None:
    """Of the processor: an idle machine takes as long, and this one may be busy."""
    monkeypatch.undo()
    monkeypatch.setattr(estimating, "_path", lambda: tmp_path / "speed.json")
    sets = [f"market.people={people}", f"months={months}", "replications=2"]
    experiment = load_experiment("quickstart.yaml", sets)
    takes = estimate(experiment, 1)
    words = [
        sys.executable,
        "-m",
        "tenure.experiments.commands.app",
        "run",
        "quickstart.yaml",
        "-o",
        str(tmp_path / "out"),
        "--workers",
        "1",
        *(word for one in sets for word in ("--set", one)),
    ]
    began = os.times()
    subprocess.run(words, check=True, capture_output=True)
    ended = os.times()
    took = ended.children_user + ended.children_system - began.children_user - began.children_system
    assert took / 2.0 < takes.seconds < 2.0 * took, (took, takes.seconds)


def test_a_precision_ends_between_its_fewest_and_its_most_runs(tmp_path: Path) -> None:
    """Two arms in two scenarios: 2 x 2 x 10 runs at least, 2 x 2 x 60 at most."""
    path = tmp_path / "small.yaml"
    asked = "precision: {half_width: 5, at_least: 10, at_most: 60}\nscenarios: {base: {}, crisis: crisis}\n"
    path.write_text(SMALL.replace("replications: 1\n", "") + asked, encoding="utf-8")
    checked = check_file(str(path), [], [], 1)
    plan = checked.data["plan"]
    assert isinstance(plan, dict) and (plan["runs_at_least"], plan["runs"]) == (40, 240)
    said = " ".join(" ".join(checked.lines).split())
    assert "40 to 240 runs: each arm of each scenario or level has 10 to 60 replications" in said
    assert max(len(line) for text in checked.lines for line in text.splitlines()) <= 110


def test_the_runs_expected_are_those_of_the_looks_at_which_arms_stop() -> None:
    """Looks are after 10, 12, 15, 20 ...: 11 take 12, 14 take 15, too many the cap; the champion as the last arm."""

    def needs(arm: str, needed: int) -> Detectable:
        return Detectable(arm, 5, 1.0, 1.0, 1.0, needed)

    asked = Precision(half_width=1.0, at_least=10, at_most=60)
    assert expected_runs([("", needs("a", 11)), ("", needs("b", 14))], asked) == 12 + 15 + 15
    assert expected_runs([("base", needs("a", 3)), ("crisis", needs("a", 900))], asked) == 10 + 10 + 60 + 60

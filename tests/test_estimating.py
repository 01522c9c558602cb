"""The estimate before a run: its laws, what is remembered of a machine, and what is never believed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import estimating
from experiments.checking import check_file
from experiments.config import Experiment, load_experiment
from experiments.estimating import (
    Estimate,
    Lived,
    Speed,
    estimate,
    remember,
    remembered,
    shortage_notes,
    together,
)
from experiments.workers import processors

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
    return path


def experiment_of(folder: Path, *sets: str) -> Experiment:
    path = folder / "one.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return load_experiment(path, sets)


def lived(rate: float, count: int = 5, people: int = 10_000, months: int = 60) -> list[Lived]:
    seconds = USUAL.fixed_seconds + rate * months * (people + estimating.PEOPLE_PER_MONTH)
    return [Lived(people, months, seconds, "do_nothing")] * count


def test_the_estimate_by_hand(tmp_path: Path) -> None:
    takes = estimate(experiment_of(tmp_path), 1, speed=Speed(5.0, 0.5, 1e-5))
    state, nothing, bandit = 0.5 + 24 * 4000e-5, 0.5 + 24 * 4000e-5, 0.5 + 1.7 * 24 * 4000e-5
    assert takes.seconds == pytest.approx(5 * (state + nothing + bandit) + 5.0 + 3.0)
    assert (takes.runs, takes.memory) == (10, 2 * 320_000_000 + 5_500_000)
    assert takes.disk == 10 * (15_000 + 24 * 950 + 7_000) + 5 * 230_000 + 1_400_000


def test_two_workers_take_half_and_their_start(tmp_path: Path) -> None:
    speed = Speed(5.0, 0.5, 1e-5)
    one, two, nine = (estimate(experiment_of(tmp_path), count, speed=speed).seconds for count in (1, 2, 9))
    assert two == pytest.approx((one - 8.0) / 2 + 5.0 + 3.0)
    assert nine == pytest.approx(two + 5.0 * (9 / 2 - 1))  # more workers than processors only take longer to start


def test_circumstances_multiply(tmp_path: Path) -> None:
    one, twelve = (estimate(experiment_of(tmp_path), 2, count) for count in (1, 12))
    assert (twelve.runs, twelve.disk, twelve.memory) == (12 * one.runs, 12 * one.disk, one.memory)
    assert twelve.seconds == pytest.approx(12 * one.seconds)


def test_the_rules_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = estimate(experiment_of(tmp_path), 1)
    monkeypatch.setattr(estimating, "_is_compiled", lambda: False)
    first = estimate(experiment_of(tmp_path), 1)
    assert first.seconds == pytest.approx(ready.seconds + estimating.COMPILING_SECONDS)
    assert together([first] * 3).seconds == pytest.approx(3 * ready.seconds + estimating.COMPILING_SECONDS)
    assert together([first] * 3)[::2] == (3 * first.runs, 3 * first.disk)


@given(st.integers(100, 50_000), st.integers(1, 120), st.integers(1, 40), st.integers(1, 8))
def test_more_never_takes_less(people: int, months: int, replications: int, workers: int) -> None:
    base = load_experiment("quickstart.yaml")

    def asked(people: int, months: int, replications: int) -> Estimate:
        settings = base.settings.model_copy(update={"months": months, "replications": replications})
        market = base.market.model_copy(update={"people": people})
        return estimate(estimating.Experiment(**{**vars(base), "settings": settings, "market": market}), workers)

    least = asked(people, months, replications)
    for more in (asked(2 * people, months, replications), asked(people, 2 * months, replications),
                 asked(people, months, replications + 8)):  # fmt: skip
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
        [Lived(50, 2, 0.1)] * 9,  # too small to tell
        [Lived(300, 6, 0.8)] * 9,  # most of it is loading
        lived(9.0 * USUAL.seconds_per_person_month),  # no machine is so slow: it was busy
        [Lived(10_000, 0, 3.0)] * 9,
        lived(1.0),  # 700,000 times a usual one: a machine that slept
        [Lived(10_000, 60, float("nan"))] * 9,
    ],
)
def test_what_cannot_tell_changes_nothing(told: list[Lived]) -> None:
    remember(told)
    assert remembered() == USUAL


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{", b"null", b'{"%KEY%": 3}', b'{"%KEY%": {"rates": "fast"}}', b"[" * 50_000,
     b'{"%KEY%": {"rates": [null, "1", -1, 1e300, NaN], "starts": [Infinity, 0]}}', b" " * 200_000,
     b'{"another machine": {"rates": [1e-5]}}'],
)  # fmt: skip
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


def test_check_counts_the_circumstances(tmp_path: Path) -> None:
    told = "circumstances: {usual: [], large: [market.people=4000], short: [months=12]}\n"
    path = tmp_path / "asked.yaml"
    path.write_text(CONFIG + told, encoding="utf-8")
    alone = estimate(experiment_of(tmp_path), 1)
    checked = check_file(str(path), [], [], 1, False)
    assert not checked.faulty and checked.data["plan"]["circumstances"] == 3
    assert checked.data["plan"]["runs"] == 30 and checked.data["plan"]["seconds"] > 3 * alone.seconds
    assert any(line.startswith("3 circumstances x 2 arms") and "30 runs" in line for line in checked.lines)


def test_check_finds_what_is_wrong_under_circumstances(tmp_path: Path) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(CONFIG + "circumstances:\n  usual: []\n  bad: [market.extends=nosuch]\n", encoding="utf-8")
    checked = check_file(str(path), [], [], 1, False)
    assert checked.faulty and len(checked.lines) == 1
    assert checked.lines[0].startswith(f"{path}:11:8: under the circumstances 'bad': there is no market 'nosuch'")

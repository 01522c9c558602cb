"""The month that the benchmark compares with lives a market like the engine's."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench, bench_elementary, side_by_side
from benchmarks.bench_around import (
    Fixed,
    Memory,
    birth_ns,
    crowd,
    fixed_cost,
    institutions_ratio,
    memory_of,
    months_by_phase,
    promised,
)
from benchmarks.bench_beliefs import keep_files, lines
from benchmarks.bench_deciding import copies, cost_of_deciding, lived
from benchmarks.bench_elementary import elementary
from benchmarks.bench_peers import all_measured
from benchmarks.numpy_month import live_month
from benchmarks.numpy_people import default_market, market_of, people_of
from tenure.agents.ledger import CREDIT_LOSS, INTEREST
from tenure.simulation.engines.engine import dispatched
from tenure.simulation.model import LifecycleModel
from tenure.simulation.phases import MONTH
from tests.markets import differences, small_market

ROOT = Path(__file__).resolve().parents[1]

MONTHS = 18


def test_numpy_month_conserves_people_and_lives_like_the_engine() -> None:
    quiet = {"macro_sd": 0, "newcomers_per_year": 0}
    model = LifecycleModel(default_market(people=12_000, stands_for=20_000, world=quiet), seed=7)
    for _ in range(6):
        model.step()
    offers = model.offers
    offers_now = market_of(model.world)
    people = people_of(model.people[model.people["provider"] >= 0], offers, model.rules, 7, 0)
    at_start, gone, customers, left, lost = len(people.provider), 0, 0, 0, 0.0
    engine_customers, engine_left, engine_lost = 0, 0, 0.0
    rng = np.random.default_rng(7)
    for _ in range(MONTHS):
        customers += int((people.provider > 0).sum())
        before = np.bincount(people.provider, minlength=len(offers))
        month = live_month(people, offers_now, model.rules, 0.0, rng)
        own = int((people.provider < 0).sum())
        after = np.bincount(people.provider[people.provider >= 0], minlength=len(offers))
        assert after.sum() + own == before.sum(), "people are conserved"
        assert (after[1:].sum() - before[1:].sum()) == month.joined.sum() - month.causes[1:].sum()
        gone, left, lost = (
            gone + own,
            left + int(month.causes.sum()),
            lost + month.ledger[:, CREDIT_LOSS - INTEREST].sum(),
        )
        people = people.part(people.provider >= 0)
        engine_customers += int((model.people["provider"] > 0).sum())
        model.open()
        model.dispatch = dispatched((), len(model.people))
        model.live()
        totals = model.totals
        model.month += 1
        engine_left += int((model.signals["cause"] > 0).sum())
        engine_lost += totals.ledger[1:, CREDIT_LOSS].sum() / 100.0
    assert len(people.provider) + gone == at_start
    assert np.all(people.balance >= 0.0) and np.all(np.isfinite(people.balance))
    assert left / customers == pytest.approx(engine_left / engine_customers, rel=0.5), "leavers a month"
    assert 0.5 < -lost / engine_lost < 2.0


def test_copies_of_customers_keep_as_many_changes_as_they_are() -> None:
    """Twice the copies: twice the changes, files and people."""
    once, twice = (keep_files(customers=n * 130, months=5, people=500) for n in (1, 2))
    assert twice.customers == 2 * once.customers > 100 and twice.changes == 2 * once.changes > 0
    assert twice.files_bytes > 1.5 * once.files_bytes
    assert len(lines(once)) == 2 and len(once.observe_ns) == 5


@pytest.mark.parametrize("policy", ["do_nothing", "thompson"])
def test_months_that_are_timed_phase_by_phase_are_whole_months(policy: str) -> None:
    """Of a policy that learns, too: what it is told belongs to the month; and of models that take turns."""
    market = small_market(us={"policy": policy})
    timed = [LifecycleModel(market, seed=0, threads=threads) for threads in (1, 2)]
    stepped = LifecycleModel(market, seed=0)
    months = months_by_phase(timed, 4)
    assert [len(own) for own in months] == [4, 4]
    assert all(list(month) == [phase.name for phase in MONTH] for own in months for month in own)
    stepped.start_recording()
    for _ in range(4):
        stepped.step()
    for model in timed:
        assert model.month == 4 and differences(model, stepped) == []
        assert model.recording().equals(stepped.recording())


def test_the_benchmark_runs_from_beginning_to_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With so few people that its figures mean nothing: each is there and none is nan."""
    for name, few in (("PEOPLE", 1_000), ("PEOPLE_AS_OBJECTS", 40), ("BURN_IN", 1), ("REPETITIONS", 1), ("MONTHS", 2)):
        monkeypatch.setattr(bench, name, few)
    monkeypatch.setattr(bench, "default_market", lambda people=600: default_market(people=people))
    monkeypatch.setattr(bench, "keep_files", lambda: keep_files(customers=130, months=10, people=500))
    monkeypatch.setattr(bench, "birth_ns", lambda: birth_ns(people=2_000, few=500, repetitions=1))
    monkeypatch.setattr(bench, "fixed_cost", lambda: Fixed(0.1, 0.02))
    monkeypatch.setattr(bench, "memory_of", lambda: {"birth": Memory(10, 12)})
    monkeypatch.setattr(bench, "elementary", lambda: elementary(values=64, times=2))
    monkeypatch.setattr(
        bench, "all_measured", lambda: all_measured(columns=400, objects=100, steps=3, among=("NumPy",))
    )
    bench.main()
    told = capsys.readouterr().out
    for words in (
        "live, compiled, 1 thread",
        "live, compiled, 2 threads",
        "live, objects",
        "plain NumPy",
        "whole month of the model, compiled, 1 thread",
        "whole month of the model, compiled, 2 threads",
        "observe",
        "phases of",
        "birth, by person",
        "20.0 ms",
        "1.20 times",
        "log1p",
        "agent-steps/s",
        "are not to be compared",
    ):
        assert words in told, words
    assert "nan" not in told
    for line in told.splitlines():
        assert not ("person-months/s" in line and "agent-steps/s" in line), "two units, two tables"


def test_deciding_is_timed_on_as_many_customers_as_are_asked_for() -> None:
    view, policy = lived("uniform", people=300, months=1)
    assert len({*copies(view, 1000)["person_id"].tolist()}) == 1000
    cost = cost_of_deciding(view, policy, customers=1000, times=1)
    assert cost.processor > 0 and cost.clock > 0


def test_a_run_costs_something_anyway_and_for_its_months() -> None:
    fixed = fixed_cost(months=5, sets=("market.people=300", "market.burn_in_months=1", "warm_up_months=1"))
    assert fixed.anyway + fixed.month > 0.0 and math.isfinite(fixed.anyway)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system tells of memory in another way")
def test_memory_of_a_model_is_at_least_that_of_its_people() -> None:
    """Measured in a process of its own: what this one holds does not count."""
    held = np.ones(40_000_000)
    found = memory_of(people=100_000, months=1)
    few = LifecycleModel(default_market(people=1_000), seed=1)
    of_people = 100 * (few.people.nbytes + few.signals.nbytes)
    assert 0.9 * of_people < found["birth"].kept < 1.5 * of_people < held.nbytes
    assert all(one.peak > 0.99 * one.kept for one in found.values())
    assert found["1 months"].peak >= found["birth"].peak < held.nbytes


def test_institutions_are_timed_that_contact_as_often_between_them() -> None:
    few, many = (crowd(count, 2000) for count in (1, 5))
    for model in (few, many):
        model.step()
    strangers = [
        sum((model.signals["before"] != one.index).sum() for one in model.institutions) for model in (few, many)
    ]
    rates = [model.totals.tally.sum() / count for model, count in zip((few, many), strangers, strict=True)]
    assert rates[0] / rates[1] == pytest.approx(5.0, rel=0.25)
    assert institutions_ratio(people=500, months=2, many=3, few=2) > 0.0


def test_a_promise_is_kept_on_its_side_alone() -> None:
    assert "kept: under 2" in promised("x", 1.99, 2.0) and "MISSED" in promised("x", 2.0, 2.0)
    assert "kept: at least 2" in promised("x", 2.0, 2.0, at_least=True)
    assert "MISSED" in promised("x", 1.99, 2.0, at_least=True)


@pytest.mark.parametrize("name", bench_elementary.FUNCTIONS)
def test_functions_that_are_timed_side_by_side_are_the_same(name: str) -> None:
    ours, theirs, low, high = bench_elementary.FUNCTIONS[name]
    for x in np.linspace(low, high, 101).tolist():
        assert ours(x) == pytest.approx(theirs(x), rel=1e-14, abs=1e-300)


def test_two_checkouts_take_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In turn the first; each process lives a market of the size asked for, but for one that compiles."""
    found = side_by_side.measured_in(ROOT, 2_000, 1)
    asked: list[tuple[Path, int, int]] = []

    def note(checkout: Path, people: int, months: int) -> dict[str, float]:
        asked.append((checkout, people, months))
        return found

    monkeypatch.setattr(side_by_side, "measured_in", note)
    side_by_side.main([str(tmp_path), "--people", "9000", "--months", "3", "--turns", "2"])
    here, there = (ROOT, 9_000, 3), (tmp_path, 9_000, 3)
    assert asked[2:] == [here, there, there, here] and {one for one, _, _ in asked[:2]} == {ROOT, tmp_path}
    told = capsys.readouterr().out
    for words in (
        "birth",
        "whole month, 1 thread, clock",
        "whole month, 2 threads, processor",
        "  live",
        "this : other",
    ):
        assert words in told
    assert all(value >= 0.0 for what, value in found.items() if "month" in what) and "nan" not in told


def test_ratios_side_by_side_are_within_a_turn() -> None:
    """A turn in which the whole machine was twice as slow changes no ratio."""
    one = {"whole month, 1 thread, clock": 60.0, "whole month, 2 threads, clock": 40.0}
    other = {"whole month, 1 thread, clock": 100.0, "whole month, 2 threads, clock": 80.0}
    slow = [{what: 2.0 * value for what, value in found.items()} for found in (one, other)]
    quiet, noisy = (side_by_side.lines(turns) for turns in ([(one, other)], [(one, other), (slow[0], slow[1])]))
    assert [line.split()[-1] for line in quiet[1:3]] == ["0.60", "0.50"] == [line.split()[-1] for line in noisy[1:3]]
    assert quiet[-1].split()[-2:] == ["1.25", "1.50"] == noisy[-1].split()[-2:]

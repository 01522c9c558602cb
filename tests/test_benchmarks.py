"""The month that the benchmark compares with lives a market like the engine's."""

import numpy as np
import pytest

from benchmarks import bench
from benchmarks.bench import whole_month
from benchmarks.bench_beliefs import keep_files, lines
from benchmarks.bench_deciding import copies, cost_of_deciding, lived
from benchmarks.numpy_month import live_month
from benchmarks.numpy_people import default_market, market_of, people_of
from tenure.agents.ledger import CREDIT_LOSS, INTEREST
from tenure.simulation.engines.engine import dispatched
from tenure.simulation.model import LifecycleModel
from tenure.simulation.phases import MONTH
from tests.markets import differences, small_market

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
def test_the_month_that_is_timed_phase_by_phase_is_a_whole_month(policy: str) -> None:
    """Of a policy that learns, too: what it is told belongs to the month."""
    timed, stepped = (LifecycleModel(small_market(us={"policy": policy}), seed=0) for _ in range(2))
    assert list(whole_month(timed, months=4)) == [phase.name for phase in MONTH]
    stepped.start_recording()
    for _ in range(4):
        stepped.step()
    assert timed.month == 4 and differences(timed, stepped) == []
    assert timed.recording().equals(stepped.recording())


def test_the_benchmark_runs_from_beginning_to_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With so few people that its figures mean nothing: each is there and none is nan."""
    for name, few in (("PEOPLE", 1_000), ("PEOPLE_AS_OBJECTS", 40), ("BURN_IN", 1), ("REPETITIONS", 1)):
        monkeypatch.setattr(bench, name, few)
    monkeypatch.setattr(bench, "default_market", lambda people=600: default_market(people=people))
    monkeypatch.setattr(bench, "keep_files", lambda: keep_files(customers=130, months=10, people=500))
    bench.main()
    told = capsys.readouterr().out
    for words in ("live, compiled, 1 thread", "live, objects", "plain NumPy", "whole month", "observe", "phases of"):
        assert words in told
    assert "nan" not in told


def test_deciding_is_timed_on_as_many_customers_as_are_asked_for() -> None:
    view, policy = lived("uniform", people=300, months=1)
    assert len({*copies(view, 1000)["person_id"].tolist()}) == 1000
    cost = cost_of_deciding(view, policy, customers=1000, times=1)
    assert cost.processor > 0 and cost.clock > 0

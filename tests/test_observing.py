"""Observers: they are told every month once, what the model holds, and change nothing, whatever they try."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.agents.offer import US
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND, SIGNAL
from tenure.experiments.life.following import Following
from tenure.simulation import model as model_module
from tenure.simulation.institutions.contacts import taken_contacts
from tenure.simulation.market.ledger import profit_cents
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.observing import Collecting, MonthFacts, Observer
from tenure.simulation.recording.recorder import Recording
from tests.markets import LIVELY, differences, small_market

MONTHS = 5
MARKET = small_market(
    people=80,
    rules=LIVELY,
    guards={"budget_per_month": 900},
    compare_beliefs_every_months=2,
    us={
        "policy": {"policy": "thompson", "treatments": ["loyalty_reward", "price_cut"]},
        "feedback": {"every_months": 2},
    },
)


def arrays_of(facts: MonthFacts) -> Iterator[tuple[str, np.ndarray]]:
    """Give every array in a month's facts, and its name."""
    for one in fields(facts):
        value = getattr(facts, one.name)
        if isinstance(value, np.ndarray):
            yield one.name, value
    for conduct in facts.conducts:
        allowed, view = conduct.allowed, conduct.view
        yield from ((f"{conduct.name}.{name}", getattr(conduct, name)) for name in ("at",))
        yield from ((f"{conduct.name}.allowed.{name}", getattr(allowed, name)) for name in ("contacts", "served"))
        yield from ((f"{conduct.name}.view.{name}", getattr(view, name)) for name in ("person_id", "tenure_months"))
        if allowed.offer is not None:
            yield f"{conduct.name}.allowed.offer", allowed.offer


@dataclass
class Vandal:
    """Writes zeros wherever it can."""

    written: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    def month(self, facts: MonthFacts) -> None:
        for name, values in arrays_of(facts):
            self.tried.add(name)
            for way in (self._fill, self._unlock, self._base):
                try:
                    way(values)
                except (ValueError, TypeError, AttributeError):
                    continue
                self.written.append(f"{name} by {way.__name__}")

    @staticmethod
    def _fill(values: np.ndarray) -> None:
        values[...] = np.zeros((), values.dtype)

    @staticmethod
    def _unlock(values: np.ndarray) -> None:
        values.flags.writeable = True

    @staticmethod
    def _base(values: np.ndarray) -> None:
        base: Any = values
        while isinstance(base, np.ndarray):
            base = base.base
        base[0:1] = b"\0"


@dataclass
class Reader:
    """Reads everything, appraises others' customers, and keeps what it was told."""

    told: list[tuple[int, int, int]] = field(default_factory=list)

    def month(self, facts: MonthFacts) -> None:
        for _, values in arrays_of(facts):
            values.copy()
        truths = facts.appraise(np.flatnonzero(facts.people["provider"] > US))
        self.told.append((facts.month, len(facts.own_rows), len(truths)))


def lived(engine: str, *observers: Any, months: int = MONTHS) -> LifecycleModel:
    model = LifecycleModel(MARKET, seed=4, engine=engine)
    model.observers.extend(observers)
    for _ in range(months):
        model.step()
    return model


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_a_run_has_the_same_bits_whoever_observes(engine: str) -> None:
    alone, observed = LifecycleModel(MARKET, seed=4, engine=engine), LifecycleModel(MARKET, seed=4, engine=engine)
    collector = mesa.DataCollector(model_reporters={"ours": lambda model: len(model.customers.select(provider="us"))})
    vandal, reader = Vandal(), Reader()
    observed.observers += [vandal, Following(3, observed.facts()), reader, Collecting(collector, observed)]
    observed.start_recording()
    for _ in range(MONTHS):
        alone.step()
        observed.step()
        observed.recording()
    assert differences(alone, observed) == []
    mine, theirs = alone.state(), observed.state()
    assert mine.keys() == theirs.keys() and all(np.array_equal(mine[key], theirs[key]) for key in mine)
    ours = collector.get_model_vars_dataframe()["ours"].tolist()
    assert [count for _, count, _ in reader.told] == ours and [month for month, _, _ in reader.told] == [*range(MONTHS)]


def test_nothing_that_observers_are_given_can_be_written() -> None:
    vandal = Vandal()
    lived("compiled", vandal)
    assert vandal.written == []
    assert {"people", "signals", "offers", "truths", "us.allowed.contacts", "us.view.person_id"} <= vandal.tried


def test_the_recording_is_the_same_beside_other_observers() -> None:
    tables = []
    cases: tuple[list[Observer], ...] = ([], [Vandal(), Reader()])
    for others in cases:
        model = LifecycleModel(MARKET, seed=4)
        model.observers.extend(others)
        model.start_recording()
        model.observers.extend(others[:1])
        for _ in range(MONTHS):
            model.step()
        tables.append(model.recording())
    assert tables[0].equals(tables[1])


def test_facts_are_what_the_model_holds() -> None:
    seen: list[tuple[int, int]] = []

    class Checks:
        def month(self, facts: MonthFacts) -> None:
            own = np.flatnonzero(model.people["provider"] == US)
            assert facts.month == model.month and facts.own_rows.tolist() == own.tolist()
            assert facts.people.tobytes() == model.people.tobytes()
            assert facts.signals.tobytes() == model.signals.tobytes()
            assert facts.truths.tobytes() == model.truths_at(own).tobytes()
            assert facts.counts["customers"][US] == len(own) == len(facts.stages)
            assert facts.counts["customers"].sum() + facts.counts["gone"] == len(model.people)
            assert [one.name for one in facts.conducts] == [one.name for one in model.institutions]
            assert [one.index for one in facts.conducts] == [*range(1, len(facts.names))]
            sent = facts.ours.allowed.contacts
            assert np.array_equal(facts.people["id"][facts.ours.rows], facts.ours.view.person_id[sent["row"]])
            seen.append((len(sent), int(profit_cents(facts.postings)[US].sum())))

    model = LifecycleModel(MARKET, seed=4)
    start = model.facts()
    assert start.month == -1 and start.conducts == () and not start.postings.any()
    model.observers.append(Checks())
    model.start_recording()
    for _ in range(MONTHS):
        model.step()
    rows = model.recording()
    ledger = rows[(rows["measure"] == "ledger") & (rows["institution"] == "us")]["value"].sum()
    assert sum(contacts for contacts, _ in seen) > 0
    assert round(100 * ledger) == sum(cents for _, cents in seen)


def test_without_an_observer_no_facts_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("facts were made for nobody")

    monkeypatch.setattr(model_module, "facts_of", refuse)
    assert lived("compiled", months=2).month == 2
    with pytest.raises(AssertionError, match="for nobody"):
        lived("compiled", Reader(), months=1)


def test_a_recording_begun_anew_takes_the_place_of_the_old_one() -> None:
    reader = Reader()
    model = lived("compiled", reader, months=2)
    for _ in range(2):
        model.start_recording()
        model.step()
    assert sum(isinstance(one, Recording) for one in model.observers) == 1 and reader in model.observers
    assert sorted(set(model.recording().query("measure == 'ledger'")["month"])) == [3]
    model.restore(model.state())
    assert model.observers == []
    with pytest.raises(RuntimeError, match=r"call start_recording\(\)"):
        model.recording()


person = st.fixed_dictionaries(
    {
        "before": st.sampled_from([0, 1, 2]),
        "provider": st.sampled_from([0, 1, 2]),
        "joined": st.sampled_from([0, 1]),
        "source": st.sampled_from([LOOKED_AROUND, INVITED, BY_CHANNEL]),
        "taken": st.sampled_from([0, 1]),
        "treatment": st.integers(0, 2),
    }
)


@given(st.lists(st.tuples(person, st.integers(0, 2)), max_size=20), st.sampled_from([1, 2]))
def test_taken_is_a_customers_answer_or_a_strangers_coming_on_invitation(
    people: list[tuple[dict[str, int], int]], me: int
) -> None:
    months, treatment = np.zeros(len(people), SIGNAL), np.array([given for _, given in people], np.int64)
    for row, (one, _) in zip(months, people, strict=True):
        for name, value in one.items():
            row[name] = value
    expected = [
        given > 0
        and (
            bool(one["taken"]) and one["treatment"] == given
            if one["before"] == me
            else bool(one["joined"]) and one["provider"] == me and one["source"] == INVITED
        )
        for one, given in people
    ]
    assert taken_contacts(months, treatment, me).tolist() == expected

"""What any engine must keep: the laws of `tenure.simulation.engines.engine.Engine`, asked of all engines there are.

A new engine is one file and its entry in `ENGINES`.
"""

import copy
from collections.abc import Callable
from threading import Barrier

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.agents.person import GONE
from tenure.agents.treatment import CONTACT
from tenure.agents.truth import TRUTH, WORTH
from tenure.simulation.engines import chunks
from tenure.simulation.engines.compiled import CompiledEngine
from tenure.simulation.engines.engine import Engine, RuleFault, Totals, dispatched, stop_on
from tenure.simulation.engines.objects import ObjectEngine
from tenure.simulation.institutions.files import Files
from tenure.simulation.model import LifecycleModel
from tenure.simulation.state import still_here
from tests.markets import LIVELY, differences, first_difference, markets, small_market

ENGINES: dict[str, Callable[[LifecycleModel], Engine]] = {
    "compiled": lambda model: CompiledEngine(),
    "compiled, 3 threads": lambda model: CompiledEngine(threads=3),
    "objects": ObjectEngine,
}
"""Name -> how to make one for a Mesa model that has none of its people as agents yet."""
PATIENT = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
TREATED = small_market(
    people=250,
    rules=LIVELY,
    us={"policy": {"policy": "uniform", "treatment": "loyalty_reward"}},
    guards={"budget_per_month": 1e6, "contacts_at_most": 30},
)


class Eve:
    """A month about to be lived: who, what reaches them, and what they meet."""

    def __init__(self, model: LifecycleModel, months: int = 3) -> None:
        for _ in range(months):
            model.step()
        for phase in (model.open, model.observe, model.decide, model.guard):
            phase()
        self.model, self.people, self.signals = model, model.people.copy(), model.signals.copy()
        self.dispatch, self.world = model.dispatch, model.world.copy()

    def engine(self, name: str) -> Engine:
        """Return an engine of this name for these people."""
        return ENGINES[name](LifecycleModel(self.model.settings, seed=self.model.seed))

    def lived(self, engine: Engine) -> tuple[NDArray[np.void], NDArray[np.void], Totals]:
        """Return the people and signals after the month, and what it added up to; the month itself stays."""
        people, signals = self.people.copy(), self.signals.copy()
        return people, signals, engine.live(people, signals, self.dispatch, self.world)


@pytest.fixture(scope="module")
def month() -> Eve:
    """A month in which many are treated, and nearly everything happens."""
    made = Eve(LifecycleModel(TREATED, seed=3))
    assert len(made.dispatch.contacts) > 30 and (made.people["provider"] > 0).sum() > 100
    return made


def read(case: Eve, engine: Engine, signals: NDArray[np.void]) -> tuple[Files, NDArray[np.float64]]:
    """Return our files after the month that these signals show, and the fault."""
    us = case.model.us
    files = copy.deepcopy(us.files)
    files.update(signals, US, int(us.offer["sees_browsing"]), case.model.month + 1, us.scope)
    return files, engine.observe(files, signals, US, case.world)


def appraised(case: Eve, engine: Engine, people: NDArray[np.void]) -> tuple[NDArray[np.generic], ...]:
    """Return what is true of all customers and what their further years are worth, each with the fault."""
    rows = np.flatnonzero(people["provider"] > 0)
    truths, worths = np.zeros(len(rows), TRUTH), np.zeros(len(rows), WORTH)
    misjudged = engine.appraise(people, rows, truths, case.world)
    return truths, misjudged, worths, engine.value(people, rows, truths, worths, case.world)


@pytest.fixture(autouse=True)
def many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few people, so that there are many."""
    monkeypatch.setattr(chunks, "CHUNK", 64)


@PATIENT
@given(markets(), st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_all_engines_live_read_appraise_and_count_the_same_bits(config: dict, seed: int, months: int) -> None:
    case = Eve(LifecycleModel(config, seed=seed), months)
    ends = []
    for name in ENGINES:
        engine = case.engine(name)
        people, signals, totals = case.lived(engine)
        files, misread = read(case, engine, signals)
        judged, counts = appraised(case, engine, people), engine.count(people, signals)
        parts = (people, signals, *totals, files.records, misread, *judged, counts)
        ends.append([np.asarray(part).tobytes() for part in parts])
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("name", ENGINES)
@given(rows=st.integers(0, 1000))
@settings(suppress_health_check=list(HealthCheck))
def test_chunks_are_all_rows_once_and_results_in_their_order(month: Eve, name: str, rows: int) -> None:
    engine, touched = month.engine(name), np.zeros(rows, np.int64)

    def work(part: slice) -> slice:
        touched[part] += 1
        return part

    parts = engine.in_chunks(rows, work)
    assert (touched == 1).all()
    assert [part.start for part in parts] == list(range(0, max(rows, 1), 64)) and parts[-1].stop == rows


@pytest.mark.parametrize("name", ENGINES)
def test_what_goes_wrong_in_a_chunk_is_told_and_the_next_work_is_done(month: Eve, name: str) -> None:
    engine = month.engine(name)
    with pytest.raises(ZeroDivisionError):
        engine.in_chunks(640, lambda part: 1 // (part.start - 128))
    assert sum(engine.in_chunks(640, lambda part: part.stop - part.start)) == 640


def test_threads_work_side_by_side() -> None:
    """Each chunk waits for another to be under way: on one thread nobody would come."""
    meet = Barrier(2, timeout=60)
    chunks.Threads(2).in_chunks(256, lambda part: meet.wait())


@pytest.mark.parametrize("name", ENGINES)
def test_the_world_and_the_contacts_are_read_alone(month: Eve, name: str) -> None:
    before = month.world.tobytes(), month.dispatch.contacts.tobytes(), month.dispatch.first.tobytes()
    engine = month.engine(name)
    people, signals, _ = month.lived(engine)
    read(month, engine, signals)
    appraised(month, engine, people)
    assert before == (month.world.tobytes(), month.dispatch.contacts.tobytes(), month.dispatch.first.tobytes())


@pytest.mark.parametrize("name", ENGINES)
def test_calls_have_no_order_among_them(month: Eve, name: str) -> None:
    """An engine that has read, appraised, lived and let go of everybody lives the month as one made a moment ago."""
    used = month.engine(name)
    people, signals, totals = month.lived(used)
    read(month, used, signals)
    appraised(month, used, people)
    used.forget()
    for engine in (used, month.engine(name)):
        again, seen, sums = month.lived(engine)
        assert first_difference(people, again) == "" and first_difference(signals, seen) == ""
        assert [part.tobytes() for part in totals] == [part.tobytes() for part in sums]


@pytest.mark.parametrize("name", ENGINES)
def test_agents_are_as_many_as_were_met_or_none(month: Eve, name: str) -> None:
    engine = month.engine(name)
    assert len(engine.agents) == 0
    engine.meet(5)
    few = len(engine.agents)
    assert few in (0, 5)
    month.lived(engine)
    assert len(engine.agents) == (few and len(month.people))
    engine.forget()
    assert len(engine.agents) == 0


@pytest.mark.parametrize("name", ENGINES)
def test_a_person_lives_the_same_in_whatever_row_and_company(month: Eve, name: str) -> None:
    """Every other person, backwards, each with their own contacts."""
    rows = np.arange(len(month.people))[::-2]
    contacts = []
    for new, old in enumerate(rows.tolist()):
        own = month.dispatch.contacts[month.dispatch.first[old] : month.dispatch.first[old + 1]].copy()
        own["row"] = new
        contacts.append(own)
    people, signals = month.people[rows], month.signals[rows]
    month.engine(name).live(people, signals, dispatched(contacts, len(rows)), month.world)
    whole, seen, _ = month.lived(month.engine(name))
    assert first_difference(people, whole[rows]) == "" and first_difference(signals, seen[rows]) == ""


@pytest.mark.parametrize("name", ENGINES)
def test_who_is_gone_stays_as_they_were_and_books_balance(month: Eve, name: str) -> None:
    people = month.people.copy()
    people["provider"][::7], people["owed_before_cents"][::7] = GONE, 0
    before, signals = people.copy(), month.signals.copy()
    totals = month.engine(name).live(people, signals, dispatched((), len(people)), month.world)
    assert first_difference(people[::7], before[::7]) == ""
    assert totals.ledger.any() and totals.tally.any() and (totals.tally >= 0).all()
    assert not totals.ledger.sum(axis=0).any() and not totals.ledger.sum(axis=1).any()


@pytest.mark.parametrize("name", ENGINES)
def test_the_first_row_at_fault_is_told(month: Eve, name: str) -> None:
    people = month.people.copy()
    ours = np.flatnonzero((people["provider"] == US) & (people["held"].sum(axis=1) > 0))
    people["satisfaction"][ours[[-1, 5]]] = np.nan
    totals = month.engine(name).live(people, month.signals.copy(), month.dispatch, month.world)
    assert int(totals.fault[1]) == people["id"][ours[5]] and np.isnan(totals.fault[2])
    with pytest.raises(RuleFault, match=rf"rule '\w+' returned nan for person {people['id'][ours[5]]} in month 8"):
        stop_on(totals.fault, 8)
    people = month.people.copy()
    people["risk_trait"][ours[[-1, 5]]] = np.nan
    rows, truths = ours[::-1], np.zeros(len(ours), TRUTH)
    fault = month.engine(name).appraise(people, rows, truths, month.world)
    assert int(fault[1]) == people["id"][ours[-1]], "first in the order of the rows asked for"
    signals, engine = month.signals.copy(), month.engine(name)
    heard = np.flatnonzero((signals["provider"] == US) & (signals["read"] == 1))
    signals["risk_reading"][heard[[-1, 5]]] = np.nan
    _, fault = read(month, engine, signals)
    assert int(fault[1]) == signals["person_id"][heard[5]]


@pytest.mark.parametrize("name", ENGINES)
def test_contacts_sorted_for_other_people_are_refused(month: Eve, name: str) -> None:
    with pytest.raises(ValueError, match="contacts were sorted for 3 people"):
        month.engine(name).live(month.people.copy(), month.signals.copy(), dispatched((), 3), month.world)


def test_no_fault_stops_nothing() -> None:
    stop_on(np.zeros(3), 0)


@given(st.lists(st.lists(st.integers(0, 19), max_size=30), max_size=4))
def test_contacts_are_sorted_by_person_and_by_institution_within(rows: list[list[int]]) -> None:
    sent = []
    for institution, own in enumerate(rows, start=1):
        contacts = np.zeros(len(own), CONTACT)
        contacts["row"], contacts["institution"], contacts["amount"] = own, institution, np.arange(len(own))
        sent.append(contacts)
    dispatch = dispatched(sent, 20)
    assert dispatch.first[0] == 0 and dispatch.first[-1] == len(dispatch.contacts) == sum(map(len, rows))
    for row in range(20):
        own = dispatch.contacts[dispatch.first[row] : dispatch.first[row + 1]]
        wanted = [(i, k) for i, per in enumerate(rows, start=1) for k, at in enumerate(per) if at == row]
        assert [(int(one["institution"]), int(one["amount"])) for one in own] == wanted
        assert (own["row"] == row).all()


@pytest.mark.parametrize("name", ENGINES)
def test_a_model_lives_by_an_engine_of_ones_own(name: str) -> None:
    one, other = LifecycleModel(TREATED, seed=2), LifecycleModel(TREATED, seed=2, engine=ENGINES[name])
    for model in (one, other):
        model.start_recording()
    for _ in range(3):
        one.step()
        other.step()
        assert differences(one, other) == []
    other.restore(one.state())
    one.step()
    other.step()
    rows = [model.people[still_here(model.people)] for model in (one, other)]
    assert first_difference(*rows) == ""


@pytest.mark.parametrize("name", ["compiled", "objects"])
def test_the_model_s_own_engines_are_among_these(name: str) -> None:
    assert name in ENGINES and LifecycleModel(TREATED, engine=name).engine.name == name

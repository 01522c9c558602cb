"""History of tags: what is written stays, past tags come back from the log alone, only changes cost memory."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.belief import JOINED, LEFT, NEWS
from tenure.agents.offer import US
from tenure.agents.signal import SIGNAL
from tenure.experiments.verification.cases import rows as known_rows
from tenure.policies.schemes import SCHEMES, SEGMENT
from tenure.simulation.institutions.files import Files, ScopeRule
from tenure.simulation.institutions.history import CHANGE, SEALED, TagHistory
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, markets, small_market

CHUNK = 1024
"""Rows to a chunk in these tests, so that chunks fill up quickly."""
ROW_BYTES = 14


def ids(*persons: int) -> NDArray[np.int64]:
    return np.array(persons, np.int64)


class Log(NamedTuple):
    """A month's changes of one scheme, drawn at random; `months_on` from the append before."""

    months_on: int
    scheme: int
    people: int
    seed: int


logs = st.lists(
    st.builds(
        Log, st.integers(0, 3), st.integers(0, 1), st.sampled_from([0, 1, 7, 1023, 1024, 2500]), st.integers(0, 99)
    ),
    max_size=8,
)


def drawn(log: Log) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]:
    """Return persons, tags before and after, and why; about a fifth did not change."""
    luck = np.random.default_rng(log.seed)
    before, after = luck.integers(-1, 4, (2, log.people)).astype(np.int8)
    why = luck.integers(0, len(NEWS), log.people).astype(np.int8)
    return luck.integers(0, 1 << 40, log.people), before, after, why


@settings(max_examples=40, deadline=None)
@given(logs)
def test_what_is_written_stays_byte_for_byte(many: list[Log]) -> None:
    history, month, expected = TagHistory(("a", "b")), -3, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.simulation.institutions.history.SEALED", CHUNK)
        for log in many:
            written, month = history.rows().tobytes(), month + log.months_on
            persons, *tags = drawn(log)
            history.append(month, log.scheme, persons, *tags)
            expected += [
                (person, month, log.scheme, before, after, why)
                for person, before, after, why in zip(persons, *tags, strict=True)
                if before != after
            ]
            persons[:] = -1  # what the caller does with its arrays is not seen
            for column in tags:
                column[:] = 0
            assert history.rows().tobytes()[: len(written)] == written
            assert len(history) == len(expected)
        assert history.rows().tobytes() == np.array(expected, CHANGE).tobytes()


def test_chunks_as_long_as_they_are_lose_nothing() -> None:
    history, people = TagHistory(("a",)), np.arange(SEALED // 2 + 5)
    for month in range(3):
        written = history.rows().tobytes()
        history.append(month, 0, people, np.int8(month - 1), np.int8(month), np.int8(0))
        assert history.rows().tobytes()[: len(written)] == written
    assert len(history) == 3 * len(people) > SEALED
    assert history.rows()["after"].tolist() == [0] * len(people) + [1] * len(people) + [2] * len(people)
    assert history.tags_at(1, "a")[1].tolist() == [1] * len(people)


def test_rows_cannot_be_written_and_are_a_copy() -> None:
    history = TagHistory(("a",))
    history.append(0, 0, ids(5), -1, 2, 1)
    rows, before = history.rows(), history.rows().tobytes()
    with pytest.raises(ValueError, match="read-only"):
        rows["after"][0] = 3
    rows.flags.writeable = True
    rows["after"][0] = 3
    history.of_person(5)["after"] = 3
    assert history.rows().tobytes() == before


@pytest.mark.parametrize("persons", [ids(), ids(7)])
def test_time_does_not_run_backwards(persons: NDArray[np.int64]) -> None:
    """An earlier month is refused in every scheme, and nothing of it is kept; the same month goes on."""
    history = TagHistory(("a", "b"))
    history.append(-24, 0, ids(1), -1, 0, 1)
    history.append(6, 0, ids(1), 0, 1, 0)
    history.append(6, 1, ids(1), -1, 1, 0)
    before = history.rows().tobytes()
    for scheme in (0, 1):
        with pytest.raises(ValueError, match="has reached month 6 and cannot go back to 5"):
            history.append(5, scheme, persons, -1, 2, 0)
    assert history.rows().tobytes() == before


tagged = st.dictionaries(st.integers(0, 9), st.integers(0, 3))


@given(st.lists(st.tuples(st.integers(1, 4), tagged), max_size=12))
def test_the_tags_of_every_month_come_back(months: list[tuple[int, dict[int, int]]]) -> None:
    """Person -> tag as a dictionary; months between two entries, before the first and after the last included."""
    history, month = TagHistory(("other", "a")), 0
    told: dict[int, dict[int, int]] = {0: {}}
    for step, now in months:
        last = told[month]
        for between in range(month + 1, month + step):
            told[between] = last
        month += step
        told[month] = now
        persons = ids(*sorted({*last, *now}))
        before, after = ([tags.get(int(one), -1) for one in persons] for tags in (last, now))
        history.append(month, 0, persons, 3, 0, 0)
        history.append(month, 1, persons, before, after, 0)
    told[month + 5] = told[month]
    for at, tags in told.items():
        persons, codes = history.tags_at(at, "a")
        assert dict(zip(persons.tolist(), codes.tolist(), strict=True)) == tags
        assert persons.tolist() == sorted(tags)


# The files ---------------------------------------------------------------------------------------------------------

OURS = ScopeRule(1, 0, 0, 0, 0, (1,) * 8)
people_and_tags = st.lists(
    st.dictionaries(st.integers(0, 11), st.integers(-1, 2)), min_size=1, max_size=10
)  # month -> customer -> tag, -1 for none


def opened(files: Files, customers: set[int], month: int) -> None:
    """Keep files of these of twelve people, and mark each record with its person as `observe` does."""
    signals = np.zeros(12, SIGNAL)
    signals["person_id"], signals["trace"], signals["provider"] = 100 + np.arange(12), -1, 2
    signals["provider"][list(customers)] = US
    files.update(signals, US, 0, month, OURS)
    files.records["person_id"][files.places] = signals["person_id"][files.at]
    files.records["news"][files.places] = 0
    files.records["news"][files.places[files.joined]] = JOINED


@settings(max_examples=60, deadline=None)
@given(people_and_tags)
def test_only_changes_leave_rows(months: list[dict[int, int]]) -> None:
    """Rows by hand, from dictionaries: who came, changed, stayed, went, or came back into another's place."""
    files, history = Files(1), TagHistory(("a",))
    last: dict[int, int] = {}
    expected = []
    for month, now in enumerate(months):
        opened(files, set(now), month)
        files.retag(np.array([[now[one] for one in sorted(now)]], np.int8), history, month)
        for one in range(12):
            before, after = last.get(one, -1), now.get(one, -1)
            if before != after:
                why = LEFT if one not in now else JOINED if one not in last else 0
                expected.append((month, 100 + one, before, after, why))
        last = now
        persons, codes = history.tags_at(month, "a")
        assert dict(zip(persons - 100, codes, strict=True)) == {one: tag for one, tag in now.items() if tag >= 0}
    rows = history.rows()
    found = [tuple(row) for row in rows[["month", "person", "before", "after", "why"]].tolist()]
    assert sorted(found) == sorted(expected)


def test_months_in_which_nothing_changes_cost_nothing() -> None:
    files, history = Files(1), TagHistory(("a",))
    tags = np.arange(12, dtype=np.int8)[None] % 3
    for month in range(240):
        opened(files, set(range(12)), month)
        files.retag(tags, history, month)
        assert len(history) == 12
    size = history.nbytes
    opened(files, set(range(12)), 240)
    tags[0, [4, 7]] = 2
    files.retag(tags, history, 240)
    assert len(history) == 14 and history.nbytes == size


# In a market -------------------------------------------------------------------------------------------------------

SEGMENTS = {"new": "tenure_months < 3", "borrowers": "balance > 100"}
Tags = dict[tuple[int, str, int], tuple[bytes, bytes]]
"""(institution, scheme, month) -> ids ascending and codes, of those who have a tag."""


def held_now(model: LifecycleModel) -> Tags:
    """Return the tags that the view tells, right after the month in which policies saw it."""
    told: Tags = {}
    for one in model.institutions:
        view = one.view
        for name in model.tags_kept:
            codes = view.column(name)
            some = np.flatnonzero(codes >= 0)
            some = some[np.argsort(view.person_id[some])]
            told[one.index, name, view.month] = (
                view.person_id[some].astype(np.int64).tobytes(),
                codes[some].astype(np.int8).tobytes(),
            )
    return told


def lived(model: LifecycleModel, months: int) -> Tags:
    held: Tags = {}
    for _ in range(months):
        model.step()
        held |= held_now(model)
    return held


def replayed(model: LifecycleModel, held: Tags) -> Tags:
    """Return what the logs say of the same institutions, schemes and months."""
    told = {at: model.institutions[at[0] - 1].history.tags_at(at[2], at[1]) for at in held}
    return {at: (persons.tobytes(), codes.tobytes()) for at, (persons, codes) in told.items()}


def lively(**changes: Any) -> LifecycleModel:
    """Return a market in which people come, go and come back, our files being wide."""
    us = {"existing_customers": ["open", "settled", "browsing"], "settled_counts_for_months": 3}
    config = small_market(
        people=400,
        rules=LIVELY,
        segments=SEGMENTS,
        us=us,
        guards={"budget_per_month": 1e6},
        world={"newcomers_per_year": 0.5},
        **changes,
    )
    config["us"]["policy"] = {"policy": "uniform", "treatment": "line_decrease", "share": 0.3}
    return LifecycleModel(config, seed=4, first_month=-6)


@settings(max_examples=12, deadline=None)
@given(markets(), st.integers(0, 3))
def test_every_past_month_of_a_market_comes_back(config: dict[str, Any], seed: int) -> None:
    model = LifecycleModel({**config, "segments": SEGMENTS}, seed=seed, first_month=-4)
    assert model.tags_kept == (*SCHEMES, SEGMENT)
    held = lived(model, 8)
    assert len(held) == 8 * 8 * len(model.institutions)
    assert replayed(model, held) == held


def test_every_past_month_comes_back_across_chunks() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.simulation.institutions.history.SEALED", CHUNK)
        model = lively()
        held = lived(model, 24)
        assert len(model.us.history) > 4 * CHUNK
        assert replayed(model, held) == held
        persons = [np.frombuffer(held[US, "scope", month][0], np.int64) for month in (-6, 17)]
    assert len(set(persons[0].tolist()) ^ set(persons[1].tolist())) > 100, "few came or went: nothing is tested"


def test_engines_write_the_same_history() -> None:
    logs = []
    for engine in ("compiled", "objects"):
        model = LifecycleModel(small_market(rules=LIVELY, segments=SEGMENTS), seed=2, engine=engine)
        lived(model, 6)
        logs.append(model.us.history.rows().tobytes())
    assert len(logs[0]) > 100 * ROW_BYTES and logs[0] == logs[1]


def test_a_restored_market_begins_a_new_history() -> None:
    first, again = lively(), lively()
    lived(first, 9)
    again.restore(first.state())
    assert len(again.us.history) == 0
    held = lived(again, 4)
    assert held == lived(first, 4)
    assert replayed(again, held) == held == replayed(first, held)


@pytest.fixture(scope="module")
def model() -> LifecycleModel:
    """Return a lively market after two years."""
    made = lively()
    lived(made, 24)
    return made


def test_each_change_goes_on_from_the_one_before(model: LifecycleModel) -> None:
    rows = model.us.history.rows()
    assert (np.diff(rows["month"]) >= 0).all() and (rows["before"] != rows["after"]).all()
    last: dict[tuple[int, int], int] = {}
    for person, scheme, before, after in rows[["person", "scheme", "before", "after"]].tolist():
        assert last.get((person, scheme), -1) == before
        last[person, scheme] = after
    assert {scheme for _, scheme in last} == set(range(len(model.tags_kept)))


def test_who_comes_and_who_goes_leaves_a_row_in_every_scheme(model: LifecycleModel) -> None:
    """Segments do not cover everybody here, so that one may lose one's segment and stay in the files."""
    history = model.us.history
    rows = history.rows()
    went, came = rows[rows["after"] == -1], rows[rows["before"] == -1]
    for some, why in ((went, LEFT), (came, JOINED)):
        by_scheme = [some[some["scheme"] == scheme] for scheme in range(len(SCHEMES))]
        who = {(row["person"], row["month"]) for row in by_scheme[0]}
        assert len(who) > 100
        for part in by_scheme:
            assert {(row["person"], row["month"]) for row in part} == who and (part["why"] == why).all()
    scope = model.tags_kept.index("scope")
    in_files = {month: set(history.tags_at(month, "scope")[0].tolist()) for month in range(-7, 18)}
    for month in range(-6, 18):
        gone = went[(went["month"] == month) & (went["scheme"] == scope)]["person"].tolist()
        assert set(gone) == in_files[month - 1] - in_files[month] and len(set(gone)) == len(gone)
    returned = {row["person"] for row in went} & {row["person"] for row in came[came["month"] > -6]}
    assert len(returned) > 10, "nobody came back: a part of the law is not tested"


def test_a_market_in_which_nobody_changes_adds_no_row() -> None:
    """Everybody joins in month 0 with the one fee account; risk and margin stay what they are."""
    config = known_rows.market("quiet", {"people": 300, "tag_history": ["scope", "quadrant", "risk_grade"]})
    model = LifecycleModel(config, seed=1)
    lived(model, 2)
    rows, size = model.us.history.rows().tobytes(), model.us.history.nbytes
    assert len(rows) == 3 * 300 * ROW_BYTES
    lived(model, 36)
    assert model.us.history.rows().tobytes() == rows and model.us.history.nbytes == size


@given(st.lists(st.integers(0, 700), max_size=12))
def test_memory_is_at_most_twice_the_rows_and_a_chunk(people: list[int]) -> None:
    history = TagHistory(("a",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.simulation.institutions.history.SEALED", CHUNK)
        for month, some in enumerate(people):
            history.append(month, 0, np.arange(some), 0, 1, 0)
            assert ROW_BYTES * len(history) <= history.nbytes <= ROW_BYTES * (2 * len(history) + CHUNK)


def test_the_table_tells_words() -> None:
    history = TagHistory(("quadrant", SEGMENT))
    history.append(-1, 0, ids(8, 9), ids(-1, 0), ids(3, 2), ids(1, 4))
    history.append(2, 1, ids(8), 1, -1, 2)
    table = history.table({**SCHEMES, SEGMENT: ("young", "old")})
    assert list(table.columns) == ["person", "scheme", "from", "to", "month", "why"]
    assert table.to_numpy().tolist() == [
        [8, "quadrant", "", "high_risk_high_return", -1, "file opened"],
        [9, "quadrant", "low_risk_low_return", "high_risk_low_return", -1, "past due"],
        [8, SEGMENT, "old", "", 2, "left"],
    ]


def test_the_table_of_a_market_says_what_its_log_says(model: LifecycleModel) -> None:
    history, words = model.us.history, model.schemes.words()
    rows, table = history.rows(), history.table(words)
    assert (table["person"] == rows["person"]).all() and (table["month"] == rows["month"]).all()
    for column, field in (("from", "before"), ("to", "after")):
        told = [
            "" if code < 0 else words[model.tags_kept[scheme]][code]
            for scheme, code in zip(rows["scheme"], rows[field], strict=True)
        ]
        assert told == table[column].tolist()
    one = int(rows["person"][len(rows) // 2])
    assert history.of_person(one).tobytes() == rows[rows["person"] == one].tobytes()


def test_an_empty_log_has_an_empty_table() -> None:
    history = TagHistory(("quadrant",))
    assert len(history) == 0 and len(history.table(SCHEMES)) == 0
    assert [len(part) for part in history.tags_at(0, "quadrant")] == [0, 0]


def test_a_scheme_unknown_to_the_log_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        TagHistory(("quadrant",)).tags_at(0, "stage")


def test_a_log_of_no_scheme_has_an_empty_table() -> None:
    assert len(TagHistory(()).table(SCHEMES)) == 0

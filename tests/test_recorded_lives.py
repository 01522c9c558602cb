"""Everybody who was our customer: each end of a relationship is kept, with where the person went."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.agents.offer import US
from tenure.agents.person import GONE
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.market import GONE_FOR_GOOD
from tenure.simulation.recording.measures import LIFE_LEFT, LIFE_VALUE, STAYS, TO
from tenure.simulation.recording.observing import MonthFacts
from tests.markets import LIVELY, lived, markets, small_market

PATIENT = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
RIVALS = {"bigbank": {"share": "30%", "quality": 0.2}, "other": {"share": "20%", "quality": 0.1}}
RESTLESS = {**LIVELY, "choice": {"search": 1.0}}
"""Rules under which people change their provider several times within a few years."""


class Books:
    """Keeps in whose book everybody is, month by month; a month is that at whose end it is so."""

    def __init__(self, facts: MonthFacts) -> None:
        self.of: list[dict[str, str]] = []
        self.month(facts)

    def month(self, facts: MonthFacts) -> None:
        """Take down the provider of each person."""
        providers = [GONE_FOR_GOOD if one == GONE else facts.names[one] for one in facts.people["provider"].tolist()]
        self.of.append(dict(zip(map(str, facts.people["id"].tolist()), providers, strict=True)))

    def leavings(self, us: str) -> list[tuple[int, str, str]]:
        """Return month, person and where to, for all who were in our book at a month's start and not at its end."""
        pairs = zip(self.of, self.of[1:], strict=False)
        return [(m, who, now[who]) for m, (was, now) in enumerate(pairs) for who in was if was[who] == us != now[who]]


def recorded(config: dict[str, Any], engine: str, months: int) -> tuple[pd.DataFrame, Books, str]:
    """Return what a few months recorded, in whose book everybody was, and what we are called."""
    model = LifecycleModel(config, seed=3, engine=engine)
    model.start_recording()
    books = Books(model.facts())
    model.observers.append(books)
    for _ in range(months):
        model.step()
    return model.recording(), books, model.names[US]


def of(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure, `b` of a leaving split into how and where."""
    found = rows[rows["measure"] == measure].reset_index(drop=True)
    if measure != LIFE_LEFT.name:
        return found
    split = found["b"].str.partition(TO)
    return found.assign(cause=split[0], to=split[2]) if len(found) else found.assign(cause="", to="")


@PATIENT
@given(markets(), st.sampled_from(["compiled", "objects"]))
def test_who_is_named_is_whose_book_the_person_is_in_when_the_next_month_begins(
    config: dict[str, Any], engine: str
) -> None:
    rows, books, us = recorded(config, engine, 5)
    left = of(rows, LIFE_LEFT.name)
    found = list(zip(left["month"], left["a"], left["to"], strict=True))
    assert sorted(found) == sorted(books.leavings(us))
    to_another = ~left["to"].isin(["nobody", GONE_FOR_GOOD])
    assert ((left["cause"] == "poached") == to_another).all() and (left["value"] == 1.0).all()


@PATIENT
@given(markets())
def test_both_engines_keep_the_same_ends(config: dict[str, Any]) -> None:
    compiled, objects = (of(recorded(config, engine, 4)[0], LIFE_LEFT.name) for engine in ("compiled", "objects"))
    pd.testing.assert_frame_equal(compiled, objects, check_exact=True)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Two years of a market of two rivals in which people come back and leave again."""
    return lived(small_market(people=700, rules=RESTLESS, rivals=RIVALS), 24, seed=2).recording()


def test_sums_over_rivals_are_those_poached_and_of_all_ends_our_leavers_month_by_month(rows: pd.DataFrame) -> None:
    left, leavers, flows = (of(rows, name) for name in (LIFE_LEFT.name, "leavers", "flows"))
    ours = leavers[leavers["institution"] == "us"]
    assert len(left) > 100 and set(left["to"]) >= {"bigbank", "other"}
    counted = left.groupby(["month", "cause"])["value"].sum()
    assert counted.to_dict() == ours.groupby(["month", "a"])["value"].sum().to_dict()
    went = flows[flows["institution"] == "us"].groupby(["month", "a"])["value"].sum()
    assert left.groupby(["month", "to"])["value"].sum().to_dict() == went.to_dict()


def test_who_comes_back_and_leaves_again_has_an_end_for_each_time_and_the_last_counts(rows: pd.DataFrame) -> None:
    left, lives = of(rows, LIFE_LEFT.name), of(rows, LIFE_VALUE.name).set_index("a")["b"]
    times = Counter(left["a"])
    twice = {who for who, many in times.items() if many > 1}
    assert len(twice) > 20
    last = left.groupby("a").last()["cause"]
    for person in twice:
        assert lives[person] in (STAYS, last[person])
    assert any(lives[one] == STAYS for one in twice) and any(lives[one] == "poached" for one in twice)
    never = lives[~lives.index.isin(times.keys())]
    assert set(never) == {STAYS}
    back = rows[rows["measure"] == "won_back"]["value"].sum()
    stayed = (lives[list(times)] == STAYS).sum()
    assert sum(times.values()) - len(times) + stayed == back > 0  # each return ends, or stands

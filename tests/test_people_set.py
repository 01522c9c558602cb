"""People read like Mesa's AgentSet on both engines, and set from outside alike."""

import math
from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.agents.person import PERSON
from tenure.simulation.engines.engine import RuleFault
from tenure.simulation.institutions.institution import Institution
from tenure.simulation.market.people import FIELDS, SETTABLE, PersonAgent, PersonRow, limits
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, differences, lived, markets, small_market

LIVELY_MARKET = small_market(people=80, rules=LIVELY, us={"policy": "uniform"}, world={"newcomers_per_year": 0.5})
ROWS, AGENTS = (lived(LIVELY_MARKET, 4, seed=7, engine=engine) for engine in ("compiled", "objects"))
PEOPLE = AGENTS.agents_by_type[PersonAgent]
"""Mesa's own set of the same people."""
SCALARS = [name for name in FIELDS if PERSON[name].shape == ()]
fields = st.sampled_from(list(FIELDS))
scalars = st.sampled_from(SCALARS)
at_most = st.sampled_from([float("inf"), 0, 1, 7, 1000, 0.0, 0.4, 1.0, -3, 2.5])


def ids(people: Any) -> list[int]:
    """Return who they are, in their order."""
    return [person.id for person in people]


def plain(values: Any) -> Any:
    """Return what `get` returns as Python's own values, arrays as lists of numbers or of tuples."""
    values = values.tolist() if isinstance(values, np.ndarray) else values
    return [tuple(one) if isinstance(one, list) else one for one in values]


@st.composite
def predicates(draw: st.DrawFn) -> Callable[[Any], bool]:
    """Functions of a person: a field above what another person has."""
    name, row = draw(scalars), draw(st.integers(0, len(ROWS.people) - 1))
    bound, above = ROWS.people[name][row].item(), draw(st.booleans())
    return lambda person: bool(getattr(person, name) > bound) if above else getattr(person, name) <= bound


# people as a set


@settings(max_examples=150, deadline=None)
@given(st.none() | predicates(), at_most, st.sampled_from([None, mesa.Agent, PersonAgent, Institution]))
def test_select_is_mesas_on_both_engines(keep: Any, most: float, kind: Any) -> None:
    expected = ids(PEOPLE.select(keep, at_most=most, agent_type=kind))
    for model in (ROWS, AGENTS):
        everybody = model.customers
        assert ids(everybody.select(keep, at_most=most, agent_type=kind)) == expected
        assert len(everybody) == len(model.people)
        assert everybody.select(keep, most, inplace=True, agent_type=kind) is everybody
        assert ids(everybody) == expected
    if keep is not None:
        truths = [keep(person) for person in PEOPLE]
        assert ids(ROWS.customers.select(truths, at_most=most)) == ids(PEOPLE.select(keep, at_most=most))


@settings(max_examples=100, deadline=None)
@given(fields, st.lists(fields, max_size=3), predicates())
def test_get_and_agg_are_mesas_on_both_engines(name: str, names: list[str], keep: Any) -> None:
    some = PEOPLE.select(keep)
    for model in (ROWS, AGENTS):
        mine = model.customers.select(keep)
        assert plain(mine.get(name)) == some.get(name)
        assert mine.get(names) == some.get(names)
        assert mine.get([name, "nothing"], "default", 5) == some.get([name, "nothing"], "default", 5)
        if len(mine) and PERSON[name].shape == ():
            assert mine.agg(name, [min, max, math.fsum, len]) == some.agg(name, [min, max, math.fsum, len])
            assert mine.agg(name, np.mean) == some.agg(name, np.mean)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["provider", "stage", "held", "vulnerable", "group"]), predicates(), scalars)
def test_groupby_is_mesas_on_both_engines(by: str, keep: Any, name: str) -> None:
    for key in (by, keep):
        expected = PEOPLE.groupby(key)
        for model in (ROWS, AGENTS):
            groups = model.customers.groupby(key)
            assert [(value, ids(group)) for value, group in groups] == [(v, ids(g)) for v, g in expected]
            assert groups.count() == expected.count() and len(groups) == len(expected)
            assert groups.agg(name, math.fsum) == expected.agg(name, math.fsum)
            lists = model.customers.groupby(key, result_type="list")
            assert lists.agg(name, max) == expected.agg(name, max)
            assert groups.map("get", name).keys() == expected.groups.keys()


@settings(max_examples=100, deadline=None)
@given(fields, st.booleans(), predicates())
def test_sort_is_mesas_on_both_engines(name: str, ascending: bool, keep: Any) -> None:
    for key in (name, keep, lambda person: -person.id):
        expected = ids(PEOPLE.sort(key, ascending))
        for model in (ROWS, AGENTS):
            assert ids(model.customers.sort(key, ascending)) == expected
            inplace = model.customers
            assert inplace.sort(key, ascending, inplace=True) is inplace and ids(inplace) == expected


def test_people_can_be_counted_indexed_and_met() -> None:
    for model in (ROWS, AGENTS):
        everybody = model.customers
        assert ids(everybody) == model.people["id"].tolist() == [person.id for person in everybody.to_list()]
        assert everybody[3].id == model.people["id"][3] and everybody[-1].id == model.people["id"][-1]
        assert ids(everybody[2:9:3]) == model.people["id"][2:9:3].tolist()
        assert repr(everybody) == f"<Customers: {len(model.people)} people>"
        assert repr(everybody[3]).startswith(f"<{type(everybody[3]).__name__} {everybody[3].id} of ")
        assert everybody[3] in everybody and everybody[3] not in everybody.select(lambda p: p.id > 99_999, 2)
        assert everybody.index(everybody[5]) == 5 and ids(reversed(everybody)) == ids(everybody)[::-1]
        assert model.us not in everybody
        met: list[int] = []
        assert everybody.do(lambda person, into: into.append(person.id), met) is everybody
        assert met == ids(everybody) == everybody.map(lambda person: person.id)
        assert len({*everybody}) == len(everybody) == len({*everybody, *model.customers})
        with pytest.raises(IndexError):
            everybody[len(everybody)]
        with pytest.raises(ValueError, match="no institution is called 'bank'; there are nobody, us, bigbank"):
            everybody.select(provider="bank")
        with pytest.raises(ValueError, match="a function of a person, or an array of"):
            everybody.select([True, False])
        with pytest.raises(AttributeError, match="a person has no 'balance'"):
            everybody.get("balance")
        for refused in (everybody.add, everybody.remove, everybody.discard):
            with pytest.raises(TypeError, match=r"select\("):
                refused(everybody[0])
    assert {type(person) for person in ROWS.customers} == {PersonRow}
    assert {type(person) for person in AGENTS.customers} == {PersonAgent}


def test_customers_of_an_institution() -> None:
    for model in (ROWS, AGENTS):
        for name, agent in zip(model.names[1:], model.institutions, strict=True):
            own = model.customers.select(provider=name)
            assert len(own) == agent.customers > 0
            assert (own.get("provider") == agent.index).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 90))
def test_shuffle_is_the_same_on_both_engines_and_a_permutation(seed: int, count: int) -> None:
    orders = []
    for model in (ROWS, AGENTS):
        model.random.seed(seed)
        some = model.customers.select(at_most=count)
        shuffled = some.shuffle()
        met: list[int] = []
        some.shuffle_do(lambda person, met=met: met.append(person.id))
        assert sorted(ids(shuffled)) == sorted(met) == sorted(ids(some))
        orders.append((ids(shuffled), met, ids(some.shuffle(inplace=True)), ids(some)))
    assert orders[0] == orders[1] and orders[0][2] == orders[0][3]
    assert count < 20 or orders[0][0] != orders[0][1]


def test_shuffling_touches_no_luck() -> None:
    for engine in ("compiled", "objects"):
        quiet, shuffled = (lived(LIVELY_MARKET, 0, seed=3, engine=engine) for _ in range(2))
        for _ in range(3):
            shuffled.customers.shuffle(inplace=True).shuffle_do(lambda person: person.id)
            quiet.step()
            shuffled.step()
        assert differences(quiet, shuffled) == []


def test_people_are_read_as_they_are_now() -> None:
    for engine in ("compiled", "objects"):
        model = LifecycleModel(LIVELY_MARKET, seed=2, engine=engine)
        everybody, first = model.customers, model.customers[0]
        before = everybody.get("tenure_months")
        model.step()
        assert len(everybody) == 80 < len(model.customers)
        assert (everybody.get("tenure_months") != before).any()
        assert first.tenure_months == model.people["tenure_months"][0]


# what is set from outside


def values(name: str) -> st.SearchStrategy[Any]:
    """Values that a field may be given."""
    low, high = limits(name)
    if PERSON[name].base.kind != "f":
        return st.sampled_from([0, 1, True, np.int64(1)])
    return st.floats(low, high) | st.sampled_from([low, high]) | st.floats(max(low, -2), min(high, 2))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), markets(), st.integers(0, 2**32 - 1))
def test_what_is_set_counts_from_the_next_month_on_both_engines_alike(data: Any, config: Any, seed: int) -> None:
    """Whatever is set within its limits: the same bits, or the same fault of a rule, and no person or cent is lost."""
    rows, agents = (lived(config, 1, seed=seed, engine=engine) for engine in ("compiled", "objects"))
    for _ in range(3):
        name = data.draw(st.sampled_from(SETTABLE))
        value, first = data.draw(values(name)), data.draw(st.integers(0, len(rows.people) - 1))
        if data.draw(st.booleans()):
            for model in (rows, agents):
                model.customers.select(at_most=first).set(name, value)
        else:
            for model in (rows, agents):
                setattr(model.customers[first], name, value)
        assert rows.people.tobytes() == agents.people.tobytes()
        told = []
        for model in (rows, agents):
            try:
                model.step()
                told.append("")
            except RuleFault as fault:
                told.append(str(fault))
        assert told[0] == told[1]
        if told[0]:
            return
        assert differences(rows, agents) == []


def test_a_person_set_from_outside_lives_with_it() -> None:
    for engine in ("compiled", "objects"):
        model = LifecycleModel(small_market(rules=LIVELY), seed=1, engine=engine)
        model.step()
        person = model.customers[4]
        person.age_years, person.need = 61.5, [0.25, 0.5, 0.75]
        assert person.need == (0.25, 0.5, 0.75) and model.people["need"][4, :3].tolist() == [0.25, 0.5, 0.75]
        model.people["income"][4] = 1234.0
        model.customers.set("leave_per_year", 1.0)
        model.step()
        assert person.age_years == 61.5 and person.income == 1234.0
        for _ in range(12):
            model.step()
        assert (model.people["provider"] == -1).mean() > 0.5, engine  # most have left for their own reasons
        with pytest.raises(TypeError):
            person.need[0] = 1.0  # would be lost without a word


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_what_may_not_be_set_is_refused_in_words(engine: str) -> None:
    model = LifecycleModel(small_market(), seed=1, engine=engine)
    before = model.people.copy()
    person = model.customers[0]
    for name in set(FIELDS) - set(SETTABLE):
        with pytest.raises(AttributeError, match=f"'{name}' of a person is written by the rules alone.*satisfaction"):
            setattr(person, name, 1)
        with pytest.raises(AttributeError, match="written by the rules alone"):
            model.customers.set(name, 1)
    wrong: list[Any] = [float("nan"), float("inf"), 1e9, "1", None, [1.0], [[1.0, 2.0]], int, 1j, [1.0, [2.0]]]
    for name in SETTABLE:
        for value in wrong:
            with pytest.raises(ValueError, match=f"'{name}' (must be|takes one number)"):
                model.customers.set(name, value)
    with pytest.raises(ValueError, match="'vulnerable' must be 0 or 1"):
        person.vulnerable = 0.5
    with pytest.raises(ValueError, match="one for each of the 3 products"):
        person.need = [0.1] * 8
    assert model.people.tobytes() == before.tobytes()


def test_every_field_that_may_be_set_has_limits_and_the_rest_are_counts_codes_and_money() -> None:
    assert all(limits(name)[0] < limits(name)[1] for name in SETTABLE)
    assert {"satisfaction", "need", "vulnerable", "leave_per_year"} <= set(SETTABLE)
    kept = {"id", "provider", "stage", "balance_cents", "owed_before_cents", "months_past_due", "held", "line_cents"}
    assert not kept & set(SETTABLE)


def test_agents_hold_what_users_give_them_and_rows_say_that_they_cannot() -> None:
    agents, rows = (LifecycleModel(small_market(), seed=1, engine=engine) for engine in ("objects", "compiled"))
    agents.customers.set("colour", "red")
    agents.customers[2].colour = "blue"
    agents.step()
    assert agents.customers.groupby("colour").count() == {"red": 59, "blue": 1}
    assert agents.agents_by_type[PersonAgent].get("colour")[:3] == ["red", "red", "blue"]
    with pytest.raises(AttributeError, match="cannot hold 'colour'; use engine='objects'"):
        rows.customers.set("colour", "red")


ANEW = r"restored since these people were asked for: ask model\.customers anew"


def test_people_of_before_a_restore_are_refused() -> None:
    for engine in ("compiled", "objects"):
        model = lived(LIVELY_MARKET, 5, seed=2, engine=engine)
        person, everybody, state = model.customers[-1], model.customers, model.state()
        model.restore(state)
        assert len(model.customers) == len(state["people"]) < len(everybody)  # who is gone is not in a state
        assert repr(person) == f"<{type(person).__name__} of before a restore>"
        with pytest.raises(RuntimeError, match=ANEW):
            person.income  # noqa: B018 - reading is what is refused
        with pytest.raises(RuntimeError, match=ANEW):
            everybody.get("income")
        with pytest.raises(RuntimeError, match=ANEW):
            list(everybody)
        with pytest.raises(RuntimeError, match=ANEW):
            person.income = 1.0

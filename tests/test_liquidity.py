"""Want of liquidity: it makes people miss payments and draw; utilisation is an outcome, and more debt never helps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.month.reading import due_cents
from tenure.agents.person import CHARGED_OFF, Person
from tenure.agents.rules.credit import (
    Credit,
    counts_of_undrawn,
    drawn_for_want,
    misses_payment,
    moves_to_wanted,
    payments_over_income,
    want_of_liquidity,
)
from tenure.experiments.evidence.bands import shipped
from tenure.simulation.engines.objects import as_object, as_world
from tenure.simulation.model import LifecycleModel
from tests.markets import small_market

LOG_ODDS, CARD = st.floats(-20.0, 20.0), 1


@given(LOG_ODDS, st.floats(0.0, 1.0), LOG_ODDS)
def test_want_is_what_passes_the_cushion_and_expected_want_is_never_less(
    event: float, service: float, systematic: float
) -> None:
    group = Credit()
    passes = event + group.want_service * service + group.want_common * systematic - group.cushion
    want = want_of_liquidity(event, 0.0, service, systematic, group)
    assert want == pytest.approx(max(0.0, passes), abs=1e-12)
    assert want_of_liquidity(event, 0.7, service, systematic, group) >= want


@settings(max_examples=25)
@given(st.floats(-3.0, 3.0), st.floats(0.05, 2.0))
def test_expected_want_is_that_of_the_normal_law_nearly(mean: float, spread: float) -> None:
    """By hand: E[max(0, X)] = m Phi(m / s) + s phi(m / s)."""
    z = mean / spread
    cumulative, density = 0.5 * math.erfc(-z / math.sqrt(2.0)), math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    expected = mean * cumulative + spread * density
    found = want_of_liquidity(mean, spread, 0.0, 0.0, Credit(cushion=0.0))
    assert found == pytest.approx(expected, abs=0.11 * spread)
    assert want_of_liquidity(0.0, spread, 0.0, 0.0, Credit(cushion=0.0)) == pytest.approx(
        spread / math.sqrt(2 * math.pi)
    )


@given(LOG_ODDS, LOG_ODDS, st.integers(0, 10**8), st.integers(0, 10**8), st.floats(100.0, 1e5), st.floats(-3.0, 3.0))
def test_more_debt_never_makes_a_miss_less_likely(
    risk: float, event: float, due: int, more: int, income: float, systematic: float
) -> None:
    def miss(cents: int) -> float:
        service = payments_over_income(cents, income, Credit())
        return misses_payment(risk, want_of_liquidity(event, 0.0, service, systematic, Credit()), systematic, Credit())

    assert miss(due + more) >= miss(due)


@given(LOG_ODDS, st.floats(0.0, 20.0), st.floats(0.0, 20.0), st.floats(-3.0, 3.0))
def test_want_makes_a_miss_likelier_and_switched_off_does_nothing(
    risk: float, want: float, more: float, systematic: float
) -> None:
    assert misses_payment(risk, want + more, systematic, Credit()) >= misses_payment(risk, want, systematic, Credit())
    off = Credit(miss_want=0.0)
    assert misses_payment(risk, want, systematic, off) == misses_payment(risk, 0.0, systematic, off)


@given(st.floats(0.0, 50.0), st.integers(0, 9))
def test_want_draws_on_what_is_left_and_who_missed_wants_it_all(want: float, missed: int) -> None:
    group = Credit()
    share = drawn_for_want(want, missed, group)
    assert 0.0 <= share <= 1.0 and (share == 1.0 or missed == 0)
    assert group.draw_speed <= moves_to_wanted(share, group) <= group.want_speed
    assert drawn_for_want(want, 0, Credit(draw_want=0.0)) == 0.0 and moves_to_wanted(0.0, group) == group.draw_speed


@given(st.floats(-1e6, 1e6), st.integers(1, 4))
def test_a_tenth_of_what_is_not_drawn_counts_for_capital_shared_by_its_lines(undrawn: float, lines: int) -> None:
    assert counts_of_undrawn(undrawn, lines, Credit()) * lines == pytest.approx(max(0.0, undrawn) / 10.0)
    assert counts_of_undrawn(undrawn, lines, Credit(undrawn_conversion=0.0)) == 0.0


def test_payments_due_are_three_in_a_hundred_of_the_card_and_the_instalment_of_the_loan() -> None:
    """By hand: 1,200.00 on a card asks 36.00; 2,400.00 at 12% over 24 months asks 100.00 and 24.00 of interest."""
    model = LifecycleModel(
        small_market(
            products={
                "loan": {"kind": "instalment", "apr": "12%", "amount": 5000},
                "card": {"kind": "revolving", "apr": "19%", "line": 2000},
            }
        ),
        seed=1,
    )
    row = model.people[np.flatnonzero(model.people["provider"] == 1)[:1]].copy()
    row["balance_cents"], row["held"], row["premium"], row["price_cut"] = 0, 0, 0.0, 0.0
    row["balance_cents"][:, :2], row["held"][:, :2], row["months_left"][:, 0] = (240_000, 120_000), 1, 24
    world = as_world(model.world.copy())
    assert due_cents(as_object(row[0], Person), world) == 3_600 + 10_000 + 2_400


def crowd() -> LifecycleModel:
    """Return 8,000 people of the default market, burnt in for a year."""
    model = LifecycleModel(shipped("steady", 8_000), seed=5, first_month=-12)
    for _ in range(12):
        model.step()
    return model


def lives(model: LifecycleModel, months: int) -> NDArray[np.int64]:
    """Live so many months; return the ids of those charged off."""
    lost = []
    for _ in range(months):
        model.step()
        lost.append(model.signals["person_id"][model.signals["cause"] == CHARGED_OFF].copy())
    return np.concatenate(lost)


def test_a_larger_line_for_everybody_is_drawn_by_the_weak_and_lowers_nobody_s_default() -> None:
    """Paired: the same people, the same luck, half as much line again for all who pay; borrowed after twelve months."""
    usual, larger = crowd(), crowd()
    people = larger.people
    pays = (people["line_cents"] > 0) & (people["months_past_due"] == 0)
    ids, risk = people["id"][pays], (people["risk_trait"] + people["risk_event"])[pays]
    people["line_cents"][pays] = people["line_cents"][pays] * 3 // 2
    before, after = set(lives(usual, 12).tolist()), set(lives(larger, 12).tolist())
    drawn = [
        dict(zip(m.people["id"].tolist(), m.people["balance_cents"][:, CARD].tolist(), strict=True))
        for m in (usual, larger)
    ]
    line = dict(zip(usual.people["id"].tolist(), usual.people["line_cents"].tolist(), strict=True))
    before, after = before | set(lives(usual, 12).tolist()), after | set(lives(larger, 12).tolist())
    assert len(before & set(ids.tolist())) > 30
    tenths = np.searchsorted(np.quantile(risk, np.linspace(0.1, 0.9, 9)), risk)
    for tenth in range(10):
        group = set(ids[tenths == tenth].tolist())
        assert len(group & after) >= len(group & before) - 1, "one may have gone another way in the choice of a bank"
    weak, strong = (ids[part] for part in (tenths >= 7, tenths <= 2))
    borrowed = [
        sum(drawn[1].get(i, 0) - drawn[0].get(i, 0) for i in part.tolist())
        / sum(0.5 * line.get(i, 0) for i in part.tolist())
        for part in (weak, strong)
    ]
    assert borrowed[0] > 0.25 > 0.08 > borrowed[1] > -0.02


def test_who_is_charged_off_had_drawn_and_drew_more_on_the_way() -> None:
    """Utilisation of those charged off rises over the last twelve months, and passes .75 before the end."""
    model = crowd()
    history, lost = [], []
    for month in range(36):
        rows = model.people[model.people["line_cents"] > 0]
        used = rows["balance_cents"][:, CARD] / rows["line_cents"]
        history.append(dict(zip(rows["id"].tolist(), used.tolist(), strict=True)))
        model.step()
        lost += [(month, i) for i in model.signals["person_id"][model.signals["cause"] == CHARGED_OFF].tolist()]
    ways = [
        [history[month - back][i] for back in (11, 5, 2, 0)]
        for month, i in lost
        if month >= 12 and all(i in history[month - back] for back in (11, 5, 2, 0))
    ]
    year, half, quarter, last = np.mean(ways, axis=0)
    assert len(ways) > 60 and year < half < quarter < last and last > 0.75 and year < 0.72

"""Money to the cent, people to the one; and no number that is none leaves a rule, on either engine."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.agents import ledger
from tenure.agents.month import accounts
from tenure.agents.rules import credit
from tenure.simulation.engines.engine import RuleFault
from tenure.simulation.market.ledger import ConservationError, check_people, people_in
from tenure.simulation.market.population import newcomers
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, lived, markets, small_market

ENGINES = ("compiled", "objects")


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_nothing_is_lost_or_made(config: dict[str, Any], months: int, seed: int) -> None:
    model = LifecycleModel(config, seed=seed)
    born = set(model.people["id"].tolist())
    for _ in range(months):
        gone = model.people["provider"] < 0
        model.step()  # checks money and people itself, every month
        assert (model.people["provider"][: len(gone)][gone] < 0).all(), "nobody comes back from being gone"
        ids = model.people["id"].tolist()
        assert born <= set(ids) and len(set(ids)) == len(ids)
        born = set(ids)
        people = model.people
        assert (people["balance_cents"] >= 0).all() and (people["owed_before_cents"] >= 0).all()
        assert not people["balance_cents"][people["held"] == 0].any()
        assert not people["held"][people["provider"] <= 0].any()


def test_loans_are_what_was_lent_less_what_came_back() -> None:
    model = lived(small_market(people=300, rules=LIVELY), 0, seed=3)
    opening = model.books.balances.copy()
    posted = np.zeros_like(opening)
    inner = model.engine.live
    ledgers: list[Any] = []
    model.engine.live = lambda *a: ledgers.append(inner(*a)) or ledgers[-1]  # type: ignore[func-returns-value]  # none, so the latter
    for _ in range(12):
        model.step()
    total = sum(one.ledger for one in ledgers)
    posted[:, 0], posted[:, 1] = total[:, ledger.LOANS], -total[:, ledger.DEPOSITS]
    assert (opening[1:] + posted[1:] == model.books.balances[1:]).all()
    assert not total.sum(axis=0).any() and not total.sum(axis=1).any()
    assert np.abs(posted[1:]).min() > 0


def lose(account: int, side: int) -> Any:
    """Return a posting that loses a cent of one account: from the institution's books (1) or the world's (0)."""

    def receive(books: Any, institution: int, to: int, amount_cents: int) -> None:
        ledger.receive(books, institution, to, amount_cents)
        if to == account:
            books[institution if side else 0, to] += 1

    return receive


@pytest.mark.parametrize("account", [ledger.LOANS, ledger.DEPOSITS, ledger.FEES])
@pytest.mark.parametrize("side", [0, 1])
def test_a_lost_cent_is_found_in_the_month(account: int, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LifecycleModel(small_market(), seed=0, engine="objects")
    model.step()
    monkeypatch.setattr(accounts, "receive", lose(account, side))
    with pytest.raises(ConservationError, match=r"month 1: .*(off by|two sides)"):
        model.step()


def test_a_person_who_changes_provider_between_months_is_found() -> None:
    model = LifecycleModel(small_market(), seed=0)
    model.step()
    who = np.flatnonzero(model.people["provider"] == 1)[0]
    model.people["provider"][who] = 2
    with pytest.raises(ConservationError):
        model.step()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "account"), [("credit", "loans"), ("deposit", "deposits"), ("owed", "loans")])
def test_a_cent_that_comes_or_goes_between_months_is_found(engine: str, name: str, account: str) -> None:
    """Whoever writes to the people between two months is not checked there, but the books are."""
    model = LifecycleModel(small_market(), seed=0, engine=engine)
    for _ in range(3):
        model.step()
    people, kept = model.people, model.products["keeps_deposits"] == 1
    if name == "owed":
        who = np.flatnonzero(people["provider"] > 0)[0]
        people["owed_before_cents"][who] += 10_000
        people["owed_before_to"][who] = 1
    else:
        own = people["balance_cents"][:, : len(kept)] * (kept if name == "deposit" else model.products["lends"] == 1)
        who, product = np.argwhere(own > 0)[0]
        people["balance_cents"][who, product] += 10_000
    with pytest.raises(ConservationError, match=rf"month 3: \w+ {account} are off by -?\d+ cents"):
        model.step()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_person_who_is_lost_is_found(engine: str) -> None:
    model = LifecycleModel(small_market(), seed=0, engine=engine)
    nowhere = np.flatnonzero(model.people["provider"] == 0)[:20]  # who has no account
    model.people, model.signals = (np.delete(rows, nowhere) for rows in (model.people, model.signals))
    model.engine.forget()
    with pytest.raises(ConservationError, match=r"month 0: \d+ people are missing"):
        model.step()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_newcomer_who_brings_a_provider_is_found(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def settled(*arguments: Any) -> Any:
        cohort = newcomers(*arguments)
        cohort["provider"] = 1
        return cohort

    model = LifecycleModel(small_market(people=2000), seed=0, engine=engine)
    monkeypatch.setattr("tenure.simulation.model.newcomers", settled)
    with pytest.raises(ConservationError, match=r"month 0: \d+ people changed provider"):
        model.step()


@pytest.mark.parametrize("provider", [-2, 3, 99])
def test_a_person_with_an_institution_that_does_not_exist_is_found(provider: int) -> None:
    model = LifecycleModel(small_market(), seed=0)
    model.step()
    who = np.flatnonzero(model.people["provider"] == 0)[0]
    model.signals["provider"][who] = provider
    counts = model.engine.count(model.people, model.signals)
    assert people_in(counts) == len(model.people)
    with pytest.raises(ConservationError, match="month 7: a person's provider is out of range"):
        check_people(counts, len(model.people), len(model.names), 7)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(0, 6), st.sampled_from(ENGINES))
def test_balances_are_what_people_owe_and_keep(config: dict[str, Any], months: int, engine: str) -> None:
    """What is counted while people live, against the sums of their accounts by product and institution."""
    model = lived(config, months, engine=engine)
    people, kinds = model.people, model.products
    balance, expected = people["balance_cents"][:, : len(kinds)], np.zeros((len(model.names), 2), np.int64)
    for j in range(1, len(model.names)):
        own, before = people["provider"] == j, people["owed_before_to"] == j
        expected[j, 0] = balance[own][:, kinds["lends"] == 1].sum() + people["owed_before_cents"][before].sum()
        expected[j, 1] = balance[own][:, kinds["keeps_deposits"] == 1].sum()
    assert (model.books.balances == expected).all() and (model.money_balances() == expected).all()
    assert model.books.people == len(people)


# parameter set to NaN, or far out of range -> the rule that must be named
FAULTS = [
    ("needs", "event_persistence", math.nan, "risk_event_next"),
    ("needs", "event_sd", math.inf, "risk_event_next"),
    ("needs", "event_sd", 1e9, "risk_event_next"),
    ("needs", "take_on_own", math.nan, "takes_by_oneself"),
    ("reach", "score_unmet", math.nan, "targeting_score"),
    ("reach", "read_share", math.nan, "reads"),
    ("reach", "read_share", -1e9, "reads"),
    ("choice", "search", math.nan, "looks_around"),
    ("choice", "fit_weight", math.nan, "utility"),
    ("choice", "satisfaction_weight", math.inf, "utility"),
    ("relationship", "depth_speed", math.nan, "depth_next"),
    ("relationship", "surprise", math.nan, "satisfaction_next"),
    ("relationship", "expectation_moves", math.nan, "expectation_next"),
    ("relationship", "fatigue_kept", math.nan, "fatigue_next"),
    ("relationship", "reminded_kept", math.nan, "reminded_next"),
    ("relationship", "response", math.nan, "takes_offer"),
    ("credit", "want_service", math.nan, "misses_payment"),
    ("credit", "utilisation", math.nan, "target_utilisation"),
    ("credit", "line_pass_through", math.nan, "line_that_counts"),
    ("lifecycle", "decline_gone", math.nan, "leaves_for_own_reasons"),
    ("lifecycle", "decline_gone", -1e6, "leaves_for_own_reasons"),
    ("lifecycle", "maturity", math.nan, "leaves_stage"),
    ("lifecycle", "decline_fatigue", math.nan, "leaves_stage"),
    ("learning", "risk_drift", math.nan, "precision_aged"),
    ("learning", "return_drift", math.nan, "precision_aged"),
    ("learning", "care_drift", math.nan, "precision_aged"),
]


def fault_of(engine: str, group: str, name: str, value: float) -> str:
    """Return the message with which a run stops after a parameter has gone wrong in month 2."""
    config = small_market(
        rules=LIVELY,
        us={"policy": {"policy": "uniform", "treatment": "loyalty_reward"}},
        guards={"budget_per_month": 1e6},
    )
    model = LifecycleModel(config, seed=5, engine=engine)
    model.step()
    model.step()
    changed = getattr(model.rules, group)._replace(**{name: value})
    model.rules = model.rules._replace(**{group: changed})
    model.world["rules"] = model.rules
    with pytest.raises(RuleFault) as stopped:
        model.step()
    return str(stopped.value)


@pytest.mark.parametrize(("group", "name", "value", "rule"), FAULTS)
def test_what_is_no_number_stops_the_run_in_its_month(group: str, name: str, value: float, rule: str) -> None:
    messages = {fault_of(engine, group, name, value) for engine in ENGINES}
    assert len(messages) == 1, messages
    message = messages.pop()
    assert f"'{rule}'" in message and "person " in message and "month 2" in message


@pytest.mark.parametrize("engine", ENGINES)
def test_the_person_is_named(engine: str) -> None:
    model = LifecycleModel(small_market(), seed=0, engine=engine)
    who = np.flatnonzero(model.people["provider"] > 0)[7]
    model.people["satisfaction"][who] = math.nan
    with pytest.raises(RuleFault, match=rf"'\w+' returned nan for person {model.people['id'][who]} in month 0"):
        model.step()


@settings(max_examples=100)
@given(st.floats(0.0, 1e6), st.floats(0.0, 10.0), st.floats(0.0, 1e6))
def test_a_line_ends_at_the_most_that_is_lent_and_never_falls_by_an_increase(
    line: float, factor: float, at_most: float
) -> None:
    after = credit.line_after(line, factor, credit.Credit(line_at_most=at_most))
    assert after <= line * factor and after <= max(line, at_most)
    assert after >= line or factor < 1.0
    assert after == line * factor or after == max(line, at_most)


@pytest.mark.parametrize("kept", [True, False])
def test_who_gets_more_line_each_month_gets_no_more_than_the_rule_or_the_most_that_is_lent(kept: bool) -> None:
    rules = {} if kept else {"full_line": "off", "ability_to_pay": "off"}
    config = small_market(
        people=300, us={"guards": {"rules": rules}}, guards={"contacts_at_most": 9, "budget_per_month": 9000}
    )
    config["us"]["policy"] = {"policy": "uniform", "treatment": "line_increase"}
    people = lived(config, months=50, seed=1).people
    ours = people[(people["provider"] == 1) & (people["line_cents"] > 0)]
    line, income = ours["line_cents"] / 100.0, 12.0 * ours["income"]
    assert line.max() > 10_000.0
    if kept:
        raised = line > ours["first_line_cents"] / 100.0
        assert raised.any() and (line[raised] <= 0.5 * income[raised] + 0.01).all()
    else:
        assert line.max() == 50_000.0

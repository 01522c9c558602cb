"""The month that the benchmark compares with lives a market like the engine's."""

from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from agents.market import CREDIT_LOSS, INTEREST
from agents.person import CHARGED_OFF, NO_EXIT, POACHED
from benchmarks.numpy_month import live_month
from benchmarks.numpy_people import market_of, people_of
from simulation.build import event_shock_sd
from simulation.model import LifecycleModel

MARKET = Path(__file__).resolve().parent.parent / "experiments" / "markets" / "default.market.yaml"
MONTHS = 18


def test_numpy_month_conserves_people_and_lives_like_the_engine() -> None:
    settings = YAML(typ="safe").load(MARKET.read_text())
    settings["world"] = {"macro_sd": 0, "newcomers_per_year": 0}
    settings["people"], settings["stands_for"] = 12_000, 20_000
    model = LifecycleModel(settings, seed=7)
    for _ in range(6):
        model.step()
    offers = model.offers.copy()
    offers["reach"] = np.pad(model.channels.rate, ((0, 0), (0, offers["reach"].shape[1] - model.channels.rate.shape[1])))
    market = market_of(offers, model.products, event_shock_sd(model.rules))
    people = people_of(model.people[model.people["provider"] >= 0], offers, model.rules, 7, 0)
    at_start, gone, customers, left, lost = len(people.provider), 0, 0, 0, 0.0
    engine_customers, engine_left, engine_lost = 0, 0, 0.0
    rng = np.random.default_rng(7)
    for _ in range(MONTHS):
        customers += int((people.provider > 0).sum())
        before = np.bincount(people.provider, minlength=len(offers))
        month = live_month(people, market, model.rules, 0.0, rng)
        own = int((people.provider < 0).sum())
        after = np.bincount(people.provider[people.provider >= 0], minlength=len(offers))
        assert after.sum() + own == before.sum(), "people are conserved"
        assert (after[1:].sum() - before[1:].sum()) == month.joined.sum() - month.causes[NO_EXIT + 1 :].sum()
        gone, left, lost = gone + own, left + int(month.causes.sum()), lost + month.ledger[:, CREDIT_LOSS - INTEREST].sum()
        people = people.part(people.provider >= 0)
        engine_customers += int((model.people["provider"] > 0).sum())
        world = model.open()
        contacts, first = np.zeros(0, model_contact()), np.zeros(len(model.people) + 1, np.int64)
        totals = model.live(world, contacts, first)
        model.month += 1
        engine_left += int((model.signals["cause"] > 0).sum())
        engine_lost += totals.ledger[1:, CREDIT_LOSS].sum() / 100.0
    assert len(people.provider) + gone == at_start
    assert np.all(people.balance >= 0.0) and np.all(np.isfinite(people.balance))
    assert left / customers == pytest.approx(engine_left / engine_customers, rel=0.5)
    assert 0.5 < lost / -abs(engine_lost) < 2.0 or 0.5 < lost / engine_lost < 2.0
    assert CHARGED_OFF < POACHED

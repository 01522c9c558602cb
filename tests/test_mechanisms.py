"""What moves a choice: each mechanism in the right direction and by the amount of its formula, person by person.

Everybody looks around, nothing else happens in the month, and the probabilities of a logit are computed here by hand
from the traits of each person; with the person's own uniform they give the choice of every single one.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from tenure.agents.chance import EXIT, LIFE, TASTE, address, draw4_each
from tenure.agents.person import DECLINE, MATURITY, OWN_REASONS
from tenure.agents.rules.choice import Choice
from tenure.agents.rules.reach import MOST_EXPECTED
from tenure.agents.rules.relationship import Relationship
from tenure.simulation.institutions.channels import HIGHEST_RATE
from tenure.simulation.model import LifecycleModel
from tests.markets import CARD, SAVINGS, lived, small_market

PEOPLE, SEED, ALWAYS = 4000, 21, 40.0
Change = Callable[[NDArray[Any]], None]
STILL: dict[str, Any] = {
    "needs": {"episodes_per_year": 0, "event_sd": 0, "take_on_own": -40},
    "choice": {"search": ALWAYS, "search_spread": 0, "search_satisfaction": 0, "nobody": -ALWAYS},
    "relationship": {"service_sd": 0, "surprise": 0, "satisfaction_kept": 1, "satisfaction_per_fatigue": 0},
    "lifecycle": {
        "first_use": -40,
        "maturity": -40,
        "decline": -40,
        "saved": -40,
        "maturity_depth": 0,
        "leave_involuntary": 0,
        "leave_per_product": 0,
    },
}
"""Rules under which nothing but comparing and choosing happens."""


def market(us: dict[str, Any] | None = None, rival: dict[str, Any] | None = None, **rules: Any) -> dict[str, Any]:
    """Return a market of us, a rival and people without provider, all of good risk, in which everybody compares."""
    return small_market(
        people=PEOPLE,
        products={"card": CARD, "savings": SAVINGS},
        us={"acquisition": {}, **(us or {})},
        rivals={"bigbank": {"share": "35%", "quality": 0, **(rival or {})}},
        rules=small_market(rules=STILL)["rules"],
        traits={"risk_mean": -60, "risk_sd": 0, "loyal_share": 0, "inertia_sd": 0.2},
        world={"newcomers_per_year": 0},
    ) | {"rules": {name: {**STILL.get(name, {}), **rules.get(name, {})} for name in {*STILL, *rules}}}


def ready(config: dict[str, Any], change: Change | None = None, dearer: float = 0.0) -> LifecycleModel:
    """Return the model before its first month: nobody leaves for own reasons, satisfaction and bonds are varied."""
    model = LifecycleModel(config | {"world": {"newcomers_per_year": 0, "switching_cost": 1.0 + dearer}}, seed=SEED)
    people, ids = model.people, model.people["id"]
    people["leave_per_year"] = 0.0
    customer = people["provider"] > 0
    people["satisfaction"] = np.where(customer, np.sin(ids * 1.7), 0.0)
    people["premium"] = np.where(customer, 1.5 + np.cos(ids * 0.9), 0.0)
    if change is not None:
        change(people)
    return model


def log_odds_by_hand(model: LifecycleModel) -> NDArray[np.float64]:
    """Return the utility of each institution to each person, in units of the noise; -inf where it is no option."""
    people, offers, rules = model.people, model.offers, model.rules.choice
    n = len(model.products)
    need, here = people["need"][:, :n], people["provider"]
    credit = model.products["draws"] == 1
    out = np.full((len(people), len(offers)), -np.inf)
    out[:, 0] = rules.nobody
    for j in range(1, len(offers)):
        own = here == j
        weight = need * (offers["sells"][j, :n] == 1)
        # nobody's risk is above average, so that elsewhere there is no premium
        premium = np.where(own, people["premium"] - people["price_cut"], 0.0)
        price = (weight * (offers["price"][j, :n] + credit * premium[:, None])).sum(axis=1) / weight.sum(axis=1)
        fit = weight.sum(axis=1) / need.sum(axis=1)
        taste = special.ndtri(draw4_each(SEED, 0, people["id"], 0, address(TASTE, model.names[j]))[0])
        value = (
            offers["quality"][j] + rules.fit_weight * fit - people["price_sensitivity"] * price + rules.taste_sd * taste
        )
        further = rules.cost_per_product * np.maximum(people["held"].sum(axis=1) - 1, 0)
        bond = rules.satisfaction_weight * people["satisfaction"] + people["reward_switching_cost"] + further
        bond += np.maximum(0.0, model.settings.world.switching_cost + people["inertia"])
        out[:, j] = value + np.where(own, bond, offers["ease"][j])
    return out / rules.noise


def probabilities_by_hand(model: LifecycleModel) -> NDArray[np.float64]:
    """Return the probability of each institution for each person: a logit."""
    x = np.exp(special.log_softmax(log_odds_by_hand(model), axis=1))
    assert np.allclose(x.sum(axis=1), 1.0)
    return np.asarray(x)


def chosen_by_hand(model: LifecycleModel) -> NDArray[np.int64]:
    """Return each person's choice by the inverse distribution function at the person's own uniform."""
    u = draw4_each(SEED, 0, model.people["id"], model.month, address(EXIT))[0]
    return np.asarray((u[:, None] >= np.cumsum(probabilities_by_hand(model), axis=1)).sum(axis=1))


def next_provider(model: LifecycleModel) -> NDArray[np.int64]:
    """Live the month; return whose customer everybody is now."""
    ids = model.people["id"].copy()
    model.step()
    assert (model.people["id"] == ids).all()
    return np.asarray(model.people["provider"])


def field(name: str, value: Any) -> Change:
    """Return a change of one field of everybody who has a provider."""

    def change(people: NDArray[Any]) -> None:
        people[name] = np.where(people["provider"] > 0, value(people[name]) if callable(value) else value, people[name])

    return change


def rewarded(people: NDArray[Any]) -> None:
    field("reward_months", 9)(people)
    field("reward_switching_cost", 0.7)(people)


def cut(people: NDArray[Any]) -> None:
    field("price_cut_months", 9)(people)
    field("price_cut", 2.5)(people)


# name -> market, change of people, how much dearer switching is; who gains: an institution, or 'staying'
CASES: dict[str, tuple[dict[str, Any], Change | None, float, int | str]] = {
    "price": (market(rival={"apr": {"card": "9%"}}), None, 0.0, 2),
    "our price": (market(us={"apr": {"card": "9%"}}), None, 0.0, 1),
    "interest on savings": (market(us={"rate": {"savings": "6%"}}), None, 0.0, 1),
    "fit to need": (market(us={"products": ["card"]}), None, 0.0, "any"),
    "quality": (market(rival={"quality": 0.8}), None, 0.0, 2),
    "ease": (market(rival={"convenience": "high"}), None, 0.0, 2),
    "satisfaction": (market(), field("satisfaction", lambda s: s + 1.0), 0.0, "staying"),
    "inertia": (market(), field("inertia", lambda k: k + 0.8), 0.0, "staying"),
    "switching cost": (market(), None, 0.8, "staying"),
    "reward": (market(), rewarded, 0.0, "staying"),
    "price cut": (market(), cut, 0.0, "staying"),
    "price sensitivity": (market(), field("price_sensitivity", lambda b: 3.0 * b), 0.0, "any"),
    "cost per product": (market(choice={"cost_per_product": 1.22}), None, 0.0, "staying"),
    "weight of satisfaction": (market(choice={"satisfaction_weight": 2.0}), None, 0.0, "any"),
    "weight of fit": (market(us={"products": ["card"]}, choice={"fit_weight": 4.0}), None, 0.0, "any"),
    "spread of taste": (market(choice={"taste_sd": 2.0}), None, 0.0, "any"),
    "noise": (market(choice={"noise": 0.2}), None, 0.0, "any"),
    "nobody": (market(choice={"nobody": 4.0}), None, 0.0, "any"),
}


@pytest.mark.parametrize("case", ["as it is", *CASES])
def test_everybody_chooses_as_the_formula_says(case: str) -> None:
    config, change, dearer, _ = CASES.get(case, (market(), None, 0.0, 0))
    model = ready(config, change, dearer)
    before, expected = model.people["provider"].copy(), chosen_by_hand(model)
    after = next_provider(model)
    assert (after == expected).all(), np.flatnonzero(after != expected)[:5]
    assert 100 < (after != before).sum() < PEOPLE - 100


@pytest.mark.parametrize("case", [name for name, (*_, gains) in CASES.items() if gains != "any"])
def test_it_moves_everybody_in_one_direction(case: str) -> None:
    config, change, dearer, gains = CASES[case]
    base, changed = ready(market()), ready(config, change, dearer)
    before, moved = base.people["provider"].copy(), next_provider(base)
    after = next_provider(changed)
    to = before if gains == "staying" else np.full(PEOPLE, gains)
    customers = before > 0  # two options each: every change must be toward the one that gains
    different = (after != moved) & customers
    assert (after == to)[different].all() and different.sum() > 20
    assert ((after == to).sum() - (moved == to).sum()) > 20


@pytest.mark.parametrize("nobody", [-1.0, 1.0, 3.0])
def test_who_chooses_nobody_leaves_by_choice_and_stays_in_the_market(nobody: float) -> None:
    model = ready(market(choice={"nobody": nobody}))
    customers = model.people["provider"] > 0
    p = probabilities_by_hand(model)[customers, 0]
    after = next_provider(model)
    left = customers & (after == 0)
    assert (after >= 0).all() and abs(left.sum() - p.sum()) < 4.0 * np.sqrt((p * (1.0 - p)).sum())
    assert left.sum() > 20 and (model.signals["cause"][left] == OWN_REASONS).all()
    assert not model.people["held"][left].any() and not model.people["balance_cents"][left].any()
    assert not model.people["owed_before_cents"][left].any()


def test_with_nobody_out_of_reach_nobody_becomes_without_provider() -> None:
    model = ready(market())
    customers = model.people["provider"] > 0
    assert (next_provider(model)[customers] > 0).all()


def staying_by_hand(model: LifecycleModel) -> NDArray[np.float64]:
    """Return each customer's log-odds of staying; there is one other to go to."""
    x = log_odds_by_hand(model)
    own = model.people["provider"]
    other = np.where(own > 0, 3 - own, 0)
    return np.asarray(x[np.arange(PEOPLE), own] - x[np.arange(PEOPLE), other])


@pytest.mark.parametrize(
    ("case", "per_person"),
    [
        ("quality", lambda p: np.where(p["provider"] == 1, -0.8, 0.8)),
        ("ease", lambda p: np.where(p["provider"] == 1, -0.5, 0.0)),
        ("satisfaction", lambda p: np.full(PEOPLE, 0.6)),
        ("inertia", lambda p: np.full(PEOPLE, 0.8)),
        ("switching cost", lambda p: np.full(PEOPLE, 0.8)),
        ("reward", lambda p: np.full(PEOPLE, 0.7)),
        ("cost per product", lambda p: 1.0 * (p["held"].sum(axis=1) - 1)),
        ("price cut", lambda p: p["price_sensitivity"] * 2.5 * p["need"][:, 0] / p["need"][:, :2].sum(axis=1)),
        (
            "price",
            lambda p: (
                np.where(p["provider"] == 1, -1, 1)
                * p["price_sensitivity"]
                * 10.0
                * p["need"][:, 0]
                / p["need"][:, :2].sum(axis=1)
            ),
        ),
    ],
)
def test_the_share_who_stay_moves_by_the_formula(case: str, per_person: Callable[[NDArray[Any]], Any]) -> None:
    config, change, dearer, _ = CASES[case]
    base, changed = ready(market()), ready(config, change, dearer)
    customers = base.people["provider"] > 0
    before = base.people["provider"].copy()
    shift = per_person(base.people)
    expected = special.expit(staying_by_hand(base) + shift)[customers]
    difference = (staying_by_hand(changed) - staying_by_hand(base) - shift)[customers]
    assert np.abs(difference).max() < 1e-9
    stayed = (next_provider(changed) == before)[customers]
    error = np.sqrt((expected * (1.0 - expected)).sum())
    assert abs(stayed.sum() - expected.sum()) < 4.0 * error


def test_how_often_one_person_goes_is_the_probability() -> None:
    model = ready(market(rival={"quality": 0.8}))
    before, expected = model.people["provider"].copy(), []
    stayed = np.zeros(PEOPLE)
    runs = 40
    for replication in range(runs):
        # the same people with other luck of the month: months are far apart, so their uniforms are unrelated
        again = ready(market(rival={"quality": 0.8}))
        again.month = 12 * replication
        expected = list(probabilities_by_hand(again)[np.arange(PEOPLE), before])
        stayed += next_provider(again) == before
    p = np.array(expected)
    for low, high in ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0)):
        group = (p >= low) & (p < high)
        error = np.sqrt(runs * (p * (1.0 - p))[group].sum())
        assert group.sum() > 20 and abs(stayed[group].sum() - runs * p[group].sum()) < 4.0 * error


def in_need(people: NDArray[Any]) -> None:
    people["episode_product"], people["episode_months"] = 1, 9


SEARCHES: dict[str, tuple[dict[str, Any], Change | None]] = {
    "habit": ({"search_spread": 1.2}, None),
    "satisfaction": ({"search_satisfaction": -0.9}, None),
    "decline": ({"search_decline": 2.0}, lambda p: p.__setitem__("stage", DECLINE)),
    "maturity": ({"search_maturity": -2.0}, lambda p: p.__setitem__("stage", MATURITY)),
    "without provider": ({"search_without": 2.0}, None),
    "a need": ({"search_episode": 2.0}, in_need),
    "a message that reminds": ({}, field("reminded", 2.0)),
}


@pytest.mark.parametrize("case", SEARCHES)
def test_who_looks_around_is_who_the_formula_says(case: str) -> None:
    parameters, change = SEARCHES[case]
    zero = dict.fromkeys([name for name in Choice._fields if name.startswith("search_")], 0)
    # an offer that nobody who sees it can resist: all who look around go, the others stay
    config = market(rival={"quality": 20.0}, choice={**zero, "search": -0.7, **parameters})
    model = ready(config, change)
    p = model.people
    here = p["provider"].copy()
    x = np.full(PEOPLE, -0.7)
    x += {
        "habit": 1.2 * p["search_trait"],
        "satisfaction": -0.9 * p["satisfaction"],
        "decline": 2.0,
        "maturity": -2.0,
        "without provider": 2.0 * (here == 0),
        "a need": 2.0,
        "a message that reminds": 2.0 * Relationship().reminded_kept * (here > 0),
    }[case]
    looks = draw4_each(SEED, 0, p["id"], 0, address(LIFE))[3] < special.expit(x)
    after = next_provider(model)
    elsewhere = here != 2
    assert ((after == 2) == looks)[elsewhere].all()
    assert 100 < looks[elsewhere].sum() < elsewhere.sum() - 100


def test_the_hard_core_loyal_do_not_go() -> None:
    model = ready(
        market(rival={"quality": 20.0}),
        lambda p: p.__setitem__("loyal_to", np.where(p["id"] % 3 == 0, p["provider"], 0)),
    )
    here, loyal = model.people["provider"].copy(), model.people["loyal_to"] > 0
    after = next_provider(model)
    assert (after == here)[loyal].all() and (after == 2)[~loyal].all() and loyal.sum() > 200


def test_who_is_not_looking_considers_only_what_is_read() -> None:
    acquisition = {"mail": {"contacts_per_person_per_month": 0.8, "cost_per_contact": 1.0}}
    shares = []
    for read_share in (0.0, 0.25, 1.0):
        rival = {"quality": 20.0, "acquisition": acquisition}
        model = ready(market(rival=rival, reach={"read_share": read_share}, choice={"search": -40.0}))
        others = model.people["provider"] != 2
        attention = float(model.people["attention"][0])
        arrive = [math.exp(-0.8) * 0.8**n / math.factorial(n) for n in range(20)]
        read = [read_share * attention / (attention + n) for n in range(20)]  # each, and any of n
        expected = sum(p * (1.0 - (1.0 - q) ** n) for n, (p, q) in enumerate(zip(arrive, read, strict=True)))
        after = next_provider(model)
        shares.append((after == 2)[others].mean())
        error = np.sqrt(expected * (1.0 - expected) / others.sum())
        assert abs(shares[-1] - expected) <= 4.0 * error
    assert shares[0] == 0.0 < shares[1] < shares[2]


def test_money_that_no_contact_can_use_up_stays_unspent() -> None:
    channel = {"budget_per_month": 1e6, "cost_per_contact": 1.0, "precision": 1}
    model = lived(small_market(us={"acquisition": {"radio": channel}}), 60)
    assert model.us.channels.rate[1] == HIGHEST_RATE
    rows = model.recording()
    reach = rows[(rows["measure"] == "reach") & (rows["institution"] == "us") & (rows["month"] == 59)]
    contacts = float(reach[(reach["a"] == "radio") & (reach["b"] == "contacts")]["value"].sum())
    assert 0 < contacts <= 2 * MOST_EXPECTED * len(model.people)

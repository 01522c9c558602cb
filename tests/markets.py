"""Small markets for tests: one base, changes on top, and a strategy that makes many different ones."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.experiments.analysis.recorded_run import Rates
from tenure.simulation.model import LifecycleModel

LOAN = {"kind": "instalment", "apr": "9.9%", "amount": 7000, "term_months": [12, 60]}
CARD = {"kind": "revolving", "apr": "19%", "line": 3500, "fee_per_year": 30, "interchange": "1.2%"}
SAVINGS = {"kind": "deposit", "rate": "1.5%", "balance": 6000}
INSURANCE = {"kind": "fee", "fee_per_year": 90}
PRODUCTS: dict[str, Any] = {"loan": LOAN, "card": CARD, "savings": SAVINGS, "insurance": INSURANCE}

BASE: dict[str, Any] = {
    "people": 60,
    "products": {"loan": LOAN, "card": CARD, "savings": SAVINGS},
    "us": {
        "share": "40%",
        "quality": 0.0,
        "servicing_per_month": {},
        "acquisition": {"mail": {"contacts_per_person_per_month": 0.5, "cost_per_contact": 1.0}},
    },
    "rivals": {
        "bigbank": {
            "share": "35%",
            "quality": 0.2,
            "acquisition": {"online": {"contacts_per_person_per_month": 0.4, "cost_per_contact": 1.5, "precision": 1}},
        }
    },
    "guards": {"budget_per_month": 500, "contacts_at_most": 2, "contacts_in_months": 3},
}
LEARNERS = ("thompson", "roi_knapsack", "optimal_structure", "uplift", "oracle")
LIVELY: dict[str, Any] = {
    "needs": {"episodes_per_year": 3.0, "take_on_own": 0.0},
    "reach": {"read_share": 0.6},
    "choice": {"search": -1.5},
    "lifecycle": {"maturity": -1.5, "decline": -2.0, "saved": -1.0, "leave_alpha": 1.0},
}
"""Rules under which much happens within a few months."""
REPLACED = ("products", "rivals")


def small_market(**changes: Any) -> dict[str, Any]:
    """Return a market of 60 people, us and one rival, with changes: sections merge, products and rivals replace."""
    return _merged(copy.deepcopy(BASE), changes, top=True)


def _merged(base: dict[str, Any], changes: Mapping[str, Any], top: bool = False) -> dict[str, Any]:
    for key, value in changes.items():
        old = base.get(key)
        if isinstance(value, Mapping) and isinstance(old, dict) and not (top and key in REPLACED):
            base[key] = _merged(old, value)
        else:
            base[key] = copy.deepcopy(value)
    return base


def by_id(rows: NDArray[Any], name: str = "id") -> NDArray[Any]:
    """Return rows in the order of their ids."""
    return rows[np.argsort(rows[name], kind="stable")]


def first_difference(a: NDArray[Any], b: NDArray[Any]) -> str:
    """Return '' if two tables of records have the same bytes; else the first field and row that differ."""
    if a.tobytes() == b.tobytes() and a.shape == b.shape:
        return ""
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    for name in a.dtype.names or ():
        for i in range(len(a)):
            if a[name][i].tobytes() != b[name][i].tobytes():
                return f"{name} of row {i} ({a[0].dtype.names[0]} {a[i][0]}): {a[name][i]!r} and {b[name][i]!r}"
    return "padding"


def differences(a: LifecycleModel, b: LifecycleModel) -> list[str]:
    """Return where two models' people, signals, beliefs and books differ in any bit."""
    pairs = [("people", a.people, b.people), ("signals", a.signals, b.signals)]
    pairs += [
        (f"beliefs of {x.name}", x.files.beliefs, y.files.beliefs)
        for x, y in zip(a.institutions, b.institutions, strict=True)
    ]
    found = [f"{what}: {text}" for what, x, y in pairs if (text := first_difference(x, y))]
    if a.books.balances.tobytes() != b.books.balances.tobytes():
        found.append("balances")
    return found


def lived(config: Mapping[str, Any], months: int, **settings: Any) -> LifecycleModel:
    """Return a model after some months, recorded."""
    model = LifecycleModel(config, **{"seed": 0, **settings})
    model.start_recording()
    for _ in range(months):
        model.step()
    return model


def _shares(count: int) -> st.SearchStrategy[list[float]]:
    weights = st.lists(st.integers(1, 10), min_size=count + 1, max_size=count + 1)
    return weights.map(lambda w: [x / sum(w) for x in w[:count]])


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """One of the shelf's policies with settings."""
    name = draw(
        st.sampled_from(
            [
                "do_nothing",
                "uniform",
                "quadrant_rules",
                "stage_rules",
                "price_match",
                "price_war",
                "needs_led",
                "random_trial",
                *LEARNERS,
            ]
        )
    )
    if name == "uniform":
        treatments = ["loyalty_reward", "price_cut", "line_increase", "line_decrease", "end", "win_back"]
        treatments += ["service_upgrade", "reprice", "early_help", "needs_review", "let_go", "stop_lending"]
        treatments += ["preferential_offer"] * 2
        return {
            "policy": name,
            "treatment": draw(st.sampled_from(treatments)),
            "share": draw(st.sampled_from([0.3, 1.0])),
        }
    if name == "quadrant_rules":
        return {"policy": name, "high_risk_high_return": draw(st.sampled_from(["none", "line_decrease", "cross_sell"]))}
    if name in LEARNERS:
        own = {"treatments": ["loyalty_reward", "stop_lending"], "epoch_months": draw(st.integers(1, 3))}
        return {"policy": name, **own, "trial_months": draw(st.integers(0, 4))}
    return {"policy": name}


WIDER = ("other_lines", "settled", "contacted", "browsing")


def informations() -> st.SearchStrategy[dict[str, Any]]:
    """What an institution hears, much or little; browsing always, as some scopes need it."""
    sources: dict[str, st.SearchStrategy[Any]] = {
        name: st.booleans() for name in ("application", "behaviour", "responses")
    }
    return st.fixed_dictionaries(
        {
            **sources,
            "other_lines": st.floats(0, 1),
            "noise": st.floats(0.1, 5),
            "believed_noise": st.sampled_from([None, 1.0]),
        }
    )


@st.composite
def institutions(draw: st.DrawFn, share: float, products: list[str]) -> dict[str, Any]:
    """An institution that sells some of the products."""
    made: dict[str, Any] = {
        "share": share,
        "products": draw(st.lists(st.sampled_from(products), min_size=1, unique=True)),
        "quality": draw(st.floats(-1, 1)),
        "service": draw(st.floats(-1, 1)),
        "convenience": draw(st.sampled_from(["low", "normal", "high"])),
        "premium_per_risk": draw(st.floats(0, 5)),
        "score_noise": draw(st.sampled_from([0.0, 0.3, 1.5])),
        "visible": draw(st.booleans()),
        "poaching": draw(st.sampled_from([{}, {"points": 5, "months": 3}, {"money": 80}])),
        "servicing_per_month": {name: 1.9 for name in products},
        "policy": draw(policies()),
        "acquisition": {},
        "information": draw(informations()),
        "existing_customers": ["open", *draw(st.lists(st.sampled_from(WIDER), unique=True))],
        "contact_counts_for_months": draw(st.integers(1, 4)),
        "business_line": draw(st.sampled_from([None, products[:1]])),
    }
    for name in draw(st.lists(st.sampled_from(["mail", "online", "branch", "radio"]), unique=True)):
        money: st.SearchStrategy[dict[str, float]] = st.sampled_from(
            [{"budget_per_month": 20}, {"contacts_per_person_per_month": 0.7}]
        )
        made["acquisition"][name] = {"cost_per_contact": 1.25, "precision": draw(st.floats(0, 3)), **draw(money)}
    return made


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    """Different small markets in which much happens."""
    names = draw(st.lists(st.sampled_from(sorted(PRODUCTS)), min_size=1, unique=True))
    rivals = draw(st.integers(0, 3))
    shares = draw(_shares(rivals + 1))
    everyone = [draw(institutions(share, names)) for share in shares]
    rules = {
        "needs": {
            "episodes_per_year": draw(st.floats(0, 12)),
            "take_on_own": draw(st.floats(-4, 2)),
            "event_sd": draw(st.floats(0, 3)),
        },
        "reach": {"read_share": draw(st.floats(0, 1)), "score_unmet": draw(st.floats(-5, 5))},
        "choice": {
            "search": draw(st.floats(-6, 3)),
            "noise": draw(st.floats(0.05, 3)),
            "taste_sd": draw(st.floats(0, 2)),
            "nobody": draw(st.floats(-5, 5)),
        },
        "relationship": {"service_sd": draw(st.floats(0, 5)), "depth_speed": draw(st.floats(0, 1))},
        "credit": {"correlation": draw(st.sampled_from([0.0, 0.02, 0.3])), "draw_speed": draw(st.floats(0, 1))},
        "lifecycle": {
            "decline": draw(st.floats(-6, 0)),
            "leave_alpha": draw(st.floats(0.1, 5)),
            "leave_per_product": draw(st.sampled_from([0.0, -0.5])),
            "decline_gone": draw(st.floats(0, 0.5)),
        },
    }
    return {
        "people": draw(st.integers(20, 80)),
        "stands_for": draw(st.sampled_from([None, 1000])),
        "products": {name: PRODUCTS[name] for name in names},
        "us": everyone[0],
        "rivals": {f"rival_{i}": one for i, one in enumerate(everyone[1:])},
        "guards": {
            "budget_per_month": draw(st.sampled_from([0, 40, 1e6])),
            "contacts_at_most": draw(st.integers(0, 4)),
        },
        "world": {
            "newcomers_per_year": draw(st.floats(0, 1)),
            "macro_sd": draw(st.floats(0, 2)),
            "switching_cost": draw(st.floats(0, 6)),
        },
        "traits": {
            "risk_mean": draw(st.floats(-8, 0)),
            "risk_sd": draw(st.floats(0, 3)),
            "inertia_sd": draw(st.floats(0, 2)),
            "loyal_share": draw(st.floats(0, 1)),
        },
        "rules": rules,
    }


def flat_rates(discount: float, capital_cost: float) -> Callable[[int], Rates]:
    """Return what gives the same rates in every month."""
    return lambda months: Rates(np.full(months, discount), np.full(months, capital_cost))

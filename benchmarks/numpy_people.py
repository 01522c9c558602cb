"""People and offers of the default market as plain arrays, made from the engine's rows."""

from copy import deepcopy
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tenure.agents.chance import TASTE, decision, draw4_each
from tenure.agents.rules.rulebook import Rulebook
from tenure.experiments.config.documents import Value
from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import MARKETS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
LOAN, CARD, SAVINGS = 0, 1, 2
"""Places of the default market's products; the account is 3."""
INTEREST, FEES, DEPOSIT_MARGIN, FUNDING, SERVICING, _, ACQUISITION_COST, CREDIT_LOSS, RECOVERY, CAPITAL_CHARGE = range(
    10
)
"""Places of `tenure.agents.ledger.LINES`; the sixth is treatment, which is none here."""


@dataclass
class People:
    """One array per attribute, shape (people,) or (products, people); `taste` is (institutions, people)."""

    income: Floats
    need: Floats
    price_sensitivity: Floats
    inertia: Floats
    search_trait: Floats
    loyal_to: Ints
    risk_trait: Floats
    leave_per_year: Floats
    attachment: Floats
    attention: Floats
    taste: Floats
    provider: Ints
    stage: Ints
    tenure_months: Ints
    risk_event: Floats
    risk_coming: Floats
    depth: Floats
    satisfaction: Floats
    expectation: Floats
    fatigue: Floats
    episode_product: Ints
    episode_months: Ints
    held: Flags
    balance: Floats
    months_left: Ints
    line: Floats
    premium: Floats
    months_past_due: Ints
    owed_before: Floats
    owed_before_to: Ints
    recovery: Floats
    recovery_to: Ints
    barred_months: Ints
    margin_per_year: Floats

    def part(self, which: slice | Flags | Ints) -> "People":
        """Return the people at these places: views for a slice, copies for a mask or places."""
        return People(**{one.name: getattr(self, one.name)[..., which] for one in fields(self)})

    def copy(self) -> "People":
        """Return people that share nothing with these."""
        return People(**{one.name: getattr(self, one.name).copy() for one in fields(self)})


class Market(NamedTuple):
    """Offers as arrays, institutions first; row 0 is nobody. Yearly rates are shares, money is EUR."""

    rate: Floats
    points: Floats
    fee: Floats
    servicing: Floats
    funding: Floats
    quality: Floats
    ease: Floats
    service: Floats
    premium_per_risk: Floats
    highest_risk: Floats
    score_noise: Floats
    sender: Ints
    rate_of_channel: Floats
    precision: Floats
    contact_cost: Floats
    amount: Floats
    terms: tuple[int, int]
    interchange: float
    event_shock_sd: float
    switching_cost: float


def default_market(**changes: Value) -> dict[str, Value]:
    """Return the shipped default market as plain data, with some of its top-level settings replaced."""
    return deepcopy(read_with_extends(MARKETS / "default.market.yaml").data) | changes


def market_of(world: np.void) -> Market:
    """Return the engine's world of a month, of which the first four products are read, as this module's arrays."""
    offers, products, now = world["offers"][: world["institutions"]], world["products"][:4], world["now"]
    channels = world["channels"][: offers["end_channel"].max()]
    return Market(
        rate=offers["price"][:, :4] / 100.0,
        points=offers["price"][:, :4].copy(),
        fee=offers["fee_cents"][:, :4] / 100.0,
        servicing=offers["servicing_cents"][:, :4] / 100.0,
        funding=offers["funding"] / 100.0,
        quality=offers["quality"].copy(),
        ease=offers["ease"].copy(),
        service=offers["service"].copy(),
        premium_per_risk=offers["premium_per_risk"].copy(),
        highest_risk=offers["highest_risk"].copy(),
        score_noise=offers["score_noise"].copy(),
        sender=np.repeat(np.arange(len(offers)), offers["end_channel"] - offers["first_channel"]),
        rate_of_channel=channels["rate"].copy(),
        precision=channels["precision"].copy(),
        contact_cost=channels["contact_cents"] / 100.0,
        amount=products["amount"].copy(),
        terms=(int(products["shortest_months"][LOAN]), int(products["longest_months"][LOAN])),
        interchange=float(products["interchange"][CARD]),
        event_shock_sd=float(now["event_shock_sd"]),
        switching_cost=float(now["switching_cost"]),
    )


def people_of(rows: NDArray[np.void], offers: NDArray[np.void], rules: Rulebook, seed: int, replication: int) -> People:
    """Return the engine's people, shape (people,) of PERSON, as arrays; lasting tastes are drawn once."""
    many = {
        "need": rows["need"][:, :4],
        "held": rows["held"][:, :4] == 1,
        "balance": rows["balance_cents"][:, :4] / 100.0,
    }
    made: dict[str, NDArray[np.generic]] = {name: np.ascontiguousarray(values.T) for name, values in many.items()}
    made["months_left"] = rows["months_left"][:, LOAN].copy()
    for name in ("line", "owed_before", "recovery"):
        made[name] = rows[name + "_cents"] / 100.0
    words = [decision(TASTE, int(word), 0) for word in offers["word"]]
    luck = np.stack([draw4_each(seed, replication, rows["id"], 0, word)[0] for word in words])
    made["taste"] = rules.choice.taste_sd * ndtri(luck)
    for one in fields(People):
        if one.name not in made:
            made[one.name] = rows[one.name].copy()
    return People(**made)  # type: ignore[arg-type]  # each as its field wants it

"""Views with made-up customers, for the tests of policies and guards."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, QUADRANTS
from tenure.agents.offer import products_of_kinds
from tenure.agents.person import STAGES
from tenure.agents.rules.credit import Credit
from tenure.policies.guard.guard import Guards, InstitutionMeans
from tenure.policies.parts import MarketTerms, PostedOffers
from tenure.policies.plan import Plan
from tenure.policies.treatments import catalogue
from tenure.policies.view import InstitutionView

PRODUCTS = ("loan", "card", "savings")
KINDS = ("instalment", "revolving", "deposit")
INSTITUTIONS = ("nobody", "us", "rival")
MEANS = InstitutionMeans(catalogue(dict(zip(PRODUCTS, KINDS, strict=True))), Guards())
PRICES = np.array([[np.nan, np.nan, np.nan], [9.9, 18.9, -1.6], [8.9, 19.9, -2.0]])


def beliefs_of(customers: int, seed: int) -> NDArray[np.void]:
    """Return customers with every field that a policy reads drawn at random."""
    luck = np.random.default_rng(seed)
    rows = np.zeros(customers, BELIEF)
    rows["person_id"] = luck.permutation(10 * customers)[:customers] + 1
    rows["tenure_months"] = luck.integers(0, 120, customers)
    rows["held"][:, :3] = luck.integers(0, 2, (customers, 3))
    rows["line_cents"] = rows["held"][:, 1] * luck.integers(1, 1_000_000, customers)
    rows["revolving_cents"] = (rows["line_cents"] * luck.random(customers)).astype(np.int64)
    rows["credit_cents"] = rows["revolving_cents"] + rows["held"][:, 0] * luck.integers(0, 2_000_000, customers)
    rows["deposit_cents"] = rows["held"][:, 2] * luck.integers(0, 2_000_000, customers)
    rows["months_past_due"] = luck.choice([0, 0, 0, 1, 3], customers)
    rows["ending"] = luck.choice([0, 0, 0, 1], customers)
    rows["contact_history"] = luck.integers(0, 1 << 62, customers) & luck.integers(0, 1 << 62, customers)
    rows["months_since_contact"] = luck.integers(0, 24, customers)
    rows["need_yes"], rows["need_no"] = luck.random((2, customers, 8))
    rows["default_per_year"] = luck.random(customers) * 0.3
    rows["margin_per_year"] = luck.normal(60.0, 80.0, customers)
    rows["leave_per_year"] = luck.random(customers)
    rows["years_expected"] = luck.random(customers) * 10
    rows["quadrant"] = luck.integers(0, len(QUADRANTS), customers)
    rows["stage"] = luck.integers(0, len(STAGES), customers)
    rows["income"] = luck.choice([0.0, 1.0, 1.0], customers) * luck.uniform(500.0, 6000.0, customers)
    rows["months_since_arrears"] = np.where(rows["months_past_due"] > 0, 0, luck.choice([1, 2, 3, 40, 999], customers))
    for name in ("opted_out", "vulnerable", "let_go", "lending_stopped"):
        rows[name] = luck.random(customers) < 0.15
    rows["premium"] = luck.choice([0.0, 0.0, 2.0], customers)
    return rows


def terms_of(
    loss_given_default: float = 0.6, discount_per_year: float = 0.1, credit: Credit | None = None
) -> MarketTerms:
    """Return the terms of a market whose products all lose the same share in default."""
    products = products_of_kinds(KINDS)
    products["loss_given_default"] = loss_given_default
    return MarketTerms(products, Credit() if credit is None else credit, discount_per_year)


def view_of(
    rows: NDArray[np.void],
    month: int = 5,
    prices: NDArray[np.float64] = PRICES,
    terms: MarketTerms | None = None,
) -> InstitutionView:
    """Return our view of these customers."""
    posted = PostedOffers(INSTITUTIONS, PRODUCTS, KINDS, prices)
    known = terms_of() if terms is None else terms
    return InstitutionView(rows, posted, 1, month, prices[1], 4000.0, seed=7, replication=3, means=MEANS, terms=known)


views = st.builds(
    lambda customers, seed: view_of(beliefs_of(customers, seed)), st.integers(0, 60), st.integers(0, 10_000)
)


def as_rows(plan: Plan) -> list[tuple[int, str, float, str]]:
    """Return proposals as plain rows, amount -1 for the catalogue's own."""
    listed = plan.treatments
    return [
        (int(who), listed.names[what], -1.0 if np.isnan(much) else float(much), listed.reasons[why])
        for who, what, much, why in zip(listed.customer, listed.treatment, listed.amount, listed.because, strict=True)
    ]

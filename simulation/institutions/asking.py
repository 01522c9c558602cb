"""What a policy is shown when it decides, its institution's files as a view and what all have posted; and its plan.

The plan is the model's own copy, checked against view, catalogue and channels.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.policies.guard.guard import Guards, InstitutionMeans, by_catalogue
from tenure.policies.parts import MarketNews, MarketTerms, PostedOffers, read_only
from tenure.policies.plan import OfferChange, Plan, as_plan
from tenure.policies.policy import Policy
from tenure.policies.schemes import Schemes
from tenure.policies.treatments import Treatment
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.files import Files
from tenure.simulation.institutions.purse import Purse


class Shown(NamedTuple):
    """What a month shows to everybody alike."""

    month: int
    luck: tuple[int, int]
    posted: PostedOffers
    treatments: tuple[Treatment, ...]
    schemes: Schemes
    terms: MarketTerms
    hidden: NDArray[np.bool_]
    """Whom people who look around cannot find, shape (institutions,): others know nothing of them."""
    news: tuple[MarketNews, ...]
    """What was published of months that are over, the last one first."""


class Viewer(Protocol):
    """Who looks."""

    index: int
    guards: Guards
    purse: Purse
    list_prices: NDArray[np.float64]
    followed_since: int

    @property
    def offer(self) -> np.void:
        """What it posts, dtype OFFER."""
        ...


def posted_offers(names: tuple[str, ...], kinds: Mapping[str, str], offers: NDArray[np.void]) -> PostedOffers:
    """Return what all post: prices of what they sell; `kinds` are those of the products, by name."""
    n = len(kinds)
    prices = np.where(offers["sells"][:, :n] == 1, offers["price"][:, :n], np.nan)
    return PostedOffers(names, tuple(kinds), tuple(kinds.values()), prices)


def view_of(one: Viewer, files: Files, records: NDArray[np.void], shown: Shown) -> InstitutionView:
    """Return an institution's view of its files, with these records in the places of the files, and of the market."""
    purse = one.purse
    means = InstitutionMeans(
        shown.treatments, one.guards, purse.whole_eur, purse.acquisition_eur, float(one.offer["funding"])
    )
    unknown = shown.hidden.copy()
    unknown[one.index] = False
    posted, news = shown.posted, shown.news
    if unknown.any():
        posted = posted._replace(prices=np.where(unknown[:, None], np.nan, posted.prices))
        news = tuple(_without(each, unknown) for each in news)
    return InstitutionView(
        records,
        posted,
        one.index,
        shown.month,
        one.list_prices,
        purse.available_eur,
        *shown.luck,
        files.places,
        shown.schemes,
        means,
        shown.terms,
        news,
        one.followed_since,
    )


def _without(news: MarketNews, unknown: NDArray[np.bool_]) -> MarketNews:
    """Return a month's news without what concerns these institutions, shape (institutions,)."""
    rows = unknown[:, None]
    return MarketNews(
        news.month,
        read_only(np.where(rows, np.nan, news.prices)),
        read_only(np.where(unknown, 0.0, news.shares)),
        read_only(np.where(rows, 0.0, news.sent)),
        read_only(np.where(rows, 0.0, news.amounts)),
        read_only(np.where(rows, 0.0, news.poaching)),
    )


class PlanError(ValueError):
    """A policy decided what cannot be done: whose policy, when, what, and how to mend it."""


def plan_of(name: str, policy: Policy, view: InstitutionView, treatments: Sequence[Treatment], purse: Purse) -> Plan:
    """Ask the policy of the institution of this name for the month's plan, and take it.

    Whatever the policy does later with what it returned, and however it made it, the plan stays as it was checked.

    Raises
    ------
    PlanError
        If it is no plan, or names a customer, treatment, product or channel that does not exist, or a number that is
        out of reason.
    """
    decided = policy.decide(view)
    try:
        plan = as_plan(decided)
        by_catalogue(plan.treatments, view, treatments)
        if plan.acquisition is not None:
            purse.shares(plan.acquisition)
        if plan.offer is None:
            return plan
        plan.offer.entering(view.products)
        changed = OfferChange(plan.offer.points(view.products), plan.offer.poaching, plan.offer.enters)
        return Plan(plan.treatments, plan.acquisition, changed)
    except (ValueError, TypeError, AttributeError) as error:
        called = getattr(policy, "name", type(policy).__name__)
        raise PlanError(f"policy '{called}' of {name}, month {view.month}: {error}") from error

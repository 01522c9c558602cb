"""What an institution is shown when it decides: its files as a view, and what all have posted."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.policies.guard.guard import Guards, InstitutionMeans
from tenure.policies.parts import MarketTerms, PostedOffers
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


class Viewer(Protocol):
    """Who looks."""

    index: int
    guards: Guards
    purse: Purse
    list_prices: NDArray[np.float64]


def posted_offers(names: tuple[str, ...], kinds: Mapping[str, str], offers: NDArray[np.void]) -> PostedOffers:
    """Return what all post: prices of what they sell; `kinds` are those of the products, by name."""
    n = len(kinds)
    prices = np.where(offers["sells"][:, :n] == 1, offers["price"][:, :n], np.nan)
    return PostedOffers(names, tuple(kinds), tuple(kinds.values()), prices)


def view_of(one: Viewer, files: Files, records: NDArray[np.void], shown: Shown) -> InstitutionView:
    """Return an institution's view of its files, with these records in the places of the files, and of the market."""
    purse = one.purse
    means = InstitutionMeans(shown.treatments, one.guards, purse.whole_eur, purse.acquisition_eur)
    return InstitutionView(
        records,
        shown.posted,
        one.index,
        shown.month,
        one.list_prices,
        purse.available_eur,
        *shown.luck,
        files.places,
        shown.schemes,
        means,
        shown.terms,
    )

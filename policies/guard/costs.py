"""What the guard sets money aside for: contacts, rewards, and income given up; in cents, rounded up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import KINDS
from tenure.policies.plan import OfferChange, PoachingOffer
from tenure.policies.treatments import Treatment, given_up
from tenure.policies.view import InstitutionView

_Eur = NDArray[np.float64]


def costs(
    customer: NDArray[np.int64],
    number: NDArray[np.int64],
    amount: NDArray[np.float64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return contact and full reward, and given-up income, cents, of each proposal; rounded up."""
    contact = np.array([treatment.contact_cost for treatment in treatments])
    reward = np.array([treatment.reward for treatment in treatments])
    spent = _spent_cents(contact[number], reward[number], amount)
    forgone = np.zeros(len(customer))
    for code in np.flatnonzero(np.bincount(number)).tolist():
        if treatments[code].price_cut > 0:
            at = np.flatnonzero(number == code)
            forgone[at] = given_up(treatments[code], amount[at], view.balance[customer[at]])
    return spent, _forgone_cents(forgone)


def cost_of_each_eur(one: Treatment, view: InstitutionView) -> NDArray[np.float64]:
    """Return what one treatment, its amount the catalogue's, would cost for each customer, EUR, shape (customers,)."""
    contact, reward, amount = np.array([[one.contact_cost], [one.reward], [one.amount]])
    forgone = given_up(one, amount, view.balance) if one.price_cut > 0 else np.zeros(len(view))
    return (_spent_cents(contact, reward, amount) + _forgone_cents(forgone)) / 100.0


def _spent_cents(contact: _Eur, reward: _Eur, amount: _Eur) -> NDArray[np.int64]:
    """Return contact and full reward in cents, rounded up; shape as given."""
    cents = np.rint(100.0 * contact) + np.ceil(np.rint(100.0 * reward) * amount - 1e-6)
    return _whole(cents)


def _forgone_cents(eur: _Eur) -> NDArray[np.int64]:
    """Return income given up in cents, rounded up; shape as given."""
    return _whole(np.ceil(100.0 * np.maximum(eur, 0.0) - 1e-6))


def _whole(cents: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers, none so large that a sum of them could overflow."""
    whole: NDArray[np.int64] = np.minimum(cents, 2.0**40).astype(np.int64)
    return whole


def forgone_cents(
    contacts: NDArray[np.void], cuts: _Eur | None, view: InstitutionView, treatments: Sequence[Treatment]
) -> _Eur:
    """Return the income given up to each customer in view, cents: by treatments in full, by the offer for one month.

    Parameters
    ----------
    contacts : structured array
        dtype CONTACT, those that were allowed; `row` is the index into the view.
    cuts : array, shape (products,), or None
        Points off our list prices.
    """
    _, forgone = costs(contacts["row"], contacts["treatment"], contacts["amount"], view, treatments)
    cents = np.bincount(contacts["row"], forgone, len(view)).astype(np.float64)  # of none it counts whole numbers
    if cuts is not None:
        for product in np.flatnonzero(cuts).tolist():
            cents += _cents_of_cut(cuts[product], view.balance_of(view.products[product]))
    return cents


def _cents_of_cut(points: float, balance_eur: _Eur) -> _Eur:
    """Return what a price cut gives up in a month: points / 100 of a balance in EUR is points of it in cents."""
    return points / 12.0 * balance_eur


def fit_offer(
    offer: OfferChange | None, view: InstitutionView, left_cents: int, book_eur: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64] | None, float, list[str]]:
    """Return the cuts that the money left covers, the cents given up in a month, and products trimmed.

    A product without a balance, such as an account with a fee, has no rate: points off it would please at no cost.

    `book_eur` is the balance of each product in the whole book, EUR, shape (products,); None: that of the view.
    """
    if offer is None:
        return None, 0.0, []
    cuts = offer.points(view.products)
    cuts[[not KINDS[kind].sheet for kind in view.kinds]] = 0.0  # a product without a balance has no rate to cut
    cut = np.flatnonzero(cuts)
    book = [view.balance_of(name).sum() for name in view.products] if book_eur is None else book_eur
    cost = np.array([_cents_of_cut(cuts[index], book[index]) for index in cut])
    wanted = float(cost.sum())
    if wanted <= left_cents:
        return cuts, wanted, []
    short = left_cents / wanted * (1.0 - 1e-12)
    cuts[cut[cost > 0]] *= short  # a cut that costs nothing needs no trimming
    return cuts, wanted * short, [view.products[index] for index in cut[cost > 0]]


def fit_poaching(
    offer: PoachingOffer, left_eur: float, came: int, balance_eur: float
) -> tuple[PoachingOffer, float, bool]:
    """Return the poaching offer that the money left covers, the EUR to keep back for it, and whether it was cut.

    Parameters
    ----------
    came : int
        How many came from others in the month before: as many are expected, and at least one.
    balance_eur : float
        Balance of credit that each is expected to have; a lower price gives income up on it while it lasts.
    """
    expected = max(came, 1)
    given_up = offer.points / 100.0 * offer.months / 12.0 * balance_eur
    wanted = expected * (offer.money + given_up)
    left = max(left_eur, 0.0)
    if wanted <= left:
        return offer, expected * offer.money, False
    part = left / wanted
    return PoachingOffer(part * offer.points, offer.months, part * offer.money), expected * part * offer.money, True

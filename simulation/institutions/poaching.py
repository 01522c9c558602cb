"""Poaching: what an institution promises to those who come from another, and the money for it."""

import math

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import POACHED
from tenure.policies.guard.costs import fit_poaching
from tenure.policies.guard.guard import Allowed
from tenure.policies.plan import PoachingOffer


class Poaching:
    """The month's promise to those who come from another institution.

    Attributes
    ----------
    by_plan : bool
        Whether this month's plan says what they get, and not the settings.
    """

    def __init__(self) -> None:
        self.by_plan = False

    def promise(
        self, row: np.void, asked: PoachingOffer | None, as_set: PoachingOffer, left_eur: float, came: int, lent: float
    ) -> tuple[float, bool]:
        """Write a promise into an offer, as far as money goes; return the EUR to keep back for it, and if it was cut.

        Without a plan for it what the settings say is promised: like a list price it asks for nobody's leave.

        Parameters
        ----------
        row : np.void
            dtype OFFER.
        asked, as_set : PoachingOffer
            What the plan and the settings say; None if the plan says nothing.
        left_eur : float
            Money left of the month.
        came : int
            How many came from others in the month before.
        lent : float
            EUR that a customer owes on average.
        """
        self.by_plan = asked is not None
        given, kept_back, is_cut = (as_set, 0.0, False) if asked is None else fit_poaching(asked, left_eur, came, lent)
        row["poaching_points"], row["poaching_months"] = given.points, given.months
        row["poaching_cents"] = math.floor(given.money * 100.0 + 0.5)
        return kept_back, is_cut

    def paid_as_set_cents(self, row: np.void, came: int) -> int:
        """Return the cents paid to so many who came from others, if no plan kept money back for it."""
        return 0 if self.by_plan else int(row["poaching_cents"]) * came


def with_cut_told(allowed: Allowed) -> Allowed:
    """Return what was let do, with the remark that money did not reach for all that was to be promised."""
    refused = allowed.refused.get("budget", {}) | {"offer_poaching": 1}
    return allowed._replace(refused={**allowed.refused, "budget": refused})


def came_from_others(months: NDArray[np.void], me: int) -> NDArray[np.bool_]:
    """Return who came to the institution `me` from another one; `months` have dtype SIGNAL."""
    return np.asarray((months["cause"] == POACHED) & (months["provider"] == me))

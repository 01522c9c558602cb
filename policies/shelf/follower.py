"""Follower: answer what others do, some months later."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.parts import MarketNews
from tenure.policies.plan import MOST_MONEY, MOST_POINTS, OfferChange, Plan, PoachingOffer
from tenure.policies.policy import check_settings
from tenure.policies.rivalry.following import as_others_did
from tenure.policies.rivalry.pricing import cuts_to_meet
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class Follower:
    """Do to our own customers what the others did to theirs: raise as many lines, give as many rewards, match prices.

    To those who come from another we promise what the best of the others promised them.

    Others' prices are posted; how many of their customers got what, and how much of it, is what panels of households
    tell: the mean over the others by their shares. Whom they chose and why cannot be seen.
    """

    name = "follower"
    needs_news = True
    lag_months: Annotated[int, Parameter("months", 1, 24, "assumption: to notice, decide and act")] = 3
    """How old what is answered is."""
    treatments: tuple[str, ...] = ("line_increase", "loyalty_reward")
    """What of others' treatments is answered, the most important first; assumption."""
    at_most_points: Annotated[float, Parameter("points", 0.0, MOST_POINTS, "assumption")] = 3.0
    """Most points a year off our list price, to match the cheapest other; 0 answers no price."""
    at_most_money: Annotated[float, Parameter("EUR", 0.0, MOST_MONEY, "assumption")] = 100.0
    """Most paid to who comes from another, to match the highest that others pay; points of such offers are held to
    `at_most_points`."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return others' prices, and their treatments for as large a share of our customers; at first nothing."""
        seen = view.published(self.lag_months)
        if seen is None:
            return Plan(offer=OfferChange(np.zeros(len(view.products))))
        others = seen.shares.copy()
        others[[0, view.me]] = 0.0
        treatments = as_others_did(view, seen, others, self.treatments, "others did it")
        cuts = cuts_to_meet(view, self.at_most_points, seen.prices)
        return Plan(treatments, offer=OfferChange(cuts, self._to_who_comes(seen, view.me)))

    def _to_who_comes(self, seen: MarketNews, me: int) -> PoachingOffer | None:
        """Return the best that others promised to those who come from another; None where nobody promised anything."""
        points, months, money = np.delete(seen.poaching, me, axis=0).max(axis=0).tolist()
        points, money = min(points, self.at_most_points), min(money, self.at_most_money)
        return PoachingOffer(points, max(int(months), 1), money) if points > 0.0 or money > 0.0 else None

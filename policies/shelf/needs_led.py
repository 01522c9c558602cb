"""Needs-led: sell what a customer is believed to need most, and ask where that is hardly known."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.needs import believed_need, needed_most
from tenure.policies.ordering import order_by
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.treatments import CROSS_SELL
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class NeedsLed:
    """Offer the product needed most among those not held; before that, a talk to whom little is known of.

    The believed need comes from offers taken and refused, from talks, and from what customers are seen to look for.
    """

    name = "needs_led"
    need_at_least: Annotated[float, Parameter("share", 0.0, 1.0, "assumption")] = 0.4
    """Believed need below which nothing is offered."""
    ask_below_evidence: Annotated[float, Parameter("answers", 0.0, 1e6, "assumption")] = 2.5
    """Mean evidence on needs, counted in answers, below which a talk comes first."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the offers, highest need x margin first, then the talks, least known first."""
        sold = np.flatnonzero(~np.isnan(view.list_prices))
        if not len(view) or not len(sold):
            return Treatments.none()
        products = [view.products[index] for index in sold]
        best, most, evidence = np.empty(len(view), np.int64), np.empty(len(view)), np.empty(len(view))
        for some, part in view.blocks():
            yes, no, held = (part.by_product(name, products) for name in ("need_yes", "need_no", "held"))
            best[some], most[some] = needed_most(believed_need(yes, no), held)
            evidence[some] = (yes + no).mean(axis=0)
        unknown = evidence < self.ask_below_evidence
        offer = np.flatnonzero(~unknown & (most >= self.need_at_least))
        worth = most[offer] * np.maximum(view.margin_per_year[offer], 0.0)
        offer = offer[order_by(-worth, view.person_id[offer])]
        ask = np.flatnonzero(unknown)
        ask = ask[order_by(evidence[ask], -view.margin_per_year[ask], view.person_id[ask])]
        names = tuple(f"{CROSS_SELL}_{name}" for name in products)
        offers = Treatments.each(names, best[offer], offer, because=f"needed most, at least {self.need_at_least:.0%}")
        return Treatments.joined([offers, Treatments.of("needs_review", ask, because="needs hardly known")])

"""Needs-led: sell what a customer is believed to need most, and ask where that is hardly known."""

from dataclasses import dataclass

import numpy as np

from policies.plan import Treatments
from policies.policy import SettingsError
from policies.treatments import CROSS_SELL
from policies.view import InstitutionView


@dataclass(frozen=True)
class NeedsLed:
    """Offer the product needed most among those not held; before that, a talk to whom little is known of.

    The believed need comes from offers taken and refused, from talks, and from what customers are seen to look for.
    """

    name = "needs_led"
    need_at_least: float = 0.4  # believed need below which nothing is offered, 0 to 100%; assumption
    ask_below_evidence: float = 2.5  # counts for and against, mean of the products; assumption: the prior is 2

    def __post_init__(self) -> None:
        problems = []
        if not 0.0 <= self.need_at_least <= 1.0:
            problems.append(("need_at_least", f"a share lies between 0 and 100%, got {self.need_at_least!r}"))
        if not self.ask_below_evidence >= 0.0:
            problems.append(("ask_below_evidence", f"0 or more counts, got {self.ask_below_evidence!r}"))
        if problems:
            raise SettingsError(self.name, problems)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the offers, highest need x margin first, then the talks, least known first."""
        sold = np.flatnonzero(~np.isnan(view.list_prices))
        if not len(view) or not len(sold):
            return Treatments.none()
        products = [view.products[index] for index in sold]
        evidence = (view.field("need_yes") + view.field("need_no"))[:, sold].mean(axis=1)
        need = np.stack([np.where(view.holds(name), -1.0, view.need(name)) for name in products], axis=1)
        best = need.argmax(axis=1)
        most = need.max(axis=1)
        unknown = evidence < self.ask_below_evidence
        offer = np.flatnonzero(~unknown & (most >= self.need_at_least))
        worth = most[offer] * np.maximum(view.margin_per_year[offer], 0.0)
        offer = offer[np.lexsort((view.person_id[offer], -worth))]
        ask = np.flatnonzero(unknown)
        ask = ask[np.lexsort((view.person_id[ask], -view.margin_per_year[ask], evidence[ask]))]
        names = tuple(f"{CROSS_SELL}_{name}" for name in products)
        offers = Treatments.each(names, best[offer], offer, because=f"needed most, at least {self.need_at_least:.0%}")
        return Treatments.joined([offers, Treatments.of("needs_review", ask, because="needs hardly known")])

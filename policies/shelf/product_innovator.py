"""Product innovator: sell a product that one did not sell before."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.plan import OfferChange, Plan
from tenure.policies.policy import check_settings
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class ProductInnovator:
    """Bring a product of the market into the offer, some time after it begins or when the share of people falls.

    It stays on offer, at list price; nobody is treated by himself. The second era of competition.
    """

    name = "product_innovator"
    needs_news = True
    product: str = ""
    """Which product enters; empty stands for the first of the market that we do not sell."""
    after_months: Annotated[int, Parameter("months", 0, 1200, "assumption")] = 0
    """Months from when the policy begins to be followed until the product enters, if nothing else is written."""
    share_falls: Annotated[float, Parameter("share", 0.0, 1.0, "the user's own")] | None = None
    """The product enters, after those months, only once our share of people is this much less than a year before."""

    def __post_init__(self) -> None:
        check_settings(self)

    def decide(self, view: InstitutionView) -> Plan:
        """Return the product that enters, if it is time."""
        sold = ~np.isnan(view.prices[view.me])
        ours = {name for name, on_offer in zip(view.products, sold.tolist(), strict=True) if on_offer}
        product = self.product or next((name for name in view.products if name not in ours), "")
        due = view.month >= 0 and view.months_followed >= self.after_months
        enters = (product,) if due and product and product not in ours and self._needed(view) else ()
        return Plan(offer=OfferChange(enters=enters))

    def _needed(self, view: InstitutionView) -> bool:
        """Return whether our share has fallen as much as is asked for."""
        if self.share_falls is None:
            return True
        now, before = view.published(1), view.published(13)
        if now is None or before is None:
            return False
        return bool(before.shares[view.me] - now.shares[view.me] >= self.share_falls)

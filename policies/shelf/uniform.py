"""Uniform: the same treatment for anybody, in an order drawn by lot."""

from dataclasses import dataclass

import numpy as np

from policies.faults import range_faults
from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.shelf.rules import treatment_faults
from policies.view import InstitutionView


@dataclass(frozen=True)
class Uniform:
    """Propose one treatment to everybody, or to a share drawn by lot each month.

    The order is drawn anew every month, so that money which does not reach everybody reaches anyone equally.
    """

    name = "uniform"
    treatment: str = "loyalty_reward"  # what is proposed: a treatment of the catalogue
    amount: float | None = None  # how much of it, in its unit; by default the catalogue's
    share: float = 1.0  # share of customers who are proposed for in a month

    def __post_init__(self) -> None:
        faults = treatment_faults(("treatment",), self.treatment, self.amount)
        faults += range_faults("share", self.share, 0.0, 1.0, "share")
        if faults:
            raise SettingsError(self.name, faults)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the treatment for those whose lot is below the share, lowest lot first."""
        lot = view.uniform("uniform")
        chosen = np.flatnonzero(lot < self.share)
        in_order = chosen[order_by(lot[chosen])]
        return Treatments.of(self.treatment, in_order, amount=self.amount, because="drawn by lot")

"""Uniform: the same treatment for anybody, in an order drawn by lot."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.conditions.decision_table import Amount, treatment_faults
from tenure.policies.ordering import order_by
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class Uniform:
    """Propose one treatment to everybody, or to a share drawn by lot each month.

    The order is drawn anew every month, so that money which does not reach everybody reaches anyone equally.
    """

    name = "uniform"
    treatment: str = "loyalty_reward"
    """What is proposed: a treatment of the catalogue."""
    amount: Amount | None = None
    """How much of it, in its unit; by default the catalogue's."""
    share: Annotated[float, Parameter("share", 0.0, 1.0, "by definition: 100% is everybody")] = 1.0
    """Share of customers for whom it is proposed in a month."""

    def __post_init__(self) -> None:
        check_settings(self, treatment_faults(("treatment",), self.treatment, self.amount))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the treatment for those whose lot is below the share, lowest lot first."""
        lot = view.uniform("uniform")
        chosen = np.flatnonzero(lot < self.share)
        in_order = chosen[order_by(lot[chosen])]
        return Treatments.of(self.treatment, in_order, amount=self.amount, because="drawn by lot")

"""Uniform: the same treatment for anybody, in an order drawn by lot."""

from dataclasses import dataclass

import numpy as np

from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.shelf.rules import treatment_problem
from policies.view import InstitutionView


@dataclass(frozen=True)
class Uniform:
    """Propose one treatment to everybody, or to a share drawn by lot each month.

    The order is drawn anew every month, so that money which does not reach everybody reaches anyone equally.
    """

    name = "uniform"
    treatment: str = "loyalty_reward"  # a name of the catalogue
    amount: float | None = None  # in the treatment's unit; None: the catalogue's
    share: float = 1.0  # of customers proposed each month, 0 to 100%

    def __post_init__(self) -> None:
        problems = treatment_problem("treatment", self.treatment, self.amount)
        if not 0.0 <= self.share <= 1.0:
            problems.append(("share", f"a share lies between 0 and 100%, got {self.share!r}"))
        if problems:
            raise SettingsError(self.name, problems)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the treatment for those whose lot is below the share, lowest lot first."""
        lot = view.uniform("uniform")
        chosen = np.flatnonzero(lot < self.share)
        in_order = chosen[order_by(lot[chosen])]
        return Treatments.of(self.treatment, in_order, amount=self.amount, because="drawn by lot")

"""Propensity retention: treat those most likely to leave, as most retention campaigns do."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.conditions.decision_table import Amount, treatment_faults
from tenure.policies.ordering import order_by
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.settings.faults import word_faults
from tenure.policies.view import InstitutionView

WEIGHTS = ("value", "risk")


@dataclass(frozen=True)
class PropensityRetention:
    """One treatment for whoever seems about to leave, those with most to lose first.

    Who is likely to leave is not who is likely to be kept: see `uplift`.
    """

    name = "propensity_retention"
    treatment: str = "loyalty_reward"
    """What is proposed: a treatment of the catalogue."""
    amount: Amount | None = None
    """How much of it, in its unit; by default the catalogue's."""
    leave_at_least: Annotated[float, Parameter("share", 0.0, 1.0, "assumption")] = 0.1
    """Believed probability of leaving in a year from which somebody is treated."""
    weigh: str = "value"
    """Whom first: by value (leaving x margin x years expected) or risk (leaving alone)."""

    def __post_init__(self) -> None:
        faults = treatment_faults(("treatment",), self.treatment, self.amount)
        check_settings(self, faults + word_faults("weigh", self.weigh, WEIGHTS))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return those above the threshold, most at stake first; with `value` none who brings nothing."""
        at_stake = view.leave_per_year.astype(np.float64)
        if self.weigh == "value":
            at_stake = at_stake * np.maximum(view.margin_per_year, 0.0) * view.years_expected
        chosen = np.flatnonzero((view.leave_per_year >= self.leave_at_least) & (at_stake > 0.0))
        chosen = chosen[order_by(-at_stake[chosen], view.person_id[chosen])]
        return Treatments.of(self.treatment, chosen, amount=self.amount, because="likely to leave")

"""Propensity retention: treat those most likely to leave, as most retention campaigns do."""

from dataclasses import dataclass

import numpy as np

from policies.faults import range_faults, word_faults
from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.shelf.rules import treatment_faults
from policies.view import InstitutionView

WEIGHTS = ("value", "risk")


@dataclass(frozen=True)
class PropensityRetention:
    """One treatment for whoever seems about to leave, those with most to lose first.

    Who is likely to leave is not who is likely to be kept: see `uplift`.
    """

    name = "propensity_retention"
    treatment: str = "loyalty_reward"  # what is proposed: a treatment of the catalogue
    amount: float | None = None  # how much of it, in its unit; by default the catalogue's
    leave_at_least: float = 0.1  # believed probability of leaving in a year from which somebody is treated; assumption
    weigh: str = "value"  # whom first: by value (leaving x margin x years expected) or risk (leaving alone)

    def __post_init__(self) -> None:
        faults = treatment_faults(("treatment",), self.treatment, self.amount)
        faults += range_faults("leave_at_least", self.leave_at_least, 0.0, 1.0, "share")
        faults += word_faults("weigh", self.weigh, WEIGHTS)
        if faults:
            raise SettingsError(self.name, faults)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return those above the threshold, most at stake first; with `value` none who brings nothing."""
        at_stake = view.leave_per_year.astype(np.float64)
        if self.weigh == "value":
            at_stake = at_stake * np.maximum(view.margin_per_year, 0.0) * view.years_expected
        chosen = np.flatnonzero((view.leave_per_year >= self.leave_at_least) & (at_stake > 0.0))
        chosen = chosen[order_by(-at_stake[chosen], view.person_id[chosen])]
        return Treatments.of(self.treatment, chosen, amount=self.amount, because="likely to leave")

"""Propensity retention: treat those most likely to leave, as most retention campaigns do."""

from dataclasses import dataclass

import numpy as np

from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.shelf.rules import treatment_problem
from policies.view import InstitutionView

WEIGHTS = ("value", "risk")


@dataclass(frozen=True)
class PropensityRetention:
    """One treatment for whoever seems about to leave, those with most to lose first.

    Who is likely to leave is not who is likely to be kept: see `uplift`.
    """

    name = "propensity_retention"
    treatment: str = "loyalty_reward"  # a name of the catalogue
    amount: float | None = None  # in the treatment's unit; None: the catalogue's
    leave_at_least: float = 0.1  # believed share a year, 0 to 100%; assumption
    weigh: str = "value"  # value: leaving x margin x years expected; risk: leaving alone

    def __post_init__(self) -> None:
        problems = treatment_problem("treatment", self.treatment, self.amount)
        if not 0.0 <= self.leave_at_least <= 1.0:
            problems.append(("leave_at_least", f"a share lies between 0 and 100%, got {self.leave_at_least!r}"))
        if self.weigh not in WEIGHTS:
            problems.append(("weigh", f"one of {', '.join(WEIGHTS)}; got {self.weigh!r}"))
        if problems:
            raise SettingsError(self.name, problems)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return those above the threshold, most at stake first; with `value` none who brings nothing."""
        at_stake = view.leave_per_year.astype(np.float64)
        if self.weigh == "value":
            at_stake = at_stake * np.maximum(view.margin_per_year, 0.0) * view.years_expected
        chosen = np.flatnonzero((view.leave_per_year >= self.leave_at_least) & (at_stake > 0.0))
        chosen = chosen[order_by(-at_stake[chosen], view.person_id[chosen])]
        return Treatments.of(self.treatment, chosen, amount=self.amount, because="likely to leave")

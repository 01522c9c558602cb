"""Random trial: treatments by lot, so that what they do can be told from whom they were given to."""

from dataclasses import dataclass

import numpy as np

from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.shelf.rules import treatment_problem
from policies.view import InstitutionView


@dataclass(frozen=True)
class RandomTrial:
    """Each month a share of customers, drawn by lot, gets one of some treatments, by another lot."""

    name = "random_trial"
    treatments: tuple[str, ...] = ("none", "loyalty_reward", "service_upgrade", "price_cut", "needs_review")
    share: float = 0.1  # of customers each month, 0 to 100%; assumption

    def __post_init__(self) -> None:
        problems = [
            problem
            for index, treatment in enumerate(self.treatments)
            for problem in treatment_problem(f"treatments[{index}]", treatment, None)
        ]
        if not self.treatments:
            problems.append(("treatments", "at least one treatment is wanted, and 'none' for those compared with"))
        if not 0.0 <= self.share <= 1.0:
            problems.append(("share", f"a share lies between 0 and 100%, got {self.share!r}"))
        if problems:
            raise SettingsError(self.name, problems)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the lots, lowest first, so that money which ends early ends by lot too."""
        lot = view.uniform("trial")
        chosen = np.flatnonzero(lot < self.share)
        chosen = chosen[order_by(lot[chosen])]
        arm = (view.only(chosen).uniform("trial arm") * len(self.treatments)).astype(np.int64)
        return Treatments.each(self.treatments, arm, chosen, because="trial")

"""Random trial: treatments by lot, so that what they do can be told from whom they were given to."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tenure.agents.declaring import Parameter
from tenure.policies.conditions.decision_table import treatment_faults
from tenure.policies.ordering import order_by
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.settings.faults import Fault
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class RandomTrial:
    """Each month a share of customers, drawn by lot, gets one of some treatments, by another lot."""

    name = "random_trial"
    treatments: tuple[str, ...] = ("none", "loyalty_reward", "service_upgrade", "price_cut", "needs_review")
    """What the lot chooses among."""
    share: Annotated[float, Parameter("share", 0.0, 1.0, "assumption")] = 0.1
    """Share of customers who get something in a month."""

    def __post_init__(self) -> None:
        faults = [
            fault
            for index, treatment in enumerate(self.treatments)
            for fault in treatment_faults(("treatments", index), treatment, None)
        ]
        if not self.treatments:
            mend = "write one such as loyalty_reward, and none for those compared with"
            faults.append(Fault("at least one treatment is wanted", mend, ("treatments",)))
        check_settings(self, faults)

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the lots, lowest first, so that money which ends early ends by lot too."""
        lot = view.uniform("trial")
        chosen = np.flatnonzero(lot < self.share)
        chosen = chosen[order_by(lot[chosen])]
        arm = (view.only(chosen).uniform("trial arm") * len(self.treatments)).astype(np.int64)
        return Treatments.each(self.treatments, arm, chosen, because="trial")

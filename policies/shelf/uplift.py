"""Uplift: treat those whose value the treatment raises most, as learnt from a trial; not whoever stays anyway."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.policies.learning.learner import BestArms, EpochLearner
from tenure.policies.view import InstitutionView


@dataclass(frozen=True, eq=False)
class Uplift(EpochLearner):
    """One treatment for whom it pays: the difference of two regressions, of those treated and of those not."""

    name = "uplift"
    treatments: tuple[str, ...] = ("loyalty_reward",)
    """What is tried, and done where it pays; assumption."""

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> BestArms:
        """Return the treatment of greatest effect where it is above 0, the greatest first."""
        effect = self.net_effect(view, allowed)
        arm = effect.argmax(axis=1)  # the first, nothing, has effect 0
        return BestArms(arm, effect[np.arange(len(arm)), arm])

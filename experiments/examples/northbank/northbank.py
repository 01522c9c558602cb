"""Save by value: reward those whose leaving would cost most, and leave the others in peace."""

from dataclasses import dataclass

import numpy as np

from tenure import InstitutionView, Treatments


@dataclass(frozen=True)
class SaveByValue:
    """The fields below are the settings an arm may give in its YAML; each says its unit."""

    name = "save_by_value"  # what a config calls it
    reward: float = 30.0  # currency, paid if the offer is taken
    quiet_months: int = 6  # since we last contacted this customer
    saved_share: float = 0.25  # our guess: of those rewarded, how many stay because of it

    def decide(self, view: InstitutionView) -> Treatments:
        """Reward those with most at stake first."""
        at_stake = view.leave_per_year * view.margin_per_year * view.years_expected
        worth_it = self.saved_share * at_stake > self.reward
        rested = view.months_since_contact >= self.quiet_months
        best_first = np.argsort(-at_stake, kind="stable")
        chosen = best_first[(worth_it & rested)[best_first]]
        return Treatments.of("loyalty_reward", chosen, amount=self.reward, because="value at stake")

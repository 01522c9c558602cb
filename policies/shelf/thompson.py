"""Contextual bandit: treat by a draw from what is believed of each treatment in each cell (Thompson sampling)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tenure.policies.learning.epochs import Floats, cells_of
from tenure.policies.learning.learner import BestArms, Decision, EpochLearner
from tenure.policies.policy import State
from tenure.policies.view import InstitutionView


@dataclass(frozen=True, eq=False)
class Thompson(EpochLearner):
    """No trial apart: what is little known is tried often, what is known to be bad no more (Thompson 1933).

    Context is the believed cell, stage x quadrant. What it believes to lose by trying, the gap between the best
    mean and the mean of what it chose, is its regret; it is noted month by month.
    """

    name = "thompson"
    trial_months: int = 0
    explore_share: float = 0.0
    regret_eur: NDArray[np.float64] = field(init=False, repr=False, default_factory=lambda: np.zeros(2))

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> BestArms:
        """Return the arm of the greatest draw for each customer, the greatest first."""
        from scipy.special import ndtri

        mean, sd = self._believed()
        cell = cells_of(view)
        drawn = np.zeros(allowed.shape)
        for arm, name in enumerate(self.arms[1:], start=1):
            drawn[:, arm] = mean[arm, cell] + sd[arm, cell] * ndtri(view.uniform(f"thompson {name}"))
        drawn = np.where(allowed, drawn, -np.inf)
        arm = drawn.argmax(axis=1)
        return BestArms(arm, drawn[np.arange(len(arm)), arm])

    def _believed(self) -> tuple[Floats, Floats]:
        mean, sd = self.lessons.effect_by_cell(self.effect_sd_eur)
        return mean - self.lessons.cost_eur[:, None], sd

    def think(self, view: InstitutionView) -> None:
        """Add up what trying is believed to cost this month."""
        made = self.decision(view)
        cell = cells_of(view.only(made.rows))
        mean, _ = self._believed()
        of_each = np.where(made.allowed, mean.T[cell], -np.inf)
        if len(cell):
            gap = of_each.max(axis=1) - of_each[np.arange(len(cell)), made.arm]
            self.regret_eur[:] = float(gap.sum()), self.regret_eur[1] + float(gap.sum())

    def decision(self, view: InstitutionView) -> Decision:
        """Return this month's decision; all of it is by lot, whose propensities differ by cell alone."""
        made = super().decision(view)
        return made._replace(propensity=np.ones(len(made.rows)))

    def state(self) -> State:
        """Return what was learnt."""
        return {**super().state(), "own.regret": self.regret_eur.copy()}

    def restore(self, state: State) -> None:
        """Take back what was learnt."""
        super().restore(state)
        self.regret_eur[:] = state["own.regret"]

    def notes(self) -> dict[str, float]:
        """Return how much was learnt from, and the regret believed, of the month and in all."""
        month, total = self.regret_eur.tolist()
        return super().notes() | {"regret_eur/month": month, "regret_eur/so_far": total}

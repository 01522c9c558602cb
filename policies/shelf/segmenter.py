"""Segmenter: find good customers, by a score of one's own."""

import math
from dataclasses import dataclass
from typing import Annotated

from tenure.agents.belief import QUADRANTS
from tenure.agents.declaring import Parameter
from tenure.agents.mathematics.formulas import normal_quantile
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.settings.faults import word_faults
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class Segmenter:
    """Aim all channels at prospects who are like one's good customers; existing ones are left alone. The third era.

    Every year a score is fitted on our own customers, and channels look for those whom it likes.
    """

    name = "segmenter"
    precision: Annotated[float, Parameter("share", 0.5, 0.98, "assumption")] = 0.7
    """How well channels tell those who fit from others: the area under the ROC curve; 50% is by chance."""
    wanted: str = "low_risk_high_return"
    """The quadrant whose customers prospects should be like."""

    def __post_init__(self) -> None:
        check_settings(self, word_faults("wanted", self.wanted, QUADRANTS))

    @property
    def channel_precision(self) -> float:
        """Standard deviations by which the scores of those who fit lie above others': sqrt(2) times the quantile.

        >>> round(Segmenter(precision=0.76).channel_precision, 2)
        1.0
        """
        return math.sqrt(2.0) * normal_quantile(self.precision)

    @property
    def looks_for(self) -> str:
        """The quadrant that channels are told of."""
        return self.wanted

    def decide(self, view: InstitutionView) -> Treatments:
        """Return no treatments: what it does is done by its channels."""
        return Treatments.none()

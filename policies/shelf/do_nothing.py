"""Do nothing: the arm that every other is compared with."""

from dataclasses import dataclass

from tenure.policies.plan import Treatments
from tenure.policies.view import InstitutionView


@dataclass(frozen=True)
class DoNothing:
    """Leave every customer alone, at list prices. Its institution keeps no beliefs."""

    name = "do_nothing"
    needs_view = False

    def decide(self, view: InstitutionView) -> Treatments:
        """Return no treatments."""
        return Treatments.none()

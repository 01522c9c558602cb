"""The opening: with what book the market begins, where the rules leave it open."""

import math
from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule
from tenure.agents.person import ACQUISITION, GROWTH, MATURITY


class Opening(NamedTuple):
    """Parameters of the customers with whom the market begins; all else of them follows from the other rules."""

    acquisition_months: Annotated[int, Parameter("months", 0, 600, "assumption: as learning.new_months")] = 3
    """Months with the provider before which a customer at the start is still in the stage of acquisition."""
    growth_months: Annotated[int, Parameter("months", 0, 600, "assumption")] = 18
    """Months with the provider before which a customer at the start is not yet in the stage of maturity."""
    further: Annotated[float, Parameter("1", 0, 1, "assumption; sets products per customer")] = 0.65
    """Chance, per unit of need, that a customer of very long standing holds a product beyond the first."""
    further_years: Annotated[float, Parameter("years", 0.01, 100, "assumption")] = 6.0
    """Years with the provider after which 63% of that chance is reached."""


@rule
def stage_at_opening(tenure_months: int, opening: Opening) -> int:
    """Lifecycle stage of a customer with whom the market begins."""
    if tenure_months < opening.acquisition_months:
        return ACQUISITION
    return GROWTH if tenure_months < opening.growth_months else MATURITY


@rule
def holds_at_opening(need: float, years: float, opening: Opening) -> float:
    """Probability that a customer with whom the market begins holds a product beyond the first."""
    return opening.further * (1.0 - math.exp(-years / opening.further_years)) * need

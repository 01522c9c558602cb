"""Known answers: published or closed-form results that the ordinary model must give back.

A case is a market in `experiments/known/` that switches everything else off. It is run like any other, and its
output is compared with the number of the paper, a formula, or a chain worked by hand; a row is right within four
standard errors at the population used, or, where nothing is random, within half of the last printed digit.
"""

from collections.abc import Callable

from tenure.experiments.verification.cases.allocation import acquisition, scarce_contacts, two_segments
from tenure.experiments.verification.cases.buying import dirichlet
from tenure.experiments.verification.cases.credit import capital, delinquency, one_factor, one_factor_losses
from tenure.experiments.verification.cases.diffusion import bass
from tenure.experiments.verification.cases.letting_go import letting_go
from tenure.experiments.verification.cases.loyalty import loyal_and_switching
from tenure.experiments.verification.cases.poaching import poaching
from tenure.experiments.verification.cases.pricing import price_competition
from tenure.experiments.verification.cases.relationship import (
    margin_multiple,
    residual_lifetime,
    retention,
    stages,
    staying,
)
from tenure.experiments.verification.cases.rows import Row
from tenure.experiments.verification.cases.taiwan import taiwan_2005

__all__ = ["CASES", "Row"]


def retention_high_end() -> list[Row]:
    """Retention of the high-end segment."""
    return retention("high_end")


def retention_regular() -> list[Row]:
    """Retention of the regular segment."""
    return retention("regular")


CASES: dict[str, Callable[[], list[Row]]] = {
    "retention_high_end": retention_high_end,
    "retention_regular": retention_regular,
    "residual_lifetime": residual_lifetime,
    "staying": staying,
    "stages": stages,
    "margin_multiple": margin_multiple,
    "delinquency": delinquency,
    "one_factor": one_factor,
    "one_factor_losses": one_factor_losses,
    "capital": capital,
    "letting_go": letting_go,
    "acquisition": acquisition,
    "bass": bass,
    "two_segments": two_segments,
    "scarce_contacts": scarce_contacts,
    "dirichlet": dirichlet,
    "loyal_and_switching": loyal_and_switching,
    "poaching": poaching,
    "price_competition": price_competition,
    "taiwan_2005": taiwan_2005,
}
"""Case -> run it at its full population."""

"""Capital: what Basel's formula for retail exposures asks for behind what is owed, product by product."""

import math

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.declaring import rule
from tenure.agents.mathematics.elementary import exp_
from tenure.agents.mathematics.formulas import between, normal_probability, normal_quantile
from tenure.agents.offer import MORTGAGE, OTHER_RETAIL, QUALIFYING_REVOLVING
from tenure.agents.rules.credit import Credit

MOST_CERTAIN = 0.9999
"""Probability of default that is as good as certain: the loss is expected, and needs next to no capital."""
WORST_YEAR = 3.090232306167813
"""Quantile of the standard normal that one year in a thousand passes: Basel's level of confidence, 99.9% (CRE31)."""


@rule
def asset_correlation(pd: float, exposure: int, own: float, credit: Credit) -> float:
    """Asset correlation in Basel's formula (CRE31.24), by class of exposure; that of other retail falls with PD."""
    if exposure == QUALIFYING_REVOLVING:
        return credit.revolving_correlation
    if exposure == MORTGAGE:
        return credit.mortgage_correlation
    if exposure == OTHER_RETAIL:
        decay = credit.retail_correlation_decay
        risky = (1.0 - exp_(-decay * pd)) / (1.0 - exp_(-decay))
        return credit.retail_correlation_risky * risky + credit.retail_correlation_safe * (1.0 - risky)
    return own


@rule
def capital_share(
    default_per_year: float, loss_given_default: float, exposure: int, own_correlation: float, credit: Credit
) -> float:
    """Capital required for what is owed in a product, share of it (Basel CRE31: unexpected loss at 99.9%)."""
    pd = between(default_per_year, credit.pd_least, MOST_CERTAIN)
    rho = asset_correlation(pd, exposure, own_correlation, credit)
    stressed = (normal_quantile(pd) + math.sqrt(rho) * WORST_YEAR) / math.sqrt(1.0 - rho)
    return loss_given_default * between(normal_probability(stressed) - pd, 0.0, 1.0)


@compiled
def capital_of_each(
    default_per_year: NDArray[np.float64],
    loss_given_default: float,
    exposure: int,
    own_correlation: float,
    credit: Credit,
    share: NDArray[np.float64],
) -> None:
    """Write the `capital_share` of many customers in one product."""
    for row in range(len(default_per_year)):
        share[row] = capital_share(default_per_year[row], loss_given_default, exposure, own_correlation, credit)

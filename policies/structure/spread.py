"""What remains uncertain of an optimal structure because its transitions and rewards were estimated."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tenure.policies.structure.program import (
    InfeasibleStructure,
    Numbers,
    Program,
    Structure,
    occupancy_under,
    solve,
    value_under,
)


class Spread(NamedTuple):
    """What remains uncertain because transitions and rewards were estimated; rows are the quantiles asked for."""

    composition: Numbers
    """Shape (quantiles, cells)."""
    value_per_month: Numbers
    """Of the structure best in each draw, shape (quantiles,). It knows the draw, so it is higher than can be had."""
    kept_value_per_month: Numbers
    """Of the policy kept from the means, limits unchecked, in each draw, shape (quantiles,)."""
    prices: dict[str, Numbers]
    """Name of a limit -> price, shape (quantiles,)."""
    arrival_value: Numbers
    """What the `arrivals` asked about are worth under the policy and at the prices kept from the means, EUR, shape
    (quantiles,)."""
    policy: Numbers
    """Mean probability of each action over the draws, shape (cells, actions): near 0 or 1 where the choice is sure."""
    infeasible_share: float
    """Share of the draws in which no policy meets all limits; the other fields leave them out."""


def spread(
    program: Program,
    counts: Numbers,
    rng: np.random.Generator,
    draws: int = 200,
    reward_standard_error: Numbers | float = 0.0,
    prior_count: float = 1.0,
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    arrivals: Numbers | None = None,
) -> Spread:
    """Solve the program again with transitions and rewards drawn from what the trial leaves open.

    Parameters
    ----------
    program : Program
        Its transitions and rewards are the estimates; the transitions are replaced by draws.
    counts : array, shape (actions, cells, cells + 1)
        Person-months of the trial from cell to cell; the last column left.
    rng : Generator
    draws : int
        Default: an assumption, enough for a quantile of 5% to rest on 10 draws.
    reward_standard_error : array, shape (actions, cells), or float
        EUR per person-month, drawn normal.
    prior_count : float
        Person-months that the Dirichlet prior is worth in all, spread evenly over destinations (Perks 1947, J. Inst.
        Actuaries 73:285-334).
    quantiles : sequence of float
    arrivals : array, shape (cells,), optional
        People by cell whose worth is asked, too; by default those who join in a month.

    Raises
    ------
    InfeasibleStructure
        If the program itself or every draw is infeasible.
    ValueError
        If the counts do not fit the program, or the prior is not above 0.
    """
    actions, cells = program.reward.shape
    if counts.shape != (actions, cells, cells + 1) or not (counts >= 0.0).all() or not prior_count > 0.0 or draws < 1:
        raise ValueError(
            f"spread: counts must be 0 or more, of shape {(actions, cells, cells + 1)}, got {counts.shape}; the prior"
            f" count must be above 0, got {prior_count}; draws at least 1, got {draws}"
        )
    asked = program.inflow if arrivals is None else arrivals
    kept = solve(program)
    best: list[Structure] = []
    kept_values: list[float] = []
    arrival_values: list[float] = []
    failure: InfeasibleStructure | None = None
    for _ in range(draws):
        gamma = rng.standard_gamma(counts + prior_count / (cells + 1))
        transitions = (gamma / gamma.sum(axis=2, keepdims=True))[:, :, :-1]
        drawn = program._replace(transitions=transitions, reward=rng.normal(program.reward, reward_standard_error))
        try:
            best.append(solve(drawn))
        except InfeasibleStructure as infeasible:
            failure = infeasible
            continue
        kept_values.append(float((drawn.reward * occupancy_under(drawn, kept.policy)).sum()))
        arrival_values.append(float(asked @ value_under(drawn, kept.policy, kept.paid)))
    if failure is not None and not best:
        raise failure
    return Spread(
        np.quantile([one.composition for one in best], quantiles, axis=0),
        np.quantile([one.value_per_month for one in best], quantiles),
        np.quantile(kept_values, quantiles),
        {name: np.quantile([one.prices[name] for one in best], quantiles) for name in best[0].prices},
        np.quantile(arrival_values, quantiles),
        np.mean([one.policy for one in best], axis=0),
        1.0 - len(best) / draws,
    )

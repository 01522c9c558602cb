"""Which of many assumptions matter at all: elementary effects of a design that changes one at a time (Morris)."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd


class ElementaryEffect(NamedTuple):
    """What changing one input by half of its range or more does to the answer, in the unit of the answer.

    Attributes
    ----------
    path : str
    size : float
        Average without its sign (mu*).
    half_width : float
        Half a 95% interval of it.
    change : float
        Average with its sign (mu).
    unlike : float
        Standard deviation from one place to another (sigma): curved, or dependent on the other inputs, luck included.
    """

    path: str
    size: float
    half_width: float
    change: float
    unlike: float


def elementary_effects(
    inputs: "pd.DataFrame", answer: npt.ArrayLike, levels: int = 4, seed: int = 1
) -> tuple[ElementaryEffect, ...]:
    """Return the elementary effects of a design of trajectories, the largest first.

    Parameters
    ----------
    inputs : DataFrame, shape (trajectories * (inputs + 1), inputs)
        In the order of the design. Each is known by the name of its column, in whatever order the columns are.
    answer : array, shape (rows,)
        Averaged over replications.
    levels : int
        Of each input in the design.
    seed : int
        Of the resamples behind the intervals.

    Raises
    ------
    ValueError
        If rows are not such trajectories.

    Notes
    -----
    Morris (1991), Technometrics 33:161-174, with mu* of Campolongo, Cariboni & Saltelli (2007), Environmental Modelling
    & Software 22:1509-1518; worked out by SALib.
    """
    from SALib.analyze import morris

    paths = [str(path) for path in inputs.columns]
    values, y = inputs.to_numpy(np.float64), np.asarray(answer, dtype=np.float64)
    length = len(paths) + 1
    if not len(values) or len(values) % length or len(values) != len(y):
        raise ValueError(f"{len(values)} points are no whole number of trajectories of {length}")
    steps = np.diff(values.reshape(-1, length, len(paths)), axis=1) != 0.0
    if not ((steps.sum(axis=2) == 1).all() and (steps.sum(axis=1) == 1).all()):
        raise ValueError("a trajectory changes each input once, one after the other; these points do not")
    problem = {"num_vars": len(paths), "names": paths, "bounds": [[0.0, 1.0]] * len(paths)}
    found = morris.analyze(problem, values, y, num_levels=levels, seed=seed)
    each = [
        ElementaryEffect(
            path,
            float(found["mu_star"][k]),
            float(found["mu_star_conf"][k]),
            float(found["mu"][k]),
            float(found["sigma"][k]),
        )
        for k, path in enumerate(paths)
    ]
    return tuple(sorted(each, key=lambda one: -one.size))

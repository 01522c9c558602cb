"""A comparison with a known answer, and the market and recording that a case reads it from."""

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import NamedTuple

import pandas as pd

from tenure.experiments.config.documents import Value
from tenure.experiments.config.market_files import read_market
from tenure.experiments.shipped import KNOWN
from tenure.simulation.model import LifecycleModel

STANDARD_ERRORS = 4.0


class Row(NamedTuple):
    """One comparison: `z` is the deviation in standard errors (0 or infinite where nothing is random)."""

    case: str
    what: str
    expected: float
    simulated: float
    standard_error: float
    z: float
    ok: bool


def compare(
    case: str, what: str, expected: float, simulated: float, standard_error: float, rounding: float = 1e-9
) -> Row:
    """Return one comparison; `rounding` (half of the last printed digit) counts only if nothing is random."""
    difference = simulated - expected
    if standard_error > 0.0:
        z = difference / standard_error
    else:
        z = 0.0 if abs(difference) <= rounding else math.copysign(math.inf, difference)
    return Row(case, what, expected, simulated, standard_error, z, abs(z) <= STANDARD_ERRORS)


def market(name: str, changes: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """Return a case's market as plain data, with settings changed by dotted path.

    >>> market("staying", {"world.switching_cost": 2})["world"]["switching_cost"]
    2
    """
    data = deepcopy(read_market(KNOWN / f"{name}.market.yaml").data)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place = data
        for key in parents:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise TypeError(f"{path}: '{key}' holds no settings in {name}.market.yaml")
            place = inner
        place[last] = value
    return data


def recorded(model: LifecycleModel, months: int) -> pd.DataFrame:
    """Record the months from here on; month -1 of the answer is the state now."""
    start = model.month
    model.start_recording()
    for _ in range(months):
        model.step()
    rows: pd.DataFrame = model.recording()
    return rows.assign(month=rows["month"] - start)


def series(rows: pd.DataFrame, measure: str, institution: str = "us", a: str | None = None) -> pd.Series:
    """Sum of one measure by month."""
    chosen = (rows["measure"] == measure) & (rows["institution"] == institution)
    if a is not None:
        chosen &= rows["a"] == a
    return rows[chosen].groupby("month")["value"].sum()

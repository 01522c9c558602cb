"""The bands that the default market must lie in: published facts beside what came out of the running market.

    python -m experiments.bands [--replications N]    run the markets and rewrite docs/bands.md (minutes)
"""

import argparse
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agents.choice import looks_around
from agents.person import DECLINE, MATURITY
from experiments.facts import FACTS, INFORMATION, Fact
from experiments.market_files import MARKETS
from experiments.reading import overlay, read_with_extends
from experiments.terminal import console, progress_bars
from simulation.model import LifecycleModel
from simulation.settings import MarketSettings, market_from

MONTHS = 120
STEADY_MONTHS = 60
PAGE = Path(__file__).parent.parent / "docs" / "bands.md"
STANDARD_CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("default", {}),
    "steady": ("default", {"world": {"macro_sd": 0}}),
    "crisis": ("crisis", {}),
}
"""Case -> shipped market, and what is changed in it."""


class Band(NamedTuple):
    """One fact: its published range and what the market gave, mean and standard deviation over replications."""

    fact: str
    low: float
    high: float
    value: float
    sd: float
    source: str
    measured: str

    @property
    def inside(self) -> bool:
        """Whether the value lies in the range."""
        return bool(self.low <= self.value <= self.high)


class Lived(NamedTuple):
    """A market that was recorded after its burn-in."""

    table: pd.DataFrame
    looked: float
    """share of customers who looked around at least once in the last twelve months"""


def shipped(case: str, changes: dict[str, Any] | None = None) -> MarketSettings:
    """Return the market of a case (`default`, `steady`, `crisis`), with further changes by section.

    Raises
    ------
    ValueError
        If there is no such case.
    """
    if case not in STANDARD_CASES:
        raise ValueError(f"there is no case {case!r}; there are {', '.join(STANDARD_CASES)}")
    name, own = STANDARD_CASES[case]
    data: dict[str, Any] = dict(read_with_extends(MARKETS / f"{name}.market.yaml", [MARKETS]).data)
    for section in (own, changes or {}):
        for key, value in section.items():
            data[key] = {**data.get(key, {}), **value} if isinstance(value, dict) else value
    return market_from(data)


def lived(settings: MarketSettings, seed: int, replication: int, months: int = MONTHS) -> pd.DataFrame:
    """Return the recording of a market after its burn-in, every institution following its configured policy."""
    return lived_and_looked(settings, seed, replication, months).table


def lived_and_looked(settings: MarketSettings, seed: int, replication: int, months: int = MONTHS) -> Lived:
    """As `lived`, with the share that looked around in the last year, which the recording has not."""
    model = LifecycleModel(settings, seed, replication, first_month=-settings.burn_in_months)
    for _ in range(settings.burn_in_months):
        model.step()
    model.start_recording()
    never: dict[int, float] = {}
    for month in range(months):
        model.step()
        if month >= months - 12:
            _look(model, never)
    return Lived(model.recording(), 1.0 - float(np.mean(list(never.values()))) if never else 0.0)


def _look(model: LifecycleModel, never: dict[int, float], every: int = 5) -> None:
    """Multiply the chance that a customer (one in `every`) has not looked around by that of this month."""
    people, choice = model.people, model.rules.choice
    for i in np.flatnonzero(people["provider"] > 0)[::every].tolist():
        one = people[i]
        chance = 0.0
        if one["loyal_to"] != one["provider"]:
            chance = looks_around(
                float(one["search_trait"]), float(one["satisfaction"]), one["stage"] == DECLINE,
                one["stage"] == MATURITY, False, one["episode_months"] > 0, 0.0, choice,
            )  # fmt: skip
        key = int(one["id"])
        never[key] = never.get(key, 1.0) * (1.0 - chance)

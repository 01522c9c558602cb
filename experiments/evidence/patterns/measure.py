"""Measure all patterns of a market, replication by replication.

python -m tenure.experiments.evidence.patterns.measure [--replications N] [--family credit] [--set PATH=VALUE ...]
prints every figure with its standard error over replications.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.progress import track
from ruamel.yaml import YAML

from tenure.experiments.evidence.bands import shipped
from tenure.experiments.evidence.patterns import acquisition, competition, contacts, credit, leaving
from tenure.experiments.evidence.patterns.contacts import best_contacts, cheapest_save
from tenure.experiments.evidence.patterns.leaving import later_profit
from tenure.experiments.evidence.patterns.lives import Figures, Measure, Start, with_changes
from tenure.experiments.evidence.patterns.table import beside, number, range_of
from tenure.experiments.running.workers import processors
from tenure.simulation.settings.market import MarketSettings

REPLICATIONS = 12
FAMILIES: Mapping[str, tuple[Measure, ...]] = {
    "credit": credit.MEASURES,
    "leaving": leaving.MEASURES,
    "contacts": contacts.MEASURES,
    "acquisition": acquisition.MEASURES,
    "competition": competition.MEASURES,
}
OF_MEANS = (cheapest_save, best_contacts, later_profit)
"""What is worked out of figures averaged over replications, where one replication is too small for it."""


class Step(NamedTuple):
    """What one measure gave in one replication."""

    replication: int
    measure: str
    figures: Figures


class Job(NamedTuple):
    """One replication of a market, and what is measured in it."""

    settings: MarketSettings
    seed: int
    replication: int
    families: tuple[str, ...]


def steps_of(job: Job) -> Iterator[Step]:
    """Yield the figures of one replication, measure by measure."""
    start = Start.burnt_in(job.settings, job.seed, job.replication)
    for family in job.families:
        for measure in FAMILIES[family]:
            yield Step(job.replication, measure.__name__.replace("_", " "), measure(start))


def _all_steps_of(job: Job) -> list[Step]:
    return list(steps_of(job))


def steps(
    settings: MarketSettings | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    families: Sequence[str] = tuple(FAMILIES),
    workers: int = 1,
) -> Iterator[Step]:
    """Yield every figure of every replication as it is measured; `how_many` says how many steps come.

    Parameters
    ----------
    settings : MarketSettings, optional
        The market; by default the shipped one.
    families : sequence of str
        Which of `FAMILIES`.
    workers : int
        Processes, each with one replication at a time; 1 means in this process, 0 one per processor.
    """
    market = shipped("default") if settings is None else settings
    jobs = [Job(market, seed, r, tuple(families)) for r in range(replications)]
    if workers == 1:
        for job in jobs:
            yield from steps_of(job)
        return
    with ProcessPoolExecutor(workers or processors(), mp_context=get_context("spawn")) as pool:
        for found in pool.map(_all_steps_of, jobs):
            yield from found


def how_many(replications: int, families: Sequence[str] = tuple(FAMILIES)) -> int:
    """Return how many steps there are."""
    return replications * sum(len(FAMILIES[family]) for family in families)


def summarised(found: Iterable[Step]) -> pd.DataFrame:
    """Return mean, sd (of one replication) and se (of the mean) of every figure, by name.

    A figure that one replication lacks is judged by the others.
    """
    rows: dict[int, Figures] = {}
    for step in found:
        rows.setdefault(step.replication, {}).update(step.figures)
    table = pd.DataFrame(list(rows.values())).replace([np.inf, -np.inf], np.nan)
    counted = table.notna().sum().clip(lower=1)
    summary = pd.DataFrame({"mean": table.mean(), "sd": table.std(), "se": table.std() / np.sqrt(counted)})
    for work in OF_MEANS:
        with suppress(KeyError):  # of a family that was not asked for
            for name, value in work(dict(summary["mean"])).items():
                summary.loc[name] = [value, np.nan, np.nan]
    return summary


def main(arguments: list[str] | None = None) -> None:
    """Measure the shipped market, or the same with changes, and print every figure."""
    parser = argparse.ArgumentParser(prog="python -m tenure.experiments.evidence.patterns.measure")
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", action="append", choices=tuple(FAMILIES), help="one or more; by default all")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="rules.choice.reminder=0")
    asked = parser.parse_args(arguments)
    read = YAML(typ="safe", pure=True)
    changes = {path: read.load(value) for path, _, value in (one.partition("=") for one in asked.set)}
    families = tuple(asked.family or FAMILIES)
    made = steps(with_changes(shipped("default"), changes), asked.replications, asked.seed, families, workers=0)
    found = summarised(track(made, "measures", how_many(asked.replications, families)))
    for name, row in found.iterrows():
        print(f"{name:36} {row['mean']:>14.4f} +- {row['se']:.4f}")
    for one in beside(found):
        told = f"{number(one.value, one.pattern.unit):>12} {range_of(one.pattern):>20}"
        print(f"{one.pattern.pattern:62} {told}  {one.verdict}")


if __name__ == "__main__":
    main()

"""Measure all patterns of a market, replication by replication.

python -m tenure.experiments.evidence.patterns.measure [--replications N] [--family credit] [--set PATH=VALUE ...]
prints every figure with its standard error over replications.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from rich.progress import track
from ruamel.yaml import YAML

from tenure.experiments.evidence.bands import shipped
from tenure.experiments.evidence.patterns.contacts import (
    acquisition_figures,
    best_contacts,
    cheapest_save,
    contact_figures,
)
from tenure.experiments.evidence.patterns.credit import credit_figures
from tenure.experiments.evidence.patterns.leaving import leaving_figures
from tenure.experiments.evidence.patterns.lives import Figures, Start, with_changes
from tenure.experiments.running.workers import processors
from tenure.simulation.settings.market import MarketSettings

REPLICATIONS = 4
FAMILIES: Mapping[str, Callable[[Start], Figures]] = {
    "credit": credit_figures,
    "leaving": leaving_figures,
    "contacts": contact_figures,
    "acquisition": acquisition_figures,
}


OF_MEANS = (cheapest_save, best_contacts)
"""What is worked out of figures averaged over replications, where one replication is too small for it."""


class Measuring(Protocol):
    """Passes figures on as they come, and may show how many of how many have."""

    def __call__(self, results: Iterable[Figures], /, *, total: int) -> Iterable[Figures]:
        """Yield the figures."""
        ...


class Job(NamedTuple):
    """One family of one replication."""

    settings: MarketSettings
    family: str
    seed: int
    replication: int


def figures_of_job(job: Job) -> Figures:
    """Return the figures of one family of one replication."""
    return FAMILIES[job.family](Start.burnt_in(job.settings, job.seed, job.replication))


def figures(
    settings: MarketSettings | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    families: Sequence[str] = tuple(FAMILIES),
    workers: int | None = None,
    progress: Measuring = lambda results, total: results,
) -> pd.DataFrame:
    """Return every figure: columns mean, sd (of one replication) and se (of the mean), by name.

    Parameters
    ----------
    settings : MarketSettings, optional
        The market; by default the shipped one.
    families : sequence of str
        Which of `FAMILIES`.
    workers : int, optional
        Processes; by default one per processor, and 1 means in this process.
    """
    market = shipped("default") if settings is None else settings
    jobs = [Job(market, family, seed, r) for r in range(replications) for family in families]
    count = workers or processors()
    if count == 1:
        done = list(progress(map(figures_of_job, jobs), total=len(jobs)))
    else:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            done = list(progress(pool.map(figures_of_job, jobs), total=len(jobs)))
    return summarised(jobs, done)


def summarised(jobs: Sequence[Job], done: Sequence[Figures]) -> pd.DataFrame:
    """Return mean, sd and se of every figure over replications; a figure that one lacks is judged by the others."""
    rows: dict[int, Figures] = {}
    for job, found in zip(jobs, done, strict=True):
        rows.setdefault(job.replication, {}).update(found)
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
    found = figures(
        with_changes(shipped("default"), changes),
        asked.replications,
        asked.seed,
        tuple(asked.family or FAMILIES),
        progress=lambda results, total: track(results, "families of replications", total),
    )
    for name, row in found.iterrows():
        print(f"{name:36} {row['mean']:>14.4f} +- {row['se']:.4f}")


if __name__ == "__main__":
    main()

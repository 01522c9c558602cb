"""A small experiment that is written, loaded and run with scenarios."""

from pathlib import Path

from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.store.results import Results
from tests.folders import made_here

SMALL = """
question: Does a reward pay?
market: {extends: default, people: 40, burn_in_months: 1}
months: 3
warm_up_months: 1
budget_per_month: 100
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 1
metrics: [profit_per_customer, attrition_per_year]
"""
HARD = "{macro_mean: 2.0}"


def written(folder: Path, scenarios: str = "", name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(SMALL + (f"scenarios: {scenarios}\n" if scenarios else ""), encoding="utf-8")
    return path


def loaded(folder: Path, scenarios: str = "", *sets: str) -> Experiment:
    return load_experiment(written(folder, scenarios), sets)


def run(folder: Path, scenarios: str = "", *sets: str) -> Results:
    return made_here(written(folder, scenarios), folder / "out", sets, engine="objects")

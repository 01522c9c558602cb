"""The same question with one mechanism of the market, or one rule of an arm, switched off: runs of their own."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from ruamel.yaml import YAML

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.why.averaging import average_of
from tenure.experiments.config.documents import Value
from tenure.experiments.config.reading import suggest
from tenure.experiments.store.results import Results
from tenure.policies.shelf.rules import StageRules, shipped_table

METRIC = "profit_per_customer"
EVERYTHING = "all"
"""Asks for all that can be switched off."""
FOLDER = "why"
"""Below the folder of the results: the runs with something switched off."""
RULE = "rule "
"""What is written before the number of a rule of the arm, counted from 1."""


class Mechanism(NamedTuple):
    """A mechanism of the market: what it means, and the settings that switch it off, by their paths in a market."""

    meaning: str
    off: Mapping[str, Value]


class SwitchedOff(NamedTuple):
    """An arm's difference from the champion without a mechanism, and how that differs from the difference with it."""

    name: str
    meaning: str
    difference: Average
    """Without it."""
    change: Average
    """Without it less with it, the same replications."""
    whole: Average
    """With it, over those replications."""

    @property
    def carried(self) -> Average:
        """What it carries of the difference: with it less without it."""
        return self.change.times(-1.0)


@cache
def mechanisms() -> dict[str, Mechanism]:
    """Return the mechanisms that can be switched off, by name."""
    text = Path(__file__).with_name("mechanisms.yaml").read_text(encoding="utf-8")
    return {name: Mechanism(**one) for name, one in YAML(typ="safe", pure=True).load(text).items()}


def settings_off(name: str, rivals: Sequence[str]) -> list[str]:
    """Return what is laid over an experiment, ``KEY=VALUE``, so that a mechanism is off.

    Raises
    ------
    ValueError
        If there is no such mechanism; near names are told.
    """
    known = mechanisms()
    if name not in known:
        raise ValueError(f"there is no mechanism '{name}'. {suggest(name, known)}")
    each = {
        path.replace("*", rival): value
        for path, value in known[name].off.items()
        for rival in (rivals if "*" in path else ("",))
    }
    return [f"market.{path}={'{}' if value == {} else value}" for path, value in each.items()]


def rules_of(arm: Value) -> list[Value]:
    """Return the rows of the decision table that an arm follows, its own or a shipped one; none of other policies.

    `arm` is as it was written: a name of a policy, or a policy with its settings.
    """
    own = arm if isinstance(arm, dict) else {"policy": arm}
    rows = own.get("rules")
    if own.get("policy") == "rules" and isinstance(rows, list):
        return rows
    if own.get("policy") == StageRules.name:
        return [{key: _plain(value) for key, value in row.items()} for row in shipped_table(StageRules.name)]
    return []


def _plain(value: object) -> Value:
    return value if isinstance(value, int | float | str) else str(value)


def without_rule(arm: Value, number: int) -> Value:
    """Return an arm without one rule of its table, the first being 1.

    Raises
    ------
    ValueError
        If it follows no table, or one with fewer rules.
    """
    rows = rules_of(arm)
    if not 1 <= number <= len(rows):
        what = f"has {len(rows)} rules" if rows else "follows no decision table"
        raise ValueError(f"the arm {what}: there is no rule {number} to leave out")
    kept = [row for place, row in enumerate(rows, start=1) if place != number]
    own = arm if isinstance(arm, dict) else {}
    others: dict[str, Value] = {key: value for key, value in own.items() if key not in ("policy", "rules")}
    return {**others, "policy": "rules", "rules": kept} if kept else {**others, "policy": "do_nothing"}


def names_of(arm: Value) -> tuple[str, ...]:
    """Return all that can be switched off for an arm, as it was written: mechanisms, and rules of its table."""
    return (*mechanisms(), *(f"{RULE}{place}" for place in range(1, len(rules_of(arm)) + 1)))


def meaning_of(name: str, arm: Value) -> str:
    """Return what is switched off in words; ValueError if there is no such mechanism or rule."""
    if not name.startswith(RULE):
        settings_off(name, ())  # refuses one that there is not
        return mechanisms()[name].meaning
    number = rule_number(name)
    without_rule(arm, number)
    row = rules_of(arm)[number - 1]
    return f"{row.get('when')}: {row.get('do')}" if isinstance(row, dict) else str(row)


def rule_number(name: str) -> int:
    """Return which rule a name stands for, the first being 1; ValueError if it says none."""
    text = name.removeprefix(RULE).strip()
    if not text.isdecimal():
        raise ValueError(f"'{name}': write '{RULE}1' for the first rule of the arm's table")
    return int(text)


def folder_without(folder: Path, arm: str, name: str) -> Path:
    """Return where the runs without something are kept, below the folder of the results."""
    return folder / FOLDER / arm / name.replace(" ", "_")


def differences(results: Results, arm: str) -> "pd.Series[float]":
    """Return the arm's profit less the champion's, by replication."""
    table = results.metrics()
    table = table[table["metric"] == METRIC].pivot(index="replication", columns="arm", values="value")
    return (table[arm] - table[results.champion]).dropna()


def switched_off(name: str, meaning: str, whole: "pd.Series[float]", without: "pd.Series[float]") -> SwitchedOff:
    """Compare the differences without something with those of the whole, the same replications with the same luck."""
    both = without.index.intersection(whole.index)
    return SwitchedOff(
        name, meaning, average_of(without), average_of(without[both] - whole[both]), average_of(whole[both])
    )

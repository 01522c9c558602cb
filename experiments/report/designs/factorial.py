"""A design as a table: level by level, every arm beside each other; and what each factor changes."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from tenure.experiments.analysis.designs.contrasts import FactorEffect, factor_effects, values_of_grid
from tenure.experiments.analysis.metric import Metric, difference_text
from tenure.experiments.report.joint import joint_table
from tenure.experiments.store.results import Results

MOST_LEVELS_TOLD = 40
"""Lines of a table of levels on a terminal; the rest is counted."""
BASE = "base_scenario"


class DesignTable(NamedTuple):
    """Cells as they are shown: two lines of heads, and rows."""

    heads: list[list[str]]
    rows: list[list[str]]


def has_design(results: Results) -> bool:
    """Return whether arms were run at several levels of a design."""
    return any(one.get("factors") for one in results.about["scenarios"].values()) and len(results.scenarios) > 1


def level_table(results: Results, metric: str = "") -> tuple[Metric, DesignTable] | None:
    """Return all levels below each other, arms as columns: the champion's level, and the others' differences from it.

    None where there is nothing to compare.
    """
    table = joint_table(results, metric)
    if table is None:
        return None
    factors = as_written(results)
    shown = [name for name in factors.columns if name != BASE or factors[BASE].any()]
    names = [name.removeprefix("market.").removeprefix("arms.") if name != BASE else "scenario" for name in shown]
    arms = [row.arm for row in table.rows]
    heads = [[*names, *arms], [*[""] * len(names), "level", *["difference"] * (len(arms) - 1)]]
    rows = []
    for place, level in enumerate(table.circumstances):
        values = [value_text(factors.at[level, name]) for name in shown]
        cells = [f"{row.cells[place].text} {row.cells[place].sign}".rstrip() for row in table.rows]
        rows.append([*values, *cells])
    return table.metric, DesignTable(heads, rows)


def as_written(results: Results) -> pd.DataFrame:
    """Return what is set at each level as it is written: a factor that multiplies keeps its ``x``."""
    factors = results.factors()
    for level in factors.index:
        for name, value in results.about["scenarios"][level].get("factors", []):
            factors[name] = factors[name].astype(object)
            factors.at[level, name] = value
    return factors


def effect_tables(results: Results, metric: Metric) -> Iterator[tuple[str, DesignTable]]:
    """Yield each scenario, and what each factor of a grid changes in it: arms as columns; nothing of a sample."""
    for base, found in effects_of(results, metric):
        yield base, _table(found, metric)


def effects_of(results: Results, metric: Metric) -> Iterator[tuple[str, list[FactorEffect]]]:
    """Yield each scenario in which the levels are a grid, and what each factor changes in it."""
    factors = as_written(results)
    values = results.metrics()
    values = values[values["metric"] == metric.name]
    for base in factors[BASE].unique():
        levels = factors[factors[BASE] == base].drop(columns=BASE)
        if values_of_grid(levels) is None:
            continue
        own = values[values["scenario"].isin(levels.index)]
        found = list(factor_effects(own, levels, results.champion, results.arms))
        if found:
            yield str(base), found


def effects_json(results: Results, metric: str = "") -> list[dict[str, object]]:
    """Return what each factor of a grid changes, as plain data: scenario by scenario, empty where there is no grid."""
    found = level_table(results, metric) if has_design(results) else None
    if found is None:
        return []
    return [
        {"scenario": base, "metric": found[0].name, **one._asdict(), "change": one.change._asdict()}
        for base, effects in effects_of(results, found[0])
        for one in effects
    ]


def _table(found: list[FactorEffect], metric: Metric) -> DesignTable:
    arms = list(dict.fromkeys(one.arm for one in found))
    rows: dict[str, dict[str, str]] = {}
    for one in found:
        text = difference_text(metric, one.change)
        rows.setdefault(what_changes(one), {})[one.arm] = text
    heads = [["", *arms], ["", *["level"], *["difference"] * (len(arms) - 1)]]
    return DesignTable(heads, [[label, *(cells.get(arm, "-") for arm in arms)] for label, cells in rows.items()])


def what_changes(one: FactorEffect) -> str:
    """Say from where to where factors are set, an interaction with ``and``.

    >>> from tenure.experiments.analysis.intervals import Average
    >>> what_changes(FactorEffect("a", ("arms.book.reward", "b"), (1, 2), (3, 4.5), Average.even(0.0, 1.0), 9))
    'book.reward 1 to 3, and b 2 to 4.5'
    """
    names = (name.removeprefix("market.").removeprefix("arms.") for name in one.factors)
    steps = zip(names, one.first, one.then, strict=True)
    return ", and ".join(f"{name} {value_text(before)} to {value_text(after)}" for name, before, after in steps)


def value_text(value: object) -> str:
    """Write a value of a factor."""
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:g}"
    return "" if pd.isna(value) else str(value)


def factor_sentences(results: Results) -> Iterator[str]:
    """Yield what is to be known of such tables."""
    others = "that of the others is of their difference from it" if len(results.arms) > 1 else ""
    yield (
        f"Effects are averages over the values of all other factors, from a factor's first value. That of "
        f"'{results.champion}' is of its level{'; ' + others if others else ''}."
    )
    yield (
        "With 'and': by how much the first effect is larger at the second factor's other value (interaction). All are "
        "taken within replications, with the same people and luck; 95% intervals, and those of an arm and the same "
        "factors hold at once."
    )

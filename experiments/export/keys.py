"""The columns by which every exported table says of which run a row is: scenario, factors, arm and replication."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenure.experiments.export.column import Kind, TableColumn
from tenure.experiments.listing.glossary import words
from tenure.experiments.store.results import Results
from tenure.simulation.values.calendar import calendar_month

if TYPE_CHECKING:
    import pandas as pd

SCENARIO, ARM, REPLICATION, MONTH, BEGINS = "scenario", "arm", "replication", "month", "month_begins"


def key_columns(results: Results, with_replication: bool = True) -> tuple[TableColumn, ...]:
    """Return the columns that stand in front of every table, as the glossary explains them."""
    told = {one.name: one.line for one in words() if one.name in (SCENARIO, ARM, REPLICATION)}
    last = [TableColumn(REPLICATION, "whole", "", told[REPLICATION])] if with_replication else []
    return (
        TableColumn(SCENARIO, "text", "", f"{told[SCENARIO]} Empty where there are none.", _named(results.scenarios)),
        *factor_columns(results),
        TableColumn(ARM, "text", "", told[ARM], results.arms),
        *last,
    )


def month_columns() -> tuple[TableColumn, TableColumn]:
    """Return the columns that say of which month a row is."""
    return (
        TableColumn(MONTH, "whole", "months", "from the start of the run, 0 the first; -1 is the state before it"),
        TableColumn(BEGINS, "date", "", "first day of that month of the calendar"),
    )


def factor_columns(results: Results) -> tuple[TableColumn, ...]:
    """Return a column for each factor of a design, and for the scenario that levels were made of."""
    factors = results.factors()
    return tuple(
        TableColumn(str(name), _kind_of(factors[name]), "", f"factor of the design: what '{name}' was set to")
        if name != "base_scenario"
        else TableColumn("base_scenario", "text", "", "scenario whose level this is, where factors are varied")
        for name in factors.columns
    )


def with_keys(results: Results, frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows with scenario and factors in front; those without a scenario are of the only one that there is."""
    keyed = frame.drop(columns=[SCENARIO, "factors"], errors="ignore")
    own = frame[SCENARIO].astype(object) if SCENARIO in frame else results.scenarios[0]
    keyed.insert(0, SCENARIO, own)
    factors = results.factors()
    for place, name in enumerate(factors.columns, start=1):
        if name not in keyed:
            keyed.insert(place, name, keyed[SCENARIO].map(factors[name]))
    return keyed


def with_dates(results: Results, frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows with the first day of their month behind it, by the calendar of the market."""
    import pandas as pd

    market: dict[str, object] = {**results.about["market"]}
    start, months = str(market["start"]), frame[MONTH].astype("int64")
    dates = {one: pd.Timestamp(f"{calendar_month(start, one)}-01").date() for one in months.unique().tolist()}
    dated = frame.copy()
    dated.insert(dated.columns.get_loc(MONTH) + 1, BEGINS, months.map(dates))
    return dated


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in names if one)


def _kind_of(values: "pd.Series[float]") -> Kind:
    import pandas as pd

    return "number" if pd.api.types.is_numeric_dtype(values) else "text"

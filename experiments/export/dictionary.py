"""The data dictionary: every column, metric and measure of an export, told by the declarations of the code."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tenure.experiments.analysis.metric import in_currency
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.tables import ExportTable
from tenure.simulation.recording.measure import Key
from tenure.simulation.recording.measures import MEASURES

if TYPE_CHECKING:
    import pandas as pd

OF_DICTIONARY = (
    TableColumn("of", "text", "", "table that a column is in, or metric, or measure"),
    TableColumn("name", "text", "", "name of the column, metric or measure"),
    TableColumn("kind", "text", "", "text, whole, number, yes/no or date; of a metric which way is better"),
    TableColumn("unit", "text", "", "of its numbers"),
    TableColumn("meaning", "text", "", "what it is"),
    TableColumn("values", "text", "", "words that it can be, or what the keys `a` and `b` of a measure are"),
)
METRIC, MEASURE = "(metric)", "(measure)"
_MOST_WORDS = 30


def dictionary_frame(tables: Iterable[ExportTable], currency: str) -> "pd.DataFrame":
    """Return the data dictionary of some tables; metrics and measures are told where a table has them."""
    import pandas as pd

    rows: list[tuple[str, ...]] = []
    for table in tables:
        rows.append((table.name, "", "table", "", table.meaning, ""))
        rows += column_rows(table.name, table.columns)
        if table.name == "metrics":
            rows += _metrics(currency)
        if table.name == "measures":
            rows += _measures(currency)
    return pd.DataFrame(rows, columns=[one.name for one in OF_DICTIONARY])


def column_rows(of: str, columns: Iterable[TableColumn]) -> Iterator[tuple[str, ...]]:
    """Yield what the dictionary says of the columns of a table."""
    for one in columns:
        yield of, one.name, one.kind, one.unit, one.meaning, _listed(one.values)


def _metrics(currency: str) -> Iterator[tuple[str, ...]]:
    for name, one in metrics_in(currency).items():
        better = f"{one.better} is better" if one.better != "none" else "neither way is better"
        unit = "share" if one.unit == "%" else one.unit
        yield METRIC, name, better, unit, f"{one.label} ({one.whose}; {one.window})", ""


def _measures(currency: str) -> Iterator[tuple[str, ...]]:
    for name, one in MEASURES.items():
        units = [f"{unit} where `b` is {key}" for key, unit in one.units.items()]
        unit = in_currency("; ".join([one.unit, *units]), currency)
        keys = [f"{letter}: {_key(key)}" for letter, key in (("a", one.a), ("b", one.b)) if key.meaning]
        yield MEASURE, name, one.when, unit, in_currency(one.meaning, currency), "; ".join(keys)


def _key(key: Key) -> str:
    words = _listed(tuple(word for word in key.words if word))
    return f"{key.meaning} ({words})" if words else key.meaning


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words[:_MOST_WORDS]) + (", ..." if len(words) > _MOST_WORDS else "")

"""What a column of an exported table is: its name, type, unit and meaning, from which the data dictionary follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from tenure.experiments.analysis.metric import in_currency

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal["text", "whole", "number", "yes/no", "date"]
"""What the values of a column are; any of them may be missing."""


class TableColumn(NamedTuple):
    """One column of an exported table.

    Attributes
    ----------
    name : str
    kind : {'text', 'whole', 'number', 'yes/no', 'date'}
    unit : str
        Of a number; empty where it has none.
    meaning : str
    values : tuple of str
        Words that a text can be, if they are known.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    values: tuple[str, ...] = ()

    def in_currency(self, currency: str) -> "TableColumn":
        """Return the column in a market's currency."""
        return self._replace(unit=in_currency(self.unit, currency), meaning=in_currency(self.meaning, currency))


def arrow_schema(columns: Sequence[TableColumn]) -> "pa.Schema":
    """Return the types of columns, unit and meaning of each in the metadata of its field."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "yes/no": pa.bool_(),
        "date": pa.date32(),
    }
    told = [{"unit": one.unit, "meaning": one.meaning} for one in columns]
    return pa.schema([pa.field(one.name, kinds[one.kind], metadata=t) for one, t in zip(columns, told, strict=True)])


def arrow_table(frame: "pd.DataFrame", columns: Sequence[TableColumn]) -> "pa.Table":
    """Return columns of a frame, each of its declared kind, as an Arrow table; KeyError if the frame lacks one."""
    import pyarrow as pa

    schema, arrays = arrow_schema(columns), []
    for column, field in zip(columns, schema, strict=True):
        values = frame[column.name]
        if column.kind in ("whole", "yes/no"):
            values = values.astype("Int64" if column.kind == "whole" else "boolean")
        elif column.kind == "text":
            values = values.astype(object).where(values.notna(), None)
        arrays.append(pa.Array.from_pandas(values, type=field.type))
    return pa.Table.from_arrays(arrays, schema=schema)

"""Tables as files: CSV, Parquet, and a workbook for spreadsheets; written part by part."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.experiments.export.column import TableColumn, arrow_schema, arrow_table
from tenure.experiments.export.plain import plain_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Parts = Iterator["pd.DataFrame"]
Tell = Callable[[], None]
"""Told of each part that was written."""
MOST_SHEET_ROWS = 1_048_576
"""Rows of a sheet, its heading among them, that spreadsheets read."""
LONGEST_CELL = 32_767
"""Characters of a cell that spreadsheets keep."""


def write_csv(path: Path, columns: Sequence[TableColumn], parts: Parts, tell: Tell) -> None:
    """Write a table as CSV: UTF-8, a point in decimals, dates as 2027-01-31, nothing where a value is missing."""
    with open(path, "x", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([plain_text(one.name) for one in columns])
        for frame in parts:
            for row in _rows(arrow_table(frame, columns)):
                rows.writerow(["" if cell is None else _as_text(cell) for cell in row])
            tell()


def write_parquet(path: Path, columns: Sequence[TableColumn], parts: Parts, tell: Tell, note: str = "") -> None:
    """Write a table as Parquet, unit and meaning of each column in its field's metadata.

    A `note` stands in the metadata of the file under ``tenure.note``.
    """
    import pyarrow.parquet as pq

    schema = arrow_schema(columns).with_metadata({"tenure.note": note} if note else None)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for frame in parts:
            writer.write_table(arrow_table(frame, columns).replace_schema_metadata(schema.metadata))
            tell()


class Sheets:
    """A workbook that is being made, a sheet for each table.

    A table with more rows than a sheet can hold goes on in further sheets.
    """

    def __init__(self) -> None:
        from openpyxl import Workbook

        self.book = Workbook(write_only=True)

    def add(self, name: str, columns: Sequence[TableColumn], parts: Parts, tell: Tell) -> list[str]:
        """Add a table; return what its reader must know of it."""
        from openpyxl.cell import WriteOnlyCell

        sheet, rows, sheets = self._begun(name, columns), 1, 1
        for frame in parts:
            for row in _rows(arrow_table(frame, columns)):
                if rows == MOST_SHEET_ROWS:
                    sheets += 1
                    sheet, rows = self._begun(f"{name} {sheets}", columns), 1
                cells = []
                for value in row:
                    cell = WriteOnlyCell(sheet, _shown(value) if isinstance(value, str) else value)
                    if isinstance(value, str):
                        cell.data_type = "s"  # a text that looks like a formula, or an error, stays a text
                    cells.append(cell)
                sheet.append(cells)
                rows += 1
            tell()
        return [f"{name}: too long for one sheet, so it goes on in '{name} 2'"] if sheets > 1 else []

    def save(self, path: Path) -> None:
        """Write the workbook."""
        self.book.save(path)

    def _begun(self, name: str, columns: Sequence[TableColumn]) -> "WriteOnlyWorksheet":
        sheet = self.book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([_shown(one.name) for one in columns])
        return sheet


def _rows(table: "pa.Table") -> Iterator[tuple[object, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _as_text(cell: object) -> object:
    return plain_text(cell) if isinstance(cell, str) else repr(cell) if isinstance(cell, float) else cell


def _shown(text: str) -> str:
    """Return a text as a cell can hold it: no signs that steer, and not too long."""
    kept = "".join(sign for sign in text if sign >= " " or sign in "\t\n")
    return kept[:LONGEST_CELL]

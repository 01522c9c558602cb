"""What was written down of runs as a file, its data dictionary beside it."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.dictionary import OF_DICTIONARY, column_rows
from tenure.experiments.export.files import Sheets, write_csv, write_parquet
from tenure.experiments.reliving.runs import KEYS, Called, Part, RelivedRuns
from tenure.experiments.store.sealing import temporary_name

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".parquet", ".csv", ".xlsx")


class TableOfLives(NamedTuple):
    """A kind of table that is written of runs that are lived again.

    Attributes
    ----------
    name : str
        Of its sheet, and of the table in the dictionary.
    noun : str
        What one says of it: "there already, and no panel".
    note : str
        What its reader must know.
    beside : tuple of TableColumn
        Columns of the dictionary behind the usual ones.
    told : tuple of tuple of str
        Rows of the dictionary behind those of the columns.
    """

    name: str
    noun: str
    note: str
    beside: tuple[TableColumn, ...] = ()
    told: tuple[tuple[str, ...], ...] = ()


def dictionary_path(path: Path) -> Path:
    """Return where the data dictionary of a table lies."""
    return path.with_name(f"{path.stem}.dictionary.csv")


def must_be_free(path: Path, table: TableOfLives) -> None:
    """Refuse a file whose kind is not known, or that would replace something else than such a table; ValueError."""
    if path.suffix not in ENDINGS:
        raise ValueError(f"{table.noun}: {path} is of no kind that is known. End its name with {', '.join(ENDINGS)}")
    if path.is_dir() or path.is_symlink():
        raise ValueError(f"{table.noun}: {path} is no plain file. Name another one with -o")
    if (path.exists() or dictionary_path(path).exists()) and not _is_such(path, table):
        raise ValueError(f"{table.noun}: {path} is there already, and no {table.noun}. Name another one with -o")


def write_lives(
    runs: RelivedRuns, called: Called, table: TableOfLives, path: Path, lived: Callable[[], None] = lambda: None
) -> int:
    """Live some runs and write what is written down of them, and its dictionary; return the number of rows.

    Raises
    ------
    ValueError
        As `must_be_free`.
    OSError
        If the disk is full or refuses; nothing is left behind.
    """
    must_be_free(path, table)
    parts, currency = runs.parts(called, lived), runs.of.experiment.market.currency
    first = next(parts)
    columns = tuple(one.in_currency(currency) for one in (*KEYS, *first.columns))
    count = [0]
    making, told = (one.with_name(temporary_name(one.name)) for one in (path, dictionary_path(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        of_dictionary = (*OF_DICTIONARY, *table.beside)
        dictionary = _dictionary(table, columns, of_dictionary)
        write_csv(told, of_dictionary, iter([dictionary]), _nothing)
        rows = _rows(runs, chain([first], parts), count)
        if path.suffix == ".xlsx":
            sheets = Sheets()
            sheets.add("dictionary", of_dictionary, iter([dictionary]), _nothing)
            sheets.add(table.name, columns, rows, _nothing)
            sheets.save(making)
        elif path.suffix == ".csv":
            write_csv(making, columns, rows, _nothing)
        else:
            write_parquet(making, columns, rows, _nothing, table.note)
        os.replace(told, dictionary_path(path))
        os.replace(making, path)
    finally:
        for one in (making, told):
            with suppress(OSError):
                one.unlink(missing_ok=True)
    return count[0]


def _dictionary(
    table: TableOfLives, columns: tuple[TableColumn, ...], of_dictionary: Sequence[TableColumn]
) -> "pd.DataFrame":
    import pandas as pd

    rows = [(table.name, "", "note", "", table.note, ""), *column_rows(table.name, columns), *table.told]
    wide = len(of_dictionary)
    return pd.DataFrame(
        [(*one, *[""] * (wide - len(one))) for one in rows], columns=[one.name for one in of_dictionary]
    )


def _rows(runs: RelivedRuns, parts: Iterable[Part], count: list[int]) -> "Iterator[pd.DataFrame]":
    for part in parts:
        count[0] += len(part.rows)
        yield runs.keyed(part)


def _nothing() -> None:
    """Tell nobody."""


def _is_such(path: Path, table: TableOfLives) -> bool:
    try:
        with open(dictionary_path(path), encoding="utf-8") as file:
            file.readline()
            return table.note in file.readline()
    except (OSError, ValueError):
        return False

"""A panel as a file, its data dictionary beside it, marked as truth that no institution has."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.dictionary import OF_DICTIONARY, column_rows
from tenure.experiments.export.files import Sheets, write_csv, write_parquet
from tenure.experiments.panel.living import PanelRuns, Part, keyed
from tenure.experiments.store.sealing import temporary_name

if TYPE_CHECKING:
    import pandas as pd

NOTE = (
    "Simulated people. Columns that begin with truth_ hold what no institution has; signal_ is what the month showed "
    "the provider, did_ what we did, belief_ what we made of the month when the next one began, before we decided."
)
ENDINGS = (".parquet", ".csv", ".xlsx")
_KEYS = (
    TableColumn("scenario", "text", "", "what the world does; empty where there are no scenarios"),
    TableColumn("arm", "text", "", "what we do"),
    TableColumn("replication", "whole", "", "number of the luck"),
)


def dictionary_path(path: Path) -> Path:
    """Return where the data dictionary of a panel lies."""
    return path.with_name(f"{path.stem}.dictionary.csv")


def must_be_free(path: Path) -> None:
    """Refuse a file whose kind is not known, or that would replace something else than a panel; ValueError."""
    if path.suffix not in ENDINGS:
        raise ValueError(f"panel: {path} is of no kind that is known. End its name with {', '.join(ENDINGS)}")
    if path.is_dir() or path.is_symlink():
        raise ValueError(f"panel: {path} is no plain file. Name another one with -o")
    if (path.exists() or dictionary_path(path).exists()) and not _is_panel(path):
        raise ValueError(f"panel: {path} is there already, and no panel. Name another one with -o")


def write_panel(runs: PanelRuns, experiment: Experiment, path: Path, lived: Callable[[], None]) -> int:
    """Live the runs and write their panel and its dictionary; return the number of rows.

    Raises
    ------
    ValueError
        As `must_be_free`.
    OSError
        If the disk is full or refuses; nothing is left behind.
    """
    must_be_free(path)
    parts, currency = runs.parts(lived), experiment.market.currency
    first = next(parts)
    columns = tuple(one.in_currency(currency) for one in (*_KEYS, *first.columns))
    count = [0]
    making, told = (one.with_name(temporary_name(one.name)) for one in (path, dictionary_path(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        dictionary = _dictionary(columns)
        write_csv(told, OF_DICTIONARY, iter([dictionary]), _nothing)
        rows = _rows(runs, first, parts, count)
        if path.suffix == ".xlsx":
            sheets = Sheets()
            sheets.add("dictionary", OF_DICTIONARY, iter([dictionary]), _nothing)
            sheets.add("panel", columns, rows, _nothing)
            sheets.save(making)
        elif path.suffix == ".csv":
            write_csv(making, columns, rows, _nothing)
        else:
            write_parquet(making, columns, rows, _nothing, NOTE)
        os.replace(told, dictionary_path(path))
        os.replace(making, path)
    finally:
        for one in (making, told):
            with suppress(OSError):
                one.unlink(missing_ok=True)
    return count[0]


def _dictionary(columns: tuple[TableColumn, ...]) -> "pd.DataFrame":
    import pandas as pd

    rows = [("panel", "", "note", "", NOTE, ""), *column_rows("panel", columns)]
    return pd.DataFrame(rows, columns=[one.name for one in OF_DICTIONARY])


def _rows(runs: PanelRuns, first: Part, parts: Iterator[Part], count: list[int]) -> "Iterator[pd.DataFrame]":
    for part in chain([first], parts):
        count[0] += len(part.rows)
        yield keyed(runs, part)


def _nothing() -> None:
    """Tell nobody."""


def _is_panel(path: Path) -> bool:
    try:
        with open(dictionary_path(path), encoding="utf-8") as file:
            file.readline()
            return NOTE in file.readline()
    except (OSError, ValueError):
        return False

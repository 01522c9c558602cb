"""Exporting a folder of results: all of it under another name first, so that nobody sees half an export."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from tenure.experiments.config.reading import suggest
from tenure.experiments.export.dictionary import OF_DICTIONARY, dictionary_frame
from tenure.experiments.export.files import Sheets, write_csv, write_parquet
from tenure.experiments.export.reading import FIRST_LINE, readme_text
from tenure.experiments.export.tables import LARGE, ExportTable, tables_of
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import temporary_name

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["csv", "parquet", "excel"]
"""Of the files of an export."""
README, DICTIONARY, WORKBOOK = "README.txt", "dictionary.csv", "tables.xlsx"
_ENDINGS = {".csv", ".parquet", ".xlsx"}


class Exported(NamedTuple):
    """What an export wrote."""

    folder: Path
    tables: tuple[str, ...]
    files: tuple[str, ...]
    told: tuple[str, ...]
    """What its reader must know."""


def export(
    results: Results,
    out: Path,
    form: str = "csv",
    names: Sequence[str] = (),
    progress: Callable[[], None] = lambda: None,
) -> Exported:
    """Write tables of a folder of results, a data dictionary, and how to read them.

    Parameters
    ----------
    results : Results
        Of any number of scenarios.
    out : Path
        Folder to write; an export that is there is replaced.
    form : {'csv', 'parquet', 'excel'}
    names : sequence of str
        Tables; by default all, but in a workbook not the `LARGE` ones.
    progress : callable
        Told of each part that was written.

    Raises
    ------
    ValueError
        If there is no such table or format, no run is there, or the folder holds something else than an export.
    OSError
        If the disk is full or refuses; nothing is left behind.
    """
    if form not in get_args(Form):
        raise ValueError(f"export: there is no format '{form}'. {suggest(form, get_args(Form))}")
    if not results.known:
        raise ValueError(f"{results.folder}: no run is there yet. Make them with 'tenure run'")
    known, told = tables_of(results), list(_must_be_free(out))
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"export: there is no table '{missing[0]}'. {suggest(missing[0], known)}")
    wanted = [known[name] for name in names] if names else [*known.values()]
    if form == "excel" and not names:
        wanted = [one for one in wanted if one.name not in LARGE]
        told.append(f"left out of the workbook, being long: {', '.join(LARGE)}. Name them by --tables, or take Parquet")
    absent = len(results.about["runs"]) - len(results.names)
    if absent:
        told.append(f"{absent} runs are missing, so that arms may have unlike numbers of replications")
    making = out.with_name(temporary_name(out.name))
    try:
        making.mkdir(parents=True)
        told += _written(results, making, wanted, form, progress)
        (making / README).write_text(readme_text(results, wanted, form, told), encoding="utf-8")
        _put(making, out)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    files = sorted(one.name for one in out.iterdir())
    return Exported(out, tuple(one.name for one in wanted), tuple(files), tuple(told))


def _written(
    results: Results, folder: Path, tables: Sequence[ExportTable], form: str, progress: Callable[[], None]
) -> list[str]:
    dictionary, told = dictionary_frame(tables, results.currency), []
    write_csv(folder / DICTIONARY, OF_DICTIONARY, iter([dictionary]), progress)
    if form == "excel":
        sheets = Sheets()
        sheets.add("dictionary", OF_DICTIONARY, iter([dictionary]), progress)
        for one in tables:
            told += sheets.add(one.name, one.columns, _rows_of(one), progress)
        sheets.save(folder / WORKBOOK)
    for one in tables if form != "excel" else ():
        write = write_csv if form == "csv" else write_parquet
        write(folder / f"{one.name}.{form}", one.columns, _rows_of(one), progress)
    return told


def _rows_of(table: ExportTable) -> Iterator["pd.DataFrame"]:
    return (part for part in table.parts() if len(part))


def _must_be_free(out: Path) -> Iterator[str]:
    """Refuse a place that holds something else than an export; yield what is to be said of one that is there."""
    if not (out.exists() or out.is_symlink()):
        return
    if out.is_symlink() or not out.is_dir():
        raise ValueError(f"{out}: this is no folder. Name another one for the export")
    strange = [one.name for one in sorted(out.iterdir()) if one.suffix not in _ENDINGS and one.name != README]
    if strange or (any(out.iterdir()) and not _is_export(out)):
        what = strange[0] if strange else next(out.iterdir()).name
        raise ValueError(f"{out}: it holds {what}, which is no part of an export. Name another folder")
    if _is_export(out):
        yield "the export that was there is replaced"


def _is_export(folder: Path) -> bool:
    try:
        with open(folder / README, encoding="utf-8") as file:
            return file.readline().rstrip("\n") == FIRST_LINE
    except (OSError, ValueError):
        return False


def _put(making: Path, out: Path) -> None:
    """Give a finished export its name; what was there goes when the new one is there."""
    before = out.with_name(temporary_name(out.name))
    if out.exists():
        os.rename(out, before)
    try:
        os.rename(making, out)
    except OSError:
        if before.exists():
            os.rename(before, out)
        raise
    shutil.rmtree(before, ignore_errors=True)

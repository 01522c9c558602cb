"""Values with dates that stand in a CSV file: its column is read as steps, each with its line in the file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tenure.experiments.config.documents import Document, KeyPath, Place, Problem, Value
from tenure.experiments.config.reading import LARGEST_FILE, file_name_fault, suggest
from tenure.simulation.values.schedule import COLUMN, CSV, laid, like_month

MONTH = "month"
"""Column that holds dates, or months from the start."""


class _UnreadableError(ValueError):
    """What is wrong with a column: the key that names it, what is wrong, and how to mend it."""


def with_columns(document: Document, problems: list[Problem]) -> Document:
    """Return a market with the values of CSV files in place of ``{csv: FILE, column: NAME}``.

    A file is looked for beside the one that names it. What cannot be read is added to the problems and left out.
    """
    for at, entry in _named(document.data, ()):
        try:
            steps = list(_column(document, at, entry))
        except _UnreadableError as error:
            key, what, mend = error.args
            problems.append(document.problem((*at, key), f"{'.'.join(map(str, at))}: {what}", mend))
            continue
        places = {(*at, month): place for month, _, place in steps}
        document = replace(
            document,
            data=laid(document.data, at, {month: value for month, value, _ in steps}),
            positions=document.positions | places,
            key_positions=document.key_positions | places,
        )
    return document


def _named(value: Value, at: KeyPath) -> list[tuple[KeyPath, dict[str, Value]]]:
    """Return place and entry of each column that is named below a value."""
    if isinstance(value, dict):
        found = [(at, value)] if CSV in value and set(value) <= {CSV, COLUMN} else []
        return found + [one for key, below in value.items() for one in _named(below, (*at, key))]
    if isinstance(value, list):
        return [one for place, below in enumerate(value) for one in _named(below, (*at, place))]
    return []


def _column(document: Document, at: KeyPath, entry: dict[str, Value]) -> Iterator[tuple[str, str, Place]]:
    """Yield month, value and place of what a column holds, empty cells left out."""
    name, column = entry[CSV], entry.get(COLUMN)
    if not isinstance(name, str) or not isinstance(column, str):
        what = "a file and one of its columns are wanted"
        raise _UnreadableError(CSV, what, "Write such as {csv: rates.csv, column: card}.")
    path = _beside(document, at) / name
    head, *lines = _rows(path)
    if MONTH not in head:
        raise _UnreadableError(CSV, f"{name} has no column '{MONTH}'", "Give the dates a column of that name: 2027-01.")
    if column not in head:
        mend = suggest(column, [one for one in head if one != MONTH])
        raise _UnreadableError(COLUMN, f"{name} has no column '{column}'", mend)
    months: set[str] = set()
    for number, line in enumerate(lines, start=2):
        cells = dict(zip(head, line, strict=False))
        month, value = cells.get(MONTH, ""), cells.get(column, "")
        if value and not like_month(month):
            what = f"{name}, line {number}: {month!r} is not a month"
            raise _UnreadableError(CSV, what, "Write one such as 2027-01, or a number of months from the start.")
        if value and month in months:
            what = f"{name} has {month or 'no month'} twice, the second time in line {number}"
            raise _UnreadableError(CSV, what, "Keep one of the two lines.")
        if value:
            months.add(month)
            yield month, value, Place(str(path), number, 1)
    if not months:
        raise _UnreadableError(COLUMN, f"the column '{column}' of {name} is empty", "Name another column.")


def _beside(document: Document, at: KeyPath) -> Path:
    place = document.place((*at, CSV))
    return Path(place.path).parent if place.line else Path()


def _rows(path: Path) -> list[list[str]]:
    """Return the lines of a CSV file, the heading first."""
    fault = file_name_fault(str(path))
    if fault is not None:
        raise _UnreadableError(CSV, *fault)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise _UnreadableError(CSV, f"{path.name} is larger than 1 MB", "Keep one line a month.")
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise _UnreadableError(CSV, f"{path.name} is not UTF-8 text", "Save the file as UTF-8.") from None
    except csv.Error as error:
        mend = "Save it as one, with commas between columns."
        raise _UnreadableError(CSV, f"{path.name} is no CSV file: {error}", mend) from None
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}"
        raise _UnreadableError(CSV, what, "Name a file beside this one.") from None
    if not rows:
        mend = "Write a heading, such as month,funding_cost, and a line for each month."
        raise _UnreadableError(CSV, f"{path.name} is empty", mend)
    return [[cell.strip() for cell in row] for row in rows]

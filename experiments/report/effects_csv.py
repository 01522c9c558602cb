"""The table of effects as a file for spreadsheets: one row for each arm and metric, every number with its unit."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.report.effects import verdict_shown
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import write_whole

HEAD = (
    "metric",
    "label",
    "unit",
    "arm",
    "champion",
    "champion_level",
    "difference",
    "low",
    "high",
    "half_width",
    "verdict",
    "matters_from",
    "replications",
)


def effects_csv(results: Results) -> str:
    """Return the comparisons as CSV; shares are fractions, as stored, and a value that is not known is empty.

    Where there are scenarios, each row begins with its own.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("scenario", *HEAD) if results.scenarios[0] else HEAD)
    for scenario in results.scenarios:
        table.writerows((*([plain_name(scenario)] if scenario else []), *row) for row in _rows(results.under(scenario)))
    return text.getvalue()


def _rows(results: Results) -> Iterator[tuple[str | int, ...]]:
    for one in results.comparisons():
        if one.metric not in METRICS:
            continue
        metric = METRICS[one.metric].in_currency(results.currency)
        unit = "share" if metric.unit == "%" else metric.unit
        level = math.nan if metric.is_of_a_pair else one.champion_level
        numbers = (
            level,
            one.difference,
            one.low,
            one.high,
            one.half_width,
        )
        yield (
            one.metric,
            metric.label,
            unit,
            plain_name(one.arm),
            plain_name(one.champion),
            *map(_number, numbers),
            verdict_shown(metric, one),
            _number(one.matters_from),
            one.n,
        )


def write_effects_csv(results: Results, path: Path) -> None:
    """Write the table; with a byte-order mark, by which spreadsheets know that it is UTF-8."""
    write_whole(path, b"\xef\xbb\xbf" + effects_csv(results).encode())


def _number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""


def plain_name(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name

"""The table of effects as a file for spreadsheets: one row for each arm and metric, every number with its unit."""

import csv
import io
import math
from pathlib import Path

from experiments.metrics import METRICS, OF_A_PAIR
from experiments.results import Results
from experiments.sealing import write_whole

HEAD = ("metric", "label", "unit", "arm", "champion", "champion_level", "difference", "low", "high", "half_width",
        "verdict", "matters_from", "replications")  # fmt: skip


def effects_csv(results: Results) -> str:
    """Return the comparisons as CSV; shares are fractions, as stored, and a value that is not known is empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(HEAD)
    for one in results.comparisons():
        if one.metric not in METRICS:
            continue
        metric = METRICS[one.metric].in_currency(results.currency)
        unit = "share" if metric.unit == "%" else metric.unit
        level = math.nan if one.metric in OF_A_PAIR else one.champion_level
        numbers = (level, one.difference, one.difference - one.half_width, one.difference + one.half_width,
                   one.half_width)  # fmt: skip
        table.writerow((
            one.metric, metric.label, unit, _plain(one.arm), _plain(one.champion), *map(_number, numbers), one.verdict,
            _number(metric.matters_from), one.n,
        ))  # fmt: skip
    return text.getvalue()


def write_effects_csv(results: Results, path: Path) -> None:
    """Write the table; with a byte-order mark, by which spreadsheets know that it is UTF-8."""
    write_whole(path, b"\xef\xbb\xbf" + effects_csv(results).encode())


def _number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""


def _plain(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name

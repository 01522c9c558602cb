"""Every arm against the champion on every metric, as rows: `tenure compare --csv` and a table of an export."""

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.keys import key_columns, with_keys
from tenure.experiments.export.plain import plain_text
from tenure.experiments.report.effects import verdict_shown
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import write_whole

if TYPE_CHECKING:
    import pandas as pd

STORED = "that of `unit`"
OF_A_COMPARISON = (
    TableColumn("metric", "text", "", "name of the metric"),
    TableColumn("label", "text", "", "what the metric is, in a few words"),
    TableColumn("unit", "text", "", "of the numbers of this row; a share is a fraction"),
    TableColumn("champion", "text", "", "arm that this one is compared with"),
    TableColumn("champion_level", "number", STORED, "average of the champion over its replications"),
    TableColumn("difference", "number", STORED, "average of this arm less the champion, replication by replication"),
    TableColumn("low", "number", STORED, "lower end of the interval of the difference"),
    TableColumn("high", "number", STORED, "upper end of the interval of the difference"),
    TableColumn("half_width", "number", STORED, "half of the width of that interval"),
    TableColumn("verdict", "text", "", "better, worse, equal or undecided, against `matters_from`"),
    TableColumn("matters_from", "number", STORED, "smallest difference that matters"),
    TableColumn("replications", "whole", "", "pairs of runs that were compared"),
    TableColumn(
        "variance_reduction",
        "number",
        "1",
        "what pairing was worth: how many times as many runs without shared luck would know the difference as well; "
        "missing with fewer than two pairs, and where levels vary and their differences do not",
    ),
    TableColumn("variance_reduction_low", "number", "1", "lower end of its 95% interval; missing as it is"),
    TableColumn("variance_reduction_high", "number", "1", "upper end of its 95% interval; missing as it is"),
)
"""Columns of a comparison, behind the scenario, the factors and the arm."""


def comparison_columns(results: Results) -> tuple[TableColumn, ...]:
    """Return the columns of `comparison_frame`, in their order."""
    own = (one._replace(values=tuple(METRICS)) if one.name == "metric" else one for one in OF_A_COMPARISON)
    return (*key_columns(results, with_replication=False), *own)


def comparison_frame(results: Results) -> "pd.DataFrame":
    """Return the comparisons of all scenarios, one under the other; what is not known is missing."""
    import pandas as pd

    rows = [{"scenario": scenario, **row} for scenario in results.scenarios for row in _rows(results.under(scenario))]
    names = [one.name for one in comparison_columns(results)]
    frame = pd.DataFrame(rows, columns=["scenario", "arm", *(one.name for one in OF_A_COMPARISON)])
    return with_keys(results, frame)[names]


def _rows(results: Results) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for one in results.comparisons():
        if one.metric not in METRICS:
            continue
        metric = METRICS[one.metric].in_currency(results.currency)
        found.append(
            {
                "arm": one.arm,
                "metric": one.metric,
                "label": metric.label,
                "unit": "share" if metric.unit == "%" else metric.unit,
                "champion": one.champion,
                "champion_level": math.nan if metric.is_of_a_pair else one.champion_level,
                "difference": one.difference,
                "low": one.low,
                "high": one.high,
                "half_width": one.half_width,
                "verdict": verdict_shown(metric, one),
                "matters_from": one.matters_from,
                "replications": one.n,
                "variance_reduction": _known(one.variance_reduction),
                "variance_reduction_low": _known(one.variance_reduction_low),
                "variance_reduction_high": _known(one.variance_reduction_high),
            }
        )
    return found


def _known(number: float) -> float:
    """Return a number, nan where it is infinite: a table has no room for that."""
    return number if math.isfinite(number) else math.nan


def comparisons_csv(results: Results) -> str:
    """Return the comparisons as CSV; shares are fractions, as stored, and a value that is not known is empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    frame = comparison_frame(results)
    table.writerow(map(plain_text, frame.columns))
    table.writerows([*map(_cell, row)] for row in frame.itertuples(index=False))
    return text.getvalue()


def write_comparisons_csv(results: Results, path: Path) -> None:
    """Write the comparisons; with a byte-order mark, by which spreadsheets know that it is UTF-8."""
    write_whole(path, b"\xef\xbb\xbf" + comparisons_csv(results).encode())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    return plain_text(value) if isinstance(value, str) else str(value)

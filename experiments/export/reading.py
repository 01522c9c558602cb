"""The README of an export: what lies there, and how to read it with pandas, DuckDB and R."""

from collections.abc import Iterable, Sequence

from tenure.experiments.config.printable import printable_line
from tenure.experiments.export.tables import ExportTable
from tenure.experiments.store.results import Results

FIRST_LINE = "Tables exported by tenure; an export into the same folder replaces them."
"""By which an export is known from any other folder."""
_READ = {
    "csv": """\
In Python, with pandas:

    import pandas as pd
    metrics = pd.read_csv("metrics.csv")
    profit = metrics[metrics["metric"] == "profit_per_customer"]
    print(profit.groupby(["scenario", "arm"], dropna=False)["value"].mean())

In SQL, with DuckDB:

    SELECT scenario, arm, avg(value) AS value FROM 'metrics.csv'
    WHERE metric = 'profit_per_customer' GROUP BY ALL ORDER BY ALL;

In R:

    metrics <- read.csv("metrics.csv", encoding = "UTF-8")
    profit <- subset(metrics, metric == "profit_per_customer")
    print(aggregate(value ~ arm, data = profit, FUN = mean))
""",
    "parquet": """\
In Python, with pandas:

    import pandas as pd
    metrics = pd.read_parquet("metrics.parquet")
    profit = metrics[metrics["metric"] == "profit_per_customer"]
    print(profit.groupby(["scenario", "arm"], dropna=False)["value"].mean())

In SQL, with DuckDB:

    SELECT scenario, arm, avg(value) AS value FROM 'metrics.parquet'
    WHERE metric = 'profit_per_customer' GROUP BY ALL ORDER BY ALL;

In R, with arrow:

    library(arrow)
    metrics <- read_parquet("metrics.parquet")
    profit <- subset(metrics, metric == "profit_per_customer")
    print(aggregate(value ~ arm, data = profit, FUN = mean))

Unit and meaning of each column are in the metadata of its field, too:

    import pyarrow.parquet as pq
    print(pq.read_schema("metrics.parquet").field("value").metadata)
""",
    "excel": """\
In a spreadsheet: open tables.xlsx. The first sheet is the data dictionary.

In Python, with pandas:

    import pandas as pd
    metrics = pd.read_excel("tables.xlsx", sheet_name="metrics")
    profit = metrics[metrics["metric"] == "profit_per_customer"]
    print(profit.groupby(["scenario", "arm"], dropna=False)["value"].mean())

In R, with readxl:

    library(readxl)
    metrics <- read_excel("tables.xlsx", sheet = "metrics")
    profit <- subset(metrics, metric == "profit_per_customer")
    print(aggregate(value ~ arm, data = profit, FUN = mean))
""",
}
"""Format -> how its files are read. Each snippet runs as it stands, in the folder of the export."""


def readme_text(results: Results, tables: Iterable[ExportTable], form: str, told: Sequence[str]) -> str:
    """Return the README of an export.

    Parameters
    ----------
    tables : iterable of ExportTable
        Those that were written.
    form : {'csv', 'parquet', 'excel'}
    told : sequence of str
        What else its reader must know.
    """
    market = results.about["market"]
    people, stands_for = market["people"], market.get("stands_for") or market["people"]
    lines = [
        FIRST_LINE,
        "",
        printable_line(str(results.about["question"])),
        f"{len(results.names)} of {len(results.about['runs'])} runs are in these tables.",
        "",
        "What the numbers are",
        f"- Money is in {results.currency}, shares are fractions, months count from 0, the first of a run.",
        f"- People and money are those of the {people:,} people simulated; one of them stands for "
        f"{stands_for / people:,.4g} of the market.",
        "- A value that is not known is missing. Text is UTF-8, decimals have a point.",
        "- What a table says of stages and quadrants without naming a belief is the truth, which no institution has.",
        *(
            ["- A text that a spreadsheet would take for a formula has an apostrophe in front."]
            if form == "csv"
            else []
        ),
        *(f"- {one}" for one in told),
        "",
        "Tables (dictionary.csv says what every column, metric and measure is)",
        *(f"- {one.name}: {one.meaning}" for one in tables),
        "",
        "How to read them",
        "",
        _READ[form],
    ]
    return "\n".join(lines)

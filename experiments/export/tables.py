"""The tables of an export: what each is, its columns, and its rows, run by run."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.gains import COUNTED, KEYS, MONEY, PERSON_MEASURES
from tenure.experiments.analysis.market.standing import market_shares
from tenure.experiments.analysis.metric import in_currency
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.comparisons import comparison_columns, comparison_frame
from tenure.experiments.export.keys import key_columns, month_columns, with_dates, with_keys
from tenure.experiments.export.recorded import RECORDED, REFUSED, Recorded
from tenure.experiments.store.results import Results
from tenure.experiments.store.store import PEOPLE, read_run
from tenure.simulation.recording import measures
from tenure.simulation.recording.measures import measure_of
from tenure.simulation.recording.rows import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

LARGE = ("measures", "people", "lives", "endings", "treatments_given")
"""Tables with so many rows that no workbook has them unless they are asked for."""
OF_PEOPLE = ("profit", "charged", "rewards", "treatment_cost", "months_with_us")
"""Columns of the table of people, in the order of `PERSON_MEASURES`."""
AT_START = {"person/profit": "quadrant", "person/charged": "stage", "person/treatment": "audit_group"}
"""Measure of single people -> what its `b` says of them."""


class ExportTable(NamedTuple):
    """One table of an export.

    Attributes
    ----------
    name, meaning : str
    columns : tuple of TableColumn
    parts : callable
        Yields the rows, part by part, so that large tables need little memory.
    """

    name: str
    meaning: str
    columns: tuple[TableColumn, ...]
    parts: Callable[[], Iterator["pd.DataFrame"]]


def tables_of(results: Results) -> dict[str, ExportTable]:
    """Return every table that a folder of results can be exported as, by name."""
    made = [
        _runs(results),
        _metrics(results),
        ExportTable(
            "comparisons",
            "every arm against the champion, metric by metric",
            comparison_columns(results),
            lambda: iter([comparison_frame(results)]),
        ),
        _harm(results),
        *(_of_measures(results, one) for one in RECORDED),
        _shares(results),
        _refusals(results),
        _people(results),
        _lives(results),
        _endings(results),
        _given(results),
        _measures(results),
    ]
    return {one.name: one._replace(columns=_in_currency(results, one.columns)) for one in made}


def _in_currency(results: Results, columns: Sequence[TableColumn]) -> tuple[TableColumn, ...]:
    return tuple(one.in_currency(results.currency) for one in columns)


def _runs(results: Results) -> ExportTable:
    draws = results.draws()
    columns = (
        *key_columns(results),
        *(
            TableColumn("draw", "whole", "", "number of the draw; replications of one share all that was drawn")
            if name == "draw"
            else TableColumn(str(name), "number", "", f"uncertain, drawn once per replication: {name}")
            for name in draws.columns
        ),
        TableColumn("run", "text", "", "name of the run, and of its file in runs/"),
        TableColumn("state", "text", "", "whether the run is there", ("there", "missing", "damaged", "failed")),
        TableColumn("seed", "whole", "", "of all luck; with the replication its key"),
        TableColumn("months", "whole", "months", "that the run lives from month 0 on"),
        TableColumn("checksum", "text", "", "SHA-256 of what the run recorded"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        import pandas as pd

        found = []
        for name in results.about["runs"]:
            point, known = results.point(name), results.known.get(name)
            state = "damaged" if name in results.damaged else "failed" if name in results.failed else "missing"
            found.append(
                {
                    "scenario": point.scenario,
                    "arm": point.arm,
                    "replication": point.replication,
                    "run": name,
                    "state": "there" if known else state,
                    "seed": results.about["seed"],
                    "months": results.about["months"],
                    "checksum": known.checksum if known else None,
                }
            )
        frame = pd.DataFrame(found)
        for name in draws.columns:
            frame[name] = frame["replication"].map(draws[name])
        yield with_keys(results, frame)

    return ExportTable("runs", "every run of the experiment, and what was drawn for it", columns, rows)


def _metrics(results: Results) -> ExportTable:
    columns = (
        *key_columns(results),
        TableColumn("metric", "text", "", "name of the metric", tuple(METRICS)),
        TableColumn("unit", "text", "", "of the value; a share is a fraction"),
        TableColumn("value", "number", "that of `unit`", "value of the metric in this run"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        units = {name: one.in_currency(results.currency).unit for name, one in METRICS.items()}
        frame = results.metrics()
        told = frame["metric"].astype(object).map(units).replace("%", "share")
        yield with_keys(results, frame.assign(unit=told))

    return ExportTable("metrics", "every metric of every run", columns, rows)


def _harm(results: Results) -> ExportTable:
    counted = [
        TableColumn(name, "whole", "customers", f"starting customers: {name.replace('_', ' ')}") for name in COUNTED
    ]
    money = [
        TableColumn(name, "number", "EUR", f"{name.replace('_', ' ')}, whole run, all of them together")
        for name in MONEY
    ]
    groups = [TableColumn(name, "text", "", f"true {name} at month 0") for name in KEYS]

    def rows() -> Iterator["pd.DataFrame"]:
        for scenario in results.scenarios:
            yield with_keys(results, results.under(scenario).pairs.assign(scenario=scenario))

    told = "starting customers beside the same people under the champion: who is harmed, who gains, and why"
    return ExportTable("harm", told, (*key_columns(results), *groups, *counted, *money), rows)


def _of_measures(results: Results, one: Recorded) -> ExportTable:
    months = month_columns() if one.monthly else ()
    columns = (*key_columns(results), *months, *one.columns())

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, one.measures):
            yield _of_run(results, read, one.frame(read))

    return ExportTable(one.name, one.meaning, columns, rows)


def _shares(results: Results) -> ExportTable:
    own = (
        TableColumn("institution", "text", "", "institution"),
        TableColumn("share", "number", "share", "of all customers of any institution, a fraction"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, (measures.CUSTOMERS.name,)):
            shares = market_shares(read).reset_index(level="month").reset_index(drop=True)
            yield _of_run(results, read, shares.melt("month", var_name="institution", value_name="share"))

    columns = (*key_columns(results), *month_columns(), *own)
    return ExportTable("market_shares", "who serves how many, month by month", columns, rows)


def _refusals(results: Results) -> ExportTable:
    own = (
        TableColumn("treatment", "text", "", "treatment that was proposed"),
        TableColumn("rule", "text", "", "rule by which the guard refused it; the first that refuses is counted"),
        TableColumn("customers", "whole", measures.TREATMENTS.unit, "proposals refused"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, (measures.TREATMENTS.name,)):
            refused = read[read["b"].str.startswith(REFUSED)]
            told = refused[["month"]].assign(
                treatment=refused["a"], rule=refused["b"].str.removeprefix(REFUSED), customers=refused["value"]
            )
            yield _of_run(results, read, told)

    columns = (*key_columns(results), *month_columns(), *own)
    return ExportTable("refusals", "what the guard refused, and by which rule", columns, rows)


def _people(results: Results) -> ExportTable:
    told = dict(zip(PERSON_MEASURES, OF_PEOPLE, strict=True))
    groups = [TableColumn(name, "text", "", measure_of(measure).b.meaning) for measure, name in AT_START.items()]
    fate = TableColumn("fate", "text", "", measures.PERSON_MONTHS.b.meaning, measures.PERSON_MONTHS.b.words)
    money = [TableColumn(name, "number", measure_of(one).unit, measure_of(one).meaning) for one, name in told.items()]
    person = TableColumn("person", "whole", "", measures.PERSON_PROFIT.a.meaning)

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, PERSON_MEASURES):
            by = {name: some.set_index("a") for name, some in read.groupby("measure", observed=True)}
            if not by:
                continue
            found = by["person/profit"][[]].copy()
            for measure, name in told.items():
                found[name] = by[measure]["value"]
            for measure, name in AT_START.items():
                found[name] = by[measure]["b"]
            found["fate"] = by["person/months"]["b"]
            found = found.rename_axis("person").reset_index()
            yield _of_run(results, read, found.assign(person=found["person"].astype("int64")))

    meaning = "what became of each of those who were our customers before the first month"
    return ExportTable("people", meaning, (*key_columns(results), person, *groups, fate, *money), rows)


def _lives(results: Results) -> ExportTable:
    life = measures.LIFE_VALUE
    own = (
        TableColumn("person", "whole", "", life.a.meaning),
        TableColumn("ended", "text", "", life.b.meaning, life.b.words),
        TableColumn("value", "number", life.unit, life.meaning),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, (life.name,)):
            told = read[["a", "b", "value"]].rename(columns={"a": "person", "b": "ended"})
            yield _of_run(results, read, told.astype({"person": "int64"}))

    meaning = "everybody who was ever our customer: what they brought, and how the relationship ended"
    return ExportTable("lives", meaning, (*key_columns(results), *own), rows)


def _endings(results: Results) -> ExportTable:
    left = measures.LIFE_LEFT
    own = (
        TableColumn("person", "whole", "", left.a.meaning),
        TableColumn("ended", "text", "", measures.CAUSE.meaning, measures.CAUSE.words),
        TableColumn("went_to", "text", "", "institution that the person went to, or 'nobody', or 'gone' for good"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, (left.name,)):
            told = read[["month", "a"]].rename(columns={"a": "person"}).astype({"person": "int64"})
            pairs = [one.split(measures.TO, 1) for one in read["b"]]
            yield _of_run(results, read, told.assign(ended=[one for one, _ in pairs], went_to=[to for _, to in pairs]))

    meaning = "every end of a relationship with us: who comes back and leaves again has a row for each"
    return ExportTable("endings", meaning, (*key_columns(results), *month_columns(), *own), rows)


def _given(results: Results) -> ExportTable:
    treated = measures.LIFE_TREATED
    own = (
        TableColumn("person", "whole", "", treated.a.meaning),
        TableColumn("treatment", "text", "", "treatment that was given"),
        TableColumn("taken", "yes/no", "", "whether the person took it"),
        TableColumn("amount", "number", treated.unit, treated.meaning),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, (treated.name,)):
            told = read[["month", "a"]].rename(columns={"a": "person"}).astype({"person": "int64"})
            words = read["b"].astype(str)
            told = told.assign(
                treatment=words.str.removesuffix(measures.TAKEN),
                taken=words.str.endswith(measures.TAKEN),
                amount=read["value"],
            )
            yield _of_run(results, read, told)

    meaning = "every treatment that was given to a person, and whether it was taken"
    return ExportTable("treatments_given", meaning, (*key_columns(results), *month_columns(), *own), rows)


def _measures(results: Results) -> ExportTable:
    texts = (
        TableColumn("measure", "text", "", "what was recorded; the dictionary says what each is"),
        TableColumn("institution", "text", "", "institution, or 'nobody', or 'gone'"),
        TableColumn("a", "text", "", "first key of the measure, see the dictionary"),
        TableColumn("b", "text", "", "second key of the measure, see the dictionary"),
        TableColumn("value", "number", "that of `unit`", "what was recorded"),
        TableColumn("unit", "text", "", "of the value"),
    )

    def rows() -> Iterator["pd.DataFrame"]:
        for _, read in _each_run(results, None):
            some = read[~read["measure"].str.startswith(PEOPLE)]
            pairs = some[["measure", "b"]].drop_duplicates()
            units = {(name, b): _unit(name, b, results.currency) for name, b in pairs.itertuples(index=False)}
            told = [units[pair] for pair in zip(some["measure"], some["b"], strict=True)]
            yield _of_run(results, read, some[list(COLUMNS)].assign(unit=told))

    columns = (*key_columns(results), *month_columns(), *texts)
    return ExportTable("measures", "all that was recorded, but for single people", columns, rows)


def _unit(measure: str, b: str, currency: str) -> str:
    one = measure_of(measure)
    return in_currency(one.units.get(b, one.unit), currency)


def _each_run(results: Results, names: Sequence[str] | None) -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield each run that is there, and its rows of some measures."""
    for run in results.known:
        table = read_run(results.folder, run, names).table
        yield run, table.to_pandas().assign(scenario=results.point(run).scenario)


def _of_run(results: Results, read: "pd.DataFrame", rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows made of what was read of a run, with its keys and dates."""
    if read.empty:
        return rows.iloc[:0]
    first = read.iloc[0]
    keyed = rows.assign(scenario=first["scenario"], arm=first["arm"], replication=int(first["replication"]))
    dated = with_dates(results, keyed) if "month" in keyed else keyed
    return with_keys(results, dated)

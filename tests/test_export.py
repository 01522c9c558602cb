"""Exported tables: every row says of which run it is, numbers are those recorded, and the files read elsewhere."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.export import exporting, files
from tenure.experiments.export.column import TableColumn
from tenure.experiments.export.exporting import DICTIONARY, README, WORKBOOK, export
from tenure.experiments.export.tables import LARGE, tables_of
from tenure.experiments.store.results import Results
from tests.folders import make, serially, tenure

CONFIG = """
question: Does a reward pay?
market: {extends: default, people: 300, burn_in_months: 2, currency: GBP}
months: 3
warm_up_months: 1
budget_per_month: 4000
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 2
scenarios: {base: {}, crisis: crisis}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    folder = tmp_path_factory.mktemp("export")
    (folder / "reward.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tenure.experiments.running.runner.run_batch", serially)
        yield make(folder / "results", folder / "reward.yaml")


@pytest.fixture(scope="module")
def exported(results: Results, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("out")
    return {form: export(results, folder / form, form).folder for form in ("csv", "parquet", "excel")}


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {one.stem: pd.read_parquet(one) for one in folder.glob("*.parquet")}


# Of which run a row is ------------------------------------------------------------------------------------------------


def test_every_table_says_of_which_run_its_rows_are(exported: dict[str, Path]) -> None:
    for name, table in tables(exported["parquet"]).items():
        keys = ["scenario", "arm"] if name == "comparisons" else ["scenario", "arm", "replication"]
        assert [*table.columns[: len(keys)]] == keys, name
        assert set(table["scenario"]) <= {"base", "crisis"} and set(table["arm"]) <= {"nothing", "uniform"}, name


def test_no_table_has_a_row_twice(exported: dict[str, Path]) -> None:
    """Tidy: what is not a number of its own names the row."""
    for name, table in tables(exported["parquet"]).items():
        numbers = [one for one in table if table[one].dtype.kind == "f" or one in ("customers", "people", "harmed")]
        if name not in ("harm", "measures"):
            assert not table.drop(columns=numbers).duplicated().any(), name


def test_months_are_those_of_the_calendar(exported: dict[str, Path]) -> None:
    book = tables(exported["parquet"])["book"]
    dates = dict(zip(book["month"], book["month_begins"].astype(str), strict=True))
    assert dates == {-1: "2026-12-01", 0: "2027-01-01", 1: "2027-02-01", 2: "2027-03-01"}


# The numbers are those recorded ---------------------------------------------------------------------------------------


def test_the_tables_hold_what_was_recorded(results: Results, exported: dict[str, Path]) -> None:
    made, recorded = tables(exported["parquet"]), results.rows()
    for table, column, measure in (
        ("book", "customers", "customers_by_cell"),
        ("book", "credit_balance", "credit_balance_by_cell"),
        ("ledger", "amount", "ledger"),
        ("leavers", "customers", "leavers"),
        ("flows", "customers", "flows"),
        ("people", "profit", "person/profit"),
        ("institutions", "customers", "customers"),
    ):
        rows = recorded[recorded["measure"] == measure]
        assert made[table][column].sum() == pytest.approx(rows["value"].sum(), abs=1e-6), (table, column)
    refused = recorded[(recorded["measure"] == "treatments") & recorded["b"].str.startswith("refused:")]
    assert made["refusals"]["customers"].sum() == refused["value"].sum() > 0
    assert len(made["measures"]) == (~recorded["measure"].str.startswith(("person/", "life/"))).sum()
    persons = {"lives": "life/value", "endings": "life/left", "treatments_given": "life/treated"}
    for table, measure in persons.items():
        assert len(made[table]) == (recorded["measure"] == measure).sum() > 0
    ours = recorded[(recorded["measure"] == "leavers") & (recorded["institution"] == "us")]
    ended = made["endings"].groupby(["scenario", "arm", "replication", "month", "ended"]).size()
    assert ended.to_dict() == ours.groupby(["scenario", "arm", "replication", "month", "a"])["value"].sum().to_dict()
    given = made["treatments_given"].groupby("taken").size()
    treated = made["treatments"][["contacted", "taken"]].sum()
    assert given.sum() <= treated["contacted"] and given.get(True, 0) <= treated["taken"]


def test_what_is_proposed_is_contacted_or_refused(exported: dict[str, Path]) -> None:
    made = tables(exported["parquet"])
    treated = made["treatments"][made["treatments"]["treatment"] == "loyalty_reward"]
    assert treated["proposed"].sum() == treated["contacted"].sum() + made["refusals"]["customers"].sum() > 0


def test_shares_of_the_market_add_up_to_one(exported: dict[str, Path]) -> None:
    shares = tables(exported["parquet"])["market_shares"]
    whole = shares.groupby(["scenario", "arm", "replication", "month"])["share"].sum()
    assert np.allclose(whole, 1.0) and len(whole) == 2 * 2 * 2 * 4


def test_comparisons_and_metrics_are_those_of_compare(results: Results, exported: dict[str, Path]) -> None:
    made = tables(exported["parquet"])
    metrics, compared = made["metrics"], made["comparisons"]
    profit = metrics[metrics["metric"] == "profit_per_customer"]
    assert set(profit["unit"]) == {"GBP"}
    for scenario in results.scenarios:
        own = profit[profit["scenario"] == scenario].pivot(index="replication", columns="arm", values="value")
        row = compared[(compared["scenario"] == scenario) & (compared["metric"] == "profit_per_customer")]
        assert row["difference"].item() == pytest.approx((own["uniform"] - own["nothing"]).mean())
        assert row["champion_level"].item() == pytest.approx(own["nothing"].mean())
        apart = (own["uniform"] - own["nothing"]).var()
        assert row["variance_reduction"].item() == pytest.approx(own.var().sum() / apart)
        ends = row[["variance_reduction_low", "variance_reduction_high"]]
        assert ends.isna().all(axis=None), "two pairs say nothing of its interval"


def test_all_formats_hold_the_same(exported: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(exported["excel"] / WORKBOOK, read_only=True)
    for name, table in tables(exported["parquet"]).items():
        read = pd.read_csv(exported["csv"] / f"{name}.csv")
        assert [*read.columns] == [*table.columns] and len(read) == len(table), name
        for column in table.select_dtypes("number"):
            assert np.array_equal(read[column].to_numpy(float), table[column].to_numpy(float), equal_nan=True), name
        if name not in LARGE:
            rows = [*book[name].iter_rows(values_only=True)]
            assert rows[0] == (*table.columns,) and len(rows) == 1 + len(table), name
    assert set(book.sheetnames) == {"dictionary", *tables(exported["parquet"])} - {*LARGE}


# The dictionary -------------------------------------------------------------------------------------------------------


def test_the_dictionary_tells_every_column_metric_and_measure(results: Results, exported: dict[str, Path]) -> None:
    told = pd.read_csv(exported["csv"] / DICTIONARY, keep_default_na=False)
    for name, table in tables_of(results).items():
        own = told[(told["of"] == name) & (told["kind"] != "table")]
        assert [*own["name"]] == [one.name for one in table.columns]
        assert (own["meaning"] != "").all() and not own["meaning"].str.contains(r"\bEUR\b").any()
    assert [*told[told["of"] == "(metric)"]["name"]] == [*METRICS]
    recorded = set(tables(exported["parquet"])["measures"]["measure"])
    declared = told[told["of"] == "(measure)"].set_index("name")
    assert {one for one in recorded if "/" not in one} <= set(declared.index)
    assert "stage" in declared.loc["customers_by_cell", "values"] and declared.loc["ledger", "unit"] == "GBP"


def test_fields_of_parquet_carry_unit_and_meaning(exported: dict[str, Path]) -> None:
    field = pq.read_schema(exported["parquet"] / "ledger.parquet").field("amount")
    assert field.metadata[b"unit"] == b"GBP" and b"profit and loss" in field.metadata[b"meaning"]


# Read elsewhere -------------------------------------------------------------------------------------------------------


def snippets(folder: Path, language: str) -> str:
    text = (folder / README).read_text(encoding="utf-8")
    block = re.search(rf"In {language}[^\n]*:\n\n((?:    [^\n]*\n)+)", text)
    assert block is not None, language
    return "\n".join(line[4:] for line in block[1].splitlines())


@pytest.mark.parametrize("form", ["csv", "parquet", "excel"])
def test_the_snippet_for_pandas_runs_as_it_stands(exported: dict[str, Path], form: str) -> None:
    code = snippets(exported[form], "Python")
    done = subprocess.run([sys.executable, "-c", code], cwd=exported[form], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"(?:nothing|uniform) +\d+\.\d+", done.stdout)) == 4, done.stdout


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_snippet_for_duckdb_runs_as_it_stands(
    exported: dict[str, Path], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exported[form])
    rows = duckdb.sql(snippets(exported[form], "SQL").rstrip("; ")).fetchall()
    metrics = tables(exported["parquet"])["metrics"]
    profit = metrics[metrics["metric"] == "profit_per_customer"].groupby(["scenario", "arm"])["value"].mean()
    assert [row[:2] for row in rows] == [*profit.index]
    assert [row[2] for row in rows] == pytest.approx([*profit])


def test_stored_runs_are_read_by_a_glob_without_our_code(results: Results) -> None:
    found = duckdb.sql(
        f"SELECT DISTINCT scenario, arm, replication FROM '{results.folder}/runs/*.parquet' ORDER BY ALL"
    ).fetchall()
    assert found == [(s, a, r) for s in ("base", "crisis") for a in ("nothing", "uniform") for r in (0, 1)]


# Files ----------------------------------------------------------------------------------------------------------------


def test_an_export_replaces_an_export_and_nothing_else(results: Results, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export(results, out, "csv", ["metrics"]).told == ()
    again = export(results, out, "parquet", ["runs"])
    assert again.told == ("the export that was there is replaced",)
    assert {*again.files} == {README, DICTIONARY, "runs.parquet"}
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"it holds mine\.txt"):
        export(results, out)
    with pytest.raises(ValueError, match=r"no part of an export"):
        export(results, results.folder)
    assert (out / "mine.txt").read_text() == "mine" and (out / "runs.parquet").exists()


def test_a_stranger_s_tables_stay(results: Results, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match=r"it holds mine\.csv"):
        export(results, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.csv"]


def test_a_fault_half_way_leaves_nothing(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write_csv", full)
    with pytest.raises(OSError, match="No space"):
        export(results, tmp_path / "out")
    assert [*tmp_path.iterdir()] == []


def test_the_command_says_what_it_wrote_and_how_to_mend(results: Results, tmp_path: Path) -> None:
    code, said = tenure("export", results.folder, tmp_path / "out", "--tables", "metrics,book")
    assert code == 0 and "2 tables of 8 runs: metrics, book" in said and "Next     tenure compare" in said
    code, said = tenure("export", results.folder, tmp_path / "out", "--tables", "metrcs")
    assert code == 2 and "no table 'metrcs'" in said and "metrics" in said
    code, said = tenure("export", results.folder, tmp_path / "out", "--format", "exel")
    assert code == 2 and "excel" in said
    code, said = tenure("export", results.folder, tmp_path / "out", "--tables", "book", "--json")
    assert code == 0 and "book.csv" in json.loads(said)["files"]


# No text is a formula, and none is lost ------------------------------------------------------------------------------

TEXT = (TableColumn("text", "text", "", "any text"),)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=5))
def test_texts_are_texts_in_every_format(words: list[str]) -> None:
    import tempfile

    frame = pd.DataFrame({"text": words})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files.write_csv(folder / "a.csv", TEXT, iter([frame]), lambda: None)
        files.write_parquet(folder / "a.parquet", TEXT, iter([frame]), lambda: None)
        sheets = files.Sheets()
        sheets.add("a", TEXT, iter([frame]), lambda: None)
        sheets.save(folder / "a.xlsx")
        with open(folder / "a.csv", encoding="utf-8", newline="") as file:
            read = [row[0] for row in csv.reader(file)][1:]
        assert not any(one.startswith(("=", "+", "-", "@")) for one in read)
        assert [one.removeprefix("'") if one[1:2] in "=+-@" else one for one in read] == [
            one.removeprefix("'") if one[1:2] in "=+-@" else one for one in words
        ]
        assert pq.read_table(folder / "a.parquet")["text"].to_pylist() == words
        cells = [row[0] for row in openpyxl.load_workbook(folder / "a.xlsx")["a"].iter_rows(min_row=2)]
        assert all(cell.data_type == "s" for cell in cells)
        assert [cell.value for cell in cells] == words


def test_a_table_that_is_too_long_for_a_sheet_goes_on_in_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 4)
    sheets = files.Sheets()
    number = (TableColumn("n", "whole", "", "a number"),)
    told = sheets.add("long", number, iter([pd.DataFrame({"n": range(7)})]), lambda: None)
    sheets.save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["long", "long 2", "long 3"] and "long 2" in told[0]
    read = [row[0] for name in book.sheetnames for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert read == [*range(7)]


def test_what_is_missing_is_empty_and_numbers_are_exact(tmp_path: Path) -> None:
    columns = (
        TableColumn("n", "whole", "", "n"),
        TableColumn("x", "number", "", "x"),
        TableColumn("y", "yes/no", "", "y"),
    )
    frame = pd.DataFrame({"n": [1, None], "x": [0.1 + 0.2, np.nan], "y": [True, None]})
    files.write_csv(tmp_path / "a.csv", columns, iter([frame]), lambda: None)
    assert (tmp_path / "a.csv").read_text() == "n,x,y\n1,0.30000000000000004,True\n,,\n"

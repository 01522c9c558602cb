"""Observers of a user's own: their rows are counts of the very runs that are stored, and no run notices them."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import observer, open_results
from tenure.experiments.observing.rows import RowFault, rows_of
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.plugins.policy_trial import try_here
from tests.folders import answer, tenure
from tests.small_folder import pristine  # noqa: F401 - a fixture

COUNTS = '''"""Counts of customers."""

from tenure import observer


@observer(adds={"ours": ("people", "our customers"), "owed": ("EUR", "what they owe on a product")})
def counts(facts):
    """How many customers we have, and what they owe."""
    yield "ours", len(facts.own_rows)
    for place in range(2):
        yield "owed", place, facts.people["balance_cents"][facts.own_rows, place].sum() / 100.0


@observer(adds={"months": ("months", "told of so far")})
class Months:
    """Counts months."""

    def __init__(self):
        self.told = 0

    def month(self, facts):
        self.told += 1
        return [("months", self.told)]
'''
HEAD = """import time
import numpy as np
from tenure import observer

kept = []

@observer(adds={"mine": ("people", "of mine")})
def mine(facts):
    """


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files as they are: what a trial finds has a test of its own, and takes processes of its own."""
    monkeypatch.setattr("tenure.experiments.plugins.policy_trial.must_keep_the_contract", lambda source: None)


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    shutil.copytree(pristine, tmp_path / "place")
    return tmp_path / "place" / "out"


def written(tmp_path: Path, text: str = COUNTS, name: str = "counts.py") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def files_of(folder: Path) -> dict[str, str]:
    """Return what the files of a folder hold, but for what is kept for reading it quicker."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "cache"
    }


@pytest.mark.usefixtures("untried")
def test_rows_are_those_of_the_very_runs_that_are_stored(folder: Path, tmp_path: Path) -> None:
    file, out, before = written(tmp_path), tmp_path / "observed.csv", files_of(folder)
    code, said = tenure("observe", folder, "--policies", file, "-o", out)
    assert code == 0 and "counts, Months in 4 runs" in said and "came out again, bit by bit" in said
    assert files_of(folder) == before, "the folder stays as it is"
    observed, results = pd.read_csv(out), open_results(folder)
    keys = ["scenario", "factors", "arm", "replication", "month", "observer", "measure", "key", "value"]
    assert [*observed] == keys and not observed.duplicated(keys[:-1]).any()
    runs = observed[["arm", "replication"]].drop_duplicates()
    assert sorted(runs.itertuples(index=False, name=None)) == [(a, r) for a in ("nothing", "uniform") for r in (0, 1)]
    recorded = results.rows(["customers"])
    recorded = recorded[(recorded["institution"] == "us") & (recorded["month"] >= 0)]
    by = ["arm", "replication", "month"]
    ours = observed[observed["measure"] == "ours"].set_index(by)["value"].sort_index()
    assert ours.to_dict() == recorded.set_index(by)["value"].sort_index().to_dict()
    months = observed[observed["observer"] == "Months"]
    assert (months["value"] == months["month"] + 1).all(), "made anew for each run"
    assert sorted(observed[observed["measure"] == "owed"]["key"].unique().tolist()) == [0, 1]


@pytest.mark.usefixtures("untried")
def test_the_dictionary_says_what_each_measure_is_and_whose(folder: Path, tmp_path: Path) -> None:
    file = written(tmp_path)
    assert tenure("observe", folder, "--policies", file, "-o", tmp_path / "o.parquet", "--arm", "nothing")[0] == 0
    told = pd.read_csv(tmp_path / "o.dictionary.csv", keep_default_na=False)
    measures = told[told["of"] == "(measure)"].set_index("name")
    assert [*measures.index] == ["ours", "owed", "months"] and [*measures["observer"]] == ["counts", "counts", "Months"]
    assert measures.loc["owed", "unit"] == "EUR" and measures.loc["ours", "meaning"] == "our customers"
    assert set(measures["sha256"]) == {snapshot(file).digest}
    assert [*told[told["of"] == "observed"]["name"]][1:] == [*pd.read_parquet(tmp_path / "o.parquet")]


@pytest.mark.usefixtures("untried")
def test_arms_and_replications_are_chosen_and_every_format_has_the_same(folder: Path, tmp_path: Path) -> None:
    file, chosen = written(tmp_path), ("--arm", "uniform", "--replications", "1")
    out = {kind: tmp_path / f"observed.{kind}" for kind in ("csv", "parquet", "xlsx")}
    told = answer("observe", folder, "--policies", file, "-o", out["csv"], *chosen)
    assert told["runs"] == told["as_stored"] == ["uniform/0"] and told["not_as_stored"] == []
    assert told["observers"]["counts"]["adds"]["ours"] == ["people", "our customers"]
    assert tenure("observe", folder, "--policies", file, "-o", out["parquet"], *chosen)[0] == 0
    assert tenure("observe", folder.parent / "small.yaml", "--policies", file, "-o", out["xlsx"], *chosen)[0] == 0
    frames = [
        pd.read_csv(out["csv"], dtype={"key": str}, keep_default_na=False),
        pd.read_parquet(out["parquet"]),
        pd.read_excel(out["xlsx"], sheet_name="observed", dtype={"key": str}, keep_default_na=False),
    ]
    assert len(frames[0]) == told["rows"] == 2 * (3 + 1)
    for one in frames[1:]:
        pd.testing.assert_frame_equal(one, frames[0], check_dtype=False)


@pytest.mark.usefixtures("untried")
def test_what_cannot_be_observed_is_said_before_anything_is_lived(folder: Path, tmp_path: Path) -> None:
    file, out = written(tmp_path), tmp_path / "observed.csv"
    for words, what in (
        ((), "no file with an observer is named: give it by --policies"),
        (("--policies", written(tmp_path, metric_alone(), "m.py")), "m.py: there is no observer in it"),
        (("--policies", file, "--arm", "unifrm"), "there is no arm 'unifrm'"),
        (("--policies", file, "--scenario", "crisis"), "there is no scenario 'crisis'"),
        (("--policies", file, "--replications", "3"), "write 0 to 1"),
    ):
        code, said = tenure("observe", folder, "-o", out, *words)
        assert code == 2 and what in " ".join(said.split()) and not out.exists(), said
    out.write_text("mine")
    code, said = tenure("observe", folder, "-o", out, "--policies", file)
    assert code == 2 and "there already, and no table of observers" in said and out.read_text() == "mine"


def metric_alone() -> str:
    return (
        "from tenure import metric\n\n"
        '@metric(unit="EUR", better="higher", matters_from=1.0)\ndef one(run):\n    return 1.0\n'
    )


@pytest.mark.usefixtures("untried")
def test_one_that_fails_on_real_months_is_told_with_run_and_line_and_leaves_no_file(
    folder: Path, tmp_path: Path
) -> None:
    for body, line, what in (
        ("yield 'mine', 1 / (1 - facts.month)", 9, "fails, ZeroDivisionError: division by zero (nothing/0, month 1)"),
        ("yield 'other', 1.0", 7, "gives 'other', which is not among what it adds (nothing/0, month 0)"),
        ("yield 'mine', float('nan')", 7, "gives nan for 'mine', which is no finite number"),
    ):
        file, out = written(tmp_path, HEAD + body + "\n"), tmp_path / "observed.csv"
        code, said = tenure("observe", folder, "--policies", file, "-o", out)
        assert code == 2 and f"{file}:{line}:1: the observer 'mine' {what}" in said, said
        assert not [*tmp_path.glob("*observed*")]


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("raise ValueError('no such row')", 9, "mine fails: ValueError: no such row"),
        ("return 'much'", 7, "the observer 'mine' gives 'much', and rows are wanted"),
        ("return [('mine', 'much')]", 7, "gives 'much' for 'mine', which is no finite number"),
        ("return [('mine', 1.0), ('mine', 2.0)]", 7, "gives 'mine' twice in a month"),
        ("return [('mime', 1.0)]", 7, "gives 'mime', which is not among what it adds"),
        ("return [('mine', float(np.random.rand()))]", 9, "NumPy's global generator"),
        ("return [('mine', time.time())]", 7, "tells something else when it watches the same market again"),
        ("kept.append(1); facts.people['id'][:] = 0; return []", 9, "read-only"),
        ("open('x.txt').read(); return []", 9, "it opens x.txt"),
        ("facts.appraise.__self__.people['id'] += 1; return []", 7, "changes the market that it watches"),
    ],
)
def test_what_is_wrong_with_an_observer_is_told_with_its_line(tmp_path: Path, body: str, line: int, what: str) -> None:
    file = written(tmp_path, HEAD + body + "\n")
    said = "\n".join(map(str, try_here(snapshot(file), True, lambda doing: None).problems))
    assert f"{file}:{line}:" in said and what in said, said


@pytest.mark.parametrize(
    ("mark", "what"),
    [
        ("@observer(adds={})", "an observer names what it adds"),
        ("@observer(adds={'mine': 'people'})", "has a name, a unit and a meaning"),
        ("@observer(adds={'mine': ('people', '')})", "has a name, a unit and a meaning"),
    ],
)
def test_a_mark_that_names_nothing_is_told(tmp_path: Path, mark: str, what: str) -> None:
    file = written(tmp_path, f"from tenure import observer\n\n{mark}\ndef mine(facts):\n    return []\n")
    said = "\n".join(map(str, try_here(snapshot(file), True, lambda doing: None).problems))
    assert f"{file}:3:" in said and what in said, said


def test_a_class_has_a_method_that_is_told_of_months() -> None:
    with pytest.raises(TypeError, match=r"Silent is a class without a method month\(self, facts\)"):

        @observer(adds={"mine": ("people", "of mine")})
        class Silent:
            pass


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 9), st.floats(-1e6, 1e6))))
def test_rows_are_kept_as_given_unless_a_place_is_taken_twice(given_rows: list[tuple[str, int, float]]) -> None:
    one = observer(adds={"a": ("1", "one"), "b": ("1", "another")})(print)
    places = [row[:2] for row in given_rows]
    if len(set(places)) < len(places):
        with pytest.raises(RowFault, match="twice in a month"):
            rows_of(one, given_rows)
        return
    assert [tuple(row) for row in rows_of(one, given_rows)] == [(a, str(k), v) for a, k, v in given_rows]
    assert rows_of(one, [("a", np.float32(0.5)), ("b", np.int64(3))]) == [("a", "", 0.5), ("b", "", 3.0)]


def test_check_list_and_explain_tell_of_it(tmp_path: Path) -> None:
    file = written(tmp_path)
    code, said = tenure("check", file)
    assert code == 0 and "counts.py   observer counts   adds ours (people), owed (EUR)" in said
    assert "tenure observe FOLDER -o observed.csv --policies" in said
    told = json.loads(tenure("check", file, "--json")[1])
    assert told["items"][0]["parts"] == {"observers": ["Months", "counts"]}
    code, said = tenure("explain", "counts", "--policies", file)
    assert code == 0 and "our customers; unit people" in " ".join(said.split())
    assert "counts" in tenure("list", "parts", "--policies", file)[1]

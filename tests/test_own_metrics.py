"""Metrics of a user's own: worked out when results are read, never in a run's name, and told where they are wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure import metric, open_results
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.plugins.policy_trial import try_here
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.store.record import read_about
from tests.folders import no_report, no_workers, tenure  # noqa: F401 - fixtures
from tests.small_folder import pristine  # noqa: F401 - a fixture

FEES = '''"""Interest and fees a customer."""

from tenure import metric


@metric(unit="EUR", better="higher", matters_from=0.5)
def interest_per_customer(run) -> float:
    """Interest and fees per customer at the start, not discounted."""
    return run.total("ledger", a=("interest", "fees")) / max(1.0, run.stock("customers_by_cell")[0])
'''
HEAD = """import numpy as np
from tenure import metric

@metric(unit="{unit}", better="higher", matters_from=0.5)
def mine(run):
    {body}
"""


@pytest.fixture(autouse=True)
def only_those_that_come_along() -> Iterator[None]:
    """Forget what a test has let this process know."""
    before = dict(METRICS)
    yield
    METRICS.clear()
    METRICS.update(before)


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files as they are: what a trial finds has a test of its own, and takes processes of its own."""
    monkeypatch.setattr("tenure.experiments.plugins.policy_trial.must_keep_the_contract", lambda source: None)


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    shutil.copytree(pristine, tmp_path / "place")
    return tmp_path / "place" / "out"


def written(tmp_path: Path, text: str = FEES, name: str = "fees.py") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.usefixtures("no_workers", "untried")
def test_a_metric_that_comes_later_makes_no_run_again(folder: Path, tmp_path: Path) -> None:
    before, file = open_results(folder), written(tmp_path)
    shown = "metrics=[profit_per_customer, interest_per_customer]"
    experiment = load_experiment(folder.parent / "small.yaml", [shown], [file])
    after = run_experiment(experiment, folder, workers=1)
    assert after.made == 0 and after.names == before.names and after.hash == before.hash
    table = after.metrics().pivot(index=["arm", "replication"], columns="metric", values="value")
    rows = after.rows(["ledger", "customers_by_cell"])
    ours = rows[rows["institution"] == "us"]
    for (arm, replication), one in ours.groupby(["arm", "replication"]):
        income = one[(one["measure"] == "ledger") & one["a"].isin(["interest", "fees"])]["value"].sum()
        start = one[(one["measure"] == "customers_by_cell") & (one["month"] == -1)]["value"].sum()
        assert table.loc[(arm, replication), "interest_per_customer"] == pytest.approx(income / start)
    assert [one.metric for one in after.comparisons()].count("interest_per_customer") == 1


@pytest.mark.usefixtures("no_workers", "no_report", "untried")
def test_it_is_shown_where_its_file_is_given_and_named_where_it_is_not(folder: Path, tmp_path: Path) -> None:
    file = written(tmp_path)
    code, said = tenure("compare", folder, "--policies", file)
    assert code == 0 and "interest per customer" in said
    assert "interest per customer" not in tenure("compare", folder)[1]
    shown = "metrics=[profit_per_customer, interest_per_customer]"
    assert tenure("run", folder.parent / "small.yaml", "-o", folder, "--set", shown, "--policies", file)[0] == 0
    code, said = tenure("compare", folder)
    assert code == 0 and "interest per customer" not in said
    assert "the metric 'interest_per_customer' is one of a user's own" in " ".join(said.split())
    assert "--policies fees.py" in " ".join(said.split())
    assert tenure("run", folder)[0] == 0
    about = read_about(folder).about
    assert about["metrics"] == ["profit_per_customer", "interest_per_customer"]
    assert [one["name"] for one in about["own_policies"]] == ["fees.py"]
    assert tenure("run", folder, "--policies", file)[0] == 0
    code, said = tenure("compare", folder, "--policies", file, "--csv", tmp_path / "t.csv")
    assert code == 0 and "interest_per_customer" in (tmp_path / "t.csv").read_text()


@pytest.mark.usefixtures("no_workers", "no_report", "untried")
def test_one_can_decide_and_without_its_file_nothing_else_does_in_its_place(folder: Path, tmp_path: Path) -> None:
    file, config = written(tmp_path), folder.parent / "small.yaml"
    asked = "metrics={decide_on: interest_per_customer, also: [profit_per_customer, growth]}"
    experiment = load_experiment(config, [asked], [file])
    assert experiment.settings.metrics.names[0] == "interest_per_customer"
    whole = run_experiment(experiment, folder, workers=1)
    assert whole.decided and whole.made == 0 and whole.about["metrics"][0] == "interest_per_customer"
    found = open_results(folder)
    assert not found.decided and found.unshown == ("interest_per_customer",)
    for name in ("profit_per_customer", "growth"):
        ends = [[(one.low, one.high) for one in some.comparisons() if one.metric == name] for some in (whole, found)]
        assert ends[0] == ends[1] and len(ends[0]) == 1
    code, said = tenure("compare", folder)
    assert code == 0 and "the experiment is decided on it" in " ".join(said.split())


@pytest.mark.usefixtures("untried")
def test_an_edit_is_taken_at_once_and_a_metric_of_ours_written_again_gives_the_same(
    folder: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, HEAD.format(unit="%", body='return run.total("leavers") / 10.0'))
    first = open_results(folder, policies=[file]).metrics()
    file.write_text(file.read_text().replace("10.0", "20.0"))
    second = open_results(folder, policies=[file]).metrics()
    of = [one[one["metric"] == "mine"]["value"].to_numpy() for one in (first, second)]
    assert len(of[0]) == 4 and (of[0] == 2.0 * of[1]).all()
    body = """months, people = run.by_month("leavers"), run.stock("customers_by_cell")[:-1]
    return 12.0 * float(months.sum()) / max(1.0, float(people.sum()))"""
    again = open_results(folder, policies=[written(tmp_path, HEAD.format(unit="%", body=body))]).metrics()
    mine, ours = (again[again["metric"] == name]["value"].tolist() for name in ("mine", "attrition_per_year"))
    assert mine == ours


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("raise ValueError('no such row')", 6, "mine fails: ValueError: no such row"),
        ("return 'much'", 4, "the metric 'mine' gives 'much', which is no number"),
        ("return float('inf')", 4, "the metric 'mine' is infinite"),
        ("return float(np.random.rand())", 6, "NumPy's global generator"),
        ("return 1000.0 * run.stock('customers_by_cell')[0]", 4, "in % a fraction is wanted"),
        ("run.rows('ledger').value[:] = 0.0; return 1.0", 6, "read-only"),
        ("open('x.txt').read(); return 1.0", 6, "it opens x.txt"),
        ("mine.count = getattr(mine, 'count', 0) + 1; return mine.count", 6, "mine fails"),
    ],
)
def test_what_is_wrong_with_a_metric_is_told_with_its_line(tmp_path: Path, body: str, line: int, what: str) -> None:
    file = written(tmp_path, HEAD.format(unit="%", body=body))
    said = "\n".join(map(str, try_here(snapshot(file), True, lambda doing: None).problems))
    assert f"{file}:{line}:" in said and what in said, said


@pytest.mark.usefixtures("untried")
def test_a_metric_that_fails_on_real_rows_alone_is_told_with_the_run(folder: Path, tmp_path: Path) -> None:
    file = written(tmp_path, HEAD.format(unit="EUR", body="return 1.0 / (run.months - 2)"))
    with pytest.raises(ConfigError, match=r"the metric 'mine' fails, ZeroDivisionError.*runs/") as told:
        open_results(folder, policies=[file]).metrics()
    assert (told.value.problems[0].path, told.value.problems[0].line) == (str(file), 6)


@pytest.mark.usefixtures("untried")
def test_it_is_exported_where_its_file_is_named(folder: Path, tmp_path: Path) -> None:
    asked = ("--tables", "metrics,comparisons")
    code, said = tenure("export", folder, tmp_path / "own", *asked, "--policies", written(tmp_path))
    assert code == 0, said
    for name in ("metrics.csv", "comparisons.csv", "dictionary.csv"):
        assert "interest_per_customer" in (tmp_path / "own" / name).read_text(encoding="utf-8-sig"), name
    METRICS.pop("interest_per_customer")
    assert tenure("export", folder, tmp_path / "plain", *asked)[0] == 0
    assert "interest_per_customer" not in (tmp_path / "plain" / "metrics.csv").read_text(encoding="utf-8-sig")


@pytest.mark.usefixtures("untried")
def test_names_are_one_metrics_own(tmp_path: Path) -> None:
    file = written(tmp_path, FEES.replace("interest_per_customer", "growth"))
    code, said = tenure("list", "metrics", "--policies", file)
    assert code == 2 and f"{file}:6:1: the metric 'growth' has the name of one that tenure has" in said
    both = [written(tmp_path), written(tmp_path, FEES + "\n", "again.py")]
    code, said = tenure("list", "metrics", "--policies", both[0], "--policies", both[1])
    assert code == 2 and "'interest_per_customer' is the name of metrics of two files" in said
    code, said = tenure("list", "metrics", "--policies", written(tmp_path, "x = 1"))
    assert "there is no policy in this file, nor another part" in said


@pytest.mark.usefixtures("untried")
def test_it_can_be_listed_explained_and_is_known_to_configs_only_with_its_file(tmp_path: Path) -> None:
    file, config = written(tmp_path), tmp_path / "a.yaml"
    for words in (["list", "metrics"], ["explain", "interest_per_customer"]):
        assert "Interest and fees per customer at the start" in tenure(*words, "--policies", file)[1]
    config.write_text(
        "question: Why?\nmarket: default\nmonths: 2\narms: {a: do_nothing}\nchampion: a\nreplications: 1\n"
        "metrics: [profit_per_customer, interest_per_customer]\n"
    )
    code, said = tenure("check", config)
    assert code == 2 and f"{config}:7:32: there is no metric 'interest_per_customer'" in said
    load_experiment(config, plugins=[file])


def test_check_says_what_is_in_a_file(tmp_path: Path) -> None:
    code, said = tenure("check", written(tmp_path))
    assert code == 0 and "fees.py   metric interest_per_customer   EUR, higher is better; matters from 0.5" in said
    assert "tenure compare FOLDER --policies" in said


def test_a_mark_names_and_words_a_metric_from_its_function() -> None:
    @metric(unit="months", better="none", matters_from=1.0)
    def long_ago(run: object) -> float:
        """How long ago."""
        return 1.0

    assert (long_ago.name, long_ago.label, long_ago.headline) == ("long_ago", "How long ago", ("long ago", "months"))
    assert not long_ago.has_verdict and not long_ago.is_of_a_pair


@pytest.mark.usefixtures("untried")
def test_what_an_installed_package_offers_acts_where_it_is_named_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, FEES, "northbank_parts.py")
    about = tmp_path / "northbank-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: northbank\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[tenure.parts]\nnorthbank = northbank_parts\ngone = northbank_gone\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "interest_per_customer" not in tenure("list", "metrics")[1]
    assert "interest_per_customer" in tenure("list", "metrics", "--policies", "northbank")[1]
    assert snapshot(Path("northbank")) == snapshot(tmp_path / "northbank_parts.py")
    code, said = tenure("list", "metrics", "--policies", "gone")
    assert code == 2 and "the entry point 'gone' names northbank_gone, which is not installed" in said
    code, said = tenure("list", "metrics", "--policies", "nobody")
    assert code == 2 and "no such file. Name a Python file, or what an installed package offers" in said

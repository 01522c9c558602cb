"""The command line: quick help, plain answers, exit codes, commands that exist, at most 110 columns."""

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.listing.listing import KINDS, entries
from tenure.experiments.report.figures import drawn
from tests.folders import no_report, without_workers

__all__ = ["no_report"]  # a fixture

ROOT = Path(__file__).parent.parent
COMMANDS = ("check", "run", "status", "compare", "report", "explain", "list")
SMALL = """
question: Does a reward pay?
market: {extends: default, people: 300, burn_in_months: 3}
months: 6
warm_up_months: 2
budget_per_month: 7000
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
  everybody_gets_a_very_long_name: {policy: uniform, amount: 10}
champion: nothing
replications: 3
"""


def tenure(*words: str) -> "tuple[int, str, str]":
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    folder = tmp_path_factory.mktemp("commands")
    config = folder / "small.yaml"
    config.write_text(SMALL, encoding="utf-8")
    with without_workers():
        code, out, err = tenure("run", str(config), "-o", str(folder / "out"), "--workers", "1")
    assert code == 0, out + err
    return config, folder / "out", out


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `tenure report` write a page without figures, which take three seconds."""
    monkeypatch.setattr(drawn, "FIGURES", {})


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, tenure.experiments.commands.app; "
        "print([m for m in ('numpy', 'numba', 'mesa', 'pandas', 'scipy', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
    words = [sys.executable, "-m", "tenure.experiments.commands.app", "--help"]
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5


def test_who_reads_no_further_is_told_nothing() -> None:
    words = f"{sys.executable} -m tenure.experiments.commands.app list view | head -1"
    told = subprocess.run(words, cwd=ROOT, shell=True, capture_output=True, text=True, check=True)
    assert told.stderr == "" and len(told.stdout.splitlines()) == 1


def test_run_tells_question_plan_effects_report_and_next(done: tuple[Path, Path, str]) -> None:
    config, folder, out = done
    lines = out.splitlines()
    assert lines[0] == "Does a reward pay?"
    assert lines[1].startswith("3 arms x 3 replications x 6 months, 300 people for 20,000")
    assert "The ± is chance in the simulation only" in out and "No setting was varied." in out
    assert "pairing made the runs worth" in out and "Spent on treatment" in out
    assert f"Report   {folder / 'report.html'}" in out and (folder / "report.html").stat().st_size > 10_000
    last = next(place for place, line in enumerate(lines) if line.startswith("Next"))
    assert lines[last].startswith("Next     tenure run") and "narrower intervals" in lines[-1]
    assert any(line.split()[:1] == ["uniform"] and "±" in line for line in lines)
    assert config.name in "".join(lines[last:])


def test_the_table_fits_110_columns(done: tuple[Path, Path, str]) -> None:
    _, out = tenure("compare", str(done[1]))[:2]
    assert max(cell_len(line) for line in out.splitlines() if str(done[1]) not in line) <= 110  # a path has its length


def test_status_counts_and_compare_repeats_the_table(done: tuple[Path, Path, str]) -> None:
    code, out, _ = tenure("status", str(done[1]))
    assert code == 0 and "9 of 9 runs are there" in out
    code, out, _ = tenure("compare", str(done[1]))
    table = [line for line in done[2].splitlines() if "±" in line]
    assert code == 0 and [line for line in out.splitlines() if "±" in line] == table


@pytest.mark.parametrize("command", ["status", "compare"])
def test_what_is_no_folder_of_an_experiment_is_told_where_one_is(
    done: tuple[Path, Path, str], tmp_path: Path, command: str
) -> None:
    folder = done[1]
    code, _, err = tenure(command, str(folder / "runs"))
    assert code == 2 and " ".join(err.split()).endswith(f"of the experiment in {folder}; name that folder")
    code, _, err = tenure(command, str(tmp_path))
    assert code == 2 and "'tenure run CONFIG' makes one" in err
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "experiment.json").touch()
    code, _, err = tenure(command, str(tmp_path))
    assert code == 2 and err.count(str(tmp_path / "a")) == 1 == err.count(str(tmp_path / "b"))


@pytest.mark.usefixtures("no_report")
def test_running_a_folder_goes_on_with_it(done: tuple[Path, Path, str]) -> None:
    code, out, _ = tenure("run", str(done[1]), "--workers", "1", "--json")
    answer = json.loads(out)
    assert code == 0 and answer["made"] == 0 and answer["runs"] == 9 and answer["champion"] == "nothing"


def test_the_report_can_be_written_again(done: tuple[Path, Path, str]) -> None:
    (done[1] / "report.html").unlink()
    code, out, _ = tenure("report", str(done[1]))
    assert code == 0 and (done[1] / "report.html").is_file() and "Next" in out


@pytest.mark.usefixtures("no_figures")
def test_json_is_json_everywhere(done: tuple[Path, Path, str]) -> None:
    config, folder, _ = done
    for words in (
        ["check", str(config)],
        ["check", str(config), "--resolved"],
        ["status", str(folder)],
        ["compare", str(folder)],
        ["report", str(folder)],
        ["explain"],
        ["explain", "uniform"],
        ["list", "view"],
    ):
        code, out, _ = tenure(*words, "--json")
        assert code == 0 and json.loads(out, parse_constant=lambda name: pytest.fail(name)) is not None


def test_a_faulty_config_is_exit_code_2_with_its_place() -> None:
    faulty = ROOT / "tests" / "faulty" / "three_at_once.yaml"
    for command in ("check", "run"):
        code, out, err = tenure(command, str(faulty))
        assert code == 2 and "Traceback" not in out + err
        assert f"{faulty}:6:9: months: 0 is below 1" in out + err and "3 problems" in out + err
    code, out, _ = tenure("check", str(faulty), "--json")
    assert code == 2 and len(json.loads(out)["items"][0]["problems"]) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["run", "nowhere.yaml"],
        ["check", "nowhere.yaml"],
        ["status", "nowhere"],
        ["compare", "nowhere"],
        ["report", "nowhere"],
        ["list", "polices"],
        ["explain", "zebra_crossing"],
        ["run", "quickstart.yaml", "--set", "months"],
        ["run", "quickstart.yaml", "--engine", "steam"],
        ["run", "quickstart.yaml", "--only", "book"],
        ["run", "quickstart.yaml", "--policies", "none.py"],
    ],
)
def test_what_is_not_there_is_told_in_words(words: list[str]) -> None:
    code, out, err = tenure(*words)
    assert code == 2 and err + out and "Traceback" not in out + err


def test_check_tells_the_plan_and_where_values_come_from() -> None:
    code, out, _ = tenure("check", "quickstart.yaml", "--resolved")
    assert code == 0 and "4 arms x 10 replications x 60 months, 20,000 people    40 runs" in out
    assert re.search(r"warm_up_months +24 +default", out) and "the shipped example" in out
    assert out.splitlines()[-1] == "Next     tenure run quickstart.yaml"


def test_check_reads_markets_and_policy_files(tmp_path: Path) -> None:
    market = ROOT / "experiments" / "markets" / "default.market.yaml"
    assert tenure("check", str(market))[0] == 0
    broken = tmp_path / "bad.market.yaml"
    broken.write_text(market.read_text().replace("people: 20000", "people: -3"))
    code, out, _ = tenure("check", str(broken))
    assert code == 2 and "people" in out and "negative" in out


def test_every_kind_can_be_listed_and_everything_listed_explained() -> None:
    for kind in KINDS:
        code, out, _ = tenure("list", kind)
        assert code == 0 and len(out.splitlines()) > 2
        for entry in entries(kind):
            code, out, _ = tenure("explain", entry.name)
            assert code == 0 and entry.name in out


def test_explain_alone_is_the_month_in_order() -> None:
    _, out, _ = tenure("explain")
    phases = re.findall(r"^(\w+)  \(phase", out, re.MULTILINE)
    assert phases == ["open", "observe", "decide", "guard", "live", "settle", "record"]


def test_the_shipped_market_can_be_read() -> None:
    code, out, _ = tenure("explain", "market.default")
    assert code == 0 and "people: 20000" in out


@pytest.mark.usefixtures("no_figures")
def test_every_command_that_is_named_next_exists(done: tuple[Path, Path, str]) -> None:
    config, folder, out = done
    told = [
        out,
        *(
            tenure(*words)[1]
            for words in (
                ["check", str(config)],
                ["status", str(folder)],
                ["compare", str(folder)],
                ["report", str(folder)],
                ["explain"],
                ["explain", "search"],
                *(["list", kind] for kind in KINDS),
            )
        ),
    ]
    for text in told:
        last = text[text.rindex("\nNext") :].replace("\\\n", "").splitlines()[1]  # a wide command goes on below
        named = re.findall(r"tenure (\w+ ?.*)", last)
        assert named and shlex.split(named[0])[0] in COMMANDS

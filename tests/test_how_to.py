"""The pages of docs/how_to run as they are written, with fewer people, months and replications."""

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.commands.app import app
from tests.folders import no_report, no_workers  # noqa: F401 - fixtures

FOLDER = Path(__file__).parent.parent / "docs" / "how_to"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
COMPILES = ("own_rule",)
"""Pages whose runs live by rules of their own, in processes that compile them anew: a minute."""
SMALLER = (
    (r"people: 5000\b", "people: 250, burn_in_months: 2"),
    (r"\bmonths: 36\b", "months: 2\nwarm_up_months: 1"),
    (r"\breplications: \d+", "replications: 2"),
    (r"\bpoints: \d+", "points: 4"),
    (r"at_least: \d+, at_most: \d+", "at_least: 10, at_most: 12"),
)
"""What is written in a config -> what stands in its place here."""
SHIPPED = ("market.people=250", "market.burn_in_months=2", "months=2", "warm_up_months=1", "replications=2")
"""Laid over a shipped example where a page runs one."""


class Block(NamedTuple):
    """A fenced block of a page: its language, the file that it is, if any, and its text."""

    language: str
    name: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return [Block(*one) for one in found]


def smaller(text: str) -> str:
    for written, instead in SMALLER:
        text = re.sub(written, instead, text)
    return text


def commands(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("$ "):
            words = shlex.split(line[2:], comments=True)
            assert words[0] == "tenure", line
            yield words[1:]


@pytest.fixture(autouse=True)
def metrics_of_the_program() -> Iterator[None]:
    """Forget metrics that a page has let this process know."""
    before = dict(METRICS)
    yield
    METRICS.clear()
    METRICS.update(before)


@pytest.mark.parametrize(
    "page",
    [pytest.param(one, marks=[pytest.mark.slow] * (one.stem in COMPILES), id=one.stem) for one in PAGES],
)
@pytest.mark.usefixtures("no_report")
def test_a_page_runs_as_it_is_written(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if page.stem not in COMPILES:
        request.getfixturevalue("no_workers")
    monkeypatch.chdir(tmp_path)
    assert blocks(page), page
    for language, name, text in blocks(page):
        if name:
            Path(name).write_text(smaller(text) if language == "yaml" else text, encoding="utf-8")
        elif language == "console":
            for words in commands(text):
                run(words)
        elif language == "python":
            Path("shown.py").write_text(text.replace("people=2000", "people=250"), encoding="utf-8")
            runpy.run_path("shown.py", run_name="__main__")
        elif language == "sql":
            for statement in text.strip().rstrip(";").split(";"):
                assert duckdb.sql(statement).fetchall(), statement
        else:
            assert language == "r", f"{page.name}: nobody runs {language}"


def run(words: list[str]) -> None:
    """Give a command, of a shipped example in a smaller market."""
    if words[0] in ("run", "check") and words[1] == "quickstart.yaml":
        words = [*words, *(word for one in SHIPPED for word in ("--set", one))]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, f"tenure {shlex.join(words)}: {done.output}"


def test_the_notebook_runs_from_the_top(tmp_path: Path) -> None:
    book = nbformat.read(FOLDER / "notebook.ipynb", as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert not cell.outputs, "kept without outputs, which would go stale"
            cell.source = smaller(cell.source)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    pictures = [one for cell in book.cells for one in cell.get("outputs", []) if "image/png" in one.get("data", {})]
    assert pictures and (tmp_path / "results").is_dir()


def test_every_page_is_in_the_index_and_short() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\((\S+?)\)", index))
    assert named == {one.name for one in FOLDER.iterdir() if one.name != "README.md"}
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 75 and max(map(len, lines)) <= 150, page


def test_the_code_for_r_names_what_an_export_has() -> None:
    """R is not needed to run the tests: its columns and files are compared with those of the page's other blocks."""
    page = FOLDER / "reading.md"
    shown = [one.text for one in blocks(page) if one.language == "r"]
    assert shown
    for text in shown:
        assert text.count("(") == text.count(")") and "ledger.csv" in text and "metrics.parquet" in text
        assert re.search(r"aggregate\(amount ~ scenario \+ arm \+ line", text)

"""The report on every sheet: pages of several shapes stand alone and stay light; tables and figures are files, too."""

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.report.figures.figures import FIGURES, draw_figure
from tenure.experiments.report.figures.rendered.compact import compact_svg
from tenure.experiments.report.figures.rendered.described import MOST
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.files import files
from tenure.experiments.report.files.tables import csv_bytes, tables_of
from tenure.experiments.report.page import kept_whole
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.tables import stage_months
from tests.test_report import ABOUT, ARMS, Arm, Page, recordings_from, write_report

SHAPES = [
    pytest.param(({"nothing": Arm(), "book": ARMS["book"]}, 20, 900_000), id="two arms"),
    pytest.param(
        ({"nothing": Arm()} | {f"arm {k}": Arm(gain=float(k)) for k in range(12)}, 15, 2_500_000),
        id="thirteen arms",
        marks=pytest.mark.slow,
    ),
]
"""Arms, people of a sample, and most bytes of the page."""


@pytest.fixture(scope="module", params=SHAPES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recordings, int]:
    arms, sample, most = request.param
    recordings = recordings_from(arms, replications=2, months=14, sample=sample)
    path = tmp_path_factory.mktemp("shape") / "report.html"
    return write_report(path, "Which earns most?", recordings, ABOUT), recordings, most


def test_a_page_of_any_shape_is_light_stands_alone_and_has_words_for_its_figures(
    written: tuple[Path, Recordings, int],
) -> None:
    path, recordings, most = written
    text = path.read_text(encoding="utf-8")
    assert len(text) < most
    page = Page()
    page.feed(text)
    assert all(link.startswith("data:") for link in page.links)
    assert page.images
    for image in page.images:
        finding, _, numbers = (image["alt"] or "").partition(". ")
        assert finding and (len(image["alt"] or "") < MOST or not numbers)
    bars = next(image["alt"] or "" for image in page.images if "A new customer can expect" in (image["alt"] or ""))
    months = stage_months(recordings)[recordings.champion].mean()
    assert "nothing (champion) " + ", ".join(f"{one:.1f}" for one in months) in bars
    sheets = re.findall(r'<div class="sheet"><img ', text)  # each scrolls in its own box where the page is narrow
    assert len(sheets) == len(page.images)


def test_every_table_has_a_file_with_the_same_cells_and_every_figure_two(
    written: tuple[Path, Recordings, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, recordings, _ = written
    some = {name: FIGURES[name] for name in ("effects", "months_in_stage")}
    monkeypatch.setattr(files, "FIGURES", some)
    monkeypatch.setattr(files, "DOTS", 20)
    (path.parent / files.FOLDER).mkdir()
    mine, old = path.parent / files.FOLDER / "mine.csv", path.parent / files.FOLDER / "scenario-9-effects.svg"
    (old.parent / files.INDEX).write_text(f'<a href="../report.html"> <a href="{old.name}"> <a href="../mine.csv">')
    mine.touch()
    old.touch()
    folder = files.write_files(
        path, [("", recordings)], draw_figure("reliability", recordings)._replace(name="leaning")
    )
    assert mine.exists() and not old.exists()
    mine.unlink()
    page = path.read_text(encoding="utf-8")
    tables = tables_of(page)
    assert len(tables) == page.count("<table") == len(list(folder.glob("*.csv")))
    for table in tables:
        with (folder / f"{table.name}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert tuple(map(tuple, csv.reader(file))) == table.rows
        assert len({len(row) for row in table.rows}) == 1, table.name
    effects = next(table for table in tables if table.heading == "Effects")
    assert [row[0] for row in effects.rows] == ["arm", *recordings.arms]
    for name in (*some, "leaning"):
        ElementTree.parse(folder / f"{name}.svg")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    links = re.findall(r'href="([^"]*)"', (folder / files.INDEX).read_text(encoding="utf-8"))
    assert {*links} - {f"../{path.name}"} == {one.name for one in folder.iterdir()} - {files.INDEX}
    assert (folder / links[0]).resolve() == path.resolve()


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"))


@given(st.lists(st.lists(CELL, min_size=1), max_size=4))
def test_any_cell_is_read_back_from_its_file(rows: list[list[str]]) -> None:
    text = csv_bytes(rows).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows


def test_rounding_moves_no_point_of_a_drawing_by_more_than_can_be_seen() -> None:
    recordings = recordings_from({"nothing": Arm()}, replications=2, months=30, sample=5)
    full = image_bytes(draw_figure("composition_by_stage", recordings).figure, "svg").decode("utf-8")
    small = compact_svg(full)
    assert len(small) < 0.7 * len(full)
    drawn = [re.findall(r' d="([^"]*)"', text) for text in (re.sub("<!--.*?-->", "", full, flags=re.DOTALL), small)]
    assert len(drawn[0]) == len(drawn[1])
    for before, after in zip(*drawn, strict=True):
        exact, short = (np.array(re.findall(r"-?[\d.]+(?:e-?\d+)?", line), np.float64) for line in (before, after))
        np.testing.assert_allclose(exact, short, atol=0.051)
    assert ElementTree.fromstring(small).get("viewBox") == ElementTree.fromstring(full).get("viewBox")


@given(st.text())
def test_where_a_cell_may_break_is_all_that_changes(text: str) -> None:
    assert kept_whole(text).replace("\u00a0", " ") == text.replace("\u00a0", " ")


def test_shares_of_the_other_arms_are_drawn_as_differences_which_are_nothing_where_arms_are_alike() -> None:
    alike = recordings_from({"nothing": Arm(), "same": Arm()}, replications=2, months=14, sample=5)
    figure = draw_figure("composition_by_quadrant", alike).figure
    champion, other = figure.axes[0], figure.axes[1]
    assert champion.get_ylim()[0] == 0.0
    assert other.get_ylim()[0] == -other.get_ylim()[1]

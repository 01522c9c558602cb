"""The report on every sheet: pages of several shapes stand alone and stay light; tables and figures are files, too."""

import base64
import csv
import io
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tenure.experiments.report.figures.figures import FIGURES, draw_figure
from tenure.experiments.report.figures.rendered.described import MOST
from tenure.experiments.report.figures.rendered.font import font_rules
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.figures.rendered.inline import compact_svg, inline_svg, short_path
from tenure.experiments.report.files import files
from tenure.experiments.report.files.tables import csv_bytes, tables_of
from tenure.experiments.report.page import kept_whole
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.tables import stage_months
from tests.test_report import ABOUT, ARMS, Arm, Page, recordings_from, write_report

SHAPES = [
    pytest.param(({"nothing": Arm(), "book": ARMS["book"]}, 20, 450_000), id="two arms"),
    pytest.param(
        ({"nothing": Arm()} | {f"arm {k}": Arm(gain=float(k)) for k in range(12)}, 15, 1_250_000),
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
    assert all(re.match("data:|#", link) for link in page.links)
    assert page.images
    for image in page.images:
        finding, _, numbers = (image["aria-label"] or "").partition(". ")
        assert finding and (len(image["aria-label"] or "") < MOST or not numbers)
    bars = next(
        image["aria-label"] or "" for image in page.images if "A new customer can expect" in (image["aria-label"] or "")
    )
    months = stage_months(recordings)[recordings.champion].mean()
    assert "nothing (champion) " + ", ".join(f"{one:.1f}" for one in months) in bars
    sheets = re.findall(r'<div class="sheet" [^>]*><svg ', text)  # each scrolls in its own box where the page is narrow
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


NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?"
Point = tuple[float, float]


def points_of(line: str) -> list[Point]:
    """Return all points that a line of SVG goes through or is bent by."""
    points: list[Point] = []
    at = start = (0.0, 0.0)
    for step, text in re.findall(r"([MLHVQCZmlhvqcz])([^MLHVQCZmlhvqcz]*)", line):
        numbers = [float(one) for one in re.findall(NUMBER, text)]
        along = step.islower()
        if step in "zZ":
            at = start
        elif step in "hHvV":
            for one in numbers:
                x = (at[0] * along + one) if step in "hH" else at[0]
                y = (at[1] * along + one) if step in "vV" else at[1]
                at = (x, y)
                points.append(at)
        else:
            each = {"m": 1, "l": 1, "q": 2, "c": 3}[step.lower()]
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
            for place, (x, y) in enumerate(pairs):
                points.append((x + at[0] * along, y + at[1] * along))
                if place % each == each - 1:
                    at = points[-1]
            start = points[-1] if step in "mM" else start
    return points


def test_rounding_moves_no_point_of_a_drawing_by_more_than_can_be_seen() -> None:
    recordings = recordings_from({"nothing": Arm()}, replications=2, months=30, sample=5)
    full = image_bytes(draw_figure("composition_by_stage", recordings).figure, "svg", text=True).decode("utf-8")
    small = compact_svg(full)
    assert len(small) < 0.5 * len(full)
    drawn = [[one.get("d") for one in ElementTree.fromstring(text).iter() if one.get("d")] for text in (full, small)]
    assert len(drawn[0]) == len(drawn[1])
    for before, after in zip(*drawn, strict=True):
        np.testing.assert_allclose(points_of(before or ""), points_of(after or ""), atol=0.051)
    assert ElementTree.fromstring(small).get("viewBox") == ElementTree.fromstring(full).get("viewBox")


GRID = st.integers(-99_999, 99_999).map(lambda whole: whole / 100)
MOVES = st.lists(st.tuples(st.sampled_from(["M", "L", "Q", "C"]), st.lists(GRID, min_size=6, max_size=6)), max_size=12)
ENDS = {"M": 2, "L": 2, "Q": 4, "C": 6}


@given(MOVES, st.booleans())
def test_a_line_written_in_steps_goes_through_the_same_points(moves: list[tuple[str, list[float]]], back: bool) -> None:
    text = " ".join(f"{step} {' '.join(map(str, numbers[: ENDS[step]]))}" for step, numbers in moves)
    line = f"M 1 2 {text} {'z L 3 4' if back else ''}"
    np.testing.assert_allclose(points_of(line), points_of(short_path(line, 2)), atol=1e-9)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20))
def test_words_of_a_drawing_stay_words(word: str) -> None:
    """Nothing that somebody wrote becomes markup, and the same drawing is the same text."""
    figure = Figure()
    figure.text(0.5, 0.5, word, parse_math=False)
    with warnings.catch_warnings():  # of letters that no font here has
        warnings.simplefilter("ignore")
        small = inline_svg(figure)
        assert inline_svg(figure) == small
    assert ["".join(one.itertext()) for one in ElementTree.fromstring(small).iter("text")] == [word]


def test_the_page_carries_the_letters_of_its_figures_and_no_others() -> None:
    (plain, bold) = re.findall(
        r'url\("data:font/woff;base64,([^"]*)"\)', font_rules(["<text>a &lt; 1.5</text> <p>zw</p>"])
    )
    for data in (plain, bold):
        font = TTFont(io.BytesIO(base64.b64decode(data)))
        letters = {chr(code) for code in font.getBestCmap()}
        assert set("a <1.5") <= letters <= set("a <>1.5")  # a sign may bring the one that mirrors it
    assert font_rules(["<p>no figure</p>"]) == ""


@given(st.text())
def test_where_a_cell_may_break_is_all_that_changes(text: str) -> None:
    assert kept_whole(text).replace("\u00a0", " ") == text.replace("\u00a0", " ")


def test_shares_of_the_other_arms_are_drawn_as_differences_which_are_nothing_where_arms_are_alike() -> None:
    alike = recordings_from({"nothing": Arm(), "same": Arm()}, replications=2, months=14, sample=5)
    figure = draw_figure("composition_by_quadrant", alike).figure
    champion, other = figure.axes[0], figure.axes[1]
    assert champion.get_ylim()[0] == 0.0
    assert other.get_ylim()[0] == -other.get_ylim()[1]

"""Eras in runs and after them: the same bytes where nothing changes, and marks in record, page, figures and lives."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tenure.experiments.config.documents import ConfigError
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.report.figures.eras import eras_note, mark_eras
from tenure.experiments.report.figures.structure import composition_by_quadrant
from tenure.experiments.report.figures.style import Margins, panels
from tenure.experiments.report.recordings import recordings_of
from tenure.experiments.report.summary import report_of
from tenure.experiments.store.record_shape import EraRecord, misshapen
from tenure.experiments.store.results import Results
from tests.folders import made_here, tenure
from tests.scenarios import SMALL

LONG = SMALL.replace("months: 3\n", "months: 12\n", 1)
WAR = "{title: Price war, from: 2027-04, until: 2027-09, preset: price_war, world: {switching_cost: 0}}"
IDLE = "{title: Idle, from: 2027-03, world: {switching_cost: 3}, each_rival: {policy: static}}"


def lived(folder: Path, *eras: str) -> Results:
    folder.mkdir()
    text = LONG + "eras:\n" + "".join(f"  - {one}\n" for one in eras) if eras else LONG
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return made_here(folder / "small.yaml", folder / "out", engine="objects")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lived")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Results:
    return lived(folder / "plain")


@pytest.fixture(scope="module")
def war(folder: Path) -> Results:
    return lived(folder / "war", WAR)


def values(results: Results) -> dict[str, pa.Table]:
    """Return run -> all that it recorded; what a file says beside of its config and of time is left out."""
    paths = sorted((results.folder / "runs").glob("*.parquet"))
    return {path.name: pq.read_table(path).replace_schema_metadata() for path in paths}


def test_an_era_that_changes_nothing_changes_no_byte_of_a_run(folder: Path, plain: Results, war: Results) -> None:
    idle = lived(folder / "idle", IDLE)
    assert len(values(plain)) == 2 and values(idle) == values(plain) and idle.hash == plain.hash != war.hash
    assert [one["changes"] for one in idle.about["eras"]] == [[]]


def test_months_before_an_era_are_those_without_it_and_later_ones_are_not(plain: Results, war: Results) -> None:
    both = [one.rows(["customers", "ledger"]).drop(columns="run", errors="ignore") for one in (plain, war)]
    early, all_months = ([one[one["month"] <= last] for one in both] for last in (2, 99))
    assert early[0].reset_index(drop=True).equals(early[1].reset_index(drop=True))
    assert not all_months[0].reset_index(drop=True).equals(all_months[1].reset_index(drop=True))


def test_the_record_tells_the_eras_and_the_experiment_can_be_asked_again_from_it(plain: Results, war: Results) -> None:
    (era,) = war.about["eras"]
    assert (era["title"], era["first"], era["last"], era["when"]) == ("Price war", 3, 8, "2027-04 to 2027-09")
    assert "world.switching_cost 3 -> 0" in era["changes"] and "eras" not in plain.about
    code, said = tenure("audit", war.folder, "--rerun", "1")
    assert code == 0, said
    assert misshapen({**war.about, "eras": [{**era, "first": "x"}]}) == "'eras'"


def test_the_page_marks_eras_and_says_what_they_change(war: Results) -> None:
    page = report_of(war).read_text(encoding="utf-8")
    assert "Every arm lives through Price war (2027-04 to 2027-09)." in page
    assert "Bands on top mark eras: 1 Price war, 2027-04 to 2027-09." in page
    assert "world.switching_cost 3 -&gt; 0" in page


def test_a_page_without_eras_says_nothing_of_them(plain: Results) -> None:
    page = report_of(plain).read_text(encoding="utf-8")
    assert "lives through" not in page and "eras" not in page


def test_one_life_tells_when_an_era_begins_and_ends(war: Results) -> None:
    config = war.folder.parent / "small.yaml"
    code, said = tenure("explain", "--person", "3", config, "--json")
    assert code == 0
    happened = {one["month"]: one["happened"] for one in json.loads(said)["months"]}
    assert happened[3][0] == "era 'Price war' begins" and happened[8][-1] == "era 'Price war' ends"
    assert sum("era" in line for lines in happened.values() for line in lines) == 2


def test_a_market_says_where_eras_belong(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(LONG.replace("people: 40", "people: 40, eras: []"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"small.yaml:3:.*eras.*They belong to an experiment"):
        load_experiment(tmp_path / "small.yaml")


# Marks in figures


def record(title: str, first: int, last: int | None) -> EraRecord:
    return {"title": title, "first": first, "last": last, "when": f"{first}", "changes": []}


def marked(eras: list[EraRecord], months: float, columns: int = 1) -> tuple[Figure, Axes]:
    figure, axes = panels(1, columns, 2.5, Margins(0.6))
    ax = axes[0][0]
    ax.plot([1.0, months], [0.0, 1.0])
    ax.set_xlim(0.0, months)
    ax.set_ylim(0.0, 1.08)
    mark_eras(ax, eras)
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    return figure, ax


titles = st.text("abcdefgh ij", min_size=1, max_size=40)


@given(
    st.lists(st.tuples(titles, st.integers(0, 70), st.none() | st.integers(0, 40)), min_size=1, max_size=9),
    st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_labels_of_eras_never_touch_each_other_nor_leave_their_bands(
    found: list[tuple[str, int, int | None]], columns: int
) -> None:
    eras = [record(title, first, None if length is None else first + length) for title, first, length in found]
    figure, ax = marked(eras, 60.0, columns)
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text().strip()]
    inside = ax.get_window_extent()
    for place, one in enumerate(boxes):
        assert inside.x0 - 1 <= one.x0 and one.x1 <= inside.x1 + 1 and one.y1 <= inside.y1 + 1
        assert not any(one.overlaps(other) for other in boxes[:place])
    assert figure.get_axes()[0].get_xlim() == (0.0, 60.0)


def test_titles_stand_where_they_fit_else_numbers_that_the_note_tells() -> None:
    eras = [record("Price war", 0, 23), record("Product innovation", 24, 35), record("中", 36, None)]
    assert [text.get_text() for text in marked(eras[:2], 60.0)[1].texts] == ["Price war", "Product innovation"]
    assert [text.get_text() for text in marked(eras[:2], 60.0, 4)[1].texts] == ["1", "2"]
    assert [text.get_text() for text in marked(eras, 60.0)[1].texts] == ["1", "2", "3"]
    assert eras_note(eras) == "Bands on top mark eras: 1 Price war, 0; 2 Product innovation, 24; 3 中, 36."


def test_an_era_beyond_the_figure_and_none_at_all_leave_it_as_it_is() -> None:
    for eras in ([], [record("Late", 60, None)]):
        _, ax = marked(eras, 60.0)
        assert ax.get_ylim() == (0.0, 1.08) and not ax.texts
    assert eras_note([]) == ""


def test_bands_lie_above_all_that_is_drawn_and_of_the_months_of_the_era() -> None:
    _, ax = marked([record("A", 12, 23), record("B", 20, None)], 60.0)
    bands = [one.get_paths()[0].get_extents() for one in ax.collections[1:]]
    assert [(one.x0, one.x1) for one in bands] == [(12.0, 24.0), (20.0, 60.0)]
    assert all(one.y0 >= 1.08 for one in bands) and bands[1].y0 >= bands[0].y1 - 1e-12
    assert np.isclose(ax.get_ylim()[1], bands[1].y1)


def test_figures_over_time_mark_eras(war: Results) -> None:
    drawing = composition_by_quadrant(recordings_of(war))
    shown = [ax for ax in drawing.figure.get_axes() if ax.get_visible()]
    assert all("Price war" in [text.get_text() for text in ax.texts] for ax in shown)
    assert "Price war" in drawing.note

"""Figures of belief: titles worked out from the rows, dots where the shares are, runs pooled."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.agents.belief import QUADRANTS
from tenure.experiments.report.figures.beliefs import _how_far, migration_figure, reliability, reliability_figure
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.recordings import QUADRANTS as SHOWN
from tenure.experiments.report.recordings import NotRecordedError
from tenure.simulation.recording.beliefs.groups import DEFAULT, LEAVE

Bin = tuple[str, float, float, float]
"""Label, people, predicted, happened."""
RIGHT: list[Bin] = [("1% to 2%", 20_000.0, 300.0, 310.0), ("10% to 20%", 1000.0, 150.0, 140.0)]
LEAVERS: list[Bin] = [("5% to 10%", 10_000.0, 700.0, 690.0), ("20% to 50%", 1000.0, 300.0, 310.0)]


def table(default: list[Bin], leaving: list[Bin], run: int = 0) -> pd.DataFrame:
    rows = [
        (run, f"reliability_{name}", score, bins[0], value)
        for score, found in ((DEFAULT, default), (LEAVE, leaving))
        for bins in found
        for name, value in zip(("people", "predicted", "happened"), bins[1:], strict=True)
    ]
    return pd.DataFrame([*rows, (run, "score_auc", DEFAULT, "all", 0.8)], columns=["run", "measure", "a", "b", "value"])


def test_calibrated_scores_are_called_so() -> None:
    """Default: 450 believed, 450 happened of 21,000 are 2.1%; leaving: 1,000 and 1,000 of 11,000."""
    assert reliability_figure(table(RIGHT, LEAVERS)).finding == (
        "Believed default is calibrated within chance (2.1% believed, 2.1% happened); "
        "believed leaving is calibrated within chance (9.1% believed, 9.1% happened)"
    )


def test_the_title_names_the_bin_that_is_wrong_and_the_way() -> None:
    """One bin wrong one way, the other bin a little the other way: that bin is off by more than all together are."""
    low = [("1% to 2%", 20_000.0, 300.0, 450.0), ("10% to 20%", 1000.0, 150.0, 130.0)]
    title = reliability_figure(table(low, LEAVERS)).finding
    assert title.startswith("Believed default is too low by a third among those put at 1% to 2% (1.5% believed, 2.2%")
    high = [("1% to 2%", 20_000.0, 300.0, 200.0), ("10% to 20%", 1000.0, 150.0, 160.0)]
    title = reliability_figure(table(high, LEAVERS)).finding
    assert title.startswith("Believed default is too high by half among those put at 1% to 2% (1.5% believed, 1.0%")


def test_where_all_are_wrong_alike_the_title_speaks_of_all() -> None:
    twice = [(label, n, p, 2 * p) for label, n, p, _ in LEAVERS]
    title = reliability_figure(table(RIGHT, twice)).finding
    assert title.endswith("believed leaving is too low by half (9.1% believed, 18.2% happened)")
    none = [(label, n, p, 0.0) for label, n, p, _ in LEAVERS]
    title = reliability_figure(table(RIGHT, none)).finding
    assert title.endswith("believed leaving is too high (9.1% believed, 0.0% happened)")


def test_the_title_says_which_way_a_score_is_off() -> None:
    leavers = [("20% to 50%", 100_000.0, 30_000.0, 30_000.0)]

    def title(times: float) -> str:
        return reliability_figure(table([("2% to 5%", 100_000.0, 3000.0, 3000.0 * times)], leavers)).finding

    assert "default is calibrated" in title(1.02) and "default is too low" in title(1.2)
    assert "default is too high" in title(0.8)
    more = [("20% to 50%", 100_000.0, 30_000.0, 33_000.0)]
    assert "leaving is too low" in reliability_figure(table(RIGHT, more)).finding


@given(st.integers(1, 5))
def test_runs_are_pooled(runs: int) -> None:
    once = reliability(table([(b, n * runs, p * runs, y * runs) for b, n, p, y in RIGHT], LEAVERS))[DEFAULT]
    several = reliability(pd.concat([table(RIGHT, LEAVERS, run) for run in range(runs)]))[DEFAULT]
    assert once.label.tolist() == several.label.tolist() == ["1% to 2%", "10% to 20%"]
    assert all(np.allclose(a, b) for a, b in zip(once[1:], several[1:], strict=True))


def test_dots_are_at_the_shares_and_intervals_around_them() -> None:
    """Of 50 none happened: the exact interval ends at 1 - 0.025^(1/50) = 7.11%."""
    drawing = reliability_figure(table([*RIGHT, ("2% to 5%", 50.0, 2.0, 0.0)], LEAVERS))
    ax = drawing.figure.axes[0]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    dots = {(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_marker() == "o"}
    assert dots == {(0.015, 0.0155), (0.15, 0.14)}
    (arrow,) = [line for line in ax.lines if line.get_marker() == "v"]
    assert (arrow.get_xdata()[0], arrow.get_ydata()[0]) == (0.04, ax.get_ylim()[0])
    whiskers = {line.get_xdata()[0]: line.get_ydata() for line in ax.lines if len(set(line.get_xdata())) == 1}
    upper = [ys[1] for ys in (line.get_ydata() for line in ax.lines if line.get_xdata()[0] == 0.04) if len(ys) == 2]
    assert upper == [pytest.approx(1 - 0.025 ** (1 / 50))]
    assert len(whiskers) == 3
    assert {text.get_text() for text in ax.texts} >= {"20k", "1.0k", "50"}
    slope = [line for line in ax.lines if len(set(line.get_xdata())) == 2]
    assert [np.array_equal(line.get_xdata(), line.get_ydata()) for line in slope] == [True]


def test_a_score_alone_gets_a_panel_alone_and_nothing_is_refused() -> None:
    assert len(reliability_figure(table([], LEAVERS)).figure.axes) == 1
    assert image_bytes(reliability_figure(table(RIGHT, LEAVERS)).figure, "png", 40)[:4] == b"\x89PNG"
    certain = [("0% to 0.1%", 10.0, 0.0, 0.0)]
    assert image_bytes(reliability_figure(table(certain, LEAVERS)).figure, "png", 40)[:4] == b"\x89PNG"
    with pytest.raises(NotRecordedError, match="no rows"):
        reliability_figure(table([], []))


@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0))
def test_words_follow_the_sign(believed: float, happened: float) -> None:
    said = _how_far(believed, happened)
    assert ("too low" in said) == (believed < happened)
    if believed < 0.94 * happened:  # a common factor changes nothing
        assert _how_far(believed / 2, happened / 2) == said


def test_words_by_hand() -> None:
    assert _how_far(0.02, 0.03) == "too low by a third"
    assert _how_far(0.03, 0.02) == "too high by half"
    assert _how_far(0.06, 0.02) == "3.0 times too high"
    assert _how_far(0.0098, 0.01) == "too low by 2.0%"


def moves(stay: float, people: float = 1000.0) -> np.ndarray:
    """Return a matrix in which this share stays, and the others move evenly; new ones and leavers beside them."""
    inside = np.full((4, 4), people * (1 - stay) / 3)
    np.fill_diagonal(inside, people * stay)
    matrix = np.full((5, 5), 7.0)
    matrix[:4, :4] = inside
    return matrix


def test_movement_believed_and_true() -> None:
    says = "The institution believes that {} of customers change quadrant in a year; truly {} do: {}"
    assert migration_figure(moves(0.82), moves(0.69)).finding == says.format("31%", "18%", "noise looks like movement")
    assert migration_figure(moves(0.69), moves(0.82)).finding == says.format("18%", "31%", "movement goes unseen")
    assert migration_figure(moves(0.8), moves(0.8)).finding == says.format("20%", "20%", "alike, within chance")
    few = migration_figure(moves(0.82, 10.0), moves(0.69, 10.0)).finding
    assert few == says.format("31%", "18%", "alike, within chance")


def test_who_came_or_left_changes_nothing() -> None:
    true, believed = moves(0.8), moves(0.7)
    more = believed.copy()
    more[4], more[:, 4] = 900.0, 500.0
    assert migration_figure(true, more).finding == migration_figure(true, believed).finding


def test_cells_are_shares_of_their_row_in_the_order_shown() -> None:
    """Quadrants are drawn in the order of the other figures, which is not that of their codes."""
    matrix = np.zeros((5, 5))
    origin, to = QUADRANTS.index("low_risk_high_return"), QUADRANTS.index("high_risk_low_return")
    matrix[origin, to], matrix[origin, origin] = 30.0, 10.0
    drawing = migration_figure(matrix, moves(0.8))
    true, believed = drawing.figure.axes
    cells = {tuple(text.get_position()): text.get_text() for text in true.texts}
    row = SHOWN.index("low_risk_high_return")
    assert cells[SHOWN.index("high_risk_low_return"), row] == "75.0" and cells[row, row] == "25.0"
    assert sorted(cells.values()) == sorted(["75.0", "25.0", "0.0", "0.0", *["-"] * 12])
    assert true.get_title(loc="left") == "true: 25.0% stay in their quadrant"
    assert believed.get_title(loc="left") == "believed: 80.0% stay in their quadrant"
    assert [tick.get_text() for tick in true.get_yticklabels()][row] == "low risk\nhigh return"
    assert image_bytes(drawing.figure, "png", 40)[:4] == b"\x89PNG"


def test_faulty_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"believed_matrix has shape \(4, 4\)"):
        migration_figure(moves(0.8), moves(0.8)[:4, :4])
    gone = np.zeros((5, 5))
    gone[:, 4] = 5.0
    with pytest.raises(NotRecordedError, match="nobody is there at both ends"):
        migration_figure(gone, moves(0.8))

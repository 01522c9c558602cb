"""The figures of a report by name, and how one is written to a file."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.text import Text

from tenure.experiments.report.figures.beliefs import believed_migration, reliability_of
from tenure.experiments.report.figures.cells import treatment_by_cell
from tenure.experiments.report.figures.effects import attrition_by_cause, effects, months_in_stage, profit_and_loss
from tenure.experiments.report.figures.frontier import frontier
from tenure.experiments.report.figures.market import cycle_by_cohort, market_over_time, who_takes_whom
from tenure.experiments.report.figures.names import (
    Names,
    drawn_in,
    in_drawable_letters,
    key_of,
    names_in_figures,
)
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.figures.structure import (
    composition_by_quadrant,
    composition_by_stage,
    migration_matrix,
    risk_return_plane,
)
from tenure.experiments.report.figures.style import TITLE_SIZE, WIDTH, Drawing, add_title, wrapped
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.store.sealing import write_whole

FIGURES: dict[str, Callable[[Recordings], Drawing]] = {
    "effects": effects,
    "frontier": frontier,
    "composition_by_quadrant": composition_by_quadrant,
    "composition_by_stage": composition_by_stage,
    "risk_return_plane": risk_return_plane,
    "migration_matrix": migration_matrix,
    "believed_migration": believed_migration,
    "reliability": reliability_of,
    "months_in_stage": months_in_stage,
    "attrition_by_cause": attrition_by_cause,
    "profit_and_loss": profit_and_loss,
    "treatment_by_cell": treatment_by_cell,
    "market_over_time": market_over_time,
    "who_takes_whom": who_takes_whom,
    "cycle_by_cohort": cycle_by_cohort,
}
"""Every figure of the report, in its order."""


def draw_figure(name: str, recordings: Recordings) -> Drawing:
    """Draw one figure.

    Raises
    ------
    KeyError
        If no figure has that name.
    ValueError
        If the recordings lack what it needs.
    """
    if name not in FIGURES:
        raise KeyError(f"no figure is called {name!r}; there are {', '.join(FIGURES)}")
    names = names_in_figures(recordings.arms)
    with drawn_in(names.fonts):
        drawing = FIGURES[name](recordings)
    # to ask a figure for its texts makes ticks that are thrown away: only where a name has a stand-in
    texts = " ".join(text.get_text() for text in drawing.figure.findobj(Text)) if names.stand_ins else ""
    return drawing._replace(note=f"{drawing.note} {key_of(names, texts)}".rstrip())


def save_figure(path: Path, name: str, recordings: Recordings, dpi: int = 160) -> Path:
    """Write one figure with its finding as title to a PNG file.

    Parameters
    ----------
    path : Path
        File to write; its folder must exist.
    name : str
        One of `FIGURES`.
    recordings : Recordings
        From `tenure.experiments.report.recordings.read_recordings`.
    dpi : int
        Dots per inch.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    KeyError
        If no figure has that name.
    ValueError
        If the recordings lack what the figure needs.
    """
    write_whole(path, image_bytes(titled_figure(name, recordings).figure, "png", dpi), path.parent)
    return path


def titled_figure(name: str, recordings: Recordings) -> Drawing:
    """Draw one figure with its finding as title, as it stands on a slide; errors as of `draw_figure`."""
    return titled(draw_figure(name, recordings), names_in_figures(recordings.arms))


def titled(drawing: Drawing, names: Names) -> Drawing:
    """Write the finding above a drawing, in letters that can be drawn."""
    with drawn_in(names.fonts):
        title = in_drawable_letters(drawing.finding, names)
        add_title(drawing.figure, wrapped(title, 0.95 * WIDTH, TITLE_SIZE, bold=True))
    return drawing

"""A figure as bytes of a file."""

import io
from typing import Literal

import matplotlib
from matplotlib.figure import Figure

from tenure.experiments.report.figures.names import no_word_of_fonts


def image_bytes(figure: Figure, kind: Literal["svg", "png"], dpi: int = 160, text: bool = False) -> bytes:
    """Render a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        What to render.
    kind : {'svg', 'png'}
        File format.
    dpi : int
        Dots per inch, in an SVG only of what is drawn as dots.
    text : bool
        Whether an SVG holds letters as text, for a page that has the font; else as outlines, the same everywhere.
    """
    out = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    letters = "none" if text else "path"
    with no_word_of_fonts(), matplotlib.rc_context({"svg.hashsalt": "tenure", "svg.fonttype": letters}):
        figure.savefig(out, format=kind, dpi=dpi, metadata=metadata)
    return out.getvalue()

"""A figure as bytes of a file."""

import io
from typing import Literal

import matplotlib
from matplotlib.figure import Figure

from tenure.experiments.report.figures.names import no_word_of_fonts


def image_bytes(figure: Figure, kind: Literal["svg", "png"], dpi: int = 160) -> bytes:
    """Render a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        What to render.
    kind : {'svg', 'png'}
        File format.
    dpi : int
        Dots per inch, in an SVG only of what is drawn as dots.
    """
    out = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with no_word_of_fonts(), matplotlib.rc_context({"svg.hashsalt": "tenure", "svg.fonttype": "path"}):
        figure.savefig(out, format=kind, dpi=dpi, metadata=metadata)
    return out.getvalue()

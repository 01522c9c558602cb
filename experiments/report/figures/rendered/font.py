"""The font of all figures of a page, as the page carries it: the letters that they have, and no others."""

import base64
import io
import re
from collections.abc import Iterable
from html import unescape

from fontTools import subset
from matplotlib.font_manager import FontProperties, findfont

from tenure.experiments.report.figures.names import BASE

_TEXT = re.compile(r"<text\b[^>]*>([^<]*)</text>")
WEIGHTS = {"normal": 400, "bold": 700}


def font_rules(drawings: Iterable[str]) -> str:
    """Return the rules of a style sheet that give some drawings the letters that they were measured with.

    What this font has no letter for is drawn in one of the reader's machine.

    Parameters
    ----------
    drawings : iterable of str
        As `tenure.experiments.report.figures.rendered.inline.inline_svg` makes them, or pages that hold them.
    """
    letters = "".join(sorted({letter for one in drawings for text in _TEXT.findall(one) for letter in unescape(text)}))
    return "".join(_rule(weight, letters) for weight in WEIGHTS) if letters else ""


def _rule(weight: str, letters: str) -> str:
    """Return the rule of one weight."""
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True, drop_tables=["FFTM"])
    with subset.load_font(findfont(FontProperties(family=[BASE], weight=weight)), options) as font:
        chooser = subset.Subsetter(options)
        chooser.populate(text=letters)
        chooser.subset(font)
        out = io.BytesIO()
        font.flavor = options.flavor
        font.save(out)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    return (
        f'@font-face{{font-family:"{BASE}";font-weight:{WEIGHTS[weight]};'
        f'src:url("data:font/woff;base64,{data}") format("woff")}}\n'
    )

"""A figure as the page carries it: drawn as lines, with no more digits than can be seen, in the page itself."""

import re
from urllib.parse import quote

from matplotlib.figure import Figure

from tenure.experiments.report.figures.rendered.image import image_bytes

LONG = 400
"""Letters from which a line is drawn with one digit after the point (a tenth of a point: nobody sees it), else two."""
KEPT = " !$'()*+,-./:;=?@_~"
"""Characters that a quoted address may hold as they are."""
SHORT = {' xmlns:xlink="http://www.w3.org/1999/xlink"': "", "xlink:href": "href", "DejaVuSans-": "d"}
"""Words that a drawing has hundreds of times."""
_COMMENT = re.compile(r"<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>", re.DOTALL)
_PATH = re.compile(r' d="([^"]*)"')
_LETTER = re.compile(r' transform="translate\((\S+) 0\)"(?=/>)')
"""Where a letter of a word stands."""
_PLACE = re.compile(r' (?:x|y)="[^"]*"|translate\([^)]*\)')
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_STEP = re.compile(r" ?([A-Za-z]) ?")


def page_source(figure: Figure) -> str:
    """Return a figure as an address that holds all of it, for the source of an image; the same figure, the same text.

    It has no double quote, no ``&`` and no ``<``, so that it stands in an attribute as it is.

    Parameters
    ----------
    figure : Figure
        What to show.
    """
    svg = compact_svg(image_bytes(figure, "svg").decode("utf-8"))
    return "data:image/svg+xml," + quote(svg if "'" in svg else svg.replace('"', "'"), safe=KEPT)


def compact_svg(svg: str) -> str:
    r"""Return a drawing without remarks and with rounded coordinates: the same to the eye, a third of the size.

    >>> compact_svg('<!-- a --><path d="M 1.234567 2.000001 \\nL 3 4 "/>')
    '<path d="M1.23 2L3 4"/>'
    """
    bare = " ".join(_COMMENT.sub("", svg).split()).replace("> <", "><")
    for long, short in SHORT.items():
        bare = bare.replace(long, short)
    bare = _LETTER.sub(r' x="\1"', bare)
    return _PATH.sub(_short_path, _PLACE.sub(lambda found: _rounded(found[0], 2), bare))


def _short_path(found: re.Match[str]) -> str:
    line = found[1].strip()
    return f' d="{_STEP.sub(_letter, _rounded(line, 1 if len(line) > LONG else 2))}"'


def _letter(found: re.Match[str]) -> str:
    return found[1]


def _rounded(text: str, digits: int) -> str:
    return _NUMBER.sub(lambda found: f"{round(float(found[0]), digits):z.{digits}f}".rstrip("0").rstrip("."), text)

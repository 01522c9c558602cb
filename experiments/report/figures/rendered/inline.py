"""A figure as part of a page: its letters stay text, in a font that the page carries once for all figures."""

import re
from collections import Counter
from hashlib import blake2s
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.figure import Figure

from tenure.experiments.report.figures.rendered.image import image_bytes

LONG = 400
"""Letters from which a line is drawn with one digit after the point (a tenth of a point: nobody sees it), else two."""
OFTEN = 2
"""Times that a style is used from which it has a name."""
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_UPRIGHT = re.compile(r"rotate\(-?0 [^)]*\)")
_PLACES = ("x", "y", "width", "height", "transform")
_USED = re.compile(r"#([\w-]+)")


def inline_svg(figure: Figure) -> str:
    """Return a figure as an element of a page; the same figure, the same text.

    Parameters
    ----------
    figure : Figure
        What to show.
    """
    return compact_svg(image_bytes(figure, "svg", text=True).decode("utf-8"))


def compact_svg(svg: str) -> str:
    """Return a drawing without what is not drawn and with rounded coordinates: the same to the eye.

    Styles that several shapes share have names made of what they say, so that drawings on one page do not disturb
    each other.

    Parameters
    ----------
    svg : str
        As matplotlib writes it: its lines begin in absolute coordinates.
    """
    root = ElementTree.fromstring(svg)
    root.attrib = {"viewBox": root.attrib["viewBox"]}
    for element in root.iter():
        element.tag = _bare(element.tag)
        element.attrib = {_bare(name): _rewritten(_bare(name), text) for name, text in element.attrib.items()}
    used = {name for element in root.iter() for text in element.attrib.values() for name in _USED.findall(text)}
    for element in root.iter():
        if element.attrib.get("id", "") not in used:
            element.attrib.pop("id", None)
    _unwrap(root)
    _name_styles(root)
    return ElementTree.tostring(root, encoding="unicode")


def _bare(name: str) -> str:
    """Return a name without its namespace, which a page does not need."""
    return name.rpartition("}")[2]


def _rewritten(name: str, text: str) -> str:
    """Return what an attribute says, in fewer letters."""
    if name == "d":
        line = " ".join(text.split())
        return short_path(line, 1 if len(line) > LONG else 2)
    if name == "style":
        return text.replace("; ", ";").replace(": ", ":")
    if name in _PLACES:
        return _NUMBER.sub(lambda found: _plain(round(float(found[0]), 2), 2), _UPRIGHT.sub("", text))
    return text


def short_path(line: str, digits: int) -> str:
    """Return a line with each step from the point before it, all of them rounded in one grid.

    >>> short_path("M 10.04 20 L 10.04 30 L 12 31.26 z", 1)
    'M10 20v10l2 1.3z'

    Parameters
    ----------
    line : str
        Of absolute moves, straight lines, and curves.
    digits : int
        After the point.
    """
    grid = 10**digits
    out: list[str] = []
    at = start = (0, 0)
    last = ""
    for step, text in _STEP.findall(line):
        numbers = [round(float(one) * grid) for one in text.split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if not points:
            name, told, at = "z", [], start
        elif step == "M":
            name, told, at = "M", numbers, points[0]
            start = at
        else:
            across, down = (points[-1][axis] - at[axis] for axis in (0, 1))
            if step == "L" and not across * down:
                name, told = ("h", [across]) if across else ("v", [down])
            else:
                name, told = step.lower(), [here[axis] - at[axis] for here in points for axis in (0, 1)]
            at = points[-1]
        parts = [_plain(one / grid, digits) for one in told]
        joined = "".join(part if part.startswith("-") or not place else f" {part}" for place, part in enumerate(parts))
        again = name == last and name in "lhv"
        out.append((" " * (not joined.startswith("-")) if again else name) + joined)
        last = name
    return "".join(out)


def _plain(number: float, digits: int) -> str:
    """Return a number without what says nothing: a sign of nothing, noughts at either end."""
    text = f"{number:z.{digits}f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _unwrap(parent: Element) -> None:
    """Drop what is not drawn, and groups that only hold others together."""
    kept: list[Element] = []
    for child in parent:
        child.tail = None
        if child.tag in ("metadata", "style"):
            continue
        _unwrap(child)
        if child.tag == "text":
            child.attrib = {name: text for name, text in child.attrib.items() if text}
        elif child.tag in ("g", "defs"):
            child.text = None
            if not len(child):
                continue
            if child.tag == "g" and not child.attrib:
                kept += child
                continue
        kept.append(child)
    parent[:] = kept
    if parent.tag != "text":
        parent.text = None


def _name_styles(root: Element) -> None:
    """Write each style that is used often once."""
    times = Counter(element.attrib.get("style", "") for element in root.iter())
    names = {
        style: f"_{blake2s(style.encode(), digest_size=4).hexdigest()}"
        for style, count in times.items()
        if style and count >= OFTEN
    }
    for element in root.iter():
        if element.attrib.get("style", "") in names:
            element.attrib["class"] = names[element.attrib.pop("style")]
    if names:
        sheet = Element("style")
        sheet.text = "".join(f".{name}{{{style}}}" for style, name in names.items())
        root.insert(0, sheet)

"""Draw `docs/architecture.svg`: the four floors, the folders on each, and which folder imports which.

Run `python docs/floors.py` after a folder or an import between folders has come or gone. The picture follows from the
source text alone, so that the same tree gives the same bytes; no file is named and none is counted in it.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("agents", "policies", "simulation", "experiments")
"""From the ground up: imports point down or sideways."""
DOOR = "tenure"

EXAMPLES = "experiments/examples"
"""Folder of what is a user's, and shipped."""
Graph = dict[str, set[str]]


# The graph -----------------------------------------------------------------------------------------------------


def modules_of(root: Path) -> dict[str, Path]:
    """Return the modules of the four floors by dotted name, without the name of the door; a package by its own name.

    Policies of shipped examples are none of them: as a user's own they come in by the door.
    """
    found = {}
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            if path.is_relative_to(root / EXAMPLES):
                continue
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, path: Path, modules: Mapping[str, Path], in_functions: bool = True) -> set[str]:
    """Return which modules of the floors a module imports, those for type checkers alone counted.

    Parameters
    ----------
    in_functions : bool
        Whether imports inside functions count.
    """
    found: set[str] = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), in_functions):
        if isinstance(node, ast.Import):
            wanted = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [(_absolute(name, path, node), alias.name) for alias in node.names]
        else:
            continue
        for package, member in wanted:
            package = package.removeprefix(f"{DOOR}.")
            whole = (f"{package}.{member}" if package and package != DOOR else member) if member else package
            found |= {whole if whole in modules else package} & modules.keys()
    return found - {name}


def graph_of(root: Path, in_functions: bool = True) -> Graph:
    """Return module -> the modules that it imports."""
    modules = modules_of(root)
    return {name: imports_of(name, path, modules, in_functions) for name, path in modules.items()}


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return circles of a graph, one of each knot that is left when those found are cut; none if there is an order."""
    kept = {name: set(targets) for name, targets in graph.items()}
    found = []
    while True:
        try:
            TopologicalSorter(kept).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            found.append(circle)
            for name in circle:
                kept[name] -= set(circle)
        else:
            return found


def _statements(tree: ast.AST, in_functions: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if in_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _statements(node, in_functions)


def _absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *filter(None, [node.module])])


def imports_between(graph: Graph, modules: Mapping[str, Path], root: Path) -> Counter[tuple[str, str]]:
    """Return how many imports lead from one folder to another."""
    home = {name: path.parent.relative_to(root).as_posix() for name, path in modules.items()}
    return Counter((home[name], home[target]) for name, targets in graph.items() for target in targets)


def folders_of(graph: Graph, modules: Mapping[str, Path], root: Path) -> Graph:
    """Return folder -> the folders that its files import, as `floor` or `floor/folder`."""
    home = {name: path.parent.relative_to(root).as_posix() for name, path in modules.items()}
    folders: Graph = {folder: set() for folder in home.values()}
    for name, targets in graph.items():
        folders[home[name]] |= {home[target] for target in targets} - {home[name]}
    return folders


def knots_of(graph: Graph) -> list[tuple[str, ...]]:
    """Return the folders in groups that import each other, directly or round about; most are alone."""
    reach = {name: _reached(graph, name) for name in graph}
    return sorted({tuple(sorted({name, *(one for one in reach[name] if name in reach[one])})) for name in graph})


def downward(group: Sequence[str], imports: Counter[tuple[str, str]]) -> list[str]:
    """Return folders that import each other in an order in which most imports point on, not back.

    First comes, again and again, who imports the rest the most and is imported by it the least.

    >>> downward(["a", "b"], Counter({("b", "a"): 3, ("a", "b"): 1}))
    ['b', 'a']
    """
    left, order = sorted(group), list[str]()
    while left:
        net = {one: sum(imports[one, other] - imports[other, one] for other in left) for one in left}
        order.append(max(left, key=net.__getitem__))
        left.remove(order[-1])
    return order


def reduced(graph: Graph) -> Graph:
    """Return the arrows of a graph without circles that are needed: not those that a longer way implies.

    >>> reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    {'a': {'b'}, 'b': {'c'}, 'c': set()}
    """
    reach = {name: _reached(graph, name) for name in graph}
    return {name: {one for one in to if not any(one in reach[other] for other in to)} for name, to in graph.items()}


def _reached(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += graph[name]
    return seen


# The picture ---------------------------------------------------------------------------------------------------

WIDE, MARGIN, HEAD = 1200, 24, 80
BOX, GAP, ROW, PAD = 196, 20, 40, 14
"""Width of a box, the space between two beside and above each other, and the rim of a group."""
LINE, LETTER = 14.5, 5.7
"""Height of a line of small text, and the mean width of a letter in it, pixels."""
TINTS = {"agents": "#E8F1F8", "policies": "#FDF3DF", "simulation": "#E3F3EE", "experiments": "#F6EAF1"}
"""Pale blue, orange, green and purple of Okabe & Ito's palette; nothing hangs on the colour, each floor is named."""
INK, GREY = "#1F1F1F", "#5A5A5A"
OWN = "own files"
"""Stands for the files of a floor that lie in none of its folders."""


class Box(NamedTuple):
    """A folder, or a group of folders, as it is drawn."""

    x: float
    y: float
    wide: float
    high: float


def svg(root: Path = ROOT) -> str:
    """Return the picture as SVG."""
    modules = modules_of(root)
    graph = graph_of(root)
    folders, imports = folders_of(graph, modules, root), imports_between(graph, modules, root)
    says = {name: _says(root / name) for name in {*folders, *FLOORS}}
    parts: list[str] = []
    top = float(HEAD)
    for floor in reversed(FLOORS):
        drawn, high = _floor(floor, folders, imports, says, top)
        parts += drawn
        top += high + 16
    return "\n".join([*_frame(top - 16 + MARGIN), *parts, "</svg>", ""])


def _says(folder: Path) -> str:
    """Return the first line of what a folder says of itself."""
    path = folder / "__init__.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else None
    return (text or "").partition("\n")[0]


def _frame(high: float) -> list[str]:
    arrow = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"'
    words = (
        "An arrow leads from a folder to one that it imports on its own floor; what longer ways imply is left out. "
        "Small print: what else a folder imports.",
        "Folders within a dashed line import each other; they stand in an order in which most imports point on, and "
        "'back to' names those that point back.",
    )
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high:.0f}" width="{WIDE}" height="{high:.0f}" '
        'font-family="DejaVu Sans, Verdana, sans-serif" role="img" aria-label="The four floors and their folders">',
        "<!-- Made by docs/floors.py; do not edit. -->",
        f'<defs><marker id="down" {arrow}><path d="M0 0L10 5L0 10z" fill="{GREY}"/></marker></defs>',
        f'<rect width="{WIDE}" height="{high:.0f}" fill="white"/>',
        _text(MARGIN, 30, "Four floors: whoever stands higher imports from below, never the other way", 17, bold=True),
        *(_text(MARGIN, 50 + LINE * number, line, 11, GREY) for number, line in enumerate(words)),
    ]


def _floor(
    floor: str, folders: Graph, imports: Counter[tuple[str, str]], says: Mapping[str, str], top: float
) -> tuple[list[str], float]:
    """Return the elements of one floor, and its height."""
    own = {name: targets for name, targets in folders.items() if name.split("/")[0] == floor}
    inside = {name: targets & own.keys() for name, targets in own.items()}
    knots = {group[0]: downward(group, imports) for group in knots_of(inside)}
    knot = {name: first for first, group in knots.items() for name in group}
    between: Graph = {first: set() for first in knot.values()}
    for name, targets in inside.items():
        between[knot[name]] |= {knot[target] for target in targets} - {knot[name]}
    arrows = reduced(between)
    lines = {name: _lines(name, says[name], folders[name], knots[knot[name]]) for name in own}
    boxes: dict[str, Box] = {}
    groups: dict[str, Box] = {}
    y = top + 50
    for layer in _layers(arrows):
        for row in _parted([knots[first] for first in layer]):
            high = _row(row, lines, y, boxes, groups)
            y += high + ROW
    high = y - ROW + 18 - top
    return [
        f'<rect x="{MARGIN / 2:g}" y="{top:.1f}" width="{WIDE - MARGIN}" height="{high:.1f}" rx="8" '
        f'fill="{TINTS[floor]}"/>',
        _text(MARGIN, top + 24, floor, 16, bold=True),
        _text(MARGIN + 10.6 * len(floor) + 14, top + 24, says[floor], 12, GREY),
        *(_arrow(groups[knots[a][0]], groups[knots[b][0]]) for a in arrows for b in sorted(arrows[a])),
        *(_outline(groups[group[0]]) for group in knots.values() if len(group) > 1),
        *(part for name, box in boxes.items() for part in _box(box, name.partition("/")[2] or floor, lines[name])),
    ], high


def _lines(name: str, says: str, imported: set[str], group: Sequence[str]) -> list[tuple[str, str]]:
    """Return what stands in a box, each line with its colour: what the folder is, then what no arrow shows."""
    width = int((BOX - 20) / LETTER)
    at = group.index(name)
    parts = {
        "": [one for one in group[at + 1 :] if one in imported],
        "back to": [one for one in group[:at] if one in imported],
    }
    for floor in reversed(FLOORS[: FLOORS.index(name.split("/")[0])]):
        parts[floor] = [one for one in sorted(imported) if one.split("/")[0] == floor]
    lines = [(line, INK) for line in wrap(says if "/" in name else "the files of the floor itself", width)]
    for label, wanted in parts.items():
        named = ", ".join(one.partition("/")[2] or OWN for one in wanted)
        if wanted:
            words = label if named == OWN and label in FLOORS else f"{label or 'beside'}: {named}"
            lines += [(line, GREY) for line in wrap(words, width)]
    return lines


def _layers(graph: Graph) -> list[list[str]]:
    """Return the names row by row: each above all that it leads to, and near those that lead to it."""
    depth: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        depth[name] = 1 + max((depth[target] for target in graph[name]), default=-1)
    layers = [sorted(name for name in graph if depth[name] == level) for level in sorted(set(depth.values()))[::-1]]
    place = {name: (number + 0.5) / len(row) for row in layers for number, name in enumerate(row)}
    for row in layers[1:]:
        above = {name: [place[one] for one in graph if name in graph[one]] for name in row}
        mean = {name: sum(places) / len(places) if places else place[name] for name, places in above.items()}
        row.sort(key=mean.__getitem__)
        place |= {name: (number + 0.5) / len(row) for number, name in enumerate(row)}
    return layers


def _parted(groups: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Yield rows of groups that fit beside each other; a group that is wider than all has a row of its own."""
    row: list[Sequence[str]] = []
    for group in groups:
        if row and sum(map(_width, [*row, group])) + GAP * len(row) > WIDE - 2 * MARGIN:
            yield row
            row = []
        row.append(group)
    yield row


def _across(group: Sequence[str]) -> int:
    """Return how many boxes of a group stand beside each other."""
    most = (WIDE - 2 * MARGIN - 2 * PAD + GAP) // (BOX + GAP)
    rows = -(-len(group) // most)
    return -(-len(group) // rows)


def _width(group: Sequence[str]) -> float:
    return _across(group) * (BOX + GAP) - GAP + (2 * PAD if len(group) > 1 else 0)


def _row(
    row: Sequence[Sequence[str]],
    lines: Mapping[str, Sequence[tuple[str, str]]],
    top: float,
    boxes: dict[str, Box],
    groups: dict[str, Box],
) -> float:
    """Place the groups of a row and the boxes in them; return how high the row is."""
    x = (WIDE - sum(map(_width, row)) - GAP * (len(row) - 1)) / 2
    highest = 0.0
    for group in row:
        rim, across, y = PAD if len(group) > 1 else 0, _across(group), top
        for start in range(0, len(group), across):
            part = group[start : start + across]
            high = 32 + LINE * max(len(lines[name]) for name in part)
            y += rim
            for place, name in enumerate(part):
                boxes[name] = Box(x + rim + place * (BOX + GAP), y, BOX, high)
            y += high
        groups[group[0]] = Box(x, top, _width(group), y + rim - top)
        x += _width(group) + GAP
        highest = max(highest, y + rim - top)
    return highest


def _box(box: Box, name: str, lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:g}" height="{box.high:.1f}" rx="5" fill="white" '
        f'stroke="{GREY}" stroke-width="1"/>'
    )
    yield _text(box.x + 10, box.y + 20, name, 13, bold=True)
    for number, (line, colour) in enumerate(lines):
        yield _text(box.x + 10, box.y + 37 + LINE * number, line, 10.5, colour)


def _outline(box: Box) -> str:
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:g}" height="{box.high:.1f}" rx="8" fill="none" '
        f'stroke="{GREY}" stroke-width="1.2" stroke-dasharray="6 4"/>'
    )


def _arrow(one: Box, other: Box) -> str:
    """Return an arrow from the lower edge of one box to the upper edge of another."""
    x0, x1 = one.x + one.wide / 2, other.x + other.wide / 2
    y0, y1 = one.y + one.high, other.y - 2
    bend = (y1 - y0) / 2
    path = f"M{x0:.1f} {y0:.1f}C{x0:.1f} {y0 + bend:.1f} {x1:.1f} {y1 - bend:.1f} {x1:.1f} {y1:.1f}"
    return f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.4" marker-end="url(#down)"/>'


def _text(x: float, y: float, words: str, size: float, colour: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{weight}>{escape(words)}</text>'


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "architecture.svg"
    target.write_text(svg(), encoding="utf-8")
    print(target)

"""The shape of the code: four floors, imports never point up or round, one home and one name for each concept."""

import ast
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from docs.floors import (
    DOOR,
    FLOORS,
    ROOT,
    circles,
    downward,
    folders_of,
    graph_of,
    imports_between,
    imports_of,
    knots_of,
    modules_of,
    reduced,
    svg,
)

MOST_LINES = 400
"""A file that is longer is read by nobody to the end."""
MOST_FILES = 12
"""Files of a folder that one takes in at a glance; `__init__.py` says what the folder is and does not count."""
MOST_ANY = 60
UNLIKE_THE_FIELD = {"house", "houses", "room", "rooms", "swing", "swings", "goods", "watches"}
"""Words that a colleague would not use: means, limits, volatility, products, observes are the field's."""
OF_OTHERS = {
    "_replace": "of named tuples, documented",
    "_asdict": "of named tuples, documented",
    "_fields": "of named tuples, documented",
    "_make": "of named tuples, documented",
    "_field_defaults": "of named tuples, documented",
    "_getframe": "of sys, documented",
    "_exit": "of os, documented",
    "_numba_type_": "how Numba knows an entry point, as its own dispatchers have it",
}
"""Names with an underscore that other programs hand out."""
NEEDED_UNSEEN = {"networkx": "later Mesa imports it and does not ask for it"}
"""Dependency that nothing here imports -> why it is asked for."""
NAMED_OTHERWISE = {"fonttools": "fontTools", "ruamel.yaml": "ruamel", "scikit-learn": "sklearn"}
"""Dependency -> how it is imported, where that is another name."""
COME_WITH = {"pydantic_core": "pydantic", "markupsafe": "jinja2"}
"""Package -> the dependency that it is a part of."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def files() -> dict[str, Path]:
    return {path.relative_to(ROOT).as_posix(): path for path in modules_of(ROOT).values()}


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports; what lies behind the door counts as what it is."""
    found = set()
    for node in ast.walk(tree_of(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == DOOR:
                names = [f"{DOOR}.{alias.name}" if alias.name in FLOORS else DOOR for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            found.add(rest[0] if first == DOOR and rest and rest[0] in FLOORS else first)
    return found


# Imports -------------------------------------------------------------------------------------------------------


def test_imports_point_down_or_sideways() -> None:
    for level, floor in enumerate(FLOORS):
        for path in (path for path in modules_of(ROOT).values() if path.is_relative_to(ROOT / floor)):
            above = imported(path) & {*FLOORS[level + 1 :], DOOR, "tests"}
            assert not above, f"{path.relative_to(ROOT)} imports {above}"


def test_no_circle_of_imports() -> None:
    """Those for type checkers alone and those inside functions counted: they hide a circle and mend none."""
    assert [" -> ".join(circle) for circle in circles(graph_of(ROOT))] == []


@pytest.mark.parametrize("door", ["", "tenure."])
@pytest.mark.parametrize(
    "back",
    [
        "from {door}agents.rules.one import f\n",
        "from {door}agents.rules import one\n",
        "import {door}agents.rules.one\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {door}agents.rules.one import f\n",
        "class A:\n    def f(self):\n        from {door}agents.rules.one import f\n",
        "try:\n    from {door}agents.rules import one as two\nexcept ImportError:\n    pass\n",
        "from .rules.one import f\n",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path, door: str, back: str) -> None:
    """One file in a folder, one on the floor itself, each of which imports the other."""
    lay(tmp_path, {"agents/rules/one.py": f"from {door}agents.two import g\n", "agents/two.py": back.format(door=door)})
    assert [set(circle) for circle in circles(graph_of(tmp_path))] == [{"agents.rules.one", "agents.two"}]


def test_imports_by_hand(tmp_path: Path) -> None:
    text = "import numpy\nfrom tenure.agents import a, NAME\nfrom policies.c import d\nfrom agents import missing\n"
    lay(tmp_path, {"agents/a.py": "", "policies/c.py": "def f():\n    import agents.a\n", "policies/d.py": text})
    modules = modules_of(tmp_path)
    assert imports_of("policies.d", modules["policies.d"], modules) == {"agents", "agents.a", "policies.c"}
    assert imports_of("policies.c", modules["policies.c"], modules) == {"agents.a"}
    assert imports_of("policies.c", modules["policies.c"], modules, in_functions=False) == set()


def lay(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(root).parents:
            if folder != Path():
                (root / folder / "__init__.py").touch()
        path.write_text(text)


def dependencies(table: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in table}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    """Those for development alone are no dependencies of users, and no file of theirs may import them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = dependencies(project["dependencies"])
    assert NEEDED_UNSEEN.keys() <= declared
    wanted = {NAMED_OTHERWISE.get(name, name) for name in declared - NEEDED_UNSEEN.keys()}
    found = set().union(*(imported(path) for path in files().values()))
    others = found - set(sys.stdlib_module_names) - {*FLOORS, DOOR}
    assert {COME_WITH.get(name, name) for name in others} == wanted


def test_exact_versions_are_known_of_all_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = dependencies((ROOT / "constraints.txt").read_text().splitlines())
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    wanted = dependencies([*project["dependencies"], *extras])
    assert {name.replace(".", "-") for name in wanted} <= pinned


# Files and folders ---------------------------------------------------------------------------------------------


def test_no_file_is_over_400_lines() -> None:
    """A bell, not a wall: what is over it holds more than one concept."""
    paths = [path for floor in (*FLOORS, "tests") for path in sorted((ROOT / floor).rglob("*.py"))]
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}, "split these"


def test_a_folder_holds_a_dozen_files_at_most() -> None:
    """The shelf aside, which grows by a file with each policy."""
    count: dict[str, int] = defaultdict(int)
    for path in files().values():
        count[path.parent.relative_to(ROOT).as_posix()] += path.name != "__init__.py"
    assert {folder: n for folder, n in count.items() if n > MOST_FILES and folder != "policies/shelf"} == {}


def test_lines_are_not_won_by_leaving_the_formatter_out() -> None:
    left_out = [name for name, path in files().items() if re.search(r"#\s*fmt:\s*(skip|off)", path.read_text())]
    assert left_out == []


# Names ---------------------------------------------------------------------------------------------------------


def test_no_class_name_means_two_things() -> None:
    """Classes of a whole file; one inside a function or a class has no name elsewhere."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name, path in files().items():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_no_name_is_one_that_the_field_would_not_use() -> None:
    found = defaultdict(set)
    for name, path in files().items():
        for one in {one for node in ast.walk(tree_of(path)) for one in names_in(node)}:
            if UNLIKE_THE_FIELD & set(words_of(one)):
                found[name].add(one)
    assert dict(found) == {}


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node gives or reads."""
    for field in ("name", "id", "attr", "arg", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def words_of(name: str) -> list[str]:
    """Return the words of a name.

    >>> words_of("GuardRooms"), words_of("swing_of_profit")
    (['guard', 'rooms'], ['swing', 'of', 'profit'])
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def test_words_of_names() -> None:
    assert words_of("GuardRooms") == ["guard", "rooms"] and words_of("swing_of_profit") == ["swing", "of", "profit"]
    assert words_of("MAX_ROOM2") == ["max", "room"] and words_of("household") == ["household"]


# What another file may not read --------------------------------------------------------------------------------


def test_no_private_name_is_read_from_another_file() -> None:
    found = [f"{name}:{line} {what}" for name, path in files().items() for line, what in private_reads(tree_of(path))]
    assert found == []


def private_reads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of what a file reads that begins with an underscore and is not given in the same file."""
    given = {*OF_OTHERS}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            given.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            if isinstance(node, ast.Name) or (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                given.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names if is_private(alias.name))
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in given:
            base = node.value
            if not (isinstance(base, ast.Name) and base.id in ("self", "cls")):
                yield node.lineno, f"{ast.unparse(base)}.{node.attr}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def test_private_reads_by_hand() -> None:
    text = """
from tenure.policies.view import InstitutionView, _other
import sys
class A:
    _shared = 1
    def __init__(self, view):
        self._mine, self.view = 1, view
        self._not_given()
        print(A._shared, view._mine, view.__class__, view._replace(a=1), sys._getframe(1))
        view._beliefs = 2
        print(self.view._places)
"""
    found = sorted(private_reads(ast.parse(text)))
    assert found == [(2, "_other"), (10, "view._beliefs"), (11, "self.view._places")]


def test_any_is_rare() -> None:
    """A protocol, a record or `object` says what is wanted; Any says nothing."""
    lines = {name: len(lines_of_any(tree_of(path))) for name, path in files().items()}
    assert sum(lines.values()) < MOST_ANY, {name: count for name, count in lines.items() if count}


def lines_of_any(tree: ast.Module) -> set[int]:
    """Return the lines on which Any is imported, or stands in a type, be it written as a text."""
    found = set()
    for node in ast.walk(tree):
        if "Any" in names_in(node):
            found.add(getattr(node, "lineno", 0))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\bAny\b", node.value):
            with suppress(SyntaxError):
                inner = ast.walk(ast.parse(node.value, mode="eval"))
                found |= {node.lineno for one in inner if "Any" in names_in(one)}
    return found


def test_lines_of_any_by_hand() -> None:
    text = '''"""Any sentence."""
import typing
from typing import Any
x: "dict[str, Any]" = {}
def f(one: typing.Any, other: list[Any]) -> int:  # Any
    return "Any of them"
'''
    assert lines_of_any(ast.parse(text)) == {3, 4, 5}


# The picture ---------------------------------------------------------------------------------------------------


def test_the_picture_of_the_floors_is_current() -> None:
    path = ROOT / "docs" / "architecture.svg"
    assert path.read_text(encoding="utf-8") == svg(), "run: python docs/floors.py"


def test_the_picture_shows_every_folder_and_the_arrows_that_are_needed(tmp_path: Path) -> None:
    """Shelf needs guard and view, guard needs view: that from shelf to view is implied. Books and rows form a knot."""
    lay(
        tmp_path,
        {
            "agents/month.py": "",
            "policies/shelf/a.py": "import policies.guard.b, tenure.policies.view.c\n",
            "policies/guard/b.py": "from tenure.policies.view import c\n",
            "policies/view/c.py": "from agents import month\n",
            "simulation/books/d.py": "import simulation.rows.e\n",
            "simulation/rows/e.py": "def f():\n    import simulation.books.d\n",
            "experiments/report/sections/f.py": "",
        },
    )
    modules = modules_of(tmp_path)
    folders = folders_of(graph_of(tmp_path), modules, tmp_path)
    assert folders["policies/shelf"] == {"policies/guard", "policies/view"} and folders["policies/view"] == {"agents"}
    assert ("simulation/books", "simulation/rows") in knots_of(folders)
    imports = imports_between(graph_of(tmp_path), modules, tmp_path)
    assert imports["policies/shelf", "policies/view"] == 1 and imports["policies/view", "policies/shelf"] == 0
    picture = svg(tmp_path)
    assert picture == svg(tmp_path) and picture.count("marker-end=") == 2 and picture.count("stroke-dasharray") == 1
    for name in ("shelf", "guard", "view", "books", "rows", "report/sections", *FLOORS):
        assert f">{name}</text>" in picture


def test_arrows_that_longer_ways_imply_are_left_out() -> None:
    assert reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_folders_that_import_each_other_stand_in_the_order_of_most_imports() -> None:
    """Of the three imports of a circle the rarest points back."""
    assert downward(["a", "b", "c"], Counter({("c", "a"): 3, ("a", "b"): 2, ("b", "c"): 1})) == ["c", "a", "b"]

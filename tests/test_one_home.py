"""One home for each concept: what stood in several places, with laws that tell when it does so again."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.floors import DOOR, ROOT
from tenure.policies.shelf import SHELF
from tenure.simulation.phases import MONTH
from tests.test_shape import files, tree_of

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
REGISTERED = {"Metric"}
"""Calls that hand what they make to a register, by which the program finds it."""
MARKS = {"cache", "lru_cache", "dataclass", "contextmanager", "rule", "compiled"}
"""Decorators that hand nothing to a register."""
FOR_USERS = {
    "declared_at": "says what is declared of one number of a market, in programs of a user's own",
    "Collecting": "lets Mesa's DataCollector observe a market in programs of a user's own",
}
"""What the program does not call -> whom it is for."""


def everywhere() -> Iterator[tuple[str, ast.Module]]:
    for name, path in files().items():
        yield name, tree_of(path)


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for name, tree in everywhere():
        yield from ((name, node) for node in ast.walk(tree))


def assigned(node: ast.AST) -> list[str]:
    """Return the names that a line gives."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


@pytest.mark.parametrize("name", ["US", "NEVER"])
def test_a_place_or_a_sign_is_declared_once(name: str) -> None:
    homes = [file for file, tree in everywhere() for node in tree.body if name in assigned(node)]
    assert len(homes) == 1


def test_never_is_written_by_its_name() -> None:
    """Where it bounds a declared number it is that number's own."""
    found = []
    for name, tree in everywhere():
        bounds = {id(one) for node in ast.walk(tree) if called(node) == "Parameter" for one in ast.walk(node)}
        found += [
            (name, node.lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value == 999 and id(node) not in bounds
        ]
    assert len(found) == 1 and found[0][0].endswith("belief.py"), found


def called(node: ast.AST) -> str:
    """Return the name of what a node calls; empty if it calls nothing by name."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def test_addresses_of_luck_are_made_in_one_file() -> None:
    """A shift by a whole number of bits of an address; one bit after the other is something else."""
    found = {
        name
        for name, node in nodes()
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.LShift)
        and isinstance(node.right, ast.Constant)
        and node.right.value in (9, 25)
    }
    assert found <= {name for name in found if name.endswith("chance.py")}


def test_institutions_have_one_index() -> None:
    """Row 0 is nobody in all arrays; nobody counts one off, or takes ours by its number."""
    wrong = []
    for name, node in nodes():
        if isinstance(node, ast.Subscript):
            one_off = isinstance(node.slice, ast.BinOp) and isinstance(node.slice.op, ast.Sub)
            of, at = ast.unparse(node.value).rpartition(".")[2], ast.unparse(node.slice)
            if (one_off and at in ("US - 1", "me - 1", "index - 1", "one.index - 1")) or (of == "names" and at == "1"):
                wrong.append((name, node.lineno))
    assert wrong == []


def test_money_of_the_real_book_becomes_simulated_money_at_one_door() -> None:
    read = {name for name, node in nodes() if isinstance(node, ast.Attribute) and node.attr == "people_each_stands_for"}
    assert {name.rpartition("/")[2] for name in read} == {"purse.py"}


def test_a_budget_has_one_default() -> None:
    """Where another class has it, it is taken from there; None inherits it."""
    defaults = [
        node.value.value
        for _, node in nodes()
        if isinstance(node, ast.AnnAssign)
        and assigned(node) == ["budget_per_month"]
        and isinstance(node.value, ast.Constant)
        and node.value.value is not None
    ]
    assert len(defaults) == 1


def test_settings_read_nothing_from_a_policy() -> None:
    """The register of policies is all that a market knows of the shelf."""
    wrong = [
        (name, node.module)
        for name, node in nodes()
        if isinstance(node, ast.ImportFrom)
        and name.startswith("simulation/")
        and re.match(rf"({DOOR}\.)?policies\.shelf\.", node.module or "")
    ]
    assert wrong == []


def test_the_order_of_a_month_stands_once() -> None:
    """Nobody but the list of phases calls two of them in a row on the same market."""
    names, wrong = {phase.name for phase in MONTH}, []
    trees = [*everywhere(), *((path.name, tree_of(path)) for path in sorted((ROOT / "benchmarks").glob("*.py")))]
    for file, tree in trees:
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                whose: dict[str, set[str]] = defaultdict(set)
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                        whose[ast.unparse(node.func.value)].add(node.func.attr)
                wrong += [(file, function.name, one, found) for one, found in whose.items() if len(found) > 1]
    assert wrong == []


POLICIES = {policy.__name__ for policy in SHELF.values()}
"""Classes that the shelf finds in its folder."""


def test_nothing_is_kept_for_tests_alone() -> None:
    """What a file gives is read by the program, by its door, or found by a register; the rest is dead."""
    trees = [*everywhere(), *((path.name, tree_of(path)) for path in door_files())]
    read = Counter(name for _, tree in trees for name in names_read(tree))
    dead = [
        f"{file}: {name}"
        for file, tree in trees
        for node in tree.body
        for name in given(node)
        if not read[name] - list(names_read(node)).count(name) and not name.startswith("__") and name not in FOR_USERS
        if not (file.startswith("policies/shelf/") and name in POLICIES)
    ]
    assert dead == []


def door_files() -> list[Path]:
    return [path for path in (ROOT / f"{DOOR}.py", ROOT / DOOR / "__init__.py") if path.is_file()]


def given(node: ast.AST) -> list[str]:
    """Return the names that a line of a file gives to others, but for those that a register takes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        marks = {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list}
        return [node.name] if marks <= MARKS else []
    value = getattr(node, "value", None)
    return [] if value is not None and called(value) in REGISTERED else assigned(node)


def names_read(tree: ast.AST) -> Iterator[str]:
    """Yield each name that is read, as often as it is; one that a text names, as in ``module:name``, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not re.search(r"\s", node.value):
            yield from re.findall(r"\w+", node.value)


def test_dead_names_by_hand() -> None:
    text = """
LIMIT, UNREAD = 1, 2
def again(n):
    return again(n - 1) if n > LIMIT else "worker:started"
@app.command()
def registered(): ...
@cache
def kept(): ...
def started(): ...
ONE = Metric(name="one")
"""
    tree = ast.parse(text)
    read = Counter(names_read(tree))
    dead = [name for node in tree.body for name in given(node) if not read[name] - [*names_read(node)].count(name)]
    assert dead == ["UNREAD", "again", "kept"]

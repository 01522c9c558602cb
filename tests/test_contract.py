"""The contract of the rulebook: what rules may use, so that both engines give the same bits; and who writes what."""

import ast
import builtins
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from tenure import agents

AGENTS = Path(agents.__file__).resolve().parent
TREES = {path.relative_to(AGENTS).as_posix(): ast.parse(path.read_text()) for path in sorted(AGENTS.rglob("*.py"))}
ROOT = AGENTS.parent
MATH = {"sqrt", "floor"}
"""What every machine computes alike, to the last bit; exp, log and their kin are rules of `agents.mathematics`."""
BUILTINS = {"abs", "min", "max", "len", "range", "int", "float", "bool"}
WORDS = {"draw4", "two_to", "two_to_steps", "exponent", "log_of_step", "inverse_of_step"}
"""What reads or makes the bits of a number, each with a law of its own."""
FORBIDDEN: tuple[type[ast.AST], ...] = (
    ast.Pow,
    ast.Try,
    ast.TryStar,
    ast.Raise,
    ast.With,
    ast.GeneratorExp,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.Dict,
    ast.Set,
    ast.List,
    ast.Lambda,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.Global,
    ast.Nonlocal,
    ast.Import,
    ast.ImportFrom,
    ast.JoinedStr,
    ast.Delete,
    ast.Starred,
    ast.NamedExpr,
)


def marks(function: ast.FunctionDef) -> set[str]:
    """Return the names of a function's decorators."""
    return {node.id for mark in function.decorator_list for node in ast.walk(mark) if isinstance(node, ast.Name)}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


RULES = {
    f"{name}:{function.name}": function
    for name, tree in TREES.items()
    for function in functions(tree)
    if "rule" in marks(function)
}
RULE_NAMES = {name.split(":")[1] for name in RULES}
RECORDS = {
    node.name
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "NamedTuple" for base in node.bases)
}


def breaches(function: ast.FunctionDef, own: Set[str] = frozenset(), numpy: Set[str] = frozenset()) -> list[str]:
    """Return what a rule does that the contract forbids; `own` and `numpy` name what it may call beside rules."""
    found = []
    body = [node for statement in function.body for node in ast.walk(statement)]
    declared = {id(node.value) for node in body if isinstance(node, ast.Attribute) and node.attr in numpy}
    for node in body:
        if isinstance(node, FORBIDDEN):
            found.append(f"line {getattr(node, 'lineno', '?')}: {type(node).__name__}")
        elif isinstance(node, ast.Name) and node.id in ("np", "numpy", "random", "scipy") and id(node) not in declared:
            found.append(f"line {node.lineno}: {node.id}")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
            if node.attr not in MATH | {"pi", "e"}:
                found.append(f"line {node.lineno}: math.{node.attr}")
        elif isinstance(node, ast.Call):
            called = node.func
            name = (
                called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else "?"
            )
            of_math = isinstance(called, ast.Attribute) and ast.unparse(called.value) == "math"
            known = MATH if of_math else BUILTINS | WORDS | RULE_NAMES | RECORDS | own | numpy
            if name not in known or (name in vars(builtins) and name not in BUILTINS and not of_math):
                found.append(f"line {node.lineno}: calls {ast.unparse(called)}")
    return found


def test_there_are_rules_to_check() -> None:
    assert len(RULES) > 60 and len(TREES) > 15


@pytest.mark.parametrize("name", sorted(RULES))
def test_rules_use_only_what_both_engines_compute_alike(name: str) -> None:
    assert breaches(RULES[name]) == []


@pytest.mark.parametrize(
    "body",
    [
        "x ** 2",
        "round(x, 2)",
        "sum(x)",
        "math.gamma(x)",
        "math.exp(x)",
        "math.log(x)",
        "math.pow(x, 2)",
        "math.lgamma(x)",
        "np.exp(x)",
        "max(y for y in x)",
        "[x]",
        "random.random()",
        "math.cos(x)",
        "x.sum()",
        "pow(x, 2)",
        "sorted(x)",
        "str(x)",
    ],
)
def test_the_check_finds_a_breach(body: str) -> None:
    function = next(functions(ast.parse(f"@rule\ndef f(x):\n    return {body}\n")))
    assert breaches(function), body


def test_every_draw_is_addressed_by_its_kind() -> None:
    for name, function in RULES.items():
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in ("luck", "draw4"):
                decision = ast.unparse(call.args[1 if call.func.id == "luck" else 4])
                decision = decision.removeprefix("decision(")
                assert decision.startswith("chance.") or decision in ("kind", "word"), f"{name}: {decision}"


def written(tree: ast.AST) -> set[str]:
    """Return the names whose attributes, or elements of these, a piece of code assigns."""
    found = set()
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign | ast.Delete)
            else [node.target]
            if isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For)
            else []
        )
        parts = [
            p for target in targets for p in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
        ]
        for part in parts:
            inner: ast.AST = part
            while isinstance(inner, ast.Subscript | ast.Attribute):
                inner = inner.value
            if isinstance(inner, ast.Name) and inner is not part:
                found.add(inner.id)
    return found


def test_only_the_month_writes_a_person_or_a_belief() -> None:
    for name, tree in TREES.items():
        if not name.startswith("month/"):
            assert not written(tree) & {"person", "belief", "signal"}, name
    assert "belief" in written(TREES["month/observe.py"]) and "person" in written(TREES["month/live.py"])


def test_what_is_true_and_what_is_believed_never_meet() -> None:
    for name, tree in TREES.items():
        names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if name == "month/observe.py":
            assert "person" not in names and written(tree) <= {"belief", "fault"}
        elif name == "month/tags.py":
            assert "person" not in names and written(tree) <= {"codes"}
        elif name.startswith("month/"):
            assert "belief" not in names


def test_only_rules_and_the_loops_over_them_are_compiled() -> None:
    for floor in ("agents", "policies", "simulation", "experiments"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            tree = ast.parse(path.read_text())
            imports = {
                alias.name.split(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            imports |= {
                (node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
            }
            place = str(path.relative_to(ROOT))
            assert "numba" not in imports or place == "agents/compiling.py", place
            entries = [function.name for function in functions(tree) if "compiled" in marks(function)]
            assert not entries or floor in ("agents", "simulation"), (place, entries)

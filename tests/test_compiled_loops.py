"""What is compiled beside the rules of `agents`: loops over rows, and what reads or makes the bits of a number.

It keeps the same contract: + - * / and what every machine computes alike. NumPy gives it widths of numbers and room.
"""

import ast

import pytest

from tests.test_contract import ROOT, breaches, functions, marks

WIDTHS = {"int8", "int64", "uint32", "uint64", "float64", "bool_"}
ROOM = {"empty", "zeros"}
BITS = {"view"}
"""What takes the same bits for another number."""
OF_BITS = "agents/mathematics/elementary.py:_"
"""How the names begin of functions of bits, which `tests/test_elementary.py` compares with `ldexp` and `frexp`."""
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for floor in ("agents", "policies", "simulation", "experiments")
    for path in sorted((ROOT / floor).rglob("*.py"))
}


def in_their_place(tree: ast.AST) -> set[str]:
    """Return the names of functions that compiled code has in the place of others."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == "when_compiled"}


COMPILED = {
    f"{name}:{function.name}": function
    for name, tree in TREES.items()
    for placed in [in_their_place(tree)]
    for function in functions(tree)
    if marks(function) & {"compiled", "in_bits"}
    or function.name in placed
    or ("rule" in marks(function) and not name.startswith("agents/"))
}
NAMES = {name.rpartition(":")[2] for name in COMPILED}


def test_there_are_loops_to_check() -> None:
    assert {"live_rows", "observe_rows", "count_rows", "philox", "_two_to_by_bits"} <= NAMES


@pytest.mark.parametrize("name", sorted(COMPILED))
def test_loops_use_only_what_every_machine_computes_alike(name: str) -> None:
    function = COMPILED[name]
    numpy = WIDTHS | ROOM | (BITS if name.startswith(OF_BITS) else set())
    assert breaches(function, NAMES, numpy) == []


@pytest.mark.parametrize(
    "body",
    ["np.exp(x)", "x.sum()", "np.sum(x)", "x ** 0.5", "math.exp(x)", "round(x)", "x.view(np.int64)", "np.dot(x, x)"],
)
def test_the_check_finds_a_breach_in_a_loop(body: str) -> None:
    function = next(functions(ast.parse(f"@compiled\ndef f(x):\n    return {body}\n")))
    assert breaches(function, NAMES, WIDTHS | ROOM), body


def test_widths_and_room_are_no_breach() -> None:
    text = "@compiled\ndef f(x):\n    y = np.zeros(3)\n    for i in range(len(x)):\n        y[0] += np.float64(x[i])\n"
    assert breaches(next(functions(ast.parse(text))), NAMES, WIDTHS | ROOM) == []

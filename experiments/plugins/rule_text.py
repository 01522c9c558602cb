"""What the text of a behavioural rule alone shows: whether it is arithmetic, the same on every machine."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tenure.experiments.plugins.marks import RULE_MARK

CALLED = ("abs", "float", "max", "min")
"""Functions of Python that a rule may call."""
OURS = ("tenure.agents.mathematics", "tenure.agents.rules")
"""Modules whose rules it may call."""
_STATEMENTS = (ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.Pass)
_EXPRESSIONS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute, ast.Name)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd, ast.Not)
_HANDLED = (ast.expr_context, ast.boolop, ast.cmpop, ast.operator, ast.unaryop, ast.Constant)
_ARITHMETIC = "A rule has + - * / // %, comparisons, min, max, abs, if, and other rules"
_IN_PLACE = {
    "exp": "exp_ of tenure.agents.mathematics.elementary",
    "log": "log_ of tenure.agents.mathematics.elementary",
    "sqrt": "power_(x, 0.5) of tenure.agents.mathematics.elementary",
    "pow": "power_ of tenure.agents.mathematics.elementary",
}
"""What a rule may call instead, with the same bits on every machine."""


class TextFault(NamedTuple):
    """What a rule's text has that it may not: where, what, and how to mend it."""

    line: int
    column: int
    what: str
    mend: str


def text_faults(text: str, marked: frozenset[str]) -> Iterator[TextFault]:
    """Yield what is wrong with the marked functions of a file's text."""
    tree = ast.parse(text)
    callable_names = {*CALLED, *marked, *_imported(tree)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in marked:
            yield from _of_rule(node, callable_names)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the names of rules that a file takes from the program."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(f"{node.module}.".startswith(f"{one}.") for one in OURS):
            yield from (one.asname or one.name for one in node.names)


def _of_rule(function: ast.FunctionDef, may_call: set[str]) -> Iterator[TextFault]:
    own = {one.arg for one in (*function.args.posonlyargs, *function.args.args)}
    if function.args.vararg or function.args.kwarg or function.args.kwonlyargs:
        yield _fault(function, "a rule takes its arguments one by one", "Write them out, without * and **.")
    own |= {one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    called = {id(one.func) for one in ast.walk(function) if isinstance(one, ast.Call)}
    for statement in function.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # its docstring
        for node in _nodes(statement):
            yield from _of_node(node, own, may_call, called)


def _nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement, annotations left out."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child
            for name, value in ast.iter_fields(node)
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST) and name != "annotation"
        ]


def _of_node(node: ast.AST, own: set[str], may_call: set[str], called: set[int]) -> Iterator[TextFault]:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if not isinstance(node.func, ast.Name) or node.func.id not in may_call:
            short = name.rpartition(".")[2]
            mend = f"Call {_IN_PLACE[short]}." if short in _IN_PLACE else f"{_ARITHMETIC}; mark it with @tenure.rule."
            yield _fault(node, f"the rule calls {name}, which is no rule", mend)
        if node.keywords:
            yield _fault(node, f"the rule calls {name} with names", "Give its arguments in their order.")
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in own and id(node) not in called:
            what = f"the rule reads {node.id}, which is none of its arguments"
            mend = (
                f'Make it a number of its own: {node.id}: Annotated[float, Parameter("1", 0, 10, "assumption")] = 1.0.'
            )
            yield _fault(node, what, mend)
    elif isinstance(node, ast.Attribute):
        if id(node) not in called and not (isinstance(node.value, ast.Name) and node.value.id in own):
            yield _fault(node, f"the rule reads {ast.unparse(node)}", "Read the numbers of its last argument alone.")
        if isinstance(node.ctx, ast.Store):
            yield _fault(node, f"the rule writes {ast.unparse(node)}", "A rule returns a number and writes nothing.")
    elif isinstance(node, ast.BinOp | ast.UnaryOp | ast.AugAssign):
        if not isinstance(node.op, _OPERATORS):
            power = isinstance(node.op, ast.Pow)
            mend = f"Call {_IN_PLACE['pow']}." if power else f"{_ARITHMETIC}."
            yield _fault(node, f"the rule uses {'**' if power else type(node.op).__name__}", mend)
    elif isinstance(node, ast.Constant):
        if not isinstance(node.value, bool | int | float):
            yield _fault(node, f"the rule has {node.value!r:.40}, which is no number", f"{_ARITHMETIC}.")
    elif not isinstance(node, (*_STATEMENTS, *_EXPRESSIONS, *_HANDLED)):
        yield _fault(node, f"the rule has a {type(node).__name__.lower()}", f"{_ARITHMETIC}.")


def _fault(node: ast.AST, what: str, mend: str) -> TextFault:
    return TextFault(getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1, what, mend)


def marked_in(names: dict[str, object], module: str) -> frozenset[str]:
    """Return the names of the rules that a module marks, those that others call among them."""
    return frozenset(
        key
        for key, one in names.items()
        if callable(one) and getattr(one, "__module__", "") == module and hasattr(one, RULE_MARK)
    )

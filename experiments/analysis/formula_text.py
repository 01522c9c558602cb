"""The text by which a value is worked out, as a hash: a formula and whatever it calls, remarks left out.

What was worked out is kept under it, so that a changed formula is worked out anew, all others are kept, and neither a
remark nor another formula in the same file matters.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType


@cache
def formula_text(formula: Callable[..., object], *given: type) -> str:
    """Return the hash of a function and of all that it calls in the program, functions, classes and constants.

    Parameters
    ----------
    formula : callable
        Defined in a file; what it imports for itself is not followed.
    *given : type
        Classes of what it is given, which it calls without naming them.

    Returns
    -------
    str
        SHA-256 (hex) of the parsed text, without decorators, docstrings and remarks.
    """
    seen: set[int] = set()
    parts = [part for thing in (formula, *given) for part in _parts(thing, _home(formula), seen)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _parts(thing: object, home: str, seen: set[int]) -> Iterator[str]:
    """Yield the text of a function or a class, then that of each name in it, each once."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, ModuleType):
        yield thing.__name__
    elif not isinstance(thing, FunctionType | type):
        yield repr(sorted(thing, key=repr) if isinstance(thing, set | frozenset) else thing)
    elif _home(thing) != home:
        yield f"{thing.__module__}.{thing.__qualname__}"
    else:
        text, names = _own_text(thing)
        yield text
        known = thing.__globals__ if isinstance(thing, FunctionType) else vars(inspect.getmodule(thing))
        for name in names:
            if name in known:
                yield from _parts(known[name], home, seen)


@cache
def _own_text(thing: FunctionType | type) -> tuple[str, tuple[str, ...]]:
    """Return the parsed text of a function or a class, and the names in it: many formulas call the same."""
    tree = _plain(ast.parse(textwrap.dedent(inspect.getsource(thing))))
    return ast.dump(tree), tuple(sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}))


def _home(thing: object) -> str:
    """Return the package that something is defined in."""
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _plain(tree: ast.Module) -> ast.Module:
    """Return a text without what does not change what it does: decorators, docstrings and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = []
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                one.annotation = None
    return tree

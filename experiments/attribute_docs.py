"""What is written beside the fields of a class in its source: the docstring below a field, else the remark behind it.

A field's meaning stands where the field is declared; it is read from there when somebody asks, since Python forgets it.
"""

import ast
import inspect
import sys
from functools import cache


@cache
def attribute_docs(described: type) -> dict[str, str]:
    """Return field -> what its source says of it, bases included; nothing of classes without source.

    >>> from agents.choice import Choice
    >>> attribute_docs(Choice)["nobody"]
    'Utility of having no main provider, which competes with all offers.'
    """
    found: dict[str, str] = {}
    for one in reversed(described.__mro__):
        found |= _docs_of_module(one.__module__).get(one.__qualname__, {})
    return found


def declaring_class(described: type, field: str) -> type:
    """Return the class of the bases in whose body a field is annotated last, where it has its meaning."""
    return next((one for one in described.__mro__ if field in inspect.get_annotations(one)), described)


@cache
def _docs_of_module(name: str) -> dict[str, dict[str, str]]:
    """Return class -> field -> text, of the classes that a module declares."""
    try:
        source = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return {}
    lines = source.splitlines()
    return {
        node.name: dict(_fields(node.body, lines)) for node in ast.parse(source).body if isinstance(node, ast.ClassDef)
    }


def _fields(body: list[ast.stmt], lines: list[str]) -> list[tuple[str, str]]:
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        text = lines[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode()
        remark = text.partition("#")[2].partition("# fmt:")[0]
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            remark = after.value.value
        if remark.strip() and "fmt: skip" not in remark:
            found.append((node.target.id, " ".join(remark.split())))
    return found

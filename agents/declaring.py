"""Declarations: a stored field and a parameter are each written down once, with unit and meaning."""

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from typing import Annotated, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np

from tenure.agents.compiling import rule as rule

MAX_PRODUCTS = 8
"""Products in one market at most; per-product fields have this length whatever the config."""


class Field(NamedTuple):
    """What is stored in one column of a record."""

    unit: str
    meaning: str
    writer: str
    """`birth`, `live` or `observe`: who alone writes it."""


class Parameter(NamedTuple):
    """What a number of a rule means: its unit, allowed range, and where its default comes from."""

    unit: str
    low: float
    high: float
    source: str


def fields_of(record: type) -> dict[str, Field]:
    """Return name -> declaration of every stored field of a record class, in order."""
    hints = get_type_hints(record, include_extras=True)
    return {
        name: next(extra for extra in get_args(hint)[1:] if isinstance(extra, Field))
        for name, hint in hints.items()
        if get_origin(hint) is Annotated
    }


def dtype_of(record: type) -> np.dtype[np.void]:
    """Return the NumPy row of a record class: float64, int64, or one of these per product.

    Parameters
    ----------
    record : type
        A class whose annotations are `Annotated[float | int | list[float] | list[int], Field(...)]`.

    Returns
    -------
    numpy.dtype
        Structured and aligned, fields in the order of declaration.
    """
    columns: list[tuple[str, type] | tuple[str, type, tuple[int]]] = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        kind = get_args(hint)[0]
        scalar = np.float64 if kind in (float, list[float]) else np.int64
        columns.append((name, scalar, (MAX_PRODUCTS,)) if get_origin(kind) is list else (name, scalar))
    return np.dtype(columns, align=True)


def parameters_of(group: type) -> dict[str, tuple[type, float | tuple[float, ...], Parameter]]:
    """Return name -> (type, default, declaration) of a NamedTuple of parameters."""
    hints = get_type_hints(group, include_extras=True)
    defaults: dict[str, float | tuple[float, ...]] = getattr(group, "_field_defaults", {})
    found = {}
    for name, hint in hints.items():
        declared = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Parameter)), None)
        if declared is not None:
            found[name] = (get_args(hint)[0], defaults[name], declared)
    return found


@cache
def meanings_of(described: type) -> dict[str, str]:
    """Return attribute -> its docstring, the text that stands below it in the body of its class; bases not included.

    Python keeps no docstrings of attributes: they are read from the class's module when somebody asks what they mean.

    >>> meanings_of(Field)["writer"]
    '`birth`, `live` or `observe`: who alone writes it.'
    """
    return _meanings_in(described.__module__).get(described.__qualname__, {})


@cache
def _meanings_in(module: str) -> dict[str, dict[str, str]]:
    """Return class -> attribute -> docstring, of the classes that a module declares."""
    try:
        body = ast.parse(inspect.getsource(sys.modules[module])).body
    except (KeyError, OSError, TypeError):
        return {}
    return {node.name: dict(_documented(node.body)) for node in body if isinstance(node, ast.ClassDef)}


def _documented(body: list[ast.stmt]) -> list[tuple[str, str]]:
    return [
        (node.target.id, " ".join(after.value.value.split()))
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr)
        if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    ]

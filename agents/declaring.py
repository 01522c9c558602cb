"""Declarations: a stored field and a parameter are each written down once, with unit and meaning."""

from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np

from agents.compiling import rule as rule

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
    columns: list[tuple[Any, ...]] = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        kind = get_args(hint)[0]
        scalar = np.float64 if kind in (float, list[float]) else np.int64
        columns.append((name, scalar, (MAX_PRODUCTS,)) if get_origin(kind) is list else (name, scalar))
    return np.dtype(columns, align=True)


def parameters_of(group: type) -> dict[str, tuple[Any, Any, Parameter]]:
    """Return name -> (type, default, declaration) of a NamedTuple of parameters."""
    hints = get_type_hints(group, include_extras=True)
    defaults: dict[str, Any] = getattr(group, "_field_defaults", {})
    found = {}
    for name, hint in hints.items():
        declared = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Parameter)), None)
        if declared is not None:
            found[name] = (get_args(hint)[0], defaults[name], declared)
    return found

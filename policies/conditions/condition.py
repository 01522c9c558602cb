"""A condition on people: a tree of comparisons, and for whom it holds; `conditions.language` reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.policies.settings.faults import Fault, FaultyError

Fields = Mapping[str, tuple[str, ...] | None]
"""Field name -> its words if it is categorical, None if it is a number."""
Codes = Mapping[str, tuple[str, ...]]
_Rows = NDArray[np.bool_]
Columns = Callable[[str], NDArray[np.generic]]

_OPERATORS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


class ConditionError(FaultyError):
    """A condition that cannot be read: what is wrong, in which column (from 1), and how to mend it."""

    def __init__(self, column: int, message: str, mend: str) -> None:
        super().__init__(Fault(f"at character {column}: {message}", mend))
        self.column, self.message, self.mend = self.args = column, message, mend


class FieldComparison(NamedTuple):
    """``field op values``; several values only with ``in``."""

    field: str
    op: str
    values: tuple[float | str, ...]


class Not(NamedTuple):
    """True where `part` is false."""

    part: "Tree"


class AllOf(NamedTuple):
    """True where every part is true."""

    parts: tuple["Tree", ...]


class AnyOf(NamedTuple):
    """True where some part is true."""

    parts: tuple["Tree", ...]


class Always(NamedTuple):
    """``otherwise``."""


Tree = FieldComparison | Not | AllOf | AnyOf | Always


@dataclass(frozen=True)
class Condition:
    """A condition that was read and checked against its fields."""

    text: str
    tree: Tree
    fields: frozenset[str]  # the names it compares

    def evaluate(self, columns: Columns, codes: Codes, size: int) -> NDArray[np.bool_]:
        """Where the condition holds.

        Parameters
        ----------
        columns : callable
            Field name -> its column, shape (size,); a categorical field as integer codes into its words.
        codes : mapping
            Categorical field -> its words in the order of the codes.
        size : int
            Number of rows (``otherwise`` names no column from which to learn it).

        Returns
        -------
        ndarray of bool, shape (size,)
            A comparison with an unknown value (NaN, or a code without a word) is false, ``!=`` is true.

        Raises
        ------
        ValueError
            If a column has another shape, or a word has no code.
        """
        return _holds(self.tree, lambda comparison: _compare(comparison, columns, codes, size), size)


def _holds(tree: Tree, compare: Callable[[FieldComparison], _Rows], size: int) -> _Rows:
    match tree:
        case FieldComparison():
            return compare(tree)
        case Not(part=part):
            return ~_holds(part, compare, size)
        case AllOf(parts=parts):
            return reduce(np.logical_and, (_holds(part, compare, size) for part in parts))
        case AnyOf(parts=parts):
            return reduce(np.logical_or, (_holds(part, compare, size) for part in parts))
        case Always():
            return np.ones(size, dtype=np.bool_)


def _compare(comparison: FieldComparison, columns: Columns, codes: Codes, size: int) -> _Rows:
    field, op, values = comparison
    column = np.asarray(columns(field))
    if column.shape != (size,):
        raise ValueError(f"column '{field}' has shape {column.shape}, wanted ({size},)")
    words = codes.get(field, ())
    for value in values:
        if isinstance(value, str) and value not in words:
            raise ValueError(f"column '{field}' has no code for the word '{value}', only for {words}")
    wanted = [words.index(value) if isinstance(value, str) else value for value in values]
    if op == "in":
        return reduce(np.logical_or, (column == value for value in wanted))
    return np.asarray(_OPERATORS[op](column, wanted[0]), dtype=np.bool_)

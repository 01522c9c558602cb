"""The one condition language, for segments, eligibility, rules and guards.

A condition compares fields with values: ``leave_per_year > 20% and segment != subprime``. It knows
``< <= > >= == !=``, ``in [a, b]``, ``and``, ``or``, ``not``, parentheses, numbers, percentages and bare
words, and the single word ``otherwise``, which is always true. There are no functions and no arithmetic,
and nothing is ever handed to Python to run.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, NoReturn

import numpy as np

from tenure.policies.conditions.condition import (
    AllOf,
    Always,
    AnyOf,
    Condition,
    ConditionError,
    FieldComparison,
    Fields,
    Not,
    Tree,
)
from tenure.policies.settings.faults import FaultyError
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.settings.written import refuse_thousands

LONGEST_TEXT = 2000
DEEPEST_NESTING = 32
OTHERWISE = "otherwise"

_RESERVED = ("and", "or", "not", "in", OTHERWISE)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?:\s*%)?(?![\w.%]))"
    r"|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<op>==|!=|<=(?!>)|>=|<(?!>)|>)(?![=<>&|!])"
    r"|(?P<mark>[()\[\],]))"
)
_FOREIGN = "&& and, & and, || or, | or, === ==, =< <=, => >=, <> !=, ≤ <=, ≥ >=, ≠ !=, = ==, ! not"
"""What other languages write and what is written here; the longest first."""


def parse_condition(text: str, fields: Fields, shares: Collection[str] = ()) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        The condition, at most 2,000 characters, parentheses and ``not`` at most 32 deep.
    fields : mapping
        The fields it may use -> the words of a categorical field, None for a number.
    shares : collection of str
        Those number fields that are shares or rates: a bare number above 1 is then refused.

    Raises
    ------
    ConditionError
        With the column of the first fault and its mend.

    >>> parse_condition("risk < 20%", {"risk": None}).tree
    FieldComparison(field='risk', op='<', values=(0.2,))
    """
    if not isinstance(text, str) or not text.strip():
        raise ConditionError(1, "the condition is empty", f"Write 'field > 1', or '{OTHERWISE}'.")
    if len(text) > LONGEST_TEXT:
        raise ConditionError(1, f"the condition is longer than {LONGEST_TEXT} characters", "Shorten it.")
    reader = _Reader(_tokens(text), fields, shares, set())
    if reader.token.text == OTHERWISE:
        reader.take()
        if reader.token.kind != "end":
            reader.fail(f"'{OTHERWISE}' stands alone", "Remove what follows.")
        return Condition(text, Always(), frozenset())
    tree = _either(reader)
    if reader.token.kind != "end":
        _fail_at_rest(reader)
    return Condition(text, tree, frozenset(reader.used))


class _Token(NamedTuple):
    kind: str  # number, word, op, mark, end
    text: str
    column: int  # from 1


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            _fail_at_character(text, at)
        kind = match.lastgroup
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text.rstrip()) + 1))
    return tokens


def _fail_at_character(text: str, at: int) -> NoReturn:
    rest = text[at:].lstrip()
    column = len(text) - len(rest) + 1
    for pair in _FOREIGN.split(", "):
        foreign, ours = pair.split()
        if rest.startswith(foreign):
            raise ConditionError(column, f"'{foreign}' is not used here", f"Write '{ours}'.")
    if rest[0] in "'\"`":
        raise ConditionError(column, "words need no quotes", "Write the bare word.")
    if rest[0] in "+-*/%^":
        raise ConditionError(column, "there is no arithmetic", "Compare a field with one value.")
    shown = re.split(r"[\s()\[\],]", rest[:20])[0]
    mend = "Write a number such as 4 or 4%." if rest[0].isdigit() else "Remove it."
    raise ConditionError(column, f"'{shown}' cannot be read", mend)


@dataclass
class _Reader:
    """The tokens not yet read, and what they may name."""

    tokens: list[_Token]
    fields: Fields
    shares: Collection[str]
    used: set[str]
    at: int = 0
    depth: int = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> None:
        self.at = min(self.at + 1, len(self.tokens) - 1)

    def fail(self, message: str, mend: str, column: int | None = None) -> NoReturn:
        raise ConditionError(self.token.column if column is None else column, message, mend)


def _either(reader: _Reader) -> Tree:
    parts = [_both(reader)]
    while reader.token.text == "or":
        reader.take()
        parts.append(_both(reader))
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _both(reader: _Reader) -> Tree:
    parts = [_one(reader)]
    while reader.token.text == "and":
        reader.take()
        parts.append(_one(reader))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _one(reader: _Reader) -> Tree:
    token = reader.token
    if token.text not in ("not", "("):
        return _comparison(reader)
    reader.take()
    reader.depth += 1
    if reader.depth > DEEPEST_NESTING:
        reader.fail(f"nested deeper than {DEEPEST_NESTING}", "Split it into several rules.")
    if token.text == "not":
        tree: Tree = Not(_one(reader))
    else:
        tree = _either(reader)
        if reader.token.text != ")":
            if reader.token.kind == "end":
                reader.fail("this parenthesis is never closed", "Add ')'.", token.column)
            _fail_at_rest(reader)
        reader.take()
    reader.depth -= 1
    return tree


def _comparison(reader: _Reader) -> Tree:
    token = reader.token
    if token.kind == "end":
        reader.fail("the condition stops too early", "Add a comparison such as 'field > 1'.")
    if token.text == OTHERWISE:
        reader.fail(f"'{OTHERWISE}' stands alone", "Remove it, or all the rest.")
    if token.kind != "word" or token.text in _RESERVED:
        mend = "Write the field first, such as 'field > 1'."
        reader.fail(f"a comparison starts with a field, not with '{token.text}'", mend)
    if token.text not in reader.fields:
        is_keyword = token.text.lower() in _RESERVED
        mend = (
            f"Write '{token.text.lower()}'." if is_keyword else did_you_mean(token.text, sorted(reader.fields)).strip()
        )
        reader.fail(f"no field is called '{token.text}'", mend)
    reader.used.add(token.text)
    reader.take()
    op = _operator(reader, token.text)
    if op in ("in", "not in"):
        values: tuple[float | str, ...] = _list(reader, token.text)
    else:
        values = (_value(reader, token.text),)
        if reader.token.kind == "op":
            mend = f"Write '{token.text} > 1 and {token.text} < 5'."
            reader.fail("comparisons cannot be chained", mend)
    comparison = FieldComparison(token.text, op.removeprefix("not "), values)
    return Not(comparison) if op == "not in" else comparison


def _operator(reader: _Reader, field: str) -> str:
    words = reader.fields[field]
    token = reader.token
    reader.take()
    if token.text == "in":
        return "in"
    if token.text == "not":
        if reader.token.text != "in":
            reader.fail(f"after '{field} not' comes 'in'", f"Write '{field} not in [...]'.")
        reader.take()
        return "not in"
    if token.kind != "op":
        if token.text in ("is", "equals"):
            reader.fail(f"'{token.text}' is not used here", "Write '=='.", token.column)
        example = "> 1" if words is None else f"== {'true' if 'true' in words else [*words, 'word'][0]}"
        reader.fail(f"'{field}' is compared with nothing", f"Write '{field} {example}'.", token.column)
    if words is not None and token.text[0] in "<>":
        reader.fail(f"'{field}' holds words, which have no order", "Use '==', '!=' or 'in'.", token.column)
    return token.text


def _list(reader: _Reader, field: str) -> tuple[float | str, ...]:
    opening = reader.token
    if opening.text not in ("[", "("):
        reader.fail("after 'in' comes a list", f"Write '{field} in [{opening.text or 'a, b'}]'.")
    closing = "]" if opening.text == "[" else ")"
    reader.take()
    if reader.token.text == closing:
        reader.fail("the list is empty", "Write at least one value.")
    values = [_value(reader, field)]
    while reader.token.text == ",":
        reader.take()
        values.append(_value(reader, field))
    if reader.token.text != closing:
        if reader.token.kind == "end":
            reader.fail("this list is never closed", f"Add '{closing}'.", opening.column)
        reader.fail(f"'{reader.token.text}' does not belong in a list", f"Write ',' or '{closing}'.")
    reader.take()
    return tuple(values)


def _value(reader: _Reader, field: str) -> float | str:
    token = reader.token
    words = reader.fields[field]
    if token.kind == "end":
        reader.fail("the value is missing", "Add a value.")
    if token.kind not in ("number", "word") or token.text in _RESERVED:
        reader.fail(f"'{token.text}' is not a value", "Write a number, a percentage or a bare word.")
    reader.take()
    if words is not None:
        if token.text not in words:
            message = f"'{field}' has no word '{token.text}'"
            raise ConditionError(token.column, message, did_you_mean(token.text, sorted(words)).strip())
        return token.text
    if token.kind != "number":
        kind = "a field" if token.text in reader.fields else "a word"
        mend = "Write a number such as 4 or 4%."
        raise ConditionError(token.column, f"'{field}' is a number, '{token.text}' is {kind}", mend)
    digits = Decimal(token.text.rstrip("% \t\n"))
    number = float(digits.scaleb(-2) if token.text.endswith("%") else digits)
    if not np.isfinite(number):
        raise ConditionError(token.column, f"'{token.text}' is too large", "Write a smaller number.")
    share = field in reader.shares
    if share and not token.text.endswith("%") and number > 1:
        raise ConditionError(token.column, f"{token.text} is above 1", f"Did you mean {token.text}%?")
    try:
        refuse_thousands(token.text, high=1.0 if share else 1e300, zeros_too=not share)
    except FaultyError as error:
        raise ConditionError(token.column, error.faults[0].what, error.faults[0].mend) from None
    return number


def _fail_at_rest(reader: _Reader) -> NoReturn:
    token = reader.token
    if token.text in (")", "]"):
        reader.fail(f"'{token.text}' closes nothing", "Remove it.")
    if token.text in ("AND", "OR"):
        reader.fail(f"'{token.text}' is not used here", f"Write '{token.text.lower()}'.")
    reader.fail(f"'{token.text}' is not expected here", "Join comparisons with 'and' or 'or'.")

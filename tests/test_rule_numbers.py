"""Numbers in the text of rules: what is economics is a parameter, what is a limit has a name."""

import ast

import pytest

from tests.test_contract import RULES

PLAIN = {0, 1, 2, 0.5, 12, 100, 1200}
"""Nothing, one, two, a half, months of a year, cents of a EUR, and points a year as a share a month."""
MATHEMATICS = {
    f"mathematics/{name}"
    for name in (
        "formulas.py:normal_quantile",
        "quantiles.py:stirling_tail",
        "quantiles.py:beta_move",
        "elementary.py:exp_",
        "elementary.py:exp_tail",
        "elementary.py:log_",
        "elementary.py:erf_",
        "elementary.py:erf_within_1",
        "elementary.py:erfc_beyond_1",
    )
}
"""Tables of coefficients, which no market may change."""


def numbers(function: ast.FunctionDef) -> list[int | float]:
    """Return the numbers in a rule's text that are not plain, but for places in a row."""
    places = {id(node.slice) for node in ast.walk(function) if isinstance(node, ast.Subscript)}
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant)
        and type(node.value) in (int, float)
        and id(node) not in places
        and node.value not in PLAIN
    ]


@pytest.mark.parametrize("name", sorted(set(RULES) - MATHEMATICS))
def test_a_rule_holds_no_number_of_its_own(name: str) -> None:
    assert numbers(RULES[name]) == []


def test_the_exceptions_are_needed() -> None:
    assert all(numbers(RULES[name]) for name in MATHEMATICS)


@pytest.mark.parametrize("text", ["0.85 * x", "x + 6", "max(0.3, x)", "x[2] - 1e-6"])
def test_such_a_number_is_found(text: str) -> None:
    function = ast.parse(f"def f(x):\n    return {text}\n").body[0]
    assert isinstance(function, ast.FunctionDef) and len(numbers(function)) == 1

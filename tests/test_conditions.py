"""The condition language: what it means, and what its errors say."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.policies.conditions.condition import (
    AllOf,
    Always,
    AnyOf,
    Condition,
    ConditionError,
    FieldComparison,
    Not,
    Tree,
)
from tenure.policies.conditions.language import parse_condition

STAGES = ("acquisition", "growth", "maturity", "decline")
FIELDS: dict[str, tuple[str, ...] | None] = {
    "risk": None,
    "months_past_due": None,
    "stage": STAGES,
    "opted_out": ("false", "true"),
}
COLUMNS: dict[str, NDArray[np.generic]] = {
    "risk": np.array([0.01, 0.04, 0.2, math.nan]),
    "months_past_due": np.array([0, 1, 2, 3]),
    "stage": np.array([1, 3, 2, -1], dtype=np.int8),
    "opted_out": np.array([False, False, True, False]),
}
CODES = {"stage": STAGES, "opted_out": ("false", "true")}


def where(text: str) -> list[bool]:
    found = parse_condition(text, FIELDS).evaluate(COLUMNS.__getitem__, CODES, 4)
    assert found.dtype == np.bool_ and found.shape == (4,)
    return [bool(hit) for hit in found]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("risk < 4%", [0]),
        ("risk <= 4 %", [0, 1]),
        ("risk<=0.04", [0, 1]),
        ("risk > 2e-2", [1, 2]),
        ("risk != 4%", [0, 2, 3]),
        ("not risk < 4%", [1, 2, 3]),
        ("months_past_due in [1, 3]", [1, 3]),
        ("months_past_due in (1)", [1]),
        ("months_past_due not in [1, 3]", [0, 2]),
        ("months_past_due > -1", [0, 1, 2, 3]),
        ("stage == decline", [1]),
        ("stage != decline", [0, 2, 3]),
        ("stage in [growth, maturity]", [0, 2]),
        ("opted_out == true", [2]),
        ("opted_out == false and risk >= 4%", [1]),
        ("months_past_due == 0 or months_past_due == 1 and stage == growth", [0]),
        ("(months_past_due == 0 or months_past_due == 1) and stage == decline", [1]),
        ("not months_past_due == 0 and not months_past_due == 1", [2, 3]),
        ("not (months_past_due == 0 or months_past_due == 1)", [2, 3]),
        ("  otherwise\n", [0, 1, 2, 3]),
        ("risk > 1%\n  and stage == decline", [1]),
    ],
)
def test_means(text: str, hits: list[int]) -> None:
    assert [row for row, hit in enumerate(where(text)) if hit] == hits


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("", 1, "empty"),
        ("  ", 1, "empty"),
        ("rsk < 4%", 1, "Did you mean 'risk'?"),
        ("zzz < 4%", 1, "Known: months_past_due, opted_out, risk, stage."),
        ("stage == declne", 10, "Did you mean 'decline'?"),
        ("stage in [growth, matrity]", 19, "Did you mean 'maturity'?"),
        ("risk = 4%", 6, "Write '=='"),
        ("risk === 4%", 6, "Write '=='"),
        ("risk =< 4%", 6, "Write '<='"),
        ("risk <> 4%", 6, "Write '!='"),
        ("risk ≥ 4%", 6, "Write '>='"),
        ("risk < 4% && stage == growth", 11, "Write 'and'"),
        ("risk < 4% || stage == growth", 11, "Write 'or'"),
        ("risk < 4% AND stage == growth", 11, "Write 'and'"),
        ("! risk < 4%", 1, "Write 'not'"),
        ("NOT risk < 4%", 1, "Write 'not'"),
        ("risk is 4%", 6, "Write '=='"),
        ("1% < risk < 4%", 1, "Write the field first"),
        ("risk > 1% < 4%", 11, "comparisons cannot be chained"),
        ("(risk > 1%", 1, "never closed"),
        ("risk > 1% and ((risk < 4%)", 15, "never closed"),
        ("risk > 1%)", 10, "closes nothing"),
        ("stage in [growth", 10, "never closed"),
        ("stage in [growth decline]", 18, "does not belong in a list"),
        ("stage in []", 11, "the list is empty"),
        ("stage in growth", 10, "[growth]"),
        ("stage not growth", 11, "not in"),
        ("stage < growth", 7, "no order"),
        ("stage == 'growth'", 10, "no quotes"),
        ("stage == 4%", 10, "no word '4%'"),
        ("risk < high", 8, "is a number"),
        ("risk < months_past_due", 8, "is a field"),
        ("risk + 1 < 4", 6, "arithmetic"),
        ("risk < 4 * 3", 10, "arithmetic"),
        ("risk < 30EUR", 8, "'30EUR' cannot be read"),
        ("risk < 4%%", 8, "cannot be read"),
        ("risk < 1.2.3", 8, "cannot be read"),
        ("risk < 1e999", 8, "too large"),
        ("risk <", 7, "value is missing"),
        ("risk < and", 8, "not a value"),
        ("risk", 5, "Write 'risk > 1'"),
        ("opted_out", 10, "Write 'opted_out == true'"),
        ("risk < 4% and", 14, "stops too early"),
        ("risk < 4% risk > 1%", 11, "Join comparisons"),
        ("otherwise or risk < 4%", 11, "stands alone"),
        ("risk < 4% or otherwise", 14, "stands alone"),
        ("__import__('os').system('x')", 12, "no quotes"),
        ("__import__(os)", 1, "no field is called '__import__'"),
        ("risk.__class__ < 1", 1, "no field"),
        ("exp(risk) < 1", 1, "no field is called 'exp'"),
        ("risk < max(1, 2)", 8, "is a number"),
        ("risk < 4%; stage == growth", 10, "';' cannot be read"),
        ("(" * 33 + "risk < 4%" + ")" * 33, 34, "nested deeper"),
        ("not " * 5000 + "risk < 4%", 1, "longer than"),
        ("not " * 100 + "risk < 4%", 133, "nested deeper"),
    ],
)
def test_an_error_says_where_and_how_to_mend_it(text: str, column: int, told: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse_condition(text, FIELDS)
    assert told in str(error.value)
    assert error.value.column == column
    assert error.value.mend.endswith((".", "?"))


def test_a_bare_number_above_1_for_a_share_is_refused() -> None:
    with pytest.raises(ConditionError, match=r"20 is above 1\. Did you mean 20%\?"):
        parse_condition("risk > 20", FIELDS, shares=["risk"])
    assert parse_condition("risk > 20%", FIELDS, shares=["risk"]).fields == {"risk"}


def test_depth_counts_nesting_not_length() -> None:
    text = " and ".join(["(not (risk < 4%))"] * 60)
    assert where(text) == where("not risk < 4%")
    parse_condition("(" * 32 + "risk < 4%" + ")" * 32, FIELDS)


def test_evaluation_refuses_a_column_of_another_shape_and_a_word_without_a_code() -> None:
    condition = parse_condition("stage == decline", FIELDS)
    with pytest.raises(ValueError, match="shape"):
        condition.evaluate(COLUMNS.__getitem__, CODES, 5)
    with pytest.raises(ValueError, match="no code for the word 'decline'"):
        condition.evaluate(COLUMNS.__getitem__, {"stage": ("growth",)}, 4)


NUMBERS = st.sampled_from([0, 1, 2, 3])
COMPARISONS = st.one_of(
    st.builds(
        FieldComparison,
        st.just("months_past_due"),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.tuples(NUMBERS),
    ),
    st.builds(FieldComparison, st.just("stage"), st.sampled_from(["==", "!="]), st.tuples(st.sampled_from(STAGES))),
    st.builds(FieldComparison, st.just("stage"), st.just("in"), st.lists(st.sampled_from(STAGES), min_size=1)),
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.tuples(inner, inner)),
        st.builds(AnyOf, st.tuples(inner, inner)),
    ),
    max_leaves=8,
)


def written(tree: Tree) -> str:
    match tree:
        case FieldComparison(field=field, op="in", values=values):
            return f"{field} in [{', '.join(map(str, values))}]"
        case FieldComparison(field=field, op=op, values=values):
            return f"{field} {op} {values[0]}"
        case Not(part=part):
            return f"not ({written(part)})"
        case AllOf(parts=parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(f"({written(part)})" for part in parts)
        case Always():
            return "otherwise"


def true_for(tree: Tree, row: Mapping[str, float | str]) -> bool:
    """The meaning, read aloud for one row."""
    match tree:
        case FieldComparison(field=field, op=op, values=values):
            left = row[field]
            if op in ("==", "in", "!="):
                return (left in values) != (op == "!=")
            assert isinstance(left, float) and isinstance(values[0], int | float)
            return {"<": left < values[0], "<=": left <= values[0], ">": left > values[0]}.get(op, left >= values[0])
        case Not(part=part):
            return not true_for(part, row)
        case AllOf(parts=parts):
            return all(true_for(part, row) for part in parts)
        case AnyOf(parts=parts):
            return any(true_for(part, row) for part in parts)
        case Always():
            return True


@settings(max_examples=50)
@given(TREES)
def test_a_written_condition_means_its_tree(tree: Tree) -> None:
    rows: list[dict[str, float | str]] = [
        {"months_past_due": float(due), "stage": stage} for due in range(5) for stage in STAGES
    ]
    columns: dict[str, NDArray[np.generic]] = {
        "months_past_due": np.array([row["months_past_due"] for row in rows]),
        "stage": np.array([STAGES.index(str(row["stage"])) for row in rows]),
    }
    condition = parse_condition(written(tree), FIELDS)
    found = condition.evaluate(columns.__getitem__, CODES, len(rows))
    assert found.tolist() == [true_for(tree, row) for row in rows]


@settings(max_examples=50)
@given(st.one_of(st.text(max_size=40), st.text(alphabet="risk stage<>=!()[],.%019&|notandor", max_size=40)))
def test_any_text_is_a_condition_or_a_condition_error(text: str) -> None:
    try:
        condition = parse_condition(text, FIELDS)
    except ConditionError as error:
        assert 1 <= error.column <= len(text) + 1
    else:
        assert isinstance(condition, Condition)

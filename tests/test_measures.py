"""Measures: what recordings hold is what is declared, no less and no more."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import experiments
from tenure.experiments.analysis.acts import ACT_MEASURES
from tenure.experiments.analysis.gains import PERSON_MEASURES
from tenure.experiments.report.recordings import MEASURES as REPORTED
from tenure.simulation.recording.measure import Key, Measure
from tenure.simulation.recording.measures import MEASURES, MIGRATION, MIGRATION_OF_SEGMENT, UNUSED, measure_of
from tenure.simulation.recording.rows import COLUMNS, Rows, table_of
from tests.markets import INSURANCE, LIVELY, lived, small_market

SEGMENTS = {"recent": "tenure_months < 24", "rest": "otherwise"}
LIMITS = [
    {"quadrant": "low_risk_low_return", "share_of": "balance", "at_least": "1%"},
    {"where": "tenure_months > 5000", "share_of": "customers", "at_most": "50%"},
]


@cache
def recordings() -> tuple[pd.DataFrame, ...]:
    """Return recordings in which everything happens: limits, segments, learning, price cuts, three marks."""
    us: dict[str, Any] = {
        "policy": {"policy": "uniform", "treatment": "loyalty_reward"},
        "share": "60%",
        "feedback": {"every_months": 4, "tenure_months": 0},
        "guards": {"structure": LIMITS},
        "acquisition": {"mail": {"contacts_per_person_per_month": 0.5, "cost_per_contact": 1.0}},
        "poaching": {"points": 1, "months": 6, "money": 10},
    }
    money: dict[str, Any] = {"budget_per_month": 900}
    marks: dict[str, Any] = {"segments": SEGMENTS, "compare_beliefs_every_months": 6}
    whole = small_market(people=600, rules=LIVELY, us=us, world={"newcomers_per_year": 0.1}, guards=money, **marks)
    structure = {"policy": "optimal_structure", "epoch_months": 2, "trial_months": 3}
    learns = small_market(people=150, rules=LIVELY, guards=money, us={"policy": structure})
    cuts = small_market(people=80, rules=LIVELY, guards=money, us={"policy": "price_war"})
    wins_back = {"policy": {"policy": "uniform", "treatment": "win_back"}, "existing_customers": ["open", "settled"]}
    invites = small_market(people=400, rules=LIVELY, guards=money, us=wins_back)
    owe_nothing = small_market(products={"insurance": INSURANCE}, us={"guards": {"structure": LIMITS[:1]}})
    cases = (whole, 19), (learns, 7), (cuts, 3), (invites, 8), (owe_nothing, 1)
    return tuple(lived(config, months, seed=3).recording() for config, months in cases)


def misfits(rows: pd.DataFrame) -> list[str]:
    """Return what rows say that their measures do not allow."""
    found = []
    for name, a, b in rows[["measure", "a", "b"]].drop_duplicates().itertuples(index=False):
        measure = measure_of(name)
        found += [f"{name} a={a!r}"] * (not measure.a.holds(a)) + [f"{name} b={b!r}"] * (not measure.b.holds(b))
    return found


def test_every_row_is_of_a_declared_measure_with_keys_of_the_declared_kind() -> None:
    for rows in recordings():
        assert tuple(rows.columns) == COLUMNS and len(rows) > 100
        assert misfits(rows) == []


def test_every_declared_measure_is_written() -> None:
    written = {measure_of(name).name for rows in recordings() for name in rows["measure"].unique()}
    assert written == set(MEASURES)


@pytest.mark.parametrize(
    "name", ["closing_value", "funnel", "joiners", "markov_order", "reach", "structure_limit", "treatments"]
)
def test_every_word_declared_for_a_key_is_written(name: str) -> None:
    rows, measure = pd.concat([one[one["measure"] == name] for one in recordings()]), MEASURES[name]
    assert set(measure.a.words) <= set(rows["a"]) and set(measure.b.words) <= set(rows["b"])


def test_a_row_with_a_wrong_key_is_found_out() -> None:
    rows = recordings()[0].iloc[:50].copy()
    rows.loc[rows.index[0], "a"] = "nonsense"
    assert misfits(rows) == [f"{rows['measure'].iloc[0]} a='nonsense'"]


READS = ("rows", "by_month", "stock", "total", "of")
"""Methods that take the name of a measure, of what experiments read recordings by."""


def read_by(source: str) -> Iterator[str]:
    """Give the measures that a module reads by name: given to a method that reads, or compared with a column."""
    for node in ast.walk(ast.parse(source)):
        words: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            words = node.args[:1]
        elif isinstance(node, ast.Compare) and "measure" in ast.unparse(node.left):
            words = node.comparators
        yield from (one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_what_experiments_read_is_declared() -> None:
    files = Path(experiments.__file__).parent.rglob("*.py")
    sources = [path.read_text(encoding="utf-8") for path in files if "examples" not in path.parts]
    read = {name for source in sources for name in read_by(source)} | {*PERSON_MEASURES, *ACT_MEASURES, *REPORTED}
    assert len(read) > 20
    assert [name for name in sorted(read) if not any(one.is_named(name) for one in MEASURES.values())] == []
    assert list(read_by("recordings.of('leavers'); x = rows[rows['measure'] == 'nonsense']")) == ["leavers", "nonsense"]


@given(st.text(max_size=20))
def test_no_row_of_an_undeclared_measure_can_be_added(name: str) -> None:
    rows = Rows()
    if name in MEASURES:
        rows.take([(name, 0, "us", "", "", 1.0)])
        return
    with pytest.raises(KeyError, match="no measure"):
        rows.take([("customers", 0, "us", "", "", 1.0), (name, 0, "us", "", "", 1.0)])
    assert len(rows) == 0


def test_rows_come_back_in_their_order() -> None:
    rows = Rows()
    made = [
        ("ledger", 3, "us", "fees", "", 2.5),
        ("customers", 3, "gone", "", "", 4.0),
        ("ledger", 2, "us", "x", "", 1.0),
    ]
    rows.take(made)
    assert list(table_of([rows.columns()]).itertuples(index=False, name=None)) == made


def words(key: Key) -> st.SearchStrategy[str]:
    return st.sampled_from(key.words) if key.words else st.text(min_size=1, max_size=9)


@given(st.data(), st.sampled_from(sorted(MEASURES)))
def test_a_name_leads_back_to_its_measure(data: st.DataObject, name: str) -> None:
    measure = MEASURES[name]
    parts = [data.draw(words(key)) for key in measure.parts.values()]
    assert measure_of(measure.named(*parts)) is measure


@pytest.mark.parametrize(
    "parts", [(), ("quadrant", "true"), ("quadrant", "true", "purses"), ("nonsense", "true", "heads")]
)
def test_a_name_is_made_of_words_that_fit_alone(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"zip|cannot be"):
        MIGRATION.named(*parts)
    assert not MIGRATION_OF_SEGMENT.is_named("/".join(("migration", *parts)))


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda one: one.name)
def test_a_declaration_is_whole(measure: Measure) -> None:
    assert measure.unit and measure.meaning and measure.when and measure.name == measure.name.strip()
    for key in (measure.a, measure.b, *measure.parts.values()):
        assert key is UNUSED or (key.meaning and (key.words or key.form))
        assert len(set(key.words)) == len(key.words)
    assert set(measure.units) <= set(measure.b.words), "a unit of its own is that of a word of b"
    assert measure.name.count("{") == len(measure.parts)

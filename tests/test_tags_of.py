"""The tags of a month: one pass over the records says what the columns of the view say, and what bounds mean."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.belief import QUADRANTS, SCOPES
from tenure.agents.month.tags import reached
from tenure.agents.person import STAGES
from tenure.policies.schemes import RETURN_BANDS, RFM, RISK_GRADES, SCHEMES, SEGMENT, TIERS, Schemes
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.tags import tags_of
from tests.made_views import beliefs_of, view_of

numbers = st.floats(-1e6, 1e6)
ascending = st.lists(numbers, min_size=1, max_size=5, unique=True).map(sorted)
SEGMENTS = Schemes(segments=(("late", "months_past_due > 0"), ("loyal", "tenure_months > 60")))


@settings(max_examples=200, deadline=None)
@given(ascending, st.lists(numbers | st.just(np.nan), max_size=20))
def test_a_value_reaches_the_bounds_that_are_not_above_it(bounds: list[float], values: list[float]) -> None:
    """Who stands on a bound has reached it; what is unknown comes last; compiled and as written."""
    values = [*values, *bounds]
    expected = [len(bounds) if value != value else sum(bound <= value for bound in bounds) for value in values]
    assert [reached(value, bounds) for value in values] == expected
    assert Schemes(risk_grades=tuple(bounds)).risk_grade(np.array(values)).tolist() == expected


def backwards(rows: int, work: Callable[[slice], None]) -> None:
    """Do the work seven rows at a time, the last first."""
    for start in reversed(range(0, rows, 7)):
        work(slice(start, min(start + 7, rows)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10_000), st.permutations([*SCHEMES, SEGMENT]), st.data())
def test_the_tags_are_what_the_columns_of_the_view_say(
    people: int, seed: int, names: list[str], data: st.DataObject
) -> None:
    """Of some records, in any order, whatever schemes are asked for and however the work is cut."""
    luck, records = np.random.default_rng(seed), beliefs_of(people, seed)
    records["scope"] = luck.integers(0, len(SCOPES), people)
    records["months_since_purchase"], records["purchases"] = luck.integers(0, 60, people), luck.integers(0, 6, people)
    places = np.array(data.draw(st.permutations(range(people)))[: data.draw(st.integers(0, people))], np.int64)
    made = view_of(records)
    view = InstitutionView(records, made.posted, 1, 5, made.list_prices, 0.0, 7, 3, places, SEGMENTS)
    tags = tags_of(names, records, places, SEGMENTS.bounds, view.column, backwards)
    for name, told in zip(names, tags, strict=True):
        assert told.tolist() == view.column(name).tolist(), name


def test_tags_by_hand() -> None:
    """One customer: grade C at 3%, 150 EUR a year for 5 years, a third product taken 14 months ago."""
    records = beliefs_of(1, 0)
    records["scope"], records["quadrant"], records["stage"] = 2, 3, 1
    records["default_per_year"], records["margin_per_year"], records["years_expected"] = 0.03, 150.0, 5.0
    records["months_since_purchase"], records["purchases"] = 14, 3
    tags = tags_of([*SCHEMES], records, np.zeros(1, np.int64), Schemes().bounds, view_of(records).column, backwards)
    words = (SCOPES, QUADRANTS, STAGES, RISK_GRADES, RETURN_BANDS, TIERS, RFM)
    told = [word[code] for word, code in zip(words, tags[:, 0].tolist(), strict=True)]
    assert told == ["settled", "high_risk_high_return", STAGES[1], "C", "middle", "gold", "r2f2m2"]

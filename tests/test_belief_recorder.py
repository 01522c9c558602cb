"""The recorder of beliefs, fed by hand: every move of a list of people, wrong tags, and known chains that come back."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tenure.agents.belief import BELIEF, OPEN, QUADRANTS, SETTLED
from tenure.agents.offer import US
from tenure.agents.person import STAGES
from tenure.policies.parts import PostedOffers
from tenure.policies.schemes import RETURN_BANDS, RISK_GRADES, Schemes
from tenure.policies.view import InstitutionView
from tenure.simulation.recording.beliefs.groups import COMPARED, KINDS
from tenure.simulation.recording.beliefs.migration import order_test, triples
from tenure.simulation.recording.beliefs.recorder import BeliefRecorder, Truths
from tenure.simulation.recording.rows import Row
from tests.made_views import INSTITUTIONS, PRICES, PRODUCTS
from tests.made_views import KINDS as PRODUCT_KINDS

Ints = NDArray[np.integer]
Floats = NDArray[np.float64]
TAGS = {"quadrant": QUADRANTS, "stage": STAGES, "risk_grade": RISK_GRADES, "return_band": RETURN_BANDS}
SEGMENTS = (("recent", "tenure_months < 24"), ("rest", "otherwise"))


class Customer(NamedTuple):
    """One person at a mark: tags in the order of TAGS, and whether we keep a file of this customer."""

    true: tuple[int, ...]
    believed: tuple[int, ...]
    eur: int = 0
    tenure_months: int = 0
    in_files: bool = True


class Recorded:
    """A recorder fed by hand, and its rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, str, str, float]] = []
        self.recorder = BeliefRecorder("us", 12)

    def mark(self, month: int, customers: Mapping[int, Customer], strangers: tuple[int, ...] = ()) -> None:
        """Mark these customers by id; strangers are in the files and no customers."""
        kept = [(one, told) for one, told in customers.items() if told.in_files]
        beliefs = np.zeros(len(kept) + len(strangers), BELIEF)
        beliefs["person_id"] = [*[one for one, _ in kept], *strangers]
        beliefs["scope"] = [OPEN] * len(kept) + [SETTLED] * len(strangers)
        beliefs["risk_precision"] = 1.0
        quadrant, stage, grade, band = (
            np.array([told.believed[k] for _, told in kept] + [0] * len(strangers), np.int64) for k in range(4)
        )
        beliefs["quadrant"], beliefs["stage"] = quadrant, stage
        beliefs["default_per_year"] = np.array([0.001, 0.01, 0.03, 0.1, 0.5])[grade]
        beliefs["margin_per_year"] = np.array([-50.0, 50.0, 200.0, 500.0])[band]
        beliefs["tenure_months"] = [told.tenure_months for _, told in kept] + [0] * len(strangers)
        posted = PostedOffers(INSTITUTIONS, PRODUCTS, PRODUCT_KINDS, PRICES)
        view = InstitutionView(beliefs, posted, US, month, PRICES[1], 0.0, 1, 0, schemes=Schemes(segments=SEGMENTS))
        ids = np.array(sorted(customers), np.int64)
        true = {name: np.array([customers[int(i)].true[k] for i in ids], np.int64) for k, name in enumerate(TAGS)}
        eur = np.array([customers[int(i)].eur for i in ids], np.float64)
        self.take(self.recorder.mark(month, view, Truths(ids, true, eur, np.zeros(len(ids)))))

    def take(self, rows: Iterable[Row]) -> None:
        """Keep rows, all of which are ours."""
        for measure, month, us, a, b, value in rows:
            assert us == "us"
            self.rows.append((measure, month, a, b, value))

    def matrix(self, measure: str, months: range | None = None) -> Counter[tuple[str, str]]:
        """Return the sum of a measure by origin and end."""
        made: Counter[tuple[str, str]] = Counter()
        for name, month, a, b, value in self.rows:
            if name == measure and (months is None or month in months):
                made[a, b] += value  # type: ignore[assignment]  # a whole number of people or EUR, as a float
        return made


def test_the_schemes_compared_are_these() -> None:
    assert dict(COMPARED) == TAGS


# By hand -----------------------------------------------------------------------------------------------------------

tags = st.tuples(*(st.integers(0, len(words) - 1) for words in TAGS.values()))
customers = st.builds(Customer, tags, tags, st.integers(0, 9000), st.sampled_from([0, 23, 24, 90]), st.booleans())
marks = st.lists(st.dictionaries(st.integers(0, 9), customers, min_size=1), min_size=2, max_size=4)


def segment(told: Customer) -> str:
    return ("" if not told.in_files else "/recent") if told.tenure_months < 24 or not told.in_files else "/rest"


@settings(max_examples=80, deadline=None)
@given(marks)
def test_moves_are_those_of_a_list_of_people(years: list[dict[int, Customer]]) -> None:
    """Each move by hand: counted once, with the balance at its start, in the segment of its start."""
    recorded = Recorded()
    expected: Counter[tuple[str, int, str, str]] = Counter()
    for year, now in enumerate(years):
        recorded.mark(12 * year, now, strangers=(10, 11))
        if year == 0:
            continue
        old = years[year - 1]
        for kind in KINDS:
            for one in {*old, *now}:
                was, came = (
                    told.get(one) if kind == "true" or (one in told and told[one].in_files) else None
                    for told in (old, now)
                )
                begun = was or came
                if begun is None:
                    continue
                for k, (name, words) in enumerate(TAGS.items()):
                    a = "new" if was is None else words[(was.true if kind == "true" else was.believed)[k]]
                    b = "left" if came is None else words[(came.true if kind == "true" else came.believed)[k]]
                    for part in ("", segment(begun)) if segment(begun) else ("",):
                        expected[f"migration/{name}/{kind}/heads{part}", 12 * year, a, b] += 1
                        expected[f"migration/{name}/{kind}/balance{part}", 12 * year, a, b] += begun.eur
    found = {row[:4]: row[4] for row in recorded.rows if row[0].startswith("migration/")}
    assert found == {key: value for key, value in expected.items() if value}


@settings(max_examples=50, deadline=None)
@given(marks)
def test_tags_are_wrong_where_they_differ(years: list[dict[int, Customer]]) -> None:
    recorded = Recorded()
    for year, now in enumerate(years):
        recorded.mark(12 * year, now, strangers=(10,))
        kept = [told for told in now.values() if told.in_files]
        found = {(m, a): v for m, month, a, b, v in recorded.rows if month == 12 * year and b == "all"}
        for k, name in enumerate(TAGS):
            assert found.get(("tag_error_people", name), 0) == len(kept)
            wrong = sum(told.true[k] != told.believed[k] for told in kept)
            assert found.get(("tag_error", name), 0.0) * len(kept) == pytest.approx(wrong)


# Known chains ------------------------------------------------------------------------------------------------------

P = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.6, 0.2, 0.1], [0.2, 0.1, 0.4, 0.3], [0.05, 0.05, 0.1, 0.8]])
Q = np.array([[0.4, 0.3, 0.2, 0.1], [0.0, 0.9, 0.1, 0.0], [0.3, 0.3, 0.3, 0.1], [0.25, 0.25, 0.25, 0.25]])
PEOPLE, YEARS = 4000, 5


def chain(p: Floats, luck: np.random.Generator, going_back: float = 0.0) -> list[Ints]:
    """Walk a chain; `going_back` is the probability of returning to the cell before the present one."""
    cells: list[Ints] = [luck.integers(0, 4, PEOPLE) for _ in range(2)]
    for _ in range(YEARS):
        step = (luck.random(PEOPLE)[:, None] > p[cells[-1]].cumsum(axis=1)).sum(axis=1)
        cells.append(np.where(luck.random(PEOPLE) < going_back, cells[-2], np.minimum(step, 3)))
    return cells[1:]


def walked(true: list[Ints], believed: list[Ints]) -> Recorded:
    """Return the recording of people whose quadrants walk these chains."""
    recorded = Recorded()
    for year, (a, b) in enumerate(zip(true, believed, strict=True)):
        recorded.mark(12 * year, {i: Customer((int(a[i]), 0, 0, 0), (int(b[i]), 0, 0, 0)) for i in range(PEOPLE)})
    recorded.take(recorded.recorder.finish(12 * YEARS))
    return recorded


def order(recorded: Recorded, kind: str) -> tuple[float, float]:
    """Return the probability of what the test of order found, and its degrees of freedom."""
    found = {b: v for m, _, a, b, v in recorded.rows if (m, a) == ("markov_order", f"quadrant/{kind}")}
    degrees = found["degrees_of_freedom"]
    return float(stats.chi2.sf(found["statistic"], degrees)), degrees


@cache
def first_order() -> Recorded:
    luck = np.random.default_rng(12)
    return walked(chain(P, luck), chain(Q, luck))


@pytest.mark.parametrize(("kind", "p"), [("true", P), ("believed", Q)])
def test_a_known_chain_comes_back(kind: str, p: Floats) -> None:
    found = first_order().matrix(f"migration/quadrant/{kind}/heads")
    matrix = np.array([[found[a, b] for b in QUADRANTS] for a in QUADRANTS], np.float64)
    people = matrix.sum(axis=1, keepdims=True)
    assert matrix.sum() == PEOPLE * YEARS and not any("new" in cell or "left" in cell for cell in found)
    assert np.all(np.abs(matrix / people - p) <= 4 * np.sqrt(p * (1 - p) / people))


@pytest.mark.parametrize(("kind", "degrees"), [("true", 30), ("believed", 24)])
def test_a_chain_of_first_order_is_not_refused(kind: str, degrees: int) -> None:
    """Cell by cell, (cells that lead here - 1) x (cells that one goes to - 1): 6 + 9 + 9 + 6 and 6 + 3 + 9 + 6."""
    probability, found = order(first_order(), kind)
    assert found == degrees and 0.001 < probability < 0.999


def test_a_chain_of_second_order_is_refused() -> None:
    """Going back to where one was with probability 0.1 is found out, in the truth alone or in what is believed."""
    luck = np.random.default_rng(13)
    recorded = walked(chain(P, luck, going_back=0.1), chain(P, luck))
    assert order(recorded, "true")[0] < 1e-6 and order(recorded, "believed")[0] > 0.001


def test_the_order_is_tested_on_all_years_together() -> None:
    luck = np.random.default_rng(14)
    cells = chain(P, luck)
    three_marks = list(zip(cells, cells[1:], cells[2:], strict=False))
    counts = sum((triples(*three, cells=4) for three in three_marks), np.zeros((4, 4, 4)))
    assert counts.sum() == PEOPLE * (YEARS - 1)
    expected = order_test(counts).p_value
    assert order(walked(cells, chain(Q, luck)), "true")[0] == pytest.approx(expected)
    assert order(walked(chain(Q, luck), cells), "believed")[0] == pytest.approx(expected)

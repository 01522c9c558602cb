"""Which conditions can be reached: by hand, against every point of a lattice, and what must not depend on order."""

from collections.abc import Sequence
from itertools import product
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.policies.conditions.condition import Condition
from tenure.policies.conditions.language import parse_condition
from tenure.policies.conditions.reachable import shadowed_by, unreachable

STAGES = ("growth", "maturity", "decline")
FIELDS: dict[str, tuple[str, ...] | None] = {"margin": None, "risk": None, "tenure_months": None, "stage": STAGES}
RANGES, COUNTS = {"risk": (0.0, 1.0)}, ("tenure_months",)


def read(*texts: str) -> list[Condition]:
    return [parse_condition(text, FIELDS) for text in texts]


def lost(conditions: Sequence[Condition], **more: int) -> list[int]:
    return unreachable(conditions, FIELDS, RANGES, COUNTS, **more)


def takers(conditions: Sequence[Condition], index: int, **more: int) -> list[int]:
    return shadowed_by(conditions, index, FIELDS, RANGES, COUNTS, **more)


@pytest.mark.parametrize(
    ("texts", "indexes"),
    [
        ((), []),
        (("otherwise",), []),
        (("otherwise", "margin > 1"), [1]),
        (("otherwise", "otherwise"), [1]),
        (("margin > 1", "otherwise"), []),
        # earlier ones shadow
        (("risk < 10%", "risk < 6%"), [1]),
        (("risk < 6%", "risk < 10%"), []),
        (("risk < 10%", "risk <= 10%"), []),
        (("risk <= 10%", "risk == 10%", "risk < 10%"), [1, 2]),
        (("margin < 5", "margin > 3", "margin == 4"), [2]),
        (("margin < 3", "margin > 3", "otherwise"), []),
        (("margin < 3", "margin >= 3", "otherwise"), [2]),
        (("margin < 3", "margin == 3", "margin > 3", "otherwise"), [3]),
        (("margin < 10 or stage == growth", "margin < 5", "stage == growth and margin > 50"), [1, 2]),
        (("margin < 10 and stage == growth", "margin < 10"), []),
        (("not (margin < 10 and stage == growth)", "margin >= 10", "stage == growth", "stage == decline"), [1, 3]),
        # contradictions
        (("margin > 5 and margin < 3",), [0]),
        (("margin > 3 and margin < 5",), []),
        (("margin == 3 and margin != 3",), [0]),
        (("margin in [1, 2] and margin > 2", "margin in [1, 2] and margin >= 2"), [0]),
        (("not (margin > 3 or margin <= 3)",), [0]),
        (("stage == growth and stage == decline",), [0]),
        (("stage == growth and stage != decline",), []),
        # words are exhausted
        (("stage in [growth, maturity]", "stage == decline", "otherwise"), [2]),
        (("stage in [growth, maturity]", "stage != growth", "stage == decline"), [2]),
        (("stage not in [growth, maturity]", "stage == decline"), [1]),
        # shares lie in [0, 1]
        (("risk > 1", "risk >= 1", "risk < 0", "risk <= 0"), [0, 2]),
        (("risk > 120%", "risk == 150%"), [0, 1]),
        (("risk < 150%", "otherwise"), [1]),
        (("margin > 1", "margin < 0"), []),
        # whole numbers from 0
        (("tenure_months > 2 and tenure_months < 3",), [0]),
        (("tenure_months > 2 and tenure_months < 4",), []),
        (("margin > 2 and margin < 3",), []),
        (("tenure_months == 2.5", "tenure_months > 2.5 and tenure_months <= 3"), [0]),
        (("tenure_months < 0", "tenure_months > -1", "otherwise"), [0, 2]),
        (("tenure_months <= 2", "tenure_months >= 3", "otherwise"), [2]),
        (("tenure_months < 0.5", "tenure_months == 0"), [1]),
        (("tenure_months < 0.5", "tenure_months < 1.5", "tenure_months == 1"), [2]),
        # numbers at the edge of what a float can tell
        (("margin > 1e17", "margin < -1e17", "margin > 1.7e308"), [2]),
        (("margin > 1.7e308", "margin > 1e308 and margin < 1.7e308"), []),
    ],
)
def test_by_hand(texts: tuple[str, ...], indexes: list[int]) -> None:
    assert lost(read(*texts)) == indexes


@pytest.mark.parametrize(
    ("texts", "indexes"),
    [
        (("risk < 10%", "risk < 6%"), [0]),
        (("risk < 3%", "risk < 10%", "risk < 6%"), [1]),
        (("risk < 10%", "risk < 3%", "risk >= 3%", "risk < 6%"), [0]),
        (("risk < 3%", "stage == growth", "risk >= 3%", "risk < 6%"), [0, 2]),
        (("stage == growth", "stage == maturity", "stage == decline", "otherwise"), [0, 1, 2]),
        (("otherwise", "margin > 1"), [0]),
        (("margin < 3 or stage == growth", "margin >= 3", "margin < 5"), [0, 1]),
        (("margin > 1", "margin > 5 and margin < 3"), []),
    ],
)
def test_who_shadows_the_last_by_hand(texts: tuple[str, ...], indexes: list[int]) -> None:
    assert takers(read(*texts), len(texts) - 1) == indexes


def test_what_is_reached_is_shadowed_by_nobody() -> None:
    with pytest.raises(ValueError, match=r"condition 1 \(risk < 10%\)"):
        takers(read("risk < 6%", "risk < 10%"), 1)


def test_a_field_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError, match="margin"):
        unreachable(read("margin > 1"), {"risk": None})


# Constants lie on a lattice, and `LATTICE` holds every value of it, one between each two and one beyond either end, so
# that going through all points decides what can be reached without knowing which constants were drawn.
CONSTANTS = {"margin": ("-1", "0", "2"), "risk": ("0", "25%", "1", "150%"), "tenure_months": ("-1", "0", "1.5", "3")}
LATTICE = {
    "margin": (-1.5, -1.0, -0.5, 0.0, 1.0, 2.0, 2.5),
    "risk": (0.0, 0.1, 0.25, 0.5, 1.0),
    "tenure_months": (0.0, 1.0, 2.0, 3.0, 4.0),
    "stage": (0.0, 1.0, 2.0),
}
POINTS = np.array(list(product(*(LATTICE[name] for name in FIELDS))))


@st.composite
def one_comparison(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(list(FIELDS)))
    values = CONSTANTS.get(field, STAGES)
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        return f"{field} {draw(st.sampled_from(('in', 'not in')))} [{', '.join(some)}]"
    ops = ("==", "!=") if field == "stage" else ("<", "<=", ">", ">=", "==", "!=")
    return f"{field} {draw(st.sampled_from(ops))} {draw(st.sampled_from(values))}"


TEXTS = st.recursive(
    one_comparison(),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda drawn: "({} {} {})".format(*drawn)),
    ),
    max_leaves=4,
)
LISTS = st.lists(st.one_of(TEXTS, st.just("otherwise")), min_size=1, max_size=6).map(lambda texts: read(*texts))


def fits(conditions: Sequence[Condition], points: NDArray[np.float64] = POINTS) -> NDArray[np.bool_]:
    columns = dict(zip(FIELDS, points.T, strict=True))
    return np.array([one.evaluate(columns.__getitem__, {"stage": STAGES}, len(points)) for one in conditions])


def reached(conditions: Sequence[Condition], points: NDArray[np.float64]) -> set[int]:
    where = fits(conditions, points)
    return set(where.argmax(axis=0)[where.any(axis=0)].tolist())


@given(LISTS)
def test_says_what_every_point_of_the_lattice_says(conditions: list[Condition]) -> None:
    assert set(lost(conditions)) == set(range(len(conditions))) - reached(conditions, POINTS)


@given(LISTS, st.integers(0, 2**32 - 1))
def test_no_random_case_reaches_what_is_out_of_reach(conditions: list[Condition], seed: int) -> None:
    luck, people = np.random.default_rng(seed), 5_000
    columns = luck.normal(0, 2, people), luck.random(people), luck.integers(0, 6, people), luck.integers(0, 3, people)
    assert reached(conditions, np.stack(columns, axis=1)).isdisjoint(lost(conditions))


@given(LISTS, st.integers(1, 200))
def test_fewer_cases_prove_less_and_nothing_wrong(conditions: list[Condition], most: int) -> None:
    assert set(lost(conditions, most=most)) <= set(lost(conditions))


@given(LISTS)
def test_later_conditions_change_nothing(conditions: list[Condition]) -> None:
    assert lost(conditions[:-1]) == [index for index in lost(conditions) if index < len(conditions) - 1]


@given(LISTS)
def test_without_what_is_out_of_reach_all_the_rest_is_reached(conditions: list[Condition]) -> None:
    gone = lost(conditions)
    assert lost([one for index, one in enumerate(conditions) if index not in gone]) == []


@given(LISTS, st.sampled_from((60, 200_000)))
def test_those_that_shadow_take_every_case_and_none_can_be_spared(conditions: list[Condition], most: int) -> None:
    where = fits(conditions)
    for index in lost(conditions, most=most):
        found = takers(conditions, index, most=most)
        assert found == sorted(found) and all(k < index for k in found)
        assert not (where[index] & ~where[found].any(axis=0)).any()
        for k in found:
            assert (where[index] & ~where[[j for j in found if j != k]].any(axis=0)).any()


# 40 constants on each of three numbers make 867,267 cases together; each condition alone has at most 225.
WIDE = [f"margin < {k} and risk < {k}% and tenure_months < {k} and stage == growth" for k in range(1, 41)]


def test_too_many_cases_still_show_what_few_conditions_prove() -> None:
    plain = ["margin > 5 and margin < 3", "margin < 10 or stage == growth", "margin < 5", "margin < 20"]
    assert lost(read(*WIDE, *plain)) == [len(WIDE), len(WIDE) + 2]
    assert takers(read(*WIDE, *plain), len(WIDE) + 2) == [len(WIDE) + 1]


def test_conditions_on_the_same_fields_are_tried_before_those_on_more() -> None:
    conditions = read("margin < 3 and stage == growth", "margin < 10", "margin < 5")  # 7 x 3 cases, 5 x 3 without one
    assert lost(conditions, most=15) == [2]


def test_a_condition_too_large_by_itself_is_taken_to_be_reached() -> None:
    assert lost(read("otherwise", "margin > 5 and margin < 3"), most=4) == []
    assert lost(read("otherwise", "margin > 5 and margin < 3"), most=5) == [1]


def test_ten_conditions_on_four_fields_take_less_than_50_ms() -> None:
    numbers = {name: None for name in "abcd"}
    texts = [" and ".join(f"{name} < {k}" for name in numbers) for k in range(1, 11)]
    conditions = [parse_condition(text, numbers) for text in texts]  # 21 values a field, 194,481 cases
    taken = []
    for _ in range(5):
        start = process_time()
        assert unreachable(conditions, numbers) == []
        taken.append(process_time() - start)
    assert min(taken) < 0.05

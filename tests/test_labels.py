"""Names that can be told apart: any two differ in every view, whatever their length and script."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tenure.experiments.life.months import Life, LifeMonth
from tenure.experiments.life.table import print_life
from tenure.experiments.report.labels import least_width, told_apart

SCRIPTS = "ab_12-éß不作为統กำहिदीعربשלום🙂"
alike = st.tuples(st.text(SCRIPTS, max_size=25), st.text(SCRIPTS, max_size=25)).flatmap(
    lambda ends: st.lists(st.text(SCRIPTS, max_size=4).map(lambda middle: ends[0] + middle + ends[1]), max_size=25)
)
"""Names that differ in a few letters, at the beginning, in the middle or at the end."""


@settings(max_examples=400, deadline=None)
@given(st.one_of(alike, st.lists(st.text(max_size=60), max_size=12)), st.integers(0, 45))
def test_no_two_labels_are_the_same_and_none_is_wider(names: list[str], wide: int) -> None:
    wide = max(wide, least_width(len(set(names))))
    labels = told_apart(names, wide)
    assert set(labels) == set(names) and len(set(labels.values())) == len(labels)
    for name, label in labels.items():
        assert cell_len(label) <= wide
        if cell_len(name) <= wide:
            assert label == name


@settings(max_examples=100, deadline=None)
@given(alike, st.integers(0, 4))
def test_a_width_in_which_names_cannot_be_told_apart_is_widened(names: list[str], wide: int) -> None:
    assert len(set(told_apart(names, wide).values())) == len(set(names))


def test_the_end_is_kept_where_twenty_names_differ_in_it() -> None:
    names = [f"retention_offer_high_value_segment_{number:02}" for number in range(1, 21)]
    labels = told_apart(["nothing", *names], 16)
    assert list(labels) == ["nothing", *names]
    for name, label in zip(names, list(labels.values())[1:], strict=True):
        assert label.endswith(name[-2:]) and label.startswith("retent")


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_what_differs_is_kept_wherever_it_is(place: str) -> None:
    """Two names of 60 letters that differ in one; a number tells nobody what it is about."""
    at = {"first": 0, "middle": 30, "last": 59}[place]
    names = ["x" * at + letter + "x" * (59 - at) for letter in "abcdefg"]
    labels = told_apart(names, 14)
    for letter, name in zip("abcdefg", names, strict=True):
        assert letter in labels[name] and "#" not in labels[name]


def test_a_number_is_the_last_resort_and_none_that_is_a_name() -> None:
    names = ["a" * 30 + c + "a" * 30 + d + "a" * 30 for c, d in combinations("bcdef", 2)]
    labels = told_apart([*names, "aa…#1"], 5)
    assert labels["aa…#1"] == "aa…#1" and len(set(labels.values())) == 11


def test_long_names_in_a_life_are_folded_and_none_is_cut() -> None:
    """Two providers that differ in the last letter: both letters are seen."""
    names = ["savings_bank_of_the_western_province_" + letter for letter in "QZ"]
    months = [
        LifeMonth(at, name, "growth", [f"{name}_loan"], 1.0, 2.0, 0, 0.1, 3.0, "low_risk_low_return", None, ["x"], {})
        for at, name in enumerate(names)
    ]
    screen = Console(width=110, highlight=False)
    with screen.capture() as caught:
        print_life(screen, Life(1, 30.0, 2000.0, {"loan": 0.5}, "a", 0, months, "XTS"), "")
    told = caught.get().split("\n\n", 1)[1]  # below the line that says who it is
    assert "…" not in told and told.count("Q") == told.count("Z") == 2
    assert max(map(cell_len, told.splitlines())) <= 110

"""The efficient set, regret and labels: answers by hand and laws."""

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from tenure.experiments.report.figures.frontier import efficient
from tenure.experiments.report.figures.labels import label_dots
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.funnel import funnel_section, refusals
from tenure.experiments.report.sections.optimum import optimum_sections
from tenure.experiments.report.sections.regret import regret_section, regrets


def test_the_efficient_set_by_hand() -> None:
    """b gives more than a for more; c gives less than b for more; d gives as much as b for more; e is like b."""
    places = {"c": (3.0, 1.0), "b": (2.0, 2.0), "a": (0.0, 0.0), "d": (2.5, 2.0), "e": (2.0, 2.0)}
    assert efficient(places) == ["a", "b", "e"]
    assert efficient({"a": (1.0, 5.0)}) == ["a"] and efficient({}) == []


@settings(max_examples=60)
@given(st.dictionaries(st.text(min_size=1), st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1))
def test_nobody_efficient_is_beaten_and_everybody_else_is(places: dict[str, tuple[float, float]]) -> None:
    best = efficient(places)
    gives = [places[name][1] for name in best]
    assert gives == sorted(gives) and max(value for _, value in places.values()) == gives[-1]
    for name, (takes, given_) in places.items():
        beaten = any(places[b][0] <= takes and places[b][1] >= given_ and places[b] != places[name] for b in best)
        assert beaten == (name not in best)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(10, 290), st.integers(10, 290)), min_size=1, max_size=14, unique=True))
def test_labels_touch_neither_each_other_nor_the_edge(dots: list[tuple[int, int]]) -> None:
    """Fourteen labels of one word on a panel of four inches; drawn twice they lie at the same places."""
    extents = [label_extents(dots) for _ in range(2)]
    assert [box.bounds for box in extents[0]] == [box.bounds for box in extents[1]]
    boxes = [box.padded(-0.5) for box in extents[0]]  # half a pixel is rounding
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert box.x0 >= 0.0 and box.x1 <= 400.0 and box.y0 >= 0.0 and box.y1 <= 400.0


def label_extents(dots: list[tuple[int, int]]) -> list[Bbox]:
    figure = Figure((4.0, 4.0), dpi=100)
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, 300), ylim=(0, 300))
    at = {f"uniform {i}": (float(x), float(y)) for i, (x, y) in enumerate(dots)}
    label_dots(ax, at, {name: name for name in at}, dict.fromkeys(at, "black"))
    assert sorted(text.get_text() for text in ax.texts) == sorted(at)
    FigureCanvasAgg(figure).draw()
    return [text.get_window_extent() for text in ax.texts]


def with_profits(**profits: list[float]) -> Recordings:
    rows = [
        {"arm": arm, "replication": r, "metric": "profit_per_customer", "value": value}
        for arm, values in profits.items()
        for r, value in enumerate(values)
    ]
    arms = tuple(profits)
    return Recordings(arms[0], arms, {}, pd.DataFrame(rows), oracles=("oracle",))


def test_regret_is_paired_and_the_oracles_is_0() -> None:
    recordings = with_profits(nothing=[1.0, 5.0, 3.0], better=[9.0, 13.1, 10.9], oracle=[4.0, 8.1, 5.9])
    found = regrets(recordings, "oracle")
    assert found["oracle"] == (0.0, 0.0, 0.0)
    assert found["nothing"].mean == pytest.approx(3.0) and found["better"].mean == pytest.approx(-5.0)
    section = regret_section(recordings)
    assert section is not None
    assert section.sentences[0].startswith(
        "Seeing the truth is not enough: better earns more than oracle beyond chance"
    )
    assert [row[0] for row in section.tables[0].rows] == ["better", "oracle", "nothing (champion)"]
    assert regret_section(Recordings("nothing", ("nothing", "better"), recordings.rows)) is None


def test_the_nearest_arm_short_of_the_oracle_is_named() -> None:
    section = regret_section(with_profits(nothing=[1.0, 5.0, 3.0], a=[3.0, 7.1, 4.9], oracle=[4.0, 8.1, 5.9]))
    assert section is not None and section.sentences[0].startswith("a comes nearest to oracle, 1.0 ± 0 EUR short")


def recorded(measure: str, rows: list[tuple[str, int, int, str, str, float]]) -> pd.DataFrame:
    columns = ["arm", "replication", "month", "a", "b", "value"]
    return pd.DataFrame(rows, columns=columns).assign(measure=measure)


def test_funnel_and_refusals_by_hand() -> None:
    """Of 40 proposals over two months 10 are refused by the budget and 2 by contacts."""
    steps = ("in scope", "eligible", "proposed", "allowed", "contacted", "took it", "got nothing")
    people = {"nothing": (90, 80, 0, 0, 0, 0, 90), "a": (100, 60, 20, 14, 12, 3, 86)}
    funnel = [
        (arm, 0, month, step, "", float(n))
        for arm, many in people.items()
        for month in (0, 12)
        for step, n in zip(steps, many, strict=True)
    ]
    treatments = [("nothing", 0, month, "", "cost_eur", 0.0) for month in (0, 1)]
    treatments += [
        ("a", 0, 0, "reward", "proposed", 30.0),
        ("a", 0, 1, "review", "proposed", 10.0),
        ("a", 0, 0, "reward", "refused:budget", 10.0),
        ("a", 0, 1, "review", "refused:contacts", 2.0),
    ]
    rows = {"funnel": recorded("funnel", funnel), "treatments": recorded("treatments", treatments)}
    recordings = Recordings("nothing", ("nothing", "a"), rows)
    table = refusals(recordings)
    assert table.loc["a"].to_dict() == {"budget": 0.25, "contacts": 0.05, "proposals": 20.0}
    section = funnel_section(recordings)
    assert section is not None
    assert section.tables[0].rows[1] == ("a", "100", "60", "20", "14", "12", "3.0", "86")
    assert section.sentences == (
        "Under a, a month 14 of 100 in scope get something and 86% nothing.",
        "Without any treatment of single customers: nothing.",
        "a has 30.0% of its proposals refused, 25.0% by budget.",
    )
    assert funnel_section(Recordings("nothing", ("nothing",), {})) is None


def test_notes_of_a_structure_are_averaged_and_conflicts_named() -> None:
    notes = {
        "target/growth.low_risk_high_return": (0.3, 0.5),
        "target/growth.high_risk_low_return": (0.7, 0.5),
        "now/growth.low_risk_high_return": (0.1, 0.1),
        "now/growth.high_risk_low_return": (0.9, 0.9),
        "mix/none": (0.75, 0.75),
        "mix/loyalty_reward": (0.25, 0.25),
        "price/budget": (1.5, 2.5),
        "price/budget/5%": (1.0, 1.0),
        "price/budget/50%": (2.0, 2.0),
        "price/budget/95%": (3.0, 3.0),
        "reached/budget": (4.0, 4.0),
        "infeasible": (0.0, 1.0),
        "conflict/floor of low_risk_high_return/nearest": (0.2, 0.2),
    }
    rows = [("a", r, 5, name, "", value) for name, values in notes.items() for r, value in enumerate(values)]
    rows += [("b", 0, 5, "regret_eur/so_far", "", 1234.0)]
    recordings = Recordings("a", ("a", "b"), {"policy_notes": recorded("policy_notes", rows)})
    structure, believed = optimum_sections(recordings)
    assert structure.sentences[0] == "a wants above all more low-risk high-return customers: 40.0% instead of 10.0%."
    assert structure.sentences[1] == "What binds, with its price: budget (2.00)."
    assert "In 1 of 2 replications the targets cannot be met together" in structure.sentences[2]
    composition, mix, prices = structure.tables
    assert composition.rows[0][:2] == ("low-risk high-return", "10.0 ± 0") and mix.rows[0][0] == "none"
    assert prices.rows[0][2:] == ("1.00", "2.00", "3.00", "4.00")
    assert believed.sentences[0].startswith("b believes to have lost 1,234")

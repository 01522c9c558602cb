"""The efficient set, regret and labels: answers by hand and laws."""

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.findings_funnel import funnel_section, refusals
from experiments.findings_optimum import optimum_sections
from experiments.findings_regret import regret_section, regrets
from experiments.outcomes import Outcomes
from experiments.plots_frontier import efficient
from experiments.plots_labels import Box, placed


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


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(10, 290), st.integers(10, 290)), min_size=1, max_size=14, unique=True))
def test_labels_touch_neither_each_other_nor_the_edge(dots: list[tuple[int, int]]) -> None:
    at = {str(i): (float(x), float(y)) for i, (x, y) in enumerate(dots)}
    found = placed(at, dict.fromkeys(at, (40.0, 10.0)), Box(0, 0, 300, 300))
    for one, other in combinations(found.values(), 2):
        assert one.box.overlap(other.box) == 0.0
    for label in found.values():
        assert label.box.overlap(Box(0, 0, 300, 300)) == pytest.approx(400.0)


def with_profits(**profits: list[float]) -> Outcomes:
    rows = [{"arm": arm, "replication": r, "a": "profit_per_customer", "b": "", "month": 1, "value": value}
            for arm, values in profits.items() for r, value in enumerate(values)]  # fmt: skip
    arms = tuple(profits)
    return Outcomes(arms[0], arms, {"metric": pd.DataFrame(rows)}, oracles=("oracle",))


def test_regret_is_paired_and_the_oracles_is_0() -> None:
    outcomes = with_profits(nothing=[1.0, 5.0, 3.0], better=[9.0, 13.1, 10.9], oracle=[4.0, 8.1, 5.9])
    found = regrets(outcomes, "oracle")
    assert found["oracle"] == (0.0, 0.0)
    assert found["nothing"].mean == pytest.approx(3.0) and found["better"].mean == pytest.approx(-5.0)
    section = regret_section(outcomes)
    assert section is not None
    assert section.sentences[0].startswith(
        "Seeing the truth is not enough: better earns more than oracle beyond chance"
    )
    assert [row[0] for row in section.tables[0].rows] == ["better", "oracle", "nothing (champion)"]
    assert regret_section(Outcomes("nothing", ("nothing", "better"), outcomes.rows)) is None


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
    funnel = [(arm, 0, month, step, "", float(n)) for arm, many in people.items() for month in (0, 12)
              for step, n in zip(steps, many, strict=True)]  # fmt: skip
    treatments = [("nothing", 0, month, "", "cost_eur", 0.0) for month in (0, 1)]
    treatments += [("a", 0, 0, "reward", "proposed", 30.0), ("a", 0, 1, "review", "proposed", 10.0),
                   ("a", 0, 0, "reward", "refused:budget", 10.0),
                   ("a", 0, 1, "review", "refused:contacts", 2.0)]  # fmt: skip
    rows = {"funnel": recorded("funnel", funnel), "treatments": recorded("treatments", treatments)}
    outcomes = Outcomes("nothing", ("nothing", "a"), rows)
    table = refusals(outcomes)
    assert table.loc["a"].to_dict() == {"budget": 0.25, "contacts": 0.05, "proposals": 20.0}
    section = funnel_section(outcomes)
    assert section is not None
    assert section.tables[0].rows[1] == ("a", "100", "60", "20", "14", "12", "3.0", "86")
    assert section.sentences == (
        "Under a, a month 14 of 100 in scope get something and 86% nothing.",
        "nothing does nothing to single customers.",
        "a has 30.0% of its proposals refused, 25.0% by budget.",
    )
    assert funnel_section(Outcomes("nothing", ("nothing",), {})) is None


def test_notes_of_a_structure_are_averaged_and_conflicts_named() -> None:
    notes = {"target/growth.low_risk_high_return": (0.3, 0.5), "target/growth.high_risk_low_return": (0.7, 0.5),
             "now/growth.low_risk_high_return": (0.1, 0.1), "now/growth.high_risk_low_return": (0.9, 0.9),
             "mix/none": (0.75, 0.75), "mix/loyalty_reward": (0.25, 0.25), "price/budget": (1.5, 2.5),
             "price/budget/5%": (1.0, 1.0), "price/budget/50%": (2.0, 2.0), "price/budget/95%": (3.0, 3.0),
             "reached/budget": (4.0, 4.0), "infeasible": (0.0, 1.0),
             "conflict/floor of low_risk_high_return/nearest": (0.2, 0.2)}  # fmt: skip
    rows = [("a", r, 5, name, "", value) for name, values in notes.items() for r, value in enumerate(values)]
    rows += [("b", 0, 5, "regret_eur/so_far", "", 1234.0)]
    outcomes = Outcomes("a", ("a", "b"), {"policy_notes": recorded("policy_notes", rows)})
    structure, believed = optimum_sections(outcomes)
    assert structure.sentences[0] == "a wants above all more low-risk high-return customers: 40.0% instead of 10.0%."
    assert structure.sentences[1] == "What binds, with its price: budget (2.00)."
    assert "In 1 of 2 replications the targets cannot be met together" in structure.sentences[2]
    composition, mix, prices = structure.tables
    assert composition.rows[0][:2] == ("low-risk high-return", "10.0 ± 0") and mix.rows[0][0] == "none"
    assert prices.rows[0][2:] == ("1.00", "2.00", "3.00", "4.00")
    assert believed.sentences[0].startswith("b believes to have lost 1,234")

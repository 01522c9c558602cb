"""Who gains and who is harmed, and what money brings by cell: laws, and rows with answers by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.gains import COUNTED, MONEY, People, metrics_of_pairs, pair_off, people_of
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.cells import cells_section, money_by_cell
from tenure.experiments.report.sections.gains import gains_section, group_differences, group_sentence, share_of


def people(**columns: Any) -> People:
    """People with these columns; who says nothing of himself was charged 100, got and cost nothing, stayed a year."""
    n = len(next(iter(columns.values())))
    keys = (
        np.array(columns.get("quadrant", ["low_risk_low_return"] * n), object),
        np.array(columns.get("stage", ["growth"] * n), object),
        np.array(columns.get("group", ["0"] * n), object),
    )
    numbers = [
        np.array(columns.get(name, [start] * n), float)
        for name, start in (("profit", 50), ("charged", 100), ("rewards", 0), ("treatment", 0), ("months", 12))
    ]
    events = [np.array(columns.get(name, [False] * n), bool) for name in ("told_to_go", "charged_off")]
    return People(np.array([str(i) for i in range(n)], object), keys, *numbers, *events)  # type: ignore[arg-type]  # five and two


def counts(champion: People, arm: People) -> dict[str, float]:
    table = pd.DataFrame(pair_off(champion, arm))
    return {name: float(table[name].sum()) for name in (*COUNTED, *MONEY)}


def test_each_way_to_be_harmed_or_to_gain_by_hand() -> None:
    """0 is charged 19 more, 1 is charged 20 more, 2 the same but stays longer, 3 is told to go, 4 charged off and so
    charged less, 5 is spared a charge-off and so charged more, 6 is charged 20 less, 7 is told to go in both worlds."""
    champion = people(charged=[100.0] * 8, charged_off=[0, 0, 0, 0, 0, 1, 0, 0], told_to_go=[0, 0, 0, 0, 0, 0, 0, 1])
    arm = people(
        charged=[119, 120, 120, 100, 30, 190, 80, 100],
        months=[12, 12, 13, 12, 5, 12, 12, 12],
        told_to_go=[0, 0, 0, 1, 0, 0, 0, 1],
        charged_off=[0, 0, 0, 0, 1, 0, 0, 0],
    )
    found = counts(champion, arm)
    by_hand = dict(
        people=8,
        harmed=4,
        gains=2,
        charged_more=2,
        charged_more_longer=1,
        fewer_rewards=0,
        told_to_go=1,
        charged_off=1,
        charged_less=1,
        more_rewards=0,
        spared=1,
    )
    assert {name: found[name] for name in COUNTED} == by_hand


def test_a_missing_gift_is_no_higher_price_by_hand() -> None:
    """0 gets no gift of 30, 1 is charged 30 more, 2 gets 10 less and is charged 15 more, 3 gets 15 less and is charged
    10 more, 4 gets 30 more, 5 gets 30 more and is charged 30 more for it, 6 is charged 40 less and gets 15 less."""
    champion = people(charged=[100.0] * 7, rewards=[30, 0, 30, 30, 0, 0, 30])
    arm = people(charged=[100, 130, 115, 110, 100, 130, 60], rewards=[0, 0, 20, 15, 30, 30, 15])
    found = counts(champion, arm)
    money = ("charged_more", "fewer_rewards", "charged_less", "more_rewards")
    assert [found[name] for name in money] == [2, 2, 1, 1]  # 1 and 2; 0 and 3; 6; 4
    assert (found["harmed"], found["gains"]) == (4, 2)


def test_an_arm_like_the_champion_harms_nobody_and_nobody_gains() -> None:
    one = people(charged=[5.0, 700.0], charged_off=[1, 0])
    assert {name: counts(one, one)[name] for name in COUNTED if name != "people"} == dict.fromkeys(COUNTED[1:], 0.0)


REASONS = {
    "harmed": ("told_to_go", "charged_off", "charged_more", "fewer_rewards"),
    "gains": ("spared", "charged_less", "more_rewards"),
}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[People, People]:
    n = draw(st.integers(1, 12))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    group, stage = column(st.sampled_from("012")), column(st.sampled_from(["growth", "decline"]))
    made = [
        people(
            group=group,
            stage=stage,
            charged=column(st.integers(0, 60)),
            rewards=column(st.integers(0, 60)),
            profit=column(st.integers(-99, 99)),
            treatment=column(st.integers(0, 9)),
            told_to_go=column(st.booleans()),
            charged_off=column(st.booleans()),
        )
        for _ in range(2)
    ]
    return made[0], made[1]


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_nobody_gains_and_is_harmed_and_the_mirrored_worlds_mirror(both: tuple[People, People]) -> None:
    there, back = counts(*both), counts(*reversed(both))  # type: ignore[arg-type]  # two
    a, b = both
    mixed = ((a.told_to_go & ~b.told_to_go) | (a.charged_off & ~b.charged_off)) & (
        (b.told_to_go & ~a.told_to_go) | (b.charged_off & ~a.charged_off)
    )  # harmed in one way, spared in the other: counted as harmed in both directions
    assert there["harmed"] - mixed.sum() == back["gains"] and back["harmed"] - mixed.sum() == there["gains"]
    assert there["harmed"] + there["gains"] <= there["people"]
    assert there["harmed"] <= sum(there[name] for name in REASONS["harmed"])  # everybody has a reason
    assert there["gains"] <= sum(there[name] for name in REASONS["gains"])
    for what, reasons in REASONS.items():
        assert all(there[name] <= there[what] for name in reasons)
    by_money = there["charged_more"] + there["fewer_rewards"], there["charged_less"] + there["more_rewards"]
    assert by_money[0] <= there["harmed"] and by_money[1] <= there["gains"]
    assert there["charged_more_longer"] <= there["charged_more"]


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_who_is_charged_the_same_is_never_charged_more_or_less(both: tuple[People, People]) -> None:
    champion, arm = both
    as_before = counts(champion, arm._replace(charged=champion.charged))
    assert as_before["charged_more"] == as_before["charged_less"] == 0.0
    no_gifts = counts(champion, arm._replace(rewards=champion.rewards))
    assert no_gifts["fewer_rewards"] == no_gifts["more_rewards"] == 0.0


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_the_money_of_the_cells_adds_up_to_the_whole(both: tuple[People, People]) -> None:
    sums = counts(*both)
    assert sums["treatment"] == pytest.approx(both[1].treatment.sum())
    assert sums["profit"] - sums["profit_champion"] == pytest.approx(both[1].profit.sum() - both[0].profit.sum())


def test_the_rows_of_a_recording_are_read_whatever_their_order() -> None:
    rows = [
        ("person/profit", "7", "low_risk_low_return", 1.0),
        ("person/charged", "7", "growth", 2.0),
        ("person/rewards", "3", "", 2.5),
        ("person/rewards", "7", "", 1.5),
        ("person/treatment", "7", "1", 3.0),
        ("person/months", "7", "told to go, charged off", 4.0),
        ("person/months", "3", "ours", 8.0),
        ("person/treatment", "3", "0", 7.0),
        ("person/charged", "3", "decline", 6.0),
        ("person/profit", "3", "high_risk_low_return", 5.0),
    ]
    table = pa.table(dict(zip(("measure", "a", "b", "value"), map(list, zip(*rows, strict=True)), strict=True)))
    found = people_of(table)
    assert found.ids.tolist() == ["3", "7"] and found.profit.tolist() == [5.0, 1.0]
    assert found.charged.tolist() == [6.0, 2.0] and found.rewards.tolist() == [2.5, 1.5]
    assert [key.tolist() for key in found.keys] == [
        ["high_risk_low_return", "low_risk_low_return"],
        ["decline", "growth"],
        ["0", "1"],
    ]
    assert found.told_to_go.tolist() == found.charged_off.tolist() == [False, True]
    with pytest.raises(ValueError, match="not whole"):
        people_of(table.slice(1))


def paired_world(harm: dict[str, tuple[int, int]], replications: int = 5) -> Recordings:
    """Arms that harm so many of 10 people in group 0 and of 10 in group 1, and one more in every other replication."""
    rows = []
    for arm, of_group in {"nothing": (0, 0), **harm}.items():
        for r in range(replications):
            for group, harmed in enumerate(of_group):
                extra = 2.0 * (arm != "nothing")
                row = dict.fromkeys(COUNTED, 0.0) | {"people": 10.0, "harmed": harmed + (r % 2) * (harmed > 0)}
                money = {
                    "treatment_champion": 10.0,
                    "treatment": 10.0 + 10 * extra + r,
                    "profit_champion": 500.0,
                    "profit": 500.0 + 10 * extra + r,
                }
                rows.append(
                    {
                        "arm": arm,
                        "replication": r,
                        "quadrant": "low_risk_low_return",
                        "stage": "growth",
                        "group": str(group),
                        **row,
                        **money,
                        "told_to_go": row["harmed"],
                    }
                )
    return Recordings("nothing", ("nothing", *harm), {}, pairs=pd.DataFrame(rows))


def test_reasons_that_overlap_are_said_to() -> None:
    """Shares of the harmed that add up to more than all of them are no mistake, and the sentence says so."""
    pairs = paired_world({"b": (6, 2)}).pairs
    assert pairs is not None
    apart = gains_section(Recordings("nothing", ("nothing", "b"), {}, pairs=pairs))
    both = gains_section(Recordings("nothing", ("nothing", "b"), {}, pairs=pairs.assign(charged_off=pairs["harmed"])))
    assert apart is not None and both is not None
    assert "more than one is true" not in apart.sentences[0]
    assert "100% of them are charged off" in both.sentences[0]
    assert both.sentences[0].endswith("; of some more than one is true.")


def test_the_furthest_arm_and_the_group_are_named_from_the_rows() -> None:
    recordings = paired_world({"a": (1, 1), "b": (6, 2)})
    assert share_of(recordings, "b", "harmed").mean == pytest.approx((8 + 2 * 0.4) / 20)
    assert share_of(recordings, "b", "harmed", "group", "1").mean == pytest.approx(0.24)
    section = gains_section(recordings)
    assert section is not None and section.sentences[0].startswith("b harms the largest share: 44.0% (")
    assert "100% of them are told to go" in section.sentences[0]
    assert group_sentence(recordings).startswith(
        "Audit group 1 is harmed less than the other customers under b: by 40.0"
    )
    swapped = gains_section(paired_world({"b": (1, 1), "a": (6, 2)}))
    assert swapped is not None and swapped.sentences[0] == section.sentences[0].replace("b harms", "a harms")
    alone = gains_section(paired_world({"b": (6, 2)}))
    assert alone is not None and alone.sentences[0].startswith("b harms 44.0% (")  # no share is the largest of one
    tied = gains_section(paired_world({"a": (1, 1), "b": (6, 2), "c": (6, 2)}))
    assert tied is not None and tied.sentences[0].startswith("b and c harm the largest share: 44.0% (")
    same = paired_world({"a": (1, 1), "b": (2, 2)})
    assert [one.apart.mean for one in group_differences(same, "harmed")] == [0.0, 0.0]
    assert group_sentence(same) == "Of every audit group the same share is harmed in every replication."


def test_money_comes_back_by_cell_as_by_hand() -> None:
    """2 EUR more a customer, and a little; profit after treatment grows by as much: 2 EUR come back for one."""
    recordings = paired_world({"a": (1, 1)})
    (cell,) = money_by_cell(recordings)
    assert cell.customers == 20 and cell.share == 1.0 and cell.extra.mean == pytest.approx(2.2)
    assert cell.back is not None and cell.back.value == pytest.approx(2.0)
    section = cells_section(recordings)
    assert section is not None and "1 bring back more than they cost and 0 less" in section.sentences[0]


def test_the_share_harmed_is_worked_out_of_the_pairs_if_it_is_shown() -> None:
    pairs = paired_world({"a": (1, 2)}, replications=2).pairs
    assert pairs is not None
    found = metrics_of_pairs(pairs, [METRICS["growth"], METRICS["share_harmed"]])
    assert found["metric"].unique().tolist() == ["share_harmed"]
    by = found.set_index(["arm", "replication"])["value"]
    assert by["nothing"].tolist() == [0.0, 0.0] and by["a"].tolist() == [3 / 20, 5 / 20]
    assert metrics_of_pairs(pairs, [METRICS["growth"]]).empty and metrics_of_pairs(pairs[:0], []).empty

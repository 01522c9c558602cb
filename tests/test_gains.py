"""Who gains and who is harmed, and what money brings by cell: laws, and rows with answers by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import worked_out
from experiments.findings_cells import cells_section, money_by_cell
from experiments.findings_gains import gains_section, group_differences, group_sentence, share_of
from experiments.gains import COUNTED, MONEY, People, harmed_metric, pair_off, people_of
from experiments.outcomes import Outcomes
from experiments.verified import Known


def people(**columns: Any) -> People:
    """People with these columns; who says nothing of himself paid 100 EUR, cost nothing and stayed a year."""
    n = len(next(iter(columns.values())))
    keys = (
        np.array(columns.get("quadrant", ["low_risk_low_return"] * n), object),
        np.array(columns.get("stage", ["growth"] * n), object),
        np.array(columns.get("group", ["0"] * n), object),
    )
    numbers = [np.array(columns.get(name, [start] * n), float)
               for name, start in (("profit", 50), ("paid", 100), ("treatment", 0), ("months", 12))]  # fmt: skip
    events = [np.array(columns.get(name, [False] * n), bool) for name in ("told_to_go", "charged_off")]
    return People(np.array([str(i) for i in range(n)], object), keys, *numbers, *events)  # type: ignore[arg-type]  # four and two


def counts(champion: People, arm: People) -> dict[str, float]:
    table = pd.DataFrame(pair_off(champion, arm))
    return {name: float(table[name].sum()) for name in (*COUNTED, *MONEY)}


def test_each_way_to_be_harmed_or_to_gain_by_hand() -> None:
    """0 pays 19 more, 1 pays 20 more, 2 the same but stays longer, 3 is told to go, 4 charged off and so pays less,
    5 is spared a charge-off and so pays more, 6 pays 20 less, 7 is told to go in both worlds."""
    champion = people(paid=[100.0] * 8, charged_off=[0, 0, 0, 0, 0, 1, 0, 0], told_to_go=[0, 0, 0, 0, 0, 0, 0, 1])
    arm = people(paid=[119, 120, 120, 100, 30, 190, 80, 100], months=[12, 12, 13, 12, 5, 12, 12, 12],
                 told_to_go=[0, 0, 0, 1, 0, 0, 0, 1], charged_off=[0, 0, 0, 0, 1, 0, 0, 0])  # fmt: skip
    found = counts(champion, arm)
    assert [found[name] for name in COUNTED] == [8, 4, 2, 2, 1, 1, 1, 1, 1]


def test_an_arm_like_the_champion_harms_nobody_and_nobody_gains() -> None:
    one = people(paid=[5.0, 700.0], charged_off=[1, 0])
    assert {name: counts(one, one)[name] for name in COUNTED if name != "people"} == dict.fromkeys(COUNTED[1:], 0.0)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[People, People]:
    n = draw(st.integers(1, 12))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    group, stage = column(st.sampled_from("012")), column(st.sampled_from(["growth", "decline"]))
    made = [
        people(group=group, stage=stage, paid=column(st.integers(0, 60)), profit=column(st.integers(-99, 99)),
               treatment=column(st.integers(0, 9)), told_to_go=column(st.booleans()),
               charged_off=column(st.booleans()))
        for _ in range(2)
    ]  # fmt: skip
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
    for name in ("told_to_go", "charged_off", "pays_more"):
        assert there[name] <= there["harmed"]
    assert there["pays_more_longer"] <= there["pays_more"] and there["pays_less"] <= there["gains"]


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_the_money_of_the_cells_adds_up_to_the_whole(both: tuple[People, People]) -> None:
    sums = counts(*both)
    assert sums["treatment"] == pytest.approx(both[1].treatment.sum())
    assert sums["profit"] - sums["profit_champion"] == pytest.approx(both[1].profit.sum() - both[0].profit.sum())


def test_the_rows_of_a_recording_are_read_whatever_their_order() -> None:
    rows = [("person/profit", "7", "low_risk_low_return", 1.0), ("person/paid", "7", "growth", 2.0),
            ("person/treatment", "7", "1", 3.0), ("person/months", "7", "told to go, charged off", 4.0),
            ("person/months", "3", "ours", 8.0), ("person/treatment", "3", "0", 7.0),
            ("person/paid", "3", "decline", 6.0), ("person/profit", "3", "high_risk_low_return", 5.0)]  # fmt: skip
    table = pa.table(dict(zip(("measure", "a", "b", "value"), map(list, zip(*rows, strict=True)), strict=True)))
    found = people_of(table)
    assert found.ids.tolist() == ["3", "7"] and found.profit.tolist() == [5.0, 1.0]
    assert [key.tolist() for key in found.keys] == [
        ["high_risk_low_return", "low_risk_low_return"], ["decline", "growth"], ["0", "1"]]  # fmt: skip
    assert found.told_to_go.tolist() == found.charged_off.tolist() == [False, True]
    with pytest.raises(ValueError, match="not whole"):
        people_of(table.slice(1))


def paired_world(harm: dict[str, tuple[int, int]], replications: int = 5) -> Outcomes:
    """Arms that harm so many of 10 people in group 0 and of 10 in group 1, and one more in every other replication."""
    rows = []
    for arm, of_group in {"nothing": (0, 0), **harm}.items():
        for r in range(replications):
            for group, harmed in enumerate(of_group):
                extra = 2.0 * (arm != "nothing")
                row = dict.fromkeys(COUNTED, 0.0) | {"people": 10.0, "harmed": harmed + (r % 2) * (harmed > 0)}
                money = {"treatment_champion": 10.0, "treatment": 10.0 + 10 * extra + r, "profit_champion": 500.0,
                         "profit": 500.0 + 10 * extra + r}  # fmt: skip
                rows.append({"arm": arm, "replication": r, "quadrant": "low_risk_low_return", "stage": "growth",
                             "group": str(group), **row, **money, "told_to_go": row["harmed"]})  # fmt: skip
    return Outcomes("nothing", ("nothing", *harm), {}, pairs=pd.DataFrame(rows))


def test_the_furthest_arm_and_the_group_are_named_from_the_rows() -> None:
    outcomes = paired_world({"a": (1, 1), "b": (6, 2)})
    assert share_of(outcomes, "b", "harmed").mean == pytest.approx((8 + 2 * 0.4) / 20)
    assert share_of(outcomes, "b", "harmed", "group", "1").mean == pytest.approx(0.24)
    section = gains_section(outcomes)
    assert section is not None and section.sentences[0].startswith("Under b most are harmed: 44.0 ± ")
    assert "100% of them are told to go" in section.sentences[0]
    assert group_sentence(outcomes).startswith("Audit group 1 is harmed less than the other customers under b: by 40.0")
    swapped = gains_section(paired_world({"b": (1, 1), "a": (6, 2)}))
    assert swapped is not None and swapped.sentences[0] == section.sentences[0].replace("under b", "under a").replace(
        "Under b", "Under a"
    )
    same = paired_world({"a": (1, 1), "b": (2, 2)})
    assert [one.apart.mean for one in group_differences(same, "harmed")] == [0.0, 0.0]
    assert group_sentence(same).startswith("No difference by audit group under any arm (± 0.0 points")


def test_money_comes_back_by_cell_as_by_hand() -> None:
    """2 EUR more a customer, and a little; profit after treatment grows by as much: 2 EUR come back for one."""
    outcomes = paired_world({"a": (1, 1)})
    (cell,) = money_by_cell(outcomes)
    assert cell.customers == 20 and cell.share == 1.0 and cell.extra.mean == pytest.approx(2.2)
    assert cell.back is not None and cell.back.value == pytest.approx(2.0)
    section = cells_section(outcomes)
    assert section is not None and "1 bring back more than they cost and 0 less" in section.sentences[0]


def test_runs_are_paired_with_the_champion_of_their_replication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {"x": ("nothing", 0), "y": ("a", 0), "z": ("a", 1)}
    known = {name: Known(0, 0, 0, name, *address, "", "", "") for name, address in runs.items()}
    paid = {"x": 0.0, "y": 30.0, "z": 60.0}

    def read(folder: Path, name: str, measures: tuple[str, ...], columns: tuple[str, ...]) -> pa.Table:
        kinds = ["metric", "person/profit", "person/paid", "person/treatment", "person/months"]
        b = ["", "low_risk_low_return", "growth", "0", "ours"]
        return pa.table(
            {"measure": kinds, "a": ["profit", *["1"] * 4], "b": b, "value": [7.0, 0.0, paid[name], 0.0, 5.0]}
        )

    monkeypatch.setattr(worked_out, "read_rows", read)
    metrics, pairs = worked_out.figures(tmp_path, "nothing", known)
    assert harmed_metric(pairs)[["arm", "replication", "value"]].to_numpy().tolist() == [["nothing", 0, 0.0],
                                                                                         ["a", 0, 1.0]]  # fmt: skip
    assert metrics[["arm", "replication", "value"]].to_numpy().tolist() == [[*one, 7.0] for one in runs.values()]
    monkeypatch.setattr(worked_out, "read_rows", None)  # all is kept
    again = worked_out.figures(tmp_path, "nothing", dict(list(known.items())[:2]))
    assert again[1].equals(pairs) and len(again[0]) == 2
    none = worked_out.figures(tmp_path / "none", "nothing", {})[1]
    assert none.empty and harmed_metric(none).empty

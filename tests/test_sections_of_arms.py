"""Sections of the report that put arms beside each other: parts add up, shares do, limits are told by the interval."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.why.answer import GivenTreatment, Why
from tenure.experiments.analysis.why.parts import DIVISIONS, TREATMENT, YEAR
from tenure.experiments.commands.why.answer import trap_lines
from tenure.experiments.report.limits import told_at
from tenure.experiments.report.means import Limited
from tenure.experiments.report.recordings import QUADRANTS, Recordings, read_recordings
from tenure.experiments.report.sections.arms.carried import (
    SHOWN_AS,
    carried_section,
    carried_table,
    shown_parts,
    trap_alarms,
)
from tenure.experiments.report.sections.arms.limited import limited_section, rules_that_acted, uses
from tenure.experiments.report.sections.arms.structure import structure_moved, structure_section
from tenure.experiments.report.sections.treatments import treatments_section
from tenure.policies.guard.rules import StructureLimit

COLUMNS = ["measure", "month", "institution", "a", "b", "value", "arm", "replication"]
LIMITED = Limited(
    each_stands_for=10.0,
    budget=(1000.0, 3000.0),
    capacity={"outbound_call": (50.0, 50.0)},
    takes={"outbound_call": ("early_help",)},
    contacts=("early_help", "loyalty_reward"),
    contacts_at_most=2,
    contacts_in_months=4,
)


def reason(parts: dict[str, dict[str, float]], given: tuple[GivenTreatment, ...] = ()) -> Why:
    """Why 'new' differs from 'old', with intervals of one each side; a division that is not given is one part."""
    total = math.fsum(next(iter(parts.values())).values())
    divisions = {
        name: {part: Average.even(value, 1.0) for part, value in parts.get(name, {"whole": total}).items()}
        for name in DIVISIONS
    }
    return Why("new", "old", Average.even(total, 1.0), divisions, given, 0.08, (), 5)


def made_by_hand() -> Recordings:
    """Two arms, one replication, two months: 'new' proposes early help and rewards, 'old' does nothing."""
    own = [("customers_by_cell", month, "maturity", QUADRANTS[0], 100.0) for month in (-1, 0, 1)] + [
        ("treatments", 0, "early_help", "contacted", 5.0),
        ("treatments", 1, "early_help", "contacted", 4.0),
        ("treatments", 0, "early_help", "proposed", 9.0),
        ("treatments", 0, "early_help", "refused:capacity", 4.0),
        ("treatments", 1, "loyalty_reward", "contacted", 6.0),
        ("treatments", 1, "loyalty_reward", "proposed", 11.0),
        ("treatments", 1, "loyalty_reward", "refused:budget", 3.0),
        ("treatments", 1, "loyalty_reward", "refused:contacts", 2.0),
        ("treatments", 0, "offer_card", "refused:budget", 1.0),
        ("treatments", 0, "", "cost_eur", 50.0),
        ("treatments", 1, "", "cost_eur", 200.0),
        ("treatments", 1, "", "given_up_eur", 30.0),
    ]
    rows = [(measure, month, "us", a, b, value, "new", 0) for measure, month, a, b, value in own]
    rows += [("customers_by_cell", m, "us", "maturity", QUADRANTS[0], 100.0, "old", 0) for m in (-1, 0, 1)]
    rows += [("treatments", 0, "us", "", "cost_eur", 0.0, "old", 0)]
    return replace(
        read_recordings(pd.DataFrame(rows, columns=COLUMNS), "old", ["old", "new"]),
        limited={"old": LIMITED, "new": LIMITED},
    )


def test_the_use_of_what_is_limited_by_hand() -> None:
    found = {(one.what, one.arm): one for one in uses(made_by_hand())}
    money = found["budget", "new"]  # 10 real people each: 500 of 1,000, then 2,300 of 3,000
    assert (money.available, money.used.mean, money.share.mean) == pytest.approx((2000.0, 1400.0, 0.7))
    assert (money.bound, money.months) == (2, 2)  # a posted price was trimmed in the first month
    assert money.refused.mean == pytest.approx(15.0)  # 3 proposals in two months
    contacts = found["contacts", "new"]  # 1,000 customers, half a contact a month each; 50, then 100 sent
    assert (contacts.available, contacts.used.mean) == pytest.approx((500.0, 75.0))
    assert contacts.bound == 1 and contacts.refused.mean == pytest.approx(10.0)
    calls = found["outbound_call", "new"]  # full at 5 simulated calls, in the first month alone
    assert (calls.available, calls.used.mean, calls.bound) == pytest.approx((50.0, 45.0, 1))
    assert calls.refused.mean == pytest.approx(20.0)
    idle = found["budget", "old"]
    assert idle.used.mean == idle.bound == idle.refused.mean == 0.0


def test_rules_that_acted_by_hand() -> None:
    acted = {one.rule: one for one in rules_that_acted(made_by_hand())}
    assert list(acted) == ["capacity", "budget", "contacts"]  # 4, 3 and 2 refused
    assert acted["budget"].share.mean == pytest.approx(3 / 20) and acted["budget"].months == 1
    assert acted["capacity"].mostly == "early_help" and acted["capacity"].of == 2


def made_of_cells(moved: float) -> Recordings:
    """Three arms, four replications: 'book' moves so much of all customers to the best quadrant, 'same' nobody."""
    rows = []
    for replication in range(4):
        for arm in ("nothing", "book", "same"):
            for month in (-1, 0, 11):
                gain = moved * (month == 11) * (arm == "book")
                shares = (0.1 + gain, 0.5 - gain + 0.01 * replication, 0.2, 0.2 - 0.01 * replication)
                for quadrant, share in zip(QUADRANTS, shares, strict=True):
                    for measure, each in (("customers_by_cell", 1000.0), ("credit_balance_by_cell", 5000.0)):
                        rows.append((measure, month, "us", "growth", quadrant, share * each, arm, replication))
    return read_recordings(pd.DataFrame(rows, columns=COLUMNS), "nothing", ["nothing", "book", "same"])


def test_nothing_is_said_of_limits_where_it_is_not_known_what_there_was() -> None:
    made = made_by_hand()
    section = limited_section(made)
    assert section is not None and section.tables[0].rows[1][:5] == (
        "budget, EUR",
        "new",
        "2,000",
        "1,400 ± ?",
        "70.0 ± ?",
    )
    assert limited_section(replace(made, limited={})) is None
    assert limited_section(replace(made, rows={"customers_by_cell": made.rows["customers_by_cell"]})) is None


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=14),
    st.sampled_from(list(SHOWN_AS)),
)
def test_parts_shown_and_all_else_add_up_to_the_difference(values: list[float], division: str) -> None:
    parts = {f"part {number}": value for number, value in enumerate(values)}
    found = reason({division: parts})
    shown = shown_parts(division, found.divisions[division])
    assert len(set(shown)) == len(shown)
    left = [part for part in parts if part not in shown]
    assert len(left) != 1 or parts[left[0]] == 0.0  # one part is never hidden as 'all else'
    if division != YEAR:
        least = min((abs(parts[part]) for part in shown), default=0.0)
        assert all(abs(parts[part]) <= least for part in left)
    rows = [row for row in carried_table(found, "EUR", 1).rows if row[0] == SHOWN_AS[division]]
    told = [float(row[2].split(" ")[0].replace(",", "")) for row in rows]
    assert math.fsum(told) == pytest.approx(math.fsum(values), abs=0.051 * (len(told) + 1))


def test_a_rule_of_the_champion_alone_is_warned_of_in_the_words_of_why() -> None:
    given_alone = (GivenTreatment("early_help", (0.2, 0.0), (0.4, math.nan), (2.0, 0.0)),)
    trap = reason({TREATMENT: {"without early_help": -8.0, "loyalty_reward": -1.0}}, given_alone)
    made = replace(made_by_hand(), whys={"new": trap}, why_command="tenure why out")
    (alarm,) = trap_alarms(made)
    assert " ".join(" ".join(trap_lines(trap)).split()) in alarm and "tenure why out new" in alarm
    section = carried_section(made)
    assert section is not None and any("Careful" in one for one in section.sentences)
    fair = reason({TREATMENT: {"without early_help": -1.0, "loyalty_reward": -8.0}}, given_alone)
    assert list(trap_alarms(replace(made, whys={"new": fair}))) == []


def test_what_a_treatment_is_worth_stands_beside_the_arm_that_gives_it_and_the_one_that_does_not() -> None:
    found = reason({TREATMENT: {"early_help": 5.0, "without loyalty_reward": -2.0, "no treatment differs": 0.5}})
    section = treatments_section(replace(made_by_hand(), whys={"new": found}))
    assert section is not None
    rows = {(row[0], row[1]): row[-2:] for row in section.tables[0].rows}
    assert rows["early help", "new"] == ("+5.0 ± 1.0", "-")
    assert rows["loyalty reward", "new"] == ("-", "-2.0 ± 1.0")
    bare = treatments_section(replace(made_by_hand(), whys_unsaid="lives were not recorded"))
    assert bare is not None and len(bare.tables[0].heads) == 6 and "lives were not recorded" in bare.note


def test_the_section_is_not_there_without_an_answer_and_says_why_where_it_is_known() -> None:
    assert carried_section(made_by_hand()) is None
    told = carried_section(replace(made_by_hand(), whys_unsaid="lives were not recorded"))
    assert told is not None and "lives were not recorded" in told.sentences[0] and told.tables == ()


def test_shares_of_quadrants_add_up_at_both_ends_and_differences_to_nothing() -> None:
    found = structure_moved(made_of_cells(0.04))
    for of in ("customers", "credit balances"):
        for arm in ("nothing", "book", "same"):
            own = [one for one in found if (one.of, one.arm) == (of, arm)]
            assert [one.quadrant for one in own] == list(QUADRANTS)
            for field in ("start", "end"):
                assert math.fsum(getattr(one, field).mean for one in own) == pytest.approx(1.0)
            assert all(one.change.mean == pytest.approx(one.end.mean - one.start.mean) for one in own)
            apart = [one.apart for one in own]
            assert (
                apart == [None] * 4
                if arm == "nothing"
                else math.fsum(one.mean for one in apart if one is not None) == pytest.approx(0.0, abs=1e-12)
            )


def test_an_arm_that_moves_the_structure_is_told_from_those_that_do_not() -> None:
    made = made_of_cells(0.04)
    section = structure_section(made)
    assert section is not None
    told, same = section.sentences
    assert "10.0 ± 0% to 14.0 ± 0%" in told and "+4.0" in told and "points from the champion's" in told
    assert same.startswith("Under same") and "as under the champion" in same
    assert structure_section(replace(made, rows={})) is None


@given(st.floats(0, 1), st.floats(0, 0.5), st.one_of(st.none(), st.floats(0, 1)), st.one_of(st.none(), st.floats(0, 1)))
def test_met_or_not_agrees_with_the_interval(mean: float, half: float, least: float | None, most: float | None) -> None:
    limit = StructureLimit("limit", "tenure_months >= 0", "customers", True, least, most)
    value = Average.even(mean, half)
    inside = [
        (least is None or least <= point) and (most is None or point <= most) for point in (value.low, mean, value.high)
    ]
    told = told_at(limit, value)
    if told == "met":
        assert all(inside)
    elif told == "NOT met":
        assert not any(inside)
    else:
        assert told == "not told from chance" and not all(inside)
    assert told_at(limit, Average.even(math.nan, math.nan)) == "-"

"""How one life is shown and asked for: the months and columns of its table, its JSON, and what is refused."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tenure.agents.belief import QUADRANTS
from tenure.agents.person import STAGES
from tenure.experiments.commands.command_line import JSON_VERSION
from tenure.experiments.life.months import Life, LifeMonth
from tenure.experiments.life.table import as_plain_data, months_to_show
from tests.told_lives import MONTHS, PEOPLE, Held, config, experiment, held, tenure, text_of, told

__all__ = ["config", "experiment", "held", "told"]  # fixtures


def some_months() -> st.SearchStrategy[list[LifeMonth]]:
    def month(stage: str, provider: str, due: int, happened: list[str], credit: float) -> LifeMonth:
        return LifeMonth(0, provider, stage, [], credit, 0.0, due, 0.0, 0.0, QUADRANTS[0], None, happened, {})

    made = st.builds(
        month,
        st.sampled_from(STAGES[:2]),
        st.sampled_from(["us", "fintech"]),
        st.integers(0, 1),
        st.sampled_from([[], [], ["took card"]]),
        st.floats(0, 9),
    )
    return st.lists(made, min_size=1, max_size=12).map(
        lambda some: [replace(one, month=at) for at, one in enumerate(some)]
    )


@given(some_months())
def test_a_month_is_left_out_only_if_nothing_happened_and_nothing_changed(months: list[LifeMonth]) -> None:
    shown = [one.month for one in months_to_show(months)]
    assert shown == sorted(set(shown)) and shown[0] == 0 and shown[-1] == len(months) - 1
    assert months_to_show(months, every=True) == months
    for before, now in pairwise(months):
        same = (before.provider, before.stage, before.months_past_due) == (
            now.provider,
            now.stage,
            now.months_past_due,
        )
        quiet = same and not now.happened
        assert (now.month in shown) == (not quiet or now.month == len(months) - 1)


def test_the_table_fits_110_columns_and_shows_a_dash_for_whom_we_do_not_know(told: list[Life]) -> None:
    for life in told:
        shown = text_of(life)
        assert max(map(cell_len, shown.splitlines())) <= 110
        assert shown.startswith(f"Person {life.person}: ")
    stranger = next(life for life in told if any(month.believed is None for month in life.months))
    month = next(one for one in stranger.months if one.believed is None)
    lines = text_of(replace(stranger, months=[month])).splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[1:2] == [month.provider])
    assert lines[at + 1].split()[:3] == ["-", "-", "-"]


def test_reasons_are_numbered_below_the_table(told: list[Life]) -> None:
    life = next(one for one in told if any(month.because for month in one.months))
    shown = text_of(life)
    reason = next(reason for month in life.months for reason in month.because.values())
    assert f"[1] because: {reason}" in shown and shown.count(reason) == 1


def test_json_is_the_whole_life(config: Path, told: list[Life]) -> None:
    words = ["explain", "--person", str(told[0].person), str(config), "--arm", "rewards"]
    code, out, _ = tenure(*words, "--json")
    answer = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert code == 0 and answer == {"version": JSON_VERSION, **as_plain_data(told[0])}
    code, out, _ = tenure(*words)
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith(f"Person {told[0].person}: ")
    last = next(line for line in out.replace("\\\n", "").splitlines() if line.startswith("Next")).removeprefix("Next")
    command = f"tenure explain --person {told[0].person} {config} --arm nothing"
    assert " ".join(last.split()).startswith(command)


@pytest.mark.parametrize("person", ["0", "-3", str(PEOPLE + 1), str((MONTHS + 1_000_000) << 32), str(10**30)])
def test_an_unknown_person_is_refused_with_the_ids_that_exist(config: Path, person: str) -> None:
    code, out, err = tenure("explain", str(config), "--person", person)
    assert code == 2 and not out and "Traceback" not in err
    assert f"there is no person {person}. Persons 1 to {PEOPLE} live" in err


def test_who_left_before_month_0_is_told_so_with_somebody_who_did_not(config: Path, held: list[Held]) -> None:
    there = set(held[0].people["id"].tolist())
    gone = next(one for one in range(1, PEOPLE + 1) if one not in there)
    code, _, err = tenure("explain", str(config), "--person", str(gone))
    assert code == 2 and f"person {gone} left the market before month 0" in err
    assert int(err.split("--person")[1]) in there


def test_an_unknown_arm_is_refused(config: Path) -> None:
    code, _, err = tenure("explain", str(config), "--person", "1", "--arm", "reward")
    assert code == 2 and "there is no arm 'reward'" in err and "rewards" in err

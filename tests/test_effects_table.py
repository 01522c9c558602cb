"""The table of effects says what the numbers say, for made-up results of every size."""

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tenure.experiments.analysis.acts import OF_MONEY
from tenure.experiments.analysis.gains import COUNTED
from tenure.experiments.analysis.metrics import METRICS, RETURNS, STANDARD_METRICS
from tenure.experiments.analysis.statistics import SIGNS, Comparison, compare
from tenure.experiments.commands import terminal
from tenure.experiments.export.comparisons import comparisons_csv
from tenure.experiments.report.effects import effects_table, pairing_text
from tenure.experiments.report.recordings import recordings_of
from tenure.experiments.store.results import Results
from tenure.experiments.store.verified import Known
from tests.patterns import NOTHING_TO_EITHER_SIDE


def made_results(values: dict[str, dict[str, list[float]]], champion: str = "nothing", **about: Any) -> Results:
    """Results with these values: arm -> metric -> a value by replication."""
    rows = [
        (arm, r, metric, value)
        for arm, by in values.items()
        for metric, some in by.items()
        for r, value in enumerate(some)
    ]
    table = pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])
    arms = {arm: {"policy": "do_nothing" if arm == champion else "uniform"} for arm in values}
    record = {
        "champion": champion,
        "arms": arms,
        "metrics": list(STANDARD_METRICS),
        "months": 12,
        "replications": 3,
        "question": "?",
        "market": {"currency": "EUR", "products": {}, "treatments": {}},
        "runs": {},
        "scenarios": {},
    } | about
    known = {f"{arm}{r}": Known(0, 0, 0, "", arm, r, "", "", "") for arm in values for r in range(3)}
    results = Results(Path("folder"), record, known, {}, {})
    results.__dict__["_figures"] = (table, pd.DataFrame(columns=["arm", "replication", *COUNTED]))
    results.__dict__["also_does"] = {spend: {} for spend in OF_MONEY}  # nobody did anything but spend
    return results


@st.composite
def effects(draw: st.DrawFn) -> Results:
    """A few arms on some metrics; levels are shared luck, differences of every size, here and there no value."""
    replications = draw(st.integers(1, 4))
    arms = draw(st.lists(st.text("abcdefgh", min_size=1, max_size=40), min_size=1, max_size=4, unique=True))
    shown = draw(st.lists(st.sampled_from(sorted(METRICS)), max_size=9, unique=True))
    values: dict[str, dict[str, list[float]]] = {}
    for metric in {*shown, "profit_per_customer", "treatment_spend_per_customer"}:
        if METRICS[metric].is_of_a_pair:
            continue
        scale = 0.01 if METRICS[metric].unit == "%" else draw(st.sampled_from((0.01, 3.0, 500.0)))
        level = [draw(st.floats(0.0, 1.0)) * scale for _ in range(replications)]
        for arm in ("nothing", *arms):
            apart = draw(st.sampled_from((0.0, 1e-6, 1e-3, 0.1, 1.0)))
            own = [base + scale * apart * draw(st.floats(-1.0, 1.0)) for base in level]
            values.setdefault(arm, {})[metric] = level if arm == "nothing" else own
            if draw(st.integers(0, 9)) == 0:
                values[arm][metric] = [math.nan] * replications
    market = {"currency": draw(st.sampled_from(("EUR", "GBP", "JPY"))), "products": {}, "treatments": {}}
    return made_results(values, metrics=shown, market=market, replications=replications)


CELL = re.compile(
    r"(?m)([+-]?\d+\.\d+) (?:± (\?|0|under \d+\.\d+|\d+\.\d+)|\(-?\d+\.\d+ to -?\d+\.\d+\))( pt)?"
    r"(?: ([▲▼≈?]))?(?: ~)?(?=  |$)"
)


@settings(max_examples=40, deadline=None)
@given(effects())
def test_the_table_says_what_the_numbers_say(results: Results) -> None:
    lines = list(terminal.effects_lines(results))
    text = "\n".join(lines)
    assert "nan" not in text.lower().replace("nothing", "") and all(cell_len(line) <= terminal.WIDEST for line in lines)
    assert not NOTHING_TO_EITHER_SIDE.search(text)
    assert results.currency == "EUR" or "EUR" not in text
    signs = {"?": "undecided", "≈": "equal", "▲": "better", "▼": "worse"}
    for found in CELL.finditer(text):
        mean, around, _, sign = found.groups()
        if sign in ("▲", "▼"):
            assert around != "?" and float(mean) != 0.0
        if sign == "≈":
            assert around != "?"
    judged = [
        one
        for one in results.comparisons()
        if one.metric in results.about["metrics"]
        and METRICS[one.metric].better != "none"
        and not math.isnan(one.difference)
    ]
    written = [signs[found[4]] for found in CELL.finditer(text) if found[4]]
    assert sorted(written) == sorted(one.verdict for one in judged)
    for one in judged:
        low, high = one.low, one.high
        within = max(abs(low), abs(high)) <= METRICS[one.metric].matters_from
        assert (one.verdict == "equal") == bool(within)  # nan is never within
        if one.verdict in ("better", "worse"):
            assert low > 0.0 or high < 0.0


@settings(max_examples=15, deadline=None)
@given(effects())
def test_terminal_page_and_spreadsheet_say_the_same_also_where_neither_way_is_better(results: Results) -> None:
    table = effects_table(recordings_of(results, measures=()))
    text = "\n".join(terminal.effects_lines(results))
    rows = list(csv.DictReader(io.StringIO(comparisons_csv(results), newline="")))
    verdicts = {(row["metric"], row["arm"]): row["verdict"] for row in rows}
    for row in table.rows:
        for metric, cell in zip(table.metrics, row.cells, strict=True):
            assert f"{cell.text} {cell.sign}".rstrip() in text
            if not metric.has_verdict:
                assert cell.sign == cell.meaning == verdicts.get((metric.name, row.arm), "") == ""
            elif not row.champion and cell.text != "-":
                assert cell.meaning == verdicts[metric.name, row.arm] and cell.sign == SIGNS[cell.meaning]


@settings(max_examples=15, deadline=None)
@given(effects())
def test_whatever_is_not_given_back_has_its_reason(results: Results) -> None:
    text = " ".join(" ".join(terminal.effects_lines(results)).split())
    for metric, spend in RETURNS.items():
        for arm, one in results.returns_reported(spend).items():
            assert (one.ratio is None) == bool(one.why_not)
            if one.why_not and metric in results.about["metrics"]:
                assert one.why_not in text and arm in text


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=60), min_size=1, max_size=6, unique=True),
    st.lists(st.integers(1, 60), max_size=8),
)
def test_a_name_is_cut_only_where_that_spares_a_block_of_columns(names: list[str], widths: list[int]) -> None:
    rows = [[name, *("x" * width for width in widths)] for name in names]
    told = list(terminal.table_lines([["", *("h" for _ in widths)]], rows))
    assert all(cell_len(line) <= terminal.WIDEST for line in told)
    if not any("…" in line for line in told):
        return
    longest = max(map(len, names))
    assert longest > terminal.MARGIN
    blocks, room = 1, terminal.WIDEST - 2 - longest  # with whole names, two blanks before each column
    for width in widths:
        blocks, room = (
            (blocks, room - 2 - width) if room >= 2 + width else (blocks + 1, terminal.WIDEST - 4 - longest - width)
        )
    assert blocks > 1 + told.count("") or longest + 4 + max(widths, default=0) > terminal.WIDEST


def test_two_names_never_look_the_same_in_the_table() -> None:
    names = [
        "retention_offer_for_everybody_in_segment_01",
        "retention_offer_for_everybody_in_segment_02",
        "retention_offer_for_some_in_segment_01",
    ]
    level = {"profit_per_customer": [100.0, 101.0, 103.0], "attrition_per_year": [0.1, 0.1, 0.11]}
    results = made_results(
        {"nothing": level, **dict.fromkeys(names, level)},
        oracles=names[:1],
        metrics=["profit_per_customer", "attrition_per_year", "loss_rate_per_year", "growth", "quadrant_error"],
    )
    table = list(terminal.effects_lines(results))[3:9]
    first = [line[2:].split("  ")[0] for line in table[2:]]
    assert len(set(first)) == 4 and all(cell_len(line) <= terminal.WIDEST for line in table)


@pytest.mark.parametrize("metrics", [[], ["profit_per_customer"], ["growth"], sorted(METRICS)])
def test_one_arm_one_replication_no_metric_and_no_value_still_make_a_table(metrics: list[str]) -> None:
    level = {"profit_per_customer": [100.0], "cost_per_new_customer": [math.nan]}
    for arms in (["nothing"], ["nothing", "x"]):
        results = made_results(dict.fromkeys(arms, level), metrics=metrics, replications=1)
        text = "\n".join(terminal.effects_lines(results))
        assert "nan" not in text
        if "x" in arms and "profit_per_customer" in metrics:
            assert "± ? ?" in text


def test_pairing_names_where_it_was_worth_least_over_all_metrics_shown() -> None:
    """What is of a pair by itself has no part, nor has what is not shown."""

    def one(metric: str, arm: str, worth: float) -> Comparison:
        return Comparison(metric, arm, "nothing", 1.0, 1.0, 0.9, 1.1, 0.9, 1.1, 5, 0, worth, "better")

    rows = [
        one("profit_per_customer", "a", 200.0),
        one("profit_per_customer", "b", 2500.0),
        one("attrition_per_year", "b", 4.0),
        one("growth", "a", 1.1),
        one("share_harmed", "a", 1.0),
    ]
    shown = ["profit_per_customer", "attrition_per_year", "share_harmed"]
    expected = "pairing made the runs worth 4.0 to over 1,000 times as many, least for attrition_per_year of b"
    assert pairing_text(rows, shown) == expected
    assert "least for growth of a; under 1.5 it hardly helps" in pairing_text(rows, [*shown, "growth"])
    assert pairing_text(rows, ["share_harmed"]) == ""


def test_matters_from_are_those_of_the_comparison_unless_given() -> None:
    runs = pd.DataFrame(
        [(arm, r, "profit_per_customer", 100.0 + r + 0.4 * (arm == "x")) for arm in ("now", "x") for r in range(3)],
        columns=["arm", "replication", "metric", "value"],
    )
    (equal,), (better,) = compare(runs, "now"), compare(runs, "now", {})
    assert (equal.verdict, better.verdict) == ("equal", "better") and SIGNS["equal"] == "≈"


def test_what_holds_for_two_tables_is_said_once() -> None:
    profit = {"nothing": [1.0, 3.0, 2.0], "gift": [2.0, 3.5, 2.5]}
    results = made_results({arm: {"profit_per_customer": some} for arm, some in profit.items()})
    told: set[str] = set()
    first, second = (" ".join(" ".join(terminal.effects_lines(results, told)).split()) for _ in range(2))
    once = ("Per customer at the start", "Differences from", "▲ better", "the whole interval", "Intervals are", "The ±")
    assert all(said in first and said not in second for said in once)
    assert "pairing made the runs worth" in first and "Pairing made the runs worth" in second

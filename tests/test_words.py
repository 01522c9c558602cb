"""Words and figures mean what they say: laws of what is written, for made-up numbers of every size."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.acts import CHANNEL, PRICES, TREATMENT, also_does
from tenure.experiments.analysis.gains import COUNTED, MONEY
from tenure.experiments.analysis.intervals import (
    MORE_DECIMALS,
    NEVER_VARIED,
    Average,
    average_text,
    interval_text,
    share_text,
)
from tenure.experiments.analysis.metrics import METRICS, metrics_in
from tenure.experiments.analysis.ratios import Ratio
from tenure.experiments.analysis.returns import return_reported, why_not_lines
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.sections.cells import CellMoney, cells_finding, cells_said
from tenure.experiments.report.sections.gains import (
    gains_section,
    group_differences,
    group_sentence,
    harm_sentences,
    share_of,
)
from tenure.experiments.report.sections.optimum import optimum_sections
from tenure.experiments.report.sentences import points
from tests.patterns import MOST, NOTHING_TO_EITHER_SIDE, SHARE

numbers = st.one_of(st.floats(-1e6, 1e6), st.floats(-0.2, 0.2), st.just(0.0))
widths = st.one_of(st.floats(0.0, 1e6), st.floats(0.0, 0.2), st.just(0.0), st.just(math.nan))


# how an average is written


@settings(max_examples=500)
@given(numbers, widths, st.integers(0, 3), st.booleans())
@example(0.00004, 0.00003, 1, True)
@example(-0.0044, 0.021, 2, True)
def test_digits_say_what_the_numbers_say(mean: float, half_width: float, decimals: int, signed: bool) -> None:
    text = interval_text(mean, half_width, decimals, signed)
    assert not NOTHING_TO_EITHER_SIDE.search(text) and not re.search(r"[+-]0\.0*(?!\d)", text)
    middle, around = text.replace(",", "").split(" ± ")
    places = len(middle.partition(".")[2])
    assert abs(float(middle) - mean) <= 0.5001 * 10**-places and decimals <= places <= decimals + MORE_DECIMALS
    if math.isnan(half_width):
        assert around == "?"
    elif around == "0":
        assert half_width < 1e-9  # and only then
    elif around.startswith("under "):
        assert 0.0 < half_width < float(around.removeprefix("under "))
    else:
        assert abs(float(around) - half_width) <= 0.5001 * 10**-places
        if places < decimals + MORE_DECIMALS and abs(mean) >= 0.1 * half_width:
            assert float(middle) != 0.0  # a difference that is not small beside its interval is not called none
        if places < decimals + MORE_DECIMALS and places > decimals:  # decimals that were added were needed
            fewer = places - 1
            hides = round(half_width, fewer) == 0.0
            hides = hides or (round(mean, fewer) == 0.0 and abs(mean) >= 0.1 * half_width)
            assert hides or (abs(mean) > half_width) != (abs(round(mean, fewer)) > round(half_width, fewer))


@settings(max_examples=500)
@given(numbers, widths, widths, st.integers(0, 3))
@example(0.00004, 0.00003, 0.00009, 1)
@example(-0.04, 0.06, 0.0399, 1)
def test_uneven_ends_say_what_the_numbers_say(mean: float, down: float, up: float, decimals: int) -> None:
    average = Average(mean, mean - down, mean + up)
    text = average_text(average, decimals, signed=True).replace(",", "")
    if math.isnan(down) or math.isnan(up):
        assert text.endswith(" ± ?")
        return
    if text.endswith(")"):
        low, high = (float(end) for end in text[text.index("(") + 1 : -1].split(" to "))
        places = len(text.split(" ")[0].partition(".")[2])
        assert max(down, up) > 1.25 * min(down, up) or average.beyond_chance != (abs(mean) > max(down, up))
        assert abs(low - average.low) <= 0.5001 * 10**-places and abs(high - average.high) <= 0.5001 * 10**-places
        if places < decimals + MORE_DECIMALS:
            assert (low > 0.0 or high < 0.0) == average.beyond_chance
        return
    around = text.split(" ± ")[1].removeprefix("under ")
    slack = 10.0 ** -len(around.partition(".")[2]) if around != "0" else 2.1 * NEVER_VARIED
    assert float(around) >= max(down, up) - 0.5001 * slack  # never shorter than the longer side
    assert (abs(mean) > max(down, up)) == average.beyond_chance


@settings(max_examples=300)
@given(st.floats(0.0, 1.0), st.one_of(st.floats(0.0, 5.0), st.just(math.nan)))
@example(0.484, 0.971)
def test_no_share_lies_beyond_0_and_100(mean: float, half_width: float) -> None:
    share = Average.even(mean, half_width)
    text = share_text(share, "%")
    assert all(0.0 <= float(share) <= 100.0 for share in SHARE.findall(text))
    if "±" in text and not math.isnan(half_width):
        assert share.low >= 0.0 and share.high <= 1.0 + 1e-12


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=2, max_size=4))
def test_a_learnt_mix_is_a_share(mixes: list[tuple[float, float]]) -> None:
    rows = [
        ("learns", r, 5, name, "", value)
        for r, both in enumerate(mixes)
        for name, value in zip(("mix/none", "target/growth.low_risk_high_return"), both, strict=True)
    ]
    columns = ["arm", "replication", "month", "a", "b", "value"]
    recordings = Recordings("learns", ("learns",), {"policy_notes": pd.DataFrame(rows, columns=columns)})
    (section,) = optimum_sections(recordings)
    cells = [
        cell for table in section.tables if table.caption[:3] in ("Mix", "Com") for row in table.rows for cell in row
    ]
    for cell in cells:
        middle, _, around = cell.partition(" ± ")
        if around and middle[0].isdigit():
            assert float(middle) >= float(around) and float(middle) + float(around) <= 100.1  # rounded
        assert all(0.0 <= float(one) <= 100.0 for one in re.findall(r"-?\d+\.\d+", cell))


def test_every_metric_says_what_matters_and_speaks_of_standard_deviations() -> None:
    for metric in METRICS.values():
        times = 100.0 if metric.unit == "%" else 1.0
        assert metric.matters_from * times >= 10.0**-metric.decimals  # so what is written as nothing counts as equal
        assert metric.matters_source
        assert not re.search(r"swing|\blived\b|\btold\b", " ".join((metric.label, *metric.headline)))


# back per unit of money

RATIO = Ratio(2.0, 1.0, 3.0, 4)


def test_a_return_is_given_or_its_reason() -> None:
    pays, ends, saves = (
        return_reported(*one, "GBP") for one in ((RATIO, ()), (RATIO, ("ends relationships",)), (None, ()))
    )
    assert pays == (RATIO, "")
    assert ends == (None, "also ends relationships, so that money is not the only difference")
    assert saves == (None, "is not found to spend over 1 GBP a customer more")
    reported = {"pays": pays, "ends": ends, "saves": saves}
    metric = metrics_in("GBP")["return_on_treatment"]
    assert why_not_lines(metric, reported)[1].startswith(
        "- back per GBP of treatment: saves is not found to spend over 1"
    )


MARKET = {
    "products": {"card": {"kind": "revolving"}},
    "treatments": {
        "gift": {"extends": "loyalty_reward"},
        "smile": {"extends": "loyalty_reward", "reward": 0, "contact_cost": 0},
    },
}


def acts(**arms: dict[str, float]) -> pd.DataFrame:
    rows = [(arm, r, act, value) for arm, by in arms.items() for r in range(2) for act, value in by.items()]
    return pd.DataFrame(rows, columns=["arm", "replication", "act", "value"])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (TREATMENT + "end", "ends relationships"),
        (TREATMENT + "stop_lending", "stops lending"),
        (TREATMENT + "let_go", "lets relationships go"),
        (TREATMENT + "line_increase", "changes lines"),
        (TREATMENT + "line_decrease", "changes lines"),
        (TREATMENT + "reprice", "raises prices"),
        (TREATMENT + "smile", "gives smile at no cost"),
        (CHANNEL + "mail", "spends otherwise on channels"),
        (TREATMENT + "loyalty_reward", ""),
        (TREATMENT + "gift", ""),
        (TREATMENT + "price_cut", ""),
        (TREATMENT + "cross_sell_card", ""),
        (PRICES, ""),  # the income that a cut gives up is money spent
    ],
)
def test_what_an_arm_does_beside_paying(act: str, words: str) -> None:
    about = {"champion": "usual", "arms": {"usual": {"policy": "rules"}, "x": {"policy": "rules"}}, "market": MARKET}
    same = {TREATMENT + "loyalty_reward": 10.0, act: 100.0}
    assert also_does(about, acts(usual=same, x={**same, TREATMENT + "gift": 50.0}))["x"] == ()
    for often, more in ((" more often", {act: 120.0}), (" less often", {act: 0.0})):  # by as much as matters
        found = also_does(about, acts(usual=same, x={**same, **more}))["x"]
        assert found == ((words if act.startswith(CHANNEL) else words + often,) if words else ())
    alone = also_does(about, acts(usual={TREATMENT + "loyalty_reward": 10.0}, x=same))["x"]
    assert alone == ((words,) if words else ())
    assert also_does(about, acts(usual=same, x={**same, act: 105.0}))["x"] == ()


def test_what_an_arm_changes_of_us_is_more_than_money_unless_it_is_the_money() -> None:
    arms = {
        "usual": {"policy": "rules"},
        "guards": {"policy": "rules", "us": {"guards": {}}},
        "more": {"policy": "rules", "us": {"budget_per_month": 5000}},
        "mail": {"policy": "rules", "us": {"acquisition": {"mail": {}}}},
    }
    about = {"champion": "usual", "arms": arms, "market": MARKET}
    rows = acts(**{arm: {TREATMENT + "gift": 10.0} for arm in arms})
    found = also_does(about, rows)
    assert found == {"guards": ("changes us.guards",), "more": (), "mail": ("changes us.acquisition",)}
    other = also_does(about, rows, "acquisition_spend_per_customer")
    assert other == {"guards": ("changes us.guards",), "more": ("changes us.budget_per_month",), "mail": ()}


@pytest.mark.parametrize("champion", ["do_nothing", "rules"])
def test_prices_are_the_money_of_treatment_and_not_of_channels_whatever_the_champion_does(champion: str) -> None:
    arms = {"usual": {"policy": champion}, "cuts": {"policy": "rules"}, "ends": {"policy": "rules"}}
    about = {"champion": "usual", "arms": arms, "market": MARKET}
    rows = acts(usual={}, cuts={PRICES: 12.0}, ends={TREATMENT + "end": 3.0, TREATMENT + "gift": 90.0})
    assert also_does(about, rows) == {"cuts": (), "ends": ("ends relationships",)}
    other = also_does(about, rows, "acquisition_spend_per_customer")
    assert other["cuts"] == ("posts other prices",) and "treats more or fewer" in other["ends"]


# harmed, gaining, and where money comes back


@st.composite
def worlds(draw: st.DrawFn) -> Recordings:
    """Arms and the people they harm and benefit, in two groups and two quadrants."""
    arms = draw(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3, unique=True))
    rows = []
    for arm in ("nothing", *arms):
        harmed, gains = draw(st.integers(0, 40)), draw(st.integers(0, 40))
        luck = draw(st.integers(0, 10))
        for r in range(3):
            for group in "01":
                for quadrant in QUADRANTS[:2]:
                    row = dict.fromkeys((*COUNTED, *MONEY), 0.0) | {"people": 100.0}
                    if arm != "nothing":
                        row |= {"harmed": harmed + luck * (r % 2), "gains": gains + luck * (r % 2)}
                    row |= {"fewer_rewards": row["harmed"], "more_rewards": row["gains"]}
                    rows.append(
                        {"arm": arm, "replication": r, "quadrant": quadrant, "stage": "growth", "group": group, **row}
                    )
    return Recordings("nothing", ("nothing", *arms), {}, pairs=pd.DataFrame(rows), currency="GBP")


@settings(max_examples=10, deadline=None)
@given(worlds())
def test_the_largest_share_is_not_most_and_the_largest_is_named(recordings: Recordings) -> None:
    section = gains_section(recordings)
    assert section is not None and "EUR" not in section.note and "GBP" in section.note
    for what, verb, sentence in zip(("harmed", "gains"), ("harms?", "benefits?"), section.sentences, strict=False):
        assert not MOST.search(sentence) and all(0.0 <= float(share) <= 100.0 for share in SHARE.findall(sentence))
        who = rf"(Beyond chance, )?(\w+(?:, \w+)*(?: and \w+)?) {verb} "
        found = re.match(rf"{who}(the largest share: )?(\d+\.\d+)", sentence)
        if found and not found[1]:
            most = max(share_of(recordings, arm, what).mean for arm in recordings.others)
            for arm in re.split(", | and ", found[2]):
                assert share_of(recordings, arm, what).mean == most == pytest.approx(float(found[4]) / 100, abs=0.00051)
        if found:
            assert bool(found[3]) == (len(recordings.others) > 1)
            assert "charged" not in sentence and "rewards" in sentence  # nobody was charged more or less
    assert len(harm_sentences(recordings)) in (1, 2)


@settings(max_examples=25, deadline=None)
@given(worlds(), st.integers(0, 60))
def test_not_told_apart_is_not_no_difference(recordings: Recordings, extra: int) -> None:
    pairs = recordings.pairs
    assert pairs is not None
    unlucky = (pairs["group"] == "1") & (pairs["replication"] == 1) & (pairs["arm"] != "nothing")
    pairs.loc[unlucky, "harmed"] = np.minimum(pairs.loc[unlucky, "harmed"] + extra, 100.0)
    sentence = group_sentence(recordings)
    assert "o difference" not in sentence
    widest = max(one.apart.furthest for one in group_differences(recordings, "harmed"))
    if sentence.startswith("Not told apart"):
        could = float(re.findall(r"could differ by up to (?:under )?(\d+\.\d+) points", sentence)[0])
        assert could == pytest.approx(min(max(100.0 * widest, 0.1), 100.0), abs=0.051)
    else:
        assert widest == 0.0 or "is harmed" in sentence


@given(st.floats(-1.0, 1.0), st.floats(0.0, 3.0))
def test_no_difference_of_shares_could_be_over_100_points(mean: float, half_width: float) -> None:
    assert 0.1 <= float(points.up_to(Average.even(mean, half_width)).split()[-2]) <= 100.0


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(0.1, 40), st.booleans()), min_size=1, max_size=12))
def test_the_cell_that_is_named_has_the_largest_return_in_the_table(some: list[tuple[float, float, bool]]) -> None:
    cells = []
    for k, (value, width, known) in enumerate(some):
        ends = (value - width, value + width) if known else (math.nan, math.nan)
        ratio = Ratio(value, *ends, 3)
        cells.append(CellMoney(f"arm{k}", "growth", QUADRANTS[0], 10.0, Average.even(2.0, 0.1), ratio, 0.001))
    text = cells_finding(cells)
    named = re.search(r"not; (?:largest|nearest): (arm\d+) with", text)
    assert named is not None and f"{named[1]} with" in " ".join(cells_said(cells))
    assert named is not None and not MOST.search(text)
    pays = [one for one, (value, width, known) in zip(cells, some, strict=True) if known and value - width > 1.0]
    best = max(pays or cells, key=lambda one: one.back.value if one.back else -math.inf)
    assert best.back is not None
    assert next(one for one in cells if one.arm == named[1]).back.value == best.back.value  # type: ignore[union-attr]  # all have one


def test_no_signed_number_is_written_as_minus_0() -> None:
    root = Path(__file__).parent.parent / "experiments"
    signed = re.compile(r""":\+(?!z)[0-9]*,?\.""")  # a format with a sign, but without "z", which takes it from 0
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in root.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if signed.search(line)
    ]
    assert not found, "\n".join(found)

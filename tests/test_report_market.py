"""The market in the report: sentences and tables that follow the rows, figures that stand without anything else."""

from typing import Any

import pandas as pd
import pytest

from tenure.experiments.report.figures.drawn import drawn
from tenure.experiments.report.figures.figures import draw_figure
from tenure.experiments.report.figures.style import TITLE_SIZE, WIDTH, wrapped
from tenure.experiments.report.page import sections_of
from tenure.experiments.report.recordings import QUADRANTS, NotRecordedError, Recordings, read_recordings
from tenure.experiments.report.sections.arms import place
from tenure.experiments.report.sections.arms.place import moves_of, our_place, place_tables, poached_per_100
from tenure.experiments.report.sections.cycles import curves_of, cycle_finding, cycle_table
from tenure.experiments.report.sections.market import (
    cost_finding,
    flows_finding,
    flows_table,
    market_section,
    paid_finding,
    shares_finding,
)
from tenure.experiments.report.sections.yearly import yearly_section
from tests.markets import LIVELY, lived, small_market

Made = tuple[str, int, str, str, str, float]
FIGURES = ("market_over_time", "who_takes_whom", "cycle_by_cohort")
OF_FIGURE = {
    "market_over_time": ("share", "paid", "cost"),
    "who_takes_whom": ("lost", "won"),
    "cycle_by_cohort": ("cycle",),
}
"""What each draws of our place beside the champion's."""
GOOD, POOR = QUADRANTS[0], QUADRANTS[3]


def read(parts: dict[tuple[str, int], list[Made]], **more: Any) -> Recordings:
    """Return recordings of rows written by hand, run by run; the first arm is the champion."""
    columns = ["measure", "month", "institution", "a", "b", "value"]
    frames = [pd.DataFrame(rows, columns=columns).assign(arm=arm, replication=r) for (arm, r), rows in parts.items()]
    arms = list(dict.fromkeys(arm for arm, _ in parts))
    return read_recordings(pd.concat(frames, ignore_index=True), arms[0], arms, **more)


def run(ours: float = 100.0, lost: float = 6.0, early: float = 2.0, spent: float = 80.0) -> list[Made]:
    """Return three years of a market of two: we end with `ours` of 200 customers, and lose so many to the rival.

    Of the first year's ten new customers `early` leave after two months, of the next year's half as many more; channels
    cost `spent` a month in the first year, and twice as much in the third.
    """
    rows: list[Made] = []
    for month in range(-1, 36):
        own = 100.0 + (ours - 100.0) * (month + 1) / 36
        rows += [("customers", month, "us", "", "", own), ("customers", month, "rival", "", "", 200.0 - own)]
        rows += [("customers", month, "nobody", "", "", 50.0), ("customers", month, "gone", "", "", 9.0)]
        rows += [("customers_by_cell", month, "us", "growth", GOOD, own)]
        if month >= 0:
            times = (1.0, 1.5, 2.0)[month // 12]
            for name in ("us", "rival"):
                rows += [("ledger", month, name, "interest", "", 400.0), ("ledger", month, name, "funding", "", -100.0)]
                rows += [("ledger", month, name, "acquisition", "", -spent * times)]
                rows += [("joiners", month, name, "reached", "", 4.0), ("posted_price", month, name, "card", "", 19.0)]
                rows += [
                    ("reach", month, name, "mail", "contacts", 500.0),
                    ("reach", month, name, "mail", "joined", 4.0),
                ]
                rows += [("reach", month, name, "mail", "spend_eur", spent * times)]
            rows += [("flows", month, "us", "rival", POOR, lost / 36), ("flows", month, "rival", "us", GOOD, 3.0 / 36)]
            rows += [("flows", month, "nobody", "rival", "", 1.0)]
    for year, times in ((1, 1.0), (2, 1.5), (3, 2.0)):
        last = 36 - 12 * year + 6
        rows += [("cycle", 35, "us", f"{year}/0", "joined", 10.0)]
        rows += [("cycle", 35, "us", f"{year}/2", "left: poached", times * early)]
        rows += [("cycle", 35, "us", f"{year}/{last}", "with us", 10.0 - times * early)]
    return rows


def test_sentences_by_hand() -> None:
    recordings = read({("nothing", r): run() for r in range(2)})
    assert shares_finding(recordings) == "Under nothing, the share of all customers who are ours stays at 50.0%"
    assert paid_finding(recordings) == "A customer of any institution pays 48.0 EUR a year under nothing"
    said = "Under nothing, between years 1 and 3, what a new customer costs us rises from 20.0 EUR to 40.0 EUR"
    assert cost_finding(recordings) == said
    said = (
        "Under nothing, rivals take 2.00 of 100 customers of ours a year, most of them high-risk low-return (100%), "
        "and 1.00 come to us from rivals: a loss of 1.00 ± 0"
    )
    assert flows_finding(recordings) == said
    said = (
        "Under nothing, between new customers of years 1 and 2, the share who decline or leave within 12 months rises "
        "from 20.0% to 30.0%"
    )
    assert cycle_finding(recordings, curves_of(recordings)) == said


def test_tables_by_hand() -> None:
    recordings = read({("nothing", r): run() for r in range(2)})
    section = market_section(recordings)
    assert section is not None
    institutions, flows, cycles, years, moves, channels, prices = section.tables
    # 400 a month are 48 a year of each of 100; 100 of funding leave 36; channels cost 120 a month on average
    assert institutions.rows[0][2:] == ("50.0 ± 0",) * 2 + ("48 ± 0", "36 ± 0", "22 ± 0", "48.0 ± 0", "30.0 ± 0")
    assert institutions.rows[-1][1:5] == ("all (HHI)", "5,000 ± 0", "5,000 ± 0", "48 ± 0")
    assert flows.rows[0][1:] == ("taken by rivals", "2.00 ± 0", "0.00", "0.00", "0.00", "2.00 ± 0")
    assert flows.rows[1][1:4] == ("taken from rivals", "1.00 ± 0", "1.00 ± 0")
    assert cycles.rows[0][1:4] == ("1", "10 ± 0", "20.0 ± 0") and cycles.rows[0][-2:] == ("over 30", "over 30")
    assert cycles.rows[2][-2:] == ("2.0 ± 0", "over 6") and cycles.rows[2][3] == "-"
    # the rival's share is half; of a year 400 a month of 100 customers, 80, 120 and 160 a month for 4 who join
    assert [row[:4] for row in years.rows[:3]] == [("nothing", "us", month, "50.0 ± 0") for month in ("12", "24", "36")]
    assert [row[4:] for row in years.rows[:3]] == [("48.0 ± 0", f"{cost}.0 ± 0") for cost in (20, 30, 40)]
    # 6 and 3 of 600 customer years, and a person a month from nobody: 36 of them
    assert moves.rows[0] == ("nothing", "us", "-", "10.0 ± 0", "0.0")
    assert moves.rows[1] == ("nothing", "rival", "5.0 ± 0", "-", "0.0")
    assert moves.rows[2] == ("nothing", "nobody", "0.0", "60.0 ± 0", "-")
    assert channels.rows[0] == ("us", "mail", "8.0 ± 0", "8.0 ± 0", "20 ± 0", "40 ± 0")
    assert prices.rows == (("nothing", "us", "19.00"), ("nothing", "rival", "19.00"))


def test_of_several_rivals_each_is_told_and_they_add_up() -> None:
    """Of 300 customer years the rival takes six in all, and the other one three."""
    other = [("customers", month, "other", "", "", 50.0) for month in range(-1, 36)]
    other += [("flows", month, "us", "other", GOOD, 3.0 / 36) for month in range(36)]
    recordings = read({("nothing", r): [*run(), *other] for r in range(2)})
    rows = {row[1]: row[2:] for row in flows_table(recordings).rows}
    assert list(rows) == ["taken by rivals", "of these, by rival", "of these, by other", "taken from rivals"]
    assert rows["taken by rivals"] == ("3.00 ± 0", "1.00 ± 0", "0.00", "0.00", "2.00 ± 0")
    assert rows["of these, by rival"] == ("2.00 ± 0", "0.00", "0.00", "0.00", "2.00 ± 0")
    assert rows["of these, by other"] == ("1.00 ± 0", "1.00 ± 0", "0.00", "0.00", "0.00")


def test_rows_of_tables_have_a_cell_for_each_heading() -> None:
    recordings = read({(arm, r): run(lost=lost) for arm, lost in (("nothing", 6.0), ("x", 9.0)) for r in range(2)})
    section = market_section(recordings)
    assert section is not None and all(len(row) == len(table.heads) for table in section.tables for row in table.rows)


@pytest.mark.parametrize(("ours", "word"), [(120.0, "raises it by 10.0"), (80.0, "lowers it by 10.0")])
def test_the_arm_that_alters_our_share_is_named_with_its_direction(ours: float, word: str) -> None:
    arms = {("nothing", r): run() for r in range(2)} | {("x", r): run(ours=ours) for r in range(2)}
    assert shares_finding(read(arms)).endswith(f"; x {word} ± 0 points")


def test_titles_follow_their_data_when_arms_swap_them() -> None:
    """The arm that is named is the one with the rows, wherever it stands."""
    kinds = {"nothing": run(), "a": run(ours=130.0, early=1.0), "b": run(ours=105.0, early=2.0)}
    swapped = {"nothing": kinds["nothing"], "a": kinds["b"], "b": kinds["a"]}
    first, second = (
        read({(arm, r): rows for arm, rows in some.items() for r in range(2)}) for some in (kinds, swapped)
    )
    for finding in (shares_finding, lambda one: cycle_finding(one, curves_of(one))):
        title, other = finding(first), finding(second)
        assert "; a " in title and other == title.replace("; a ", "; b ")


def test_cohorts_of_which_nobody_was_followed_are_not_compared() -> None:
    short = [one for one in run() if one[0] != "cycle"]
    short += [("cycle", 35, "us", "1/0", "joined", 3.0), ("cycle", 35, "us", "1/4", "with us", 3.0)]
    recordings = read({("nothing", 0): short})
    curves = curves_of(recordings)
    assert cycle_finding(recordings, curves).startswith("No two years' new customers")
    assert cycle_table(curves).rows[0][3:] == ("-",) * 5 + ("over 4", "over 4")


def test_a_quarter_may_have_ended_in_some_runs_alone() -> None:
    recordings = read({("nothing", 0): run(early=2.0), ("nothing", 1): run(early=3.0)})
    assert cycle_table(curves_of(recordings)).rows[0][-2] == "over 30"


@pytest.fixture(scope="module")
def real() -> Recordings:
    """Return recordings of a small market that was lived, under two arms."""
    frames = []
    for arm, policy in (("nothing", "do_nothing"), ("reward", {"policy": "uniform", "treatment": "loyalty_reward"})):
        for replication in range(2):
            config = small_market(people=500, rules=LIVELY, us={"policy": policy}, world={"newcomers_per_year": 0.1})
            model = lived(config, 26, seed=3, replication=replication)
            frames.append(model.recording().assign(arm=arm, replication=replication))
    rows = pd.concat(frames, ignore_index=True)
    return read_recordings(rows[~rows["measure"].str.startswith("person/")], "nothing", ["nothing", "reward"])


def test_flows_of_the_report_are_those_poached(real: Recordings) -> None:
    leavers, customers = real.of("leavers"), real.of_all("customers")
    for arm in real.arms:
        lost = poached_per_100(real, arm)["lost"].sum(axis=1)
        own = customers[(customers["arm"] == arm) & (customers["institution"] == "us") & (customers["month"] < 25)]
        years = own.groupby("replication")["value"].sum() / 12.0
        poached = leavers[(leavers["arm"] == arm) & (leavers["a"] == "poached")].groupby("replication")["value"].sum()
        assert (100.0 * poached / years).to_numpy() == pytest.approx(lost.to_numpy())


@pytest.mark.parametrize("name", FIGURES)
def test_figures_have_a_finding_and_say_how_to_read_them(name: str, real: Recordings) -> None:
    drawing = draw_figure(name, real)
    assert len(drawing.finding) > 40 and "nothing" in drawing.finding and "nan" not in drawing.finding + drawing.note
    texts = [text.get_text() for axes in drawing.figure.axes for text in axes.texts]
    assert texts and not any("nan" in text for text in texts)
    labels = " ".join([*texts, *(tick.get_text() for axes in drawing.figure.axes for tick in axes.get_xticklabels())])
    assert "year 1" in labels if name == "cycle_by_cohort" else "bigbank" in labels


def test_the_matrix_shows_the_flows(real: Recordings) -> None:
    """From us to the rival under the champion, per 1,000 customers of both a year, average over replications."""
    flows, customers = real.of_all("flows"), real.of_all("customers")
    own = flows[(flows["arm"] == "nothing") & (flows["institution"] == "us") & (flows["a"] == "bigbank")]
    served = customers[(customers["arm"] == "nothing") & customers["institution"].isin(["us", "bigbank"])]
    months = served[served["month"] < 25].groupby("replication")["value"].sum()
    wanted = float((12_000.0 * own.groupby("replication")["value"].sum() / months).mean())
    shown = {text.get_position(): text.get_text() for text in draw_figure("who_takes_whom", real).figure.axes[0].texts}
    assert shown[1, 0] == f"{wanted:,.1f}"


def test_what_an_arm_alters_of_our_place_by_hand() -> None:
    """It ends with 20 of 200 customers more, and loses 9 instead of 6 of 100 in three years."""
    arms = {("nothing", r): run() for r in range(2)} | {("x", r): run(ours=120.0, lost=9.0) for r in range(2)}
    recordings = read(arms)
    found = {one.name: one for one in our_place(recordings)}
    assert list(found) == ["share", "paid", "cost", "lost", "won", "cycle"]
    assert found["share"].text("x") == "+10.0 ± 0" and found["share"].apart["x"].mean == pytest.approx(10.0)
    # of 110 on average instead of 100, and 400 a month as before: 117, 118 ... 120 at the beginnings of the last year
    heads = sum(100.0 + 20.0 * month / 36 for month in range(24, 36)) / 12
    assert found["paid"].apart["x"].mean == pytest.approx(4800.0 / heads - 48.0)
    assert found["cost"].text("x") == found["cycle"].text("x") == "0.0 ± 0"
    years = sum(100.0 + 20.0 * month / 36 for month in range(36)) / 12
    assert found["lost"].apart["x"].mean == pytest.approx(900.0 / years - 2.0)
    said = (
        f"Under nothing, rivals take 2.00 of 100 customers of ours a year; x raises it by {900.0 / years - 2.0:.2f} ± 0"
    )
    assert place.taken_finding(recordings) == said
    assert our_place(read({("nothing", r): run() for r in range(2)})) == []


@pytest.mark.parametrize("name", FIGURES)
def test_differences_drawn_are_those_of_the_table(name: str, real: Recordings) -> None:
    table = next(place_tables(real))
    assert table.caption == "Our place in the market, less that under nothing"
    drawn_texts = [text.get_text() for ax in draw_figure(name, real).figure.axes for text in ax.texts]
    for one, text in zip(our_place(real), table.rows[0][1:], strict=True):
        if one.name in OF_FIGURE[name]:
            assert text in drawn_texts and text != "-"


def test_every_arm_is_drawn_however_many_there_are() -> None:
    arms = [f"arm number {number}" for number in range(13)]
    recordings = read({(arm, r): run(ours=100.0 + r + n) for n, arm in enumerate(arms) for r in range(2)})
    for name in FIGURES:
        figure = draw_figure(name, recordings).figure
        named = [tick.get_text() for ax in figure.axes for tick in ax.get_yticklabels()]
        title = wrapped(draw_figure(name, recordings).finding, 0.95 * WIDTH, TITLE_SIZE, bold=True)
        assert set(arms[1:]) <= set(named) and len(title) <= 2 and figure.get_figheight() <= 1.4 * figure.get_figwidth()


def test_flows_add_up_to_all_who_go_and_do_not_leave_for_good(real: Recordings) -> None:
    flows, customers = real.of_all("flows"), real.of_all("customers")
    for arm in real.arms:
        stay = flows[(flows["arm"] == arm) & (flows["a"] != "gone") & (flows["institution"] != flows["a"])]
        own = stay.groupby("replication")["value"].sum()
        served = customers[(customers["arm"] == arm) & customers["institution"].isin(real.institutions)]
        months = served[served["month"] < 25].groupby("replication")["value"].sum()
        assert moves_of(real, arm).sum(axis=1).to_numpy() == pytest.approx((12_000.0 * own / months).to_numpy())


def test_the_page_has_the_section_and_the_figures_and_no_nan(real: Recordings) -> None:
    (section,) = (one for one in sections_of(real) if one.name == "market")
    texts = [*section.sentences, *(cell for table in section.tables for row in table.rows for cell in row)]
    assert not any("nan" in text for text in texts)
    for figure in drawn(real, FIGURES):
        assert figure.svg.startswith("<svg ") and "nan" not in figure.finding


@pytest.mark.parametrize("months", [1, 5, 12])
def test_a_market_is_told_of_runs_however_short(months: int) -> None:
    """With one run, one arm, and no rival."""
    for rivals in ({}, {"bigbank": {"share": "35%", "quality": 0.2}}):
        rows = lived(small_market(people=200, rules=LIVELY, rivals=rivals), months, seed=1).recording()
        recordings = read_recordings(rows.assign(arm="nothing", replication=0), "nothing", ["nothing"])
        section = market_section(recordings)
        assert section is not None
        texts = [*section.sentences, *(cell for table in section.tables for row in table.rows for cell in row)]
        assert not any("nan" in text for text in texts)
        for name in FIGURES[:2]:
            assert "nan" not in draw_figure(name, recordings).finding


def test_an_institution_that_nobody_joins_is_told_of_too() -> None:
    rows = [one for one in run() if not (one[0] == "joiners" and one[2] == "rival")]
    section = market_section(read({("nothing", r): rows for r in range(2)}))
    assert section is not None and section.tables[0].rows[1][-2:] == ("0.0", "-")


def test_results_of_before_have_no_section_and_figures_say_what_they_lack() -> None:
    old = [one for one in run() if one[0] not in ("flows", "cycle", "posted_price")]
    recordings = read({("nothing", r): old for r in range(2)})
    assert market_section(recordings) is None and recordings.institutions == ("us", "rival")
    for name in FIGURES[1:]:
        with pytest.raises(NotRecordedError, match="no rows of"):
            draw_figure(name, recordings)
    assert read({("nothing", 0): [one for one in run() if one[0] == "customers_by_cell"]}).institutions == ()


def test_names_of_institutions_that_no_font_draws_have_a_stand_in() -> None:
    strange = "\U0001f3e6\ue000"  # of a private area, for which no font has a sign
    called = {"rival": strange}
    rows = [(*one[:2], called.get(one[2], one[2]), called.get(one[3], one[3]), *one[4:]) for one in run()]
    drawing = draw_figure("who_takes_whom", read({("nothing", r): rows for r in range(2)}))
    shown = [tick.get_text() for tick in drawing.figure.axes[0].get_yticklabels()]
    assert shown == ["us", "institution 1", "nobody"] and f"institution 1 is {strange}" in drawing.note


def tables(rows: list[Made]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return caption -> rows of the tables of the market, of two runs alike."""
    section = market_section(read({("nothing", r): rows for r in range(2)}))
    assert section is not None
    return {table.caption: table.rows for table in section.tables}


def test_a_product_that_enters_has_a_row_and_a_mark() -> None:
    assert "Products that enter" not in tables(run())
    rows: list[Made] = [*run(), *(("posted_price", month, "rival", "loan", "", 8.0) for month in range(12, 36))]
    found = tables(rows)
    assert found["Products that enter"] == (("nothing", "rival", "loan", "12", "2 of 2"),)
    assert found["Posted prices, % a year"][1] == ("nothing", "rival", "19.00", "not sold to 8.00")
    drawing = draw_figure("market_over_time", read({("nothing", r): rows for r in range(2)}))
    marks = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "^"]
    assert [float(line.get_xdata()[0]) for line in marks] == [12.0] and "loan of rival" in drawing.note
    plain = draw_figure("market_over_time", read({("nothing", r): run() for r in range(2)}))
    assert "Triangles" not in plain.note


def test_what_is_promised_to_who_comes_from_another_has_a_table_where_it_is() -> None:
    assert "What is promised to those who come from another" not in tables(run())
    rows: list[Made] = [*run(), *(("poaching_offer", month, "rival", "money", "", 90.0) for month in range(9))]
    found = tables([*rows, ("poaching_offer", 3, "rival", "points", "", 2.0)])
    assert found["What is promised to those who come from another"] == (
        ("nothing", "rival", "25%", "2.00", "-", "90.00"),
    )


# Return, year by year ----------------------------------------------------------------------------------------------


def money(back: tuple[float, float], luck: float) -> list[Made]:
    """Return two years in which 100 EUR a year are spent on one customer at the start, and so much comes back."""
    rows: list[Made] = [("customers_by_cell", -1, "us", "growth", GOOD, 1.0)]
    rows += [("customers_by_cell", 23, "us", "growth", GOOD, 1.0)]
    for year, each in enumerate(back):
        rows += [("ledger", 12 * year, "us", "interest", "", 1000.0 + luck + each - 100.0)]
        rows += [("treatments", 12 * year, "us", "", "cost_eur", 100.0)]
    return rows


def values(arms: dict[str, float]) -> pd.DataFrame:
    """Return metrics of runs: profit, and 200 EUR more of treatment than the champion."""
    rows = [
        (arm, r, name, value)
        for arm, profit in arms.items()
        for r in range(3)
        for name, value in (
            ("profit_per_customer", profit + r),
            ("treatment_spend_per_customer", 0.0 if arm == "nothing" else 200.0),
        )
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])


def base(luck: float) -> list[Made]:
    """Return the champion's two years."""
    rows = [one for one in money((100.0, 100.0), luck) if one[0] != "treatments"]
    return [*rows, ("treatments", 0, "us", "", "cost_eur", 0.0)]


def test_the_return_rises_from_year_to_year_as_the_rows_say() -> None:
    parts = {("nothing", r): base(float(r)) for r in range(3)}
    parts |= {("care", r): money((40.0, 190.0), float(r)) for r in range(3)}
    section = yearly_section(read(parts, values=values({"nothing": 2000.0, "care": 2030.0})))
    assert section is not None
    assert section.tables[0].rows[0] == ("care", "that year", "0.40 (0.40 to 0.40)", "1.90 (1.90 to 1.90)")
    assert section.tables[0].rows[1] == ("care", "all years so far", "0.40 (0.40 to 0.40)", "1.15 (1.15 to 1.15)")
    (said,) = section.sentences
    assert "rises from 0.40 in year 1 to 1.90 in year 2, and beyond chance" in said and "by the end of year 2" in said


def test_an_arm_that_does_more_than_spend_has_no_return_by_year_either() -> None:
    parts = {("nothing", r): base(float(r)) for r in range(3)}
    parts |= {(arm, r): money((40.0, 190.0), float(r)) for arm in ("care", "ends") for r in range(3)}
    also = {"treatment_spend_per_customer": {"ends": ("ends relationships",)}}
    known = values({"nothing": 2000.0, "care": 2030.0, "ends": 2030.0})
    section = yearly_section(read(parts, values=known, also_does=also))
    assert section is not None and {row[0] for row in section.tables[0].rows} == {"care"}
    assert "Left out: ends also ends relationships" in section.note
    assert yearly_section(read(parts, values=known, metrics=["profit_per_customer"])) is None


def test_a_champion_alone_has_no_return() -> None:
    assert yearly_section(read({("nothing", 0): base(0.0)}, values=values({"nothing": 2000.0}))) is None

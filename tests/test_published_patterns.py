"""Published patterns: each measure gives what is worked out by hand of lives written by hand; the page says it all."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tenure.agents.person import CAUSES
from tenure.experiments.commands import verifying
from tenure.experiments.commands.app import app
from tenure.experiments.evidence.bands import shipped
from tenure.experiments.evidence.patterns import competition, contacts, credit, leaving
from tenure.experiments.evidence.patterns.lives import Lives, Sends, Start, quantile_groups, with_changes
from tenure.experiments.evidence.patterns.measure import FAMILIES, REPLICATIONS, Step, how_many, steps, summarised
from tenure.experiments.evidence.patterns.page import page
from tenure.experiments.evidence.patterns.table import Found, Pattern, beside, patterns
from tests.made_lives import at, made_lives, with_base

ROOT = Path(__file__).parent.parent
POACHED, CHARGED_OFF, OWN = (CAUSES.index(name) for name in ("poached", "charged_off", "own_reasons"))
SMALL = with_changes(shipped("default", 600), {"burn_in_months": 2})


# Lives ----------------------------------------------------------------------------------------------------------------


def test_leaving_counts_the_first_way_out_of_the_provider_at_the_start() -> None:
    """0 is poached; 1 is charged off first and poached from it later; 2 is poached from another; 3 stays."""
    cause = at(4, 4, {(1, 0): POACHED, (1, 1): CHARGED_OFF, (3, 1): POACHED, (2, 2): POACHED})
    before = np.ones((5, 4))
    before[2, 2] = 2
    lives = made_lives(4, 4, cause=cause, before=before)
    assert lives.leaving(0, 4).tolist() == [True, False, False, False]
    assert lives.leaving(1, 3).tolist() == [False, True, False, False], "who came back can leave again"


@given(
    causes=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(1, len(CAUSES) - 1)), max_size=8),
    months=st.integers(1, 6),
)
@settings(max_examples=60, deadline=None)
def test_nobody_both_stays_and_leaves(causes: list[tuple[int, int, int]], months: int) -> None:
    lives = made_lives(6, 5, cause=at(6, 5, {(m, i): cause for m, i, cause in causes}))
    left = lives.leaving(0, months, CAUSES[1:])
    assert not (left & lives.stayed(0, months)).any()
    assert (left | lives.stayed(0, months)).all(), "a customer does one of the two"
    assert (lives.leaving(0, months) <= lives.leaving(0, 6)).all(), "who has left within few months has within more"


@given(values=st.lists(st.floats(-10, 10), min_size=1, max_size=40), groups=st.integers(1, 6))
@settings(max_examples=60)
def test_groups_are_of_equal_size_and_in_order(values: list[float], groups: int) -> None:
    group = quantile_groups(np.array(values), groups)
    sizes = np.bincount(group, minlength=groups)
    assert sizes.max() - sizes.min() <= 1
    order = np.argsort(values, kind="stable")
    assert (np.diff(group[order]) >= 0).all()


# Borrowing ------------------------------------------------------------------------------------------------------------


def test_share_of_the_open_line_drawn_on_the_way_to_charge_off() -> None:
    """Of 1,000 and 800 open, 400 and 500 are drawn in the last year: pooled, a half; and 600 + 700 of 2,000 are."""
    months, line = 30, np.tile([1000.0, 1000.0], (31, 1))
    drawn = np.tile([0.0, 200.0], (31, 1))
    drawn[20:] = [400.0, 700.0]
    cause = at(months, 2, {(25, 0): CHARGED_OFF, (25, 1): CHARGED_OFF})
    found = credit.drawn_before_charge_off(made_lives(months, 2, line=line, revolving=drawn, cause=cause))
    assert found["drawn_share"] == pytest.approx((400 + 500) / (1000 + 800))
    assert found["utilisation_1_before"] == pytest.approx(0.55)
    assert found["utilisation_12_before"] == found["utilisation_24_before"] == pytest.approx(0.1)
    assert found["utilisation_rises"] == pytest.approx(0.45)


def test_utilisation_a_quarter_before_falling_behind() -> None:
    used = np.tile([900.0, 100.0, 300.0], (13, 1))
    late = at(12, 3, {(5, 0): 2})
    found = credit.before_falling_behind(made_lives(12, 3, line=1000.0, revolving=used, past_due=late))
    assert found["utilisation_quarter_before_behind"] == pytest.approx(0.9)
    assert found["utilisation_of_current"] == pytest.approx(0.3)


@pytest.mark.parametrize("young", [12, 24, 36])
def test_loss_is_highest_where_it_was_put(young: int) -> None:
    """Everybody owes 100; one in a hundred a month is charged off, and six times as many at the tenures of one year."""
    months, people = 72, 600
    owed = np.full((months + 1, people), 100.0)
    often = np.zeros((months + 1, people))
    for month in range(months):
        share = 6 if young <= month < young + 12 else 1
        often[month + 1, : people * share // 100] = CHARGED_OFF
    found = credit.loss_by_months_on_book(made_lives(months, people, credit=owed, cause=often))
    assert found["loss_peak_month"] == pytest.approx(young + 6, abs=6.0)
    assert found[f"loss_at_{young}"] == pytest.approx(12.0 * 0.06)
    assert found["loss_at_60"] == pytest.approx(12.0 * 0.01)


def test_equal_score_leaves_what_the_answer_adds() -> None:
    luck = np.random.default_rng(1)
    score, took = luck.normal(size=400), luck.random(400) < 0.3
    assert credit.at_equal_score(2.0 + 0.5 * score + 0.3 * took, score, took) == pytest.approx(0.3)
    assert math.isnan(credit.at_equal_score(score, score, np.zeros(400, np.bool_)))


def test_charge_off_by_products_is_a_yearly_rate_of_who_owes() -> None:
    """Four borrowers of one product and four of four; one of the first and two of the second go within a year."""
    held = np.array([1, 1, 1, 1, 4, 4, 4, 4, 1])
    owes = np.array([1.0] * 8 + [0.0])
    cause = at(12, 9, {(3, 0): CHARGED_OFF, (5, 4): CHARGED_OFF, (7, 5): CHARGED_OFF, (7, 8): CHARGED_OFF})
    found = credit.charge_off_by_products(made_lives(12, 9, products=held, credit=owes, cause=cause))
    assert found["charge_off_1_products"] == pytest.approx(1 / 4), "who owes nothing is no borrower"
    assert found["charge_off_four_over_one"] == pytest.approx(2.0)


# Leaving --------------------------------------------------------------------------------------------------------------


def _leaving_each_year(who: list[int], people: int, **columns: Any) -> Lives:
    places = {(first + 2, i): OWN for first in leaving.STARTS for i in who}
    return made_lives(60, people, cause=at(60, people, places), **columns)


def test_leaving_by_fifth_of_satisfaction() -> None:
    """Ten people in each fifth: four leave of the bottom, three of the middle, two of the top, none elsewhere."""
    who = [0, 1, 2, 3, 20, 21, 22, 40, 41]
    found = leaving.by_satisfaction(_leaving_each_year(who, 50, satisfaction=np.arange(50.0)))
    assert [found[f"leaving_fifth_{k}"] for k in range(1, 6)] == pytest.approx([0.4, 0.0, 0.3, 0.0, 0.2])
    assert found["leaving_bottom_over_top"] == pytest.approx(2.0)
    assert found["leaving_least_step"] == pytest.approx(4 / 3)


def test_leaving_of_the_idle_over_the_active() -> None:
    idle = np.array([9] * 10 + [3] * 10 + [1] * 10)
    found = leaving.by_idleness(_leaving_each_year([0, 1, 2, 10, 20, 21], 30, idle=idle))
    assert found["leaving_idle_over_active"] == pytest.approx(3 / 2)


def test_profit_by_year_of_a_card_customer() -> None:
    """Joins in month 3 for 50 EUR, earns 10 a month in the first year, 20 in the second, and then a loss of 850."""
    margin = np.zeros((73, 2))
    margin[4:16, 0], margin[16:28, 0] = 10.0, 20.0
    provider = np.ones((73, 2))
    provider[30:, 0] = 0
    owed = np.zeros((73, 2))
    owed[:30, 0] = 1000.0
    lives = made_lives(
        72,
        2,
        margin=margin,
        provider=provider,
        credit=owed,
        line=1000.0,
        joined=at(72, 2, {(3, 0): 1}),
        cause=at(72, 2, {(30, 0): CHARGED_OFF}),
    )
    lives.postings[2, 1, 9] = -50.0
    found = leaving.profit_by_year(with_base(lives))
    assert [found[f"profit_year_{year}"] for year in range(4)] == pytest.approx([-50.0, 120.0, 240.0, -850.0])
    assert math.isnan(found["profit_year_4"]), "nobody was there when it began"


def test_unprofitable_cross_buyers() -> None:
    """Two buy a second product in month 5: one earns 1 EUR a month, one costs as much; a third buys none."""
    products = np.ones((73, 3))
    products[5:, :2] = 2
    before = np.ones((73, 3))
    before[6:, :2] = 2
    margin = np.tile([1.0, -1.0, -1.0], (73, 1))
    lives = made_lives(72, 3, products=products, products_before=before, margin=margin)
    assert leaving.unprofitable_cross_buyers(with_base(lives))["unprofitable_cross_buyers"] == pytest.approx(0.5)


def test_cheapest_save_and_best_number_of_messages() -> None:
    saved = dict(zip((1, 10, 30, 100, 300), (-1.0, 2.0, 10.0, 20.0, 30.0), strict=True))
    means = {f"saved_{k}": v for k, v in saved.items()} | {f"spent_{k}": 100.0 * k for k in saved}
    found = contacts.cheapest_save(means)
    assert found["cost_per_save_30"] == pytest.approx(300.0)
    assert math.isinf(found["cost_per_save_1"]), "nobody is saved at any cost"
    assert (found["cheapest_amount"], found["cheapest_is_inside"]) == (30.0, 1.0)
    gains = {f"profit_{many}_contacts": gain for many, gain in ((1, 2.0), (2, 5.0), (4, 3.0), (6, -1.0), (12, -9.0))}
    assert contacts.best_contacts(gains) == {"best_contacts": 2.0, "best_contacts_is_inside": 1.0}
    assert contacts.best_contacts(dict.fromkeys(gains, -1.0))["best_contacts_is_inside"] == 0.0


# In the running market ------------------------------------------------------------------------------------------------


def test_a_world_in_which_nothing_is_done_is_the_same_world() -> None:
    """Whatever is sent to nobody, and with no guard in the way, changes nothing: every column of every month."""
    start = Start.burnt_in(SMALL, 3, 0)
    other = start.lives(6, Sends("loyalty_reward", ()))
    for name, column in other.columns.items():
        assert np.array_equal(column, start.twin[name][:7]), name


def test_double_jeopardy_counts_each_year_s_customers_and_who_of_them_left() -> None:
    """Eight customers of the first, of whom one is poached in each of two years; four of the third, of whom one is."""
    months, people = 24, 12
    provider = np.tile([1] * 8 + [3] * 4, (months + 1, 1))
    provider[5:, 0] = provider[15:, 1] = provider[20:, 8] = 2
    cause = at(months, people, {(5, 0): POACHED, (15, 1): POACHED, (20, 8): POACHED})
    before = np.vstack([provider[:1], provider[:-1]])
    products = np.tile([2] * 8 + [1] * 4, (months + 1, 1))
    lives = made_lives(months, people, provider=provider, cause=cause, before=before, products=products)
    found = competition.jeopardy_of(lives)
    assert found["leaving_large"] == pytest.approx(2 / (8 + 7)) and found["leaving_small"] == pytest.approx(1 / (4 + 4))
    assert found["jeopardy_leaving"] == pytest.approx(15 / 16) and found["jeopardy_products"] == pytest.approx(0.5)
    assert found["share_large"] == pytest.approx(15 / 24) and found["share_small"] == pytest.approx(8 / 24)


def test_institutions_alike_differ_in_quality_alone() -> None:
    three = list(competition.alike(SMALL).institutions().values())
    plain = [one.model_copy(update={"quality": 0.0, "share": 0.0, "name": None}) for one in three]
    assert plain[0] == plain[1] == plain[2] and len({one.quality for one in three}) == 3


def test_a_trial_reaches_whom_no_guard_would() -> None:
    start = Start.burnt_in(SMALL, 3, 0)
    other = start.lives(3, Sends("reminder", (0, 1, 2)))
    reached = (other["treatment"][1:4] > 0).sum(axis=0)
    assert reached.max() == 3, "the usual rule is two messages in three months"
    held = other.customers(0) & (start.twin["past_due"][:3] == 0).all(axis=0) & other.stayed(0, 3)
    assert (reached[held] == 3).all()


def test_every_pattern_is_measured() -> None:
    made = list(steps(SMALL, replications=1))
    assert len(made) == how_many(1)
    figures = summarised(made)
    asked = {one.figure for one in patterns()}
    assert asked <= set(figures.index), asked - set(figures.index)
    assert {one.family for one in patterns()} == set(FAMILIES)


# The table and the page -----------------------------------------------------------------------------------------------


def test_patterns_are_told_once_and_have_a_source() -> None:
    assert len({one.figure for one in patterns()}) == len(patterns())
    for one in patterns():
        assert one.low <= one.high and one.about in ("people", "the market") and one.measured, one.figure
        if one.is_range:
            assert one.source and one.published, f"{one.figure} asks for something that nobody is named for"


def _pattern(**changes: Any) -> Pattern:
    usual: dict[str, Any] = {"family": "credit", "figure": "f", "pattern": "a pattern", "about": "people"}
    return Pattern(**{**usual, "unit": "share", "low": 0.2, "high": 0.4, "source": "A", "read": "abstract", **changes})


@pytest.mark.parametrize(
    ("value", "read", "verdict"),
    [
        (0.3, "abstract", "inside"),
        (0.5, "abstract", "OUTSIDE"),
        (0.3, "", "unconfirmed, inside"),
        (0.5, "", "unconfirmed, outside"),
        (math.nan, "abstract", "OUTSIDE"),
    ],
)
def test_verdicts(value: float, read: str, verdict: str) -> None:
    assert Found(_pattern(read=read), value, 0.01).verdict == verdict
    assert Found(_pattern(low=-math.inf, high=math.inf), value, 0.01).verdict == "information"


def test_page_names_what_lies_outside_and_not_what_is_unconfirmed() -> None:
    text = page(
        [
            Found(_pattern(pattern="one that holds"), 0.3, 0.01),
            Found(_pattern(pattern="one that does not"), 0.5, 0.01),
            Found(_pattern(pattern="one that nobody read", read=""), 0.5, 0.01),
        ],
        replications=4,
    )
    assert "1 of 2 patterns" in text and "**Outside: one that does not.**" in text
    assert "| one that nobody read | people |  | 20.0% to 40.0% | 50.0% | 1.0% | unconfirmed, outside |" in text


def test_shipped_page_has_a_row_for_every_pattern() -> None:
    text = (ROOT / "docs" / "patterns.md").read_text(encoding="utf-8")
    for one in patterns():
        assert f"| {one.pattern} | {one.about} | {one.published} |" in text, one.figure


@pytest.mark.slow
def test_shipped_page_is_current() -> None:
    """The page says what the shipped market gives: who changes a rule writes it anew."""
    made = page(beside(summarised(steps())), REPLICATIONS)
    shown = (ROOT / "docs" / "patterns.md").read_text(encoding="utf-8")
    assert shown == made, "run: tenure verify patterns --page docs/patterns.md"


def test_summary_is_over_the_replications_that_have_a_figure() -> None:
    made = [Step(0, "m", {"a": 1.0, "b": math.nan}), Step(1, "m", {"a": 3.0, "b": 5.0}), Step(0, "n", {"c": math.inf})]
    found = summarised(made)
    assert found.at["a", "mean"] == 2.0 and found.at["a", "se"] == pytest.approx(1.0)
    assert found.at["b", "mean"] == 5.0
    assert math.isnan(found.at["c", "mean"])


# The command ----------------------------------------------------------------------------------------------------------


RISING = {"profit_year_1": 30.0, "profit_year_5": 56.0}
"""Figures of which another is worked out."""


INSIDE = 1e-9
"""How far inside a range of one end: a mean of equal numbers may be off by rounding."""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The market gives the middle of every range, or 0."""

    def made(replications: int) -> Iterator[Step]:
        for replication in range(replications):
            for one in patterns():
                low, high = one.low, one.high
                ends = [low + INSIDE if math.isinf(high) else low, high - INSIDE if math.isinf(low) else high]
                ends = [end for end in ends if not math.isinf(end)]
                middle = RISING.get(one.figure, float(np.mean(ends)) if ends else 0.0)
                yield Step(replication, one.figure, {one.figure: middle})

    monkeypatch.setattr(verifying, "steps", made)


@pytest.mark.usefixtures("measured")
def test_verify_patterns_prints_and_writes(tmp_path: Path) -> None:
    written = tmp_path / "patterns.md"
    result = CliRunner().invoke(app, ["verify", "patterns", "--page", str(written)])
    assert result.exit_code == 0, result.output
    said = [one for one in patterns() if one.is_range and one.read]
    assert f"{len(said)} of {len(said)} patterns" in result.stdout
    text = written.read_text(encoding="utf-8")
    assert all(one.pattern in text and one.pattern in result.stdout for one in patterns())


@pytest.mark.usefixtures("measured")
def test_verify_patterns_as_json() -> None:
    result = CliRunner().invoke(app, ["verify", "patterns", "--json"])
    told = json.loads(result.stdout)
    assert [one["figure"] for one in told["patterns"]] == [one.figure for one in patterns()]
    assert all(one["verdict"] != "OUTSIDE" for one in told["patterns"]) and told["items"] == []


def test_verify_names_what_there_is() -> None:
    result = CliRunner().invoke(app, ["verify", "paterns"])
    assert result.exit_code == 2 and "patterns" in result.output


def test_beside_leaves_out_what_was_not_measured() -> None:
    measured = pd.DataFrame({"mean": {"drawn_share": 0.5}, "se": {"drawn_share": 0.01}})
    assert [one.pattern.figure for one in beside(measured)] == ["drawn_share"]

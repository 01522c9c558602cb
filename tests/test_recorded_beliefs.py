"""Beliefs beside the truth in a market's recording: what bad information does, rows that add up, calibration."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import MARKETS
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.beliefs.calibration import bins_off, standard_errors_off
from tenure.simulation.recording.beliefs.groups import BINS, COMPARED, DEFAULT, KINDS
from tests.markets import small_market
from tests.test_beliefs import conjugate

SEGMENTS = {"recent": "tenure_months < 24", "rest": "otherwise"}
KALMAN_GAIN, RETURN_DRIFT = 0.15, 1500.0
RETURN_NOISE = RETURN_DRIFT * (1.0 - KALMAN_GAIN) / KALMAN_GAIN**2
OF_RISK_ALONE = {"miss_want": 0.0}
"""Want of liquidity, which no institution sees, makes nobody miss a payment: default follows from risk."""
AS_THE_TRUTH = {
    "class_return": 0.0,
    "class_return_sd": (KALMAN_GAIN * RETURN_NOISE) ** 0.5,
    "return_noise": RETURN_NOISE**0.5,
    "return_drift": RETURN_DRIFT,
}
"""The true margin is a moving average of the months' margins, the latest with weight 0.15, from 0. The Kalman filter of
a local level is the same average where its steady-state gain K is that weight, which is where the noise's variance
is drift (1 - K) / K^2, and that of the estimate K times the noise's (Durbin & Koopman 2012, section 2.11)."""
PERFECT: dict[str, Any] = {"score_noise": 0.0, "information": {"noise": 0.001}}
INFORMED: dict[str, dict[str, Any]] = {
    "perfect": {},
    "noisy": {"information": {"noise": 4}},
    "overrated": {"information": {"noise": 4, "believed_noise": 0.5}},
}
"""What we hear: risk as it is; four times the usual error, which we know; the same, which
we take for half the usual one."""


def market(people: int, us: Mapping[str, Any], learning: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the default market without a macro factor, half of it our customers."""
    data: dict[str, Any] = deepcopy(read_with_extends(MARKETS / "default.market.yaml").data)
    for rival in data["rivals"].values():
        rival["share"] = "20%"
    data["us"] |= {"share": "50%", **us}
    return {
        **data,
        "people": people,
        "world": {"macro_sd": 0},
        "rules": {"learning": dict(learning), "credit": OF_RISK_ALONE},
        **changes,
    }


def recorded(config: Mapping[str, Any], months: int, seed: int = 1) -> pd.DataFrame:
    model = LifecycleModel(config, seed=seed)
    model.start_recording()
    for _ in range(months):
        model.step()
    return model.recording()


@cache
def informed(name: str) -> pd.DataFrame:
    """Return three years of a market in which we know more or less of risk, and all of return."""
    return recorded(market(4000, {**PERFECT, **INFORMED[name]}, AS_THE_TRUTH, segments=SEGMENTS), 37)


def heads(rows: pd.DataFrame, scheme: str, kind: str, month: int, what: str = "heads") -> pd.Series:
    """Return people (or balance) by origin and end."""
    chosen = rows[(rows["measure"] == f"migration/{scheme}/{kind}/{what}") & (rows["month"] == month)]
    return chosen.set_index(["a", "b"])["value"]


def moved(rows: pd.DataFrame, scheme: str, kind: str) -> tuple[float, float]:
    """Return which share of those who stayed changed their tag within a year, all years together, and their number."""
    cells = pd.concat([heads(rows, scheme, kind, month) for month in (12, 24, 36)]).reset_index()
    cells = cells[(cells["a"] != "new") & (cells["b"] != "left")]
    people = cells["value"].sum()
    return float(cells["value"][cells["a"] != cells["b"]].sum() / people), float(people)


def further(name: str, scheme: str) -> float:
    """Return by how many standard errors more is believed to move than moves, as if the two were independent."""
    rows = informed(name)
    (true, n), (believed, m) = (moved(rows, scheme, kind) for kind in KINDS)
    assert n == m > 4000
    return float((believed - true) / np.sqrt((true * (1 - true) + believed * (1 - believed)) / n))


def tag_error(rows: pd.DataFrame, scheme: str, month: int, group: str = "all") -> tuple[float, float]:
    """Return the share of wrong tags, and of how many people."""
    chosen = rows[(rows["a"] == scheme) & (rows["b"] == group) & (rows["month"] == month)].set_index("measure")["value"]
    return float(chosen["tag_error"]), float(chosen["tag_error_people"])


@pytest.mark.parametrize("scheme", ["quadrant", "risk_grade", "return_band"])
def test_with_perfect_information_as_much_is_believed_to_move_as_moves(scheme: str) -> None:
    assert abs(further("perfect", scheme)) < 4
    for month in (0, 12, 24, 36):
        assert tag_error(informed("perfect"), scheme, month)[0] < 0.01


def test_who_overrates_noise_sees_moves_that_are_none_and_who_knows_it_sees_fewer() -> None:
    """A mean given noisy readings varies less than what is read, as Var E(x | y) <= Var x; if noise is taken for news
    it varies more. Noise of risk alone: the bands of return move as they do."""
    assert further("overrated", "risk_grade") > 4 and further("noisy", "risk_grade") < -4
    assert further("overrated", "quadrant") - 2 > further("perfect", "quadrant") > further("noisy", "quadrant") + 2
    for name in INFORMED:
        assert abs(further(name, "return_band")) < 4
    for month in (12, 24, 36):
        errors = [tag_error(informed(name), "risk_grade", month)[0] for name in ("perfect", "noisy", "overrated")]
        assert errors[0] + 0.1 < errors[1] and errors[1] + 0.03 < errors[2]


@pytest.mark.parametrize("name", INFORMED)
@pytest.mark.parametrize("scheme", COMPARED)
def test_who_has_right_tags_twice_moves_alike_in_both(name: str, scheme: str) -> None:
    """Two matrices of the same people differ by at most those who had a wrong tag at either end."""
    rows = informed(name)
    for month in (12, 24, 36):
        true, believed = (heads(rows, scheme, kind, month) for kind in KINDS)
        apart = true.sub(believed, fill_value=0.0).abs().sum() / 2
        wrong = [np.prod(tag_error(rows, scheme, at)) for at in (month - 12, month)]
        assert apart <= sum(wrong) + 1e-6


@pytest.mark.parametrize("scheme", COMPARED)
@pytest.mark.parametrize("kind", KINDS)
def test_stayed_left_and_new_are_the_customers_at_both_marks(kind: str, scheme: str) -> None:
    rows = informed("noisy")
    ours = rows[rows["institution"] == "us"]
    customers = ours[ours["measure"] == "customers"].set_index("month")["value"]
    euro = ours[ours["measure"].isin(["credit_balance", "deposit_balance"])].groupby("month")["value"].sum()
    for month in (12, 24, 36):
        cells = heads(rows, scheme, kind, month)
        assert cells.drop("new", level="a").sum() == customers[month - 13]
        assert cells.drop("left", level="b").sum() == customers[month - 1]
        assert tag_error(rows, scheme, month)[1] == customers[month - 1]
        assert cells.xs("left", level="b").sum() > 50 and cells.xs("new", level="a").sum() > 50
        owed = heads(rows, scheme, kind, month, "balance")
        assert owed.drop("new", level="a").sum() == pytest.approx(euro[month - 13])


@pytest.mark.parametrize("scheme", COMPARED)
@pytest.mark.parametrize("what", ["heads", "balance"])
def test_segments_that_cover_everybody_add_up_to_the_whole(what: str, scheme: str) -> None:
    rows = informed("noisy")
    for kind in KINDS:
        for month in (24, 36):  # a year after the start, everybody is recent
            parts = [heads(rows, scheme, kind, month, f"{what}/{name}") for name in SEGMENTS]
            whole, total = heads(rows, scheme, kind, month, what), parts[0].add(parts[1], fill_value=0.0)
            assert set(whole.index) == set(total.index) and np.allclose(total.sort_index(), whole.sort_index())
            assert min(part.sum() for part in parts) > 0


def test_true_marks_are_the_quadrants_in_the_book() -> None:
    """Where moves begin and end are the customers by quadrant that the recording counts at a month's end."""
    rows = informed("perfect")
    cells = rows[(rows["measure"] == "customers_by_cell")].groupby(["month", "b"])["value"].sum()
    for month in (12, 24, 36):
        begun = heads(rows, "quadrant", "true", month).groupby(level="a").sum().drop("new")
        ended = heads(rows, "quadrant", "true", month).groupby(level="b").sum().drop("left")
        assert begun.to_dict() == {tag: n for tag, n in cells[month - 13].items() if n}
        assert ended.to_dict() == {tag: n for tag, n in cells[month - 1].items() if n}


@pytest.mark.parametrize(("noise", "believed_noise"), [(1.0, None), (3.0, 1.0)])
def test_error_of_risk_is_as_expected_where_the_model_is_right(noise: float, believed_noise: float | None) -> None:
    """Twice the chi-square's error, as people with different precision weigh differently (see test_belief_quality)."""
    model = conjugate(**{"us.information": {"noise": noise, "believed_noise": believed_noise}})
    model.start_recording()
    for _ in range(25):
        model.step()
    rows = model.recording()
    rows = rows[rows["a"] == "risk_mean"].set_index(["measure", "b", "month"])["value"]
    for month, group in ((12, "all"), (24, "all"), (24, "tenure 1-2"), (24, "products 1"), (24, "products 2")):
        error, expected, people = (
            rows[measure, group, month] for measure in ("risk_error", "risk_error_expected", "risk_error_people")
        )
        off = (error**2 / expected**2 - 1.0) / (2 * np.sqrt(2.0 / people))
        assert people > 200
        assert abs(off) < 4 if believed_noise is None else off > 8
    assert rows["risk_error", "all", 24] < rows["risk_error", "all", 12] - 0.02 or believed_noise is not None


# When --------------------------------------------------------------------------------------------------------------


def lively(every_months: int, first_month: int = 0) -> LifecycleModel:
    config = small_market(people=300, compare_beliefs_every_months=every_months, segments=SEGMENTS)
    model = LifecycleModel(config, seed=2, first_month=first_month)
    model.start_recording()
    return model


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of beliefs beside the truth."""
    names = rows["measure"].str
    return rows[names.startswith(("migration", "tag_error", "risk_error", "reliability", "score"))]


@pytest.mark.parametrize(("every_months", "months"), [(6, 20), (6, 18), (4, 13), (12, 11)])
def test_marks_are_as_far_apart_as_asked(every_months: int, months: int) -> None:
    """A mark opens its month, so that one is due as soon as the months before it are lived."""
    model = lively(every_months)
    for _ in range(months):
        model.step()
    rows = model.recording()
    due = list(range(0, months + 1, every_months))
    assert sorted(rows["month"][rows["measure"] == "tag_error"].unique()) == due
    assert sorted(rows["month"][rows["measure"].str.startswith("migration")].unique()) == due[1:]
    years = set(range(12, months + 1, 12))
    assert set(rows["month"][rows["measure"].str.startswith("reliability")]) == years & set(due)
    assert ("markov_order" in set(rows["measure"])) == (len(due) >= 3)


def test_reading_a_recording_changes_nothing() -> None:
    """Neither read twice nor read on the way, at a mark and between two."""
    once, often = lively(6), lively(6)
    for month in range(25):
        once.step()
        often.step()
        if month in (4, 5, 11, 12, 17):
            pd.testing.assert_frame_equal(often.recording(), often.recording())
    pd.testing.assert_frame_equal(once.recording(), often.recording())


def test_the_last_mark_is_the_one_that_the_next_month_would_make() -> None:
    model = lively(6)
    for _ in range(12):
        model.step()
    early = compared(model.recording())
    model.step()
    late = compared(model.recording())
    assert (early["month"] == 12).sum() > 100
    pd.testing.assert_frame_equal(early.reset_index(drop=True), late.reset_index(drop=True))


def test_marks_fall_on_whole_years_wherever_the_recording_begins() -> None:
    model = lively(12, first_month=-5)
    for _ in range(20):
        model.step()
    assert sorted(set(compared(model.recording())["month"])) == [0, 12]


# Scores that can be relied on --------------------------------------------------------------------------------------

JUDGED = BINS[1:]
"""The lowest bin is left out: who owes nothing is put at 0, though one may borrow within the year."""


def cohorts(people: int, us: Mapping[str, Any], learning: Mapping[str, Any]) -> list[pd.DataFrame]:
    """Return people, predicted and happened of each cohort's default score in the judged bins, ascending."""
    rows = recorded(market(people, us, learning), 37, seed=4)
    rows = rows[rows["a"] == DEFAULT].assign(what=rows["measure"].str.removeprefix("reliability_"))
    found = []
    for month in (12, 24, 36):
        table = rows[(rows["month"] == month) & rows["b"].isin(JUDGED)].pivot(index="b", columns="what", values="value")
        found.append(table.reindex([name for name in JUDGED if name in table.index]))
    return found


def calibrated(table: pd.DataFrame) -> bool:
    return not bins_off(*(table[name].to_numpy() for name in ("people", "predicted", "happened"))).any()


def test_what_is_known_exactly_happens_as_often_as_predicted() -> None:
    tables = cohorts(10_000, PERFECT, {})
    assert all(calibrated(table) and table["people"].sum() > 2000 for table in tables)
    assert sum(table["happened"].sum() for table in tables) > 300, "too few defaults to tell"


def test_who_overrates_the_risk_of_all_predicts_too_much() -> None:
    """Nothing is heard, and the class is believed 1.5 log-odds riskier than it is: 4.5 times the odds of a miss."""
    nothing = {"information": {"application": False, "behaviour": False}}
    for table in cohorts(4000, nothing, {"class_risk": -3.5}):
        assert not calibrated(table)
        assert table["predicted"].sum() > 1.5 * table["happened"].sum()


def test_who_overrates_noise_is_too_sure_at_both_ends() -> None:
    first, *later = cohorts(10_000, INFORMED["overrated"], {})
    assert calibrated(first), "before anything is read, there is nothing to overrate"
    assert not any(map(calibrated, later))
    both = pd.concat(later)
    for bins, side in ((JUDGED[:3], 1), (JUDGED[-3:], -1)):  # below 2%, and from 10%
        told = both[both.index.isin(bins)].sum()
        assert side * standard_errors_off(told["people"], told["predicted"], told["happened"]) > 4


def test_who_is_in_default_at_the_mark_counts_as_predicted() -> None:
    """At probability 1; also who is cured or charged off within the month, before a month's end shows it again."""
    model = LifecycleModel(market(10_000, PERFECT, {}), seed=4, first_month=-24)
    for _ in range(24):
        model.step()
    model.start_recording()
    model.step()
    in_default = int((model.us.files.beliefs["months_past_due"] >= 3).sum())  # as the mark of month 0 saw them
    for _ in range(11):
        model.step()
    rows = model.recording()
    top = rows[(rows["a"] == DEFAULT) & (rows["b"] == BINS[-1])].set_index("measure")["value"]
    assert in_default > 20 and top["reliability_happened"] >= in_default
    assert calibrated(top.to_frame().T.rename(columns=lambda name: name.removeprefix("reliability_")))


@pytest.mark.parametrize("every_months", [5, 9, 24])
def test_a_years_prediction_is_judged_after_a_year(every_months: int) -> None:
    """However far apart the marks are: the first cohort is the same people, predictions and twelve months."""

    def first(months: int) -> dict[tuple[str, str, str], float]:
        rows = recorded(market(2000, PERFECT, {}, compare_beliefs_every_months=months), 37)
        rows = rows[rows["measure"].str.startswith(("reliability", "score"))]
        rows = rows[rows["month"] == rows["month"].min()]
        return {(m, a, b): v for m, a, b, v in rows[["measure", "a", "b", "value"]].itertuples(index=False)}

    assert first(every_months) == first(12)

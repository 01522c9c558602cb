"""The Taiwanese card file: what is read from it, what it implies, and that the shipped tables are its own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenure.experiments.evidence import taiwan, taiwan_chain, taiwan_data

# Counted apart from this code: April to September, five steps pooled, status clipped to 0..5 (row: this month).
POOLED = np.array(
    [
        [123723, 1860, 6209, 0, 0, 0],
        [0, 34, 0, 0, 0, 0],
        [4130, 1676, 9460, 1031, 0, 0],
        [176, 109, 362, 176, 285, 0],
        [16, 32, 85, 29, 106, 109],
        [8, 11, 82, 10, 13, 268],
    ]
)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return taiwan_data.load()


def accounts(
    statuses: Sequence[Sequence[int]],
    bills: Sequence[Sequence[float]] | None = None,
    paid: Sequence[Sequence[float]] | None = None,
    limit: Sequence[float] | None = None,
    age: Sequence[float] | None = None,
    default: Sequence[int] | None = None,
) -> pd.DataFrame:
    """A few made-up accounts, months forward from April."""
    n = len(statuses)
    return pd.DataFrame(
        {
            "limit": limit or [1000.0] * n,
            "age": age or [35] * n,
            **{name: [row[t] for row in statuses] for t, name in enumerate(taiwan_data.STATUS)},
            **{name: [row[t] for row in bills or [[0.0] * 6] * n] for t, name in enumerate(taiwan_data.BILL)},
            **{name: [row[t] for row in paid or [[0.0] * 6] * n] for t, name in enumerate(taiwan_data.PAID)},
            "default": default or [0] * n,
        }
    )


def test_every_customer_is_read(data: pd.DataFrame) -> None:
    assert len(data) == 30_000
    assert data["id"].is_unique
    assert set(data["default"]) == {0, 1}
    # The first customer of the file, read by eye: September is the repository's first month.
    first = data.iloc[0]
    assert (first["limit"], first["age"], first["default"]) == (20_000, 24, 1)
    assert list(first[list(taiwan_data.STATUS)]) == [-2, -2, -1, -1, 2, 2]
    assert list(first[list(taiwan_data.BILL)]) == [0, 0, 0, 689, 3102, 3913]
    assert list(first[list(taiwan_data.PAID)]) == [0, 0, 0, 0, 689, 0]


def test_a_file_that_is_not_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("ID,X1\n1,20000\n")
    with pytest.raises(ValueError, match=r"short\.csv: expected 30000 rows .* found 1 rows, missing columns"):
        taiwan_data.load(path)


def test_pooled_transitions_are_those_counted_apart(data: pd.DataFrame) -> None:
    np.testing.assert_array_equal(taiwan_chain.status_transitions(data), POOLED)
    assert taiwan_chain.status_transitions(data).sum() == 30_000 * 5


def test_shipped_rates_are_counts_over_row_sums() -> None:
    rates = taiwan_chain.transition_rates()
    np.testing.assert_allclose(rates, POOLED / POOLED.sum(axis=1, keepdims=True), rtol=1e-12)


def test_one_month_past_due_would_hold_everybody_for_ever_unless_folded() -> None:
    as_recorded = np.linalg.matrix_power(taiwan_chain.transition_rates(), 2_000)
    np.testing.assert_allclose(as_recorded[:, 1], 1.0, atol=1e-6)
    folded = taiwan_chain.transition_rates(one_as_current=True)
    np.testing.assert_allclose(folded.sum(axis=1), 1.0, rtol=1e-12)
    assert (folded[:, 1] == 0).all()
    assert folded[0, 2] == pytest.approx(6209 / (123723 + 1860 + 6209 + 34))
    assert folded[2, 0] == pytest.approx((4130 + 1676) / (4130 + 1676 + 9460 + 1031))


def test_folding_keeps_every_move() -> None:
    folded = taiwan_chain.fold_one(POOLED)
    assert folded.sum() == POOLED.sum()
    np.testing.assert_array_equal(folded[2:, 2:], POOLED[2:, 2:])


def test_transitions_and_their_errors_by_hand() -> None:
    # One is never behind: five moves 0 to 0. One alternates: three moves 0 to 2, two moves 2 to 0.
    pair = accounts([[0] * 6, [0, 2, 0, 2, 0, 2]])
    counts = taiwan_chain.status_transitions(pair)
    assert (counts[0, 0], counts[0, 2], counts[2, 0], counts.sum()) == (5, 3, 2, 10)
    row = taiwan_chain.transition_table(pd.concat([pair, accounts([[1, 3, 4, 5, 5, 5]])]))
    move = row[(row["from_status"] == 0) & (row["to_status"] == 2)].iloc[0]
    # Rate 3/8; strays from it -15/8 and +15/8 moves; error sqrt(2) 15/8 / 8.
    assert move["rate"] == pytest.approx(3 / 8)
    assert move["standard_error"] == pytest.approx(np.sqrt(2) * 15 / 64)


def test_roll_to_two_or_more_is_the_pooled_matrix_seen_from_afar(data: pd.DataFrame) -> None:
    pooled = taiwan_chain.two_or_more(data).iloc[-1]
    assert pooled["under_two"] == POOLED[:2].sum()
    assert pooled["rolled"] == POOLED[:2, 2:].sum() == 6209
    assert pooled["two_or_more"] == POOLED[2:].sum()
    assert pooled["cured"] == POOLED[2:, :2].sum()
    assert pooled["roll"] == pytest.approx(6209 / 131826)
    by_month = taiwan_chain.two_or_more(data).iloc[:-1]
    assert by_month["rolled"].sum() == 6209


def test_use_of_the_line(data: pd.DataFrame) -> None:
    by_month = taiwan.utilisation_by_month(data).set_index("month")
    assert by_month.loc["2005-09", "mean"] == pytest.approx(0.42, abs=0.005)
    by_limit = taiwan.utilisation_by_limit(data).set_index("limit")
    assert by_limit.loc["all", "mean"] == pytest.approx(by_month.loc["2005-09", "mean"])
    assert by_limit["count"].iloc[:-1].sum() == by_limit.loc["all", "count"] == 30_000


def test_target_utilisation_in_the_documentation_has_the_mean_and_spread_of_the_file(data: pd.DataFrame) -> None:
    share = np.clip(taiwan.utilisation(data), 0, 1)
    z = stats.zscore(np.log(data["limit"].to_numpy()))
    assert stats.linregress(z, share[:, -1]).slope == pytest.approx(-0.154, abs=0.0005)
    grid = (np.arange(400) + 0.5) / 400
    for a, b, target in ((-0.55, 1.79, share[:, -1]), (-0.38, 1.38, share.mean(axis=1))):
        implied = np.clip(a + b * grid[:, None] - 0.15 * stats.norm.ppf(grid), 0, 1)
        assert implied.mean() == pytest.approx(target.mean(), abs=0.005)
        assert implied.std() == pytest.approx(target.std(), abs=0.005)


def test_risk_falls_in_every_step_of_the_limit(data: pd.DataFrame) -> None:
    risk = taiwan.risk_by(data, "limit")
    assert (np.diff(risk["rate"].iloc[:-1]) < 0).all()
    for column in ("limit", "age"):
        table = taiwan.risk_by(data, column)
        assert table["defaults"].iloc[:-1].sum() == data["default"].sum() == table["defaults"].iloc[-1]


def test_risk_by_hand_and_by_unknown_column() -> None:
    four = accounts([[0] * 6] * 4, limit=[20_000.0] * 4, default=[1, 0, 0, 0])
    first = taiwan.risk_by(four, "limit").iloc[0]
    assert (first["customers"], first["defaults"], first["rate"]) == (4, 1, 0.25)
    assert first["standard_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    with pytest.raises(ValueError, match="no bands for column 'sex'"):
        taiwan.risk_by(four, "sex")
    with pytest.raises(ValueError, match=r"values outside 21\.\.79"):
        taiwan.risk_by(accounts([[0] * 6], age=[80]), "age")


def test_payment_ratio_by_hand() -> None:
    # 100 owed from April on, 0 in August: nothing paid in May, half in June, all in July, twice in August.
    one = accounts([[2, 0, -1, -1, 0, 0]], [[100.0, 100.0, 100.0, 100.0, 0.0, 50.0]], [[9, 0, 50, 100, 200, 7]])
    table = taiwan.payment_ratio(pd.concat([one, accounts([[-2] * 6], [[10.0] * 6], [[10.0] * 6])]))
    table = table.set_index("bills")
    assert table.loc["all", "count"] == 4 + 5
    assert table.loc["all", "mean"] == pytest.approx((0.0 + 0.5 + 1 + 1 + 5) / 9)
    assert table.loc["less_than_all", "count"] == 2
    assert table.loc["past_due", "share_nothing"] == 1.0
    assert table.loc["paid_in_full", "share_in_full"] == 1.0
    assert table.loc["revolving", "mean"] == 0.5


def test_a_bill_is_paid_in_the_month_after(data: pd.DataFrame) -> None:
    # That is how bills, payments and statuses are aligned: "paid in full" is nearly always just that.
    table = taiwan.payment_ratio(data).set_index("bills")
    assert table.loc["paid_in_full", "share_in_full"] > 0.95
    assert table.loc["revolving", "share_in_full"] < 0.05


@given(st.floats(0.001, 1000.0))
def test_another_currency_changes_no_share(rate: float) -> None:
    bills, paid = [[100.0, 40.0, 30.0, 0.0, 9.0, 7.0]] * 2, [[0.0, 50.0, 4.0, 3.0, 2.0, 9.0]] * 2
    here = accounts([[0, 0, -1, 2, 2, 0], [-2] * 6], bills, paid)
    there = here.copy()
    money = ["limit", *taiwan_data.BILL, *taiwan_data.PAID]
    there[money] = there[money] * rate
    np.testing.assert_allclose(taiwan.utilisation(there), taiwan.utilisation(here), rtol=1e-12)
    mean_here, mean_there = (taiwan.payment_ratio(x)["mean"].iloc[0] for x in (here, there))
    assert mean_there == pytest.approx(mean_here, rel=1e-12)


def test_order_of_customers_does_not_matter(data: pd.DataFrame) -> None:
    shuffled = data.sample(frac=1.0, random_state=1)
    np.testing.assert_array_equal(taiwan_chain.status_transitions(shuffled), POOLED)
    pd.testing.assert_frame_equal(taiwan.risk_by(shuffled, "age"), taiwan.risk_by(data, "age"))


def test_logistic_regression_finds_additive_log_odds() -> None:
    # Odds 1:1; 1:3 at e times the limit; 3:1 ten years on; 1:1 with both. So 0, -ln 3, +ln 3.
    cells = [(1.0, 35, 2), (np.e, 35, 1), (1.0, 45, 3), (np.e, 45, 2)]
    rows = [(140_000 * k, age, int(i < bad)) for k, age, bad in cells for i in range(4)]
    limit, age, default = (list(column) for column in zip(*rows, strict=True))
    small = accounts([[0] * 6] * 16, limit=limit, age=age, default=default)
    fit = taiwan.log_odds_of_default(small)
    np.testing.assert_allclose(fit.estimate, [0.0, -np.log(3), np.log(3)], atol=1e-9)
    nine_times = taiwan.log_odds_of_default(pd.concat([small] * 9))
    np.testing.assert_allclose(nine_times.standard_error, fit.standard_error / 3, rtol=1e-9)


def test_the_better_line_is_the_better_risk(data: pd.DataFrame) -> None:
    fit = taiwan.log_odds_of_default(data)
    assert fit.terms == ("intercept", "log_limit", "age_10_years")
    assert fit.estimate[1] < -4 * fit.standard_error[1]
    # A logistic regression with an intercept reproduces the mean: the likelihood's first-order condition.
    x = fit.estimate[1] * np.log(data["limit"] / 140_000) + fit.estimate[2] * (data["age"] - 35) / 10
    assert np.mean(1 / (1 + np.exp(-(fit.estimate[0] + x)))) == pytest.approx(data["default"].mean(), abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_stationary_shares_of_two_states(a: float, b: float) -> None:
    shares = taiwan_chain.stationary_shares(np.array([[1 - a, a], [b, 1 - b]]))
    np.testing.assert_allclose(shares, [b / (a + b), a / (a + b)], rtol=1e-9)


@given(st.integers(1, 95), st.integers(1, 49), st.integers(1, 49))
def test_charge_off_of_a_chain_with_one_bucket(enters: int, cures: int, lost: int) -> None:
    # Of 100 current, `enters` fall two behind; of 100 there, `cures` and `lost` leave. Share x = a/(a+c+l).
    # Five of the current are recorded in bucket 1.
    behind_row = [cures, 0, 100 - cures - lost, lost]
    counts = np.array([[95 - enters, 0, enters, 0], [0, 5, 0, 0], behind_row, [0] * 4])
    a, c, gone = enters / 100, cures / 100, lost / 100
    behind, charged_off = taiwan_chain.implied_charge_off(counts)
    assert behind == pytest.approx(a / (a + c + gone), rel=1e-9)
    assert charged_off == pytest.approx(12 * gone * a / (a + c + gone), rel=1e-9)


def test_the_rolls_are_another_world(data: pd.DataFrame) -> None:
    # Known beforehand: 12% two or more behind, .5-1.0% of accounts charged off a year.
    figures = taiwan_chain.implied(data).set_index("figure")["value"]
    for name in ("without_charge_off", "charge_off_at_5", "charge_off_at_6", "observed"):
        assert round(figures[f"two_or_more_{name}"], 2) == 0.12
    assert 0.005 <= figures["charged_off_per_year_at_6"] < figures["charged_off_per_year_at_5"]
    assert round(figures["charged_off_per_year_at_5"], 3) == 0.010


def test_shipped_tables_are_those_of_the_file_and_name_their_source(data: pd.DataFrame, tmp_path: Path) -> None:
    for fresh in taiwan.write(taiwan.tables(data), tmp_path):
        shipped = taiwan_data.FOLDER / fresh.name
        first, _ = shipped.read_text(encoding="utf-8").split("\n", 1)
        assert first.startswith("# Source: Yeh, I. C. (2009)")
        assert "CC BY 4.0" in first
        pd.testing.assert_frame_equal(
            pd.read_csv(shipped, comment="#"), pd.read_csv(fresh, comment="#"), rtol=0, atol=2e-6
        )
    assert {p.name for p in taiwan_data.FOLDER.glob("taiwan_*.csv")} == {p.name for p in tmp_path.glob("*.csv")}


def test_command_prints_every_table(capsys: pytest.CaptureFixture[str], data: pd.DataFrame) -> None:
    taiwan.main([])
    printed = capsys.readouterr().out
    for name in [*taiwan.tables(data), "implied"]:
        assert f"\n{name}\n" in printed

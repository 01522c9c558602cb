"""The running model gives known answers back: quick populations here, full ones with `slow`."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from tenure.agents.person import NO_EXIT, OWN_REASONS
from tenure.experiments.shipped import KNOWN
from tenure.experiments.verification.cases import (
    allocation,
    buying,
    credit,
    letting_go,
    loyalty,
    poaching,
    pricing,
    relationship,
)
from tenure.experiments.verification.cases.answers import CASES, Row
from tenure.experiments.verification.cases.rows import compare, market
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from


def all_ok(rows: list[Row]) -> None:
    wrong = [f"{row.what}: {row.simulated:.5f}, not {row.expected:.5f} (z {row.z:+.1f})" for row in rows if not row.ok]
    assert rows and not wrong, "\n".join(wrong)


@pytest.mark.parametrize("segment", ["high_end", "regular"])
def test_shifted_beta_geometric_retention(segment: str) -> None:
    rows = relationship.retention(segment, people=10_000)
    all_ok(rows)
    rates = {row.what: row.simulated for row in rows}
    rising = [rates[f"retention rate, year {year}"] for year in (1, 2, 4, 7, 12)]
    assert rising == sorted(rising), "the aggregate retention rate rises with tenure"


def test_retention_rises_although_nobody_changes() -> None:
    """Each person's own yearly chance of leaving stays what it was at birth; who stays had the lower one."""
    model = LifecycleModel(market("retention_high_end", {"people": 3_000}), seed=3)
    born = model.people["leave_per_year"].copy()
    for _ in range(25):
        model.step()
    assert np.array_equal(model.people["leave_per_year"], born)
    here = model.people["provider"] == 1
    assert born[here].mean() < born[~here].mean()
    assert set(np.unique(model.signals["cause"])) <= {NO_EXIT, OWN_REASONS}, "no way out but own reasons"


def test_staying_with_a_switching_cost() -> None:
    all_ok(relationship.staying(people=300))


def test_laws_of_repeat_buying() -> None:
    all_ok(buying.dirichlet(people=8_000))


def test_where_brands_bind_their_buyers_the_laws_of_repeat_buying_do_not_hold() -> None:
    assert any(not row.ok for row in buying.dirichlet(people=8_000, changes={"world.switching_cost": 4}))


def test_best_responses_settle_where_nobody_gains_by_another_price() -> None:
    all_ok(pricing.price_competition(runs=4))


def test_whoever_believes_in_half_the_sensitivity_settles_elsewhere() -> None:
    assert not any(row.ok for row in pricing.price_competition(runs=2, believed=0.5))


def test_stages_are_an_absorbing_chain() -> None:
    all_ok(relationship.stages(people=5_000))


def test_hand_count_of_months_is_the_fundamental_matrix() -> None:
    fundamental = np.linalg.inv(np.eye(4) - relationship.STAGE_CHAIN)
    assert fundamental[0] == pytest.approx(relationship.MONTHS_IN_STAGE)


def test_margin_multiple() -> None:
    all_ok(relationship.margin_multiple(people=5_000))


def test_delinquency_is_a_chain() -> None:
    all_ok(credit.delinquency(people=10_000, slow_people=2_000))


def test_loss_given_the_systematic_factor() -> None:
    all_ok(credit.one_factor(people=20_000))


def test_losses_of_independent_months() -> None:
    all_ok(credit.one_factor_losses(months=2_000))


def test_expected_losses_are_those_of_the_limit() -> None:
    """Of many loans the mean is PD, and the variance what two defaults together have above two apart, by quadrature."""
    loans = 4_000
    chance, lost = credit.expected_losses(loans), np.arange(loans + 1) / loans
    mean = float(chance @ lost)
    both = float(multivariate_normal.cdf([norm.ppf(0.05)] * 2, cov=[[1.0, 0.15], [0.15, 1.0]]))
    assert chance.sum() == pytest.approx(1.0) and mean == pytest.approx(0.05)
    assert float(chance @ (lost - mean) ** 2) == pytest.approx(both - 0.05**2 + (0.05 - both) / loans, rel=1e-4)


def test_losses_that_hang_together_more_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: a correlation of 20% instead of 15% does not pass."""

    def wrong(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        return market(name, {**changes, "rules.credit.correlation": "20%"})

    monkeypatch.setattr(credit, "market", wrong)
    assert not all(row.ok for row in credit.one_factor_losses(months=2_000))


def test_loyal_and_switching_customers() -> None:
    all_ok(loyalty.loyal_and_switching(people=10_000))


def test_estimates_are_the_most_likely() -> None:
    """No small step away from them makes the panel likelier; they give back what they are given without chance."""
    a, pi = loyalty.estimated(loyalty.PANEL)
    best = float((loyalty.PANEL * np.log(loyalty.transitions(a, pi))).sum())
    luck = np.random.default_rng(1)
    for _ in range(200):
        near = np.clip(a + luck.normal(0, 0.01, 4), 0.0, 1.0), np.abs(pi + luck.normal(0, 0.01, 4))
        other = loyalty.transitions(near[0], near[1] / near[1].sum())
        assert float((loyalty.PANEL * np.log(other)).sum()) < best
    exact = np.rint(1e7 * loyalty.transitions(loyalty.LOYAL, loyalty.SWITCHERS)).astype(np.int64)
    a, pi = loyalty.estimated(exact)
    assert a == pytest.approx(loyalty.LOYAL, abs=1e-4) and pi == pytest.approx(loyalty.SWITCHERS, abs=1e-3)


def test_fewer_loyal_customers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: hard-core loyal customers who are two points fewer do not pass."""

    def wrong(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        return market(name, {**changes, "traits.loyal_share": changes["traits.loyal_share"] - 0.02})

    monkeypatch.setattr(loyalty, "market", wrong)
    assert not all(row.ok for row in loyalty.loyal_and_switching(people=10_000))


def test_rivals_who_pay_for_each_other_s_customers() -> None:
    all_ok(poaching.poaching(people=1_000))


@pytest.mark.parametrize("theta", poaching.THETAS)
def test_prices_for_own_and_others_are_the_paper_s(theta: float) -> None:
    """By best responses on a fine grid of prices, each with the whole of demand, from far away."""
    cost, grid = poaching.COST, poaching.COST + np.linspace(0.0, 2.0 * theta, 40_001)
    own, others = cost + 2.0 * theta, cost
    for _ in range(40):
        stay = 1.0 - np.clip((grid - others) / theta, 0.0, 1.0)
        own = float(grid[np.argmax((grid - cost) * stay)])
        gone = np.clip((own - grid) / theta, 0.0, 1.0)
        others = float(grid[np.argmax((grid - cost) * gone)])
    assert own == pytest.approx(cost + 2.0 * theta / 3.0, abs=1e-3)
    assert others == pytest.approx(cost + theta / 3.0, abs=1e-3)
    assert (own - others) / theta == pytest.approx(1.0 / 3.0, abs=1e-3)


def test_an_offer_that_half_a_year_lasts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: a price that holds for half of the year draws half as many."""

    def wrong(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        return market(name, {**changes, "us.poaching.months": 6, "rivals.other.poaching.months": 6})

    monkeypatch.setattr(poaching, "market", wrong)
    assert not all(row.ok for row in poaching.poaching(people=1_000))


def test_basel_risk_weights() -> None:
    all_ok(credit.capital())


def test_a_search_of_the_simulator_lets_go_after_recency_3() -> None:
    all_ok(letting_go.letting_go(people=1_500, periods=20))


def test_a_wrong_chance_to_buy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: 17% instead of 15% at recency 3 does not pass."""

    def wrong(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        return market(name, {**changes, "rules.activity.use": ["30%", "20%", "17%", "5%", "0%", "0%"]})

    monkeypatch.setattr(letting_go, "market", wrong)
    value = letting_go.customer_values(4, 3, 20_000, 20, seed=1)
    assert abs(value.mean() - 1.251) > 4.0 * value.std() / math.sqrt(20_000)


def test_the_best_spend_on_a_prospect_is_found() -> None:
    all_ok(allocation.acquisition())  # neighbouring spends earn so much alike that fewer people may choose another


def test_the_mix_of_two_segments_that_varies_least() -> None:
    all_ok(allocation.two_segments(periods=400))


def test_a_long_run_under_a_budget_is_the_program_s_and_more_budget_is_worth_its_price() -> None:
    all_ok(allocation.scarce_contacts(months=60, batches=10))


def test_a_wrong_hazard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: leaving decline with 30% instead of 25% a month does not pass."""

    def wrong(name: str, changes: dict[str, Any]) -> dict[str, Any]:
        return market(name, {**changes, "rules.lifecycle.decline_gone": "30%"})

    monkeypatch.setattr(relationship, "market", wrong)
    assert not all(row.ok for row in relationship.stages(people=5_000))


@pytest.mark.parametrize("path", sorted(KNOWN.glob("*.market.yaml")), ids=lambda path: path.name)
def test_every_market_is_valid_and_says_what_a_month_stands_for(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ") and "one simulated month stands for" in first
    market_from(market(path.name.removesuffix(".market.yaml")))


@settings(max_examples=50, deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.01, 10))
def test_right_means_within_four_standard_errors(expected: float, simulated: float, error: float) -> None:
    row = compare("case", "what", expected, simulated, error, rounding=100.0)
    assert row.z == pytest.approx((simulated - expected) / error)
    assert row.ok == (abs(row.z) <= 4.0), "rounding never widens four standard errors"
    exact = compare("case", "what", expected, simulated, 0.0, rounding=0.005)
    assert exact.ok == (abs(simulated - expected) <= 0.005) and exact.ok == math.isfinite(exact.z)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_full_population(case: str) -> None:
    all_ok(CASES[case]())


@pytest.mark.slow
def test_delinquency_of_half_a_million() -> None:
    all_ok(credit.delinquency(people=500_000, slow_people=40_000, seed=2))

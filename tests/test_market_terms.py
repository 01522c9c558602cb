"""What holds in the whole market reaches a policy by its view: the rate of discount, and what a default loses."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.policies.learning.epochs import worth_eur
from tenure.policies.learning.learner import LEAST_DISCOUNT
from tenure.policies.policy import SettingsError
from tenure.policies.shelf import make_policy
from tenure.policies.shelf.optimal_structure import OptimalStructure
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.made_views import beliefs_of, terms_of, view_of
from tests.markets import small_market

RATES = st.floats(0.0, 1.0)


def in_market(rate: float, customers: int = 30, seed: int = 1) -> InstitutionView:
    return view_of(beliefs_of(customers, seed), terms=terms_of(discount_per_year=rate))


def test_worth_by_hand() -> None:
    """100 a year for two years, nothing owed: 100 (1 - e^-0.2) / 0.1 = 181.27 at 10%, and 200 undiscounted."""
    rows = beliefs_of(1, 1)
    for name in ("credit_cents", "revolving_cents"):
        rows[name] = 0
    rows["margin_per_year"], rows["years_expected"] = 100.0, 2.0
    for rate, worth in ((0.1, 181.269), (0.0, 200.0)):
        assert worth_eur(view_of(rows, terms=terms_of(discount_per_year=rate)))[0] == pytest.approx(worth, abs=1e-3)


@settings(max_examples=60)
@given(RATES, RATES)
def test_a_policy_discounts_at_the_market_s_rate_unless_it_has_its_own(market: float, own: float) -> None:
    assert np.array_equal(worth_eur(in_market(own)), worth_eur(in_market(market), own))
    of_market, of_own = OptimalStructure(), replace(OptimalStructure(), discount_per_year=max(own, LEAST_DISCOUNT))
    assert of_market.rate_of(in_market(market)) == max(market, LEAST_DISCOUNT)
    assert of_own.rate_of(in_market(market)) == max(own, LEAST_DISCOUNT)


@settings(max_examples=60)
@given(st.floats(0.0, 0.9).map(lambda rate: round(rate, 6)), st.floats(0.01, 0.1), st.integers(0, 99))
def test_what_brings_money_is_worth_less_at_a_higher_rate(rate: float, more: float, seed: int) -> None:
    lower, higher = worth_eur(in_market(rate, seed=seed)), worth_eur(in_market(rate + more, seed=seed))
    assert np.all(np.abs(higher) <= np.abs(lower) + 1e-9) and np.all(lower * higher >= 0.0)


def test_all_learners_watch_their_customers_at_their_rate() -> None:
    for name in ("uplift", "roi_knapsack", "thompson", "optimal_structure", "oracle"):
        policy = make_policy(name, {"discount_per_year": "3%"})
        assert getattr(policy, "watched").discount_per_year == 0.03  # noqa: B009  # of learners alone
        with pytest.raises(SettingsError, match=r"discount_per_year: 0% is not between 0.01 and 100%"):
            make_policy(name, {"discount_per_year": 0.0})


@pytest.mark.parametrize("rate", [0.03, 0.2])
def test_the_view_of_a_real_market_has_its_terms(rate: float) -> None:
    config = small_market(people=300)
    config["world"] = {**config.get("world", {}), "discount": rate}
    model = LifecycleModel(config, seed=1)
    seen: list[InstitutionView] = []

    class Looks:
        name = "looks"

        def decide(self, view: InstitutionView) -> object:
            seen.append(view)
            return make_policy("do_nothing").decide(view)

    model.set_policy("us", Looks())  # type: ignore[arg-type]  # its plan is that of a policy of the shelf
    model.step()
    lost = [product.loss_given_default for product in model.settings.products.values()]
    assert seen and seen[0].discount_per_year == rate and seen[0].loss_given_default.tolist() == pytest.approx(lost)
    with pytest.raises(ValueError, match=r"read-only|assignment destination"):
        seen[0].market_terms.products["loss_given_default"][:] = 0.0


def test_a_view_without_terms_says_so() -> None:
    view = in_market(0.1)
    bare = InstitutionView(beliefs_of(1, 1), view.posted, 1, 0, view.list_prices, 0.0, 1, 0)
    with pytest.raises(LookupError, match="give InstitutionView the terms"):
        _ = bare.discount_per_year
    assert math.isclose(view.discount_per_year, 0.1)

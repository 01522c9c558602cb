"""Loss given default and capital by product: Basel's published table, and one number that reaches all who read it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from tenure.agents.offer import (
    EXPOSURES,
    KINDS,
    MORTGAGE,
    OTHER_RETAIL,
    OWN_CORRELATION,
    QUALIFYING_REVOLVING,
    products_of_kinds,
)
from tenure.agents.rules.capital import asset_correlation, capital_share
from tenure.agents.rules.credit import Credit
from tenure.policies.guard.guard import Guards, guard
from tenure.policies.guard.rules import StructureLimit, measured
from tenure.policies.learning.epochs import worth_eur
from tenure.policies.owed import capital_eur, lost_in_default_eur
from tenure.policies.parts import MarketTerms, PostedOffers
from tenure.policies.plan import Plan, Treatments
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.products import ProductSettings
from tests.made_views import INSTITUTIONS, MEANS, PRICES, PRODUCTS, beliefs_of
from tests.made_views import KINDS as PRODUCT_KINDS
from tests.markets import CARD, LOAN, SAVINGS, small_market
from tests.test_guards import CATALOGUE

RISK_WEIGHTS = """
  0.03   4.15   2.30   4.45   8.41   0.98   1.85
  0.05   6.23   3.46   6.63  12.52   1.51   2.86
  0.10  10.69   5.94  11.16  21.08   2.71   5.12
  0.25  21.30  11.83  21.15  39.96   5.76  10.88
  0.40  29.94  16.64  28.42  53.69   8.41  15.88
  0.50  35.08  19.49  32.36  61.13  10.04  18.97
  0.75  46.46  25.81  40.10  75.74  13.80  26.06
  1.00  56.40  31.33  45.77  86.46  17.22  32.53
  1.30  67.00  37.22  50.80  95.95  21.02  39.70
  1.50  73.45  40.80  53.37 100.81  23.40  44.19
  2.00  87.94  48.85  57.99 109.53  28.92  54.63
  2.50 100.64  55.91  60.90 115.03  33.98  64.18
  3.00 111.99  62.22  62.79 118.61  38.66  73.03
  4.00 131.63  73.13  65.01 122.80  47.16  89.08
  5.00 148.22  82.35  66.42 125.45  54.75 103.41
  6.00 162.52  90.29  67.73 127.94  61.61 116.37
 10.00 204.41 113.56  75.54 142.69  83.89 158.47
 15.00 235.72 130.96  88.60 167.36 103.89 196.23
 20.00 253.12 140.62 100.28 189.41 117.99 222.86
"""
"""Basel II (2006), annex 5: risk weights, %, by PD, %; the columns are those of COLUMNS.

Some came from a quantile less exact than SciPy's: at PD 1.5% the first is 73.444 by the formula, 73.45 in print.
"""
COLUMNS = (
    (MORTGAGE, 0.45),
    (MORTGAGE, 0.25),
    (OTHER_RETAIL, 0.45),
    (OTHER_RETAIL, 0.85),
    (QUALIFYING_REVOLVING, 0.45),
    (QUALIFYING_REVOLVING, 0.85),
)
"""Class of exposure and loss given default."""
BASEL_2 = Credit(pd_least=0.0003)
"""The table is older than the floor of 0.05%."""

probabilities = st.floats(0.0, 1.0)
exposures = st.sampled_from([QUALIFYING_REVOLVING, MORTGAGE, OTHER_RETAIL])


@pytest.mark.parametrize("line", RISK_WEIGHTS.strip().splitlines(), ids=lambda line: f"PD {line.split()[0]}%")
def test_risk_weights_are_the_published_ones(line: str) -> None:
    pd, *published = map(float, line.split())
    weights = [1250.0 * capital_share(pd / 100.0, lgd, exposure, 0.0, BASEL_2) for exposure, lgd in COLUMNS]
    assert weights == pytest.approx(published, abs=0.0065)


@given(probabilities, st.floats(0, 1), exposures)
def test_capital_is_a_share_of_what_can_be_lost(pd: float, lgd: float, exposure: int) -> None:
    share = capital_share(pd, lgd, exposure, 0.0, Credit())
    assert 0.0 <= share <= lgd
    assert share == pytest.approx(lgd * capital_share(pd, 1.0, exposure, 0.0, Credit()))


@given(probabilities, probabilities)
def test_the_correlation_of_other_retail_falls_from_16_to_3_percent(one: float, other: float) -> None:
    group = Credit()
    low, high = (asset_correlation(pd, OTHER_RETAIL, 0.0, group) for pd in sorted((one, other)))
    assert 0.03 <= high <= low <= 0.16
    assert asset_correlation(0.0, OTHER_RETAIL, 0.0, group) == pytest.approx(0.16)
    assert asset_correlation(1.0, OTHER_RETAIL, 0.0, group) == pytest.approx(0.03)


@given(probabilities, st.floats(0, 0.9))
def test_a_correlation_of_its_own_is_that_of_a_class_with_it(pd: float, rho: float) -> None:
    own = capital_share(pd, 0.5, OWN_CORRELATION, rho, Credit())
    assert own == capital_share(pd, 0.5, MORTGAGE, 0.0, Credit(mortgage_correlation=rho))
    assert own == capital_share(pd, 0.5, QUALIFYING_REVOLVING, 0.0, Credit(revolving_correlation=rho))


def by_hand(pd: NDArray[np.float64], lgd: float, rho: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return Basel's capital by SciPy's normal distribution."""
    pd = np.clip(pd, 0.0005, 0.9999)
    stressed = norm.cdf((norm.ppf(pd) + np.sqrt(rho) * norm.ppf(0.999)) / np.sqrt(1.0 - rho))
    return np.asarray(lgd * (stressed - pd))


# what policies and the guard make of it


def seen(
    rows: NDArray[np.void], loan: float = 0.85, card: float = 0.85, credit: Credit | None = None, **of_the_loan: float
) -> InstitutionView:
    """Return a view in a market with these losses given default, and other numbers of the loan."""
    products = products_of_kinds(PRODUCT_KINDS)
    products["loss_given_default"][:2] = loan, card
    for name, value in of_the_loan.items():
        products[name][0] = value
    terms = MarketTerms(products, credit or Credit(), 0.1)
    posted = PostedOffers(INSTITUTIONS, PRODUCTS, PRODUCT_KINDS, PRICES)
    return InstitutionView(rows, posted, 1, 5, PRICES[1], 4000.0, 7, 3, means=MEANS, terms=terms)


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 999), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_what_policies_reckon_with_is_the_sum_over_products(
    customers: int, seed: int, loan: float, card: float, rho: float
) -> None:
    view = seen(beliefs_of(customers, seed), loan, card, Credit(revolving_correlation=rho))
    pd, owed, drawn = view.default_per_year, view.balance_of("loan"), view.balance_of("card")
    undrawn = np.where(view.holds("card"), np.maximum(0.0, view.line - drawn), 0.0)
    risky = (1.0 - np.exp(-35.0 * np.clip(pd, 0.0005, 1.0))) / (1.0 - np.exp(-35.0))
    expected = owed * by_hand(pd, loan, 0.03 * risky + 0.16 * (1.0 - risky)) + (drawn + 0.1 * undrawn) * by_hand(
        pd, card, rho
    )
    assert capital_eur(view) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert measured("capital", view).tolist() == capital_eur(view).tolist()
    assert lost_in_default_eur(view) == pytest.approx(loan * owed + card * drawn)


def test_one_product_s_loss_moves_the_worth_of_those_alone_who_owe_in_it() -> None:
    rows = beliefs_of(200, 1)
    safe, risky = (worth_eur(seen(rows, loan=lgd)) for lgd in (0.0, 0.9))
    view = seen(rows)
    loses = (view.balance_of("loan") > 0) & (view.default_per_year > 0) & (view.years_expected > 0)
    assert 20 < loses.sum() < 180
    assert (risky[loses] < safe[loses]).all() and (risky[~loses] == safe[~loses]).all()
    years, yearly = view.years_expected, 0.9 * view.default_per_year * view.balance_of("loan")
    assert safe - risky == pytest.approx(yearly * (1.0 - np.exp(-0.1 * years)) / 0.1)


def refused(view: InstitutionView) -> int:
    """Return how many larger lines a ceiling on the capital behind those with a loan refuses."""
    limit = StructureLimit("limit", "holds_loan == yes", "capital", True, None, 0.5)
    rules = Guards(1e12, 63, 1, structure=(limit,))
    told = guard(Plan(Treatments.of("line_increase", np.arange(len(view)))), view, CATALOGUE, rules, 1e12)
    return sum(told.refused.get("limit", {}).values())


def one_of_each() -> NDArray[np.void]:
    """Return two customers to whom more may be lent: one owes 2,000 EUR on a loan, the other as much on a card."""
    rows = beliefs_of(2, 1)
    for name in ("months_past_due", "ending", "contact_history", "opted_out", "vulnerable", "let_go", "premium"):
        rows[name] = 0
    rows["lending_stopped"], rows["months_since_arrears"], rows["income"], rows["default_per_year"] = 0, 999, 4000, 0.02
    rows["held"] = 0
    rows["held"][:, 1], rows["line_cents"], rows["held"][0, 0] = 1, 5000_00, 1
    rows["credit_cents"], rows["revolving_cents"], rows["deposit_cents"] = 2000_00, [0, 2000_00], 0
    return rows


def test_the_guard_s_verdict_depends_on_the_loss_of_one_product() -> None:
    assert (refused(seen(one_of_each(), loan=0.0)), refused(seen(one_of_each(), loan=0.9))) == (0, 1)


def test_the_guard_reads_the_market_s_own_parameters_of_credit() -> None:
    """At PD 2% a loan needs more capital than a card; not in a market where lines move together as mortgages do."""
    usual = refused(seen(one_of_each()))
    swapped = refused(seen(one_of_each(), credit=Credit(revolving_correlation=0.3)))
    assert (usual, swapped) == (1, 0)


def test_the_guard_reads_a_product_s_own_correlation() -> None:
    own = {"exposure": float(OWN_CORRELATION)}
    low, high = (refused(seen(one_of_each(), **own, basel_correlation=rho)) for rho in (0.01, 0.2))
    assert (low, high) == (0, 1)


# what the market makes of it


def market(loan: dict[str, Any]) -> LifecycleModel:
    """Return a market of 800 people with another loan, recorded, one month on."""
    products = {"loan": {**LOAN, **loan}, "card": CARD, "savings": SAVINGS}
    model = LifecycleModel(small_market(people=800, products=products), seed=4)
    model.start_recording()
    model.step()
    return model


def charged(model: LifecycleModel) -> float:
    """Return what the month's capital cost us, EUR."""
    rows = model.recording()
    ledger = rows[(rows["measure"] == "ledger") & (rows["institution"] == "us") & (rows["a"] == "capital_charge")]
    return -float(ledger["value"].sum())


def test_one_product_s_loss_moves_charge_and_closing_value() -> None:
    safe, usual, risky = (market({"loss_given_default": lgd}) for lgd in ("0%", "45%", "90%"))
    assert 0.0 < charged(safe) < charged(usual) < charged(risky)
    # but for cents, what a loan adds is in proportion to its loss
    assert charged(risky) - charged(safe) == pytest.approx(2.0 * (charged(usual) - charged(safe)), rel=0.01)
    people = safe.people
    assert people["balance_cents"].tobytes() == risky.people["balance_cents"].tobytes()
    rows = np.flatnonzero((people["provider"] > 0) & (people["balance_cents"][:, 0] > 0))
    low, middle, high = (model.worth_at(rows, model.truths_at(rows)) for model in (safe, usual, risky))
    assert low["future_margin"].tobytes() == high["future_margin"].tobytes()
    for name in ("expected_loss", "future_capital_cost"):
        assert (low[name] < high[name]).all(), name
        assert high[name] - low[name] == pytest.approx(2.0 * (middle[name] - low[name])), name
    alone = (people["balance_cents"][rows, 1] == 0) & (people["line_cents"][rows] == 0)
    assert alone.any() and (low["expected_loss"][alone] == 0.0).all()
    assert (low["future_capital_cost"][alone] == 0.0).all()


def test_class_and_correlation_of_a_product_move_the_charge() -> None:
    usual, alike, mortgage, own, revolving = (
        charged(market(loan))
        for loan in (
            {},
            {"exposure": "other_retail"},
            {"exposure": "mortgage"},
            {"basel_correlation": "15%"},
            {"exposure": "qualifying_revolving"},
        )
    )
    assert usual == alike and mortgage == own
    assert revolving < usual < mortgage


def test_the_cost_of_capital_of_further_years_is_a_perpetuity_of_this_year_s() -> None:
    """The closing value takes off what capital costs, by the multiple that it gives to margins."""
    model = market({})
    rows = np.flatnonzero((model.people["provider"] == 1) & (model.people["balance_cents"][:, 0] > 0))
    truths = model.truths_at(rows)
    with_margin = np.abs(truths["margin_per_year"]) > 1.0
    one, all_years = truths[with_margin], rows[with_margin]
    worth = model.worth_at(all_years, one)
    multiple = worth["future_margin"] / one["margin_per_year"]
    pd, people = one["default_per_year"], model.people[all_years]
    risky = (1.0 - np.exp(-35.0 * np.clip(pd, 0.0005, 1.0))) / (1.0 - np.exp(-35.0))
    loan, card, line = (
        people["balance_cents"][:, 0] / 100.0,
        people["balance_cents"][:, 1] / 100.0,
        people["line_cents"],
    )
    card = card + 0.1 * np.maximum(0.0, line / 100.0 - card)  # a tenth of what is not drawn
    capital = loan * by_hand(pd, 0.85, 0.03 * risky + 0.16 * (1.0 - risky)) + card * by_hand(pd, 0.85, 0.04)
    assert worth["future_capital_cost"] == pytest.approx(0.1 * capital * multiple, rel=1e-4, abs=1e-6)


# kinds


def test_settings_know_every_kind() -> None:
    kinds = ProductSettings.model_fields["kind"].annotation
    assert set(kinds.__args__) == set(KINDS)  # type: ignore[union-attr]  # a Literal
    exposure = ProductSettings.model_fields["exposure"].annotation
    assert {*exposure.__args__[0].__args__} == {*EXPOSURES} - {"own"}  # type: ignore[union-attr]  # Literal or None


def test_kinds_are_told_apart_by_what_they_do() -> None:
    rows = products_of_kinds(tuple(KINDS))
    for row, kind in zip(rows, KINDS.values(), strict=True):
        assert row["draws"] + row["amortises"] == row["lends"] == kind.lends
        assert not (row["lends"] and row["keeps_deposits"])
        assert (row["exposure"] > 0) == bool(row["lends"])
    assert len({kind._replace(exposure=0) for kind in KINDS.values()}) == len(KINDS)

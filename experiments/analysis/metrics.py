"""All metrics, each one entry: what it means, and the formula by which it is worked out from what a run recorded.

Nothing of them is recorded, so that a new metric, or a formula put right, holds for runs that were made before.

Money over the whole run is discounted to its beginning at the market's rate unless the metric says otherwise: that of
month m, 0 the first, counts (1 + rate)^(-(m + 1)/12), and the closing value as money of the last month. Figures a
year and figures of single months are nominal.
"""

from collections.abc import Mapping

import numpy as np

from tenure.experiments.analysis.market.cycles import durations_of, pooled
from tenure.experiments.analysis.market.durations import ended_within
from tenure.experiments.analysis.metric import Metric, of_a_run, of_pairs
from tenure.experiments.analysis.recorded_run import FloatArray, RecordedRun

GOOD = "low_risk_high_return"
DISCOUNTED, NOMINAL = "whole run, discounted", "whole run, not discounted"
WITH_CLOSING = "whole run and closing value, discounted"


def customers_at_start(run: RecordedRun) -> float:
    """Return our customers at month 0, at least one."""
    return max(1.0, float(run.stock("customers_by_cell")[0]))


def present_value(run: RecordedRun, by_month: FloatArray) -> float:
    """Return what money by month is worth at the beginning of the run."""
    return float((run.rates.weights * by_month).sum())


def closing_value(run: RecordedRun) -> float:
    """Return what is expected of the customers at the end after the last month, as money of that month."""
    return run.total("closing_value")


def treatment_spend(run: RecordedRun) -> FloatArray:
    """Return contacts, rewards and given-up income of each month."""
    return run.by_month("treatments", b=("cost_eur", "given_up_eur"))


def acquisition_spend(run: RecordedRun) -> FloatArray:
    """Return what channels, and invitations to people who are not customers, cost in each month."""
    return run.by_month("treatments", b=("invitations_eur",)) - run.by_month("ledger", a=("acquisition",))


@of_a_run(
    label="profit per customer at the start, discounted, closing value included",
    unit="EUR",
    decimals=1,
    whose="own book, per customer at month 0",
    window=WITH_CLOSING,
    better="higher",
    headline=("profit, EUR", "discounted"),
    matters_from=1.0,
)
def profit_per_customer(run: RecordedRun) -> float:
    """Profit of each month and the closing value at the end, discounted."""
    closing = float(run.rates.weights[-1]) * closing_value(run)
    return (present_value(run, run.by_month("ledger")) + closing) / customers_at_start(run)


@of_a_run(
    label="share of customers with low risk and high return",
    unit="%",
    decimals=1,
    whose="own customers at the end",
    window="end of the run",
    better="higher",
    headline=("low-risk", "high-return"),
    matters_from=0.001,
)
def share_low_risk_high_return(run: RecordedRun) -> float:
    """Customers of this quadrant of all at the end."""
    good, everybody = run.stock("customers_by_cell", b=(GOOD,)), run.stock("customers_by_cell")
    return float(good[-1]) / max(1.0, float(everybody[-1]))


@of_a_run(
    label="share of customers who leave in a year, all causes",
    unit="%",
    decimals=1,
    whose="own customers",
    window="whole run, as a yearly rate",
    better="lower",
    headline=("leaves", "a year"),
    matters_from=0.001,
)
def attrition_per_year(run: RecordedRun) -> float:
    """Leavers over customer years; customers are counted at the beginning of each month."""
    return 12.0 * run.total("leavers") / max(1.0, float(run.stock("customers_by_cell")[:-1].sum()))


@of_a_run(
    label="charge-offs less recoveries in a year, of credit balances",
    unit="%",
    decimals=1,
    whose="own credit balances",
    window="whole run, as a yearly rate",
    better="lower",
    headline=("credit", "loss"),
    matters_from=0.001,
)
def loss_rate_per_year(run: RecordedRun) -> float:
    """Loss over credit balances; balances are those at the beginning of each month."""
    loss = -run.total("ledger", a=("credit_loss", "recovery"))
    return 12.0 * loss / max(1.0, float(run.stock("credit_balance_by_cell")[:-1].sum()))


RETURN_ON_TREATMENT = Metric(
    name="return_on_treatment",
    label="EUR back per extra EUR of treatment, against the champion",
    unit="EUR per EUR",
    whose="own book, pair of runs",
    window=f"{WITH_CLOSING}, both sides",
    better="higher",
    decimals=2,
    headline=("back per EUR", "of treatment"),
    matters_from=0.1,
    spends="treatment_spend_per_customer",
)


@of_a_run(
    label="profit per customer at the start, discounted, without closing value",
    unit="EUR",
    decimals=1,
    whose="own book, per customer at month 0",
    window=DISCOUNTED,
    better="higher",
    headline=("profit before", "closing, EUR"),
    matters_from=1.0,
)
def profit_before_closing_per_customer(run: RecordedRun) -> float:
    """Profit of each month, discounted."""
    return present_value(run, run.by_month("ledger")) / customers_at_start(run)


@of_a_run(
    label="profit per customer at the start as it stands in the ledger: not discounted, without closing value",
    unit="EUR",
    decimals=1,
    whose="own book, per customer at month 0",
    window=NOMINAL,
    better="higher",
    headline=("profit in the", "ledger, EUR"),
    matters_from=1.0,
)
def profit_undiscounted_per_customer(run: RecordedRun) -> float:
    """All lines of profit and loss in the ledger, to the cent."""
    return run.total("ledger") / customers_at_start(run)


@of_a_run(
    label="spent on treatment, discounted: contacts, rewards and given-up income",
    unit="EUR",
    decimals=1,
    whose="own book, per customer at month 0",
    window=DISCOUNTED,
    better="none",
    headline=("treatment", "EUR"),
    matters_from=1.0,
)
def treatment_spend_per_customer(run: RecordedRun) -> float:
    """Spent in each month, discounted."""
    return present_value(run, treatment_spend(run)) / customers_at_start(run)


RETURN_ON_ACQUISITION = Metric(
    name="return_on_acquisition",
    label="EUR back per extra EUR of acquisition, against the champion",
    unit="EUR per EUR",
    whose="own book, pair of runs",
    window=f"{WITH_CLOSING}, both sides",
    better="higher",
    decimals=2,
    headline=("back per EUR", "of acquisition"),
    matters_from=0.1,
    spends="acquisition_spend_per_customer",
)


@of_a_run(
    label="spent on acquisition, discounted: channels, and invitations to people who are not customers",
    unit="EUR",
    decimals=1,
    whose="own book, per customer at month 0",
    window=DISCOUNTED,
    better="none",
    headline=("acquisition", "EUR"),
    matters_from=1.0,
)
def acquisition_spend_per_customer(run: RecordedRun) -> float:
    """Spent in each month, discounted."""
    return present_value(run, acquisition_spend(run)) / customers_at_start(run)


@of_pairs(
    label="share of the customers at month 0 who are worse off than in the champion's world",
    unit="%",
    decimals=1,
    whose="own customers at month 0, the same people in both worlds",
    window=NOMINAL,
    better="lower",
    headline=("customers", "harmed"),
    matters_from=0.001,
)
def share_harmed(people: Mapping[str, float]) -> float:
    """Who is harmed, of all."""
    return people["harmed"] / people["people"]


@of_a_run(
    label="spent on channels and invitations per customer who joined",
    unit="EUR",
    decimals=1,
    whose="customers who joined",
    window=NOMINAL,
    better="lower",
    headline=("cost of a new", "customer, EUR"),
    matters_from=1.0,
)
def cost_per_new_customer(run: RecordedRun) -> float:
    """Spent on acquisition over heads who joined."""
    joined = run.total("joiners")
    return float(acquisition_spend(run).sum()) / joined if joined else float("nan")


@of_a_run(
    label="change of the number of customers over the run",
    unit="%",
    decimals=1,
    whose="own customers",
    window="end against month 0",
    better="higher",
    headline=("customers", "growth"),
    matters_from=0.001,
)
def growth(run: RecordedRun) -> float:
    """Customers at the end over customers at month 0, less 1."""
    return max(1.0, float(run.stock("customers_by_cell")[-1])) / customers_at_start(run) - 1.0


@of_a_run(
    label="share of customers with low risk and high return among those in their first year",
    unit="%",
    decimals=1,
    whose="own customers in their first twelve months",
    window="average of the run's months, the first year left out where there are more",
    better="higher",
    headline=("new: low-risk", "high-return"),
    matters_from=0.001,
)
def new_share_low_risk_high_return(run: RecordedRun) -> float:
    """New customers of this quadrant of all new ones; months with many new customers weigh more."""
    first = min(12, run.months - 1)
    good, everybody = (run.by_month("new_customers_by_quadrant", a=some)[first:].sum() for some in ((GOOD,), ()))
    return float(good) / max(1.0, float(everybody))


@of_a_run(
    label="share of new customers who decline or leave within twelve months of joining",
    unit="%",
    decimals=1,
    whose="customers who joined during the run",
    window="twelve months from joining; who joined later than twelve months before the end is censored",
    better="lower",
    headline=("new: decline or", "leave in a year"),
    matters_from=0.001,
)
def new_ended_within_year(run: RecordedRun) -> float:
    """Product-limit estimate over all years of joining together."""
    cohorts = durations_of(run, "decline or leaving")
    return ended_within(pooled(cohorts.values()), 12) if cohorts else float("nan")


@of_a_run(
    label="that share among those who joined in the last year so long followed, less that among those of the first",
    unit="%",
    decimals=1,
    whose="customers who joined during the run",
    window="twelve months from joining, last year of joining against the first",
    better="lower",
    headline=("cycle gets", "shorter"),
    matters_from=0.001,
)
def cycle_shortening(run: RecordedRun) -> float:
    """Product-limit estimates; above 0 the cycle from acquisition to decline or leaving gets shorter."""
    cohorts = durations_of(run, "decline or leaving")
    shares = [share for _, one in sorted(cohorts.items()) if not np.isnan(share := ended_within(one, 12))]
    return shares[-1] - shares[0] if len(shares) > 1 else float("nan")


@of_a_run(
    label="share of customers believed to be in a quadrant where they are not",
    unit="%",
    decimals=1,
    whose="own customers in the files",
    window="average of the yearly comparisons of beliefs with the truth",
    better="lower",
    headline=("wrong", "quadrant"),
    matters_from=0.001,
)
def quadrant_error(run: RecordedRun) -> float:
    """Average over the months in which beliefs are compared with the truth."""
    rows = run.rows("tag_error")
    wrong = rows.value[(rows.a == "quadrant") & (rows.b == "all")]
    return float(wrong.mean()) if len(wrong) else float("nan")


@of_a_run(
    label="standard deviation of the months' profit per customer at the start",
    unit="EUR",
    decimals=2,
    whose="own book, per customer at month 0",
    window=f"{NOMINAL}, month by month",
    better="lower",
    headline=("std dev of", "profit, EUR"),
    matters_from=0.05,
)
def volatility_of_profit(run: RecordedRun) -> float:
    """Standard deviation over the months."""
    return float(run.by_month("ledger").std()) / customers_at_start(run)


@of_a_run(
    label="standard deviation of the months' profit over their average",
    unit="%",
    decimals=1,
    whose="own book",
    window=f"{NOMINAL}, month by month",
    better="lower",
    headline=("std dev of profit", "over average"),
    matters_from=0.01,
)
def volatility_over_profit(run: RecordedRun) -> float:
    """Coefficient of variation of the months' profit; of a loss there is none."""
    profit = run.by_month("ledger")
    return float(profit.std() / profit.mean()) if profit.sum() > 0.0 else float("nan")


@of_a_run(
    label="standard deviation of the months' change of credit balances per customer at the start",
    unit="EUR",
    decimals=2,
    whose="own credit balances, per customer at month 0",
    window=f"{NOMINAL}, month by month",
    better="lower",
    headline=("std dev of change", "in credit, EUR"),
    matters_from=0.05,
)
def volatility_of_assets(run: RecordedRun) -> float:
    """Standard deviation of the changes from month to month."""
    return float(np.diff(run.stock("credit_balance_by_cell")).std()) / customers_at_start(run)


@of_a_run(
    label="profit a year, before what capital costs, per EUR of the capital that Basel asks for",
    unit="EUR per EUR",
    decimals=2,
    whose="own book, all its products; no overheads but servicing, treatment and acquisition",
    window=f"{NOMINAL}, closing value left out",
    better="higher",
    headline=("back a year per", "EUR of capital"),
    matters_from=0.01,
)
def return_on_capital(run: RecordedRun) -> float:
    """Profit over capital years; capital is what is charged for it in a month, over a month's rate."""
    charged = -run.by_month("ledger", a=("capital_charge",))
    cost = run.rates.capital_cost
    capital_years = float(np.divide(charged, cost, out=np.zeros_like(charged), where=cost > 0.0).sum())
    before_charge = float((run.by_month("ledger") + charged).sum())
    return before_charge / capital_years if capital_years else float("nan")


METRICS: dict[str, Metric] = {one.name: one for one in list(globals().values()) if isinstance(one, Metric)}
"""Every metric by name, in the order of this file."""

STANDARD_METRICS: tuple[str, ...] = tuple(METRICS)[:5]
"""The five shown where a config names none, in the order of their columns."""

RETURNS: dict[str, str] = {one.name: one.spends for one in METRICS.values() if one.spends}
"""What comes back per extra unit of money, and the metric that is spent."""

BUILT_IN = frozenset(METRICS)
"""Names of those that come with the program; a user's own are among `METRICS` once they are adopted."""


def adopt(own: Mapping[str, Metric]) -> None:
    """Let this process know metrics of a user's own; a later one of a name takes the place of an earlier one."""
    METRICS.update({name: one for name, one in own.items() if name not in BUILT_IN})


def metrics_in(currency: str) -> dict[str, Metric]:
    """Return every metric by name, in a market's currency."""
    return {name: metric.in_currency(currency) for name, metric in METRICS.items()}

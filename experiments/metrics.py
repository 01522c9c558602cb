"""The metric dictionary: what each number means, whose it is, over which time, which way is better."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True)
class Metric:
    """One number that a run gives.

    Attributes
    ----------
    name : str
        Name in configs and recordings.
    label : str
        A few words for a sentence or an axis.
    unit : str
        ``"EUR"``, ``"EUR per EUR"`` or ``"%"``. A metric in ``"%"`` is stored as a fraction (0.14) and
        shown times 100; its differences are in percentage points (``pt``).
    whose : str
        The people, or the balance, that the number is about.
    window : str
        The time that it covers.
    better : {'higher', 'lower', 'none'}
        Which way is better for the institution; ``'none'`` where neither is.
    decimals : int
        Decimals when shown in `unit`.
    headline : tuple of str
        The two lines of a column heading.
    """

    name: str
    label: str
    unit: str
    whose: str
    window: str
    better: Direction
    decimals: int
    headline: tuple[str, str]


_DECLARED = (
    Metric(
        name="profit_per_customer",
        label="profit per customer at the start, closing value included",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run and closing value",
        better="higher",
        decimals=1,
        headline=("profit", "EUR"),
    ),
    Metric(
        name="share_low_risk_high_return",
        label="share of customers with low risk and high return",
        unit="%",
        whose="own customers at the end",
        window="end of the run",
        better="higher",
        decimals=1,
        headline=("low-risk", "high-return"),
    ),
    Metric(
        name="attrition_per_year",
        label="share of customers who leave in a year, all causes",
        unit="%",
        whose="own customers",
        window="whole run, as a yearly rate",
        better="lower",
        decimals=1,
        headline=("leaves", "a year"),
    ),
    Metric(
        name="loss_rate_per_year",
        label="charge-offs less recoveries in a year, of credit balances",
        unit="%",
        whose="own credit balances",
        window="whole run, as a yearly rate",
        better="lower",
        decimals=1,
        headline=("credit", "loss"),
    ),
    Metric(
        name="return_on_treatment",
        label="EUR back per extra EUR of treatment, against the champion",
        unit="EUR per EUR",
        whose="own book, pair of runs",
        window="whole run and closing value",
        better="higher",
        decimals=2,
        headline=("back per EUR", "of treatment"),
    ),
    Metric(
        name="profit_before_closing_per_customer",
        label="profit per customer at the start, without closing value",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run",
        better="higher",
        decimals=1,
        headline=("profit before", "closing, EUR"),
    ),
    Metric(
        name="treatment_spend_per_customer",
        label="spent on treatment: contacts, rewards and given-up income",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run",
        better="none",
        decimals=1,
        headline=("treatment", "EUR"),
    ),
    Metric(
        name="return_on_acquisition",
        label="EUR back per extra EUR of acquisition, against the champion",
        unit="EUR per EUR",
        whose="own book, pair of runs",
        window="whole run and closing value",
        better="higher",
        decimals=2,
        headline=("back per EUR", "of acquisition"),
    ),
    Metric(
        name="acquisition_spend_per_customer",
        label="spent on acquisition: channels, and invitations to people who are not customers",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run",
        better="none",
        decimals=1,
        headline=("acquisition", "EUR"),
    ),
    Metric(
        name="share_harmed",
        label="share of the customers at month 0 who are worse off than in the champion's world",
        unit="%",
        whose="own customers at month 0, the same people in both worlds",
        window="whole run",
        better="lower",
        decimals=1,
        headline=("customers", "harmed"),
    ),
    Metric(
        name="cost_per_new_customer",
        label="spent on channels and invitations per customer who joined",
        unit="EUR",
        whose="customers who joined",
        window="whole run",
        better="lower",
        decimals=1,
        headline=("cost of a new", "customer, EUR"),
    ),
    Metric(
        name="growth",
        label="change of the number of customers over the run",
        unit="%",
        whose="own customers",
        window="end against month 0",
        better="higher",
        decimals=1,
        headline=("customers", "growth"),
    ),
    Metric(
        name="new_share_low_risk_high_return",
        label="share of customers with low risk and high return among those in their first year",
        unit="%",
        whose="own customers in their first twelve months",
        window="average of the run's months, the first year left out where there are more",
        better="higher",
        decimals=1,
        headline=("new: low-risk", "high-return"),
    ),
    Metric(
        name="quadrant_error",
        label="share of customers believed to be in a quadrant where they are not",
        unit="%",
        whose="own customers in the files",
        window="average of the yearly comparisons of beliefs with the truth",
        better="lower",
        decimals=1,
        headline=("wrong", "quadrant"),
    ),
    Metric(
        name="swing_of_profit",
        label="standard deviation of the months' profit per customer at the start",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run, month by month",
        better="lower",
        decimals=2,
        headline=("profit swings", "EUR a month"),
    ),
    Metric(
        name="swing_over_profit",
        label="standard deviation of the months' profit over their average",
        unit="%",
        whose="own book",
        window="whole run, month by month",
        better="lower",
        decimals=1,
        headline=("profit swings", "of its average"),
    ),
    Metric(
        name="swing_of_assets",
        label="standard deviation of the months' change of credit balances per customer at the start",
        unit="EUR",
        whose="own credit balances, per customer at month 0",
        window="whole run, month by month",
        better="lower",
        decimals=2,
        headline=("assets swing", "EUR a month"),
    ),
    Metric(
        name="return_on_capital",
        label="profit a year, before what capital costs, per EUR of the capital that Basel asks for",
        unit="EUR per EUR",
        whose="own book, all its products; no overheads but servicing, treatment and acquisition",
        window="whole run, closing value left out",
        better="higher",
        decimals=2,
        headline=("back a year per", "EUR of capital"),
    ),
)

RETURNS: dict[str, str] = {
    "return_on_treatment": "treatment_spend_per_customer",
    "return_on_acquisition": "acquisition_spend_per_customer",
}
"""EUR back per extra EUR, and the metric that is spent."""

OF_A_PAIR: frozenset[str] = frozenset({*RETURNS, "share_harmed"})
"""Metrics of an arm's run beside the champion's; the champion has no level of them."""

METRICS: dict[str, Metric] = {metric.name: metric for metric in _DECLARED}
"""Every metric by name."""

STANDARD_METRICS: tuple[str, ...] = tuple(metric.name for metric in _DECLARED[:5])
"""The five shown where a config names none, in the order of their columns."""


def shown_times(metric: Metric) -> float:
    """Return what a stored value is multiplied by before it is shown: 100 for ``%``, else 1."""
    return 100.0 if metric.unit == "%" else 1.0


def level_text(metric: Metric, value: float) -> str:
    """Write a level as a table shows it.

    >>> level_text(METRICS["attrition_per_year"], 0.134)
    '13.4%'
    """
    sign = "%" if metric.unit == "%" else ""
    return f"{value * shown_times(metric):.{metric.decimals}f}{sign}"


def difference_text(metric: Metric, difference: float, half_width: float) -> str:
    """Write a difference with its interval; ``± ?`` where the interval is not known (nan).

    >>> difference_text(METRICS["profit_per_customer"], 18.94, 1.91)
    '+18.9 ± 1.9'
    """
    times, decimals = shown_times(metric), metric.decimals
    rounded = round(difference * times, decimals)
    middle = f"{0.0:.{decimals}f}" if rounded == 0.0 else f"{rounded:+.{decimals}f}"
    around = "?" if half_width != half_width else f"{half_width * times:.{decimals}f}"
    return f"{middle} ± {around}"

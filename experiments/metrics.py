"""The metric dictionary: what each number means, whose it is, over which time, which way is better."""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

from experiments.intervals import interval_text, number

DECLARED_IN = "EUR"
"""The word for the currency in what is declared here and in units of parameters; `in_currency` puts another in."""
_CURRENCY = re.compile(rf"\b{DECLARED_IN}\b")

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
        ``"EUR"``, ``"EUR per EUR"`` or ``"%"``, another currency in the place of EUR after `in_currency`. A metric
        in ``"%"`` is stored as a fraction (0.14) and shown times 100; its differences are in percentage points
        (``pt``).
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
    matters_from : float
        The smallest difference that matters, as stored: arms that surely differ by less count as equal.
    matters_source : str
        Where that comes from.
    """

    name: str
    label: str
    unit: str
    whose: str
    window: str
    better: Direction
    decimals: int
    headline: tuple[str, str]
    matters_from: float
    matters_source: str = "assumption"

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of money, in whatever currency; money per money is not."""
        return self.unit != "%" and " per " not in self.unit

    def in_currency(self, currency: str) -> "Metric":
        """Return the metric in a market's currency: unit, label and headline name that one.

        >>> METRICS["profit_per_customer"].in_currency("GBP").headline
        ('profit', 'GBP')
        """
        if currency == DECLARED_IN:
            return self
        label, unit, *headline = (in_currency(text, currency) for text in (self.label, self.unit, *self.headline))
        return replace(self, label=label, unit=unit, headline=(headline[0], headline[1]))


def in_currency(text: str, currency: str) -> str:
    """Return a declared text in a market's currency.

    >>> in_currency("EUR per EUR, not EURO", "GBP")
    'GBP per GBP, not EURO'
    """
    return _CURRENCY.sub(lambda _: currency, text)


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
        matters_from=1.0,
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
        matters_from=0.001,
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
        matters_from=0.001,
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
        matters_from=0.001,
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
        matters_from=0.1,
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
        matters_from=1.0,
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
        matters_from=1.0,
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
        matters_from=0.1,
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
        matters_from=1.0,
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
        matters_from=0.001,
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
        matters_from=1.0,
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
        matters_from=0.001,
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
        matters_from=0.001,
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
        matters_from=0.001,
    ),
    Metric(
        name="swing_of_profit",
        label="standard deviation of the months' profit per customer at the start",
        unit="EUR",
        whose="own book, per customer at month 0",
        window="whole run, month by month",
        better="lower",
        decimals=2,
        headline=("std dev of", "profit, EUR"),
        matters_from=0.05,
    ),
    Metric(
        name="swing_over_profit",
        label="standard deviation of the months' profit over their average",
        unit="%",
        whose="own book",
        window="whole run, month by month",
        better="lower",
        decimals=1,
        headline=("std dev of profit", "over average"),
        matters_from=0.01,
    ),
    Metric(
        name="swing_of_assets",
        label="standard deviation of the months' change of credit balances per customer at the start",
        unit="EUR",
        whose="own credit balances, per customer at month 0",
        window="whole run, month by month",
        better="lower",
        decimals=2,
        headline=("std dev of change", "in credit, EUR"),
        matters_from=0.05,
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
        matters_from=0.01,
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


def metrics_in(currency: str) -> dict[str, Metric]:
    """Return every metric by name, in a market's currency."""
    return {name: metric.in_currency(currency) for name, metric in METRICS.items()}


def shown_times(metric: Metric) -> float:
    """Return what a stored value is multiplied by before it is shown: 100 for ``%``, else 1."""
    return 100.0 if metric.unit == "%" else 1.0


def level_text(metric: Metric, value: float) -> str:
    """Write a level as a table shows it, ``-`` if there is none.

    >>> level_text(METRICS["attrition_per_year"], 0.134)
    '13.4%'
    """
    if math.isnan(value):
        return "-"
    sign = "%" if metric.unit == "%" else ""
    return number(value * shown_times(metric), metric.decimals).replace(",", "") + sign


def difference_text(metric: Metric, difference: float, half_width: float) -> str:
    """Write a difference with its interval, see `experiments.intervals.interval_text`.

    >>> difference_text(METRICS["profit_per_customer"], 18.94, 1.91)
    '+18.9 ± 1.9'
    """
    times = shown_times(metric)
    return interval_text(difference * times, half_width * times, metric.decimals, signed=True).replace(",", "")

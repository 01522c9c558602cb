"""What a metric is: one number of a run, what it means, which way is better, and how it is worked out.

`tenure.experiments.analysis.metrics` declares them, each beside its formula.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypedDict, Unpack

from tenure.experiments.analysis.intervals import Average, average_text, number
from tenure.experiments.analysis.recorded_run import RecordedRun

DECLARED_IN = "EUR"
"""The word for the currency in what is declared and in units of parameters; `in_currency` puts another in."""
_CURRENCY = re.compile(rf"\b{DECLARED_IN}\b")

Direction = Literal["higher", "lower", "none"]
RunFormula = Callable[[RecordedRun], float]
"""Of the rows of one run."""
PairFormula = Callable[[Mapping[str, float]], float]
"""Of counts over an arm's people, each beside the same person under the champion; the counts are those of
`tenure.experiments.analysis.gains.COUNTED`."""


class Meaning(TypedDict, total=False):
    """What is said of a metric beside its formula; each as in `Metric`."""

    label: str
    unit: str
    whose: str
    window: str
    better: Direction
    decimals: int
    headline: tuple[str, str]
    matters_from: float
    matters_source: str


@dataclass(frozen=True)
class Metric:
    """One number that a run, or a run beside the champion's, gives.

    Attributes
    ----------
    name : str
        Name in configs and tables.
    label : str
        A few words for a sentence or an axis.
    unit : str
        ``"EUR"``, ``"EUR per EUR"`` or ``"%"``, another currency in the place of EUR after `in_currency`. A metric
        in ``"%"`` is worked out as a fraction (0.14) and shown times 100; its differences are in percentage points
        (``pt``).
    whose : str
        The people, or the balance, that the number is about.
    window : str
        The time that it covers, and whether later money is discounted.
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
    of_run, of_pairs : callable, optional
        How it is worked out: from the rows of a run, or from the people of two runs.
    spends : str
        Of a return on money: the metric that is spent; empty for all others.
    source : str
        Of a metric of a user's own: the hash of the file that it came from; empty for all others.
    place : tuple of str and int
        That file, and the line of the formula.
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
    of_run: RunFormula | None = None
    of_pairs: PairFormula | None = None
    spends: str = ""
    source: str = ""
    place: tuple[str, int] = ("", 0)

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of money, in whatever currency; money per money is not."""
        return self.unit != "%" and " per " not in self.unit

    @property
    def is_of_a_pair(self) -> bool:
        """Whether it is of an arm's run beside the champion's; the champion has no level of it."""
        return self.of_run is None

    @property
    def has_verdict(self) -> bool:
        """Whether arms are judged by it: one way is better, and it is a number of its own, not a return."""
        return self.better != "none" and not self.spends

    def in_currency(self, currency: str) -> "Metric":
        """Return the metric in a market's currency: unit, label and headline name that one."""
        if currency == DECLARED_IN:
            return self
        label, unit, *headline = (in_currency(text, currency) for text in (self.label, self.unit, *self.headline))
        return replace(self, label=label, unit=unit, headline=(headline[0], headline[1]))


def of_a_run(**meaning: Unpack[Meaning]) -> Callable[[RunFormula], Metric]:
    """Make the formula below it, of the rows of one run, a metric of the formula's name."""
    return lambda formula: Metric(formula.__name__, of_run=formula, **meaning)


def of_pairs(**meaning: Unpack[Meaning]) -> Callable[[PairFormula], Metric]:
    """Make the formula below it, of the people of an arm's run and the champion's, a metric of the formula's name."""
    return lambda formula: Metric(formula.__name__, of_pairs=formula, **meaning)


def in_currency(text: str, currency: str) -> str:
    """Return a declared text in a market's currency.

    >>> in_currency("EUR per EUR, not EURO", "GBP")
    'GBP per GBP, not EURO'
    """
    return _CURRENCY.sub(lambda _: currency, text)


def shown_times(metric: Metric) -> float:
    """Return what a stored value is multiplied by before it is shown: 100 for ``%``, else 1."""
    return 100.0 if metric.unit == "%" else 1.0


def level_text(metric: Metric, value: float) -> str:
    """Write a level as a table shows it, a share with ``%``; ``-`` if there is none."""
    if math.isnan(value):
        return "-"
    sign = "%" if metric.unit == "%" else ""
    return number(value * shown_times(metric), metric.decimals).replace(",", "") + sign


def difference_text(metric: Metric, difference: Average) -> str:
    """Write a difference with its interval, see `tenure.experiments.analysis.intervals.average_text`."""
    return average_text(difference.times(shown_times(metric)), metric.decimals, signed=True).replace(",", "")

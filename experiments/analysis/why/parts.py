"""What the difference in profit between two arms is made of: the same total, divided in several ways.

Each division adds up to the total, for it is over the same money: lines of the profit and loss account, years, or the
people who were customers in either world. What no customer brought or cost (people who never became customers, channels
that are paid for as such, former debts) stands apart.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tenure.agents.ledger import LINES
from tenure.experiments.analysis.metrics import closing_value, customers_at_start
from tenure.experiments.analysis.recorded_run import RecordedRun
from tenure.experiments.analysis.why.lives import JOINED_LATER, EverOurs

NOT_CUSTOMERS = "no customer's"
NO_TREATMENT = "no treatment differs"
NEVER_OURS = "never a customer"
WITHOUT = "without "
"""Stands before a treatment that the champion gave when the worlds parted, and the arm did not."""
AFTER = "expected after the end"
CARRIED = 0.9
"""Of the difference, of which it is said how many people carry it."""
LINE, YEAR, MONTH, QUADRANT, TREATMENT, ENDING = "line", "year", "month", "quadrant", "treatment", "ending"
DIVISIONS = (LINE, YEAR, MONTH, QUADRANT, TREATMENT, ENDING)

Parts = Mapping[str, Mapping[str, float]]
"""Division -> part -> money per customer at the start."""


class RunWithLives(NamedTuple):
    """One run: what was recorded of the institution, and of everybody who was ever its customer."""

    run: RecordedRun
    lives: EverOurs


class PairOfPeople(NamedTuple):
    """Everybody who was a customer in either world of a pair; arrays of shape (people,)."""

    ids: NDArray[np.int64]
    difference_eur: NDArray[np.float64]
    """What the person brought in the arm's world, less that in the champion's."""
    quadrants: NDArray[np.object_]
    ends: NDArray[np.object_]
    """How the relationship ended in the arm's world."""
    treatments: NDArray[np.object_]
    """The first treatment in which the two worlds differ, see `first_differences`."""
    champion_ends: NDArray[np.object_]
    """How the relationship ended in the champion's world."""


def profit_eur(run: RecordedRun) -> float:
    """Return the profit of a run with its closing value, discounted."""
    return float((run.rates.weights * run.by_month("ledger")).sum()) + _closing(run)


def parts_of(champion: RunWithLives, arm: RunWithLives, people: PairOfPeople) -> Parts:
    """Divide the difference in profit per customer at the start, arm less champion; `people` are those of both.

    Returns
    -------
    dict
        A division for each of `DIVISIONS`; the parts of each add up to the difference.
    """
    customers = customers_at_start(arm.run)
    total = profit_eur(arm.run) - profit_eur(champion.run)
    apart = {NOT_CUSTOMERS: total - float(people.difference_eur.sum())}
    money = {
        LINE: _by_line(champion.run, arm.run),
        YEAR: _by_time(champion.run, arm.run, "year", 12),
        MONTH: _by_time(champion.run, arm.run, "month", 1),
        **{
            name: _sums(getattr(people, field), people.difference_eur) | apart
            for name, field in ((QUADRANT, "quadrants"), (TREATMENT, "treatments"), (ENDING, "ends"))
        },
    }
    return {name: {part: value / customers for part, value in parts.items()} for name, parts in money.items()}


def pair_people(champion: EverOurs, arm: EverOurs) -> PairOfPeople:
    """Put everybody who was a customer in either world beside the same person in the other."""
    ids = np.union1d(champion.ids, arm.ids)
    value = np.zeros(len(ids))
    quadrants = np.full(len(ids), JOINED_LATER, object)
    ends, champion_ends = (np.full(len(ids), NEVER_OURS, object) for _ in range(2))
    for lives, sign in ((champion, -1.0), (arm, 1.0)):
        at = np.searchsorted(ids, lives.ids)
        value[at] += sign * lives.value_eur
        quadrants[at] = lives.quadrants
    ends[np.searchsorted(ids, arm.ids)] = arm.ends
    champion_ends[np.searchsorted(ids, champion.ids)] = champion.ends
    treatments = np.full(len(ids), NO_TREATMENT, object)
    first = first_differences(champion.given, arm.given)
    treatments[np.searchsorted(ids, first.index.to_numpy(np.int64))] = first.to_numpy(object)
    return PairOfPeople(ids, value, quadrants, ends, treatments, champion_ends)


def first_differences(champion: pd.DataFrame, arm: pd.DataFrame) -> "pd.Series[str]":
    """Return for each person whom the two worlds treat differently what they differ in first.

    Parameters
    ----------
    champion, arm : DataFrame
        Columns person, month, treatment and amount.

    Returns
    -------
    Series
        By person: the treatment that the arm gives in the first month that differs, or, where it gives none then,
        ``without`` that of the champion. The same treatment of another amount is that treatment.
    """
    keys = ["person", "month", "treatment", "amount"]
    both = pd.concat([champion[keys].assign(arm=False), arm[keys].assign(arm=True)], ignore_index=True)
    only = both.drop_duplicates(keys, keep=False).sort_values(["person", "month", "arm"])  # the arm's own comes last
    only = only[only["month"] == only.groupby("person")["month"].transform("min")]
    last = only.drop_duplicates("person", keep="last").set_index("person")
    return last["treatment"].where(last["arm"], WITHOUT + last["treatment"].astype(object))


def carried_by(people: PairOfPeople, customers: float, share: float = CARRIED) -> float:
    """Return the fewest people, as a share of customers at the start, who together carry a share of the difference.

    NaN where people differ by nothing in all. Some bring more than the whole where others take from it.
    """
    total = float(people.difference_eur.sum())
    if total == 0.0:
        return float("nan")
    best = np.sort(people.difference_eur * np.sign(total))[::-1]
    return float(np.searchsorted(np.cumsum(best), share * abs(total)) + 1) / customers


def averages(pairs: Iterable[Parts]) -> dict[str, pd.DataFrame]:
    """Return for each division a table with a row per replication and a column per part, 0 where it has none."""
    each = list(pairs)
    return {name: pd.DataFrame([one[name] for one in each]).fillna(0.0) for name in DIVISIONS}


def _by_line(champion: RecordedRun, arm: RecordedRun) -> dict[str, float]:
    lines = {line: _discounted(arm, line) - _discounted(champion, line) for line in LINES}
    return {line: money for line, money in lines.items() if money} | {AFTER: _closing(arm) - _closing(champion)}


def _by_time(champion: RecordedRun, arm: RecordedRun, word: str, months: int) -> dict[str, float]:
    """Divide by spans of so many months: the first year is year 1, the first month is month 0."""
    by_month = arm.rates.weights * arm.by_month("ledger") - champion.rates.weights * champion.by_month("ledger")
    starts, first = range(0, arm.months, months), int(months > 1)
    spans = {f"{word} {first + one // months}": float(by_month[one : one + months].sum()) for one in starts}
    return spans | {AFTER: _closing(arm) - _closing(champion)}


def _discounted(run: RecordedRun, line: str) -> float:
    return float((run.rates.weights * run.by_month("ledger", a=(line,))).sum())


def _closing(run: RecordedRun) -> float:
    return float(run.rates.weights[-1]) * closing_value(run)


def _sums(words: NDArray[np.object_], values: NDArray[np.float64]) -> dict[str, float]:
    names, code = np.unique(words.astype(str), return_inverse=True)
    return dict(zip(names.tolist(), np.bincount(code, values, len(names)).tolist(), strict=True))

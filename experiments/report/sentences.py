"""The sentence above each figure, worked out from the data: what rose, what fell, what is within chance.

No sentence here knows its answer beforehand. Each picks the arm furthest from the champion among those whose
interval leaves 0 out and whose difference shows in the decimals written, and says so where there is none. The
intervals hold for all arms at once, since the furthest of many is picked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average, average_text, number
from tenure.experiments.analysis.metric import Metric, difference_text, level_text
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.statistics import SIGNS, Comparison, Verdict
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.tables import Tables, against_champion, average, average_of, metric_values, paired

WORDS = {
    "low_risk_low_return": "low-risk low-return",
    "low_risk_high_return": "low-risk high-return",
    "high_risk_low_return": "high-risk low-return",
    "high_risk_high_return": "high-risk high-return",
    "new": "new customers",
    "left": "left",
    "own_reasons": "own reasons",
    "charged_off": "charged off",
    "deposit_margin": "deposit margin",
    "credit_loss": "credit loss",
    "capital_charge": "capital charge",
    "closing_value": "closing value",
}
"""How a name of the recording is written for a reader; other names stand as they are."""

THROUGH = {
    "poached": "poaching",
    "involuntary": "involuntary leaving",
    "settled": "settled loans",
    "charged_off": "charge-offs",
    "ended": "relationships we end",
}
"""Causes of leaving as that through which a rate moves."""
MOST_NAMED = 2
"""Arms that a title names with their numbers; of more it says how many: the figure has them all."""

Text = Callable[[float], str]


@dataclass(frozen=True)
class ValueFormat:
    """How values of one kind are written: called with a value, it gives the text.

    >>> percent(0.1416), points.apart(Average.even(-0.021, 0.004)), months.around(Average.even(5.04, 0.3))
    ('14.2%', '-2.1 ± 0.4 points', '5.0 ± 0.3 months')
    """

    unit: str
    times: float = 1.0
    """What a value is multiplied by before it is shown."""
    most: float = np.inf
    """More than which no difference can be."""
    decimals: int = 1

    def __call__(self, value: float) -> str:
        """Write a value with its unit."""
        return self._with_unit(number(value * self.times, self.decimals))

    def apart(self, difference: Average) -> str:
        """Write a difference, signed, with its interval and its unit."""
        return self._with_unit(average_text(difference.times(self.times), self.decimals, signed=True))

    def around(self, average: Average) -> str:
        """Write an average with its interval and its unit."""
        return self._with_unit(average_text(average.times(self.times), self.decimals))

    def up_to(self, average: Average) -> str:
        """Write how much an average could be at most, either way."""
        most = min(average.furthest, self.most) * self.times
        least = 10.0**-self.decimals
        return self._with_unit(f"{'' if most >= least else 'under '}{number(max(most, least), self.decimals)}")

    def _with_unit(self, text: str) -> str:
        return text + ("" if self.unit == "%" else " ") + self.unit


percent = ValueFormat("%", 100.0)
"""A fraction in per cent."""
points = ValueFormat("points", 100.0, most=1.0)
"""A difference of two fractions in percentage points."""
months = ValueFormat("months")


def money(currency: str) -> ValueFormat:
    """Return how amounts of money are written.

    >>> money("GBP")(1234.56)
    '1,234.6 GBP'
    """
    return ValueFormat(currency)


def words(name: str) -> str:
    """Write a name of the recording for a reader."""
    return WORDS.get(name, name.replace("_", " "))


def moved(before: float, after: float, half_width: float, of: str = "", text: Text = percent) -> str:
    """Say how something moved from start to end.

    Parameters
    ----------
    before, after : float
        Averages over replications.
    half_width : float
        Half the 95% interval of the change; nan if not known.
    of : str
        The whole that a share is of, in words.
    text : callable
        Writes one value with its unit.

    >>> moved(0.14, 0.18, 0.002), moved(0.18, 0.14, 0.002, "of customers")
    ('rises from 14.0% to 18.0%', 'falls from 18.0% to 14.0% of customers')
    >>> moved(0.14, 0.142, 0.004)
    'goes from 14.0% to 14.2%, within chance'
    """
    whole = f" {of}" if of else ""
    if text(before) == text(after):
        return f"stays at {text(after)}{whole}"
    way = f"from {text(before)} to {text(after)}{whole}"
    if np.isnan(half_width):
        return f"goes {way} in one replication"
    if abs(after - before) <= half_width:
        return f"goes {way}, within chance"
    return f"{'rises' if after > before else 'falls'} {way}"


def furthest(differences: Mapping[str, Average], text: Text) -> str | None:
    """Name the arm furthest from the champion among those beyond chance; None if none is, visibly."""
    sure = [arm for arm, d in differences.items() if d.beyond_chance and text(abs(d.mean)) != text(0.0)]
    return max(sure, key=lambda arm: abs(differences[arm].mean), default=None)


def within_chance(differences: Mapping[str, Average], text: ValueFormat) -> str:
    """Say that no arm is told apart from the champion, and how far the furthest may be, or that chance is not known."""
    if not differences:
        return "no other arm was run"
    arm = max(differences, key=lambda name: abs(differences[name].mean))
    apart = differences[arm]
    mean = apart.mean
    if np.isnan(mean):
        return "no replication was run of all arms"
    if np.isnan(apart.low):
        return f"{arm} differs by {signed(mean, text)} in one replication, so chance is not known"
    if all(one == (0.0, 0.0, 0.0) for one in differences.values()):
        return "no arm differs from the champion in any replication"
    shown = f"furthest: {arm}, {text.apart(apart)}"
    if any(one.beyond_chance for one in differences.values()):
        return f"no arm differs from the champion enough to show ({shown})"
    return f"no arm is told apart from the champion ({shown})"


def signed(value: float, text: Text) -> str:
    """Write a difference with its sign, none if it rounds to nothing."""
    size = text(abs(value))
    return size if size == text(0.0) else ("+" if value > 0 else "-") + size


def composition_finding(recordings: Recordings, customers: Tables, category: str) -> str:
    """Say how the share of a stage or quadrant in customers moved under the champion, and which arm alters it most.

    Parameters
    ----------
    recordings : Recordings
        The experiment.
    customers : Tables
        From `tenure.experiments.report.tables.shares_over_time`.
    category : str
        The stage or quadrant to speak of.
    """
    champion = recordings.champion
    ends = {arm: table.xs(category, axis=1, level=0).iloc[:, -1] for arm, table in customers.items()}
    differences = against_champion(recordings, ends)
    under = f"Under {champion}, {words(category)} {_moved_share(customers[champion], category, 'of customers')}"
    return under + _against(differences, points, "raises", "lowers", "it")


def _moved_share(table: pd.DataFrame, category: str, of: str = "") -> str:
    over_time = table.xs(category, axis=1, level=0)
    first, last = over_time.iloc[:, [0]], over_time.iloc[:, -1:].set_axis(over_time.columns[:1], axis=1)
    change = average_of(paired(first, last), over_time.columns[0])
    return moved(float(first.mean().iloc[0]), float(last.mean().iloc[0]), change.half_width, of)


def of_high_risk(recordings: Recordings, customers: Tables) -> Tables:
    """Return the share of high-risk customers over time."""
    high = [name for name in QUADRANTS if name.startswith("high_risk")]
    return {arm: pd.concat({"high": sum(customers[arm][name] for name in high)}, axis=1) for arm in recordings.arms}


def plane_differences(recordings: Recordings, customers: Tables) -> dict[str, Average]:
    """Compare the share of high-risk customers at the end with the champion's."""
    risky = of_high_risk(recordings, customers)
    return against_champion(recordings, {arm: table.iloc[:, -1] for arm, table in risky.items()})


def plane_finding(recordings: Recordings, customers: Tables) -> str:
    """Say how the share of high-risk customers moved under the champion, and which arm alters it most at the end."""
    said = _moved_share(of_high_risk(recordings, customers)[recordings.champion], "high")
    under = f"Under {recordings.champion} the share of high-risk customers {said}"
    return under + _against(plane_differences(recordings, customers), points, "raises", "lowers", "it")


def migration_finding(
    recordings: Recordings,
    chances: Tables,
    origin: str = "low_risk_low_return",
    target: str = "low_risk_high_return",
    apart: int = 12,
) -> str:
    """Say which share of one quadrant is in another some months on, and which arm alters it most."""
    champion, way = recordings.champion, (origin, target)
    level = average_of(average(chances[champion][[way]]), way).mean
    differences = against_champion(recordings, {arm: table[way] for arm, table in chances.items()})
    under = f"Under {champion}, {percent(level)} of {words(origin)} customers are {words(target)} {apart} months on"
    if np.isnan(level):
        return f"Under {champion}, no customer was {words(origin)} for so long"
    return under + _against(differences, points, "raises", "lowers", "it")


def stage_months_finding(recordings: Recordings, months_by_stage: Tables) -> str:
    """Say how long a new customer stays, and which arm alters it most."""
    champion = recordings.champion
    base = months_by_stage[champion]
    differences = against_champion(recordings, _totals(months_by_stage))
    total = float(base.sum(axis=1).mean())
    under = (
        f"A new customer can expect {months(total)} under {champion}, "
        f"{float(base['maturity'].mean()):.1f} of them in maturity"
    )
    return under + _against(differences, months, "lengthens", "shortens", "this")


def attrition_finding(recordings: Recordings, rates: Tables) -> str:
    """Say how many leave a year, which arm alters it most, and through which cause."""
    champion = recordings.champion
    level = float(rates[champion].sum(axis=1).mean())
    differences = against_champion(recordings, _totals(rates))
    under = f"Under {champion} {percent(level)} of customers leave in a year"
    arm = furthest(differences, points)
    through = "" if arm is None else _mostly(rates[champion], rates[arm], differences[arm].mean, points)[1]
    return under + _against(differences, points, "raises", "lowers", "this") + through


def profit_finding(recordings: Recordings, lines: Tables) -> str:
    """Say which arm earns most beyond chance, through which line, and what the closing value is of it."""
    champion, amount = recordings.champion, money(recordings.currency)
    differences = against_champion(recordings, _totals(lines))
    level = float(lines[champion].sum(axis=1).mean())
    closing = float(lines[champion]["closing_value"].mean())
    if not differences:
        return f"{champion} earns {amount(level)} per customer, {amount(closing)} of it closing value"
    gains = {arm: difference for arm, difference in differences.items() if difference.mean > 0.0}
    arm = furthest(gains, amount) or furthest(differences, amount)
    if arm is None:
        return f"{champion} earns {amount(level)} per customer; {within_chance(differences, amount)}"
    mean = differences[arm].mean
    apart = float(paired(lines[champion], lines[arm]).loc["closing_value", "mean"])
    name, mostly = _mostly(lines[champion], lines[arm], mean, amount)
    closing_too = "" if name == "closing_value" else f", closing value {signed(apart, amount)}"
    best = "" if mean > 0 else "; no arm earns more beyond chance"
    return (
        f"{arm} earns {amount.around(differences[arm].size)} {'more' if mean > 0 else 'less'} per customer than "
        f"{champion}{mostly}{closing_too}{best}"
    )


def effects_finding(recordings: Recordings, metric: str = "") -> str:
    """Give the verdicts on one metric in a sentence, best first; by default on the one decided on."""
    metric = metric or _decided_on(recordings)
    every = [c for c in recordings.comparisons if c.metric == metric]
    known = METRICS[metric].in_currency(recordings.currency)
    sign = 1.0 if known.better == "lower" else -1.0
    rows = sorted((c for c in every if not np.isnan(c.difference)), key=lambda c: sign * c.difference)
    if not every:
        level = level_text(known, float(metric_values(recordings)[metric].mean()))
        shown = level if known.unit == "%" else f"{level} {known.unit}"
        return f"{recordings.champion}: {shown}, {known.label}; no other arm was run"
    said: list[str] = []
    meanings: tuple[tuple[Verdict, str], ...] = (
        ("better", "better than"),
        ("worse", "worse than"),
        ("equal", "equal to"),
        ("undecided", "not told apart from"),
    )
    for meaning, phrase in meanings:
        arms = [_named_effect(row, known) for row in rows if row.verdict == meaning]
        if arms:
            said.append(f"{listed(arms)} {'is' if len(arms) == 1 else 'are'} {phrase} {recordings.champion}")
    unpaired = [row.arm for row in every if row not in rows]
    if unpaired:
        said.append(f"{listed(unpaired)}: no run beside one of {recordings.champion}")
    return f"On {known.label}: {'; '.join(said)}"


def effects_title(recordings: Recordings) -> str:
    """Give the verdicts on the metric decided on in a line: the furthest arms with their numbers, how many others."""
    every = [c for c in recordings.comparisons if c.metric == _decided_on(recordings)]
    if not every:
        return effects_finding(recordings)
    known = METRICS[every[0].metric].in_currency(recordings.currency)
    said = []
    for verdict, phrase in (
        ("better", "better"),
        ("worse", "worse"),
        ("equal", "equal"),
        ("undecided", "not told apart"),
    ):
        rows = sorted((row for row in every if row.verdict == verdict), key=lambda row: -abs(row.difference))
        if rows:
            known_apart = verdict in ("better", "worse")
            names = [f"{row.arm} ({_effect(row, known)})" if known_apart else row.arm for row in rows]
            said.append(f"{phrase}: {few(names)}")
    lead = "" if any(row.verdict == "better" for row in every) else "no arm is better than the champion; "
    head = " ".join(known.headline)
    return f"{head[0].upper()}{head[1:]}: {lead}{'; '.join(said)}".removesuffix("; ")


def few(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """List the first names, and say how many more there are; one more is named rather than counted.

    >>> few(["a", "b", "c"]), few(["a", "b", "c", "d"])
    ('a, b and c', 'a, b and 2 more')
    """
    return listed([*names[:most], f"{len(names) - most} more"] if len(names) > most + 1 else list(names))


def _decided_on(recordings: Recordings) -> str:
    """Return the metric decided on, the first that is shown, or profit where arms are not judged by that."""
    first = recordings.metrics[0] if recordings.metrics else ""
    return first if first in METRICS and METRICS[first].has_verdict else "profit_per_customer"


def _named_effect(row: Comparison, known: Metric) -> str:
    return f"{row.arm} ({_effect(row, known)} {'points' if known.unit == '%' else known.unit})"


def _effect(row: Comparison, known: Metric) -> str:
    return f"{SIGNS[row.verdict]} {difference_text(known, row.apart)}"


def _against(
    differences: Mapping[str, Average],
    text: ValueFormat,
    up: Literal["raises", "lengthens"],
    down: Literal["lowers", "shortens"],
    it: str,
) -> str:
    """Say which arm alters a level most, as the second half of a sentence."""
    if not differences:
        return ""
    arm = furthest(differences, text)
    if arm is None:
        return f"; {within_chance(differences, text)}"
    apart = differences[arm]
    return f"; {arm} {up if apart.mean > 0 else down} {it} by {text.around(apart.size)}"


def _totals(tables: Tables) -> dict[str, "pd.Series[float]"]:
    return {arm: table.sum(axis=1, skipna=False) for arm, table in tables.items()}


def _mostly(champion: pd.DataFrame, arm: pd.DataFrame, total: float, text: Text) -> tuple[str, str]:
    """Return the column that moves most in the direction of the total, and say so."""
    means = paired(champion, arm)["mean"] * np.sign(total)
    name = str(means.idxmax())
    how = "mostly" if means[name] > abs(total) / 2.0 else "above all"
    part = signed(float(means[name] * np.sign(total)), text)
    return name, f", {how} through {THROUGH.get(name, words(name))} ({part})"

"""Whether floors and ceilings of structure were met, arm by arm: a limit can only refuse what would worsen it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tenure.experiments.analysis.intervals import Average, average_text, share_text
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.config.printable import printable_line
from tenure.experiments.design.arms import laid_over
from tenure.experiments.report.labels import listed

if TYPE_CHECKING:
    import pandas as pd

    from tenure.experiments.store.results import Results
    from tenure.policies.guard.rules import StructureLimit

MEASURE = "structure_limit"
"""What the recording calls where limits stand; month -1 there is month 0 to a reader, and so on."""
ONLY_REFUSES = (
    "A floor or a ceiling brings nobody: it can only refuse what would worsen it, so that a limit which does not hold "
    "at month 0 may never be met"
)


class Met(NamedTuple):
    """In how many months a limit was met, all replications together, after how many, and since when.

    `since` is the month, 0 or later, from which on it was met to the end in every replication; None if it was not
    met at the end of each. `missed` is at the end of how many of `replications` it was not.
    """

    months: int
    of: int
    since: int | None
    missed: int = 0
    replications: int = 0

    @property
    def always(self) -> bool:
        """Whether it was met in every month of every replication."""
        return self.months == self.of > 0

    @property
    def verdict(self) -> str:
        """Return ``met``, ``met from month 7 on``, ``NOT met``, at the end of which, or ``a share of nothing``.

        >>> [Met(*one).verdict for one in ((0, 8, None, 2, 2), (3, 8, None, 2, 2), (7, 8, None, 1, 2))]
        ['NOT met', 'NOT met at the end', 'NOT met at the end of 1 of 2 replications']
        """
        if self.of == 0:
            return "a share of nothing"
        if self.always:
            return "met"
        if self.since is not None:
            return f"met from month {self.since} on"
        if self.missed == 0:
            return "met at the end"
        if self.missed < self.replications:
            return f"NOT met at the end of {self.missed} of {self.replications} replications"
        return "NOT met at the end" if self.months else "NOT met"

    def together(self, other: "Met") -> "Met":
        """Return both, of limits that fared alike: met from the same month on, or not at the end of all or some."""
        counts = (getattr(self, one) + getattr(other, one) for one in ("months", "of", "missed", "replications"))
        months, of, missed, replications = counts
        return Met(months, of, self.since, missed, replications)


class Held(NamedTuple):
    """One limit in one arm."""

    arm: str
    limit: "StructureLimit"
    met: Met
    start: Average
    """At month 0, average over replications with half its 95% interval; a share, or heads or money."""
    end: Average
    """After the last month."""


def counted(standings: Mapping[int, Sequence[tuple[int, bool]]]) -> Met:
    """Count the months in which a limit was met.

    Parameters
    ----------
    standings : mapping
        Replication to its months and whether the limit was met in each.

    >>> counted({0: [(0, False), (1, True), (2, True)], 1: [(0, False), (1, False), (2, True)]})
    Met(months=3, of=6, since=2, missed=0, replications=2)
    """
    all_ = [(month, met) for one in standings.values() for month, met in one]
    failed = [month for month, met in all_ if not met]
    later = [month for month, _ in all_ if month > max(failed, default=-1)]
    ends = [max(one) for one in standings.values() if one]
    lasting = bool(later) and all(end > max(failed, default=-1) for end, _ in ends)
    missed = sum(not met for _, met in ends)
    return Met(sum(met for _, met in all_), len(all_), min(later) if lasting else None, missed, len(ends))


def limits_of(market: Mapping[str, object], arm: Mapping[str, object]) -> "tuple[StructureLimit, ...]":
    """Return the limits of structure that hold for us in an arm; ValueError if a record has what none can be."""
    us, own = market.get("us"), arm.get("us")
    both = laid_over(us if isinstance(us, Mapping) else {}, own if isinstance(own, Mapping) else {})
    guarded = both.get("guards")
    if not isinstance(guarded, Mapping) or not guarded.get("structure"):
        return ()
    from pydantic import ValidationError

    from tenure.simulation.settings.guards import InstitutionGuards
    from tenure.simulation.values.schedule import at_start

    try:
        guards = InstitutionGuards.model_validate(at_start(guarded, str(market.get("start"))))
    except ValidationError:
        raise ValueError("the record of the experiment has guards that are not as tenure writes them") from None
    return tuple(one.limit() for one in guards.structure)


def held(results: "Results") -> list[Held]:
    """Return every limit of every arm that has runs; nothing is read where there are no limits."""
    about = results.about
    limits = {arm: limits_of(about["market"], one) for arm, one in about["arms"].items()}
    if not any(limits.values()):
        return []
    rows = results.rows([MEASURE])
    if rows.empty:  # recorded before limits were
        return []
    found = []
    for arm, some in limits.items():
        own = rows[rows["arm"] == arm]
        for limit in some if len(own) else ():
            values = _wide(own, limit.name, "value")
            met = {
                int(str(replication)): [(int(month), bool(value)) for month, value in one.dropna().items()]
                for replication, one in _wide(own, limit.name, "met").iterrows()
            }
            ends = [_average(values[month]) for month in (values.columns[0], values.columns[-1])] if len(values) else []
            unknown = Average.even(float("nan"), float("nan"))
            found.append(Held(arm, limit, counted(met), *(ends or [unknown, unknown])))
    return found


def _wide(rows: "pd.DataFrame", name: str, what: str) -> "pd.DataFrame":
    """Return a row per replication, a column per month as a reader counts them."""
    some = rows[(rows["a"] == name) & (rows["b"] == what)]
    table: pd.DataFrame = some.pivot_table(index="replication", columns="month", values="value")
    return table.rename(columns=lambda month: int(month) + 1)


def _average(values: "pd.Series[float]") -> Average:
    known = values.dropna().to_numpy(dtype=np.float64)
    return (
        Average.even(float(known.mean()), float(t_half_widths(known[:, None])[0]))
        if len(known)
        else Average.even(float("nan"), float("nan"))
    )


def wanted(limit: "StructureLimit", currency: str) -> str:
    """Say what a limit asks for.

    >>> from tenure.policies.guard.rules import StructureLimit
    >>> wanted(StructureLimit("a", "otherwise", "balance", True, at_least=0.35), "EUR")
    'at least 35% of credit balances'
    """
    from tenure.policies.guard.rules import told_measure

    ends = [
        (words, value)
        for words, value in (("at least", limit.at_least), ("at most", limit.at_most))
        if value is not None
    ]
    if limit.share:
        return " and ".join(f"{words} {100.0 * value:g}%" for words, value in ends) + f" of {told_measure(limit.of)}"
    if limit.of == "customers":
        return " and ".join(f"{words} {value:,.0f}" for words, value in ends) + " customers"
    told = " and ".join(f"{words} {value:,.0f} {currency}" for words, value in ends)
    return f"{told} of {told_measure(limit.of)}"


def told_at(limit: "StructureLimit", value: Average) -> str:
    """Say whether a limit is met where it stands, as far as the interval decides.

    Returns
    -------
    str
        ``met`` where the whole interval lies within the limit, ``NOT met`` where all of it lies outside, ``not told
        from chance`` between the two; ``-`` where nothing stands.
    """
    if math.isnan(value.mean):
        return "-"
    least = -math.inf if limit.at_least is None else limit.at_least
    most = math.inf if limit.at_most is None else limit.at_most
    if least <= value.low and value.high <= most:
        return "met"
    return "NOT met" if value.high < least or value.low > most else "not told from chance"


def value_text(limit: "StructureLimit", value: Average, currency: str) -> str:
    """Write where a limit stands, with its interval."""
    if limit.share:
        return share_text(value, "%")
    return average_text(value, 0) + ("" if limit.of == "customers" else f" {currency}")


def limit_lines(found: Sequence[Held], currency: str, width: int) -> Iterator[str]:
    """Yield a line if every limit was always met, else a line for each that was not, and what may be done."""
    for text in limit_sentences(found, currency):
        yield from wrap(printable_line(text), width, initial_indent="  ", subsequent_indent="    ")


def limit_sentences(found: Sequence[Held], currency: str) -> Iterator[str]:
    """Say which limits were met, those of one name together, and what may be done about the others."""
    by_limit: dict[StructureLimit, list[Held]] = {}
    for one in found:
        by_limit.setdefault(one.limit, []).append(one)
    missed = {limit: some for limit, some in by_limit.items() if not all(one.met.always for one in some)}
    kept = [limit.name for limit in by_limit if limit not in missed]
    if kept:
        head = "Limits of structure met" if missed else f"All limits of structure ({len(kept)}) were met"
        names = listed([f"'{name}'" for name in kept])
        yield f"{head}, in every month of every arm that has them: {names}."
    for limit, some in missed.items():
        alike: dict[str, list[Held]] = {}
        for one in some:
            some_end_so = 0 < one.met.missed < one.met.replications
            alike.setdefault("" if some_end_so else one.met.verdict, []).append(one)
        parts = [_together(limit, ones, currency) for ones in alike.values()]
        yield f"Limit of structure '{limit.name}' ({wanted(limit, currency)}): {'; '.join(parts)}."
    if missed:
        yield f"{ONLY_REFUSES}. {how_to_mend(list(missed))}"


def _together(limit: "StructureLimit", ones: Sequence[Held], currency: str) -> str:
    """Say where a limit stood in some arms, from the least to the most of them, and how often it was met."""
    arms = listed([one.arm for one in ones])
    first, last = (_span(limit, [getattr(one, side) for one in ones], currency) for side in ("start", "end"))
    met = reduce(Met.together, (one.met for one in ones))
    times = f", met in {met.months:,} of {met.of:,} months" if met.months < met.of else ""
    return f"{met.verdict} in {arms} ({first} at month 0, {last} at the end{times})"


def _span(limit: "StructureLimit", values: Sequence[Average], currency: str) -> str:
    if len(values) == 1:
        return value_text(limit, values[0], currency)
    sure = [Average.even(value.mean, 0.0) for value in values if not math.isnan(value.mean)]
    ends = [value_text(limit, end(sure, key=lambda one: one.mean), currency) for end in (min, max)] if sure else ["-"]
    least, most = (text.replace(" ± 0", "") for text in (ends[0], ends[-1]))
    return least if least == most else f"{least} to {most}"


def how_to_mend(limits: "Sequence[StructureLimit]") -> str:
    """Say what may be done about limits that were not met."""
    text = "Write one that the market can have, or give us more of those customers by acquisition and treatments."
    if any(limit.of == "balance" for limit in limits):
        text += " `balance` is what customers owe; what they keep is `deposits`, both are `credit_and_deposits`."
    return text


def held_json(found: Sequence[Held]) -> list[dict[str, object]]:
    """Return where limits stood and whether they were met as plain data."""
    return [
        {
            "arm": one.arm,
            "limit": one.limit.name,
            "where": one.limit.where,
            "of": one.limit.of,
            "share": one.limit.share,
            "at_least": one.limit.at_least,
            "at_most": one.limit.at_most,
            "at_month_0": one.start._asdict(),
            "at_the_end": one.end._asdict(),
            "months_met": one.met.months,
            "months": one.met.of,
            "since": one.met.since,
            "met": one.met.always,
        }
        for one in found
    ]

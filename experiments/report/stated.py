"""What a user stated of a market, beside what it was at month 0, after burn-in and warm-up."""

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.cells import cell_len

from tenure.experiments.analysis.intervals import Average, share_text
from tenure.experiments.analysis.statistics import t_half_widths
from tenure.experiments.config.printable import printable_line
from tenure.experiments.report.labels import listed, told_apart
from tenure.experiments.store.store import read_rows

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

MARGIN = 0.01
"""A share at month 0 counts as written within one point ..."""
RELATIVE_MARGIN, LEAST_MARGIN = 0.1, 0.001
"""... or, if that is less, within a tenth of what is written, at least a tenth of a point. All three: assumption."""
PEOPLE_MARGIN = 0.05
"""People in the market count as written within this share of them: assumption."""
SHARE, PEOPLE = "share of people", "people in the market"
NOBODY = "nobody"
"""As the recording calls those without a provider, whose share is what the others leave."""
_GONE = "gone"
_NAME_CELLS = 40


class Stated(NamedTuple):
    """One thing that was written, and what it was at month 0."""

    what: str
    """`SHARE`, or `PEOPLE`: those alive in the market, in parts of how many were written."""
    name: str
    written: float
    found: Average
    """Average over replications with half its 95% interval."""

    @property
    def margin(self) -> float:
        """How far from what was written still counts as written."""
        if self.what == PEOPLE:
            return PEOPLE_MARGIN * self.written
        return min(MARGIN, max(LEAST_MARGIN, RELATIVE_MARGIN * self.written))

    @property
    def differs(self) -> bool:
        """Whether it is not what was written: by more than the margin, and more than chance explains."""
        gap = abs(self.found.mean - self.written)
        return gap > self.margin and gap > self.found.half_width

    @property
    def verdict(self) -> str:
        """Whether it is as written: yes, NO, or not told apart."""
        if abs(self.found.mean - self.written) <= self.margin:
            return "yes"
        return "NO" if self.differs else "not told apart"


def averaged(values: Sequence[float], people: int) -> Average:
    """Return the average of shares over replications with Student's 95% interval.

    The interval is never narrower than that of so many people drawn at random in each, so that two or three
    replications which happen to agree, or a single one, do not pass for certainty.

    >>> [round(part, 4) for part in averaged([0.25], 10_000)]
    [0.25, 0.0085]
    """
    mean = float(np.mean(values))
    at_random = 1.96 * math.sqrt(max(mean * (1.0 - mean), 0.0) / max(people * len(values), 1))
    return Average.even(mean, float(np.nanmax([at_random, t_half_widths(np.array(values)[:, None])[0]])))


def compared(written: Mapping[str, float], people: int, counted: Sequence[Mapping[str, float]]) -> list[Stated]:
    """Return what was written beside what was counted.

    Parameters
    ----------
    written : mapping
        Institution to its share of people; the rest has no provider.
    people : int
        So many people were written.
    counted : sequence of mappings
        Of each replication: institution, or `NOBODY`, to its people at month 0.
    """
    if not counted:
        return []
    shares = {**written, NOBODY: max(0.0, 1.0 - sum(written.values()))}
    alive = [sum(one.get(name, 0.0) for name in shares) for one in counted]
    found = []
    for name, share in shares.items():
        each = [one.get(name, 0.0) / max(all_, 1.0) for one, all_ in zip(counted, alive, strict=True)]
        found.append(Stated(SHARE, name, share, averaged(each, people)))
    return [*found, Stated(PEOPLE, "", 1.0, averaged([all_ / people for all_ in alive], people))]


def stated(results: "Results") -> list[Stated]:
    """Return what the market of an experiment states of its institutions beside month 0; nothing without a run.

    Month 0 is the same in every arm, so that one run of each replication is read.
    """
    market = results.about["market"]
    us = market["us"]
    written = {str(us.get("name") or "us"): float(us["share"])}
    written |= {str(name): float(one["share"]) for name, one in market["rivals"].items()}
    one_of_each = {known.replication: name for name, known in list(results.known.items())[::-1]}
    counted = [_people_at_start(results, name) for name in one_of_each.values()]
    return compared(written, int(market["people"]), counted)


def _people_at_start(results: "Results", name: str) -> dict[str, float]:
    """Return institution -> people before the first month of a run."""
    rows = read_rows(results.folder, name, ["customers"], ["measure", "month", "institution", "value"]).to_pydict()
    first = min(rows["month"], default=0)
    told = zip(rows["month"], rows["institution"], rows["value"], strict=True)
    return {institution: value for month, institution, value in told if month == first and institution != _GONE}


def stated_lines(found: Sequence[Stated], burn_in_months: int, warm_up_months: int, width: int) -> Iterator[str]:
    """Yield a line if all is as written, a table and a way to mend it if not."""
    shares, people = [one for one in found if one.what == SHARE], [one for one in found if one.what == PEOPLE]
    yield from _wrapped(_in_a_line(shares), width)
    if any(one.differs for one in shares):
        labels = told_apart([printable_line(one.name) for one in shares], _NAME_CELLS)
        rows = [("", "written", "at month 0"), *(_cells(one, labels[printable_line(one.name)]) for one in shares)]
        widths = [max(cell_len(row[i]) for row in rows) for i in (0, 1)]
        for name, written, found_there in rows:
            pad = " " * (widths[0] - cell_len(name))
            yield f"    {name}{pad}   {written:>{widths[1]}}   {found_there}".rstrip()
        yield from _wrapped(how_to_mend_shares(shares, burn_in_months, warm_up_months), width)
    for one in people:
        if one.differs:
            yield from _wrapped(people_sentence(one, burn_in_months, warm_up_months), width)


def _in_a_line(shares: Sequence[Stated]) -> str:
    if not shares:
        return ""
    if any(one.differs for one in shares):
        return "NOT AS WRITTEN: shares of people at month 0 (± 95% interval over replications)."
    return said_shares(shares)


def said_shares(shares: Sequence[Stated]) -> str:
    """Say in a sentence how the shares of people at month 0 lie beside what was written."""
    off = [one for one in shares if one.differs]
    if off:
        parts = [f"{one.name} {percent(one.written)} written, {there(one)} at month 0" for one in off]
        return f"Shares of people are not what is written: {'; '.join(parts)}."
    worst = max(shares, key=lambda one: abs(one.found.mean - one.written) - one.margin)
    if abs(worst.found.mean - worst.written) <= worst.margin:
        return f"Shares of people at month 0 are as written, within {100.0 * MARGIN:g} point."
    return (
        "Shares of people at month 0 are not told apart from what is written; furthest is "
        f"{worst.name}: {percent(worst.written)} written, {there(worst)}."
    )


def how_to_mend_shares(shares: Sequence[Stated], burn_in_months: int, warm_up_months: int) -> str:
    """Say what moves shares before month 0, and which way for whom."""
    ways = []
    for key, some in (
        ("`quality`", [one for one in shares if one.name != NOBODY]),
        ("`rules.choice.nobody`", [one for one in shares if one.name == NOBODY]),
    ):
        for way, off in (("raise", _off(some, -1.0)), ("lower", _off(some, 1.0))):
            if off:
                ways.append(f"{way} {key}" + ("" if off == [NOBODY] else f" of {listed(off)}"))
    shorter = "" if burn_in_months == 0 else ", or shorten `burn_in_months`, after which less has settled"
    return (
        f"Shares are written for {burn_in_months + warm_up_months} months before month 0 (`burn_in_months` "
        f"{burn_in_months}, `warm_up_months` {warm_up_months}); since then people have moved, by quality, price and "
        "channels. To hold them: leave every `quality` out, so that those that hold the shares are found, or "
        f"{listed(ways)}, or change channels and prices{shorter}."
    )


def _off(shares: Sequence[Stated], side: float) -> list[str]:
    """Return the names of those that are not as written, and lie on one side of it."""
    return [one.name for one in shares if one.differs and side * (one.found.mean - one.written) > 0.0]


def people_sentence(one: Stated, burn_in_months: int, warm_up_months: int) -> str:
    """Say that the market has grown or shrunk before month 0."""
    way, mend = ("shrunk", "raise") if one.found.mean < one.written else ("grown", "lower")
    return (
        f"NOT AS WRITTEN: in {burn_in_months + warm_up_months} months before month 0 the market has {way} to "
        f"{share_text(one.found, '%')} of the people written. To hold it: {mend} `world.newcomers_per_year`, or "
        "shorten `burn_in_months`."
    )


def percent(share: float) -> str:
    """Write a share as it may have been written.

    >>> percent(0.152), percent(0.004)
    ('15.2%', '0.4%')
    """
    return f"{100.0 * share:.1f}%"


def there(one: Stated) -> str:
    """Write what was found, with its interval."""
    return share_text(one.found, "%")


def _cells(one: Stated, label: str) -> tuple[str, str, str]:
    return label, percent(one.written), there(one) + ("   <- not as written" if one.differs else "")


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(printable_line(text), width, initial_indent="  ", subsequent_indent="    ")


def stated_json(found: Sequence[Stated]) -> list[dict[str, object]]:
    """Return what was written beside month 0 as plain data."""
    return [
        {
            "what": one.what,
            "name": one.name,
            "written": one.written,
            "at_month_0": one.found.mean,
            "half_width": one.found.half_width,
            "margin": one.margin,
            "differs": one.differs,
        }
        for one in found
    ]

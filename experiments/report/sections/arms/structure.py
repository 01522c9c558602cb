"""The structure of customers and of credit at the start and at the end, arm beside arm."""

from collections.abc import Iterator
from typing import NamedTuple

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.intervals import share_text as said
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.sections.section import Section, Table, change_text, share_text
from tenure.experiments.report.sentences import words
from tenure.experiments.report.tables import average, average_of, paired, shares_over_time

WHOLES = {"customers_by_cell": "customers", "credit_balance_by_cell": "credit balances"}
"""Measure -> what a quadrant has a share of."""


class StructureMove(NamedTuple):
    """The share of one quadrant in one arm."""

    of: str
    """`customers`, or `credit balances`."""
    quadrant: str
    arm: str
    start: Average
    """Before the first month."""
    end: Average
    """After the last month."""
    change: Average
    """End less start, replication by replication."""
    apart: Average | None
    """At the end, less the champion's, paired; None of the champion."""


def structure_moved(recordings: Recordings) -> list[StructureMove]:
    """Return where each quadrant's share stood at the start and at the end in every arm; true quadrants."""
    found = []
    for measure, of in WHOLES.items():
        if measure not in recordings.rows:
            continue
        tables = shares_over_time(recordings, measure, "quadrant")
        ends = {}
        for arm, table in tables.items():
            months = sorted({int(month) for _, month in table.columns})
            first, last = (table.xs(month, axis=1, level=1)[list(QUADRANTS)] for month in (months[0], months[-1]))
            ends[arm] = (first, last)
        champion = ends[recordings.champion][1]
        for quadrant in QUADRANTS:
            for arm, (first, last) in ends.items():
                apart = None if arm == recordings.champion else average_of(paired(champion, last), quadrant)
                change = average_of(paired(first, last), quadrant)
                start, end = (average_of(average(table), quadrant) for table in (first, last))
                found.append(StructureMove(of, quadrant, arm, start, end, change, apart))
    return found


def structure_section(recordings: Recordings) -> Section | None:
    """Return the section, None where no structure was recorded."""
    found = structure_moved(recordings)
    if not found:
        return None
    heads = (
        ("", "quadrant"),
        ("", "arm"),
        ("at the", "start, %"),
        ("at the", "end, %"),
        ("change,", "points"),
        (f"beside {recordings.champion}", "at the end, points"),
    )
    tables = tuple(
        Table(
            heads,
            tuple(
                (
                    words(one.quadrant),
                    one.arm,
                    share_text(one.start),
                    share_text(one.end),
                    change_text(one.change),
                    "-" if one.apart is None else change_text(one.apart),
                )
                for one in found
                if one.of == of
            ),
            f"Share of {of}",
        )
        for of in dict.fromkeys(one.of for one in found)
    )
    note = (
        "True risk and return, as no institution sees them; average over replications ± half a 95% interval, each "
        "alone; shares of one arm add up to 100%. The start is the same in every arm. Limits of structure stand in a "
        "section of their own, where there are any: they are on what we believe of customers."
    )
    return Section("structure", "Structure at the start and at the end", tuple(_said(found)), tables, note)


def _said(found: list[StructureMove]) -> Iterator[str]:
    """Say of each arm which quadrant's share of customers lies furthest from the champion's at the end."""
    for arm in dict.fromkeys(one.arm for one in found if one.apart is not None):
        own = [(one, one.apart) for one in found if one.arm == arm and one.of == "customers" and one.apart is not None]
        sure = [(one, apart) for one, apart in own if apart.low > 0.0 or apart.high < 0.0]
        if not sure:
            yield f"Under {arm} the quadrants' shares of customers end as under the champion, as far as chance tells."
            continue
        one, apart = max(sure, key=lambda pair: abs(pair[1].mean))
        yield (
            f"Under {arm} the share of {words(one.quadrant)} customers goes from {said(one.start, '%')} to "
            f"{said(one.end, '%')}, which is {change_text(apart)} points from the champion's."
        )

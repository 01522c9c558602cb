"""What carries each arm's difference in profit from the champion, in short; and when one rule alone carries it."""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.why.answer import Why, why
from tenure.experiments.analysis.why.found import NOT_RUN
from tenure.experiments.analysis.why.parts import CARRIED, ENDING, LINE, QUADRANT, TREATMENT, YEAR
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Section, Table
from tenure.experiments.report.sentences import words

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

SHOWN = {LINE: 5, TREATMENT: 4, ENDING: 4, QUADRANT: 5}
"""Division -> parts of it that are shown, the widest; what is left is added up."""
SHOWN_AS = {
    LINE: "by line",
    TREATMENT: "by treatment",
    ENDING: "by how they left",
    QUADRANT: "by quadrant",
    YEAR: "by year",
}
"""Divisions that are shown, in their order; months are many, and told by the command."""
MOST_YEARS = 6
"""Years that are all shown; of more, the widest."""
SHOWN_FROM = 0.02
"""Of the widest part of a division, below which a part is added up with others."""
REST = "all else"
MOST_PAIRS = 150
"""Pairs of runs of a scenario that a report reads person by person, a tenth of a second each; with more it says what
``tenure why`` would."""
MOST_OPEN = 3
"""Arms whose tables stand open; more are folded up until somebody asks."""
MOST_SWITCHED = 5
"""Mechanisms and rules, switched off one at a time, that are shown."""


class Reasons(NamedTuple):
    """What each arm's difference is made of, as far as lives were recorded."""

    of: Mapping[str, Why]
    """Arm beside the champion -> what its difference is made of."""
    unsaid: str = ""
    """Why nothing, or not everything, is known; empty where all arms are there."""


def reasons_of(
    results: "Results", most_pairs: int = MOST_PAIRS, progress: Callable[[], None] = lambda: None
) -> Reasons:
    """Return what the differences of all arms are made of, from stored runs.

    Parameters
    ----------
    results : Results
        Of one scenario.
    most_pairs : int
        Pairs of runs that are read at most; with more, nothing is.
    progress : callable
        Told of each pair that was read.
    """
    there = {(one.arm, one.replication) for one in results.known.values()}
    pairs = {
        arm: sum((results.champion, replication) in there for one, replication in there if one == arm)
        for arm in results.arms
        if arm != results.champion
    }
    asked = {arm: many for arm, many in pairs.items() if many}
    if sum(asked.values()) > most_pairs:
        return Reasons({}, f"{sum(asked.values()):,} pairs of runs are more than a report reads person by person")
    found: dict[str, Why] = {}
    for arm in asked:
        try:
            found[arm] = why(results, arm, progress)
        except ValueError as missing:  # recorded before lives were
            return Reasons(found, str(missing))
    return Reasons(found)


def trap_sentence(found: Why) -> str:
    """Say that most of the difference follows from what the champion alone does; empty where it does not."""
    if not found.is_a_trap:
        return ""
    alone = found.of_the_champion_alone
    parts = listed([f"{words(name)} ({one.mean:+z,.1f})" for name, one in alone.items()])
    return (
        f"Careful: most of the {found.total.mean:+z,.1f} follows from what only '{found.champion}' does: {parts}. "
        f"Give '{found.arm}' the same rule, and ask again."
    )


def trap_alarms(recordings: Recordings) -> Iterator[str]:
    """Yield, for the top of the page, each arm whose difference is mostly one thing that the champion alone does."""
    for arm, found in recordings.whys.items():
        sentence = trap_sentence(found)
        if sentence:
            command = f"{recordings.why_command} {shlex.quote(arm)}"
            yield (
                f"{sentence} ({arm} against {found.champion}, {recordings.currency} per customer at the start; "
                f"taken apart by: {command})"
            )


def carried_section(recordings: Recordings) -> Section | None:
    """Return the section; None where no other arm has its reasons, and it is not known why."""
    if not recordings.whys:
        if not recordings.whys_unsaid:
            return None
        text = f"Not known here: {recordings.whys_unsaid}. `{recordings.why_command} ARM` says it of one arm."
        return Section("carried", "What carries the difference", (text,), ())
    tables = tuple(
        carried_table(found, recordings.currency, len(recordings.whys)) for found in recordings.whys.values()
    )
    note = (
        f"{recordings.currency} per customer at the start, discounted, closing value included, arm less "
        f"{recordings.champion}, average over replications ± half a 95% interval, each alone. Every division is over "
        "the same money and adds up to the whole before rounding. By treatment: to a person's first treatment in which "
        "the two worlds differ, which describes what followed and is not that treatment's effect alone. By how they "
        "left: in the arm's world. By quadrant: true risk and return at month 0. No customer's: people who never were "
        f"customers, and channels paid by the month. {_what_was_switched_off(recordings)}In full: "
        f"{recordings.why_command} ARM"
    )
    return Section("carried", "What carries the difference", tuple(_said(recordings)), tables, note)


def _what_was_switched_off(recordings: Recordings) -> str:
    """Say what "if switched off" means, what is not told of it, and how the rest is asked for."""
    command = f"{recordings.why_command} ARM --without all"
    if not any(found.without.each for found in recordings.whys.values()):
        return f"By mechanism and rule switched off: not run; {command} does. "
    untold = [
        f"{words(name)} ({reason})"
        for found in recordings.whys.values()
        for name, reason in found.without.unknown.items()
        if reason != NOT_RUN
    ]
    rest = f" Left out: {listed(list(dict.fromkeys(untold)))}." if untold else ""
    return (
        "If switched off: what a mechanism or a rule carries, the difference with it less that without it, from runs "
        f"of their own; these do not add up.{rest} The rest of them: {command}. "
    )


def carried_table(found: Why, currency: str, arms: int) -> Table:
    """Return the widest parts of an arm's difference, division by division, and what is left of each."""
    rows = [("in all", "", _text(found.total))]
    for name, head in SHOWN_AS.items():
        rows += [(head, words(part), text) for part, text in _parts(name, found)]
    rows += [("if switched off", name, text) for name, text in _switched_off(found)]
    caption = f"{found.arm} against {found.champion}"
    heads = (("", "divided"), ("", "part"), (f"{currency} per", "customer"))
    return Table(heads, tuple(rows), caption, long=arms > MOST_OPEN)


def _switched_off(found: Why) -> Iterator[tuple[str, str]]:
    """Yield the mechanisms and rules that carry most, of those that were switched off before."""
    for one in sorted(found.without.each, key=lambda one: -abs(one.carried.mean))[:MOST_SWITCHED]:
        yield words(one.name), _text(one.carried)


def shown_parts(name: str, parts: Mapping[str, Average]) -> list[str]:
    """Return the parts of a division that are shown, the widest first; one that would be left alone is shown, too."""
    if name == YEAR and len(parts) <= MOST_YEARS + 1:
        return list(parts)
    order = sorted((part for part in parts if parts[part].mean), key=lambda part: -abs(parts[part].mean))
    wide = [part for part in order if abs(parts[part].mean) >= SHOWN_FROM * abs(parts[order[0]].mean)]
    shown = wide[: SHOWN.get(name, MOST_YEARS)]
    return order if len(order) <= len(shown) + 1 else shown


def _parts(name: str, found: Why) -> Iterator[tuple[str, str]]:
    parts = found.divisions[name]
    shown = shown_parts(name, parts)
    for part in shown:
        yield part, _text(parts[part])
    left = [parts[part].mean for part in parts if part not in shown and parts[part].mean]
    if left:
        yield f"{REST} ({len(left)})", f"{math.fsum(left):+z,.1f}"


def _text(value: Average) -> str:
    return average_text(value, 1, signed=True)


def _said(recordings: Recordings) -> Iterator[str]:
    for arm, found in recordings.whys.items():
        line, treatment = (_widest(found, name) for name in (LINE, TREATMENT))
        carried = (
            ""
            if math.isnan(found.carried_by)
            else f" {100.0 * found.carried_by:.1f}% of the customers at the start are enough to carry "
            f"{CARRIED:.0%} of it."
        )
        more = "more" if found.total.mean >= 0.0 else "less"
        widest = f" Widest by line: {line}; by treatment: {treatment}." if line and treatment else ""
        yield (
            f"{arm} earns {average_text(found.total.size, 1)} {recordings.currency} {more} per customer than "
            f"{found.champion}.{widest}{carried}"
        )
        trap = trap_sentence(found)
        if trap:
            yield trap
    if recordings.whys_unsaid:
        yield f"Other arms are left out: {recordings.whys_unsaid}."


def _widest(found: Why, name: str) -> str:
    shown = shown_parts(name, found.divisions[name])
    widest = max(shown, key=lambda part: abs(found.divisions[name][part].mean), default="")
    return f"{words(widest)} {found.divisions[name][widest].mean:+z,.1f}" if widest else ""

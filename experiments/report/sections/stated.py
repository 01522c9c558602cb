"""Sections of the report on what a user stated: shares written and at month 0, limits of structure met or not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.report.limits import Held, held, limit_sentences, told_at, value_text, wanted
from tenure.experiments.report.sections.section import Section, Table
from tenure.experiments.report.stated import (
    LEAST_MARGIN,
    MARGIN,
    PEOPLE,
    PEOPLE_MARGIN,
    RELATIVE_MARGIN,
    SHARE,
    Stated,
    how_to_mend_shares,
    people_sentence,
    percent,
    said_shares,
    stated,
    there,
)

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

NOTE = (
    f"Average over replications ± half a 95% interval, never narrower than that of so many people drawn at random. A "
    f"share counts as written within {100 * MARGIN:g} point, or within {RELATIVE_MARGIN:.0%} of what is written "
    f"if that is less (at least {100 * LEAST_MARGIN:g} point), or where chance explains the gap; the number of people "
    f"within {PEOPLE_MARGIN:.0%}: assumptions. Month 0 is the same in every arm."
)
LIMITS_NOTE = (
    "Where each limit stands, by what we believe of our customers, at month 0 and at the end of every month, average "
    "over replications ± half a 95% interval. Beyond chance: met where the whole interval at the end lies within the "
    "limit, NOT met where all of it lies outside; between the two, more replications would tell. Months of all "
    "replications together. Met from month k on: in every replication, to the end. A rule is enforced and never "
    "broken; a limit of structure can only refuse what would worsen it."
)


class Reported(NamedTuple):
    """What a report says of what a user stated: sentences for the top of the page, and sections."""

    alarms: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()


def reported(results: "Results") -> Reported:
    """Return what the report of an experiment says of what a user stated of its market."""
    about = results.about
    found, limits = stated(results), held(results)
    before = int(about["market"]["burn_in_months"]), int(about["warm_up_months"])
    sections = [stated_section(found, *before), limits_section(limits, results.currency)]
    alarms = [said_shares([one for one in found if one.what == SHARE])] if _shares_differ(found) else []
    alarms += [people_sentence(one, *before) for one in found if one.what == PEOPLE and one.differs]
    missed = [one for one in limits if not one.met.always]
    alarms += list(limit_sentences(missed, results.currency))[:-1]
    return Reported(tuple(alarms), tuple(section for section in sections if section is not None))


def _shares_differ(found: Sequence[Stated]) -> bool:
    return any(one.differs for one in found if one.what == SHARE)


def stated_section(found: Sequence[Stated], burn_in_months: int, warm_up_months: int) -> Section | None:
    """Return the section on shares, None if nothing was run."""
    shares = [one for one in found if one.what == SHARE]
    if not shares:
        return None
    sentences = [said_shares(shares)]
    if _shares_differ(found):
        sentences.append(how_to_mend_shares(shares, burn_in_months, warm_up_months))
    rows = [(one.name, percent(one.written), there(one), one.verdict) for one in shares]
    for one in found:
        if one.what == PEOPLE:
            rows.append((PEOPLE, "100%", there(one), one.verdict))
            sentences += [people_sentence(one, burn_in_months, warm_up_months)] if one.differs else []
    heads = (("share of people", "of"), ("", "written"), ("", "at month 0"), ("as", "written"))
    return Section(
        "stated", "What was written, and what it was at month 0", tuple(sentences), (Table(heads, tuple(rows)),), NOTE
    )


def limits_section(found: Sequence[Held], currency: str) -> Section | None:
    """Return the section on limits of structure, None if there are none."""
    if not found:
        return None
    heads = (
        ("", "arm"),
        ("", "limit"),
        ("", "wanted"),
        ("at", "month 0"),
        ("at", "the end"),
        ("at the end,", "beyond chance"),
        ("months", "met"),
        ("in every", "month?"),
    )
    rows = tuple(
        (
            one.arm,
            one.limit.name,
            wanted(one.limit, currency),
            value_text(one.limit, one.start, currency),
            value_text(one.limit, one.end, currency),
            told_at(one.limit, one.end),
            f"{one.met.months:,} of {one.met.of:,}",
            one.met.verdict,
        )
        for one in found
    )
    sentences = tuple(limit_sentences(found, currency))
    return Section("limits", "Limits of structure: met or not", sentences, (Table(heads, rows),), LIMITS_NOTE)

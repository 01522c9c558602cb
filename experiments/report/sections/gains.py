"""Who gains and who is harmed, in sentences and tables: by arm, by quadrant at month 0, by audit group."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.gains import HARM_FROM_EUR, shares
from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.intervals import share_text as share_of_all
from tenure.experiments.analysis.statistics import family_intervals
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.sections.section import Section, Table, change_text, share_text
from tenure.experiments.report.sentences import percent, points, within_chance, words
from tenure.experiments.report.tables import against_champion, average, average_of

COUPLING = (
    "A person is compared with the same person in the champion's world. Who is harmed therefore rests on how the two "
    "worlds are coupled (the same luck for the same person, month and decision), which no data can tell; the averages "
    "of the effects do not."
)


class GroupDifference(NamedTuple):
    """By how much a larger share of one audit group is harmed (or gains) than of the other customers, under an arm."""

    arm: str
    group: str
    apart: Average


def gains_section(recordings: Recordings) -> Section | None:
    """Return the section, or None if no people were paired."""
    if recordings.pairs is None or not recordings.others:
        return None
    tables = (
        _reasons(recordings),
        *(_by_quadrant(recordings, what) for what in ("harmed", "gains")),
        _by_group(recordings),
    )
    sentences = (*_who(recordings), group_sentence(recordings), COUPLING)
    return Section("gains", "Who gains and who is harmed", sentences, tables, how_to_read(recordings.currency))


def how_to_read(currency: str) -> str:
    """Say who counts as harmed, who as gaining, and what the reasons are."""
    return (
        "Of our customers at month 0, over the whole run, nothing discounted. Harmed: told to go (ended, or lending "
        f"stopped) or charged off in the arm's world only, or worse off there by at least {HARM_FROM_EUR:.0f} "
        f"{currency} (interest and fees less rewards; the sum is an assumption) without being spared one of these. "
        "Gains: spared, or better off by as much, and not harmed. Worse off is either charged more or given less in "
        "rewards, whichever is the larger part: a reward that is missing is no higher price. Who borrows more or stays "
        "longer is charged more, too, which is not distinguished from a higher price; those who are with us longer "
        "stand apart. Other reasons overlap. ± is half a 95% interval over replications, each alone."
    )


def harm_sentences(recordings: Recordings) -> tuple[str, ...]:
    """Return what a terminal says of harm: where it is greatest, how, and whether by group; nothing without pairs."""
    if recordings.pairs is None or not recordings.others:
        return ()
    whom = next(_who(recordings))
    return (whom, group_sentence(recordings)) if _pairs(recordings)["harmed"].any() else (whom,)


def _pairs(recordings: Recordings) -> pd.DataFrame:
    """Return the pairs of every person beside themselves under the champion."""
    if recordings.pairs is None:
        raise ValueError("people were not recorded, so nobody can be compared with themselves: make the runs again")
    return recordings.pairs


def share_of(recordings: Recordings, arm: str, what: str, by: str = "", key: str = "all") -> Average:
    """Return the share of an arm's people (of one quadrant, stage or group) to whom something happened."""
    table = shares(_pairs(recordings), arm, what, by)
    if key not in table.columns:
        return Average.even(float("nan"), float("nan"))
    return average_of(average(table[[key]].dropna()), key)


def _who(recordings: Recordings) -> Iterator[str]:
    """Say which arm harms the largest share, whom and how; and which benefits the largest share."""
    for what, verb, who in (("harmed", "harm", "Who is harmed"), ("gains", "benefit", "Who gains")):
        values = {arm: shares(_pairs(recordings), arm, what)["all"] for arm in recordings.arms}
        differences = against_champion(recordings, values)
        if not any(value.any() for value in values.values()):
            yield f"{who}: nobody, under any arm."
            continue
        sure = [arm for arm, one in differences.items() if one.beyond_chance and points(one.mean) != points(0.0)]
        if not sure:
            yield f"{who}: {within_chance(differences, points)}."
            continue
        arm = max(sure, key=lambda name: differences[name].mean)
        largest = differences[arm].mean >= max(one.mean for one in differences.values())
        beyond = "" if largest else "Beyond chance, "
        alike = [name for name in sure if values[name].equals(values[arm])]
        does = f"{listed(alike)} {verb}{'s' if len(alike) == 1 else ''}"
        among = "the largest share: " if len(differences) > 1 else ""
        share = share_of_all(differences[arm], "%")
        by = {name: share_of(recordings, arm, what, "quadrant", name).mean for name in QUADRANTS}
        worst = max(by, key=lambda name: np.nan_to_num(by[name], nan=-1.0))
        yield (
            f"{beyond}{does} {among}{share} of the customers at month 0, and of the {words(worst)} ones "
            f"{percent(by[worst])}. {_reasons_said(recordings, arm, what)}"
        )


def _reasons_said(recordings: Recordings, arm: str, what: str) -> str:
    whole = share_of(recordings, arm, what).mean
    reasons = {
        "told_to_go": "are told to go",
        "charged_off": "are charged off",
        "charged_more": "are charged more",
        "fewer_rewards": "get less in rewards",
    }
    if what == "gains":
        reasons = {
            "spared": "are spared being told to go or charged off",
            "charged_less": "are charged less",
            "more_rewards": "get more in rewards",
        }
    shares_told = {reason: share_of(recordings, arm, reason).mean / whole for reason in reasons}
    parts = [
        f"{shares_told[reason]:.0%} of them {text}"
        + (f" ({_longer(recordings, arm):.0%} of these while with us longer)" if reason == "charged_more" else "")
        for reason, text in reasons.items()
        if shares_told[reason] > 0.005
    ]
    overlap = "; of some more than one is true" if sum(shares_told.values()) > 1.005 else ""
    return f"{', '.join(parts)}{overlap}."


def _longer(recordings: Recordings, arm: str) -> float:
    return share_of(recordings, arm, "charged_more_longer").mean / share_of(recordings, arm, "charged_more").mean


def _reasons(recordings: Recordings) -> Table:
    heads = (
        ("", "arm"),
        ("", "gains"),
        ("spared", "either"),
        ("charged", "less"),
        ("more in", "rewards"),
        ("", "harmed"),
        ("told", "to go"),
        ("charged", "off"),
        ("less in", "rewards"),
        ("charged more,", "not with us longer"),
        ("charged more,", "with us longer"),
    )
    plain = ("gains", "spared", "charged_less", "more_rewards", "harmed", "told_to_go", "charged_off", "fewer_rewards")
    rows = []
    for arm in recordings.others:
        longer = shares(_pairs(recordings), arm, "charged_more_longer")
        as_long = shares(_pairs(recordings), arm, "charged_more") - longer
        more = [average_of(average(table), "all") for table in (as_long, longer)]
        rows.append((arm, *(share_text(one) for one in (*(share_of(recordings, arm, what) for what in plain), *more))))
    return Table(heads, tuple(rows), "Per cent of the customers at month 0")


def _by_quadrant(recordings: Recordings, what: str) -> Table:
    heads = (("", "arm"), *(tuple(words(name).split(" ")) for name in QUADRANTS))
    rows = tuple(
        (arm, *(share_text(share_of(recordings, arm, what, "quadrant", name)) for name in QUADRANTS))
        for arm in recordings.others
    )
    said = {"harmed": "are harmed", "gains": "gain"}[what]
    return Table(heads, rows, f"Per cent of each quadrant at month 0 who {said}")


def groups_of(recordings: Recordings) -> list[str]:
    """Return the audit groups."""
    return sorted(str(group) for group in _pairs(recordings)["group"].unique())


def group_differences(recordings: Recordings, what: str) -> list[GroupDifference]:
    """Compare each audit group with all other customers, under every arm but the champion.

    Of two groups only the second is compared, since the first is its mirror. All intervals hold at once.
    """
    pairs, groups = _pairs(recordings), groups_of(recordings)
    compared = groups[1:] if len(groups) == 2 else groups
    series: dict[tuple[str, str], pd.Series[float]] = {}
    for arm, group in itertools.product(recordings.others, compared if len(groups) > 1 else ()):
        own = pairs[pairs["arm"] == arm]
        inside = own[own["group"] == group].groupby("replication")[[what, "people"]].sum()
        outside = own[own["group"] != group].groupby("replication")[[what, "people"]].sum()
        series[arm, group] = inside[what] / inside["people"] - outside[what] / outside["people"]
    if not series:
        return []
    table = pd.concat(series, axis=1).dropna()
    ends = family_intervals(table.to_numpy(dtype=np.float64))
    return [
        GroupDifference(arm, group, Average(float(mean), float(low), float(high)))
        for (arm, group), mean, low, high in zip(series, table.mean().to_numpy(), *ends, strict=True)
    ]


def group_sentence(recordings: Recordings) -> str:
    """Say whether some audit group is harmed more than the others, and under which arm most."""
    found = group_differences(recordings, "harmed")
    if not found:
        return "There is one audit group only, so that nobody can be harmed more by group."
    sure = [one for one in found if one.apart.beyond_chance and points(abs(one.apart.mean)) != points(0.0)]
    widest = max(one.apart.half_width for one in found)
    if np.isnan(widest):
        return "With one replication chance is not known, and so not whether an audit group is harmed more."
    if not sure:
        most = max((one.apart for one in found), key=lambda apart: apart.furthest)
        if most == (0.0, 0.0, 0.0):
            return "Of every audit group the same share is harmed in every replication."
        under = "under any arm" if len(recordings.others) > 1 else f"under {recordings.others[0]}"
        return f"Not told apart by audit group {under}: the share harmed could differ by up to {points.up_to(most)}."
    worst = max(sure, key=lambda one: abs(one.apart.mean))
    arms = sorted({one.arm for one in sure}, key=list(recordings.arms).index)
    rest = f"; beyond chance under {len(arms)} of {len(recordings.others)} arms" if len(recordings.others) > 1 else ""
    return (
        f"Audit group {worst.group} is harmed {'more' if worst.apart.mean > 0 else 'less'} than the other customers "
        f"under {worst.arm}: by {points.around(worst.apart.size)}{rest}."
    )


def _by_group(recordings: Recordings) -> Table:
    groups = groups_of(recordings)
    differences = {what: group_differences(recordings, what) for what in ("harmed", "gains")}
    compared = sorted({one.group for one in differences["harmed"]})

    def apart(arm: str, what: str) -> Sequence[str]:
        own = {one.group: change_text(one.apart) for one in differences[what] if one.arm == arm}
        return [own[group] for group in compared]

    heads = [("", "arm")]
    for said in ("harmed", "gains"):
        heads += [(f"{said},", f"group {group}") for group in groups]
        heads += [(f"group {group} less", "others, points") for group in compared]
    rows = []
    for arm in recordings.others:
        row = [arm]
        for what in ("harmed", "gains"):
            row += [share_text(share_of(recordings, arm, what, "group", group)) for group in groups]
            row += apart(arm, what)
        rows.append(tuple(row))
    note = "Audit groups are seen by no policy. The intervals of the differences hold for all arms at once."
    return Table(tuple(heads), tuple(rows), "Per cent of each audit group", note)

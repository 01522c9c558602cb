"""Who gains and who is harmed, in sentences and tables: by arm, by quadrant at month 0, by audit group."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import furthest, percent, points, within_chance, words
from experiments.gains import HARM_FROM_EUR, shares
from experiments.outcomes import QUADRANTS, Estimate, Outcomes, against_champion, average, estimate
from experiments.sections import Section, Table, change_text, share_text
from experiments.statistics import dunnett_half_widths

COUPLING = (
    "A person is compared with the same person in the champion's world. Who is harmed therefore rests on how the two "
    "worlds are coupled (the same luck for the same person, month and decision), which no data can tell; the averages "
    "of the effects do not."
)
READING = (
    "Of our customers at month 0, over the whole run. Harmed: told to go (ended, or lending stopped) or charged off in "
    f"the arm's world only, or pays us at least {HARM_FROM_EUR:.0f} EUR more there (interest and fees less rewards; "
    "the sum is an assumption) without being spared one of these. Gains: spared, or pays that much less, and not "
    "harmed. Who borrows more or stays longer pays more, too, and cannot be told from who is charged more; those who "
    "are with us longer stand apart. Reasons overlap. ± is half a 95% interval over replications, each alone."
)


class GroupDifference(NamedTuple):
    """By how much a larger share of one audit group is harmed (or gains) than of the other customers, under an arm."""

    arm: str
    group: str
    apart: Estimate


def gains_section(outcomes: Outcomes) -> Section | None:
    """Return the section, or None if no people were paired."""
    if outcomes.pairs is None or not outcomes.others:
        return None
    tables = (_reasons(outcomes), *(_by_quadrant(outcomes, what) for what in ("harmed", "gains")), _by_group(outcomes))
    sentences = (*_who(outcomes), group_sentence(outcomes), COUPLING)
    return Section("gains", "Who gains and who is harmed", sentences, tables, READING)


def harm_sentences(outcomes: Outcomes) -> tuple[str, ...]:
    """Return what a terminal says of harm: where it is greatest, how, and whether by group; nothing without pairs."""
    if outcomes.pairs is None or not outcomes.others:
        return ()
    return (next(_who(outcomes)), group_sentence(outcomes))


def _pairs(outcomes: Outcomes) -> pd.DataFrame:
    """Return the pairs of every person beside themselves under the champion."""
    if outcomes.pairs is None:
        raise ValueError("people were not recorded, so nobody can be compared with themselves: make the runs again")
    return outcomes.pairs


def share_of(outcomes: Outcomes, arm: str, what: str, by: str = "", key: str = "all") -> Estimate:
    """Return the share of an arm's people (of one quadrant, stage or group) to whom something happened."""
    table = shares(_pairs(outcomes), arm, what, by)
    if key not in table.columns:
        return Estimate(float("nan"), float("nan"))
    return estimate(average(table[[key]].dropna()), key)


def _who(outcomes: Outcomes) -> Iterator[str]:
    """Say which arm harms most, whom and how; and under which most gain."""
    champion = outcomes.champion
    for what, verb in (("harmed", "are harmed"), ("gains", "gain")):
        values = {arm: shares(_pairs(outcomes), arm, what)["all"] for arm in outcomes.arms}
        differences = against_champion(outcomes, values)
        arm = furthest(differences, points)
        if arm is None:
            yield f"Who {verb}: {within_chance(champion, differences, points)}."
            continue
        mean, half_width = differences[arm]
        by = {name: share_of(outcomes, arm, what, "quadrant", name).mean for name in QUADRANTS}
        most = max(by, key=lambda name: np.nan_to_num(by[name], nan=-1.0))
        yield (
            f"Under {arm} most {verb}: {mean * 100:.1f} ± {percent(half_width)} of the customers at month 0, and of "
            f"the {words(most)} ones {percent(by[most])}. {_reasons_said(outcomes, arm, what, mean)}"
        )


def _reasons_said(outcomes: Outcomes, arm: str, what: str, whole: float) -> str:
    told = {"told_to_go": "are told to go", "charged_off": "are charged off", "pays_more": "pay more"}
    if what == "gains":
        told = {"spared": "are spared being told to go or charged off", "pays_less": "pay less"}
    parts = [
        f"{share_of(outcomes, arm, reason).mean / whole:.0%} of them {text}"
        + (f" ({_longer(outcomes, arm):.0%} of these while with us longer)" if reason == "pays_more" else "")
        for reason, text in told.items() if share_of(outcomes, arm, reason).mean > 0.005 * whole
    ]  # fmt: skip
    return ", ".join(parts) + "."


def _longer(outcomes: Outcomes, arm: str) -> float:
    return share_of(outcomes, arm, "pays_more_longer").mean / share_of(outcomes, arm, "pays_more").mean


def _reasons(outcomes: Outcomes) -> Table:
    heads = (("", "arm"), ("", "gains"), ("spared", "either"), ("pays", "less"), ("", "harmed"), ("told", "to go"),
             ("charged", "off"), ("pays more,", "no longer with us"), ("pays more,", "longer with us"))  # fmt: skip
    rows = []
    for arm in outcomes.others:
        plain = {
            what: share_of(outcomes, arm, what)
            for what in ("gains", "spared", "pays_less", "harmed", "told_to_go", "charged_off")
        }
        longer = shares(_pairs(outcomes), arm, "pays_more_longer")
        short = shares(_pairs(outcomes), arm, "pays_more") - longer
        more = [estimate(average(table), "all") for table in (short, longer)]
        rows.append((arm, *map(share_text, (*plain.values(), *more))))
    return Table(heads, tuple(rows), "Per cent of the customers at month 0")


def _by_quadrant(outcomes: Outcomes, what: str) -> Table:
    heads = (("", "arm"), *(tuple(words(name).split(" ")) for name in QUADRANTS))
    rows = tuple(
        (arm, *(share_text(share_of(outcomes, arm, what, "quadrant", name)) for name in QUADRANTS))
        for arm in outcomes.others
    )
    said = {"harmed": "are harmed", "gains": "gain"}[what]
    return Table(heads, rows, f"Per cent of each quadrant at month 0 who {said}")


def groups_of(outcomes: Outcomes) -> list[str]:
    """Return the audit groups."""
    return sorted(str(group) for group in _pairs(outcomes)["group"].unique())


def group_differences(outcomes: Outcomes, what: str) -> list[GroupDifference]:
    """Compare each audit group with all other customers, under every arm but the champion.

    Of two groups only the second is compared, since the first is its mirror. All intervals hold at once.
    """
    pairs, groups = _pairs(outcomes), groups_of(outcomes)
    compared = groups[1:] if len(groups) == 2 else groups
    series: dict[tuple[str, str], pd.Series[float]] = {}
    for arm, group in itertools.product(outcomes.others, compared if len(groups) > 1 else ()):
        own = pairs[pairs["arm"] == arm]
        inside = own[own["group"] == group].groupby("replication")[[what, "people"]].sum()
        outside = own[own["group"] != group].groupby("replication")[[what, "people"]].sum()
        series[arm, group] = inside[what] / inside["people"] - outside[what] / outside["people"]
    if not series:
        return []
    table = pd.concat(series, axis=1).dropna()
    widths = dunnett_half_widths(table.to_numpy(dtype=np.float64))
    means = table.mean().to_numpy()
    return [
        GroupDifference(arm, group, Estimate(float(mean), float(width)))
        for (arm, group), mean, width in zip(series, means, widths, strict=True)
    ]


def group_sentence(outcomes: Outcomes) -> str:
    """Say whether some audit group is harmed more than the others, and under which arm most."""
    found = group_differences(outcomes, "harmed")
    if not found:
        return "There is one audit group only, so that nobody can be harmed more by group."
    sure = [one for one in found if one.apart.beyond_chance and points(abs(one.apart.mean)) != points(0.0)]
    widest = max(one.apart.half_width for one in found)
    if np.isnan(widest):
        return "With one replication chance is not known, and so not whether an audit group is harmed more."
    if not sure:
        return f"No difference by audit group under any arm (± {points(widest)} at most, for all arms at once)."
    worst = max(sure, key=lambda one: abs(one.apart.mean))
    arms = sorted({one.arm for one in sure}, key=list(outcomes.arms).index)
    rest = f"; beyond chance under {len(arms)} of {len(outcomes.others)} arms" if len(outcomes.others) > 1 else ""
    return (
        f"Audit group {worst.group} is harmed {'more' if worst.apart.mean > 0 else 'less'} than the other customers "
        f"under {worst.arm}: by {abs(worst.apart.mean) * 100:.1f} ± {points(worst.apart.half_width)}{rest}."
    )


def _by_group(outcomes: Outcomes) -> Table:
    groups = groups_of(outcomes)
    differences = {what: group_differences(outcomes, what) for what in ("harmed", "gains")}
    compared = sorted({one.group for one in differences["harmed"]})

    def apart(arm: str, what: str) -> Sequence[str]:
        own = {one.group: change_text(one.apart) for one in differences[what] if one.arm == arm}
        return [own[group] for group in compared]

    heads = [("", "arm")]
    for said in ("harmed", "gains"):
        heads += [(f"{said},", f"group {group}") for group in groups]
        heads += [(f"group {group} less", "others, points") for group in compared]
    rows = []
    for arm in outcomes.others:
        row = [arm]
        for what in ("harmed", "gains"):
            row += [share_text(share_of(outcomes, arm, what, "group", group)) for group in groups]
            row += apart(arm, what)
        rows.append(tuple(row))
    note = "Audit groups are seen by no policy. The intervals of the differences hold for all arms at once."
    return Table(tuple(heads), tuple(rows), "Per cent of each audit group", note)

"""When the verdict turns and what moves it, in sentences: the same on the terminal and in the report."""

from collections.abc import Iterator

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.metric import difference_text, shown_times
from tenure.experiments.analysis.turning.expansion import LEAST_EXPLAINED, Indices, Leaning
from tenure.experiments.analysis.turning.held_out import Check, share_interval
from tenure.experiments.analysis.turning.turning import LEAST_POINTS, Turning, TurningBox
from tenure.experiments.report.labels import listed
from tenure.experiments.report.turning.found import VariedResults

MOST_NAMED = 4
"""Assumptions that a sentence names."""
UNKNOWN = " ± ?"
"""After an average whose interval nobody knows, since it is of one."""
LEAST_NAMED = 0.05
"""Share of what moves an answer below which an assumption is not named after the first."""
NOTHING_FORESEEN = (
    f"no assumption that could be told: what was varied foresees less than {LEAST_EXPLAINED:.0%} of it, the rest is "
    "luck, or too rough for so few points"
)


def turning_sentences(found: VariedResults) -> Iterator[str]:
    """Yield what is to be said of an experiment in which something was varied."""
    yield over_what(found)
    yield from _when(found, found.turning, "Turns when", "is then best")
    for arm, one in found.each.items():
        if one.found == "rule":
            yield from _when(found, one, f"{arm} against '{one.champion}' turns when", "is then the better")
    yield leans_on(found)


def over_what(found: VariedResults) -> str:
    """Say over how many points the answer was asked for, which it is, and how many luck leaves open."""
    parts = [(found.draws, "draws"), (found.levels, "levels"), (found.scenarios, "scenarios")]
    made_of = " x ".join(f"{count} {what}" for count, what in parts if count > 1)
    one = found.turning
    best = listed([f"{answer} at {share:.0%}" for answer, share in one.shares])
    lead = number(found.matters * shown_times(found.metric), found.metric.decimals)
    asked = f"Over {one.points:,} points ({made_of}) best is {best}"
    text = f"{asked}; '{one.champion}' counts as best unless another leads it by {lead} {unit_of(found)}."
    if one.chance_by:
        text += f" At {one.told:,} of them that is told from chance. On average {one.usual} is best."
    return text


def unit_of(found: VariedResults) -> str:
    """Return the unit of differences, as a sentence names it."""
    return "points" if found.metric.unit == "%" else found.metric.unit


def _when(found: VariedResults, one: Turning, head: str, then: str) -> Iterator[str]:
    """Say where another answer than the usual one holds, and how that was checked."""
    if one.found == "always":
        yield f"{head}: nowhere; {one.usual} is best at all points."
    elif one.found == "too few":
        few = f"{one.points} points are too few to learn a rule from and to check it: {LEAST_POINTS} are needed"
        yield f"{head}: not looked for; {few}."
    elif one.found == "nothing":
        yield f"{head}: no readable rule found that does better on held-out points than '{one.usual}' everywhere."
        if one.check.points:
            tried = f"One was learnt from {one.learnt_from} points and tried"
            yield f"{tried}: of those held out, {_right(found, one.check, one.usual)}."
    else:
        maybe = "" if one.found == "rule" else " perhaps"
        for leaf in one.leaves:
            where = leaf.region.text(found.number)
            yield f"{head}{maybe}: {where}  ({leaf.answer} {then}; {leaf.share:.0%} of points)"
        sure = "" if one.found == "rule" else ", which is not beyond chance"
        yield f"Learnt from {one.learnt_from} points; of those held out, {_right(found, one.check, one.usual)}{sure}."


def _right(found: VariedResults, check: Check, usual: str) -> str:
    """Say how a rule did where it had not looked."""
    low, high = check.accuracy
    text = ""
    if check.points:
        of = f"{check.right} of {check.points} told from chance ({low:.0%} to {high:.0%})"
        text = f"the rule is right at {of}, '{usual}' everywhere at {check.usual_right}"
    if check.said:
        lead = difference_text(found.metric, check.lead).removesuffix(UNKNOWN)
        where = " at the one draw of these" if check.said == 1 else ""
        text += (
            f"{'; ' if text else ''}where it names another arm, the lead of that arm is {lead} {unit_of(found)}{where}"
        )
    return text or "the rule names no other arm"


def leans_on(found: VariedResults) -> str:
    """Say which assumptions the answer leans on most."""
    arm = found.leading
    one = found.leanings[arm]
    head = "The answer leans most on: "
    if not one.inputs:
        return f"{head}{NOTHING_FORESEEN} ({arm} less '{found.turning.champion}')."
    named = [index for place, index in enumerate(one.inputs[:MOST_NAMED]) if not place or index.total >= LEAST_NAMED]
    each = ", ".join(f"{index.path} {index.total:.0%} ({index.low:.0%} to {index.high:.0%})" for index in named)
    return f"{head}{each}: shares of what moves {arm} less '{found.turning.champion}', luck left out."


def foreseen(one: Leaning) -> str:
    """Say how much of what an answer does is foreseen at all."""
    return f"{one.foreseen:.0%}"


def share_of(index: Indices) -> tuple[str, str]:
    """Write a share alone, and with all interactions."""
    alone = f"{index.first:.0%} ({index.first_low:.0%} to {index.first_high:.0%})"
    return alone, f"{index.total:.0%} ({index.low:.0%} to {index.high:.0%})"


def box_text(found: VariedResults, box: TurningBox | None) -> tuple[str, str, str]:
    """Write a box, and how much of what turns it holds and how pure it is where it was not learnt."""
    if box is None:
        return "-", "-", "-"
    held = box.held
    shares = [_of(held.both, held.turned), _of(held.both, held.inside)]
    return box.region.text(found.number) + ("" if box.holds else " (not beyond chance)"), shares[0], shares[1]


def _of(some: int, of: int) -> str:
    low, high = share_interval(some, of)
    return f"{some} of {of} ({low:.0%} to {high:.0%})" if of else "-"

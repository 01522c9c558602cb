"""What `tenure why` answers: what carries the difference between an arm and the champion."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill, wrap

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.why.answer import Why, why
from tenure.experiments.analysis.why.found import NOT_RUN
from tenure.experiments.analysis.why.parts import DIVISIONS, ENDING, LINE, MONTH, QUADRANT, TREATMENT, YEAR
from tenure.experiments.analysis.why.switched import EVERYTHING, SwitchedOff
from tenure.experiments.commands import terminal
from tenure.experiments.commands.command_line import say, say_lines
from tenure.experiments.commands.folder_words import folder_command, next_lines, reading_bar
from tenure.experiments.commands.run import Asked, How, again
from tenure.experiments.config.printable import printable_line
from tenure.experiments.config.reading import suggest
from tenure.experiments.life.months import in_eras
from tenure.experiments.life.one_life import live_one_life_in_each
from tenure.experiments.life.table import as_plain_data, month_bar, person_line
from tenure.experiments.life.two_lives import (
    first_in_our_files_alone,
    first_that_differs,
    side_by_side,
    two_lives_table,
)
from tenure.experiments.report.sections.arms.carried import trap_sentence
from tenure.experiments.report.sentences import words
from tenure.experiments.running.workers import USUAL_LIMITS
from tenure.experiments.store.results import Results, open_results

SHOWN_FROM = 0.001
"""Of the largest part of a division, below which parts are added up as others."""
HEADS = {
    LINE: "by line",
    YEAR: "by year",
    QUADRANT: "by quadrant",
    TREATMENT: "by treatment",
    ENDING: "by ending",
}
MEANT = {
    QUADRANT: "true risk and return at month 0",
    TREATMENT: "the first treatment in which a person's two worlds differ",
    ENDING: "how the relationship ended in the arm's world",
}


def why_asked(folder: Path, arm: str, scenario: str, quiet: bool, by: str = "") -> dict[str, object]:
    """Print what an arm's difference is made of, in one scenario; return it as plain data.

    `by` is a division of which every part is told instead of the widest of each.
    """
    if by and by not in DIVISIONS:
        raise ValueError(f"why: nothing is divided by '{by}'. {suggest(by, DIVISIONS)}")
    with reading_bar(quiet) as tell:
        results = open_results(folder, progress=tell)
        one = results.under(scenario or results.scenarios[0])
        found = why(one, arm, tell)
    if not quiet:
        say(str(one.about["question"]))
        say_lines(division_lines(found, by, one) if by else why_lines(found, one))
        say_lines(next_lines(list(_next(found, one))))
    return why_json(found, one)


def two_lives_asked(
    folder: Path,
    arm: str,
    scenario: str,
    who: tuple[int, int],
    every: bool,
    policies: Sequence[Path],
    quiet: bool,
) -> dict[str, object]:
    """Live both arms again and print one person's two lives; return them as plain data.

    `who` is the person and the replication.
    """
    asked = Asked(str(folder), None, (), tuple(policies))
    _, experiment = again(asked, How(1, "compiled", USUAL_LIMITS, None, quiet))
    (person, replication), champion = who, experiment.settings.champion
    screen = terminal.console()
    with month_bar(screen, hidden=quiet) as tell:
        arms = (champion, arm)
        lives = live_one_life_in_each(experiment, person, arms, replication, 0, tell, scenario)
    first, second = (in_eras(life, experiment.eras) for life in lives)
    months = side_by_side(first, second)
    parted, filed = first_that_differs(months), first_in_our_files_alone(months)
    if not quiet:
        when = "in no month" if parted is None else f"from {'the start' if parted < 0 else f'month {parted}'} on"
        table = two_lives_table(first, second, every)
        said = f"The two lives differ {when}"
        said += "." if filed is None else f"; what our files say of the person, already from month {filed} on."
        screen.print(fill(person_line(first), screen.width), fill(said, screen.width), "", table, sep="\n")
        screen.print(
            "", *next_lines([(folder_command("why", folder, arm), "everybody together")]), sep="\n", markup=False
        )
    lives_told = {life.arm: as_plain_data(life) for life in (first, second)}
    return {"folder": str(folder), "person": person, "parted": parted, "lives": lives_told}


def why_lines(found: Why, results: Results) -> Iterator[str]:
    """Yield the answer, the widest part of each division first."""
    money, total = results.currency, found.total
    scenario = f" ({results.scenario})" if results.scenario else ""
    size, more = average_text(total.size, 1), "more" if total.mean >= 0.0 else "less"
    yield from wrap(
        printable_line(
            f"{found.arm} earns {size} {money} {more} per customer at the start than {found.champion}{scenario}: "
            "discounted, closing value included. Where from?"
        ),
        terminal.WIDEST,
    )
    yield ""
    for name, head in HEADS.items():
        yield from _division(head, found.divisions[name])
    yield from wrap(
        f"  Each adds up to {total.mean:+z,.1f} before rounding; ± is chance over {_counted(found)}, "
        "of each number alone; in `compare` it is wider, where it holds for all arms at once. "
        + "; ".join(f"{HEADS[name]}: {meant}" for name, meant in MEANT.items())
        + ".",
        terminal.WIDEST,
        subsequent_indent="  ",
    )
    yield ""
    yield from _given(found, money)
    if not math.isnan(found.carried_by):
        yield from wrap(
            f"  {100.0 * found.carried_by:.1f}% of the customers at the start are enough to carry nine tenths of it; "
            "others bring more, and some take from it.",
            terminal.WIDEST,
            subsequent_indent="  ",
        )
    yield from trap_lines(found)
    if found.without.each:
        yield ""
        yield from switched_off_lines(found.without.each, found.total, found.champion, money)
    yield from _unknown(found)
    yield from _lives(found, money)


def division_lines(found: Why, by: str, results: Results) -> Iterator[str]:
    """Yield every part of one division, and what they add up to; months and years in their order."""
    parts, money = found.divisions[by], results.currency
    order = list(parts) if by in (YEAR, MONTH) else sorted(parts, key=lambda part: -abs(parts[part].mean))
    heads = [[f"by {by}", f"{found.arm} less {found.champion}, {money} per customer"]]
    rows = [[words(part), average_text(parts[part], 2, signed=True)] for part in order]
    yield from terminal.table_lines(heads, [*rows, ["together", average_text(found.total, 2, signed=True)]])
    yield ""
    yield from terminal.wrapped(
        f"Discounted, closing value included; the parts add up before rounding, ± is chance over {_counted(found)}, "
        "each part alone."
    )
    if by == ENDING:
        yield from _rivals(found, money)


def trap_lines(found: Why) -> Iterator[str]:
    """Warn where most of the difference follows from what the champion alone does."""
    sentence = trap_sentence(found)
    if sentence:
        yield from wrap(f"  {sentence}", terminal.WIDEST, subsequent_indent="  ")


def switched_off_lines(each: Sequence[SwitchedOff], whole: Average, champion: str, currency: str) -> Iterator[str]:
    """Yield the table by mechanism and rule switched off, who carries most first."""
    heads = [
        ["by mechanism and rule", f"difference from '{champion}',", f"carried, {currency}", ""],
        ["switched off", f"{currency} per customer", "per customer", ""],
    ]
    rows = [["nothing", average_text(whole, 1, signed=True), "", ""]]
    for one in sorted(each, key=lambda one: -abs(one.carried.mean)):
        sure = "" if one.carried.beyond_chance else "within chance"
        told = (average_text(value, 1, signed=True) for value in (one.difference, one.carried))
        rows.append([one.name, *told, sure])
    yield from terminal.table_lines(heads, rows)


def why_json(found: Why, results: Results) -> dict[str, object]:
    """Return the answer as plain data."""
    return {
        "folder": str(results.folder),
        "scenario": results.scenario,
        "currency": results.currency,
        "arm": found.arm,
        "champion": found.champion,
        "replications": found.replications,
        "total": found.total._asdict(),
        "divisions": {
            name: {part: one._asdict() for part, one in parts.items()} for name, parts in found.divisions.items()
        },
        "given": [one._asdict() for one in found.given],
        "carried_by": None if math.isnan(found.carried_by) else found.carried_by,
        "most": [{"person": person, "difference": eur} for person, eur in found.most],
        "lives": [one._asdict() for one in found.interesting],
        "rivals": [one._asdict() for one in found.rivals],
        "without": [switched_off_json(one) for one in found.without.each],
        "without_unknown": {**found.without.unknown},
        "trap": found.is_a_trap,
    }


def switched_off_json(one: SwitchedOff) -> dict[str, object]:
    """Return what was switched off as plain data."""
    told = {key: value._asdict() if isinstance(value, Average) else value for key, value in one._asdict().items()}
    return {**told, "carried": one.carried._asdict()}


def _unknown(found: Why) -> Iterator[str]:
    """Yield what was switched off before and is not told, and what was not, where something was."""
    reasons = [one for one in dict.fromkeys(found.without.unknown.values()) if one != NOT_RUN]
    reasons += [NOT_RUN] if found.without.each and NOT_RUN in found.without.unknown.values() else []
    for reason in reasons:
        names = ", ".join(name for name, one in found.without.unknown.items() if one == reason)
        yield from terminal.wrapped(f"switched off, {reason}: {names}")


def _division(head: str, parts: Mapping[str, Average]) -> Iterator[str]:
    largest = max((abs(one.mean) for one in parts.values()), default=0.0)
    order = list(parts) if head == HEADS[YEAR] else sorted(parts, key=lambda part: -abs(parts[part].mean))
    shown = [part for part in order if abs(parts[part].mean) >= SHOWN_FROM * largest and parts[part].mean]
    told = [f"{words(part)} {average_text(parts[part], 1, signed=True)}" for part in shown]
    rest = sum(parts[part].mean for part in parts if part not in shown)
    told += [f"others {rest:+z,.1f}"] if round(rest, 1) else []
    text = "   ".join(one.replace(" ", "\0") for one in told) or "nothing"  # a part is never broken
    for place, line in enumerate(wrap(text, terminal.WIDEST - 18, break_long_words=False, break_on_hyphens=False)):
        yield printable_line(f"  {head if place == 0 else '':<14}  {line}".replace("\0", " "))


def _given(found: Why, money: str) -> Iterator[str]:
    if not found.given:
        return
    heads = [
        ["treatments", f"given, {found.champion}", found.arm, "taken", "", f"cost, {money}", ""],
        ["", "per customer", "", found.champion, found.arm, found.champion, found.arm],
    ]
    rows = [
        [
            words(one.treatment),
            *(f"{many:.2f}" for many in one.per_customer),
            *("-" if math.isnan(share) else f"{100.0 * share:.0f}%" for share in one.taken),
            *(f"{cost:.2f}" for cost in one.cost_eur),
        ]
        for one in sorted(found.given, key=lambda one: -max(one.per_customer))
    ]
    yield from terminal.table_lines(heads, rows)
    yield from terminal.wrapped(
        "given, cost: per customer at the start, over the whole run. The cost is not discounted and has income given "
        "up in it, unlike the line treatment above."
    )
    yield ""


def _counted(found: Why) -> str:
    return f"{found.replications} replication{'s' * (found.replications != 1)}"


def _rivals(found: Why, money: str) -> Iterator[str]:
    """Yield what each rival took over, in both arms."""
    if not found.rivals:
        return
    heads = [
        ["taken over by", f"per 100, {found.champion}", found.arm, f"had brought, {money} each", ""],
        ["", "customers at the start", "", found.champion, found.arm],
    ]
    rows = [
        [
            one.rival,
            *(f"{100.0 * many:.2f}" for many in one.per_customer),
            *("-" if math.isnan(eur) else f"{eur:z,.0f}" for eur in one.brought_eur),
        ]
        for one in found.rivals
    ]
    yield ""
    yield from terminal.table_lines(heads, rows)


def _lives(found: Why, money: str) -> Iterator[str]:
    """Yield the lives worth looking at, a line for each kind."""
    kinds = list(dict.fromkeys(one.kind for one in found.interesting))
    if not kinds:
        return
    yield ""
    yield (
        f"  Lives to look at (replication {found.interesting[0].replication}): person, and {money} more or less to us; "
        "--person N shows both lives"
    )
    width = max(len(words(kind)) for kind in kinds)
    for kind in kinds:
        some = [f"{one.person} ({one.difference_eur:+z,.0f})" for one in found.interesting if one.kind == kind]
        yield printable_line(f"    {words(kind):<{width}}  {'   '.join(some)}")


def _next(found: Why, results: Results) -> Iterator[tuple[str, str]]:
    ends = ((found.most[0], "more"), (found.most[-1], "less")) if found.most else ()
    scenario = ["--scenario", results.scenario] if results.scenario else []
    first = found.interesting[0].replication if found.interesting else 0
    options = [*scenario, *(["--replication", str(first)] if first else [])]
    for (person, eur), more in ends:
        command = folder_command("why", results.folder, found.arm, "--person", str(person), *options)
        yield command, f"two lives of one person, worth {abs(eur):,.0f} {results.currency} {more} to us"
    yield folder_command("why", results.folder, found.arm, "--by", MONTH, *scenario), "month by month"
    if found.without.unknown:
        command = folder_command("why", results.folder, found.arm, "--without", EVERYTHING, *scenario)
        yield command, "by mechanism and rule switched off: runs of their own; says its time first"
    yield folder_command("compare", results.folder), "all arms and metrics"

"""One life on the terminal: who the person is, and a table of the months in which something changed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tenure.experiments.commands.folder_words import QUIET_SECONDS
from tenure.experiments.commands.holding import experiment_held
from tenure.experiments.commands.terminal import RunBars, command_text, console, next_lines
from tenure.experiments.config.experiment import Experiment, find_config, load_experiment
from tenure.experiments.life.months import START, Life, LifeMonth, in_eras
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.running.runner import compile_rules

LEVELS = ((2 / 3, "much"), (1 / 3, "some"), (0.0, "little"))
"""Words for a need from 0 to 1: thirds (assumption, for reading only)."""

NOTE = (
    "Upper line: true at the month's end. Lower line: what we made of that month when the next began, before we "
    "acted; '-' of who is not in our files. "
    "Margin: what the provider earns, before credit loss."
)


def explain_person(
    config: str,
    person: int,
    arm: str,
    replication: int,
    months: int,
    sets: Sequence[str],
    policies: Sequence[Path],
    every: bool,
    as_data: bool,
    scenario: str = "",
) -> dict[str, object]:
    """Live one life and print it, unless it is wanted `as_data`; return it as plain data.

    Raises
    ------
    ValueError
        As `tenure.experiments.config.experiment.load_experiment` and `tenure.experiments.life.one_life.live_one_life`.
    FileNotFoundError
        If there is no such experiment.
    """
    screen = console()
    experiment, _ = experiment_held(load_experiment(config, sets, policies), as_data)
    compile_rules(experiment.market_data, (lambda event: None) if as_data else RunBars(screen))
    with month_bar(screen, hidden=as_data) as tell:
        lived = live_one_life(experiment, person, arm, replication, months, tell, scenario)
        life = in_eras(lived, experiment.eras)
    if not as_data:
        shipped = ", the shipped example" if find_config(config)[1] else ""
        where = f", scenario '{life.scenario}'" if life.scenario else ""
        whose = f"Arm '{life.arm}' of {config}{shipped}{where}, replication {life.replication}"
        print_life(screen, life, whose, every)
        screen.print("", *next_lines([_next(experiment, life, config, months)]), sep="\n", markup=False, soft_wrap=True)
    return as_plain_data(life)


def as_plain_data(life: Life) -> dict[str, object]:
    """Return a life as plain data; without a scenario where the experiment has none."""
    plain = asdict(life)
    return {name: value for name, value in plain.items() if name != "scenario" or value}


def _next(experiment: Experiment, life: Life, config: str, months: int) -> tuple[str, str]:
    """The same life under another arm; with one arm, the same person with other luck."""
    words = ["tenure", "explain", "--person", str(life.person), config]
    arms = list(experiment.arms)
    other = arms[(arms.index(life.arm) + 1) % len(arms)]
    replication = life.replication + (other == life.arm)
    words += ["--arm", other, *(["--replication", str(replication)] if replication else [])]
    words += ["--scenario", life.scenario] if life.scenario else []
    words += ["--months", str(months)] if months else []
    words += [word for one in experiment.sets for word in ("--set", one)]
    words += [word for one in experiment.plugins for word in ("--policies", str(one))]
    return command_text(words), "the same person under another arm" if other != life.arm else "with other luck"


@contextmanager
def month_bar(screen: Console, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told months lived and months to live, and shows them on a terminal after a while."""
    bars = Progress(
        TextColumn("months"), BarColumn(36), MofNCompleteColumn(), TimeElapsedColumn(), console=screen, transient=True
    )
    task, began = bars.add_task("months"), time.perf_counter()

    def tell(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)
        slow = time.perf_counter() - began > QUIET_SECONDS
        if slow and screen.is_terminal and not hidden and not bars.live.is_started:
            bars.start()

    try:
        yield tell
    finally:
        if bars.live.is_started:
            bars.stop()


def print_life(screen: Console, life: Life, whose: str, every: bool = False) -> None:
    """Print the person, `whose` months they are, the table, and what its words and numbers mean."""
    table, reasons = month_table(life, every)
    screen.print(fill(person_line(life), screen.width), whose, "", table, sep="\n", markup=False)
    for reason, number in reasons.items():
        screen.print(fill(f"[{number}] because: {reason}", screen.width, subsequent_indent="    "), markup=False)
    screen.print("", fill(NOTE, screen.width), sep="\n", markup=False)


def person_line(life: Life) -> str:
    """Say who the person is: age, income, needs, provider, true risk at the first month told."""
    first = life.months[0]
    by_word = {word: [name for name, need in life.need.items() if _level(need) == word] for _, word in LEVELS}
    needs = "; ".join(f"{word} for {', '.join(names)}" for word, names in by_word.items() if names)
    provider = "with no main provider" if first.provider == "nobody" else f"customer of {first.provider}"
    when = "at the start" if first.month == START else f"in month {first.month}"
    owes = first.credit > 0 or first.months_past_due > 0
    risk = f"true risk of default {first.default_per_year:.1%} a year" if owes else "owes nothing that could default"
    return (
        f"Person {life.person}: {life.age_years:.0f} years old when entering the market, "
        f"{life.income_per_month:,.0f} {life.currency} a month; need {needs}; {when} {provider}, {risk}"
    )


def _level(need: float) -> str:
    return next(word for least, word in LEVELS if need >= least)


def month_table(life: Life, every: bool = False) -> tuple[Table, dict[str, int]]:
    """Return the table of the months that `months_to_show` names, and reason of treatments -> its number there."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head, side in (
        ("month\n", "right"),
        ("with\n", "left"),
        ("stage\nbelieved", "left"),
        ("products\n", "left"),
        (f"credit\n{life.currency}", "right"),
        (f"deposits\n{life.currency}", "right"),
        ("past\ndue", "right"),
        ("default\na year", "right"),
        (f"margin\n{life.currency}/year", "right"),
    ):
        table.add_column(head, justify=side, max_width=14, overflow="fold")  # type: ignore[arg-type]  # left and right are known
    table.add_column("what happened\n", ratio=1)
    shown = months_to_show(life.months, every)
    reasons: dict[str, int] = {}
    for month in shown:
        for reason in month.because.values():
            reasons.setdefault(reason, len(reasons) + 1)
        table.add_row(*map(escape, _cells(month, reasons)))
    return table, reasons


def months_to_show(months: Sequence[LifeMonth], every: bool = False) -> list[LifeMonth]:
    """Return the first month, those that differ from the one before in more than money and rates, and the last."""
    if every:
        return list(months)
    shown = [months[0]]
    for before, now in pairwise(months):
        if now.happened or _standing(now) != _standing(before):
            shown.append(now)
    return shown if shown[-1] is months[-1] else [*shown, months[-1]]


def _standing(month: LifeMonth) -> tuple[object, ...]:
    """What a line is printed for, if it changed."""
    believed = month.believed.stage if month.believed else ""
    return month.provider, month.stage, month.products, month.months_past_due, believed


def _cells(month: LifeMonth, reasons: Mapping[str, int]) -> list[str]:
    believed = month.believed
    true = ("-", "-", "-")
    if month.provider not in ("nobody", "gone"):
        true = month.stage, f"{month.default_per_year:.1%}", _whole(month.margin_per_year)
    held = ("-", "-", "-")
    if believed is not None:
        held = believed.stage, f"{believed.default_per_year:.1%}", _whole(believed.margin_per_year)
    stage, risk, margin = (f"{upper}\n{lower}" for upper, lower in zip(true, held, strict=True))
    happened = [one + (f" [{reasons[month.because[one]]}]" if one in month.because else "") for one in month.happened]
    return [
        "start" if month.month == START else str(month.month),
        month.provider,
        stage,
        ", ".join(month.products) or "-",
        _whole(month.credit),
        _whole(month.deposits),
        str(month.months_past_due),
        risk,
        margin,
        "; ".join(happened),
    ]


def _whole(value: float) -> str:
    return f"{round(value) + 0:,}"

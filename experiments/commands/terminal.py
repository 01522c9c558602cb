"""What the terminal shows: progress while runs are made, and the table of effects. It needs no colour.

What comes from a file, a record or an error is made printable first, and no text of theirs is taken for markup.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from textwrap import wrap
from types import TracebackType
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tenure.experiments.analysis.metric import shown_times
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.analysis.sequential.looks import LOOKED
from tenure.experiments.commands.folder_words import (
    WIDEST,
    command_text,
    failed_lines,
    folder_command,
    hash_line,
    next_lines,
)
from tenure.experiments.config.printable import printable_line
from tenure.experiments.design.varied.told import levels_in
from tenure.experiments.report.labels import told_apart

__all__ = ["WIDEST", "command_text", "failed_lines", "folder_command", "hash_line", "next_lines"]

if TYPE_CHECKING:
    from tenure.experiments.config.experiment import Experiment
    from tenure.experiments.design.estimating import Estimate
    from tenure.experiments.report.effects import EffectsTable
    from tenure.experiments.running.runner import Event
    from tenure.experiments.running.stages import ArmsStanding
    from tenure.experiments.store.results import Results
    from tenure.experiments.verification.cases.rows import Row

MARGIN = 8
"""Columns that the names of arms have at least in a table."""


def console() -> Console:
    """Return a console at most 110 columns wide."""
    screen = Console()
    return Console(
        highlight=False, markup=False, emoji=False, width=min(screen.width, WIDEST) if screen.is_terminal else WIDEST
    )


def seconds_text(seconds: float) -> str:
    """Write a time roughly: ``20 s``, ``5 min``, ``2 h``."""
    if seconds < 99.5:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def bytes_text(size: float) -> str:
    """Write a size roughly: ``14 MB``."""
    return f"{max(size / 1e6, 1):.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def people_text(people: int, stands_for: int | None) -> str:
    """Say how many people are simulated, and for how many.

    >>> people_text(20000, 20000), people_text(300, 20000)
    ('20,000 people', '300 people for 20,000')
    """
    return f"{people:,} people" + (f" for {stands_for:,}" if stands_for not in (None, people) else "")


def plan_line(experiment: "Experiment", takes: "Estimate") -> str:
    """Say what will be run, in how many scenarios, and what it takes: in a line, or two where one is too long."""
    settings, market = experiment.settings, experiment.market
    arms = f"{len(experiment.arms)} arm{'s' if len(experiment.arms) != 1 else ''}"
    levels, scenarios = levels_in(experiment), len({one.base for one in experiment.scenarios})
    under = (f"{levels} levels x " if levels else "") + (f"{scenarios} scenarios x " if scenarios > 1 else "")
    most = "at most " if settings.precision or settings.choose else ""
    made = f"{under}{arms} x {most}{settings.replications} replications x {settings.months} months, "
    made += people_text(market.people, market.stands_for)
    costs = f"{most}{takes.runs} runs, about {seconds_text(takes.seconds)}, {bytes_text(takes.disk)}"
    return f"{made}    {costs}" if len(made) + 4 + len(costs) <= WIDEST else f"{made}\n  {costs}"


def precision_lines(experiment: "Experiment", least: int, most: int) -> list[str]:
    """Say between which numbers of runs an experiment ends that asks for a precision."""
    precision = experiment.settings.precision
    if precision is None:
        return []
    heading, _ = wanted_words(experiment)
    each = "arm of each scenario or level" if len(experiment.scenarios) > 1 else "arm"
    told = f"{least:,} to {most:,} runs: each {each} has {precision.at_least} to {precision.at_most} replications"
    return wrap(printable_line(f"{heading}; {told}"), WIDEST, subsequent_indent="  ", break_on_hyphens=False)


def wanted_words(experiment: "Experiment") -> tuple[str, int]:
    """Say until when replications are made, and their cap; empty where there is a fixed number of them."""
    settings = experiment.settings
    if settings.choose is None and settings.precision is None:
        return "", settings.replications
    metric = metrics_in(experiment.market.currency)[settings.metrics.decide_on]
    times, unit = shown_times(metric), "points" if metric.unit == "%" else metric.unit
    if settings.choose is not None:
        lead = f"{settings.choose.zone * times:g} {unit}"
        told = f"wanted: the best of {len(settings.arms)} arms by {metric.name}, if it leads by {lead} or more"
        return told, settings.choose.at_most
    precision = settings.precision
    assert precision is not None  # noqa: S101  # one of the two is asked for
    width = f"±{precision.half_width * times:g} {unit}"
    told = f"wanted: {width} or better for each difference of {metric.name} from '{settings.champion}'"
    return told, precision.at_most


class _Bars(Progress):
    """Bars of a run with lines below them: how the arms of each scenario stand."""

    lines: tuple[str, ...] = ()

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the bars, then the lines."""
        yield from super().get_renderables()
        if self.lines:
            yield Text("\n".join(self.lines), overflow="fold")


class RunBars(AbstractContextManager["RunBars"]):
    """Progress of a run on a terminal: the compile line, states before month 0, runs, how arms stand, failures."""

    def __init__(self, screen: Console, heading: str = "", most: int = 0) -> None:
        self.screen, self.heading, self.most = screen, heading, most
        self.bars = _Bars(
            TextColumn("{task.description:<5}"),
            BarColumn(36),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("about"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=screen,
            disable=not screen.is_terminal,
            transient=False,
        )
        self.runs: TaskID | None = None
        self.starts: TaskID | None = None
        self.standing: Mapping[str, ArmsStanding] = {}
        self.made: dict[str, set[int]] = {}

    def __call__(self, event: "Event") -> None:
        """Show an event."""
        if event.kind == "compiling":
            self.screen.print("compiling the rules, once on this machine ...", end="")
        elif event.kind == "compiled":
            self.screen.print(f"......... {seconds_text(event.seconds)}")
        elif event.kind == "note":
            self.screen.print(printable_line(f"note: {event.text}"), soft_wrap=True)
        elif event.kind == "begin":
            if event.done:
                self.screen.print(f"{event.done} of {event.total} runs are there already and are kept")
            self.bars.start()
            self.runs = self.bars.add_task("runs", total=event.total, completed=event.done)
        elif event.kind == "failed":
            self.bars.console.print(printable_line(f"failed  {event.text}"), markup=False)
        elif event.kind == "start":
            if self.starts is None:
                self.starts = self.bars.add_task("start", total=event.total)
            self.bars.update(self.starts, completed=event.done, total=event.total)
        elif event.kind in ("run", "stage") and self.runs is not None:
            self.bars.update(self.runs, completed=event.done, total=event.total)
            self._stand(event)

    def _stand(self, event: "Event") -> None:
        """Bring the lines below the bars up to date, where replications are made until something is known."""
        if event.kind == "stage":
            self.standing, self.made = event.standing, {}
        elif event.point is not None:
            self.made.setdefault(event.point.scenario, set()).add(event.point.replication)
        self.bars.lines = tuple(self.standing_lines())

    def standing_lines(self) -> Iterator[str]:
        """Yield a line for each scenario: its replications, of at most how many, and how its arms stand."""
        if not self.heading:
            return
        yield printable_line(self.heading)
        width = max((cell_len(printable_line(scenario)) for scenario in self.standing), default=0)
        for scenario, one in self.standing.items():
            name = printable_line(scenario)
            count = f"{one.replications + len(self.made.get(scenario, ()))}/{self.most}"
            yield f"{name}{' ' * (width - cell_len(name))}  {count:>8}  {printable_line(one.arms)}".rstrip()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bars as they are; without a terminal, say how the arms stood at the end."""
        self.bars.stop()
        if not self.screen.is_terminal:
            for line in self.standing_lines():
                self.screen.print(line, soft_wrap=True)


def effects_lines(results: "Results", told: set[str] | None = None) -> Iterator[str]:
    """Yield the table of effects: the champion's levels, the others' paired differences, and what ± is over.

    Parameters
    ----------
    results : Results
        Of one scenario.
    told : set of str, optional
        What was said below earlier tables, which is not said again; what is said here is added.
    """
    from tenure.experiments.report.effects import effects_table
    from tenure.experiments.report.recordings import recordings_of

    told = set() if told is None else told
    table = effects_table(recordings_of(results, measures=()))
    heading = (
        f"Per customer at the start, over {results.about['months']} months, {discount_text(results.about['market'])}, "
        "closing value included.",
        f"Differences from '{results.champion}', 95% intervals.",
    )
    yield from (printable_line(line) for line in _news(heading, told))
    yield ""
    heads = [["", *(metric.headline[line] for metric in table.metrics)] for line in (0, 1)]
    rows = [[row.arm, *(cell.shown for cell in row.cells)] for row in table.rows]
    yield from table_lines(heads, rows, results.oracles)
    yield ""
    for text in _legend(table, len(results.arms), results.oracles, told):
        yield from wrapped(text)
    yield from (line for text in _news([LOOKED] * results.is_looked_at, told) for line in wrapped(text))


def _news(texts: Iterable[str], told: set[str]) -> Iterator[str]:
    """Yield what was not told yet, without what is empty, and keep in mind that it is told now."""
    for text in texts:
        if text and text not in told:
            told.add(text)
            yield text


def discount_text(market: Mapping[str, object]) -> str:
    """Say at what rate a market discounts later money: ``discounted at 10% a year``, no rate if it has dates."""
    world = market.get("world")
    rate = world.get("discount") if isinstance(world, Mapping) else None
    return f"discounted at {100.0 * rate:g}% a year" if isinstance(rate, int | float) else "discounted"


def table_lines(
    heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], oracles: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the lines of a table of arms, in as many blocks of columns as it takes.

    Parameters
    ----------
    heads : sequence of sequences of str
        Two lines of column headings, the first of each for the arms.
    rows : sequence of sequences of str
        An arm and its cells; names of arms are cut, so that they differ, as far as it spares a block of columns.
    oracles : sequence of str
        Arms that are marked with a star.
    """
    arms = [printable_line(row[0]) for row in rows]
    sees = {printable_line(arm): " *" for arm in oracles}
    whole = [*heads, *rows]
    widths = [max(cell_len(row[i]) for row in whole) for i in range(1, len(heads[0]))]
    widest = max(cell_len(arm + sees.get(arm, "")) for arm in arms)
    gap = 3 if widest + sum(widths) + 3 * len(widths) + 2 <= WIDEST else 2
    blocks = {width: len(list(_blocks(widths, WIDEST - 2 - width, gap))) for width in range(MARGIN, widest + 1)}
    most = WIDEST - 2 - gap - max(widths, default=0)
    least = max((width for width in blocks if width <= most and blocks[width] == blocks[MARGIN]), default=MARGIN)
    marks = 0 if widest <= least else max(cell_len(sees.get(arm, "")) for arm in arms)
    labels = told_apart(arms, least - marks)
    names = [*(head[0] for head in heads), *(labels[arm] + sees.get(arm, "") for arm in arms)]
    first = max(cell_len(name) for name in names)
    for block, columns in enumerate(_blocks(widths, WIDEST - 2 - first, gap)):
        if block:
            yield ""
        for name, row in zip(names, whole, strict=True):
            cells = [(name, first), *((row[i + 1], widths[i]) for i in columns)]
            yield ("  " + (" " * gap).join(text + " " * (width - cell_len(text)) for text, width in cells)).rstrip()


def _blocks(widths: list[int], limit: int, gap: int) -> Iterator[list[int]]:
    """Yield the columns that fit beside each other, at least one at a time."""
    block: list[int] = []
    for i, width in enumerate(widths):
        if block and sum(widths[k] + gap for k in block) + width + gap > limit:
            yield block
            block = []
        block.append(i)
    yield block


def _legend(table: "EffectsTable", arms: int, oracles: Sequence[str], told: set[str]) -> Iterator[str]:
    """Yield what is to be known of the table: its signs, what pairing was worth, what ± is over, why there is ``-``.

    What holds for this table alone is always said; the rest once.
    """
    from tenure.experiments.analysis.statistics import SIGNS
    from tenure.experiments.report.effects import over_text

    if arms > 1:
        signs = next(_news(["  ".join(f"{sign} {word}" for word, sign in SIGNS.items())], told), "")
        pairing = table.pairing if signs else table.pairing[:1].upper() + table.pairing[1:]
        yield from filter(None, ["      ".join(filter(None, (signs, pairing)))])
        yield from _news((table.matters, table.families, table.skewed, over_text(table)), told)
        yield from table.too_good
        yield from table.unsaid
    if oracles:
        yield from _news(["* sees the truth, which no institution can"], told)


def wrapped(text: str) -> list[str]:
    """Return a text as lines of a terminal, set in."""
    return wrap(printable_line(text), WIDEST, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def spent_line(results: "Results") -> str:
    """Say what was spent on treatment, arm by arm: arms are compared at equal ceilings, not equal spend."""
    table = results.metrics()
    spent = table[table["metric"] == "treatment_spend_per_customer"].groupby("arm", observed=True)["value"].mean()
    parts = [f"{arm} {spent[arm]:.2f}" for arm in results.arms if arm in spent.index]
    what = f"Spent on treatment, {results.currency} per customer at the start, discounted"
    return "\n".join(wrapped(f"{what}: {', '.join(parts)}"))


def harm_lines(results: "Results") -> Iterator[str]:
    """Yield who is harmed most, beside the same people under the champion; nothing if people were not recorded."""
    from tenure.experiments.report.recordings import recordings_of
    from tenure.experiments.report.sections.gains import harm_sentences

    shown = recordings_of(results, measures=())
    there = set() if shown.pairs is None else set(shown.pairs["arm"])
    for sentence in harm_sentences(replace(shown, arms=tuple(arm for arm in shown.arms if arm in there))):
        yield from wrapped(sentence)


def stated_lines_of(results: "Results") -> Iterator[str]:
    """Yield what a user stated beside what was simulated: shares at month 0, limits of structure met or not."""
    from tenure.experiments.report.limits import held, limit_lines
    from tenure.experiments.report.stated import stated, stated_lines

    before = int(results.about["market"]["burn_in_months"]), int(results.about["warm_up_months"])
    yield from stated_lines(stated(results), *before, WIDEST)
    yield from limit_lines(held(results), results.currency, WIDEST)


def verification_lines(case: str, rows: "Sequence[Row]") -> list[str]:
    """Return one case's comparisons with known answers as a table."""
    lines = [case, f"  {'':46} {'known':>12} {'simulated':>12} {'s.e. apart':>11}"]
    labels = told_apart([row.what for row in rows], 46)
    for row in rows:
        apart = f"{row.z:+z.1f}" if row.standard_error > 0 else "exact" if row.ok else "differs"
        lines.append(
            f"  {labels[row.what]:46} {row.expected:>12.5g} {row.simulated:>12.5g} {apart:>11}"
            + ("" if row.ok else "   WRONG")
        )
    return [*lines, ""]

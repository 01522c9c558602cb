"""What the terminal shows: progress while runs are made, and the table of effects. It needs no colour.

What comes from a file, a record or an error is made printable first, and no text of theirs is taken for markup.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import wrap
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from experiments.folder_words import command_text, failed_lines, folder_command, hash_line, next_lines
from experiments.labels import told_apart
from experiments.metrics import RETURNS, Metric, metrics_in
from experiments.printable import printable_line

__all__ = ["command_text", "failed_lines", "folder_command", "hash_line", "next_lines"]

if TYPE_CHECKING:
    from experiments.config import Experiment
    from experiments.estimating import Estimate
    from experiments.known_rows import Row
    from experiments.results import Results
    from experiments.returns import Return
    from experiments.runner import Event
    from experiments.statistics import Comparison

WIDEST = 110
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


def plan_line(experiment: "Experiment", takes: "Estimate", circumstances: int = 1) -> str:
    """Say what will be run, under how many circumstances, and what it takes."""
    settings, market = experiment.settings, experiment.market
    arms = f"{len(experiment.arms)} arm{'s' if len(experiment.arms) != 1 else ''}"
    under = f"{circumstances} circumstances x " if circumstances > 1 else ""
    return (
        f"{under}{arms} x {settings.replications} replications x {settings.months} months, "
        f"{people_text(market.people, market.stands_for)}"
        f"    {takes.runs} runs, about {seconds_text(takes.seconds)}, {bytes_text(takes.disk)}"
    )


class RunBars(AbstractContextManager["RunBars"]):
    """Progress of a run on a terminal: the compile line, states before month 0, runs, failures."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen
        self.bars = Progress(
            TextColumn("{task.description:<5}"), BarColumn(36), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("about"), TimeRemainingColumn(), TextColumn("left"),
            console=screen, disable=not screen.is_terminal, transient=False,
        )  # fmt: skip
        self.runs: TaskID | None = None
        self.starts: TaskID | None = None

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
            self.bars.update(self.starts, completed=event.done)
        elif event.kind == "run" and self.runs is not None:
            self.bars.update(self.runs, completed=event.done)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bars as they are."""
        self.bars.stop()


def effects_lines(results: "Results") -> Iterator[str]:
    """Yield the table of effects: the champion's levels, the others' paired differences, and what ± is over."""
    metrics = _shown(results)
    yield printable_line(
        f"Per customer at the start, over {results.about['months']} months, closing value included. "
        f"Differences from '{results.champion}', 95% intervals."
    )
    yield ""
    returns = {name: results.returns_told(spend) for name, spend in RETURNS.items() if name in metrics}
    rows = list(_rows(results, metrics, returns))
    heads = [["", *(metric.headline[line] for metric in metrics.values())] for line in (0, 1)]
    yield from _aligned(results, heads, rows)
    yield ""
    yield from (line for text in _legend(results, metrics, returns) for line in _wrapped(text))


def _shown(results: "Results") -> dict[str, Metric]:
    """Return the metrics to show, in the market's currency."""
    known = metrics_in(results.currency)
    return {name: known[name] for name in results.about["metrics"] if name in known}


def _rows(
    results: "Results", metrics: Mapping[str, Metric], returns: "Mapping[str, Mapping[str, Return]]"
) -> Iterator[list[str]]:
    """Yield the cells of each arm, the champion first; the first cell is the arm."""
    from experiments.effects import difference_cell, level_cell
    from experiments.sections import ratio_text

    levels = _levels(results)
    yield [results.champion, *(level_cell(metric, levels).text for metric in metrics.values())]
    by_key = {(one.arm, one.metric): one for one in results.comparisons()}
    for arm in (arm for arm in results.arms if arm != results.champion):
        row = [arm]
        for name, metric in metrics.items():
            if name in RETURNS:
                told = returns[name].get(arm)
                row.append(ratio_text(told.ratio if told else None))
            else:
                cell = difference_cell(metric, by_key.get((arm, name)))
                row.append(f"{cell.text} {cell.sign}".rstrip())
        yield row


def _aligned(results: "Results", heads: list[list[str]], rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of the table, in as many blocks of columns as it takes; arms are cut so that they differ."""
    arms = [printable_line(row[0]) for row in rows]
    sees = {printable_line(arm): " *" for arm in results.oracles}
    widths = [max(cell_len(row[i]) for row in heads + rows) for i in range(1, len(heads[0]))]
    widest = max(cell_len(arm + sees.get(arm, "")) for arm in arms)
    gap = 3 if widest + sum(widths) + 3 * len(widths) + 2 <= WIDEST else 2
    least = max(MARGIN, min(widest, WIDEST - sum(widths) - gap * len(widths) - 2))
    labels = told_apart(arms, least - (2 if any(arm in sees for arm in arms) else 0))
    names = ["", "", *(labels[arm] + sees.get(arm, "") for arm in arms)]
    first = max(cell_len(name) for name in names)
    for block, columns in enumerate(_blocks(widths, WIDEST - 2 - first, gap)):
        if block:
            yield ""
        for name, row in zip(names, heads + rows, strict=True):
            cells = [(name, first), *((row[i + 1], widths[i]) for i in columns)]
            yield ("  " + (" " * gap).join(text + " " * (width - cell_len(text)) for text, width in cells)).rstrip()


def _blocks(widths: list[int], room: int, gap: int) -> Iterator[list[int]]:
    """Yield the columns that fit beside each other, at least one at a time."""
    block: list[int] = []
    for i, width in enumerate(widths):
        if block and sum(widths[k] + gap for k in block) + width + gap > room:
            yield block
            block = []
        block.append(i)
    yield block


def _legend(
    results: "Results", metrics: Mapping[str, Metric], returns: "Mapping[str, Mapping[str, Return]]"
) -> Iterator[str]:
    """Yield what is to be known of the table: its signs, what pairing was worth, what ± is over, why there is ``-``."""
    from experiments.effects import matters_text, pairing_text
    from experiments.returns import why_not_lines
    from experiments.statistics import SIGNS

    if len(results.arms) > 1:
        comparisons = [one for one in results.comparisons() if one.metric in metrics]
        signs, pairing = "  ".join(f"{sign} {word}" for word, sign in SIGNS.items()), pairing_text(comparisons, metrics)
        yield f"{signs}      {pairing}".rstrip()
        yield matters_text(list(metrics.values()))
        over = _over(comparisons)
        yield f"The ± is chance in the simulation only{over}: for exactly these settings. No setting was varied."
        for name, told in returns.items():
            yield from why_not_lines(metrics[name], told)
    if results.oracles:
        yield "* sees the truth, which no institution can"


def _wrapped(text: str) -> list[str]:
    return wrap(printable_line(text), WIDEST, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def spent_line(results: "Results") -> str:
    """Say what was spent on treatment, arm by arm: arms are compared at equal ceilings, not equal spend."""
    table = results.metrics()
    spent = table[table["metric"] == "treatment_spend_per_customer"].groupby("arm", observed=True)["value"].mean()
    parts = [f"{arm} {spent[arm]:.2f}" for arm in results.arms if arm in spent.index]
    return "\n".join(_wrapped(f"Spent on treatment, {results.currency} per customer at the start: {', '.join(parts)}"))


def harm_lines(results: "Results") -> Iterator[str]:
    """Yield who is harmed most, beside the same people under the champion; nothing if people were not recorded."""
    from experiments.findings_gains import harm_sentences
    from experiments.outcomes import Outcomes

    pairs = None if results.pairs.empty else results.pairs
    order = (results.champion, *(arm for arm in results.arms if arm != results.champion))
    there = set() if pairs is None else set(pairs["arm"])
    arms = tuple(arm for arm in order if arm in there)
    shown = Outcomes(results.champion, arms, {}, pairs=pairs, currency=results.currency)
    for sentence in harm_sentences(shown):
        yield from _wrapped(sentence)


def told_lines(results: "Results") -> Iterator[str]:
    """Yield what a user stated beside what was simulated: shares at month 0, limits of structure met or not."""
    from experiments.limits import held, limit_lines
    from experiments.stated import stated, stated_lines

    before = int(results.about["market"]["burn_in_months"]), int(results.about["warm_up_months"])
    yield from stated_lines(stated(results), *before, WIDEST)
    yield from limit_lines(held(results), results.currency, WIDEST)


def _over(comparisons: "list[Comparison]") -> str:
    counts = sorted({one.n for one in comparisons})
    if not counts:
        return ""
    many = "" if counts == [1] else "s"
    return f" ({counts[0] if len(counts) == 1 else f'{counts[0]} to {counts[-1]}'} replication{many})"


def _levels(results: "Results") -> dict[str, float]:
    table = results.metrics()
    means: Any = table[table["arm"] == results.champion].groupby("metric", observed=True)["value"].mean()
    return {str(name): float(value) for name, value in means.items()}


def verification_lines(case: str, rows: "Sequence[Row]") -> list[str]:
    """Return one case's comparisons with known answers as a table."""
    lines = [case, f"  {'':46} {'known':>12} {'simulated':>12} {'s.e. apart':>11}"]
    labels = told_apart([row.what for row in rows], 46)
    for row in rows:
        apart = f"{row.z:+.1f}" if row.standard_error > 0 else "exact" if row.ok else "differs"
        lines.append(f"  {labels[row.what]:46} {row.expected:>12.5g} {row.simulated:>12.5g} {apart:>11}"
                     + ("" if row.ok else "   WRONG"))  # fmt: skip
    return [*lines, ""]


def _unset(words: list[str], key: str) -> list[str]:
    """Return a command without what it sets one key to."""
    sets = [k for k in range(1, len(words)) if words[k - 1] == "--set" and words[k].startswith(f"{key}=")]
    return [word for k, word in enumerate(words) if k not in sets and k + 1 not in sets]


def results_lines(results: "Results", report_path: Path | None, words: list[str]) -> Iterator[str]:
    """Give what a run has found, where it is, and what to do next; `words` is the command that does it again."""
    steps = [(folder_command("compare", results.folder), "this table again")]
    if report_path is not None:
        yield ""
        yield from effects_lines(results)
        yield spent_line(results)
        yield from harm_lines(results)
        yield from told_lines(results)
        more = 2 * int(results.about["replications"])
        again = command_text([*_unset(words, "replications"), "--set", f"replications={more}"])
        steps = [(again, "narrower intervals; these runs are kept")]
    yield from failed_lines(results)
    yield ""
    made = f"{results.made} runs made in {seconds_text(results.seconds)}, " if results.made else ""
    yield printable_line(f"Runs     {made}{len(results.names)} of {len(results.about['runs'])} are in {results.folder}")
    yield hash_line(results)
    if report_path is not None:
        yield printable_line(f"Report   {report_path}")
    yield from next_lines(steps)

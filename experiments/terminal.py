"""What the terminal shows: progress while runs are made, and the table of effects. It needs no colour.

What comes from a file, a record or an error is made printable first, and no text of theirs is taken for markup.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import fill, wrap
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
from experiments.metrics import METRICS, OF_A_PAIR, RETURNS, Metric, difference_text, level_text
from experiments.printable import printable_line
from experiments.statistics import SIGNS, WARN_PAIRING_BELOW, Comparison, Ratio

__all__ = ["command_text", "failed_lines", "folder_command", "hash_line", "next_lines"]

if TYPE_CHECKING:
    from experiments.config import Experiment
    from experiments.estimating import Estimate
    from experiments.known_rows import Row
    from experiments.results import Results
    from experiments.runner import Event

WIDEST = 110


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


def plan_line(experiment: "Experiment", takes: "Estimate", circumstances: int = 1) -> str:
    """Say what will be run, under how many circumstances, and what it takes."""
    settings, market = experiment.settings, experiment.market
    arms = f"{len(experiment.arms)} arm{'s' if len(experiment.arms) != 1 else ''}"
    under = f"{circumstances} circumstances x " if circumstances > 1 else ""
    return (
        f"{under}{arms} x {settings.replications} replications x {settings.months} months, {market.people:,} people"
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
    about = results.about
    names = [name for name in about["metrics"] if name in METRICS]
    metrics = [METRICS[name] for name in names]
    comparisons = results.comparisons()
    levels = _levels(results)
    yield printable_line(
        f"Per customer at the start, over {about['months']} months, closing value included. "
        f"Differences from '{results.champion}', 95% intervals."
    )
    yield ""
    rows = [[_marked(results, results.champion), *(_level(metric, levels) for metric in metrics)]]
    returns = {name: results.returns(RETURNS[name]) for name in names if name in RETURNS}
    by_key = {(one.arm, one.metric): one for one in comparisons}
    for arm in results.arms:
        if arm != results.champion:
            shown = (
                _return_cell(returns[metric.name].get(arm)) if metric.name in RETURNS
                else _cell(metric, by_key.get((arm, metric.name)))
                for metric in metrics
            )  # fmt: skip
            rows.append([_marked(results, arm), *shown])
    heads = [["", *(metric.headline[line] for metric in metrics)] for line in (0, 1)]
    widths = [max(cell_len(row[i]) for row in heads + rows) for i in range(len(heads[0]))]
    gap = 3 if sum(widths) + 3 * len(widths) - 1 <= WIDEST else 2
    widths[0] = max(8, min(widths[0], WIDEST - sum(widths[1:]) - gap * (len(widths) - 1) - 2))
    for row in heads + rows:
        cells = [_cut(row[0], widths[0]), *row[1:]]
        line = (" " * gap).join(text + " " * (widths[i] - cell_len(text)) for i, text in enumerate(cells))
        yield ("  " + line).rstrip()
    yield ""
    if len(results.arms) > 1:
        yield f"  {'  '.join(f'{sign} {word}' for word, sign in SIGNS.items())}      {pairing_text(comparisons)}"
        over = _over([one for one in comparisons if one.metric in names])
        text = f"The ± is chance in the simulation only{over}: for exactly these settings. No setting was varied."
        yield from wrap(text, WIDEST, initial_indent="  ", subsequent_indent="    ")
    if results.oracles:
        yield "  * sees the truth, which no institution can"


def spent_line(results: "Results") -> str:
    """Say what was spent on treatment, arm by arm: arms are compared at equal ceilings, not equal spend."""
    table = results.metrics()
    spent = table[table["metric"] == "treatment_spend_per_customer"].groupby("arm")["value"].mean()
    parts = [f"{arm} {spent[arm]:.2f}" for arm in results.arms if arm in spent.index]
    text = f"Spent on treatment, EUR per customer at the start: {', '.join(parts)}"
    return fill(printable_line(text), WIDEST, initial_indent="  ", subsequent_indent="    ")


def harm_lines(results: "Results") -> Iterator[str]:
    """Yield who is harmed most, beside the same people under the champion; nothing if people were not recorded."""
    from experiments.findings_gains import harm_sentences
    from experiments.outcomes import Outcomes

    pairs = None if results.pairs.empty else results.pairs
    order = (results.champion, *(arm for arm in results.arms if arm != results.champion))
    there = set() if pairs is None else set(pairs["arm"])
    shown = Outcomes(results.champion, tuple(arm for arm in order if arm in there), {}, pairs=pairs)
    for sentence in harm_sentences(shown):
        yield from wrap(printable_line(sentence), WIDEST, initial_indent="  ", subsequent_indent="    ")


def pairing_text(comparisons: list[Comparison]) -> str:
    """Say what pairing was worth, on profit, and warn where it hardly helped."""
    worth = sorted(
        one.variance_reduction for one in comparisons
        if one.metric == "profit_per_customer" and math.isfinite(one.variance_reduction)
    )  # fmt: skip
    if not worth:
        return ""
    least, most = (_times(value) for value in (worth[0], worth[-1]))
    text = f"pairing made the runs worth {least if least == most else f'{least} to {most}'} times as many"
    return text + (
        "\n  Under 1.5 pairing hardly helps: that arm's luck is not the champion's."
        if worth[0] < WARN_PAIRING_BELOW
        else ""
    )


def _times(value: float) -> str:
    if value >= 1000:
        return "over 1,000"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else text[: width - 1] + "…"


def _over(comparisons: list[Comparison]) -> str:
    counts = sorted({one.n for one in comparisons})
    if not counts:
        return ""
    return f" ({counts[0] if len(counts) == 1 else f'{counts[0]} to {counts[-1]}'} replications)"


def _levels(results: "Results") -> dict[str, float]:
    table = results.metrics()
    means: Any = table[table["arm"] == results.champion].groupby("metric")["value"].mean()
    return {str(name): float(value) for name, value in means.items()}


def _marked(results: "Results", arm: str) -> str:
    return printable_line(f"{arm} *" if arm in results.oracles else arm)


def _level(metric: Metric, levels: dict[str, float]) -> str:
    known = metric.name not in OF_A_PAIR and metric.name in levels
    return level_text(metric, levels[metric.name]) if known else "-"


def _return_cell(ratio: Ratio | None) -> str:
    if ratio is None:
        return "-"
    known = not math.isnan(ratio.low)
    return f"{ratio.value:.2f}" + (f" ({ratio.low:.2f} to {ratio.high:.2f})" if known else "")


def _cell(metric: Metric, one: Comparison | None) -> str:
    if one is None:
        return "-"
    unit = " pt" if metric.unit == "%" else ""
    sign = "" if metric.better == "none" else f" {SIGNS[one.verdict]}"
    return difference_text(metric, one.difference, one.half_width) + unit + sign


def verification_lines(case: str, rows: "Sequence[Row]") -> list[str]:
    """Return one case's comparisons with known answers as a table."""
    lines = [case, f"  {'':46} {'known':>12} {'simulated':>12} {'s.e. apart':>11}"]
    for row in rows:
        apart = f"{row.z:+.1f}" if row.standard_error > 0 else "exact" if row.ok else "differs"
        lines.append(f"  {row.what[:46]:46} {row.expected:>12.5g} {row.simulated:>12.5g} {apart:>11}"
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

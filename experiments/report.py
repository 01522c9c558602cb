"""The report of an experiment: one HTML file that opens offline and prints."""

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd

from experiments.findings import effects_finding, turns_without_closing
from experiments.findings_beliefs import HEADS, belief_remarks, belief_table
from experiments.findings_cells import cells_section
from experiments.findings_funnel import funnel_section
from experiments.findings_gains import gains_section
from experiments.findings_optimum import optimum_sections
from experiments.findings_regret import regret_section
from experiments.metrics import METRICS, OF_A_PAIR, RETURNS, STANDARD_METRICS, Metric, difference_text, level_text
from experiments.outcomes import NotRecordedError, Outcomes, metric_values, read_outcomes
from experiments.plots import FIGURES, draw_figure, image_bytes
from experiments.plots_effects import treatment_returns
from experiments.sealing import MARK, ZEROS, sealed, write_whole
from experiments.sections import Section
from experiments.statistics import SIGNS, WARN_PAIRING_BELOW, Comparison, Ratio

TEMPLATE = Path(__file__).with_name("report.html.j2")


class Cell(NamedTuple):
    """One cell of the table of effects: its text, its verdict sign and what the sign means."""

    text: str
    sign: str = ""
    meaning: str = ""


class EffectRow(NamedTuple):
    """One arm in the table of effects; `turns` marks a verdict that rests on the closing value."""

    arm: str
    champion: bool
    turns: bool
    cells: tuple[Cell, ...]
    oracle: bool = False


class ReportFigure(NamedTuple):
    """A figure as the page shows it; `source` is a data URI, empty if it could not be drawn."""

    name: str
    finding: str
    note: str
    source: str


def write_report(
    path: Path,
    question: str,
    champion: str,
    arms: Sequence[str],
    runs: pd.DataFrame,
    comparisons: Sequence[Comparison],
    about: Mapping[str, str],
    splits: tuple[float, float] | None = None,
    metrics: Sequence[str] = STANDARD_METRICS,
    pairs: pd.DataFrame | None = None,
    oracles: Sequence[str] = (),
) -> Path:
    """Write the report of an experiment.

    Parameters
    ----------
    path : Path
        HTML file to write; its folder must exist.
    question : str
        What the experiment asks; the first line of the page.
    champion : str
        The arm that the others are compared with.
    arms : sequence of str
        All arms in the order to show.
    runs : DataFrame
        The rows of all recordings: measure, month, institution, a, b, value, arm, replication.
    comparisons : sequence of Comparison
        From `experiments.statistics.compare`.
    about : mapping
        How the experiment was made (config, seed, versions), label to text.
    splits : tuple of float, optional
        Where the quadrants part: default probability in 12 months, EUR of margin a year. Without them the
        lines are placed where they part the recorded quadrants best.
    metrics : sequence of str
        Those to show, in the order of their columns.
    pairs : DataFrame, optional
        Who gains and who is harmed, from `experiments.worked_out.figures`.
    oracles : sequence of str
        Arms that are shown the truth.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If a column, the champion or the rows of an arm are missing.
    """
    outcomes = read_outcomes(runs, champion, arms, comparisons, splits, metrics, pairs, oracles)
    page = _template().render(
        question=question,
        answer=effects_finding(outcomes),
        heads=[METRICS[name].headline for name in metrics],
        rows=list(effects_table(outcomes)),
        champion=champion,
        over=what_the_interval_is_over(outcomes),
        pairing=pairing_remark(outcomes.comparisons),
        metrics=[METRICS[name] for name in metrics],
        beliefs=belief_table(outcomes),
        belief_heads=HEADS,
        remarks=belief_remarks(outcomes),
        figures=list(_figures(outcomes)),
        sections=list(sections_of(outcomes)),
        oracles=outcomes.oracles,
        about=dict(about),
    )
    write_whole(path, sealed(f"{page}\n<!-- {(MARK + ZEROS).decode()} -->\n".encode()), path.parent)
    return path


def effects_table(outcomes: Outcomes) -> Iterator[EffectRow]:
    """Yield the rows of the table of effects: levels for the champion, differences for the others."""
    values = metric_values(outcomes)
    levels = values.loc[[outcomes.champion]].mean()
    metrics = [METRICS[name] for name in outcomes.metrics]
    level = tuple(_level_cell(metric, levels) for metric in metrics)
    yield EffectRow(outcomes.champion, True, False, level, outcomes.champion in outcomes.oracles)
    returns = {name: treatment_returns(outcomes, RETURNS[name]) for name in outcomes.metrics if name in RETURNS}
    by_key = {(c.arm, c.metric): c for c in outcomes.comparisons}
    for arm in outcomes.others:
        cells = tuple(
            _return_cell(metric, returns[metric.name].get(arm))
            if metric.name in RETURNS
            else _difference_cell(metric, by_key.get((arm, metric.name)))
            for metric in metrics
        )
        turns = turns_without_closing(outcomes.comparisons, arm)
        yield EffectRow(arm, False, turns, cells, arm in outcomes.oracles)


def sections_of(outcomes: Outcomes) -> Iterator[Section]:
    """Yield the sections that the recordings hold something for, in the order of the page."""
    for made in (gains_section, cells_section, regret_section, funnel_section):
        section = made(outcomes)
        if section is not None:
            yield section
    yield from optimum_sections(outcomes)


def what_the_interval_is_over(outcomes: Outcomes) -> str:
    """Say what the ± of the table is over."""
    replications = {c.n for c in outcomes.comparisons if c.metric in outcomes.metrics}
    if not replications:
        return "One arm only: levels, averaged over replications."
    few, many = min(replications), max(replications)
    count = f"{few}" if few == many else f"{few} to {many}"
    family = len(outcomes.others)
    corrected = f", widened so that all {family} arms' intervals hold at once" if family > 1 else ""
    return (
        f"± is half a 95% interval of the average paired difference over {count} replications{corrected}. "
        "It is chance in the simulation only: more replications shrink it, and it says nothing of settings "
        "that nobody knows."
    )


def pairing_remark(comparisons: Sequence[Comparison]) -> str:
    """Say what pairing was worth on profit, and warn where it hardly helped."""
    worth = sorted(
        c.variance_reduction
        for c in comparisons
        if c.metric == "profit_per_customer" and math.isfinite(c.variance_reduction)
    )
    if not worth:
        return ""
    least, most = (f"{value:,.{0 if value >= 10 else 1}f}" for value in (worth[0], worth[-1]))
    times = f"{least} to {most}" if least != most else least
    text = f"Pairing made the runs worth {times} times as many, on profit."
    weak = worth[0] < WARN_PAIRING_BELOW
    return text + (" Under 1.5 pairing hardly helped: that arm's luck is not the champion's." if weak else "")


def _level_cell(metric: Metric, levels: "pd.Series[float]") -> Cell:
    known = metric.name not in OF_A_PAIR and metric.name in levels.index
    return Cell(level_text(metric, float(levels[metric.name])) if known else "-")


def _difference_cell(metric: Metric, row: Comparison | None) -> Cell:
    if row is None:
        return Cell("-")
    unit = " pt" if metric.unit == "%" else ""
    return Cell(difference_text(metric, row.difference, row.half_width) + unit, SIGNS[row.verdict], row.verdict)


def _return_cell(metric: Metric, ratio: Ratio | None) -> Cell:
    if ratio is None:
        return Cell("-")
    if math.isnan(ratio.low):
        return Cell(level_text(metric, ratio.value))
    return Cell(f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})")


def _figures(outcomes: Outcomes) -> Iterator[ReportFigure]:
    """Draw all figures; one whose rows are missing becomes a remark instead."""
    for name in FIGURES:
        if name == "effects" and not outcomes.comparisons:
            continue
        try:
            drawing = draw_figure(name, outcomes)
        except NotRecordedError as error:
            yield ReportFigure(name, f"Not drawn: {name.replace('_', ' ')}", f"{error}.", "")
            continue
        image = base64.b64encode(image_bytes(drawing.figure, "svg")).decode("ascii")
        yield ReportFigure(name, drawing.finding, drawing.note, f"data:image/svg+xml;base64,{image}")


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))

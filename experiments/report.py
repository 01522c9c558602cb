"""The report of an experiment: one HTML file that opens offline and prints."""

import base64
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from experiments.effects import Cell, difference_cell, level_cell, matters_text, pairing_text
from experiments.findings import effects_finding, turns_without_closing
from experiments.findings_beliefs import HEADS, belief_remarks, belief_table
from experiments.findings_cells import cells_section
from experiments.findings_funnel import funnel_section
from experiments.findings_gains import gains_section
from experiments.findings_optimum import optimum_sections
from experiments.findings_regret import regret_section
from experiments.findings_stated import Told
from experiments.findings_treatments import treatments_section
from experiments.metrics import DECLARED_IN, METRICS, RETURNS, STANDARD_METRICS, metrics_in
from experiments.outcomes import NotRecordedError, Outcomes, metric_values, read_outcomes
from experiments.plots import FIGURES, draw_figure, image_bytes
from experiments.plots_effects import treatment_returns
from experiments.returns import why_not_lines
from experiments.sealing import MARK, ZEROS, sealed, write_whole
from experiments.sections import Section, ratio_text
from experiments.statistics import Comparison

TEMPLATE = Path(__file__).with_name("report.html.j2")


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
    currency: str = DECLARED_IN,
    also_does: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
    stated: Told | None = None,
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
        Where the quadrants part: default probability in 12 months, margin a year. Without them the
        lines are placed where they part the recorded quadrants best.
    metrics : sequence of str
        Those to show, in the order of their columns.
    pairs : DataFrame, optional
        Who gains and who is harmed, from `experiments.worked_out.figures`.
    oracles : sequence of str
        Arms that are shown the truth.
    currency : str
        What money is named in.
    also_does : mapping, optional
        What is spent -> arm -> what it does otherwise than the champion beside that, from `experiments.acts`.
    stated : Told, optional
        What a user stated, beside what was simulated, from `experiments.findings_stated`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If a column, the champion or the rows of an arm are missing.
    """
    outcomes = read_outcomes(runs, champion, arms, comparisons, splits, metrics, pairs, oracles, currency, also_does)
    told = [metrics_in(currency)[name] for name in metrics]
    page = _template(outcomes.arms).render(
        question=question,
        question_language="en" if question.isascii() else "",
        answer=effects_finding(outcomes),
        heads=[metric.headline for metric in told],
        rows=list(effects_table(outcomes)),
        champion=champion,
        over=what_the_interval_is_over(outcomes),
        pairing=pairing_text(outcomes.comparisons, outcomes.metrics),
        matters=matters_text(told),
        unsaid=list(_unsaid(outcomes)),
        metrics=told,
        beliefs=belief_table(outcomes),
        belief_heads=HEADS,
        remarks=belief_remarks(outcomes),
        figures=list(_figures(outcomes)),
        alarms=() if stated is None else stated.alarms,
        sections=[*(() if stated is None else stated.sections), *sections_of(outcomes)],
        oracles=outcomes.oracles,
        about=dict(about),
    )
    write_whole(path, sealed(f"{page}\n<!-- {(MARK + ZEROS).decode()} -->\n".encode()), path.parent)
    return path


def effects_table(outcomes: Outcomes) -> Iterator[EffectRow]:
    """Yield the rows of the table of effects: levels for the champion, differences for the others."""
    values = metric_values(outcomes)
    levels = {str(name): float(value) for name, value in values.loc[[outcomes.champion]].mean().items()}
    metrics = [METRICS[name] for name in outcomes.metrics]
    level = tuple(level_cell(metric, levels) for metric in metrics)
    yield EffectRow(outcomes.champion, True, False, level, outcomes.champion in outcomes.oracles)
    returns = {name: treatment_returns(outcomes, RETURNS[name]) for name in outcomes.metrics if name in RETURNS}
    by_key = {(c.arm, c.metric): c for c in outcomes.comparisons}
    for arm in outcomes.others:
        cells = tuple(
            Cell(ratio_text(returns[metric.name][arm].ratio))
            if metric.name in RETURNS
            else difference_cell(metric, by_key.get((arm, metric.name)))
            for metric in metrics
        )
        turns = turns_without_closing(outcomes.comparisons, arm)
        yield EffectRow(arm, False, turns, cells, arm in outcomes.oracles)


def _unsaid(outcomes: Outcomes) -> Iterator[str]:
    """Yield why a return is not given, where it is not."""
    for metric in metrics_in(outcomes.currency).values():
        if metric.name in RETURNS and metric.name in outcomes.metrics:
            yield from why_not_lines(metric, treatment_returns(outcomes, RETURNS[metric.name]))


def sections_of(outcomes: Outcomes) -> Iterator[Section]:
    """Yield the sections that the recordings hold something for, in the order of the page."""
    for made in (treatments_section, gains_section, cells_section, regret_section, funnel_section):
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


def _kept_apart(names: Sequence[str]) -> Callable[[Any], Any]:
    """Return what keeps names that are written from right to left from turning the sentence around them."""
    leftward = [name for name in names if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)]
    if not leftward:
        return lambda text: text
    found = re.compile("|".join(map(re.escape, sorted(leftward, key=len, reverse=True))))
    return lambda text: found.sub("\u2068\\g<0>\u2069", text) if type(text) is str else text  # no ready markup


def _template(arms: Sequence[str]) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_kept_apart(arms),
    )  # fmt: skip
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))

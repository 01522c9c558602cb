"""The table of effects and the sentences below it: one home for terminal and report."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from tenure.experiments.analysis.metric import Metric, difference_text, level_text, shown_times
from tenure.experiments.analysis.metrics import METRICS, metrics_in
from tenure.experiments.analysis.paired.suspicious import suspicions
from tenure.experiments.analysis.ratios import returns_on_treatment
from tenure.experiments.analysis.returns import Return, returns_reported, why_not_lines
from tenure.experiments.analysis.statistics import SIGNS, WARN_PAIRING_BELOW, Comparison, Verdict
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import ratio_text

MANY_TIMES = 1000
SKEWED = "~"
"""The sign of an interval that may cover less than it says."""


class Cell(NamedTuple):
    """One cell of the table of effects: its text, its verdict sign and what the sign means."""

    text: str
    sign: str = ""
    meaning: str = ""
    skewed: bool = False
    """Whether its interval may cover less than it says."""

    @property
    def shown(self) -> str:
        """Its text with its signs."""
        return f"{self.text} {self.sign}".rstrip() + (f" {SKEWED}" if self.skewed else "")


class EffectRow(NamedTuple):
    """One arm in the table of effects; `turns` marks a verdict that rests on the closing value."""

    arm: str
    champion: bool
    turns: bool
    cells: tuple[Cell, ...]
    oracle: bool = False


class EffectsTable(NamedTuple):
    """The table of effects, and what is to be known of it."""

    metrics: tuple[Metric, ...]
    """A column each, in the market's currency."""
    rows: tuple[EffectRow, ...]
    """The champion's levels, then the differences of the others."""
    matters: str
    """From which difference on each metric matters."""
    pairing: str
    """What pairing was worth."""
    unsaid: tuple[str, ...]
    """Why a return is not given, where it is not."""
    replications: str
    """Over how many the intervals are: ``10``, ``8 to 10``; empty if nothing was compared."""
    uncertain: tuple[str, ...]
    """What was drawn anew for each replication, or each few."""
    families: str
    """Which intervals hold at once, and how often noise alone shows a sign."""
    skewed: str
    """What the mark of skewed differences says; empty where none is marked."""
    too_good: tuple[str, ...]
    """Results too good to be true."""


def effects_table(recordings: Recordings) -> EffectsTable:
    """Return the table of effects of the metrics to show."""
    known = metrics_in(recordings.currency)
    metrics = [known[name] for name in recordings.metrics if name in known]
    shown = {metric.name for metric in metrics}
    comparisons = [one for one in recordings.comparisons if one.metric in shown]
    returns = {metric.name: returns_of(recordings, metric) for metric in metrics if metric.spends}
    return EffectsTable(
        metrics=tuple(metrics),
        rows=tuple(_rows(recordings, metrics, returns)),
        matters=matters_text(metrics, {one.metric: one.matters_from for one in comparisons}),
        pairing=pairing_text(comparisons, shown),
        unsaid=tuple(line for name, one in returns.items() for line in why_not_lines(known[name], one)),
        replications=replications_text(comparisons),
        uncertain=recordings.uncertain,
        families=families_text(metrics, len(recordings.others), recordings.decided),
        skewed=skewed_text(comparisons),
        too_good=tuple(too_good(recordings)),
    )


def returns_of(recordings: Recordings, metric: Metric) -> dict[str, Return]:
    """Return what comes back per extra unit of what a metric spends, by arm, or why that is not said."""
    also = recordings.also_does.get(metric.spends, {})
    return returns_reported(
        recordings.values, recordings.champion, recordings.others, metric.spends, also, recordings.currency
    )


def _rows(
    recordings: Recordings, metrics: Sequence[Metric], returns: Mapping[str, Mapping[str, Return]]
) -> Iterator[EffectRow]:
    champion, oracles = recordings.champion, recordings.oracles
    levels = levels_of(recordings)
    yield EffectRow(champion, True, False, tuple(level_cell(one, levels) for one in metrics), champion in oracles)
    by_key = {(one.arm, one.metric): one for one in recordings.comparisons}
    for arm in recordings.others:
        cells = tuple(
            return_cell(returns[metric.name].get(arm))
            if metric.spends
            else difference_cell(metric, by_key.get((arm, metric.name)))
            for metric in metrics
        )
        yield EffectRow(arm, False, turns_without_closing(recordings.comparisons, arm), cells, arm in oracles)


def levels_of(recordings: Recordings) -> dict[str, float]:
    """Return the champion's level of each metric, the average over its runs."""
    if recordings.values is None:
        return {}
    own = recordings.values[recordings.values["arm"] == recordings.champion]
    means = own.groupby("metric", observed=True)["value"].mean()
    return {str(name): float(value) for name, value in means.items()}


def level_cell(metric: Metric, levels: Mapping[str, float]) -> Cell:
    """Return the champion's level of a metric, ``-`` where there is none."""
    known = not metric.is_of_a_pair and metric.name in levels
    return Cell(level_text(metric, float(levels[metric.name])) if known else "-")


def difference_cell(metric: Metric, row: Comparison | None) -> Cell:
    """Return an arm's difference from the champion, with its verdict where one way is better."""
    if row is None or math.isnan(row.difference):
        return Cell("-")
    text = difference_text(metric, row.apart) + (" pt" if metric.unit == "%" else "")
    verdict = verdict_shown(metric, row)
    return Cell(text, SIGNS[verdict], verdict, row.skewed) if verdict else Cell(text, skewed=row.skewed)


def return_cell(one: Return | None) -> Cell:
    """Return what comes back per unit of money, ``-`` where that is not said."""
    return Cell(ratio_text(one.ratio if one else None))


def verdict_shown(metric: Metric, row: Comparison) -> Verdict | Literal[""]:
    """Return the verdict on an arm, empty of a metric by which arms are not judged, whatever the interval."""
    return row.verdict if metric.has_verdict else ""


def turns_without_closing(comparisons: Sequence[Comparison], arm: str) -> bool:
    """Whether the verdict on an arm's profit changes sign when the closing value is left out.

    True where the verdict with it is better or worse and the average difference without it has the other
    sign.
    """
    wanted = ("profit_per_customer", "profit_before_closing_per_customer")
    profit, before = (next((c for c in comparisons if c.arm == arm and c.metric == one), None) for one in wanted)
    if profit is None or before is None or profit.verdict not in ("better", "worse"):
        return False
    return profit.difference * before.difference < 0.0


def replications_text(comparisons: Sequence[Comparison]) -> str:
    """Say over how many replications arms were compared: the fewest, and the most if these differ."""
    counts = sorted({one.n for one in comparisons})
    return " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1]))) if counts else ""


def pairing_text(comparisons: Sequence[Comparison], metrics: Collection[str]) -> str:
    """Say what pairing was worth: from the least, and whose it is, to the most, over all arms and the metrics shown.

    Metrics that are of a pair by themselves, or of which neither way is better, have no part. Empty where it is not
    known.
    """
    worth = {
        (one.metric, one.arm): one
        for one in comparisons
        if one.metric in metrics
        and METRICS[one.metric].has_verdict
        and not METRICS[one.metric].is_of_a_pair
        and math.isfinite(one.variance_reduction)
        and one.half_width_alone > 0.0
    }
    if not worth:
        return ""
    (metric, arm), least = min(worth.items(), key=lambda item: item[1].variance_reduction)
    few, many = _times(least.variance_reduction), _times(max(one.variance_reduction for one in worth.values()))
    weak = f"; under {WARN_PAIRING_BELOW:g} it hardly helps" if least.variance_reduction < WARN_PAIRING_BELOW else ""
    ends = (least.variance_reduction_low, least.variance_reduction_high)
    sure = f" ({_times(ends[0])} to {_times(ends[1])} with chance)" if all(map(math.isfinite, ends)) else ""
    return (
        f"pairing made the runs worth {few if few == many else f'{few} to {many}'} times as many, least for {metric} "
        f"of {arm}{sure}{weak}"
    )


def _times(value: float) -> str:
    if value >= MANY_TIMES:
        return f"over {MANY_TIMES:,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def families_text(metrics: Sequence[Metric], arms: int, decided: bool = True) -> str:
    """Say which intervals hold at once, and in how many tables noise alone would show a sign; empty with no verdict.

    >>> families_text([METRICS["growth"]], 3)
    'Intervals are 95%, growth a family of 3 (Dunnett): noise alone shows a sign in at most 5% of tables.'
    >>> families_text([METRICS["growth"], METRICS["loss_rate_per_year"], METRICS["quadrant_error"]], 1)[:74]
    'Intervals are 95%, growth alone, the 2 other metrics a family (Bonferroni)'
    """
    judged = [metric.has_verdict for metric in metrics]
    first, rest = (judged[0], judged[1:]) if decided and judged else (False, judged)
    by_arms = f"a family of {arms} (Dunnett)" if arms > 1 else "alone"
    families = [f"{metrics[0].name} {by_arms}"] if first else []
    if sum(rest) == 1:
        families.append(f"the other metric {by_arms}" if first else f"one metric {by_arms}")
    elif sum(rest):
        size = f"a family of {sum(rest) * arms} (Dunnett over arms, Bonferroni over metrics)"
        families.append(f"the {sum(rest)} other metrics {size if arms > 1 else 'a family (Bonferroni)'}")
    if not families:
        return ""
    often = (
        "in each in at most 5% of tables, anywhere in at most 10%" if len(families) > 1 else "in at most 5% of tables"
    )
    return f"Intervals are 95%, {', '.join(families)}: noise alone shows a sign {often}."


def over_text(table: EffectsTable) -> str:
    """Say what the ± of the table is over: chance alone, or chance and draws of what nobody knows."""
    times = f"{table.replications} replication{'' if table.replications == '1' else 's'}"
    over = f" ({times})" if table.replications else ""
    if not table.uncertain:
        return f"The ± is chance in the simulation only{over}: for exactly these settings. No setting was varied."
    return (
        f"The ± is how well the average over luck and over draws of {listed(list(table.uncertain))} is known{over}; "
        "more replications shrink it. Where single cases lie is the a .. b of the table of all settings."
    )


def skewed_text(comparisons: Sequence[Comparison]) -> str:
    """Say what the mark of skewed differences means; empty where none is marked."""
    marked = [one.n for one in comparisons if one.skewed]
    if not marked:
        return ""
    return (
        f"{SKEWED} skewed beyond what {min(marked)} replications support. Intervals of skewed differences cover less "
        "than 95%: with ten replications 94.6% of exponential ones and 90.9% of lognormal ones (docs/coverage.md). "
        "More replications mend it."
    )


def matters_text(metrics: Sequence[Metric], least: Mapping[str, float]) -> str:
    """Say from which difference on each metric matters, those with the same together; empty where none is judged.

    `least` holds what the comparisons were judged by: metric -> the smallest difference that matters, as stored.
    """
    by: dict[str, list[str]] = {}
    for metric in metrics:
        if metric.has_verdict:
            unit = "points" if metric.unit == "%" else metric.unit
            own = least.get(metric.name, metric.matters_from)
            source = metric.matters_source if own == metric.matters_from else "as asked"
            size = f"{own * shown_times(metric):g} {unit} ({source})"
            by.setdefault(size, []).append(metric.name)
    if not by:
        return ""
    parts = [f"for {listed(names)} {size}" for size, names in by.items()]
    return f"{SIGNS['equal']} equal: the whole interval lies within what matters: {'; '.join(parts)}."


def too_good(recordings: Recordings) -> Iterator[str]:
    """Say which results are too good to be true, each with what to look at."""
    if recordings.values is None:
        return
    spend = METRICS["return_on_treatment"].spends
    returns = returns_on_treatment(recordings.values, recordings.champion)
    also = recordings.also_does.get(spend, {})
    alone = {arm: ratio for arm, ratio in returns.items() if not also.get(arm)}
    for one in suspicions(recordings.comparisons, alone):
        yield (
            f"Too good to be true? '{one.arm}' {one.why} ({one.metric}). Look at single lives before it is believed: "
            f"tenure explain CONFIG --person 0 --arm {one.arm}"
        )

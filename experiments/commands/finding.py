"""What an experiment can find, judged by the runs of it that are there: the answer of `tenure check`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.metric import Metric, shown_times
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.analysis.sequential.asked import Precision
from tenure.experiments.analysis.sequential.detectable import MOST, POWER, Detectable, detectable, deviation_factors
from tenure.experiments.analysis.sequential.looks import looks_to
from tenure.experiments.commands import terminal
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.store.results import Results, open_results


class Findable(NamedTuple):
    """What an experiment can find of one metric.

    Attributes
    ----------
    metric : Metric
        The one that it is decided on.
    wanted : float
        Half the interval that is wanted: what the experiment asks for, else what matters of the metric.
    replications : int
        At which it is judged.
    folder : Path
        Of the runs that it is judged by.
    arms : sequence of (scenario, Detectable)
        Arm by arm, in every scenario.
    runs : int or None
        Expected in all where a precision is asked for, each arm having as many replications as it needs; else None.
    """

    metric: Metric
    wanted: float
    replications: int
    folder: Path
    arms: Sequence[tuple[str, Detectable]]
    runs: int | None = None


def pilot_made(experiment: Experiment, out: Path | None, workers: int, quiet: bool) -> Results:
    """Make the first replications of an experiment, unless they are there, and return what there is."""
    from tenure.experiments.running.runner import run_experiment
    from tenure.experiments.running.stages import PILOT

    with terminal.RunBars(terminal.console()) as bars:
        progress = None if quiet else bars
        return run_experiment(experiment, out, workers or None, progress=progress, first=PILOT)


def stored(experiment: Experiment, out: Path | None) -> Results | None:
    """Return the runs of an experiment as it is now that its folder holds; None if there are none."""
    from tenure.experiments.store.folders import folder_of
    from tenure.experiments.store.sealing import DamagedError

    folder = folder_of(experiment, out)[0]
    try:
        results = open_results(folder)
    except (FileNotFoundError, DamagedError):
        return None
    from tenure.experiments.design.planning import plan_tasks

    names = {task.name for task in plan_tasks(experiment, folder).runs}
    known = {name: one for name, one in results.known.items() if name in names}
    return replace(results, known=known) if known else None


def findable(experiment: Experiment, results: Results) -> Findable | None:
    """Return what an experiment can find of the metric that it is decided on; None where that says nothing."""
    settings = experiment.settings
    metric = metrics_in(experiment.market.currency)[settings.metrics.decide_on]
    if metric.spends or len(settings.arms) < 2:
        return None
    precision = settings.precision
    wanted = metric.matters_from if precision is None else precision.half_width
    if settings.choose is not None:
        wanted = settings.choose.zone
    replications = settings.replications if settings.choose is None else settings.choose.at_most
    found: list[tuple[str, Detectable]] = []
    for scenario in results.scenarios:
        table = results.under(scenario).metrics()
        table = table[table["metric"] == metric.name]
        others = [arm for arm in settings.arms if arm != settings.champion]
        for arm in others:
            one = detectable(table, settings.champion, arm, len(others), replications, wanted, results.is_looked_at)
            found += [] if one is None else [(scenario, one)]
    expected = None if precision is None else expected_runs(found, precision)
    return Findable(metric, wanted, replications, results.folder, found, expected) if found else None


def expected_runs(arms: Sequence[tuple[str, Detectable]], asked: Precision) -> int:
    """Return the runs until every arm's interval is as narrow as wanted, judged by what each needs.

    An arm stops at the first look at which it has what it needs, and the champion with the last arm of its scenario.
    """
    stops = [look for look in looks_to(asked.at_most) if look >= asked.at_least]
    by_scenario: dict[str, list[int]] = {}
    for scenario, one in arms:
        times = next((look for look in stops if look >= one.needed), asked.at_most)
        by_scenario.setdefault(scenario, []).append(times)
    return sum(sum(times) + max(times) for times in by_scenario.values())


def finding_lines(experiment: Experiment, found: Findable | None) -> Iterator[str]:
    """Yield the table of what can be found, and how well that is known."""
    if found is None:
        return
    metric, times = found.metric, shown_times(found.metric)
    unit = "pt" if metric.unit == "%" else metric.unit
    pairs = sorted({one.pairs for _, one in found.arms})
    count = " to ".join(str(one) for one in dict.fromkeys((pairs[0], pairs[-1])))
    yield ""
    yield (
        f"{metric.name} ({unit}, paired with '{experiment.settings.champion}'), judged by {count} replications in "
        f"{found.folder}:"
    )
    wanted = number(found.wanted * times, metric.decimals + 1).rstrip("0").rstrip(".")
    most = "at most " if experiment.settings.precision or experiment.settings.choose else ""
    heads = [
        ["", "± expected at", f"found with {100 * POWER:.0f}% chance", f"±{wanted} or better"],
        ["", f"{most}{found.replications} replications", "if it truly is", "needs replications"],
    ]
    rows = [
        [
            f"{scenario}: {one.arm}" if scenario else one.arm,
            f"±{number(one.half_width * times, metric.decimals)}",
            number(one.smallest * times, metric.decimals),
            f"{one.needed:,}" if one.needed < MOST else f"over {MOST:,}",
        ]
        for scenario, one in found.arms
    ]
    yield from terminal.table_lines(heads, rows)
    low, high = deviation_factors(pairs[0])
    yield from terminal.wrapped(
        f"The spread of differences is known from {count} replications: what stands here may be {low:.1f} to "
        f"{high:.1f} times as much, and the replications needed the square of that. All arms' intervals hold at once."
    )
    if found.runs is not None:
        yield from terminal.wrapped(f"Expected until every difference is known so well: about {found.runs:,} runs.")
    yield ""


def finding_json(found: Findable | None) -> list[dict[str, object]]:
    """Return the table of what can be found as plain data, in the metric's stored unit."""
    if found is None:
        return []
    common = {"metric": found.metric.name, "wanted": found.wanted, "replications": found.replications}
    return [{**({"scenario": scenario} if scenario else {}), **common, **one._asdict()} for scenario, one in found.arms]

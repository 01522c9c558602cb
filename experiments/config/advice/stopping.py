"""How often an experiment is asked: a number of replications, a precision, or the best arm; what is wrong there."""

from collections.abc import Iterator
from dataclasses import replace

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.sequential.choosing import ROUND
from tenure.experiments.analysis.sequential.looks import last_look, looks, looks_text
from tenure.experiments.config.documents import Document, KeyPath
from tenure.experiments.config.reading import Problem
from tenure.experiments.config.settings import ExperimentSettings

WAYS = ("replications", "precision", "choose")
"""Of which an experiment has one."""


def one_way(document: Document, problems: list[Problem]) -> Document:
    """Return an experiment that says in one way how often it is asked; two in one file are a problem.

    What stands in the file asked for goes before what stands in one that it extends, and the command line before both.
    """
    files = [str(file) for file in document.files]

    def rank(name: str) -> int:
        path = document.place((name,)).path
        return files.index(path) if path in files else -1

    written = [name for name in WAYS if document.data.get(name) is not None]
    kept = [name for name in written if rank(name) == min(map(rank, written))]
    if len(kept) > 1:
        what = f"{', '.join(kept[:-1])} and {kept[-1]} exclude each other"
        mend = (
            "Keep one: replications for a fixed number, precision for as many as it takes to know every difference "
            "well enough, choose for as many as it takes to find the best arm; at_most is the cap of the last two."
        )
        problems.append(document.problem((kept[-1],), what, mend, of_key=True))
    data = {key: value for key, value in document.data.items() if key not in WAYS or key in kept}
    return replace(document, data=data)


def capped(settings: ExperimentSettings) -> ExperimentSettings:
    """Return settings whose replications are the most that there may be."""
    most = settings.replications
    if settings.precision is not None:
        most = settings.precision.at_most
    elif settings.choose is not None:
        most = settings.choose.at_most + settings.choose.scored_on
    return settings.model_copy(update={"replications": most}) if most != settings.replications else settings


def stopping_problems(settings: ExperimentSettings, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with a precision, or with how the best arm is to be found."""
    way = next((name for name in WAYS[1:] if getattr(settings, name) is not None), "")
    if not way:
        return
    if len(settings.arms) < 2:
        what = f"{way}: there is one arm, and nothing to compare it with"
        yield document.problem((way,), what, "Add an arm, or write replications.", of_key=True)
    name = settings.metrics.decide_on
    if name in METRICS:
        yield from _metric_problems(METRICS[name], way, document)
    if settings.precision is not None:
        yield from _look_problems(document, settings.precision.at_least, settings.precision.at_most)
    elif settings.choose is not None and settings.choose.at_most % ROUND:
        most = settings.choose.at_most
        what, mend = f"choose.at_most: {most} is not a multiple of {ROUND}", f"Write {most - most % ROUND + ROUND}."
        yield document.problem(("choose", "at_most"), f"{what}, and one looks after every {ROUND} replications", mend)


def _metric_problems(metric: Metric, way: str, document: Document) -> Iterator[Problem]:
    key = "half_width" if way == "precision" else "zone"
    at: KeyPath = (way, key)
    written = document.data.get(way)
    value = written.get(key) if isinstance(written, dict) else None
    if metric.spends or (way == "choose" and (metric.is_of_a_pair or not metric.has_verdict)):
        why = (
            "a ratio"
            if metric.spends
            else "of pairs of runs"
            if metric.is_of_a_pair
            else "neither better higher nor lower"
        )
        what = f"{way}: the first metric decides, and {metric.name} is {why}"
        yield document.problem(("metrics",), what, "Put another one first, such as profit_per_customer.")
        return
    is_share = isinstance(value, str) and value.strip().endswith("%")
    number = value if isinstance(value, int | float) else 0.0
    if is_share and metric.unit != "%":
        what = f"{way}.{key}: {value} is a share, and {metric.name} is in {metric.unit}"
        yield document.problem(at, what, "Write a number such as 2.50.")
    elif metric.unit == "%" and number > 1.0:
        what = f"{way}.{key}: {number:g} is above 1, and {metric.name} is a share"
        yield document.problem(at, what, f"Did you mean {number:g}%?")


def _look_problems(document: Document, least: int, most: int) -> Iterator[Problem]:
    for name, asked in (("at_least", least), ("at_most", most)):
        if last_look(asked) != asked:
            after = next(one for one in looks() if one > asked)
            what = f"precision.{name}: nobody looks after {asked} replications: looks are after {looks_text(30)}"
            yield document.problem(("precision", name), what, f"Write {last_look(asked)} or {after}.")
    if least > most:
        what = f"precision.at_least: {least} is more than at_most, {most}"
        yield document.problem(("precision", "at_least"), what, f"Write {most} or less.")

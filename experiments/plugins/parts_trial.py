"""Metrics, switches, observers and rules of a user's own, tried before anything is built on them."""

import hashlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.recorded_run import RecordedRun, rates_of, recorded
from tenure.experiments.config.market_factors import multiplied
from tenure.experiments.config.market_files import market_settings, read_market
from tenure.experiments.config.reading import Document, KeyPath, Place, Problem, Value, overlay
from tenure.experiments.plugins.own_parts import OwnParts, formula_of, line_of
from tenure.experiments.plugins.own_policies import PolicySource
from tenure.experiments.plugins.rule_text import marked_in, text_faults
from tenure.experiments.plugins.switched import asked, changes_of, nested, takes
from tenure.experiments.shipped import MARKETS
from tenure.experiments.verification.contract.observers import try_observer
from tenure.experiments.verification.contract.rules import try_rule
from tenure.experiments.verification.contract.source import Breach, Source
from tenure.experiments.verification.contract.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from tenure.experiments.analysis.recorded_run import Rates

_MENDS = {
    "metric": "Mend the formula: it takes the rows of a run and returns a number, float('nan') where there is none.",
}
OF_ONE_MARKET = ("us", "rivals", "products", "treatments", "segments")
"""Sections of a market in which another market may have other names."""
PEOPLE, MONTHS = 300, 14
"""Of the small run that metrics are worked out of."""


class PartsTold(NamedTuple):
    """What the parts of a file were found to do."""

    problems: list[Problem]
    told: dict[str, str]
    """Kind and name of a part -> what `tenure check` says of it."""
    digests: dict[str, str]
    """The same -> hash of what it gave: the same in every process."""


def try_parts(source: PolicySource, fresh: Callable[[], OwnParts]) -> PartsTold:
    """Try all parts of a file but its policies.

    Parameters
    ----------
    source : PolicySource
        The file.
    fresh : callable
        Executes it anew and returns what it holds.
    """
    text = source.modules[0].source.decode(errors="replace")
    found = PartsTold([], {}, {})
    parts = fresh()
    rules = list(parts.rules.values())
    marked = marked_in(vars(sys.modules[source.module_name]), source.module_name) if rules else frozenset[str]()
    for fault in text_faults(text, marked):
        found.problems.append(Problem(source.path, fault.line, fault.column, fault.what, fault.mend))
    if found.problems:
        return found  # what is no arithmetic is not lived by
    for kind, name, attempt in _tries(parts, fresh):
        trial = Trial(Source(Path(source.path), text), name, dict, source.input_paths)
        with trial.untouched(), trial.law():
            gave, told = attempt(trial)
            found.told[f"{kind} {name}"] = told
            found.digests[f"{kind} {name}"] = hashlib.sha256(repr(gave).encode()).hexdigest()
        found.problems.extend(trial.problems.values())
    return found


_Attempt = Callable[[Trial], tuple[object, str]]
"""Tries one part: what it gave, and what to say of it."""


def _tries(parts: OwnParts, fresh: Callable[[], OwnParts]) -> Iterator[tuple[str, str, _Attempt]]:
    for name in parts.metrics:
        yield "metric", name, partial(_metric, name, fresh)
    for name in parts.switches:
        yield "switch", name, partial(_switch, name, fresh)
    for name in parts.rules:
        yield "rule", name, partial(try_rule, name, fresh)
    for name in parts.observers:
        yield "observer", name, partial(try_observer, name, fresh)


def _switch(name: str, fresh: Callable[[], OwnParts], trial: Trial) -> tuple[object, str]:
    """Ask a switch twice what it changes, and lay that over the default market."""
    one = fresh().switches[name]
    line = trial.source.place(one.sets.__code__.co_filename, line_of(one.sets), 1)
    of = [one.default] if one.number is None else [one.default, one.number.low, one.number.high]
    made = []
    for number in (*of, *of):
        gave = trial.guarded(name, "", partial(asked, fresh().switches[name], number))
        try:
            made.append(changes_of(gave))
        except ValueError as error:
            mend = "Return path of a setting -> value, such as {'rules.choice.switching_cost': 'x0.5'}."
            raise Breach(f"the switch '{name}' {error}", mend, at=line) from None
    if made[: len(of)] != made[len(of) :]:
        mend = "Let what it sets depend on its number alone."
        raise Breach(f"the switch '{name}' sets something else each time it is asked", mend, at=line)
    for changes in made[: len(of)]:
        for problem in _faults_of(changes, line):
            raise Breach(f"the switch '{name}' sets what no market has: {problem.message}", problem.mend, at=line)
    paths = ", ".join(".".join(map(str, at)) for at in made[0])
    return made, f"{takes(one)}; sets {paths}"


def _faults_of(changes: Mapping[KeyPath, Value], line: Place) -> list[Problem]:
    """Return what is wrong with settings laid over the default market, of its own sections alone."""
    own = {at: value for at, value in changes.items() if at[0] not in OF_ONE_MARKET}
    places = {at[:length]: line for at in own for length in range(1, len(at) + 1)}
    base, problems = read_market(MARKETS / "default.market.yaml"), list[Problem]()
    over = Document(Path(line.path), nested(own), places, dict(places), (Path(line.path),))
    market_settings(overlay(base, multiplied(over, base, problems)), problems)
    return problems


def _metric(name: str, fresh: Callable[[], OwnParts], trial: Trial) -> tuple[object, str]:
    """Work a metric out of two recordings, twice each, executed anew each time: it is a number, always the same."""

    def make() -> Metric:
        return fresh().metrics[name]

    one = make()
    line = trial.source.place(one.place[0], one.place[1], 1)
    if one.of_pairs is not None:
        from tenure.experiments.analysis.gains import COUNTED

        counts = {name: float(2 * len(COUNTED) - place) for place, name in enumerate(COUNTED)}
        values = [_number(trial, one, make, dict(counts)) for _ in range(2)]
    else:
        values = [_number(trial, one, make, run) for run in (*_runs(), *_runs())]
    half = len(values) // 2
    if repr(values[:half]) != repr(values[half:]):
        what = f"the metric '{one.name}' is another number each time it is worked out"
        mend = "Work it out of the rows alone: no luck, no clock, nothing kept between calls."
        raise Breach(what, mend, at=line)
    if one.unit == "%" and any(abs(value) > 100.0 for value in values):
        what = f"the metric '{one.name}' is {max(values, key=abs):g}, and in % a fraction is wanted: 0.14 shows as 14%"
        raise Breach(what, "Return a fraction, or name another unit.", at=line)
    which = {"higher": "higher is better", "lower": "lower is better", "none": "neither way is better"}[one.better]
    return values, f"{one.unit}, {which}; matters from {one.matters_from:g}"


def _number(trial: Trial, one: Metric, make: Callable[[], Metric], given: object) -> float:
    formula = formula_of(make())
    value = trial.guarded(one.name, "", lambda: formula(given))
    mend = _MENDS["metric"]
    try:
        number = float(value)  # type: ignore[arg-type]  # what is none is told
    except (TypeError, ValueError):
        what = f"the metric '{one.name}' gives {value!r:.60}, which is no number"
        raise Breach(what, mend, at=trial.source.place(one.place[0], one.place[1], 1)) from None
    if math.isinf(number):
        what = f"the metric '{one.name}' is infinite"
        raise Breach(what, mend, at=trial.source.place(one.place[0], one.place[1], 1))
    return number


def _runs() -> tuple[RecordedRun, ...]:
    """Return the recordings of a short and of a longer small run, as nobody has read them yet."""
    return tuple(recorded(table, rates) for table, rates in map(_recording, (1, MONTHS)))


@cache
def _recording(months: int) -> "tuple[pd.DataFrame, Callable[[int], Rates]]":
    from tenure.experiments.verification.contract.views import small_market

    model = small_market("default", 1, PEOPLE, 0)
    model.start_recording()
    for _ in range(months):
        model.step()
    return model.recording(), rates_of(model.settings)

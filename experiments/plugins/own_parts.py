"""What an executed file of a user's own holds: policies, metrics, switches, observers, rules; and their names."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import NamedTuple

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import BUILT_IN
from tenure.experiments.config.reading import Problem
from tenure.experiments.plugins.marks import RULE_MARK, OwnObserver, Switch
from tenure.experiments.plugins.own_policies import PolicySource

KINDS = ("policies", "metrics", "switches", "rules", "observers")
"""What a file may hold, as `OwnParts` has it."""


class OwnParts(NamedTuple):
    """Name -> part, of what one or more files hold."""

    policies: Mapping[str, type] = {}
    metrics: Mapping[str, Metric] = {}
    switches: Mapping[str, Switch] = {}
    rules: Mapping[str, Callable[..., object]] = {}
    """Those that stand in the place of others."""
    observers: Mapping[str, OwnObserver] = {}

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any(map(bool, self))

    def names(self) -> dict[str, list[str]]:
        """Return kind -> names, of the kinds that are there."""
        return {kind: sorted(some) for kind, some in zip(KINDS, self, strict=True) if some}


def parts_in(source: PolicySource, module: ModuleType, policies: Mapping[str, type]) -> OwnParts:
    """Return what an executed file holds, its policies being found already."""
    here = list(vars(module).values())

    def own(function: Callable[..., object]) -> bool:
        return function.__module__ == module.__name__

    metrics = {
        one.name: replace(one, source=source.digest, place=(source.path, line_of(formula_of(one))))
        for one in here
        if isinstance(one, Metric) and own(formula_of(one))
    }
    switches = {one.name: one for one in here if isinstance(one, Switch) and own(one.sets)}
    rules = {
        one.__name__: one for one in here if isinstance(one, FunctionType) and own(one) and vars(one).get(RULE_MARK)
    }
    observers = {
        one.name: replace(one, source=source.digest, place=(source.path, line_of(one.made)))
        for one in here
        if isinstance(one, OwnObserver) and own(one.made)
    }
    return OwnParts(policies, metrics, switches, rules, observers)


def formula_of(one: Metric) -> Callable[..., object]:
    """Return the function by which a metric is worked out."""
    return one.of_run or one.of_pairs or print


def line_of(function: Callable[..., object]) -> int:
    """Return the line on which a function, or a class, begins; 0 if that is not known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is not None:
        return int(code.co_firstlineno)
    methods = [one for one in vars(function).values() if isinstance(one, FunctionType)]
    return min((one.__code__.co_firstlineno for one in methods), default=1) - 1


def misnamed(source: PolicySource, parts: OwnParts) -> Iterator[Problem]:
    """Yield metrics that have the name of one that comes with the program."""
    for name, one in parts.metrics.items():
        if name in BUILT_IN:
            where = (source.path, line_of(formula_of(one)), 1)
            yield Problem(*where, f"the metric '{name}' has the name of one that tenure has", "Give it another name.")


def together(several: Iterable[tuple[PolicySource, OwnParts]]) -> tuple[OwnParts, list[Problem]]:
    """Return what several files hold, and where one takes the name of another's."""
    found: dict[str, dict[str, object]] = {kind: {} for kind in KINDS}
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for source, parts in several:
        for kind, some in zip(KINDS, parts, strict=True):
            for name, one in some.items():
                if (kind, name) in owners:
                    what = f"'{name}' is the name of {kind} of two files: {owners[kind, name]} and {source.path}"
                    problems.append(Problem(source.path, 1, 1, what, "Give one of them another name."))
                owners[kind, name] = source.path
                found[kind][name] = one
    return OwnParts(*found.values()), problems  # type: ignore[arg-type]  # each kind holds its own

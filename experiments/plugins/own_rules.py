"""Behavioural rules of a user's own: what each replaces, its own numbers, and how a process comes to live by them."""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import NamedTuple, cast, get_args, get_type_hints

from tenure.agents import compiling
from tenure.agents.declaring import Parameter
from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import Document, KeyPath, Problem, Value, suggest
from tenure.experiments.plugins.marks import RULE_MARK
from tenure.experiments.plugins.own_policies import PolicySource, loaded

BEHAVIOUR = "behaviour"
"""The key of an experiment below which rules are asked for, name by name."""
Behaviour = Mapping[str, Mapping[str, float]]
"""Rule of a user's own -> its own numbers, all of them."""
_HOME = "tenure.agents.rules"
_FORM = "Write behaviour: [a_rule], or {a_rule: {a_number: 2}}"
_NUMBER = 'sting: Annotated[float, Parameter("1", 0, 10, "assumption")] = 2.0'


class OwnRule(NamedTuple):
    """A rule that stands in the place of another."""

    name: str
    replaces: str
    function: Callable[..., object]
    original: Callable[..., object]
    numbers: dict[str, tuple[float, Parameter]]
    """Its own: default and declaration."""


def own_rule(function: Callable[..., object]) -> OwnRule:
    """Return a marked rule with what it replaces.

    Raises
    ------
    ValueError
        If there is no such rule, or it takes other arguments; the message says how to mend it.
    """
    family, _, name = str(getattr(function, RULE_MARK)).partition(".")
    known = _families()
    if not isinstance(function, FunctionType):
        raise ValueError("is no plain function. Write def, with one value returned")
    if family not in known:
        raise ValueError(f"replaces a rule of the family {shown(family)}, which is none. {suggest(family, known)}")
    rules = _rules_of(family)
    if name not in rules:
        raise ValueError(f"replaces {shown(name)}, which is no rule of {family}. {suggest(name, rules)}")
    wanted = list(inspect.signature(rules[name]).parameters)
    given = list(inspect.signature(function).parameters.values())
    if [one.name for one in given[: len(wanted)]] != wanted:
        raise ValueError(
            f"takes other arguments than {family}.{name}. Write def {function.__name__}({', '.join(wanted)})"
        )
    hints = get_type_hints(function, include_extras=True)
    numbers = {}
    for one in given[len(wanted) :]:
        declared = next((part for part in get_args(hints.get(one.name))[1:] if isinstance(part, Parameter)), None)
        if declared is None or isinstance(one.default, bool) or not isinstance(one.default, int | float):
            raise ValueError(f"has a number of its own, {one.name}, that is not declared. Write {_NUMBER}")
        if not declared.low <= one.default <= declared.high:
            raise ValueError(
                f"has a default of {one.name} outside its range. Write one from {declared.low:g} to {declared.high:g}"
            )
        numbers[one.name] = (float(one.default), declared)
    return OwnRule(function.__name__, f"{family}.{name}", function, rules[name], numbers)


def asked_for(
    document: Document, known: Mapping[str, Callable[..., object]], problems: list[Problem]
) -> dict[str, dict[str, float]]:
    """Return the rules that an experiment asks for, each with all its numbers, and add what is wrong with them."""
    written = document.data.get(BEHAVIOUR)
    names: Value = dict.fromkeys(map(str, written)) if isinstance(written, list) else written
    if names is None:
        return {}
    if not isinstance(names, dict):
        problems.append(document.problem((BEHAVIOUR,), "behaviour: names of rules are wanted", f"{_FORM}."))
        return {}
    found: dict[str, dict[str, float]] = {}
    replaced: dict[str, str] = {}
    for place, (name, value) in enumerate(names.items()):
        at: KeyPath = (BEHAVIOUR, place if isinstance(written, list) else name)
        if name not in known:
            mend = suggest(name, known) if known else "Name the file that has it by --policies."
            problems.append(document.problem(at, f"there is no rule {shown(name)} of your own", mend, of_key=True))
            continue
        one = own_rule(known[name])
        if one.replaces in replaced:
            what = f"{shown(name)} and {shown(replaced[one.replaces])} both replace {one.replaces}"
            problems.append(document.problem(at, what, "Ask for one of them.", of_key=True))
        replaced[one.replaces] = name
        found[name] = {key: default for key, (default, _) in one.numbers.items()}
        problems += _numbers(document, at, one, value, found[name])
    return found


def _numbers(document: Document, at: KeyPath, one: OwnRule, value: Value, into: dict[str, float]) -> Iterator[Problem]:
    """Put the numbers that are written into those of a rule; yield what is wrong."""
    if value is not None and not isinstance(value, dict):
        yield document.problem(at, f"behaviour.{one.name}: its own numbers are wanted, name by name", f"{_FORM}.")
        return
    for key, number in (value or {}).items():
        if key not in one.numbers:
            what = f"the rule {shown(one.name)} has no number {shown(key)} of its own"
            yield document.problem((*at, key), what, suggest(key, one.numbers), of_key=True)
            continue
        declared = one.numbers[key][1]
        if (
            isinstance(number, bool)
            or not isinstance(number, int | float)
            or not declared.low <= number <= declared.high
        ):
            what = f"behaviour.{one.name}.{key}: {number!r} is no number from {declared.low:g} to {declared.high:g}"
            yield document.problem((*at, key), what, f"Write one; its unit is {declared.unit}.")
            continue
        into[key] = float(number)


def live_by(sources: Sequence[PolicySource], behaviour: Behaviour) -> None:
    """Let this process live by rules of a user's own from now on; nothing may have been compiled yet.

    Raises
    ------
    RuntimeError
        If it lives by others already, or rules were compiled.
    """
    if not behaviour:
        return
    from tenure.experiments.design.hashing import canonical_json  # loads tables

    told = canonical_json([sorted(one.digest for one in sources), behaviour])
    apart = hashlib.sha256(told.encode()).hexdigest()[:16]
    if compiling.lived_apart() == apart:
        return
    compiling.live_apart(apart)
    with loaded(sources) as modules:
        kept = {one.__name__: one for one in modules.values()}
        for module in modules.values():
            for one in vars(module).values():
                if not (
                    isinstance(one, FunctionType) and one.__module__ == module.__name__ and hasattr(one, RULE_MARK)
                ):
                    continue
                compiling.rule(one)
                if one.__name__ in behaviour and getattr(one, RULE_MARK):
                    compiling.stand_in(with_numbers(own_rule(one), behaviour[one.__name__]).original, one)
    sys.modules.update(kept)  # compiled code is kept under the name of its module, and read by it


def with_numbers(one: OwnRule, numbers: Mapping[str, float]) -> OwnRule:
    """Give a rule its own numbers, which it has as defaults of its last arguments."""
    function = cast(FunctionType, one.function)
    function.__defaults__ = tuple(float(numbers.get(key, default)) for key, (default, _) in one.numbers.items())
    return one


def _families() -> tuple[str, ...]:
    from tenure.agents.rules.rulebook import Rulebook

    return tuple(sorted({type(group).__module__.rpartition(".")[2] for group in Rulebook()}))


def _rules_of(family: str) -> dict[str, FunctionType]:
    """Return name -> function of the rules of a family."""
    name = f"{_HOME}.{family}"
    home = sys.modules.get(name) or importlib.import_module(name)
    return {
        key: one
        for key, one in vars(home).items()
        if isinstance(one, FunctionType) and one.__module__ == name and not key.startswith("_")
    }

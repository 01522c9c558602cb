"""A behavioural rule of a user's own on trial: people live by it for some months, and what it gives is looked at."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import cast

from tenure.agents import compiling
from tenure.experiments.config.documents import Place
from tenure.experiments.plugins.marks import RULE_MARK
from tenure.experiments.plugins.own_parts import OwnParts, line_of
from tenure.experiments.plugins.own_rules import OwnRule, own_rule
from tenure.experiments.verification.contract.source import Breach
from tenure.experiments.verification.contract.trial import Trial
from tenure.simulation.model import LifecycleModel

PEOPLE, MONTHS = 60, 3
"""Of the market that lives by it, as plain Python."""
COMPARED = 200
"""Calls whose results are compared with those of the compiled rule."""
_Call = tuple[tuple[object, ...], object]


def try_rule(name: str, fresh: Callable[[], OwnParts], trial: Trial) -> tuple[object, str]:
    """Let people live by a rule; compiled by itself it gives the same bits, each of the kind that is wanted."""
    function = fresh().rules[name]
    line = trial.source.place(function.__code__.co_filename, line_of(function), 1)
    try:
        one = own_rule(function)
    except ValueError as error:
        what, _, mend = str(error).partition(". ")
        raise Breach(f"the rule '{name}' {what}", f"{mend}.".replace("..", "."), at=line) from None
    calls: list[_Call] = []
    trial.guarded(name, "", lambda: _lived(one, calls))
    kind = "number"
    for given, gave in calls:
        wanted = one.original(*given)
        kind = type(wanted).__name__
        what = f"the rule '{name}' gives {gave!r:.60} for {_told(one, given)}"
        if type(gave) is not type(wanted):
            raise Breach(f"{what}, and {one.replaces} gives a {kind}", f"Return a {kind}.", at=line)
        if isinstance(gave, float) and not math.isfinite(gave):
            raise Breach(f"{what}, which is no number", "Keep what it divides by away from 0.", at=line)
    _compare_compiled(one, calls[:COMPARED], name, line)
    listed = ", ".join(f"{key} {default:g}" for key, (default, _) in one.numbers.items())
    numbers = f"; its own numbers: {listed}" if listed else ""
    return [gave for _, gave in calls], f"in the place of {one.replaces}, called {len(calls):,} times{numbers}"


def _compare_compiled(one: OwnRule, calls: list[_Call], name: str, line: Place) -> None:
    helpers = [part for part in cast(FunctionType, one.function).__globals__.values() if hasattr(part, RULE_MARK)]
    for helper in helpers:
        compiling.rule(helper)
    quick = compiling.compiled_alone(one.function)
    for given, gave in calls:
        try:
            again = quick(*given)
        except Exception as error:
            said = next((text for text in str(error).splitlines() if text.strip()), "")
            what = f"the rule '{name}' cannot be compiled: {type(error).__name__}: {said}"
            raise Breach(what, "Return numbers of one kind on every way through it.", at=line) from None
        if repr(again) != repr(gave):
            what = f"the rule '{name}' gives {gave!r} as plain Python and {again!r} compiled, for {_told(one, given)}"
            raise Breach(what, "Divide only where it is certain what comes out.", at=line)


def _lived(one: OwnRule, calls: list[_Call]) -> None:
    """Let a small market live by a rule as plain Python, and note what it was called with and gave."""

    def noted(*given: object) -> object:
        gave = one.function(*given)
        calls.append((given, gave))
        return gave

    _as_ever()
    with _in_place_of(one.original, noted):
        _small()


@cache
def _as_ever() -> None:
    """Live the same market by the rules that come along, so that what is compiled is compiled of these."""
    _small()


def _small() -> None:
    from tenure.experiments.verification.contract.views import small_market

    made = LifecycleModel(small_market("default", 1, PEOPLE, 0).settings, seed=1, engine="objects")
    for _ in range(MONTHS):
        made.step()


@contextmanager
def _in_place_of(original: Callable[..., object], other: Callable[..., object]) -> Iterator[None]:
    compiling.in_plain_python(original, other)
    try:
        yield
    finally:
        compiling.in_plain_python(other, original)


def _told(one: OwnRule, given: tuple[object, ...]) -> str:
    """Say what a rule was called with, its numbers left out."""
    names = cast(FunctionType, one.original).__code__.co_varnames
    pairs = zip(names, given, strict=False)
    return ", ".join(f"{name} {value!r}" for name, value in pairs if isinstance(value, bool | int | float))

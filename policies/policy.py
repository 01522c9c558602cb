"""What makes a class a policy, and how one is made from the settings of an arm."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING
from itertools import zip_longest
from types import NoneType, UnionType
from typing import Protocol, Union, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import Plan, Treatments
from tenure.policies.settings.faults import Fault, FaultyError, KeyPath, faults_of, told
from tenure.policies.settings.parameters import declared_faults, declared_settings
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.settings.written import refuse_thousands
from tenure.policies.view import InstitutionView

EVERY_MACHINE = "every machine"
ONE_KIND_OF_MACHINE = "one kind of machine with one set of versions"
"""Where a policy that solves systems of equations or programs gives the same bits: solvers follow the processor."""
State = Mapping[str, NDArray[np.generic]]
"""All that a policy has learnt, as arrays by name."""


class Policy(Protocol):
    """Anything with a name and a `decide`; usually a frozen dataclass, its fields the settings of an arm.

    A policy with `needs_view = False` decides without customers: its institution keeps no beliefs, and the
    view it gets is empty. One with `needs_truth = True`, an oracle, gets a view whose estimates are true.

    One with `needs_news = True` may ask what was published of past months, see `InstitutionView.published`. One that
    has a `channel_precision` sets the precision of all channels of its institution, and one that `looks_for` a
    quadrant has channels told every year which prospects are like its customers in it.

    What a policy computes is the same to the bit on every machine as long as it keeps to arithmetic, comparisons, sums
    and roots; one that solves systems of equations or programs says `same_bits = ONE_KIND_OF_MACHINE`.

    A policy that learns has also `learn(view, outcomes)`, called every month before `decide` with what became of
    last month's view (see `tenure.policies.outcomes.Outcomes`), and keeps what it learns in arrays that `state()`
    returns and `restore(state)` takes back. `decide` itself changes nothing. What it wants told in a report is a
    dictionary of numbers that `notes()` returns.
    """

    @property
    def name(self) -> str:
        """What a config calls it."""
        ...

    def decide(self, view: InstitutionView) -> Plan | Treatments:
        """Return what to do this month."""
        ...


class SettingsError(FaultyError):
    """Settings that do not fit their policy: all that is wrong, where, and how to mend it.

    Parameters
    ----------
    policy : str
        Name of the policy.
    faults : sequence of Fault
        Each at its setting, such as ``("rules", 1, "when")``; nowhere: the policy itself.
    """

    def __init__(self, policy: str, faults: Sequence[Fault]) -> None:
        super().__init__(*faults)
        self.policy, self.args = policy, (policy, tuple(faults))

    def __str__(self) -> str:
        return "\n".join(f"{self.policy}{'.' if fault.at else ': '}{fault}" for fault in self.faults)


def needs_view(policy: Policy | type) -> bool:
    """Return whether the policy looks at its customers; if not, its institution keeps no beliefs."""
    return bool(getattr(policy, "needs_view", True))


def needs_news(policy: Policy | type) -> bool:
    """Return whether the policy reads what is published of other institutions; if nobody's does, nothing is kept."""
    return bool(getattr(policy, "needs_news", False))


def channel_precision(policy: Policy) -> float | None:
    """Return the precision that a policy gives to channels, in standard deviations; None leaves it as it is set."""
    return getattr(policy, "channel_precision", None)


def looks_for(policy: Policy) -> str | None:
    """Return the quadrant whose likeness channels are to look for by a score of the policy's own; None: as set."""
    return getattr(policy, "looks_for", None)


def same_bits(policy: Policy | type) -> str:
    """Return where a policy promises the same bits for the same settings and seed."""
    return str(getattr(policy, "same_bits", EVERY_MACHINE))


class Learner(Policy, Protocol):
    """A policy that learns from what becomes of its customers."""

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        """Take in last month, before `decide` is asked about this one."""
        ...

    def state(self) -> State:
        """Return all that was learnt, as arrays."""
        ...

    def restore(self, state: State) -> None:
        """Go on from what was learnt."""
        ...


def settings_of(policy: type) -> dict[str, tuple[object, object]]:
    """Return setting -> (type, default) of a policy class; `dataclasses.MISSING` if it has no default."""
    return {one.name: (one.kind, one.default) for one in declared_settings(policy)}


def check_settings(policy: Policy, faults: Sequence[Fault] = ()) -> None:
    """Refuse a policy whose numbers are outside their declared ranges, or that has other faults.

    Parameters
    ----------
    policy : Policy
        As made; a dataclass calls this when it has been.
    faults : sequence of Fault
        What else is wrong; of a place where something is, the range is not told.

    Raises
    ------
    SettingsError
        With all that is wrong.
    """
    named = {fault.at for fault in faults}
    all_of_them = [*faults, *(fault for fault in declared_faults(policy) if fault.at not in named)]
    if all_of_them:
        raise SettingsError(policy.name, all_of_them)


def build_policy(policy: type, settings: Mapping[str, object]) -> Policy:
    """Return a policy of a class with the settings given.

    Numbers may be written as shares, ``12%``.

    Raises
    ------
    SettingsError
        For unknown or missing settings, wrong types and numbers outside their declared ranges, all at once, and for
        what the policy itself refuses.
    """
    name, known = str(getattr(policy, "name", policy.__name__)), settings_of(policy)
    faults = [
        Fault(f"'{name}' has no such setting", did_you_mean(key, known).strip() or "It takes none.", (key,), True)
        for key in settings
        if key not in known
    ]
    values: dict[str, object] = {}
    for key, (wanted, default) in known.items():
        if key in settings:
            values[key] = _as_type(settings[key], wanted, (key,), faults)
        elif default is MISSING:
            faults.append(Fault(f"'{name}' needs the setting {key}", f"add '{key}: {_example(wanted)}'"))
    if faults:
        raise SettingsError(name, faults)
    made: Policy = policy(**values)
    check_settings(made)
    return made


def _as_type(value: object, wanted: object, at: KeyPath, faults: list[Fault]) -> object:
    """Return a setting as the type of its field, and add what does not fit; rows of a table are the policy's own."""
    kind, inner = get_origin(wanted) or wanted, get_args(wanted)
    if kind in (Union, UnionType):
        given = next((one for one in inner if one is not NoneType), object)
        return None if value is None and NoneType in inner else _as_type(value, given, at, faults)
    if kind is tuple and isinstance(value, list | tuple):
        kinds = inner[:1] * len(value) if inner[1:] == (Ellipsis,) else inner
        each = zip_longest(value, kinds[: len(value)], fillvalue=object)
        return tuple(_as_type(one, _plain(what), (*at, place), faults) for place, (one, what) in enumerate(each))
    if kind in (dict, Mapping) and isinstance(value, Mapping):
        what = _plain(inner[1]) if inner else object
        return {key: _as_type(one, what, (*at, key), faults) for key, one in value.items()}
    if kind in (float, int):
        try:
            refuse_thousands(value, whole=kind is int)
        except ValueError as error:
            faults += [one.below(at) for one in faults_of(error)]
            return value
    if kind is float and (number := _as_number(value)) is not None:
        return number
    right = {int: type(value) is int, bool: type(value) is bool, str: isinstance(value, str)}
    if kind in _WANTED and not (isinstance(kind, type) and right.get(kind)):
        comma = kind is float and isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip())
        mend = f"write {str(value).strip().replace(',', '.')}" if comma else f"write one such as {_example(kind)}"
        faults.append(Fault(f"{_WANTED[kind]} is wanted, got {told(value)}", mend, at))
    return value


def _plain(kind: object) -> object:
    """Return the type of a part if it is a plain word or number."""
    return kind if kind in _WANTED else object


_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+\s*%?")
_WANTED: dict[object, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "a word",
    tuple: "a list",
    dict: "a mapping",
    Mapping: "a mapping",
}
_EXAMPLES: dict[object, str] = {
    float: "30 or 12%",
    int: "12",
    bool: "true",
    str: "loyalty_reward",
    tuple: "[first, second]",
    dict: "{name: value}",
    Mapping: "{name: value}",
}


def _example(wanted: object) -> str:
    """Return what a setting of a type may look like."""
    return _EXAMPLES.get(get_origin(wanted) or wanted, "...")


def _as_number(value: object) -> float | None:
    """Return a finite number, or a share written with a percent sign; None for anything else."""
    number = math.nan
    with suppress(ValueError, OverflowError):
        if isinstance(value, str) and value.rstrip().endswith("%"):
            number = float(value.rstrip().removesuffix("%")) / 100.0
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
    return number if math.isfinite(number) else None

"""What makes a class a policy, and how one is made from the settings of an arm."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

from numpy.typing import NDArray

from policies.outcomes import Outcomes
from policies.plan import Plan, Treatments
from policies.suggest import did_you_mean
from policies.view import InstitutionView


class Policy(Protocol):
    """Anything with a name and a `decide`; usually a frozen dataclass, its fields the settings of an arm.

    A policy with `needs_view = False` decides without customers: its institution keeps no beliefs, and the
    view it gets is empty. One with `needs_truth = True`, an oracle, gets a view whose estimates are true.

    A policy that learns has also `learn(view, outcomes)`, called every month before `decide` with what became of
    last month's view (see `policies.outcomes.Outcomes`), and keeps what it learns in arrays that `state()` returns
    and `restore(state)` takes back. `decide` itself changes nothing. What it wants told in a report is a
    dictionary of numbers that `notes()` returns.
    """

    @property
    def name(self) -> str:
        """What a config calls it."""
        ...

    def decide(self, view: InstitutionView) -> Plan | Treatments:
        """Return what to do this month."""
        ...


class SettingsError(ValueError):
    """Settings that do not fit their policy: all that is wrong, and how to mend it.

    Parameters
    ----------
    policy : str
        Name of the policy.
    problems : sequence of (str, str)
        Setting, such as ``rules[1].when`` (empty: the policy itself), and message.
    """

    def __init__(self, policy: str, problems: list[tuple[str, str]]) -> None:
        self.policy, self.problems = policy, tuple(problems)
        super().__init__("\n".join(f"{policy}{path and '.'}{path}: {message}" for path, message in problems))


def needs_view(policy: Policy | type) -> bool:
    """Return whether the policy looks at its customers; if not, its institution keeps no beliefs."""
    return bool(getattr(policy, "needs_view", True))


class Learner(Policy, Protocol):
    """A policy that learns from what becomes of its customers."""

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        """Take in last month, before `decide` is asked about this one."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that was learnt, as arrays."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what was learnt."""
        ...


def settings_of(policy: type) -> dict[str, tuple[Any, Any]]:
    """Return setting -> (type, default) of a policy class; `dataclasses.MISSING` if it has no default."""
    if not is_dataclass(policy):
        return {}
    hints = get_type_hints(policy)
    return {
        field.name: (
            hints[field.name],
            field.default_factory() if field.default_factory is not MISSING else field.default,
        )
        for field in fields(policy)
        if field.init
    }


def build_policy(policy: type, settings: Mapping[str, Any]) -> Policy:
    """Return a policy of a class with the settings given.

    Numbers may be written as shares, ``12%``.

    Raises
    ------
    SettingsError
        For unknown or missing settings and wrong types, all at once, and for what the policy itself refuses.
    """
    name, known = str(getattr(policy, "name", policy.__name__)), settings_of(policy)
    problems = [
        (key, f"'{name}' has no such setting.{did_you_mean(key, known) or ' It takes none.'}")
        for key in settings
        if key not in known
    ]
    values: dict[str, Any] = {}
    for key, (wanted, default) in known.items():
        if key not in settings:
            if default is MISSING:
                problems.append((key, f"'{name}' needs this setting"))
            continue
        try:
            values[key] = _as_type(settings[key], wanted)
        except ValueError as error:
            problems.append((key, str(error)))
    if problems:
        raise SettingsError(name, problems)
    made: Policy = policy(**values)
    return made


def _as_type(value: Any, wanted: Any) -> Any:
    """Return a setting as the type of its field; ValueError says what was wanted."""
    if get_origin(wanted) in (Union, UnionType):
        kinds = get_args(wanted)
        if value is None and NoneType in kinds:
            return None
        return _as_type(value, next(kind for kind in kinds if kind is not NoneType))
    if wanted is float:
        return _as_number(value)
    if wanted is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"a whole number is wanted, got {value!r}")
    elif wanted in (str, bool):
        if not isinstance(value, wanted):
            raise ValueError(f"{'yes or no' if wanted is bool else 'a word'} is wanted, got {value!r}")
    elif get_origin(wanted) is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"a list is wanted, got {value!r}")
        return tuple(value)
    return value


def _as_number(value: Any) -> float:
    """Return a number, or a share written with a percent sign."""
    try:
        if isinstance(value, str) and value.rstrip().endswith("%"):
            return float(value.rstrip().removesuffix("%")) / 100.0
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except ValueError:
        pass
    raise ValueError(f"a number is wanted, such as 30 or 12%, got {value!r}")

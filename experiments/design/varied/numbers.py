"""The numbers of an experiment that can be varied, found by their names: those of its market and of its arms."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from functools import cached_property, partial
from types import NoneType
from typing import NamedTuple, get_args

from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.plugins.marks import Switch
from tenure.experiments.plugins.switched import SWITCHES, laid_by
from tenure.policies.settings.parameters import DeclaredSetting, declared_settings
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.treatments import NUMBERS, WHOLE
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.values.schedule import is_schedule
from tenure.simulation.values.units import Parser

BUDGET = "budget_per_month"
"""As an experiment writes it, of all its arms: the budget of the market's guards."""
EFFECT = "effect"
ACTS = ("satisfaction", "switching_cost", "service", "relief", "welcome")
"""Numbers by which a treatment acts on people: its `effect` is all of them that it has, which a factor multiplies."""
_FIXED = {
    "people": "states before month 0 and runs are as large as the market has people",
    "burn_in_months": "all runs of an experiment begin after the same months",
    "share": "shares are lived by qualities that are found once for the market, whatever is varied: vary 'quality'",
}
"""Number of the market or of an institution -> why it cannot be varied within an experiment."""
_OTHERWISE = {
    "fatigue.half_life_months": "It is written as what is left a month later: relationship.fatigue_kept, such as "
    "0.71 .. 0.92 for half-lives of 2 to 8 months",
    "search_rate": "It is written as log-odds: choice.search",
    "word_of_mouth": "It has several numbers: see 'tenure list settings'",
}
"""Name that one looks for -> how it is written here."""
MOST_TOLD = 4


class Varied(NamedTuple):
    """A number, or several that move together, that may be varied.

    Attributes
    ----------
    path : str
        By which it is known, such as ``market.world.switching_cost`` or ``arms.book.reward``.
    paths : tuple of str
        What is laid over: `path`, or each number by which a treatment acts.
    parser : Parser
        Reads one number by its declaration.
    own : float or None
        The number itself where it is one, without dates.
    lays : callable or None
        Of a switch of a user's own: takes its number, and returns path and value of what it changes.
    """

    path: str
    paths: tuple[str, ...]
    parser: Parser
    own: float | None
    lays: Callable[[float], tuple[tuple[str, float | str], ...]] | None = None

    @property
    def by_factor(self) -> bool:
        """Whether only factors make sense, since several numbers move together."""
        return self.paths != (self.path,)


class NumbersToVary:
    """The numbers of an experiment that can be varied.

    Parameters
    ----------
    market : MarketSettings
        Of the experiment.
    settings : ExperimentSettings
        With its arms.
    known : mapping
        Policies by name.
    switches : mapping
        Switches of a user's own by name.
    """

    def __init__(
        self,
        market: MarketSettings,
        settings: ExperimentSettings,
        known: Mapping[str, type],
        switches: Mapping[str, Switch],
    ) -> None:
        self.market, self.settings, self.known, self.switches = market, settings, known, switches

    @cached_property
    def all(self) -> dict[str, Varied]:
        """Path -> number, of every number that stands in the market or is a setting of an arm's policy."""
        found = [*self._of_market(), *self._of_treatments(), *self._of_arms(), *self._of_switches()]
        return {one.path: one for one in found}

    def find(self, name: str) -> Varied:
        """Return the number of a name: its path, or the end of it where only one number ends so.

        Raises
        ------
        ValueError
            If there is none, if there are several, or if it cannot be varied: ``what. Mend``.
        """
        name = f"market.guards.{BUDGET}" if name == BUDGET else name
        last = name.rpartition(".")[2]
        exact = self.all.get(name) or self.all.get(f"market.{name}")
        ending = [exact] if exact else [one for one in self.all.values() if self._is_called(one, name)]
        if len(ending) == 1 and not _is_fixed(ending[0].path):
            return ending[0]
        if any(_is_fixed(one.path) for one in ending):
            raise ValueError(f"this cannot be varied within an experiment. {_sentence(_FIXED[last])}.")
        if ending:
            names = [one.path.removeprefix("market.") for one in ending]
            more = f" or {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
            raise ValueError(f"{len(names)} numbers are called so. Write {' or '.join(names[:MOST_TOLD])}{more}.")
        raise ValueError(f"there is no number of this name. {self._near(name)}")

    def settings_of_arm(self, arm: str) -> tuple[str, ...]:
        """Return what the policy of an arm can be given, none where it is not known."""
        policy = self.known.get(self.settings.arms[arm].policy) if arm in self.settings.arms else None
        return () if policy is None else tuple(one.name for one in declared_settings(policy))

    def _is_called(self, one: Varied, name: str) -> bool:
        """Whether a path ends with a name; a treatment's and an arm's numbers are called with its name."""
        of_market = name.startswith("market.")
        name = name.removeprefix("market.")
        if not one.path.endswith(f".{name}") or (of_market and not one.path.startswith("market.")):
            return False
        return "." in name or not one.path.startswith(("market.treatments.", "arms."))

    def _near(self, name: str) -> str:
        if name in _OTHERWISE:
            return f"{_OTHERWISE[name]}."
        parts = name.split(".")
        if SWITCHES in parts[:-1] and not self.switches:
            return "Name the file that has this switch by --policies."
        if len(parts) == 1 and name in (*NUMBERS, EFFECT):
            return f"Write the treatment before it, such as loyalty_reward.{name}."
        known = {".".join(path.split(".")[-len(parts) :]) for path in self.all}
        if len(parts) > 1:  # the same last word elsewhere is nearer than a like word
            known = {one for one in known if one.rpartition(".")[2] == parts[-1]} or known
        else:
            known -= {path.rpartition(".")[2] for path in self.all if path.startswith("arms.")}
        near = did_you_mean(name, sorted(known)).strip()
        return near if "mean" in near else "Look it up: 'tenure list settings', 'tenure list parameters'."

    def _of_market(self) -> Iterator[Varied]:
        numbers = numbers_of(MarketSettings)
        for at, value in _single(self.market.model_dump(by_alias=True), ()):
            declared = numbers.at(at)
            if at[0] != "treatments" and declared is not None and not isinstance(declared.default, tuple):
                path = ".".join(("market", *at))
                yield Varied(path, (path,), declared.parser, _plain_number(value))

    def _of_treatments(self) -> Iterator[Varied]:
        for treatment in self.market.catalogue()[1:]:
            above = f"market.treatments.{treatment.name}"
            for name, number in NUMBERS.items():
                parser = Parser(number.unit, number.low, number.high, whole=name in WHOLE)
                yield Varied(f"{above}.{name}", (f"{above}.{name}",), parser, float(getattr(treatment, name)))
            acts = tuple(f"{above}.{name}" for name in ACTS if getattr(treatment, name))
            if acts:
                yield Varied(f"{above}.{EFFECT}", acts, Parser("1", -1e300, 1e300), None)

    def _of_switches(self) -> Iterator[Varied]:
        for name, one in self.switches.items():
            if one.number is not None:
                path = f"market.{SWITCHES}.{name}"
                parser = Parser(one.number.unit, one.number.low, one.number.high)
                yield Varied(path, (path,), parser, None, partial(laid_by, one))

    def _of_arms(self) -> Iterator[Varied]:
        numbers = numbers_of(MarketSettings)
        for arm, choice in self.settings.arms.items():
            policy = self.known.get(choice.policy)
            for setting in declared_settings(policy) if policy is not None else ():
                kind = _number_kind(setting)
                if kind is None:
                    continue
                path, given = f"arms.{arm}.{setting.name}", choice.settings.get(setting.name, setting.default)
                low, high, unit = -1e300, 1e300, "1"
                if setting.declared is not None:
                    unit, low, high, _ = setting.declared
                parser = Parser(unit, low, high, whole=kind is int)
                yield Varied(path, (path,), parser, None if given is MISSING else _read(parser, given))
            for at, value in _single(choice.us, ()):
                declared = numbers.at(("us", *at))
                if declared is not None and not isinstance(declared.default, tuple):
                    path = ".".join(("arms", arm, "us", *at))
                    yield Varied(path, (path,), declared.parser, _read(declared.parser, value))


def _single(value: object, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield path and value of all that is no section: single values, and values with dates as a whole."""
    if isinstance(value, Mapping) and not is_schedule(value):
        for key, below in value.items():
            yield from _single(below, (*at, str(key)))
    elif at:
        yield at, value


def _is_fixed(path: str) -> bool:
    """Whether a number is one that all runs of an experiment share."""
    _, *parts, last = path.split(".")
    institution = parts == ["us"] or (parts[:1] == ["rivals"] and len(parts) == 2)
    return last in _FIXED and path.startswith("market.") and (institution if last == "share" else not parts)


def _number_kind(setting: DeclaredSetting) -> type | None:
    """Return int or float, where a setting of a policy is one number; else None."""
    kinds = [one for one in get_args(setting.kind) or (setting.kind,) if one is not NoneType]
    return kinds[0] if len(kinds) == 1 and kinds[0] in (int, float) else None


def _read(parser: Parser, value: object) -> float | None:
    """Return a number as it is written in an arm, where it is a right one."""
    try:
        return float(parser(value))
    except ValueError:
        return None


def _plain_number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

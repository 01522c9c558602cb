"""The marks by which a Python file of a user's own says what is in it: metrics, switches, observers, rules."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args, get_type_hints, overload

from tenure.agents.declaring import Parameter
from tenure.experiments.analysis.metric import Direction, Metric

F = TypeVar("F", bound=Callable[..., object])
RULE_MARK = "__tenure_rule__"
"""Attribute of a marked function: the rule in whose place it stands, empty for one that others call."""


@dataclass(frozen=True)
class Switch:
    """A named change of a market.

    Attributes
    ----------
    name : str
        What a config calls it.
    meaning : str
        First line of the function's docstring.
    sets : callable
        Takes the number where there is one, and returns path of a setting of the market -> value.
    number : Parameter, optional
        Declaration of the number that it takes; None for one that is on or off.
    default : float
        The number that stands for ``on``.
    """

    name: str
    meaning: str
    sets: Callable[..., Mapping[str, object]]
    number: Parameter | None = None
    default: float = 1.0


@dataclass(frozen=True)
class OwnObserver:
    """What is told of every month of a run, and yields rows for a table of its own.

    Attributes
    ----------
    name : str
        What the table calls it.
    meaning : str
        First line of the docstring.
    adds : mapping
        Measure -> its unit and its meaning.
    made : callable
        The function itself, or the class, of which each run has an instance with a method `month(facts)`.
    source : str
        SHA-256 of its file and what that imports.
    place : tuple of str and int
        File and line.
    """

    name: str
    meaning: str
    adds: Mapping[str, tuple[str, str]]
    made: Callable[..., object]
    source: str = ""
    place: tuple[str, int] = ("", 0)


def metric(
    *,
    unit: str,
    better: Direction,
    matters_from: float,
    label: str = "",
    whose: str = "own customers",
    window: str = "whole run",
    decimals: int = 1,
    headline: tuple[str, str] | None = None,
    matters_source: str = "assumption",
    of: Literal["run", "pairs"] = "run",
) -> Callable[[Callable[..., float]], Metric]:
    """Make the function below it a metric of the function's name, worked out when results are read.

    Parameters
    ----------
    unit : str
        ``"EUR"``, ``"EUR per EUR"``, ``"%"`` (worked out as a fraction, shown times 100), or words such as
        ``"months"``.
    better : {'higher', 'lower', 'none'}
        Which way is better for the institution.
    matters_from : float
        The smallest difference that matters, as it is worked out; arms that surely differ by less count as equal.
    label : str
        A few words for sentences; by default the first line of the docstring.
    whose, window : str
        The people, and the time, that it is about.
    decimals : int
        When shown in `unit`.
    headline : tuple of str, optional
        The two lines above its column; by default its name and its unit.
    matters_source : str
        Where `matters_from` comes from.
    of : {'run', 'pairs'}
        Whether the function takes the rows of one run (`tenure.experiments.analysis.recorded_run.RecordedRun`), or
        counts over the people of an arm's run beside the champion's (`tenure.experiments.analysis.gains.COUNTED`).
    """

    def marked(formula: Callable[..., float]) -> Metric:
        said = label or _first_line(formula) or formula.__name__
        return Metric(
            name=formula.__name__,
            label=said.rstrip("."),
            unit=unit,
            whose=whose,
            window=window,
            better=better,
            decimals=decimals,
            headline=headline or (formula.__name__.replace("_", " "), unit),
            matters_from=matters_from,
            matters_source=matters_source,
            of_run=formula if of == "run" else None,
            of_pairs=formula if of == "pairs" else None,
        )

    return marked


def switch(function: Callable[..., Mapping[str, object]]) -> Switch:
    """Make a function a switch of its name: it returns which settings of the market are others once it is on.

    A function without an argument is on or off. One with an argument takes a number, which it declares, such as
    ``times: Annotated[float, Parameter("1", 0, 5, "assumption")] = 2.0``; the default stands for ``on``.
    """
    taken = list(inspect.signature(function).parameters.values())
    declared, default = None, 1.0
    if taken:
        hint = get_type_hints(function, include_extras=True).get(taken[0].name)
        declared = next((one for one in get_args(hint)[1:] if isinstance(one, Parameter)), None)
        if declared is None or len(taken) > 1 or not isinstance(taken[0].default, int | float):
            raise TypeError(
                f"the switch {function.__name__} takes one number at most, declared with a default, such as "
                'times: Annotated[float, Parameter("1", 0, 5, "assumption")] = 2.0'
            )
        default = float(taken[0].default)
    return Switch(function.__name__, _first_line(function), function, declared, default)


def observer(*, adds: Mapping[str, tuple[str, str]]) -> Callable[[Callable[..., object]], OwnObserver]:
    """Make a function, or a class with a method `month`, an observer of its name: it is told of every month of a run.

    Parameters
    ----------
    adds : mapping
        Measure -> unit and meaning, of all that it adds.

    Raises
    ------
    TypeError
        If it adds nothing, a measure has no unit and meaning, or a class has no method `month`.

    Notes
    -----
    It takes a month's facts (`tenure.simulation.recording.observing.MonthFacts`), which it cannot write to, and gives
    rows ``(measure, value)`` or ``(measure, key, value)``: values are finite numbers, a key is a text or a whole
    number. A class is made anew for each run, and may keep what it needs from month to month. ``tenure observe``
    writes the rows.
    """
    form = 'adds={"late_people": ("people", "customers two or more payments behind")}'
    if not isinstance(adds, Mapping) or not adds:
        raise TypeError(f"an observer names what it adds, such as {form}")
    for measure, told in adds.items():
        whole = isinstance(told, tuple) and len(told) == 2 and all(isinstance(one, str) for one in told)
        if not (isinstance(measure, str) and measure.strip() and whole and told[1].strip()):
            raise TypeError(f"what an observer adds has a name, a unit and a meaning, such as {form}")

    def marked(made: Callable[..., object]) -> OwnObserver:
        if inspect.isclass(made) and not callable(getattr(made, "month", None)):
            raise TypeError(f"the observer {made.__name__} is a class without a method month(self, facts)")
        return OwnObserver(made.__name__, _first_line(made), dict(adds), made)

    return marked


@overload
def rule(function: F, /) -> F: ...
@overload
def rule(*, replaces: str) -> Callable[[F], F]: ...
def rule(function: F | None = None, /, *, replaces: str = "") -> F | Callable[[F], F]:
    """Mark a scalar rule of one's own: one that stands in the place of another, or one that such rules call.

    Parameters
    ----------
    function : callable
        A function of numbers, with the arithmetic that rules may use (+ - * / // %, comparisons, min, max, abs) and
        other rules.
    replaces : str
        Family and name of the rule in whose place it stands, such as ``relationship.satisfaction_next``; it takes the
        same arguments, and after them numbers of its own, each declared with a default.
    """

    def marked(one: F) -> F:
        setattr(one, RULE_MARK, replaces)
        return one

    return marked if function is None else marked(function)


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]

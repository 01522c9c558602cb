"""What all code in a process shares and a policy must leave as it is: global luck, error states, filters, the clock."""

import datetime
import decimal
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self, cast

import numpy as np

from tenure.experiments.verification.contract.source import Breach

LATER_S = 200 * 86_400 + 19_027
"""Seconds by which the clock is moved: other month, day of the week, hour, and parity."""


class _Found(NamedTuple):
    """What something that is shared is now, in a form that can be compared, and how it is put back."""

    value: object
    put_back: Callable[[], object]


class _Shared(NamedTuple):
    """One thing that is shared."""

    what: str
    words: tuple[str, ...]
    mend: str
    read: Callable[[], _Found]


def _luck_of_numpy() -> _Found:
    state = np.random.get_state(legacy=False)
    key = tuple(state["state"]["key"].tolist())
    return _Found({**state, "state": {**state["state"], "key": key}}, lambda: np.random.set_state(state))


def _luck_of_python() -> _Found:
    state = random.getstate()
    return _Found(state, lambda: random.setstate(state))


def _error_state() -> _Found:
    state = np.geterr()
    return _Found(state, lambda: np.seterr(**state))


def _context_of_decimals() -> _Found:
    now = decimal.getcontext()
    state = {name: getattr(now, name) for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")}
    return _Found(state, lambda: decimal.setcontext(decimal.Context(**state, traps=decimal.getcontext().traps)))


def _filters_of_warnings() -> _Found:
    filters = list(warnings.filters)

    def put_back() -> None:
        warnings.resetwarnings()  # what Python keeps of the filters is made anew
        shared = warnings.filters
        shared[:] = filters  # type: ignore[index]  # a list, whatever the stubs say

    return _Found(filters, put_back)


_ADDRESS = "Draw luck with view.uniform('a name'), one number for each customer."
_SHARED = (
    _Shared(
        "it draws from NumPy's global generator, or seeds it",
        ("np.random", "numpy.random", "random"),
        _ADDRESS,
        _luck_of_numpy,
    ),
    _Shared(
        "it draws from Python's global generator, or seeds it",
        ("random.", "random", "shuffle"),
        _ADDRESS,
        _luck_of_python,
    ),
    _Shared("it changes NumPy's error state", ("seterr", "errstate"), "Write: with np.errstate(...):.", _error_state),
    _Shared(
        "it changes the context of decimals",
        ("getcontext", "setcontext", "decimal"),
        "Write: with decimal.localcontext():.",
        _context_of_decimals,
    ),
    _Shared(
        "it changes the filters of warnings",
        ("filterwarnings", "simplefilter", "warnings"),
        "Write: with warnings.catch_warnings():.",
        _filters_of_warnings,
    ),
)


@contextmanager
def left_alone(note: Callable[[Breach], None], loading: bool = False) -> Iterator[None]:
    """Note what of the shared is changed meanwhile, and put it back; global luck begins at the same place each time.

    Parameters
    ----------
    loading : bool
        Whether modules are loaded meanwhile: libraries may set filters and error states then.
    """
    found = [one.read() for one in _SHARED]
    np.random.seed(1)
    random.seed(1)
    before = [one.read() for one in _SHARED]
    try:
        yield
    finally:
        for one, was, at_first in zip(_SHARED, before, found, strict=True):
            luck = one.mend == _ADDRESS
            if (luck or not loading) and one.read().value != was.value:
                note(Breach(one.what, one.mend, one.words))
            if luck or one.read().value != was.value:
                at_first.put_back()


@contextmanager
def moved_clock(asked: Callable[[], None]) -> Iterator[None]:
    """Move the clock that Python's `time` and `datetime` show to modules loaded meanwhile; tell who asks for it."""
    real, later = datetime.datetime, datetime.timedelta(seconds=LATER_S)
    kept = {name: getattr(time, name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")}

    def shown(name: str, place: int, step: int = 1) -> Callable[..., object]:
        def show(*given: object) -> object:
            asked()
            if name in ("time", "time_ns"):
                return kept[name]() + LATER_S * step
            moved = kept["localtime"](kept["time"]() + LATER_S) if name == "strftime" else kept["time"]() + LATER_S
            return kept[name](*(given if len(given) > place else (*given, moved)))

        return show

    class Kind(type):
        def __instancecheck__(cls, one: object) -> bool:
            return isinstance(one, cls.__mro__[1])

    class Datetime(datetime.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Self:
            asked()
            return cast(Self, real.now(tz) + later)

        @classmethod
        def today(cls) -> Self:
            return cls.now()

        @classmethod
        def utcnow(cls) -> Self:
            return cls.now(datetime.UTC).replace(tzinfo=None)

    class Date(datetime.date, metaclass=Kind):
        @classmethod
        def today(cls) -> Self:
            asked()
            return cast(Self, (real.now() + later).date())

    dates = datetime.datetime, datetime.date
    try:
        for name in kept:
            setattr(time, name, shown(name, int(name == "strftime"), 10**9 if name == "time_ns" else 1))
        datetime.datetime, datetime.date = Datetime, Date  # type: ignore[misc]  # put back below
        yield
    finally:
        for name, function in kept.items():
            setattr(time, name, function)
        datetime.datetime, datetime.date = dates  # type: ignore[misc]  # as they were

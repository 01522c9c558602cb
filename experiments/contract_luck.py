"""What all code in a process shares and a policy must leave as it is: global luck, error states, filters, the clock."""

import datetime
import decimal
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from experiments.contract_source import Breach

LATER_S = 200 * 86_400 + 19_027
"""Seconds by which the clock is moved: other month, day of the week, hour, and parity."""


class _Shared(NamedTuple):
    """One thing that is shared."""

    what: str
    words: tuple[str, ...]
    mend: str
    read: Callable[[], Any]
    put_back: Callable[[Any], Any]


def _put_filters_back(filters: Any) -> None:
    shared: Any = warnings.filters
    warnings.resetwarnings()  # what Python keeps of the filters is made anew
    shared[:] = filters


_ADDRESS = "Draw luck with view.uniform('a name'), one number for each customer."
_PLACES = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
_SHARED = (
    _Shared(
        "it draws from NumPy's global generator, or seeds it", ("np.random", "numpy.random", "random"), _ADDRESS,
        lambda: _plain(np.random.get_state(legacy=False)), lambda state: np.random.set_state(state),
    ),
    _Shared(
        "it draws from Python's global generator, or seeds it", ("random.", "random", "shuffle"), _ADDRESS,
        random.getstate, random.setstate,
    ),
    _Shared(
        "it changes NumPy's error state", ("seterr", "errstate"), "Write: with np.errstate(...):.",
        np.geterr, lambda state: np.seterr(**state),
    ),
    _Shared(
        "it changes the context of decimals", ("getcontext", "setcontext", "decimal"),
        "Write: with decimal.localcontext():.",
        lambda: {name: getattr(decimal.getcontext(), name) for name in _PLACES},
        lambda state: decimal.setcontext(decimal.Context(**state, traps=decimal.getcontext().traps)),
    ),
    _Shared(
        "it changes the filters of warnings", ("filterwarnings", "simplefilter", "warnings"),
        "Write: with warnings.catch_warnings():.", lambda: list(warnings.filters), _put_filters_back,
    ),
)  # fmt: skip


def _plain(state: Any) -> Any:
    """Return the state of NumPy's generator, its key as a tuple, so that it can be compared."""
    return {**state, "state": {**state["state"], "key": tuple(state["state"]["key"].tolist())}}


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
            if (luck or not loading) and one.read() != was:
                note(Breach(one.what, one.mend, one.words))
            if luck or one.read() != was:
                one.put_back(at_first)


@contextmanager
def moved_clock(asked: Callable[[], None]) -> Iterator[None]:
    """Move the clock that Python's `time` and `datetime` show to modules loaded meanwhile; tell who asks for it."""
    real, later = datetime.datetime, datetime.timedelta(seconds=LATER_S)
    kept = {name: getattr(time, name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")}

    def shown(name: str, place: int, step: int = 1) -> Callable[..., Any]:
        def show(*given: Any) -> Any:
            asked()
            if name in ("time", "time_ns"):
                return kept[name]() + LATER_S * step
            moved = kept["localtime"](kept["time"]() + LATER_S) if name == "strftime" else kept["time"]() + LATER_S
            return kept[name](*(given if len(given) > place else (*given, moved)))

        return show

    class Kind(type):
        def __instancecheck__(cls, one: Any) -> bool:
            return isinstance(one, cls.__mro__[1])

    class Datetime(datetime.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            asked()
            return real.now(tz) + later

        @classmethod
        def today(cls) -> Any:
            return cls.now()

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now(datetime.UTC).replace(tzinfo=None)

    class Date(datetime.date, metaclass=Kind):
        @classmethod
        def today(cls) -> Any:
            asked()
            return (real.now() + later).date()

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

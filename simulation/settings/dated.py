"""The months of a market with dates: which settings hold when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from tenure.simulation.values.schedule import Schedule, laid

Dated = TypeVar("Dated", bound=BaseModel)
MOST_KEPT = 64
"""Different months of a market that are kept at most: runs in threads may be in different months."""


@dataclass(frozen=True)
class Calendar(Generic[Dated]):
    """The schedules of a market, and the settings of the months that were asked for."""

    schedules: tuple[Schedule, ...] = ()
    _kept: dict[tuple[int, ...], Dated] = field(default_factory=dict, compare=False, repr=False)

    def at(self, market: Dated, month: int, plain: Callable[[Dated], Dated]) -> Dated:
        """Return what holds in a month: the same object as long as nothing changes.

        Parameters
        ----------
        market : model
            The settings with the first value of each schedule.
        month : int
            From the start.
        plain : callable
            Makes settings without dates of those given.
        """
        phase = tuple(one.phase(month) for one in self.schedules)
        if phase not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            now = plain(market)
            for one in self.schedules:
                now = laid(now, one.at, one.value(month))
            self._kept[phase] = now
        return self._kept[phase]

    def __reduce__(self) -> tuple[type["Calendar[Dated]"], tuple[tuple[Schedule, ...]]]:
        return type(self), (self.schedules,)

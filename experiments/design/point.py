"""One point of a design: the address of a run, as records, commands and messages give it."""

import re
from typing import NamedTuple

from tenure.experiments.config.documents import Value

Over = tuple[tuple[str, float | str], ...]
"""What is laid over the market, or an arm's settings, for one point: path of a number, as an experiment writes it
(``market.world.macro_mean``, ``arms.book.reward``), and the number, or a factor such as ``x0.7``."""
_FACTOR = re.compile(r"x[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?")


class Point(NamedTuple):
    """One run of a design, or, with an empty arm, the state before month 0 from which runs go on.

    Attributes
    ----------
    scenario : str
        What the world does; empty where the experiment has no scenarios.
    arm : str
        What we do.
    replication : int
        Number of the luck that all arms and scenarios share.
    over : tuple
        Numbers laid over the scenario's market, the same for all arms of a scenario and replication, and over the
        settings of the arm.
    """

    scenario: str
    arm: str
    replication: int
    over: Over = ()

    @property
    def label(self) -> str:
        """``ARM/REPLICATION``, with the scenario in front where there is one."""
        return "/".join(part for part in (self.scenario, self.arm, str(self.replication)) if part)

    @property
    def words(self) -> str:
        """``ARM, replication NUMBER``, with the scenario behind it where there is one."""
        return f"{self.arm}, replication {self.replication}" + (f", scenario {self.scenario}" if self.scenario else "")

    def address(self) -> list[Value]:
        """Return the point as a record holds it."""
        whole: list[Value] = [self.scenario, self.arm, self.replication]
        return [*whole, [[path, value] for path, value in self.over]] if self.over else whole


def point_at(address: object) -> Point | None:
    """Return the point that an entry of a record names; None if it names none."""
    if not isinstance(address, list) or len(address) not in (3, 4):
        return None
    scenario, arm, replication, *more = address
    if not (isinstance(scenario, str) and isinstance(arm, str) and _is_whole(replication)):
        return None
    try:
        return Point(scenario, arm, replication, over_told(more[0] if more else []))
    except ValueError:
        return None


def point_of(address: list[Value]) -> Point:
    """Return the point of an entry of a record, which was found to be one when it was read."""
    found = point_at(address)
    if found is None:
        raise ValueError(f"{address} names no run")
    return found


def labelled(text: str) -> Point | None:
    """Return the point of ``ARM/REPLICATION`` or ``SCENARIO/ARM/REPLICATION``; None for anything else.

    >>> labelled("book/3"), labelled("crisis/book/3").scenario, labelled("book")
    (Point(scenario='', arm='book', replication=3, over=()), 'crisis', None)
    """
    *names, replication = text.split("/")
    if len(names) not in (1, 2) or not all(names) or not (replication.isascii() and replication.isdecimal()):
        return None
    return Point(names[0] if len(names) == 2 else "", names[-1], int(replication))


def is_factor(text: str) -> bool:
    """Return whether a text is a factor, as it is laid over a point.

    >>> is_factor("x0.7"), is_factor("xx")
    (True, False)
    """
    return _FACTOR.fullmatch(text) is not None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def over_told(written: object) -> Over:
    """Return what is laid over a point, as a record holds it; ValueError if that is something else."""
    pairs: list[tuple[str, float | str]] = []
    for one in written if isinstance(written, list) else [None]:
        if not (isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)):
            raise ValueError(f"{one} is nothing that can be laid over a market")
        value = one[1]
        if isinstance(value, str) and is_factor(value):
            pairs.append((one[0], value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            pairs.append((one[0], value))
        else:
            raise ValueError(f"{one} is nothing that can be laid over a market")
    return tuple(pairs)

"""One point of a design: the address of a run, as records, commands and messages give it."""

from typing import NamedTuple

from tenure.experiments.config.documents import Value

Over = tuple[tuple[str, float], ...]
"""Numbers laid over the market for one point: path of a setting, such as ``world.macro_mean``, and its value."""


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
        Numbers laid over the scenario's market, the same for all arms of a scenario and replication.
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
    over = _over(more[0]) if more else ()
    return None if over is None else Point(scenario, arm, replication, over)


def labelled(text: str) -> Point | None:
    """Return the point of ``ARM/REPLICATION`` or ``SCENARIO/ARM/REPLICATION``; None for anything else.

    >>> labelled("book/3"), labelled("crisis/book/3").scenario, labelled("book")
    (Point(scenario='', arm='book', replication=3, over=()), 'crisis', None)
    """
    *names, replication = text.split("/")
    if len(names) not in (1, 2) or not all(names) or not (replication.isascii() and replication.isdecimal()):
        return None
    return Point(names[0] if len(names) == 2 else "", names[-1], int(replication))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _over(written: object) -> Over | None:
    pairs: list[tuple[str, float]] = []
    for one in written if isinstance(written, list) else [None]:
        if not (isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)):
            return None
        if isinstance(one[1], bool) or not isinstance(one[1], int | float):
            return None
        pairs.append((one[0], float(one[1])))
    return tuple(pairs)

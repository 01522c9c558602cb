"""What workers are given to do, and what becomes of it: plain data that can be sent to another process."""

from collections.abc import Mapping
from typing import NamedTuple

from tenure.experiments.config.documents import Value
from tenure.experiments.design.point import Point
from tenure.experiments.plugins.own_policies import PolicySource

MarketData = Mapping[str, Value]
"""A market as plain data, with the champion's policy for us."""


class Order(NamedTuple):
    """What all tasks of an experiment share."""

    folder: str
    market: MarketData
    """The market as the experiment has it."""
    scenarios: Mapping[str, MarketData]
    """Scenario, or level of one -> the market in it from month 0 on."""
    before: Mapping[str, MarketData]
    """Scenario, or level of one -> the market in which burn-in and warm-up are lived."""
    arms: Mapping[str, Mapping[str, "ArmPolicy"]]
    """Scenario, or level of one -> arm -> what is followed in it."""
    champion: str
    """The arm whose policy is followed in the warm-up."""
    resolved: Mapping[str, MarketData]
    """Scenario -> its market with every default written out, for the records of its runs."""
    people: int
    months: int
    warm_up_months: int
    burn_in_months: int
    seed: int
    engine: str
    own: tuple[PolicySource, ...]
    """Policy files of the user's own."""
    needs: Mapping[tuple[str, str], tuple[int, ...]]
    """Scenario and arm -> which of `own` its runs need; with the empty arm: the states before month 0."""
    behaviour: Mapping[str, Mapping[str, float]]
    """Behavioural rule of the user's own by which people live -> its own numbers."""
    record: Mapping[str, object]
    """What is written beside every run: the resolved experiment, versions, the hash of the sources."""

    def arm_at(self, point: Point) -> "ArmPolicy":
        """Return what is followed at a point; before month 0 the champion."""
        return self.arms[point.scenario][point.arm or self.champion]


class ArmPolicy(NamedTuple):
    """What an arm follows: the name and settings of its policy, and what is different about us from month 0 on."""

    policy: str
    settings: Mapping[str, object]
    us: Mapping[str, object]


class Task(NamedTuple):
    """One thing to do: a state before month 0 (its point has no arm), or a run from it."""

    name: str
    point: Point
    start: str
    """Name of the state that a run goes on from."""

    @property
    def is_run(self) -> bool:
        """Whether it is a run, no state."""
        return bool(self.point.arm)


class Done(NamedTuple):
    """What became of a task.

    Attributes
    ----------
    seconds : float
        That it took.
    error : str
        What went wrong, in one line; empty if nothing did.
    details : mapping, optional
        Of what went wrong: policy, file, line, month, trace.
    spoilt : bool
        The process is not as it was before; nothing more may be done in it.
    disk : tuple, optional
        Number, text and file of an error of the disk, which concerns every run.
    elsewhere : bool
        Another process did it.
    cpu_seconds : float
        Of the processor: what it takes on a machine that does nothing else.
    """

    seconds: float
    error: str = ""
    details: Mapping[str, object] | None = None
    spoilt: bool = False
    disk: tuple[int, str, str] | None = None
    elsewhere: bool = False
    cpu_seconds: float = 0.0

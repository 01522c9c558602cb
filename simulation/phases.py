"""The month: its phases in order. `LifecycleModel.step`, `tenure explain` and the benchmark all read this one list."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Phase(NamedTuple):
    """One phase of the month: the method that lives it, what it does, reads and writes."""

    name: str
    does: str
    reads: str
    writes: str


MONTH = (
    Phase("open", "newcomers enter; the common factor moves; the month's terms and offers hold", "market", "world"),
    Phase(
        "observe",
        "last month's signals become estimates and tags; from time to time acquisition learns from them",
        "signals",
        "beliefs, offers",
    ),
    Phase(
        "decide",
        "who learns is told what became of last month; each policy makes a plan; all see the same posted offers",
        "view",
        "plans",
    ),
    Phase(
        "guard",
        "eligibility, contact rule, budget: trimmed from the top, refusals counted; what is left is posted and sent",
        "plans",
        "contacts, offers",
    ),
    Phase(
        "live",
        "each person: contacts, products, payments, choice, stage; money posted",
        "person, contacts",
        "person, signals",
    ),
    Phase(
        "settle",
        "conservation asserted, books, purses and channels rolled forward; outcomes noted for who learns",
        "postings",
        "books",
    ),
    Phase("record", "observers are told what the month brought", "all", "recording"),
)


class Phases(Protocol):
    """What has a month: a method for each of its phases, and a number of the month."""

    month: int

    def open(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def observe(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def decide(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def guard(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def live(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def settle(self) -> None: ...  # noqa: D102  # each is told in MONTH
    def record(self) -> None: ...  # noqa: D102  # each is told in MONTH


def plainly(phase: Phase, work: Callable[[], None]) -> None:
    """Do the work of a phase."""
    work()


def one_month(market: Phases, around: Callable[[Phase, Callable[[], None]], None] = plainly) -> None:
    """Let a market live one month, phase by phase.

    Parameters
    ----------
    around : callable
        Given each phase and its work, which it has to do: to time it, or to look at what it changes.
    """
    for phase in MONTH:
        around(phase, getattr(market, phase.name))
    market.month += 1

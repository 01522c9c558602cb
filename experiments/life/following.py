"""Following one person: an observer that writes down what the model held of them, month by month."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import NEWS, QUADRANTS, SCOPES
from tenure.agents.person import GONE, STAGES
from tenure.policies.view import InstitutionView
from tenure.simulation.recording.observing import MonthFacts


@dataclass(frozen=True)
class Believed:
    """What we believed of the person: made of this month's signals when the next month begins, before we act."""

    scope: str
    stage: str
    quadrant: str
    default_per_year: float
    margin_per_year: float
    leave_per_year: float
    tags: dict[str, str]


@dataclass(frozen=True)
class Sent:
    """A treatment that the guard let through to the person."""

    institution: int
    treatment: int
    amount: float
    because: str


@dataclass(frozen=True, eq=False)
class Moment:
    """A month of the person as the model held it: at its end, and our record once we have heard of it.

    Attributes
    ----------
    month : int
    person, signal, truth : rows of PERSON, SIGNAL and TRUTH
    sent : tuple of Sent
    believed : Believed or None
        None: not in our files.
    news : str
        What our record was last changed by.
    """

    month: int
    person: np.void
    signal: np.void
    truth: np.void
    sent: tuple[Sent, ...] = ()
    believed: Believed | None = None
    news: str = ""


@dataclass
class Following:
    """An observer that writes down one person's months; the state when it begins comes first, if they are there."""

    person: int
    market: MonthFacts
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._note(self.market)

    def month(self, facts: MonthFacts) -> None:
        """Put our record beside the month that it was made of, and write down the month that was lived."""
        self.hear(facts.ours.view)
        self.market = facts
        self._note(facts)

    def hear(self, view: InstitutionView) -> None:
        """Put our record, as it was when a month began, beside the month before."""
        if self.moments:
            believed = _believed(view, self.person, self.market.settings.tag_history)
            self.moments[-1] = replace(self.moments[-1], believed=believed, news=_news(view, self.person))

    @property
    def is_over(self) -> bool:
        """Whether the person has left the market."""
        return bool(self.moments) and self.moments[-1].person["provider"] == GONE

    def _note(self, facts: MonthFacts) -> None:
        at = np.flatnonzero(facts.people["id"] == self.person)
        if len(at):
            row = int(at[0])
            truth, sent = facts.appraise(at)[0], tuple(_sent(facts, row))
            person, signal = facts.people[row].copy(), facts.signals[row].copy()
            self.moments.append(Moment(facts.month, person, signal, truth, sent))


def _believed(view: InstitutionView, person: int, schemes: tuple[str, ...]) -> Believed | None:
    """Return what is believed of a person; None of who is not in view."""
    found = _place(view, person)
    if not len(found):
        return None
    at, words = int(found[0]), view.schemes.words()
    codes = {name: int(view.column(name)[at]) for name in schemes if name in words}
    return Believed(
        SCOPES[view.scope[at]],
        STAGES[view.stage[at]],
        QUADRANTS[view.quadrant[at]],
        float(view.default_per_year[at]),
        float(view.margin_per_year[at]),
        float(view.leave_per_year[at]),
        {name: words[name][code] for name, code in codes.items() if code >= 0},
    )


def _news(view: InstitutionView, person: int) -> str:
    found = _place(view, person)
    return NEWS[int(view.field("news")[found[0]])] if len(found) else ""


def _place(view: InstitutionView, person: int) -> NDArray[np.int64]:
    return np.flatnonzero(view.person_id == person)


def _sent(facts: MonthFacts, row: int) -> Iterator[Sent]:
    """Give the treatments that institutions did to the person at a row."""
    for one in facts.conducts:
        listed, contacts = one.plan.treatments, one.allowed.contacts
        for hit in np.flatnonzero(one.rows == row).tolist():
            because = listed.reasons[int(listed.because[one.allowed.served[hit]])]
            contact = contacts[hit]
            yield Sent(one.index, int(contact["treatment"]), float(contact["amount"]), because)

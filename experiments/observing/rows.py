"""The rows that an observer of a user's own gives: asked for month by month, each of them checked."""

import math
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.export.column import TableColumn
from tenure.experiments.plugins.marks import OwnObserver
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.view import InstitutionView
from tenure.simulation.recording.observing import MonthFacts

if TYPE_CHECKING:
    import pandas as pd

MEND = "Give rows (measure, value) or (measure, key, value): a measure that it adds, and a finite number."
COLUMNS = (
    TableColumn("month", "whole", "months", "from the start of the run, 0 the first"),
    TableColumn("observer", "text", "", "who tells it"),
    TableColumn("measure", "text", "", "what it tells; its unit and meaning stand further down in the dictionary"),
    TableColumn("key", "text", "", "of what, where a measure has several values in a month; else empty"),
    TableColumn("value", "number", "that of the measure", "its number in that month"),
)
"""What an observer's rows have behind what says of which run they are."""
Result = TypeVar("Result")


class RowFault(ValueError):
    """What an observer gave is none of its rows; `mend` says what to do."""

    def __init__(self, what: str, mend: str = MEND) -> None:
        super().__init__(what)
        self.mend = mend


class ObservedRow(NamedTuple):
    """What an observer tells of a month; the key is empty where it gives none."""

    measure: str
    key: str
    value: float


Ask = Callable[[MonthFacts], object]


def made_anew(one: OwnObserver) -> Ask:
    """Return what is to be told of the months of one run: it gives what the observer gives, in a list."""
    month = one.made().month if isinstance(one.made, type) else one.made

    def ask(facts: MonthFacts) -> object:
        gave = month(facts)
        return list(gave) if isinstance(gave, Iterable) and not isinstance(gave, str | Mapping) else gave

    return ask


def rows_of(one: OwnObserver, gave: object) -> list[ObservedRow]:
    """Return the rows of a month, from what an observer gave.

    Raises
    ------
    RowFault
        If it is anything else than rows of what it adds, each measure and key once, with finite numbers.
    """
    if not isinstance(gave, list):
        raise RowFault(f"gives {gave!r:.60}, and rows are wanted")
    found: dict[tuple[str, str], ObservedRow] = {}
    for row in gave:
        made = _row(one, row)
        if made[:2] in found:
            of = f" of {made.key!r}" if made.key else ""
            raise RowFault(f"gives {made.measure!r}{of} twice in a month")
        found[made[:2]] = made
    return list(found.values())


def _row(one: OwnObserver, row: object) -> ObservedRow:
    if not isinstance(row, tuple) or len(row) not in (2, 3):
        raise RowFault(f"gives {row!r:.60}, which is no row")
    measure, key, value = (row[0], "", row[1]) if len(row) == 2 else row
    if not isinstance(measure, str) or measure not in one.adds:
        mend = f"Name it in `adds`, with unit and meaning.{did_you_mean(str(measure), one.adds)}"
        raise RowFault(f"gives {measure!r:.60}, which is not among what it adds", mend)
    if not isinstance(key, str | Integral):
        raise RowFault(f"gives {measure!r} of {key!r:.60}: a key is a text or a whole number")
    if not isinstance(value, Real) or not math.isfinite(value):
        raise RowFault(f"gives {value!r:.60} for {measure!r}, which is no finite number")
    return ObservedRow(measure, str(key), float(value))


def _told(one: OwnObserver, ask: Ask, facts: MonthFacts) -> list[ObservedRow]:
    return rows_of(one, ask(facts))


class Observing:
    """Writes down what some observers tell of the months of one run; put it into `model.observers`.

    Parameters
    ----------
    observers : sequence of OwnObserver
        Each is made anew.
    where : str
        Which run it is, for messages.

    Raises
    ------
    ConfigError
        With file and line, if one of them fails or gives something else than its rows.
    """

    def __init__(self, observers: Sequence[OwnObserver], where: str) -> None:
        self.where, self._rows = where, list[tuple[object, ...]]()
        self._asked = [(one, self._or_problem(one, "", partial(made_anew, one))) for one in observers]

    def columns(self) -> tuple[TableColumn, ...]:
        """Return the columns behind those that say of which run a row is."""
        return COLUMNS

    def month(self, facts: MonthFacts) -> None:
        """Ask every observer for its rows of a month."""
        for one, ask in self._asked:
            rows = self._or_problem(one, f", month {facts.month}", partial(_told, one, ask, facts))
            self._rows += [(facts.month, one.name, *row) for row in rows]

    def finish(self, view: InstitutionView) -> None:
        """Observers are told of months alone."""

    @property
    def rows_waiting(self) -> int:
        """How many rows `take` would return."""
        return len(self._rows)

    def take(self) -> "pd.DataFrame":
        """Return the rows since this was last asked, and forget them."""
        import pandas as pd

        rows, self._rows = self._rows, []
        return pd.DataFrame(rows, columns=[one.name for one in COLUMNS])

    def _or_problem(self, one: OwnObserver, when: str, call: Callable[[], Result]) -> Result:
        path, line = one.place
        try:
            return call()
        except RowFault as fault:
            what = f"the observer '{one.name}' {fault} ({self.where}{when})"
            raise ConfigError([Problem(path, line, 1, what, fault.mend)]) from None
        except Exception as error:
            frames = [step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == path]
            said = " ".join(str(error).split())
            what = f"the observer '{one.name}' fails, {type(error).__name__}: {said} ({self.where}{when})"
            mend = "Mend the line: it is told of every month of every run."
            raise ConfigError([Problem(path, (frames or [line])[-1] or line, 1, what, mend)]) from error

"""An observer of a user's own on trial: it watches a small market twice, and the market does not notice."""

import contextlib
from collections.abc import Callable
from functools import partial

from tenure.experiments.observing.rows import Ask, ObservedRow, RowFault, made_anew, rows_of
from tenure.experiments.plugins.marks import OwnObserver
from tenure.experiments.plugins.own_parts import OwnParts
from tenure.experiments.verification.contract.luck import moved_clock
from tenure.experiments.verification.contract.source import Breach
from tenure.experiments.verification.contract.trial import Trial
from tenure.experiments.verification.contract.views import small_market
from tenure.simulation.recording.observing import MonthFacts

PEOPLE, MONTHS = 300, 4
"""Of the market that it watches."""


def try_observer(name: str, fresh: Callable[[], OwnParts], trial: Trial) -> tuple[object, str]:
    """Let an observer watch a market, and another made anew the same one at another hour: both tell the same."""
    one = fresh().observers[name]
    line = trial.source.place(*one.place, 1)
    told, states = [], [_lived(None)]
    for later in (False, True):
        with moved_clock(lambda: None) if later else contextlib.nullcontext():
            watching = _Watching(fresh().observers[name], trial)
            states.append(_lived(watching))
        told.append(watching.rows)
    if repr(told[0]) != repr(told[1]):
        what = f"the observer '{name}' tells something else when it watches the same market again"
        mend = "Tell what the facts show: no luck, no clock, nothing kept from one run to the next."
        raise Breach(what, mend, at=line)
    if len(set(states)) > 1:
        what = f"the observer '{name}' changes the market that it watches"
        raise Breach(what, "Read the facts alone, and copy what you keep.", at=line)
    adds = ", ".join(f"{measure} ({unit})" if unit else measure for measure, (unit, _) in one.adds.items())
    return told[0], f"adds {adds}; {len(told[0]):,} rows in {MONTHS} months"


class _Watching:
    """Asks an observer month by month, whatever it does."""

    def __init__(self, one: OwnObserver, trial: Trial) -> None:
        self.one, self.trial, self.rows = one, trial, list[ObservedRow]()
        self.ask: Ask = trial.guarded(one.name, "", partial(made_anew, one))

    def month(self, facts: MonthFacts) -> None:
        """Ask it for its rows."""
        gave = self.trial.guarded(self.one.name, f"month {facts.month}", partial(self.ask, facts))
        try:
            self.rows += rows_of(self.one, gave)
        except RowFault as fault:
            at = self.trial.source.place(*self.one.place, 1)
            raise Breach(f"the observer '{self.one.name}' {fault}", fault.mend, at=at) from None


def _lived(watching: _Watching | None) -> str:
    """Return what a small market has become."""
    model = small_market("default", 1, PEOPLE, 0)
    if watching is not None:
        model.observers.append(watching)
    for _ in range(MONTHS):
        model.step()
    return repr({name: values.tolist() for name, values in model.state().items()})

"""Panels of the runs of an experiment: whose, and as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.held_shares import hold_shares
from tenure.experiments.panel.observer import PanelObserver
from tenure.experiments.reliving.files import TableOfLives
from tenure.experiments.reliving.runs import Called, RelivedRuns, RunsAsked, ToRelive

if TYPE_CHECKING:
    import pandas as pd

PANEL = TableOfLives(
    "panel",
    "panel",
    "Simulated people. Columns that begin with truth_ hold what no institution has; signal_ is what the month showed "
    "the provider, did_ what we did, belief_ what we made of the month when the next one began, before we decided.",
)


class PanelSettings(NamedTuple):
    """Whose panel it is.

    Attributes
    ----------
    arms : tuple of str
        By default all.
    scenario : str
        By default the first.
    replication : int
    people : int
        Of those in the market before month 0; who enters later is followed at the same rate.
    """

    arms: tuple[str, ...] = ()
    scenario: str = ""
    replication: int = 0
    people: int = 1000

    def runs_of(self, of: ToRelive) -> RelivedRuns:
        """Return the runs that the panel is made of; `ValueError` if there is no such arm, scenario or replication."""
        scenario = self.scenario or of.experiment.scenarios[0].name
        return RelivedRuns(of, RunsAsked(self.arms, (scenario,), (self.replication,)))

    @property
    def witness(self) -> Called:
        """Makes the observer of a run."""
        return lambda model, parts, point: PanelObserver(model.facts(), model.luck, self.people)


def panel_frame(
    experiment: Experiment,
    arms: Sequence[str] = (),
    scenario: str = "",
    replication: int = 0,
    people: int = 1000,
) -> "pd.DataFrame":
    """Live runs of an experiment and return their panel: a row for each person and month of a sample.

    Parameters
    ----------
    experiment : Experiment
        From `load_experiment`.
    arms : sequence of str
        By default all; each has the same people.
    scenario : str
        By default the first.
    replication : int
    people : int
        Of those in the market before month 0; who enters later is followed at the same rate.

    Returns
    -------
    DataFrame
        Columns scenario, factors, arm, replication, person, month; those that begin with ``truth_`` hold what no
        institution knows, ``signal_`` what the month showed the provider, ``did_`` what we did, ``belief_`` what we
        made of it. Money is in the market's currency.

    Raises
    ------
    ValueError
        If there is no such arm, scenario or replication, or people live by rules of a user's own.
    """
    import pandas as pd

    settings = PanelSettings(tuple(arms), scenario, replication, people)
    runs = settings.runs_of(ToRelive(hold_shares(experiment)[0]))
    return pd.concat(map(runs.keyed, runs.parts(settings.witness, lambda: None)), ignore_index=True)

"""What a report reads of an experiment: the recorded rows by measure, and what they come to.

Rows are those of the own institution, but for the few measures by which a market is told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from tenure.agents.ledger import LINES as LINES
from tenure.agents.person import STAGES as STAGES
from tenure.experiments.analysis.market.standing import NOT_INSTITUTIONS
from tenure.experiments.analysis.metric import DECLARED_IN
from tenure.experiments.analysis.metrics import RETURNS, STANDARD_METRICS
from tenure.experiments.analysis.recorded_run import FloatArray, rates_of
from tenure.experiments.analysis.statistics import Comparison
from tenure.experiments.store.record_shape import EraRecord
from tenure.experiments.store.store import PEOPLE, read_measures
from tenure.simulation.recording.measures import MEASURES as DECLARED

if TYPE_CHECKING:
    from tenure.experiments.analysis.why.answer import Why
    from tenure.experiments.report.means import Limited
    from tenure.experiments.store.results import Results

QUADRANTS = ("low_risk_high_return", "low_risk_low_return", "high_risk_high_return", "high_risk_low_return")
"""In the order in which they are shown."""
CAUSES = ("poached", "own_reasons", "involuntary", "settled", "charged_off", "ended")
"""In the order in which they are shown."""
MEASURES = (
    *(name for name in DECLARED if not name.startswith(PEOPLE) and "{" not in name),
    "migration/quadrant/true/heads",
    "migration/quadrant/believed/heads",
)
"""What a report reads: all that is recorded but people one by one, and of migration that of the quadrants."""
OF_MARKET = ("customers", "joiners", "ledger", "reach", "posted_price", "poaching_offer", "flows", "won_back")
"""Measures that a report reads of all institutions."""


class NotRecordedError(ValueError):
    """The recordings do not hold what a figure needs."""


class RowsByMeasure(Mapping[str, pd.DataFrame]):
    """Rows cut by measure; words are held as categories, and given as words to whoever asks for a measure.

    Parameters
    ----------
    rows : DataFrame
        With a column measure.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self._parts = {str(name): part for name, part in rows.groupby("measure", sort=False, observed=True)}

    def __getitem__(self, measure: str) -> pd.DataFrame:
        part = self._parts[measure]
        words = {
            name: kind.categories.dtype for name, kind in part.dtypes.items() if isinstance(kind, pd.CategoricalDtype)
        }
        return part.astype(words) if words else part

    def __contains__(self, measure: object) -> bool:
        return measure in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True)
class Recordings:
    """The recordings of an experiment, cut by measure.

    Attributes
    ----------
    champion : str
        The arm that the others are compared with.
    arms : tuple of str
        All arms, the champion first.
    rows : mapping
        Measure to its rows, own institution only: arm, replication, month, a, b, value.
    values : DataFrame or None
        Metrics of the runs: arm, replication, metric, value. None if they were not worked out.
    comparisons : tuple of Comparison
        Arms against the champion, metric by metric.
    splits : tuple of float or None
        Where the quadrants part: default probability in 12 months, margin a year. None if not known.
    metrics : tuple of str
        Those to show, in the order of their columns.
    pairs : DataFrame or None
        Who gains and who is harmed, from `tenure.experiments.analysis.worked_out.figures`.
    oracles : tuple of str
        Arms that are shown the truth, which no institution can be.
    eras : tuple of EraRecord
        Changes of the world and of rivals in every arm, which figures over time mark.
    currency : str
        What money is named in.
    also_does : mapping
        What is spent -> arm -> what it does otherwise than the champion beside that, from
        `tenure.experiments.analysis.acts`.
    weights : array or None
        What money of each month is worth at the beginning of the run,
        `tenure.experiments.analysis.recorded_run.Rates.weights`; None if later money is not discounted.
    market : mapping
        Measure of `OF_MARKET` to its rows of all institutions, with the institution.
    uncertain : tuple of str
        What was drawn anew for each replication, or each few.
    decided : bool
        Whether the first metric is the one that the experiment is decided on.
    whys : mapping
        Arm to what its difference from the champion is made of; empty where it was not asked, or is not known.
    whys_unsaid : str
        Why some arm has no such answer.
    why_command : str
        The command that answers for one arm; its name is to follow.
    limited : mapping
        Arm to what there is of money and capacity in a month, from `tenure.experiments.report.means`.
    """

    champion: str
    arms: tuple[str, ...]
    rows: Mapping[str, pd.DataFrame]
    values: pd.DataFrame | None = None
    comparisons: tuple[Comparison, ...] = ()
    splits: tuple[float, float] | None = None
    metrics: tuple[str, ...] = STANDARD_METRICS
    pairs: pd.DataFrame | None = None
    oracles: tuple[str, ...] = ()
    eras: tuple[EraRecord, ...] = ()
    currency: str = DECLARED_IN
    also_does: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    weights: FloatArray | None = None
    market: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    uncertain: tuple[str, ...] = ()
    decided: bool = True
    whys: "Mapping[str, Why]" = field(default_factory=dict)
    whys_unsaid: str = ""
    why_command: str = "tenure why DIR"
    limited: "Mapping[str, Limited]" = field(default_factory=dict)

    @cached_property
    def institutions(self) -> tuple[str, ...]:
        """All institutions, our own first; none where the market was not recorded."""
        customers = self.market.get("customers")
        if customers is None:
            return ()
        names = [str(one) for one in customers["institution"].unique() if one not in NOT_INSTITUTIONS]
        return (*(one for one in names if one == self.us), *(one for one in names if one != self.us))

    @cached_property
    def us(self) -> str:
        """Our own institution; empty where nothing of it was recorded."""
        return "" if "customers_by_cell" not in self.rows else str(self.rows["customers_by_cell"]["institution"].iat[0])

    def of_all(self, measure: str) -> pd.DataFrame:
        """Give the rows of a measure of all institutions.

        Raises
        ------
        NotRecordedError
            If there are none.
        """
        if measure not in self.market:
            raise NotRecordedError(f"the recordings have no rows of {measure!r}")
        return self.market[measure]

    @property
    def others(self) -> tuple[str, ...]:
        """All arms but the champion."""
        return self.arms[1:]

    def of(self, measure: str) -> pd.DataFrame:
        """Give the rows of a measure.

        Raises
        ------
        NotRecordedError
            If there are none.
        """
        if measure not in self.rows:
            raise NotRecordedError(f"the recordings have no rows of {measure!r}")
        return self.rows[measure]


def read_recordings(
    runs: pd.DataFrame,
    champion: str,
    arms: Sequence[str],
    values: pd.DataFrame | None = None,
    comparisons: Iterable[Comparison] = (),
    splits: tuple[float, float] | None = None,
    metrics: Sequence[str] = STANDARD_METRICS,
    pairs: pd.DataFrame | None = None,
    oracles: Sequence[str] = (),
    currency: str = DECLARED_IN,
    also_does: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
    weights: FloatArray | None = None,
    eras: Sequence[EraRecord] = (),
    uncertain: Sequence[str] = (),
) -> Recordings:
    """Cut the long rows of an experiment by measure.

    Parameters
    ----------
    runs : DataFrame
        Columns measure, month, institution, a, b, value, arm, replication. The own institution is the one whose
        customers are counted by cell; rows of the others are left out but for `OF_MARKET`.
    champion : str
        One of `arms`.
    arms : sequence of str
        The arms in the order to show; the champion is put first.
    values : DataFrame, optional
        Metrics of the runs: arm, replication, metric, value.
    comparisons : iterable of Comparison
        From `tenure.experiments.analysis.statistics.compare`.
    splits : tuple of float, optional
        Where the quadrants part: default probability in 12 months, margin a year.
    metrics : sequence of str
        Those to show.
    pairs, oracles, currency, also_does, weights, eras, uncertain
        As in `Recordings`; no pairs and an empty table of them are the same.

    Raises
    ------
    ValueError
        If a column is missing, the champion is not an arm, or an arm has no rows.
    """
    wanted = ("measure", "month", "institution", "a", "b", "value", "arm", "replication")
    missing = [name for name in wanted if name not in runs.columns]
    if missing:
        raise ValueError(f"the recordings lack the columns {missing}; they need {list(wanted)}")
    if champion not in arms:
        raise ValueError(f"the champion {champion!r} is not an arm; the arms are {list(arms)}")
    order = (champion, *(arm for arm in arms if arm != champion))
    absent = [arm for arm in order if arm not in set(runs["arm"].unique())]
    if absent:
        raise ValueError(f"no rows of arm {absent[0]!r}; run it first, or leave it out of the report")
    institutions = runs.loc[runs["measure"] == "customers_by_cell", "institution"].unique()
    own = runs[runs["institution"].isin([*institutions, ""]) & runs["arm"].isin(order)]
    every = runs[runs["measure"].isin(OF_MARKET) & runs["arm"].isin(order)]
    there = None if pairs is None or pairs.empty else pairs[pairs["arm"].isin(order)]
    seeing = tuple(arm for arm in order if arm in oracles)
    return Recordings(
        champion=champion,
        arms=order,
        rows=RowsByMeasure(own),
        values=values,
        comparisons=tuple(comparisons),
        splits=splits,
        metrics=tuple(metrics),
        pairs=there,
        oracles=seeing,
        eras=tuple(eras),
        currency=currency,
        also_does=also_does or {},
        weights=weights,
        market=RowsByMeasure(every),
        uncertain=tuple(uncertain),
    )


def recordings_of(results: "Results", measures: Sequence[str] = MEASURES) -> Recordings:
    """Return what was recorded in the runs that are there of an experiment, and what it comes to.

    Parameters
    ----------
    results : Results
        As stored.
    measures : sequence of str
        Of which the rows are read; none where a table of effects is all that is wanted, which takes no rows.

    Raises
    ------
    ValueError
        If rows are read and there are no runs of the champion.
    """
    shown = tuple(str(name) for name in results.about["metrics"])
    also_does = results.also_does if RETURNS.keys() & set(shown) else {}
    uncertain = [str(name) for name in results.draws().columns if name != "draw"]
    if not measures:
        order = (results.champion, *(arm for arm in results.arms if arm != results.champion))
        return Recordings(
            champion=results.champion,
            arms=order,
            rows={},
            values=results.metrics(),
            metrics=shown,
            comparisons=tuple(results.comparisons()),
            pairs=None if results.pairs.empty else results.pairs,
            oracles=results.oracles,
            currency=results.currency,
            also_does=also_does,
            uncertain=tuple(uncertain),
            decided=results.decided,
        )
    market = results.about["market"]
    splits = (float(market["quadrants"]["risk"]["split"]), float(market["quadrants"]["return"]["split"]))
    there = {one.arm for one in results.known.values()}
    found = read_recordings(
        read_measures(results.folder, results.names, measures, coded=True),
        results.champion,
        [arm for arm in results.arms if arm in there],
        results.metrics(),
        results.comparisons(),
        splits,
        shown,
        results.pairs,
        results.oracles,
        results.currency,
        also_does,
        rates_of(market)(int(results.about["months"])).weights,
        results.about.get("eras", ()),
        uncertain,
    )
    return replace(found, decided=results.decided)

"""What came out of an experiment, arm by arm: shares, migration, time in stages, attrition, profit by line.

Everything here reads the tidy rows of the recordings and keeps one value per replication, so that each
average has its interval and each difference from the champion is paired.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from experiments.metrics import DECLARED_IN, STANDARD_METRICS
from experiments.statistics import Comparison, dunnett_half_widths, t_half_widths

STAGES = ("acquisition", "growth", "maturity", "decline")
QUADRANTS = ("low_risk_high_return", "low_risk_low_return", "high_risk_high_return", "high_risk_low_return")
CAUSES = ("poached", "own_reasons", "settled", "charged_off", "ended")
LINES = ("interest", "fees", "deposit_margin", "funding", "servicing", "treatment", "acquisition", "credit_loss",
         "recovery", "capital_charge")  # fmt: skip
MEASURES = (
    "customers_by_cell", "credit_balance_by_cell", "stage_moves", "migration/quadrant/true/heads",
    "migration/quadrant/believed/heads", "reliability_people", "reliability_predicted", "reliability_happened",
    "score_people", "score_auc", "score_brier", "tag_error", "tag_error_people", "risk_error", "risk_error_expected",
    "risk_error_people", "markov_order", "lookalike", "leavers", "ledger", "metric", "plane_risk", "plane_return",
    "funnel", "treatments", "policy_notes",
)  # fmt: skip
"""The measures that a report reads."""
Tables = dict[str, pd.DataFrame]
"""Arm to a table with a row per replication and a column per thing measured."""


class Estimate(NamedTuple):
    """An average over replications and half its 95% interval (nan with one replication)."""

    mean: float
    half_width: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves 0 out; False if it is not known."""
        return bool(abs(self.mean) > self.half_width)


class NotRecordedError(ValueError):
    """The recordings do not hold what a figure needs."""


@dataclass(frozen=True)
class Outcomes:
    """The recordings of an experiment, cut by measure, own institution only.

    Attributes
    ----------
    champion : str
        The arm that the others are compared with.
    arms : tuple of str
        All arms, the champion first.
    rows : mapping
        Measure to its rows: arm, replication, month, a, b, value.
    comparisons : tuple of Comparison
        Arms against the champion, metric by metric.
    splits : tuple of float or None
        Where the quadrants part: default probability in 12 months, margin a year. None if not known.
    metrics : tuple of str
        Those to show, in the order of their columns.
    pairs : DataFrame or None
        Who gains and who is harmed, from `experiments.worked_out.figures`.
    oracles : tuple of str
        Arms that are shown the truth, which no institution can be.
    currency : str
        What money is named in.
    also_does : mapping
        What is spent -> arm -> what it does otherwise than the champion beside that, from `experiments.acts`.
    """

    champion: str
    arms: tuple[str, ...]
    rows: Mapping[str, pd.DataFrame]
    comparisons: tuple[Comparison, ...] = ()
    splits: tuple[float, float] | None = None
    metrics: tuple[str, ...] = STANDARD_METRICS
    pairs: pd.DataFrame | None = None
    oracles: tuple[str, ...] = ()
    currency: str = DECLARED_IN
    also_does: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

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


def read_outcomes(
    runs: pd.DataFrame,
    champion: str,
    arms: Sequence[str],
    comparisons: Iterable[Comparison] = (),
    splits: tuple[float, float] | None = None,
    metrics: Sequence[str] = STANDARD_METRICS,
    pairs: pd.DataFrame | None = None,
    oracles: Sequence[str] = (),
    currency: str = DECLARED_IN,
    also_does: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
) -> Outcomes:
    """Cut the long rows of an experiment by measure.

    Parameters
    ----------
    runs : DataFrame
        Columns measure, month, institution, a, b, value, arm, replication. The own institution is the one whose
        customers are counted by cell; rows of the others are left out.
    champion : str
        One of `arms`.
    arms : sequence of str
        The arms in the order to show; the champion is put first.
    comparisons : iterable of Comparison
        From `experiments.statistics.compare`.
    splits : tuple of float, optional
        Where the quadrants part: default probability in 12 months, margin a year.
    metrics : sequence of str
        Those to show.
    pairs, oracles, currency, also_does
        As in `Outcomes`; no pairs and an empty table of them are the same.

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
    rows = {str(name): part for name, part in own.groupby("measure", sort=False, observed=True)}
    there = None if pairs is None or pairs.empty else pairs[pairs["arm"].isin(order)]
    seeing = tuple(arm for arm in order if arm in oracles)
    return Outcomes(champion, order, rows, tuple(comparisons), splits, tuple(metrics), there, seeing, currency,
                    also_does or {})  # fmt: skip


def average(table: pd.DataFrame) -> pd.DataFrame:
    """Average each column over replications.

    Parameters
    ----------
    table : DataFrame, shape (replications, things)
        Rows without a value make the result nan.

    Returns
    -------
    DataFrame, shape (things, 2)
        Columns mean and half_width, that of Student's 95% interval; in the unit of `table`.
    """
    values = table.to_numpy(dtype=np.float64)
    mean = values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)
    return pd.DataFrame({"mean": mean, "half_width": t_half_widths(values)}, index=table.columns)


def paired(champion: pd.DataFrame, arm: pd.DataFrame) -> pd.DataFrame:
    """Average `arm` less `champion`, replication by replication; shape and columns as `average`."""
    common = champion.index.intersection(arm.index)
    columns = champion.columns.union(arm.columns, sort=False)
    base = champion.reindex(index=common, columns=columns)
    return average(arm.reindex(index=common, columns=columns) - base)


def estimate(averages: pd.DataFrame, thing: object) -> Estimate:
    """Take one row of `average` or `paired`."""
    row = averages.loc[thing]
    return Estimate(float(row["mean"]), float(row["half_width"]))


def against_champion(outcomes: Outcomes, values: Mapping[str, "pd.Series[float]"]) -> dict[str, Estimate]:
    """Compare every other arm with the champion on one number.

    Parameters
    ----------
    outcomes : Outcomes
        The experiment.
    values : mapping
        Arm to its value by replication.

    Returns
    -------
    dict
        Arm to the average paired difference. The intervals hold for all arms at once (Dunnett), so that an
        arm may be picked out for being the furthest. Only replications that all arms have are used.
    """
    if not outcomes.others:
        return {}
    together = pd.concat({arm: values[arm] for arm in outcomes.arms}, axis=1, join="inner").dropna()
    apart = together[list(outcomes.others)].sub(together[outcomes.champion], axis=0).to_numpy(dtype=np.float64)
    means = apart.mean(axis=0) if len(apart) else np.full(apart.shape[1], np.nan)
    ends = zip(outcomes.others, means, dunnett_half_widths(apart), strict=True)
    return {arm: Estimate(float(mean), float(half_width)) for arm, mean, half_width in ends}


def shares_over_time(outcomes: Outcomes, measure: str, by: Literal["stage", "quadrant"]) -> Tables:
    """Share of each stage or quadrant in a measure, at the end of each month.

    Parameters
    ----------
    outcomes : Outcomes
        The experiment.
    measure : str
        ``customers_by_cell``, ``credit_balance_by_cell`` or ``deposit_balance_by_cell``.
    by : {'stage', 'quadrant'}
        What to cut by.

    Returns
    -------
    Tables
        Columns (category, month), month -1 is the start; fractions that sum to 1 over the categories.
    """
    column, order = ("a", STAGES) if by == "stage" else ("b", QUADRANTS)
    cells = outcomes.of(measure).groupby(["arm", "replication", "month", column], observed=True)["value"].sum()
    wide = cells.unstack(column).reindex(columns=list(order)).fillna(0.0)
    shares = wide.div(wide.sum(axis=1).replace(0.0, np.nan), axis=0).fillna(0.0)
    return _by_arm(outcomes, shares.unstack("month"))


def migration(outcomes: Outcomes) -> Tables:
    """Chance of being in each quadrant 12 months on.

    Returns
    -------
    Tables
        Columns (from, to), from has also ``new`` (joined in between), to has also ``left``; fractions that
        sum to 1 over to, nan where nobody was in from.
    """
    moves = (
        outcomes.of("migration/quadrant/true/heads")
        .groupby(["arm", "replication", "a", "b"], observed=True)["value"]
        .sum()
    )
    wide = moves.unstack("b").reindex(columns=[*QUADRANTS, "left"]).fillna(0.0)
    chances = wide.div(wide.sum(axis=1).replace(0.0, np.nan), axis=0)
    table = chances.unstack("a").swaplevel(axis=1)
    columns = pd.MultiIndex.from_product([[*QUADRANTS, "new"], [*QUADRANTS, "left"]])
    return _by_arm(outcomes, table.reindex(columns=columns))


def months_apart(moves: pd.DataFrame) -> int:
    """Return the months over which migration was counted; the first count ends that long after month 0."""
    return int(moves["month"].min())


def expected_months_in_stage(moves: pd.DataFrame, start: str = "acquisition") -> pd.Series:
    """Months that a customer who begins in `start` spends in each stage before leaving.

    Parameters
    ----------
    moves : DataFrame, shape (stages, stages and ``gone``)
        Customers counted by stage at the beginning of a month (rows) and at its end (columns), pooled over
        months; staying in a stage counts too.
    start : str
        Stage of a new customer.

    Returns
    -------
    Series
        Months by stage, the one in which the customer begins included.

    Raises
    ------
    ValueError
        If nobody was in `start`, no stay is counted, or from some stage nobody ever leaves.

    Notes
    -----
    Row `start` of the fundamental matrix (I - Q)^-1 of an absorbing Markov chain (Kemeny & Snell 1960, Finite
    Markov Chains, ch. 3), Q the monthly chances between stages.

    >>> moves = pd.DataFrame({"growth": [3.0], "gone": [1.0]}, index=["growth"])
    >>> float(expected_months_in_stage(moves, "growth")["growth"])
    4.0
    """
    counts = moves.fillna(0.0)
    counts = counts[counts.sum(axis=1) > 0.0]
    stages = list(counts.index)
    if start not in stages:
        raise ValueError(f"nobody began a month in stage {start!r}, so its chances are not known")
    within = counts.reindex(columns=stages).fillna(0.0).to_numpy(dtype=np.float64)
    if not np.diagonal(within).any():
        raise ValueError("stage_moves counts no stay (from and to the same); count stays as well as moves")
    chances = within / counts.sum(axis=1).to_numpy(dtype=np.float64)[:, None]
    stuck = [stage for stage, chance in zip(stages, _chance_to_leave(chances), strict=True) if chance <= 0.0]
    if stuck:
        raise ValueError(f"nobody ever leaves from stage {stuck[0]!r}, so the months in it have no end")
    begin = np.array([1.0 if stage == start else 0.0 for stage in stages])
    months = np.linalg.solve(np.eye(len(stages)) - chances.T, begin)
    return pd.Series(months, index=stages).reindex(moves.index).fillna(0.0)


def stage_months(outcomes: Outcomes) -> Tables:
    """Give the expected months in each stage by replication, all months pooled (`expected_months_in_stage`).

    Raises
    ------
    NotRecordedError
        If some replication's moves do not give them.
    """
    moves = outcomes.of("stage_moves").groupby(["arm", "replication", "a", "b"], observed=True)["value"].sum()
    wide = moves.unstack("b")
    rows: dict[object, pd.Series] = {}
    for key, part in wide.groupby(level=[0, 1], observed=True):
        try:
            rows[key] = expected_months_in_stage(part.droplevel([0, 1]).reindex(list(STAGES)))
        except ValueError as error:
            raise NotRecordedError(f"arm {key[0]}, replication {key[1]}: {error}") from error
    return _by_arm(outcomes, pd.DataFrame(rows).T.rename_axis(["arm", "replication"]))


def attrition(outcomes: Outcomes) -> Tables:
    """Give the customers who leave in a year, by cause, as a fraction of the customers at risk.

    Returns
    -------
    Tables
        Columns are causes. Leavers of the whole run over customer years, which are counted at the
        beginning of each month.
    """
    leavers = outcomes.of("leavers").groupby(["arm", "replication", "a"], observed=True)["value"].sum()
    book = outcomes.of("customers_by_cell")
    at_risk = book[book["month"] < book["month"].max()]
    years = at_risk.groupby(["arm", "replication"], observed=True)["value"].sum() / 12.0
    wide = leavers.unstack("a").reindex(columns=list(CAUSES)).fillna(0.0)
    return _by_arm(outcomes, wide.div(years, axis=0))


def profit_by_line(outcomes: Outcomes) -> Tables:
    """Money per customer at the start over the whole run, by ledger line, with the closing value as the last.

    Returns
    -------
    Tables
        Columns are ledger lines, signed from the institution's view, then ``closing_value``; replications without
        a customer at the start are left out, and `NotRecordedError` says so where none is left.
    """
    book = outcomes.of("customers_by_cell")
    start = book[book["month"] == -1].groupby(["arm", "replication"], observed=True)["value"].sum()
    start = start[start > 0]
    if start.empty:
        raise NotRecordedError("nobody is a customer at the start, so nothing can be told per customer")
    ledger = outcomes.of("ledger").groupby(["arm", "replication", "a"], observed=True)["value"].sum()
    wide = ledger.unstack("a").reindex(index=start.index, columns=list(LINES)).fillna(0.0).div(start, axis=0)
    value = metric_values(outcomes)
    wide["closing_value"] = value["profit_per_customer"] - value["profit_before_closing_per_customer"]
    return _by_arm(outcomes, wide)


def metric_values(outcomes: Outcomes) -> pd.DataFrame:
    """Metrics by run: rows (arm, replication), a column per metric.

    Raises
    ------
    NotRecordedError
        If the recordings have no metrics.
    """
    rows = outcomes.of("metric")
    table: pd.DataFrame = rows.pivot(index=["arm", "replication"], columns="a", values="value")
    return table


def _by_arm(outcomes: Outcomes, table: pd.DataFrame) -> Tables:
    """Part a table with rows (arm, replication) by arm."""
    return {arm: table.xs(arm, level="arm").sort_index() for arm in outcomes.arms}


def _chance_to_leave(chances: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[float]:
    """Bound below, by stage, on the chance to be gone within as many months as there are stages."""
    leave = 1.0 - chances.sum(axis=1)
    leave[leave < 1e-12] = 0.0
    gone = leave.copy()
    for _ in range(len(leave)):
        gone = leave + chances @ gone
    return [float(chance) for chance in gone]

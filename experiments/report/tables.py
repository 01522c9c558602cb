"""Tables of what came out, arm by arm: shares, migration, time in stages, attrition, profit by line.

All of them are made of the tidy rows of the recordings and keep one value per replication, so that each average has
its interval and each difference from the champion is paired.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.recorded_run import FloatArray
from tenure.experiments.analysis.statistics import family_intervals, t_half_widths
from tenure.experiments.report.recordings import CAUSES, LINES, QUADRANTS, STAGES, NotRecordedError, Recordings

Tables = dict[str, pd.DataFrame]
"""Arm to a table with a row per replication and a column per thing measured."""


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


def average_of(averages: pd.DataFrame, thing: object) -> Average:
    """Take one row of `average` or `paired`."""
    row = averages.loc[thing]
    return Average.even(float(row["mean"]), float(row["half_width"]))


def against_champion(recordings: Recordings, values: Mapping[str, "pd.Series[float]"]) -> dict[str, Average]:
    """Compare every other arm with the champion on one number.

    Parameters
    ----------
    recordings : Recordings
        The experiment.
    values : mapping
        Arm to its value by replication.

    Returns
    -------
    dict
        Arm to the average paired difference. The intervals hold for all arms at once (Dunnett), so that an
        arm may be picked out for being the furthest. Only replications that all arms have are used.
    """
    if not recordings.others:
        return {}
    together = pd.concat({arm: values[arm] for arm in recordings.arms}, axis=1, join="inner").dropna()
    apart = together[list(recordings.others)].sub(together[recordings.champion], axis=0).to_numpy(dtype=np.float64)
    means = apart.mean(axis=0) if len(apart) else np.full(apart.shape[1], np.nan)
    found = zip(recordings.others, means, *family_intervals(apart), strict=True)
    return {arm: Average(float(mean), float(low), float(high)) for arm, mean, low, high in found}


def shares_over_time(recordings: Recordings, measure: str, by: Literal["stage", "quadrant"]) -> Tables:
    """Share of each stage or quadrant in a measure, at the end of each month.

    Parameters
    ----------
    recordings : Recordings
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
    cells = recordings.of(measure).groupby(["arm", "replication", "month", column], observed=True)["value"].sum()
    wide = cells.unstack(column).reindex(columns=list(order)).fillna(0.0)
    shares = wide.div(wide.sum(axis=1).replace(0.0, np.nan), axis=0).fillna(0.0)
    return _by_arm(recordings, shares.unstack("month"))


def migration(recordings: Recordings) -> Tables:
    """Chance of being in each quadrant 12 months on.

    Returns
    -------
    Tables
        Columns (from, to), from has also ``new`` (joined in between), to has also ``left``; fractions that
        sum to 1 over to, nan where nobody was in from.
    """
    moves = (
        recordings.of("migration/quadrant/true/heads")
        .groupby(["arm", "replication", "a", "b"], observed=True)["value"]
        .sum()
    )
    wide = moves.unstack("b").reindex(columns=[*QUADRANTS, "left"]).fillna(0.0)
    chances = wide.div(wide.sum(axis=1).replace(0.0, np.nan), axis=0)
    table = chances.unstack("a").swaplevel(axis=1)
    columns = pd.MultiIndex.from_product([[*QUADRANTS, "new"], [*QUADRANTS, "left"]])
    return _by_arm(recordings, table.reindex(columns=columns))


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


def stage_months(recordings: Recordings) -> Tables:
    """Give the expected months in each stage by replication, all months pooled (`expected_months_in_stage`).

    Raises
    ------
    NotRecordedError
        If some replication's moves do not give them.
    """
    moves = recordings.of("stage_moves").groupby(["arm", "replication", "a", "b"], observed=True)["value"].sum()
    wide = moves.unstack("b")
    rows: dict[object, pd.Series] = {}
    for key, part in wide.groupby(level=[0, 1], observed=True):
        try:
            rows[key] = expected_months_in_stage(part.droplevel([0, 1]).reindex(list(STAGES)))
        except ValueError as error:
            raise NotRecordedError(f"arm {key[0]}, replication {key[1]}: {error}") from error
    return _by_arm(recordings, pd.DataFrame(rows).T.rename_axis(["arm", "replication"]))


def attrition(recordings: Recordings) -> Tables:
    """Give the customers who leave in a year, by cause, as a fraction of the customers at risk.

    Returns
    -------
    Tables
        Columns are causes. Leavers of the whole run over customer years, which are counted at the
        beginning of each month.
    """
    leavers = recordings.of("leavers").groupby(["arm", "replication", "a"], observed=True)["value"].sum()
    book = recordings.of("customers_by_cell")
    at_risk = book[book["month"] < book["month"].max()]
    years = at_risk.groupby(["arm", "replication"], observed=True)["value"].sum() / 12.0
    wide = leavers.unstack("a").reindex(columns=list(CAUSES)).fillna(0.0)
    return _by_arm(recordings, wide.div(years, axis=0))


def profit_by_line(recordings: Recordings) -> Tables:
    """Money per customer at the start over the whole run, discounted, by ledger line; the closing value is the last.

    The lines add up to profit.

    Returns
    -------
    Tables
        Columns are ledger lines, signed from the institution's view, then ``closing_value``; replications without
        a customer at the start are left out, and `NotRecordedError` says so where none is left.
    """
    book = recordings.of("customers_by_cell")
    start = book[book["month"] == -1].groupby(["arm", "replication"], observed=True)["value"].sum()
    start = start[start > 0]
    if start.empty:
        raise NotRecordedError("nobody is a customer at the start, so nothing can be told per customer")
    ledger = recordings.of("ledger")
    if recordings.weights is not None:
        ledger = ledger.assign(value=ledger["value"] * recordings.weights[ledger["month"].to_numpy()])
    sums = ledger.groupby(["arm", "replication", "a"], observed=True)["value"].sum()
    wide = sums.unstack("a").reindex(index=start.index, columns=list(LINES)).fillna(0.0).div(start, axis=0)
    value = metric_values(recordings)
    wide["closing_value"] = value["profit_per_customer"] - value["profit_before_closing_per_customer"]
    return _by_arm(recordings, wide)


def metric_values(recordings: Recordings) -> pd.DataFrame:
    """Metrics by run: rows (arm, replication), a column per metric.

    Raises
    ------
    NotRecordedError
        If they were not worked out.
    """
    if recordings.values is None:
        raise NotRecordedError("the metrics of the runs were not worked out")
    table: pd.DataFrame = recordings.values.pivot(index=["arm", "replication"], columns="metric", values="value")
    return table


def _by_arm(recordings: Recordings, table: pd.DataFrame) -> Tables:
    """Part a table with rows (arm, replication) by arm."""
    return {arm: table.xs(arm, level="arm").sort_index() for arm in recordings.arms}


def _chance_to_leave(chances: FloatArray) -> list[float]:
    """Bound below, by stage, on the chance to be gone within as many months as there are stages."""
    leave = 1.0 - chances.sum(axis=1)
    leave[leave < 1e-12] = 0.0
    gone = leave.copy()
    for _ in range(len(leave)):
        gone = leave + chances @ gone
    return [float(chance) for chance in gone]

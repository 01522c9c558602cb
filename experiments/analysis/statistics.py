"""Compare arms on shared luck: paired differences, their intervals, and what may be said of them.

All intervals here say how well an *average* is known, over luck and over draws of what is uncertain. More replications
shrink them. Where single cases lie is another question: `tenure.experiments.analysis.paired.cases`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.largest_t import largest_t_quantile
from tenure.experiments.analysis.metric import Direction
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.paired.pairing import worth_of_pairing
from tenure.experiments.analysis.paired.skewed import mean_intervals, too_skewed

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["better", "worse", "equal", "undecided"]

SIGNS: dict[Verdict, str] = {"better": "▲", "worse": "▼", "equal": "≈", "undecided": "?"}
"""The sign that a table prints for each verdict."""

WARN_PAIRING_BELOW = 1.5  # a variance reduction under this deserves a warning: pairing hardly helped


class Paired(NamedTuple):
    """Average of arm less champion over `n` replications that share their luck, in the unit of the values.

    `mean` is nan without a pair; `low` and `high`, the ends of the 95% interval, with fewer than two.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2.0


@dataclass(frozen=True)
class Comparison:
    """One arm against the champion on one metric, in the metric's stored unit.

    `champion_level` is the champion's average over all its replications, `difference` that of arm less champion over
    `n` pairs; `unpaired` replications, that only one of the two has, are left out. `low` and `high` are the ends of
    the interval that holds with those of `together` comparisons in all, the family, and gives the `verdict` against
    `matters_from`; `low_alone` and `high_alone` those of this comparison alone; all are nan with fewer than two pairs.
    `skewed`: the differences are more skewed than so few pairs support, and the interval may cover less than it says.
    The variance reduction has its own interval.
    """

    metric: str
    arm: str
    champion: str
    champion_level: float
    difference: float
    low: float
    high: float
    low_alone: float
    high_alone: float
    n: int
    unpaired: int
    variance_reduction: float
    verdict: Verdict
    variance_reduction_low: float = math.nan
    variance_reduction_high: float = math.nan
    matters_from: float = 0.0
    together: int = 1
    skewed: bool = False

    @property
    def half_width(self) -> float:
        """Half the length of the interval that holds with the others of its family."""
        return (self.high - self.low) / 2.0

    @property
    def apart(self) -> Average:
        """The difference with the interval that holds with the others of its family."""
        return Average(self.difference, self.low, self.high)

    @property
    def half_width_alone(self) -> float:
        """Half the length of the interval of this comparison alone."""
        return (self.high_alone - self.low_alone) / 2.0


def t_half_widths(differences: npt.ArrayLike, confidence: float = 0.95) -> FloatArray:
    """Give the half width of Student's interval for the mean of each column.

    Replications run along the first axis; the answer has the shape of one row, nan with fewer than two rows.
    A `confidence` that is not between 0 and 1 raises ValueError.
    """
    rows = np.asarray(differences, dtype=np.float64)
    n = rows.shape[0]
    critical = t_critical(n - 1, confidence)
    if n < 2:
        return np.full(rows.shape[1:], np.nan)
    return np.asarray(critical * rows.std(axis=0, ddof=1) / np.sqrt(n), dtype=np.float64)


def paired_difference(champion: npt.ArrayLike, arm: npt.ArrayLike, confidence: float = 0.95) -> Paired:
    """Average `arm` less `champion` with an interval that holds for few and skewed differences, too.

    Parameters
    ----------
    champion, arm : array, shape (n,)
        One finite value per replication, the same replication at the same place, else ValueError.
    confidence : float
        Between 0 and 1.

    Notes
    -----
    The interval is that of `tenure.experiments.analysis.paired.skewed.mean_intervals`.

    >>> paired_difference([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    Paired(mean=1.0, low=1.0, high=1.0, n=3)
    """
    a, b = paired_values(champion, arm)
    difference = b - a
    critical = t_critical(a.size - 1, confidence)
    if a.size < 2:
        return Paired(float(difference[0]) if a.size else math.nan, math.nan, math.nan, a.size)
    low, high = mean_intervals(difference, critical)
    return Paired(float(difference.mean()), float(low), float(high), a.size)


def family_intervals(
    differences: npt.ArrayLike, confidence: float = 0.95, draws: int = 40_000, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Give the ends of intervals that hold for all arms against the champion at once.

    Parameters
    ----------
    differences : array, shape (n, k)
        Replications by arms: arm less champion.
    confidence : float
        Of all k intervals covering together; between 0 and 1, else ValueError.
    draws, seed : int
        Random draws behind the critical value (40,000 know it to about half a percent), and their seed.

    Returns
    -------
    low, high : array, shape (k,)
        Those of `mean_intervals` with the critical value of the family: never narrower than for one arm alone, never
        wider than Bonferroni's; the mean itself for an arm whose difference never varies; nan with fewer than two rows.
    """
    rows = np.asarray(differences, dtype=np.float64)
    return mean_intervals(rows, family_critical(rows, confidence, draws, seed))


def family_critical(differences: npt.ArrayLike, confidence: float = 0.95, draws: int = 40_000, seed: int = 0) -> float:
    """Give how many standard errors intervals reach that hold for all arms at once; parameters as `family_intervals`.

    Notes
    -----
    Dunnett (1955, JASA 50) for many against one control. Paired differences have each its own variance, so
    the largest of k correlated t statistics is drawn with the empirical correlation of the differences:
    normal means over the diagonal of a Wishart matrix (Bartlett's decomposition). A correlation of zero gives
    Sidak's value, one a single t. With no more than 2k replications the correlation is known too poorly and
    Bonferroni's value is returned.
    """
    rows = np.asarray(differences, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"differences need the shape (replications, arms), got {rows.shape}")
    n = rows.shape[0]
    single = t_critical(n - 1, confidence)
    if n < 2:
        return single
    varies = rows.std(axis=0, ddof=1) > 1e-12 * np.abs(rows).max(axis=0)  # less is rounding
    k = int(varies.sum())
    if k < 2:
        return single
    widest = t_critical(n - 1, 1.0 - (1.0 - confidence) / k)
    if n <= 2 * k:
        return widest
    correlation = np.asarray(np.corrcoef(rows[:, varies], rowvar=False), dtype=np.float64)
    return min(max(largest_t_quantile(correlation, n - 1, confidence, draws, seed), single), widest)


def verdict(low: float, high: float, matters: float = 0.0, better: Direction = "higher") -> Verdict:
    """Say what an interval of a difference, arm less champion, allows to be said, by two one-sided tests.

    The first line that fits:

    - *undecided*: an end is nan;
    - *equal*: the whole interval lies within [-`matters`, `matters`], ends included; with `matters` 0 only a
      difference of exactly 0 that never varies;
    - *better* or *worse*: the whole interval lies on one side of 0, 0 excluded;
    - *undecided*: else. More replications may decide.

    A difference can be sure and yet *equal*, where it is smaller than anybody cares about. With a 95%
    interval each one-sided test has a level of 2.5% (Schuirmann 1987, J. Pharmacokin. Biopharm. 15).

    Parameters
    ----------
    low, high : float
        Ends of the interval, the lower first, else ValueError.
    matters : float
        The smallest difference that matters, in the same unit; 0 or more, else ValueError.
    better : {'higher', 'lower', 'none'}
        Which way is better. With 'none' the answer is *equal* or *undecided*.

    >>> verdict(3.6, 5.8, matters=3.0), verdict(-0.4, 2.0, matters=3.0), verdict(1.5, 3.5, matters=3.0)
    ('better', 'equal', 'better')
    """
    if not matters >= 0.0:
        raise ValueError(f"the smallest difference that matters must be 0 or more, got {matters}")
    if low > high:
        raise ValueError(f"an interval ends where it begins or above, got {low} to {high}")
    if np.isnan(low) or np.isnan(high):
        return "undecided"
    if -matters <= low and high <= matters:
        return "equal"
    if better == "none" or low <= 0.0 <= high:
        return "undecided"
    return "better" if (low > 0.0) == (better == "higher") else "worse"


def compare(
    runs: "pd.DataFrame",
    champion: str,
    matters: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    families: Sequence[Sequence[str]] = (),
) -> list[Comparison]:
    """Compare every arm with the champion on every metric, corrected for arms and metrics of each family.

    Parameters
    ----------
    runs : DataFrame
        Columns arm, replication, metric, value; a row per run and metric. A missing row or a nan value leaves
        that replication out of the arm's pairs.
    champion : str
        The arm that the others are compared with.
    matters : mapping
        Metric to the smallest difference that matters, in the metric's stored unit; 0 where not given. By default
        what the metrics say of themselves.
    confidence : float
        Of all intervals of a family covering together.
    families : sequence of sequences of str
        Metrics whose verdicts are read together. A metric in none is a family of its own over the arms. Metrics by
        which arms are not judged have no verdict, and do not count.

    Returns
    -------
    list of Comparison
        Metrics and arms in the order of their first row. A family is corrected over its metrics by Bonferroni's method,
        and over the arms by Dunnett's if all have the same replications, else by Bonferroni's, which is a little wider.

    Raises
    ------
    ValueError
        If a column or the champion is missing, a value is infinite, or a replication is there twice.
    """
    check_runs(runs, champion)
    if matters is None:
        matters = {name: metric.matters_from for name, metric in METRICS.items()}
    arms = [str(arm) for arm in runs["arm"].unique() if arm != champion]
    metrics = [str(metric) for metric in runs["metric"].unique()]
    sizes = _sizes(metrics, families)
    rows: list[Comparison] = []
    for metric in metrics:
        here = runs[runs["metric"] == metric]
        table = here.pivot(index="replication", columns="arm", values="value")
        values = table.sort_index().reindex(columns=[champion, *arms]).to_numpy(dtype=np.float64)
        rows.extend(
            _compare_metric(metric, champion, arms, values, matters.get(metric, 0.0), confidence, sizes.get(metric, 1))
        )
    return rows


def _sizes(metrics: Sequence[str], families: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return of metrics by which arms are judged how many of their family there are."""
    judged = {name for name in metrics if name not in METRICS or METRICS[name].has_verdict}
    each = [judged.intersection(family) for family in families]
    return {name: len(family) for family in each for name in family}


def _compare_metric(
    metric: str, champion: str, arms: list[str], values: FloatArray, matters: float, confidence: float, metrics: int
) -> list[Comparison]:
    """Compare on one of a family's metrics; `values` has the champion in column 0 and nan where there is no run."""
    there = ~np.isnan(values)
    base = values[:, 0]
    of_metric = 1.0 - (1.0 - confidence) / metrics
    together = family_critical(values[:, 1:] - values[:, :1], of_metric) if there.all() else None
    each = 1.0 - (1.0 - of_metric) / max(len(arms), 1)
    known = METRICS.get(metric)
    rows: list[Comparison] = []
    for j, arm in enumerate(arms, start=1):
        both = there[:, 0] & there[:, j]
        pair = paired_difference(base[both], values[both, j], confidence)
        difference = values[both, j] - base[both]
        critical = t_critical(pair.n - 1, each) if together is None else together
        low, high = (float(end) for end in mean_intervals(difference, critical))
        worth = worth_of_pairing(base[both], values[both, j], confidence)
        rows.append(
            Comparison(
                metric=metric,
                arm=arm,
                champion=champion,
                champion_level=float(base[there[:, 0]].mean()) if there[:, 0].any() else math.nan,
                difference=pair.mean,
                low=low,
                high=high,
                low_alone=pair.low,
                high_alone=pair.high,
                n=pair.n,
                unpaired=int((there[:, 0] ^ there[:, j]).sum()),
                variance_reduction=worth.factor,
                verdict=verdict(low, high, matters, known.better if known else "none"),
                variance_reduction_low=worth.low,
                variance_reduction_high=worth.high,
                matters_from=matters,
                together=metrics * len(arms),
                skewed=bool(too_skewed(difference)),
            )
        )
    return rows


def check_runs(runs: "pd.DataFrame", champion: str) -> None:
    """Raise ValueError if a column or the champion is missing, a value is infinite, or a replication is there twice."""
    missing = [name for name in ("arm", "replication", "metric", "value") if name not in runs.columns]
    if missing:
        raise ValueError(f"runs lack the columns {missing}; they need arm, replication, metric, value")
    arms = [str(arm) for arm in runs["arm"].unique()]
    if champion not in arms:
        raise ValueError(f"no run of the champion {champion!r}; there are runs of {arms}")
    wrong = {
        "is there twice; keep one": runs.duplicated(["arm", "replication", "metric"]).to_numpy(),
        "is infinite; run it again or leave it out": np.isinf(runs["value"].to_numpy(dtype=np.float64)),
    }
    for what, where in wrong.items():
        for arm, replication, metric in runs.loc[where, ["arm", "replication", "metric"]].to_numpy()[:1]:
            raise ValueError(f"{metric} of arm {arm!r}, replication {replication}, {what}")


def paired_values(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both as arrays of one axis; ValueError unless they are equally long and finite."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        shapes = f"paired values need one axis of equal length, got shapes {a.shape} and {b.shape}"
        raise ValueError(f"{shapes}; keep the replications that both arms have")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a paired value is nan or infinite; leave out replications without a value")
    return a, b


def t_critical(df: int, confidence: float) -> float:
    """Return the two-sided critical value of Student's t; nan without a degree of freedom."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}; write 0.95 for 95%")
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + confidence / 2.0)) if df > 0 else math.nan


def clopper_pearson(
    happened: npt.ArrayLike, people: npt.ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper end of exact intervals for chances.

    Parameters
    ----------
    happened, people : array of whole numbers, shape (n,)
        To how many of how many it happened.
    confidence : float
        Of each interval alone, at least.

    Notes
    -----
    Clopper & Pearson (1934), Biometrika 26:404-413, by quantiles of the beta distribution.

    >>> [round(float(end[0]), 3) for end in clopper_pearson([7], [50])]
    [0.058, 0.267]
    """
    from scipy.special import betaincinv

    some, all_of, tail = np.asarray(happened, np.float64), np.asarray(people, np.float64), (1.0 - confidence) / 2.0
    others = all_of - some
    low = np.where(some > 0.0, betaincinv(np.maximum(some, 1.0), others + 1.0, tail), 0.0)
    high = np.where(others > 0.0, betaincinv(some + 1.0, np.maximum(others, 1.0), 1.0 - tail), 1.0)
    return low, high

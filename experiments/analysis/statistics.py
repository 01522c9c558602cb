"""Compare arms on shared luck: paired differences, their intervals, and what may be said of them.

All intervals here are about *chance in the simulation*: how well an average is known. More replications
shrink them. They say nothing of settings that nobody knows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.largest_t import largest_t_quantile
from tenure.experiments.analysis.metric import Direction
from tenure.experiments.analysis.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["better", "worse", "equal", "undecided"]

SIGNS: dict[Verdict, str] = {"better": "▲", "worse": "▼", "equal": "≈", "undecided": "?"}
"""The sign that a table prints for each verdict."""

WARN_PAIRING_BELOW = 1.5  # a variance reduction under this deserves a warning: pairing hardly helped


class Paired(NamedTuple):
    """Average of arm less champion over `n` replications that share their luck, in the unit of the values.

    `mean` is nan without a pair; `half_width`, of the t interval, with fewer than two. `variance_reduction`:
    how many times as many unpaired runs would know it as well, (VarA + VarB) / Var(B - A).
    """

    mean: float
    half_width: float
    n: int
    variance_reduction: float


@dataclass(frozen=True)
class Comparison:
    """One arm against the champion on one metric, in the metric's stored unit.

    `champion_level` is the champion's average over all its replications, `difference` that of arm less
    champion over `n` pairs; `unpaired` replications, that only one of the two has, are left out. `half_width`
    belongs to the interval that holds for all arms of the family at once and gives the `verdict`,
    `half_width_alone` to the interval of this arm alone; both are nan with fewer than two pairs.
    """

    metric: str
    arm: str
    champion: str
    champion_level: float
    difference: float
    half_width: float
    half_width_alone: float
    n: int
    unpaired: int
    variance_reduction: float
    verdict: Verdict


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
    """Average `arm` less `champion` with Student's interval on the paired differences.

    Parameters
    ----------
    champion, arm : array, shape (n,)
        One finite value per replication, the same replication at the same place, else ValueError.
    confidence : float
        Between 0 and 1.

    Notes
    -----
    Exact if the differences are normal. With few skewed ones it covers less often than it says: exponential
    differences about 90% instead of 95% at n = 10, simulated (why: Boos & Hughes-Oliver 2000, Am. Stat. 54).

    >>> paired_difference([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    Paired(mean=1.0, half_width=0.0, n=3, variance_reduction=inf)
    """
    a, b = paired_values(champion, arm)
    difference = b - a
    half_width = float(t_half_widths(difference, confidence))
    if a.size < 2:
        return Paired(float(difference[0]) if a.size else math.nan, half_width, a.size, math.nan)
    apart, paired = float(a.var(ddof=1) + b.var(ddof=1)), float(difference.var(ddof=1))
    reduction = apart / paired if paired > 0.0 else (math.inf if apart > 0.0 else 1.0)
    return Paired(float(difference.mean()), half_width, a.size, reduction)


def dunnett_half_widths(
    differences: npt.ArrayLike, confidence: float = 0.95, draws: int = 40_000, seed: int = 0
) -> FloatArray:
    """Give half widths that hold for all arms against the champion at once.

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
    array, shape (k,)
        Never narrower than `t_half_widths`, never wider than Bonferroni's; 0 for an arm whose difference
        never varies; nan with fewer than two rows.

    Notes
    -----
    Dunnett (1955, JASA 50) for many against one control. Paired differences have each its own variance, so
    the largest of k correlated t statistics is drawn with the empirical correlation of the differences:
    normal means over the diagonal of a Wishart matrix (Bartlett's decomposition). A correlation of zero gives
    Sidak's value, one a single t. With no more than 2k replications the correlation is known too poorly and
    Bonferroni's interval is returned.
    """
    rows = np.asarray(differences, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"differences need the shape (replications, arms), got {rows.shape}")
    alone = t_half_widths(rows, confidence)
    n = rows.shape[0]
    if n < 2:
        return alone
    varies = alone > 1e-12 * np.abs(rows).max(axis=0)  # less is rounding
    k = int(varies.sum())
    if k < 2:
        return alone
    single = t_critical(n - 1, confidence)
    widest = t_critical(n - 1, 1.0 - (1.0 - confidence) / k)
    if n <= 2 * k:
        critical = widest
    else:
        correlation = np.asarray(np.corrcoef(rows[:, varies], rowvar=False), dtype=np.float64)
        critical = largest_t_quantile(correlation, n - 1, confidence, draws, seed)
        critical = min(max(critical, single), widest)
    return np.asarray(alone * (critical / single), dtype=np.float64)


def verdict(mean: float, half_width: float, matters: float = 0.0, better: Direction = "higher") -> Verdict:
    """Say what an interval allows to be said, by two one-sided tests.

    With the interval `mean` ± `half_width`, the first line that fits:

    - *undecided*: the mean or the half width is nan;
    - *equal*: the whole interval lies within [-`matters`, `matters`], ends included; with `matters` 0 only a
      difference of exactly 0 that never varies;
    - *better* or *worse*: the whole interval lies on one side of 0, 0 excluded;
    - *undecided*: else. More replications may decide.

    A difference can be sure and yet *equal*, where it is smaller than anybody cares about. With a 95%
    interval each one-sided test has a level of 2.5% (Schuirmann 1987, J. Pharmacokin. Biopharm. 15).

    Parameters
    ----------
    mean, half_width : float
        Of the difference, arm less champion; the half width is 0 or more, else ValueError.
    matters : float
        The smallest difference that matters, in the same unit; 0 or more, else ValueError.
    better : {'higher', 'lower', 'none'}
        Which way is better. With 'none' the answer is *equal* or *undecided*.

    >>> verdict(4.7, 1.1, matters=3.0), verdict(0.8, 1.2, matters=3.0), verdict(2.5, 1.0, matters=3.0)
    ('better', 'equal', 'better')
    """
    if not matters >= 0.0:
        raise ValueError(f"the smallest difference that matters must be 0 or more, got {matters}")
    if half_width < 0.0:
        raise ValueError(f"a half width must be 0 or more, got {half_width}")
    if np.isnan(mean) or np.isnan(half_width):
        return "undecided"
    low, high = mean - half_width, mean + half_width
    if -matters <= low and high <= matters:
        return "equal"
    if better == "none" or low <= 0.0 <= high:
        return "undecided"
    return "better" if (low > 0.0) == (better == "higher") else "worse"


def compare(
    runs: "pd.DataFrame", champion: str, matters: Mapping[str, float] | None = None, confidence: float = 0.95
) -> list[Comparison]:
    """Compare every arm with the champion on every metric, corrected for the number of arms.

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
        Of the intervals of one metric covering together.

    Returns
    -------
    list of Comparison
        Metrics and arms in the order of their first row. If all arms have the same replications the family is
        corrected by Dunnett's method, else by Bonferroni's, which is a little wider.

    Raises
    ------
    ValueError
        If a column or the champion is missing, a value is infinite, or a replication is there twice.
    """
    check_runs(runs, champion)
    if matters is None:
        matters = {name: metric.matters_from for name, metric in METRICS.items()}
    arms = [str(arm) for arm in runs["arm"].unique() if arm != champion]
    rows: list[Comparison] = []
    for metric in runs["metric"].unique():
        here = runs[runs["metric"] == metric]
        table = here.pivot(index="replication", columns="arm", values="value")
        values = table.sort_index().reindex(columns=[champion, *arms]).to_numpy(dtype=np.float64)
        rows.extend(_compare_metric(str(metric), champion, arms, values, matters.get(metric, 0.0), confidence))
    return rows


def _compare_metric(
    metric: str, champion: str, arms: list[str], values: FloatArray, matters: float, confidence: float
) -> list[Comparison]:
    """Compare on one metric; `values` has the champion in column 0 and nan where there is no run."""
    there = ~np.isnan(values)
    base = values[:, 0]
    family = dunnett_half_widths(values[:, 1:] - values[:, :1], confidence) if there.all() else None
    each = 1.0 - (1.0 - confidence) / max(len(arms), 1)
    known = METRICS.get(metric)
    rows: list[Comparison] = []
    for j, arm in enumerate(arms, start=1):
        both = there[:, 0] & there[:, j]
        pair = paired_difference(base[both], values[both, j], confidence)
        width = float(t_half_widths(values[both, j] - base[both], each) if family is None else family[j - 1])
        level = float(base[there[:, 0]].mean()) if there[:, 0].any() else math.nan
        unpaired = int((there[:, 0] ^ there[:, j]).sum())
        said = verdict(pair.mean, width, matters, known.better if known else "none")
        rows.append(
            Comparison(
                metric,
                arm,
                champion,
                level,
                pair.mean,
                width,
                pair.half_width,
                pair.n,
                unpaired,
                pair.variance_reduction,
                said,
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

"""Twenty thousand experiments of each shape, the truth known, and how many of their intervals hold it.

The program's own differences are those of the quickstart with two arms more (`propensity_retention`, `segmenter`):
1,000 people, 12 months, 200 replications, the four standard metrics that have a verdict. Of the twenty, those with a
skewness over 1 are kept, shifted to mean 0 and scaled to standard deviation 1. They are drawn with replacement, so
that the truth is known; a market of 20,000 people counts as the average of twenty such markets, whose people do not
meet.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.largest_t import largest_t_quantile
from tenure.experiments.analysis.paired.skewed import mean_intervals, too_skewed
from tenure.experiments.analysis.statistics import t_critical

FloatArray = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], FloatArray]
"""Of a generator, replications and experiments: differences of that shape."""

OWN = Path(__file__).with_name("own_differences.csv")
EXPERIMENTS = 20_000
REPLICATIONS = (5, 10, 20, 40)
MARKETS_IN_ONE = 20
"""Markets of 1,000 people in one of 20,000, as shipped."""
SEED = 20


class Covered(NamedTuple):
    """What intervals of one shape cover at a number of replications, Student's beside ours.

    `width` is the average width over that of Student's; `marked` the share of experiments that a table would mark.
    """

    shape: str
    replications: int
    student: float
    ours: float
    width: float
    marked: float


def shapes() -> dict[str, tuple[Draw, float]]:
    """Return the shapes: name -> how it is drawn, and its true mean."""
    found: dict[str, tuple[Draw, float]] = {
        "normal": (lambda rng, n, times: rng.standard_normal((n, times)), 0.0),
        "uniform": (lambda rng, n, times: rng.uniform(-1.0, 1.0, (n, times)), 0.0),
        "t3": (lambda rng, n, times: rng.standard_t(3, (n, times)), 0.0),
        "exponential": (lambda rng, n, times: rng.exponential(1.0, (n, times)), 1.0),
        "lognormal(1)": (lambda rng, n, times: rng.lognormal(0.0, 1.0, (n, times)), float(np.exp(0.5))),
    }
    for name, values in own_differences().items():
        found[f"own, 1,000 people: {name}"] = (_resampled(values, 1), float(values.mean()))
    for name, values in own_differences().items():
        found[f"own, 20,000 people: {name}"] = (_resampled(values, MARKETS_IN_ONE), float(values.mean()))
    return found


def own_differences() -> dict[str, FloatArray]:
    """Return the program's own skewed differences: metric/arm -> standardized values of 200 replications."""
    with OWN.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    columns = np.array(rows, dtype=np.float64).T
    return dict(zip(head, columns, strict=True))


def covered(
    names: Sequence[str] = (), replications: Sequence[int] = REPLICATIONS, experiments: int = EXPERIMENTS
) -> Iterator[Covered]:
    """Yield what 95% intervals cover, shape by shape; all shapes where none is named.

    Parameters
    ----------
    names : sequence of str
        Of `shapes`.
    replications : sequence of int
        Sizes of the experiments.
    experiments : int
        Of each shape and size.
    """
    every = shapes()
    for n in replications:
        critical = t_critical(n - 1, 0.95)
        for name in names or every:
            draw, truth = every[name]
            rows = draw(np.random.default_rng([SEED, n]), n, experiments)
            low, high = mean_intervals(rows, critical)
            mean = rows.mean(axis=0)
            half = critical * rows.std(axis=0, ddof=1) / np.sqrt(n)
            yield Covered(
                shape=name,
                replications=n,
                student=float((np.abs(mean - truth) <= half).mean()),
                ours=float(((low <= truth) & (truth <= high)).mean()),
                width=float((high - low).mean() / (2.0 * half.mean())),
                marked=float(too_skewed(rows).mean()),
            )


class FalseSigns(NamedTuple):
    """In which share of tables noise alone shows a sign, better or worse, though no arm differs in truth."""

    alone: float
    """If every interval is Student's and stands alone."""
    per_metric: float
    """If the intervals are Student's, and the arms of each metric are a family (Dunnett)."""
    decided_on: float
    """In the column decided on, as the program does it."""
    also: float
    """In the other columns together, as the program does it."""
    anywhere: float


def false_signs(
    arms: int = 3, metrics: int = 5, replications: int = 10, tables: int = EXPERIMENTS, correlation: float = 0.5
) -> FalseSigns:
    """Return how often noise alone shows a sign in a table of arms and metrics that do not differ.

    Arms share the champion's luck, so that differences from it correlate by `correlation`; metrics are independent,
    which is the worst case. Nothing counts as equal, and the correlation is known, so that one critical value does for
    all.
    """
    rng = np.random.default_rng([SEED, arms, metrics, replications])
    common = rng.standard_normal((replications, tables, metrics, 1))
    own = rng.standard_normal((replications, tables, metrics, arms))
    rows = np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own
    known = np.full((arms, arms), correlation) + (1.0 - correlation) * np.eye(arms)

    def reach(of_metrics: int) -> float:
        return largest_t_quantile(known, replications - 1, 1.0 - 0.05 / of_metrics, draws=40_000, seed=0)

    def sign(ends: tuple[FloatArray, FloatArray]) -> npt.NDArray[np.bool_]:
        """Return of each table and metric whether an interval leaves 0 out, and so a verdict would have a sign."""
        return np.asarray(((ends[0] > 0.0) | (ends[1] < 0.0)).any(axis=2), np.bool_)

    mean, error = rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(replications)

    def student(critical: float) -> npt.NDArray[np.bool_]:
        return sign((mean - critical * error, mean + critical * error))

    first, others = sign(mean_intervals(rows, reach(1)))[:, :1], np.zeros((tables, 0), np.bool_)
    if metrics > 1:
        others = sign(mean_intervals(rows, reach(metrics - 1)))[:, 1:]
    return FalseSigns(
        alone=float(student(t_critical(replications - 1, 0.95)).any(axis=1).mean()),
        per_metric=float(student(reach(1)).any(axis=1).mean()),
        decided_on=float(first.mean()),
        also=float(others.any(axis=1).mean()),
        anywhere=float(np.concatenate([first, others], axis=1).any(axis=1).mean()),
    )


def _resampled(values: FloatArray, markets: int) -> Draw:
    def draw(rng: np.random.Generator, n: int, times: int) -> FloatArray:
        total = np.zeros((n, times))
        for _ in range(markets):
            total += rng.choice(values, (n, times))
        return np.asarray(total / markets, np.float64)

    return draw


def pooled(found: Sequence[Covered], begins: str, replications: int) -> Mapping[str, float]:
    """Return the averages over all shapes whose name begins so: what Student's cover, ours, and the width."""
    some = [one for one in found if one.shape.startswith(begins) and one.replications == replications]
    return {key: float(np.mean([getattr(one, key) for one in some])) for key in ("student", "ours", "width", "marked")}

"""What is found over all that is varied in an experiment: draws of what nobody knows, levels, scenarios."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import metrics_in
from tenure.experiments.analysis.paired.families import matters_of
from tenure.experiments.analysis.turning.expansion import Leaning, leaning
from tenure.experiments.analysis.turning.points import VariedPoints, varied_points
from tenure.experiments.analysis.turning.turning import Turning, turning
from tenure.experiments.store.results import Results

if TYPE_CHECKING:
    import pandas as pd

SCENARIO = "scenario"
"""What the scenario is called among the inputs."""


class VariedResults(NamedTuple):
    """An experiment in which something was varied, and what that did.

    Attributes
    ----------
    metric : Metric
        The one decided on, in the market's currency.
    matters : float
        The smallest difference that matters, as stored.
    draws, levels, scenarios : int
        Of which its points are made.
    factors : frozenset of str
        Inputs whose numbers multiply the market's own.
    turning : Turning
        Which arm is best.
    each : mapping
        Arm -> whether it is better than the champion, where there are several.
    leanings : mapping
        Arm -> what its difference from the champion leans on.
    """

    metric: Metric
    matters: float
    draws: int
    levels: int
    scenarios: int
    factors: frozenset[str]
    turning: Turning
    each: dict[str, Turning]
    leanings: dict[str, Leaning]

    @property
    def leading(self) -> str:
        """The arm whose difference is said to lean on something: the usual answer, else the next best."""
        answers = [name for name, _ in self.turning.shares if name in self.leanings]
        return answers[0] if answers else next(iter(self.leanings))

    def number(self, path: str, value: float) -> str:
        """Write a number of an input as a config would: ``x0.8`` where it multiplies."""
        return f"{'x' if path in self.factors else ''}{value:.6g}"


def varied(results: Results) -> VariedResults | None:
    """Return what is found over all that is varied; None where nothing is, or arms are not judged by the first metric.

    Scenarios alone are no points to look for rules in: they are beside each other in a table of their own.
    """
    metric = metrics_in(results.currency).get(str(results.about["metrics"][0]))
    others = [arm for arm in results.arms if arm != results.champion]
    if metric is None or not results.decided or metric.is_of_a_pair or not metric.has_verdict or not others:
        return None
    drawn, set_at = results.draws(), results.factors()
    uncertain = [str(name) for name in drawn.columns if name != "draw"]
    factors = [str(name) for name in set_at.columns if name != "base_scenario"]
    if not uncertain and not factors:
        return None
    table = points_table(results, metric, drawn, set_at)
    there = [arm for arm in others if arm in table and table[arm].notna().any()]
    if not there:
        return None
    levels = len(set_at[factors].drop_duplicates()) if factors else 1
    unit = "draw" if uncertain else "level" if levels > int(results.about["replications"]) else "replication"
    points = varied_points(table, [*factors, *uncertain, SCENARIO], there, unit)
    if points.n < 2:
        return None
    matters = matters_of(results.about)[metric.name]
    return VariedResults(
        metric,
        matters,
        draws=len(np.unique(points.unit)) if uncertain else 0,
        levels=levels,
        scenarios=table[SCENARIO].nunique(),
        factors=_that_multiply(results, factors),
        turning=turning(points, results.champion, matters),
        each={arm: turning(points.only([arm]), results.champion, matters) for arm in there} if len(there) > 1 else {},
        leanings={arm: _leaning(points, arm) for arm in there},
    )


def points_table(results: Results, metric: Metric, drawn: "pd.DataFrame", set_at: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row per scenario, level and replication that the champion has: what was varied, and how arms did.

    Parameters
    ----------
    results : Results
        Of the experiment.
    metric : Metric
        By which arms are judged.
    drawn, set_at : DataFrame
        What `Results.draws` and `Results.factors` give.

    Returns
    -------
    DataFrame
        Columns scenario, level, replication, those of `drawn` and of `set_at`, and one per arm beside the champion: its
        difference, more being better.
    """
    import pandas as pd

    sign = -1.0 if metric.better == "lower" else 1.0
    parts = []
    for place, scenario in enumerate(results.scenarios):
        rows = results.under(scenario).metrics()
        wide = rows[rows["metric"] == metric.name].pivot(index="replication", columns="arm", values="value")
        if results.champion not in wide:
            continue
        ahead = wide.drop(columns=results.champion).sub(wide[results.champion], axis=0) * sign
        fixed = set_at.loc[scenario].to_dict() if len(set_at.columns) else {"base_scenario": scenario}
        part = ahead.join(drawn, how="left").reset_index()
        values = {SCENARIO: fixed.pop("base_scenario"), "level": place, **fixed}
        parts.append(part.assign(**{key: [value] * len(part) for key, value in values.items()}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _leaning(points: VariedPoints, arm: str) -> Leaning:
    """Return what an arm's difference leans on: over all rows, those that share a draw resampled together."""
    there = points.ahead[arm].notna().to_numpy(np.bool_)
    return leaning(points.inputs[there], points.ahead[arm].to_numpy(np.float64)[there], points.unit[there])


def _that_multiply(results: Results, factors: list[str]) -> frozenset[str]:
    """Return the inputs whose numbers multiply the market's own."""
    drawn = {one["name"] for one in results.about.get("uncertain", []) if one["factor"]}
    written: dict[str, list[str]] = {name: [] for name in factors}
    for one in results.about["scenarios"].values():
        for name, value in one.get("factors", []):
            written[str(name)].append(str(value))
    return frozenset(drawn | {name for name, values in written.items() if all(one.startswith("x") for one in values)})

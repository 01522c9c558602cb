"""Where the differences of arms lie over all scenarios and draws, and what of it is chance."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average, number, share_text
from tenure.experiments.analysis.metric import Metric, difference_text, shown_times
from tenure.experiments.analysis.paired.cases import MOST, Cases, cases
from tenure.experiments.analysis.paired.skewed import mean_intervals
from tenure.experiments.analysis.statistics import t_critical
from tenure.experiments.report.beside.circumstances import Circumstance, uncertain_in, values_of
from tenure.experiments.report.labels import listed


def cases_of(circumstances: Sequence[Circumstance], metric: Metric, arms: Sequence[str]) -> dict[str, Cases]:
    """Return where the differences of each arm lie over all circumstances and draws; none where there is one case.

    Where nothing is uncertain, a case is a circumstance, and its difference the average there.
    """
    names = uncertain_in(circumstances)
    if not names and len(circumstances) < 2:
        return {}
    wide = [values_of(one.results, metric) for one in circumstances]
    found = {}
    for arm in arms:
        apart = [one[arm] - one[circumstances[0].results.champion] for one in wide if arm in one]
        if not apart or not any(one.notna().any() for one in apart):
            continue
        if names:
            together = pd.concat(apart, axis=1).sort_index()
            draw = circumstances[0].results.draws()["draw"].reindex(together.index).to_numpy(np.int64)
            found[arm] = cases(together.to_numpy(np.float64).T, draw, metric.better)
        else:
            means = np.array([[one.mean()] for one in apart])
            found[arm] = cases(means[~np.isnan(means)][None], np.arange((~np.isnan(means)).sum()), metric.better)
    return found


def lies(metric: Metric, one: Cases, said: str) -> str:
    """Write where an arm's differences lie: ``-6.0 .. +36.0   better in 93%``."""
    times = shown_times(metric)
    ends = [number(end * times, metric.decimals, signed=True).replace(",", "") for end in (one.low, one.high)]
    return f"{ends[0]} .. {ends[1]}   {said}".rstrip()


def what_intervals_are_over(
    circumstances: Sequence[Circumstance], metric: Metric, together: Mapping[str, Cases], arms: int
) -> Iterator[str]:
    """Say what ± and a .. b are over, what is chance alone, and which intervals hold at once."""
    names, many = uncertain_in(circumstances), len(circumstances) > 1
    if not arms:
        return
    if not names:
        yield "± is how well an average is known; more runs shrink it. For exactly these settings; none was varied."
        if many and together:
            yield "a .. b goes from the least to the most of the averages of the columns; more runs do not shrink it."
    elif together:
        yield from _of_draws(circumstances, metric, together)
    if metric.has_verdict and metric.name == circumstances[0].results.about["metrics"][0]:
        column = "In each column a" if many else "A"
        corrected = f"family of {arms} against the champion, corrected (Dunnett)" if arms > 1 else "family of one arm"
        yield f"{column} {corrected}: noise alone shows a sign there in at most 5% of tables."


def _of_draws(circumstances: Sequence[Circumstance], metric: Metric, together: Mapping[str, Cases]) -> Iterator[str]:
    names = uncertain_in(circumstances)
    draws = int(circumstances[0].results.draws()["draw"].nunique())
    over = f"{len(circumstances)} scenarios and " * (len(circumstances) > 1) + f"{draws} draws of {listed(list(names))}"
    count, holds = max(one.n for one in together.values()), min(one.holds for one in together.values())
    yield "± is how well an average is known, over luck and draws; more runs shrink it."
    if holds >= MOST:
        yield f"a .. b is where 95% of the cases lie that nobody can tell apart ({over}); more runs do not shrink it."
    else:
        yield (
            f"a .. b goes from the least to the most of {count} cases that nobody can tell apart ({over}), which hold "
            f"about {holds:.0%} of all such cases; more runs do not shrink it."
        )
    widest = max(together, key=lambda arm: np.nan_to_num(together[arm].chance, nan=-1.0))
    one = together[widest]
    if one.ignorance is None:
        yield "Each draw was met once, so that a .. b holds luck, too: replications_per_draw: 2 tells the two apart."
        return
    reach = number(one.chance * shown_times(metric), metric.decimals)
    share = share_text(one.ignorance, "%")
    yield (
        f"Chance alone, in one case: ± {reach} at most, for {widest}. Of the variance of its difference {share} is "
        "what is uncertain, the rest chance."
    )


def leading_two(circumstances: Sequence[Circumstance], metric: Metric, arms: Sequence[str]) -> Iterator[str]:
    """Compare the two arms that are furthest ahead in the first circumstance, corrected for all pairs of them."""
    wide = [values_of(one.results, metric) for one in circumstances]
    there = wide[0][[arm for arm in arms if arm in wide[0]]].dropna()
    if there.shape[1] < 2 or len(there) < 2:
        return
    sign = -1.0 if metric.better == "lower" else 1.0
    best, second = sorted(there.columns, key=lambda arm: -sign * float(there[arm].mean()))[:2]
    pairs = there.shape[1] * (there.shape[1] - 1) // 2
    apart = (there[best] - there[second]).to_numpy(np.float64)
    ends = mean_intervals(apart, t_critical(len(apart) - 1, 1.0 - (1.0 - MOST) / pairs))
    found = Average(float(apart.mean()), float(ends[0]), float(ends[1]))
    corrected = f", corrected for all {pairs} pairs" if pairs > 1 else ""
    where = f" in {circumstances[0].label}" if len(circumstances) > 1 else ""
    text = f"{best} against {second}: {difference_text(metric, found)}{where}{corrected}"
    sure = found.low > 0.0 if sign > 0.0 else found.high < 0.0
    means = [sign * float((one[best] - one[second]).mean()) for one in wide if best in one and second in one]
    if not sure:
        yield f"{text}: the two are not told apart, so that their order may be chance."
    elif uncertain_in(circumstances):
        gaps = np.concatenate(
            [(sign * (one[best] - one[second])).dropna() for one in wide if best in one and second in one]
        )
        share = float((gaps > 0.0).mean())
        ranked = "ranked" if share >= MOST else "but not ranked over all settings"
        yield f"{text}, {ranked} (better in {share:.0%} of cases)."
    elif min(means) <= 0.0:
        yield f"{text}, but not in every column."
    else:
        yield f"{text}."

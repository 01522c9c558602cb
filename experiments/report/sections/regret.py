"""Regret: what each arm earns less than an arm that is shown the truth instead of estimates."""

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.statistics import family_intervals
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Section, Table, number_text
from tenure.experiments.report.sentences import money
from tenure.experiments.report.tables import metric_values

NOTE = (
    "Money per customer at the start over the whole run, discounted, closing value included, paired; the intervals "
    "hold for all arms at once. An oracle is shown true risk, return, needs, satisfaction and stage of today, not the "
    "future, nor what a treatment does to whom: it bounds what better information could bring to its own way of "
    "deciding, and another way may earn more, so that a regret can be negative."
)


def regrets(recordings: Recordings, oracle: str) -> dict[str, Average]:
    """Return each arm's profit short of the oracle's, the oracle's own 0 included; intervals hold at once."""
    values = metric_values(recordings)["profit_per_customer"]
    together = pd.concat({arm: values.xs(arm, level="arm") for arm in recordings.arms}, axis=1, join="inner").dropna()
    others = [arm for arm in recordings.arms if arm != oracle]
    short = (-together[others].sub(together[oracle], axis=0)).to_numpy(dtype=np.float64)
    means = short.mean(axis=0) if len(short) else np.full(len(others), np.nan)
    found = {oracle: Average(0.0, 0.0, 0.0)}
    each = zip(others, means, *family_intervals(short), strict=True)
    return found | {arm: Average(float(mean), float(low), float(high)) for arm, mean, low, high in each}


def regret_section(recordings: Recordings) -> Section | None:
    """Return the section, or None if no arm sees the truth or nothing is beside it."""
    if not recordings.oracles or not recordings.others:
        return None
    sentences, tables = [], []
    for oracle in recordings.oracles:
        found = regrets(recordings, oracle)
        sentences.append(regret_sentence(recordings, oracle, found))
        order = sorted(found, key=lambda arm: found[arm].mean)
        rows = tuple((f"{arm}{_role(recordings, arm)}", number_text(found[arm], 1)) for arm in order)
        tables.append(Table((("", "arm"), (f"less than {oracle},", f"{recordings.currency} per customer")), rows))
    return Section("regret", "Regret: what it costs not to know", tuple(sentences), tuple(tables), NOTE)


def _role(recordings: Recordings, arm: str) -> str:
    return " (champion)" if arm == recordings.champion and arm not in recordings.oracles else ""


def regret_sentence(recordings: Recordings, oracle: str, found: dict[str, Average]) -> str:
    """Say which arm that does not see the truth comes nearest, and which earn more than the oracle."""
    blind = {arm: one for arm, one in found.items() if arm not in recordings.oracles}
    if not blind:
        return f"Every arm sees the truth, so that none shows what {oracle} gains by it."
    nearest = min(blind, key=lambda arm: blind[arm].mean)
    mean = blind[nearest].mean
    amount = money(recordings.currency)
    if np.isnan(blind[nearest].low):
        which = f"{amount(abs(mean))} {'short' if mean >= 0 else 'more'}"
        return f"{nearest} comes nearest to {oracle}, {which} in one replication, so chance is not known."
    more = [arm for arm, one in blind.items() if one.high < 0.0]
    less = [arm for arm, one in blind.items() if one.low > 0.0]
    behind = f"{len(less)} of {len(blind)} arms earn less than {oracle} beyond chance"
    if more:
        first = min(more, key=lambda arm: blind[arm].mean)
        by = f"by {amount.around(blind[first].size)}"
        best = f"{first} {by}" if len(more) > 1 else by
        earn = "earns" if len(more) == 1 else "earn"
        ahead = f"{listed(more)} {earn} more than {oracle} beyond chance ({best})"
        return f"Seeing the truth is not enough: {ahead}; {behind}."
    text = f"{amount.around(blind[nearest].size)} {'short' if mean >= 0 else 'more'}"
    if not blind[nearest].beyond_chance:
        return f"{nearest} does best, not told apart from {oracle} ({text}); {behind}."
    return f"{nearest} comes nearest to {oracle}, {text}; {behind}."

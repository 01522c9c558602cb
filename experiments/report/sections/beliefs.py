"""What the institution knew, in numbers and sentences: scores, tags, estimates, memory of migration, feedback."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from tenure.agents.belief import QUADRANTS
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sentences import percent, words
from tenure.simulation.recording.beliefs.groups import DEFAULT, LEAVE

HEADS = (
    ("people", "x years"),
    ("default:", "AUC"),
    ("default:", "Brier"),
    ("leaving:", "AUC"),
    ("leaving:", "Brier"),
    ("wrong", "quadrant"),
    ("wrong", "stage"),
    ("wrong", "risk grade"),
    ("wrong", "return band"),
    ("risk error,", "log-odds"),
    ("by the", "formula"),
)
TAGS = ("quadrant", "stage", "risk_grade", "return_band")
SIGNIFICANT = 0.01


class BeliefRow(NamedTuple):
    """One group of the champion's customers and how well they were known, as texts in the order of HEADS."""

    group: str
    cells: tuple[str, ...]


def belief_table(recordings: Recordings) -> list[BeliefRow]:
    """Return how well the champion's customers were known, by group, all years and runs pooled; empty if unknown."""
    if "score_people" not in recordings.rows:
        return []
    scores = _weighted(recordings, ("score_auc", "score_brier"), "score_people")
    tags = _weighted(recordings, ("tag_error",), "tag_error_people")
    risk = _weighted(recordings, ("risk_error", "risk_error_expected"), "risk_error_people", square=True)
    people = _own(recordings, "score_people")
    judged = people[people["a"] == DEFAULT].groupby("b", observed=True)["value"].sum()

    def cell(table: "pd.Series[float]", key: tuple[str, str, str], text: str) -> str:
        return text.format(table[key]) if key in table.index else "-"

    rows = []
    for group in dict.fromkeys([*tags.index.get_level_values("b"), *risk.index.get_level_values("b")]):
        cells = [f"{judged[group]:,.0f}" if group in judged.index else "-"]
        for score in (DEFAULT, LEAVE):
            cells += [cell(scores, ("score_auc", score, group), "{:.2f}")]
            cells += [cell(scores, ("score_brier", score, group), "{:.4f}")]
        cells += [cell(tags, ("tag_error", tag, group), "{:.1%}") for tag in TAGS]
        cells += [cell(risk, (kind, "risk_mean", group), "{:.2f}") for kind in ("risk_error", "risk_error_expected")]
        rows.append(BeliefRow(group, tuple(cells)))
    return rows


def _own(recordings: Recordings, measure: str) -> pd.DataFrame:
    rows = recordings.of(measure)
    return rows[rows["arm"] == recordings.champion]


def _weighted(
    recordings: Recordings, measures: tuple[str, ...], people: str, square: bool = False
) -> "pd.Series[float]":
    """Average by people over years and runs, by measure, a and b; of squares if asked, and the root of it."""
    key = ["replication", "month", "a", "b"]
    weights = _own(recordings, people).set_index(key)["value"]
    made = {}
    for measure in measures:
        values = _own(recordings, measure).set_index(key)["value"]
        weight = weights.reindex(values.index)
        top = (weight * (values**2 if square else values)).groupby(["a", "b"], observed=True, sort=False).sum()
        average = top / weight.groupby(["a", "b"], observed=True, sort=False).sum()
        made[measure] = np.sqrt(average) if square else average
    table: pd.Series[float] = pd.concat(made, names=["measure"])
    return table


def pooled_moves(recordings: Recordings, kind: str) -> NDArray[np.float64]:
    """Return the champion's customers by quadrant at the start and end of a period, all periods and runs together.

    Parameters
    ----------
    kind : {'true', 'believed'}

    Returns
    -------
    array, shape (5, 5)
        In the order of `tenure.agents.belief.QUADRANTS`; last row new, last column gone.
    """
    rows = recordings.of(f"migration/quadrant/{kind}/heads")
    rows = rows[rows["arm"] == recordings.champion]
    wide = rows.pivot_table(index="a", columns="b", values="value", aggfunc="sum", observed=True)
    table = wide.reindex(index=[*QUADRANTS, "new"], columns=[*QUADRANTS, "left"]).fillna(0.0)
    matrix: NDArray[np.float64] = table.to_numpy(dtype=np.float64)
    return matrix


def belief_remarks(recordings: Recordings) -> list[str]:
    """Return sentences on whether migration has memory, and on what acquisition was told."""
    return [*_memory(recordings), *_feedback(recordings)]


def _memory(recordings: Recordings) -> Iterator[str]:
    """Say of which tags the moves depend on more than the present one (Anderson & Goodman 1957), all runs together."""
    if "markov_order" not in recordings.rows:
        return
    rows = _own(recordings, "markov_order")
    sums = rows.pivot_table(index="a", columns="b", values="value", aggfunc="sum", observed=True)
    p = dict(zip(sums.index, special.chdtrc(sums["degrees_of_freedom"], sums["statistic"]), strict=True))
    told = {name: f"{kind} {scheme.replace('_', ' ')}" for name in p for scheme, kind in [str(name).split("/")]}
    with_memory = [told[name] for name in p if p[name] < SIGNIFICANT]
    without = [told[name] for name in p if p[name] >= SIGNIFICANT]
    text = "A likelihood ratio test of first against second order over all runs (Anderson & Goodman 1957)"
    if with_memory:
        rest = f"; no sign of it for {', '.join(without)}" if without else ""
        yield (
            f"{text}: moves depend on more than the present tag, so that no Markov chain describes them, for "
            f"{', '.join(with_memory)}{rest}."
        )
    else:
        yield f"{text} finds no sign of memory in any tag beyond the present one."


def _feedback(recordings: Recordings) -> Iterator[str]:
    """Say what each arm's channels were told, how well it works, and what it cost to have seen only one's own."""
    if "lookalike" not in recordings.rows:
        return
    rows = recordings.of("lookalike")
    for arm in recordings.arms:
        own = rows[rows["arm"] == arm]
        if own.empty:
            continue
        mean = own.groupby("a", observed=True)["value"].mean()
        wanted = " or ".join(words(str(name)) for name in own["b"].unique())
        text = (
            f"{arm} had its channels look for {wanted} customers, anew {own['month'].nunique()} times: the score "
            f"orders its own customers held out with an AUC of {mean['auc_own_customers']:.2f}"
        )
        if "auc_market" in mean.index:
            lost = mean["auc_market_all_seeing"] - mean["auc_market"]
            text += (
                f", and the market's people with {mean['auc_market']:.2f}, where one fitted on the whole market would "
                f"reach {mean['auc_market_all_seeing']:.2f}: having seen only those it acquired costs {lost:.2f}"
            )
        yield f"{text}. {percent(mean['wanted_share'])} of the customers that taught it were wanted."

"""The arm that an experiment has chosen, read from what it gave; and what it is worth on replications of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.sequential.asked import Choose
from tenure.experiments.analysis.sequential.choosing import Selection, select
from tenure.experiments.analysis.sequential.looked import Failed, reached
from tenure.experiments.analysis.statistics import Comparison, compare

if TYPE_CHECKING:
    import pandas as pd


class Chosen(NamedTuple):
    """The best of several arms, as far as it is known.

    Attributes
    ----------
    asked : Choose
        How it was to be found.
    metric : Metric
        On which.
    selection : Selection
        Who is left, who was dropped when.
    fresh : Comparison or None
        The best arm against the champion on replications that had no part in choosing it; None while there are
        none, or if it is the champion.
    """

    asked: Choose
    metric: Metric
    selection: Selection
    fresh: Comparison | None

    @property
    def is_over(self) -> bool:
        """Whether one arm is left, or nobody looks any more."""
        return bool(self.selection.chosen) or self.selection.next_look > self.asked.at_most


def choice_of(
    runs: "pd.DataFrame",
    arms: Sequence[str],
    champion: str,
    metric: Metric,
    asked: Choose,
    failed: Failed = frozenset(),
) -> Chosen:
    """Return the choice that replications support.

    Parameters
    ----------
    runs : DataFrame
        Columns arm, replication, metric, value.
    arms : sequence of str
        To choose from, the champion among them.
    champion : str
        Beside which the chosen arm is scored again.
    metric : Metric
        Which way is better, and of what.
    asked : Choose
        How surely, and from which lead on.
    failed : collection of (arm, replication)
        What was tried and gave nothing.
    """
    own = runs[runs["metric"] == metric.name]
    wide = own.pivot(index="replication", columns="arm", values="value").reindex(columns=list(arms))
    wide = wide.reindex(range(asked.at_most))
    selection = select(
        wide.to_numpy(dtype=float),
        arms,
        [reached(own, arm, failed) for arm in arms],
        asked.zone,
        asked.confidence,
        asked.at_most,
        metric.better != "lower",
    )
    choice = Chosen(asked, metric, selection, None)
    scored = own[(own["replication"] >= asked.at_most) & own["arm"].isin((champion, selection.best))]
    if not choice.is_over or selection.best == champion or scored["arm"].nunique() < 2:
        return choice
    return choice._replace(fresh=next(iter(compare(scored, champion)), None))


def choice_sentences(choice: Chosen, champion: str) -> Sequence[str]:
    """Say who was chosen and how surely, who was dropped when, and what the chosen arm is worth."""
    from tenure.experiments.analysis.metric import difference_text, shown_times

    asked, metric, found = choice.asked, choice.metric, choice.selection
    zone = f"{asked.zone * shown_times(metric):g} {'points' if metric.unit == '%' else metric.unit}"
    if not found.at:
        return ("Nobody has looked yet: the arms are compared from 10 replications on.",)
    if found.chosen:
        told = [
            f"Chosen by {metric.name}: {found.chosen}, of {len(found.dropped) + 1} arms after {found.at} replications. "
            f"If the best arm leads by {zone} or more it is found with {100.0 * asked.confidence:g}% confidence or "
            "more (Kim & Nelson 2001)."
        ]
    else:
        ending = "after which nothing more was to be made" if choice.is_over else "and more are wanted"
        told = [
            f"Not chosen yet: {', '.join(found.left)} are left after {found.at} replications, {ending}; {found.best} "
            f"has the best average of {metric.name}, and nothing is promised of it."
        ]
    if found.dropped:
        told += [f"Dropped: {', '.join(f'{arm} after {at}' for arm, at in found.dropped.items())}."]
    if found.best == champion:
        told += [f"{champion} is the champion, so nothing is scored again."] if choice.is_over else []
    elif choice.fresh is not None:
        one, unit = choice.fresh, "pt" if metric.unit == "%" else metric.unit
        told += [
            f"Scored again on {one.n} fresh replications: {found.best} differs from {champion} by "
            f"{difference_text(metric, one.apart)} {unit}, 95% interval. Those that chose it "
            "flatter it."
        ]
    return tuple(told)

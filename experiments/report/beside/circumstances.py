"""What the arms were run in, scenario by scenario or folder by folder, and how they change from one to another."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.paired.changes import Change, changes
from tenure.experiments.report.labels import listed
from tenure.experiments.store.results import Results


class Circumstance(NamedTuple):
    """What the arms were run in: a scenario, or what one folder says of its own."""

    label: str
    results: Results
    """Of one scenario."""


def circumstances_of(folders: Sequence[Results]) -> list[Circumstance]:
    """Return the circumstances of folders of results, in their order: named by scenario, and by folder if several.

    Raises
    ------
    ValueError
        If folders have other champions, or money in other currencies.
    """
    first = folders[0]
    for one in folders[1:]:
        for what, its, own in (
            ("the champion", one.champion, first.champion),
            ("the currency", one.currency, first.currency),
        ):
            if its != own:
                raise ValueError(
                    f"{one.folder}: {what} is '{its}', and in {first.folder} it is '{own}'. Effects stand beside each "
                    f"other only if {what} is the same: run one of them again with that"
                )
    names = _folder_names(folders)
    found = []
    for name, one in zip(names, folders, strict=True):
        for scenario in one.scenarios:
            parts = [name] * (len(folders) > 1) + [scenario] * bool(scenario)
            found.append(Circumstance(": ".join(parts), one.under(scenario)))
    return found


def values_of(results: Results, metric: Metric) -> pd.DataFrame:
    """Return a metric's values in one scenario: a row per replication, a column per arm."""
    table = results.metrics()
    return table[table["metric"] == metric.name].pivot(index="replication", columns="arm", values="value")


def uncertain_in(circumstances: Sequence[Circumstance]) -> tuple[str, ...]:
    """Return the names of what is drawn anew in each draw; none where circumstances are of several folders."""
    first = circumstances[0].results
    if any(one.results.folder != first.folder for one in circumstances):
        return ()
    return tuple(str(name) for name in first.draws().columns if name != "draw")


def changes_of(first: Results, last: Results, metric: Metric, arms: Sequence[str]) -> dict[str, Change]:
    """Return how each arm changes between results of two scenarios or levels, the champion first."""
    return changes(values_of(first, metric), values_of(last, metric), first.champion, arms)


def changes_between(first: Circumstance, last: Circumstance, metric: Metric, arms: Sequence[str]) -> dict[str, Average]:
    """Return by how much what the table shows is larger in the last circumstance than in the first.

    Of the champion that is its level, of each other arm its difference from the champion: see
    `tenure.experiments.analysis.paired.changes`.
    """
    found = changes_of(first.results, last.results, metric, arms)
    return {arm: one.own if one.apart is None else one.apart for arm, one in found.items()}


def unlike(circumstances: Sequence[Circumstance]) -> Iterator[str]:
    """Say what else differs between folders than their circumstances."""
    first = circumstances[0]
    for one in circumstances[1:]:
        mine, its = first.results.about, one.results.about
        if its["months"] != mine["months"]:
            yield f"Runs take {mine['months']} months in {first.label}, and {its['months']} in {one.label}."
        arms = [arm for arm in mine["arms"] if arm in its["arms"] and its["arms"][arm] != mine["arms"][arm]]
        if arms:
            which = listed([f"'{arm}'" for arm in arms]) + (" does" if len(arms) == 1 else " do")
            yield f"{which} not follow the same policy in {first.label} and in {one.label}."


def _folder_names(folders: Sequence[Results]) -> list[str]:
    """Return names of folders that tell them apart: the last part of their paths if that does, else the whole."""
    ends = [one.folder.resolve().name for one in folders]
    return ends if len({*ends}) == len(ends) else [os.fspath(one.folder) for one in folders]

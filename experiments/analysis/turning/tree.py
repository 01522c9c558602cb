"""A rule of at most two conditions that says which arm is best where: a shallow tree with readable limits."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.turning.regions import Clause, Region, readable, spans_of

if TYPE_CHECKING:
    import pandas as pd

DEEPEST = 2
"""Conditions one after the other that a person keeps in mind."""
LEAST_SHARE, LEAST_POINTS = 0.05, 3
"""Of the points learnt from that each end of the tree must hold."""


class Leaf(NamedTuple):
    """An end of a tree: where it is, and the answer there."""

    region: Region
    answer: str


class ReadableRule(NamedTuple):
    """A rule that gives every point an answer; its leaves share out all points."""

    leaves: tuple[Leaf, ...]

    def answers(self, inputs: "pd.DataFrame") -> npt.NDArray[np.str_]:
        """Return what the rule says of rows."""
        longest = max(len(leaf.answer) for leaf in self.leaves)
        found = np.full(len(inputs), "", dtype=f"<U{longest}")
        for leaf in self.leaves:
            found[leaf.region.holds(inputs)] = leaf.answer
        return found

    def other_than(self, usual: str) -> tuple[Leaf, ...]:
        """Return where it says something else than the usual answer."""
        return tuple(leaf for leaf in self.leaves if leaf.answer != usual)


def readable_rule(
    inputs: "pd.DataFrame", answers: npt.NDArray[np.str_], weights: npt.NDArray[np.float64]
) -> ReadableRule:
    """Learn a rule from points.

    Parameters
    ----------
    inputs : DataFrame, shape (points, inputs)
        Numbers or words.
    answers : array of str, shape (points,)
        At each.
    weights : array, shape (points,)
        What each point counts; 0 or more.

    Notes
    -----
    Classification tree of scikit-learn, Gini impurity, depth `DEEPEST`. Its limits are moved to readable numbers before
    the answers of its leaves are settled, so that what is checked is what is read.
    """
    from sklearn.tree import DecisionTreeClassifier

    whole = Leaf(Region(()), _usual(answers, weights))
    counts = weights > 0.0
    if len(set(answers[counts].tolist())) < 2:
        return ReadableRule((whole,))
    columns, sources = _as_numbers(inputs)
    least = max(LEAST_POINTS, int(np.ceil(LEAST_SHARE * counts.sum())))
    tree = DecisionTreeClassifier(max_depth=DEEPEST, min_samples_leaf=least, random_state=0)
    tree.fit(columns[counts], answers[counts], sample_weight=weights[counts])
    grown, spans = tree.tree_, spans_of(inputs)

    def leaves(node: int, clauses: tuple[Clause, ...]) -> list[Leaf]:
        if grown.children_left[node] == grown.children_right[node]:
            region = Region(clauses)
            inside = region.holds(inputs)
            if not (weights[inside] > 0.0).any():
                return [Leaf(region, whole.answer)]
            return [Leaf(region, _usual(answers[inside], weights[inside]))]
        path, word = sources[grown.feature[node]]
        limit = word if word is not None else readable(float(grown.threshold[node]), spans, path)
        low = leaves(int(grown.children_left[node]), (*clauses, Clause(path, False, limit)))
        high = leaves(int(grown.children_right[node]), (*clauses, Clause(path, True, limit)))
        if len(low) == len(high) == 1 and low[0].answer == high[0].answer:
            return [Leaf(Region(clauses), low[0].answer)]
        return low + high

    found = leaves(0, ())
    return ReadableRule(tuple(Leaf(leaf.region.simplified().said_of(inputs), leaf.answer) for leaf in found))


def _usual(answers: npt.NDArray[np.str_], weights: npt.NDArray[np.float64]) -> str:
    """Return the answer that weighs most; the first by name of several."""
    names: list[str] = sorted(set(answers.tolist()))
    return max(names, key=lambda name: float(weights[answers == name].sum()))


def _as_numbers(inputs: "pd.DataFrame") -> tuple[npt.NDArray[np.float64], list[tuple[str, str | None]]]:
    """Return a column of numbers for each input that is one, and for each word of the others whether it is that."""
    numbers = spans_of(inputs)
    columns: list[npt.NDArray[np.float64]] = []
    sources: list[tuple[str, str | None]] = []
    for path in inputs.columns:
        if path in numbers:
            columns.append(inputs[path].to_numpy(np.float64))
            sources.append((str(path), None))
            continue
        for word in sorted(inputs[path].astype(str).unique()):
            columns.append((inputs[path].astype(str) == word).to_numpy(np.float64))
            sources.append((str(path), str(word)))
    return np.column_stack(columns), sources

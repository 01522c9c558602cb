"""What the recording keeps of beliefs: once a year, what the institution believed beside what was true."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import OTHER_LINES
from tenure.policies.view import InstitutionView
from tenure.simulation.recording.beliefs.errors import belief_error, tag_errors
from tenure.simulation.recording.beliefs.groups import COMPARED, DEFAULT, KINDS, LEAVE
from tenure.simulation.recording.beliefs.migration import Matched, migration_matrix, order_test, triples
from tenure.simulation.recording.beliefs.quality import BeliefQuality
from tenure.simulation.recording.measures import MARKOV_ORDER, MIGRATION, MIGRATION_OF_SEGMENT
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.rows import Row

Ints = NDArray[np.integer]
COHORT_MONTHS = 12
ARREARS = 3
"""Missed payments outstanding that are a default (Basel: 90 days)."""


class Truths(NamedTuple):
    """What was true of our customers when the beliefs were formed; arrays of shape (customers,), ids ascending."""

    ids: Ints
    tags: Mapping[str, Ints]
    """scheme of `COMPARED` -> codes"""
    balances_eur: NDArray[np.float64]
    """credit and deposits"""
    risk: NDArray[np.float64]
    """log-odds of a missed payment in a month"""


def truths_of(facts: MonthFacts) -> Truths:
    """Return what a month's facts say of our customers, tags by the schemes in use."""
    schemes = facts.settings.classification()
    own, truths = facts.own, facts.truths
    order = np.argsort(own["person_id"], kind="stable")
    tags = {
        "quadrant": truths["quadrant"],
        "stage": facts.stages,
        "risk_grade": schemes.risk_grade(truths["default_per_year"]),
        "return_band": schemes.return_band(truths["margin_per_year"]),
    }
    balances = (own["credit_cents"] + own["deposit_cents"]) / 100.0
    ordered = {name: codes[order] for name, codes in tags.items()}
    return Truths(own["person_id"][order], ordered, balances[order], truths["risk"][order])


class _Mark(NamedTuple):
    """Who had which tags at one time, true or believed."""

    ids: Ints
    tags: Mapping[str, Ints]
    balances_eur: NDArray[np.float64]
    segments: Ints
    """index of our segment, -1 none"""


class BeliefRecorder:
    """Compares beliefs with the truth from mark to mark: beliefs of customers in our files, truth of all customers.

    Parameters
    ----------
    us : str
        Name of our institution.
    every_months : int
        From mark to mark.
    """

    def __init__(self, us: str, every_months: int) -> None:
        self.us, self.every_months = us, every_months
        self.quality = BeliefQuality()
        self._marks: dict[str, list[_Mark]] = {kind: [] for kind in KINDS}
        self._orders = {(kind, name): np.zeros((len(tags),) * 3) for kind in KINDS for name, tags in COMPARED.items()}

    def is_due(self, month: int) -> bool:
        """Return whether beliefs are compared when this month begins."""
        return month % self.every_months == 0

    def mark(self, month: int, view: InstitutionView, truths: Truths) -> list[Row]:
        """Compare the beliefs that open this month with what was true at the last one's end."""
        own = np.flatnonzero(view.scope <= OTHER_LINES)
        own = own[np.argsort(view.person_id[own], kind="stable")]
        ids, at, there = np.intersect1d(view.person_id[own], truths.ids, assume_unique=True, return_indices=True)
        own = own[at]
        believed = {name: np.asarray(view.column(name)[own]) for name in COMPARED}
        true = {name: tags[there] for name, tags in truths.tags.items()}
        tenure, scope = view.tenure_months[own], view.scope[own]
        errors = belief_error(
            view.field("risk_mean")[own],
            view.field("risk_precision")[own],
            truths.risk[there],
            tenure,
            view.products_held[own],
        )
        rows = [*tag_errors(believed, true, tenure, scope), *errors]
        found: list[Row] = [(measure, month, self.us, a, b, value) for measure, a, b, value in rows]
        every = np.full(len(truths.ids), -1)
        every[there] = view.segment[own] if view.schemes.segments else -1
        self._marks["true"].append(_Mark(truths.ids, truths.tags, truths.balances_eur, every))
        self._marks["believed"].append(_Mark(ids, believed, truths.balances_eur[there], every[there]))
        for kind, marks in self._marks.items():
            del marks[:-3]
            found += self._migration(kind, month, view.schemes.segment_names)
        if self.quality.month is None:
            scores = {DEFAULT: view.default_per_year[own], LEAVE: view.leave_per_year[own]}
            self.quality.mark(month, ids, scores, tenure, scope, view.months_past_due[own] >= ARREARS)
        return found

    def forked(self) -> "BeliefRecorder":
        """Return a recorder that goes on from here by itself."""
        fork = copy.copy(self)
        fork.quality = copy.copy(self.quality)
        fork._marks = {kind: list(marks) for kind, marks in self._marks.items()}
        fork._orders = {key: counts.copy() for key, counts in self._orders.items()}
        return fork

    def _migration(self, kind: str, month: int, segments: tuple[str, ...]) -> Iterator[Row]:
        """Give who moved from which tag to which since the last mark, and add to the counts for the test of order."""
        marks = self._marks[kind]
        if len(marks) < 2:
            return
        old, new = marks[-2:]
        match = Matched.of(old.ids, new.ids)
        balance, parts = self._balance(match, old, new), [*self._parts(match, old, new, segments)]
        stayed = self._stayed(marks)
        for name, words in COMPARED.items():
            before, after = match.tags(old.tags[name], new.tags[name])
            for part, people in parts:
                for weight, worth in (("heads", None), ("balance", balance[people])):
                    matrix = migration_matrix(before[people], after[people], len(words), worth)
                    measure = MIGRATION_OF_SEGMENT if part else MIGRATION
                    named = measure.named(name, kind, weight, *part)
                    for a, b, value in self._cells(matrix, words):
                        yield named, month, self.us, a, b, value
            if stayed:
                first, second, third = (mark.tags[name][at] for mark, at in zip(marks, stayed, strict=True))
                self._orders[kind, name] += triples(first, second, third, len(words))

    @staticmethod
    def _stayed(marks: Sequence[_Mark]) -> list[Ints]:
        """Return where those stand who are there at three marks in a row, in each of them; empty of fewer marks."""
        if len(marks) < 3:
            return []
        stayed = reduce(_in_both, [mark.ids for mark in marks])
        return [np.searchsorted(mark.ids, stayed) for mark in marks]

    @staticmethod
    def _parts(
        match: Matched, old: _Mark, new: _Mark, segments: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], NDArray[np.bool_] | slice]]:
        """Give everybody, and each segment: where one was at the start, or where one came in."""
        yield (), slice(None)
        if segments:
            begun = np.empty(len(match.ids), np.int64)
            begun[match.at_after], begun[match.at_before] = new.segments, old.segments
            for index, name in enumerate(segments):
                yield (name,), begun == index

    @staticmethod
    def _balance(match: Matched, old: _Mark, new: _Mark) -> NDArray[np.float64]:
        """Return the balance at the start, of who came later at the end."""
        balance = np.empty(len(match.ids))
        balance[match.at_after], balance[match.at_before] = new.balances_eur, old.balances_eur
        return balance

    @staticmethod
    def _cells(matrix: NDArray[np.float64], words: tuple[str, ...]) -> Iterator[tuple[str, str, float]]:
        for i, j in np.argwhere(matrix).tolist():
            yield (*words, "new")[i], (*words, "left")[j], float(matrix[i, j])

    def note(self, month: int, persons_defaulted: Ints, persons_left: Ints) -> list[Row]:
        """Note to whom what was predicted happened this month; after twelve months the predictions are judged."""
        self.quality.note(persons_defaulted, persons_left)
        if self.quality.month is None or month - self.quality.month != COHORT_MONTHS - 1:
            return []
        return [(measure, month + 1, self.us, a, b, value) for measure, a, b, value in self.quality.close()]

    def finish(self, month: int) -> Iterator[Row]:
        """Give what needs the whole run: whether moves depend on the present tag alone."""
        for (kind, name), counts in self._orders.items():
            if counts.sum() > 0:
                test = order_test(counts)
                for what, value in (("statistic", test.statistic), ("degrees_of_freedom", test.degrees_of_freedom)):
                    yield MARKOV_ORDER.name, month, self.us, f"{name}/{kind}", what, value


def _in_both(some: Ints, others: Ints) -> Ints:
    """Return the ids that are in both lists, each of which is without repetition, ascending."""
    return np.intersect1d(some, others, assume_unique=True)


def happened(facts: MonthFacts) -> tuple[Ints, Ints]:
    """Return the ids of our customers in default at a month's end, and of those who left us in it."""
    return facts.own["person_id"][facts.own["months_past_due"] >= ARREARS], facts.left["person_id"]

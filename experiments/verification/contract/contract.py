"""The contract of a policy: what `tenure check my_bank.py` tries before anybody builds a result on it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.config.reading import Problem
from tenure.experiments.verification.contract import learning as learning
from tenure.experiments.verification.contract import tries as tries
from tenure.experiments.verification.contract.answers import Answer
from tenure.experiments.verification.contract.source import Source
from tenure.experiments.verification.contract.trial import LONGEST_S, Trial
from tenure.experiments.verification.contract.views import ShownMonth, Story, story

OTHERS = (("default", 2, 3), ("online_lender", 2, 3))
"""Markets beside the first, with other people, or with other products and rivals: name, seed and last month."""


class Verdict(NamedTuple):
    """What a policy was found to do."""

    problems: list[Problem]
    notes: list[str]
    """What is no fault, but good to know."""
    ns_per_customer: float
    proposals: int
    digest: str
    """Of all that it decided: the same in every process and under every hash seed, if it keeps the contract; empty
    if it was too slow for all to be tried."""


def try_contract(
    path: Path,
    source: str,
    name: str,
    load: Callable[[], Mapping[str, type]],
    inputs: frozenset[Path] = frozenset(),
    quick: bool = False,
) -> Verdict:
    """Try a policy with its default settings on the customers of small markets.

    Parameters
    ----------
    path : Path
        Its file.
    source : str
        What stands in it.
    name : str
        Which policy of it.
    load : callable
        Returns name -> class of the policies in the file, its modules executed anew each time.
    inputs : frozenset of Path
        The files of data that it may read.
    quick : bool
        Whether the digest alone is wanted: its speed is not measured.

    Returns
    -------
    Verdict
        With every breach that could be found; a breach hides no other, except those that follow from it.
    """
    trial = Trial(Source(path, source), name, load, inputs)
    notes: list[str] = []
    proposals, ns = 0, 0.0
    for problem in trial.source.told_by_the_text():
        trial.problems[(*problem[:3], problem.message)] = problem
    with trial.untouched(), trial.law():
        policy = trial.loaded()
        sees_truth = bool(getattr(policy, "needs_truth", False))
        if sees_truth:
            notes.append(f"{policy.__name__} sees the truth: an oracle; every report marks its results.")
        told = story("default", 1, needs_truth=sees_truth)
        found: dict[str, Answer] = {}
        with trial.law():
            found = tries.answers(trial, told)
        if found:
            base = next((one for one in told.some if one.when in found), None)
            if base is not None:
                proposals = len(found[base.when].plan.treatments)
                _compare(trial, told, found, base)
            _learning(trial, told)
            _try(trial, lambda: tries.lives_in_a_market(trial))
        if not trial.in_time:
            notes.append(f"Its decisions took over {LONGEST_S:.0f} seconds: not all of the contract was tried.")
        if found and base is not None and not quick:
            ns = tries.ns_per_customer(trial, base.view)
    digest = trial.digest.hexdigest() if trial.in_time else ""
    return Verdict(list(trial.problems.values()), notes, ns, proposals, digest)


def _try(trial: Trial, law: Callable[[], None]) -> bool:
    """Try a law if there is time left; return whether it is kept."""
    told = len(trial.problems)
    if trial.in_time:
        with trial.law():
            law()
    return len(trial.problems) == told


def _compare(trial: Trial, told: Story, found: dict[str, Answer], base: ShownMonth) -> None:
    """Try the laws that compare what it decides with what it decides otherwise asked."""
    months = [month for month in told.some if month.when in found]
    others = [story(*one, needs_truth=told.needs_truth).months[-1] for one in OTHERS]
    elsewhere = [month for month in others if tries.can_answer(trial, month)]
    alone: list[Answer] = []
    if not _try(trial, lambda: alone.extend(tries.has_no_luck_of_its_own(trial, [*months, *elsewhere]))):
        return  # nothing can be compared with what differs from time to time
    if _try(trial, lambda: tries.keeps_nothing(trial, [*months, *elsewhere], alone)):
        _try(trial, lambda: tries.decides_without_traces(trial, told, found))
    _try(trial, lambda: tries.leaves_the_view_alone(trial, base))
    for month in months:
        answer = alone[months.index(month)]
        _try(trial, lambda: tries.does_not_see_the_truth(trial, told, month, answer))  # noqa: B023 - called at once
        _try(trial, lambda: tries.does_not_go_by_protected_attributes(trial, month, answer))  # noqa: B023 - called at once
        _try(trial, lambda: tries.does_not_go_by_place(trial, month, answer))  # noqa: B023 - called at once
        _try(trial, lambda: tries.does_not_go_by_the_clock(trial, month, answer))  # noqa: B023 - called at once


def _learning(trial: Trial, told: Story) -> None:
    """Try the laws for policies that learn."""
    it_learns: list[bool] = []
    decided: list[Answer] = []
    _try(trial, lambda: it_learns.append(learning.learns(trial)))
    if not any(it_learns):
        return
    if _try(trial, lambda: learning.teaches_itself_alone(trial, told)):
        _try(trial, lambda: decided.extend(learning.goes_on(trial, told)))
    if decided:
        _try(trial, lambda: learning.only_learning_teaches(trial, told, decided))
    _try(trial, lambda: learning.hands_out_copies(trial, told))

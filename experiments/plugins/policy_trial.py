"""A policy file of a user's own, tried in processes of its own before anything is built on it; once per version."""

import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.agents.compiling import private_folder
from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.own_classes import classes_of, parts_afresh
from tenure.experiments.plugins.own_parts import OwnParts
from tenure.experiments.plugins.own_policies import PolicySource, import_installed
from tenure.experiments.plugins.parts_trial import try_parts
from tenure.experiments.plugins.untouched import changes, fingerprint
from tenure.experiments.running.workers import JobStoppedError, Limits, ask_once
from tenure.experiments.store.provenance import program_hash
from tenure.experiments.store.sealing import DamagedError, json_sealed, json_unsealed, write_whole
from tenure.experiments.verification.contract.contract import try_contract
from tenure.experiments.verification.contract.source import Source
from tenure.experiments.verification.contract.trial import breach_of_change
from tenure.experiments.verification.contract.views import small_market

HASH_SEEDS = ("1", "2")
"""A policy whose decisions follow the order of a set decides otherwise under another."""
LIMITS = Limits(seconds_a_month=120.0, memory_bytes=4_000_000_000)
"""For all tries of one policy."""


class TrialReport(NamedTuple):
    """What the policies and other parts of a file were found to do."""

    problems: list[Problem]
    notes: list[str]
    digests: dict[str, str]
    """Policy, or kind and name of another part -> hash of all that it decided or gave."""
    told: dict[str, tuple[int, float]]
    """Policy -> proposals, nanoseconds for a customer and month."""
    parts: dict[str, str]
    """Kind and name of another part -> what is said of it."""


_done: dict[str, TrialReport] = {}


def must_keep_the_contract(source: PolicySource) -> None:
    """Raise `ConfigError` with all that is wrong with the policies of a file; quick for one that was tried before."""
    trial = tried(source)
    if trial.problems:
        raise ConfigError(trial.problems)


def tried(source: PolicySource) -> TrialReport:
    """Try the policies of a file, under two seeds of Python's hash; what was found is kept for this version."""
    key = f"{source.digest}-{program_hash()[:16]}"
    kept = _done.get(key) or _remembered(key)
    if kept is None:
        kept = _tried(source)
        if not kept.problems:
            with contextlib.suppress(OSError):
                write_whole(_path(key), json_sealed(kept._asdict()))
    _done[key] = kept
    return kept


def get_ready() -> None:
    """Let the rules be compiled, where this machine has not done it yet, before a policy's time is counted."""
    small_market("default", 1, people=50).step()


def try_here(source: PolicySource, quick: bool, tell: Callable[[str], None]) -> TrialReport:
    """Try the policies of a file in this process, which is to be ended afterwards."""
    tell("loading")
    import_installed([source])
    before = fingerprint()
    try:
        with parts_afresh([source]) as each:
            touched = changes(before)
            if touched:
                told = Source(Path(source.path), source.modules[0].source.decode(errors="replace"))
                return TrialReport([told.problem(breach_of_change(what)) for what in touched], [], {}, {}, {})
            return _each_tried(source, sorted(each[source.path].policies), quick, tell)
    except ConfigError as error:
        return TrialReport(list(error.problems), [], {}, {}, {})


def _each_tried(source: PolicySource, names: Sequence[str], quick: bool, tell: Callable[[str], None]) -> TrialReport:
    problems: list[Problem] = []
    notes: list[str] = []
    digests, told = {}, {}
    text = source.modules[0].source.decode(errors="replace")
    for name in names:
        tell(f"trying {name}")
        inputs = source.input_paths
        verdict = try_contract(Path(source.path), text, name, lambda: _fresh(source).policies, inputs, quick)
        problems += verdict.problems
        notes += verdict.notes
        digests[name] = verdict.digest
        told[name] = (verdict.proposals, verdict.ns_per_customer)
    tell("trying its other parts")
    parts = try_parts(source, lambda: _fresh(source))
    problems += parts.problems
    return TrialReport(list(dict.fromkeys(problems)), notes, digests | parts.digests, told, parts.told)


def _fresh(source: PolicySource) -> OwnParts:
    """Return what modules executed anew hold; annotations that are texts are looked up in the file's own."""
    with parts_afresh([source]) as each:
        kept = sys.modules[source.module_name]
    sys.modules[source.module_name] = kept
    return each[source.path]


def _tried(source: PolicySource) -> TrialReport:
    one = _asked(source, HASH_SEEDS[0], False)
    if one.problems:
        return one
    other = _asked(source, HASH_SEEDS[1], True)
    lines = classes_of(source)
    why = "what it does follows the order of a set, or the process itself"
    mend = "Sort what comes out of a set, and draw luck with view.uniform('a name')."
    differing = [
        Problem(source.path, lines.get(name, 1), 1, f"in another process {_does(name, one)} otherwise: {why}", mend)
        for name, digest in one.digests.items()
        if digest and digest != other.digests.get(name, "") != ""
    ]
    return one._replace(problems=other.problems or differing)


def _does(name: str, one: TrialReport) -> str:
    """Say what a part does: a policy decides, another comes out."""
    return f"the {name} comes out" if name in one.parts else "it decides"


def _asked(source: PolicySource, hash_seed: str, quick: bool) -> TrialReport:
    try:
        found: TrialReport = ask_once(
            "tenure.experiments.plugins.policy_trial:try_here",
            (source, quick),
            "tenure.experiments.plugins.policy_trial",
            LIMITS,
            hash_seed,
        )
        return found
    except JobStoppedError as error:
        place = next(((path, line) for path, line in error.frames if path in source.paths), None)
        path, line = place or (source.path, next(iter(classes_of(source).values()), 1))
        what = f"when it is {'loaded' if error.phase == 'loading' else 'tried'}, {error.what}"
        mend = "Let it come to an end, in little memory: work on whole columns of the view."
        return TrialReport([Problem(path, line, 1, what, mend)], [], {}, {}, {})


def _path(key: str) -> Path:
    return private_folder() / "contracts" / f"{key}.json"


def _remembered(key: str) -> TrialReport | None:
    """Return what was found of this version before; None if nothing is known."""
    try:
        kept = json_unsealed(_path(key))
        told = {str(name): (int(one[0]), float(one[1])) for name, one in kept["told"].items()}
        digests = {str(name): str(digest) for name, digest in kept["digests"].items()}
        parts = {str(name): str(text) for name, text in kept["parts"].items()}
        return TrialReport([], [str(one) for one in kept["notes"]], digests, told, parts)
    except (OSError, DamagedError, KeyError, TypeError, ValueError, json.JSONDecodeError):
        return None

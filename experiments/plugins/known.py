"""Policies of a user's own, from Python files that the user names on the command line."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.plugins.own_policies import PolicySource, snapshot
from tenure.experiments.shipped import policy_file
from tenure.policies.shelf import SHELF


def known_policies(files: Sequence[Path] = ()) -> dict[str, type]:
    """Return name -> class of the shelf and of the policies in some Python files.

    A file is first tried in a process of its own, once per version: see `tenure.experiments.plugins.policy_trial`.

    Raises
    ------
    ConfigError
        If a file is missing, does not run, holds no policy, takes a name twice or one of the shelf, or breaks the
        contract.
    """
    return {**SHELF, **{name: policy for source in sources_of(files) for name, policy in _accepted(source).items()}}


def sources_of(files: Sequence[Path]) -> tuple[PolicySource, ...]:
    """Return the files as they are now, with what they import and read; `ConfigError` as `known_policies`."""
    found = tuple(snapshot(path) for path in dict.fromkeys(policy_file(Path(one)).absolute() for one in files))
    names: dict[str, tuple[bytes, str]] = {}
    for source in found:
        for module in source.modules[1:]:
            source_of, path = names.setdefault(module.name, (module.source, module.path))
            if source_of != module.source:
                what = f"two files are imported as '{module.name}': {path} and {module.path}"
                raise ConfigError([Problem(source.path, 0, 0, what, "Give one of them another name.")])
    return found


def policies_of(source: PolicySource) -> frozenset[str]:
    """Return the names of the policies of a file; `ConfigError` as `known_policies`."""
    return frozenset(_accepted(source))


def _accepted(source: PolicySource) -> Mapping[str, type]:
    from tenure.experiments.plugins.policy_trial import (
        must_keep_the_contract,  # loads the model, which most commands do not need
    )

    must_keep_the_contract(source)
    return _classes(source)


@lru_cache(maxsize=32)
def _classes(source: PolicySource) -> Mapping[str, type]:
    """Return the classes of a file that kept the contract, to check settings by; a run loads its own."""
    with contextlib.redirect_stdout(sys.stderr), policies_afresh([source]) as known:
        found = {name: policy for name, policy in known.items() if name not in SHELF}
        kept = sys.modules[source.module_name]
    sys.modules[source.module_name] = kept  # annotations that are texts are looked up in it
    return found

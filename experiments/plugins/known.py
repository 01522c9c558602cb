"""Policies and other parts of a user's own, from Python files that the user names on the command line."""

import contextlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import BUILT_IN, adopt
from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.own_classes import parts_afresh
from tenure.experiments.plugins.own_parts import OwnParts, together
from tenure.experiments.plugins.own_policies import PolicySource, snapshot
from tenure.experiments.shipped import policy_file
from tenure.policies.shelf import SHELF


def known_policies(files: Sequence[Path] = ()) -> dict[str, type]:
    """Return name -> class of the shelf and of the policies in some Python files.

    A file is first tried in a process of its own, once per version: see `tenure.experiments.plugins.policy_trial`.

    Raises
    ------
    ConfigError
        If a file is missing, does not run, holds nothing, takes a name twice or one of the shelf, or breaks the
        contract.
    """
    return {**SHELF, **own_parts(files).policies}


def sources_of(files: Sequence[Path]) -> tuple[PolicySource, ...]:
    """Return the files as they are now, with what they import and read; `ConfigError` as `known_policies`."""
    named = dict.fromkeys(policy_file(Path(one)) for one in files)
    found = tuple(dict.fromkeys(snapshot(path) for path in named))
    names: dict[str, tuple[bytes, str]] = {}
    for source in found:
        for module in source.modules[1:]:
            source_of, path = names.setdefault(module.name, (module.source, module.path))
            if source_of != module.source:
                what = f"two files are imported as '{module.name}': {path} and {module.path}"
                raise ConfigError([Problem(source.path, 0, 0, what, "Give one of them another name.")])
    return found


def own_parts(files: Sequence[Path] = ()) -> OwnParts:
    """Return what some Python files hold, each tried first; `ConfigError` as `known_policies`."""
    found, problems = together([(source, parts_of(source)) for source in sources_of(files)])
    if problems:
        raise ConfigError(problems)
    return found


def parts_of(source: PolicySource) -> OwnParts:
    """Return what is in a file, tried first; `ConfigError` as `known_policies`."""
    from tenure.experiments.plugins.policy_trial import (
        must_keep_the_contract,  # loads the model, which most commands do not need
    )

    must_keep_the_contract(source)
    return _parts(source)


@lru_cache(maxsize=32)
def _parts(source: PolicySource) -> OwnParts:
    """Return what is in a file that kept the contract, to check settings by and to read results with."""
    with contextlib.redirect_stdout(sys.stderr), parts_afresh([source]) as each:
        kept = sys.modules[source.module_name]
    sys.modules[source.module_name] = kept  # annotations that are texts are looked up in it
    return each[source.path]


def own_metrics(files: Sequence[Path | str]) -> Mapping[str, Metric]:
    """Return the metrics of a user's own files, known from now on; `ConfigError` if one is wrong."""
    own = own_parts(tuple(map(Path, files))).metrics if files else {}
    adopt(own)
    return own


def shown_metrics(named: Iterable[str], own: Mapping[str, Metric]) -> tuple[list[str], tuple[str, ...]]:
    """Return the metrics to show: those that a record names, then those of a user's own; and those that are unknown."""
    known = {*BUILT_IN, *own}
    wanted = list(dict.fromkeys([*named, *own]))
    return [name for name in wanted if name in known], tuple(name for name in wanted if name not in known)

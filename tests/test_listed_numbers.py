"""`tenure list parameters` has every number that a config may hold, with unit, range, default and source."""

import ast
import linecache
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.listing.listing import entries
from tenure.policies.policy import SettingsError, build_policy, settings_of
from tenure.policies.settings.parameters import declared_settings
from tenure.policies.shelf import SHELF
from tenure.policies.shelf.thompson import Thompson
from tenure.policies.treatments import NUMBERS
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.market import MarketSettings

ROOT = Path(__file__).parent.parent
HAS_NUMBERS = re.compile(r"parameter|setting|setting of a policy|number of a treatment")
NUMBERS_LISTED = [one for one in entries("parameters") if HAS_NUMBERS.fullmatch(one.kind)]
KNOWN_SOURCE = re.compile(
    r"assumption|definition|default|neutral|no effect|sets? |the user's own|U\.S\.C\.|(19|20)\d\d|:", re.IGNORECASE
)


def test_every_number_says_its_unit_range_default_and_source() -> None:
    assert len(NUMBERS_LISTED) > 250
    for entry in NUMBERS_LISTED:
        for label in ("unit", "range", "default", "source"):
            assert entry.facts.get(label) or (label == "default" and "NAME" in entry.name), (entry.name, label)
        assert re.search(r"[a-zA-Z]{2}", entry.facts["source"]) or "U.S.C." in entry.facts["source"], entry
        if entry.kind == "setting":
            assert KNOWN_SOURCE.search(entry.facts["source"]), entry


def test_every_number_that_a_config_may_hold_is_listed() -> None:
    """Those of settings by the declarations that settings are read by, those of policies by the fields of classes."""
    listed = {name for entry in NUMBERS_LISTED for name in (entry.name, *entry.also)}
    wanted = {f"market.{one.path}" for one in numbers_of(MarketSettings).all if "treatments" not in one.path}
    wanted |= {one.path for one in numbers_of(ExperimentSettings).all}
    wanted |= {f"market.treatments.NAME.{name}" for name in NUMBERS}
    wanted |= {f"{name}.{one}" for name, policy in SHELF.items() for one in settings_of(policy) if counts(policy, one)}
    unlisted = {*map(_plain, wanted)} - {*map(_plain, listed)}
    assert len(wanted) > 250 and unlisted == set()


def _plain(path: str) -> str:
    """Return a path without what stands for the places of a list, or for the last of the names that a user chooses."""
    return re.sub(r"\.NAME$", "", path.replace(".structure.NAME.", ".structure."))


def counts(policy: type, setting: str) -> bool:
    """Return whether a setting of a policy is a number, or holds some."""
    return bool({int, float} & {*_types_in(settings_of(policy)[setting][0])})


def _types_in(kind: Any) -> Iterator[Any]:
    yield kind
    for inner in get_args(kind):
        yield from _types_in(inner)


def test_every_number_of_a_policy_is_read_by_a_policy() -> None:
    """As an attribute of a policy, outside the body of its class that declares it."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "policies").rglob("*.py")]
    read = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    settings_ = {one for policy in SHELF.values() for one in settings_of(policy)}
    assert len(settings_) > 20 and settings_ - read == set()


def test_every_setting_of_a_policy_is_explained_also_where_it_is_inherited() -> None:
    @dataclass(frozen=True)
    class Heir(Thompson):
        """A policy of a user's own that only has another default."""

        name = "heir"
        epoch_months: int = 3

    for name, policy in {**SHELF, "heir": Heir}.items():
        for one in declared_settings(policy):
            assert len(one.meaning.split()) > 3, f"{name}.{one.name}"
            line = next(entries("settings of policies", {name: policy})).line
            assert "does not say" not in line
    (epoch,) = [one for one in entries("settings of policies", {"heir": Heir}) if one.name == "heir.epoch_months"]
    assert epoch.facts["default"] == "3" and epoch.facts["range"] == "1 to 36" and "one decision" in epoch.line
    with pytest.raises(SettingsError, match="epoch_months: 99 is not between 1 and 36 months"):
        build_policy(Heir, {"epoch_months": 99})


def test_meanings_are_declared_and_no_remark_in_the_source_is_read() -> None:
    source = "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Remarked:\n    name = 'remarked'\n"
    source += '    share: float = 0.5  # a remark\n    size: int = 3\n    """How many."""\n'
    source += "    def decide(self, view): ...\n"
    module = types.ModuleType("remarked_policy")
    linecache.cache["<remarked>"] = (len(source), None, source.splitlines(keepends=True), "<remarked>")
    sys.modules["remarked_policy"] = module
    try:
        exec(compile(source, "<remarked>", "exec"), vars(module))
        share, size = entries("settings of policies", {"remarked": module.Remarked})
    finally:
        del sys.modules["remarked_policy"], linecache.cache["<remarked>"]
    assert "remark" not in share.line.replace("remarked", "") and "does not say" in share.line
    assert size.name == "remarked.size"

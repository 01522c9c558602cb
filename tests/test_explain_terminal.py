"""Every heading and sign that the terminal prints, and every command, is a word that `tenure explain` knows."""

import pytest
from typer import Typer
from typer.main import get_command_name

from tenure.experiments.analysis.statistics import SIGNS
from tenure.experiments.commands.app import app
from tenure.experiments.commands.why.answer import HEADS
from tenure.experiments.listing.listing import called
from tenure.experiments.report.effects import SKEWED

PRINTED = {
    "signs": [*SIGNS, *SIGNS.values(), SKEWED, "±", "a .. b", "*", "-"],
    "all cases": ["as written", "all settings", "all scenarios", "all settings and scenarios", "better in", "worse in"],
    "changes": ["changes by", "level", "difference"],
    "why": [
        *HEADS.values(),
        "treatments",
        "given",
        "taken",
        "switched off",
        "change",
        "difference from",
    ],
    "pilot": ["± expected at", "found with 80% chance", "needs replications"],
    "sentences": [
        "circumstances",
        "ranked",
        "not ranked",
        "place",
        "share a rank",
        "told apart",
        "Dunnett",
        "Bonferroni",
        "family",
        "turns when",
        "turns when perhaps",
        "points held out",
        "the answer leans most on",
        "skewed",
        "matters",
        "too good to be true",
        "pairing made the runs worth",
        "audit group",
        "harms the largest share",
    ],
    "asked for": [
        "market",
        "rivals",
        "circumstances",
        "scenarios",
        "eras",
        "harmed",
        "structure",
        "closing value",
        "stands_for",
        "quality",
        "funding_cost",
        "noise",
    ],
}


def commands_of(typer: Typer) -> list[str]:
    """Return what the commands of the terminal are called."""
    functions = [(one.name, one.callback) for one in typer.registered_commands]
    return [name or get_command_name(callback.__name__) for name, callback in functions if callback is not None]


@pytest.mark.parametrize("kind", PRINTED)
def test_what_the_terminal_prints_is_explained(kind: str) -> None:
    assert [word for word in PRINTED[kind] if not called(word)] == []


def test_every_command_is_explained() -> None:
    names = commands_of(app)
    assert {"run", "compare", "why"} <= set(names)
    for name in names:
        found = [one for one in called(name) if one.kind == "command of the terminal"]
        assert len(found) == 1 and f"tenure {name}" in found[0].line, name

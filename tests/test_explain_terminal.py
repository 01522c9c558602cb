"""Every heading, sign, command and option of the terminal is a word that `tenure explain` knows."""

import re

import pytest
from typer.testing import CliRunner

from tenure.experiments.analysis.statistics import SIGNS
from tenure.experiments.commands.app import app
from tenure.experiments.commands.why.answer import HEADS
from tenure.experiments.listing.commands import OPTION
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


@pytest.mark.parametrize("kind", PRINTED)
def test_what_the_terminal_prints_is_explained(kind: str) -> None:
    assert [word for word in PRINTED[kind] if not called(word)] == []


def help_of(*words: str) -> str:
    """Return what a command says of itself, in a window so wide that nothing is broken."""
    told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    return told.stdout


COMMANDS = re.findall(r"^  (\w+)  ", help_of().partition("Commands:")[2], flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_every_option_of_it_is_explained_as_its_help_has_it(command: str) -> None:
    told = help_of(command)
    found = [one for one in called(command, application=app) if one.kind == "command of the terminal"]
    assert len(found) == 1 and found[0].line in " ".join(told.split())
    assert found[0].facts["write it"].startswith(f"tenure {command}")
    listed = set(found[0].facts["options"].split(", "))
    assert listed == set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", told, flags=re.MULTILINE)) - {"--help"}
    for option in listed:
        for spelling in (option, option.removeprefix("--"), option.removeprefix("--").replace("-", " ")):
            entries = [one for one in called(spelling, application=app) if one.kind == OPTION]
            mine = [one for one in entries if f"tenure {command}" in one.facts["of"].split(", ")]
            assert len(mine) == 1 and mine[0].line.casefold() in " ".join(told.split()).casefold() + ".", spelling


def test_there_are_commands() -> None:
    assert {"run", "compare", "why", "explain", "export"} <= set(COMMANDS) and len(COMMANDS) == len(
        app.registered_commands
    )


@pytest.mark.parametrize("asked", ["--set", "set", "--vary", "vary", "--only", "only", "--by", "--one-page", "--every"])
def test_an_option_alone_is_asked_about(asked: str) -> None:
    told = CliRunner().invoke(app, ["explain", asked])
    assert told.exit_code == 0 and f"--{asked.removeprefix('--')}  ({OPTION})" in told.stdout


def test_a_sentence_speaks_of_no_option_and_a_wrong_option_is_no_word() -> None:
    told = CliRunner().invoke(app, ["explain", "only the champion is set out by people"])
    assert told.exit_code == 0 and "champion  (" in told.stdout and OPTION not in told.stdout
    wrong = CliRunner().invoke(app, ["explain", "--persn", "3", "quickstart"])
    assert wrong.exit_code == 2 and "--person" in wrong.output

"""The law of messages: whatever stands anywhere, each fault has its place and a mend of its own, all told at once."""

import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.experiments.config.documents import compose
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.problems import fault_problem, settings_faults
from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.config.settings import ExperimentSettings
from tenure.policies.policy import SettingsError
from tenure.policies.settings.faults import Fault, FaultyError, faults_of, told
from tests.settings_places import PLAIN, Spot, block, leaves, placed, policy_spots, spots

OF_A_LIBRARY = re.compile(
    r"pydantic|validation error|Input should|Traceback|object has no|unhashable|NoneType|<class|function-|\[type=|"
    r"\b(dict|tuple|None|True|False|str|list object|Exception)\b|\w+Error\b|\\x|lambda"
)
GENERIC = ("write another value", "mend it.", "change it", "check the value")
ODD = [
    "banana",
    "-1e30",
    "1e30",
    "~",
    "[]",
    "{}",
    "[banana]",
    "{banana: 1}",
    "''",
    "true",
    "4.000",
    "2027-01",
    "[[1]]",
    "{one: {two: 3}}",
    ".5x",
    "x0.5",
    "[1, 2, 3, 4, 5, 6, 7]",
    "'a: b. Cd'",
    "1" * 25,
    "'12%'",
]
NO_NUMBER = ["banana", "[1]", "{a: 1}", "''", "true", "-1e30", "'a: b. Cd'", "[[1], {a: ~}]", "2027-13-45"]
PLACES = spots()


def refused(path: Path) -> tuple[Problem, ...]:
    """Return the problems of a config; nothing else may come of one that is refused."""
    try:
        load_experiment(path)
    except ConfigError as error:
        assert error.problems
        return error.problems
    return ()


def keep_the_law(problems: tuple[Problem, ...], written: object) -> None:
    for one in problems:
        text = f"{one.message}. {one.mend}"
        assert one.line >= 1 and one.column >= 1 and Path(one.path).is_file(), (written, text)
        assert not OF_A_LIBRARY.search(text), (written, text)
        assert len(one.mend) > 5 and one.mend[:1].isupper() and one.mend[-1] in ".?!", (written, text)
        assert not any(words in one.mend.lower() for words in GENERIC), (written, text)
        assert "\n" not in text and ". ." not in text and len(text) < 900, (written, text)
    assert len({str(one) for one in problems}) == len(problems)


def tried(folder: Path, values: dict[tuple[str | int, ...], str]) -> tuple[Problem, ...]:
    path = folder / "odd.yaml"
    path.write_text(block(placed(values))[0], encoding="utf-8")
    problems = refused(path)
    keep_the_law(problems, values)
    return problems


def test_there_are_places_enough() -> None:
    assert len(PLACES) > 350 and len(policy_spots()) > 60
    assert len(leaves(PLACES, "number")) > 200


@pytest.mark.parametrize("turn", range(2))
def test_whatever_stands_at_a_place_is_taken_or_refused_in_words(tmp_path: Path, turn: int) -> None:
    refusals = 0
    for number, one in enumerate(PLACES):
        refusals += bool(tried(tmp_path, {one.at: ODD[(3 * number + 7 * turn) % len(ODD)]}))
    assert refusals > 0.8 * len(PLACES)


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD)
def test_anything_at_any_place_is_taken_or_refused_in_words(tmp_path: Path, value: str) -> None:
    assert sum(bool(tried(tmp_path, {one.at: value})) for one in PLACES) > 0.5 * len(PLACES)


@pytest.mark.parametrize("value", NO_NUMBER)
def test_all_numbers_that_are_none_are_told_at_once(tmp_path: Path, value: str) -> None:
    wrong = leaves(PLACES, "number")
    every(tmp_path, wrong, value)


@pytest.mark.parametrize("value", ["[1]", "{a: 1}", "[[banana]]"])
def test_all_words_and_switches_that_are_none_are_told_at_once(tmp_path: Path, value: str) -> None:
    every(tmp_path, leaves(PLACES, "text", "word", "switch"), value)
    every(tmp_path, leaves(PLACES, "switch", "word"), "banana")


def every(folder: Path, wrong: list[Spot], value: str) -> None:
    """Put a value at many places of one config: every one of them is told, on its line."""
    text, at_line = block(placed({one.at: value for one in wrong}))
    path = folder / "all.yaml"
    path.write_text(text, encoding="utf-8")
    problems = refused(path)
    keep_the_law(problems, value)
    told_of = {one.line for one in problems if one.path == str(path)}
    missed = [one.at for one in wrong if not {at_line[one.at], at_line.get(one.at[:-1])} & told_of]
    assert wrong and not missed, missed


@pytest.mark.parametrize("value", [*ODD, "{a: {b: [~]}}", "[[~]]"])
def test_all_settings_of_all_policies_are_told_at_once(tmp_path: Path, value: str) -> None:
    arms = {name: {"policy": name} for name in dict.fromkeys(name for name, _ in policy_spots())}
    for name, spot in policy_spots():
        arms[name][str(spot.at[-1])] = value
    text, at_line = block(placed({("arms",): ""}) | {"arms": {"nothing": "do_nothing", **arms}})
    path = tmp_path / "policies.yaml"
    path.write_text(text, encoding="utf-8")
    problems = refused(path)
    keep_the_law(problems, value)
    told_of = {one.line for one in problems}
    kinds = {"[": "list", "{": "mapping", "~": "nothing", "t": "switch", "b": "text", "'": "text"}
    kind = kinds.get(value[0])
    for name, spot in policy_spots():
        if kind is not None and kind not in spot.takes and not (value == "'12%'" and "number" in spot.takes):
            assert at_line["arms", name, spot.at[-1]] in told_of, (spot, value)


def test_what_lies_between_parts_is_told_with_what_is_wrong_in_them(tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(
        "question: Q?\nmonths: 6\narms:\n  nothing: do_nothing\n  more: {policy: uniform, share: 70, treatment: gift}\n"
        "champion: nothing\nguards:\n  price_ceiling: 5\n"
        "  structure: [{quadrant: low_risk_low_return, share_of: banana, at_least: 10%}]\n"
        "market:\n  extends: default\n  people: none\n  us: {share: 90%, products: [boat], quality: 300}\n"
        "  segments: {rich: incom > 3}\n  treatments: {gift: {extends: loyalty_reward, eligible: ending = no}}\n",
        encoding="utf-8",
    )
    problems = refused(path)
    keep_the_law(problems, "both")
    found = [(one.line, one.message) for one in problems]
    wanted = [
        (5, "share: 7000% is not"),
        (8, "guards.price_ceiling"),
        (9, "guards.structure[0].share_of: 'banana'"),
        (12, "people: 'none' is not a number"),
        (13, "us.share: the shares of us"),
        (13, "mentions the product 'boat'"),
        (13, "us.quality: 300"),
        (14, "no field is called 'incom'"),
        (15, "'=' is not used here"),
    ]
    for line, words in wanted:
        assert any(at == line and words in message for at, message in found), (line, words, found)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=60))
def test_what_a_text_holds_never_becomes_the_mend(text: str) -> None:
    for written in (f"{text}. Write 5", f"{text}: write 5", f"a: {text}", f"{text}' is: x"):
        fault = faults_of(ValueError(f"{told(written)} is not a number: write one such as 12%"))[0]
        assert fault.mend == "write one such as 12%"
        fault = faults_of(ValueError(f"{told(written)} can be two numbers. Write 4000 or 4.0"))[0]
        assert fault.mend == "Write 4000 or 4.0"


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=30))
def test_any_text_in_place_of_a_number_is_refused_with_what_to_write(text: str) -> None:
    written = json.dumps({**PLAIN, "months": f"n{text}"})
    try:
        document = compose(written, Path("made.yaml"))
    except ConfigError:
        return
    with pytest.raises(ValidationError) as error:
        ExperimentSettings.model_validate(document.data)
    faults = settings_faults(error.value, ExperimentSettings)
    one, *others = [fault_problem(document, fault) for fault in faults]
    assert not others and one.mend.startswith("Write ") and len(one.mend) < 60 and one.line == 1


def test_errors_are_data_and_survive_being_sent() -> None:
    error = FaultyError(Fault("it is wrong", "write 5", ("a", 0, "b")), Fault("this too", "Leave it out."))
    assert str(error) == "a[0].b: it is wrong: write 5\nthis too. Leave it out."
    again = pickle.loads(pickle.dumps(error))
    assert again.faults == error.faults and str(again) == str(error)
    settings = SettingsError("uniform", [Fault("it is wrong", "write 5", ("share",))])
    again = pickle.loads(pickle.dumps(settings))
    assert (again.policy, again.faults, str(again)) == (
        "uniform",
        settings.faults,
        "uniform.share: it is wrong: write 5",
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: %x",
        "a: b: c",
        "a: - b",
        "a\nb: 1",
        "a: {b",
        "a: 'x",
        "a: [1}",
        'a: "\\q"',
        "a: |9x\n  b",
        "- a\nb: 1",
        "a:\n  b: 1\n c: 2",
        "a: !",
        "a: &",
        "a: 'x\n---\ny'",
        "%YAML 2.0\n---\na: 1",
        "a: @x",
        "a: |\n    x\n  y",
        "a: {b: 1,, c: 2}",
        "a: ]",
        "a: [b: {c]",
        "a: *",
        "a: !<x y",
        "%FOO",
        "a: ,",
        "a: ?",
        "a: 'b' c",
        "a: [1\nb: 2",
    ],
)
def test_what_is_no_yaml_is_told_in_our_words(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        compose(text, Path(__file__))
    keep_the_law(error.value.problems, text)
    of_the_parser = re.compile(r"while (scanning|parsing)|expected|\btoken\b|<block|but found|could not find")
    assert not any(of_the_parser.search(str(one)) for one in error.value.problems)

"""Behavioural rules of a user's own: arithmetic alone, in a run's name, the same bits on both engines."""

from pathlib import Path
from typing import Any

import pytest

from tenure.experiments.commands.run import arms_without
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.plugins.policy_trial import try_here
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.store.record_shape import is_about
from tests.folders import SMALL, tenure

EXAMPLES = Path(__file__).parent / "own_parts"

FILE = '''from typing import Annotated

from tenure import Parameter, rule


@rule(replaces="relationship.satisfaction_next")
def grumpy(
    satisfaction, surprise, fatigue, others_ended, relationship,
    sting: Annotated[float, Parameter("1", 0, 100, "assumption")] = 10.0,
):
    """Contacts cost `sting` times the satisfaction that they usually do."""
    return {body} - sting * relationship.satisfaction_per_fatigue * fatigue


@rule
def kept(satisfaction, surprise, relationship):
    """What is left of satisfaction, and what the month's service adds."""
    return relationship.satisfaction_kept * satisfaction + relationship.surprise * surprise


@rule(replaces="relationship.satisfaction_next")
def as_ever(satisfaction, surprise, fatigue, others_ended, relationship):
    """The rule that comes along."""
    return (
        relationship.satisfaction_kept * satisfaction
        + relationship.surprise * surprise
        - relationship.satisfaction_per_fatigue * fatigue
        - relationship.others_ended * others_ended
    )
'''
BODY = "kept(satisfaction, surprise, relationship) - relationship.others_ended * others_ended"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files as they are: what a trial finds has tests of its own."""
    monkeypatch.setattr("tenure.experiments.plugins.policy_trial.must_keep_the_contract", lambda source: None)


def written(tmp_path: Path, body: str = BODY, old: str = "", new: str = "") -> Path:
    path = tmp_path / "rules.py"
    path.write_text(FILE.replace("{body}", body).replace(old, new) if old else FILE.replace("{body}", body))
    return path


def names(experiment: Experiment) -> set[str]:
    planned = plan_tasks(experiment, Path("nowhere"))
    return {task.name for task in (*planned.starts, *planned.runs)}


@pytest.mark.usefixtures("untried")
def test_a_rule_is_in_the_name_of_runs_and_states_only_where_it_is_asked_for(config: Path, file: Path) -> None:
    plain = names(load_experiment(config))
    assert names(load_experiment(config, (), [file])) == plain
    asked = [["behaviour=[grumpy]"], ["behaviour={grumpy: {sting: 3}}"], ["behaviour=[as_ever]"]]
    several = [names(load_experiment(config, sets, [file])) for sets in asked]
    assert not set.intersection(plain, *several) and len(set.union(plain, *several)) == 4 * len(plain)
    assert names(load_experiment(config, ["behaviour={grumpy: {sting: 10}}"], [file])) == several[0]
    file.write_text(file.read_text() + "\n# edited\n")
    assert not names(load_experiment(config, asked[0], [file])) & several[0]


@pytest.mark.usefixtures("untried")
def test_a_folder_needs_the_file_again_and_a_life_is_not_told_by_other_rules(config: Path, file: Path) -> None:
    experiment = load_experiment(config, ["behaviour=[grumpy]"], [file])
    about: Any = plan_tasks(experiment, Path("nowhere")).about
    assert is_about(about) and about["behaviour"] == {"grumpy": {"sting": 10.0}}
    assert about["own_policies"][0]["parts"] == {"rules": ["as_ever", "grumpy"]}
    assert arms_without(about, about["own_policies"]) == ["nothing", "uniform"]
    with pytest.raises(ValueError, match=r"people live by rules of your own here \(grumpy\)"):
        live_one_life(experiment, 1)


@pytest.mark.usefixtures("untried")
@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("[grumpi]", "there is no rule 'grumpi' of your own. Did you mean 'grumpy'?"),
        ("[grumpy, as_ever]", "'as_ever' and 'grumpy' both replace relationship.satisfaction_next"),
        ("{grumpy: {stig: 1}}", "the rule 'grumpy' has no number 'stig' of its own. Did you mean 'sting'?"),
        ("{grumpy: {sting: 200}}", "behaviour.grumpy.sting: 200 is no number from 0 to 100"),
        ("{grumpy: 3}", "behaviour.grumpy: its own numbers are wanted, name by name"),
        ("3", "behaviour: names of rules are wanted"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_its_place(config: Path, file: Path, asked: str, what: str) -> None:
    with pytest.raises(ConfigError) as told:
        load_experiment(config, [f"behaviour={asked}"], [file])
    assert what in str(told.value) and "--set behaviour" in str(told.value)


def test_without_its_file_a_rule_is_unknown(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no rule 'grumpy' of your own\. Name the file that has it"):
        load_experiment(config, ["behaviour=[grumpy]"])


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("math.exp(satisfaction)", 12, "the rule calls math.exp, which is no rule. Call exp_ of"),
        ("satisfaction ** 2.0", 12, "the rule uses **. Call power_ of"),
        ("HOW_MUCH * satisfaction", 12, "the rule reads HOW_MUCH, which is none of its arguments"),
        ("random.random()", 12, "the rule calls random.random, which is no rule"),
        ("sum([satisfaction])", 12, "the rule calls sum, which is no rule"),
        ("[one for one in (satisfaction,)][0]", 12, "the rule has a listcomp"),
        ("(satisfaction / (fatigue - fatigue))", 12, "ZeroDivisionError"),
        ("kept(satisfaction, surprise)", 12, "fails: TypeError"),
        ("(satisfaction - surprise) * 1e308 * 1e10", 7, "returned -inf for person"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_with_its_line(tmp_path: Path, body: str, line: int, what: str) -> None:
    file = written(tmp_path, body)
    said = "\n".join(map(str, try_here(snapshot(file), True, lambda doing: None).problems))
    assert f"{file}:{line}:" in said and what in said, said


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("relationship.satisfaction_next", "relations.satisfaction_next", "replaces a rule of the family 'relations'"),
        ("relationship.satisfaction_next", "relationship.next", "replaces 'next', which is no rule of relationship"),
        ("satisfaction, surprise, fatigue, others", "surprise, satisfaction, fatigue, others", "takes other arguments"),
        ('sting: Annotated[float, Parameter("1", 0, 100, "assumption")]', "sting: float", "that is not declared"),
        ("] = 10.0", "] = 200.0", "has a default of sting outside its range"),
        ("return kept", "return satisfaction > 0.0 and kept", "and relationship.satisfaction_next gives a float"),
    ],
)
def test_what_it_declares_is_checked(tmp_path: Path, old: str, new: str, what: str) -> None:
    said = "\n".join(map(str, try_here(snapshot(written(tmp_path, BODY, old, new)), True, lambda doing: None).problems))
    assert what in said, said


def test_a_rule_that_can_be_lived_by_is_told_of(file: Path) -> None:
    found = try_here(snapshot(file), True, lambda doing: None)
    assert not found.problems
    told = found.parts["rule grumpy"]
    assert told.startswith("in the place of relationship.satisfaction_next, called ")
    assert told.endswith("times; its own numbers: sting 10")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_each_kind_of_part_has_an_example_that_can_be_used_as_it_is(path: Path) -> None:
    found = try_here(snapshot(path), True, lambda doing: None)
    assert not found.problems and found.parts
    assert len(path.read_text(encoding="utf-8").splitlines()) < 25


@pytest.mark.usefixtures("untried")
def test_switches_and_rules_can_be_listed_and_explained() -> None:
    files = [word for name in ("switches.py", "grumpy.py") for word in ("--policies", EXAMPLES / name)]
    code, said = tenure("list", "parts", *files)
    assert code == 0 and all(name in said for name in ("no_fatigue", "hard_to_leave", "grumpy"))
    code, said = tenure("explain", "grumpy", *files)
    assert code == 0 and "relationship.satisfaction_next" in said and "behaviour: [grumpy]" in said
    assert "market.switches.hard_to_leave=2" in tenure("explain", "hard_to_leave", *files)[1]
    code, said = tenure("list", "parts")
    assert code == 2 and "there are no parts: name the file that has some by --policies" in said


@pytest.mark.slow
@pytest.mark.usefixtures("untried")
def test_the_rule_that_comes_along_gives_the_same_bits_and_another_one_others_on_both_engines(
    config: Path, file: Path, tmp_path: Path
) -> None:
    rules = {"plain": [], "same": ["behaviour=[as_ever]"], "other": ["behaviour={grumpy: {sting: 100}}"]}
    long_enough = ["months=8", "budget_per_month=20000"]  # for people to be tired of contacts, and to leave for it
    asked = {name: [*long_enough, *sets] for name, sets in rules.items()}
    found = {}
    for name, sets in asked.items():
        for engine, workers in (("compiled", 1), ("compiled", 2), ("objects", 2)):
            experiment = load_experiment(config, sets, [file])
            results = run_experiment(experiment, tmp_path / f"{name}-{engine}-{workers}", workers, engine)
            assert not results.failed and len(results.names) == 4
            found[name, engine, workers] = results.hash
    assert len({one for (name, *_), one in found.items() if name in ("plain", "same")}) == 1
    assert len({one for (name, *_), one in found.items() if name == "other"}) == 1
    assert len(set(found.values())) == 2

"""What `tenure check my_bank.py` tells a user whose policy breaks the contract, and whose does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.plugins.own_classes import policies_afresh
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.verification.contract.contract import try_contract
from tenure.policies.shelf import SHELF
from tests.policies_on_trial import ALL, HEAD, TREAT, policy, tried

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
YAML, PYTHON = (re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)[0] for language in ("yaml", "python"))


def checked(tmp_path: Path, text: str) -> tuple[int, str]:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "mine.py")])
    return result.exit_code, result.output


def test_a_breach_is_told_with_its_place(tmp_path: Path) -> None:
    code, said = checked(tmp_path, policy("return [1 / 0]"))
    assert code != 0 and "mine.py:10:17: decide fails: ZeroDivisionError: division by zero" in said, said


def test_a_slow_policy_is_refused(tmp_path: Path) -> None:
    slow = policy(f"for _ in range(len(view) // 10_000):\n    time.sleep(0.06)\n{ALL}")
    told = [one for one in tried(tmp_path, slow, quick=False).problems if "ns for a customer and month" in one.message]
    assert [one.line for one in told] == [10] and "whole columns" in told[0].mend


FILES = {
    "two_of_one_name": (
        "class A:\n    name = 'mine'\n    def decide(self, view): ...\n\n\n"
        "class B:\n    name = 'mine'\n    def decide(self, view): ...\n",
        6,
        "A and B are both called 'mine'",
        "Give one of them another name",
    ),
    "name_of_the_shelf": (
        "\nclass A:\n    name = 'uniform'\n    def decide(self, view): ...\n",
        2,
        "one on the shelf",
        "another name",
    ),
    "no_name": ("class Mine:\n    def decide(self, view): ...\n", 1, "has no name", 'name = "mine"'),
    "cannot_be_read": ("class Mine\n    name = 'mine'\n", 1, "expected ':'", "Mend the line"),
    "fails_when_run": ("\n1 / 0\n", 2, "ZeroDivisionError", "Mend the line"),
    "needs_what_is_absent": ("import nowhere_to_be_found\n", 1, "nowhere_to_be_found", "Install it"),
}
"""File -> its text, the line that the message names, what it says, and how to mend it."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_policy_to_try_says_where_and_why(name: str, tmp_path: Path) -> None:
    text, line, what, mend = FILES[name]
    path = tmp_path / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told, policies_afresh([snapshot(path)]):
        pass
    found = [one for one in told.value.problems if what in one.message]
    assert found and mend in found[0].mend and (found[0].path, found[0].line) == (str(path), line), told.value


def test_two_policies_in_a_file_are_both_tried(tmp_path: Path) -> None:
    other = policy("return [1]").partition("class Mine")[2].replace('"mine"', '"other"')
    code, said = checked(tmp_path, f"{policy(ALL)}\n\nclass Other{other}")
    assert code != 0 and "mine.py:16:" in said and "mine.py:9:" not in said, said


LEARNER = """class Mine:
    name = "mine"

    def __init__(self):
        self.taken, self.weights = np.zeros(1), {{}}

    def decide(self, view):
        {decide}
        {all}

    def learn(self, view, outcomes):
        {learn}

    def state(self):
        return {{"taken": {state}}}

    def restore(self, state):
        {restore}
"""
PARTS = {
    "decide": "pass",
    "learn": "self.taken += outcomes.taken.sum()",
    "state": "self.taken.copy()",
    "restore": "self.taken = state['taken'].copy()",
    "all": TREAT.format("self.taken[0] / 2000"),
}


def learner(before: str = "", **parts: str) -> str:
    return HEAD + before + LEARNER.format(**{**PARTS, **parts})


LEARNERS = {
    "fails_at_the_first_month": (
        learner(learn="self.taken += outcomes.taken[0]"),
        "outcomes.taken[0]",
        "learn fails: IndexError",
        "is empty",
    ),
    "forgets": (learner(restore="pass"), "def restore", "restore does not bring back", "Put all"),
    "forgets_in_part": (
        learner(
            learn="self.taken += outcomes.taken.sum(); self.weights[view.month] = 1",
            all=TREAT.format("len(self.weights) / 100"),
        ),
        "def restore",
        "restore does not bring back",
        "Put all",
    ),
    "restore_fails": (
        learner(restore="self.taken = state['tkaen']"),
        "state['tkaen']",
        "restore fails: KeyError",
        "Mend restore",
    ),
    "state_fails": (learner(state="self.token"), "self.token", "state fails: AttributeError", "Mend state"),
    "state_is_live": (learner(state="self.taken"), "def state", "hands out the array 'taken' itself", ".copy()"),
    "restore_keeps": (
        learner(restore="self.taken = state['taken']"),
        "def restore",
        "keeps the array 'taken' itself",
        ".copy()",
    ),
    "state_of_objects": (
        learner(state="np.array([self.weights])", restore="pass"),
        "def state",
        "cannot be kept in a file",
        "arrays",
    ),
    "decide_teaches": (
        learner(decide="self.taken += 1", all=TREAT.format("self.taken[0] / 3000")),
        "self.",
        "decide changes what it will decide",
        "learn(view, outcomes)",
    ),
    "decide_teaches_once_it_has_learnt": (
        learner(decide="self.taken += (self.taken > 0)", all=TREAT.format("self.taken[0] / 3000")),
        "self.",
        "asked every month",
        "learn(view, outcomes)",
    ),
    "taught_in_the_class": (
        learner("learnt = []\n\n\n", learn="learnt.append(0); self.taken += 1", all=TREAT.format("len(learnt) / 300")),
        "def learn",
        "another knows, too",
        "Keep what is learnt",
    ),
    "learn_of_one_argument": (
        learner().replace("learn(self, view, outcomes)", "learn(self, view)").replace("outcomes.taken.sum()", "1"),
        "def learn",
        "is called as learn(view, outcomes)",
        "def learn(self, view, outcomes)",
    ),
    "keeps_nothing": (learner().partition("    def state")[0], "def learn", "no state and no restore", "Add state()"),
    "learn_draws": (
        learner(learn="self.taken += np.random.rand()"),
        "np.random",
        "NumPy's global generator",
        "view.uniform",
    ),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_broken_policy_that_learns_is_told(name: str, tmp_path: Path) -> None:
    text, at, what, mend = LEARNERS[name]
    verdict = tried(tmp_path, text)
    found = [one for one in verdict.problems if what in one.message]
    assert found, verdict.problems
    assert mend in found[0].mend and at in text.splitlines()[found[0].line - 1], found[0]


LAWFUL = {
    "readme": PYTHON.replace('"save_by_value"', '"mine"'),
    "function": policy(ALL),
    "learns": learner(),
    "learns_by_helpers": learner(
        "def more(counts, taken):\n    counts['taken'] = counts.get('taken', 0) + int(taken.sum())\n"
        "    return float(counts['taken'])\n\n\n",
        learn="counts = {}; self.taken += more(counts, outcomes.taken)",
    ),
    "sees_nobody": policy("return Treatments.none()", fields="needs_view = False"),
    "slots": policy(TREAT.format("self.least"), fields="__slots__ = ('least',)\ndef __init__(self): self.least = 0.2"),
    "whole_plan": policy(
        "least = view.leave_per_year.mean() if len(view) else 0.0\n"
        "return Plan(Treatments.of('loyalty_reward', np.flatnonzero(view.leave_per_year > 0.1), 30.0 * least),\n"
        "    Acquisition({'mail': 1.0, 'online': 2.0}), OfferChange({'loan': 0.1 + least}))"
    ),
    "of_one_market": policy(f"view.holds('savings')\n{ALL}"),
    "luck_with_an_address": policy("return Treatments.of('loyalty_reward', np.flatnonzero(view.uniform('a') < 0.3))"),
    "prints": policy(f"print(view.month)\n{ALL}"),
    "warns_within": policy(
        f"with warnings.catch_warnings(), np.errstate(all='raise'):\n    warnings.simplefilter('ignore')\n{ALL}"
    ),
    "divides_decimals": policy(f"decimal.Decimal(1) / decimal.Decimal(3)\n{ALL}"),
    "annotated": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    + policy(TREAT.format("self.least"), fields="least: float = 0.2").replace("class Mine", "@dataclass\nclass Mine"),
    "notes": policy(ALL, fields="def notes(self): return {'told': 1.0}"),
    "reads_inputs": policy(
        TREAT.format("least"),
        "least = float(open(os.path.dirname(__file__) + '/reward.csv').read())\n",
        fields='inputs = ("reward.csv",)',
    ),
    "imports_late": policy(f"import this_folder\nthis_folder.help()\nimport json, zoneinfo\n{ALL}"),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_a_lawful_policy_is_told_nothing_and_decides_the_same_in_every_process(name: str, tmp_path: Path) -> None:
    (tmp_path / "reward.csv").write_text("0.2\n", encoding="utf-8")
    (tmp_path / "this_folder.py").write_text("def help():\n    return 1\n", encoding="utf-8")
    verdict = tried(tmp_path, LAWFUL[name], quick=False, inputs=("reward.csv",))
    assert verdict.problems == [] and verdict.notes == [] and verdict.ns_per_customer > 0.0
    assert verdict.digest == tried(tmp_path, LAWFUL[name], inputs=("reward.csv",)).digest != ""


def test_an_oracle_is_noted_and_its_view_is_true(tmp_path: Path) -> None:
    sure = policy("if len(view):\n    assert view.field('need_yes').max() > 1e5\n" + ALL, fields="needs_truth = True")
    verdict = tried(tmp_path, sure)
    assert verdict.problems == []
    assert verdict.notes == ["Mine sees the truth: an oracle; every report marks its results."]


def test_a_fault_of_a_helper_file_is_told_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("import gc\n\n\ndef help(view):\n    return 1 / 0\n", encoding="utf-8")
    problems = tried(tmp_path, policy("import helper_of_mine as it\nit.help(view)")).problems
    helper = str(tmp_path / "helper_of_mine.py")
    assert [(one.path, one.line, one.column) for one in problems] == [(helper, 1, 1), (helper, 5, 12)]


def test_one_breach_hides_no_other(tmp_path: Path) -> None:
    text = learner(learn="np.seterr(all='raise')", state="self.taken", decide="os.system('true'); sys.path.append('/')")
    words = ("error state", "starts another program", "sys.path was changed")
    told = [one.message for one in tried(tmp_path, text).problems]
    assert all(any(word in one for one in told) for word in words), told


def test_the_order_of_a_set_gives_another_digest_under_another_hash_seed(tmp_path: Path) -> None:
    sets = policy(
        "names = tuple({'loyalty_reward', 'early_help', 'end', 'let_go', 'win_back'})\n"
        "return Treatments.each(names, view.person_id % 5, np.arange(len(view)))"
    )
    for name, text in (("sets", sets), ("lawful", LAWFUL["learns"])):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    code = (
        "import runpy, sys; from pathlib import Path\n"
        "from tenure.experiments.verification.contract.contract import try_contract\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    load = lambda: {'mine': runpy.run_path(str(path))['Mine']}\n"
        "    print(try_contract(path, path.read_text(), 'mine', load, quick=True).digest)"
    )
    told = [sys.executable, "-c", code, str(tmp_path / "sets.py"), str(tmp_path / "lawful.py")]
    both = [
        subprocess.Popen(told, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE)
        for seed in ("1", "2")
    ]
    digests = [one.communicate()[0].split() for one in both]
    assert digests[0][0] != digests[1][0] and digests[0][1] == digests[1][1]


def test_the_policy_of_the_readme_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "my_bank.py"
    file.write_text(PYTHON, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0 and "save_by_value" in result.output and "s a month, limit 5.00 s" in result.output


@pytest.mark.parametrize("name", sorted(set(SHELF) - {"rules"}))  # rules have no default table
def test_every_policy_of_the_shelf_keeps_the_contract(name: str) -> None:
    policy = SHELF[name]
    file = Path(policy.decide.__code__.co_filename)
    assert try_contract(file, file.read_text(encoding="utf-8"), name, lambda: {name: policy}).problems == []


def test_a_config_that_names_a_policy_of_one_s_own_says_how_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(YAML + "\n", encoding="utf-8")
    text = (tmp_path / "my.yaml").read_text().replace("book:    quadrant_rules ", "book:    save_by_value ")
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "my.yaml")])
    assert result.exit_code != 0 and "no policy is called 'save_by_value'" in result.output
    assert "--policies FILE" in result.output

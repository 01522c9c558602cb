"""What `tenure check my_bank.py` tells a user whose policy breaks the contract, and whose does not."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments.commands import app
from experiments.contract import check_policy
from policies.shelf import SHELF
from tests.test_readme import blocks

HEAD = """from dataclasses import dataclass
import time
import numpy as np
from tenure import InstitutionView, Treatments


@dataclass(frozen=True)
class Mine:
    name = "{name}"
{fields}
    def decide(self, view: InstitutionView) -> Treatments:
"""
BROKEN = {
    "draws_luck_without_address": (
        "return Treatments.of('end', np.flatnonzero(np.random.rand(len(view)) < 0.5))",
        12, "decided twice gives other treatments", "view.uniform",
    ),
    "draws_luck_by_row": (
        "return Treatments.of('end', np.flatnonzero(np.random.default_rng(0).random(len(view)) < 0.5))",
        12, "in another order are treated otherwise", "view.uniform",
    ),
    "writes_the_view": ("view.leave_per_year[:] = 0.0", 12, "it writes the view", ".copy()"),
    "writes_round_the_view": (
        "view._beliefs.setflags(write=True)", 12, "._beliefs is private", "tenure list view",
    ),
    "reads_the_truth": (
        "import gc; models = [one for one in gc.get_objects() if type(one).__name__ == 'LifecycleModel']; "
        "bad = {who for one in models for who in one.people['id'][one.people['risk_trait'] > -5.0].tolist()}; "
        "return Treatments.of('end', np.flatnonzero([who in bad for who in view.person_id]))",
        12, "it reads the truth", "Use the view alone",
    ),
    "treats_by_age": (
        "return Treatments.of('end', np.flatnonzero(view.field('age_years') > 60.0))",
        12, "protected attribute", "Mend",
    ),
    "treats_others": ("return Treatments.of('end', view.person_id)", 12, "not its own", "index into the view"),
    "knows_other_treatments": (
        "return Treatments.of('magic', np.arange(len(view)))", 12, "no treatment 'magic'", "Known are",
    ),
    "is_too_slow": (
        "return Treatments.of('end', [i for i in range(len(view)) if time.sleep(0.0003) is None and i % 2 == 0])",
        12, "ns for a customer and month", "whole columns",
    ),
    "fails": ("return 1 / 0", 12, "ZeroDivisionError", "Mend"),
    "returns_nothing": ("pass", 11, "Plan or Treatments", "Treatments.of("),
    "returns_a_list": ("return [('end', 3)]", 11, "got list", "Treatments.of("),
    "misspells_a_column": (
        "return Treatments.of('end', np.flatnonzero(view.leave_per_yaer > 0.2))", 12, "decide fails",
        "Did you mean 'leave_per_year'?",
    ),
    "gives_a_mask": ("return Treatments.of('end', view.leave_per_year > 0.2)", 12, "not a mask", "numpy.flatnonzero"),
}  # fmt: skip
"""Policy -> its body, the line that the message names, what it says, and how to mend it."""


def checked(tmp_path: Path, name: str, body: str, fields: str = "") -> tuple[int, str]:
    file = tmp_path / f"{name}.py"
    file.write_text(HEAD.format(name=name, fields=fields) + f"        {body}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    return result.exit_code, result.output


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_is_refused_with_what_where_and_how_to_mend_it(name: str, tmp_path: Path) -> None:
    body, line, what, mend = BROKEN[name]
    code, said = checked(tmp_path, name, body)
    assert code != 0
    found = [one for one in said.splitlines() if what in one]
    assert found and mend in found[0], said
    assert f"{name}.py:{line}:" in found[0], said


def test_a_setting_without_default_is_asked_for(tmp_path: Path) -> None:
    code, said = checked(tmp_path, "asks", "return Treatments.none()", fields="    threshold: float\n")
    assert code != 0 and "needs this setting" in said and "Give each setting a default" in said


FILES = {
    "two_of_one_name": (
        "class A:\n    name = 'mine'\n    def decide(self, view): ...\n\n\n"
        "class B:\n    name = 'mine'\n    def decide(self, view): ...\n",
        6, "A and B are both called 'mine'", "Give one of them another name",
    ),
    "name_of_the_shelf": (
        "\nclass A:\n    name = 'uniform'\n    def decide(self, view): ...\n", 2, "one on the shelf", "another name",
    ),
    "no_name": ("class Mine:\n    def decide(self, view): ...\n", 1, "has no name", 'name = "mine"'),
    "cannot_be_read": ("class Mine\n    name = 'mine'\n", 1, "expected ':'", "Mend the line"),
    "fails_when_run": ("\n1 / 0\n", 2, "ZeroDivisionError", "Mend the line"),
    "needs_what_is_absent": ("import nowhere_to_be_found\n", 1, "nowhere_to_be_found", "Install it"),
}  # fmt: skip
"""File -> its text, the line that the message names, what it says, and how to mend it."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_policy_to_try_says_where_and_why(name: str, tmp_path: Path) -> None:
    text, line, what, mend = FILES[name]
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / f"{name}.py")])
    found = [one for one in result.output.splitlines() if what in one]
    assert result.exit_code != 0 and found and mend in found[0], result.output
    assert f"{name}.py:{line}:" in found[0], result.output


def test_two_policies_in_a_file_are_both_tried(tmp_path: Path) -> None:
    bodies = ("return Treatments.none()", "return [1]")
    texts = [HEAD.format(name=f"mine_{k}", fields="") + f"        {body}\n" for k, body in enumerate(bodies)]
    both = texts[0] + "\n\n" + texts[1].partition("@dataclass(frozen=True)\n")[2].replace("class Mine", "class Other")
    (tmp_path / "both.py").write_text(both, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "both.py")])
    assert result.exit_code != 0 and "both.py:18:" in result.output and "both.py:11:" not in result.output, (
        result.output
    )


LEARNER = """import numpy as np
from tenure import Treatments


class Mine:
    name = "mine"

    def __init__(self):
        self.taken = np.zeros(1)

    def decide(self, view):
        return Treatments.of("loyalty_reward", np.flatnonzero(view.leave_per_year > self.taken[0] / 1e6))

    def learn(self, view, outcomes):
        {learn}
"""
KEPT = """
    def state(self):
        return {{"taken": self.taken}}

    def restore(self, state):
        {restore}
"""
LEARNERS = {
    "keeps_nothing": (LEARNER.format(learn="self.taken += outcomes.taken.sum()"), "no state and no restore"),
    "fails_at_the_first_month": (
        LEARNER.format(learn="self.taken += outcomes.taken[0]") + KEPT.format(restore="pass"),
        "learn fails: IndexError",
    ),
    "forgets": (
        LEARNER.format(learn="self.taken += outcomes.taken.sum()") + KEPT.format(restore="pass"),
        "restore does not bring back",
    ),
    "restore_fails": (
        LEARNER.format(learn="pass") + KEPT.format(restore="self.taken = state['tkaen']"), "restore fails: KeyError",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEARNERS)
def test_a_policy_that_learns_must_be_able_to_go_on(name: str, tmp_path: Path) -> None:
    text, what = LEARNERS[name]
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / f"{name}.py")])
    assert result.exit_code != 0 and what in result.output, result.output


def test_a_policy_that_learns_and_goes_on_keeps_the_contract(tmp_path: Path) -> None:
    learns = LEARNER.format(learn="self.taken += outcomes.taken.sum()")
    text = learns + KEPT.format(restore="self.taken = state['taken'].copy()")
    (tmp_path / "learner.py").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "learner.py")])
    assert result.exit_code == 0, result.output


def test_the_policy_of_the_readme_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "my_bank.py"
    file.write_text(blocks("python")[0], encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0 and "save_by_value" in result.output and "ns a customer" in result.output


@pytest.mark.parametrize("name", sorted(set(SHELF) - {"rules"}))  # rules have no default table
def test_every_policy_of_the_shelf_keeps_the_contract(name: str) -> None:
    policy = SHELF[name]
    file = Path(policy.decide.__code__.co_filename)
    assert check_policy(file, policy).problems == []


def test_a_config_that_names_a_policy_of_one_s_own_says_how_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(blocks("yaml")[0] + "\n", encoding="utf-8")
    text = (tmp_path / "my.yaml").read_text().replace("book:    quadrant_rules ", "book:    save_by_value ")
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "my.yaml")])
    assert result.exit_code != 0 and "no policy is called 'save_by_value'" in result.output
    assert "--policies FILE" in result.output

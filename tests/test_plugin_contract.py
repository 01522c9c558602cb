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
    "returns_nothing": ("pass", 8, "Plan or Treatments", "Mend"),
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

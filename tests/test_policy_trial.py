"""The contract is asked before anything is built on a policy: once for each version, in a process of its own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.plugins import policy_trial
from tenure.experiments.running.workers import Limits
from tests.folders import SMALL

HEAD = """
import sys
import numpy as np
from tenure import InstitutionView, Treatments

{loading}

class Mine:
    name = "mine"

    def decide(self, view: InstitutionView) -> Treatments:
        {body}
"""
SOUND = "return Treatments.of('loyalty_reward', np.flatnonzero(view.leave_per_year > 0.2), amount=5.0)"


def written(tmp_path: Path, body: str = SOUND, loading: str = "") -> tuple[Path, Path]:
    config, plugin = tmp_path / "small.yaml", tmp_path / "mine.py"
    config.write_text(SMALL.replace("champion:", "  own: mine\nchampion:"), encoding="utf-8")
    plugin.write_text(HEAD.format(body=body, loading=loading), encoding="utf-8")
    return config, plugin


def test_run_refuses_what_check_refuses_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, plugin = written(tmp_path, "return Treatments.of('end', np.flatnonzero(np.random.rand(len(view)) < 0.1))")
    monkeypatch.chdir(tmp_path)
    said = []
    for words in (["check", str(plugin)], ["check", str(config)], ["run", str(config)]):
        answer = CliRunner().invoke(app, [*words, *([] if words[1] == str(plugin) else ["--policies", str(plugin)])])
        assert answer.exit_code == 2, answer.output
        said.append([line for line in answer.output.splitlines() if "NumPy's global generator" in line])
        assert f"{plugin}:12:" in answer.output
    assert said[0] and said[0] == said[1] == said[2]
    assert not (tmp_path / "results").exists()


def test_a_version_is_tried_once_and_an_edit_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, plugin = written(tmp_path)
    load_experiment(config, plugins=[plugin])
    monkeypatch.setattr(policy_trial, "_done", {})  # as in another process

    def never(*_: object) -> None:
        raise AssertionError("tried again")

    monkeypatch.setattr(policy_trial, "ask_once", never)
    assert load_experiment(config, plugins=[plugin]).arms["own"].policy == "mine"
    plugin.write_text(plugin.read_text().replace("5.0", "6.0"))
    with pytest.raises(AssertionError, match="tried again"):
        load_experiment(config, plugins=[plugin])


@pytest.mark.parametrize(
    ("body", "loading", "line", "what"),
    [
        (SOUND, "while True: pass", 6, "when it is loaded, it took more than 3 seconds"),
        ("while True: pass", "", 12, "when it is tried, it took more than 3 seconds"),
        (SOUND, "sys.exit(0)", 6, "the file ends the program when it is run"),
        (SOUND, "np.seterr(all='ignore')", 6, "NumPy's error state was changed"),
        (SOUND, "import tenure.simulation.model; tenure.simulation.model.US = 2", 6, "tenure.simulation.model"),
        (SOUND, "from __future__ import annotations", 6, "from __future__ imports must occur at the beginning"),
    ],
)
def test_what_loading_does_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, loading: str, line: int, what: str
) -> None:
    config, plugin = written(tmp_path, body, loading)
    monkeypatch.setattr(policy_trial, "LIMITS", Limits(3.0, 4_000_000_000))
    with pytest.raises(ConfigError) as caught:
        load_experiment(config, plugins=[plugin])
    said = str(caught.value)
    assert what in said and f"mine.py:{line}:" in said, said


def test_postponed_annotations_load(tmp_path: Path) -> None:
    config, plugin = written(tmp_path)
    lines = plugin.read_text().lstrip()
    plugin.write_text(
        f'"""Ours."""\nfrom __future__ import annotations\nfrom dataclasses import dataclass\n{lines}'.replace(
            "class Mine", "@dataclass(frozen=True)\nclass Mine"
        ).replace('name = "mine"', 'name = "mine"\n    reward: float = 4.0')
    )
    config.write_text(config.read_text().replace("own: mine", "own: {policy: mine, reward: 3}"))
    assert load_experiment(config, plugins=[plugin]).arms["own"].settings == {"reward": 3}

"""A small folder of results that is made once, copied for each test, and may be run by commands of their own."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.folders import SMALL, make, serially

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a config and its results."""
    place = tmp_path_factory.mktemp("pristine")
    (place / "small.yaml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.experiments.running.runner.run_batch", serially)
        make(place / "out", place / "small.yaml")
    return place


@pytest.fixture
def out(pristine: Path, tmp_path: Path) -> Path:
    """Return a copy of the results that a test may do anything to."""
    return Path(shutil.copytree(pristine, tmp_path / "place")) / "out"


def started(*words: object) -> list[str]:
    """Return the words that start a command in a process of its own."""
    return [sys.executable, "-m", "tenure.experiments.commands.app", *map(str, words)]

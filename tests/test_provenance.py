"""What a run's name covers: the simulator and what makes runs, and nothing that only reads them."""

import shutil
from pathlib import Path

import pytest

from tenure import experiments
from tenure.experiments.store.provenance import MAKE_A_RUN, program_hash, sources_hash

ROOT = Path(str(experiments.__file__)).parent.parent
SIMULATOR = ("agents", "policies", "simulation")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the four packages, to edit."""
    folder = tmp_path_factory.mktemp("copy")
    for name in (*SIMULATOR, "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def hash_of(folder: Path) -> str:
    return sources_hash([folder / name for name in SIMULATOR], folder / "experiments")


def found(folder: Path, name: str) -> Path:
    """A file of a name, wherever it lies."""
    return sorted(folder.rglob(name))[0]


def edited(path: Path, text: str, folder: Path) -> str:
    """The hash while a file has a text behind it."""
    before = path.read_bytes() if path.exists() else None
    path.write_bytes((before or b"") + text.encode())
    try:
        return hash_of(folder)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


def test_a_copy_elsewhere_has_the_same_hash(copy: Path) -> None:
    assert hash_of(copy) == program_hash()


@pytest.mark.parametrize(
    "name", ["metrics.py", "metric.py", "worked_out.py", "page.py", "comparisons.py", "terminal.py"]
)
def test_a_remark_in_what_only_reads_runs_leaves_all_runs(copy: Path, name: str) -> None:
    assert edited(found(copy / "experiments", name), "\n# a remark\n", copy) == program_hash()


def test_a_new_metric_or_section_leaves_all_runs(copy: Path) -> None:
    assert edited(copy / "experiments" / "metrics_of_mine.py", "def mine(run): return 0.0\n", copy) == program_hash()


@pytest.mark.parametrize("name", ["credit.py", "accounts.py", "uniform.py", "model.py"])
def test_a_changed_rule_policy_or_model_makes_other_runs(copy: Path, name: str) -> None:
    path = next(found(copy / folder, name) for folder in SIMULATOR if list((copy / folder).rglob(name)))
    assert edited(path, "\nCHANGED = 1\n", copy) != program_hash()


@pytest.mark.parametrize("name", MAKE_A_RUN)
def test_what_makes_a_run_makes_other_runs(copy: Path, name: str) -> None:
    assert edited(found(copy / "experiments", name), "\nCHANGED = 1\n", copy) != program_hash()

"""The one door and the commands: every name is the one of its home, and nothing is loaded that is not needed."""

import subprocess
import sys
from pathlib import Path

import pytest

import tenure

HEAVY = "('numpy', 'numba', 'mesa', 'pandas', 'scipy', 'pyarrow', 'matplotlib', 'pydantic')"


def said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_every_name_is_the_one_of_its_home() -> None:
    assert set(tenure.__all__) == set(tenure._HOMES) <= set(dir(tenure))
    for name in tenure.__all__:
        found = getattr(tenure, name)
        assert found.__name__ == name and found.__module__ == tenure._HOMES[name]


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(tenure, "Treatment")


def test_the_door_alone_loads_nothing() -> None:
    assert said(f"import sys, tenure; print([one for one in {HEAVY} if one in sys.modules])") == "[]"
    assert (
        said("from tenure import *; print(Plan.__module__, LifecycleModel.__name__)")
        == "tenure.policies.plan LifecycleModel"
    )


def test_what_a_policy_file_imports_loads_no_model() -> None:
    heavy = "[one for one in ('mesa', 'pandas', 'scipy') if one in sys.modules]"
    assert said(f"import sys; from tenure import InstitutionView, Treatments; print({heavy})") == "[]"


def loaded_by(*words: str) -> set[str]:
    """Return which large libraries a command has loaded when it is done."""
    code = f"""
import sys
from tenure.experiments.commands.app import app
try:
    app({list(words)!r})
except SystemExit as end:
    sys.stderr.write("" if not end.code else f"ended with {{end.code}}")
print("LOADED", *(one for one in {HEAVY} if one in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("words", [("list", "policies"), ("list", "parameters"), ("explain", "profit_per_customer")])
def test_list_and_explain_load_neither_engine_nor_tables(words: tuple[str, ...]) -> None:
    assert loaded_by(*words) <= {"numpy", "pydantic"}


def test_check_loads_neither_engine_nor_tables(tmp_path: Path) -> None:
    assert loaded_by("check", "quickstart.yaml") <= {"numpy", "pydantic"}
    (tmp_path / "faulty.yaml").write_text("question: q\nmarket: default\nmonths: -1\narms: {a: nosuch}\nchampion: b\n")
    faulty = str(tmp_path / "faulty.yaml")
    checking = "from tenure.experiments.commands.checking import check_file"
    code = f"import sys; {checking}; check_file({faulty!r}, [], [], 1)"
    assert said(f"{code}; print([one for one in {HEAVY} if one in sys.modules])") == "['numpy', 'pydantic']"

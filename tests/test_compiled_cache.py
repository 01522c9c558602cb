"""Compiled code lies where nobody else can write, wherever that has to be, and is found again."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tenure import agents
from tenure.agents import compiling

ROOT = Path(agents.__file__).resolve().parent.parent
FOLDERS = (
    "from tenure.agents.compiling import private_folder, cache_folder; print(private_folder()); print(cache_folder())"
)
HITS = "sum(draw4_compiled.dispatcher.stats.cache_hits.values())"
COMPILE = f"from tenure.agents.chance import draw4_compiled; draw4_compiled(1, 2, 3, 4, 5); print({HITS})"
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")


def said(code: str, tmp_path: Path, **environment: str) -> list[str]:
    """Return the lines that a process prints, whose home and temporary folder lie in a folder of the test."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    plain = {key: value for key, value in os.environ.items() if key not in ("XDG_CACHE_HOME", compiling.CACHE)}
    told = {**plain, "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


def and_a_child(code: str) -> str:
    """Return code that does the same in a process that it starts."""
    return f"import subprocess, sys\n{code}\nsys.stdout.flush()\nsubprocess.run([sys.executable, '-c', {code!r}])"


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.lstat().st_mode)


def test_the_folders_are_ours_alone_even_if_they_were_open_to_all(tmp_path: Path) -> None:
    for base, environment in (
        (tmp_path / "home" / ".cache", {}),
        (tmp_path / "xdg", {"XDG_CACHE_HOME": str(tmp_path / "xdg")}),
    ):
        for _ in ("made", "found open"):
            private, rules = map(Path, said(f"import os; os.umask(0); {FOLDERS}", tmp_path, **environment))
            assert private == base / "tenure" and rules == private / compiling.rules_folder_name()
            assert mode(private) == mode(rules) == 0o700
            private.chmod(0o777)
            rules.chmod(0o777)
    assert list((tmp_path / "tmp").iterdir()) == []


def is_temporary(lines: list[str], tmp_path: Path) -> bool:
    """Return whether processes took one folder in the temporary one, which nobody could guess and is gone again."""
    taken = {Path(line) for line in lines[::2]}
    return (
        len(taken) == 1
        and {one.parent for one in taken} == {tmp_path / "tmp"}
        and not any((tmp_path / "tmp").iterdir())
    )


def spoil(how: str, tmp_path: Path) -> None:
    """Have something at the place of the cache that is not ours alone."""
    cache, elsewhere = tmp_path / "home" / ".cache", tmp_path / "elsewhere"
    if how == "a home that is a file":
        (tmp_path / "home").write_text("")
        return
    cache.mkdir(parents=True)
    elsewhere.mkdir(mode=0o755)
    rules = cache / "tenure" / compiling.rules_folder_name()
    if how == "a link":
        (cache / "tenure").symlink_to(elsewhere)
    elif how == "a link to nothing":
        (cache / "tenure").symlink_to(tmp_path / "nowhere")
    elif how == "a file":
        (cache / "tenure").write_text("")
    elif how == "a link inside":
        rules.parent.mkdir(mode=0o700)
        rules.symlink_to(elsewhere)
    elif how == "somebody else's":
        rules.parent.mkdir(mode=0o700)
        os.chown(rules.parent, 12345, 12345)
    elif how == "somebody else's code in an open one":
        rules.mkdir(parents=True, mode=0o755)
        (rules / "planted.nbi").write_text("")
        os.chown(rules / "planted.nbi", 12345, 12345)


@pytest.mark.parametrize(
    "how",
    [
        "a home that is a file",
        "a link",
        "a link to nothing",
        "a file",
        "a link inside",
        "somebody else's",
        "somebody else's code in an open one",
    ],
)
def test_what_is_not_ours_alone_is_left_and_a_temporary_folder_taken(how: str, tmp_path: Path) -> None:
    if how.startswith("somebody") and not IS_ROOT:
        pytest.skip("only root can give files away")
    spoil(how, tmp_path)
    lines = said(and_a_child(FOLDERS), tmp_path)
    if how == "a link inside":  # the outer folder is sound, the parent's and the child's
        assert lines[0] == str(tmp_path / "home" / ".cache" / "tenure")
        lines = [lines[1].rpartition("/")[0], "", lines[3].rpartition("/")[0], ""]
    assert len(lines) == 4 and is_temporary(lines, tmp_path)
    if (tmp_path / "elsewhere").exists():
        assert mode(tmp_path / "elsewhere") == 0o755 and list((tmp_path / "elsewhere").iterdir()) == []


def test_the_folder_told_is_taken_only_if_it_is_private(tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(told)
    usual = str(tmp_path / "home" / ".cache" / "tenure")
    assert said(FOLDERS, tmp_path, TENURE_CACHE=str(told))[0] == str(told)
    assert said(FOLDERS, tmp_path, TENURE_CACHE=str(tmp_path / "link"))[0] == usual
    assert said(FOLDERS, tmp_path, TENURE_CACHE=str(tmp_path / "absent"))[0] == usual
    told.chmod(0o750)
    assert said(FOLDERS, tmp_path, TENURE_CACHE=str(told))[0] == usual and mode(told) == 0o750


def test_code_is_compiled_once_wherever_it_lies(tmp_path: Path) -> None:
    assert [said(COMPILE, tmp_path) for _ in range(2)] == [["0"], ["1"]]
    (tmp_path / "file").write_text("")
    assert said(and_a_child(COMPILE), tmp_path, HOME=str(tmp_path / "file")) == ["0", "1"]


def test_a_system_without_owners_of_files_has_a_cache_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid")
    assert compiling._made_private(tmp_path / "deep" / "tenure").is_dir()

"""The shape of the code: four floors, imports never point up, no file that nobody reads to the end."""

import ast
from pathlib import Path

import agents

ROOT = Path(agents.__file__).resolve().parent.parent
FLOORS = ("agents", "policies", "simulation", "experiments")


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add((node.module or "").split(".")[0])
    return found


def test_imports_point_down_or_sideways() -> None:
    for level, floor in enumerate(FLOORS):
        for path in sorted((ROOT / floor).rglob("*.py")):
            above = imported(path) & {*FLOORS[level + 1 :], "tenure", "tests"}
            assert not above, f"{path.relative_to(ROOT)} imports {above}"


def test_no_file_is_over_400_lines() -> None:
    paths = [path for floor in (*FLOORS, "tests") for path in sorted((ROOT / floor).rglob("*.py"))]
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > 400} == {}, "split these"

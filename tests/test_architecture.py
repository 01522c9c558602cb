"""The page about the architecture: every place that it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = sorted(
    set(re.findall(r"`((?:agents|policies|simulation|experiments|tenure|tests)/[\w/.]+?)(?::(\w+))?`", PAGE))
)


def test_the_page_names_places() -> None:
    assert len(PLACES) > 40


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_every_place_named_is_there(path: str, name: str) -> None:
    assert (ROOT / path).exists()
    if name:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert name in defined

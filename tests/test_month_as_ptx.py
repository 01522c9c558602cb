"""The month compiles for a GPU, without one: every rule inlined, whole numbers loaded whole, nothing fused."""

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda comes with the extra `slow`"),
]


@pytest.fixture(scope="module")
def ptx(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what gives the month's code, fused or not."""

    @cache
    def made(how: str) -> str:
        path = tmp_path_factory.mktemp("ptx") / "month.ptx"
        words = [sys.executable, "-m", "tests.month_as_ptx", str(path), how]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return path.read_text(encoding="utf-8")

    return made


def instructions(code: str, pattern: str) -> list[str]:
    """Return the instructions that begin as a pattern says."""
    return re.findall(rf"^\s+(?:@!?%p\d+ )?({pattern}[\w.]*)", code, re.MULTILINE)


def test_the_month_compiles_for_a_gpu_and_calls_nothing(ptx: Callable[[str], str]) -> None:
    code = ptx("plain")
    assert ".target sm_90" in code
    assert len(instructions(code, "mul.f64|mul.rn.f64")) > 100
    assert instructions(code, "call") == []


def test_no_number_is_loaded_byte_by_byte(ptx: Callable[[str], str]) -> None:
    """A record whose fields are not aligned is read that way: eight loads for one number."""
    code = ptx("plain")
    assert len(instructions(code, r"ld\.(?:global\.)?[uf]64|ld\.(?:global\.)?b64")) > 300
    assert instructions(code, r"ld\.(?:\w+\.)?[usb](?:8|16)\b") == []


def test_nothing_is_rounded_once_where_other_machines_round_twice(ptx: Callable[[str], str]) -> None:
    assert instructions(ptx("plain"), r"(?:fma|mad)[\w.]*f64") == []


def test_fused_instructions_would_be_seen(ptx: Callable[[str], str]) -> None:
    assert len(instructions(ptx("fused"), r"fma[\w.]*f64")) > 100

"""The same bits on another processor: what NumPy, the C library, BLAS and the compiler choose there changes nothing.

A process is told that this machine lacks most of its instructions: NumPy by its own variable, the C library by its
tunables, BLAS by the name of an old processor, and Numba by the name of none.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.lived_hashes import hashes

ROOT = Path(__file__).resolve().parent.parent
RUNS = ("compiled,1", "compiled,2", "objects,1")
FOUND = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
"""Instructions that NumPy uses here beyond what it needs everywhere."""
LIBRARIES = {
    "NPY_DISABLE_CPU_FEATURES": " ".join(FOUND),
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-AVX2_Usable,-FMA_Usable",
    "OPENBLAS_CORETYPE": "Nehalem",
}
PLAIN = {"NUMBA_CPU_NAME": "generic"}
"""For Numba: what every x86-64 has; other kinds of processors have no such name, and need none."""
EXPONENTIALS = "import numpy, hashlib; print(hashlib.sha256(numpy.exp(numpy.linspace(-9, 9, 9999))).hexdigest())"


def said(words: list[str], environment: Mapping[str, str]) -> str:
    """Return what a process prints that takes itself for another."""
    told = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """The hashes of this process."""
    return hashes("compiled", 1)


def unlike(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return what was hashed and differs, in the order in which it came about."""
    assert here.keys() == there.keys()
    return [what for what in here if here[what] != there[what]]


def test_engines_and_threads_give_the_same_hashes(here: dict[str, str]) -> None:
    assert len(here) > 80 and len(set(here.values())) > 60
    for engine, threads in (("compiled", 2), ("objects", 1)):
        assert unlike(here, hashes(engine, threads)) == [], (engine, threads)


def test_other_libraries_give_the_same_hashes(here: dict[str, str]) -> None:
    there = json.loads(said(["-m", "tests.lived_hashes", *RUNS], LIBRARIES))
    assert [unlike(here, one) for one in there] == [[]] * len(RUNS)


@pytest.mark.slow
def test_code_for_any_processor_gives_the_same_hashes(here: dict[str, str], tmp_path: Path) -> None:
    """Compiled anew, without an instruction that only some processors have."""
    tmp_path.chmod(0o700)
    environment = {**LIBRARIES, **PLAIN, "TENURE_CACHE": str(tmp_path)}
    there = json.loads(said(["-m", "tests.lived_hashes", *RUNS], environment))
    assert [unlike(here, one) for one in there] == [[]] * len(RUNS)


@pytest.mark.skipif("X86_V4" not in FOUND, reason="NumPy has one exponential for processors without AVX-512")
def test_a_process_does_take_itself_for_another() -> None:
    """There NumPy's exponentials have other bits: else the tests above would say nothing."""
    assert said(["-c", EXPONENTIALS], {}) != said(["-c", EXPONENTIALS], LIBRARIES)

"""What is computed with NumPy beside the rules: nothing whose bits depend on the processor, learners apart."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tenure.policies.learning.learner import EpochLearner
from tenure.policies.policy import EVERY_MACHINE, ONE_KIND_OF_MACHINE, same_bits
from tenure.policies.shelf import SHELF

ROOT = Path(__file__).parents[1]
ELEMENTARY = {
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "logaddexp",
    "power",
    "float_power",
    "pow",
    "cbrt",
}
ELEMENTARY |= {"sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2", "hypot"}
ELEMENTARY |= {"arcsinh", "arccosh", "arctanh", "erf", "erfc", "gamma", "lgamma"}
"""A C library, or NumPy's own code for a processor, has its last digits as it likes."""
PRODUCTS = {
    "dot",
    "matmul",
    "vdot",
    "vecdot",
    "inner",
    "tensordot",
    "linalg",
    "convolve",
    "correlate",
    "cov",
    "polyfit",
}
"""BLAS adds in an order that depends on the processor."""
UNSTABLE = {"partition", "argpartition"}
"""Equals come in an order that depends on the processor; so do those of an `argsort` that is not stable."""

LEARNS = "learns: solves systems of equations or programs, and promises one kind of machine"
ALLOWED = {
    "policies/learning/epochs.py": LEARNS,
    "policies/learning/learner.py": LEARNS,
    "policies/learning/lessons.py": LEARNS,
    "policies/learning/lookalike.py": LEARNS,
    "policies/shelf/optimal_structure.py": LEARNS,
    "policies/shelf/thompson.py": LEARNS,
    "policies/structure/linear_program.py": LEARNS,
    "policies/structure/program.py": LEARNS,
    "policies/structure/spread.py": LEARNS,
    "simulation/recording/beliefs/calibration.py": "read by figures of a report, after the runs",
    "simulation/recording/beliefs/migration.py": "the probability of a test's statistic, read by people alone",
    "simulation/shares/fitting.py": "its numbers are whole thousandths: last bits decide nothing but by a rare chance",
    "simulation/settings/faults.py": "a remark on settings that look odd; nobody lives by it",
}


def depends(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and name of whatever may have other bits on another processor."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr=name) if name in ELEMENTARY | PRODUCTS | UNSTABLE:
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr="dot")) | ast.BinOp(op=ast.MatMult()):
                yield node.lineno, "product"
            case ast.Call(func=ast.Attribute(attr="argsort"), keywords=given):
                if not any(one.arg == "kind" and ast.unparse(one.value) == "'stable'" for one in given):
                    yield node.lineno, "argsort"
            case ast.Call(func=ast.Attribute(attr="einsum"), args=[ast.Constant(value=str(what)), *_]) if "," in what:
                yield node.lineno, "einsum"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                if not isinstance(right, ast.Constant) or not (right.value == 2 or isinstance(left, ast.Constant)):
                    yield node.lineno, "**"
            case ast.Call(func=ast.Name(id="pow")):
                yield node.lineno, "pow"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] == "scipy":
                yield node.lineno, module
            case ast.Import(names=names) if any(one.name.split(".")[0] == "scipy" for one in names):
                yield node.lineno, "scipy"


@pytest.mark.parametrize(
    "text",
    [
        "np.exp(x)",
        "math.log(x)",
        "x @ y",
        "x.dot(y)",
        "np.linalg.solve(x, y)",
        "x**0.5",
        "x**y",
        "pow(x, 3)",
        "np.argsort(x)",
        "x.argsort(kind='quicksort')",
        "np.argpartition(x, 3)",
        "np.einsum('ij,j->i', x, y)",
        "from scipy.special import ndtri",
        "import scipy.stats",
    ],
)
def test_what_depends_on_the_processor_is_seen(text: str) -> None:
    assert [name for _, name in depends(ast.parse(text))]


@pytest.mark.parametrize(
    "text",
    ["np.sqrt(x)", "x.sum()", "x**2", "2.0**40", "np.argsort(x, kind='stable')", "np.einsum('ij->i', x)", "exp_(x)"],
)
def test_arithmetic_sums_and_roots_are_allowed(text: str) -> None:
    assert not [*depends(ast.parse(text))]


def test_nothing_beside_learners_depends_on_the_processor() -> None:
    found: dict[str, list[tuple[int, str]]] = {}
    for folder in ("policies", "simulation"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            found |= {where: [*depends(ast.parse(path.read_text(encoding="utf-8")))]}
    found = {where: what for where, what in found.items() if what}
    assert {where: what for where, what in found.items() if where not in ALLOWED} == {}
    assert ALLOWED.keys() == found.keys(), "what needs no exception any more has none"


def test_a_policy_that_learns_says_that_it_promises_one_kind_of_machine() -> None:
    """A policy whose file, or that of a class it is made from, imports what solves must say so; no other does."""
    for policy in SHELF.values():
        files = {sys.modules[one.__module__].__file__ or "" for one in policy.__mro__ if one is not object}
        text = "".join(Path(file).read_text(encoding="utf-8") for file in files)
        solves = "tenure.policies.learning" in text or "tenure.policies.structure" in text
        assert same_bits(policy) == (ONE_KIND_OF_MACHINE if solves else EVERY_MACHINE), policy
    assert same_bits(EpochLearner) == ONE_KIND_OF_MACHINE


# What is allowed, measured --------------------------------------------------------------------------------------------

ALLOWED_OPERATIONS = """
import hashlib, sys
import numpy as np
random = np.random.default_rng(7)
whole = random.integers(-(2**40), 2**40, 20_011)
x = whole / 1e5
p, table, place = np.abs(x) + 0.1, x[:20_000].reshape(100, 200), whole % 9
rows = np.zeros(len(x), [("a", np.float64), ("b", np.float64)])
rows["a"] = x
made = (
    x.sum(), rows["a"].sum(), x[x > 0].sum(), table.sum(axis=0), table.sum(axis=1), np.trace(table),
    x.mean(), table.mean(axis=0), x.std(), np.cumsum(x), np.cumsum(table, axis=1), np.bincount(place, x),
    np.sqrt(p), x / p, x * p + x, x**2, np.rint(x), np.floor(x), np.ceil(x), np.clip(x, -5.0, 1e5),
    np.minimum(x, p), np.where(x > 0, x, p), np.sort(x), np.unique(place), np.argsort(place, kind="stable"),
    np.quantile(x, [0.1, 0.37]), np.searchsorted(np.sort(p), x),
)
digest = hashlib.sha256()
for one in made:
    digest.update(np.ascontiguousarray(one).tobytes())
print(digest.hexdigest())
"""


def test_what_is_allowed_has_the_same_bits_without_the_processors_newer_features() -> None:
    """NumPy chooses code by the processor; told to leave out all that it may choose, it computes the same."""
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    plain = {key: value for key, value in os.environ.items() if key != "NPY_DISABLE_CPU_FEATURES"}

    def told(environment: dict[str, str], code: str) -> str:
        run = [sys.executable, "-c", code]
        return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout

    without = plain | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    if features:
        exponential = (
            "import numpy as np; x = np.linspace(-9, 9, 999)\n"
            "print(np.exp(x).tobytes().hex(), np.exp(x.astype(np.float32)).tobytes().hex())"
        )  # of doubles there is other code for AVX-512 alone, of single numbers for AVX2, too
        assert told(plain, exponential) != told(without, exponential), "leaving out features changes what it should"
    assert told(plain, ALLOWED_OPERATIONS) == told(without, ALLOWED_OPERATIONS)

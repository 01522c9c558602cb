"""Rows that grow: they are what was put one behind the other, in few copies, and nobody's memory is taken."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.simulation.market import growing
from tenure.simulation.market.growing import copied, extended, rows_with_capacity

ROOT = Path(growing.__file__).resolve().parents[2]
ROW = np.dtype([("id", np.int64), ("share", np.float64)], align=True)


def rows_from(first: int, count: int) -> NDArray[np.void]:
    """Return rows numbered from here on."""
    rows = np.zeros(count, ROW)
    rows["id"], rows["share"] = np.arange(first, first + count), 0.5
    return rows


@given(st.integers(0, 40), st.lists(st.integers(0, 30), max_size=20), st.booleans())
def test_rows_are_those_that_were_put_one_behind_the_other(first: int, more: list[int], with_capacity: bool) -> None:
    rows = rows_from(0, first)
    if with_capacity:
        rows = rows_with_capacity(first, ROW)
        rows[:] = rows_from(0, first)
    for count in more:
        before, kept = rows, rows.copy()
        rows = extended(rows, rows_from(len(rows), count))
        assert rows["id"].tolist() == list(range(len(before) + count)) and rows.dtype.isalignedstruct
        assert before.tobytes() == kept.tobytes(), "who holds the rows of before has them still"


@given(st.integers(1, 2000), st.integers(1, 50))
def test_everybody_is_copied_a_few_times_at_most(first: int, each: int) -> None:
    """Each copy has capacity for half as many again, so that copies are as few as the powers of 1.5 up to the end."""
    rows, copies = rows_with_capacity(first, ROW), 0
    for _ in range(100):
        before = rows
        rows = extended(rows, rows_from(0, each))
        copies += not np.shares_memory(before, rows)
    assert copies <= 1 + np.log(len(rows) / first) / np.log(1.4)
    assert first < 200 * each or not copies


@given(st.integers(0, 20), st.booleans(), st.sampled_from([1, -1, 3]))
def test_copies_have_all_fields_whatever_lies_between_them(count: int, aligned: bool, step: int) -> None:
    """A file forgets alignment, not where fields lie; a dtype in which they lie elsewhere is read field by field."""
    packed = np.dtype([("small", np.int8), ("share", np.float64)], align=aligned)
    padded = np.dtype([("small", np.int8), ("share", np.float64)], align=True)
    rows = np.zeros(count * 3, packed)
    rows["small"], rows["share"] = np.arange(count * 3) % 100, np.arange(count * 3) / 7
    made = copied(rows[::step], padded)
    assert made.dtype == padded and made.dtype.isalignedstruct and not np.shares_memory(made, rows)
    assert made["small"].tolist() == rows["small"][::step].tolist()
    assert made["share"].tolist() == rows["share"][::step].tolist()


@given(st.integers(1, 10), st.integers(1, 10), st.integers(1, 10))
def test_rows_from_the_middle_of_others_grow_on_their_own(start: int, count: int, more: int) -> None:
    whole = rows_from(0, 40)
    grown = extended(whole[start : start + count], rows_from(100, more))
    assert grown["id"].tolist() == [*range(start, start + count), *range(100, 100 + more)]
    assert whole["id"].tolist() == list(range(40))


PEAK = """
from pathlib import Path
from tenure.simulation.model import LifecycleModel
from tests.markets import small_market

def figure(name):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if name in line)

def lived(people):
    model = LifecycleModel(small_market(people=people), seed=1)
    model.start_recording()
    for _ in range(3):
        model.step()
    return model

lived(500).recording()  # loads and compiles
before = figure("VmRSS")
model = lived(100_000)
print((figure("VmHWM") - before) / (figure("VmRSS") - before))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="told by Linux alone")
def test_birth_and_months_never_take_half_as_much_again_as_is_kept() -> None:
    """Peak of all that a process holds against what it holds afterwards, both beyond what it held before."""
    done = subprocess.run([sys.executable, "-c", PEAK], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    factor = float(done.stdout)
    assert 1.0 <= factor < 1.5, factor

"""Luck with an address: Philox against its authors' known answers, and draws that are uniform and unrelated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tenure.agents import chance
from tenure.agents.chance import address, draw4, draw4_each, draw_each, philox

N = 20_000
FOUR_SE = 6.334e-05
"""Two-sided probability beyond four standard errors of a normal."""
LAYOUT = {"WORDS", "KIND_SHIFT", "INSTITUTION_SHIFT"}
KINDS = {
    name: value
    for name, value in vars(chance).items()
    if name.isupper() and isinstance(value, int) and name[0] != "_" and name not in LAYOUT
}
FULL = 2**32 - 1


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((FULL,) * 4, (FULL,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_known_answers_of_random123(counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]) -> None:
    words = [np.uint32(word) for word in (*counter, *key)]
    with np.errstate(over="ignore"):
        assert tuple(int(word) for word in philox(*words)) == answer
    person, month = counter[0] | counter[1] << 32, counter[2]
    uniforms = tuple((word + 0.5) / 2.0**32 for word in answer)
    signed = person - 2**64 if person >= 2**63 else person
    assert draw4(key[0], key[1], signed, month, counter[3]) == uniforms
    each = draw4_each(key[0], key[1], np.array([signed], np.int64), month, counter[3])
    assert tuple(each[:, 0]) == uniforms
    assert draw_each(key[0], key[1], np.array([signed], np.int64), month, counter[3])[0] == uniforms[0]


word = st.integers(0, FULL)


@settings(max_examples=50, deadline=None)
@given(word, word, st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5), st.integers(-(2**31), 2**31 - 1), word)
def test_one_draw_and_many_give_the_same_bits(
    seed: int, replication: int, ids: list[int], month: int, decision: int
) -> None:
    many = draw4_each(seed, replication, np.array(ids, np.int64), month, decision)
    one = np.array([draw4(seed, replication, person, month, decision) for person in ids]).T
    assert many.tobytes() == np.ascontiguousarray(one).tobytes()
    people = np.repeat(np.array(ids, np.int64), 2)
    people.flags.writeable = False
    for some in (people[::2], people):  # columns of records, and columns of a view
        assert (
            draw_each(seed, replication, some, month, decision).tobytes()
            == many[0].repeat(len(some) // len(ids)).tobytes()
        )
    assert len(chance._draw_first.dispatcher.signatures) == 1  # type: ignore[attr-defined]  # marked as the function it compiles
    assert (many > 0.0).all() and (many < 1.0).all()


def test_every_kind_of_decision_has_an_address_of_its_own() -> None:
    assert len(set(KINDS.values())) == len(KINDS)
    assert all(0 < kind < 128 for kind in KINDS.values())
    words = {
        address(kind, name, ordinal)
        for kind in KINDS.values()
        for name in ("", "us", "megabank")
        for ordinal in (0, 1, 511)
    }
    assert len(words) == len(KINDS) * 9 and all(0 <= word <= FULL for word in words)


def columns() -> dict[str, NDArray[np.float64]]:
    """Draws along every part of an address, near the values that a run uses."""
    ids = np.arange(1, N + 1, dtype=np.int64)
    cohort = (np.int64(1_000_007) << 32) | np.arange(N, dtype=np.int64)
    months = np.array([draw4(7, 0, 1, month, address(chance.EXIT)) for month in range(-N // 2, N // 2)]).T
    made = {
        "people": draw4_each(7, 0, ids, 3, address(chance.EXIT)),
        "another month": draw4_each(7, 0, ids, 4, address(chance.EXIT)),
        "a month before the start": draw4_each(7, 0, ids, -3, address(chance.EXIT)),
        "another kind": draw4_each(7, 0, ids, 3, address(chance.LIFE)),
        "another institution": draw4_each(7, 0, ids, 3, address(chance.EXIT, "us")),
        "another ordinal": draw4_each(7, 0, ids, 3, address(chance.EXIT, "", 1)),
        "another seed": draw4_each(8, 0, ids, 3, address(chance.EXIT)),
        "another replication": draw4_each(7, 1, ids, 3, address(chance.EXIT)),
        "newcomers": draw4_each(7, 0, cohort, 3, address(chance.EXIT)),
        "months of one person": months,
    }
    return {f"{what}, word {i}": draws[i] for what, draws in made.items() for i in range(4)}


def test_draws_are_uniform() -> None:
    for what, u in columns().items():
        assert stats.kstest(u, "uniform").pvalue > FOUR_SE, what


def test_draws_are_unrelated_along_every_part_of_the_address() -> None:
    made = columns()
    table = np.array(list(made.values()))
    for transformed in (table, (table - 0.5) ** 2):
        correlations = np.asarray(np.corrcoef(transformed)) - np.eye(len(table))
        worst = np.unravel_index(np.argmax(np.abs(correlations)), correlations.shape)
        names = [list(made)[i] for i in worst]
        # the largest of 780 pairs: 4 standard errors for each, corrected for their number
        limit = -stats.norm.ppf(FOUR_SE / 2.0 / 780.0) / np.sqrt(N)
        assert np.abs(correlations).max() < limit, names


def test_neighbours_are_unrelated() -> None:
    for what, u in columns().items():
        for lag in (1, 2, 12):
            assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 5.0 / np.sqrt(N), (what, lag)

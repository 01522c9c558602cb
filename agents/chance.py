"""Luck with an address: Philox4x32-10 keyed by seed, replication, person, month and decision.

No state: any order, any subset of draws gives the same numbers (Salmon et al. 2011, SC11). A decision's address is
its kind (registered below, never renumbered), the institution's name, and an ordinal such as a product, or a channel's
name, so adding a rival, a channel or a decision moves nobody else's luck.
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled, in_bits, rule, when_compiled

# kind of decision -> registered number; a number once given is never given again. A block has four words, and each
# word one use: EPISODE starts, which, lasts, life event; LIFE pays, stage, service, looks around; USE asks, term, size,
# uses; EXIT leaves or chooses, renews, product, term.
TRAITS, NEEDS_AT_BIRTH, LEAVE_AT_BIRTH, TASTE, ORIGIN = 1, 2, 3, 4, 5
EPISODE, LIFE, USE, EXIT, RESPONSE = 10, 11, 12, 13, 14
REACH, READ, CHOICE, APPLICATION, INVITATION, REACHABLE, CIRCLE = 20, 21, 22, 23, 24, 25, 26
SIGNAL, REVIEW = 30, 31
MACRO, POLICY = 40, 41
PANEL = 50  # who is in a sample of people; nothing that is lived depends on it

Uniforms = tuple[float, float, float, float]
"""What one block gives."""
WORDS = 4
"""Uniforms of one block."""
LASTING = np.int64(0)
"""The month of draws that never change; a NumPy integer, so that compiled code does not specialise on its value."""

_SCALE = 1.0 / 4294967296.0


KIND_SHIFT, INSTITUTION_SHIFT = 25, 9
"""Where the kind and the institution stand in a decision word."""


@rule
def decision(kind: int, institution: int, ordinal: int) -> int:
    """The 32-bit decision word: kind (7 bits), an `institution_word` or 0 (16 bits), ordinal (9 bits)."""
    return (kind << KIND_SHIFT) | institution | ordinal


def institution_word(name: str) -> int:
    """Return an institution's part of every decision word, from its name: 16 bits of it, in their place."""
    return (crc32(name.encode()) & 0xFFFF) << INSTITUTION_SHIFT


def channel_word(institution: str, channel: str) -> int:
    """Return a channel's part of the decision words of its contacts, from both names: 25 bits, in their place.

    It takes the place of institution and ordinal, so a market may have as many channels as it likes, in any order.
    """
    return crc32(f"{institution}\0{channel}".encode()) & ((1 << KIND_SHIFT) - 1)


def address(kind: int, institution: str = "", ordinal: int = 0) -> int:
    """Return the 32-bit decision word, the institution by its name."""
    return decision(kind, institution_word(institution) if institution else 0, ordinal)


@in_bits
def philox(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Philox4x32-10: four counter words and two key words (uint32) to four random words (uint32)."""
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * np.uint64(c0)
        p1 = np.uint64(0xCD9E8D57) * np.uint64(c2)
        c0, c1, c2, c3 = (
            np.uint32((p1 >> np.uint64(32)) ^ c1 ^ k0),
            np.uint32(p1),
            np.uint32((p0 >> np.uint64(32)) ^ c3 ^ k1),
            np.uint32(p0),
        )
        k0 = np.uint32(k0 + np.uint32(0x9E3779B9))
        k1 = np.uint32(k1 + np.uint32(0xBB67AE85))
    return c0, c1, c2, c3


def _draw4(seed: int, replication: int, person: int, month: int | np.int64, decision: int) -> Uniforms:
    """Return four uniforms, see `draw4`."""
    p = np.uint64(person)
    a, b, c, d = philox(
        np.uint32(p & np.uint64(0xFFFFFFFF)),
        np.uint32(p >> np.uint64(32)),
        np.uint32(month & 0xFFFFFFFF),
        np.uint32(decision),
        np.uint32(seed),
        np.uint32(replication),
    )
    return (a + 0.5) * _SCALE, (b + 0.5) * _SCALE, (c + 0.5) * _SCALE, (d + 0.5) * _SCALE


draw4_compiled = compiled(_draw4)
"""`draw4` as an entry point of its own, for plain Python."""


@when_compiled(_draw4)
def draw4(seed: int, replication: int, person: int, month: int | np.int64, decision: int) -> Uniforms:
    """Return four uniforms in the open interval (0, 1).

    Parameters
    ----------
    seed, replication : int
        The key, 32 bits each.
    person : int
        Person id, 64 bits; 0 is the market itself.
    month : int
        May be negative: months before the start.
    decision : int
        The decision word, see `address`.
    """
    return draw4_compiled(seed, replication, person, month, decision)


def draw4_each(
    seed: int, replication: int, people: NDArray[np.int64], month: int, decision: int
) -> NDArray[np.float64]:
    """Return `draw4` for many people at once, shape (4, people); the same bits."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    p = people.astype(np.uint64)
    c0, c1 = p & mask, p >> shift
    c2 = np.full_like(p, month & 0xFFFFFFFF)
    c3 = np.full_like(p, decision)
    k0, k1 = np.uint64(seed & 0xFFFFFFFF), np.uint64(replication & 0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & mask, (p0 >> shift) ^ c3 ^ k1, p0 & mask
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & mask, (k1 + np.uint64(0xBB67AE85)) & mask
    return (np.stack([c0, c1, c2, c3]).astype(np.float64) + 0.5) * _SCALE


def draw_each(seed: int, replication: int, people: NDArray[np.int64], month: int, decision: int) -> NDArray[np.float64]:
    """Return the first of the four uniforms of `draw4` for many people at once, shape (people,); the same bits."""
    luck = np.empty(len(people))
    _draw_first(seed, replication, np.array(people, order="C"), month, decision, luck)
    return luck


@compiled
def _draw_first(
    seed: int, replication: int, people: NDArray[np.int64], month: int, decision: int, luck: NDArray[np.float64]
) -> None:
    """Write the first uniform of each person. The rounds stand in the loop, so that several people go at once."""
    c2, c3 = np.uint32(month & 0xFFFFFFFF), np.uint32(decision)
    k0, k1 = np.uint32(seed), np.uint32(replication)
    for row in range(len(people)):
        p = np.uint64(people[row])
        word = philox(np.uint32(p & np.uint64(0xFFFFFFFF)), np.uint32(p >> np.uint64(32)), c2, c3, k0, k1)[0]
        luck[row] = (np.int64(word) + 0.5) * _SCALE

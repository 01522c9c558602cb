"""What a user may give as a seed, and the seed that is made where none is given."""

import operator
from collections.abc import Sequence

import numpy as np

Generates = int | Sequence[int] | np.random.SeedSequence | np.random.BitGenerator | np.random.Generator | None
"""What a user may give as `rng`."""
LARGEST = 2**32 - 1
"""Luck is keyed by two numbers of 32 bits, seed and replication; a larger number would share the luck of a smaller."""


def key_of(value: object, what: str) -> int:
    """Return a seed or replication as an integer.

    Raises
    ------
    ValueError
        If it is not an integer, NumPy's own included, or out of range.
    """
    larger = "; give a larger number, or a generator, as rng" if what == "seed" else ""
    wanted = f"{what} must be an integer from 0 to {LARGEST}"
    if isinstance(value, bool | np.bool_):
        raise ValueError(f"{wanted}, not {value}")
    try:
        key = operator.index(value)  # type: ignore[arg-type]  # whatever is no integer raises TypeError
    except TypeError:
        raise ValueError(f"{wanted}, not {value!r}") from None
    if not 0 <= key <= LARGEST:
        raise ValueError(f"{wanted}, not {key}{larger}")
    return key


def seed_and_rng(seed: object, rng: Generates, replication: int) -> tuple[int, Generates]:
    """Return the seed of a model's luck, and what Mesa's own generators are made from.

    Parameters
    ----------
    seed : int or None
        None: taken from `rng`; where that is None too, drawn from the operating system.
    rng : int, sequence of int, numpy.random.SeedSequence, BitGenerator, Generator or None
        An integer in the range of a seed is that seed. From anything else a seed is drawn. None: Mesa's generators
        follow from seed and replication.

    Raises
    ------
    ValueError
        If the seed is not one, or `rng` is nothing that NumPy makes a generator from.
    """
    if seed is not None:
        key = key_of(seed, "seed")
    elif rng is None:
        key = int(np.random.SeedSequence().generate_state(1)[0])
    elif _is_seed(rng):
        key, rng = key_of(rng, "rng"), None
    else:
        key = int(_generator(rng).integers(LARGEST, endpoint=True))
    # no plain integer, from which Mesa 3.3 makes generators that reset_randomizer() does not bring back
    return key, np.random.SeedSequence([key, replication]) if rng is None else rng


def _is_seed(rng: Generates) -> bool:
    try:
        return key_of(rng, "rng") >= 0
    except ValueError:
        return False


def _generator(rng: Generates) -> np.random.Generator:
    """Return NumPy's generator of what was given as `rng`: itself if it is one."""
    if not isinstance(rng, bool | np.bool_ | str):
        try:
            return np.random.default_rng(rng)
        except (TypeError, ValueError):
            pass
    raise ValueError(
        f"rng must be an integer of 0 or more, a sequence of these, or a numpy.random SeedSequence, BitGenerator or "
        f"Generator, not {rng!r}"
    )

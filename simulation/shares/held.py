"""Qualities that hold the written shares: looked for once for a market and kept on this machine.

A market opens with the shares of people that its settings state. Whether it keeps them depends on what people think of
its institutions: where a quality is not written, it is found by living the market at rest (`shares.resting`) with one
fixed number of people and one fixed key of luck, so that it is the same whatever the people, seed, policies, arms and
scenarios of a run. Only differences of utility count, so the worth of having no provider, `rules.choice.nobody`, stays
as it is and the qualities are found beside it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tenure import agents, policies, simulation
from tenure.agents.compiling import private_folder
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.shares.fitting import Floats, Stage, Tell, are_close, fitted
from tenure.simulation.shares.resting import Makes, resting, shares_lived

STAGES = (Stage(5_000, 8), Stage(20_000, 5))
"""First on few people, then on many; the last say how near shares come."""
ERRORS = 2.5
"""Standard errors of a share among the people of the last stage, up to which it counts as held."""
NOBODY = "nobody"
_LARGEST_FILE = 100_000
"""Bytes of a kept answer at most."""


class Lived(NamedTuple):
    """One share as it is written, and as it is lived with the market at rest."""

    name: str
    """Of the institution, or `NOBODY`."""
    written: float
    at_opening: float
    """At the end of burn-in."""
    later: float
    """Five years after that."""
    held: bool
    """Whether the average of these years is what is written, as far as luck lets tell."""


class HeldShares(NamedTuple):
    """Qualities that were found, and the shares that are lived with them."""

    qualities: dict[str, float]
    """Institution -> its quality, of those where none was written."""
    shares: tuple[Lived, ...]
    """Nobody's first."""

    @property
    def missed(self) -> tuple[Lived, ...]:
        """Shares that cannot be held."""
        return tuple(one for one in self.shares if not one.held)


def unwritten(market: MarketSettings) -> tuple[str, ...]:
    """Return the institutions whose quality is not written."""
    return tuple(name for name, one in market.institutions().items() if one.quality is None)


def with_held_shares(
    market: MarketSettings, make_model: Makes, tell: Tell = lambda made, most: None
) -> tuple[MarketSettings, HeldShares | None]:
    """Return a market whose qualities are all written, and how those were found that were not.

    Parameters
    ----------
    market : MarketSettings
        As a user wrote it. The same object is returned where all qualities are written.
    make_model : callable
        Makes the model of a market.
    tell : callable
        Told of progress where qualities are looked for; where they are known, it is never called.

    Returns
    -------
    tuple
        The market, and None where nothing had to be found: whoever has no customers takes no part, and a quality of
        his that is not written is neutral.
    """
    names = unwritten(market)
    if not names:
        return market, None
    neutral = {name: 0.0 for name in names if market.institutions()[name].share == 0.0}
    if len(neutral) == len(names):
        return market.with_qualities(neutral), None
    rest = resting(market)
    key = _key(rest)
    found = _kept(key)
    if found is None:
        found = _found(rest, make_model, tell)
        _keep(key, found)
    return market.with_qualities({**found.qualities, **neutral}), found


def is_known(market: MarketSettings) -> bool:
    """Return whether the qualities of a market are written, or were found before on this machine."""
    if all(market.institutions()[name].share == 0.0 for name in unwritten(market)):
        return True
    return _kept(_key(resting(market))) is not None


def _found(rest: MarketSettings, make_model: Makes, tell: Tell) -> HeldShares:
    """Look for the qualities of a market at rest."""
    everyone = rest.institutions()
    own = {name: one.share for name, one in everyone.items()}
    wanted = np.array([max(0.0, 1.0 - sum(own.values())), *own.values()])
    wanted /= wanted.sum()
    moved = [place for place, one in enumerate(everyone.values(), 1) if one.quality is None and one.share > 0.0]
    names = [list(everyone)[place - 1] for place in moved]
    fixed = {place: one.quality for place, one in enumerate(everyone.values(), 1) if one.quality is not None}
    lived: dict[tuple[float, ...], Floats] = {}

    def measure(numbers: Floats, people: int) -> Floats:
        months = shares_lived(rest, dict(zip(names, numbers.tolist(), strict=True)), people, make_model)
        lived[tuple(numbers)] = months
        return np.asarray(months.mean(axis=0))

    found = fitted(measure, wanted, moved, STAGES, tell, fixed)
    first, last = lived[tuple(found.numbers)][[0, -1]]
    close = are_close(found.shares, wanted, STAGES[-1].people, ERRORS)
    columns = zip((NOBODY, *everyone), wanted.tolist(), first.tolist(), last.tolist(), close.tolist(), strict=True)
    return HeldShares(dict(zip(names, found.numbers.tolist(), strict=True)), tuple(Lived(*one) for one in columns))


@cache
def _sources() -> str:
    """Return a hash of all sources of the simulator, and of the data that come with it."""
    digest = hashlib.sha256()
    for package in (agents, policies, simulation):
        root = Path(str(package.__file__)).parent
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.yaml")]):
            digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _key(rest: MarketSettings) -> str:
    """Return what a market at rest is called: by its settings and by the program."""
    told = json.dumps(rest.model_dump(mode="json", by_alias=True), separators=(",", ":"))
    return hashlib.sha256(f"{told} {STAGES} {_sources()}".encode()).hexdigest()[:32]


def _path(key: str) -> Path:
    return private_folder() / "shares" / f"{key}.json"


def _kept(key: str) -> HeldShares | None:
    """Return what was found before; None if nothing was, or nothing that can be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        if _path(key).stat().st_size <= _LARGEST_FILE:
            told = json.loads(_path(key).read_text(encoding="utf-8"))
            qualities = {str(name): float(one) for name, one in told["qualities"].items()}
            return HeldShares(qualities, tuple(_lived(one) for one in told["shares"]))
    return None


def _lived(told: list[object]) -> Lived:
    name, written, at_opening, later, held = told
    return Lived(str(name), float(str(written)), float(str(at_opening)), float(str(later)), held is True)


def _keep(key: str, found: HeldShares) -> None:
    """Keep what was found, if the disk takes it; else it is found anew in another process."""
    path = _path(key)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        other = path.with_suffix(f".{os.getpid()}.tmp")
        other.write_text(json.dumps(found._asdict()), encoding="utf-8")
        other.replace(path)


def told_lines(found: HeldShares) -> Iterator[str]:
    """Yield in words which qualities were found, and which shares cannot be held."""
    listed = ", ".join(f"{name} {one:.2f}" for name, one in found.qualities.items())
    yield f"quality is not written and was found so that the written shares are lived: {listed}"
    if found.missed:
        parts = "; ".join(
            f"{one.name} {100 * one.written:.1f}% written, {100 * one.at_opening:.1f}% when burn-in ends and "
            f"{100 * one.later:.1f}% five years later"
            for one in found.missed
        )
        yield f"no quality holds these shares: {parts}. {_reason(found)}"


def _reason(found: HeldShares) -> str:
    """Say why shares cannot be held, as far as that can be told."""
    nobody = found.shares[0]
    if not nobody.held and nobody.at_opening > nobody.written:
        return (
            "People who have just entered the market, have lost their provider or are refused are without one until "
            "they are taken: write shares that add up to less, let channels reach more people, or lower "
            "world.newcomers_per_year"
        )
    return "Write shares nearer to those that come out, take written qualities out, or change channels and prices"

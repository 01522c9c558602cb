"""What `tenure list` and `tenure explain` tell: every name comes from the code's own declarations, or the glossary.

Each kind imports what it needs when it is asked for, so that a short list is there at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.spelling import Index

if TYPE_CHECKING:
    import typer

KINDS = {
    "policies": "ways to treat customers, with their settings",
    "treatments": "what can be done to a customer, with its numbers and their sources",
    "products": "the products of the default market",
    "channels": "kinds of channels by which people are reached, with their numbers and sources",
    "metrics": "what a table can show",
    "measures": "what a recording of a run holds, row by row",
    "view": "columns that policies and conditions read",
    "settings": "every key of an experiment and of a market",
    "parameters": "every number that a config may hold, with unit, range, default and source",
    "rules": "why the guard refuses a proposal, in the order of asking",
    "examples": "experiments that come with tenure",
    "markets": "markets that come with tenure",
    "scenarios": "scenarios that come with tenure, for any market",
    "eras": "eras that come with tenure, for any market",
    "phases": "the phases of a month, in order",
    "words": "words of configs, tables and reports",
    "commands": "what can be written after `tenure`, and the options of each",
}
"""What `tenure list` can list, and what that is."""
OWN = "parts"
"""Switches, rules and observers of a user's own files: a kind that is there where files are given."""
_MORE = ("words of treatments", "settings of policies", OWN)
"""What only `tenure explain` tells by itself."""


def kinds() -> Iterator[Entry]:
    """Yield the kinds themselves."""
    for name, line in KINDS.items():
        yield Entry("kind", name, f"{line[:1].upper()}{line[1:]}.", {"list them": f"tenure list {name}"})


def known_to(files: Sequence[Path] | None) -> Mapping[str, type] | None:
    """Return the policies that a user's files add to those of the shelf, and these; None without files."""
    if not files:
        return None
    from tenure.experiments.analysis.metrics import adopt
    from tenure.experiments.plugins.known import own_parts

    own = own_parts(files)
    adopt(own.metrics)
    return {**_shelf(), **own.policies}


def entries(
    kind: str,
    known: Mapping[str, type] | None = None,
    files: Sequence[Path] = (),
    application: "typer.Typer | None" = None,
) -> Iterator[Entry]:
    """Yield the things of one kind of `KINDS`.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    known : mapping of str to type, optional
        Policies by name; by default the shelf.
    files : sequence of Path
        Of a user's own, for what else is in them.
    application : typer.Typer, optional
        The commands; without it none is known.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind == OWN:
        from tenure.experiments.listing.own import own_entries

        yield from own_entries(files)
        return
    if kind == "commands":
        from tenure.experiments.listing.commands import command_entries

        yield from () if application is None else command_entries(application)
        return
    if kind not in (*KINDS, *_MORE):
        from tenure.policies.settings.suggest import did_you_mean

        raise ValueError(f"nothing of the kind '{kind}' can be listed.{did_you_mean(kind, KINDS)}")
    yield from _maker(kind, known)()


def _maker(kind: str, known: Mapping[str, type] | None) -> Callable[[], Iterator[Entry]]:
    """Return what makes the entries of a kind, with the imports that it needs and no others."""
    if kind == "settings":
        from tenure.experiments.listing.settings import setting_entries

        return setting_entries
    policies = _shelf() if known is None else known
    if kind == "parameters":
        from tenure.experiments.listing.rules import parameter_entries

        return lambda: parameter_entries(policies)
    if kind == "words":
        from tenure.experiments.listing.glossary import words

        return words
    from tenure.experiments.listing import code
    from tenure.experiments.listing import policies as listing_policies

    return {
        "policies": lambda: listing_policies.policies(policies),
        "settings of policies": lambda: listing_policies.policy_settings(policies),
        "treatments": lambda: listing_policies.treatments(code.kinds_of_default()),
        "words of treatments": listing_policies.treatment_words,
        "products": code.products,
        "channels": code.channels,
        "metrics": code.metrics,
        "measures": code.measures,
        "view": code.view,
        "rules": code.guard_rules,
        "examples": code.examples,
        "markets": code.markets,
        "scenarios": code.scenarios,
        "eras": code.eras,
        "phases": code.phases,
    }[kind]


def _shelf() -> Mapping[str, type]:
    from tenure.policies.shelf import SHELF

    return SHELF


def called(
    name: str,
    known: Mapping[str, type] | None = None,
    files: Sequence[Path] = (),
    application: "typer.Typer | None" = None,
) -> list[Entry]:
    """Return all that has just this name, in some spelling; see `explain`."""
    return _index(None if known is None else tuple(known.items()), tuple(files), application).find(name)


def explain(
    name: str,
    known: Mapping[str, type] | None = None,
    files: Sequence[Path] = (),
    application: "typer.Typer | None" = None,
) -> list[Entry]:
    """Return all that has a name: whole, or from one of its parts on (``us.quality`` for ``market.us.quality``).

    Case, separators and plural do not count. Of a text of several words that is no name, what it speaks of, commands
    and their options left out, which are called like words of every sentence.

    Raises
    ------
    ValueError
        If nothing has it, with what comes near.
    """
    of = None if known is None else tuple(known.items())
    index = _index(of, tuple(files), application)
    found = index.find(name)
    near = [] if found else index.near(name)
    if not found and " " in name.strip():
        found = _index(of, tuple(files), None).in_text(name)
    if not found:
        meant = f" Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
        raise ValueError(f"nothing is called '{name}'.{meant} `tenure list` says what there is.")
    return found


@cache
def _index(
    known: tuple[tuple[str, type], ...] | None, files: tuple[Path, ...], application: "typer.Typer | None"
) -> Index[Entry]:
    policies = None if known is None else dict(known)
    every = (
        entry
        for kind in ("words", *(one for one in KINDS if one != "words"), *_MORE)
        for entry in entries(kind, policies, files, application)
    )
    return Index(((entry.name, *entry.also), entry) for entry in every)

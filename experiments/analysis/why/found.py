"""What was switched off before: runs that `tenure why --without` left below the folder of the results."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.analysis.why.switched import (
    RULE,
    SwitchedOff,
    differences,
    folder_without,
    meaning_of,
    mechanisms,
    names_of,
    rule_number,
    switched_off,
    without_rule,
)
from tenure.experiments.config.documents import Value
from tenure.experiments.store.record import read_about
from tenure.experiments.store.record_shape import About
from tenure.experiments.store.results import open_results
from tenure.experiments.store.sealing import DamagedError

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

NOT_RUN = "not run"


class SwitchedOffBefore(NamedTuple):
    """What is known of an arm without something, and why the rest is not."""

    each: tuple[SwitchedOff, ...] = ()
    unknown: Mapping[str, str] = {}
    """Name -> that it was not run, or why its runs are not told."""


def found_before(results: "Results", arm: str) -> SwitchedOffBefore:
    """Read what was switched off for an arm before; only what is whole, and of this experiment as it is now.

    Parameters
    ----------
    results : Results
        Of one scenario.
    arm : str
        Beside the champion.
    """
    arms = results.about["written"].get("arms")
    if not isinstance(arms, dict) or arm not in arms:  # an arm of a design's own level has no runs without something
        return SwitchedOffBefore()
    names = names_of(arms[arm])
    there = [name for name in names if folder_without(results.folder, arm, name).is_dir()]
    unknown, each = {name: NOT_RUN for name in names if name not in there}, []
    whole = differences(results, arm) if there else None
    for name in there:
        found = _found(results, arm, name)
        if isinstance(found, str):
            unknown[name] = found
        elif whole is not None:
            each.append(switched_off(name, meaning_of(name, arms[arm]), whole, differences(found, arm)))
    return SwitchedOffBefore(tuple(each), {name: unknown[name] for name in names if name in unknown})


def _found(results: "Results", arm: str, name: str) -> "Results | str":
    """Return the results without something, or why they are not to be told."""
    folder = folder_without(results.folder, arm, name)
    try:
        changed = list(_changed(results.about, read_about(folder).about, arm, name))
        if changed:
            return f"made before {' and '.join(changed)} changed"
        own = open_results(folder).under(results.scenario)
    except (FileNotFoundError, DamagedError, ValueError):
        return NOT_RUN
    wanted = len(own.about["runs"])
    if (len(own.known) < wanted and not own.is_looked_at) or not len(differences(own, arm)):
        return f"{len(own.known)} of {wanted} runs made"
    return own


def _changed(base: About, own: About, arm: str, name: str) -> Iterator[str]:
    """Yield what is otherwise in an experiment than in the one without something, but for that."""
    arms = base["written"].get("arms")
    without = without_rule(arms[arm], rule_number(name)) if name.startswith(RULE) and isinstance(arms, dict) else None
    had, has = _written(base, arm, name, without), _written(own, arm, name, None)
    yield from (key for key in {**had, **has} if had.get(key) != has.get(key))
    depends = [{**own["depends"].get(key, {})} for key in own["depends"]]
    before = [{**base["depends"].get(key, {})} for key in own["depends"]]
    told = [
        words
        for one, other in zip(before, depends, strict=True)
        for words in {**one, **other}
        if not words.startswith("market.") and words != "the policy's settings" and one.get(words) != other.get(words)
    ]
    yield from dict.fromkeys(told)


def _written(about: About, arm: str, name: str, without: Value) -> dict[str, Value]:
    """Return what an experiment says, of two arms, but for what is switched off; `without` stands for the arm."""
    written = deepcopy(about["written"])
    arms = written.get("arms")
    if isinstance(arms, dict):
        kept = {one: arms[one] for one in (about["champion"], arm) if one in arms}
        written["arms"] = {**kept, **({} if without is None else {arm: without})}
    for path in () if name.startswith(RULE) else mechanisms()[name].off:
        for rival in about["market"]["rivals"] if "*" in path else ("",):
            _drop(written, ["market", *path.replace("*", rival).split(".")])
    return written


def _drop(document: Value, path: list[str]) -> None:
    """Take one setting out, and what is empty without it."""
    if isinstance(document, dict) and path[0] in document:
        if len(path) > 1:
            _drop(document[path[0]], path[1:])
        if len(path) == 1 or document[path[0]] == {}:
            del document[path[0]]

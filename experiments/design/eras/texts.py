"""Eras as a user writes them: title, months, a shipped preset or what is different; and what of that cannot be."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache

from tenure.experiments.config.documents import Document, KeyPath, Problem, Value
from tenure.experiments.config.names import same_names
from tenure.experiments.config.printable import printable_line, shown
from tenure.experiments.config.reading import overlay, read_yaml, suggest
from tenure.experiments.design.scenario_files import below, in_full, only_the_world
from tenure.experiments.shipped import ERAS
from tenure.simulation.settings.market import MarketSettings

ENDING = ".era.yaml"
MOST_ERAS = 24
LONGEST_TITLE = 40
EACH = "each_rival"
"""Key below which stands what every rival does, or every one of those named by `by`."""
ABOUT = ("title", "from", "until", "follows", "preset", "by", EACH)
"""Keys of an era beside what is different."""
_FORM = "Write such as eras: [{title: Price war, from: 2028-01, until: 2028-12, preset: price_war}]"


Own = Mapping[str, object]
"""A market as plain data, every default written out, with the first of values that have dates."""


@dataclass(frozen=True)
class EraText:
    """An era as it was written, for the rivals of one market.

    Attributes
    ----------
    title : str
        What it is called, in figures too.
    at : tuple
        Where it stands in the experiment.
    first, until, follows : value
        As written under `from`, `until` and `follows`; None where they are not.
    over : Document
        What is different, with the keys of a market, rivals by name.
    """

    title: str
    at: KeyPath
    first: Value
    until: Value
    follows: Value
    over: Document


@cache
def shipped_eras() -> dict[str, str]:
    """Return name -> what it is, of the eras that come with the program: the comment above each file."""
    found = {}
    for path in sorted(ERAS.glob(f"*{ENDING}")):
        comment = [line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
        found[path.name.removesuffix(ENDING)] = " ".join(comment)
    return found


def era_texts(document: Document, market: MarketSettings, problems: list[Problem]) -> list[EraText]:
    """Return the eras of an experiment that can be read, and add what is wrong with any of them.

    Parameters
    ----------
    document : Document
        The experiment.
    market : MarketSettings
        Its market, whose rivals an era may name.
    problems : list of Problem
        Takes what is wrong.
    """
    written = document.data.get("eras")
    if written in (None, []):
        return []
    if not isinstance(written, list):
        problems.append(document.problem(("eras",), "eras: a list is wanted", f"{_FORM}."))
        return []
    if len(written) > MOST_ERAS:
        what = f"eras: {len(written)} are more than the {MOST_ERAS} that a figure can tell apart"
        problems.append(document.problem(("eras",), what, "Join some, or ask in several experiments."))
        return []
    found, own = [], market.at(0).model_dump(by_alias=True)
    for place, entry in enumerate(written):
        if isinstance(entry, dict):
            text = _read(document, ("eras", place), own, problems)
            found += [] if text is None else [text]
        else:
            problems.append(document.problem(("eras", place), "eras: an era is a mapping", f"{_FORM}."))
    problems += _same_titles(document, found)
    return found


def _read(document: Document, at: KeyPath, own: Own, problems: list[Problem]) -> EraText | None:
    """Return one era, its preset below it and what each rival does written out; None if it has no title."""
    entry = in_full(below(document, at), problems)
    written = {key: entry.data.pop(key, None) for key in ABOUT if key != EACH}
    preset = _preset(document, at, written["preset"], problems)
    told = list(_title_problems(document, at, written["title"], preset))
    problems += told
    title = written["title"] if preset is None or written["title"] is not None else preset.data["title"]
    if told or not isinstance(title, str):
        return None
    called = f"the era {shown(title)}"
    by = _by(document, at, own, written["by"], problems)
    mentioned = EACH in entry.data or (preset is not None and EACH in preset.data)
    if written["by"] is not None and not mentioned:
        what = f"{called} says by whom, and not what they do"
        problems.append(document.problem((*at, "by"), what, f"Add a preset, or '{EACH}: {{policy: price_war}}'."))
    layers = [] if preset is None else [_for_each(_fitting(preset, own), own, by, called, problems)]
    layers.append(_for_each(entry, own, by, called, problems))
    over = Document(entry.path, {}, {(): document.place(at)}, {}, entry.files)
    for layer in layers:
        over = overlay(over, only_the_world(layer, called, ABOUT, problems))
    _add_unknown_rivals(over, own, called, problems)
    return EraText(title, at, written["from"], written["until"], written["follows"], over)


def _preset(document: Document, at: KeyPath, name: Value, problems: list[Problem]) -> Document | None:
    """Return a shipped era, as if all of it had been written where it is named."""
    if name is None:
        return None
    if not isinstance(name, str) or name not in shipped_eras():
        what = f"there is no era {shown(str(name))} to take"
        problems.append(document.problem((*at, "preset"), what, suggest(str(name), shipped_eras())))
        return None
    found = read_yaml(ERAS / f"{name}{ENDING}")
    place = document.place((*at, "preset"))
    return Document(
        document.path,
        found.data,
        dict.fromkeys(found.positions, place),
        dict.fromkeys(found.key_positions, place),
        document.files,
    )


def _title_problems(document: Document, at: KeyPath, title: Value, preset: Document | None) -> Iterator[Problem]:
    if title is None and preset is None:
        yield document.problem(at, "the era has no title", "Add one, such as 'title: Price war'.")
    elif title is not None and not (isinstance(title, str) and title.strip()):
        yield document.problem((*at, "title"), "the title of an era is a text", "Write such as 'title: Price war'.")
    elif isinstance(title, str) and (len(title) > LONGEST_TITLE or printable_line(title) != title):
        what = f"the title {shown(title)} does not fit on one line of {LONGEST_TITLE} characters"
        yield document.problem((*at, "title"), what, "Shorten it.")


def _same_titles(document: Document, texts: Sequence[EraText]) -> Iterator[Problem]:
    seen: set[str] = set()
    like = same_names(one.title for one in texts)
    for one in texts:
        if one.title in seen or one.title in like:
            first = like.get(one.title, one.title)
            place = next(other.over.place(()) for other in texts if other.title == first)
            where = f" at {place.path}:{place.line}" if place.line else ""
            what = f"the title {shown(one.title)} is that of an earlier era{where}"
            yield document.problem((*one.at, "title"), what, "Call one of them something else.")
        seen.add(one.title)


def _by(document: Document, at: KeyPath, own: Own, by: Value, problems: list[Problem]) -> list[str]:
    """Return the rivals that do what an era says of each: by default all."""
    rivals = _names(own)
    if by is None:
        return rivals
    named = [by] if isinstance(by, str) else by
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        problems.append(document.problem((*at, "by"), "by: rivals are wanted", "Write such as [megabank, fintech]."))
        return []
    for place, one in enumerate(named):
        if one not in rivals:
            where: KeyPath = (*at, "by") if isinstance(by, str) else (*at, "by", place)
            problems.append(document.problem(where, _no_rival(str(one)), _known(str(one), rivals)))
    return [one for one in rivals if one in named]


def _names(own: Own) -> list[str]:
    """Return the names of the rivals of a market."""
    rivals = own.get("rivals")
    return list(rivals) if isinstance(rivals, Mapping) else []


def _no_rival(name: str) -> str:
    return f"{shown(name)} is no rival of this market"


def _known(name: str, rivals: Sequence[str]) -> str:
    return suggest(name, rivals) if rivals else "This market has none."


def _fitting(preset: Document, own: Own) -> Document:
    """Return a preset without what it says of channels that we do not have, and without factors of what is 0."""
    data = {key: deepcopy(value) for key, value in preset.data.items() if key != "title"}
    for key in [one for one in data if one != EACH]:
        _fit(data, own, key)
    return replace(preset, data=data)


def _fit(over: dict[str, Value], own: object, key: str) -> None:
    """Take out of what is laid over a market, below a key, the channels that it has not and factors of what is 0."""
    value, has = over[key], own.get(key) if isinstance(own, Mapping) else None
    if isinstance(value, dict):
        for inner in [*value]:
            if key == "acquisition" and not (isinstance(has, Mapping) and inner in has):
                del value[inner]
            else:
                _fit(value, has, inner)
    multiplies = isinstance(value, str) and value[:1] in ("x", "X")
    if value == {} or (multiplies and has == 0):
        del over[key]


def _for_each(written: Document, own: Own, by: Sequence[str], called: str, problems: list[Problem]) -> Document:
    """Return what is different with that which each rival does written out, below what is said of a rival by name."""
    if EACH not in written.data:
        return written
    data = dict(written.data)
    each = data.pop(EACH)
    if not isinstance(each, dict) or not each:
        what, mend = f"{called}: {EACH} is no mapping", "Write what each rival does, such as {policy: price_war}."
        problems.append(written.problem((EACH,), what, mend))
        return replace(written, data=data)
    rivals = own.get("rivals")
    known: dict[str, Value] = {name: deepcopy(each) for name in by}
    for name in by:
        _fit(known, rivals, name)
    places, keys = (
        {("rivals", name, *at[1:]): place for at, place in of.items() if at[:1] == (EACH,) for name in known}
        for of in (written.positions, written.key_positions)
    )
    spread: dict[str, Value] = {"rivals": known} if known else {}
    return overlay(Document(written.path, spread, places, keys, written.files), replace(written, data=data))


def _add_unknown_rivals(over: Document, own: Own, called: str, problems: list[Problem]) -> None:
    """Take rivals out that the market has not, and add them to the problems."""
    rivals, known = over.data.get("rivals"), _names(own)
    for name in [one for one in rivals if one not in known] if isinstance(rivals, dict) else ():
        what = f"{called}: {_no_rival(name)}"
        problems.append(over.problem(("rivals", name), what, _known(name, known), of_key=True))
        if isinstance(rivals, dict):
            del rivals[name]
            if not rivals:
                del over.data["rivals"]

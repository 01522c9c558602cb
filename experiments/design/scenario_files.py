"""Scenarios as a user writes them: shipped ones by name, files, or settings in place; and what one may set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tenure.experiments.config.documents import ConfigError, Document, KeyPath, Place, Problem, Value
from tenure.experiments.config.names import name_problems
from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import file_name_fault, overlay, read_with_extends, suggest
from tenure.experiments.plugins.switched import SWITCHES
from tenure.experiments.shipped import SCENARIOS
from tenure.simulation.settings.institution import InstitutionSettings
from tenure.simulation.settings.world import WorldSettings

ENDING = ".scenario.yaml"
MOST_SCENARIOS = 100
SECTIONS = ("world", "rivals", "rules", "us")
"""What the world decides of a market; of us it is only costs and precision, see `_of_us`."""
WHEN = ("from", "to", "always")
"""Keys of a scenario that say when it holds."""
_FORM = "Write a shipped scenario, such as crisis, a file, or what is different, such as {world: {macro_mean: 1.5}}"
OF_CHANNELS = ("cost_per_contact", "cost_per_joiner", "cost_per_month", "precision")
"""What the world decides of our channels."""
_OF_ONE = f"{', '.join(OF_CHANNELS[:-1])} or {OF_CHANNELS[-1]}"
_MAY_SET = f"world, rivals, rules, us.funding_cost and us.acquisition.<channel>.{_OF_ONE}"
_SHORT: Mapping[str, tuple[str, str]] = {
    **{name: ("world", name) for name in WorldSettings.model_fields},
    "funding_cost": ("us", "funding_cost"),
}
"""Number that may be written without its section -> where it stands in a market."""


@dataclass(frozen=True)
class ScenarioText:
    """A scenario as it was written, before it is laid over a market.

    Attributes
    ----------
    name : str
        Of the scenario.
    over : Document
        What is different, with the keys of a market, and where each was written.
    first, last : value
        As written under `from` and `to`; None where they are not.
    always : bool
        Whether it holds before month 0, too.
    """

    name: str
    over: Document
    first: Value
    last: Value
    always: bool

    def written(self) -> dict[str, Value]:
        """Return the whole scenario as it could be written in place."""
        when = {"from": self.first, "to": self.last, "always": self.always or None}
        return {**{key: value for key, value in when.items() if value is not None}, **self.over.data}


def shipped_scenarios() -> dict[str, str]:
    """Return name -> what it is, of the scenarios that come with the program: the comment above each file."""
    found = {}
    for path in sorted(SCENARIOS.glob(f"*{ENDING}")):
        comment = [line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
        found[path.name.removesuffix(ENDING)] = " ".join(comment)
    return found


def shipped_scenario(name: str) -> Document:
    """Return what is different in a shipped scenario, with the keys of a market."""
    return _text(name, read_with_extends(SCENARIOS / f"{name}{ENDING}", [SCENARIOS]), []).over


def scenario_texts(document: Document, problems: list[Problem]) -> list[ScenarioText]:
    """Return the scenarios of an experiment that can be read, and add what is wrong with any of them."""
    written = document.data.get("scenarios", {})
    if not isinstance(written, dict):
        problems.append(document.problem(("scenarios",), "scenarios: a mapping is wanted, name by name", f"{_FORM}."))
        return []
    if len(written) > MOST_SCENARIOS:
        what = f"scenarios: {len(written)} are more than the {MOST_SCENARIOS} in which a question can be asked"
        mend = "Leave some out, or divide them among several experiments."
        problems.append(document.problem(("scenarios",), what, mend))
        return []
    problems += name_problems(document, "scenarios", "a scenario")
    found = []
    for name, value in written.items():
        own: list[Problem] = []
        try:
            text = _read(document, name, value, own)
        except ConfigError as error:
            text, own = None, [*own, *error.problems]
        problems += own
        if text is not None:
            found.append(text)
    return found


def scenario_of_file(path: Path, problems: list[Problem]) -> ScenarioText:
    """Return the scenario that a file holds, and add what is wrong with it; `ConfigError` if it cannot be read."""
    return _text(path.name.removesuffix(ENDING), in_full(read_with_extends(path, [SCENARIOS]), problems), problems)


def _read(document: Document, name: str, value: Value, problems: list[Problem]) -> ScenarioText | None:
    at: KeyPath = ("scenarios", name)
    if isinstance(value, str):
        base = _named(document, at, value, problems)
        return None if base is None else _text(name, base, problems)
    if not isinstance(value, dict):
        what = f"scenarios: {shown(name)} says nothing" if value is None else f"scenarios: {shown(name)} is no mapping"
        problems.append(document.problem(at, what, f"{_FORM}; {{}} is the market as it is."))
        return None
    own = in_full(below(document, at), problems)
    if "extends" not in value:
        return _text(name, own, problems)
    extended = value["extends"]
    if not isinstance(extended, str):
        problems.append(document.problem((*at, "extends"), "'extends' names no scenario", "Write 'extends: crisis'."))
        return None
    base = _named(document, (*at, "extends"), extended, problems)
    own.data.pop("extends")
    if base is not None and "always" not in own.data and {"from", "to"} & {*own.data}:
        base.data.pop("always", None)
    return None if base is None else _text(name, overlay(base, own), problems)


def _named(document: Document, at: KeyPath, name: str, problems: list[Problem]) -> Document | None:
    """Return the scenario of a name: a file beside the one that names it, else a shipped one."""
    fault = file_name_fault(name)
    if fault is not None:
        problems.append(document.problem(at, *fault))
        return None
    place = document.place(at)
    beside = Path(place.path).parent if place.line else document.path.parent
    tried = [beside / name, beside / f"{name}{ENDING}"]
    tried += [SCENARIOS / f"{name.removesuffix(ENDING)}{ENDING}"] if Path(name).name == name else []
    found = next((one for one in tried if one.is_file()), None)
    if found is None:
        known = [*shipped_scenarios(), *(file.name for file in beside.glob(f"*{ENDING}"))]
        problems.append(document.problem(at, f"there is no scenario {shown(name)}", suggest(name, known)))
        return None
    return in_full(read_with_extends(found, [SCENARIOS]), problems)


def in_full(written: Document, problems: list[Problem]) -> Document:
    """Return what is different with everything that may be written shorter written out; add what is written twice.

    Numbers of the world stand alone (``switching_cost: x0.7``), and so does what funding costs us. A rival that does
    something else is named with its policy (``fintech: same_as_us``), whose settings may stand beside that name.
    """
    data, moved = dict(written.data), dict[KeyPath, KeyPath]()
    for key, at in _SHORT.items():
        section = data.get(at[0], {})
        if key not in data or not isinstance(section, dict):
            continue
        if key in section:
            what = f"{key} is written twice, alone and as {'.'.join(at)}"
            problems.append(written.problem((key,), what, "Leave one of the two out.", of_key=True))
            del data[key]
            continue
        data[at[0]] = {**section, key: data.pop(key)}
        moved[key,] = at
    rivals = data.get("rivals")
    if isinstance(rivals, dict):
        data["rivals"] = {name: _rival(name, one, moved) for name, one in rivals.items()}
    return replace(
        written,
        data=data,
        positions=_at_home(written.positions, moved),
        key_positions=_at_home(written.key_positions, moved),
    )


def _rival(name: str, one: Value, moved: dict[KeyPath, KeyPath]) -> Value:
    """Return what a rival does otherwise with its policy's name and settings below `policy`."""
    at: KeyPath = ("rivals", name)
    if isinstance(one, str):
        moved[at] = (*at, "policy")
        return {"policy": one}
    if not isinstance(one, dict) or not isinstance(one.get("policy"), str):
        return one
    own = [key for key in one if key not in InstitutionSettings.model_fields]
    if not own:
        return one
    moved |= {(*at, key): (*at, "policy", key) for key in own} | {(*at, "policy"): (*at, "policy", "policy")}
    left = {key: value for key, value in one.items() if key not in own}
    return {**left, "policy": {"policy": one["policy"], **{key: one[key] for key in own}}}


def _at_home(places: Mapping[KeyPath, Place], moved: Mapping[KeyPath, KeyPath]) -> dict[KeyPath, Place]:
    """Return places of what was moved, where it is now, beside those where it was written."""
    found = dict(places)
    for was, now in moved.items():
        found |= {(*now, *at[len(was) :]): place for at, place in places.items() if at[: len(was)] == was}
    return found


def below(document: Document, at: KeyPath) -> Document:
    """Return the mapping at a place of a document as a document of its own."""
    data: Value = document.data
    for part in at:
        if isinstance(data, dict) and isinstance(part, str):
            data = data[part]
        else:
            data = data[part] if isinstance(data, list) and isinstance(part, int) else {}

    def moved(places: Mapping[KeyPath, Place]) -> dict[KeyPath, Place]:
        return {one[len(at) :]: place for one, place in places.items() if one[: len(at)] == at}

    own = dict(data) if isinstance(data, dict) else {}
    places = {(): document.place(at), **moved(document.positions)}
    return Document(document.path, own, places, moved(document.key_positions), document.files)


def _text(name: str, written: Document, problems: list[Problem]) -> ScenarioText:
    """Return a scenario with those of its settings that it may make, and add what is wrong with others."""
    data = dict(written.data)
    first, last, always = (data.pop(key, None) for key in WHEN)
    if not (always is None or isinstance(always, bool)):
        problems.append(written.problem(("always",), "always: true or false is wanted", "Write one of the two."))
    if always is True and (first is not None or last is not None):
        key = "from" if first is not None else "to"
        what = f"'always' means before month 0 as well, and '{key}' limits it"
        problems.append(written.problem((key,), what, "Leave one of the two out."))
        first = last = None
    over = only_the_world(replace(written, data=data), f"the scenario {shown(name)}", (*WHEN, "extends"), problems)
    return ScenarioText(name, over, first, last, always is True)


def only_the_world(written: Document, called: str, keys: Sequence[str], problems: list[Problem]) -> Document:
    """Return what is different without that which is no doing of the world, and add that to the problems.

    Parameters
    ----------
    written : Document
        What is different, with the keys of a market.
    called : str
        What it is called in messages, such as ``the scenario 'crisis'``.
    keys : sequence of str
        Other keys that may stand beside it, for suggestions.
    problems : list of Problem
        Takes what is wrong.
    """
    data = dict(written.data)
    for at in list(_forbidden(data)):
        what = f"{called} cannot change {_path(at)}"
        problems.append(written.problem(at, what, _instead(at, called, keys), of_key=True))
        _take_out(data, at)
    return replace(written, data=data)


def _forbidden(data: Mapping[str, Value]) -> Iterator[KeyPath]:
    """Yield the places of a scenario that are no doing of the world."""
    for key, value in data.items():
        if key == SWITCHES:
            continue  # what they change is looked at once it is known
        if key == "us":
            yield from _of_us(value)
        elif key not in SECTIONS:
            yield (key,)
        elif not isinstance(value, dict) or not value:
            yield (key,)


def _of_us(value: Value) -> Iterator[KeyPath]:
    """Yield what is changed about us beside the cost of funding and what the world decides of channels."""
    if not isinstance(value, dict):
        yield ("us",)
        return
    for key, inner in value.items():
        if key != "acquisition":
            if key != "funding_cost":
                yield ("us", key)
            continue
        for channel, settings in inner.items() if isinstance(inner, dict) else ():
            if not isinstance(settings, dict):
                yield ("us", key, channel)
                continue
            yield from (("us", key, channel, one) for one in settings if one not in OF_CHANNELS)


def _instead(at: KeyPath, called: str, keys: Sequence[str]) -> str:
    """Return where that belongs which is no doing of the world."""
    key, may_set = at[0], f"{'An' if 'era' in called.split() else 'A'} {called.split()[1]} may set {_MAY_SET}"
    if key == "us":
        return f"{may_set}; what we choose belongs to an arm, below its 'us'."
    if key in SECTIONS:
        return f"Write what is different below {key}, or leave it out."
    if key in (
        "people",
        "products",
        "segments",
        "quadrants",
        "schemes",
        "traits",
        "treatments",
        "guards",
        "start",
        "stands_for",
        "burn_in_months",
        "currency",
    ):
        return f"{may_set}. Another market is another run: --set market.{key}=..."
    near = suggest(str(key), [*SECTIONS, *keys])
    return near if near.startswith("Did") else f"{may_set}. Beside that there may be {', '.join(keys)}."


def _path(at: KeyPath) -> str:
    return f"'{'.'.join(map(str, at))}'"


def _take_out(data: dict[str, Value], at: KeyPath) -> None:
    """Take a setting out of nested mappings, which are copied on the way."""
    first, *rest = at
    inner = data.get(str(first))
    if rest and isinstance(inner, dict):
        own = dict(inner)
        _take_out(own, tuple(rest))
        data[str(first)] = own
        if own:
            return
    data.pop(str(first), None)

"""An experiment as a user writes it: read, laid over its market, checked; every fault at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.config_checks import (
    arm_problems,
    as_written,
    circumstance_problems,
    experiment_settings,
    institution_problems,
    with_house,
)
from experiments.experiment_settings import ExperimentSettings
from experiments.market_files import leaves, left_market_note, market_document, market_over, market_settings
from experiments.plugins import known_policies
from experiments.reading import (
    ConfigError,
    Document,
    KeyPath,
    Place,
    Problem,
    Value,
    apply_sets,
    file_name_fault,
    is_there,
    read_with_extends,
    read_yaml,
)
from simulation.institution_settings import PolicySettings
from simulation.settings import MarketSettings

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
"""Folder of the shipped experiments."""


@dataclass(frozen=True)
class Experiment:
    """A checked experiment, ready to be run.

    Attributes
    ----------
    name : str
        Of the file, without its ending.
    path : Path
        The file asked for.
    settings : ExperimentSettings
        What the experiment says, defaults included.
    market_data : dict
        The market as plain data: overrides, budget and the champion's policy for us are in it.
    market : MarketSettings
        The same, checked.
    places : mapping
        Path of keys -> where the value was written, of the experiment and below ``market``.
    plugins : tuple of Path
        Files with policies of the user's own.
    sets : tuple of str
        What was given as ``--set``.
    written : dict
        All that was written, as plain data with the whole market below ``market``: enough to load it again.
    oracles : tuple of str
        Arms whose policy is shown the truth.
    shipped : bool
        Whether it is an example that comes with the program.
    remarks : tuple of str
        What its reader should know of how it was read.
    """

    name: str
    path: Path
    settings: ExperimentSettings
    market_data: dict[str, Any]
    market: MarketSettings
    places: Mapping[KeyPath, Place]
    plugins: tuple[Path, ...]
    sets: tuple[str, ...]
    written: dict[str, Any]
    oracles: tuple[str, ...]
    shipped: bool
    remarks: tuple[str, ...] = ()

    @property
    def arms(self) -> dict[str, PolicySettings]:
        """Name -> policy of every arm, in the order of the file."""
        return self.settings.arms


def find_config(name: str | Path) -> tuple[Path, bool]:
    """Return where a config is, and whether it is a shipped example: the file itself first, then the shelf."""
    path = Path(name)
    if not is_there(path) and path.name == str(name):
        for shipped in (EXAMPLES / path.name, EXAMPLES / f"{path.name}.yaml"):
            if is_there(shipped):
                return shipped, True
    return path, False


def circumstances(path: str | Path, sets: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return the circumstances under which an experiment asks its question, name -> KEY=VALUE; empty for one alone.

    Raises
    ------
    ConfigError
        If they are no lists of KEY=VALUE, or one has a name that cannot name a folder.
    """
    found, _ = find_config(path)
    document = apply_sets(_with_market_mapping(read_with_extends(found, [EXAMPLES])), sets)
    problems = list(circumstance_problems(document))
    if problems:
        raise ConfigError(in_order(problems, document))
    told: Any = document.data.get("circumstances") or {}
    return {name: list(some) for name, some in told.items()}


def load_experiment(path: str | Path, sets: Sequence[str] = (), plugins: Sequence[Path] = ()) -> Experiment:
    """Read and check an experiment.

    Parameters
    ----------
    path : str or Path
        The file, or the name of a shipped example.
    sets : sequence of str
        ``KEY=VALUE`` from the command line, laid over the file: ``months=12``, ``market.people=2000``.
    plugins : sequence of Path
        Python files with policies of the user's own.

    Raises
    ------
    ConfigError
        With every fault at its file, line and column, and how to mend it.
    """
    found, shipped = find_config(path)
    known = known_policies(plugins)
    written = _with_market_mapping(read_with_extends(found, [EXAMPLES]))
    document = apply_sets(written, map(_of_market, sets))
    problems: list[Problem] = []
    of_market = market_document(document, problems) if _market_can_be_named(document, problems) else None
    made = _checked(document, of_market, problems, known, found, plugins, sets, shipped)
    return replace(made, remarks=tuple(left_market_note(written, document)))


def load_under_each(path: str | Path, sets: Sequence[str] = (), plugins: Sequence[Path] = ()) -> dict[str, Experiment]:
    """Read and check an experiment under each of its circumstances.

    Returns
    -------
    dict
        Name of the circumstances -> experiment; the empty name alone for one that has none.

    Raises
    ------
    ConfigError
        With what is wrong in any case, and what is wrong under some circumstances, at their place.
    """
    under = circumstances(path, sets)
    problems: list[Problem] = []
    found: dict[str, Experiment] = {}
    try:
        found[""] = load_experiment(path, sets, plugins)
    except ConfigError as error:
        problems += error.problems
    written = _with_market_mapping(read_with_extends(find_config(path)[0], [EXAMPLES])) if under else None
    document = None if written is None else apply_sets(written, map(_of_market, sets))
    for name, extra in under.items():
        try:
            found[name] = load_experiment(path, [*sets, *extra, "circumstances={}"], plugins)
        except ConfigError as error:
            known = {*problems}
            problems += [_under(name, document, one, extra) for one in error.problems if one not in known]
    if problems:
        raise ConfigError(problems if document is None else in_order(problems, document))
    return {name: one for name, one in found.items() if name} or found


def _under(name: str, document: Document | None, one: Problem, extra: Sequence[str]) -> Problem:
    """Return a problem that circumstances bring, at the setting that brings it where the file has no other place."""
    keys = [_of_market(setting).partition("=")[0].strip() for setting in extra]
    at = Place(*one[:3])
    key = one.path.removeprefix("--set ")
    if document is not None and key in keys:
        at = document.place(("circumstances", name, keys.index(key)))
    return Problem(*at, f"under the circumstances '{name}': {one.message}", one.mend)


def _of_market(written: str) -> str:
    """Return ``market=NAME`` as ``market.extends=NAME``: another base, below what the experiment itself writes."""
    key, equals, value = written.partition("=")
    named = key.strip() == "market" and equals and value.strip()[:1] not in ("", "{", "[")
    return f"market.extends={value}" if named else written


def load_recorded(
    written: Mapping[str, Any], record: Path, sets: Sequence[str], plugins: Sequence[Path], without: Collection[str],
    path: Path, all_sets: Sequence[str], shipped: bool,
) -> Experiment:  # fmt: skip
    """Return an experiment from what the record of its folder says was written.

    Parameters
    ----------
    written : mapping
        See `Experiment.written`.
    record : Path
        File that it stands in, for messages.
    sets : sequence of str
        ``KEY=VALUE`` laid over it now.
    plugins : sequence of Path
        Files with policies of the user's own.
    without : collection of str
        Arms to leave out.
    path : Path
        Where the config was, or is.
    all_sets : sequence of str
        All that was ever laid over it, for the record.
    shipped : bool
        Whether it came with the program.

    Raises
    ------
    ConfigError
        As `load_experiment`; places are those of `sets` alone.
    """
    own = {key: value for key, value in written.items() if key != "market"}
    if isinstance(own.get("arms"), dict):
        own["arms"] = {arm: one for arm, one in own["arms"].items() if arm not in without}
    document = apply_sets(Document(record, {**own, "market": {}}, {}, {}, (record,)), map(_of_market, sets))
    problems: list[Problem] = []
    if isinstance(document.data["market"], dict) and "extends" in document.data["market"]:
        message, mend = "the market of a folder of results is recorded as a whole", "Run the config with this setting."
        problems.append(document.problem(("market", "extends"), message, mend))
    base = Document(record, dict(written.get("market") or {}), {}, {}, (record,))
    of_market = market_over(document, base, problems)
    return _checked(document, of_market, problems, known_policies(plugins), path, plugins, all_sets, shipped)


def _checked(
    document: Document, of_market: Document | None, problems: list[Problem], known: Mapping[str, type], path: Path,
    plugins: Sequence[Path], sets: Sequence[str], shipped: bool,
) -> Experiment:  # fmt: skip
    """Return the experiment of a document and its market, or raise all that is wrong with it."""
    settings = experiment_settings(document, problems)
    house = of_market if of_market is None or settings is None else with_house(of_market, document, settings)
    of_house: list[Problem] = []
    market = None if house is None else market_settings(house, of_house)
    problems += as_written(document, of_house)
    problems += arm_problems(document, house, market, known)
    if market is not None and house is not None:
        problems += institution_problems(house, market, known)
    if problems or settings is None or of_market is None or house is None:
        raise ConfigError(in_order(problems, document))
    data = _with_champion(house.data, settings)
    below = {("market", *at): place for at, place in house.positions.items() if at}
    places = {at: place for at, place in document.positions.items() if at[:1] != ("market",)} | below
    oracles = [arm for arm, one in settings.arms.items() if getattr(known[one.policy], "needs_truth", False)]
    return Experiment(
        name=path.name.removesuffix(".yaml"), path=path, settings=settings, market_data=data,
        market=MarketSettings.model_validate(data), places=places, plugins=tuple(plugins), sets=tuple(sets),
        written={**document.data, "market": of_market.data}, oracles=tuple(oracles), shipped=shipped,
    )  # fmt: skip


def resolved(experiment: Experiment) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and origin of every setting, those of the market below ``market.``."""
    own = experiment.settings.model_dump(mode="json", exclude={"market"})
    market = experiment.market.model_dump(mode="json", by_alias=True)
    for at, value in leaves({**own, "market": market}, ()):
        place = next((experiment.places[at[:n]] for n in range(len(at), 0, -1) if at[:n] in experiment.places), None)
        exact = place is not None and (at in experiment.places or at[0] == "arms")
        origin = (f"{place.path}:{place.line}" if place.line else place.path) if exact and place else "default"
        yield ".".join(map(str, at)), value, origin


def _with_market_mapping(document: Document) -> Document:
    """Write ``market: default`` as ``market: {extends: default}``; overrides keep the market of an extended file."""
    market = document.data.get("market")
    name: Value = market if isinstance(market, str) else None
    place = document.positions.get(("market",))
    if isinstance(market, dict) and "extends" not in market:
        for file in document.files[1:]:
            base = read_yaml(file)
            under = base.data.get("market")
            at: KeyPath = ("market", "extends") if isinstance(under, dict) else ("market",)
            name = under.get("extends") if isinstance(under, dict) else under
            if name is not None:
                place = base.positions[at]
                break
    if not isinstance(name, str) or place is None:
        return document
    data = deepcopy(document.data)
    data["market"] = {"extends": name, **(market if isinstance(market, dict) else {})}
    return replace(document, data=data, positions={**document.positions, ("market", "extends"): place})


def _market_can_be_named(document: Document, problems: list[Problem]) -> bool:
    market = document.data.get("market")
    name = market.get("extends") if isinstance(market, dict) else None
    fault = file_name_fault(name) if isinstance(name, str) else None
    if fault is not None:
        problems.append(document.problem(("market", "extends"), *fault))
    return fault is None


def _with_champion(data: Mapping[str, Value], settings: ExperimentSettings) -> dict[str, Any]:
    """Return the market with the champion's policy for us."""
    market: dict[str, Any] = deepcopy(dict(data))
    champion = settings.arms[settings.champion]
    market["us"] = {**market["us"], "policy": {"policy": champion.policy, **champion.settings}}
    return market


def in_order(problems: Sequence[Problem], document: Document) -> list[Problem]:
    """Without repetition, in the order of the file, the files asked for first."""
    files = [str(path) for path in document.files]
    unique = list(dict.fromkeys(problems))
    return sorted(
        unique, key=lambda p: (files.index(p.path) if p.path in files else len(files), p.path, p.line, p.column)
    )

"""An experiment as a user writes it: read, laid over its market, checked; every fault at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.config_checks import (
    arm_problems,
    circumstance_problems,
    experiment_settings,
    institution_problems,
    own_problems,
)
from experiments.experiment_settings import ExperimentSettings
from experiments.market_files import leaves, market_document, market_over, market_settings
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
        raise ConfigError(_in_order(problems, document))
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
    document = apply_sets(_with_market_mapping(read_with_extends(found, [EXAMPLES])), sets)
    problems: list[Problem] = []
    of_market = market_document(document, problems) if _market_can_be_named(document, problems) else None
    return _checked(document, of_market, problems, known, found, plugins, sets, shipped)


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
    document = apply_sets(Document(record, {**own, "market": {}}, {}, {}, (record,)), sets)
    problems: list[Problem] = []
    base = Document(record, dict(written.get("market") or {}), {}, {}, (record,))
    of_market = market_over(document, base, problems)
    return _checked(document, of_market, problems, known_policies(plugins), path, plugins, all_sets, shipped)


def _checked(
    document: Document, of_market: Document | None, problems: list[Problem], known: Mapping[str, type], path: Path,
    plugins: Sequence[Path], sets: Sequence[str], shipped: bool,
) -> Experiment:  # fmt: skip
    """Return the experiment of a document and its market, or raise all that is wrong with it."""
    settings = experiment_settings(document, problems)
    told = {one[:3] for one in problems}
    problems += [one for one in circumstance_problems(document) if one[:3] not in told]
    market = None if of_market is None else market_settings(of_market, problems)
    if settings is not None or isinstance(document.data.get("arms"), dict):
        problems += arm_problems(document, market, known)
    if market is not None and of_market is not None:
        problems += institution_problems(of_market, market, known)
        problems += own_problems(document, of_market)
    if problems or settings is None or of_market is None:
        raise ConfigError(_in_order(problems, document))
    data = _resolved_market(of_market.data, settings)
    below = {("market", *at): place for at, place in of_market.positions.items() if at}
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
        if at[:2] == ("market", "guards"):
            place = experiment.places.get(("budget_per_month" if at[2] == "budget_per_month" else "guards",), place)
        exact = place is not None and (at in experiment.places or at[:2] == ("market", "guards") or at[0] == "arms")
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


def _resolved_market(data: Mapping[str, Value], settings: ExperimentSettings) -> dict[str, Any]:
    """Return the market with what holds in every arm, and the champion's policy for us."""
    market: dict[str, Any] = deepcopy(dict(data))
    guards = dict(market.get("guards") or {})
    if settings.budget_per_month is not None:
        guards["budget_per_month"] = settings.budget_per_month
    if settings.guards.contacts is not None:
        guards["contacts_at_most"] = settings.guards.contacts.at_most
        guards["contacts_in_months"] = settings.guards.contacts.in_months
    champion = settings.arms[settings.champion]
    market["guards"] = guards
    house = settings.guards.model_dump(by_alias=True, exclude_unset=True, exclude={"contacts"})
    if house:
        market["us"] = {**market["us"], "guards": {**(market["us"].get("guards") or {}), **house}}
    market["us"] = {**market["us"], "policy": {"policy": champion.policy, **champion.settings}}
    return market


def _in_order(problems: Sequence[Problem], document: Document) -> list[Problem]:
    """Without repetition, in the order of the file, the files asked for first."""
    files = [str(path) for path in document.files]
    unique = list(dict.fromkeys(problems))
    return sorted(
        unique, key=lambda p: (files.index(p.path) if p.path in files else len(files), p.path, p.line, p.column)
    )

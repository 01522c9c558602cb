"""An experiment as a user writes it: read, laid over its market, checked; every fault at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

from tenure.experiments.analysis.metrics import adopt
from tenure.experiments.config.advice.stopping import one_way
from tenure.experiments.config.checks import with_tables_first
from tenure.experiments.config.market_files import (
    inherits_no_qualities,
    leaves,
    left_market_note,
    market_document,
    market_over,
)
from tenure.experiments.config.metrics_asked import metrics_named
from tenure.experiments.config.printable import shown
from tenure.experiments.config.reading import (
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
    suggest,
)
from tenure.experiments.config.schedule_files import with_columns
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.design.eras.laid import Era
from tenure.experiments.design.scenario_markets import Scenario
from tenure.experiments.design.varied.as_read import AsRead, KnownParts, as_read, ground_of
from tenure.experiments.design.varied.ends import MOST_MARKETS, all_at_ends, end_problems, levels_to_try
from tenure.experiments.design.varied.levels import DESIGN, MOST_LEVELS, Level, at_level, levels_of
from tenure.experiments.design.varied.numbers import NumbersToVary
from tenure.experiments.design.varied.uncertain import UNCERTAIN, Uncertain, uncertain_of
from tenure.experiments.design.varied.undone import undone_problems
from tenure.experiments.plugins.known import own_parts
from tenure.experiments.plugins.own_parts import OwnParts
from tenure.experiments.plugins.own_rules import Behaviour, asked_for
from tenure.experiments.plugins.switched import switched, switches_asked
from tenure.experiments.shipped import EXAMPLES, shipped_example
from tenure.policies.shelf import SHELF
from tenure.simulation.settings.institution import PolicySettings
from tenure.simulation.settings.market import MarketSettings


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
    scenarios : tuple of Scenario
        The markets in which every arm is run, in the order of the file, each at every level of the design; the market
        alone where there are none.
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
    eras : tuple of Era
        Changes of the world and of rivals that every arm lives through, in the order in which they begin.
    uncertain : tuple of Uncertain
        What is drawn once per replication, the same in all arms, scenarios and levels.
    behaviour : mapping
        Behavioural rule of a user's own by which people live -> its own numbers.
    """

    name: str
    path: Path
    settings: ExperimentSettings
    market_data: dict[str, Value]
    market: MarketSettings
    scenarios: tuple[Scenario, ...]
    places: Mapping[KeyPath, Place]
    plugins: tuple[Path, ...]
    sets: tuple[str, ...]
    written: dict[str, Value]
    oracles: tuple[str, ...]
    shipped: bool
    remarks: tuple[str, ...] = ()
    eras: tuple[Era, ...] = ()
    uncertain: tuple[Uncertain, ...] = ()
    behaviour: Behaviour = field(default_factory=dict)

    @property
    def arms(self) -> dict[str, PolicySettings]:
        """Name -> policy of every arm, in the order of the file."""
        return self.settings.arms

    def under(self, scenario: str) -> "Experiment":
        """Return the experiment in one of its scenarios, or at a level of one, as if that were its market.

        ValueError if there is none.
        """
        found = next((one for one in self.scenarios if one.name == scenario), None)
        if found is None:
            names = [one.name for one in self.scenarios if one.name]
            raise ValueError(f"there is no scenario '{scenario}'. {suggest(scenario, names)}")
        settings = self.settings if found.arms is None else self.settings.model_copy(update={"arms": {**found.arms}})
        return replace(self, settings=settings, market_data=found.market_data, market=found.market, scenarios=(found,))


def find_config(name: str | Path) -> tuple[Path, bool]:
    """Return where a config is, and whether it is a shipped example: the file itself first, then the shelf."""
    path = Path(name)
    shipped = None if is_there(path) else shipped_example(str(name))
    return (path, False) if shipped is None else (shipped, True)


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
    own = own_parts(plugins)
    adopt(own.metrics)
    written = _with_market_mapping(read_with_extends(found, [EXAMPLES]))
    document = apply_sets(written, map(_of_market, sets))
    problems: list[Problem] = []
    known = _known(own, document)
    document = switched(document, ("market",), known.switches, problems)
    document = with_tables_first(with_columns(document, problems), problems)
    of_market = market_document(document, problems) if _market_can_be_named(document, problems) else None
    made = _checked(document, of_market, problems, known, found, plugins, sets, shipped)
    return replace(made, remarks=(*left_market_note(written, document), *inherits_no_qualities(document)))


def _of_market(written: str) -> str:
    """Return ``market=NAME`` as ``market.extends=NAME``: another base, below what the experiment itself writes."""
    key, equals, value = written.partition("=")
    named = key.strip() == "market" and equals and value.strip()[:1] not in ("", "{", "[")
    return f"market.extends={value}" if named else written


def load_recorded(
    written: Mapping[str, Value],
    record: Path,
    sets: Sequence[str],
    plugins: Sequence[Path],
    without: Collection[str],
    path: Path,
    all_sets: Sequence[str],
    shipped: bool,
) -> Experiment:
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
    arms, whole = own.get("arms"), written.get("market")
    if isinstance(arms, dict):
        own["arms"] = {arm: one for arm, one in arms.items() if arm not in without}
    parts = own_parts(plugins)
    adopt(parts.metrics)
    problems: list[Problem] = []
    document = apply_sets(Document(record, {**own, "market": {}}, {}, {}, (record,)), map(_of_market, sets))
    known = _known(parts, document, metrics_named(own.get("metrics")))  # a file that is not here is told of by results
    document = switched(document, ("market",), known.switches, problems)
    document = with_tables_first(with_columns(document, problems), problems)
    if isinstance(document.data["market"], dict) and "extends" in document.data["market"]:
        message, mend = "the market of a folder of results is recorded as a whole", "Run the config with this setting."
        problems.append(document.problem(("market", "extends"), message, mend))
    base = Document(record, dict(whole) if isinstance(whole, dict) else {}, {}, {}, (record,))
    of_market = market_over(document, base, problems)
    return _checked(document, of_market, problems, known, path, plugins, all_sets, shipped)


def _known(own: OwnParts, document: Document, recorded: Iterable[str] = ()) -> KnownParts:
    """Return what may be named; `recorded` are metrics that may be although nobody knows them here."""
    metrics = {*recorded, *own.metrics}
    return KnownParts({**SHELF, **own.policies}, own.switches, metrics, own.rules, switches_asked(document.data))


def _checked(
    document: Document,
    of_market: Document | None,
    problems: list[Problem],
    known: KnownParts,
    path: Path,
    plugins: Sequence[Path],
    sets: Sequence[str],
    shipped: bool,
) -> Experiment:
    """Return the experiment of a document and its market, or raise all that is wrong with it."""
    document = one_way(document, problems)
    read = as_read(document, of_market, problems, known)
    behaviour = asked_for(document, known.rules, problems)
    uncertain, levels = _varied(document, read, problems, known)
    told = frozenset(problems)
    scenarios: list[Scenario] = []
    tried = levels_to_try(levels, max(1, MOST_MARKETS // max(1, len(read.texts)))) if uncertain else ()
    for level in levels or (Level("", ()),):
        at, found = read, list[Problem]()
        if level.values and of_market is not None:
            laid, market_there = at_level(document, of_market, level, found, known.switches)
            at = as_read(laid, market_there, found, known)
            if level in tried and not problems and not found:
                found += all_at_ends(laid, at.markets(), uncertain, known.check, known.switches)
        problems += [
            one._replace(message=f"at the level {shown(level.name)}: {one.message}") for one in found if one not in told
        ]
        scenarios += [] if problems else at.scenarios(level, read.settings)
    if problems or read.settings is None or of_market is None or read.guarded is None:
        raise ConfigError(in_order(problems, document))
    settings = read.settings
    data, market = ground_of(read.guarded.data, settings)
    written: dict[str, Value] = {**document.data, "market": of_market.data}
    if read.texts:
        written["scenarios"] = {text.name: text.written() for text in read.texts}
    if read.eras:
        written["eras"] = [one.written for one in read.eras]
    below = {("market", *at): place for at, place in read.guarded.positions.items() if at}
    places = {at: place for at, place in document.positions.items() if at[:1] != ("market",)} | below
    at_levels = [settings.arms, *(one.arms for one in scenarios if one.arms is not None)]
    oracles = [
        arm
        for arm in settings.arms
        if any(getattr(known.policies[at[arm].policy], "needs_truth", False) for at in at_levels)
    ]
    by_scenario = sorted(
        scenarios, key=lambda one: [text.name for text in read.texts].index(one.base) if one.base else 0
    )
    return Experiment(
        name=path.name.removesuffix(".yaml"),
        path=path,
        settings=settings,
        market_data=data,
        market=market,
        scenarios=tuple(by_scenario),
        places=places,
        plugins=tuple(plugins),
        sets=tuple(sets),
        written=written,
        oracles=tuple(oracles),
        shipped=shipped,
        eras=read.eras,
        uncertain=uncertain,
        behaviour=behaviour,
    )


def _varied(
    document: Document, read: AsRead, problems: list[Problem], known: KnownParts
) -> tuple[tuple[Uncertain, ...], tuple[Level, ...]]:
    """Return what is uncertain, and the levels of the design; add what is wrong with either."""
    asked = any(document.data.get(section) for section in (UNCERTAIN, DESIGN))
    if not asked or read.settings is None or read.market is None or read.guarded is None:
        return (), ()
    right, settings = not problems, read.settings
    numbers = NumbersToVary(read.market, settings, known.policies, known.switches)
    uncertain = uncertain_of(document, numbers, problems)
    levels = levels_of(document, numbers, settings.seed, problems)
    problems += undone_problems(document, uncertain, levels, known.switches, known.on)
    many = len(levels) * max(1, len(read.texts))
    if many > MOST_LEVELS:
        what = f"design: {len(levels)} points in {len(read.texts)} scenarios are more than {MOST_LEVELS} in all"
        problems.append(document.problem((DESIGN,), what, "Take fewer points, or fewer scenarios."))
        levels = ()
    if right:  # else what is wrong anyway would be told once more
        problems += end_problems(document, read.guarded, read.markets(), uncertain, known.check, known.switches)
    return uncertain, levels


def resolved(experiment: Experiment) -> Iterator[tuple[str, object, str]]:
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


def in_order(problems: Sequence[Problem], document: Document) -> list[Problem]:
    """Without repetition, in the order of the file, the files asked for first."""
    files = [str(path) for path in document.files]
    unique = list(dict.fromkeys(problems))
    return sorted(
        unique, key=lambda p: (files.index(p.path) if p.path in files else len(files), p.path, p.line, p.column)
    )

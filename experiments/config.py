"""An experiment as a user writes it: read, laid over its market, checked; every fault at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from agents.declaring import parameters_of
from experiments.market_files import leaves, market_document, market_settings
from experiments.metrics import METRICS, STANDARD_METRICS
from experiments.plugins import known_policies
from experiments.problems import policy_problems, settings_problems, value_problem
from experiments.reading import (
    ConfigError,
    Document,
    KeyPath,
    Place,
    Problem,
    Value,
    apply_sets,
    overlay,
    read_with_extends,
    read_yaml,
    suggest,
)
from policies.guards import Guards
from policies.policy import Policy, SettingsError
from policies.shelf import make_policy
from policies.shelf.rules import market_problems
from policies.treatments import CROSS_SELL
from simulation.guard_settings import HouseGuards
from simulation.institution_settings import ARM_KEYS, PolicyChoice, PolicySettings, Settings
from simulation.settings import MarketSettings
from simulation.units import Count, Money, Months, parser_for

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
"""Folder of the shipped experiments."""
LONGEST_RUN = 1200  # months
MOST_REPLICATIONS = 100_000
_OF_THE_MARKET = {name: f"It is the market's: write market: {{extends: default, {name}: ...}}."
                  for name in MarketSettings.model_fields}  # fmt: skip


class ContactRule(Settings):
    """How often a customer may be contacted."""

    at_most: Count = 2
    in_months: Months = 3


class ExperimentGuards(HouseGuards):
    """Rules that hold in every arm, for us."""

    contacts: ContactRule | None = None


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ExperimentSettings(Settings):
    """An experiment: the question, the arms, and how often it is asked."""

    question: str
    months: Months
    warm_up_months: Months = 24
    budget_per_month: Money | None = None
    guards: ExperimentGuards = ExperimentGuards()
    arms: dict[str, PolicyChoice]
    champion: str
    replications: Count = 10
    seed: Count = 1
    metrics: Annotated[tuple[str, ...], BeforeValidator(_names)] = STANDARD_METRICS
    market: Any = None
    circumstances: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """name -> KEY=VALUE laid over all else: `tenure run` asks the question under each of them"""


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
    """

    name: str
    path: Path
    settings: ExperimentSettings
    market_data: dict[str, Any]
    market: MarketSettings
    places: Mapping[KeyPath, Place]
    plugins: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()

    @property
    def arms(self) -> dict[str, PolicySettings]:
        """Name -> policy of every arm, in the order of the file."""
        return self.settings.arms


def find_config(name: str | Path) -> tuple[Path, bool]:
    """Return where a config is, and whether it is a shipped example: the file itself first, then the shelf."""
    path = Path(name)
    if not path.exists() and path.name == str(name):
        for shipped in (EXAMPLES / path.name, EXAMPLES / f"{path.name}.yaml"):
            if shipped.is_file():
                return shipped, True
    return path, False


def circumstances(path: str | Path, sets: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return the circumstances under which an experiment asks its question, name -> KEY=VALUE; empty for one alone.

    Raises
    ------
    ConfigError
        If they are no lists of KEY=VALUE.
    """
    found, _ = find_config(path)
    document = apply_sets(_with_market_mapping(read_with_extends(found, [EXAMPLES])), sets)
    told: Any = document.data.get("circumstances", {})
    right = isinstance(told, dict) and all(
        isinstance(some, list) and all(isinstance(one, str) and "=" in one for one in some) for some in told.values()
    )
    if not right:
        mend = "Write lists of KEY=VALUE, such as crisis: [market.extends=crisis]"
        raise ConfigError([document.problem(("circumstances",), "circumstances: each is a list of settings", mend)])
    return {str(name): [str(one) for one in some] for name, some in told.items()}


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
    found, _ = find_config(path)
    known = known_policies(plugins)
    document = apply_sets(_with_market_mapping(read_with_extends(found, [EXAMPLES])), sets)
    problems: list[Problem] = []
    settings = _experiment_settings(document, problems)
    of_market = market_document(document, problems)
    market = None if of_market is None else market_settings(of_market, problems)
    if settings is not None or isinstance(document.data.get("arms"), dict):
        problems += _arm_problems(document, market, known)
    if market is not None and of_market is not None:
        problems += _institution_problems(of_market, market, known)
        problems += _own_problems(document, of_market)
    if problems or settings is None or of_market is None:
        raise ConfigError(_in_order(problems, document))
    data = _resolved_market(of_market.data, settings)
    below = {("market", *at): place for at, place in of_market.positions.items() if at}
    places = {at: place for at, place in document.positions.items() if at[:1] != ("market",)} | below
    return Experiment(
        name=found.name.removesuffix(".yaml"), path=found, settings=settings, market_data=data,
        market=MarketSettings.model_validate(data), places=places, plugins=tuple(plugins), sets=tuple(sets),
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


def _experiment_settings(document: Document, problems: list[Problem]) -> ExperimentSettings | None:
    try:
        settings = ExperimentSettings.model_validate(document.data)
    except ValidationError as error:
        problems += settings_problems(error, ExperimentSettings, document, _OF_THE_MARKET)
        wrong = {str(one["loc"][0]) for one in error.errors()}
        problems += _experiment_problems(_what_is_right(document.data, wrong), document)
        return None
    problems += _experiment_problems(settings, document)
    return settings


def _what_is_right(data: Mapping[str, Value], wrong: Collection[str]) -> ExperimentSettings:
    """Return the settings with plain ones in place of those that are wrong or missing, to check the others."""
    arms, champion = data.get("arms"), data.get("champion")
    names = list(map(str, arms)) if isinstance(arms, dict) and arms else [str(champion)]
    plain = {"question": "?", "months": 12, "arms": dict.fromkeys(names, "do_nothing"), "champion": names[0]}
    return ExperimentSettings.model_validate(plain | {key: value for key, value in data.items() if key not in wrong})


def _experiment_problems(settings: ExperimentSettings, document: Document) -> Iterator[Problem]:
    ranges = {"months": (1, LONGEST_RUN), "warm_up_months": (0, LONGEST_RUN), "replications": (1, MOST_REPLICATIONS)}
    for name, (low, high) in ranges.items():
        if not low <= getattr(settings, name) <= high:
            message = f"{name}: {getattr(settings, name)} is outside {low} to {high}"
            yield document.problem((name,), message, f"Write a whole number from {low} to {high}.")
    if not settings.question.strip():
        yield document.problem(("question",), "question: the question is empty", "Write what you want to know.")
    if not settings.arms:
        yield document.problem(("arms",), "there are no arms", "Write at least one, such as 'nothing: do_nothing'.")
    elif settings.champion not in settings.arms:
        message = f"the champion '{settings.champion}' is not an arm"
        yield document.problem(("champion",), message, suggest(settings.champion, settings.arms))
    for arm in settings.arms:
        if len(arm) > 40 or not arm.replace("_", "a").replace("-", "a").replace(" ", "a").isalnum():
            mend = "Use letters, digits, '_', '-' and at most 40 of them."
            yield document.problem(("arms", arm), f"'{arm}' cannot name an arm", mend, of_key=True)
    for index, metric in enumerate(settings.metrics):
        if metric not in METRICS:
            at: KeyPath = ("metrics", index) if ("metrics", index) in document.positions else ("metrics",)
            yield document.problem(at, f"there is no metric '{metric}'", suggest(metric, METRICS))
    rule = settings.guards.contacts
    if rule is not None:
        declared = parameters_of(Guards)
        for name, value in (("at_most", rule.at_most), ("in_months", rule.in_months)):
            _, _, limits = declared[f"contacts_{name}"]
            try:
                parser_for(limits.unit, limits.low, limits.high)(value)
            except ValueError as error:
                yield value_problem(document, ("guards", "contacts", name), f"guards.contacts.{name}", error)


def _arm_problems(document: Document, market: MarketSettings | None, known: Mapping[str, type]) -> Iterator[Problem]:
    arms = document.data.get("arms")
    for arm, choice in (arms if isinstance(arms, dict) else {}).items():
        yield from _choice_problems(document, ("arms", arm), choice, market, known)


def _own_problems(document: Document, of_market: Document) -> list[Problem]:
    """What is wrong with the settings that an arm gives us beside its policy."""
    problems: list[Problem] = []
    arms = document.data.get("arms")
    for arm, choice in (arms if isinstance(arms, dict) else {}).items():
        own = choice.get("us") if isinstance(choice, dict) else None
        if not isinstance(own, dict):
            continue
        start: KeyPath = ("arms", arm)
        for key in own:
            if key not in ARM_KEYS:
                message = f"an arm cannot change '{key}' of us"
                mend = f"It may change {', '.join(ARM_KEYS)}; the rest belongs to the market."
                problems.append(document.problem((*start, "us", key), message, mend, of_key=True))
        positions = {at[2:]: place for at, place in document.positions.items() if at[:3] == (*start, "us")}
        keys = {at[2:]: place for at, place in document.key_positions.items() if at[:3] == (*start, "us")}
        data: dict[str, Value] = {"us": {key: value for key, value in own.items() if key in ARM_KEYS}}
        over = Document(document.path, data, positions, keys, document.files)
        market_settings(overlay(of_market, over), problems)
    return problems


def _institution_problems(document: Document, market: MarketSettings, known: Mapping[str, type]) -> Iterator[Problem]:
    for name, one in market.institutions().items():
        at: KeyPath = ("us",) if one is market.us else ("rivals", name)
        choice: Value = {"policy": one.policy.policy, **one.policy.settings}
        yield from _choice_problems(document, (*at, "policy"), choice, market, known)


def _choice_problems(
    document: Document, at: KeyPath, choice: Value, market: MarketSettings | None, known: Mapping[str, type]
) -> Iterator[Problem]:
    settings = {"policy": choice} if isinstance(choice, str) else choice
    if not isinstance(settings, dict) or not isinstance(settings.get("policy"), str):
        return  # told when the experiment was checked
    name = str(settings["policy"])
    try:
        policy = make_policy(
            name, {key: value for key, value in settings.items() if key not in ("policy", "us")}, known
        )
    except SettingsError as error:
        yield from policy_problems(error, document, at)
        return
    except Exception as error:
        message = f"the policy '{name}' refuses its settings: {error}"
        yield document.problem(at, message, "Mend the settings, or the policy's own file.")
        return
    if market is not None:
        yield from policy_problems(SettingsError(name, _product_faults(policy, market)), document, at)


def _product_faults(policy: Policy, market: MarketSettings) -> list[tuple[str, str]]:
    """What a policy says of products or treatments that this market has not."""
    table = getattr(policy, "table", ())
    known = [one.name for one in market.catalogue()]
    faults = market_problems(table, tuple(market.products), tuple(market.segments), known)
    for field in ("treatment", "treatments", "high_risk_high_return"):
        value = getattr(policy, field, None)
        for named in (value,) if isinstance(value, str) else value or ():
            if named not in (*known, CROSS_SELL):
                faults.append((field, f"this market has no treatment '{named}'. {suggest(named, known)}"))
    return faults


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

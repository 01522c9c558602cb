"""What the record of a folder holds, and whether one is so: anybody may have made it, and sealed it, too."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import NotRequired, TypedDict, TypeGuard, get_type_hints

from tenure.experiments.config.documents import Value
from tenure.experiments.design.point import Point, point_at
from tenure.simulation.values.schedule import is_schedule, steps_of


class PolicyRecord(TypedDict):
    """A policy by name; its own settings stand beside it."""

    policy: str
    us: NotRequired[dict[str, Value]]


class InstitutionRecord(TypedDict):
    """What is read of an institution of a recorded market."""

    share: float
    policy: PolicyRecord


class ProductRecord(TypedDict):
    """What is read of a product of a recorded market."""

    kind: str


class SplitRecord(TypedDict):
    """Where an axis of the plane of risk and return is divided."""

    split: float


class GuardsRecord(TypedDict):
    """What is read of the guards of a recorded market."""

    budget_per_month: float
    """May have dates; see `tenure.simulation.values.schedule`."""


QuadrantsRecord = TypedDict("QuadrantsRecord", {"risk": SplitRecord, "return": SplitRecord})


class MarketRecord(TypedDict):
    """What is read of a recorded market, every default of which is written out."""

    currency: str
    people: int
    stands_for: int | None
    burn_in_months: int
    products: dict[str, ProductRecord]
    treatments: dict[str, Value]
    us: InstitutionRecord
    rivals: dict[str, InstitutionRecord]
    guards: GuardsRecord
    quadrants: QuadrantsRecord


class ScenarioRecord(TypedDict):
    """The market of a scenario, or of a level of one, and whether it holds before month 0, too."""

    market: MarketRecord
    always: bool
    base: NotRequired[str]
    level: NotRequired[str]
    factors: NotRequired[list[list[Value]]]
    arms: NotRequired[dict[str, PolicyRecord]]


class UncertainRecord(TypedDict):
    """What nobody knows: its name and path, what it is laid over, and between which ends it is drawn."""

    name: str
    path: str
    laid: list[str]
    kind: str
    numbers: list[float]
    factor: bool
    low: float
    high: float
    unit: str


class ConfigRecord(TypedDict):
    """Which config a folder is of: a shipped one by name, else where it is, seen from two sides."""

    name: str
    shipped: NotRequired[bool]
    path: NotRequired[str]
    beside: NotRequired[str]


class OwnPoliciesRecord(ConfigRecord):
    """A file of a user's own; its text is for reading only.

    `parts` has its metrics, switches, rules and observers by kind.
    """

    sha256: str
    policies: list[str]
    parts: NotRequired[dict[str, list[str]]]
    inputs: dict[str, str]
    source: dict[str, list[str]]


class EraRecord(TypedDict):
    """A titled change of the world and of rivals in every arm: its months from the start, in dates, what it changes."""

    title: str
    first: int
    last: int | None
    when: str
    changes: list[str]


class PrecisionRecord(TypedDict):
    """How well differences are to be known: see `tenure.experiments.analysis.sequential.asked.Precision`."""

    half_width: float
    at_least: int
    at_most: int


class ChooseRecord(TypedDict):
    """How the best arm is to be found: see `tenure.experiments.analysis.sequential.asked.Choose`."""

    zone: float
    confidence: float
    at_most: int
    scored_on: int


class About(TypedDict):
    """The record of a folder of results."""

    question: str
    months: int
    warm_up_months: int
    replications: int
    replications_per_draw: NotRequired[int]
    uncertain: NotRequired[list[UncertainRecord]]
    precision: NotRequired[PrecisionRecord]
    choose: NotRequired[ChooseRecord]
    seed: int
    arms: dict[str, PolicyRecord]
    champion: str
    metrics: list[str]
    """The first is decided on."""
    matters_from: NotRequired[dict[str, float]]
    oracles: list[str]
    scenarios: dict[str, ScenarioRecord]
    eras: NotRequired[list[EraRecord]]
    behaviour: NotRequired[dict[str, dict[str, float]]]
    runs: dict[str, list[Value]]
    starts: list[str]
    market: MarketRecord
    config: ConfigRecord
    sets: list[str]
    written: dict[str, Value]
    own_policies: list[OwnPoliciesRecord]
    depends: dict[str, dict[str, str]]
    tenure: str
    sources: str
    commit: NotRequired[str]


_Test = Callable[[object], bool]


def is_about(record: Mapping[str, object]) -> TypeGuard[About]:
    """Return whether a record is one that this program writes."""
    return not misshapen(record)


def misshapen(record: Mapping[str, object]) -> str:
    """Return the first entry of a record that is not of the kind that this program writes; empty if all are."""
    for key, right in _ENTRIES.items():
        if not right(record.get(key)):
            return f"'{key}'"
    arms, scenarios = _mapping_at(record, "arms"), _mapping_at(record, "scenarios")
    if record["champion"] not in arms:
        return "'champion'"
    if any({*_mapping_at(one, "arms")} not in (set(), {*arms}) for one in scenarios.values() if isinstance(one, dict)):
        return "'scenarios'"
    points = [point_at(one) for one in _mapping_at(record, "runs").values()]
    replications = record["replications"]
    times = range(replications if isinstance(replications, int) else 0)
    wanted = {Point(*one) for one in product(scenarios or ("",), arms, times)}
    if len(points) != len(wanted) or {one and one._replace(over=()) for one in points} != wanted:
        return "'runs'"
    markets = {"market": record["market"]}
    markets |= {f"scenarios.{name}.market": _at(one, ("market",)) for name, one in scenarios.items()}
    return next(
        (
            f"'{where}.{'.'.join(at)}'"
            for where, market in markets.items()
            for at, right in _MARKET.items()
            if not right(_at(market, at))
        ),
        "",
    )


def _mapping_at(record: Mapping[str, object], key: str) -> dict[str, object]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> bool:
    return isinstance(value, str)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _numbers(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(_number(one) and one >= 0 for one in value.values()))


def _mapping(value: object) -> bool:
    return isinstance(value, dict)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _policy(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("policy"), str)


def _or_dated(test: _Test) -> _Test:
    """Return a test of a value that may have dates: all its values are right then."""

    def right(value: object) -> bool:
        return all(map(test, steps_of(value)[0].values())) if is_schedule(value) else test(value)

    return right


def _arms(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(_policy(one) for one in value.values())


def _runs(value: object) -> bool:
    return isinstance(value, dict) and all(point_at(one) is not None for one in value.values())


def _scenarios(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict)
        and isinstance(one.get("always"), bool)
        and isinstance(one.get("market"), dict)
        and _text(one.get("base", ""))
        and _text(one.get("level", ""))
        and _factors(one.get("factors", []))
        and ("arms" not in one or _arms(one["arms"]))
        for one in value.values()
    )


def _factors(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, list) and len(one) == 2 and _text(one[0]) for one in value)


def _uncertain(value: object) -> bool:
    return value is None or (
        isinstance(value, list)
        and all(
            isinstance(one, dict)
            and all(_text(one.get(key)) for key in ("name", "path", "kind", "unit"))
            and all(_number(one.get(key)) for key in ("low", "high"))
            and _texts(one.get("laid"))
            and bool(one["laid"])
            for one in value
        )
    )


def _behaviour(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_mapping, value.values())))


def _eras(value: object) -> bool:
    return value is None or (
        isinstance(value, list)
        and all(
            isinstance(one, dict)
            and all(_text(one.get(key)) for key in ("title", "when"))
            and _whole(one.get("first"))
            and (one.get("last") is None or _whole(one["last"]))
            and _texts(one.get("changes"))
            for one in value
        )
    )


def _or_none(kind: type) -> _Test:
    """Return a test of an entry that may be missing: else a mapping of the numbers of a kind of record."""
    kinds: dict[str, _Test] = {name: _whole if hint is int else _number for name, hint in get_type_hints(kind).items()}

    def right(value: object) -> bool:
        return value is None or (
            isinstance(value, dict) and value.keys() == kinds.keys() and all(kinds[key](value[key]) for key in kinds)
        )

    return right


def _rivals(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict) and _or_dated(_policy)(one.get("policy")) and _number(one.get("share"))
        for one in value.values()
    )


def _own(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and _texts(one.get("policies"))
        and all(_text(one.get(key)) for key in ("name", "sha256"))
        and all(map(_texts, _mapping_at(one, "parts").values()))
        for one in value
    )


def _config(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _text(value.get("name"))
        and all(_text(value.get(key, "")) for key in ("path", "beside"))
    )


def _written(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("market"), dict)


def _products(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) and _text(one.get("kind")) for one in value.values())


def _at(value: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


_ENTRIES: dict[str, _Test] = {
    "question": _text,
    "months": _whole,
    "warm_up_months": _whole,
    "replications": _whole,
    "precision": _or_none(PrecisionRecord),
    "choose": _or_none(ChooseRecord),
    "seed": _whole,
    "arms": _arms,
    "champion": _text,
    "metrics": _texts,
    "matters_from": _numbers,
    "oracles": _texts,
    "runs": _runs,
    "scenarios": _scenarios,
    "eras": _eras,
    "uncertain": _uncertain,
    "replications_per_draw": lambda value: value is None or (_whole(value) and value != 0),
    "behaviour": _behaviour,
    "starts": _texts,
    "market": _mapping,
    "config": _config,
    "sets": _texts,
    "written": _written,
    "own_policies": _own,
    "depends": _mapping,
    "tenure": _text,
    "sources": _text,
}
_MARKET: dict[tuple[str, ...], _Test] = {
    ("currency",): _text,
    ("products",): _products,
    ("treatments",): _mapping,
    ("us",): _mapping,
    ("us", "share"): _number,
    ("people",): _whole,
    ("burn_in_months",): _whole,
    ("rivals",): _rivals,
    ("guards", "budget_per_month"): _or_dated(_number),
    ("quadrants", "risk", "split"): _number,
    ("quadrants", "return", "split"): _number,
}
"""Entries of the market that are read from a record without its being checked as a whole."""

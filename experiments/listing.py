"""What `tenure list` and `tenure explain` tell: every name comes from the code's own declarations."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.declaring import parameters_of
from agents.rulebook import Rulebook
from agents.traits import Traits
from experiments.config import EXAMPLES
from experiments.market_files import MARKETS
from experiments.metrics import METRICS
from experiments.reading import suggest
from policies.guard_rules import shipped_rules
from policies.guards import Guards
from policies.policy import settings_of
from policies.shelf import SHELF
from policies.treatments import NUMBERS
from policies.view import PER_PRODUCT, InstitutionView
from simulation.phases import MONTH
from simulation.settings import MarketSettings, market_from

KINDS = ("policies", "treatments", "products", "metrics", "view", "parameters", "examples", "phases")
"""What `tenure list` can list."""


class Entry(NamedTuple):
    """One named thing: what it is in a line, and all that is known of it, label to text."""

    kind: str
    name: str
    line: str
    facts: dict[str, str]


def entries(kind: str, known: Mapping[str, type] = SHELF) -> Iterator[Entry]:
    """Yield the things of one kind of `KINDS`.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    makers: dict[str, Any] = {
        "policies": lambda: _policies(known), "treatments": _treatments, "products": _products, "metrics": _metrics,
        "view": _view, "parameters": _parameters, "examples": _examples, "phases": _phases,
    }  # fmt: skip
    if kind not in makers:
        raise ValueError(f"nothing of the kind '{kind}' can be listed. {suggest(kind, KINDS)}")
    yield from makers[kind]()


def explain(name: str, known: Mapping[str, type] = SHELF) -> list[Entry]:
    """Return what has a name: exactly, or by its last part (``search`` for ``rules.choice.search``).

    Raises
    ------
    ValueError
        If nothing has it.
    """
    every = [entry for kind in KINDS for entry in entries(kind, known)] + list(_markets())
    name = name.removeprefix("market.") if name.startswith(("market.rules", "market.guards", "market.traits")) else name
    found = [entry for entry in every if entry.name == name]
    found = found or [entry for entry in every if entry.name.endswith(f".{name}")]
    if not found:
        names = {entry.name for entry in every} | {entry.name.rpartition(".")[2] for entry in every}
        raise ValueError(f"nothing is called '{name}'. {suggest(name, names)}")
    return found


def _policies(known: Mapping[str, type]) -> Iterator[Entry]:
    for name, policy in known.items():
        settings = {
            setting: f"{getattr(kind, '__name__', str(kind))}, "
            + ("must be given" if default is MISSING else f"default {default}") + _remark(policy, setting)
            for setting, (kind, default) in settings_of(policy).items()
        }  # fmt: skip
        text = inspect.getdoc(policy) or ""
        yield Entry("policy", name, text.partition("\n")[0], {"about": " ".join(text.split()), **settings})


def _remark(policy: type, setting: str) -> str:
    """The remark beside a setting in its source."""
    line = next((one for one in _source(policy) if one.strip().startswith(f"{setting}:") and "#" in one), "")
    return f"; {line.partition('#')[2].strip()}" if line else ""


@cache
def _source(policy: type) -> tuple[str, ...]:
    """The lines of a class; none where it has no file."""
    try:
        return tuple(inspect.getsource(policy).splitlines())
    except (OSError, TypeError):
        return ()


@cache
def default_market() -> MarketSettings:
    """Return the shipped market, as in its file."""
    from experiments.reading import read_yaml

    return market_from(read_yaml(MARKETS / "default.market.yaml").data)


def _treatments() -> Iterator[Entry]:
    market = default_market()
    for one in market.catalogue()[1:]:
        numbers = {
            name: f"{getattr(one, name):g} {declared.unit}".strip() + f"   {one.source.get(name, declared.source)}"
            for name, declared in NUMBERS.items() if name in one.source
        }  # fmt: skip
        eligible = {"eligible": f"{one.eligible}   {one.source.get('eligible', '')}"}
        asks = {"needs the customer's yes": "yes" if one.needs_yes else "no"}
        amount = f" (amount in {one.amount_unit})" if one.amount_unit else ""
        yield Entry("treatment", one.name, one.meaning + amount, {**eligible, **numbers, **asks})


def _products() -> Iterator[Entry]:
    for name, one in default_market().products.items():
        given = {key: _written(value) for key, value in one.model_dump(exclude_unset=True).items()}
        line = ", ".join(f"{key} {value}" for key, value in given.items() if key != "kind")
        yield Entry("product of the default market", name, f"{one.kind}: {line}", given)


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _metrics() -> Iterator[Entry]:
    for name, one in METRICS.items():
        better = {"higher": "higher is better", "lower": "lower is better", "none": "neither way is better"}
        facts = {"unit": one.unit, "whose": one.whose, "over": one.window, "which way": better[one.better]}
        yield Entry("metric", name, f"{one.label} ({one.unit})", facts)


def _view() -> Iterator[Entry]:
    market = default_market()
    fields: dict[str, Any] = {
        name: column.field for name in dir(InstitutionView)
        if hasattr(column := inspect.getattr_static(InstitutionView, name), "field")
    }  # fmt: skip
    for name, one in fields.items():
        words = {"words": ", ".join(one.words)} if one.words else {}
        unit = f" ({one.unit})" if one.unit else ""
        yield Entry("column of the view", name, one.meaning + unit, {"unit": one.unit, **words})
    for prefix, per in PER_PRODUCT.items():
        example = ", ".join(prefix + product for product in market.products)
        line = "one for each product: " + example
        yield Entry("column of the view", prefix + "<product>", line, {"words": ", ".join(per or ())})


def _parameters() -> Iterator[Entry]:
    groups = {f"rules.{name}": type(group) for name, group in Rulebook()._asdict().items()}
    for prefix, group in {**groups, "traits": Traits, "guards": Guards}.items():
        for name, (_, default, declared) in parameters_of(group).items():
            facts = {
                "default": str(default), "unit": declared.unit, "range": f"{declared.low:g} to {declared.high:g}",
                "source": declared.source, "set it": f"--set market.{prefix}.{name}=...",
            }  # fmt: skip
            yield Entry("parameter", f"{prefix}.{name}", f"{default} {declared.unit}   {declared.source}", facts)
    rules = shipped_rules()
    for number, rule in enumerate(Guards(rules=default_market().us.guards.dated_rules("2027-01")).why(), start=1):
        line = f"refuses proposals, asked as number {number}; counted in every report"
        told = {key: str(value) for key, value in rules.get(rule, {}).items()}
        yield Entry("rule of the guard", f"refused.{rule}", line, told)


def _examples() -> Iterator[Entry]:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        yield Entry("example", path.name, _question(path), {"run it": f"tenure run {path.name}", "file": str(path)})


@cache
def _question(path: Path) -> str:
    """What a shipped experiment asks."""
    from experiments.reading import read_yaml

    return str(read_yaml(path).data.get("question", ""))


def _markets() -> Iterator[Entry]:
    for path in sorted(MARKETS.glob("*.market.yaml")):
        name = f"market.{path.name.removesuffix('.market.yaml')}"
        yield Entry("market", name, path.read_text(encoding="utf-8"), {"file": str(path)})


def _phases() -> Iterator[Entry]:
    for number, phase in enumerate(MONTH, start=1):
        facts = {"reads": phase.reads, "writes": phase.writes}
        yield Entry(f"phase {number} of the month", phase.name, phase.does, facts)

"""What the code declares by name: products, metrics, measures, the view, rules of the guard, phases, shipped files."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tenure.experiments.listing.entry import Entry
from tenure.experiments.shipped import MARKETS, example_configs, policies_beside

DEFAULT = "default.market.yaml"
REASONS = {
    "not_eligible": "The customer is not eligible for the treatment, by the condition of the catalogue.",
    "price_ceiling": "Credit would cost the customer more a year than `price_ceiling` allows.",
    "contacts": "The customer would be contacted more often than the contact rule allows.",
    "already_treated": "The customer gets another treatment of the plan this month.",
    "capacity": "No more of this treatment, or group of treatments, can be done this month.",
    "budget": "The money of the month does not reach so far down the list.",
}
"""Why a proposal is refused, beside the dated rules and limits of structure."""
UNITS_OF_METRICS = {"%": "%; differences in percentage points (pt)", "EUR": "EUR, or the market's own currency"}
MANY_WORDS = 9
"""Words of a column that are too many for a sentence."""


@cache
def _data(path: Path) -> Mapping[str, object]:
    """Return a shipped file as it is written."""
    from tenure.experiments.config.reading import read_yaml

    return dict(read_yaml(path).data)


@cache
def products_of_default() -> Mapping[str, Mapping[str, object]]:
    """Return name -> settings of the products of the default market."""
    found = _data(MARKETS / DEFAULT)["products"]
    return {str(name): dict(one) for name, one in found.items()} if isinstance(found, Mapping) else {}


def kinds_of_default() -> dict[str, str]:
    """Return name -> kind of the products of the default market."""
    return {name: str(one["kind"]) for name, one in products_of_default().items()}


def products() -> Iterator[Entry]:
    """Yield the products of the default market."""
    for name, one in products_of_default().items():
        given = {key: str(value) for key, value in one.items()}
        line = f"A product of the default market, of the kind {one['kind']}."
        facts = given | {"set it": f"--set market.products.{name}.KEY=..."}
        yield Entry("product of the default market", name, line, facts)


def channels() -> Iterator[Entry]:
    """Yield the kinds of channels, with what is taken of each unless something else is written."""
    from tenure.experiments.listing.text import default_text, sentence
    from tenure.simulation.settings.institution import CHANNEL_KINDS, ChannelSettings

    for name, kind in CHANNEL_KINDS.items():
        numbers = {key: default_text(value) for key, value in kind.usual.items()}
        written = "" if "contacts_per_person_per_month" in kind.usual else ", budget_per_month: ..."
        facts = {
            **numbers,
            "source": kind.source,
            "also written": ", ".join(one for one in ChannelSettings.model_fields if one not in (*kind.usual, "kind")),
            "set it": f"us: {{acquisition: {{NAME: {{kind: {name}{written}}}}}}}",
        }
        yield Entry("kind of channel", name, sentence(kind.line), facts)


def metrics() -> Iterator[Entry]:
    """Yield every metric: also by its label, and by the heading of its column."""
    from tenure.experiments.analysis.metrics import METRICS

    better = {"higher": "higher is better", "lower": "lower is better", "none": "neither way is better"}
    for name, one in METRICS.items():
        facts = {
            "unit": UNITS_OF_METRICS.get(one.unit, one.unit),
            "whose": one.whose,
            "over": one.window,
            "which way": better[one.better],
            "column": " ".join(one.headline),
            "set it": f"metrics: [{name}, ...]",
        }
        if one.matters_from:
            matters = f"{100.0 * one.matters_from:g} pt" if one.unit == "%" else f"{one.matters_from:g} {one.unit}"
            facts["matters from"] = f"{matters}; {one.matters_source}"
        line = f"{one.label[:1].upper()}{one.label[1:]}."
        yield Entry("metric", name, line, facts, (one.label, " ".join(one.headline)))


def measures() -> Iterator[Entry]:
    """Yield every measure that a recording holds."""
    from tenure.experiments.listing.text import sentence, unit_text, without_empty
    from tenure.simulation.recording.measures import MEASURES

    for name, one in MEASURES.items():
        by = " and ".join(filter(None, (one.a.meaning, one.b.meaning)))
        facts = {
            "unit": unit_text(one.unit),
            "rows": one.when,
            **{label: key.meaning for label, key in (("a", one.a), ("b", one.b))},
            **{f"{{{part}}}": key.meaning for part, key in one.parts.items()},
        }
        spelt = re.sub(r"\{(\w+)\}", r"<\1>", name)
        yield Entry(
            "measure of a recording", spelt, sentence(one.meaning + (f", by {by}" if by else "")), without_empty(facts)
        )


def scenarios() -> Iterator[Entry]:
    """Yield the shipped scenarios."""
    from tenure.experiments.design.scenario_files import ENDING, shipped_scenarios
    from tenure.experiments.listing.text import sentence
    from tenure.experiments.shipped import SCENARIOS

    for name, about in shipped_scenarios().items():
        path = SCENARIOS / f"{name}{ENDING}"
        line = sentence(about.partition(". ")[0])
        use = f"scenarios: {{base: {{}}, {name}: {name}}}"
        facts = {"file": str(path), "use it": use, "text": path.read_text("utf-8")}
        yield Entry("scenario", f"scenario.{name}", line, facts, (name, path.name))


def eras() -> Iterator[Entry]:
    """Yield the shipped eras."""
    from tenure.experiments.design.eras.texts import ENDING, shipped_eras
    from tenure.experiments.listing.text import sentence
    from tenure.experiments.shipped import ERAS

    for name, about in shipped_eras().items():
        path = ERAS / f"{name}{ENDING}"
        use = f"eras: [{{title: {_data(path)['title']}, from: 2028-01, preset: {name}}}]"
        facts = {"file": str(path), "use it": use, "text": path.read_text("utf-8")}
        yield Entry("era", f"era.{name}", sentence(about.partition(". ")[0]), facts, (name, path.name))


def view() -> Iterator[Entry]:
    """Yield every column that policies and conditions may read."""
    from tenure.experiments.listing.text import unit_text
    from tenure.policies.columns import FIELDS
    from tenure.policies.conditions.names import PER_PRODUCT

    for name, one in FIELDS.items():
        unit, meaning = unit_text(one.unit), one.meaning
        counted = one.unit and meaning.startswith(("with", "since", "held", "taken", "above"))
        few = one.words if one.words and len(one.words) < MANY_WORDS else ()
        said = f"{unit} {meaning}" if counted else ": ".join(filter(None, (meaning, ", ".join(few))))
        facts = {"unit": unit, "words": ", ".join(one.words or ())}
        line = f"{said[:1].upper()}{said[1:]}."
        yield Entry("column of the view", name, line, {label: text for label, text in facts.items() if text})
    own = "The first of the market's own segments that fits; only where there are some."
    yield Entry("column of the view", "segment", own, {"words": "the names of the market's segments"})
    names = list(products_of_default())
    for prefix, words in PER_PRODUCT.items():
        what = "Whether the product is held with us" if words else "Believed need for the product, from 0 to 1"
        examples = ", ".join(prefix + product for product in names)
        facts = {"words": ", ".join(words or ()), "in the default market": examples}
        told = {label: text for label, text in facts.items() if text}
        yield Entry("column of the view", f"{prefix}<product>", f"{what}; one column for each product.", told)


def guard_rules() -> Iterator[Entry]:
    """Yield why a proposal can be refused, in the order of asking: the first that refuses is counted."""
    from tenure.policies.guard.guard import FIRST, LAST, THEN
    from tenure.policies.guard.rules import shipped_rules

    rules = {name: _rule(name, entry) for name, entry in shipped_rules().items()}
    plain = {name: (REASONS[name], {"switched": "always on"}) for name in (*FIRST, *THEN, *LAST)}
    limit = "A floor or a ceiling of structure refuses it: one of your own, by its name."
    order = [*FIRST, *rules, *THEN, "<limit>", *LAST]
    known = {**rules, **plain, "<limit>": (limit, {"set it": "guards: {structure: [...]}"})}
    for number, name in enumerate(order, start=1):
        line, facts = known[name]
        spelt = "floor of <cell> in <measure>" if name == "<limit>" else name
        also = (f"refused.{name}", "ceiling of <cell> in <measure>") if name == "<limit>" else (f"refused.{name}",)
        yield Entry("reason of a refusal", spelt, line, {"asked as number": str(number), **facts}, also)
    trimmed = "Posted price cuts that the budget does not pay for, counted once for each product."
    yield Entry("reason of a refusal", "offer_<product>", trimmed, {})


def _rule(name: str, entry: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """Return a shipped rule in a sentence, and as it is written."""
    words = entry["forbids"]
    forbids = " and ".join(map(str, words)) if isinstance(words, list) else str(words)
    off = entry.get("on") in (False, "no")
    line = f"Forbids {forbids} to customers for whom {entry['when']}{', once it is switched on' if off else ''}."
    facts = {str(key): str(value) for key, value in entry.items() if key not in ("on", "forbids")}
    switched = "off by default" if off else "on by default"
    how = f"guards: {{rules: {{{name}: {'on' if off else 'off'}}}}}"
    return line, {"forbids": forbids, **facts, "switched": switched, "set it": how}


def phases() -> Iterator[Entry]:
    """Yield the phases of a month, in order."""
    from tenure.simulation.phases import MONTH

    for number, phase in enumerate(MONTH, start=1):
        line = f"{phase.does[:1].upper()}{phase.does[1:]}."
        yield Entry(f"phase {number} of the month", phase.name, line, {"reads": phase.reads, "writes": phase.writes})


def examples() -> Iterator[Entry]:
    """Yield the shipped experiments."""
    for path in example_configs():
        question = str(_data(path).get("question", ""))
        own = [f" --policies {file.name}" for file in policies_beside(path)]
        facts = {"run it": f"tenure run {path.name}{''.join(own)}", "file": str(path)}
        yield Entry("example", path.name, question, facts, (path.stem,))


def markets() -> Iterator[Entry]:
    """Yield the shipped markets."""
    for path in sorted(MARKETS.glob("*.market.yaml")):
        text = path.read_text(encoding="utf-8")
        name = path.name.removesuffix(".market.yaml")
        about = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
        first = about.partition(". ")[0].rstrip(".") + "."
        facts = {"file": str(path), "use it": f"market: {name}", "text": text}
        yield Entry("market", f"market.{name}", first, facts, (path.name, f"{name}.market"))
